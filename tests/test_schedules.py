"""Schedules: closed forms, arrays of t, parity with torch, refusals."""

import numpy as np
import pytest
import torch

from gdcourse.schedules import Constant, Exponential, InverseTime, Step

T = np.arange(12)
SCHEDULES = {
    "constant": (Constant(0.4), np.full(12, 0.4)),
    "inverse-time": (InverseTime(0.4, 0.5), 0.4 / (1 + 0.5 * T)),
    "exponential": (Exponential(0.4, 0.9), 0.4 * 0.9**T),
    "step": (Step(0.4, 0.5, 4), 0.4 * np.repeat([1, 0.5, 0.25], 4)),
}
each = pytest.mark.parametrize(("schedule", "values"), SCHEDULES.values(), ids=list(SCHEDULES))


@each
def test_values_are_the_closed_form_for_numbers_and_arrays(schedule, values):
    np.testing.assert_allclose(schedule(T), values, rtol=1e-15)
    np.testing.assert_allclose([schedule(t) for t in range(12)], values, rtol=1e-15)
    assert isinstance(schedule(3), float)


@pytest.mark.parametrize(
    ("schedule", "scheduler"),
    [
        (Exponential(0.4, 0.9), lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9)),
        (Step(0.4, 0.5, 4), lambda o: torch.optim.lr_scheduler.StepLR(o, 4, 0.5)),
    ],
    ids=["exponential", "step"],
)
def test_values_equal_torch(schedule, scheduler):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
    stepper = scheduler(optimizer)
    for t in range(12):
        assert optimizer.param_groups[0]["lr"] == pytest.approx(schedule(t), rel=1e-14)
        optimizer.step()
        stepper.step()


def test_initial_values_may_be_a_sweep():
    initial = np.array([[0.1], [0.2]])
    assert Exponential(initial, 0.5)(1).tolist() == [[0.05], [0.1]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(-1), r"initial must lie in \[0, inf\), got -1"),
        (lambda: Constant(np.nan), r"initial must lie in \[0, inf\), got nan"),
        (lambda: InverseTime(np.inf, 1), r"initial must lie in \[0, inf\), got inf"),
        (lambda: InverseTime(1, -0.1), r"rate must lie in \[0, inf\), got -0.1"),
        (lambda: Exponential(1, 0), r"gamma must lie in \(0, 1\], got 0"),
        (lambda: Exponential(1, 1.1), r"gamma must lie in \(0, 1\], got 1.1"),
        (lambda: Step(1, 0.5, 0), "step_size must be a whole number of at least 1, got 0"),
        (lambda: Constant(1)(-1), r"t must lie in \[0, inf\), got -1"),
        (lambda: Step(1, 0.5, 2)(np.array([0, -2])), r"t must lie in \[0, inf\), got"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
