"""What the chapter *How long a step* claims: the edge, what finds it, and what too small costs."""

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.special import spence

from gdcourse import data, descend
from gdcourse.exercises import get
from gdcourse.landscapes import DoubleWell, Quadratic
from gdcourse.models import MLP
from gdcourse.oracles import MiniBatch
from gdcourse.range_test import ramped, restarted
from gdcourse.rules import SGD, Momentum

DIGITS = data.digits()
X, Y = DIGITS.X[:300], DIGITS.y[:300]
NETWORK = MLP((64, 8, 10), activation="tanh")
N = NETWORK.num_parameters
BOWL, START = Quadratic([1.0, 10.0]), np.ones(2)


def loss(theta, inputs=X, labels=Y):
    return NETWORK.loss(theta, inputs, labels) + 0.005 * (theta**2).sum(axis=-1)


def gradient(theta):
    return NETWORK.gradient(theta, X, Y) + 0.01 * theta


def power_iteration(theta, num_steps, h=1e-5):
    """Return the largest curvature of the network's loss, and its direction."""
    u = np.random.default_rng(1).normal(size=N)
    u /= np.linalg.norm(u)
    for _ in range(num_steps):
        Hu = (gradient(theta + h * u) - gradient(theta - h * u)) / (2 * h)
        curvature, u = u @ Hu, Hu / np.linalg.norm(Hu)
    return curvature, u


@pytest.fixture(scope="module", params=[0, 1, 2])
def minimum(request):
    """Return a minimum of the network's loss, and its Hessian there by torch."""
    theta0 = NETWORK.init(np.random.default_rng(request.param))
    theta = descend(gradient, theta0, Momentum(0.2, momentum=0.95), 5000, record=5000).x[-1]
    inputs, labels = torch.tensor(X), torch.tensor(Y)

    def torch_loss(theta):
        W1, b1, W2, b2 = theta.split([512, 8, 80, 10])
        scores = torch.tanh(inputs @ W1.view(64, 8) + b1) @ W2.view(8, 10) + b2
        fit = torch.nn.functional.cross_entropy(scores, labels)
        return fit + 0.005 * (theta**2).sum()

    return theta, torch.autograd.functional.hessian(torch_loss, torch.tensor(theta)).numpy()


# --- one direction


def test_error_on_a_parabola_is_a_power_of_one_minus_rate_times_curvature():
    """E-08: x_k = (1 - lr L)^k x_0 for any rate, start and curvature."""
    rng = np.random.default_rng(0)
    L, x0 = rng.uniform(0.1, 20, (40, 1)), rng.normal(size=(40, 1))
    lr = rng.uniform(0, 3, (40, 1)) / L
    x = descend(lambda x: L * x, x0, SGD(lr), 30).x
    k = np.arange(31)[:, None, None]
    np.testing.assert_allclose(x, (1 - lr * L) ** k * x0, rtol=1e-10, atol=1e-13)


def test_five_behaviours_are_parted_by_one_over_L_and_two_over_L():
    """E-08: creeping, one step, zigzag, for ever to and fro (-1 after five steps), flying off."""
    bowl, products = Quadratic([4.0]), np.array([0.5, 1, 1.5, 2, 2.5])
    creeps, once, zigzags, edge, flies = (
        descend(bowl.gradient, [1.0], SGD(products[:, None] / 4), 5).x[..., 0].T
    )
    assert (np.diff(creeps) < 0).all() and (creeps > 0).all()
    assert (once[1:] == 0).all()
    for x, change in ((zigzags, -1), (flies, 1)):
        assert (x[1:] * x[:-1] < 0).all() and (change * np.diff(abs(x)) > 0).all()
    assert (edge == [1, -1, 1, -1, 1, -1]).all()


@pytest.mark.parametrize("kappa", [100, 1000])
def test_flat_direction_needs_half_kappa_times_the_logarithm_just_below_the_edge(kappa):
    """E-08: about kappa ln(1/eps) / 2 steps at rates just below 2/L."""
    bowl = Quadratic([1.0, kappa])
    path = descend(bowl.gradient, [1.0, 0.0], SGD(0.999 * 2 / kappa), 5 * kappa).x[:, 0]
    assert np.argmax(path <= 1e-3) == pytest.approx(kappa / 2 * np.log(1e3), rel=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_half_the_rate_takes_twice_the_steps_to_the_same_place(seed):
    """E-08: on the network steps are as 1/rate, and the ends close up on the gradient flow's."""
    theta0 = NETWORK.init(np.random.default_rng(seed))
    rates = 0.32 / 2.0 ** np.arange(4)
    run = descend(gradient, theta0, SGD(rates[:, None]), 900, observe={"loss": loss})
    first = (run["loss"] < 1).argmax(axis=0)
    assert np.polyfit(np.log(rates), np.log(first), 1)[0] == pytest.approx(-1, abs=0.02)
    ends = run.x[first, np.arange(4)]
    apart = np.linalg.norm(np.diff(ends, axis=0), axis=1)
    assert (apart < 0.02 * np.linalg.norm(ends[-1] - theta0)).all()
    assert apart[-1] < apart[0] / 2


# --- the curvature of a network


def test_power_iteration_finds_the_largest_eigenvalue_of_the_networks_hessian(minimum):
    """E-60: from two gradients a product, and at most from below."""
    theta, H = minimum
    L = np.linalg.eigvalsh(H)[-1]
    estimates = [power_iteration(theta, k)[0] for k in (5, 10, 20, 160)]
    assert np.linalg.norm(gradient(theta)) < 1e-5
    assert estimates[-1] == pytest.approx(L, rel=1e-7)
    assert (np.diff(estimates) > 0).all() and max(estimates) < L * (1 + 1e-8)


def test_two_over_the_largest_curvature_is_where_the_network_leaves_its_minimum(minimum):
    """E-60: the measured edge near the minimum agrees with 2/L to 0.1 %."""
    theta, _ = minimum
    L, u = power_iteration(theta, 160)
    ratios = np.arange(0.9905, 1.01, 0.001)
    beside, rule = theta + 1e-6 * u, SGD(ratios[:, None] * 2 / L)
    end = descend(gradient, beside, rule, 150, record=150).x[-1]
    leaves = abs((end - theta) @ u) > 1e-6
    assert (leaves == (ratios > 1)).all()


def test_one_percent_above_the_edge_the_quadratic_flies_off_and_the_network_does_not(minimum):
    """E-60: 698 steps from a millionth to 1 on the quadratic; the network stays near."""
    theta, H = minimum
    curvatures, Q = np.linalg.eigh(H)
    rule, u = SGD(1.01 * 2 / curvatures[-1]), Q[:, -1]
    out = np.linalg.norm(descend(Quadratic((H + H.T) / 2).gradient, 1e-6 * u, rule, 700).x, axis=1)
    assert np.argmax(out > 1) == np.ceil(np.log(1e6) / np.log(1.02)) == 698
    orbit = descend(gradient, theta + 1e-6 * u, rule, 1000).x
    assert 1e-3 < np.linalg.norm(orbit - theta, axis=1).max() < 0.1
    assert loss(orbit).max() - loss(theta) < 0.01


@pytest.mark.parametrize("seed", range(3))
def test_training_leads_into_steeper_ground_and_a_large_rate_passes_its_own_edge(seed):
    """E-60: L grows at a small rate, and passes 2/rate at larger ones, where the loss falls too."""
    theta0 = NETWORK.init(np.random.default_rng(seed))
    start = power_iteration(theta0, 60)[0]
    lrs = np.array([0.3, 0.8, 1.2])
    train = descend(gradient, theta0, SGD(lrs[:, None]), 600, observe={"loss": loss})
    sharp = [[power_iteration(x, 40)[0] for x in row] for row in train.x[50::50]]
    highest = np.max(sharp, axis=0)
    assert highest[0] > 1.1 * start
    assert highest[0] < 2 / 0.3 and highest[1] > 2 / 0.8 and highest[2] > 2 / 1.2
    rises = (np.diff(train["loss"], axis=0) > 0).mean(axis=0)
    assert rises[0] == 0 and (rises[1:] > 0.25).all()
    assert train["loss"][100, 1] < train["loss"][100, 0]


# --- the range test


def first_rise(bowl, ramp):
    """Return the rate at which the loss of a ramp without noise first rises."""
    start = np.ones(bowl.n)
    losses = ramped(bowl.gradient, bowl, start, ramp)
    return ramp[losses > np.append(bowl(start), losses[:-1])][0]


def test_ramp_flatters_and_restarts_do_not():
    """E-31: the edge is 0.2; the ramp says 0.776, restarts 0.2034 on a grid of 400."""
    assert first_rise(BOWL, 0.001 * 1.02 ** np.arange(400)) == pytest.approx(0.776, abs=5e-4)
    grid = np.geomspace(0.001, 1, 400)
    for num_steps in (10, 50, 200):
        high = restarted(BOWL.gradient, BOWL, START, grid, num_steps) > BOWL(START)
        assert grid[high][0] == pytest.approx(0.2034, abs=5e-5)


@pytest.mark.parametrize(("ratio", "limit"), [(10, 0.78280), (100, 0.11969)])
def test_slower_ramp_without_noise_has_a_limit_far_above_the_edge(ratio, limit):
    """E-31: the two terms are equal where the integrals of ln|1 - rate curvature| / rate are."""

    def dilogarithm(z):
        return spence(1 - complex(z)).real

    def gap(rate):
        return dilogarithm(ratio * rate) - dilogarithm(rate)

    derived = brentq(gap, 2 / ratio, 3)
    assert derived == pytest.approx(limit, abs=1e-5)
    ramp = np.exp(np.arange(np.log(1e-3 / ratio), np.log(2), 0.005))
    measured = first_rise(Quadratic([1.0, float(ratio)]), ramp)
    assert measured == pytest.approx(derived, rel=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_slower_ramp_with_noise_comes_down_to_the_edge(seed):
    """E-31: the median rate at which the loss is back above its start falls towards 0.2."""
    rng = np.random.default_rng(seed)
    medians = []
    for q in (1.05, 1.02, 1.005):
        ramp = 0.001 * q ** np.arange(7 / np.log(q))
        losses = ramped(
            lambda x: BOWL.gradient(x) + 0.1 * rng.normal(size=x.shape),
            BOWL,
            np.ones((50, 2)),
            ramp,
        )
        medians.append(np.median(ramp[np.argmax(losses > BOWL(START), axis=0)]))
    assert medians == pytest.approx([0.316, 0.261, 0.225], rel=0.04)


@pytest.mark.parametrize(("q", "expected"), [(1.05, 1.241), (1.02, 1.248), (1.005, 1.252)])
def test_ramp_without_noise_is_above_its_start_at_six_times_the_edge(q, expected):
    """E-31: the criterion of the noisy ramp, a loss above the start, without noise."""
    ramp = 0.001 * q ** np.arange(7.2 / np.log(q))
    high = ramped(BOWL.gradient, BOWL, START, ramp) > BOWL(START)
    assert ramp[np.argmax(high)] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_restarts_of_the_network_end_below_the_start_far_beyond_the_edge_of_its_minimum(seed):
    """E-31: 100 steps at 41 rates; nothing is seen at 2/L of the minimum, 0.637 from seed 0."""
    theta0 = NETWORK.init(np.random.default_rng(seed))
    tried = np.geomspace(0.003, 30, 41)
    after = restarted(gradient, loss, theta0, tried, 100)
    last = tried[np.argmax(after > loss(theta0)) - 1]
    assert last > 2.3
    if seed == 0:
        assert last == pytest.approx(3.0) and last / 0.637 == pytest.approx(4.7, abs=0.05)
        smooth = after[tried < 1]
        assert (np.diff(smooth) < 0).all() and smooth[-1] == after.min()
        assert smooth[-1] == pytest.approx(0.755, abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_range_test_on_digits_finds_the_decade(seed):
    """E-31: with mini-batches a third of the lowest point is within 5 % of the tuned loss."""

    def batches(runs=()):
        some = MiniBatch(
            NETWORK, DIGITS.X, DIGITS.y, 32, rng=np.random.default_rng(seed), runs=runs
        )
        return lambda theta: some(theta) + 0.01 * theta

    def full(theta):
        return loss(theta, DIGITS.X, DIGITS.y)

    theta0 = NETWORK.init(np.random.default_rng(seed))
    ramp = np.geomspace(1e-3, 30, 200)
    test = ramped(batches(), full, theta0, ramp)
    lowest, broken = ramp[test.argmin()], ramp[np.argmax(test > full(theta0))]
    rates = np.append(np.geomspace(0.01, 10, 16), [lowest / 3, broken / 10])
    starts, observe = np.tile(theta0, (5, 1, 1)), {"x": None, "loss": full}
    run = descend(batches((5, 1)), starts, SGD(rates[:, None]), 450, record=450, observe=observe)
    tuned = run["loss"][-1].mean(axis=0)
    assert 0.2 < rates[tuned.argmin()] < 0.7 < lowest < broken < 4
    assert (tuned[-2:] < 1.05 * tuned.min()).all()


# --- what people say


def test_small_rates_send_every_walker_to_the_minimum_of_its_basin():
    """E-08: on the double well no rate below 0.311 changes the well, and larger ones do both ways.

    Gradient flow cannot cross the top of the hill; a step can, from -2 to 2 first from 2.
    """
    well, starts = DoubleWell(), np.linspace(-2, 2, 401)[:, None]
    (deep,), (shallow,), (top,) = *well.minima, well.maxima[0]
    own = np.where(starts < top, deep, shallow)
    edge = (2 - top) / well.gradient([2.0])[0]
    assert edge == pytest.approx(0.311, abs=5e-4)
    rates = np.array([0.02, 0.1, 0.3, edge - 1e-3, edge + 1e-3, 0.5])[:, None, None]
    ends = descend(well.gradient, np.tile(starts, (6, 1, 1)), SGD(rates), 1000, record=1000).x[-1]
    hops = (abs(ends - own) > 0.1)[..., 0]
    assert hops.any(axis=1).tolist() == [False] * 4 + [True] * 2
    at_half = [hops[-1][own[:, 0] == w].sum() / 401 for w in (deep, shallow)]
    assert at_half == pytest.approx([0.055, 0.082], abs=5e-4)
    rates = np.array([0.3, 0.5, 0.86])[:, None, None]
    ends = descend(well.gradient, np.tile(starts, (3, 1, 1)), SGD(rates), 500, record=500).x[-1]
    held = (abs(ends - deep) < 0.1).mean(axis=(1, 2))
    assert held == pytest.approx([0.526, 0.554, 0.506], abs=5e-4)


def test_loss_may_fall_for_long_above_the_edge():
    """E-08: curvatures 1 and 100, one percent above 2/L: the stiff part grows from the start."""
    valley = Quadratic([1.0, 100.0])
    x = descend(valley.gradient, [1.0, 0.001], SGD(0.0202), 800).x
    assert np.argmax(np.diff(valley(x)) > 0) == 115
    np.testing.assert_allclose(x[1:, 1] / x[:-1, 1], -1.02, rtol=1e-12)
    assert valley(x[115]) == pytest.approx(0.009, abs=5e-4) and valley(x[-1]) > 1e9


# --- each answer is what the package measures


def test_footprints_are_those_of_the_rate_in_the_answer():
    path = descend(lambda x: 5 * x, [1.0], SGD(get("learning_rate.footprints").answer), 3).x[:, 0]
    np.testing.assert_allclose(path, (-3 / 5) ** np.arange(4), rtol=1e-12)


def test_edge_of_the_tilted_bowl_parts_arriving_from_diverging():
    bowl, edge = Quadratic([[5.0, 2.0], [2.0, 8.0]]), get("learning_rate.edge").answer
    for factor, arrives in ((0.999, True), (1.001, False)):
        end = descend(bowl.gradient, [1.0, 1.0], SGD(factor * edge), 9000, record=9000).x[-1]
        assert (np.linalg.norm(end) < 1e-3) == arrives


def test_price_of_the_flat_direction_is_counted_by_walking():
    bowl = Quadratic([0.02, 50.0])
    path = descend(bowl.gradient, [1.0, 1.0], SGD(0.5 * 2 / bowl.L), 18_000).x
    assert np.argmax(path[:, 0] <= 1e-3) == get("learning_rate.flat").answer


def test_first_product_is_made_by_hand():
    A, u = np.array([[5.0, 2.0], [2.0, 8.0]]), np.array([1.0, 0.0])
    u = A @ u / np.linalg.norm(A @ u)
    assert u @ A @ u == pytest.approx(get("learning_rate.product").answer, rel=1e-12)


def test_ramp_over_one_curvature_alone_tells_the_truth():
    ramp = 0.001 * 1.02 ** np.arange(400)
    found = [first_rise(Quadratic(A), ramp) for A in ([1.0, 100.0], [5.0, 10.0], [10.0])]
    assert found == pytest.approx([0.1114, 0.2882, 0.2018], abs=5e-5)
    sentences = [sentence for _, sentence in get("learning_rate.hidden").choices]
    assert "0.111" in sentences[0] and "0.288" in sentences[1]
    assert get("learning_rate.hidden").right == "c"
