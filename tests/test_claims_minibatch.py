"""What the chapter *What a larger batch buys* claims: variances, linear scaling, and its end."""

import itertools

import numpy as np
import pytest

from gdcourse import data, descend
from gdcourse.landscapes import Quadratic
from gdcourse.models import LinearRegression, LogisticRegression
from gdcourse.oracles import MiniBatch
from gdcourse.rules import SGD

G = np.array([1.0, 4, -2, 7, 3])
WITHOUT = (9.04, 3.39, 1.506666666666667, 0.565, 0.0)
WITH = (9.04, 4.52, 3.013333333333333, 2.26, 1.808)
CURVATURES = np.arange(1.0, 11)
BOWL = Quadratic(CURVATURES)
RATES = np.geomspace(0.001, 0.199, 300)[:, None]
PATIENTS = data.diabetes()
LINE = LinearRegression(10)


def height(t, lr, B):
    """Return the expected height on the noisy quadratic after t steps from 1, in closed form."""
    left = (1 - lr * CURVATURES) ** (2 * t)
    floor = lr / (B * CURVATURES * (2 - lr * CURVATURES))
    return (CURVATURES / 2 * (left + (1 - left) * floor)).sum(axis=-1)


def noisy(B, rng):
    """Return an oracle for the quadratic with the noise of a batch of B."""
    return lambda x: BOWL.gradient(x) + rng.normal(size=x.shape) / B**0.5


def tuned(B, target):
    """Return the fewest steps to the target by any rate, and the lowest such rate."""
    there = height(np.arange(1, 600)[:, None, None], RATES, B) <= target
    first = np.where(there.any(axis=0), 1 + there.argmax(axis=0), np.inf)
    return first.min(), RATES[first.argmin(), 0]


@pytest.mark.parametrize("B", range(1, 6))
def test_variance_of_a_batch_is_that_of_all_batches_counted_out(B):
    """E-07: S^2/B with replacement, S^2/B (N-B)/(N-1) without, by full enumeration."""
    drawn = np.mean(list(itertools.product(G, repeat=B)), axis=1).var()
    subset = np.mean(list(itertools.combinations(G, B)), axis=1).var()
    assert drawn == pytest.approx(WITH[B - 1], abs=1e-12)
    assert subset == pytest.approx(WITHOUT[B - 1], abs=1e-12)
    assert drawn == pytest.approx(9.04 / B, abs=1e-12)
    assert subset == pytest.approx(9.04 / B * (5 - B) / 4, abs=1e-12)


@pytest.mark.parametrize(("order", "finite"), [("with-replacement", False), ("reshuffle", True)])
@pytest.mark.parametrize("B", [1, 4, 16])
def test_batches_of_the_package_have_the_variance_of_their_kind(order, finite, B):
    """E-07: on the gradient of softmax regression over 32 digits, each batch of an epoch alike."""
    digits, runs = data.digits(), 20_000
    X, y, model = digits.X[:32, 20:28], digits.y[:32], LogisticRegression(8, 10)
    each = model.gradient(np.zeros((32, 90)), X[:, None], y[:, None])
    S2 = ((each - each.mean(axis=0)) ** 2).sum(axis=1).mean()
    law = S2 / B * ((32 - B) / 31 if finite else 1)
    oracle = MiniBatch(model, X, y, B, order, np.random.default_rng(0), runs=runs)
    for _ in range(2):
        means = each[oracle.next_batch()].mean(axis=1)
        assert np.abs(means.mean(axis=0) - each.mean(axis=0)).max() < 5 * (S2 / B / runs) ** 0.5
        spread = ((means - each.mean(axis=0)) ** 2).sum(axis=1).mean()
        assert spread == pytest.approx(law, rel=0.03)


def test_mean_of_the_batches_of_an_epoch_is_not_the_mean_of_the_data():
    """E-07: with a short last batch, whose samples count more."""
    means = [G[start : start + 2].mean() for start in range(0, 5, 2)]
    assert np.mean(means) == pytest.approx(8 / 3) and G.mean() == pytest.approx(2.6)


def end(B, k, lr, frozen):
    """Return where k batches of size B lead on diabetes from 0."""
    oracle = MiniBatch(LINE, PATIENTS.X, PATIENTS.y, B, "fixed")
    return descend((lambda x: oracle(0 * x)) if frozen else oracle, np.zeros(11), SGD(lr), k).x[-1]


def test_linear_scaling_is_exact_on_a_linear_loss():
    """E-58: k steps at a rate equal one step at k times the rate on the union."""
    for lr in (1e-3, 0.1, 3.0):
        gap = end(8, 4, lr, True) - end(32, 1, 4 * lr, True)
        assert np.abs(gap).max() < 1e-14 * max(lr, 0.1)


def test_linear_scaling_on_a_quadratic_is_off_by_the_square_of_the_rate():
    """E-58: the difference falls with order 2."""
    lrs = np.array([4e-4, 2e-4, 1e-4])
    gaps = [np.linalg.norm(end(8, 4, lr, False) - end(32, 1, 4 * lr, False)) for lr in lrs]
    orders = np.log2(np.divide(gaps[:-1], gaps[1:]))
    assert np.allclose(orders, 2, atol=0.01)


def test_expected_height_is_that_of_many_runs():
    """E-58: the closed form by which batch sizes are tuned."""
    rng = np.random.default_rng(0)
    for B, lr, t in ((1, 0.01, 100), (32, 0.1, 19), (8, 0.15, 5)):
        run = descend(noisy(B, rng), np.ones((10_000, 10)), SGD(lr), t, record=t)
        assert BOWL(run.x[-1]).mean() == pytest.approx(height(t, lr, B), rel=0.02)


def test_floor_and_progress_per_sample_stay_under_the_linear_rule():
    """E-58: at small rates eta / B decides alone; the floor is eta S^2 / (4 B)."""
    for B in (1, 2, 4, 8):
        assert height(10**6, 1e-3 * B, B) == pytest.approx(1e-3 * 10 / 4, rel=0.03)
        assert height(400 // B, 1e-3 * B, B) == pytest.approx(height(400, 1e-3, 1), rel=0.07)


def test_steps_halve_as_the_batch_doubles_and_then_stay():
    """E-58: up to the critical batch size S^2 / (2 L eps), here 25, each size at its own rate."""
    steps = {B: tuned(B, 0.02)[0] for B in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)}
    assert all(0.5 <= steps[2 * B] / steps[B] <= 0.54 for B in (1, 2, 4))
    assert steps[128] <= 11 and steps[256] == steps[512] == 10
    assert 15 < steps[1] / steps[512] < 75  # where the two straight lines cross


@pytest.mark.parametrize("target", [0.1, 0.02, 0.004])
def test_best_rate_grows_with_the_batch_up_to_its_critical_size(target):
    """E-58: the corner of the best rate lies at S^2 / (2 L eps), within a factor of 2."""
    critical = 10 / (2 * BOWL.L * target)
    _, slope = tuned(max(1, critical / 25), target)
    _, cap = tuned(100 * critical, target)
    assert cap < 2 / BOWL.L
    assert 0.5 < cap / slope * max(1, critical / 25) / critical < 2


def test_linear_rule_diverges_where_it_crosses_the_edge():
    """E-58: above B* = 2 B0 / (eta0 L), for additive noise at the first whole number above it."""
    B, rng = np.arange(1, 61)[:, None], np.random.default_rng(0)
    x = descend(noisy(B, rng), np.ones(10), SGD(lr=0.006 * B), 2000, record=2000).x[-1]
    assert B[np.abs(x).max(axis=1) > 100].min() == np.ceil(2 / (0.006 * BOWL.L)) == 34


@pytest.mark.parametrize(("B", "diverges"), [(60, False), (115, False), (130, True), (240, True)])
def test_linear_rule_diverges_on_diabetes_too(B, diverges):
    """E-58: B* = 121.3 for the rate 0.002 per sample, with real batches."""
    ones = np.column_stack([PATIENTS.X, np.ones(342)])
    L = np.linalg.eigvalsh(2 / 342 * ones.T @ ones)[-1]
    limit = 2 / (0.002 * L)
    assert limit == pytest.approx(121.32, abs=0.01)
    rng = np.random.default_rng(0)
    oracle = MiniBatch(LINE, PATIENTS.X, PATIENTS.y, B, rng=rng, runs=10)
    run = descend(oracle, np.zeros((10, 11)), SGD(lr=0.002 * B), 1000, record=1000)
    with np.errstate(all="ignore"):
        loss = LINE.loss(run.x[-1], PATIENTS.X, PATIENTS.y)
    assert np.all(~(loss < 1e3)) if diverges else np.all(loss < 1)


def test_steps_on_digits_fall_eightfold_from_1_to_8_and_hardly_from_128_on():
    """E-58: softmax regression to the loss 0.3, each batch size at its own best rate."""
    digits, model, rates = data.digits(), LogisticRegression(64, 10), 0.25 * 2.0 ** np.arange(6)

    def loss(theta):
        return model.loss(theta, digits.X, digits.y)

    steps = {}
    for B, T in ((1, 640), (8, 96), (128, 64), (1437, 64)):
        oracle = MiniBatch(model, digits.X, digits.y, B, rng=np.random.default_rng(5), runs=(3, 1))
        run = descend(
            oracle, np.zeros((3, 1, 650)), SGD(lr=rates[:, None]), T,
            observe={"x": None, "loss": loss}, record=max(1, T // 40),
        )  # fmt: skip
        there = run["loss"] <= 0.3
        first = np.where(there.any(axis=0), run.t[there.argmax(axis=0)], np.inf)
        steps[B] = first.mean(axis=0).min()
    assert 5.5 < steps[1] / steps[8] < 11
    assert steps[128] / steps[1437] < 1.6


def test_one_update_over_a_batch_equals_micro_batches_weighed_by_their_size():
    """E-58: the mean over the pieces, each by its number of rows, is the gradient of the batch."""
    X, y, theta = PATIENTS.X[:100], PATIENTS.y[:100], np.linspace(-1, 1, 11)
    pieces = [slice(0, 64), slice(64, 100)]
    weighed = sum(len(y[p]) * LINE.gradient(theta, X[p], y[p]) for p in pieces) / 100
    assert np.allclose(weighed, LINE.gradient(theta, X, y), rtol=0, atol=1e-12)
