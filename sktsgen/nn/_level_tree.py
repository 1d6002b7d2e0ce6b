"""How the levels of one time step go together, counted."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor

from sktsgen.nn._slots import Slot, choices_of


def level_tree(slots: Collection[Slot], values: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Logits of each group of levels, alone and given the earlier group that tells most about it.

    The tree of Chow and Liu [1]_, but for the order of the groups, which is kept. Mutual
    information is less its bias in small samples [2]_; a group that no other tells anything of
    stands alone.

    Parameters
    ----------
    slots : collection of Slot
        Groups of levels and flags, in the order in which they are drawn.
    values : Tensor of shape (n, n_features)
        Steps of the data.

    Returns
    -------
    tree : list of (Tensor of shape (n_choices,), Tensor of shape (n_features_before, n_choices))
        Logits where nothing is known, and what each feature of the earlier groups adds to them.

    References
    ----------
    .. [1] C. K. Chow, C. N. Liu, "Approximating discrete probability distributions with
       dependence trees", IEEE Transactions on Information Theory 14 (1968).
    .. [2] G. A. Miller, "Note on the bias of information estimates", in: Information Theory in
       Psychology (1955).
    """
    tree: list[tuple[Tensor, Tensor]] = []
    earlier: list[Slot] = []
    for slot in slots:
        given = choices_of(slot, values).double()
        counts = given.sum(0)
        share = (counts + 0.5) / (counts + 0.5).sum()
        tables = [choices_of(other, values).double().T @ given for other in earlier]
        told = [_information(table) for table in tables]
        n_features = sum(len(other.features) for other in earlier)
        logits, added = share.log(), share.new_zeros(n_features, len(share))
        if told and max(told) > 0.0:
            best = told.index(max(told))
            first = sum(len(other.features) for other in earlier[:best])
            logits, added[first : first + len(earlier[best].features)] = _given(
                earlier[best], tables[best], share
            )
        tree.append((logits.float(), added.float()))
        earlier.append(slot)
    return tree


def _information(table: Tensor) -> float:
    """Mutual information of a table of counts in nats, less its bias."""
    n = table.sum()
    if n == 0:
        return 0.0
    joint, rows, columns = table / n, table.sum(1, keepdim=True) / n, table.sum(0) / n
    log_ratio = joint.clamp(min=1e-300).log() - (rows * columns).clamp(min=1e-300).log()
    n_free = (int((rows > 0).sum()) - 1) * (int((columns > 0).sum()) - 1)
    return float((joint * log_ratio).sum() - 0.5 * n_free / n)


def _given(other: Slot, table: Tensor, share: Tensor) -> tuple[Tensor, Any]:
    """Logits with no feature of the other group set, and what each of its features adds."""
    log_share = ((table + share) / (table.sum(1, keepdim=True) + 1.0)).log()
    if other.is_flag:
        return log_share[0], log_share[1:] - log_share[0]
    added = log_share - share.log()
    unseen = added.new_zeros(len(other.features) - len(added), len(share))
    return share.log(), torch.cat([added, unseen])
