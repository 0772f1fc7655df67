"""Batch descent: a run known in advance, what it costs, and gradients put together from chunks."""

import tracemalloc
from itertools import combinations

import numpy as np
import pytest
import torch

from gdcourse import data, descend
from gdcourse.exercises import get
from gdcourse.landscapes import Quadratic
from gdcourse.models import LinearRegression, LogisticRegression
from gdcourse.oracles import Batch
from gdcourse.rules import NAG, SGD, Momentum

PATIENTS = data.diabetes()
X, Y, N = PATIENTS.X, PATIENTS.y, len(PATIENTS.X)
MODEL = LinearRegression(10)
FEATURES = np.column_stack([X, np.ones(N)])
CURVATURES, Q = np.linalg.eigh(2 / N * FEATURES.T @ FEATURES)
MU, L = CURVATURES[0], CURVATURES[-1]
MINIMUM = np.linalg.solve(FEATURES.T @ FEATURES, FEATURES.T @ Y)
LOWEST = MODEL.loss(MINIMUM, X, Y)
C = Q.T @ -MINIMUM
BEST, COMMON = 2 / (L + MU), 1 / L


def run(lr, num_steps):
    """Return the excess of the loss at every step of a fit from zero."""
    return (
        MODEL.loss(descend(Batch(MODEL, X, Y), np.zeros(11), SGD(lr), num_steps).x, X, Y) - LOWEST
    )


def predicted(lr, t):
    """Return the excess after t steps by the sum of geometric sequences."""
    factors = (1 - np.asarray(lr)[..., None] * CURVATURES) ** (2 * np.asarray(t)[..., None])
    return 0.5 * (CURVATURES * C**2 * factors).sum(axis=-1)


def steps_to(goal, curve):
    return int(np.argmax(curve <= goal))


def count(rule, x0, curvatures, eps=1e-6):
    """Return the steps until a share eps of the distance is left on a quadratic."""
    x0 = np.asarray(x0, dtype=float)
    goal = eps * np.linalg.norm(x0)
    return descend(
        Quadratic(curvatures).gradient, x0, rule, 20_000, record=20_000,
        stop=lambda x: np.linalg.norm(x) <= goal,
    ).num_steps  # fmt: skip


@pytest.mark.parametrize("lr", [BEST, COMMON, 1.9 / L, 2.1 / L], ids=lambda lr: f"{lr * L:.2f}/L")
def test_loss_of_a_real_fit_is_a_sum_of_geometric_sequences(lr):
    """E-02: eleven curvatures and eleven coordinates of the first error give the whole curve."""
    num_steps = 3000 if lr < 2 / L else 60
    curve = predicted(lr, np.arange(num_steps + 1))
    np.testing.assert_allclose(run(lr, num_steps), curve, rtol=1e-10, atol=1e-12)


def test_no_constant_rate_beats_the_lever_of_the_two_ends():
    """E-02: L (1 - eta mu) + mu (eta L - 1) = L - mu, so no factor is below (kappa-1)/(kappa+1)."""
    rng = np.random.default_rng(2)
    mu = rng.uniform(0.01, 1, 1000)
    largest = mu * rng.uniform(1, 1000, 1000)
    lr = rng.uniform(0, 4, 1000) / largest
    lever = largest * (1 - lr * mu) + mu * (lr * largest - 1)
    np.testing.assert_allclose(lever, largest - mu, rtol=0, atol=1e-11)

    def worst(lr):
        return np.maximum(np.abs(1 - lr * mu), np.abs(1 - lr * largest))

    least = (largest - mu) / (largest + mu)
    assert (worst(lr) >= least - 1e-14).all()
    np.testing.assert_allclose(worst(2 / (largest + mu)), least, rtol=0, atol=1e-14)


def test_best_rate_is_forty_times_slower_on_a_real_fit_and_wins_in_the_end():
    """E-02: the steepest direction owes most of the excess, and is the slow one at 2 / (L + mu)."""
    best, common = run(BEST, 3000), run(COMMON, 3000)
    goals = (1e-1, 1e-2, 1e-3, 1e-4, 1e-6, 1e-8)
    assert [steps_to(goal, best) for goal in goals] == [148, 436, 724, 1011, 1587, 2163]
    assert [steps_to(goal, common) for goal in goals] == [2, 7, 18, 555, 1705, 2855]
    assert steps_to(0, best[1:] - common[1:]) + 1 == 1468
    owed = 0.5 * CURVATURES * C**2 / predicted(0.0, 0)
    assert owed[-1] == pytest.approx(0.5897, abs=5e-5) and owed[0] == pytest.approx(
        0.0017, abs=5e-5
    )


def test_best_rate_for_a_number_of_steps_depends_on_the_number():
    """E-02: from this start 10 steps want 1.61 / L, and only very many want 2 / (L + mu)."""
    lrs = np.linspace(0.5, 2, 15_001) / L
    wanted = {T: lrs[predicted(lrs, T).argmin()] * L for T in (1, 10, 100, 1000, 10_000)}
    assert wanted == pytest.approx({1: 1.122, 10: 1.6125, 100: 1.9375, 1000: 1.99, 10_000: 1.9954},
                                   abs=1e-3)  # fmt: skip
    ten = run(wanted[10] / L, 10)[-1]
    assert ten < run(BEST, 10)[-1] / 200 and ten < run(COMMON, 10)[-1] / 2


@pytest.mark.parametrize("kappa", [3, 10, 30, 100, 300, 1000])
def test_steps_from_the_worst_start_are_those_of_the_formula(kappa):
    """E-57: ceil(ln(1/eps) / ln((kappa + 1)/(kappa - 1))) steps, 691 at kappa = 100."""
    formula = get("batch.iterations").solution(kappa, 1e-6)
    assert count(SGD(2 / (1 + kappa)), [1, 1 / kappa], [1.0, kappa]) == formula
    if kappa == 100:
        assert formula == 691


def test_steps_against_kappa_are_a_line_of_slope_one():
    """E-57: on log-log axes, for 2 / (L + mu) and for 1 / L, which takes twice as many."""
    kappas = np.array([10, 30, 100, 300, 1000])
    counts = np.array(
        [
            [count(SGD(lr), [1, 1 / kappa], [1.0, kappa]) for lr in (2 / (1 + kappa), 1 / kappa)]
            for kappa in kappas
        ]
    )
    slopes = np.polyfit(np.log(kappas), np.log(counts), 1)[0]
    np.testing.assert_allclose(slopes, 1, atol=0.02)
    np.testing.assert_allclose(counts[:, 1] / counts[:, 0], 2, rtol=0.05)


def test_spread_start_saves_the_logarithm_of_five():
    """E-57: 2 of 50 coordinates are slow and hold a fifth of the distance: 611 steps, not 691."""
    per_step = np.log(101 / 99)
    assert np.ceil((np.log(1e6) - np.log(5)) / per_step) == 611
    assert count(SGD(2 / 101), np.ones(50), np.linspace(1, 100, 50)) == 611


@pytest.mark.parametrize("kappa", [10, 100, 1000])
def test_a_start_pays_for_kappa_only_above_the_share_that_is_asked_for(kappa):
    """E-57: with the share s along the slow end ln(s/eps) for ln(1/eps); below eps nothing."""
    steps = [count(SGD(1 / kappa), [s, 1], [1, kappa], 1e-3) for s in (1e-1, 0.9e-3)]
    assert steps[0] == pytest.approx(np.log(1e2) / -np.log(1 - 1 / kappa), rel=2e-3, abs=1)
    assert steps[1] == 1


@pytest.mark.parametrize(
    ("rule", "steps"),
    [
        (NAG(lr=1 / 100, momentum=9 / 11), 139),
        (NAG(lr=4 / 301, momentum=(301**0.5 - 2) / (301**0.5 + 2)), 119),
        (Momentum(lr=(2 / 11) ** 2, momentum=(9 / 11) ** 2), 85),
    ],
    ids=["nag", "nag-tuned", "heavy-ball"],
)
def test_memory_of_past_gradients_needs_fewer_steps(rule, steps):
    """E-57: at kappa = 100 from the spread start, where gradient descent needs 611."""
    assert count(rule, np.ones(50), np.linspace(1, 100, 50)) == steps


def test_exact_line_search_from_the_worst_start_saves_no_step():
    """E-03: it walks the path of the best constant rate, all 691 steps of it."""
    valley = Quadratic([1.0, 100.0])

    def lowest_ahead(x):
        g = valley.gradient(x)
        return (g @ g) / (g @ valley.gradient(g)) * g

    start = np.array([1.0, 0.01])
    goal = 1e-6 * np.linalg.norm(start)
    searched = descend(
        lowest_ahead, start, SGD(lr=1.0), 2000, stop=lambda x: np.linalg.norm(x) <= goal
    )
    assert searched.num_steps == 691


def test_copies_of_the_data_cost_gradient_evaluations_and_change_nothing_else():
    once = descend(Batch(MODEL, X, Y), np.zeros(11), SGD(COMMON), 200)
    for copies in (2, 5):
        oracle = Batch(MODEL, np.tile(X, (copies, 1)), np.tile(Y, copies))
        again = descend(oracle, np.zeros(11), SGD(COMMON), 200)
        np.testing.assert_allclose(again.x, once.x, rtol=0, atol=1e-12)
        assert oracle.gradient_evaluations == copies * N * 200


def test_two_standardised_features_contract_by_their_correlation():
    """E-02: at the best rate 1/2 both factors have the size |r|, for each of the 45 pairs."""
    model, correlations = LinearRegression(2, intercept=False), {}
    for pair in combinations(range(10), 2):
        columns = X[:, pair]
        r = abs(columns[:, 0] @ columns[:, 1]) / N
        target = np.linalg.lstsq(columns, Y, rcond=None)[0]
        x = descend(Batch(model, columns, Y), [0.3, -2.0], SGD(lr=0.5), 3).x
        left = np.linalg.norm(x - target, axis=-1)
        np.testing.assert_allclose(left[1:], r ** np.arange(1, 4) * left[0], rtol=1e-9, atol=1e-13)
        correlations[pair] = r
    assert max(correlations, key=correlations.get) == (4, 5)
    beyond = [pair for pair, r in correlations.items() if r**100 > 1e-6]
    assert beyond == [(4, 5)] and correlations[4, 5] == pytest.approx(0.8936, abs=5e-5)


def test_equal_columns_have_a_line_of_minima_and_nearly_equal_ones_a_far_point():
    """E-02: the distance takes ever more steps as r nears 1; the flat excess is (1 - r) c^2."""

    def excess(lr, num_steps):
        bowl = np.full((2, 2), 2.0)
        x = descend(lambda x: x @ bowl, [1.0, 0.0], SGD(lr), num_steps).x
        return 0.5 * np.einsum("ti,ij,tj->t", x, bowl, x)

    np.testing.assert_allclose(excess(0.5, 5), 1, atol=1e-12)
    np.testing.assert_allclose(excess(0.25, 1)[1], 0, atol=1e-12)
    rs = np.array([0.9, 0.99, 0.999])
    steps = np.log(1e-6) / np.log(rs)
    np.testing.assert_allclose(steps * (1 - rs), np.log(1e6), rtol=0.06)
    flat = np.array([1.0, -1.0]) / 2**0.5
    for r in rs:
        assert Quadratic([[2, 2 * r], [2 * r, 2]])(flat) == pytest.approx(1 - r, rel=1e-9)


def test_one_redundant_column_costs_most_of_the_steps():
    for column, kappa, worth in [(4, 51.4, 0.0011), (5, 68.1, 0.0002)]:
        rest = np.delete(FEATURES, column, axis=1)
        assert np.linalg.cond(rest) ** 2 == pytest.approx(kappa, abs=0.05)
        misfit = Y - rest @ np.linalg.lstsq(rest, Y, rcond=None)[0]
        assert np.mean(misfit**2) - LOWEST == pytest.approx(worth, abs=5e-5)
        largest = 2 / N * np.linalg.norm(rest, 2) ** 2
        fit = Batch(LinearRegression(9), np.delete(X, column, axis=1), Y)
        x = descend(fit, np.zeros(10), SGD(1 / largest), 400).x
        above = np.mean((x @ rest.T - Y) ** 2, axis=1) - np.mean(misfit**2)
        assert steps_to(1e-6, above) == {4: 31, 5: 220}[column]
    assert pytest.approx(500, abs=0.05) == L / MU
    assert steps_to(1e-6, run(COMMON, 2000)) == 1705


@pytest.mark.parametrize("size", [1, 2, 64, 100, 342])
@pytest.mark.parametrize("kind", ["squares", "logistic"])
def test_chunk_gradients_weighted_by_their_sizes_make_the_full_gradient(kind, size):
    model, y = (MODEL, Y) if kind == "squares" else (LogisticRegression(10), (Y > 0).astype(int))
    theta = np.random.default_rng(5).normal(size=11)
    full = model.gradient(theta, X, y)
    ours = get("batch.chunked").solution(model.gradient, theta, X, y, size)
    np.testing.assert_allclose(ours, full, rtol=0, atol=1e-12)


def test_gradient_from_a_file_in_chunks_takes_a_hundredth_of_the_memory(tmp_path):
    rows = np.lib.format.open_memmap(tmp_path / "rows.npy", "w+", shape=(20_010, 33))
    rows[:] = np.random.default_rng(0).normal(size=rows.shape)
    rows.flush()
    del rows
    model, theta = LinearRegression(32), np.ones(33)

    def at_once():
        table = np.load(tmp_path / "rows.npy")
        return model.gradient(theta, table[:, :-1], table[:, -1])

    def by_chunks():
        table, total = np.load(tmp_path / "rows.npy", mmap_mode="r"), np.zeros(33)
        for start in range(0, len(table), 64):
            chunk = np.array(table[start : start + 64])
            total += len(chunk) * model.gradient(theta, chunk[:, :-1], chunk[:, -1])
        return total / len(table)

    gradients, peaks = [], []
    for gradient in (at_once, by_chunks):
        tracemalloc.start()
        gradients.append(gradient())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    np.testing.assert_allclose(*gradients, rtol=0, atol=1e-12)
    assert peaks[0] > 20_010 * 33 * 8 and peaks[1] < peaks[0] / 50


def torch_fit(weight, num_steps):
    """Return the fit of a torch loop that lets backward add up the chunks of a step."""
    layer = torch.nn.Linear(10, 1, dtype=torch.float64)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), lr=COMMON)
    inputs, targets = torch.tensor(X), torch.tensor(Y)[:, None]
    for _ in range(num_steps):
        optimizer.zero_grad()
        for part, target in zip(inputs.split(64), targets.split(64), strict=True):
            loss = torch.nn.functional.mse_loss(layer(part), target)
            (weight(len(part)) * loss).backward()
        optimizer.step()
    return torch.cat([layer.weight[0], layer.bias]).detach().numpy()


def test_torch_adds_up_the_chunks_of_a_full_gradient():
    ours = descend(Batch(MODEL, X, Y), np.zeros(11), SGD(COMMON), 100).x[-1]
    np.testing.assert_allclose(torch_fit(lambda size: size / N, 100), ours, rtol=0, atol=1e-12)


def test_equal_weights_for_unequal_chunks_lead_to_another_minimum():
    """The 22 patients of the last chunk count 64/22 times as much as the others."""
    weights = np.repeat([1 / 64, 1 / 22], [320, 22]) / 6
    moved = np.linalg.solve((FEATURES.T * weights) @ FEATURES, (FEATURES.T * weights) @ Y)
    assert MODEL.loss(moved, X, Y) - LOWEST == pytest.approx(0.00195, abs=5e-6)
    there = torch_fit(lambda size: 1 / 6, 300)
    assert MODEL.loss(there, X, Y) - LOWEST == pytest.approx(0.00197, abs=5e-6)
