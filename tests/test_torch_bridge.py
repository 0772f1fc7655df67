"""Our rules as PyTorch optimizers, and PyTorch's optimizers as our rules."""

import io
import math
from copy import deepcopy

import numpy as np
import pytest
import torch

from gdcourse import data
from gdcourse.rules import (
    LARS,
    NAG,
    SGD,
    Adagrad,
    Adam,
    AdaMax,
    AdamW,
    AMSGrad,
    Groups,
    Lookahead,
    Momentum,
    Muon,
    RAdam,
    RMSprop,
    ScheduleFree,
    from_torch,
)
from gdcourse.schedules import Exponential
from gdcourse.torch import Optimizer


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def quadratic(num_steps, make, scheduler=None):
    """Return two tensors, and a list of the losses, after steps on a bowl in float64."""
    rng = np.random.default_rng(0)
    W = torch.tensor(rng.normal(size=(4, 3)), requires_grad=True)
    b = torch.tensor(rng.normal(size=3), requires_grad=True)
    optimizer = make([W, b])
    schedule = scheduler(optimizer) if scheduler else None
    losses = []
    for _ in range(num_steps):
        optimizer.zero_grad()
        loss = (W**2).sum() + 3 * ((b - 1) ** 2).sum() + (W @ b).sum() ** 2
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if schedule:
            schedule.step()
    return W.detach().numpy(), b.detach().numpy(), losses


def assert_same_path(ours, theirs, rtol=1e-12):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-14)


def convolutional_network():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 5, stride=2),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 16, 3, stride=2),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(400, 10),
    )


def train(make, X, y, num_steps=200, batch_size=32):
    network = convolutional_network()
    optimizer = make(network.parameters())
    for step in range(num_steps):
        batch = torch.arange(step * batch_size, (step + 1) * batch_size) % len(X)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(X[batch]), y[batch])
        loss.backward()
        optimizer.step()
    return network


def test_network_trained_by_our_adam_equals_the_one_trained_by_torch_adam():
    mnist = data.mnist5k()
    X = torch.tensor(mnist.X, dtype=torch.float32).reshape(-1, 1, 28, 28)
    y = torch.tensor(mnist.y)
    ours = train(lambda p: Optimizer(p, Adam(lr=1e-3)), X, y)
    theirs = train(lambda p: torch.optim.Adam(p, lr=1e-3), X, y)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert (a - b).abs().max() < 1e-6  # weights of about 0.1, 200 roundings to 1e-8
    unseen = torch.tensor(mnist.X_test, dtype=torch.float32).reshape(-1, 1, 28, 28)
    right = (ours(unseen).argmax(dim=1) == torch.tensor(mnist.y_test)).float().mean()
    assert right > 0.8


COUNTERPARTS = [
    (torch.optim.SGD, {"lr": 0.01}, SGD(0.01)),
    (torch.optim.SGD, {"lr": 0.01, "weight_decay": 0.1}, SGD(0.01, weight_decay=0.1)),
    (torch.optim.SGD, {"lr": 0.01, "dampening": 0.1}, SGD(0.01)),
    (torch.optim.SGD, {"lr": 0.01, "momentum": 0.8}, Momentum(0.01, 0.8)),
    (torch.optim.SGD, {"lr": 0.01, "momentum": 0.8, "dampening": 0.5}, Momentum(0.01, 0.8, 0.5)),
    (torch.optim.SGD, {"lr": 0.01, "momentum": 0.8, "nesterov": True}, NAG(0.01, 0.8)),
    (torch.optim.Adagrad, {"lr": 0.1, "initial_accumulator_value": 0.2}, Adagrad(0.1, initial=0.2)),
    (torch.optim.Adagrad, {"lr": 0.1, "lr_decay": 0.5}, None),
    (torch.optim.Adadelta, {"rho": 0.8}, None),
    (torch.optim.RMSprop, {"alpha": 0.9, "eps": 1e-6}, RMSprop(0.01, 0.9, 1e-6)),
    (torch.optim.RMSprop, {"momentum": 0.5, "centered": True}, None),
    (torch.optim.Adam, {"lr": 0.1, "betas": (0.8, 0.9)}, Adam(0.1, 0.8, 0.9)),
    (torch.optim.Adam, {"lr": torch.tensor(0.25, dtype=torch.float64)}, Adam(0.25)),
    (torch.optim.Adam, {"amsgrad": True}, AMSGrad(bias_correction=True)),
    (torch.optim.Adam, {"weight_decay": 0.1, "decoupled_weight_decay": True}, None),
    (torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.1}, AdamW(0.01, weight_decay=0.1)),
    (torch.optim.AdamW, {"weight_decay": 0.0}, Adam()),
    (torch.optim.Adamax, {"lr": 0.01}, AdaMax(0.01)),
    (torch.optim.NAdam, {"momentum_decay": 0.01}, None),
    (torch.optim.RAdam, {"lr": 0.01}, RAdam(0.01, threshold=5.0)),
]


@pytest.mark.parametrize(("kind", "options", "expected"), COUNTERPARTS)
def test_rule_from_torch_walks_the_path_of_its_original(kind, options, expected):
    rule = from_torch(kind([torch.zeros(1, requires_grad=True)], **options))
    if expected is not None:
        assert rule == expected
    theirs = quadratic(30, lambda p: kind(p, **options))
    loose = 1e-6 if kind is torch.optim.NAdam else 1e-12  # PyTorch's product is float32
    assert_same_path(quadratic(30, lambda p: Optimizer(p, rule)), theirs, rtol=loose)


def test_muon_from_torch_is_its_original_up_to_bfloat16():
    options = {"lr": 0.1, "weight_decay": 0.1, "momentum": 0.9}
    rule = from_torch(torch.optim.Muon([torch.zeros(2, 2, requires_grad=True)], **options))
    assert rule == Muon(0.1, 0.9, 0.1)
    for shape in ((6, 3), (3, 6)):
        start = torch.tensor(np.random.default_rng(0).normal(size=shape))
        ends = []
        for make in (lambda p: Optimizer(p, rule), lambda p: torch.optim.Muon(p, **options)):
            W = start.clone().requires_grad_()
            optimizer = make([W])
            for _ in range(5):
                optimizer.zero_grad()
                (W**3).sum().backward()
                optimizer.step()
            ends.append((W - start).detach())
        assert (ends[0] - ends[1]).norm() < 0.03 * ends[1].norm()


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (torch.optim.LBFGS, {}, r"torch\.optim\.LBFGS has no counterpart; these have: SGD, Ada"),
        (torch.optim.Rprop, {}, r"torch\.optim\.Rprop has no counterpart"),
        (torch.optim.Adafactor, {}, r"torch\.optim\.Adafactor has no counterpart"),
        (torch.optim.Adam, {"weight_decay": 0.1}, r"weight_decay=0\.1 of torch\.optim\.Adam has"),
        (torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0.1}, "no counterpart in Momentum"),
        (torch.optim.AdamW, {"amsgrad": True}, "weight_decay=0.01 .* no counterpart in AMSGrad"),
        (torch.optim.Adam, {"maximize": True}, "maximize=True of"),
        (torch.optim.Muon, {"nesterov": False}, "nesterov=False of torch.optim.Muon has no"),
        (torch.optim.Muon, {"ns_coefficients": (3, -4, 2)}, r"ns_coefficients=\(3, -4, 2\)"),
        (torch.optim.Muon, {"adjust_lr_fn": "match_rms_adamw"}, "adjust_lr_fn='match_rms_adamw'"),
    ],
)
def test_setting_without_counterpart_is_named(kind, options, message):
    with pytest.raises(ValueError, match=message):
        from_torch(kind([torch.zeros(2, 2, requires_grad=True)], **options))


def test_what_is_no_torch_optimizer_or_has_unlike_groups_is_refused():
    p, q = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    with pytest.raises(ValueError, match=r"optimizer must be one of torch\.optim's, got Adam"):
        from_torch(Adam())
    with pytest.raises(ValueError, match=r"optimizer must be one of torch\.optim's"):
        from_torch(Optimizer([p], Adam()))
    groups = [{"params": [p], "lr": 0.1}, {"params": [q]}]
    with pytest.raises(ValueError, match=r"like ones: \['lr'\] differ"):
        from_torch(torch.optim.Adam(groups))
    assert from_torch(torch.optim.Adam([{"params": [p]}, {"params": [q]}])) == Adam()


@pytest.mark.parametrize(
    "scheduler",
    [
        lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 20),
        lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, 20, cycle_momentum=False),
        lambda o: torch.optim.lr_scheduler.StepLR(o, 5, 0.5),
    ],
)
def test_torch_schedulers_change_our_learning_rate(scheduler):
    ours = quadratic(20, lambda p: Optimizer(p, Adam(0.05)), scheduler)
    theirs = quadratic(20, lambda p: torch.optim.Adam(p, 0.05), scheduler)
    assert_same_path(ours, theirs)


def test_our_schedules_need_no_scheduler():
    ours = quadratic(20, lambda p: Optimizer(p, Momentum(Exponential(0.02, 0.9))))
    theirs = quadratic(
        20,
        lambda p: torch.optim.SGD(p, 0.02, momentum=0.9),
        lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9),
    )
    assert_same_path(ours, theirs)


def test_learning_rate_of_a_rule_inside_another_is_the_groups():
    slow = quadratic(11, lambda p: Optimizer(p, Lookahead(SGD(0.02), k=3)))
    optimizer, rule = None, Lookahead(SGD(0.5), k=3)

    def make(params):
        nonlocal optimizer
        optimizer = Optimizer([{"params": params, "lr": 0.02}], rule)
        return optimizer

    assert_same_path(quadratic(11, make), slow, rtol=0)
    assert optimizer.param_groups[0]["alpha"] == 0.5
    assert rule == Lookahead(SGD(0.5), k=3)


def test_groups_have_their_own_settings_and_rules():
    def ours(params):
        W, b = params
        return Optimizer([{"params": W}, {"params": b, "lr": 0.01, "rule": Momentum(0.5)}], Adam())

    W, b, _ = quadratic(1, ours)
    first = quadratic(1, lambda p: torch.optim.Adam(p))[0]
    second = quadratic(1, lambda p: torch.optim.SGD(p, 0.01))[1]
    np.testing.assert_allclose(W, first, rtol=1e-12)
    np.testing.assert_allclose(b, second, rtol=1e-12)


def test_norms_are_those_of_each_tensor():
    rng = np.random.default_rng(0)
    W, b = rng.normal(size=(4, 3)), rng.normal(size=3)
    dW, db = 2 * W, 6 * (b - 1)
    s = 2 * (W @ b).sum()
    dW, db = dW + s * b, db + s * W.sum(axis=0)
    for x, g in ((W, dW), (b, db)):
        x -= 0.1 * 0.001 * np.linalg.norm(x) / np.linalg.norm(g) * g
    ends = quadratic(1, lambda p: Optimizer(p, LARS(0.1)))
    np.testing.assert_allclose(ends[0], W, rtol=1e-12)
    np.testing.assert_allclose(ends[1], b, rtol=1e-12)


@pytest.mark.parametrize(
    "rule",
    [Adam(0.05), Lookahead(Momentum(0.01), k=3), ScheduleFree(SGD(0.1)), Adam(0.05).compiled()],
    ids=["", "", "", "compiled"],
)
def test_state_saved_to_a_file_goes_on_bit_for_bit(rule):
    whole = quadratic(12, lambda p: Optimizer(p, rule))
    kept = {}

    def first(params):
        kept["optimizer"], kept["params"] = Optimizer(params, rule), params
        return kept["optimizer"]

    def second(params):
        for p, saved in zip(params, kept["params"], strict=True):
            p.data = saved.detach().clone()
        file = io.BytesIO()
        torch.save(kept["optimizer"].state_dict(), file)
        file.seek(0)
        optimizer = Optimizer(params, rule)
        optimizer.load_state_dict(torch.load(file))
        return optimizer

    quadratic(5, first)
    rest = quadratic(7, second)
    assert np.array_equal(rest[0], whole[0]) and np.array_equal(rest[1], whole[1])


def test_copied_optimizer_has_its_rules():
    p = torch.ones(2, requires_grad=True)
    optimizer = deepcopy(Optimizer([p], Adam(0.1)))
    (q,) = optimizer.param_groups[0]["params"]
    q.grad = torch.ones(2)
    optimizer.step()
    assert q[0].item() == pytest.approx(0.9) and p[0] == 1


def test_state_of_another_rule_is_refused():
    p = torch.ones(2, requires_grad=True)
    saved = Optimizer([p], Lookahead(SGD())).state_dict()
    with pytest.raises(ValueError, match=r"rules \['Adam'\], got \['Lookahead\(SGD\)'\]"):
        Optimizer([p], Adam()).load_state_dict(saved)


def test_reported_points_are_lent_for_an_evaluation():
    p = torch.ones(3, requires_grad=True)
    frozen = torch.ones(1, requires_grad=True)
    optimizer = Optimizer([p, frozen], NAG(0.1, 0.5))
    p.grad = torch.ones(3)
    optimizer.step()
    ahead = p.detach().clone()
    with pytest.raises(KeyError), optimizer.reported():
        torch.testing.assert_close(p.detach(), torch.full((3,), 0.9))  # a plain step of momentum
        raise KeyError
    assert torch.equal(p, ahead) and ahead[0] == pytest.approx(0.85)
    assert frozen == 1


def test_closure_is_called_with_gradients_on_and_its_value_returned():
    p = torch.ones(2, requires_grad=True)
    optimizer = Optimizer([p], SGD(0.25))

    def closure():
        optimizer.zero_grad()
        loss = (p**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure) == 2.0
    assert p.tolist() == [0.5, 0.5]
    assert optimizer.step() is None


def test_parameters_share_their_memory_and_autograd_sees_the_change():
    p = torch.ones(2, 3, requires_grad=True)
    place, loss = p.data_ptr(), (p**2).sum()
    p.grad = torch.ones(2, 3)
    Optimizer([p], SGD(0.5)).step()
    assert p.data_ptr() == place and (p == 0.5).all()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("rule", [Momentum(0.5), Muon(0.5)])
def test_tensors_that_are_not_contiguous_are_updated_too(rule):
    W = torch.tensor(np.random.default_rng(0).normal(size=(4, 3)))
    ends = []
    for p in (W.clone(), W.clone().T.contiguous().T):
        p.requires_grad_()
        optimizer = Optimizer([p], rule)
        for _ in range(2):
            p.grad = W.cos()
            optimizer.step()
        ends.append(p.detach())
    assert torch.equal(*ends) and not torch.equal(ends[0], W)


def test_number_without_axes_and_parameter_without_gradient():
    number, idle = torch.tensor(2.0, requires_grad=True), torch.ones(2, requires_grad=True)
    optimizer = Optimizer([number, idle], Adam(0.5))
    number.grad = torch.tensor(3.0)
    optimizer.step()
    assert number.item() == pytest.approx(1.5)
    assert (idle == 1).all() and idle not in optimizer.state


def test_divergence_is_no_warning():
    p = torch.full((2,), 1e30, requires_grad=True)
    optimizer = Optimizer([p], SGD(1e30))
    p.grad = p.detach().clone()
    optimizer.step()
    assert math.isinf(p[0].item())


def test_bad_arguments_are_named():
    p = torch.zeros(2, requires_grad=True)
    with pytest.raises(ValueError, match=r"rule must be a gdcourse rule, .* got 'adam'"):
        Optimizer([p], "adam")
    with pytest.raises(ValueError, match="rule must not be Groups"):
        Optimizer([p], Groups({"a": (2,)}, {"a": SGD()}))
    with pytest.raises(ValueError, match="lr must be a number or a schedule, got an array"):
        Optimizer([p], SGD(np.ones((3, 1))))
    with pytest.raises(ValueError, match="beta1 must be a number or a schedule, got an array"):
        Optimizer([p], Lookahead(Adam(beta1=np.zeros(2))))
    with pytest.raises(ValueError, match="a group for SGD can have a rule, lr, weight_decay; got"):
        Optimizer([{"params": p, "momentum": 0.9}], SGD())
    with pytest.raises(ValueError, match=r"lr must lie in \[0, inf\), got -1"):
        Optimizer([{"params": p, "lr": -1}], SGD())
    with pytest.raises(ValueError, match=r"Muon acts on matrices, got a parameter of shape \(2,\)"):
        Optimizer([p], Muon())
    with pytest.raises(ValueError, match=r"float32 or float64 tensors on the CPU, got torch\.bfl"):
        Optimizer([p.detach().bfloat16().requires_grad_()], SGD())
    with pytest.raises(ValueError, match="params must hold tensors, got 3"):
        Optimizer([3], SGD())
    with pytest.raises(ValueError, match="empty parameter list"):
        Optimizer([], SGD())
    p.grad = torch.zeros(2).to_sparse()
    with pytest.raises(ValueError, match=r"dense, got one of layout torch\.sparse_coo"):
        Optimizer([p], SGD()).step()
