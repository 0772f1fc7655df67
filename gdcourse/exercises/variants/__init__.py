"""The exercises of the part Variants, a module for each chapter."""

from ..exercise import Exercise
from . import batch, minibatch, stochastic, three_variants

CHAPTERS: dict[str, list[Exercise]] = {
    "batch": batch.EXERCISES,
    "stochastic": stochastic.EXERCISES,
    "minibatch": minibatch.EXERCISES,
    "three-variants": three_variants.EXERCISES,
}
