"""Draw the logo and the favicon: gradient descent across a narrow valley, as it really walks."""

from pathlib import Path

import numpy as np

from gdcourse import descend, palette
from gdcourse.landscapes import Quadratic
from gdcourse.rules import SGD

STATIC = Path("book/_static")
VALLEY = Quadratic([0.8, 3.2])
START = [-2.35, -1.0]
LR = 0.5  # under the limit 2 / 3.2, so that the path zigzags and still arrives
CONTOUR, PATH = palette.GREY, palette.BLUE


def draw(levels: tuple[float, ...], stroke: float) -> str:
    """Return the contours at these levels and the path, in lines of this width, as SVG."""
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-3.2 -2.2 6.4 4.4" fill="none">',
        "<title>A descent path that zigzags down a narrow valley</title>",
        '<g transform="rotate(-25)">',
    ]
    for rx, ry in (np.sqrt(2 * level / VALLEY.A) for level in levels):
        lines.append(
            f'<ellipse rx="{rx:.3f}" ry="{ry:.3f}" stroke="{CONTOUR}" stroke-width="{stroke}"/>'
        )
    walk = descend(VALLEY.gradient, START, SGD(LR), 5).x
    points = " ".join(f"{x:.3f},{y:.3f}" for x, y in walk)
    lines += [
        f'<polyline points="{points}" stroke="{PATH}" stroke-width="{1.5 * stroke:.3f}" '
        'stroke-linejoin="round" stroke-linecap="round"/>',
        f'<circle cx="{START[0]}" cy="{START[1]}" r="{2 * stroke:.3f}" fill="{PATH}"/>',
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


DRAWINGS = {
    "logo.svg": draw((0.28, 1.6, 4.1), stroke=0.13),
    "favicon.svg": draw((4.1,), stroke=0.3),
}

if __name__ == "__main__":
    for name, drawing in DRAWINGS.items():
        (STATIC / name).write_text(drawing, encoding="utf-8")
