"""Oracles over data: which samples a batch holds, in which order, and what is counted."""

import jax
import numpy as np
import optax
import pytest
import torch

from gdcourse import descend
from gdcourse.models import LinearRegression
from gdcourse.oracles import ORDERS, SAM, Batch, Clipped, GradientNoise, MiniBatch
from gdcourse.rules import SGD

jax.config.update("jax_enable_x64", True)

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


def bowl(x):
    return x * np.array([1.0, 4.0])


def test_noise_has_the_variance_of_its_step_and_fades():
    oracle = GradientNoise(lambda x: 0 * x, 0.01, 0.55, np.random.default_rng(0))
    x = np.zeros((20_000, 2))
    deviations = [oracle(x).std() for _ in range(4)]
    expected = [0.1 / (1 + t) ** 0.275 for t in range(4)]
    np.testing.assert_allclose(deviations, expected, rtol=0.02)
    silent = GradientNoise(bowl, 0.0, rng=np.random.default_rng(0))
    assert silent(np.ones(2)).tolist() == [1.0, 4.0]


def test_clipped_gradient_keeps_its_direction_and_no_run_sees_another():
    oracle = Clipped(bowl, 5.0)
    x = np.array([[3.0, 1.0], [30.0, 10.0], [0.0, 0.0]])
    g = oracle(x)
    assert g.tolist() == [[3.0, 4.0], [3.0, 4.0], [0.0, 0.0]]
    assert all(np.array_equal(oracle(row), g[i]) for i, row in enumerate(x))
    limits = Clipped(bowl, np.array([[1.0], [2.0], [1.0]]))(x)
    np.testing.assert_allclose(np.linalg.norm(limits, axis=-1), [1, 2, 0], rtol=1e-15)


def test_clipping_equals_torch_but_for_its_small_constant():
    g = np.random.default_rng(0).normal(size=5)
    parameter = torch.nn.Parameter(torch.zeros(5, dtype=torch.float64))
    parameter.grad = torch.tensor(g)
    torch.nn.utils.clip_grad_norm_([parameter], 0.5)
    theirs = parameter.grad.numpy()
    length = np.linalg.norm(g)
    np.testing.assert_allclose(
        Clipped(lambda x: g, 0.5)(g) * length / (length + 1e-6), theirs, rtol=1e-12
    )


def test_sam_asks_uphill_at_the_distance_rho():
    x = np.array([[3.0, 1.0], [0.0, 0.0], [1.0, 0.0]])
    expected = [bowl(np.array([3.06, 1.08])), [0, 0], [1.1, 0]]
    np.testing.assert_allclose(SAM(bowl, 0.1)(x), expected, rtol=1e-15)
    sweep = SAM(bowl, np.array([[0.1], [0.2], [0.0]]))(x)
    np.testing.assert_allclose(sweep[0], expected[0], rtol=1e-15)
    assert sweep[2].tolist() == [1.0, 0.0]


def test_sam_equals_optax():
    optimizer = optax.contrib.sam(
        optax.sgd(0.1),
        optax.chain(optax.contrib.normalize(), optax.sgd(0.2)),
        sync_period=2,
        opaque_mode=True,
    )
    x = jax.numpy.array([3.0, 1.0])
    state, grad = optimizer.init(x), lambda params, step: jax.numpy.asarray(bowl(np.array(params)))
    for _ in range(5):
        updates, state = optimizer.update(grad(x, 0), state, x, grad_fn=grad)
        x = optax.apply_updates(x, updates)
    ours = descend(SAM(bowl, 0.2), [3.0, 1.0], SGD(0.1), 5).x[-1]
    np.testing.assert_allclose(ours, x, rtol=1e-12)


def test_both_gradients_of_sam_are_over_the_same_batch_and_both_are_counted():
    batches = MiniBatch(MODEL, X, Y, 2, rng=np.random.default_rng(5))
    twin = MiniBatch(MODEL, X, Y, 2, rng=np.random.default_rng(5))
    noisy = GradientNoise(batches, 0.0, rng=np.random.default_rng(0))
    oracle, theta = SAM(Clipped(noisy, 1e9), 0.1), np.ones(3)
    for _ in range(4):
        batch = twin.next_batch()
        g = MODEL.gradient(theta, X[batch], Y[batch])
        uphill = theta + 0.1 * g / np.linalg.norm(g)
        expected = MODEL.gradient(uphill, X[batch], Y[batch])
        np.testing.assert_allclose(oracle(theta), expected, rtol=1e-12)
        assert oracle.gradient_evaluations == batches.gradient_evaluations
    assert batches.gradient_evaluations == 2 * (2 + 2 + 2 + 1)


def test_noise_stays_where_the_point_moves_within_an_update():
    noisy = GradientNoise(bowl, 1.0, rng=np.random.default_rng(0))
    x = np.ones(2)
    first, second = noisy(x), noisy.again(2 * x)
    np.testing.assert_allclose(second - first, bowl(x), rtol=1e-14)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SAM(3), "oracle must be a function, got 3"),
        (lambda: SAM(bowl, -0.1), r"rho must lie in \[0, inf\), got -0.1"),
        (lambda: Clipped(bowl, 0), r"max_norm must lie in \(0, inf\), got 0"),
        (lambda: GradientNoise(bowl, -1), r"eta must lie in \[0, inf\), got -1"),
        (lambda: GradientNoise(bowl, 1, -1), r"gamma must lie in \[0, inf\), got -1"),
        (lambda: GradientNoise(bowl, 1), "rng must be a numpy.random.Generator"),
    ],
)
def test_bad_wrapper_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
