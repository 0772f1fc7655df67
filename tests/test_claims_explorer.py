"""Descending blindfolded: the loop, what it cannot know, and the narrow valley, measured."""

import numpy as np
import pytest
import torch

from gdcourse import descend
from gdcourse.landscapes import DoubleWell, Himmelblau, Quadratic, Saddle
from gdcourse.rules import SGD

VALLEY = Quadratic([1.0, 100.0])
START = np.array([1.0, 0.01])  # (1 / mu, 1 / L)
BEST = 2 / (VALLEY.L + VALLEY.mu)


def walk(oracle, lr, x0, num_steps):
    """Return the points of the chapter's ten lines."""
    x = np.array(x0, dtype=float)
    points = [x]
    for t in range(num_steps):
        g = oracle(x)
        step = lr(t)
        x = x - step * g
        points.append(x)
    return np.array(points)


def lowest_ahead(x):
    """Return the step to the lowest point along the gradient."""
    g = VALLEY.gradient(x)
    return (g @ g) / (g @ VALLEY.gradient(g)) * g


def ratios(values):
    return values[1:] / values[:-1]


@pytest.mark.parametrize(
    "lr", [lambda t: 0.01, lambda t: 0.01 / (1 + t)], ids=["constant", "decay"]
)
@pytest.mark.parametrize("landscape", [Himmelblau(), VALLEY], ids=lambda f: f.title)
def test_ten_lines_and_descend_make_the_same_points_bit_for_bit(landscape, lr):
    x0 = np.array([0.6, -1.2])
    ours = descend(landscape.gradient, x0, SGD(lr=lr), 120)
    np.testing.assert_array_equal(ours.x, walk(landscape.gradient, lr, x0, 120))


def test_distance_shrinks_by_exactly_99_over_101_at_the_best_constant_rate():
    """E-02: with kappa = 100 and the rate 2 / (L + mu) the contraction is 99/101."""
    ratio = ratios(np.linalg.norm(descend(VALLEY.gradient, START, SGD(lr=BEST), 1000).x, axis=-1))
    assert ratio[0] == pytest.approx(0.980198019801980, abs=1e-13)
    assert np.ptp(ratio) < 1e-13


def test_no_constant_rate_contracts_faster_than_the_best():
    """E-02: over a sweep of rates, the worst direction shrinks fastest at 2 / (L + mu)."""
    rates = np.linspace(0, 0.021, 2101)
    corners = descend(VALLEY.gradient, [1.0, 1.0], SGD(lr=rates[:, None]), 1).x[-1]
    factors = np.abs(corners).max(axis=-1)
    assert rates[factors.argmin()] == pytest.approx(BEST, abs=1e-5)
    assert factors.min() >= 99 / 101 - 1e-13


def test_rate_one_over_L_contracts_by_one_less_one_over_kappa():
    """E-02: 1 / L finishes the steep direction at once and then shrinks by 1 - 1 / kappa."""
    x = descend(VALLEY.gradient, START, SGD(lr=1 / VALLEY.L), 500).x
    assert abs(x[1, 1]) < 1e-16
    np.testing.assert_allclose(ratios(np.linalg.norm(x[1:], axis=-1)), 0.99, rtol=0, atol=1e-13)


def test_height_falls_by_exactly_the_same_factor_at_every_step_of_exact_line_search():
    """E-03: from (1 / mu, 1 / L) the height falls by ((kappa - 1) / (kappa + 1))^2 every step."""
    x = descend(lowest_ahead, START, SGD(lr=1.0), 1000).x
    np.testing.assert_allclose(ratios(VALLEY(x)), 0.960788158023723, rtol=0, atol=1e-12)


def test_exact_line_search_finds_the_lowest_point_of_its_line():
    """E-03: the closed form for the step is the minimum along the direction, found by scanning."""
    g, step = VALLEY.gradient(START), lowest_ahead(START)
    scan = START - np.linspace(0, 0.04, 4001)[:, None] * g
    assert VALLEY(START - step) <= VALLEY(scan).min()


def test_exact_line_search_turns_by_a_right_angle_at_every_step():
    """E-03: consecutive steps are orthogonal, and the walk is that of the best constant rate."""
    x = descend(lowest_ahead, START, SGD(lr=1.0), 200).x
    steps = np.diff(x, axis=0)
    lengths = np.linalg.norm(steps, axis=-1)
    cosines = (steps[1:] * steps[:-1]).sum(axis=-1) / (lengths[1:] * lengths[:-1])
    assert np.abs(cosines).max() < 1e-12
    np.testing.assert_allclose(x, descend(VALLEY.gradient, START, SGD(lr=BEST), 200).x, atol=1e-12)


@pytest.mark.parametrize(("kappa", "num_steps"), [(10, 61), (100, 611), (1000, 6104)])
def test_gradient_descent_needs_steps_in_proportion_to_kappa(kappa, num_steps):
    """E-03: over 50 curvatures from 1 to 100 the distance shrinks to 1e-6 in 611 steps."""
    bowl, ones = Quadratic(np.linspace(1, kappa, 50)), np.ones(50)
    goal = 1e-6 * np.linalg.norm(ones)
    run = descend(
        bowl.gradient, ones, SGD(lr=2 / (bowl.L + bowl.mu)), 10_000,
        stop=lambda x: np.linalg.norm(x) <= goal,
    )  # fmt: skip
    assert run.num_steps == num_steps


def test_each_direction_diverges_beyond_two_over_its_curvature():
    curvatures = np.array([1.0, 10.0, 100.0])
    rates = (2 / curvatures[:, None] * [1 - 1e-6, 1 + 1e-6]).ravel()
    start = np.ones(3)
    end = descend(Quadratic(curvatures).gradient, start, SGD(lr=rates[:, None]), 50).x[-1]
    np.testing.assert_array_equal(np.abs(end) > start, rates[:, None] > 2 / curvatures)


def test_divergence_is_recorded_up_to_the_first_row_that_is_not_finite():
    run = descend(VALLEY.gradient, START, SGD(lr=0.021), 8000)
    finite = np.isfinite(run.x).all(axis=-1)
    assert run.num_steps == 8000 and not finite[-1]
    assert finite.sum() - 1 == 7448 and finite[:7449].all()
    np.testing.assert_allclose(run.x[:300, 1], 0.01 * (-1.1) ** np.arange(300), rtol=1e-12)


def test_a_valley_too_steep_for_the_learning_rate_is_reached_from_nowhere():
    himmelblau = Himmelblau()
    axis = np.linspace(-5, 5, 101)
    starts = np.stack(np.meshgrid(axis, axis), axis=-1)
    for lr, reached in [(0.005, 4), (0.0155, 3)]:
        end = descend(himmelblau.gradient, starts, SGD(lr=lr), 600, record=600).x[-1]
        distance = np.linalg.norm(end[..., None, :] - himmelblau.minima, axis=-1)
        valleys = np.unique(distance.argmin(axis=-1)[distance.min(axis=-1) < 1e-3])
        assert len(valleys) == reached
        limits = 2 / np.linalg.eigvalsh(himmelblau.hessian(himmelblau.minima))[:, -1]
        np.testing.assert_array_equal(valleys, np.flatnonzero(lr < limits))


def test_level_ground_does_not_tell_a_saddle_or_a_shallow_valley_from_the_deepest():
    ends = [
        (landscape, descend(landscape.gradient, x0, SGD(lr=0.1), 300, record=300).x[-1])
        for landscape, x0 in [(DoubleWell(), [-2.0]), (DoubleWell(), [2.0]), (Saddle(), [1.0, 0.0])]
    ]
    assert all(np.linalg.norm(landscape.gradient(x)) < 1e-12 for landscape, x in ends)
    deepest, shallow, saddle = ends
    np.testing.assert_allclose([deepest[1], shallow[1]], DoubleWell().minima, atol=1e-9)
    assert deepest[0](deepest[1]) < shallow[0](shallow[1])
    assert np.linalg.eigvalsh(saddle[0].hessian(saddle[1]))[0] < 0


def test_zigzag_needs_a_narrow_valley_and_no_noise():
    crossings = {}
    for across in (25.0, 1.0):
        bowl = Quadratic([1.0, across])
        for noise in (0.0, 0.3):
            rng = np.random.default_rng(1)

            def oracle(x, bowl=bowl, noise=noise, rng=rng):
                return bowl.gradient(x) + noise * rng.normal(size=x.shape)

            x = descend(oracle, [1.0, 0.3], SGD(lr=1.8 / 25), 400).x[:, 1]
            crossings[across, noise] = np.mean(np.sign(x[1:]) != np.sign(x[:-1]))
    assert crossings[25.0, 0.0] == 1 and crossings[1.0, 0.0] == 0
    assert crossings[1.0, 0.3] < 0.2 < crossings[25.0, 0.3] < 1


def test_torch_without_zero_grad_sums_the_gradients_since_the_start():
    x = torch.tensor([0.6, -1.2], dtype=torch.float64, requires_grad=True)
    for _ in range(3):
        ((x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2).backward()
    np.testing.assert_allclose(x.grad, 3 * Himmelblau().gradient([0.6, -1.2]), rtol=1e-12)
