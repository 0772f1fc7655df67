"""What every rule shares: where its state lives, and how one formula runs on any array."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np

from .. import _check

Array = np.ndarray
Schedule = Callable[[int], Any]
Hyper = float | Array | Schedule
State = dict[str, Array]

# Elements in one tile: the temporaries of a formula over so many numbers stay in the cache.
TILE = 16_384

# What each hyperparameter may be, once for all rules that have it.
ALLOWED: dict[str, dict[str, Any]] = {
    "lr": {"low": 0.0},
    "weight_decay": {"low": 0.0},
    "momentum": {"low": 0.0, "high": 1.0, "high_open": True},
    "dampening": {"low": 0.0, "high": 1.0},
}


class Rule:
    """An update rule: what is done with the gradient.

    A subclass is a dataclass whose fields are hyperparameters, with one static method ``step``
    that reads like the paper's box. It takes the point, the gradient and the state arrays, and
    returns the new point and the new state in the same order. Nothing is declared twice: the
    positional arguments after ``x`` and ``g`` name the state, the keyword-only ones name
    hyperparameters, or ``t``, the number of the update, counted from 1 as papers do.

    A hyperparameter is a number, a schedule (a function of the step, 0 at the first update), or
    an array that broadcasts against ``x``: its last axis is 1 or n, the axes before are runs.

    ``rule(x, g, state, t)`` makes one update in place and never writes into ``g``.
    """

    state_names: ClassVar[tuple[str, ...]] = ()
    hyper_names: ClassVar[tuple[str, ...]] = ()
    elementwise: ClassVar[bool] = True
    step: ClassVar[Callable[..., Any]]

    def __init_subclass__(cls) -> None:
        if "step" in vars(cls):
            arguments = list(inspect.signature(cls.step).parameters.values())
            keyword_only = [a.name for a in arguments if a.kind is a.KEYWORD_ONLY]
            cls.state_names = tuple(a.name for a in arguments if a.name not in keyword_only)[2:]
            cls.hyper_names = tuple(keyword_only)

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, field.name)
            if field.name in ALLOWED and not callable(value):
                _check.real(field.name, value, **ALLOWED[field.name])
                if not isinstance(value, float | int):
                    setattr(self, field.name, np.asarray(value, dtype=float))

    def init(self, x: Array) -> State:
        """Return the state before the first update: zeros shaped like ``x``."""
        return {name: np.zeros_like(x) for name in self.state_names}

    def hyper(self, t: int) -> dict[str, Any]:
        """Return the values that ``step`` uses in update ``t`` (0 is the first)."""
        values = {}
        for name in self.hyper_names:
            value = t + 1 if name == "t" else getattr(self, name)
            value = value(t) if callable(value) else value
            values[name] = float(value) if isinstance(value, np.generic) else value
        return values

    def __call__(self, x: Array, g: Array, state: State, t: int) -> None:
        """Update ``x`` and ``state`` in place with the gradient ``g`` of update ``t``."""
        if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
            raise ValueError(f"x must be an array of floats, got {x!r}")
        if np.shape(g) != x.shape:
            raise ValueError(f"g must have the shape of x, {x.shape}, got {np.shape(g)}")
        hyper = {
            name: value.astype(x.dtype, copy=False) if isinstance(value, np.ndarray) else value
            for name, value in self.hyper(t).items()
        }
        arrays = [x, g, *(state[name] for name in self.state_names)]
        if self.elementwise and x.size > 2 * TILE:
            for tile in tiles(x.shape):
                part = {name: tile_of(value, tile, x) for name, value in hyper.items()}
                self._write([array[tile] for array in arrays], part)
        else:
            self._write(arrays, hyper)

    def _write(self, arrays: list[Array], hyper: dict[str, Any]) -> None:
        """Write what ``step`` returns back into ``x`` and the state."""
        x, _, *state = arrays
        new = self.step(*arrays, **hyper)
        for old, value in zip((x, *state), new if state else (new,), strict=True):
            old[...] = value

    def readout(self, x: Array, state: State) -> Array:
        """Return the point that this rule reports; most report where they stand."""
        return x


def tiles(shape: tuple[int, ...]) -> Iterator[tuple[Any, slice]]:
    """Cut the last axis so that one piece, over all runs, has about ``TILE`` elements."""
    n = shape[-1]
    runs = max(int(np.prod(shape[:-1])), 1)
    width = max(TILE // runs, 256)
    for start in range(0, n, width):
        yield ..., slice(start, start + width)


def tile_of(value: Any, tile: tuple[Any, slice], x: Array) -> Any:
    """Return the part of a hyperparameter that belongs to a tile of ``x``."""
    per_parameter = isinstance(value, np.ndarray) and value.shape[-1:] == x.shape[-1:]
    return value[tile] if per_parameter else value
