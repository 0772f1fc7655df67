"""The exercises of the part Challenges, a module for each chapter."""

from ..exercise import Exercise
from . import decay, learning_rate, non_convex

CHAPTERS: dict[str, list[Exercise]] = {
    "learning-rate": learning_rate.EXERCISES,
    "decay": decay.EXERCISES,
    "non-convex": non_convex.EXERCISES,
}
