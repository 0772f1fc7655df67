"""What the chapter *Fit a line by hand* claims: end points, thresholds, mistakes, and torch."""

import itertools

import numpy as np
import pytest
from scipy.optimize import brentq

from gdcourse import descend
from gdcourse.data import line
from gdcourse.landscapes import Quadratic
from gdcourse.models import LinearRegression
from gdcourse.oracles import Batch, MiniBatch
from gdcourse.rules import SGD

X, Y = line().X, line().y
MODEL = LinearRegression(1, intercept=False)
EPOCHS = 101
SQUARES = np.array([1.0, 4.0, 9.0])  # of x
DETERMINISTIC = {
    # oracle, updates per epoch, factor per epoch at rate 0.01, w after 101 epochs
    "batch": (lambda: Batch(MODEL, X, Y), 1, 1 - 0.28 / 3, 1.9999496252874733),
    "fixed order": (lambda: sgd("fixed"), 3, 0.98 * 0.92 * 0.82, 1.9999999999999436),
    "first two only": (lambda: Batch(MODEL, X[:2], Y[:2]), 1, 0.95, 1.9943754972406826),
    "mini-batch": (
        lambda: MiniBatch(MODEL, X, Y, 2, "fixed"), 2, 0.95 * 0.82, 1.9999999999889009
    ),
}  # fmt: skip


def sgd(order, rng=None, runs=None):
    return MiniBatch(MODEL, X, Y, 1, order, rng, runs=runs)


def factors(lr):
    """Return what a step over each sample multiplies the error by."""
    return 1 - 2 * lr * SQUARES


def errors(oracle, lr, num_steps, start=1.0):
    """Return ``2 - w`` after each update of runs that begin at ``start``."""
    return 2 - descend(oracle, np.atleast_1d(start), SGD(lr=lr), num_steps).x[..., 0]


def every_sequence(length):
    """Return an oracle for 3**length runs that draw every sequence of samples, once each."""
    orders = np.array(list(itertools.product(range(3), repeat=length)))
    batches = iter(orders.T[..., None])

    def oracle(x):
        batch = next(batches)
        return MODEL.gradient(x, X[batch], Y[batch])

    return oracle, np.ones((3**length, 1))


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_end_point_of_each_variant_is_known_before_the_run(name):
    """E-04: w after 101 epochs is 2 - factor**101, by the package's loop and in closed form."""
    oracle, updates, factor, published = DETERMINISTIC[name]
    e = errors(oracle(), 0.01, EPOCHS * updates)[::updates]
    np.testing.assert_allclose(e, factor ** np.arange(EPOCHS + 1), rtol=0, atol=1e-12)
    assert abs(2 - e[-1] - published) < 1e-12
    assert abs(2 - factor**EPOCHS - published) < 1e-12


@pytest.mark.parametrize("order", ["reshuffle", "shuffle-once"])
@pytest.mark.parametrize("seed", range(5))
def test_shuffling_changes_nothing(order, seed):
    """E-04: the factors commute, so any order ends each epoch where the fixed one does."""
    shuffled = errors(sgd(order, np.random.default_rng(seed)), 0.01, 3 * EPOCHS)
    fixed = errors(sgd("fixed"), 0.01, 3 * EPOCHS)
    np.testing.assert_allclose(shuffled[::3], fixed[::3], rtol=0, atol=1e-12)
    if order == "reshuffle":  # which does change where we are within an epoch
        assert np.abs(shuffled - fixed).max() > 1e-2


def test_shuffling_changes_the_end_where_samples_disagree():
    """E-04: that no order matters is owed to data without noise."""
    noisy = Y + np.array([0.0, 0.0, 0.3])
    ends = [
        descend(MiniBatch(MODEL, X[order], noisy[order], 1, "fixed"), [1.0], SGD(0.01), 3000).x[-1]
        for order in ([0, 1, 2], [2, 1, 0])
    ]
    assert abs(ends[0] - ends[1]) > 1e-3


def test_one_random_sample_is_a_batch_in_expectation():
    """E-04: over all equally likely sequences the mean of w is the batch's w."""
    oracle, start = every_sequence(7)
    mean = errors(oracle, 0.01, 7, start).mean(axis=-1)
    np.testing.assert_allclose(mean, errors(Batch(MODEL, X, Y), 0.01, 7), rtol=0, atol=1e-12)
    assert abs(2 - factors(0.01).mean() ** EPOCHS - 1.9999496252874733) < 1e-12


def test_simulated_mean_of_one_random_sample_agrees():
    """E-04: 20,000 runs of 101 draws have the batch's mean, and a smaller median."""
    runs = 20_000
    draws = sgd("with-replacement", np.random.default_rng(0), runs)
    e = errors(draws, 0.01, EPOCHS, np.ones((runs, 1)))[-1]
    mean, square = factors(0.01).mean() ** EPOCHS, (factors(0.01) ** 2).mean() ** EPOCHS
    assert abs(e.mean() - mean) < 4 * np.sqrt((square - mean**2) / runs)
    typical = np.exp(EPOCHS * np.log(factors(0.01)).mean())
    assert np.median(e) == pytest.approx(typical, rel=0.03)
    assert np.median(e) < 0.8 * mean
    assert draws.gradient_evaluations == EPOCHS


def test_losses_at_the_start_and_at_the_last_record():
    """E-04: J(w0) is 14/3, and the cost recorded before the last update is 1.4405775547e-08."""
    w = descend(Batch(MODEL, X, Y), [1.0], SGD(0.01), EPOCHS).x
    J = MODEL.loss(w, X, Y)
    assert J[0] == pytest.approx(4.666666666666667, abs=1e-12)
    assert J[100] == pytest.approx(1.4405775547e-08, rel=1e-9)
    assert J[100] == pytest.approx(14 / 3 * (1 - 0.28 / 3) ** 200, rel=1e-9)


def test_work_of_each_variant_is_counted_in_samples():
    """E-04: equal epochs are not equal work."""
    counts = {}
    for name, (make, updates, *_) in DETERMINISTIC.items():
        oracle = make()
        errors(oracle, 0.01, EPOCHS * updates)
        counts[name] = oracle.gradient_evaluations
    assert counts == {
        "batch": 303, "fixed order": 303, "first two only": 202, "mini-batch": 303
    }  # fmt: skip


def test_batch_overtakes_at_three_times_the_rate_and_ends_at_once_at_its_best():
    """E-04: the lead of stochastic descent is three updates per epoch, which a rate can buy."""
    assert factors(0.03).mean() < factors(0.01).prod() < factors(0.01).mean()
    assert factors(0.01).prod() ** (1 / 3) < factors(0.01).mean()
    e = errors(Batch(MODEL, X, Y), 0.03, 20)
    np.testing.assert_allclose(e[1:] / e[:-1], 0.72, atol=1e-10)
    assert abs(errors(Batch(MODEL, X, Y), 3 / 28, 1)[1]) < 1e-14


# Thresholds: by root finding, in closed form, and by runs on either side.

IN_ORDER = (49 - np.sqrt(385)) / 144
THRESHOLDS = {
    # growth of a quantity per update (log), bracket of its root, closed form
    "batch": (lambda lr: np.log(abs(factors(lr).mean())), (0.15, 0.3), 3 / 14),
    "in order": (lambda lr: abs(factors(lr).prod()) - 1, (0.15, 0.3), IN_ORDER),
    "typically": (lambda lr: np.log(abs(factors(lr))).mean(), (0.15, 0.3), IN_ORDER),
    "mean square": (lambda lr: np.log((factors(lr) ** 2).mean()), (0.1, 0.2), 1 / 7),
}


@pytest.mark.parametrize("name", THRESHOLDS)
def test_threshold_is_the_root_of_its_growth(name):
    """E-04: batch 3/14, in order and almost surely (49 - sqrt 385)/144, mean square 1/7."""
    growth, bracket, closed = THRESHOLDS[name]
    assert brentq(growth, *bracket, xtol=1e-14) == pytest.approx(closed, abs=1e-12)
    rates = np.linspace(1e-6, closed - 1e-6, 4001)
    with np.errstate(divide="ignore"):
        assert max(growth(lr) for lr in rates) < 0, "it is not the first crossing"


def test_thresholds_have_the_published_decimals():
    """E-04: 0.2142857142857 = 2/L, 0.204018, and 0.142857 = E x^2 / E x^4."""
    assert 2 / (2 * SQUARES.mean()) == pytest.approx(0.2142857142857, abs=1e-12)
    assert abs(IN_ORDER - 0.204018) < 5e-7
    assert SQUARES.mean() / (SQUARES**2).mean() == pytest.approx(1 / 7, abs=1e-15)


@pytest.mark.parametrize(
    "make, updates, threshold",
    [(lambda: Batch(MODEL, X, Y), 1, 3 / 14), (lambda: sgd("fixed"), 3, IN_ORDER)],
    ids=["batch", "in order"],
)
def test_runs_shrink_below_the_threshold_and_grow_above(make, updates, threshold):
    """E-04: a sweep through the package's loop turns from shrinking to growing there."""
    lr = threshold + np.array([-1e-6, 1e-6])[:, None]
    e = np.abs(errors(make(), lr, 100 * updates)[::updates])
    assert (np.diff(e[:, 0]) < 0).all()
    assert (np.diff(e[:, 1]) > 0).all()


def test_mean_square_over_all_sequences_turns_at_one_seventh():
    """E-04: the exact mean square over every sequence of seven draws shrinks, then grows."""
    for lr, shrinks in ((1 / 7 - 1e-6, True), (1 / 7 + 1e-6, False)):
        oracle, start = every_sequence(7)
        square = (errors(oracle, lr, 7, start) ** 2).mean(axis=-1)
        assert ((np.diff(square) < 0) == shrinks).all()


@pytest.mark.parametrize("lr, converges", [(0.195, True), (0.213, False)])
def test_almost_every_random_run_obeys_the_lyapunov_threshold(lr, converges):
    """E-04: on either side of 0.2040 long runs converge, or diverge while their mean does not."""
    runs = 400
    draws = sgd("with-replacement", np.random.default_rng(1), runs)
    e = np.abs(errors(draws, lr, 500, np.ones((runs, 1)))[-1])
    assert np.mean((e < 1) == converges) > 0.85
    assert abs(factors(lr).mean()) < 1  # the expectation of w converges on both sides
    assert (factors(lr) ** 2).mean() > 1  # and the mean square on neither


def test_between_the_thresholds_most_runs_converge_and_a_few_are_far_out():
    """E-04: at rate 0.17 the median shrinks while the mean of squares grows."""
    draws = sgd("with-replacement", np.random.default_rng(2), 20_000)
    e = np.abs(errors(draws, 0.17, 30, np.ones((20_000, 1)))[-1])
    assert np.median(e) < 1e-2
    assert (e**2).mean() > 1e2


def test_factor_of_an_ordered_epoch_leaves_at_plus_one():
    """E-04: between its zeros the product of the three factors never falls below -0.15."""
    lr = np.linspace(0, 0.204, 10001)
    product = factors(lr[:, None]).prod(axis=-1)
    assert -0.15 < product.min() < -0.14 and product[1:].max() < 1


# Misconceptions 16, 17, 18.


def test_last_sample_loss_is_too_high_by_27_over_14():
    """E-04: the script's cost is the loss of x = 3 alone."""
    w = np.array([[1.0], [1.5], [1.9]])
    ratio = MODEL.loss(w, X[2:], Y[2:]) / MODEL.loss(w, X, Y)
    np.testing.assert_allclose(ratio, 27 / 14, rtol=1e-12)


def test_batch_loss_falls_in_all_steps_or_rises_in_all():
    """E-04: on the parabola the loss is multiplied by (1 - lr L)**2, from the first step."""
    lr = np.array([0.01, 0.19, 0.2, 0.2142, 0.2144, 0.23])[:, None]
    w = descend(Batch(MODEL, X, Y), [1.0], SGD(lr), 40).x
    J = MODEL.loss(w, X, Y)
    visible = J[:-1] > 1e-20  # rounding ends what the formula would go on with
    expected = np.broadcast_to((1 - lr[:, 0] * 28 / 3) ** 2, visible.shape)
    np.testing.assert_allclose((J[1:] / J[:-1])[visible], expected[visible], rtol=1e-4)
    assert (np.diff(J, axis=0)[:, 4:] > 0).all()
    assert (np.diff(J, axis=0)[:, :4][visible[:, :4]] < 0).all()


def test_with_two_curvatures_the_loss_can_fall_before_it_rises():
    """E-04: above 2/L the steepest direction grows at once, the sum of both later."""
    valley = Quadratic([1.0, 10.0])
    path = descend(valley.gradient, [1.0, 0.01], SGD(0.21), 40).x
    f = valley(path)
    assert (np.diff(np.abs(path[:, 1])) > 0).all()
    turn = f.argmin()
    assert 0 < turn < 40
    assert (np.diff(f[: turn + 1]) < 0).all() and (np.diff(f[turn:]) > 0).all()


def test_sgd_stops_short_in_proportion_to_the_rate_where_samples_disagree():
    """E-04: with one noisy target the cycle's end is off by about the rate times a constant."""
    noisy = Y + np.array([0.0, 0.0, 0.3])
    best = X[:, 0] @ noisy / SQUARES.sum()
    off = [
        abs(descend(MiniBatch(MODEL, X, noisy, 1, "fixed"), [1.0], SGD(lr), steps).x[-1, 0] - best)
        for lr, steps in ((0.002, 6000), (0.001, 12000))
    ]
    assert off[0] / off[1] == pytest.approx(2, rel=0.03)


# Torch.

LOADERS = {
    "batch": {"batch_size": 3},
    "fixed order": {"batch_size": 1},
    "mini-batch": {"batch_size": 2},
    "first two only": {"batch_size": 2, "drop_last": True},
}


@pytest.mark.parametrize("name", LOADERS)
def test_torch_loop_with_the_loaders_defaults_ends_at_the_same_point(name):
    """E-04: DataLoader does not shuffle unless told to, and drop_last can lose a sample."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    data = TensorDataset(torch.tensor(X), torch.tensor(Y)[:, None])
    layer = torch.nn.Linear(1, 1, bias=False, dtype=torch.float64)
    torch.nn.init.ones_(layer.weight)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
    for _ in range(EPOCHS):
        for inputs, targets in DataLoader(data, **LOADERS[name]):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(layer(inputs), targets).backward()
            optimizer.step()
    oracle, updates, *_ = DETERMINISTIC[name]
    ours = 2 - errors(oracle(), 0.01, EPOCHS * updates)[-1]
    assert abs(layer.weight.item() - ours) < 1e-12
