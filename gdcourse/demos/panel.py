"""One picture of a demo: matplotlib draws what stands still, and short SVG paths what moves.

The moving points are whole tenths of a point on the panel, in the order and with the letters
that the player writes too, so that both draw the same picture to the last digit.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..palette import GREY, Look

Array = np.ndarray

TENTHS = 10  # units of the moving paths in one point of the panel
FAR = 20_000  # what is farther outside the panel than this, in tenths, is drawn no farther
LEAVING = 6_000  # how far out a path is followed: two widths of the panel
MISSING = 65_535  # the code of a point that does not exist
MOST_DOTS = 40

# A marker of matplotlib as a path about its middle, in tenths of a point.
GLYPHS = {
    "o": "m-30 0a30 30 0 1 0 60 0a30 30 0 1 0-60 0",
    "s": "m-27-27h54v54h-54z",
    "D": "m0-38l38 38l-38 38l-38-38z",
    "d": "m0-40l26 40l-26 40l-26-40z",
    "^": "m0-36l34 62h-68z",
    "v": "m0 36l34-62h-68z",
    ">": "m36 0l-62 34v-68z",
    "<": "m-36 0l62 34v-68z",
    "P": "m-12-34h24v22h22v24h-22v22h-24v-22h-22v-24h22z",
    "X": "m0-16l18-18l16 16l-18 18l18 18l-16 16l-18-18l-18 18l-16-16l18-18l-18-18l16-16z",
    "p": "m0-36l35 25l-13 41h-44l-13-41z",
    "h": "m0-36l31 18v36l-31 18l-31-18v-36z",
    "8": "m-14-34h28l20 20v28l-20 20h-28l-20-20v-28z",
    "*": "m0-42l10 28h30l-24 18l9 29l-25-17l-25 17l9-29l-24-18h30z",
    "ring": "m-55 0a55 55 0 1 0 110 0a55 55 0 1 0-110 0",
    "frame": "m-62-62h124v124h-124z",
}


@dataclass
class Trail:
    """Something that moves: points of shape (..., rows), and how they are drawn.

    Attributes
    ----------
    panel : int
        On which panel.
    x, y : arrays of shape (..., rows)
        In the panel's own units; leading axes are the demo's grid, of length 1 where the trail
        does not depend on a control.
    look : Look
        Colour, marker and dash.
    style : {"path", "curve", "band", "first", "last"}
        A line with a dot at each step, a line with one at its end, an area, or one dot only.
    name : str
        Of the line in the legend; empty for what accompanies a line.
    glyph : str
        The open dot, by name; the look's marker by default.
    """

    panel: int
    x: Array
    y: Array
    look: Look
    style: str
    name: str = ""
    glyph: str = ""

    @property
    def shape(self) -> str:
        """The dot as an SVG path about its middle."""
        return GLYPHS[self.glyph or self.look.marker]


class Panel:
    """Axes drawn once by matplotlib, and the way from their units to tenths of a point.

    Parameters
    ----------
    draw : function of Axes
        Draws what stands still and sets the limits.
    width, height : float
        In inches.
    """

    def __init__(
        self, draw: Callable[[Axes], object], *, width: float = 4.2, height: float = 3.6
    ) -> None:
        self.width, self.height = round(width * 72), round(height * 72)
        self.shown = 1.35 * self.width  # pixels on a wide page
        style = {"savefig.bbox": None, "svg.fonttype": "none", "font.family": "sans-serif"}
        with plt.style.context(["gdcourse.gdcourse", style]):
            size = (self.width / 72, self.height / 72)
            figure = Figure(figsize=size, dpi=72, layout="constrained")
            self.axes = figure.add_subplot()
            draw(self.axes)
            file = io.StringIO()
            figure.savefig(file, format="svg", dpi=150, metadata={"Date": None})
        self.back = _slim(file.getvalue())
        box = self.axes.bbox
        self.box = [round(TENTHS * v) for v in (box.x0, self.height - box.y1, *box.size)]

    def codes(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return where points lie, as uint16: tenths of a point plus ``FAR``, or ``MISSING``.

        A path that leaves is followed ``LEAVING`` in the direction in which it leaves.
        """
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        full = np.broadcast_shapes(x.shape, y.shape)
        together = x.shape == full  # else x is an axis that every setting shares
        with np.errstate(all="ignore"):
            points = np.stack(np.broadcast_arrays(x, y), axis=-1)
            points = self.axes.transData.transform(points.reshape(-1, 2)).reshape(*full, 2)
            points[..., 1] = self.height - points[..., 1]
            points *= TENTHS
            exists = np.isfinite(points).all(axis=-1)
            if together:
                inside = exists & (np.abs(points) <= LEAVING).all(axis=-1)
                before, after = points[..., :-1, :], points[..., 1:, :]
                way = after - before
                share = np.min((np.sign(way) * LEAVING - before) / way, axis=-1, keepdims=True)
                leaves = inside[..., :-1] & exists[..., 1:] & ~inside[..., 1:]
                after[leaves] = (before + share * way)[leaves]
                exists[..., 1:] &= inside[..., 1:] | leaves
            points = np.clip(np.round(np.nan_to_num(points)), -FAR, FAR) + FAR
        points[~exists, 0 if together else 1 :] = MISSING
        codes = points.astype(np.uint16)
        if together:
            return codes[..., 0], codes[..., 1]
        shared = codes[(0,) * (len(full) - x.ndim)]
        return shared[..., 0], codes[..., 1]

    def front(
        self, trails: list[tuple[int, Trail]], points: list[tuple[Array, Array]], cut: int
    ) -> str:
        """Return the SVG of numbered trails up to row ``cut``, from codes of shape (rows,)."""
        groups = []
        for (index, trail), (xs, ys) in zip(trails, points, strict=True):
            dash = " ".join(f"{TENTHS * length:g}" for length in trail.look.dash)
            line, dots = drawn(trail, xs, ys, cut)
            groups.append(
                f'<g class="gd-{trail.style}" data-trail="{index}" '
                f'style="color:{trail.look.color}">'
                f'<path class="gd-line" stroke-dasharray="{dash or "none"}" d="{line}"/>'
                f'<path class="gd-dots{" gd-open" * bool(trail.glyph)}" d="{dots}"/></g>'
            )
        x, y, width, height = self.box
        return (
            f'<svg class="gd-front" viewBox="0 0 {TENTHS * self.width} {TENTHS * self.height}">'
            f'<svg x="{x}" y="{y}" width="{width}" height="{height}" '
            f'viewBox="{x} {y} {width} {height}">{"".join(groups)}</svg></svg>'
        )


def drawn(trail: Trail, xs: Array, ys: Array, cut: int) -> tuple[str, str]:
    """Return the line and the dots of a trail up to row ``cut``, as SVG path data."""
    exists = (xs != MISSING) & (ys != MISSING)
    exists[cut + 1 :] = False
    rows = np.flatnonzero(exists)
    at = {i: f"{int(xs[i]) - FAR} {int(ys[i]) - FAR}" for i in rows}
    line = ""
    if trail.style in ("path", "curve", "band"):
        line = "".join(("L" if i and exists[i - 1] else "M") + at[i] for i in rows)
    shown = {"path": rows[rows % every(len(xs)) == 0], "band": [], "first": rows[:1]}
    dots = "".join(f"M{at[i]}{trail.shape}" for i in shown.get(trail.style, rows[-1:]))
    return line, dots


def every(rows: int) -> int:
    """Return every how many rows a path has a dot."""
    return -(-rows // MOST_DOTS)


def _slim(svg: str) -> str:
    """Keep what is seen of matplotlib's SVG, in the colour of the page's text."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<svg [^>]*?(viewBox=[^>]*?) xmlns[^>]*>", r'<svg class="gd-back" \1>', svg)
    svg = re.sub(r"<(metadata|style).*?</\1>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r'="[^"]*"', lambda value: re.sub(r"(\.\d\d)\d+", r"\1", value[0]), svg)
    return re.sub(r"\s*\n\s*", " ", svg).replace(GREY, "currentColor")
