"""What every rule shares: where its state lives, and how one formula runs on any array."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .. import _check

Array = np.ndarray
Schedule = Callable[[int], Any]
Hyper = float | Array | Schedule
State = dict[str, Array]
Tile = tuple[Any, slice]

# Bytes of an array in one tile: the temporaries of a formula stay in the cache, and are below the
# 128 KiB from which on the system may fetch, clear and give back the memory of each one anew.
TILE = 96 * 1024

# What each hyperparameter may be, once for all rules that have it.
RATE: dict[str, Any] = {"low": 0.0}
DECAY: dict[str, Any] = {"low": 0.0, "high": 1.0, "high_open": True}
SHARE: dict[str, Any] = {"low": 0.0, "high": 1.0}
ALLOWED: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("lr", "weight_decay", "eps", "initial", "momentum_decay"), RATE),
    **dict.fromkeys(("final_lr", "tolerance", "trust", "eps1", "eps2"), RATE),
    **dict.fromkeys(("momentum", "beta", "beta1", "beta2", "rho", "decay"), DECAY),
    **dict.fromkeys(("dampening", "alpha"), SHARE),
    "threshold": {"low": 4.0},
    "gamma": {"low": 0.0, "low_open": True},
    "clip": {"low": 0.0, "low_open": True},
    "power": {"low": 0.0},
}
WHOLE = {"k": 1, "start": 0, "period": 1, "num_iterations": 1}  # with the least that is allowed


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

    elementwise: ClassVar[bool] = True
    axes: ClassVar[int] = 1  # how many of the last axes of x are one run's: 2 for matrices
    step: ClassVar[Callable[..., Any]]
    loop: Callable[..., None] | None = None  # what runs the formula, if not NumPy

    @property
    def formula(self) -> Callable[..., Any]:
        """The method that makes the update: ``step``, or a longer form that an option asks for."""
        return self.step

    @property
    def state_names(self) -> tuple[str, ...]:
        """The names of the state arrays of the formula."""
        return names_of(self.formula)[0]

    @property
    def hyper_names(self) -> tuple[str, ...]:
        """The names of the hyperparameters of the formula, and ``t`` if it has it."""
        return names_of(self.formula)[1]

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            name, value = field.name, getattr(self, field.name)
            if field.type in ("bool", bool):
                _check.flag(name, value)
            elif name in WHOLE:
                _check.integer(name, value, low=WHOLE[name])
            elif name in ALLOWED and not (callable(value) and name in self.hyper_names):
                _check.real(name, value, **ALLOWED[name])
                if not isinstance(value, float | int):
                    setattr(self, name, np.asarray(value, dtype=float))

    def init(self, x: Array) -> State:
        """Return the state before the first update: zeros shaped like ``x``, if not told."""
        return {name: np.zeros_like(x) for name in self.state_names}

    def hyper(self, t: int) -> dict[str, Any]:
        """Return the values that the formula uses in update ``t`` (0 is the first)."""
        values = {}
        for name in self.hyper_names:
            value = t + 1 if name == "t" else getattr(self, name)
            value = value(t) if callable(value) else value
            is_number = isinstance(value, np.ndarray | np.generic) and np.ndim(value) == 0
            values[name] = float(value) if is_number else value
        return values

    def with_runs(self, x: Array) -> Array:
        """Return ``x`` with the axes of runs that hyperparameters add to it."""
        given = {name: value for name, value in vars(self).items() if np.ndim(value)}
        for name, value in (given | self.hyper(0)).items():
            value = value[..., None] if np.ndim(value) and self.axes == 2 else value
            try:
                shape = np.broadcast_shapes(np.shape(value), x.shape)
            except ValueError:
                shape = ()
            if shape[-self.axes :] != x.shape[-self.axes :]:
                raise ValueError(
                    f"{name} must broadcast against x of shape {x.shape}, got shape "
                    f"{np.shape(value)}; the last axis is the parameters, so a sweep over k "
                    "values has shape (k, 1)"
                )
            x = np.broadcast_to(x, shape)
        return x

    def __call__(self, x: Array, g: Array, state: State, t: int) -> None:
        """Update ``x`` and ``state`` in place with the gradient ``g`` of update ``t``."""
        if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
            raise ValueError(f"x must be an array of floats, got {x!r}")
        if x.ndim < self.axes:
            raise ValueError(
                f"x must be a matrix for {type(self).__name__}, got shape {x.shape}; "
                "Groups hands a model's matrices to such a rule"
            )
        if np.shape(g) != x.shape:
            raise ValueError(f"g must have the shape of x, {x.shape}, got {np.shape(g)}")
        hyper = self.hyper(t)
        arrays = [x, g, *(state[name] for name in self.state_names)]
        if self.loop:
            self.loop(self.formula, arrays, hyper)
        elif self.elementwise and x.nbytes > 2 * TILE:
            by_parameter = [k for k, v in hyper.items() if np.shape(v)[-1:] == x.shape[-1:]]
            for tile in tiles(x):
                part = hyper | {name: hyper[name][tile] for name in by_parameter}
                self._write([array[tile] for array in arrays], part)
        else:
            self._write(arrays, hyper)

    def compiled(self) -> Self:
        """Return this rule as one whose formula numba compiles into a loop: the same bits, faster.

        Raises
        ------
        ValueError
            If the formula is not elementwise.
        ModuleNotFoundError
            If numba is not installed.
        """
        from . import compiled

        compiled.check(self)
        rule = copy(self)
        rule.loop = compiled.update
        return rule

    def _write(self, arrays: list[Array], hyper: dict[str, Any]) -> None:
        """Write what the formula returns back into ``x`` and the state."""
        x, _, *state = arrays
        new = self.formula(*arrays, **{k: weak(value, self.axes) for k, value in hyper.items()})
        for old, value in zip((x, *state), new if state else (new,), strict=True):
            old[...] = value

    def readout(self, x: Array, state: State) -> Array:
        """Return the point that this rule reports; most report where they stand."""
        return x


@dataclass
class Wrapper(Rule):
    """A rule around another rule: ``inner`` makes the update, then ``step`` goes on from there.

    Its own state starts as copies of the first point; the inner rule's is beside it in the same
    dict, under names that begin with ``inner.``.
    """

    inner: Rule

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.inner, Rule):
            raise ValueError(
                f"inner must be a gdcourse rule, such as SGD(lr=0.1), got {self.inner!r}"
            )
        if self.axes < self.inner.axes:
            raise ValueError(
                f"inner must act on vectors, got {type(self.inner).__name__}, which acts on "
                "matrices: put it into Groups, and the groups into this rule"
            )

    def init(self, x: Array) -> State:
        """Return copies of ``x`` and the inner rule's state."""
        own = {name: x.copy() for name in self.state_names}
        return own | prefixed("inner", self.inner.init(x))

    def with_runs(self, x: Array) -> Array:
        """Return ``x`` with the axes of runs that hyperparameters add to it."""
        return self.inner.with_runs(super().with_runs(x))

    def compiled(self) -> Self:
        """Return this rule around the inner one, both compiled."""
        rule = super().compiled()
        rule.inner = self.inner.compiled()
        return rule

    def __call__(self, x: Array, g: Array, state: State, t: int) -> None:
        """Update ``x`` and ``state`` in place with the gradient ``g`` of update ``t``."""
        self.inner(x, g, within("inner", state), t)
        super().__call__(x, g, state, t)


class Weak(NDArrayOperatorsMixin):
    """An array of hyperparameters that computes as Python numbers do.

    Among themselves Python numbers are double precision; beside an array they take its dtype.
    So do the values in here, and powers are Python's own. That is why a row of a sweep equals
    the single run bit for bit, in float32 too.
    """

    def __init__(self, values: Array) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        return np.array(self.values, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        met = [a.dtype for a in inputs if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
        values = [a.values if isinstance(a, Weak) else a for a in inputs]
        if met:
            values = [
                a.values.astype(met[0], copy=False) if isinstance(a, Weak) else a for a in inputs
            ]
        result = getattr(ufunc, method)(*values, **options)
        return result if met else Weak(result)

    def __pow__(self, exponent: Any) -> Weak:
        return Weak(power(self.values, np.asarray(exponent)).astype(float))

    def __rpow__(self, base: float) -> Weak:
        return Weak(power(base, self.values).astype(float))


# NumPy's own power may differ from Python's in the last bit.
power = np.frompyfunc(pow, 2, 1)


def weak(value: Any, axes: int) -> Any:
    """Return a hyperparameter as the formula takes it: a number, or numbers for each run."""
    if not isinstance(value, np.ndarray):
        return value
    return Weak(value if axes == 1 else value[..., None])


@cache
def names_of(formula: Callable[..., Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the state arrays and of the hyperparameters of a formula."""
    arguments = inspect.signature(formula).parameters.values()
    hyper = tuple(a.name for a in arguments if a.kind is a.KEYWORD_ONLY)
    return tuple(a.name for a in arguments if a.name not in hyper)[2:], hyper


def absent(value: Any) -> bool:
    """Return whether a hyperparameter is the number 0, so that the formula can leave it out."""
    return isinstance(value, float | int) and value == 0


def prefixed(prefix: str, state: State) -> State:
    """Return the arrays of a state under names that begin with a prefix and a dot."""
    return {f"{prefix}.{name}": array for name, array in state.items()}


def within(prefix: str, state: State) -> State:
    """Return the arrays of a state whose names begin with a prefix, without it."""
    start = f"{prefix}."
    return {k.removeprefix(start): array for k, array in state.items() if k.startswith(start)}


def norm(x: Array) -> Array:
    """Return the Euclidean norm of each run, with the last axis kept."""
    return np.sqrt((x * x).sum(axis=-1, keepdims=True))


def tiles(x: Array) -> Iterator[Tile]:
    """Cut the last axis so that one piece, over all runs, has about ``TILE`` bytes."""
    n = x.shape[-1]
    width = max(TILE * n // x.nbytes, 256)
    for start in range(0, n, width):
        yield ..., slice(start, start + width)
