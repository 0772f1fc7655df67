"""Rules: parity with PyTorch, sweeps, tiles, and what every rule promises."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from gdcourse.rules import SGD, Momentum, Rule
from gdcourse.rules.base import TILE

RULES = {
    "SGD": (SGD(lr=0.05), lambda p: torch.optim.SGD(p, lr=0.05)),
    "Momentum": (
        Momentum(lr=0.05, momentum=0.8),
        lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.8),
    ),
}
rules = pytest.mark.parametrize("rule", [rule for rule, _ in RULES.values()], ids=list(RULES))


def gradients(num_steps=100, seed=0):
    """A sequence with a tiny coordinate, a coordinate that is zero, a sign flip and a spike."""
    g = np.random.default_rng(seed).normal(size=(num_steps, 5))
    g[:, 0] *= 1e-6
    g[:, 1] = 0
    g[:, 2] = np.where(np.arange(num_steps) < num_steps // 2, 1.0, -1.0) * np.abs(g[:, 2])
    g[num_steps // 3, 3] = 1e3
    return g


def walk(rule, x0, sequence):
    x, state = np.array(x0), rule.init(np.array(x0))
    for t, g in enumerate(sequence):
        rule(x, g, state, t)
    return x


@pytest.mark.parametrize(("rule", "torch_optimizer"), RULES.values(), ids=list(RULES))
def test_hundred_steps_equal_torch(rule, torch_optimizer):
    x0 = np.random.default_rng(1).normal(size=5)
    theta = torch.tensor(x0, requires_grad=True)
    optimizer = torch_optimizer([theta])
    for g in gradients():
        theta.grad = torch.tensor(g)
        optimizer.step()
    ours = walk(rule, x0, gradients()) - x0
    theirs = theta.detach().numpy() - x0
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12 * np.abs(theirs).min())


@pytest.mark.parametrize(
    "make",
    [lambda k: SGD(lr=k), lambda k: Momentum(lr=k), lambda k: Momentum(lr=0.1, momentum=k)],
    ids=["SGD.lr", "Momentum.lr", "Momentum.momentum"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_row_of_a_sweep_equals_the_single_run(make, dtype):
    x0, grid = np.ones(5, dtype), np.array([0.01, 0.3, 0.9])
    sequence = gradients(20).astype(dtype)
    sweep = walk(make(grid[:, None]), np.tile(x0, (3, 1)), [np.tile(g, (3, 1)) for g in sequence])
    for row, value in enumerate(grid):
        assert np.array_equal(sweep[row], walk(make(float(value)), x0, sequence))


@pytest.mark.parametrize("shape", [(3 * TILE + 7,), (2, TILE + 5)], ids=["run", "sweep"])
def test_tiles_change_nothing(shape):
    rng = np.random.default_rng(0)
    x0, g = rng.normal(size=shape), rng.normal(size=shape)
    rates = rng.uniform(0.1, 1, shape[-1])  # a rate for each parameter
    tiled = walk(Momentum(rates, 0.9), x0, [g, g])
    v = g
    expected = x0 - rates * v
    v = 0.9 * v + g
    assert np.array_equal(tiled, expected - rates * v)


@rules
def test_gradient_is_left_alone_even_where_it_is_the_point(rule):
    g = gradients(1)[0]
    kept = g.copy()
    walk(rule, np.ones(5), [g])
    assert np.array_equal(g, kept)
    x = np.ones(3)
    rule(x, x, state := rule.init(x), 0)
    assert np.array_equal(x, walk(rule, np.ones(3), [np.ones(3)]))
    assert not any(np.shares_memory(x, array) for array in state.values())


@rules
def test_update_from_any_state_at_any_step_is_the_formula(rule):
    rng = np.random.default_rng(2)
    x, g = rng.normal(size=4), rng.normal(size=4)
    state = {name: rng.normal(size=4) for name in rule.state_names}
    v = 0.8 * state["v"] + g if state else g
    expected = x - 0.05 * v
    rule(x, g, state, 10)
    np.testing.assert_allclose(x, expected, rtol=1e-15)


def test_schedule_is_asked_for_the_step_it_is_used_in():
    asked = []

    def lr(t):
        asked.append(t)
        return 0.5**t

    assert walk(SGD(lr), [0.0], [np.ones(1)] * 3).tolist() == [-1.75]
    assert asked == [0, 1, 2]


def test_formula_with_t_counts_updates_from_one():
    @dataclass
    class Counting(Rule):
        @staticmethod
        def step(x, g, *, t):
            return x + t

    assert walk(Counting(), [0.0], [np.ones(1)] * 3).tolist() == [1 + 2 + 3]


def test_numpy_number_from_a_schedule_keeps_float32():
    x = np.ones(2, np.float32)
    rule = SGD(lambda t: np.float64(0.1))
    values = rule.step(x, x, **rule.hyper(0))
    assert values.dtype == np.float32


@pytest.mark.parametrize("lr", [-0.1, np.inf, np.nan, "fast", None, [0.1, -0.1]])
@pytest.mark.parametrize("rule", [SGD, Momentum])
def test_bad_learning_rate_is_named(rule, lr):
    with pytest.raises(ValueError, match=r"lr must lie in \[0, inf\), got"):
        rule(lr=lr)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, 2, np.nan])
def test_bad_momentum_is_named(momentum):
    with pytest.raises(ValueError, match=r"momentum must lie in \[0, 1\), got"):
        Momentum(momentum=momentum)


def test_bad_point_or_gradient_is_named():
    with pytest.raises(ValueError, match="x must be an array of floats, got"):
        SGD()([1.0], np.ones(1), {}, 0)
    with pytest.raises(ValueError, match="x must be an array of floats, got"):
        SGD()(np.array([1]), np.ones(1), {}, 0)
    with pytest.raises(ValueError, match=r"g must have the shape of x, \(2,\), got \(1,\)"):
        SGD()(np.ones(2), np.ones(1), {}, 0)
