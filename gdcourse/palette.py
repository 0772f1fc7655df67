"""One colour, one marker and one dash per method, everywhere: figures, demos, tables.

The hues follow Okabe & Ito, each brought to a luminance that keeps a contrast of 3 to 1 on white
and on the dark page, so that a figure needs no second version.
"""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """How a method is drawn: CSS colour, matplotlib marker, dash lengths in points."""

    color: str
    marker: str
    dash: tuple[float, ...] = ()


BLUE, ORANGE, GREEN, RED = "#3d7bdc", "#b87a00", "#009e73", "#d55e00"
PURPLE, SKY, OLIVE, GREY = "#c068a0", "#1f97b8", "#8a8a2b", "#7b7b7b"

DASHED, DOTTED = (5.0, 2.0), (1.5, 1.5)

METHODS: dict[str, Look] = {
    "SGD": Look(BLUE, "o"),
    "Batch": Look(BLUE, "o"),
    "Mini-batch": Look(GREEN, "^"),
    "Stochastic": Look(ORANGE, "v"),
    "Momentum": Look(RED, "s"),
    "NAG": Look(PURPLE, "D"),
    "Adagrad": Look(GREEN, "^"),
    "Adadelta": Look(GREEN, "v", DASHED),
    "RMSprop": Look(SKY, "P"),
    "Adam": Look(ORANGE, "X"),
    "AdamW": Look(ORANGE, "X", DASHED),
    "AdaMax": Look(ORANGE, "d", DOTTED),
    "NAdam": Look(PURPLE, "p", DASHED),
    "AMSGrad": Look(RED, "h", DASHED),
    "AdaBound": Look(SKY, "<", DASHED),
    "RAdam": Look(OLIVE, ">"),
    "SWATS": Look(OLIVE, "8", DASHED),
    "Lookahead": Look(BLUE, "*", DASHED),
    "SignSGD": Look(RED, "s", DOTTED),
    "AdaBelief": Look(ORANGE, "P", DASHED),
    "Lion": Look(RED, "v"),
    "LARS": Look(GREEN, "<"),
    "LAMB": Look(GREEN, ">", DASHED),
    "Adafactor": Look(SKY, "d"),
    "Muon": Look(PURPLE, "h"),
    "Shampoo": Look(PURPLE, "8", DOTTED),
    "SOAP": Look(PURPLE, "X", DASHED),
    "ScheduleFree": Look(BLUE, "p", DOTTED),
    "PolyakRuppert": Look(OLIVE, "*"),
    "SWA": Look(OLIVE, "^", DASHED),
    "EMA": Look(OLIVE, "o", DOTTED),
    "SAM": Look(SKY, "*", DOTTED),
}

# For lines that are no method, in this order.
CYCLE = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY, OLIVE, GREY)


def look(name: str, index: int = 0) -> Look:
    """Return the look of a method, or the ``index``-th colour for any other name."""
    return METHODS.get(name, Look(CYCLE[index % len(CYCLE)], "o"))
