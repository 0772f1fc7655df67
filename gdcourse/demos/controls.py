"""What a reader may turn: a slider over numbers, or a choice among a few words."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _check
from .words import number


class Slider:
    """A slider over a grid of numbers.

    Parameters
    ----------
    values : array of shape (k,), k at least 2
        The grid, increasing. Evenly spaced values give a linear slider, others a logarithmic one.
    value : float
        Where it stands at first; added to the grid if it is not there.
    label : str
        What it turns, in words.
    loop : bool
        Hand the simulation one value at a time, not the whole grid as one array.

    Raises
    ------
    ValueError
        If the grid is not increasing, or ``value`` lies outside it.
    """

    def __init__(self, values: Any, value: float, label: str, *, loop: bool = False) -> None:
        _check.real("values", values)
        grid = np.asarray(values)
        if grid.ndim != 1 or len(grid) < 2 or (np.diff(grid) <= 0).any():
            raise ValueError(f"values must be 2 or more increasing numbers, got {values!r}")
        _check.real("value", value, float(grid[0]), float(grid[-1]))
        self.even = bool(np.ptp(np.diff(grid)) < 1e-9 * np.ptp(grid))
        self.values, self.value, self.label, self.loop = grid, value, label, loop
        self.include(value)

    def include(self, value: float) -> None:
        """Add a value to the grid; an even grid's rounding errors do not make it a new one."""
        near = np.isclose(self.values, value, rtol=1e-9, atol=0)
        if near.any():
            self.values[near] = value
        else:
            self.values = np.sort(np.append(self.values, value))

    def word(self, value: float) -> str:
        """Return a value as it is read."""
        return number(value)

    def widget(self, **options: Any) -> Any:
        """Return the ipywidgets slider; between the grid's ends it takes any value."""
        import ipywidgets

        low, high = self.values[0], self.values[-1]
        options |= {"value": self.value, "description": self.label}
        if self.values.dtype.kind in "iu":
            return ipywidgets.IntSlider(min=int(low), max=int(high), **options)
        if self.even or low <= 0:
            step = (high - low) / 200
            return ipywidgets.FloatSlider(
                min=low, max=high, step=step, readout_format=".3g", **options
            )
        # A hair wider, so that the ends of the grid survive the trip through the logarithm.
        low, high = np.log10(low) - 1e-9, np.log10(high) + 1e-9
        return ipywidgets.FloatLogSlider(
            min=low, max=high, step=(high - low) / 200, readout_format=".3g", **options
        )


class Choice:
    """A choice among a few words, handed to the simulation one at a time.

    Parameters
    ----------
    values : sequence of str
        The words.
    label : str
        What is chosen.
    value : str, optional
        The choice at first; the first word by default.
    """

    loop = True

    def __init__(self, values: Any, label: str, value: str | None = None) -> None:
        self.values = list(values)
        if len(self.values) < 2 or not all(isinstance(word, str) for word in self.values):
            raise ValueError(f"values must be 2 or more words, got {values!r}")
        self.value = self.values[0] if value is None else value
        self.label = label
        self.include(self.value)

    def include(self, value: str) -> None:
        """Raise unless the value is one of the words."""
        _check.choice("value", value, self.values)

    def word(self, value: str) -> str:
        """Return a value as it is read."""
        return value

    def widget(self, **options: Any) -> Any:
        """Return the ipywidgets menu."""
        import ipywidgets

        options |= {"value": self.value, "description": self.label}
        return ipywidgets.Dropdown(options=self.values, **options)
