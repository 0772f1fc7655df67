"""The exercises of the part Challenges, a module for each chapter."""

from ..exercise import Exercise
from . import decay, learning_rate, non_convex, per_parameter_rates

CHAPTERS: dict[str, list[Exercise]] = {
    "learning-rate": learning_rate.EXERCISES,
    "decay": decay.EXERCISES,
    "per-parameter-rates": per_parameter_rates.EXERCISES,
    "non-convex": non_convex.EXERCISES,
}
