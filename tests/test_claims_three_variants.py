"""What the chapter *Three runs, three clocks, three winners* claims: who wins by which count."""

import numpy as np
import pytest

from gdcourse import data, descend
from gdcourse.exercises import get
from gdcourse.landscapes import DoubleWell
from gdcourse.models import MLP, LinearRegression, LogisticRegression
from gdcourse.oracles import Batch, GradientNoise, MiniBatch
from gdcourse.rules import SGD

NAMES = ("Batch", "Mini-batch", "Stochastic")
RATES = {  # those of the chapter
    "diabetes": (0.128, 0.064, 0.004),
    "digits": (1.0, 0.5, 0.0625),
    "MNIST": (8.0, 4.0, 0.125),
}
TARGETS = {"diabetes": 0.455, "digits": 0.5, "MNIST": 0.5}
NUM_STEPS = {"Batch": 80, "Mini-batch": 240, "Stochastic": 1500}


def task(name):
    """Return the model and the data."""
    if name == "diabetes":
        patients = data.diabetes()
        return LinearRegression(10), patients.X, patients.y
    if name == "digits":
        digits = data.digits()
        return MLP((64, 16, 10)), digits.X, digits.y
    mnist = data.mnist5k()
    pixels = mnist.X.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196)
    return LogisticRegression(196, 10), pixels, mnist.y


def race(name, variant, lrs, seeds, num_steps=None):
    """Return the updates to the target, by seed and rate, inf where a run does not arrive."""
    model, X, y = task(name)
    x0 = np.array([model.init(np.random.default_rng(seed)) for seed in seeds])
    if variant == "Batch":
        x0 = np.unique(x0, axis=0)
        oracle = Batch(model, X, y)
    else:
        B, rng = 32 if variant == "Mini-batch" else 1, np.random.default_rng(seeds[0])
        oracle = MiniBatch(model, X, y, B, rng=rng, runs=(len(x0), 1))
    num_steps = num_steps or NUM_STEPS[variant]
    observe = {"x": None, "there": lambda x: model.loss(x, X[:500], y[:500]) <= TARGETS[name]}
    rule = SGD(np.reshape(lrs, (-1, 1)))
    run = descend(
        oracle, x0[:, None], rule, num_steps, observe=observe, record=max(1, num_steps // 60)
    )
    there = run["there"] > 0
    return np.where(there.any(axis=0), run.t[there.argmax(axis=0)], np.inf)


@pytest.fixture(scope="module", params=list(TARGETS))
def needed(request):
    """Return a task, its number of samples, and the median updates on seeds of our own."""
    name = request.param
    updates = {
        variant: np.median(race(name, variant, [lr], range(100, 107)))
        for variant, lr in zip(NAMES, RATES[name], strict=True)
    }
    return name, len(task(name)[1]), updates


def cost(T, N, overhead):
    """Return what each variant pays to arrive."""
    sizes = {"Batch": N, "Mini-batch": 32, "Stochastic": 1}
    return {variant: T[variant] * (overhead + B) for variant, B in sizes.items()}


def cheapest(T, N, overhead):
    pays = cost(T, N, overhead)
    return min(pays, key=pays.get)


def test_batch_needs_the_fewest_updates_and_single_samples_the_most(needed):
    """E-59: per update the winner is the batch, on seeds that the chapter did not use."""
    _, N, T = needed
    assert 1.3 * T["Batch"] < T["Mini-batch"] < T["Stochastic"] / 8
    assert cheapest(T, N, 1e9) == "Batch"


def test_single_samples_need_the_fewest_evaluations_and_the_batch_the_most(needed):
    """E-59: clearly on digits and MNIST; on diabetes mini-batches are not far behind."""
    name, N, T = needed
    pays = cost(T, N, 0)
    if name == "diabetes":
        assert 0.3 < pays["Stochastic"] / pays["Mini-batch"] < 1.2
    else:
        assert pays["Stochastic"] < 0.8 * pays["Mini-batch"]
        assert pays["Batch"] > 20 * pays["Mini-batch"]
    assert pays["Batch"] > 3 * pays["Mini-batch"]


@pytest.mark.parametrize("microseconds", [(60, 0.4), (40, 0.1), (150, 1.0)])
def test_between_two_overheads_mini_batches_win_unless_the_data_are_few(needed, microseconds):
    """E-59: with times per update such as a NumPy program has; given here, so never measured."""
    name, N, T = needed
    fixed, per_sample = (40, 0.02) if name == "diabetes" else microseconds
    expected = "Batch" if name == "diabetes" else "Mini-batch"
    assert cheapest(T, N, fixed / per_sample) == expected


def test_prices_at_which_the_winner_changes_are_three_decades_apart(needed):
    """E-59: from about 2 samples to over 1,000, with a margin to what processors have."""
    name, N, T = needed
    work = cost(T, N, 0)
    low = (work["Mini-batch"] - work["Stochastic"]) / (T["Stochastic"] - T["Mini-batch"])
    high = (work["Batch"] - work["Mini-batch"]) / (T["Mini-batch"] - T["Batch"])
    assert low < 4
    assert 80 < high < 350 if name == "diabetes" else high > 1000
    for c, left, right in (
        (low, "Stochastic", "Mini-batch"),
        (high, "Mini-batch", "Batch"),
    ):
        pays = cost(T, N, c)
        assert pays[left] == pytest.approx(pays[right], rel=1e-12)
        assert cost(T, N, c - 0.1)[left] < cost(T, N, c - 0.1)[right]
        assert cost(T, N, c + 0.1)[left] > cost(T, N, c + 0.1)[right]


@pytest.mark.parametrize("name", ["diabetes", "MNIST"])
@pytest.mark.parametrize("variant", NAMES)
def test_rate_of_the_race_is_no_end_of_its_grid(name, variant):
    """E-59: a quarter of the rate is slower, and so is four times as much, or it never arrives."""
    lr = RATES[name][NAMES.index(variant)]
    slow, best, fast = np.median(race(name, variant, [lr / 4, lr, 4 * lr], range(3)), axis=0)
    assert best < np.inf
    assert best < 0.6 * min(slow, fast)


def test_common_rate_chooses_the_winner():
    """E-59: at the rate of single samples only they arrive, at the batch's they never do."""
    rates = RATES["digits"][::-2]
    batch, mini, single = (
        np.median(race("digits", variant, rates, range(200, 203)), axis=0) for variant in NAMES
    )
    assert single[0] < np.inf and np.isinf([batch[0], mini[0]]).all()
    assert np.isinf(single[1]) and min(batch[1], mini[1]) < np.inf


def test_best_rate_of_the_batch_is_not_the_steady_one():
    """E-59: misconception of the list of pros: at the fastest rate the loss rises often."""
    model, X, y = task("MNIST")
    rises = []
    for lr in (2.0, 8.0):
        observe = {"loss": lambda theta: model.loss(theta, X[:500], y[:500])}
        run = descend(Batch(model, X, y), np.zeros(1970), SGD(lr), 60, observe=observe)
        rises.append(np.sum(np.diff(run["loss"]) > 0))
    assert rises[0] == 0 and rises[1] > 10


# One parameter: the floor, and the target at which the order turns round.

N = 342


def excess(lr, t):
    """Return the mean excess after t samples, by the chapter's formula."""
    floor = lr / (1 - lr)
    return floor + (1 - 2 * lr) ** (2 * t) * (1 - floor)


def fewest(target):
    """Return the fewest samples to a mean excess, over constant rates."""
    lrs = target / (1 + target) * np.arange(1, 2000) / 2000
    floor = lrs / (1 - lrs)
    return (np.log((target - floor) / (1 - floor)) / np.log(1 - 2 * lrs) / 2).min()


@pytest.mark.parametrize("lr", [0.003, 0.05, 0.4])
def test_mean_excess_of_single_samples_is_that_of_the_formula(lr):
    """E-59: by its recursion to the last digit, and by 20,000 runs on the patients."""
    mean = 1.0
    for t in range(200):
        assert mean == pytest.approx(excess(lr, t), rel=1e-12)
        mean = (1 - 2 * lr) ** 2 * mean + 4 * lr**2
    y = data.diabetes().y
    assert abs(y.mean()) < 1e-12 and abs(y.var() - 1) < 1e-12
    model, rng = LinearRegression(1, intercept=False), np.random.default_rng(1)
    draws = MiniBatch(model, np.ones((N, 1)), y, 1, "with-replacement", rng, runs=20_000)
    run = descend(draws, np.ones((20_000, 1)), SGD(lr), 40, record=40)
    assert np.mean(run.x[-1] ** 2) == pytest.approx(excess(lr, 40), rel=0.04)


def test_batch_overtakes_per_evaluation_below_an_excess_of_six_thousandths():
    """E-59: the fewest samples pass 342 at 0.0060, and grow like one over the excess."""
    assert fewest(0.0061) < N < fewest(0.0059)
    assert fewest(0.03) < N / 6 and fewest(0.003) > 2 * N
    model, y = LinearRegression(1, intercept=False), data.diabetes().y
    batch = Batch(model, np.ones((N, 1)), y)
    assert abs(descend(batch, [1.0], SGD(0.5), 1).x[-1, 0]) < 1e-12
    assert batch.gradient_evaluations == N


def test_falling_rate_arrives_with_the_last_sample():
    """E-59: the rate 1/(2 (t + 1)) computes the running mean."""
    y = data.diabetes().y
    samples = MiniBatch(LinearRegression(1, intercept=False), np.ones((N, 1)), y, 1, "fixed")
    w = descend(samples, [1.0], SGD(lambda t: 0.5 / (t + 1)), N).x[1:, 0]
    np.testing.assert_allclose(w, y.cumsum() / np.arange(1, N + 1), atol=1e-13)


def test_noise_leaves_the_shallow_valley_more_easily_and_the_deep_one_too():
    """E-59: no noise, nobody; some noise, many against few; more, and many leave the deep one."""
    wells, rng, shares = DoubleWell(), np.random.default_rng(5), {}
    for sigma in (0.0, 0.5, 1.0, 2.0):
        for name, start in zip(("deep", "shallow"), wells.minima, strict=True):
            noisy = GradientNoise(wells.gradient, sigma**2, 0.0, rng)
            x = descend(noisy, np.full((1000, 1), start), SGD(0.1), 1000, record=1000).x[-1]
            shares[name, sigma] = np.mean((x > wells.maxima) != (start > wells.maxima))
    for name in ("deep", "shallow"):
        assert shares[name, 0.0] == 0 and shares[name, 0.5] < 0.01
    assert 0.4 < shares["shallow", 1.0] < 0.65 and 0.002 < shares["deep", 1.0] < 0.03
    assert 0.2 < shares["deep", 2.0] < 0.4 < shares["shallow", 2.0]


@pytest.mark.parametrize("B", [1, 32, N])
def test_torch_loader_of_any_batch_size_makes_our_epoch(B):
    """E-59: one function with three batch sizes, the same weights to 1e-12."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    patients = data.diabetes()
    order = np.random.default_rng(7).permutation(N)
    X, y = patients.X[order], patients.y[order]
    line = torch.nn.Linear(10, 1, dtype=torch.float64)
    torch.nn.init.zeros_(line.weight), torch.nn.init.zeros_(line.bias)
    optimizer = torch.optim.SGD(line.parameters(), lr=0.004)
    pairs = TensorDataset(torch.tensor(X), torch.tensor(y)[:, None])
    for inputs, targets in DataLoader(pairs, batch_size=B):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(line(inputs), targets).backward()
        optimizer.step()
    theirs = torch.cat([line.weight[0], line.bias]).detach().numpy()
    oracle = MiniBatch(LinearRegression(10), X, y, B, "fixed")
    ours = descend(oracle, np.zeros(11), SGD(0.004), oracle.batches_per_epoch).x[-1]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


# The answers of the exercises are what the package measures.


def test_updates_and_evaluations_of_the_exercises_are_those_of_the_oracle():
    """E-59: counted by running it."""
    for num_samples, B, epochs in ((1000, 48, 7), (10, 3, 2), (5, 5, 3)):
        X, y = np.ones((num_samples, 1)), np.zeros(num_samples)
        oracle = MiniBatch(LinearRegression(1, intercept=False), X, y, B, "fixed")
        for t in range(1, epochs * oracle.batches_per_epoch + 1):
            oracle(np.zeros(1))
            counted = get("three_variants.evaluations").solution(t, num_samples, B)
            assert counted == oracle.gradient_evaluations
        if num_samples == 1000:
            assert t == get("three_variants.updates").answer


def test_crossover_and_floor_of_the_exercises_balance():
    """E-59: equal costs at the price; a mean excess of 1 that stays 1 at the rate."""
    c = get("three_variants.crossover").answer
    assert 600 * (c + 10) == 100 * (c + 100)
    lr = get("three_variants.floor").answer
    assert (1 - 2 * lr) ** 2 * 1 + 4 * lr**2 * 4 == pytest.approx(1, abs=1e-15)


def test_copies_of_the_data_change_no_walk():
    """E-59: each sample stored twice: the same batch walk, at twice the evaluations."""
    patients = data.diabetes()
    model, walks = LinearRegression(10), []
    for copies in (1, 2):
        X, y = np.tile(patients.X, (copies, 1)), np.tile(patients.y, copies)
        oracle = Batch(model, X, y)
        walks.append(descend(oracle, np.zeros(11), SGD(0.1), 20).x)
        assert oracle.gradient_evaluations == 20 * N * copies
    np.testing.assert_allclose(*walks, atol=1e-13)
    assert get("three_variants.twice").right == "b"
