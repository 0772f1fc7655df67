"""The exercises of the part Variants, a module for each chapter."""

from ..exercise import Exercise
from . import three_variants

CHAPTERS: dict[str, list[Exercise]] = {"three-variants": three_variants.EXERCISES}
