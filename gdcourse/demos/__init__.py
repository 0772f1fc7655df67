"""Sliders that answer: on the static page with no kernel, and as ipywidgets where a kernel lives.

A demo is a sweep: the simulation receives the grid of every slider as arrays and runs them all as
one array program. The page carries the results, and its player shows the one that is asked for.
"""

from .controls import Choice, Slider
from .demo import Demo
from .kinds import Curves, Directions, Map, Paths, Race

__all__ = ["Choice", "Curves", "Demo", "Directions", "Map", "Paths", "Race", "Slider"]
