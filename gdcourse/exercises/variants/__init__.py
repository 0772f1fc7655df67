"""The exercises of the part Variants, a module for each chapter."""

from ..exercise import Exercise
from . import batch

CHAPTERS: dict[str, list[Exercise]] = {
    module.__name__.rpartition(".")[2]: module.EXERCISES for module in (batch,)
}
