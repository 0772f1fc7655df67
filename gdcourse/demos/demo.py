"""What every demo shares: a grid of settings, run as one sweep, and what is said of each."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from .. import _check
from . import faces
from .controls import Choice, Slider
from .panel import Panel, Trail

Array = np.ndarray
Results = dict[str, Array]
Setting = dict[str, Any]
Words = dict[str, str]


class Demo:
    """A sweep over the grid of some controls, shown one setting at a time.

    A subclass says what happens (``simulate``), what stands still (``make_panels``), what moves
    (``make_trails``) and what is said of one setting (``say``). This class runs the sweep and
    shows it twice: as a page whose player needs no kernel, and, where a kernel lives, as
    ipywidgets that run the simulation anew for any value.

    Parameters
    ----------
    name : str
        Short; ``#demo-<name>:lr=0.1`` is the address of a setting.
    controls : dict of str to Slider or Choice
        What a reader may turn, by the names that the simulation gives them.
    caption, alt : str
        What the picture shows; and what it looks like, for those who hear it.
    marks : dict of str to dict, optional
        Buttons that jump to a telling setting; its values join the grid.
    note : function, optional
        More to say of a setting: a function of the controls it names that returns a sentence.
    play : int, optional
        Adds a slider over the rows 0 to this, and a button that plays them.

    Raises
    ------
    ValueError
        If a name is not of small letters, digits and hyphens, a text is empty, or a mark names
        what is no control.
    """

    def __init__(
        self,
        name: str,
        controls: Mapping[str, Slider | Choice],
        *,
        caption: str,
        alt: str,
        marks: Mapping[str, Setting] | None = None,
        note: Callable[..., str] | None = None,
        play: int | None = None,
    ) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
            raise ValueError(f"name must be small letters, digits and hyphens, got {name!r}")
        for argument, text in {"caption": caption, "alt": alt}.items():
            if not text.strip():
                raise ValueError(f"{argument} must say something, got {text!r}")
        self.name, self.caption, self.alt = name, caption, alt
        self.marks, self.note, self.play = dict(marks or {}), note, play
        # What is looped over comes first, as in the results; the step, which no run needs, last.
        ordered = sorted(controls.items(), key=lambda item: not item[1].loop)
        steps = {"step": Slider(np.arange(play + 1), play, "step")} if play else {}
        self.grid: dict[str, Slider | Choice] = {**dict(ordered), **steps}
        for setting in self.marks.values():
            for control, value in setting.items():
                self._control("marks", control).include(value)
        self.values = {control: self.grid[control].values for control in self.grid}
        self.setting: Setting = {control: self.grid[control].value for control in self.grid}
        self.results = self.sweep(self.values)
        self.panels = self.make_panels()
        self.trails = self.make_trails(self.results, self.values)

    def simulate(self, **values: Any) -> Results:
        """Run the grid.

        Each swept control comes as an array that broadcasts against x, its axis one of the
        leading ones; each looped control as one value. Returns arrays ``(rows, *leading, last)``.
        """
        raise NotImplementedError

    def make_panels(self) -> list[Panel]:
        """Draw what stands still, with limits that suit all of ``self.results``."""
        raise NotImplementedError

    def make_trails(self, results: Results, values: Mapping[str, Any]) -> list[Trail]:
        """Return what moves, from results of shape ``(*grid, rows, last)`` at these values."""
        raise NotImplementedError

    def say(self, results: Results, setting: Setting) -> Words:
        """Return what is said of each line, by name, from results of shape (rows, last)."""
        raise NotImplementedError

    def targets(self) -> dict[str, Any] | None:
        """Return where a click sets controls: ``panel``, ``controls``, ``x`` and ``y``."""
        return None

    def sweep(self, values: Mapping[str, Any]) -> Results:
        """Run every combination of the values; return arrays of shape ``(*grid, rows, last)``."""
        looped = [name for name in values if self.grid[name].loop]
        swept = [name for name in values if name not in looped and name != "step"]
        axes = np.meshgrid(*(values[name] for name in swept), indexing="ij", sparse=True)
        arrays = {name: axis[..., None] for name, axis in zip(swept, axes, strict=True)}
        settings = list(itertools.product(*(values[name] for name in looped)))
        runs = []
        with np.errstate(all="ignore"):  # divergence is data
            for setting in _progress(settings):
                results = self.simulate(**dict(zip(looped, setting, strict=True)), **arrays)
                runs.append({key: _lead(array, len(swept)) for key, array in results.items()})
        lengths = [len(values[name]) for name in looped]
        return {
            key: np.stack([run[key] for run in runs]).reshape(*lengths, *array.shape)
            for key, array in runs[0].items()
        }

    def words(self, **setting: Any) -> Words:
        """Return what is said at a setting, on the grid or off it, by the lines' names.

        Controls that are not named stand where they stand at first.
        """
        for control in setting:
            self._control("setting", control)
        setting = {**self.setting, **setting}
        results = self.sweep({control: [value] for control, value in setting.items()})
        return self.words_of(results, [0] * len(setting), setting)

    def words_of(self, results: Results, where: Any, setting: Setting) -> Words:
        """Return what is said of the results at one place of their grid."""
        here = {key: at(array, where) for key, array in results.items()}
        if self.play:
            here = {key: rows[: setting["step"] + 1] for key, rows in here.items()}
        words = self.say(here, setting)
        return {**words, "": call(self.note, setting)} if self.note else words

    @cached_property
    def live(self) -> faces.Live:
        """The face for a living kernel."""
        return faces.Live(self)

    @property
    def controls(self) -> dict[str, Any]:
        """The live face's widgets: ``demo.controls["lr"].value = 0.123`` moves it."""
        return self.live.controls

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        html = faces.page(self, inline=not faces.on_a_site())
        said = "; ".join(f"{name}: {text}".strip(": ") for name, text in self.words().items())
        return {"text/html": html, "text/plain": f"{self.caption} ({said})"}

    def _ipython_display_(self) -> None:
        # Two outputs: JupyterLab shows an output's widget rather than its HTML even when no
        # kernel answers. The style hides the page's face while the live one is there.
        from IPython.display import display

        if not faces.on_a_site():
            display(self.live.widget)
        display(self._repr_mimebundle_(), raw=True)

    def _control(self, argument: str, name: str) -> Slider | Choice:
        _check.choice(argument, name, self.grid)
        return self.grid[name]


def call(function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    """Call a function with those of the values that it names."""
    names = inspect.signature(function).parameters
    return function(**{name: value for name, value in values.items() if name in names})


def at(array: Array, where: Any) -> Array:
    """Return the rows at one place of the grid; an axis of length 1 is the same everywhere."""
    return array[tuple(i if n > 1 else 0 for i, n in zip(where, array.shape[:-2], strict=False))]


def _lead(array: Array, axes: int) -> Array:
    """Turn ``(rows, *leading, last)`` into ``(*grid, rows, last)``, with axes of length 1 added."""
    rows, *leading, last = array.shape
    return np.moveaxis(array.reshape(rows, *[1] * (axes - len(leading)), *leading, last), 0, -2)


def _progress(settings: list[Any]) -> Any:
    if len(settings) < 2 or faces.on_a_site():
        return settings
    from tqdm import tqdm

    return tqdm(settings, unit=" settings", delay=1, leave=False)
