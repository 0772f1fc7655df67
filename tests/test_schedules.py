"""Schedules: closed forms, arrays of t, parity with torch and optax, refusals."""

import math

import jax
import numpy as np
import optax
import pytest
import torch
from torch.optim import lr_scheduler

from gdcourse.schedules import (
    Chain,
    Constant,
    Cosine,
    Cyclical,
    Exponential,
    InverseTime,
    MultiStep,
    OneCycle,
    Polynomial,
    Schedule,
    Step,
    Transformer,
    WarmRestarts,
    Warmup,
    WarmupStableDecay,
)

jax.config.update("jax_enable_x64", True)
T = np.arange(30)


def one_cycle(t, values, ends):
    for k in range(len(ends) - 1):
        if t <= ends[k + 1]:
            past = (t - ends[k]) / (ends[k + 1] - ends[k])
            return values[k] + (values[k + 1] - values[k]) * past
    return values[-1]


# For each schedule: its values at T, by a slow formula on one number at a time.
SCHEDULES = {
    "constant": (Constant(0.4), lambda t: 0.4),
    "inverse-time": (InverseTime(0.4, 0.5), lambda t: 0.4 / (1 + 0.5 * t)),
    "polynomial": (Polynomial(0.4, 20, 2, 0.1), lambda t: 0.1 + 0.3 * max(0, 1 - t / 20) ** 2),
    "linear": (Polynomial(0.4, 20), lambda t: 0.4 - 0.02 * min(t, 20)),
    "exponential": (Exponential(0.4, 0.9), lambda t: 0.4 * math.exp(t * math.log(0.9))),
    "step": (Step(0.4, 0.5, 4), lambda t: 0.4 / 2 ** int(t / 4)),
    "multi-step": (MultiStep(0.4, 0.1, [3, 9]), lambda t: [0.4, 0.04, 0.004][(t > 2) + (t > 8)]),
    "cosine": (
        Cosine(0.4, 20, 0.1),
        lambda t: 0.1 + 0.3 * math.cos(math.pi * min(t, 20) / 40) ** 2,
    ),
    "warm restarts": (
        WarmRestarts(0.4, 3, 2, 0.1),
        lambda t: 0.1 + 0.3 * math.cos(math.pi / 2 * restart(t, 3, 2)) ** 2,
    ),
    "equal restarts": (WarmRestarts(0.4, 5), lambda t: 0.4 * math.cos(math.pi * (t % 5) / 10) ** 2),
    "triangular": (Cyclical(0.1, 0.5, 4), lambda t: 0.1 + 0.1 * min(t % 8, 8 - t % 8)),
    "triangular2": (
        Cyclical(0.1, 0.5, 4, "triangular2"),
        lambda t: 0.1 + 0.1 * min(t % 8, 8 - t % 8) / 2 ** (t // 8),
    ),
    "exp_range": (
        Cyclical(0.1, 0.5, 4, "exp_range", 0.9),
        lambda t: 0.1 + 0.1 * min(t % 8, 8 - t % 8) * 0.9**t,
    ),
    "one-cycle": (
        OneCycle(1.0, 20, 0.25, 0.1, 0.01, "linear"),
        lambda t: one_cycle(t, [0.1, 1.0, 0.01], [0, 4, 19]),
    ),
    "one-cycle in three": (
        OneCycle(1.0, 20, 0.25, 0.1, 0.01, "linear", True),
        lambda t: one_cycle(t, [0.1, 1.0, 0.1, 0.01], [0, 4, 8, 19]),
    ),
    "its momentum": (
        OneCycle(1.0, 20, 0.25, shape="linear").momentum(0.8, 0.9),
        lambda t: one_cycle(t, [0.9, 0.8, 0.9], [0, 4, 19]),
    ),
    "warm-up": (
        Warmup(Exponential(0.4, 0.9), 4),
        lambda t: 0.08 * (t + 1) if t < 4 else 0.4 * 0.9 ** (t - 4),
    ),
    "warm-up of a number": (Warmup(0.4, 4), lambda t: min(0.4, 0.08 * (t + 1))),
    "transformer": (
        Transformer(16, 5),
        lambda t: 0.25 * ((t + 1) / 5**1.5 if t < 5 else 1 / math.sqrt(t + 1)),
    ),
    "warm-up, stable, decay": (
        WarmupStableDecay(0.4, 25, 4, 10, 0.1),
        lambda t: min(0.08 * (t + 1), 0.4, 0.1 + 0.03 * max(25 - t, 0)),
    ),
    "chain": (
        Chain([0.3, Exponential(0.4, 0.5), Cosine(0.2, 4)], [2, 10]),
        lambda t: (
            0.3
            if t < 2
            else 0.4 * 0.5 ** (t - 2)
            if t < 10
            else 0.2 * math.cos(math.pi * min(t - 10, 4) / 8) ** 2
        ),
    ),
}
each = pytest.mark.parametrize(("schedule", "slow"), SCHEDULES.values(), ids=list(SCHEDULES))


def restart(t, length, factor):
    """Return how far into its period ``t`` is, from 0 to 1."""
    while t >= length:
        t, length = t - length, length * factor
    return t / length


@each
def test_values_are_the_closed_form_for_numbers_and_arrays(schedule, slow):
    expected = [slow(int(t)) for t in T]
    np.testing.assert_allclose(schedule(T), expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose([schedule(int(t)) for t in T], expected, rtol=1e-12, atol=1e-15)
    grid = schedule(T.reshape(5, 6))
    assert grid.shape == (5, 6) and np.array_equal(grid.ravel(), schedule(T))


@each
def test_value_of_a_number_is_a_plain_float(schedule, slow):
    assert type(schedule(3)) is float
    assert type(schedule(np.int64(3))) is float


def test_every_schedule_is_in_the_table():
    ours = {cls for cls in Schedule.__subclasses__() if not cls.__name__.startswith("_")}
    assert ours == {type(schedule) for schedule, _ in SCHEDULES.values()} - {
        type(OneCycle(1.0, 20).momentum())
    }


def lr_of(scheduler, steps=30, *, lr=0.4, name="lr"):
    """Return what a PyTorch scheduler gives to each of the first updates."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr, momentum=0.9)
    stepper = scheduler(optimizer)
    values = []
    for t in range(steps):
        values.append(optimizer.param_groups[0][name])
        optimizer.step()
        if t + 1 < steps:
            stepper.step()
    return np.array(values)


def cycle(o, **options):
    return lr_scheduler.CyclicLR(o, 0.1, 0.5, step_size_up=4, **options)


TORCH = {
    "ExponentialLR": [(Exponential(0.4, 0.9), lambda o: lr_scheduler.ExponentialLR(o, 0.9))],
    "StepLR": [(Step(0.4, 0.5, 4), lambda o: lr_scheduler.StepLR(o, 4, 0.5))],
    "MultiStepLR": [
        (MultiStep(0.4, 0.1, [3, 9]), lambda o: lr_scheduler.MultiStepLR(o, [3, 9], 0.1))
    ],
    "ConstantLR": [(Chain([0.1, 0.4], [5]), lambda o: lr_scheduler.ConstantLR(o, 0.25, 5))],
    "LinearLR": [
        (Warmup(0.4, 4), lambda o: lr_scheduler.LinearLR(o, 1 / 5, total_iters=4)),
        (Polynomial(0.4, 8, 1, 0.1), lambda o: lr_scheduler.LinearLR(o, 1.0, 0.25, 8)),
    ],
    "PolynomialLR": [
        (Polynomial(0.4, 20, power), lambda o, p=power: lr_scheduler.PolynomialLR(o, 20, p))
        for power in (1.0, 2.0)
    ],
    "CosineAnnealingLR": [
        (Cosine(0.4, 30, 0.1), lambda o: lr_scheduler.CosineAnnealingLR(o, 30, 0.1))
    ],
    "CosineAnnealingWarmRestarts": [
        (
            WarmRestarts(0.4, 3, factor, 0.1),
            lambda o, f=factor: lr_scheduler.CosineAnnealingWarmRestarts(o, 3, f, 0.1),
        )
        for factor in (1, 2)
    ],
    "CyclicLR": [
        (Cyclical(0.1, 0.5, 4), lambda o: cycle(o)),
        (Cyclical(0.1, 0.5, 4, "triangular2"), lambda o: cycle(o, mode="triangular2")),
        (
            Cyclical(0.1, 0.5, 4, "exp_range", 0.9),
            lambda o: cycle(o, mode="exp_range", gamma=0.9),
        ),
    ],
    "OneCycleLR": [
        (
            OneCycle(0.4, 30, share, shape=shape, three_phases=three),
            lambda o, share=share, shape=shape, three=three: lr_scheduler.OneCycleLR(
                o,
                0.4,
                30,
                pct_start=share,
                anneal_strategy={"cosine": "cos", "linear": "linear"}[shape],
                three_phase=three,
            ),
        )
        for share in (0.3, 0.45)
        for shape in ("cosine", "linear")
        for three in (False, True)
    ],
    "SequentialLR": [
        (
            Chain([Warmup(0.4, 4), Exponential(0.4, 0.9)], [5]),
            lambda o: lr_scheduler.SequentialLR(
                o,
                [
                    lr_scheduler.LinearLR(o, 1 / 5, total_iters=4),
                    lr_scheduler.ExponentialLR(o, 0.9),
                ],
                [5],
            ),
        )
    ],
    "LambdaLR": [
        (InverseTime(0.4, 0.5), lambda o: lr_scheduler.LambdaLR(o, lambda t: 1 / (1 + 0.5 * t)))
    ],
    "MultiplicativeLR": [
        (Exponential(0.4, 0.9), lambda o: lr_scheduler.MultiplicativeLR(o, lambda t: 0.9))
    ],
    "ChainedScheduler": [
        (
            lambda t: Exponential(0.4, 0.9)(t) * Step(1.0, 0.5, 4)(t),
            lambda o: lr_scheduler.ChainedScheduler(
                [lr_scheduler.ExponentialLR(o, 0.9), lr_scheduler.StepLR(o, 4, 0.5)]
            ),
        )
    ],
}
NO_FUNCTION_OF_T = {"ReduceLROnPlateau": "asks for the loss", "LRScheduler": "the base class"}


@pytest.mark.parametrize(
    ("schedule", "scheduler"),
    [pytest.param(*case, id=name) for name, cases in TORCH.items() for case in cases],
)
def test_values_equal_torch(schedule, scheduler):
    ours = [schedule(t) for t in range(30)]
    np.testing.assert_allclose(ours, lr_of(scheduler), rtol=1e-12, atol=1e-15)


def test_every_scheduler_of_torch_is_accounted_for():
    classes = {
        n
        for n, c in vars(lr_scheduler).items()
        if isinstance(c, type) and c.__module__ == lr_scheduler.__name__
    }
    public = {name for name in classes if not name.startswith("_")}
    assert public == set(TORCH) | set(NO_FUNCTION_OF_T)


@pytest.mark.parametrize(("shape", "torchs"), [("cosine", "cos"), ("linear", "linear")])
@pytest.mark.parametrize("three", [False, True])
def test_momentum_of_one_cycle_equals_torch(shape, torchs, three):
    ours = OneCycle(0.4, 30, shape=shape, three_phases=three).momentum()
    theirs = lr_of(
        lambda o: lr_scheduler.OneCycleLR(o, 0.4, 30, anneal_strategy=torchs, three_phase=three),
        name="momentum",
    )
    np.testing.assert_allclose(ours(T), theirs, rtol=1e-13)


def test_momentum_of_cyclical_is_the_other_way_round():
    theirs = lr_of(lambda o: cycle(o, base_momentum=0.8, max_momentum=0.9), name="momentum")
    np.testing.assert_allclose(Cyclical(0.9, 0.8, 4).value(T), theirs, rtol=1e-13)


def test_torch_cosine_rises_again_where_ours_stays():
    theirs = lr_of(lambda o: lr_scheduler.CosineAnnealingLR(o, 20))
    assert theirs[29] > 0.05 and Cosine(0.4, 20)(29) == 0


@pytest.mark.parametrize(
    ("schedule", "theirs"),
    [
        (Cosine(0.4, 20, 0.1), optax.cosine_decay_schedule(0.4, 20, 0.25)),
        (Exponential(0.4, 0.9), optax.exponential_decay(0.4, 1, 0.9)),
        (Polynomial(0.4, 20, 2, 0.1), optax.polynomial_schedule(0.4, 0.1, 2, 20)),
        (Step(0.4, 0.5, 4), optax.exponential_decay(0.4, 4, 0.5, staircase=True)),
        (MultiStep(0.4, 0.5, [3, 9]), optax.piecewise_constant_schedule(0.4, {3: 0.5, 9: 0.5})),
    ],
    ids=["cosine", "exponential", "polynomial", "step", "multi-step"],
)
def test_values_equal_optax(schedule, theirs):
    np.testing.assert_allclose(schedule(T), [theirs(int(t)) for t in T], rtol=1e-12)


def test_initial_values_may_be_a_sweep():
    initial = np.array([[0.1], [0.2]])
    assert Exponential(initial, 0.5)(1).tolist() == [[0.05], [0.1]]
    for schedule in (Cosine(initial, 9), WarmRestarts(initial, 3), OneCycle(initial, 9, 0.4)):
        values = schedule(2)
        assert values.shape == (2, 1)
        assert values[1, 0] == 2 * values[0, 0]
    assert Warmup(Constant(initial), 3)(0).tolist() == [[0.025], [0.05]]
    assert Chain([0.3, Constant(initial)], [2])(2).tolist() == initial.tolist()


def test_warm_up_loses_no_update():
    assert Warmup(0.4, 1000)(0) > 0 and WarmupStableDecay(0.4, 100, 10, 10)(0) > 0
    assert Transformer()(0) > 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(-1), r"initial must lie in \[0, inf\), got -1"),
        (lambda: Constant(np.nan), r"initial must lie in \[0, inf\), got nan"),
        (lambda: InverseTime(np.inf, 1), r"initial must lie in \[0, inf\), got inf"),
        (lambda: InverseTime(1, -0.1), r"rate must lie in \[0, inf\), got -0.1"),
        (lambda: Polynomial(1, 0), "num_steps must be a whole number of at least 1, got 0"),
        (lambda: Polynomial(1, 5, -1), r"power must lie in \[0, inf\), got -1"),
        (lambda: Polynomial(1, 5, 1, -1), r"final must lie in \[0, inf\), got -1"),
        (lambda: Exponential(1, 0), r"gamma must lie in \(0, 1\], got 0"),
        (lambda: Exponential(1, 1.1), r"gamma must lie in \(0, 1\], got 1.1"),
        (lambda: Step(1, 0.5, 0), "step_size must be a whole number of at least 1, got 0"),
        (lambda: MultiStep(1, 0.5, [3, 3]), r"milestones must rise, got \[3, 3\]"),
        (lambda: MultiStep(1, 0.5, [0]), r"milestones\[0\] must be a whole number of at least 1"),
        (lambda: Cosine(1, 2.5), "num_steps must be a whole number of at least 1, got 2.5"),
        (lambda: WarmRestarts(1, 0), "period must be a whole number of at least 1, got 0"),
        (lambda: WarmRestarts(1, 2, 0), "factor must be a whole number of at least 1, got 0"),
        (lambda: Cyclical(-1, 1, 2), r"low must lie in \[0, inf\), got -1"),
        (lambda: Cyclical(0, 1, 2, "triangle"), "mode must be one of 'triangular', .*did you mean"),
        (lambda: OneCycle(1, 10, 1.0), r"share must lie in \(0, 1\), got 1.0"),
        (lambda: OneCycle(1, 10, 0.1), "share must leave updates for each phase of 10, got 0.1"),
        (lambda: OneCycle(1, 10, 0.6, three_phases=True), "share must leave updates for each"),
        (
            lambda: OneCycle(1, 10, shape="cos"),
            "shape must be one of 'cosine', 'linear', got 'cos'",
        ),
        (lambda: OneCycle(1, 10, three_phases=1), "three_phases must be True or False, got 1"),
        (lambda: OneCycle(1, 10).momentum(0.9, 0.8), r"high must lie in \[0.9, 1\), got 0.8"),
        (lambda: OneCycle(1, 10).momentum(0.9, 1), r"high must lie in \[0.9, 1\), got 1"),
        (lambda: Warmup(0.1, 0), "num_steps must be a whole number of at least 1, got 0"),
        (lambda: Warmup(-0.1, 3), r"initial must lie in \[0, inf\), got -0.1"),
        (lambda: Transformer(0), "num_features must be a whole number of at least 1, got 0"),
        (lambda: Transformer(8, 0), "warmup must be a whole number of at least 1, got 0"),
        (
            lambda: WarmupStableDecay(1, 10, 5, 6),
            "decay must be a whole number .* at most 5, got 6",
        ),
        (lambda: Chain([0.1, 0.2], [1, 2]), "milestones must be one fewer than the 2 schedules"),
        (lambda: Constant(1)(-1), r"t must lie in \[0, inf\), got -1"),
        (lambda: Step(1, 0.5, 2)(np.array([0, -2])), r"t must lie in \[0, inf\), got"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
