"""The checker under arbitrary answers: it never breaks, and never takes wrong for right."""

import os
import tempfile

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gdcourse.exercises import chapters, check, checker, get
from gdcourse.exercises.exercise import CodeExercise, NumberExercise

EVERY = [exercise for group in chapters().values() for exercise in group]
CODE = [exercise for exercise in EVERY if isinstance(exercise, CodeExercise)]
NUMBERS = [exercise for exercise in EVERY if isinstance(exercise, NumberExercise)]
RETURNING = [exercise for exercise in CODE if not exercise.in_place]


@pytest.fixture(autouse=True, scope="module")
def folder():
    """Keep the record of what is solved out of the repository."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        yield
        os.chdir(here)


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.just(...),
    st.just(object()),
    st.just(len),
    npst.arrays(
        st.sampled_from([np.float64, np.float32, np.int64, np.bool_, np.complex128, object, "U3"]),
        npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
)
anything = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=2), inner, max_size=2),
        st.sets(st.integers(), max_size=3),
    ),
    max_leaves=6,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(exercise=st.sampled_from(CODE), value=anything)
def test_whatever_a_function_returns_is_answered_and_is_not_right(exercise, value):
    result = check(exercise.id, lambda *args, **kwargs: value)
    assert not result.passed
    assert result.message and result._repr_html_()


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(exercise=st.sampled_from(EVERY), answer=anything)
def test_whatever_is_handed_over_is_answered(exercise, answer):
    result = check(exercise.id, answer)
    assert result.message and result._repr_html_() and repr(result)
    assert isinstance(result.passed, bool)


@settings(max_examples=60)
@given(id=anything)
def test_whatever_is_asked_for_is_answered(id):
    assert not check(id, 1).passed


def scaled(exercise: CodeExercise, call: int, place: int, factor: float):
    """Return the solution with one number of one call multiplied by a factor.

    Numbers that are zero, infinite, or nothing beside the others, are passed over: a factor does
    not show.
    """
    calls = 0

    def spoil(values):
        arrays = [np.array(value, dtype=float) for value in values]
        largest = max(np.abs(array[np.isfinite(array)]).max() for array in arrays)
        worth = [
            (array, index)
            for array in arrays
            for index in np.ndindex(array.shape)
            if 1e-6 * largest < abs(array[index]) < np.inf
        ]
        array, index = worth[place % len(worth)]
        array[index] *= factor
        return arrays

    def function(*args, **kwargs):
        nonlocal calls
        calls += 1
        value = exercise.solution(*args, **kwargs)
        if calls - 1 != call:
            return value
        if exercise.in_place:
            args[0][...] = spoil([args[0]])[0]
            return None
        arrays = spoil(value if isinstance(value, tuple) else [value])
        return tuple(arrays) if len(arrays) > 1 else arrays[0]

    return function


def calls_of(exercise: CodeExercise) -> int:
    return sum(len(run.results) for run in checker.reference_runs(exercise))


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), exercise=st.sampled_from(CODE), sign=st.sampled_from([-1, 1]))
def test_any_number_that_is_off_by_a_millionth_fails(data, exercise, sign):
    call = data.draw(st.integers(0, calls_of(exercise) - 1))
    place = data.draw(st.integers(0, 50))
    size = data.draw(st.floats(1e-6, 1e3))
    assume(sign * size != -2)
    result = check(exercise.id, scaled(exercise, call, place, 1 + sign * size))
    assert not result.passed


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), exercise=st.sampled_from(CODE))
def test_any_number_that_is_off_by_a_million_millionth_passes(data, exercise):
    call = data.draw(st.integers(0, calls_of(exercise) - 1))
    place = data.draw(st.integers(0, 50))
    size = data.draw(st.floats(-1e-12, 1e-12))
    result = check(exercise.id, scaled(exercise, call, place, 1 + size))
    assert result.passed, result


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(exercise=st.sampled_from(RETURNING), seed=st.integers(0, 2**32 - 1))
def test_rounding_in_every_number_of_every_call_passes(exercise, seed):
    """The input decides the rounding, as in a formula: the same call is rounded the same way."""

    def rounded(value):
        array = np.array(value, dtype=float)
        noise = np.random.default_rng([seed, array.size]).uniform(-4, 4, array.shape)
        return array * (1 + noise * np.finfo(float).eps)

    def function(*args, **kwargs):
        value = exercise.solution(*args, **kwargs)
        return tuple(map(rounded, value)) if isinstance(value, tuple) else rounded(value)

    assert check(exercise.id, function).passed


def velocity_in_another_order(x, g, v, *, lr, momentum):
    return x - lr * g - lr * momentum * v, g + v * momentum


def position_form(x, g, v, *, lr, momentum):
    new = x + momentum * (-lr * v) - lr * g
    return new, (x - new) / lr


def mean_by_sums(w, x, y):
    return (2 * w * (x @ x) - 2 * (x @ y)) / len(x)


def softmax_by_logarithms(Z):
    top = Z.max(axis=1)
    return np.exp(Z - (top + np.log(np.exp(Z.T - top).sum(axis=0)))[:, None])


def sigmoid_by_tanh(w, X, y):
    return np.mean(X * (0.5 + 0.5 * np.tanh(X @ w / 2) - y)[:, None], axis=0)


def slope_by_angle(g, u):
    return sum(g * (u / np.sqrt(np.sum(u**2))))


def rate_by_other_eigenvalues(A):
    curvatures = np.linalg.svd(A)[1]
    return 1 / np.mean([curvatures.max(), curvatures.min()])


def steepest_by_trying(g, norm):
    if norm == "l2":
        return g * (-1 / (g @ g) ** 0.5)
    corners = np.sign(-g)[None] if norm == "linf" else np.vstack([np.eye(len(g)), -np.eye(len(g))])
    return corners[np.argmin(corners @ g)]


def differences_by_columns(f, x, h):
    shifts = np.diag(np.full(len(x), h))
    return [(f(x + e) / h - f(x - e) / h) / 2 for e in shifts]


def backtrack_by_recursion(f, x, g, lr):
    enough = f(x) - f(x - lr * g) >= 0.5 * lr * np.sum(g**2)
    return lr if enough else backtrack_by_recursion(f, x, g, lr / 2)


def step_by_negative(x, g, lr):
    return -lr * g + x


def update_by_slice(x, g, lr):
    x[...] = x + (-lr) * g


def descent_into_array(gradient, x0, lr, num_steps):
    points = np.empty((num_steps + 1, len(x0)))
    points[0] = x0
    for t in range(num_steps):
        points[t + 1] = points[t] - lr * gradient(points[t])
    return points


def rate_along_the_line(A, x):
    g = A @ x
    return np.sum(g**2) / np.einsum("i,ij,j", g, A, g)


def epoch_by_contraction(w, x, y, lr, order):
    weights = []
    for x_i, y_i in zip(x[order], y[order], strict=True):
        w = (1 - 2 * lr * x_i**2) * w + 2 * lr * x_i * y_i
        weights.append(w)
    return weights


def batches_by_split(w, x, y, lr, batch_size):
    cuts, weights = np.arange(batch_size, len(x), batch_size), []
    for x_b, y_b in zip(np.split(x, cuts), np.split(y, cuts), strict=True):
        w -= 2 * lr / len(x_b) * (w * (x_b @ x_b) - x_b @ y_b)
        weights.append(w)
    return weights


def hinge_by_samples(w, X, y):
    total = np.zeros(len(w))
    for x_i, label in zip(X, y, strict=True):
        s = 1 if label else -1
        if s * (x_i @ w) < 1:
            total -= s * x_i
    return total / len(y)


def backward_by_sums(X, A, W2, dZ2):
    dA = np.einsum("nk,hk->nh", dZ2, W2)
    dZ1 = (1 + A) * dA * (1 - A)
    return (
        np.einsum("nd,nh->dh", X, dZ1),
        np.einsum("nh->h", dZ1),
        np.einsum("nh,nk->hk", A, dZ2),
        np.einsum("nk->k", dZ2),
    )


def evaluations_by_counting(t, N, B):
    touched, left = 0, N
    for _ in range(t):
        touched += min(B, left)
        left = left - B if left > B else N
    return touched


def cheapest_by_pairs(updates, sizes, overhead):
    return min((T * (overhead + B), int(B)) for T, B in zip(updates, sizes, strict=True))[1]


def settled_from_the_end(t, losses, target):
    counts = []
    for run in losses.T:
        row = len(run)
        while row and run[row - 1] <= target:
            row -= 1
        counts.append(t[row] if row < len(run) else float("inf"))
    return counts


def tuned_by_sorting(needed):
    low, high = (len(needed[0]) - 1) // 2, len(needed[0]) // 2
    middle = [(row[low] + row[high]) / 2 for row in np.sort(needed)]
    return middle.index(min(middle)), min(middle)


EQUIVALENT = [
    ("gradient.direction", steepest_by_trying),
    ("gradient.numerical", differences_by_columns),
    ("gradient.backtrack", backtrack_by_recursion),
    ("explorer.step", step_by_negative),
    ("explorer.in_place", update_by_slice),
    ("explorer.descent", descent_into_array),
    ("explorer.line_search", rate_along_the_line),
    ("line.epoch", epoch_by_contraction),
    ("line.mini_batches", batches_by_split),
    ("models.hinge", hinge_by_samples),
    ("models.backward", backward_by_sums),
    ("momentum.step", velocity_in_another_order),
    ("momentum.step", position_form),
    ("line.gradient", mean_by_sums),
    ("models.softmax", softmax_by_logarithms),
    ("models.logistic", sigmoid_by_tanh),
    ("gradient.slope", slope_by_angle),
    ("explorer.rate", rate_by_other_eigenvalues),
    ("three_variants.evaluations", evaluations_by_counting),
    ("three_variants.cheapest", cheapest_by_pairs),
    ("three_variants.settled", settled_from_the_end),
    ("three_variants.tuned", tuned_by_sorting),
]


def test_every_exercise_in_code_is_solved_in_another_way_too():
    assert {id for id, _ in EQUIVALENT} == {exercise.id for exercise in CODE}


@pytest.mark.parametrize(("id", "function"), EQUIVALENT, ids=lambda v: getattr(v, "__name__", v))
def test_equivalent_formula_passes_in_spite_of_its_rounding(id, function):
    result = check(id, function)
    assert result.passed, result
    assert get(id).solution is not function


@given(exercise=st.sampled_from(NUMBERS), times=st.floats(-5, 5))
def test_number_passes_within_its_tolerance_and_not_beyond(exercise, times):
    assume(abs(abs(times) - 1) > 1e-6)
    result = check(exercise.id, exercise.answer * (1 + times * exercise.tolerance))
    assert result.passed == (abs(times) < 1)
