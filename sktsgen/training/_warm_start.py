"""Networks that go on from those of an earlier fit."""

from __future__ import annotations

import torch

from sktsgen.nn import Network


@torch.no_grad()
def go_on_from(former: Network | None, network: Network, *, with_buffers: bool = False) -> None:
    """Give a new network the weights of a fitted one of the same sizes.

    Parameters
    ----------
    former : Network or None
        The fitted one; None changes nothing.
    network : Network
        The new one, in place; what is not trained in it stays.
    with_buffers : bool, default=False
        Whether what is kept beside the parameters, as codebooks learnt by averages, goes along.

    Raises
    ------
    ValueError
        If the sizes differ; the message names them.
    """
    if former is None:
        return
    differences = [
        f"{name} was {former.config.get(name)} and is {value}"
        for name, value in network.config.items()
        if former.config.get(name) != value and name not in network.settled_after_training
    ]
    if differences:
        raise ValueError(
            f"warm_start=True goes on from the fit before, and this one needs another network: "
            f"{'; '.join(differences)}. Fit with the same sizes and kinds of columns, or set "
            f"warm_start=False."
        )
    old = former.state_dict()
    learnt = {name for name, tensor in network.named_parameters() if tensor.requires_grad}
    for name, tensor in network.state_dict().items():
        if name in learnt or with_buffers:
            tensor.copy_(old[name])
