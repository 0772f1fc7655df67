"""The checker under arbitrary answers: it never breaks, and never takes wrong for right."""

import os
import tempfile
from fractions import Fraction
from itertools import combinations, product

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
    size = data.draw(st.floats(max(1e-6, 2 * exercise.relative), 1e3))
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


def steps_by_multiplying(kappa, eps):
    steps, left = 0, 1.0
    while left > eps:
        steps, left = steps + 1, left * (kappa - 1) / (kappa + 1)
    return steps


def variance_by_covariances(g, B, replace):
    covariance = 0 if replace else -np.var(g) / (len(g) - 1)
    return (B * np.var(g) + B * (B - 1) * covariance) / B**2


def variance_by_all_batches(g, B, replace):
    batches = product(g, repeat=B) if replace else combinations(g, B)
    return np.var([np.mean(batch) for batch in batches])


def step_by_samples(theta, G, lr, base):
    for g in G:
        theta = theta - lr / base * g
    return theta


def batch_by_listing(order, B, t):
    batches = [order[start : start + B] for start in range(0, len(order), B)]
    return batches[t % len(batches)]


def noise_scale_by_two_equations(b, B, c, C):
    signal, noise = np.linalg.solve([[1, 1 / B], [1, 1 / C]], [b, c])
    return noise / signal


def noise_scale_in_fractions(b, B, c, C):
    b, B, c, C = map(Fraction, (b, B, c, C))
    return (b - c) * B * C / (C * c - B * b)


def rate_by_singular_values(X):
    singular = np.linalg.svd(X)[1]
    return len(X) / (max(singular) ** 2 + min(singular) ** 2)


def distances_by_products(curvatures, c, lrs):
    products = np.cumprod([np.ones_like(c), *(1 - lr * curvatures for lr in lrs)], axis=0)
    return [sum((product * c) ** 2) ** 0.5 for product in products]


def chunks_made_equal(gradient, theta, X, y, size):
    chunks = np.array_split(np.arange(len(y)), -(-len(y) // size))
    parts = [gradient(theta, X[chunk], y[chunk]) for chunk in chunks]
    return np.average(parts, axis=0, weights=[len(chunk) for chunk in chunks])


def gradients_by_sum_of_products(w, X, y):
    return np.einsum("i,ij->ij", 2 * (X @ w) - 2 * y, X)


def rate_by_halving(variance, lam, sigma):
    low, high = 0.0, 2 / lam
    for _ in range(100):
        middle = (low + high) / 2
        too_high = middle * sigma**2 > variance * lam * (2 - middle * lam)
        low, high = (low, middle) if too_high else (middle, high)
    return low


def means_by_sums(samples):
    return np.cumsum(samples) / np.arange(1, len(samples) + 1)


def averaged_by_keeping_all(gradient, x0, lr, num_steps):
    points = [x0]
    for _ in range(num_steps):
        points.append(points[-1] - lr * gradient(points[-1]))
    return points[-1], np.mean(points[1:], axis=0)


def quantile_by_indicator(samples, p, c):
    w = 0
    for t in range(len(samples)):
        w += c * (p - (samples[t] <= w)) / (t + 1)
    return w


def steps_by_logarithm(lr, curvature, eps):
    factor = abs(1 - lr * curvature)
    return 1 if factor == 0 else int(np.ceil(np.log(eps) / np.log(factor)))


def steps_by_powers(lr, curvature, eps):
    k = np.arange(10_000)
    return np.argmax(np.abs(1 - lr * curvature) ** k <= eps)


def along_scaled(gradient, x, d, h):
    t = h / np.sqrt(np.dot(d, d))
    return d @ (gradient(x + t * d) - gradient(x - t * d)) / (2 * t * np.dot(d, d))


def along_by_a_step_of_its_own(gradient, x, d, h):
    u = np.asarray(d) / np.sqrt(np.sum(d**2))
    change = np.dot(gradient(x + h * u), u) - np.dot(gradient(x - h * u), u)
    return [change / h / 2][0]


def bearable_by_index(rates, losses, start):
    good = np.append(losses <= start, False)
    k = np.argmin(good)
    return rates[k - 1] if k > 0 else 0.1 * rates[0]


def bearable_by_bad_ones(rates, losses, start):
    bad = np.isnan(losses) | (losses > start)
    before = rates[np.cumsum(bad) == 0]
    return before.max() if before.size else rates.min() / 10


def smallest_by_length(hvp, L, u, num_steps):
    for _ in range(num_steps):
        w = L * u - hvp(u)
        length = np.linalg.norm(w)
        u = w / length
    return L - length


def smallest_by_a_quotient(hvp, L, u, num_steps):
    for _ in range(num_steps):
        u = hvp(u) - L * u
    return u @ hvp(u) / (u @ u)


def smallest_by_moving_further_than_needed(hvp, L, u, num_steps):
    for _ in range(num_steps):
        u = 2 * L * u - hvp(u)
        u = u / max(abs(u))
    return u @ hvp(u) / (u @ u)


def stairs_by_remainder(t, first, gamma, every):
    return first * gamma ** ((t - t % every) / every)


def mean_squares_by_bias_and_variance(m, schedule, lam, sigma, batch_size, num_steps):
    bias, variance, values = m**0.5, 0.0, [m]
    for t in range(num_steps):
        lr = schedule(t)
        bias *= 1 - lr * lam
        variance += lr * lam * (lr * lam - 2) * variance + (lr * sigma) ** 2 / batch_size
        values.append(bias**2 + variance)
    return values


def cosine_by_pieces(t, first, last, hold, num_steps):
    quarter = np.pi / 2 * (t - hold) / (num_steps - hold)
    falling = last + (first - last) * np.cos(quarter) ** 2
    return np.where(t <= hold, first, np.where(t >= num_steps, last, falling))


def rate_by_the_vertex(m, lam, sigma):
    slope, bend = -2 * lam**2 @ m, lam**3 @ m + lam.sum() * sigma**2
    return -slope / (2 * bend)


def rate_by_golden_section(m, lam, sigma):
    def loss(lr):
        return np.sum(lam * ((1 - lr * lam) ** 2 * m + (lr * sigma) ** 2))

    low, high = 0.0, 2 / np.min(lam)
    while high - low > 1e-9:
        left, right = low + 0.382 * (high - low), low + 0.618 * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return (low + high) / 2


def rates_from_the_output_down(lr, num_layers, factor):
    rates = [lr]
    while len(rates) < num_layers:
        rates.insert(0, rates[0] / factor)
    return rates


def rates_by_repeat(sizes, rates):
    return np.repeat(rates, (sizes[:-1] + 1) * sizes[1:])


def rates_by_her_units(X, lr):
    scale = 1 / np.ptp(X, axis=0)
    return lr * scale * scale


def kappa_of_a_matrix_that_is_not_symmetric(H, rates):
    curvatures = np.linalg.eigvals(np.diag(rates) @ H)
    return curvatures.max() / curvatures.min()


def blocks_by_spectral_norm(x, g, H, size):
    largest = np.linalg.norm(H[:size, :size], 2), np.linalg.norm(H[size:, size:], 2)
    return x - g / np.where(np.arange(len(x)) < size, *largest)


def directions_by_signs(H, tol):
    curvatures = np.linalg.eig(H)[0].real
    signs = np.sign(curvatures) * (np.abs(curvatures) > tol)
    return [int(np.sum(signs == sign)) for sign in (-1, 0, 1)]


def shares_by_counting(M):
    shares = [0] * (M.shape[1] + 1)
    for matrix in M:
        shares[int(np.sum(np.linalg.eigvals(matrix + matrix.T).real < 0))] += 1 / len(M)
    return shares


def rescale_by_diagonals(W1, b1, W2, scales):
    D = np.diag(scales)
    return W1 @ D, D @ b1, np.linalg.inv(D) @ W2


def perturbed_by_factor(x, gradient, lr, noise, threshold):
    level = np.sqrt(np.sum(gradient(x) ** 2)) <= threshold
    shifted = x + level * noise
    return shifted - lr * gradient(shifted)


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


def settled_after_the_last_row_above(t, losses, target):
    above = ~(losses <= target)
    after = np.where(above.any(axis=0), len(t) - above[::-1].argmax(axis=0), 0)
    return np.append(t, np.inf)[after]


def tuned_by_sorting(needed):
    low, high = (len(needed[0]) - 1) // 2, len(needed[0]) // 2
    middle = [(row[low] + row[high]) / 2 for row in np.sort(needed)]
    return middle.index(min(middle)), min(middle)


EQUIVALENT = [
    ("decay.step", stairs_by_remainder),
    ("decay.mean_squares", mean_squares_by_bias_and_variance),
    ("decay.cosine", cosine_by_pieces),
    ("decay.best_rate", rate_by_the_vertex),
    ("decay.best_rate", rate_by_golden_section),
    ("non_convex.directions", directions_by_signs),
    ("non_convex.index_shares", shares_by_counting),
    ("non_convex.rescale", rescale_by_diagonals),
    ("non_convex.perturbed_step", perturbed_by_factor),
    ("gradient.direction", steepest_by_trying),
    ("gradient.numerical", differences_by_columns),
    ("gradient.backtrack", backtrack_by_recursion),
    ("explorer.step", step_by_negative),
    ("explorer.in_place", update_by_slice),
    ("explorer.descent", descent_into_array),
    ("explorer.line_search", rate_along_the_line),
    ("line.epoch", epoch_by_contraction),
    ("line.mini_batches", batches_by_split),
    ("minibatch.variance", variance_by_covariances),
    ("minibatch.variance", variance_by_all_batches),
    ("minibatch.step", step_by_samples),
    ("minibatch.batch_at", batch_by_listing),
    ("minibatch.noise_scale", noise_scale_by_two_equations),
    ("minibatch.noise_scale", noise_scale_in_fractions),
    ("models.hinge", hinge_by_samples),
    ("models.backward", backward_by_sums),
    ("momentum.step", velocity_in_another_order),
    ("momentum.step", position_form),
    ("line.gradient", mean_by_sums),
    ("models.softmax", softmax_by_logarithms),
    ("models.logistic", sigmoid_by_tanh),
    ("gradient.slope", slope_by_angle),
    ("explorer.rate", rate_by_other_eigenvalues),
    ("batch.iterations", steps_by_multiplying),
    ("batch.rate", rate_by_singular_values),
    ("batch.distances", distances_by_products),
    ("batch.chunked", chunks_made_equal),
    ("stochastic.gradients", gradients_by_sum_of_products),
    ("stochastic.rate_for", rate_by_halving),
    ("stochastic.running_means", means_by_sums),
    ("stochastic.averaged", averaged_by_keeping_all),
    ("stochastic.quantile", quantile_by_indicator),
    ("learning_rate.steps", steps_by_logarithm),
    ("learning_rate.steps", steps_by_powers),
    ("learning_rate.along", along_scaled),
    ("learning_rate.along", along_by_a_step_of_its_own),
    ("learning_rate.range_test", bearable_by_index),
    ("learning_rate.range_test", bearable_by_bad_ones),
    ("learning_rate.smallest", smallest_by_length),
    ("learning_rate.smallest", smallest_by_a_quotient),
    ("learning_rate.smallest", smallest_by_moving_further_than_needed),
    ("per_parameter_rates.layers", rates_from_the_output_down),
    ("per_parameter_rates.rate_vector", rates_by_repeat),
    ("per_parameter_rates.range_rates", rates_by_her_units),
    ("per_parameter_rates.scaled_kappa", kappa_of_a_matrix_that_is_not_symmetric),
    ("per_parameter_rates.block_step", blocks_by_spectral_norm),
    ("three_variants.evaluations", evaluations_by_counting),
    ("three_variants.cheapest", cheapest_by_pairs),
    ("three_variants.settled", settled_from_the_end),
    ("three_variants.settled", settled_after_the_last_row_above),
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
