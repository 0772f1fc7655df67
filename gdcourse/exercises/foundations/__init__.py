"""The exercises of the part Foundations, a module for each chapter."""

from ..exercise import Exercise
from . import explorer, gradient, line, models

CHAPTERS: dict[str, list[Exercise]] = {
    module.__name__.rpartition(".")[2]: module.EXERCISES
    for module in (gradient, explorer, line, models)
}
