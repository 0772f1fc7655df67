"""Level ground: saddles and how long they hold, plateaus, noise, and what momentum promises."""

from math import erfc, log, sqrt

import numpy as np
import pytest
import torch

from gdcourse import data, descend
from gdcourse.exercises import get
from gdcourse.landscapes import DoubleWell, Quadratic, Saddle
from gdcourse.models import MLP
from gdcourse.oracles import Batch, GradientNoise, MiniBatch
from gdcourse.rules import NAG, SGD, Adam, Momentum, RMSprop

SADDLE, WELL, DIGITS = Saddle(), DoubleWell(), data.digits()
RULES = {"SGD": SGD, "Momentum": Momentum, "NAG": NAG, "Adam": Adam}
NETWORK = MLP((64, 4, 10), activation="tanh")
EVERYTHING = Batch(NETWORK, DIGITS.X, DIGITS.y)


def off(x):
    return abs(x[..., 1]) >= 1


def escape(rule, y0, lr=0.1):
    return descend(SADDLE.gradient, [1.0, y0], rule(lr=lr), 1000, stop=off).num_steps


@pytest.fixture(scope="module")
def origin():
    """Return the critical point: no weights, and the digits' frequencies in the last bias."""
    theta = np.zeros(NETWORK.num_parameters)
    NETWORK.unpack(theta)["b2"][...] = np.log(np.bincount(DIGITS.y) / len(DIGITS.y))
    return theta


def curvatures(model, theta, h=1e-5):
    shifts = h * np.eye(len(theta))
    ahead, behind = (model.gradient(theta + s, DIGITS.X, DIGITS.y) for s in (shifts, -shifts))
    H = (ahead - behind) / (2 * h)
    return np.linalg.eigvalsh((H + H.T) / 2)


@pytest.fixture(scope="module")
def spectrum(origin):
    return curvatures(NETWORK, origin)


def loss(theta):
    return NETWORK.loss(theta, DIGITS.X, DIGITS.y)


# --- beside a saddle


@pytest.mark.parametrize(
    ("name", "near", "far", "fast"),
    [("SGD", 242, 145, 34), ("Momentum", 86, 52, 25), ("NAG", 76, 47, 21), ("Adam", 13, 11, 3)],
)
def test_each_rule_leaves_the_saddle_after_its_number_of_steps(name, near, far, fast):
    """E-10: from 1e-10 and 1e-6 at rate 0.1, and from 1e-10 at rate 1."""
    rule = RULES[name]
    assert escape(rule, 1e-10) == escape(rule, -1e-10) == near
    assert escape(rule, 1e-6) == far
    assert escape(rule, 1e-10, lr=1.0) == fast


@pytest.mark.parametrize(
    ("name", "equation", "root"),
    [
        ("SGD", [1, -1.1], 1.1),
        ("Momentum", [1, -(1 + 0.9 + 0.1), 0.9], 1.316227766),
        ("NAG", [1, -1.1 * 1.9, 1.1 * 0.9], 1.364413525),
    ],
)
def test_distance_from_the_ridge_grows_by_the_larger_root(name, equation, root):
    """E-10: what a run settles to is the root of the rule's equation, and it costs a digit."""
    assert np.roots(equation).max() == pytest.approx(root, abs=1e-9)
    y = descend(SADDLE.gradient, [1.0, 1e-200], RULES[name](lr=0.1), 200).x[:, 1]
    assert y[200] / y[199] == pytest.approx(root, rel=1e-9)
    steps = [escape(RULES[name], 10.0**-k) for k in (6, 12)]
    assert steps[1] - steps[0] == pytest.approx(6 * log(10) / log(root), abs=1)


def test_formula_is_exact_for_descent():
    """E-10: ln(1/y0) / ln(1 + eta |lambda|), rounded up, for other rates and curvatures too."""
    for lr, curvature, y0 in ((0.1, 1.0, 1e-10), (0.3, 2.0, 3e-5), (0.02, 0.7, 0.04)):
        ridge = Quadratic([-curvature])
        stop = lambda y: abs(y[..., 0]) >= 1  # noqa: E731
        steps = descend(ridge.gradient, [y0], SGD(lr), 10_000, stop=stop).num_steps
        assert steps == np.ceil(log(1 / y0) / log(1 + lr * curvature))


@pytest.mark.parametrize("rule", [*RULES.values(), RMSprop])
def test_nothing_leaves_the_ridge_from_exactly_zero(rule):
    """E-10: y0 = 0 stays 0 under every rule."""
    x = descend(SADDLE.gradient, [1.0, 0.0], rule(lr=0.1), 1000).x
    assert not x[:, 1].any()


def test_noise_acts_as_a_start_beside_the_ridge():
    """E-10: escape times from the ridge itself, under noise, have the derived distribution."""
    lr, runs = 0.1, 8000
    for seed, sigma in enumerate((1e-3, 1e-6)):
        rng = np.random.default_rng(seed)
        noisy = GradientNoise(SADDLE.gradient, sigma**2, 0.0, rng)
        x = descend(noisy, np.zeros((runs, 2)), SGD(lr), 300).x
        left = np.argmax(off(x), axis=0)
        spread = sigma * sqrt(lr / (2 + lr))
        t = round(log(1 / (0.6745 * spread)) / log(1 + lr))
        for step in (t - 10, t, t + 20):
            derived = erfc((1 + lr) ** -float(step) / (sqrt(2) * spread))
            # Four standard errors of a share, and the little by which the last step overshoots.
            assert np.mean(left <= step) == pytest.approx(derived, abs=2 / sqrt(runs) + 0.002)
        assert abs(np.median(left) - t) <= 1


# --- random matrices


def test_random_symmetric_matrix_is_seldom_a_minimum():
    """E-10: 1/2, (2 - sqrt 2)/4 and (pi - 2 sqrt 2)/(4 pi) of 400,000 matrices of the GOE."""
    rng, runs = np.random.default_rng(0), 400_000
    exact = {1: 0.5, 2: (2 - sqrt(2)) / 4, 3: (np.pi - 2 * sqrt(2)) / (4 * np.pi)}
    assert [exact[2], exact[3]] == pytest.approx([0.1464466, 0.0249209], abs=5e-8)
    for n, share in exact.items():
        M = rng.normal(size=(runs, n, n))
        lowest = np.linalg.eigvalsh((M + M.swapaxes(1, 2)) / 2)[:, 0]
        error = sqrt(share * (1 - share) / runs)
        assert np.mean(lowest > 0) == pytest.approx(share, abs=4 * error)


def test_minima_in_the_plane_are_a_cone_of_45_degrees():
    """E-10: mean, half difference and off-diagonal entry are normal and equally wide."""
    M = np.random.default_rng(1).normal(size=(100_000, 2, 2))
    H = (M + M.swapaxes(1, 2)) / 2
    mean, half, side = (H[:, 0, 0] + H[:, 1, 1]) / 2, (H[:, 0, 0] - H[:, 1, 1]) / 2, H[:, 0, 1]
    assert np.cov([mean, half, side]) == pytest.approx(np.eye(3) / 2, abs=0.01)
    in_cone = mean > np.hypot(half, side)
    np.testing.assert_array_equal(in_cone, np.linalg.eigvalsh(H)[:, 0] > 0)


# --- a network


def test_network_without_weights_stands_on_a_saddle_whose_falls_are_counted(origin, spectrum):
    """E-10: the curvatures are plus and minus the singular values, once per hidden unit."""
    assert np.linalg.norm(EVERYTHING(origin)) < 1e-12
    delta = (np.bincount(DIGITS.y) / len(DIGITS.y) - np.eye(10)[DIGITS.y]) / len(DIGITS.y)
    values = np.linalg.svd(DIGITS.X.T @ delta)[1]
    assert values[9] < 1e-12 and values[0] == pytest.approx(0.2402, abs=5e-5)
    falls = -np.repeat(values[:9], 4)
    assert spectrum[:36] == pytest.approx(falls, abs=1e-6)
    assert np.sum(spectrum > 1e-4) == 45 and np.sum(abs(spectrum) < 1e-6) == 229


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("rule", "root"), [("SGD", None), ("Momentum", 0.9)])
def test_standstill_of_a_network_ends_on_time(origin, spectrum, seed, rule, root):
    """E-10: starts that are 100 times nearer leave ln 100 / ln q steps later."""
    sizes = np.array([1e-4, 1e-6, 1e-8])
    starts = origin + sizes[:, None] * np.random.default_rng(seed).normal(size=len(origin))
    lr = 0.5 if root is None else 0.05
    grow = 1 - lr * spectrum[0]
    q = grow if root is None else np.roots([1, -(grow + root), root]).max()
    trace = descend(EVERYTHING, starts, RULES[rule](lr=lr), 270, observe={"J": loss, "x": None})
    leaves = np.argmax(trace["J"] < 2.2, axis=0)
    assert np.diff(leaves) == pytest.approx(log(100) / log(q), abs=2)


def test_noise_of_single_samples_vanishes_where_their_gradients_do(origin):
    """E-10: at the saddle no sample's gradient moves a weight; noise in all directions does."""
    single = MiniBatch(NETWORK, DIGITS.X, DIGITS.y, 1, rng=np.random.default_rng(0))
    theta = descend(single, origin, SGD(0.01), 300, record=300).x[-1]
    moved = NETWORK.unpack(theta - origin)
    assert [name for name, part in moved.items() if part.any()] == ["b2"]
    noisy = GradientNoise(EVERYTHING, 1e-16, 0.0, np.random.default_rng(0))
    stop = lambda x: loss(x) < 2.2  # noqa: E731
    assert 140 < descend(noisy, origin, SGD(0.5), 300, stop=stop).num_steps < 180


def test_number_of_falls_dwindles_with_the_loss(origin):
    """E-10: along a run the Hessian has ever fewer and gentler negative curvatures."""
    start = origin + 1e-2 * np.random.default_rng(0).normal(size=len(origin))
    path = descend(EVERYTHING, start, Momentum(lr=0.1), 300).x
    grounds = [curvatures(NETWORK, path[t]) for t in (20, 100, 300)]
    falls = [np.sum(ground < -1e-4) for ground in grounds]
    assert falls[0] == 36 > falls[1] > falls[2] > 0
    assert grounds[0][0] < 3 * grounds[1][0] < 9 * grounds[2][0]


# --- plateaus


def squared(w):
    a = 1 / (1 + np.exp(-w))
    return a**2 * (1 - a)


@pytest.mark.parametrize(("w0", "steps"), [(4.0, 71), (8.0, 3011), (10.0, 22_063)])
def test_plateau_of_a_sigmoid_costs_the_reciprocal_of_its_slope(w0, steps):
    """The integral of dw / (sigma^2 (1 - sigma)) from 0 to w0 is exp(w0) + 3 w0 + 2.5 - small."""
    left = lambda w: w[..., 0] <= 0  # noqa: E731
    walked = descend(squared, [w0], SGD(1.0), 30_000, observe={"x": None}, stop=left).num_steps
    assert walked == steps
    assert walked == pytest.approx(np.exp(w0) + 3 * w0 + 2.5, abs=8)


def test_other_losses_and_rules_cross_the_plateau_sooner():
    left = lambda w: w[..., 0] <= 0  # noqa: E731
    sigmoid = lambda w: 1 / (1 + np.exp(-w))  # noqa: E731
    for oracle, rule, steps in (
        (squared, Momentum(1.0), 2269),
        (squared, Adam(0.1), 72),
        (squared, Adam(1.0), 13),
        (sigmoid, SGD(1.0), 11),
    ):
        assert descend(oracle, [10.0], rule, 3000, stop=left).num_steps == steps


# --- the double well


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
def test_momentum_escapes_from_the_worse_well_and_from_the_better_one(start, momentum, end):
    """E-13: rate 0.05; the global minimum is the left one."""
    assert WELL.maxima[0, 0] == pytest.approx(0.10103126, abs=5e-9)
    assert WELL(WELL.minima[0]) < WELL(WELL.minima[1])
    x = descend(WELL.gradient, [start], Momentum(0.05, momentum), 2000).x
    assert x[-1, 0] == pytest.approx(end, abs=5e-9)


@pytest.mark.parametrize(
    ("momentum", "won", "kept", "gained"),
    [(0.0, 0.525, 1, 0), (0.8, 0.563, 1, 0.079), (0.9, 0.579, 0.882, 0.244),
     (0.95, 0.576, 0.914, 0.201)],
)  # fmt: skip
def test_momentum_leans_to_the_deeper_well_and_promises_nothing(momentum, won, kept, gained):
    """E-13: shares of 4,001 starts over [-2, 2] that end in the global minimum."""
    starts = np.linspace(-2, 2, 4001)[:, None]
    ends = descend(WELL.gradient, starts, Momentum(0.05, momentum), 2000, record=2000).x[-1]
    best = abs(ends[:, 0] - WELL.minima[0, 0]) < 1e-3
    side = starts[:, 0] < WELL.maxima[0, 0]
    assert [best.mean(), best[side].mean(), best[~side].mean()] == pytest.approx(
        [won, kept, gained], abs=2e-3
    )


def test_large_rate_is_held_by_the_flatter_well_alone():
    """E-13: 2 / curvature is 0.8747 in the deeper well and 1.1885 in the shallower one."""
    limits = 2 / WELL.hessian(WELL.minima)[:, 0, 0]
    assert limits == pytest.approx([0.8747, 1.1885], abs=5e-5)
    for limit, x0 in zip(limits, WELL.minima, strict=True):
        for factor, stays in ((0.995, True), (1.005, False)):
            x = descend(WELL.gradient, x0 + 1e-6, SGD(factor * limit), 4000, record=4000).x[-1]
            assert (abs(x - x0)[0] < 2e-6) == stays
    starts = np.linspace(-1.5, 1.5, 3001)[:, None]
    ends = descend(WELL.gradient, starts, SGD(1.0), 3000, record=3000).x[-1]
    shares = [np.mean(abs(ends - x) < 1e-6) for x in WELL.minima]
    assert shares == pytest.approx([0, 0.432], abs=5e-3)
    others = np.unique(ends[abs(ends - WELL.minima[1]) > 1e-6].round(3))
    np.testing.assert_array_equal(others, [-1.188, -0.799])  # one cycle, around the deeper minimum


def test_adam_glides_over_a_level_place_for_a_finite_distance():
    cliff = lambda x: (x > 0).astype(float)  # noqa: E731
    x = {rule: descend(cliff, [1.0], rule(lr=0.1), 2000).x[:, 0] for rule in (RMSprop, Adam)}
    assert np.ptp(x[RMSprop][6:]) == 0 and x[RMSprop][-1] == pytest.approx(-0.0645, abs=1e-4)
    assert x[Adam][-1] == pytest.approx(-1.076, abs=1e-3)
    assert np.ptp(x[Adam][1000:]) < 1e-12
    assert 0.9 < -x[Adam][-1] - 0.1 < 1.1  # one step in, and then about lr beta1 / (1 - beta1)


# --- pictures of a loss


def test_rescaled_network_is_the_same_function_with_another_curvature():
    """A layer times 10, the next divided by 10: sharp or flat as one likes (Dinh et al. 2017)."""
    relu, rng = MLP((64, 4, 10)), np.random.default_rng(0)
    theta = descend(Batch(relu, DIGITS.X, DIGITS.y), relu.init(rng), SGD(0.3), 200).x[-1]
    copy = theta.copy()
    for name, factor in (("W1", 10), ("b1", 10), ("W2", 0.1)):
        relu.unpack(copy)[name][...] *= factor
    outputs = [relu.forward(x, DIGITS.X)[-1] for x in (theta, copy)]
    assert outputs[0] == pytest.approx(outputs[1], abs=1e-10)
    largest = [curvatures(relu, x, 1e-6)[-1] for x in (theta, copy)]
    assert largest[1] > 10 * largest[0]

    def fitted(x, direction):
        out = np.zeros_like(x)
        for name in ("W1", "W2"):
            W, d = relu.unpack(x)[name], relu.unpack(direction)[name]
            scale = np.linalg.norm(W, axis=0) / np.linalg.norm(d, axis=0)
            relu.unpack(out)[name][...] = d * scale
        return out

    t = np.linspace(-1, 1, 5)[:, None]
    direction = 0.3 * rng.normal(size=len(theta))
    slices = [relu.loss(x + t * fitted(x, direction), DIGITS.X, DIGITS.y) for x in (theta, copy)]
    assert slices[0] == pytest.approx(slices[1], rel=1e-9)
    plain = [relu.loss(x + t * direction, DIGITS.X, DIGITS.y) for x in (theta, copy)]
    assert np.mean(plain[1]) > 1.5 * np.mean(plain[0])


# --- torch


def test_torch_walks_the_same_points_and_sees_nag_from_ahead():
    """E-10: the same points in memory; torch reports the look-ahead point, a step earlier out."""
    makers = {
        "SGD": (lambda p: torch.optim.SGD(p, lr=0.1), 145),
        "Momentum": (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), 52),
        "NAG": (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True), 46),
        "Adam": (lambda p: torch.optim.Adam(p, lr=0.1), 11),
    }
    for name, (make, steps) in makers.items():
        p = torch.tensor([1.0, 1e-6], dtype=torch.float64, requires_grad=True)
        optimizer, points = make([p]), []
        for _ in range(150):
            optimizer.zero_grad()
            (p[0] ** 2 / 2 - p[1] ** 2 / 2).backward()
            optimizer.step()
            points.append(p.detach().numpy().copy())
        assert 1 + np.argmax(off(np.array(points))) == steps
        ours = descend(SADDLE.gradient, [1.0, 1e-6], RULES[name](lr=0.1), 150)
        assert points[-1] == pytest.approx(ours.point, rel=1e-12, abs=1e-12 * abs(ours.point).max())


# --- the answers of the exercises


def test_chance_of_a_saddle_is_counted():
    M = np.random.default_rng(5).normal(size=(200_000, 2, 2))
    shares = get("non_convex.index_shares").solution(M)
    assert shares[1] == pytest.approx(get("non_convex.saddle_chance").answer, abs=0.005)


def test_waiting_time_is_walked():
    stop = lambda y: abs(y[..., 0]) >= 1  # noqa: E731
    run = descend(Quadratic([-3.0]).gradient, [1e-8], SGD(0.1), 200, stop=stop)
    assert run.num_steps == get("non_convex.waiting").answer


def test_two_more_on_a_plateau_are_walked():
    left = lambda w: w[..., 0] <= 0  # noqa: E731
    ends = [descend(squared, [w0], SGD(20.0), 30_000, stop=left).num_steps for w0 in (10.0, 12.0)]
    assert ends[1] / ends[0] == pytest.approx(get("non_convex.plateau").answer, rel=0.01)


def test_quieter_push_is_measured():
    medians = []
    for sigma in (1e-2, 1e-5):
        noisy = GradientNoise(SADDLE.gradient, sigma**2, 0.0, np.random.default_rng(0))
        x = descend(noisy, np.zeros((4000, 2)), SGD(0.2), 120).x
        medians.append(np.median(np.argmax(off(x), axis=0)))
    assert np.diff(medians)[0] == pytest.approx(get("non_convex.quieter").answer, abs=1.1)


def test_standstill_of_the_exercise_doubles_its_slope_every_35_steps():
    y = descend(Quadratic([-0.2]).gradient, [1e-6], SGD(0.1), 300).x[:, 0]
    assert y[35:] / y[:-35] == pytest.approx(2, rel=1e-3)
    assert np.ptp(-0.1 * y**2) < 1e-4  # the loss shows nothing of it yet
    assert get("non_convex.standstill").right == "b"


def test_rescaled_units_leave_the_output_of_a_network_as_it_was():
    rng = np.random.default_rng(0)
    relu = MLP((5, 4, 3))
    theta = relu.init(rng)
    parts = relu.unpack(theta)
    parts["b1"][...] = rng.normal(size=4)
    X = rng.normal(size=(20, 5))
    before = relu.forward(theta, X)[-1]
    scales = np.array([2.0, 0.1, 5.0, 1.0])
    new = get("non_convex.rescale").solution(parts["W1"], parts["b1"], parts["W2"], scales)
    for name, part in zip(("W1", "b1", "W2"), new, strict=True):
        parts[name][...] = part
    assert relu.forward(theta, X)[-1] == pytest.approx(before, abs=1e-12)
