"""Small dual-path networks and windows for the tests of this folder."""

import torch

from sktsgen.nn import DualPathTokenizer, ScalePrior, WindowBatch
from tests.nn.networks import normal, seeded

SCALES = (1, 2, 3)


def new_dual_path(*, is_quantising=True, n_timesteps=12, scales=SCALES, **options):
    """Give a tokenizer whose output layers are not small, so that nothing is hidden."""
    chosen = {"kernels": (3, 5), "has_guidance": True, "n_classes": 2}
    tokenizer = DualPathTokenizer(
        n_features=3,
        n_timesteps=n_timesteps,
        scales=scales,
        codebook_size=8,
        code_dim=4,
        d_hidden=8,
        **{**chosen, **options},
        generator=seeded(),
    )
    tokenizer.class_code.data += normal(*tokenizer.class_code.shape, seed=3)
    if is_quantising:
        with torch.no_grad():
            x = walks(64, n_timesteps)
            latent = tokenizer.latent(tokenizer.decompose(x))
            tokenizer.quantizer.initialise(latent, seeded())
        tokenizer.is_quantising.fill_(True)
    return tokenizer


def walks(n_series=5, n_timesteps=12, seed=1):
    """Give random walks of three channels."""
    return 0.5 * normal(n_series, n_timesteps, 3, seed=seed).cumsum(1)


def new_batch(n_series=5, n_timesteps=12, n_observed=None, n_known=None, n_given=0):
    """Give windows that go on from their histories, observed, known and given in part."""
    both = walks(n_series, 2 * n_timesteps)
    steps = torch.arange(n_timesteps).expand(n_series, -1)
    observed = steps < (n_timesteps if n_observed is None else n_observed)
    known = steps >= n_timesteps - (n_timesteps if n_known is None else n_known)
    labels = torch.arange(n_series) % 2
    static = torch.zeros(n_series, 0)
    return WindowBatch(
        both[:, n_timesteps:],
        observed,
        both[:, :n_timesteps],
        known,
        labels,
        static,
        torch.full((n_series,), n_given),
    )


def new_scale_prior(*, is_parallel=False, n_timesteps=12, scales=SCALES, codebook_size=8):
    return ScalePrior(
        n_features=3,
        n_timesteps=n_timesteps,
        scales=scales,
        codebook_size=codebook_size,
        code_dim=4,
        d_states=16,
        has_mixture=True,
        is_parallel=is_parallel,
        n_classes=2,
        d_model=16,
        n_layers=2,
        n_heads=4,
        dropout=0.1,
        input_noise=0.3,
        generator=seeded(1),
    )
