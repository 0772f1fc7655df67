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
        The grid, increasing.
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
        grid = np.array(values)
        if grid.ndim != 1 or len(grid) < 2 or (np.diff(grid) <= 0).any():
            raise ValueError(f"values must be 2 or more increasing numbers, got {values!r}")
        self.values, self.value, self.label, self.loop = grid, value, label, loop
        self.include(value)

    def include(self, value: float) -> None:
        """Add a value to the grid; what differs by rounding alone is not a new one."""
        _check.real("value", value, float(self.values[0]), float(self.values[-1]))
        near = np.isclose(self.values, value, rtol=1e-9, atol=0)
        if near.any():
            self.values[near] = value
        else:
            self.values = np.sort(np.append(self.values, value))

    def word(self, value: float) -> str:
        """Return a value as it is read."""
        return number(value)

    def widgets(self, continuous_update: bool) -> tuple[Any, Any]:
        """Return the field that holds the value, any number, and the slider over the grid.

        The slider stands nearest to the field. (A slider of floats would not do: the browser
        moves what Python sets to the slider's own steps.)
        """
        import ipywidgets

        whole = self.values.dtype.kind in "iu"
        value = int(self.value) if whole else float(self.value)
        field = (ipywidgets.IntText if whole else ipywidgets.FloatText)(
            value=value, layout={"width": "7em"}
        )
        slider = ipywidgets.IntSlider(
            value=self.nearest(value),
            max=len(self.values) - 1,
            description=self.label,
            readout=False,
            continuous_update=continuous_update,
            style={"description_width": "10em"},
            layout={"width": "28em"},
        )

        def follow(_: Any) -> None:
            slider.value = self.nearest(field.value)

        def lead(_: Any) -> None:
            if slider.value != self.nearest(field.value):
                field.value = self.values[slider.value].item()

        field.observe(follow, "value")
        slider.observe(lead, "value")
        return field, slider

    def nearest(self, value: float) -> int:
        """Return the place on the grid that is nearest to a value."""
        return int(np.abs(self.values - value).argmin())


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

    def widgets(self, continuous_update: bool) -> tuple[Any, Any]:
        """Return the menu, which both holds the value and shows it."""
        import ipywidgets

        menu = ipywidgets.Dropdown(
            options=self.values,
            value=self.value,
            description=self.label,
            style={"description_width": "10em"},
            layout={"width": "28em"},
        )
        return menu, menu
