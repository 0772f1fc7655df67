"""Rules beside other people's code: a hundred steps of double precision, equal to 1e-12."""

import inspect
from itertools import product

import optax
import pytest
import pytorch_optimizer
import schedulefree
import torch

from gdcourse.readouts import SWA
from gdcourse.rules import (
    LAMB,
    LARS,
    NAG,
    SGD,
    AdaBelief,
    AdaBound,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    AdaMax,
    AdamW,
    AMSGrad,
    Lion,
    Lookahead,
    Momentum,
    Muon,
    NAdam,
    RAdam,
    RMSprop,
    ScheduleFree,
    SignSGD,
)
from gdcourse.schedules import InverseTime
from tests.frameworks import X0, difference, gradients, walk, walk_optax, walk_torch

TOLERANCE = 1e-12


@pytest.fixture(autouse=True)
def double_precision():
    torch.set_default_dtype(torch.float64)  # NAdam keeps its product of mu in the default dtype
    yield
    torch.set_default_dtype(torch.float32)


def grid(**options):
    return [dict(zip(options, values, strict=True)) for values in product(*options.values())]


BETAS = [(0.9, 0.999), (0.8, 0.95), (0.0, 0.5)]
ADAM = {"lr": [0.01], "betas": BETAS, "eps": [1e-8, 1e-3], "weight_decay": [0.0, 0.01]}


def betas(o):
    return {"lr": o["lr"], "beta1": o["betas"][0], "beta2": o["betas"][1], "eps": o["eps"]}


def decay(o):
    """Return how ``walk`` imitates PyTorch's weight decay."""
    if o.get("decoupled_weight_decay"):
        return {"decoupled": o["weight_decay"], "lr": o["lr"]}
    return {"l2": o["weight_decay"]}


def torch_sgd(o):
    if o["nesterov"]:
        return NAG(o["lr"], o["momentum"]), decay(o)
    if o["momentum"]:
        return Momentum(o["lr"], o["momentum"], o["dampening"]), decay(o)
    return SGD(o["lr"], o["weight_decay"]), {}


def torch_adam(o):
    if o["amsgrad"]:
        return AMSGrad(**betas(o), bias_correction=True), decay(o)
    if o["decoupled_weight_decay"]:
        return AdamW(**betas(o), weight_decay=o["weight_decay"]), {}
    return Adam(**betas(o)), decay(o)


# For each PyTorch optimizer: a grid over its options, and ours with the same settings.
TORCH = {
    "SGD": (
        grid(
            lr=[0.1, 0.01],
            momentum=[0.0],
            dampening=[0.0],
            weight_decay=[0.0, 0.1],
            nesterov=[False],
        )
        + grid(
            lr=[0.1],
            momentum=[0.5, 0.9],
            dampening=[0.0, 0.3, 1.0],
            weight_decay=[0.0, 0.1],
            nesterov=[False],
        )
        + grid(
            lr=[0.1], momentum=[0.5, 0.9], dampening=[0.0], weight_decay=[0.0, 0.1], nesterov=[True]
        ),
        torch_sgd,
    ),
    "Adagrad": (
        grid(
            lr=[0.1],
            lr_decay=[0.0, 0.1],
            weight_decay=[0.0, 0.1],
            initial_accumulator_value=[0.0, 0.1],
            eps=[1e-10, 1e-3],
        ),
        lambda o: (
            Adagrad(InverseTime(o["lr"], o["lr_decay"]), o["eps"], o["initial_accumulator_value"]),
            decay(o),
        ),
    ),
    "Adadelta": (
        grid(lr=[1.0, 0.5], rho=[0.9, 0.95], eps=[1e-6, 1e-3], weight_decay=[0.0, 0.1]),
        lambda o: (Adadelta(o["lr"], o["rho"], o["eps"]), decay(o)),
    ),
    "RMSprop": (
        grid(
            lr=[0.01],
            alpha=[0.99, 0.9],
            eps=[1e-8, 1e-3],
            weight_decay=[0.0, 0.1],
            momentum=[0.0, 0.9],
            centered=[False, True],
        ),
        lambda o: (
            RMSprop(o["lr"], o["alpha"], o["eps"], o["momentum"], o["centered"]),
            decay(o),
        ),
    ),
    "Adam": (grid(**ADAM, amsgrad=[False, True], decoupled_weight_decay=[False, True]), torch_adam),
    "AdamW": (
        grid(**ADAM, amsgrad=[False, True]),
        lambda o: torch_adam(o | {"decoupled_weight_decay": True}),
    ),
    "Adamax": (grid(**ADAM), lambda o: (AdaMax(**betas(o)), decay(o))),
    "NAdam": (
        grid(**ADAM, momentum_decay=[0.004, 1.0], decoupled_weight_decay=[False, True]),
        lambda o: (NAdam(**betas(o), momentum_decay=o["momentum_decay"]), decay(o)),
    ),
    "RAdam": (
        grid(**ADAM, decoupled_weight_decay=[False, True]),
        lambda o: (RAdam(**betas(o), threshold=5), decay(o)),
    ),
    "ASGD": (
        grid(lr=[0.1], lambd=[1e-4, 0.1], alpha=[0.75, 0.5], t0=[1e6, 10], weight_decay=[0.0, 0.1]),
        lambda o: (
            SWA(
                SGD(
                    lambda t: o["lr"] / (1 + o["lambd"] * o["lr"] * t) ** o["alpha"],
                    o["lambd"] + o["weight_decay"],
                ),
                start=int(o["t0"]) + 1,
            ),
            {},
        ),
    ),
    "Adafactor": (
        grid(
            lr=[0.01, 0.5],
            beta2_decay=[-0.8, -0.5],
            eps=[(1e-30, 1e-3), (1e-30, 10.0)],
            d=[1.0, 2.0],
            weight_decay=[0.0, 0.1],
        ),
        lambda o: (
            Adafactor(o["lr"], -o["beta2_decay"], *o["eps"], o["d"], o["weight_decay"]),
            {},
        ),
    ),
}
ASKED_ELSEWHERE = {
    "Muon": "iterates in bfloat16: test_muon_is_torchs_up_to_its_three_digits",
    "SparseAdam": "Adam that skips coordinates whose gradient is not stored",
    "Rprop": "not in the course: keeps a sign and a length for each coordinate, batch only",
    "LBFGS": "not in the course: asks for several gradients and a line search in each step",
    "Optimizer": "the base class",
}
IMPLEMENTATION = {"params", "foreach", "maximize", "capturable", "differentiable", "fused"}
CASES = [
    pytest.param(name, options, ours, id=f"{name}-{number}")
    for name, (cases, ours) in TORCH.items()
    for number, options in enumerate(cases)
]


def matrix_if_needed(rule):
    return (2, 3) if rule.axes == 2 else (6,)


@pytest.mark.parametrize(("name", "options", "ours"), CASES)
def test_hundred_steps_equal_torch(name, options, ours):
    rule, how = ours(options)
    shape = matrix_if_needed(rule)
    x0, sequence = X0.reshape(shape), gradients(shape=shape)
    theirs = walk_torch(lambda p: getattr(torch.optim, name)(p, **options), x0, sequence)
    assert difference(walk(rule, x0, sequence, **how), theirs) < TOLERANCE
    if name == "ASGD":
        make = lambda p: torch.optim.ASGD(p, **options)  # noqa: E731
        theirs = walk_torch(make, x0, sequence, average="ax")
        assert difference(walk(rule, x0, sequence, readout=True), theirs) < TOLERANCE


def test_every_optimizer_and_option_of_torch_is_accounted_for():
    classes = {n for n, c in vars(torch.optim).items() if inspect.isclass(c)}
    assert classes == set(TORCH) | set(ASKED_ELSEWHERE)
    for name, (cases, _) in TORCH.items():
        options = set(inspect.signature(getattr(torch.optim, name)).parameters)
        assert options - IMPLEMENTATION == set(cases[0]), name


def test_muon_is_torchs_up_to_its_three_digits():
    """torch.optim.Muon iterates in bfloat16; tests/reference.py has the exact counterpart."""
    sequence = gradients(shape=(2, 3))
    make = lambda p: torch.optim.Muon(p, lr=0.01, weight_decay=0.1)  # noqa: E731
    theirs = walk_torch(make, X0.reshape(2, 3).T.copy(), sequence.swapaxes(1, 2).copy())
    ours = walk(Muon(lr=0.01, weight_decay=0.1), X0.reshape(2, 3), sequence)
    assert 1e-6 < difference(ours, theirs.swapaxes(1, 2)) < 0.05


OPTAX = {
    "sgd": (SGD(0.1), optax.sgd(0.1)),
    "momentum": (Momentum(0.1, 0.9), optax.sgd(0.1, 0.9)),
    "nesterov": (NAG(0.1, 0.9), optax.sgd(0.1, 0.9, nesterov=True)),
    "sign_sgd": (SignSGD(0.1), optax.sign_sgd(0.1)),
    "adagrad": (Adagrad(0.1, 1e-7, 0.1, eps_inside=True), optax.adagrad(0.1)),
    "adadelta": (Adadelta(1.0, 0.9, 1e-6), optax.adadelta(1.0)),
    "rmsprop": (RMSprop(0.1, eps_inside=True), optax.rmsprop(0.1)),
    "rmsprop eps outside": (RMSprop(0.1), optax.rmsprop(0.1, eps_in_sqrt=False)),
    "rmsprop momentum": (
        RMSprop(0.1, momentum=0.9, eps_inside=True),
        optax.rmsprop(0.1, momentum=0.9),
    ),
    "rmsprop centered": (
        RMSprop(0.1, centered=True, eps_inside=True),
        optax.rmsprop(0.1, centered=True),
    ),
    "adam": (Adam(0.1), optax.adam(0.1)),
    "adamw": (AdamW(0.1, weight_decay=1e-4), optax.adamw(0.1)),
    "adamax": (AdaMax(0.1), optax.adamax(0.1)),
    "nadam": (NAdam(0.1, momentum_decay=1e6), optax.nadam(0.1)),
    "amsgrad": (
        AMSGrad(0.1),
        optax.chain(
            optax.scale_by_amsgrad(bias_correction_mu=False, bias_correction_nu=False),
            optax.scale(-0.1),
        ),
    ),
    "radam": (RAdam(0.1, threshold=5, eps=1e-300), optax.radam(0.1, eps=1e-300)),
    "adabelief": (AdaBelief(0.1), optax.adabelief(0.1)),
    "lion": (Lion(0.1, weight_decay=1e-3), optax.lion(0.1)),
    "lars": (LARS(0.1), optax.lars(0.1, weight_decay=0.0)),
    "lamb": (LAMB(0.1, weight_decay=0.1), optax.lamb(0.1, weight_decay=0.1)),
}


@pytest.mark.parametrize(("rule", "optimizer"), OPTAX.values(), ids=list(OPTAX))
def test_hundred_steps_equal_optax(rule, optimizer):
    assert difference(walk(rule), walk_optax(optimizer)) < TOLERANCE


def training(optimizer):
    optimizer.train()
    return optimizer


OTHERS = {
    "AdaBound": (
        AdaBound(0.1, final_lr=0.5, bias_correction=True, root_decay=False),
        lambda p: pytorch_optimizer.AdaBound(p, lr=0.1, final_lr=0.5),
    ),
    "AdaBelief": (
        AdaBelief(0.1),
        lambda p: pytorch_optimizer.AdaBelief(p, lr=0.1, eps=1e-16, weight_decay=0.0),
    ),
    "Lion": (Lion(0.1), lambda p: pytorch_optimizer.Lion(p, lr=0.1, weight_decay=0.0)),
    "Lookahead": (
        Lookahead(Adam(0.1), k=5, alpha=0.5),
        lambda p: pytorch_optimizer.Lookahead(
            torch.optim.Adam(p, lr=0.1), k=5, alpha=0.5, pullback_momentum="none"
        ),
    ),
    "ScheduleFreeSGD": (
        ScheduleFree(SGD(0.1), weight_decay=0.1),
        lambda p: training(schedulefree.SGDScheduleFree(p, lr=0.1, weight_decay=0.1)),
    ),
    "ScheduleFreeAdamW": (
        ScheduleFree(Adam(0.1, beta1=0), weight_decay=0.1),
        lambda p: training(schedulefree.AdamWScheduleFree(p, lr=0.1, weight_decay=0.1)),
    ),
    "ScheduleFreeAdamW with warm-up": (
        ScheduleFree(Adam(lambda t: 0.1 * min(1, (t + 1) / 20), beta1=0), beta=0.95),
        lambda p: training(
            schedulefree.AdamWScheduleFree(p, lr=0.1, betas=(0.95, 0.999), warmup_steps=20)
        ),
    ),
}


@pytest.mark.parametrize(("rule", "make"), OTHERS.values(), ids=list(OTHERS))
def test_hundred_steps_equal_the_authors_or_pytorch_optimizer(rule, make):
    assert difference(walk(rule), walk_torch(make)) < TOLERANCE
