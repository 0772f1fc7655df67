"""Draw the logo and the favicon: gradient descent across a narrow valley, as it really walks."""

from pathlib import Path

import numpy as np

STATIC = Path("book/_static")
CURVATURES = np.array([0.8, 3.2])
START = np.array([-2.35, -1.0])
LR = 0.5  # under the limit 2 / 3.2, so that the path zigzags and still arrives
NUM_STEPS = 5
CONTOUR, PATH = "#8a8a8a", "#1f7fbf"  # both seen on white and on dark


def walk() -> np.ndarray:
    """Return the points of gradient descent on the quadratic, of shape (NUM_STEPS + 1, 2)."""
    points = [START]
    for _ in range(NUM_STEPS):
        points.append(points[-1] - LR * CURVATURES * points[-1])
    return np.array(points)


def draw(levels: tuple[float, ...], stroke: float) -> str:
    """Return the contours at these levels and the path, in lines of this width, as SVG."""
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-3.2 -2.2 6.4 4.4" fill="none">',
        "<title>A descent path that zigzags down a narrow valley</title>",
        '<g transform="rotate(-25)">',
    ]
    for rx, ry in (np.sqrt(2 * level / CURVATURES) for level in levels):
        lines.append(
            f'<ellipse rx="{rx:.3f}" ry="{ry:.3f}" stroke="{CONTOUR}" stroke-width="{stroke}"/>'
        )
    points = " ".join(f"{x:.3f},{y:.3f}" for x, y in walk())
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
