"""Oracles over data: which samples a batch holds, in which order, and what is counted."""

import numpy as np
import pytest

from gdcourse.models import LinearRegression
from gdcourse.oracles import ORDERS, Batch, MiniBatch

N = 7
X = np.random.default_rng(0).normal(size=(N, 2))
Y = np.random.default_rng(1).normal(size=N)
MODEL = LinearRegression(2)


def epochs(order, num_epochs, batch_size=3, **options):
    oracle = MiniBatch(MODEL, X, Y, batch_size, order, np.random.default_rng(3), **options)
    return [
        [oracle.next_batch() for _ in range(oracle.batches_per_epoch)] for _ in range(num_epochs)
    ]


def flat(epoch):
    return np.concatenate(epoch, axis=-1).tolist()


def test_batch_is_the_gradient_over_all_data():
    oracle, theta = Batch(MODEL, X, Y), np.ones(3)
    design = np.column_stack([X, np.ones(N)])
    expected = 2 / N * design.T @ (design @ theta - Y)
    np.testing.assert_allclose(oracle(theta), expected, rtol=1e-13)
    oracle(theta)
    assert oracle.gradient_evaluations == 2 * N


@pytest.mark.parametrize("order", ["reshuffle", "shuffle-once", "fixed"])
def test_epoch_visits_every_sample_once_and_its_last_batch_is_short(order):
    for epoch in epochs(order, 3):
        assert [len(batch) for batch in epoch] == [3, 3, 1]
        assert sorted(flat(epoch)) == list(range(N))


def test_short_last_batch_is_counted_as_short():
    oracle = MiniBatch(MODEL, X, Y, 3, "fixed")
    for _ in range(oracle.batches_per_epoch):
        oracle(np.zeros(3))
    assert oracle.gradient_evaluations == N


def test_orders_are_what_they_are_called():
    assert [flat(e) for e in epochs("fixed", 2)] == [list(range(N))] * 2
    first, second = (flat(e) for e in epochs("shuffle-once", 2))
    assert first == second != list(range(N))
    first, second = (flat(e) for e in epochs("reshuffle", 2))
    assert first != second
    draws = [flat(e) for e in epochs("with-replacement", 40)]
    assert all(len(epoch) == 9 for epoch in draws)  # every batch is full
    assert any(len(set(epoch)) < N for epoch in draws)
    counts = np.bincount(np.concatenate(draws), minlength=N)
    assert counts.min() > 25  # 40 * 9 / 7 is 51 on average


def test_batch_size_one_is_one_sample():
    oracle = MiniBatch(MODEL, X, Y, 1, "fixed")
    theta = np.ones(3)
    for i in range(N):
        assert np.array_equal(oracle(theta), MODEL.gradient(theta, X[i : i + 1], Y[i : i + 1]))
    assert oracle.gradient_evaluations == N


@pytest.mark.parametrize("order", ORDERS)
def test_mean_over_all_first_batches_is_the_batch_gradient(order):
    theta, draws = np.ones(3), 2000
    if order == "fixed":
        oracle = MiniBatch(MODEL, X, Y, N, order)
        assert np.array_equal(oracle(theta), Batch(MODEL, X, Y)(theta))
        return
    rng = np.random.default_rng(4)
    oracle = MiniBatch(MODEL, X, Y, 2, order, rng, runs=draws)
    g = oracle(np.tile(theta, (draws, 1)))
    error = g.std(axis=0) / draws**0.5
    assert (np.abs(g.mean(axis=0) - Batch(MODEL, X, Y)(theta)) < 4 * error).all()


def test_runs_draw_their_own_orders():
    (epoch,) = epochs("reshuffle", 1, runs=5)
    orders = flat(epoch)
    assert len(orders) == 5 and len(set(map(tuple, orders))) == 5
    assert all(sorted(order) == list(range(N)) for order in orders)
    oracle = MiniBatch(MODEL, X, Y, 3, rng=np.random.default_rng(0), runs=5)
    assert oracle(np.zeros((5, 3))).shape == (5, 3)
    assert oracle.gradient_evaluations == 3


def test_runs_with_their_own_orders_may_each_be_a_sweep():
    theta = np.random.default_rng(5).normal(size=(2, 4, 3))
    oracle = MiniBatch(MODEL, X, Y, 3, rng=np.random.default_rng(0), runs=(2, 1))
    same = MiniBatch(MODEL, X, Y, 3, rng=np.random.default_rng(0), runs=2)
    g, batches = oracle(theta), same.next_batch()
    for seed, batch in enumerate(batches):
        alone = MODEL.gradient(theta[seed], X[batch], Y[batch])
        np.testing.assert_allclose(g[seed], alone, rtol=1e-12)


def test_targets_of_several_runs_share_the_samples():
    targets = np.stack([Y, -Y])
    oracle = MiniBatch(MODEL, X, targets, 3, "fixed")
    g = oracle(np.ones((2, 3)))
    for run, y in enumerate(targets):
        alone = MODEL.gradient(np.ones(3), X[:3], y[:3])
        np.testing.assert_allclose(g[run], alone, rtol=1e-12)


def test_same_generator_gives_the_same_order():
    assert [flat(e) for e in epochs("reshuffle", 3)] == [flat(e) for e in epochs("reshuffle", 3)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "linear"}, "model must be a gdcourse model, got 'linear'"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1 and at most 7, got 0"),
        ({"batch_size": 8}, "batch_size must be a whole number of at least 1 and at most 7, got 8"),
        ({"batch_size": 2.0}, "batch_size must be a whole number"),
        ({"order": "reshufle"}, "did you mean 'reshuffle'?"),
        ({"rng": None}, "rng must be a numpy.random.Generator"),
        ({"rng": 0}, "rng must be a numpy.random.Generator"),
        ({"runs": (2, 0)}, "runs must be a whole number of at least 1, got 0"),
        ({"runs": 0}, "runs must be a whole number of at least 1, got 0"),
        ({"X": X[:0], "y": Y[:0]}, "with N at least 1, got (0, 2)"),
        ({"y": Y[:3]}, "y must hold one value for each of 7 rows of X"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {"model": MODEL, "X": X, "y": Y, "batch_size": 2, "rng": np.random.default_rng(0)}
    with pytest.raises(ValueError) as error:
        MiniBatch(**(good | change))
    assert message in str(error.value)


def test_batch_refuses_what_is_no_model_and_no_data():
    with pytest.raises(ValueError, match="model must be a gdcourse model"):
        Batch(MODEL.gradient, X, Y)
    with pytest.raises(ValueError, match="with N at least 1"):
        Batch(MODEL, X[:0], Y[:0])
