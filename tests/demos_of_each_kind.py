"""One demo of each kind, small and quick, for the tests that look at a demo from outside."""

import numpy as np

from gdcourse.demos import Choice, Curves, Demo, Directions, Map, Paths, Race, Slider
from gdcourse.landscapes import NarrowValley, Quadratic
from gdcourse.rules import SGD, Momentum

WORDS = {"caption": "A caption of the demo.", "alt": "Contours and paths, for the tests."}


def paths() -> Demo:
    valley = NarrowValley(kappa=25)
    best, edge = 2 / (valley.L + valley.mu), 2 / valley.L
    return Paths(
        "paths", valley, {"SGD": SGD, "Momentum": Momentum},
        controls={
            "lr": Slider(np.geomspace(0.01, 0.1, 12), best, "learning rate"),
            "momentum": Slider([0.3, 0.6, 0.9], 0.6, "momentum"),
        },
        starts=[(-1.0, 0.5), (1.0, 1.0), (0.5, -0.5)], num_steps=60,
        marks={"optimal": {"lr": best}, "edge of divergence": {"lr": edge}},
        note=lambda lr: f"Each step leaves {max(1 - lr, abs(1 - 25 * lr)):.3f} of the error.",
        **WORDS,
    )  # fmt: skip


def race() -> Demo:
    return Race(
        "race", NarrowValley(kappa=50), {"SGD": SGD, "Momentum": Momentum},
        rates={"SGD": 0.039, "Momentum": 0.02}, common=0.01, starts=[(-1.1, -0.2)], num_steps=40,
        marks={"step 10": {"step": 10}}, **WORDS,
    )  # fmt: skip


def curves() -> Demo:
    noise = np.random.default_rng(0).normal(size=(31, 1, 9))
    shrink = {"slow": 1.0, "fast": 2.0}
    return Curves(
        "curves",
        {
            "Batch": lambda lr, pace: (1 - shrink[pace] * lr) ** np.arange(31)[:, None, None],
            "Stochastic": lambda lr: noise * lr,
        },
        controls={
            "lr": Slider(np.linspace(0.0, 1.2, 13), 0.3, "learning rate"),
            "pace": Choice(["slow", "fast"], "pace"),
        },
        marks={"too large": {"lr": 1.1, "pace": "fast"}}, ylim=(-2, 2), ylabel="w", **WORDS,
    )  # fmt: skip


def heat_map() -> Demo:
    return Map(
        "map",
        {"loss": lambda lr, units: (1 - lr[..., 0] / units) ** (2 * np.arange(21)[:, None])},
        controls={
            "units": Slider([1, 2, 4, 8], 2, "hidden units", loop=True),
            "lr": Slider(np.geomspace(0.1, 4.0, 9), 0.4, "learning rate"),
        },
        marks={"one unit": {"units": 1, "lr": 0.5}}, ylim=(1e-9, 2), log="y", ylabel="loss",
        **WORDS,
    )  # fmt: skip


def directions() -> Demo:
    return Directions(
        "directions", Quadratic([1, 4]), (3, 1), window=((-0.8, 4.4), (-1.9, 2.3)),
        marks={"down": {"angle": 233.13}}, **WORDS,
    )  # fmt: skip


KINDS = (paths, race, curves, heat_map, directions)
