"""The exercises of the part Challenges, a module for each chapter."""

from ..exercise import Exercise
from . import decay, learning_rate

CHAPTERS: dict[str, list[Exercise]] = {
    "learning-rate": learning_rate.EXERCISES,
    "decay": decay.EXERCISES,
}
