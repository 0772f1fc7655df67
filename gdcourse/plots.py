"""The figures that chapters share, in one house style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from .landscapes import Landscape, Window
from .palette import GREY, look

Array = np.ndarray
End = tuple[float, float, str, str]  # of a line: x, y, its name, its colour

# Where a line or a path ends off the window, what is drawn stops at this many window widths.
FAR = 3.0


def use() -> None:
    """Switch matplotlib to the house style, and notebooks to crisp SVG figures."""
    sheet = resources.files("gdcourse") / "gdcourse.mplstyle"
    with resources.as_file(sheet) as path:
        plt.style.use(path)
    if "inline" in mpl.get_backend():
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg")


def panels(count: int, *, width: float = 3.2, height: float = 3.2, **options: Any) -> list[Axes]:
    """Return ``count`` axes side by side in one figure."""
    _, axes = plt.subplots(1, count, figsize=(width * count, height), squeeze=False, **options)
    return list(axes[0])


def heights(landscape: Landscape, X: Array, Y: Array) -> Array:
    """Return log10 of the height above the lowest point, which is what contours are spaced by."""
    z = landscape(np.stack([X, Y], axis=-1))
    low = landscape(landscape.minima[0]) if len(landscape.minima) else z.min()
    above = np.maximum(z - low, 0)
    return np.log10(above + 1e-3 * np.median(above))


def landscape(
    function: Landscape,
    paths: Mapping[str, Array] | None = None,
    *,
    ax: Axes | None = None,
    window: Window | None = None,
    title: str | None = None,
    levels: int = 14,
    label: bool = True,
) -> Axes:
    """Draw a landscape with paths over it.

    In two dimensions its contours, spaced by the logarithm of the height above the minimum; in
    one dimension its graph. Minima are stars, saddles crosses, the start of a path an open ring.

    Parameters
    ----------
    function : Landscape
        Of one or two dimensions.
    paths : dict of str to array of shape (steps, n), optional
        Points to connect, by name; a method's name gives its colour and marker.
    ax : Axes, optional
        Where to draw; a new figure by default.
    window : tuple of (low, high) for each axis, optional
        What to show; the landscape's own by default.
    title : str, optional
        The landscape's own by default; "" for none.
    levels : int
        Number of contours.
    label : bool
        Write each path's name at its end.

    Returns
    -------
    Axes
    """
    if function.n not in (1, 2):
        raise ValueError(f"function must have 1 or 2 dimensions to be drawn, got {function.n}")
    ax = plt.subplots(figsize=(5.2, 4.6) if function.n == 2 else None)[1] if ax is None else ax
    window = function.window if window is None else window
    if function.n == 1:
        xs = np.linspace(*window[0], 300)
        ax.plot(xs, function(xs[:, None]), color=GREY, lw=1.4)
        ax.set(xlabel="$x$", ylabel="$f(x)$")
    else:
        _contours(ax, function, window, levels)
    for points, marker in ((function.minima, "*"), (function.saddles, "x"), (function.maxima, "^")):
        _mark(ax, function, points, marker, window)
    ends = [
        _path(ax, function, np.asarray(points), name, index, window)
        for index, (name, points) in enumerate((paths or {}).items())
    ]
    ax.set_xlim(*window[0])
    if function.n == 2:
        ax.set_ylim(*window[1])
    ax.set_title(function.title if title is None else title)
    if label:
        _label_ends(ax, ends)
    return ax


def _contours(ax: Axes, function: Landscape, window: Window, levels: int) -> None:
    X, Y = np.meshgrid(*(np.linspace(low, high, 100) for low, high in window))
    Z = heights(function, X, Y)
    steps = np.linspace(Z.min(), Z.max(), levels)
    ax.contourf(X, Y, Z, steps, alpha=0.30).set_rasterized(True)  # as polygons it is heavy
    ax.contour(X, Y, Z, steps, colors=GREY, linewidths=0.5, alpha=0.7)
    equal = np.ptp(window[0]) / np.ptp(window[1])
    ax.set_aspect("equal" if 0.3 < equal < 3 else "auto")
    ax.set(xlabel="$x_1$", ylabel="$x_2$")


def _mark(ax: Axes, function: Landscape, points: Array, marker: str, window: Window) -> None:
    (left, right), *_ = window
    for point in points:
        inside = left <= point[0] <= right
        if function.n == 2:
            inside &= window[1][0] <= point[1] <= window[1][1]
        if inside and (marker != "^" or function.n == 1):
            y = point[1] if function.n == 2 else function(point)
            ax.plot(point[0], y, marker, color=GREY, ms=11 if marker == "*" else 7, mew=1.8)


def _path(
    ax: Axes,
    function: Landscape,
    points: Array,
    name: str,
    index: int,
    window: Window,
) -> End:
    """Draw one path, and return where its name belongs: at its last point within the window."""
    if points.ndim != 2 or points.shape[-1] != function.n:
        raise ValueError(
            f"paths[{name!r}] must have shape (steps, {function.n}), got {points.shape}"
        )
    style = look(name, index)
    x = points[:, 0]
    with np.errstate(all="ignore"):
        y = points[:, 1] if function.n == 2 else function(points)
    low, high = np.array([window[0], window[1] if function.n == 2 else ax.get_ylim()]).T
    drawn = np.column_stack([x, y])
    near = (np.abs(drawn - (low + high) / 2) <= FAR * (high - low)).all(axis=1)
    stop = len(x) if near.all() else int(np.argmin(near))
    every = max(1, stop // 40)
    ax.plot(
        x[:stop], y[:stop], color=style.color, marker=style.marker, markevery=every, ms=3.5, lw=1.5,
        dashes=style.dash or (None, None),
    )  # fmt: skip
    ax.plot(x[0], y[0], "o", mfc="none", color=style.color, ms=9, mew=1.6)
    inside = np.flatnonzero(((drawn >= low) & (drawn <= high)).all(axis=1)[:stop])
    last = inside[-1] if len(inside) else 0
    return float(x[last]), float(y[last]), name, style.color


def curves(
    series: Mapping[str, Any],
    *,
    t: Any = None,
    ax: Axes | None = None,
    log: str = "",
    xlabel: str = "step $t$",
    ylabel: str = "",
    title: str = "",
) -> Axes:
    """Draw quantities over steps, each line labelled at its end.

    Parameters
    ----------
    series : dict of str to array of shape (steps,) or (steps, runs)
        What to draw, by name. Several runs are their median within a band from the 10th to the
        90th percentile.
    t : array of shape (steps,), or dict of such by name, optional
        Where on the horizontal axis; 0, 1, 2, ... by default.
    ax : Axes, optional
        Where to draw; a new figure by default.
    log : {"", "x", "y", "xy"}
        Which axes are logarithmic.
    xlabel, ylabel, title : str
        Words on the axes and above.

    Returns
    -------
    Axes
    """
    ax = plt.subplots()[1] if ax is None else ax
    ends: list[End] = []
    for index, (name, values) in enumerate(series.items()):
        values = np.asarray(values, dtype=float)
        if values.ndim not in (1, 2) or values.size == 0:
            raise ValueError(
                f"series[{name!r}] must have shape (steps,) or (steps, runs), got {values.shape}"
            )
        where = t[name] if isinstance(t, Mapping) else t
        where = np.arange(len(values)) if where is None else np.asarray(where)
        style = look(name, index)
        middle = values
        if values.ndim == 2:
            low, middle, high = np.nanpercentile(values, [10, 50, 90], axis=1)
            ax.fill_between(where, low, high, color=style.color, alpha=0.2, lw=0)
        ax.plot(where, middle, color=style.color, dashes=style.dash or (None, None))
        finite = np.flatnonzero(np.isfinite(middle))
        if len(finite):
            ends.append((where[finite[-1]], middle[finite[-1]], name, style.color))
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    ax.margins(x=0.02)
    _label_ends(ax, ends)
    return ax


def _label_ends(ax: Axes, ends: Sequence[End]) -> None:
    """Write each name beside the end of its line, pushed apart where two would overlap."""
    low, high = ax.get_ylim()
    dots = ax.figure.dpi / 72  # pixels in a point
    placed: list[Array] = []
    for x, y, name, color in sorted(ends, key=lambda end: end[1]):
        y = min(max(y, low), high)
        here = np.asarray(ax.transData.transform((x, y)))
        shift = 0.0
        for there in placed:
            if abs(here[0] - there[0]) < 70 * dots and here[1] + shift < there[1] + 14 * dots:
                shift = there[1] + 14 * dots - here[1]
        placed.append(here + np.array([0, shift]))
        ax.annotate(
            name, (x, y), xytext=(6, shift / dots - 3), textcoords="offset points",
            color=color, fontsize=10, weight="bold", annotation_clip=False,
        )  # fmt: skip
