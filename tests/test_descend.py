"""The loop: what it records, what it leaves alone, and what it refuses."""

import warnings

import numpy as np
import pytest

from gdcourse import descend
from gdcourse.landscapes import Quadratic, Rosenbrock
from gdcourse.models import LinearRegression
from gdcourse.oracles import MiniBatch
from gdcourse.rules import SGD, Momentum
from gdcourse.schedules import InverseTime

BOWL = Quadratic([1.0, 10.0])


def test_trace_holds_the_point_before_and_after_every_step():
    trace = descend(BOWL.gradient, [1.0, 1.0], SGD(lr=0.1), 2)
    assert trace.x.tolist() == [[1.0, 1.0], [0.9, 0.0], [0.81, 0.0]]
    assert trace.t.tolist() == [0, 1, 2]
    assert trace.num_steps == 2


def test_no_steps_leave_the_start_alone():
    assert descend(BOWL.gradient, [1, 2], SGD(), 0).x.tolist() == [[1.0, 2.0]]


def test_start_is_never_changed_nor_shared():
    x0 = np.array([1.0, 1.0])
    trace = descend(BOWL.gradient, x0, SGD(lr=0.1), 3)
    assert x0.tolist() == [1.0, 1.0]
    assert not np.shares_memory(trace.x, x0) and not np.shares_memory(trace.point, x0)


@pytest.mark.parametrize(
    ("num_steps", "record", "t"),
    [(7, 3, [0, 3, 6, 7]), (6, 3, [0, 3, 6]), (2, 5, [0, 2]), (0, 4, [0])],
)
def test_every_kth_row_and_the_last_are_kept(num_steps, record, t):
    full = descend(BOWL.gradient, [1.0, 1.0], SGD(lr=0.1), num_steps)
    trace = descend(BOWL.gradient, [1.0, 1.0], SGD(lr=0.1), num_steps, record=record)
    assert trace.t.tolist() == t
    assert np.array_equal(trace.x, full.x[t])


def test_quantities_are_observed_with_or_without_the_points():
    observe = {"loss": BOWL, "below": lambda x: x[..., 0] < 0.95}
    trace = descend(BOWL.gradient, [1.0, 1.0], SGD(lr=0.1), 4, observe=observe, record=2)
    assert np.array_equal(trace["loss"], BOWL(trace.x))
    assert trace["below"].tolist() == [0.0, 1.0, 1.0]
    assert trace["below"].dtype == float
    lean = descend(BOWL.gradient, [1.0, 1.0], SGD(lr=0.1), 4, observe={"x": None, "loss": BOWL})
    assert list(lean.observed) == ["loss"]
    assert np.array_equal(lean["loss"][::2], trace["loss"])
    with pytest.raises(ValueError, match=r"did not observe 'x'; it holds 'loss'"):
        _ = lean.x


def test_run_ends_where_stop_says_and_that_row_is_kept():
    trace = descend(
        BOWL.gradient, [1.0, 1.0], SGD(lr=0.1), 1000, stop=lambda x: x[0] < 0.5, record=100
    )
    assert trace.t.tolist() == [0, 7]  # 0.9**7 is the first power below a half
    assert trace.x[-1, 0] < 0.5
    trace = descend(BOWL.gradient, [1.0, 1.0], SGD(lr=0.1), 1000, stop=lambda x: x[0] < 0.5)
    assert trace.x.shape == (8, 2) and trace.t.tolist() == list(range(8))


def test_sweep_stops_when_every_run_says_so():
    lr = np.array([[0.1], [0.05]])
    trace = descend(BOWL.gradient, [1.0, 1.0], SGD(lr), 1000, stop=lambda x: x[..., 0] < 0.5)
    assert trace.num_steps == 14  # 0.95**14 is the first power below a half


def test_divergence_is_data_without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trace = descend(BOWL.gradient, [1.0, 1.0], SGD(lr=1.0), 2000, observe={"f": BOWL})
    assert np.isinf(trace["f"]).any()
    assert not np.isfinite(trace.x[-1, 1])
    assert trace.x[-1, 0] == 0.0


def test_hyperparameter_axes_become_runs():
    lr = np.array([0.01, 0.1, 0.3])[:, None]
    trace = descend(BOWL.gradient, [1.0, 1.0], SGD(lr), 5)
    assert trace.x.shape == (6, 3, 2)
    for row, rate in enumerate([0.01, 0.1, 0.3]):
        single = descend(BOWL.gradient, [1.0, 1.0], SGD(rate), 5)
        assert np.array_equal(trace.x[:, row], single.x)


@pytest.mark.parametrize("rule", [SGD(0.001), Momentum(0.001), Momentum(InverseTime(0.001, 0.1))])
def test_run_continued_from_a_trace_is_the_same_run_bit_for_bit(rule):
    whole = descend(Rosenbrock().gradient, [-1.0, 1.0], rule, 30)
    first = descend(Rosenbrock().gradient, [-1.0, 1.0], rule, 13)
    kept = first.point.copy()
    second = descend(Rosenbrock().gradient, first, rule, 17)
    assert np.array_equal(second.x, whole.x[13:])
    assert second.t.tolist() == list(range(13, 31))
    assert np.array_equal(first.point, kept)


def test_run_on_mini_batches_is_continued_bit_for_bit():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(10, 3)), rng.normal(size=10)

    def oracle():
        return MiniBatch(LinearRegression(3), X, y, 4, rng=np.random.default_rng(1))

    whole = descend(oracle(), np.zeros(4), Momentum(0.05), 20)
    same = oracle()
    second = descend(same, descend(same, np.zeros(4), Momentum(0.05), 7), Momentum(0.05), 13)
    assert np.array_equal(second.x, whole.x[7:])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_of_the_start_is_kept(dtype):
    trace = descend(BOWL.gradient, np.ones(2, dtype), Momentum(InverseTime(0.1, 0.5)), 3)
    assert trace.x.dtype == trace.point.dtype == trace.state["v"].dtype == dtype


def test_oracle_that_returns_its_argument_is_no_trap():
    trace = descend(lambda x: x, [1.0, -2.0], SGD(lr=0.5), 2)
    assert trace.x.tolist() == [[1.0, -2.0], [0.5, -1.0], [0.25, -0.5]]


def test_progress_is_shown(capsys):
    descend(BOWL.gradient, [1.0, 1.0], SGD(0.1), 5, progress=True)
    assert "5/5" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"oracle": 3}, "oracle must be a function, got 3"),
        ({"x0": 1.0}, "x0 must have a last axis that holds the parameters, got 1.0"),
        ({"x0": []}, "x0 must have a last axis"),
        ({"x0": ["a"]}, "x0 must be an array of numbers, got ['a']"),
        ({"rule": SGD}, "rule must be a gdcourse rule, such as SGD(lr=0.1), got <class"),
        ({"num_steps": -1}, "num_steps must be a whole number of at least 0, got -1"),
        ({"num_steps": 2.5}, "num_steps must be a whole number of at least 0, got 2.5"),
        ({"record": 0}, "record must be a whole number of at least 1, got 0"),
        ({"observe": {"loss": 1}}, "observe['loss'] must be a function, got 1"),
        ({"observe": {"loss": None}}, "observe['loss'] must be a function, got None"),
        ({"stop": True}, "stop must be a function, got True"),
        ({"oracle": lambda x: x[:1]}, "oracle must return a gradient of the shape of x, (2,)"),
        ({"oracle": lambda x: x * np.nan}, "oracle must return a finite gradient at x0"),
        ({"rule": SGD(np.ones(3))}, "lr must broadcast against x of shape (2,), got shape (3,)"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {"oracle": BOWL.gradient, "x0": [1.0, 1.0], "rule": SGD(), "num_steps": 3}
    with pytest.raises(ValueError) as error:
        descend(**(good | change))
    assert message in str(error.value)


def test_single_parameter_is_not_widened_by_a_flat_list_of_rates():
    with pytest.raises(ValueError, match=r"a sweep over k values has shape \(k, 1\)"):
        descend(lambda x: x, [1.0], SGD(np.array([0.1, 0.2])), 3)
