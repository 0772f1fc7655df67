"""The exercises of the part Challenges, a module for each chapter."""

from ..exercise import Exercise
from . import non_convex

CHAPTERS: dict[str, list[Exercise]] = {"non-convex": non_convex.EXERCISES}
