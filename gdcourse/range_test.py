"""The learning-rate range test, which asks a problem for the rates that it bears."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _check
from .descend import Oracle, descend
from .rules import SGD
from .rules.base import Array, Rule


def restarted(
    oracle: Oracle,
    loss: Callable[[Array], Array],
    x0: Any,
    rates: Any,
    num_steps: int,
    rule: Callable[[Any], Rule] = SGD,
) -> Array:
    """Return the loss after a short run from ``x0`` at each rate: all runs are one sweep.

        losses[k] = loss(x after num_steps updates at rates[k])

    Parameters
    ----------
    oracle : function
        Where the gradient comes from.
    loss : function
        Of points of shape (K, n), to K numbers.
    x0 : array of shape (n,)
        Where every run starts.
    rates : array of shape (K,)
        Learning rates to try, at least 0.
    num_steps : int
        Updates of each run, at least 1.
    rule : function
        From a learning rate to a rule, such as ``SGD``.

    Returns
    -------
    array of shape (K,)
        The losses; inf or nan where a run diverged.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    References
    ----------
    Smith (2017), Cyclical learning rates for training neural networks.
    """
    rates = _rates(rates)
    num_steps = _check.integer("num_steps", num_steps, low=1)
    observe = {"x": None, "loss": loss}
    trace = descend(oracle, x0, rule(rates[:, None]), num_steps, observe=observe, record=num_steps)
    return trace["loss"][-1]


def ramped(
    oracle: Oracle,
    loss: Callable[[Array], Array],
    x0: Any,
    rates: Any,
    rule: Callable[[Any], Rule] = SGD,
) -> Array:
    """Return the loss along one run whose rate rises from update to update.

        losses[t] = loss(x after the update at rates[t])

    It is cheaper than :func:`restarted`, and as it is mostly done, but with little noise it
    flatters: small rates have brought the stiff directions to their minimum before the rates
    come that those would not bear.

    Parameters
    ----------
    oracle : function
        Where the gradient comes from.
    loss : function
        Of a point of shape (..., n), to a number for each run.
    x0 : array of shape (..., n)
        Where the run starts.
    rates : array of shape (K,)
        The learning rate of each update, at least 0.
    rule : function
        From a schedule of learning rates to a rule, such as ``SGD``.

    Returns
    -------
    array of shape (K, ...)
        The loss after each update; inf or nan from where it diverged.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    References
    ----------
    Smith (2017), Cyclical learning rates for training neural networks.
    """
    rates = _rates(rates)
    observe = {"x": None, "loss": loss}
    trace = descend(oracle, x0, rule(lambda t: rates[t]), len(rates), observe=observe)
    return trace["loss"][1:]


def _rates(rates: Any) -> Array:
    if np.ndim(rates) != 1 or len(rates) == 0:
        raise ValueError(f"rates must have shape (K,) with K at least 1, got {np.shape(rates)}")
    _check.real("rates", rates, low=0.0)
    return np.asarray(rates, dtype=float)
