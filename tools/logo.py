"""Draw the logo and the favicon: gradient descent across a narrow valley, as it really walks."""

from pathlib import Path

import numpy as np

STATIC = Path("book/_static")
CURVATURES = np.array([0.8, 3.2])
LEVELS = (0.28, 1.6, 4.1)
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


def draw() -> str:
    """Return the drawing as SVG."""
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-3.2 -3.2 6.4 6.4" fill="none">',
        "<title>A descent path that zigzags down a narrow valley</title>",
        '<g transform="rotate(-25)">',
    ]
    for level in LEVELS:
        rx, ry = np.sqrt(2 * level / CURVATURES)
        lines.append(f'<ellipse rx="{rx:.3f}" ry="{ry:.3f}" stroke="{CONTOUR}" stroke-width="0.13"/>')
    points = " ".join(f"{x:.3f},{y:.3f}" for x, y in walk())
    lines.append(
        f'<polyline points="{points}" stroke="{PATH}" stroke-width="0.2" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )
    lines.append(f'<circle cx="{START[0]}" cy="{START[1]}" r="0.25" fill="{PATH}"/>')
    lines += ["</g>", "</svg>"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for name in ("logo.svg", "favicon.svg"):
        (STATIC / name).write_text(draw(), encoding="utf-8")
