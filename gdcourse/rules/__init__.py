"""Rules: what is done with the gradient, in order of complexity."""

from .base import Rule
from .sgd import SGD, Momentum

__all__ = ["SGD", "Momentum", "Rule"]
