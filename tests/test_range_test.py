"""The learning-rate range test, restarted and ramped."""

import numpy as np
import pytest

from gdcourse import descend
from gdcourse.landscapes import Quadratic
from gdcourse.range_test import ramped, restarted
from gdcourse.rules import SGD, Momentum

BOWL = Quadratic([1.0, 10.0])
RATES = np.geomspace(0.01, 1.0, 20)


def test_restarted_losses_are_those_of_runs_of_their_own():
    losses = restarted(BOWL.gradient, BOWL, [1.0, 1.0], RATES, 30, Momentum)
    for rate, loss in zip(RATES, losses, strict=True):
        assert loss == BOWL(descend(BOWL.gradient, [1.0, 1.0], Momentum(rate), 30).x[-1])


def test_ramped_losses_are_those_of_one_run_with_rising_rates():
    losses = ramped(BOWL.gradient, BOWL, [1.0, 1.0], RATES)
    x = np.ones(2)
    for rate, loss in zip(RATES, losses, strict=True):
        x = x - rate * BOWL.gradient(x)
        assert loss == BOWL(x)


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ([-0.1], r"rates must lie in \[0, inf\), got"),
        ([], r"rates must have shape \(K,\) with K at least 1, got \(0,\)"),
        ([[0.1]], r"rates must have shape \(K,\) with K at least 1, got \(1, 1\)"),
    ],
)
def test_bad_rates_are_named(rates, message):
    with pytest.raises(ValueError, match=message):
        restarted(BOWL.gradient, BOWL, [1.0, 1.0], rates, 3)
    with pytest.raises(ValueError, match=message):
        ramped(BOWL.gradient, BOWL, [1.0, 1.0], rates, SGD)


def test_no_steps_are_refused():
    with pytest.raises(ValueError, match="num_steps must be a whole number of at least 1, got 0"):
        restarted(BOWL.gradient, BOWL, [1.0, 1.0], RATES, 0)
