"""Fit one model of PyPOTS and fill a job; runs in an environment of its own, with PyPOTS.

``python pypots_imputers.py SAITS job.npz answer.npz 0``

The job holds windows in units of the observed training cells, NaN where hidden: `train_holed`,
`validation_holed`, `validation` and `test_holed`. The answer holds `draws` (draw, window, time,
channel) and the seconds it took. Sizes and rates are those the authors' benchmark found for windows
of 48 steps and 7 channels, save that training ends after 100 epochs or 10 without a better one.
"""

import resource
import sys
import time

import numpy as np
import torch

N_DRAWS = 20


def build(name, n_steps, n_features):
    """Return the model with the settings of its authors' benchmark."""
    from pypots.imputation import BRITS, CSDI, SAITS
    from pypots.optim import Adam

    common = {
        "n_steps": n_steps,
        "n_features": n_features,
        "epochs": 100,
        "patience": 10,
        "device": "cpu",
        "verbose": False,
    }
    if name == "SAITS":
        sizes = {"n_layers": 3, "d_model": 64, "n_heads": 8, "d_k": 256, "d_v": 128, "d_ffn": 512}
        rate = Adam(lr=1.36e-4)
        return SAITS(**sizes, dropout=0.0, attn_dropout=0.1, optimizer=rate, **common)
    if name == "BRITS":
        return BRITS(rnn_hidden_size=512, optimizer=Adam(lr=5.4e-3), **common)
    embeddings = {"d_time_embedding": 128, "d_feature_embedding": 16, "d_diffusion_embedding": 128}
    return CSDI(
        n_layers=4, n_heads=4, n_channels=128, optimizer=Adam(lr=1.27e-3), **embeddings, **common
    )


def main(name, job, answer, seed):
    """Fit, fill and write the answer."""
    torch.manual_seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002 (PyPOTS draws from the global stream)
    torch.set_num_threads(1)
    with np.load(job) as arrays:
        parts = {key: arrays[key].astype(np.float32) for key in arrays.files}
    model = build(name, *parts["train_holed"].shape[1:])
    started = time.perf_counter()
    validation = {"X": parts["validation_holed"], "X_ori": parts["validation"]}
    model.fit({"X": parts["train_holed"]}, validation)
    fitted = time.perf_counter()
    options = {"n_sampling_times": N_DRAWS} if name == "CSDI" else {}
    filled = np.asarray(model.impute({"X": parts["test_holed"]}, **options))
    ended = time.perf_counter()
    draws = np.moveaxis(filled, 1, 0) if filled.ndim == 4 else filled[None]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    np.savez(answer, draws=draws, fit_s=fitted - started, impute_s=ended - fitted, peak_mb=peak)


if __name__ == "__main__":
    main(*sys.argv[1:])
