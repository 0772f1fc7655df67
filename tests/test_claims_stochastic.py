"""What the chapter *One sample at a time* claims: floors, falling rates, averages, streams."""

import itertools

import numpy as np
import pytest
from scipy.special import gamma, gammaln

from gdcourse import descend
from gdcourse.data import diabetes
from gdcourse.landscapes import Quadratic
from gdcourse.models import LinearRegression
from gdcourse.oracles import Batch, GradientNoise, MiniBatch
from gdcourse.readouts import PolyakRuppert
from gdcourse.rules import SGD
from gdcourse.schedules import InverseTime

BOWL = Quadratic([1.0])
X, Y = diabetes().X, diabetes().y
N, D = X.shape
MODEL = LinearRegression(D)
ONES = np.column_stack([X, np.ones(N)])
BEST = np.linalg.lstsq(ONES, Y)[0]
HESSIAN = 2 / N * ONES.T @ ONES
PUBLISHED = {0.05: 0.0256410, 0.1: 0.0526316, 0.2: 0.1111111, 0.4: 0.25}


def floor(lr, lam=1.0, sigma=1.0):
    return lr * sigma**2 / (lam * (2 - lr * lam))


def white(seed, variance=1.0):
    """Return the bowl's gradient with Gaussian noise."""
    return GradientNoise(BOWL.gradient, variance, 0.0, np.random.default_rng(seed))


def cloud(theta):
    """Return the gradient of each patient's loss."""
    return MODEL.gradient(np.tile(theta, (N, 1)), X[:, None], Y[:, None])


def stream(d, noise, rng):
    """Return an oracle that meets a new sample at every call; the best weights are ones."""
    learner = LinearRegression(d, intercept=False)

    def oracle(w):
        x = rng.normal(size=(*w.shape[:-1], 1, d))
        return learner.gradient(w, x, x.sum(-1) + noise * rng.normal(size=x.shape[:-1]))

    return oracle


def excess(w):
    """Return the mean excess risk of runs on the stream."""
    return ((w - 1) ** 2).sum(axis=-1).mean(axis=-1)


# The floor.


@pytest.mark.parametrize("theta", [np.zeros(D + 1), BEST], ids=["start", "minimum"])
def test_gradients_of_single_samples_have_the_batch_gradient_as_their_mean(theta):
    """E-05: unbiased, by enumeration of all 342 samples, while their spread stays."""
    rows = cloud(theta)
    np.testing.assert_allclose(rows.mean(axis=0), MODEL.gradient(theta, X, Y), atol=1e-13)
    assert rows.var(axis=0).sum() ** 0.5 > 4


@pytest.mark.parametrize("lr", PUBLISHED)
def test_floor_is_where_a_step_reproduces_the_variance(lr):
    """E-05: lr sigma^2 / (lam (2 - lr lam)) is the fixed point, with the published decimals."""
    assert floor(lr) == pytest.approx(PUBLISHED[lr], abs=5e-8)
    for lam, sigma in ((1.0, 1.0), (2.0, 3.0)):
        v = floor(lr, lam, sigma)
        assert (1 - lr * lam) ** 2 * v + lr**2 * sigma**2 == pytest.approx(v, rel=1e-12)


def test_mean_square_of_every_sequence_of_signs_obeys_the_recursion():
    """E-05: exact, without a random number: noise of +1 or -1, all 2^10 sequences."""
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=10)))
    noise = iter(signs.T[..., None])
    lr, lam = 0.3, 2.0
    x = descend(lambda x: lam * x + next(noise), np.full((1024, 1), 3.0), SGD(lr), 10).x
    shrunk = (1 - lr * lam) ** (2 * np.arange(11))
    np.testing.assert_allclose(
        (x**2).mean(axis=(1, 2)), 9 * shrunk + (1 - shrunk) * floor(lr, lam), rtol=1e-12
    )


@pytest.mark.parametrize("seed", range(2))
def test_twenty_thousand_runs_settle_on_the_floor(seed):
    """E-05: within 2.5 % at four rates, the last hundred steps taken together."""
    lrs = np.array(list(PUBLISHED))
    observe = {"x": None, "square": lambda x: (x**2).mean(axis=(-1, -2))}
    rule, start = SGD(lrs[:, None, None]), np.full((4, 20_000, 1), 5.0)
    square = descend(white(seed), start, rule, 250, observe=observe)["square"]
    np.testing.assert_allclose(square[150:].mean(axis=0), list(PUBLISHED.values()), rtol=0.025)
    shrunk = (1 - lrs) ** (2 * np.arange(251)[:, None])
    np.testing.assert_allclose(square, 25 * shrunk + (1 - shrunk) * floor(lrs), rtol=0.06)


def test_floor_on_diabetes_is_the_formulas_at_small_rates_and_higher_at_large_ones():
    """E-05: heights by the frozen cloud, by the exact second moments, and by runs."""
    curvatures, Q = np.linalg.eigh(HESSIAN)
    spread = ((cloud(BEST) @ Q) ** 2).mean(axis=0)
    n, lrs, exact, frozen = D + 1, np.array([0.0005, 0.005, 0.02]), [], []
    for lr in lrs:
        steps = np.eye(n) - 2 * lr * ONES[:, :, None] * ONES[:, None, :]
        moments = np.einsum("kab,kcd->acbd", steps, steps).reshape(n * n, n * n) / N
        noise = lr**2 * cloud(BEST).T @ cloud(BEST) / N
        second = np.linalg.solve(np.eye(n * n) - moments, noise.ravel()).reshape(n, n)
        exact.append(0.5 * np.trace(HESSIAN @ second))
        frozen.append((lr * spread / (2 * (2 - lr * curvatures))).sum())
    assert frozen[0] == pytest.approx(lrs[0] / 4 * spread.sum(), rel=2e-3)
    assert exact[0] == pytest.approx(frozen[0], rel=0.01)
    assert exact[2] > 1.3 * frozen[2]
    oracle = MiniBatch(MODEL, X, Y, 1, "with-replacement", np.random.default_rng(0), runs=(50, 1))
    start = np.tile(BEST, (50, 2, 1))
    x = descend(oracle, start, SGD(lrs[1:, None]), 20 * N, record=N).x[8:]
    heights = (MODEL.loss(x, X, Y) - MODEL.loss(BEST, X, Y)).mean(axis=(0, 1))
    np.testing.assert_allclose(heights, exact[1:], rtol=0.12)


def test_single_samples_lead_the_batch_and_are_overtaken():
    """E-05: ahead after a pass, and no further; the batch at 1/L is below all after nine."""
    oracle = MiniBatch(MODEL, X, Y, 1, "with-replacement", np.random.default_rng(3), runs=30)
    base, zero = MODEL.loss(BEST, X, Y), np.zeros(D + 1)
    sgd = descend(oracle, np.zeros((30, D + 1)), SGD(0.005), 30 * N, record=N).x
    sgd = (MODEL.loss(sgd, X, Y) - base).mean(axis=1)
    curvatures, Q = np.linalg.eigh(HESSIAN)
    spread = ((cloud(BEST) @ Q) ** 2).mean(axis=0)
    lowest = (0.001 * spread / (2 * (2 - 0.001 * curvatures))).sum()
    rule = SGD(1 / curvatures[-1])
    batch = MODEL.loss(descend(Batch(MODEL, X, Y), zero, rule, 30).x, X, Y) - base
    assert sgd[1] < batch[1] / 3 and (batch < lowest).argmax() == 9
    assert sgd[-10:].mean() > 0.7 * sgd[1] and batch[-1] < 0.1 * sgd[-10:].mean()


# Falling rates.


def test_rate_one_over_t_is_the_running_mean():
    """E-06: to 1e-15 of the samples' size, and so its variance is exactly sigma^2 / t."""
    z = np.random.default_rng(0).normal(size=1000)
    numbers, rule = iter(z), SGD(InverseTime(1.0, rate=1.0))
    w = descend(lambda w: w - next(numbers), [7.0], rule, 1000).x[1:, 0]
    np.testing.assert_allclose(w, z.cumsum() / np.arange(1, 1001), rtol=0, atol=4e-15)


def test_too_small_a_constant_forgets_like_a_power():
    """E-06: 0.4/t leaves a quotient of gamma functions, 0.0067150416663687 after 1e5 steps."""
    T, c = 100_000, 0.4
    x = descend(BOWL.gradient, [1.0], SGD(InverseTime(c, rate=1.0)), T, record=T).x[-1, 0]
    exact = np.exp(gammaln(T + 1 - c) - gammaln(1 - c) - gammaln(T + 1))
    assert x == pytest.approx(0.0067150416663687, rel=1e-12)
    assert exact == pytest.approx(x, rel=1e-9)
    assert T**-c / gamma(1 - c) == pytest.approx(x, rel=1e-5)


@pytest.mark.parametrize("c", [0.75, 1.0, 4.0])
def test_variance_of_c_over_t_is_least_where_c_is_one_over_the_curvature(c):
    """E-06: T Var goes to c^2 / (2c - 1), exactly, by the response to each noise alone."""
    T = 2000
    noise = iter(np.eye(T)[..., None])
    x = descend(lambda x: x + next(noise), np.zeros((T, 1)), SGD(InverseTime(c, 1.0)), T).point
    assert T * (x**2).sum() == pytest.approx(c**2 / (2 * c - 1), rel=0.02)
    assert c**2 / (2 * c - 1) >= 1


# Averages.


@pytest.mark.parametrize("lr", [0.05, 0.2, 0.8])
def test_average_has_a_variance_that_the_rate_cancels_from(lr):
    """E-06: T Var of the average, from the response to each noise alone, and its limit 1."""
    T = 1000
    noise = iter(np.eye(T)[..., None])
    rule = PolyakRuppert(SGD(lr))
    x = descend(lambda x: x + next(noise), np.zeros((T, 1)), rule, T, record=T).x[-1]
    a = 1 - lr
    left = 2 * a * (1 - a**T) / (1 - a) - a**2 * (1 - a ** (2 * T)) / (1 - a**2)
    assert T * (x**2).sum() == pytest.approx(1 - left / T, rel=1e-10)
    assert T * (x**2).sum() == pytest.approx(1, abs=1.5 / (lr * T))


def test_average_of_three_thousand_runs_agrees():
    """E-06: T = 4000, rates 0.05 and 0.2: 0.983 and 0.996 were found, 0.993 and 0.998 are due."""
    rule, start = PolyakRuppert(SGD(np.array([0.05, 0.2])[:, None, None])), np.zeros((2, 3000, 1))
    x = descend(white(1), start, rule, 4000, record=4000).x[-1]
    assert (abs(4000 * x.var(axis=(1, 2)) / [0.9928, 0.9984] - 1) < 4 * (2 / 3000) ** 0.5).all()


def test_one_pass_over_a_stream_comes_close_to_least_squares():
    """E-06: the average of SGD stores one sample; least squares on all has d / (T - d - 1)."""
    T, runs, rng = 4000, 300, np.random.default_rng(2)
    risk = {}
    for name, rule in {
        "constant": SGD(0.02),
        "falling": SGD(InverseTime(0.05, rate=0.1)),
        "average": PolyakRuppert(SGD(lambda t: 0.08 / (1 + t) ** (1 / 3))),
        "average, 0.05": PolyakRuppert(SGD(0.05)),
    }.items():
        w = descend(stream(5, 1.0, rng), np.zeros((runs, 5)), rule, T, record=T).x[-1]
        risk[name] = T * excess(w)
    least = 5 * T / (T - 6)
    assert risk["constant"] > 50 * least
    assert 0.75 * least < risk["falling"] < 1.3 * least
    assert 0.85 * least < risk["average"] < 1.4 * least
    assert risk["average, 0.05"] == pytest.approx(least / (1 - 7 * 0.05), rel=0.2)


# Noise that depends on the place.


@pytest.mark.parametrize("d", [1, 8])
def test_mean_square_on_the_stream_turns_at_one_over_d_plus_two(d):
    """E-05: one step multiplies it by 1 - 4 lr + 4 lr^2 (d + 2)."""
    lr = np.array([0.5, 1.0, 1.2]) / (d + 2)
    start = np.zeros((3, 100_000, d))
    oracle = stream(d, 0.0, np.random.default_rng(d))
    factor = excess(descend(oracle, start, SGD(lr[:, None, None]), 1).x[-1]) / d
    np.testing.assert_allclose(factor, 1 - 4 * lr + 4 * lr**2 * (d + 2), rtol=0.05)
    assert 1 - 4 * lr[1] + 4 * lr[1] ** 2 * (d + 2) == pytest.approx(1, abs=1e-12)


def test_beyond_the_edge_of_the_mean_square_the_median_run_still_arrives():
    """E-05: at 0.105 for eight features the mean of |e|^2 grows by 1.021 a step."""
    oracle = stream(8, 0.0, np.random.default_rng(6))
    w = descend(oracle, np.zeros((500, 8)), SGD(0.105), 1000, record=1000).x[-1]
    assert np.median(((w - 1) ** 2).sum(axis=-1)) < 1e-4
    assert pytest.approx(1.021) == 1 - 4 * 0.105 + 4 * 0.105**2 * 10


def test_start_is_left_in_the_average_as_one_over_the_rate_times_the_steps():
    """E-06: (x0 / (lr lam T))^2 in the mean square, exactly but for what the last point holds."""
    x = descend(BOWL.gradient, [5.0], PolyakRuppert(SGD(0.05)), 2000, record=2000).x[-1, 0]
    assert x**2 == pytest.approx((5 / (0.05 * 2000)) ** 2, rel=0.12)


@pytest.mark.parametrize("lr", [0.02, 0.05, 0.08])
def test_floor_on_the_stream_has_its_pole_there(lr):
    """E-05: lr sigma^2 d / (1 - lr (d + 2)), and not the pole at 1 of noise that is only added."""
    w = descend(stream(8, 1.0, np.random.default_rng(7)), np.ones((2000, 8)), SGD(lr), 300).x
    measured = excess(w[150:]).mean()
    assert measured == pytest.approx(8 * lr / (1 - 10 * lr), rel=0.06)
    assert measured > 1.1 * 8 * lr / (1 - lr)


def test_added_noise_is_stable_up_to_two_over_the_curvature():
    """E-05: at 1.9 the runs settle, on the formula's floor of 19."""
    x = descend(white(5), np.zeros((20_000, 1)), SGD(1.9), 120, record=120).x[-1]
    assert x.var() == pytest.approx(floor(1.9), rel=0.05)


def test_no_floor_where_all_samples_agree():
    """E-05: the stream without noise shrinks by its factor; 20 samples under 40 weights vanish."""
    w = descend(stream(8, 0.0, np.random.default_rng(4)), np.zeros((10_000, 8)), SGD(0.05), 40)
    assert excess(w.x[-1]) == pytest.approx(8 * 0.9**40, rel=0.15)


@pytest.mark.parametrize("seed", range(3))
def test_more_weights_than_samples_leave_sampling_no_noise_and_added_noise_as_it_is(seed):
    """E-05: SGD arrives at the last bit; the batch with as much Gaussian noise does not."""
    rng = np.random.default_rng(seed)
    few, targets = rng.normal(size=(20, 40)), rng.normal(size=20)
    wide = LinearRegression(40, intercept=False)
    one = MiniBatch(wide, few, targets, 1, "with-replacement", rng)
    ends = descend(one, np.zeros(40), SGD(0.01), 16_000, record=16_000).x
    assert wide.loss(ends[-1], few, targets) < 1e-25
    first = wide.gradient(np.zeros((20, 40)), few[:, None], targets[:, None])
    shaken = GradientNoise(Batch(wide, few, targets), first.var(axis=0).mean(), 0.0, rng)
    late = descend(shaken, np.zeros(40), SGD(0.01), 8000, record=10).x[401:]
    curvatures = np.linalg.eigvalsh(2 / 20 * few.T @ few)[-20:]
    due = (curvatures / 2 * floor(0.01, curvatures, shaken.eta**0.5)).sum()
    assert wide.loss(late, few, targets).mean() == pytest.approx(due, rel=0.25)


# Torch.


@pytest.mark.parametrize(
    "options, points", [({}, [5]), ({"t0": 0}, [2, 3, 4, 5]), ({"t0": -1}, [1, 2, 3, 4, 5])]
)
def test_asgd_averages_from_its_step_t0_on(options, points):
    """E-06: AveragedModel is our readout; ASGD waits a million steps, or loses the first point."""
    import torch
    from torch.optim.swa_utils import AveragedModel

    layer = torch.nn.Linear(1, 1, bias=False, dtype=torch.float64)
    torch.nn.init.ones_(layer.weight)
    optimizer = torch.optim.ASGD(layer.parameters(), lr=0.1, lambd=0, **options)
    averaged = AveragedModel(layer)
    for _ in range(5):
        optimizer.zero_grad()
        (layer.weight**2 / 2).sum().backward()
        optimizer.step()
        averaged.update_parameters(layer)
    ours = descend(BOWL.gradient, [1.0], PolyakRuppert(SGD(0.1)), 5).x[-1, 0]
    assert averaged.module.weight.item() == pytest.approx(ours, abs=1e-7)
    ax = optimizer.state[layer.weight]["ax"].item()
    assert ax == pytest.approx(np.mean([0.9**t for t in points]), abs=1e-6)
