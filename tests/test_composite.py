"""Rules that hold rules, and averages: by hand, step by step, and on a network."""

import numpy as np
import pytest
import torch

from gdcourse import data, descend
from gdcourse.models import MLP
from gdcourse.oracles import MiniBatch
from gdcourse.readouts import EMA, SWA, PolyakRuppert
from gdcourse.rules import (
    LAMB,
    NAG,
    SGD,
    Adam,
    AdamW,
    Groups,
    Lookahead,
    Momentum,
    Muon,
    ScheduleFree,
)
from tests.frameworks import X0, difference, gradients, walk


def test_lookahead_comes_back_after_every_kth_step():
    x, slow, path = X0.copy(), X0.copy(), [X0]
    for t, g in enumerate(gradients(), 1):
        x = x - 0.1 * g
        if t % 3 == 0:
            slow = 0.6 * slow + 0.4 * x
            x = slow.copy()
        path.append(x)
    rule = Lookahead(SGD(0.1), 3, 0.4)
    assert difference(walk(rule), np.array(path)) < 1e-12
    slow_path = walk(rule, readout=True)
    assert np.array_equal(slow_path[:3], [X0] * 3) and np.array_equal(slow_path[3], slow_path[5])
    assert np.allclose(slow_path[99], path[99], rtol=1e-12)


def test_lookahead_with_the_whole_way_is_the_inner_rule_and_with_none_stands_still():
    assert difference(walk(Lookahead(Adam(0.1), 1, 1.0)), walk(Adam(0.1))) < 1e-12
    assert np.array_equal(walk(Lookahead(Adam(0.1), 5, 0.0))[::5], np.tile(X0, (21, 1)))


def test_averages_are_the_means_of_the_inner_rules_points():
    path = walk(Momentum(0.1))
    running = np.cumsum(path[1:], axis=0) / np.arange(1, 101)[:, None]
    polyak = walk(PolyakRuppert(Momentum(0.1)), readout=True)
    assert np.array_equal(polyak[0], X0)
    assert difference(polyak[1:], running) < 1e-12
    assert np.array_equal(walk(PolyakRuppert(Momentum(0.1))), path)

    swa = walk(SWA(Momentum(0.1), start=10, period=4), readout=True)
    assert np.array_equal(swa[:14], path[:14])  # nothing to average yet
    for t in (14, 17, 18, 99, 100):
        np.testing.assert_allclose(swa[t], path[14 : t + 1 : 4].mean(axis=0), rtol=1e-12)


@pytest.mark.parametrize("decay", [None, 0.9], ids=["SWA", "EMA"])
def test_averages_equal_torch(decay):
    theta = torch.nn.Parameter(torch.tensor(X0))
    module = torch.nn.ParameterList([theta])
    step = torch.optim.swa_utils.get_ema_multi_avg_fn(decay) if decay else None
    averaged = torch.optim.swa_utils.AveragedModel(module, multi_avg_fn=step)
    optimizer, path = torch.optim.SGD([theta], lr=0.1), [X0]
    for g in gradients():
        theta.grad = torch.tensor(g)
        optimizer.step()
        averaged.update_parameters(module)
        path.append(next(averaged.parameters()).detach().numpy().copy())
    rule = EMA(SGD(0.1), decay) if decay else SWA(SGD(0.1))
    assert difference(walk(rule, readout=True), np.array(path)) < 1e-12


def test_nag_reports_its_own_point_and_schedule_free_the_average():
    """Beside the textbook forms, which keep both points."""
    theta = velocity = np.zeros(6)
    own = [theta]
    x = z = np.zeros(6)
    average = [x]
    for t, g in enumerate(gradients()):
        velocity = 0.9 * velocity - 0.1 * g  # g stands for the gradient at theta + 0.9 velocity
        theta = theta + velocity
        own.append(theta)
        z = z - 0.1 * g
        x = (1 - 1 / (t + 1)) * x + z / (t + 1)
        average.append(x)
    assert difference(walk(NAG(0.1), 0 * X0, readout=True), np.array(own)) < 1e-12
    assert difference(walk(ScheduleFree(SGD(0.1)), 0 * X0, readout=True), np.array(average)) < 1e-12


SHAPES = {"W1": (2, 2), "b1": (2,)}


@pytest.mark.parametrize("first", [Muon(0.1), Adam(0.1), LAMB(0.1)])
def test_each_group_is_its_rule_alone(first):
    second = NAG(0.1)
    groups = Groups(SHAPES, {"W*": first, "b*": second})
    shape = (2, 2) if first.axes == 2 else (4,)
    ours = walk(groups, readout=True)
    alone = walk(first, X0[:4].reshape(shape), gradients()[:, :4].reshape(-1, *shape), readout=True)
    assert np.array_equal(ours[:, :4], alone.reshape(-1, 4))
    assert np.array_equal(ours[:, 4:], walk(second, X0[4:], gradients()[:, 4:], readout=True))


def test_first_pattern_that_fits_is_taken():
    groups = Groups(SHAPES, {"b1": SGD(0.0), "*": SGD(0.1)})
    moved = walk(groups)[-1] != X0
    assert moved.tolist() == [True, False, True, True, False, False]  # gradient 1 is always 0


def test_network_trains_with_a_rule_for_each_kind_of_array():
    digits = data.digits()
    model = MLP((64, 16, 10))
    rates = np.array([0.02, 0.05])[:, None]
    rule = Groups(model, {"W*": Muon(rates), "b*": AdamW(0.01)})
    oracle = MiniBatch(model, digits.X, digits.y, 64, rng=np.random.default_rng(0))
    x0 = model.init(np.random.default_rng(1))
    trace = descend(oracle, x0, rule, 60, record=60)
    assert trace.point.shape == (2, model.num_parameters)
    before = model.accuracy(x0, digits.X_test, digits.y_test)
    after = model.accuracy(trace.x[-1], digits.X_test, digits.y_test)
    assert before < 0.3 and (after > 0.85).all()


def test_rule_of_groups_around_groups_works():
    groups = Groups(SHAPES, {"W*": Muon(0.1), "b*": SGD(0.1)})
    rule = Lookahead(groups, 2, 0.5)
    path, inner = walk(rule), walk(groups)
    assert np.array_equal(path[1], inner[1])
    np.testing.assert_allclose(path[2], (X0 + inner[2]) / 2, rtol=1e-14)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Lookahead(3), "inner must be a gdcourse rule, such as SGD.*, got 3"),
        (lambda: PolyakRuppert(Muon()), "inner must act on vectors, got Muon"),
        (lambda: ScheduleFree(PolyakRuppert(SGD())), "inner must be a rule with an lr, got Poly"),
        (lambda: Groups(SHAPES, {"W1": SGD()}), r"rules must have a rule for 'b1', got \['W1'\]"),
        (lambda: Groups(SHAPES, {"*": SGD(), "c": SGD()}), r"rules must fit the names .*'c'"),
        (lambda: Groups(SHAPES, {"*": SGD}), r"rules\['\*'\] must be a gdcourse rule, got <class"),
        (lambda: Groups(SHAPES, {"*": Muon()}), r"rules\['\*'\] acts on matrices, but 'b1' has"),
        (
            lambda: descend(lambda x: x, np.ones(5), Groups(SHAPES, {"*": SGD()}), 1),
            "x must have a last axis of length 6, got",
        ),
        (
            lambda: descend(lambda x: x, np.ones(6), Groups(SHAPES, {"*": SGD(np.ones(3))}), 1),
            r"lr must broadcast against x of shape \(4,\)",
        ),
        (
            lambda: Groups(SHAPES, {"*": SGD()})(np.ones(6), np.ones(5), {}, 0),
            r"g must have the shape of x, \(6,\), got \(5,\)",
        ),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
