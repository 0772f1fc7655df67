"""Rules: what is done with the gradient, in order of complexity."""

from .adam import AdaBelief, AdaBound, Adam, AdaMax, AdamW, AMSGrad, Lion, NAdam, RAdam
from .adaptive import Adadelta, Adagrad, RMSprop
from .base import Rule
from .composite import SWATS, Groups, Lookahead, ScheduleFree
from .convert import from_torch
from .layerwise import LAMB, LARS
from .matrix import SOAP, Adafactor, Muon, Shampoo
from .sgd import NAG, SGD, Momentum, SignSGD

__all__ = [
    "LAMB",
    "LARS",
    "NAG",
    "SGD",
    "SOAP",
    "SWATS",
    "AMSGrad",
    "AdaBelief",
    "AdaBound",
    "AdaMax",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Groups",
    "Lion",
    "Lookahead",
    "Momentum",
    "Muon",
    "NAdam",
    "RAdam",
    "RMSprop",
    "Rule",
    "ScheduleFree",
    "Shampoo",
    "SignSGD",
    "from_torch",
]
