"""Schedules: pure functions of the step, ``t = 0`` at the first update, arrays of t allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _check


@dataclass(frozen=True)
class Constant:
    """The same value at every step.

        value(t) = initial

    Parameters
    ----------
    initial : float or array
        The value, at least 0.
    """

    initial: Any

    def __post_init__(self) -> None:
        _check.real("initial", self.initial, low=0.0)

    def __call__(self, t: Any) -> Any:
        """Return the value used by update ``t``."""
        return self.initial + 0.0 * _steps(t)


@dataclass(frozen=True)
class InverseTime:
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

    def __post_init__(self) -> None:
        _check.real("initial", self.initial, low=0.0)
        _check.real("rate", self.rate, low=0.0)

    def __call__(self, t: Any) -> Any:
        """Return the value used by update ``t``."""
        return self.initial / (1 + self.rate * _steps(t))


@dataclass(frozen=True)
class Exponential:
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

    def __post_init__(self) -> None:
        _check.real("initial", self.initial, low=0.0)
        _check.real("gamma", self.gamma, 0.0, 1.0, low_open=True)

    def __call__(self, t: Any) -> Any:
        """Return the value used by update ``t``."""
        return self.initial * self.gamma ** _steps(t)


@dataclass(frozen=True)
class Step:
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

    def __post_init__(self) -> None:
        _check.real("initial", self.initial, low=0.0)
        _check.real("gamma", self.gamma, 0.0, 1.0, low_open=True)
        _check.integer("step_size", self.step_size, low=1)

    def __call__(self, t: Any) -> Any:
        """Return the value used by update ``t``."""
        return self.initial * self.gamma ** (_steps(t) // self.step_size)


def _steps(t: Any) -> Any:
    """Return ``t`` as a number or array of numbers, none of them negative."""
    if isinstance(t, int) and t >= 0:
        return t
    _check.real("t", t, low=0.0)
    return np.asarray(t) if np.ndim(t) else t
