"""One loop for four models, and a network's gradient by hand: what the chapter claims, measured."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

from gdcourse import data, descend
from gdcourse.models import MLP, LinearRegression, LinearSVM, LogisticRegression
from gdcourse.oracles import Batch, MiniBatch
from gdcourse.rules import SGD

CHAPTER = Path("book/foundations/models.ipynb")
DIGITS = data.digits()
NETWORK = MLP((64, 32, 10))
THETA0 = NETWORK.init(np.random.default_rng(0))
ONES = (DIGITS.y == np.arange(10)[:, None]).astype(int)


@pytest.fixture(scope="module")
def by_hand():
    """Return what the chapter's own cells define: its passes and its finite differences."""
    names = {"np": np}
    for cell in nbformat.read(CHAPTER, as_version=4).cells:
        if cell.cell_type == "code" and cell.source.startswith("def "):
            exec(cell.source, names)
    return names


def machines_right(model, theta):
    return (model.scores(theta, DIGITS.X_test).argmax(axis=-2) == DIGITS.y_test).mean(axis=-1)


def train(model, y, x0, lr, epochs, runs=()):
    rng = np.random.default_rng(0)
    oracle = MiniBatch(model, DIGITS.X, y, 32, rng=rng, runs=runs)
    steps = epochs * oracle.batches_per_epoch
    return descend(oracle, x0, SGD(lr), steps, record=steps).x[-1]


@pytest.mark.parametrize("num_samples", [1, 32, 1437])
def test_backward_pass_by_hand_equals_the_package_and_torch(by_hand, num_samples):
    """E-56: the four lines of the chapter are the gradient, to 1e-10."""
    X, y = DIGITS.X[:num_samples], DIGITS.y[:num_samples]
    theta = THETA0 + 0.1 * np.random.default_rng(1).normal(size=THETA0.shape)  # biases too
    parts = NETWORK.unpack(theta)
    ours = by_hand["backward"](parts, X, y)
    leaves = {name: torch.tensor(part, requires_grad=True) for name, part in parts.items()}
    hidden = torch.relu(torch.tensor(X) @ leaves["W1"] + leaves["b1"])
    scores = hidden @ leaves["W2"] + leaves["b2"]
    torch.nn.functional.cross_entropy(scores, torch.tensor(y)).backward()
    for name, g in NETWORK.unpack(NETWORK.gradient(theta, X, y)).items():
        np.testing.assert_allclose(ours[name], leaves[name].grad.numpy(), rtol=0, atol=1e-10)
        np.testing.assert_allclose(ours[name], g, rtol=0, atol=1e-12)


def test_backward_pass_by_hand_equals_finite_differences(by_hand):
    """E-56: every one of the 2,410 derivatives, found without the chain rule."""
    X, y = DIGITS.X[:16], DIGITS.y[:16]
    theta = THETA0 + 0.1 * np.random.default_rng(1).normal(size=THETA0.shape)
    ours = by_hand["backward"](NETWORK.unpack(theta), X, y)
    flat = np.concatenate([ours[name].ravel() for name in NETWORK.shapes])
    nudged = by_hand["differences"](lambda shifted: NETWORK.loss(shifted, X, y), theta)
    np.testing.assert_allclose(flat, nudged, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("model", "y", "lr", "least"),
    [(LinearRegression(64), 2 * ONES - 1, 0.01, 0.93), (LinearSVM(64), ONES, 0.3, 0.96)],
    ids=["least squares", "support vectors"],
)
def test_ten_machines_read_digits_as_one_sweep(model, y, lr, least):
    """E-56: one loop trains four models; these two ask ten yes-or-no questions."""
    assert machines_right(model, train(model, y, np.zeros((10, 65)), lr, 40)) >= least


def test_softmax_reads_digits():
    """E-56: one loop trains four models; a hidden layer is not what digits need most."""
    model = LogisticRegression(64, 10)
    theta = train(model, DIGITS.y, np.zeros(650), 1.0, 40)
    assert model.accuracy(theta, DIGITS.X_test, DIGITS.y_test) >= 0.97


def test_eight_networks_of_eight_read_95_percent_of_new_digits():
    """E-56: MLP >= 0.95 test accuracy on digits, from every one of eight starts."""
    starts = np.stack([NETWORK.init(rng) for rng in np.random.default_rng(0).spawn(8)])
    theta = train(NETWORK, DIGITS.y, starts, 0.3, 40, runs=8)
    accuracy = NETWORK.accuracy(theta, DIGITS.X_test, DIGITS.y_test)
    assert accuracy.min() >= 0.95
    assert np.median(accuracy) >= 0.975


def test_ten_machines_in_mini_batches_equal_ten_single_runs():
    """E-56: a sweep over targets sees the batches that each machine alone would see."""
    model = LinearSVM(64)
    together = train(model, ONES, np.zeros((10, 65)), 0.3, 1)
    for k in (0, 9):
        np.testing.assert_array_equal(together[k], train(model, ONES[k], np.zeros(65), 0.3, 1))


def test_descent_on_diabetes_pays_1150_steps_a_digit_for_digits_that_new_patients_do_not_need():
    """E-56: the loop reaches the normal equations' solution, by 1 - 1/kappa a step."""
    patients, model = data.diabetes(), LinearRegression(10)
    X = np.column_stack([patients.X, np.ones(len(patients.X))])
    exact = np.linalg.solve(X.T @ X, X.T @ patients.y)
    mu, *_, L = np.linalg.eigvalsh(2 / len(X) * X.T @ X)
    assert L / mu == pytest.approx(499.96, abs=0.01)
    walk = descend(Batch(model, patients.X, patients.y), np.zeros(11), SGD(lr=1 / L), 7000)
    distance = np.linalg.norm(walk.x - exact, axis=-1) / np.linalg.norm(exact)
    digit = -np.log(10) / np.log(1 - mu / L)
    assert digit == pytest.approx(1150, abs=0.5)
    steps = [np.argmax(distance < eps) for eps in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)]
    np.testing.assert_allclose(np.diff(steps), digit, rtol=0, atol=1)
    train_loss = model.loss(walk.x, patients.X, patients.y)
    test_loss = model.loss(walk.x, patients.X_test, patients.y_test)
    assert train_loss[100] - model.loss(exact, patients.X, patients.y) < 1e-3
    assert distance[100] > 0.1
    assert test_loss.min() < model.loss(exact, patients.X_test, patients.y_test) - 0.005


def test_network_that_starts_at_zero_learns_nothing_but_its_last_bias():
    """E-56: the gradient of all other parameters is zero, exactly and for ever."""
    zero = np.zeros(NETWORK.num_parameters)
    end = descend(Batch(NETWORK, DIGITS.X, DIGITS.y), zero, SGD(lr=0.3), 300, record=100).x
    moved = NETWORK.unpack(end[1:])
    assert not any(moved[name].any() for name in ("W1", "b1", "W2"))
    assert moved["b2"].all()
    assert len(np.unique(NETWORK.predict(end[-1], DIGITS.X_test))) == 1


def swap(theta, i, j):
    """Return the parameters with hidden units i and j in each other's place."""
    theta = theta.copy()
    parts = NETWORK.unpack(theta)
    for units in (parts["W1"].T, parts["b1"], parts["W2"]):
        units[[i, j]] = units[[j, i]]
    return theta


def test_swapping_hidden_units_swaps_their_gradients_and_keeps_the_loss():
    """E-56: the two lines of the proof that a symmetric start stays symmetric."""
    X, y = DIGITS.X[:64], DIGITS.y[:64]
    swapped = swap(THETA0, 3, 17)
    assert NETWORK.loss(swapped, X, y) == pytest.approx(NETWORK.loss(THETA0, X, y), abs=1e-12)
    theirs = swap(NETWORK.gradient(THETA0, X, y), 3, 17)
    np.testing.assert_allclose(NETWORK.gradient(swapped, X, y), theirs, rtol=0, atol=1e-12)


def test_equal_hidden_units_stay_equal_and_the_smallest_difference_grows():
    """E-56: with no noise 32 units are one, with noise of 1e-8 they become a network."""
    equal = THETA0.copy()
    parts = NETWORK.unpack(equal)
    parts["W1"][...], parts["W2"][...] = parts["W1"][:, :1], parts["W2"][:1]
    noise = NETWORK.init(np.random.default_rng(1))
    theta = train(NETWORK, DIGITS.y, equal + np.array([[0.0], [1e-8]]) * noise, 0.3, 15)
    spread = np.ptp(NETWORK.unpack(theta)["W1"], axis=-1).max(axis=-1)
    accuracy = NETWORK.accuracy(theta, DIGITS.X_test, DIGITS.y_test)
    assert spread[0] < 1e-5 and spread[1] > 0.1
    assert accuracy[0] < 0.4 and accuracy[1] > 0.9


def test_network_learns_the_same_without_back_propagation(by_hand):
    """E-56: back-propagation is an oracle; finite differences lead along the same path."""
    moons, model = data.two_moons(np.random.default_rng(0)), MLP((2, 8, 2), activation="tanh")
    start = model.init(np.random.default_rng(0))

    def nudge(theta):
        return by_hand["differences"](lambda shifted: model.loss(shifted, moons.X, moons.y), theta)

    ours = descend(Batch(model, moons.X, moons.y), start, SGD(lr=0.5), 100).x
    assert np.abs(ours[-1] - start).max() > 0.1
    np.testing.assert_allclose(descend(nudge, start, SGD(lr=0.5), 100).x, ours, rtol=0, atol=1e-6)


def test_descent_does_not_find_the_best_small_network():
    """E-56: most networks of two units end on a plateau of XOR; a dead one never moves."""
    X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    model, rng = MLP((2, 2, 2)), np.random.default_rng(0)
    starts = np.stack([model.init(rng) for _ in range(100)])
    ends = descend(Batch(model, X, y), starts, SGD(lr=0.2), 2000, record=2000).x[-1]
    loss = model.loss(ends, X, y)
    plateaus = [0, np.log(2) / 2, (2 * np.log(1.5) + np.log(3)) / 4, np.log(2)]
    assert np.abs(loss[:, None] - plateaus).min(axis=1).max() < 0.02
    assert 0 < (loss < 0.1).sum() < 50
    dead = ~model.gradient(ends, X, y).any(axis=-1)
    assert dead.any()
    np.testing.assert_allclose(loss[dead], np.log(2), rtol=0, atol=1e-12)


def test_twenty_steps_of_torch_are_ours():
    """E-56: nn.Sequential, cross_entropy and torch.optim.SGD walk the same path, to 1e-12."""
    net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    net = net.double()
    with torch.no_grad():
        for parameter, part in zip(net.parameters(), NETWORK.unpack(THETA0).values(), strict=True):
            parameter.copy_(torch.tensor(part.T))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.3)
    X, y = torch.tensor(DIGITS.X), torch.tensor(DIGITS.y)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(X), y).backward()
        optimizer.step()
    theirs = np.concatenate([p.detach().numpy().T.ravel() for p in net.parameters()])
    ours = descend(Batch(NETWORK, DIGITS.X, DIGITS.y), THETA0, SGD(lr=0.3), 20).x[-1]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)
