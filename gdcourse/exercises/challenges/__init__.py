"""The exercises of the part Challenges, a module for each chapter."""

from ..exercise import Exercise

CHAPTERS: dict[str, list[Exercise]] = {}
