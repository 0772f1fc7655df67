"""The exercises of the part Challenges, a module for each chapter."""

from ..exercise import Exercise
from . import per_parameter_rates

CHAPTERS: dict[str, list[Exercise]] = {"per-parameter-rates": per_parameter_rates.EXERCISES}
