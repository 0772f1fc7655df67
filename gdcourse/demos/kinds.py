"""The kinds of demo: paths on a landscape, a race, curves over steps, a map, and directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .. import palette, plots
from ..descend import descend
from ..landscapes import Landscape, Window
from .controls import Choice, Slider
from .demo import Array, Demo, Results, Setting, Words, call
from .panel import Panel, Trail
from .words import number

Run = Callable[..., Any]


class Paths(Demo):
    """The paths of rules over a landscape, and beside them how high they stand at each step.

    Parameters
    ----------
    name : str
        Of the demo.
    function : Landscape
        Of one or two dimensions.
    runs : dict of str to function
        For each path, what makes its rule from the controls that it names: ``{"SGD": SGD}``.
    controls : dict of str to Slider or Choice
        What a reader may turn.
    starts : array of shape (k, n)
        Where to start; several are offered as a choice and, in two dimensions, by a click.
    num_steps : int
        Updates.
    **options
        As of :class:`Demo`.
    """

    def __init__(
        self,
        name: str,
        function: Landscape,
        runs: Mapping[str, Run],
        *,
        controls: Mapping[str, Slider | Choice],
        starts: Any,
        num_steps: int = 50,
        **options: Any,
    ) -> None:
        self.function, self.runs, self.num_steps = function, dict(runs), num_steps
        points = np.asarray(starts, dtype=float)
        if points.ndim != 2 or points.shape[1] != function.n or not len(points):
            raise ValueError(f"starts must have shape (k, {function.n}), got {points.shape}")
        self.starts = {"(" + ", ".join(map(number, point)) + ")": point for point in points}
        controls = dict(controls)
        if len(self.starts) > 1:
            controls["start"] = Choice(self.starts, "start")
        super().__init__(name, controls, **options)

    def simulate(self, start: str = "", **values: Any) -> Results:
        """Run each rule from the start."""
        x0 = self.starts[start or next(iter(self.starts))]
        return {
            name: descend(self.function.gradient, x0, self.rule(name, values), self.num_steps).x
            for name in self.runs
        }

    def rule(self, name: str, values: Mapping[str, Any]) -> Any:
        """Return the rule of one path."""
        return call(self.runs[name], values)

    def height(self, x: Array) -> Array:
        """Return how far points lie above the minimum; the tiniest number stands for zero."""
        minima = self.function.minima
        with np.errstate(all="ignore"):
            above = self.function(x) - (self.function(minima[0]) if len(minima) else 0.0)
        return np.maximum(above, 1e-300)

    def make_panels(self) -> list[Panel]:
        """Draw the landscape, and axes for the heights."""
        heights = np.stack([self.height(np.asarray(x)) for x in self.starts.values()])
        reached = min(np.nanmin(self.height(x)) for x in self.results.values())
        top = 10 * heights.max()

        def landscape(ax: Axes) -> None:
            plots.landscape(self.function, ax=ax, title="")
            if self.function.n == 2:
                bar = ax.figure.colorbar(
                    ax.collections[0], label="height", shrink=0.8, aspect=25, pad=0.02
                )
                low, high = bar.ax.get_ylim()
                inside = [tick for tick in range(-20, 20) if low <= tick <= high]
                bar.set_ticks(inside, labels=[number(10.0**tick) for tick in inside])

        def curves(ax: Axes) -> None:
            ax.set(xlabel="step", ylabel="height above the minimum", yscale="log")
            ax.set_xlim(-0.02 * self.num_steps, 1.02 * self.num_steps)
            ax.set_ylim(max(reached / 2, 1e-12 * top), top)

        return [Panel(landscape), Panel(curves)]

    def make_trails(self, results: Results, values: Mapping[str, Any]) -> list[Trail]:
        """Return each path with its start and its end, and its curve."""
        trails = []
        steps = np.arange(self.num_steps + 1)
        for index, (name, points) in enumerate(results.items()):
            look = palette.look(name, index)
            x = points[..., 0]
            with np.errstate(all="ignore"):
                y = points[..., 1] if self.function.n == 2 else self.function(points)
            trails += [
                Trail(0, x, y, look, "path", name),
                Trail(0, x, y, look, "first", glyph="ring"),
                Trail(0, x, y, look, "last"),
                Trail(1, steps, self.height(points), look, "curve"),
            ]
        return trails

    def say(self, results: Results, setting: Setting) -> Words:
        """Say how high each path ends, and when it left."""
        return {name: self._end(points) for name, points in results.items()}

    def _end(self, points: Array) -> str:
        low, high = np.array(self.function.window).T
        with np.errstate(all="ignore"):
            inside = ((points >= low) & (points <= high)).all(axis=-1)
        height, steps = self.height(points)[-1], len(points) - 1
        after = f"after {steps} step{'s' * (steps != 1)}"
        if not np.isfinite(points[-1]).all() or not np.isfinite(height):
            end = f"has left the range of numbers {after}"
        else:
            end = f"{number(height) if height > 1e-300 else '0'} above the minimum {after}"
        if inside[-1]:
            return end
        left = len(inside) - int(np.argmax(inside[::-1])) if inside.any() else 0
        return f"diverges: leaves the picture at step {left}, {end}"

    def targets(self) -> dict[str, Any] | None:
        """Let a click choose the start."""
        if len(self.starts) < 2 or self.function.n != 2:
            return None
        x, y = np.stack(list(self.starts.values())).T
        return {"panel": 0, "controls": ["start"], "x": x, "y": y}


class Race(Paths):
    """Several rules from one start, to play, pause and step, each at its own rate or all at one.

    Parameters
    ----------
    name, function, runs, starts, num_steps
        As of :class:`Paths`; ``runs`` are called with ``lr``.
    rates : dict of str to float
        The tuned learning rate of each rule.
    common : float
        The learning rate when all have the same.
    **options
        As of :class:`Demo`.
    """

    OWN = "each at its own"

    def __init__(
        self,
        name: str,
        function: Landscape,
        runs: Mapping[str, Run],
        *,
        rates: Mapping[str, float],
        common: float,
        num_steps: int = 50,
        controls: Mapping[str, Slider | Choice] | None = None,
        **options: Any,
    ) -> None:
        if rates.keys() != runs.keys():
            raise ValueError(f"rates must name the runs {list(runs)}, got {list(rates)}")
        self.rates, self.common = dict(rates), common
        choice = Choice([self.OWN, f"all at {number(common)}"], "learning rate")
        options |= {"controls": {"rates": choice, **(controls or {})}, "play": num_steps}
        super().__init__(name, function, runs, num_steps=num_steps, **options)

    def rule(self, name: str, values: Mapping[str, Any]) -> Any:
        """Return the rule at its own rate, or at the common one."""
        lr = self.rates[name] if values["rates"] == self.OWN else self.common
        return call(self.runs[name], {**values, "lr": lr})


class Curves(Demo):
    """Any quantity over steps, several lines, each with a band where there are seeds.

    Parameters
    ----------
    name : str
        Of the demo.
    runs : dict of str to function
        For each line, its values from the controls that it names: an array of shape ``(rows,)``,
        ``(rows, *grid)`` or ``(rows, *grid, seeds)``. The line is the seeds' median, the band
        reaches from the 10th to the 90th percentile.
    controls : dict of str to Slider or Choice
        What a reader may turn.
    ylim : tuple of float
        The ends of the vertical axis.
    t : array of shape (rows,), optional
        Where each row lies on the horizontal axis; 0, 1, 2, ... by default.
    log : {"", "x", "y", "xy"}
        Which axes are logarithmic.
    xlabel, ylabel : str
        What the axes say; their words also say how a line ends.
    **options
        As of :class:`Demo`.
    """

    panel = 0
    width = 5.6

    def __init__(
        self,
        name: str,
        runs: Mapping[str, Run],
        *,
        controls: Mapping[str, Slider | Choice],
        ylim: tuple[float, float],
        t: Any = None,
        log: str = "",
        xlabel: str = "step",
        ylabel: str = "value",
        **options: Any,
    ) -> None:
        self.runs, self.t, self.log = dict(runs), t, log
        self.xlabel, self.ylabel, self.ylim = xlabel, ylabel, ylim
        super().__init__(name, dict(controls), **options)

    def simulate(self, **values: Any) -> Results:
        """Run each line, and give it an axis of seeds."""
        swept = sum(not control.loop for name, control in self.grid.items() if name != "step")
        results = {}
        for name, run in self.runs.items():
            array = np.asarray(call(run, values), dtype=float)
            results[name] = array if array.ndim == swept + 2 else array[..., None]
        return results

    def times(self, rows: int) -> Array:
        """Return where the rows lie on the horizontal axis."""
        return np.arange(rows) if self.t is None else np.asarray(self.t)

    def make_panels(self) -> list[Panel]:
        """Draw the axes."""
        times = self.times(next(iter(self.results.values())).shape[-2])

        def axes(ax: Axes) -> None:
            ax.set(xlabel=self.xlabel, ylabel=self.ylabel, ylim=self.ylim)
            if "x" in self.log:
                ax.set_xscale("log")
            else:
                ax.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True))
            ax.set_yscale("log" if "y" in self.log else "linear")
            ax.plot(times, np.full(len(times), self.ylim[0]), alpha=0)
            ax.margins(x=0.03)

        return [Panel(axes, width=self.width)]

    def make_trails(self, results: Results, values: Mapping[str, Any]) -> list[Trail]:
        """Return each line, over its band."""
        trails = []
        for index, (name, array) in enumerate(results.items()):
            look, times = palette.look(name, index), self.times(array.shape[-2])
            middle = array[..., 0]
            if array.shape[-1] > 1:
                low, middle, high = np.nanpercentile(array, [10, 50, 90], axis=-1)
                around = np.concatenate([low, high[..., ::-1]], axis=-1)
                there = np.append(times, times[::-1])
                trails.append(Trail(self.panel, there, around, look, "band"))
            trails.append(Trail(self.panel, times, middle, look, "curve", name))
        return trails

    def say(self, results: Results, setting: Setting) -> Words:
        """Say where each line ends."""
        words = {}
        for name, array in results.items():
            t, end = self.times(len(array))[-1], np.median(array[-1])
            left = "" if self.ylim[0] <= end <= self.ylim[1] else "leaves the picture: "
            words[name] = f"{left}{self.ylabel} {number(end, 4)} at {self.xlabel} {number(t)}"
        return words


class Map(Curves):
    """A heat map over two controls, and beside it the curve of the chosen cell.

    Parameters
    ----------
    name : str
        Of the demo.
    runs : dict of str to function
        The one curve, as of :class:`Curves`; a cell's colour is the curve's last value.
    controls : dict of str to Slider
        Two: the horizontal axis, then the vertical one.
    **options
        As of :class:`Curves`.
    """

    panel = 1
    width = 4.2

    def __init__(
        self, name: str, runs: Mapping[str, Run], *, controls: Mapping[str, Slider], **options: Any
    ) -> None:
        if len(controls) != 2 or len(runs) != 1:
            raise ValueError(
                f"a map needs 2 controls and 1 run, got {list(controls)} and {list(runs)}"
            )
        self.across, self.up = controls
        super().__init__(name, runs, controls=controls, **options)

    def make_panels(self) -> list[Panel]:
        """Draw the map of last values, and the axes of the curve."""
        (array,) = self.results.values()
        last = np.median(array[..., -1, :], axis=-1)
        last = last if next(iter(self.grid)) == self.up else last.T
        low, high = self.ylim
        last = np.ma.masked_where(~((last >= low) & (last <= high)), last)

        def heat(ax: Axes) -> None:
            left = plt.get_cmap("viridis").with_extremes(bad=palette.GREY)  # the curve's picture
            norm = "log" if "y" in self.log else None
            mesh = ax.pcolormesh(last, norm=norm, cmap=left, rasterized=True)
            ax.figure.colorbar(mesh, label=f"last {self.ylabel}", aspect=30, pad=0.02)
            for axis, name in ((ax.xaxis, self.across), (ax.yaxis, self.up)):
                values, word = self.grid[name].values, self.grid[name].word
                ticks = np.unique(np.linspace(0, len(values) - 1, 5).round().astype(int))
                axis.set_ticks(ticks + 0.5, [word(values[tick]) for tick in ticks])
                axis.set_label_text(self.grid[name].label)

        return [Panel(heat), *super().make_panels()]

    def cells(self, values: Mapping[str, Any]) -> tuple[Array, Array]:
        """Return the middles of cells on the map, over the grid of the values."""
        middles = []
        for name in self.grid:
            grid = self.values[name]
            middles.append(np.interp(values[name], grid, np.arange(len(grid))) + 0.5)
        both = dict(zip(self.grid, np.meshgrid(*middles, indexing="ij"), strict=True))
        return both[self.across], both[self.up]

    def make_trails(self, results: Results, values: Mapping[str, Any]) -> list[Trail]:
        """Return the frame around the chosen cell, and its curve."""
        x, y = self.cells(values)
        look = palette.Look(palette.RED, "s")
        frame = Trail(0, x[..., None], y[..., None], look, "last", glyph="frame")
        return [frame, *super().make_trails(results, values)]

    def targets(self) -> dict[str, Any]:
        """Let a click choose the cell."""
        x, y = self.cells(self.values)
        return {"panel": 0, "controls": list(self.grid), "x": x, "y": y}


class Directions(Demo):
    """How fast a landscape rises in the direction that a reader turns.

        D_u f(x) = gradient of f at x, times u

    Parameters
    ----------
    name : str
        Of the demo.
    function : Landscape
        Of two dimensions.
    point : array of shape (2,)
        Where to stand.
    window : tuple of (low, high) for each axis, optional
        What to show; the landscape's own by default.
    angle : float
        The direction at first, in degrees from the first axis, 0 to 360.
    **options
        As of :class:`Demo`.
    """

    def __init__(
        self,
        name: str,
        function: Landscape,
        point: Any,
        *,
        window: Window | None = None,
        angle: float = 0.0,
        **options: Any,
    ) -> None:
        self.function, self.point = function, np.asarray(point, dtype=float)
        self.window = window or function.window
        self.reach = 0.25 * np.ptp(self.window[0])
        controls = {"angle": Slider(np.arange(0.0, 361.0, 5.0), angle, "direction (degrees)")}
        super().__init__(name, controls, **options)

    def slope(self, angle: Any) -> Array:
        """Return the directional derivative, by an angle in degrees."""
        return _direction(angle) @ self.function.gradient(self.point)

    def simulate(self, **values: Any) -> Results:
        """Return the two ends of the arrow, and the slope along it."""
        angle = values["angle"][..., 0]
        ends = np.stack([0 * _direction(angle), self.reach * _direction(angle)])
        return {"u": self.point + ends, "slope": self.slope(angle)[None, ..., None]}

    def make_panels(self) -> list[Panel]:
        """Draw the landscape with its gradient, and the slope in every direction."""
        g = self.function.gradient(self.point)
        top = 1.15 * np.linalg.norm(g)

        def landscape(ax: Axes) -> None:
            plots.landscape(self.function, ax=ax, title="", window=self.window)
            tip = self.point + self.reach * g / np.linalg.norm(g)
            arrow = {"arrowstyle": "-|>", "color": palette.GREY, "lw": 2}
            ax.annotate("", tuple(tip), tuple(self.point), arrowprops=arrow)
            ax.annotate("gradient", tuple(tip), textcoords="offset points", xytext=(4, 4))

        def slopes(ax: Axes) -> None:
            angles = np.linspace(0, 360, 181)
            ax.plot(angles, self.slope(angles), color=palette.GREY)
            ax.axhline(0, color=palette.GREY, lw=0.8)
            ax.set(xlabel="direction (degrees)", ylabel="directional derivative")
            ax.set(xlim=(-8, 368), xticks=range(0, 361, 90), ylim=(-top, top))

        return [Panel(landscape), Panel(slopes)]

    def make_trails(self, results: Results, values: Mapping[str, Any]) -> list[Trail]:
        """Return the arrow, and the dot on the curve of slopes."""
        look = palette.look("SGD")
        angle = np.asarray(values["angle"], dtype=float)[:, None]
        arrow = results["u"]
        return [
            Trail(0, arrow[..., 0], arrow[..., 1], look, "curve", "u"),
            Trail(1, angle, results["slope"][..., 0], look, "last"),
        ]

    def say(self, results: Results, setting: Setting) -> Words:
        """Say the slope."""
        slope = round(results["slope"].item(), 9)
        way = "rises" if slope > 0 else "falls" if slope < 0 else "is level"
        return {"u": f"directional derivative {number(slope)}: along u the ground {way}"}


def _direction(angle: Any) -> Array:
    """Return unit vectors, by angles in degrees."""
    angle = np.deg2rad(angle)
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)
