"""Fit one model of PyPOTS and fill a job; runs in an environment of its own, with PyPOTS.

``python pypots_imputers.py SAITS job.npz answer.npz 0``

The job holds windows in units of the observed training cells, NaN where hidden: `train_holed`,
`validation_holed`, `validation` and `test_holed`. The answer holds `draws` (draw, window, time,
channel), the settings and the seconds it took.

The settings are the largest that end within about eight minutes on one core for windows of 48 steps
and 7 channels. What the authors' benchmark found for these (SAITS with 88 million weights, BRITS of
width 512, CSDI of 4 layers and 128 channels) takes two minutes an epoch, or hours, there.
"""

import json
import resource
import sys
import time

import numpy as np
import torch

N_DRAWS = 20
SETTINGS = {
    # The base size of its paper.
    "SAITS": {
        "n_layers": 2,
        "d_model": 256,
        "n_heads": 4,
        "d_k": 64,
        "d_v": 64,
        "d_ffn": 128,
        "dropout": 0.1,
        "epochs": 100,
        "patience": 10,
    },
    "BRITS": {"rnn_hidden_size": 256, "epochs": 100, "patience": 10},
    # Its validation alone takes four times as long as training: it learns from both parts.
    "CSDI": {
        "n_layers": 2,
        "n_heads": 4,
        "n_channels": 64,
        "d_time_embedding": 128,
        "d_feature_embedding": 16,
        "d_diffusion_embedding": 128,
        "epochs": 60,
    },
}
RATES = {"SAITS": 1e-3, "BRITS": 2.7e-3, "CSDI": 1.27e-3}


def build(name, n_steps, n_features):
    """Return the model of this name."""
    from pypots import imputation
    from pypots.optim import Adam

    sizes = {"n_steps": n_steps, "n_features": n_features}
    optimizer = Adam(lr=RATES[name])
    model = getattr(imputation, name)
    return model(**sizes, **SETTINGS[name], optimizer=optimizer, device="cpu", verbose=False)


def fit(model, name, parts):
    """Fit, choosing the epoch by the validation part where the model has the patience."""
    if "patience" in SETTINGS[name]:
        validation = {"X": parts["validation_holed"], "X_ori": parts["validation"]}
        model.fit({"X": parts["train_holed"]}, validation)
    else:
        model.fit({"X": np.concatenate((parts["train_holed"], parts["validation_holed"]))})


def main(name, job, answer, seed):
    """Fit, fill and write the answer."""
    torch.manual_seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002 (PyPOTS draws from the global stream)
    torch.set_num_threads(1)
    with np.load(job) as arrays:
        parts = {key: arrays[key].astype(np.float32) for key in arrays.files}
    model = build(name, *parts["train_holed"].shape[1:])
    started = time.process_time()
    fit(model, name, parts)
    fitted = time.process_time()
    options = {"n_sampling_times": N_DRAWS} if name == "CSDI" else {}
    filled = np.asarray(model.impute({"X": parts["test_holed"]}, **options))
    ended = time.process_time()
    draws = np.moveaxis(filled, 1, 0) if filled.ndim == 4 else filled[None]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took = {"fit_cpu_s": fitted - started, "impute_cpu_s": ended - fitted, "peak_mb": peak}
    settings = json.dumps(SETTINGS[name] | {"learning_rate": RATES[name]})
    np.savez(answer, draws=draws, settings=settings, **took)


if __name__ == "__main__":
    main(*sys.argv[1:])
