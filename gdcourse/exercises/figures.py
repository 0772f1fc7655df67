"""Pictures of what each known mistake does, one small panel for each."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..palette import BLUE, GREY, RED
from . import checker, get
from .exercise import CodeExercise, Mistake

COLUMNS = 2


def mistakes(id: str) -> Figure:
    """Draw the known mistakes of an exercise: what is right in blue, what a mistake does in red.

    Where the function leads along a path, its points are drawn, or its values over the steps;
    elsewhere the numbers that it returns.
    """
    exercise = get(id)
    if not isinstance(exercise, CodeExercise):
        raise ValueError(f"id must name an exercise in code, got {id!r}")
    rows = -(-len(exercise.mistakes) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(3.3 * COLUMNS, 2.2 * rows), squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, mistake in zip(axes.flat, exercise.mistakes, strict=False):
        ax.set_axis_on()
        ax.set_title(mistake.title, fontsize=11)
        ax.tick_params(labelsize=8)
        with np.errstate(all="ignore"):
            draw = values if exercise.path is None else path
            draw(ax, exercise, mistake)
    return figure


NOTHING = [(np.array([np.nan]),)]  # of a call that raised


def path(ax: Axes, exercise: CodeExercise, mistake: Mistake) -> None:
    """Draw where the solution leads, and where the mistake does."""
    assert exercise.path is not None
    right = np.asarray(exercise.path(exercise.reference or exercise.solution))
    wrong = np.asarray(exercise.path(mistake.function)).reshape(-1, right.shape[1])
    for points, style in ((right, {"color": BLUE, "lw": 4}), (wrong, {"color": RED})):
        shown = np.column_stack([np.arange(len(points)), points])[:, -2:]
        ax.plot(*shown.T, marker="o", ms=2.5, **style)
    if right.shape[1] == 2:
        ax.plot(0, 0, "*", color=GREY, ms=9)
    _keep_in_sight(ax, right)


def _keep_in_sight(ax: Axes, right: Any) -> None:
    """Let the right path fill the middle third: what leaves the window has gone astray."""
    low, high = right.min(axis=0), right.max(axis=0)
    margin = np.maximum(high - low, 0.2)
    ax.set_ylim(low[-1] - margin[-1], high[-1] + margin[-1])
    if right.shape[1] == 2:
        ax.set_xlim(low[0] - margin[0], high[0] + margin[0])


def values(ax: Axes, exercise: CodeExercise, mistake: Mistake) -> None:
    """Draw single numbers for all probes, or those of the first probe that tells the two apart."""
    references = checker.reference_runs(exercise)
    pairs = list(
        zip(references, checker.runs_of(exercise, mistake.function, list(references)), strict=True)
    )
    if any(reference.results[0][0].size > 1 for reference in references):
        apart = [pair for pair in pairs if checker.first_difference(*pair[::-1]) is not None]
        # Where a mistake raises there is nothing to draw: a probe where it does not is better.
        pairs = sorted(apart, key=lambda pair: not pair[1].results)[:1]
    right, wrong = (
        np.concatenate([part.ravel() for run in runs for part in (run.results or NOTHING)[-1]])
        for runs in zip(*pairs, strict=True)
    )
    ax.plot(right, "o", color=BLUE, mfc="none", ms=9)
    ax.plot(wrong, "x", color=RED, ms=6, mew=1.8)
    for index in np.flatnonzero(~np.isfinite(wrong)):
        value = f"{wrong[index]:g}"  # nan or inf
        ax.annotate(value, (index, 0.5), color=RED, ha="center", xycoords=("data", "axes fraction"))
    ax.set_xlim(-0.7, len(right) - 0.3)
    ax.set_xticks([])
    ax.margins(y=0.25)
