"""The exercises of the part Challenges, a module for each chapter."""

from ..exercise import Exercise
from . import non_convex

CHAPTERS: dict[str, list[Exercise]] = {
    module.__name__.rpartition(".")[2].replace("_", "-"): module.EXERCISES
    for module in (non_convex,)
}
