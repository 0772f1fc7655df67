"""The exercises of the part Challenges, a module for each chapter."""

from ..exercise import Exercise
from . import 

CHAPTERS: dict[str, list[Exercise]] = {
}
