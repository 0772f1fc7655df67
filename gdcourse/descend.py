"""The one loop of the course: ask the oracle for a gradient, let the rule take a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _check
from .rules.base import Array, Rule, State

Oracle = Callable[[Array], Array]


@dataclass
class Trace:
    """What a run of :func:`descend` leaves behind.

    Attributes
    ----------
    t : array of int, shape (rows,)
        Updates made before each recorded row; 0 is the start.
    observed : dict of str to array, each of shape (rows, ...)
        The recorded quantities. ``trace["loss"]`` is short for ``trace.observed["loss"]``.
    point, state : array and dict of arrays
        Where the rule stands after the last update. With ``t[-1]`` this is all that a run is:
        give the trace to :func:`descend` in place of ``x0`` and it goes on from there.
    """

    t: Array
    observed: dict[str, Array]
    point: Array
    state: State

    def __getitem__(self, name: str) -> Array:
        if name not in self.observed:
            known = ", ".join(map(repr, self.observed)) or "nothing"
            raise ValueError(f"this trace did not observe {name!r}; it holds {known}")
        return self.observed[name]

    @property
    def x(self) -> Array:
        """The reported points, of shape (rows, ..., n); row 0 is the start."""
        return self["x"]

    @property
    def num_steps(self) -> int:
        """Updates made between the first row and the last."""
        return int(self.t[-1] - self.t[0])


def descend(
    oracle: Oracle,
    x0: Any,
    rule: Rule,
    num_steps: int,
    *,
    observe: Mapping[str, Callable[[Array], Any] | None] | None = None,
    stop: Callable[[Array], Any] | None = None,
    record: int = 1,
    progress: bool = False,
) -> Trace:
    """Walk downhill: repeat ``rule(x, oracle(x), state, t)`` and write down the points.

        for t = 0, 1, ..., num_steps - 1:
            g <- oracle(x)
            x, state <- rule(x, g, state, t)

    Parameters
    ----------
    oracle : function of an array of shape (..., n) to one of the same shape
        Where the gradient comes from.
    x0 : array of shape (..., n), or Trace
        The start, left unchanged. Leading axes are independent runs; runs are added where a
        hyperparameter has them. A trace is continued, bit for bit.
    rule : Rule
        What is done with the gradient.
    num_steps : int
        Number of updates.
    observe : dict of str to function, optional
        Named quantities of the reported point, computed at the recorded steps. The points
        themselves are the quantity ``"x"``; ``observe={"x": None, ...}`` does not keep them.
    stop : function, optional
        Given the reported point after each update; the run ends when it is true (for every run
        of a sweep).
    record : int
        Record every so many updates, and the last one.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Trace
        The recorded rows. A run that diverges is recorded as it is, with inf and nan.

    Raises
    ------
    ValueError
        If an argument is not allowed, or the gradient at the start has the wrong shape or is
        not finite.
    """
    _check.function("oracle", oracle)
    if not isinstance(rule, Rule):
        raise ValueError(f"rule must be a gdcourse rule, such as SGD(lr=0.1), got {rule!r}")
    num_steps = _check.integer("num_steps", num_steps)
    record = _check.integer("record", record, low=1)
    quantities: dict[str, Any] = {"x": _itself, **(observe or {})}
    for name, quantity in quantities.items():
        if quantity is not None or name != "x":
            _check.function(f"observe[{name!r}]", quantity)
    if stop is not None:
        _check.function("stop", stop)

    x, state, start = _begin(x0, rule)
    rows = [0, *range(record, num_steps, record), *([num_steps] if num_steps else [])]
    observed: dict[str, Array] = {}
    row, done = 0, 0

    def write_row(point: Array) -> None:
        for name, quantity in quantities.items():
            if quantity is None:
                continue
            value = np.asarray(quantity(point))
            if name not in observed:
                dtype = value.dtype if value.dtype.kind == "f" else float
                observed[name] = np.empty((len(rows), *value.shape), dtype)
            observed[name][row] = value

    with np.errstate(all="ignore"):  # divergence is data
        write_row(rule.readout(x, state))
        for done in _steps(num_steps, progress):
            g = np.asarray(oracle(x), dtype=x.dtype)
            if done == 1:
                _check_gradient(g, x)
            rule(x, g, state, start + done - 1)
            stopped = stop is not None and np.all(stop(rule.readout(x, state)))
            if done == rows[row + 1] or stopped:
                row += 1
                rows[row] = done
                write_row(rule.readout(x, state))
            if stopped:
                break

    recorded = {name: values[: row + 1] for name, values in observed.items()}
    return Trace(start + np.array(rows[: row + 1]), recorded, x, state)


def _itself(point: Array) -> Array:
    return point


def _begin(x0: Any, rule: Rule) -> tuple[Array, State, int]:
    """Return fresh copies of the point and the state, and the number of updates so far."""
    if isinstance(x0, Trace):
        return x0.point.copy(), {k: v.copy() for k, v in x0.state.items()}, int(x0.t[-1])
    try:
        x = np.array(x0)
        x = x if x.dtype.kind == "f" else x.astype(float)
    except (TypeError, ValueError):
        raise ValueError(f"x0 must be an array of numbers, got {x0!r}") from None
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"x0 must have a last axis that holds the parameters, got {x0!r}")
    x = rule.with_runs(x).copy()
    return x, rule.init(x), 0


def _check_gradient(g: Array, x: Array) -> None:
    if g.shape != x.shape:
        raise ValueError(
            f"oracle must return a gradient of the shape of x, {x.shape}, got {g.shape}"
        )
    if np.isfinite(x).all() and not np.isfinite(g).all():
        raise ValueError(f"oracle must return a finite gradient at x0, got {g!r}")


def _steps(num_steps: int, progress: bool) -> Any:
    steps = range(1, num_steps + 1)
    if not progress:
        return steps
    from tqdm import tqdm

    return tqdm(steps, unit=" steps")
