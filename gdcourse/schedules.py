"""Schedules: pure functions of the step, ``t = 0`` at the first update, arrays of t allowed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from . import _check

SHAPES = ("cosine", "linear")
MODES = ("triangular", "triangular2", "exp_range")

# What the fields of schedules may be, once for all that have them.
LEAST: dict[str, dict[str, Any]] = {
    **{
        name: {"low": 0.0} for name in ("initial", "final", "rate", "power", "low", "high", "start")
    },
    "gamma": {"low": 0.0, "high": 1.0, "low_open": True},
    "share": {"low": 0.0, "high": 1.0, "low_open": True, "high_open": True},
}
WHOLE = {"step_size": 1, "num_steps": 1, "period": 1, "factor": 1, "warmup": 1, "num_features": 1}


@dataclass(frozen=True)
class Schedule:
    """A function of the step. A subclass is its closed form, ``value``, and what it depends on."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name in LEAST:
                _check.real(name, value, **LEAST[name])
            elif name in WHOLE:
                _check.integer(name, value, low=WHOLE[name])

    def __call__(self, t: Any) -> Any:
        """Return the value used by update ``t``: a float for a number, an array for an array."""
        if not (isinstance(t, int) and t >= 0):
            _check.real("t", t, low=0.0)
            t = np.asarray(t) if np.ndim(t) else t
        value = self.value(t)
        return value if np.ndim(value) else float(value)

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``, a number or an array, at least 0."""
        raise NotImplementedError


@dataclass(frozen=True)
class Constant(Schedule):
    """The same value at every step.

        value(t) = initial

    Parameters
    ----------
    initial : float or array
        The value, at least 0.
    """

    initial: Any

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        return self.initial + 0.0 * t


@dataclass(frozen=True)
class InverseTime(Schedule):
    """Decay like one over the step (Robbins & Monro 1951).

        value(t) = initial / (1 + rate * t)

    Parameters
    ----------
    initial : float or array
        Value of the first update, at least 0.
    rate : float
        Decay for each step, at least 0.
    """

    initial: Any
    rate: float

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        return self.initial / (1 + self.rate * t)


@dataclass(frozen=True)
class Polynomial(Schedule):
    """Fall to a last value along a power of the steps left; linearly for the power 1.

        value(t) = final + (initial - final) * (1 - min(t, num_steps) / num_steps)^power

    Parameters
    ----------
    initial : float or array
        Value of the first update, at least 0.
    num_steps : int
        Updates until the last value, at least 1; it is then kept.
    power : float
        At least 0.
    final : float
        The last value, at least 0.
    """

    initial: Any
    num_steps: int
    power: float = 1.0
    final: float = 0.0

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        left = 1 - np.minimum(t, self.num_steps) / self.num_steps
        return self.final + (self.initial - self.final) * left**self.power


@dataclass(frozen=True)
class Exponential(Schedule):
    """Multiply by the same factor at every step.

        value(t) = initial * gamma^t

    Parameters
    ----------
    initial : float or array
        Value of the first update, at least 0.
    gamma : float
        Factor for each step, in (0, 1].
    """

    initial: Any
    gamma: float

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        return self.initial * self.gamma**t


@dataclass(frozen=True)
class Step(Schedule):
    """Multiply by a factor once every so many steps.

        value(t) = initial * gamma^floor(t / step_size)

    Parameters
    ----------
    initial : float or array
        Value of the first update, at least 0.
    gamma : float
        Factor for each drop, in (0, 1].
    step_size : int
        Updates between drops, at least 1; update ``step_size`` is the first with the new value.
    """

    initial: Any
    gamma: float
    step_size: int

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        return self.initial * self.gamma ** (t // self.step_size)


@dataclass(frozen=True)
class MultiStep(Schedule):
    """Multiply by a factor at each of some steps.

        value(t) = initial * gamma^(number of milestones up to t)

    Parameters
    ----------
    initial : float or array
        Value of the first update, at least 0.
    gamma : float
        Factor for each drop, in (0, 1].
    milestones : sequence of int
        The first update of each new value, in rising order. Keras keeps the old value there.
    """

    initial: Any
    gamma: float
    milestones: Sequence[int]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_rising("milestones", self.milestones)

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        return self.initial * self.gamma ** np.searchsorted(self.milestones, t, side="right")


@dataclass(frozen=True)
class Cosine(Schedule):
    """Fall to a last value along half a cosine (Loshchilov & Hutter 2017).

        value(t) = final + (initial - final) * (1 + cos(pi * min(t, num_steps) / num_steps)) / 2

    PyTorch's ``CosineAnnealingLR`` rises again after ``num_steps``; ours and optax's stay.

    Parameters
    ----------
    initial : float or array
        Value of the first update, at least 0.
    num_steps : int
        Updates until the last value, at least 1; it is then kept.
    final : float
        The last value, at least 0.
    """

    initial: Any
    num_steps: int
    final: float = 0.0

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        past = np.minimum(t, self.num_steps) / self.num_steps
        return self.final + (self.initial - self.final) * (1 + np.cos(np.pi * past)) / 2


@dataclass(frozen=True)
class WarmRestarts(Schedule):
    """SGDR: half a cosine again and again, each longer than the last (Loshchilov & Hutter 2017).

        value(t) = final + (initial - final) * (1 + cos(pi * t_cur / T_i)) / 2

    where ``t_cur`` counts from the last restart, in ``[0, T_i)``: as in PyTorch and Keras the
    last value is not quite reached. Only the schedule restarts, not the rule's state.

    Parameters
    ----------
    initial : float or array
        Value of the first update and after each restart, at least 0.
    period : int
        Updates before the first restart, at least 1: the paper's T_0.
    factor : int
        What each period is multiplied by for the next, at least 1: the paper's T_mult.
    final : float
        What the cosine falls to, at least 0.
    """

    initial: Any
    period: int
    factor: int = 1
    final: float = 0.0

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        past, length = self.cycle(t)
        return self.final + (self.initial - self.final) * (1 + np.cos(np.pi * past / length)) / 2

    def cycle(self, t: Any) -> tuple[Any, Any]:
        """Return the updates since the last restart, and the length of the period it began."""
        if self.factor == 1:
            return t % self.period, self.period
        starts, start, length = [], 0, self.period
        while start <= np.max(t):
            starts.append((start, length))
            start, length = start + length, length * self.factor
        table = np.array(starts)[np.searchsorted([s for s, _ in starts], t, side="right") - 1]
        return t - table[..., 0], table[..., 1]


@dataclass(frozen=True)
class Cyclical(Schedule):
    """Triangles between two values (Smith 2017).

        cycle    = floor(1 + t / (2 * step_size))
        x        = |t / step_size - 2 * cycle + 1|
        value(t) = low + (high - low) * max(0, 1 - x) * scale

    where scale is 1 for ``"triangular"``, ``1 / 2^(cycle - 1)`` for ``"triangular2"`` and
    ``gamma^t`` for ``"exp_range"``: it counts cycles in the one and updates in the other.

    Parameters
    ----------
    low, high : float or array
        Between which values, at least 0. A momentum that runs the other way has them swapped.
    step_size : int
        Updates in half a cycle, at least 1.
    mode : {"triangular", "triangular2", "exp_range"}
        How the triangles shrink.
    gamma : float
        Factor for each update in ``"exp_range"``, in (0, 1].
    """

    low: Any
    high: Any
    step_size: int
    mode: str = "triangular"
    gamma: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check.choice("mode", self.mode, MODES)

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        cycle = np.floor(1 + t / (2 * self.step_size))
        x = np.abs(t / self.step_size - 2 * cycle + 1)
        scales = {"triangular": 1.0, "triangular2": 0.5 ** (cycle - 1), "exp_range": self.gamma**t}
        return self.low + (self.high - self.low) * np.maximum(0, 1 - x) * scales[self.mode]


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up, down, and far down (Smith 2018), with the momentum that goes with it.

        value(t) = start -> high -> final          two phases, PyTorch's default
        value(t) = start -> high -> start -> final with ``three_phases``, as in the paper

    along half cosines, or straight lines, which the paper has. As in PyTorch the peak is at
    update ``share * num_steps - 1`` and the last value at ``num_steps - 1``, and is kept; optax
    is one update later.

    Parameters
    ----------
    high : float or array
        The peak, at least 0.
    num_steps : int
        Updates of the whole cycle, at least 1.
    share : float
        Share of the updates before the peak, in (0, 1); below 1/2 where there are three phases.
    start, final : float or array, optional
        First and last value: a 25th of the peak and a 10,000th of the first, if not given.
    shape : {"cosine", "linear"}
        How to go from one to the next.
    three_phases : bool
        Come back to the start as fast as it was left, before going down to the end.
    """

    high: Any
    num_steps: int
    share: float = 0.3
    start: Any = None
    final: Any = None
    shape: str = "cosine"
    three_phases: bool = False

    def __post_init__(self) -> None:
        if self.start is None:
            object.__setattr__(self, "start", self.high / 25)
        if self.final is None:
            object.__setattr__(self, "final", self.start / 1e4)
        super().__post_init__()
        _check.choice("shape", self.shape, SHAPES)
        _check.flag("three_phases", self.three_phases)
        if any(after <= before for before, after in pairwise(self._ends)):
            raise ValueError(
                f"share must leave updates for each phase of {self.num_steps}, got {self.share}"
            )

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        middle = [self.high, self.start] if self.three_phases else [self.high]
        return self._through([self.start, *middle, self.final], t)

    def momentum(self, low: float = 0.85, high: float = 0.95) -> Schedule:
        """Return the schedule of the momentum: down while the rate goes up, and back.

        It goes to a rule's ``momentum``, or to Adam's ``beta1``, where it moves the bias
        correction too.
        """
        _check.real("low", low, 0.0, 1.0, high_open=True)
        _check.real("high", high, low, 1.0, high_open=True)
        values = [high, low, high, *[high] * self.three_phases]
        return _Momentum(self, tuple(values))

    @property
    def _ends(self) -> list[float]:
        """Return the updates at which phases begin and end."""
        peak = self.share * self.num_steps - 1
        return [0.0, peak, *[2 * peak] * self.three_phases, self.num_steps - 1.0]

    def _through(self, values: Sequence[Any], t: Any) -> Any:
        """Return the value at ``t`` on the way through values, one at the end of each phase."""
        ends = self._ends
        result = values[0] + 0.0 * t
        for k in range(len(ends) - 1):
            left = 1 - np.minimum((t - ends[k]) / (ends[k + 1] - ends[k]), 1)
            left = (1 - np.cos(np.pi * left)) / 2 if self.shape == "cosine" else left
            way = values[k + 1] + (values[k] - values[k + 1]) * left
            result = np.where(t > ends[k], way, result)
        return result


@dataclass(frozen=True)
class _Momentum(Schedule):
    cycle: OneCycle
    values: tuple[float, ...]

    def value(self, t: Any) -> Any:
        return self.cycle._through(self.values, t)


@dataclass(frozen=True)
class Warmup(Schedule):
    """A linear rise in front of any schedule, which then begins at its own ``t = 0``.

        value(t) = schedule(0) * (t + 1) / (num_steps + 1)    for t < num_steps
        value(t) = schedule(t - num_steps)                    from then on

    The first update is not lost, as it is where a warm-up begins at 0.

    Parameters
    ----------
    schedule : schedule or float
        What follows, and whose first value is risen to.
    num_steps : int
        Updates of the rise, at least 1.
    """

    schedule: Any
    num_steps: int

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "schedule", as_schedule(self.schedule))

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        rise = np.minimum((t + 1) / (self.num_steps + 1), 1)
        return rise * self.schedule(np.maximum(t - self.num_steps, 0))


@dataclass(frozen=True)
class Transformer(Schedule):
    """The Transformer's rise and fall (Vaswani et al. 2017).

        value(t) = num_features^(-1/2) * min(s^(-1/2), s * warmup^(-3/2)),    s = t + 1

    Parameters
    ----------
    num_features : int
        Width of the model, at least 1: the paper's d_model.
    warmup : int
        Updates of the rise, at least 1: the peak is at ``t = warmup - 1``.
    """

    num_features: int = 512
    warmup: int = 4000

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        s = t + 1.0
        return self.num_features**-0.5 * np.minimum(s**-0.5, s * self.warmup**-1.5)


@dataclass(frozen=True)
class WarmupStableDecay(Schedule):
    """Rise, stay, and fall at the end: a run can be prolonged before its fall.

        value(t) = initial * (t + 1) / (warmup + 1)                 for t < warmup
        value(t) = initial                                          up to num_steps - decay
        value(t) = final + (initial - final) * (num_steps - t) / decay    for the last updates

    Parameters
    ----------
    initial : float or array
        The value that is risen to, at least 0.
    num_steps : int
        Updates of the whole, at least 1; the last value is kept.
    warmup : int
        Updates of the rise, at least 1.
    decay : int
        Updates of the fall, at least 1.
    final : float
        The last value, at least 0.
    """

    initial: Any
    num_steps: int
    warmup: int
    decay: int
    final: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check.integer("decay", self.decay, low=1, high=self.num_steps - self.warmup)

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        fall = Polynomial(self.initial, self.decay, final=self.final)
        rise = np.minimum((t + 1) / (self.warmup + 1), 1)
        return rise * fall.value(np.maximum(t - (self.num_steps - self.decay), 0))


@dataclass(frozen=True)
class Chain(Schedule):
    """Schedules one after the other, each from its own ``t = 0``.

        value(t) = schedules[k](t - milestones[k - 1])    for milestones[k - 1] <= t < milestones[k]

    Parameters
    ----------
    schedules : sequence of schedules or floats
        What follows what.
    milestones : sequence of int
        The first update of each schedule but the first, in rising order.
    """

    schedules: Sequence[Any]
    milestones: Sequence[int]

    def __post_init__(self) -> None:
        check_rising("milestones", self.milestones)
        if len(self.schedules) != len(self.milestones) + 1:
            raise ValueError(
                f"milestones must be one fewer than the {len(self.schedules)} schedules, "
                f"got {self.milestones!r}"
            )
        object.__setattr__(self, "schedules", [as_schedule(each) for each in self.schedules])

    def value(self, t: Any) -> Any:
        """Return the closed form at ``t``."""
        if np.ndim(t):
            return np.array([self.value(int(one)) for one in np.ravel(t)]).reshape(np.shape(t))
        starts = [0, *self.milestones]
        k = bisect_right(starts, t) - 1
        return self.schedules[k](t - starts[k])


def as_schedule(schedule: Any) -> Callable[[Any], Any]:
    """Return a schedule as it is, and a number as the schedule that is constant."""
    return schedule if callable(schedule) else Constant(schedule)


def check_rising(name: str, values: Any) -> None:
    """Raise unless ``values`` are whole numbers above 0, each larger than the last."""
    steps = [0, *(_check.integer(f"{name}[{i}]", v, low=1) for i, v in enumerate(values))]
    if any(after <= before for before, after in pairwise(steps)):
        raise ValueError(f"{name} must rise, got {values!r}")
