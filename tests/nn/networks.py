"""Small networks and series for the tests of this folder."""

import torch

from sktsgen.nn import CausalTransformer, FactorizedTokenizer, Rows, TokenPrior, read_rows


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=seeded(seed))


def new_trunk(n_layers=2, n_kv_heads=1, *, window=8, n_heads=4):
    return CausalTransformer(
        16, n_layers, n_heads, n_kv_heads, window=window, dropout=0.0, generator=seeded()
    )


def new_tokenizer(
    *, is_quantising=False, n_classes=2, has_residual_decoder=True, n_features=3, n_codebooks=2
):
    tokenizer = FactorizedTokenizer(
        n_features=n_features,
        n_components=4,
        codebook_size=8,
        n_codebooks=n_codebooks,
        n_classes=n_classes,
        has_residual_decoder=has_residual_decoder,
        d_hidden=16,
        generator=seeded(),
    )
    for seed, parameter in enumerate(tokenizer.parameters()):
        if parameter.ndim == 2:  # nothing is hidden by what is zero at first
            parameter.data += 0.2 * normal(*parameter.shape, seed=seed)
    if is_quantising:
        with torch.no_grad():
            some = tokenizer.continuous(normal(200, n_features, seed=9))
            tokenizer.quantizer.initialise(some, seeded())
        tokenizer.is_quantising.fill_(True)
    return tokenizer


def new_prior(tokenizer, *, has_mixture=True, n_layers=2, window=8):
    codebooks, n_features = tokenizer.quantizer.codebooks(), tokenizer.config["n_features"]
    prior = TokenPrior(
        d_input=n_features if has_mixture else codebooks.shape[-1],
        n_features=n_features,
        codebooks=tuple(codebooks.shape),
        has_mixture=has_mixture,
        n_classes=2,
        d_model=16,
        n_layers=n_layers,
        n_heads=4,
        n_kv_heads=1,
        window=window,
        dropout=0.1,
        input_noise=0.3,
        corruption=0.1,
        n_mixture=3,
        lags=(7, 3, 2, 1),  # a season of 7 steps
        generator=seeded(1),
    )
    prior.codebooks.copy_(codebooks)
    return prior


def likelihood(prior, rows, labels):
    """Parts of the likelihood of a window, as in training but without its noise."""
    states = prior.trunk(prior._embed_window(rows.inputs, prior.start(labels), None))
    return prior.log_likelihood(prior.with_former(states, rows.inputs), rows)


def rows_of(tokenizer, x, labels, *, has_mixture=True):
    with torch.no_grad():
        return read_rows(tokenizer, x, labels, reads_values=has_mixture)


def changed_rows(rows, step):
    """The same rows with everything from `step` on replaced."""
    inputs, codes, linear_part = (part.clone() for part in rows)
    inputs[:, step:] += normal(*inputs[:, step:].shape, seed=5)
    codes[:, step:] = (codes[:, step:] + 3) % 8
    linear_part[:, step:] += normal(*linear_part[:, step:].shape, seed=6)
    return Rows(inputs, codes, linear_part)
