"""Which way is down: what the chapter claims about the gradient, measured."""

import numpy as np
import pytest

from gdcourse.landscapes import Beale, Himmelblau, NarrowValley, Quadratic, Rosenbrock
from gdcourse.rules import SGD

BOWL = Quadratic([1, 4])
START = np.array([3.0, 1.0])
G = np.array([3.0, 4.0])

ANGLES = np.linspace(0, 2 * np.pi, 3600, endpoint=False)
CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=-1)

# Each ball with its extreme points (for round ones, its boundary), and the steepest slope on it.
P = np.diag([1.0, 4.0])
BALLS = {
    "l2": (lambda v: np.linalg.norm(v, axis=-1), CIRCLE, 5.0),
    "l1": (lambda v: np.abs(v).sum(axis=-1), np.vstack([np.eye(2), -np.eye(2)]), 4.0),
    "l-infinity": (
        lambda v: np.abs(v).max(axis=-1),
        np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]),
        7.0,
    ),
    "P": (
        lambda v: np.sqrt(((v @ P) * v).sum(axis=-1)),
        CIRCLE / np.sqrt(np.diag(P)),
        np.sqrt(G @ np.linalg.solve(P, G)),
    ),
}


def one_sided(f, x, u, h=1e-7):
    """Return the slope of f at x along u, from one side."""
    return (f(x + h * u) - f(x)) / h


def one_step(f, x, lr):
    return f(SGD.step(x, f.gradient(x), lr=lr))


def ceiling(f, x, lr):
    """Return what the descent lemma promises, f(x) - lr (1 - L lr / 2) |g|^2."""
    return f(x) - (lr * (1 - f.L * lr / 2) * f.gradient(x) ** 2).sum(axis=-1)


def test_gradient_of_the_bowl_where_the_chapter_stands_is_3_4():
    assert np.array_equal(BOWL.gradient(START), G)


def test_slopes_are_extreme_along_the_gradient_and_against_it():
    """E-01: of 3600 slopes the largest is 5 at the angle of (3, 4), the least -5 opposite."""
    slopes = CIRCLE @ G
    assert slopes.max() == pytest.approx(5, abs=5e-6)
    assert slopes.max() <= 5 and slopes.min() >= -5
    assert slopes.min() == pytest.approx(-5, abs=5e-6)
    assert np.arctan2(4, 3) == pytest.approx(0.927295, abs=5e-7)
    half_a_grid_step = np.pi / 3600
    assert abs(ANGLES[slopes.argmax()] - np.arctan2(4, 3)) <= half_a_grid_step
    assert abs(ANGLES[slopes.argmin()] - np.arctan2(4, 3) - np.pi) <= half_a_grid_step


def test_measured_slope_is_the_dot_product_with_the_gradient():
    """E-01: D_u f = g . u in all 3600 directions, measured from f alone."""
    assert one_sided(BOWL, START, CIRCLE) == pytest.approx(CIRCLE @ BOWL.gradient(START), abs=1e-6)


@pytest.mark.parametrize("name", BALLS)
def test_steepest_slope_of_a_norm_is_the_dual_norm(name):
    """E-01: g falls by 5 on the l2 ball, 4 on l1, 7 on l-infinity, sqrt(g P^-1 g) on P's."""
    norm, extreme, steepest = BALLS[name]
    assert norm(extreme) == pytest.approx(1, abs=1e-12)
    assert -(extreme @ G).min() == pytest.approx(steepest, rel=1e-6)


@pytest.mark.parametrize("name", BALLS)
def test_no_random_direction_is_steeper_than_the_dual_norm(name):
    """E-01: 100,000 random directions of length 1 approach the dual norm, never exceed it."""
    norm, _, steepest = BALLS[name]
    v = np.random.default_rng(0).normal(size=(100_000, 2))
    slopes = v / norm(v)[:, None] @ G
    assert -slopes.min() <= steepest * (1 + 1e-12)
    assert -slopes.min() >= steepest * (1 - 1e-3)


def test_steepest_directions_are_one_coordinate_the_sign_and_newtons():
    """E-01: l1 moves the coordinate of largest |g_i|, l-infinity by the sign, P by -P^-1 g."""
    best = {name: extreme[(extreme @ G).argmin()] for name, (_, extreme, _) in BALLS.items()}
    assert np.array_equal(best["l1"], [0, -1])
    assert np.array_equal(best["l-infinity"], -np.sign(G))
    newton = -np.linalg.solve(P, G)
    assert best["P"] == pytest.approx(newton / BALLS["P"][0](newton), abs=1e-3)
    assert START + newton == pytest.approx(BOWL.minima[0], abs=1e-15)


@pytest.mark.parametrize("bowl", [BOWL, NarrowValley(), Quadratic(np.linspace(0.5, 9, 20))])
def test_descent_lemma_holds_at_random_points_and_rates(bowl):
    """E-01: f(x - lr g) <= f(x) - lr (1 - L lr / 2) |g|^2, for rates below and above 2/L."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, bowl.n))
    lr = rng.uniform(0, 4 / bowl.L, size=(1000, 1))
    slack = ceiling(bowl, x, lr) - one_step(bowl, x, lr)
    assert slack.min() > -1e-12 * bowl(x).max()
    assert slack.max() > 0.1


@pytest.mark.parametrize("bowl", [BOWL, NarrowValley(), Quadratic(np.linspace(0.5, 9, 20))])
def test_descent_lemma_is_an_equality_along_the_steepest_eigenvector(bowl):
    """E-01: no slack, to 1e-12, where the gradient is an eigenvector of the largest curvature L."""
    _, Q = np.linalg.eigh(bowl.hessian(np.zeros(bowl.n)))
    lr = np.linspace(0, 2.5 / bowl.L, 50)[:, None]
    steepest, flattest = Q[:, -1], Q[:, 0]
    assert one_step(bowl, steepest, lr) == pytest.approx(
        ceiling(bowl, steepest, lr), rel=1e-12, abs=1e-12
    )
    assert one_step(bowl, flattest, lr)[-1] < 0.9 * ceiling(bowl, flattest, lr)[-1]


def test_step_of_twice_the_inverse_curvature_is_the_first_that_fails():
    """E-01: below 2/L every start goes down; above it the L-eigenvector's goes up, others later."""
    limit = 2 / BOWL.L
    assert (one_step(BOWL, CIRCLE, 0.999 * limit) < BOWL(CIRCLE)).all()
    worst = np.array([0.0, 1.0])
    assert one_step(BOWL, worst, limit) == BOWL(worst)
    assert one_step(BOWL, worst, 1.001 * limit) > BOWL(worst)
    own_limit = 2 * (G @ G) / (G @ P @ G)
    assert own_limit == pytest.approx(50 / 73)
    assert (
        one_step(BOWL, START, 0.999 * own_limit)
        < BOWL(START)
        < one_step(BOWL, START, 1.001 * own_limit)
    )


def test_steepest_direction_is_not_the_best_one_for_a_finite_step():
    """E-01, misconception 36: the lowest point within reach turns away from -g."""
    turns = []
    for reach in (0.01, 1.0, 3.0):
        best = CIRCLE[BOWL(START + reach * CIRCLE).argmin()]
        turns.append(np.rad2deg(np.arccos(-best @ G / 5)))
    assert turns[0] < 0.3
    assert turns[0] < turns[1] < turns[2]
    assert one_step(BOWL, START, 1.0) > BOWL(START)
    assert one_step(Rosenbrock(), np.array([-1.2, 1.0]), 0.002) > Rosenbrock()([-1.2, 1.0])


@pytest.mark.parametrize("f", [BOWL, Rosenbrock(), Beale(), Himmelblau()])
def test_turning_around_flips_the_sign_of_a_slope_where_the_function_is_smooth(f):
    """E-01, misconception 37: D_-u f = -D_u f, along axes and in any other direction."""
    x = np.array([0.3, -0.4])
    u = np.vstack([np.eye(2), CIRCLE[::100]])
    ahead, behind = one_sided(f, x, u), one_sided(f, x, -u)
    scale = np.linalg.norm(f.gradient(x))
    assert ahead + behind == pytest.approx(0, abs=1e-5 * scale)
    assert ahead[:2] == pytest.approx(f.gradient(x), abs=1e-5 * scale)


@pytest.mark.parametrize(
    ("kink", "z", "right", "left"),
    [
        (np.abs, 0.0, 1, 1),
        (lambda z: np.maximum(z, 0), 0.0, 1, 0),
        (lambda z: np.maximum(1 - z, 0), 1.0, 0, 1),
    ],
    ids=["absolute value", "ReLU", "hinge"],
)
def test_one_sided_derivatives_differ_at_a_kink(kink, z, right, left):
    """E-01, misconception 37: at a kink the two sides do not add up to zero."""
    assert one_sided(kink, z, 1.0) == pytest.approx(right, abs=1e-6)
    assert one_sided(kink, z, -1.0) == pytest.approx(left, abs=1e-6)
    assert right + left > 0
