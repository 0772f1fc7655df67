"""gdcourse: every optimizer of the course, from scratch, in four roles and one loop.

An *oracle* says where the gradient comes from, a *schedule* how a hyperparameter changes with the
step, a *rule* what is done with the gradient, a *readout* which point is reported; :func:`descend`
joins them.
"""

from . import landscapes, models, oracles, range_test, readouts, rules, schedules
from .descend import Trace, descend
from .show import show

__all__ = [
    "Trace",
    "descend",
    "landscapes",
    "models",
    "oracles",
    "range_test",
    "readouts",
    "rules",
    "schedules",
    "show",
]
