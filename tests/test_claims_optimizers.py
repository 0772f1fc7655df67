"""What the chapters on optimizers and schedules claim, each under its id."""

from math import exp, lgamma, pi, sqrt

import numpy as np
import pytest
import torch

from gdcourse import descend
from gdcourse.landscapes import Quadratic
from gdcourse.oracles import SAM
from gdcourse.range_test import ramped, restarted
from gdcourse.readouts import SWA, PolyakRuppert
from gdcourse.rules import (
    LAMB,
    LARS,
    NAG,
    SGD,
    SWATS,
    AdaBound,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    AdaMax,
    AdamW,
    AMSGrad,
    Lion,
    Lookahead,
    Momentum,
    NAdam,
    RAdam,
    RMSprop,
    ScheduleFree,
    Shampoo,
)
from gdcourse.rules.matrix import newton_schulz
from gdcourse.schedules import Cyclical, OneCycle, Transformer, WarmRestarts

KAPPA = 100.0
NONE = 1e-300  # an eps that keeps 0/0 away and changes nothing else


def steps(rule, gradients, x0=0.0):
    """Return the points of one coordinate for given gradients."""
    x = np.array([float(x0)])
    state, path = rule.init(x), [x[0]]
    for t, g in enumerate(gradients):
        rule(x, np.array([float(g)]), state, t)
        path.append(x[0])
    return np.array(path)


def linear_map(rule, curvature, name):
    """Return the matrix by which one update multiplies a point and a state on a parabola."""
    columns = []
    for point, memory in ((1.0, 0.0), (0.0, 1.0)):
        x, state = np.array([point]), {name: np.array([memory])}
        rule(x, curvature * x, state, 5)
        columns.append([x[0], state[name][0]])
    return np.array(columns).T


def radius(matrix):
    return np.abs(np.linalg.eigvals(matrix)).max()


def worst_radius(rule, name):
    return max(radius(linear_map(rule, curvature, name)) for curvature in (1.0, KAPPA))


HEAVY_BALL = 4 / (sqrt(KAPPA) + 1) ** 2, ((sqrt(KAPPA) - 1) / (sqrt(KAPPA) + 1)) ** 2


def test_best_heavy_ball_contracts_by_nine_elevenths():
    """E-12: the optimal rate and momentum for a condition number of 100."""
    assert pytest.approx((0.03305785123966942, 0.6694214876033059), rel=1e-12) == HEAVY_BALL
    assert worst_radius(Momentum(*HEAVY_BALL), "v") == pytest.approx(9 / 11, abs=1e-6)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(
    ("make", "name", "limit"),
    [
        (Momentum, "v", lambda b: 2 + 2 * b),
        (NAG, "ahead", lambda b: (2 + 2 * b) / (1 + 2 * b)),
    ],
    ids=["Momentum", "NAG"],
)
def test_rates_are_stable_up_to_the_limit_and_no_further(make, name, limit, momentum):
    """E-12, E-14: lr times curvature below 2 + 2 beta, or (2 + 2 beta) / (1 + 2 beta)."""
    below, above = (make(limit(momentum) + shift, momentum) for shift in (-1e-3, 1e-3))
    assert radius(linear_map(below, 1.0, name)) < 1 < radius(linear_map(above, 1.0, name))
    if momentum == 0.9:
        assert limit(0.9) == pytest.approx({"v": 3.8, "ahead": 1.357142857}[name])


@pytest.mark.parametrize(
    ("momentum", "variance"), [(0.0, 0.0526316), (0.5, 0.1034483), (0.9, 0.5135135)]
)
def test_momentum_raises_the_noise_floor(momentum, variance):
    """E-13: the stationary variance at equal rates, from the exact recursion of covariances."""
    rule = Momentum(0.1, momentum)
    A = linear_map(rule, 1.0, "v")
    noise = np.array([-0.1, 1.0])  # a unit of noise in the gradient goes to v, and to x by -lr
    covariance = np.linalg.solve(np.eye(4) - np.kron(A, A), np.outer(noise, noise).ravel())
    formula = 0.1 * (1 + momentum) / ((1 - momentum) * (2 * (1 + momentum) - 0.1))
    assert covariance[0] == pytest.approx(formula, rel=1e-10)
    assert covariance[0] == pytest.approx(variance, rel=1e-6)


@pytest.mark.parametrize(
    ("start", "momentum", "end"),
    [
        (2.0, 0.0, 0.94564927),
        (2.0, 0.9, -1.04668053),
        (-2.0, 0.0, -1.04668053),
        (-2.0, 0.9, 0.94564927),
        (-2.0, 0.95, -1.04668053),
    ],
)
def test_momentum_leaves_a_minimum_be_it_the_better_or_the_worse(start, momentum, end):
    """E-13: a double well whose global minimum is at -1.0467."""
    oracle = lambda x: x**3 - x + 0.1  # noqa: E731
    assert descend(oracle, [start], Momentum(0.05, momentum), 3000).x[-1, 0] == pytest.approx(end)


def test_nag_is_slower_than_the_heavy_ball_on_quadratics():
    """E-14: contraction of the standard and of the best-tuned form at condition number 100."""
    standard = NAG(1 / KAPPA, (sqrt(KAPPA) - 1) / (sqrt(KAPPA) + 1))
    assert worst_radius(standard, "ahead") == pytest.approx(0.9, abs=1e-6)
    root = sqrt(3 * KAPPA + 1)
    tuned = NAG(4 / (3 * KAPPA + 1), (root - 2) / (root + 2))
    assert (tuned.lr, tuned.momentum) == pytest.approx((0.013289036544850499, 0.7932747262909431))
    assert worst_radius(tuned, "ahead") == pytest.approx(0.884721916459153, abs=1e-6)
    assert 9 / 11 < 0.8847


def test_nag_is_the_textbook_form_and_torch_reports_another_point():
    """E-14: two forms of the method's own point, and the look-ahead point that torch stores."""
    f = Quadratic([1.0, 10.0])
    own, velocity, path = np.ones(2), np.zeros(2), [np.ones(2)]
    for _ in range(50):
        velocity = 0.9 * velocity - 0.05 * f.gradient(own + 0.9 * velocity)
        own = own + velocity
        path.append(own)
    trace = descend(f.gradient, [1.0, 1.0], NAG(0.05), 50)
    np.testing.assert_allclose(trace.x, path, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(trace.x[5], [0.450443604969, -0.101753125], rtol=1e-11)

    theta = torch.ones(2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([theta], lr=0.05, momentum=0.9, nesterov=True)
    for _ in range(5):
        theta.grad = torch.tensor(f.gradient(theta.detach().numpy()))
        optimizer.step()
    np.testing.assert_allclose(theta.detach(), [0.315942305066, -0.0111371875], rtol=1e-11)
    five = descend(f.gradient, [1.0, 1.0], NAG(0.05), 5)
    np.testing.assert_allclose(five.point, theta.detach(), rtol=1e-12)


@pytest.mark.parametrize(
    ("k", "nag", "gd", "lower", "upper"),
    [
        (50, 0.0038177124, 0.0127918913, 0.0012075272, 0.0257605798),
        (100, 0.0019773813, 0.0093237193, 0.0006142243, 0.0131034523),
    ],
)
def test_worst_function_keeps_nag_between_nesterovs_bounds(k, nag, gd, lower, upper):
    """E-15: Nesterov's tridiagonal quadratic, with his sequence of momenta."""
    n = 2 * k + 1
    A = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    f = lambda x: 0.25 * (x @ A @ x / 2 - x[0])  # noqa: E731
    oracle = lambda x: 0.25 * (A @ x - np.eye(n)[0])  # noqa: E731
    best = np.linalg.solve(A, np.eye(n)[0])
    weights = [1.0]
    for _ in range(k):
        weights.append((1 + sqrt(1 + 4 * weights[-1] ** 2)) / 2)
    rule = NAG(1.0, lambda t: (weights[t] - 1) / weights[t + 1])
    gap = f(descend(oracle, np.zeros(n), rule, k).x[-1]) - f(best)
    gap_gd = f(descend(oracle, np.zeros(n), SGD(1.0), k).x[-1]) - f(best)
    bounds = 3 * best @ best / (32 * (k + 1) ** 2), 2 * best @ best / (k + 1) ** 2
    assert (gap, gap_gd, *bounds) == pytest.approx((nag, gd, lower, upper), abs=5e-11)
    assert bounds[0] <= gap <= bounds[1] and gap < gap_gd


def test_heavy_ball_cycles_for_ever_where_nag_converges():
    """E-16: the counter-example of Lessard, Recht and Packard, of condition number 25."""
    oracle = lambda x: np.where(x < 1, 25 * x, np.where(x < 2, x + 24, 25 * x - 24))  # noqa: E731
    starts = np.array([[1.0], [3.07], [3.3], [3.46], [5.0]])
    trace = descend(oracle, starts, Momentum(1 / 9, 4 / 9), 3000)
    cycle = np.array([-2208, 792, 2592]) / 1225
    for run in range(4):
        np.testing.assert_allclose(np.sort(trace.x[-3:, run, 0]), cycle, rtol=1e-9)
    assert abs(trace.x[-1, 4, 0]) < 1e-12
    assert abs(descend(oracle, [3.3], NAG(1 / 25, 2 / 3), 3000).x[-1, 0]) < 1e-12


def test_adagrad_sums_inverse_roots_and_does_not_see_the_scale_of_the_loss():
    """E-17: a constant gradient; gradients times a power of two; no limit of the distance."""
    path = steps(Adagrad(1.0, eps=0.0), np.ones(100))
    assert path[-1] == pytest.approx(-18.589603824784, rel=1e-12)
    np.testing.assert_allclose(-np.diff(path), 1 / np.sqrt(np.arange(1, 101)), rtol=1e-12)
    g = np.random.default_rng(0).normal(size=100)
    assert np.array_equal(steps(Adagrad(0.1, 0.0), g), steps(Adagrad(0.1, 0.0), 1024 * g))


def online_loss(rule, X, y, runs):
    """Return the sum of hinge losses, each before the update that follows it."""
    x, total = np.zeros((runs, X.shape[1])), np.zeros(runs)
    state = rule.init(x)
    for t in range(len(X)):
        margin = y[t] * (x @ X[t])
        total += np.maximum(0, 1 - margin)
        rule(x, np.where(margin < 1, -y[t], 0.0)[:, None] * X[t], state, t)
    return total


def test_adagrad_wins_where_most_features_are_rare():
    """E-18: power-law features, every method at its best rate; and the toy where tuning ties."""
    rng = np.random.default_rng(0)
    d, T = 300, 5000
    present = rng.random((T, d)) < np.minimum(1, 3 * np.arange(1.0, d + 1) ** -1.2)
    X = present * rng.choice([-1.0, 1.0], (T, d))
    y = np.where(X @ rng.normal(size=d) > 0, 1.0, -1.0)
    rates = np.geomspace(0.01, 10, 13)[:, None]
    adagrad, constant, root = (
        online_loss(rule, X, y, 13)
        for rule in (Adagrad(rates), SGD(rates), SGD(lambda t: rates / np.sqrt(t + 1)))
    )
    for losses in (adagrad, constant, root):
        assert 0 < losses.argmin() < 12  # the best rate is inside the grid
    assert adagrad.min() < 0.9 * min(constant.min(), root.min())

    toy, ones = np.tile(np.eye(100), (40, 1)), np.ones(4000)
    assert online_loss(Adagrad(1.0, NONE), toy, ones, 1)[0] == pytest.approx(100)
    decayed = SGD(lambda t: 1 / np.sqrt(t + 1))
    assert online_loss(decayed, toy, ones, 1)[0] == pytest.approx(971.4, abs=0.05)


def test_eps_is_a_hidden_rate_of_adadelta():
    """E-19: the first step, and how slowly steps grow under a constant gradient."""
    path = steps(Adadelta(), np.ones(1000))
    lengths = np.diff(path)
    assert lengths[0] == pytest.approx(-0.004472091234310839, rel=1e-12)
    assert lengths[[9, 99, 999]] == pytest.approx([-0.00470281, -0.00524063, -0.00851279], abs=5e-9)
    assert path[-1] == pytest.approx(-6.804533631, abs=5e-10)
    assert lengths[0] == pytest.approx(-sqrt(1e-6 / 0.05), rel=1e-4)


def test_first_step_of_rmsprop_is_three_rates_long_and_later_ones_are_one():
    """E-20: no bias correction."""
    lengths = -np.diff(steps(RMSprop(1.0, 0.9, NONE), np.ones(300)))
    assert lengths[0] == pytest.approx(3.16227766, rel=1e-9) == 1 / sqrt(0.1)
    assert lengths[-1] == pytest.approx(1.0, rel=1e-12)


def test_bias_correction_makes_the_steps_of_adam_one_rate_long():
    """E-21: with it, exactly; without it, up to 6.57 rates at the twelfth step."""
    for size in (1e-6, 1.0, 1e6):
        assert np.diff(steps(Adam(0.1, eps=0.0), size * np.ones(50))) == pytest.approx(-0.1)
    # AMSGrad has no correction, and where v grows its maximum is v.
    lengths = -np.diff(steps(AMSGrad(1.0, eps=0.0), np.ones(100)))
    assert lengths[0] == pytest.approx(sqrt(10), rel=1e-12)
    assert lengths.argmax() + 1 == 12
    assert lengths.max() == pytest.approx(6.568520252469, abs=5e-13)
    assert lengths.sum() - 100 == pytest.approx(365.67, abs=5e-3)


def test_adam_steps_at_most_three_rates_and_does_not_see_scales():
    """E-22: the bound is met by one late gradient; rescaled coordinates move alike."""
    late = np.zeros(20_001)
    late[-1] = 7.0
    last = -np.diff(steps(Adam(1.0, eps=NONE), late))[-1]
    assert last == pytest.approx(0.1 / sqrt(0.001), rel=1e-6)
    g = np.random.default_rng(0).normal(size=(200, 1)) * np.ones(4)
    scales = 2.0 ** np.array([-20, 0, 3, 40])
    trace, state = np.zeros(4), Adam(0.1, eps=0.0).init(np.zeros(4))
    for t in range(200):
        Adam(0.1, eps=0.0)(trace, scales * g[t], state, t)
    assert (trace == trace[0]).all()


def wilson(labels):
    """Return the data of Wilson et al.: the label, two ones, and a block of its own a sample."""
    X = np.zeros((len(labels), 3 + 5 * len(labels)))
    X[:, 0], X[:, 1:3] = labels, 1
    for i, label in enumerate(labels):
        X[i, 3 + 5 * i : 4 + 5 * i if label > 0 else 8 + 5 * i] = 1
    return X


def test_adaptive_methods_find_a_solution_that_does_not_generalize():
    """E-23: least squares with many solutions; Adam's gets every negative wrong, SGD's none."""
    y = np.repeat([1.0, -1.0], [12, 8])
    X = wilson(y)
    signs = np.sign(X.T @ y)
    assert np.array_equal(X @ signs, 4 * y)
    oracle = lambda w: X.T @ (X @ w - y)  # noqa: E731
    settle = lambda t: 0.01 * 0.999**t  # noqa: E731
    fresh = np.array([[1.0, 1, 1], [-1.0, 1, 1]])  # blocks of their own have no weight yet
    adaptive = (Adagrad(0.1, NONE), RMSprop(settle, eps=NONE), Adam(settle, eps=NONE))
    for rule, num_steps in zip(adaptive, (1000, 8000, 8000), strict=True):
        w = descend(oracle, np.zeros(X.shape[1]), rule, num_steps).x[-1]
        np.testing.assert_allclose(w, signs / 4, atol=5e-16)
        np.testing.assert_allclose(fresh @ w[:3], [0.75, 0.25], atol=2e-15)  # the second is wrong
    dual = 15 * 12 + 3 * 8 + 8 * 12 * 8 + 5
    scores = [1 - (4 * 8 + 5) / dual, -1 + 5 * (4 * 12 + 1) / dual]
    for rule in (SGD(0.02), Momentum(0.01)):
        w = descend(oracle, np.zeros(X.shape[1]), rule, 2000).x[-1]
        np.testing.assert_allclose(w, np.linalg.pinv(X) @ y, atol=1e-14)
        np.testing.assert_allclose(fresh @ w[:3], scores, rtol=1e-12)
    assert scores == pytest.approx([0.962128966, -0.749232344], abs=5e-10)


def test_swats_switches_at_once_on_a_line():
    """E-24: f = 4x, where two estimates of the rate agree at the second step."""
    rule, x = SWATS(0.001, eps=NONE), np.zeros(1)
    state = rule.init(x)
    rule(x, np.array([4.0]), state, 0)
    assert state["rate"] == 0
    rule(x, np.array([4.0]), state, 1)
    assert state["rate"][0] == pytest.approx(2.5e-4, rel=1e-12)
    before = x.copy()
    rule(x, np.array([4.0]), state, 2)
    assert before - x == pytest.approx(0.1 * 2.5e-4 * 4, rel=1e-12)


def rho(t, beta2=0.999):
    return 2 / (1 - beta2) - 1 - 2 * t * beta2**t / (1 - beta2**t)


def test_radam_adapts_from_the_fifth_step_on():
    """E-25: lengths of the average, rectifications, the variance they stand for."""
    table = [1, 1.99949975, 2.998666, 3.99749875, 4.995998, 5.994163752]
    assert [rho(t) for t in range(1, 7)] == pytest.approx(table, abs=5e-7)
    assert rho(10**6) == pytest.approx(1999)

    lengths = -np.diff(steps(RAdam(1.0, eps=0.0), np.ones(5000)))
    assert lengths[:4] == pytest.approx(1.0)
    r = {
        5: 0.0173115,
        6: 0.0258211,
        10: 0.0489980,
        100: 0.2153354,
        1000: 0.6453257,
        5000: 0.9828776,
    }
    assert lengths[np.array(list(r)) - 1] == pytest.approx(list(r.values()), abs=5e-8)
    for beta2, threshold, first in [(0.9, 4, 5), (0.99, 4, 5), (0.9999, 4, 5), (0.999, 5, 6)]:
        rule = RAdam(1.0, beta2=beta2, eps=0.0, threshold=threshold)
        plain = np.isclose(-np.diff(steps(rule, np.ones(20))), 1.0)
        assert plain.argmin() + 1 == first
    assert -np.diff(steps(RAdam(1.0, beta2=0.6), np.ones(500))) == pytest.approx(1.0)


@pytest.mark.parametrize(("nu", "variance"), [(5, 0.25195606), (10, 0.07554596), (50, 0.01079360)])
def test_variance_that_radam_rectifies(nu, variance):
    """E-25: of the inverse root of a mean of squares; the first-order form is bad for few."""
    beta = exp(2 * lgamma((nu - 1) / 2) - lgamma(nu - 1))
    exact = nu / (nu - 2) - nu * 2 ** (2 * nu - 5) / pi * beta**2
    assert exact == pytest.approx(variance, abs=5e-9)
    if nu == 10:
        squares = np.random.default_rng(0).chisquare(nu, 400_000) / nu
        assert (1 / np.sqrt(squares)).var() == pytest.approx(exact, rel=0.02)
    if nu == 5:
        assert nu / (2 * (nu - 2) * (nu - 4)) > 3 * exact


def projected(rule, gradients, x0):
    """Return the points in [-1, 1] under online gradients, the first before any update."""
    x = np.array(x0, dtype=float)
    state, path = rule.init(x), np.empty((len(gradients) + 1, *x.shape))
    path[0] = x
    for t, g in enumerate(gradients):
        rule(x, g, state, t)
        np.clip(x, -1, 1, out=x)
        path[t + 1] = x
    return path


def test_adam_walks_away_from_the_best_point_and_amsgrad_does_not():
    """E-26: Reddi, Kale and Kumar's cycle of one large and two small gradients."""
    C = np.array([[3.0], [4.0], [10.0]])
    beta2, lr = 1 / (1 + C**2), lambda t: 0.1 / sqrt(t + 1)
    gradients = np.where(np.arange(3000)[:, None, None] % 3 == 0, C, -1.0)
    # With beta1 = 0 and no bias correction, Adam is RMSprop.
    adam = projected(RMSprop(lr, beta2, 0.0), gradients, np.ones((3, 1)))
    assert (adam[::3] == 1).all()
    first = [0.894591, 0.948665, 1, 0.947640, 0.981733, 1]
    assert adam[1:7, 0, 0] == pytest.approx(first, abs=5e-7)
    regret = ((adam[:-1] + 1) * gradients).mean(axis=0)
    np.testing.assert_allclose(regret, (2 * C - 4) / 3, atol=2e-3)
    amsgrad = projected(
        AMSGrad(lr, 0.0, beta2, 0.0), np.tile(gradients, (10, 1, 1)), np.ones((3, 1))
    )
    assert amsgrad[3000, [0, 2], 0] == pytest.approx([-0.31570, -0.99963], abs=5e-6)
    assert amsgrad[30_000, 0, 0] == pytest.approx(-0.99960, abs=5e-6)


def test_adam_ends_at_the_worst_point_online_and_amsgrad_near_the_best():
    """E-27: 1010 x once in 101 rounds, else -10 x, at two kinds of rates."""
    gradients = np.where(np.arange(101_000) % 101 == 0, 1010.0, -10.0)[:, None, None]
    lr = lambda t: np.array([[0.5 / sqrt(t + 1)], [0.01]])  # noqa: E731
    gradients = gradients * np.ones((2, 1))
    amsgrad = projected(AMSGrad(lr, beta2=0.99, eps=0.0), gradients, np.zeros((2, 1)))
    assert amsgrad[-1, :, 0] == pytest.approx([-0.9784481717, -0.7973880850], abs=5e-10)
    adam = projected(Adam(lr, beta2=0.99, eps=NONE), gradients[:20_200], np.zeros((2, 1)))
    assert (adam[-1] == 1.0).all()


def test_adam_stays_at_the_worst_point_under_rare_large_gradients_and_amsgrad_leaves_it():
    """E-28: 1010 x with probability 0.01, else -10 x, so that the best point is -1; 400 seeds.

    Both first run to +1. AMSGrad then drifts back, slowly and noisily: single seeds say little.
    """
    draws = np.random.default_rng(0).random((20_000, 400, 1))
    gradients = np.where(draws < 0.01, 1010.0, -10.0)
    adam = projected(Adam(0.01, beta2=0.99, eps=NONE), gradients, np.zeros((400, 1)))[::5000]
    amsgrad = projected(AMSGrad(0.01, beta2=0.99, eps=0.0), gradients, np.zeros((400, 1)))[::5000]
    error = amsgrad[-1].std() / 20  # of a mean over 400 seeds
    assert (adam[1:].mean(axis=(1, 2)) > 0.85).all() and (adam[-1] > 0).all()
    assert (np.diff(amsgrad.mean(axis=(1, 2))[1:]) < -2 * error).all()
    assert amsgrad[-1].mean() < 0.3 and (amsgrad[-1] < 0).mean() > 0.25


def test_band_of_adabound_closes_on_the_final_rate():
    """E-29: its bounds, by rates that are too small and too large; its two limits."""
    for t, lower, upper in [(1, 9.990009990e-05, 100.1), (1000, 0.05, 0.2), (10**4, 1 / 11, 0.11)]:
        for lr, bound in [(0.0, lower), (1e9, upper)]:
            rule, x = AdaBound(lr, beta1=0.0, root_decay=False), np.zeros(1)
            rule(x, np.ones(1), rule.init(x), t - 1)
            assert -x[0] == pytest.approx(bound, rel=1e-9)
    g = np.random.default_rng(0).normal(size=200)
    code = {"bias_correction": True, "root_decay": False}
    wide = steps(AdaBound(0.1, eps=NONE, gamma=1e-15, **code), g)
    np.testing.assert_allclose(wide, steps(Adam(0.1, eps=NONE), g), rtol=1e-10)
    narrow = steps(AdaBound(0.1, final_lr=0.5, gamma=1e15, **code), g)
    np.testing.assert_allclose(narrow, steps(Momentum(0.5 * 0.1, 0.9), g), rtol=1e-10)


def test_cyclical_rates_and_why_large_ones_can_help():
    """E-30: Smith's triangle; Chebyshev's cycle, most of whose steps alone would diverge."""
    values = Cyclical(0.001, 0.006, 2000)(np.arange(0, 5001, 1000))
    assert values == pytest.approx([0.001, 0.0035, 0.006, 0.0035, 0.001, 0.0035])
    K, low, high = 16, 1.0, KAPPA
    angles = (2 * np.arange(1, K + 1) - 1) * pi / (2 * K)
    rates = 2 / ((high + low) + (high - low) * np.cos(angles))
    curvatures = np.linspace(low, high, 20_001)
    oracle = lambda x: curvatures * x  # noqa: E731
    cycle = descend(oracle, np.ones_like(curvatures), SGD(lambda t: rates[t]), K)
    assert np.abs(cycle.x[-1]).max() == pytest.approx(0.0805233, abs=5e-8)
    constant = descend(oracle, np.ones_like(curvatures), SGD(2 / (high + low)), K)
    assert np.abs(constant.x[-1]).max() == pytest.approx(0.7261413, abs=5e-8)
    assert (rates > 2 / high).sum() == 8 and rates.max() == pytest.approx(0.80752, abs=5e-6)


def test_ramped_range_test_flatters_where_there_is_no_noise():
    """E-31: the bearable rate is 0.2; a ramp says 0.776, restarts 0.203, a noisy ramp near it."""
    f = Quadratic([1.0, 10.0])
    start = np.ones(2)
    rates = 0.001 * 1.02 ** np.arange(400)
    losses = ramped(f.gradient, f, start, rates)
    first_rise = np.argmax(np.diff(losses, prepend=f(start)) > 0)
    assert rates[first_rise] == pytest.approx(0.776, abs=5e-4)
    grid = np.geomspace(0.001, 1, 400)
    bad = restarted(f.gradient, f, start, grid, 50) > f(start)
    assert grid[bad.argmax()] == pytest.approx(0.2034, abs=5e-5)
    rng = np.random.default_rng(0)
    noisy = ramped(lambda x: f.gradient(x) + 0.1 * rng.normal(size=2), f, start, rates)
    floor = noisy[150:230].max()
    assert 0.19 < rates[np.argmax((noisy > 10 * floor) & (rates > 0.1))] < 0.25


def test_restarts_come_at_powers_of_two():
    """E-32: where the rate jumps up, and its fall between restarts."""
    for period, restarts in [(1, [1, 3, 7, 15, 31, 63, 127, 255]), (10, [10, 30, 70, 150, 310])]:
        values = WarmRestarts(1.0, period, 2)(np.arange(restarts[-1] + 1))
        assert (values[restarts] == 1).all() and (values == 1).sum() == len(restarts) + 1
    factors = WarmRestarts(1.0, 4)(np.arange(4))
    assert factors == pytest.approx([1, 0.8535534, 0.5, 0.1464466], abs=5e-8)


def test_one_cycle_rises_falls_and_ends_far_below_its_start():
    """E-33: its shape, and the momentum that goes the other way."""
    cycle = OneCycle(1.0, 100, 0.45, shape="linear", three_phases=True)
    values, momentum = cycle(np.arange(100)), cycle.momentum()(np.arange(100))
    assert values.argmax() == momentum.argmin() == 44
    np.testing.assert_allclose(values[:45], values[44:89][::-1], rtol=1e-12)  # symmetric
    assert values[-1] <= values[0] / 100
    assert (np.diff(values[:89]) * np.diff(momentum[:89]) < 0).all()
    assert (momentum[0], momentum[44], momentum[-1]) == pytest.approx((0.95, 0.85, 0.95))


def test_transformer_schedule_peaks_at_the_end_of_its_warm_up():
    """E-34: the peak for a width of 512 and 4000 steps; the linear scaling of rates."""
    values = Transformer(512, 4000)(np.arange(20_000))
    assert values.argmax() == 3999
    assert values.max() == pytest.approx(0.0006987712429686843, rel=1e-12)
    # k steps on a line are one step of k times the rate; on a parabola but to first order.
    assert steps(SGD(0.1), 4 * [3.0])[-1] == pytest.approx(steps(SGD(0.4), [3.0])[-1], rel=1e-14)
    gaps = [abs((1 - lr) ** 4 - (1 - 4 * lr)) for lr in (0.01, 0.005)]
    assert gaps[0] / gaps[1] == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize(
    ("lr", "k", "alpha", "ratio"),
    [
        (0.1, 5, 0.5, 0.4429729647),
        (0.1, 10, 0.8, 0.7295365223),
        (0.5, 5, 0.5, 0.3402061856),
        (0.5, 10, 0.5, 0.6668835394),
        (1.0, 5, 0.5, 1 / 3),
        (1.0, 5, 0.8, 2 / 3),
    ],
)
def test_lookahead_lowers_the_noise_floor(lr, k, alpha, ratio):
    """E-35: the stationary variance on a noisy parabola, from the exact recursion."""
    alpha = 0.8 if ratio == 0.6668835394 else alpha
    rule = Lookahead(SGD(lr), k, alpha)
    # Rows: the slow weights alone are 1, then one unit of noise at each inner step.
    x = np.eye(k + 1)[:, :1].copy()
    state = rule.init(x)
    for t in range(k):
        noise = np.eye(k + 1)[:, t + 1 : t + 2]
        rule(x, x + noise, state, t)
    kept, noises = state["slow"][0, 0], state["slow"][1:, 0]
    lookahead = (noises**2).sum() / (1 - kept**2)
    r = 1 - lr
    assert lookahead / (lr**2 / (1 - r**2)) == pytest.approx(ratio, abs=5e-11)
    formula = alpha**2 * (1 - r ** (2 * k))
    formula /= formula + 2 * alpha * (1 - alpha) * (1 - r**k)
    assert ratio == pytest.approx(formula, abs=5e-11)
    assert kept == pytest.approx(1 - alpha + alpha * r**k, rel=1e-12)  # the mean contracts slower


def test_three_first_steps_that_are_called_nadam():
    """E-36: Dozat's with a constant momentum, PyTorch's, and AdaMax's bound."""
    assert -steps(NAdam(1.0, eps=0.0, momentum_decay=1e6), [1.0])[-1] == pytest.approx(28 / 19)
    assert -steps(NAdam(1.0, eps=0.0), [1.0])[-1] == pytest.approx(1.0564517784, abs=5e-11)
    assert pytest.approx(1.4736842105, abs=5e-11) == 28 / 19
    assert pytest.approx(1.9) == 0.9 * 1 + 0.1 / 0.1  # the popular simplification
    g = np.random.default_rng(0).normal(size=500) * np.random.default_rng(1).lognormal(0, 3, 500)
    assert (np.abs(np.diff(steps(AdaMax(1.0), g))) <= 1 + 1e-12).all()


def test_decay_of_adamw_is_a_power_and_l2_in_adam_is_not():
    """A39: with no gradient but the decay's."""
    assert steps(AdamW(0.01, weight_decay=0.1), np.zeros(10), 1.0)[-1] == pytest.approx(
        0.9900448802, abs=5e-11
    )
    for strength in (0.1, 0.001):
        end = descend(lambda x, c=strength: c * x, [1.0], Adam(0.01), 10).x[-1, 0]
        assert end == pytest.approx(0.90035, abs=5e-6)


def test_every_step_of_lion_is_as_long_as_the_rate():
    """A39."""
    g = np.random.default_rng(0).normal(size=200)
    assert np.abs(np.diff(steps(Lion(0.01), g))) == pytest.approx(0.01)


def test_singular_values_of_muon_end_near_one():
    """A39: five iterations map [0.01, 1] into [0.6818, 1.1344]."""
    sigma = np.geomspace(0.01, 1, 4000)
    M = np.zeros((4000, 1, 2))
    M[:, 0, 0] = 1.0  # for a 1 x 2 matrix of length 1 the iteration is the polynomial of 1
    assert newton_schulz(M)[0, 0, 0] == pytest.approx(polynomial(1.0), rel=1e-5)
    image = polynomial(sigma)
    assert (image.min(), image.max()) == pytest.approx((0.6818, 1.1344), abs=5e-5)
    U, V = (np.linalg.qr(np.random.default_rng(i).normal(size=(9, 9)))[0] for i in (0, 1))
    values = np.linspace(0.1, 1, 9) / np.linalg.norm(np.linspace(0.1, 1, 9))
    O = newton_schulz((U * values) @ V.T)  # noqa: E741
    np.testing.assert_allclose(O, (U * polynomial(values)) @ V.T, atol=1e-6)


def polynomial(sigma):
    for _ in range(5):
        sigma = 3.4445 * sigma - 4.7750 * sigma**3 + 2.0315 * sigma**5
    return sigma


def test_schedule_free_without_interpolation_is_the_average_of_sgd():
    """A39: beta = 0 is Polyak and Ruppert's average."""
    f = Quadratic([1.0, 10.0])
    free = descend(f.gradient, [1.0, 1.0], ScheduleFree(SGD(0.05), beta=0.0), 200)
    average = descend(f.gradient, [1.0, 1.0], PolyakRuppert(SGD(0.05)), 200)
    np.testing.assert_allclose(free.x, average.x, atol=2e-16)


def test_layerwise_steps_follow_the_weights_and_not_the_gradient():
    """A39: LARS and LAMB move by a share of the weights' length, whatever the gradient's."""
    x0, g = np.array([3.0, 4.0]), np.array([0.3, -0.1])
    for rule in (LARS(1.0, momentum=0.0, trust=0.01), LAMB(0.01, eps=NONE)):
        for scale in (1e-6, 1.0, 1e6):
            x = x0.copy()
            rule(x, scale * g, rule.init(x), 0)
            assert np.linalg.norm(x - x0) == pytest.approx(0.05, rel=1e-12)


def test_adafactor_is_exact_where_squares_have_rank_one():
    """A39: there, the rows and columns say all of the matrix."""
    a, b = np.array([[1.0], [2.0], [3.0]]), np.array([[0.5, 1.0, 4.0, 2.0]])
    rule, x = Adafactor(clip=1e9), np.ones((3, 4))
    state = rule.init(x)
    for t in range(5):
        rule(x, a * b, state, t)
    V = state["R"] * state["C"] / state["R"].sum()
    np.testing.assert_allclose(V, (a * b) ** 2, rtol=1e-15 * 8)


def test_sam_circles_the_minimum_for_ever():
    """A39: a cycle of two on a parabola, of amplitude lr curvature rho / (2 - lr curvature)."""
    trace = descend(SAM(lambda x: 5 * x, 0.05), [1.0], SGD(0.1), 500)
    assert np.abs(trace.x[-2:]) == pytest.approx(0.0166666667, abs=5e-11)
    assert trace.x[-1] * trace.x[-2] < 0


def test_variance_of_an_average_falls_like_one_over_its_length():
    """A39: SWA of noisy SGD, four times the points and a quarter of the variance."""
    rng = np.random.default_rng(0)
    oracle = lambda x: x + rng.normal(size=x.shape)  # noqa: E731
    rule = SWA(SGD(0.5), start=20)
    ends = descend(oracle, np.zeros((4000, 1)), rule, 820, observe={"x": None, "mean": lambda x: x})
    variances = ends["mean"][[220, 820]].var(axis=1)[:, 0]
    assert variances[0] / variances[1] == pytest.approx(4, rel=0.15)


def test_first_step_of_shampoo_is_the_orthogonal_factor_of_the_gradient():
    """A39: the exact target of Muon."""
    G = np.random.default_rng(0).normal(size=(4, 4))
    U, _, Vt = np.linalg.svd(G)
    rule, x = Shampoo(1.0, eps=0.0), np.zeros((4, 4))
    rule(x, G, rule.init(x), 0)
    np.testing.assert_allclose(-x, U @ Vt, atol=1e-12)
