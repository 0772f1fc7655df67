"""The exercises of the part Variants, a module for each chapter."""

from ..exercise import Exercise
from . import stochastic

CHAPTERS: dict[str, list[Exercise]] = {"stochastic": stochastic.EXERCISES}
