"""Clear errors for bad input: each names the argument, what it got and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import numpy as np

INFINITY = float("inf")


def real(
    name: str,
    value: Any,
    low: float = -INFINITY,
    high: float = INFINITY,
    *,
    low_open: bool = False,
    high_open: bool = False,
) -> None:
    """Raise unless every number in ``value`` is finite and lies between ``low`` and ``high``."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        array = np.asarray(np.nan)
    above = array > low if low_open else array >= low
    below = array < high if high_open else array <= high
    if array.size and (above & below & np.isfinite(array)).all():
        return
    left = "(" if low_open or low == -INFINITY else "["
    right = ")" if high_open or high == INFINITY else "]"
    raise ValueError(f"{name} must lie in {left}{low:g}, {high:g}{right}, got {value!r}")


def integer(name: str, value: Any, low: int = 0, high: float = INFINITY) -> int:
    """Return ``value`` as an int, or raise unless it is a whole number in ``[low, high]``."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not low <= value <= high:
        upper = "" if high == INFINITY else f" and at most {high:g}"
        raise ValueError(f"{name} must be a whole number of at least {low}{upper}, got {value!r}")
    return int(value)


def choice(name: str, value: Any, allowed: Iterable[str]) -> None:
    """Raise unless ``value`` is one of the ``allowed`` names; suggest the nearest one."""
    names = list(allowed)
    if value in names:
        return
    near = get_close_matches(str(value), names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name} must be one of {', '.join(map(repr, names))}, got {value!r}{hint}")


def flag(name: str, value: Any) -> None:
    """Raise unless ``value`` is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {value!r}")


def generator(name: str, value: Any) -> None:
    """Raise unless ``value`` is a ``numpy.random.Generator``."""
    if not isinstance(value, np.random.Generator):
        raise ValueError(
            f"{name} must be a numpy.random.Generator, such as numpy.random.default_rng(0), "
            f"got {value!r}"
        )


def function(name: str, value: Any) -> None:
    """Raise unless ``value`` can be called."""
    if not callable(value):
        raise ValueError(f"{name} must be a function, got {value!r}")
