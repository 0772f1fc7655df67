"""What the chapter *A rate for every parameter* claims: blocks, units, turned valleys, layers."""

from functools import cache

import numpy as np
import pytest

from gdcourse import data, descend
from gdcourse.landscapes import NarrowValley, Quadratic
from gdcourse.models import MLP, LinearRegression
from gdcourse.oracles import Batch, MiniBatch
from gdcourse.rules import SGD, Groups

LINE = LinearRegression(10)


@cache
def patients():
    """Return the raw measurements, and the standardised ones with their targets."""
    from sklearn.datasets import load_diabetes

    train = np.random.default_rng(0).permutation(442)[:342]
    standard = data.diabetes()
    return load_diabetes(scaled=False).data[train], standard.X, standard.y


def hessian(X):
    X = np.column_stack([X, np.ones(len(X))])
    return 2 / len(X) * X.T @ X


def kappa(H, rates=None):
    root = np.sqrt(np.ones(len(H)) if rates is None else rates)
    curvatures = np.linalg.eigvalsh(root[:, None] * H * root)
    return curvatures[-1] / curvatures[0]


# Blocks.


def test_own_rates_solve_two_blocks_in_one_step():
    """E-11: with curvatures 100 and 1, the rates 1/100 and 1 arrive at once."""
    bowl = Quadratic([100.0] * 3 + [1.0] * 3)
    groups = Groups({"a": (3,), "b": (3,)}, {"a": SGD(1 / 100), "b": SGD(1.0)})
    x0 = np.random.default_rng(0).normal(size=6)
    assert np.abs(descend(bowl.gradient, x0, groups, 1).x[-1]).max() < 1e-15


@pytest.mark.parametrize(("lr", "arrives"), [(0.02 - 1e-6, True), (0.02 + 1e-6, False)])
def test_one_rate_for_both_blocks_must_stay_below_two_hundredths(lr, arrives):
    """E-11: above 2/100 the steep block grows, whatever the flat one would like."""
    bowl = Quadratic([100.0, 1.0])
    x = np.abs(descend(bowl.gradient, np.ones(2), SGD(lr), 1000).x)
    assert (x[-1, 0] < x[0, 0]) == arrives


def test_blocks_pay_for_their_own_condition_number_alone():
    """E-11: where curvatures spread within a block, its own kappa is left."""
    steep, flat = np.array([60.0, 80, 100]), np.array([0.6, 0.8, 1.0])
    bowl = Quadratic(np.append(steep, flat))
    rates = np.repeat([2 / 160, 2 / 1.6], 3)
    x = np.abs(descend(bowl.gradient, np.ones(6), SGD(rates), 10).x[-1])
    assert x.max() == pytest.approx(0.25**10, rel=1e-9)  # (kappa - 1)/(kappa + 1) for 5/3
    one = SGD(2 / 100.6)
    slow = np.abs(descend(bowl.gradient, np.ones(6), one, 1000).x[-1]).max()
    assert slow > 1e-6


# Rates are units.


def test_rates_are_one_rate_in_other_units():
    """E-11: the path by P is the path at rate 1 of f(P^(1/2) .), point by point."""
    rng = np.random.default_rng(1)
    A = rng.normal(size=(5, 8))
    bowl, rates = Quadratic(A @ A.T), rng.uniform(0.001, 0.02, size=5)
    root = np.sqrt(rates)
    scaled = Quadratic(bowl.A * np.outer(root, root))
    x0 = rng.normal(size=5)
    x = descend(bowl.gradient, x0, SGD(rates), 50).x
    other = descend(scaled.gradient, x0 / root, SGD(1.0), 50).x
    np.testing.assert_allclose(x, other * root, rtol=1e-12, atol=1e-12)


def test_groups_walk_the_path_of_an_array_of_rates_bit_for_bit():
    """E-11: a rule for each layer, by name, or a rate for each parameter, by place."""
    digits = data.digits()
    network = MLP((64, 16, 16, 10), activation="sigmoid")
    start = network.init(np.random.default_rng(0))
    lr = np.empty(network.num_parameters)
    for name, view in network.unpack(lr).items():
        view[...] = 2.0 ** -int(name[1:])
    groups = Groups(network, {f"*{k}": SGD(2.0**-k) for k in (1, 2, 3)})
    oracle = Batch(network, digits.X, digits.y)
    a, b = (descend(oracle, start, rule, 5).x for rule in (groups, SGD(lr)))
    assert np.array_equal(a, b)


def test_standardising_is_a_choice_of_rates():
    """E-11: one rate on standardised features is eta / s^2 on centred ones, to 1e-12."""
    raw, X, y = patients()
    s, lr = raw.std(axis=0), 0.12
    standard = descend(Batch(LINE, X, y), np.zeros(11), SGD(lr), 1000).x
    centred = Batch(LINE, raw - raw.mean(axis=0), y)
    x = descend(centred, np.zeros(11), SGD(np.append(lr / s**2, lr)), 1000).x
    assert np.abs(x * np.append(s, 1) - standard).max() < 1e-12
    x = descend(centred, np.zeros(11), SGD(np.append(lr / s, lr)), 5).x
    assert np.abs(x * np.append(s, 1) - standard[:6]).max() > 1e-2, "without the square it is not"


def test_both_halves_of_standardising_are_needed():
    """E-11: kappa of the patients is 5.5e7, 2.5e5 by rates, 7.8e4 by centring, 500 by both."""
    raw, X, _ = patients()
    H, centred = hessian(raw), hessian(raw - raw.mean(axis=0))
    assert kappa(H) == pytest.approx(5.5e7, rel=0.01)
    assert kappa(H, np.append(1 / raw.std(axis=0) ** 2, 1)) == pytest.approx(2.5e5, rel=0.02)
    assert kappa(H, 1 / np.diag(H)) == pytest.approx(4.3e4, rel=0.01)
    assert kappa(centred) == pytest.approx(7.8e4, rel=0.01)
    assert kappa(centred, 1 / np.diag(centred)) == pytest.approx(500.0, abs=0.1)
    assert kappa(centred, np.append(1 / raw.std(axis=0) ** 2, 1)) == pytest.approx(500, abs=0.1)
    assert kappa(hessian(X)) == pytest.approx(500.0, abs=0.1)


def test_ten_thousand_steps_on_raw_data_do_less_than_a_hundred_on_standardised():
    """E-11: each at 1/L, from the same start."""
    raw, X, y = patients()
    losses = []
    for features, steps in ((raw, 10_000), (X, 100)):
        lr = 1 / np.linalg.eigvalsh(hessian(features))[-1]
        end = descend(Batch(LINE, features, y), np.zeros(11), SGD(lr), steps, record=steps).x[-1]
        losses.append(LINE.loss(end, features, y))
    best = np.linalg.lstsq(np.column_stack([X, np.ones(342)]), y, rcond=None)[0]
    lowest = LINE.loss(best, X, y)
    assert losses[1] - lowest < 0.001 < 0.09 < losses[0] - lowest
    assert lowest == pytest.approx(0.4497, abs=5e-5)


def test_own_rates_on_raw_data_need_a_common_factor():
    """E-11: the largest eigenvalue by 1/H_ii is near n = 11; scaled to 1 they beat one rate."""
    raw, _, y = patients()
    H = hessian(raw)
    root = 1 / np.sqrt(np.diag(H))
    L = np.linalg.eigvalsh(root[:, None] * H * root)[-1]
    assert pytest.approx(10.605, abs=5e-4) == L
    oracle = Batch(LINE, raw, y)
    assert not np.isfinite(
        descend(oracle, np.zeros(11), SGD(root**2), 1000, record=1000).x[-1]
    ).all()
    end = descend(oracle, np.zeros(11), SGD(root**2 / L), 10_000, record=10_000).x[-1]
    assert LINE.loss(end, raw, y) == pytest.approx(0.4530, abs=5e-5)


# Turned valleys.


@pytest.mark.parametrize("angle", [0, 1, 5, 10, 20, 45, 70])
def test_factor_of_the_best_two_rates_is_the_correlation_of_the_hessian(angle):
    """E-11: with 1/H_ii two steps multiply every point by c^2, and kappa is (1 + c)/(1 - c)."""
    valley = NarrowValley(100, angle)
    H, rates = valley.A, 1 / np.diag(valley.A)
    c = abs(H[0, 1]) * np.sqrt(rates.prod())
    x = descend(valley.gradient, np.random.default_rng(0).normal(size=(4, 2)), SGD(rates), 2).x
    np.testing.assert_allclose(x[2], c**2 * x[0], atol=1e-12)
    assert kappa(H, rates) == pytest.approx((1 + c) / (1 - c), rel=1e-9)


def test_turned_by_45_degrees_no_two_rates_beat_one():
    """E-11: kappa stays 100, and of a million random pairs none has a smaller factor."""
    H = NarrowValley(100, 45).A
    rates = 10 ** np.random.default_rng(0).uniform(-3, 0.5, size=(1_000_000, 2))
    a, c = rates * np.diag(H), H[0, 1] / H[0, 0]
    trace, determinant = a.sum(axis=-1), a.prod(axis=-1) * (1 - c**2)
    root = np.sqrt(trace**2 / 4 - determinant)
    factor = np.maximum(abs(1 - trace / 2 - root), abs(1 - trace / 2 + root))
    assert factor.min() >= 99 / 101 - 1e-12
    assert kappa(H, 1 / np.diag(H)) == pytest.approx(100, rel=1e-9)


@pytest.mark.parametrize("angle", [1, 10, 30])
def test_no_ratio_of_rates_has_a_smaller_condition_number(angle):
    """E-11: 1/H_ii is the best of 2,001 ratios of two rates."""
    H = NarrowValley(100, angle).A
    ratios = np.geomspace(1e-3, 1e3, 2001)
    found = min(kappa(H, np.array([ratio, 1.0])) for ratio in ratios)
    best = kappa(H, 1 / np.diag(H))
    assert best * (1 - 1e-9) <= found <= 1.001 * best


def test_own_curvatures_are_within_n_of_the_best_diagonal():
    """E-11: on ten correlated features no diagonal is n times better (van der Sluis 1969)."""
    _, X, _ = patients()
    H, rng = hessian(X)[:10, :10], np.random.default_rng(0)
    rates, found = 1 / np.diag(H), kappa(H, 1 / np.diag(H))
    start = found
    for _ in range(2000):
        trial = rates * np.exp(rng.normal(0, 0.2, size=10))
        if kappa(H, trial) < found:
            rates, found = trial, kappa(H, trial)
    assert start / 10 < found < 0.8 * start, "better rates exist, but not ten times"


def test_two_correlated_features_keep_a_condition_number_that_no_rates_remove():
    """E-11: total cholesterol and LDL correlate by 0.894, which is a kappa of 17.8."""
    raw, X, _ = patients()
    c = np.corrcoef(raw.T)[4, 5]
    assert c == pytest.approx(0.894, abs=5e-4)
    assert kappa(hessian(X)[4:6, 4:6]) == pytest.approx((1 + c) / (1 - c), rel=1e-9)


# Layers.


def test_discriminative_rates_of_ulmfit():
    """E-11: divided by 2.6 from layer to layer: 1, 0.384615, 0.147929, 0.056896."""
    rates = 1 / 2.6 ** np.arange(4)
    np.testing.assert_allclose(rates, [1, 0.384615, 0.147929, 0.056896], atol=5e-7)


def test_ten_sigmoids_pass_on_a_millionth_at_most():
    """E-11: (1/4)^10 = 9.5367e-07 on a chain, attained where every unit is at its steepest."""
    chain = MLP([1] * 12 + [2], activation="sigmoid")
    X, y = np.array([[0.5]]), np.array([0])

    def passed_on(weight, bias):
        theta = np.ones(chain.num_parameters)
        for name, view in chain.unpack(theta).items():
            view[...] = bias if name[0] == "b" else weight
        chain.unpack(theta)["W12"][...] = [1, -1]
        g = chain.unpack(chain.gradient(theta, X, y))
        return abs(g["b1"] / g["b11"]).item()

    assert passed_on(1, -0.5) == pytest.approx(0.25**10, rel=1e-9)
    assert abs(0.25**10 - 9.5367e-07) < 1e-11
    rng = np.random.default_rng(0)
    assert max(passed_on(1, bias) for bias in rng.normal(size=50)) < 0.25**10


def test_gradient_of_a_deep_sigmoid_network_vanishes_towards_the_input():
    """E-11: through ten hidden layers by a factor near a million, and less at each layer."""
    digits = data.digits()
    deep = MLP([64, *[32] * 10, 10], activation="sigmoid")
    starts = np.stack([deep.init(rng) for rng in np.random.default_rng(0).spawn(8)])
    g = deep.unpack(deep.gradient(starts, digits.X, digits.y))
    norms = np.array([np.linalg.norm(g[f"W{k}"], axis=(-2, -1)) for k in range(1, 12)])
    assert (np.diff(np.log(norms), axis=0) > 0).all()
    assert (norms[0] < 1e-5 * norms[-1]).all()


@cache
def race(activation, etas, num_steps=500):
    """Return the final losses of six starts for rates smaller, equal, larger at the input."""
    digits = data.digits()
    model = MLP((64, 16, 16, 16, 10), activation=activation)
    shapes = np.empty((3, model.num_parameters))
    for k, q in enumerate((1 / 2.6, 1, 2.6)):
        for name, view in model.unpack(shapes[k]).items():
            view[...] = q ** (2.5 - int(name[1:]))
    rng = np.random.default_rng(5)
    starts = np.stack([model.init(rng) for _ in range(6)])
    oracle = MiniBatch(model, digits.X, digits.y, 32, rng=rng, runs=(6, 1, 1))
    lr = np.array(etas)[:, None, None] * shapes
    end = descend(oracle, starts[:, None, None], SGD(lr), num_steps, record=num_steps).x[-1]
    return np.median(model.loss(end, digits.X, digits.y), axis=0).min(axis=0)


def test_from_scratch_smaller_rates_at_the_input_are_the_worst_with_sigmoids():
    """E-11: each way at the best of its rates, by the median of six starts."""
    smaller, equal, larger = race("sigmoid", (1, 2, 3))
    assert smaller > 1.5 > 0.8 > equal > 1.2 * larger


def test_equal_rates_all_but_catch_up_with_more_steps():
    """E-11: after 800 steps little of the lead of larger rates at the input is left."""
    smaller, equal, larger = race("sigmoid", (1, 2, 3), 800)
    assert smaller > 0.6
    assert equal < 0.3 and 0.7 < equal / larger < 1.8


def test_with_relu_the_three_ways_end_alike():
    """E-11: what differed was the vanishing gradient, and ReLU's does not vanish."""
    smaller, equal, larger = race("relu", (0.05, 0.1, 0.2))
    assert max(smaller, equal, larger) < 0.2


# Torch.


def test_parameter_groups_of_torch_are_ours():
    """E-11: rates for each layer, halved by a scheduler, to 1e-12."""
    import torch

    digits = data.digits()
    network = MLP((64, 8, 10), activation="sigmoid")
    start = network.init(np.random.default_rng(0))
    layers = [torch.nn.Linear(64, 8).double(), torch.nn.Linear(8, 10).double()]
    net = torch.nn.Sequential(layers[0], torch.nn.Sigmoid(), layers[1])
    with torch.no_grad():
        for parameter, part in zip(net.parameters(), network.unpack(start).values(), strict=True):
            parameter.copy_(torch.tensor(part.T))
    groups = [{"params": layers[0].parameters(), "lr": 4.0}, {"params": layers[1].parameters()}]
    optimizer = torch.optim.SGD(groups, lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.5)
    X, y = torch.tensor(digits.X), torch.tensor(digits.y)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(X), y).backward()
        optimizer.step()
        scheduler.step()

    def halved(lr):
        return SGD(lambda t: lr * 0.5 ** (t // 10))

    rule = Groups(network, {"*1": halved(4.0), "*2": halved(1.0)})
    ours = descend(Batch(network, digits.X, digits.y), start, rule, 20).x[-1]
    theirs = np.concatenate([p.detach().numpy().T.ravel() for p in net.parameters()])
    assert np.abs(ours - theirs).max() < 1e-12
    assert [group["lr"] for group in optimizer.param_groups] == [1.0, 0.25]


def test_parameter_in_no_group_is_left_alone_by_torch_and_refused_by_us():
    """E-11: torch trains what it is given; Groups wants a rule for every array."""
    import torch

    layers = [torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)]
    before = layers[1].weight.detach().clone()
    optimizer = torch.optim.SGD([{"params": layers[0].parameters(), "lr": 1.0}])
    layers[1](layers[0](torch.ones(1, 2))).sum().backward()
    optimizer.step()
    assert torch.equal(layers[1].weight, before)
    with pytest.raises(ValueError, match="must have a rule for 'W2'"):
        Groups(MLP((2, 2, 2)), {"*1": SGD(1.0)})
