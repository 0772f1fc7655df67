"""The exercises of the part Challenges, a module for each chapter."""

from ..exercise import Exercise
from . import decay

CHAPTERS: dict[str, list[Exercise]] = {"decay": decay.EXERCISES}
