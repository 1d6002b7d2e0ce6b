"""An AR(1) is learnt: density, marginals, memory, and no seam between windows."""

import numpy as np
from scipy.stats import ks_2samp

from sktsgen.datasets import make_ar1
from tests.estimators.models import PHI, ar1_log_density, lag_correlation


def test_score_is_below_the_true_density_and_not_far(scale_ar1_model):
    """What is given is a bound: the tokens of a window are counted, not summed over."""
    X = make_ar1(200, 32, phi=PHI, random_state=9)
    truth = ar1_log_density(X[..., 0])
    assert truth - 0.25 < scale_ar1_model.score(X) < truth + 0.01


def test_scores_of_rows_are_those_of_windows_that_follow_each_other(scale_ar1_model):
    """Rows 8 to 13 belong to the window from row 6 on, given rows 0 to 7 and no later ones."""
    X = make_ar1(1, 32, phi=PHI, random_state=9)[0]
    rows = scale_ar1_model.score_samples(X)
    np.testing.assert_allclose(scale_ar1_model.score_samples(X[:14]), rows[:14], rtol=1e-4)
    assert not np.allclose(scale_ar1_model.score_samples(X[8:14]), rows[8:14], rtol=1e-4)


def test_variance_and_memory_are_those_of_the_process_at_any_length(scale_ar1_model):
    drawn = scale_ar1_model.sample(300, length=64, random_state=0)[..., 0]
    for part in (drawn[:, :32], drawn[:, 32:]):
        assert abs(part.var() / (1.0 / (1.0 - PHI**2)) - 1.0) < 0.2
        assert abs(lag_correlation(part) - PHI) < 0.05
        assert abs(lag_correlation(part, 4) - PHI**4) < 0.12


def test_steps_between_windows_are_like_all_others(scale_ar1_model):
    """600 series of a window and three quarters of four more: 2,400 joints among 18,600 steps."""
    steps = np.diff(scale_ar1_model.sample(600, length=32, random_state=1)[..., 0])
    at_joints, elsewhere = steps[:, 7::6], np.delete(steps, np.s_[7::6], axis=1)
    assert ks_2samp(at_joints.ravel(), elsewhere.ravel()).pvalue > 0.01
    # What is planned too far from the history shows in the largest steps.
    assert abs(at_joints.std() / elsewhere.std() - 1.0) < 0.06
