"""One law of sampling: series number i depends on the seed, i and the length alone."""

import functools
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sktsgen.datasets import make_var1
from sktsgen.diffusion import ConditionalFlow
from sktsgen.exceptions import OutOfMemoryError
from sktsgen.testing import fit_once, test_instances

pytestmark = pytest.mark.filterwarnings("ignore::sktsgen.exceptions.CodebookUsageWarning")

GENERATORS = {
    type(estimator).__name__: estimator
    for estimator in test_instances()
    if hasattr(estimator, "sample_batches")
}
# The diffusion family draws window by window, whatever it is asked for.
FILLERS = {
    type(estimator).__name__: estimator
    for estimator in test_instances()
    if type(estimator).__name__.startswith("LatentDiffusion")
}
DRAWING = [name for name in GENERATORS if name not in FILLERS]
every_generator = pytest.mark.parametrize("name", GENERATORS)
EXAMPLES = settings(deadline=None, max_examples=20, derandomize=True, database=None)


def model(name):
    return fit_once(GENERATORS[name], make_var1(3, 24, random_state=0))


@functools.cache
def whole(name, seed, length):
    """Draw twelve series at once."""
    return model(name).sample(12, length=length, random_state=seed)


def assert_same(drawn, expected):
    # Sums of float32 depend on the sizes of a batch in their last digits.
    np.testing.assert_allclose(drawn, expected, rtol=1e-4, atol=1e-4 * np.std(expected))


sizes = st.integers(1, 12)
seeds = st.integers(0, 3)
lengths = st.sampled_from([1, 5, 24])


@every_generator
@EXAMPLES
@given(n=sizes, size=sizes, seed=seeds, length=lengths)
def test_any_number_in_any_batches_is_the_head_of_one_draw(name, n, size, seed, length):
    expected = whole(name, seed, length)[:n]
    assert_same(model(name).sample(n, length=length, random_state=seed), expected)
    batches = model(name).sample_batches(n, batch_size=size, length=length, random_state=seed)
    assert_same(np.concatenate(list(batches)), expected)


@every_generator
@EXAMPLES
@given(n=sizes, n_jobs=st.integers(2, 4), seed=seeds)
def test_number_of_threads_changes_nothing(name, n, n_jobs, seed):
    with joblib.parallel_config(backend="threading"):
        drawn = model(name).sample(n, length=5, random_state=seed, n_jobs=n_jobs)
    assert_same(drawn, whole(name, seed, 5)[:n])


@every_generator
def test_concurrent_users_get_what_each_would_get_alone(name):
    def draw(seed):
        return model(name).sample(5, length=5, random_state=seed)

    with ThreadPoolExecutor(4) as pool:
        for seed, drawn in enumerate(pool.map(draw, [0, 1, 2, 3] * 3)):
            assert_same(drawn, whole(name, seed % 4, 5)[:5])


def shared_out(name, n, n_jobs, seed):
    """Give a draw by the workers of the backend that is in charge, and what it ought to be."""
    drawn = model(name).sample(n, length=5, random_state=seed, n_jobs=n_jobs)
    return drawn, whole(name, seed, 5)[:n]


@pytest.mark.slow
@every_generator
@EXAMPLES
@given(n=sizes, n_jobs=st.integers(2, 3), seed=seeds)
def test_processes_change_nothing(name, n, n_jobs, seed):
    with joblib.parallel_config(backend="loky"):
        assert_same(*shared_out(name, n, n_jobs, seed))


@pytest.mark.slow
@pytest.mark.distributed
@pytest.mark.filterwarnings("ignore")  # dask's own, as of ports in use
@every_generator
def test_dask_workers_change_nothing(name):
    distributed = pytest.importorskip("distributed")

    @EXAMPLES
    @given(n=sizes, seed=seeds)
    def check(n, seed):
        assert_same(*shared_out(name, n, 2, seed))

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(processes=True, **options) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        check()


# Memory of a device.


def with_room_for(monkeypatch, generator, n_series):
    """Let a device run out of memory with more than `n_series` at once; note the sizes tried."""
    tried, original = [], type(generator)._draw_features

    def draw(self, draw):
        tried.append(len(draw.numbers))
        if len(draw.numbers) > n_series:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return original(self, draw)

    monkeypatch.setattr(type(generator), "_draw_features", draw)
    return tried


@pytest.mark.parametrize("name", DRAWING)
def test_what_does_not_fit_is_halved_until_it_does(name, monkeypatch):
    expected = whole(name, 2, 5)
    tried = with_room_for(monkeypatch, model(name), 3)
    assert_same(model(name).sample(12, length=5, random_state=2), expected)
    assert tried == [12, 6, 3, 3, 6, 3, 3]


@pytest.mark.parametrize("name", DRAWING)
def test_one_series_that_does_not_fit_is_named(name, monkeypatch):
    with_room_for(monkeypatch, model(name), 0)
    with pytest.raises(OutOfMemoryError, match=r"One series of length=5 .* memory of cpu; lower"):
        model(name).sample(4, length=5)


def network_with_room_for(monkeypatch, n_windows):
    """Let a device run out of memory with more than `n_windows` at once; note the sizes tried."""
    tried = []

    def limited(original):
        def call(self, features, *args, **kwargs):
            tried.append(features.shape[0] * features.shape[1])
            if tried[-1] > n_windows:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return original(self, features, *args, **kwargs)

        return call

    for name in ("draw", "point"):
        monkeypatch.setattr(ConditionalFlow, name, limited(getattr(ConditionalFlow, name)))
    return tried


def gappy(n_series=6):
    X = make_var1(n_series, 4, random_state=1)
    X[:, 1:3, 0] = np.nan
    return X


FILLING = {
    "LatentDiffusionForecaster": lambda fitted: fitted.forecast(gappy(2), 3, n_samples=6),
    "LatentDiffusionGenerator": lambda fitted: fitted.sample(12, length=4, random_state=2),
    "LatentDiffusionImputer": lambda fitted: fitted.transform(gappy()),
}


@pytest.mark.parametrize(("name", "fill"), FILLING.items())
def test_windows_that_do_not_fit_are_halved_until_they_do(name, fill, monkeypatch):
    fitted = fit_once(FILLERS[name], make_var1(3, 24, random_state=0))
    expected = fill(fitted)
    tried = network_with_room_for(monkeypatch, 2)
    assert_same(fill(fitted), expected)
    assert max(tried) > 2
    assert 1 in tried


@pytest.mark.parametrize(("name", "fill"), FILLING.items())
def test_one_window_that_does_not_fit_is_named(name, fill, monkeypatch):
    fitted = fit_once(FILLERS[name], make_var1(3, 24, random_state=0))
    network_with_room_for(monkeypatch, 0)
    text = "One window of window_length=4 does not fit into the memory of cpu; fit with a lower"
    with pytest.raises(OutOfMemoryError, match=text):
        fill(fitted)


def test_training_that_does_not_fit_names_what_to_lower(monkeypatch):
    estimator = GENERATORS["FactorizedARGenerator"]
    from sktsgen.nn import TokenPrior

    def loss(self, batch, step=None):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(TokenPrior, "loss", loss)
    text = r"64 items of stage 'prior' does not fit into the memory of cpu; lower batch_size"
    with pytest.raises(OutOfMemoryError, match=text):
        estimator.fit(make_var1(3, 24, random_state=0))


@every_generator
def test_batches_hold_no_more_than_one_batch(name):
    batches = model(name).sample_batches(10**9, batch_size=4, length=5, random_state=0)
    first = next(batches)
    assert len(first) == 4
    assert_same(first, whole(name, 0, 5)[:4])
