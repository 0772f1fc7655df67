"""A rate for each coordinate, from the sizes of its past gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import Array, Hyper, Rule, State, absent


@dataclass
class Adagrad(Rule):
    """Divide by the root of the sum of all squared gradients (Duchi et al. 2011).

        G <- G + g^2
        x <- x - lr * g / (sqrt(G) + eps)

    The paper's form and PyTorch's; Keras and optax put eps under the root (``eps_inside``) and
    start the sum at 0.1 (``initial``).

    Parameters
    ----------
    lr : float, array or schedule
        Length of the first step, at least 0.
    eps : float, array or schedule
        Keeps the quotient finite, at least 0; units of ``g``, of ``g^2`` if inside.
    initial : float or array
        What the sum starts from, at least 0; units of ``g^2``.
    eps_inside : bool
        Divide by ``sqrt(G + eps)`` instead.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Duchi, Hazan & Singer (2011), Adaptive subgradient methods for online learning and stochastic
    optimization.
    """

    lr: Hyper = 0.01
    eps: Hyper = 1e-10
    initial: float | Array = 0.0
    eps_inside: bool = False

    def init(self, x: Array) -> State:
        """Return the sum before the first update."""
        state = super().init(x)
        state["G"][...] = self.initial
        return state

    @staticmethod
    def step(
        x: Array, g: Array, G: Array, *, lr: Array, eps: Array, eps_inside: bool
    ) -> tuple[Array, Array]:
        """Return the new point and the new sum."""
        G = G + g * g
        x = x - lr * g / (np.sqrt(G + eps) if eps_inside else np.sqrt(G) + eps)
        return x, G


@dataclass
class Adadelta(Rule):
    """Scale each step by past steps, so that the units are those of x (Zeiler 2012).

        v     <- rho * v + (1 - rho) * g^2
        delta <- sqrt(u + eps) / sqrt(v + eps) * g
        u     <- rho * u + (1 - rho) * delta^2
        x     <- x - lr * delta

    The paper's form, in which lr is 1 and rho 0.95; PyTorch and optax have rho 0.9, and Keras has
    lr 0.001, with which it hardly moves.

    Parameters
    ----------
    lr : float, array or schedule
        Factor of the step, at least 0; not in the paper.
    rho : float, array or schedule
        Decay of both running means, in [0, 1).
    eps : float, array or schedule
        Under both roots, at least 0: it sets the first steps' length.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Zeiler (2012), ADADELTA: an adaptive learning rate method.
    """

    lr: Hyper = 1.0
    rho: Hyper = 0.95
    eps: Hyper = 1e-6

    @staticmethod
    def step(
        x: Array, g: Array, v: Array, u: Array, *, lr: Array, rho: Array, eps: Array
    ) -> tuple[Array, Array, Array]:
        """Return the new point and the new means of squared gradients and squared steps."""
        v = rho * v + (1 - rho) * g * g
        delta = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        u = rho * u + (1 - rho) * delta * delta
        x = x - lr * delta
        return x, v, u


@dataclass
class RMSprop(Rule):
    """Divide by the root of the running mean of squared gradients (Tieleman & Hinton 2012).

        v <- rho * v + (1 - rho) * g^2
        x <- x - lr * g / (sqrt(v) + eps)

    With ``momentum`` the quotient goes into a velocity; with ``centered`` the squared running
    mean of gradients is taken off ``v`` (Graves 2013). The lecture has no eps and rho 0.9;
    PyTorch has rho 0.99, and Keras and optax put eps under the root (``eps_inside``).

    Parameters
    ----------
    lr : float, array or schedule
        Learning rate, at least 0.
    rho : float, array or schedule
        Decay of the running means, in [0, 1).
    eps : float, array or schedule
        Keeps the quotient finite, at least 0; units of ``g``, of ``g^2`` if inside.
    momentum : float, array or schedule
        How much of the velocity survives a step, in [0, 1).
    centered : bool
        Divide by the running standard deviation in place of the root mean square.
    eps_inside : bool
        Divide by ``sqrt(v + eps)`` instead.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Tieleman & Hinton (2012), Lecture 6.5: RMSProp, Neural networks for machine learning.
    Graves (2013), Generating sequences with recurrent neural networks.
    """

    lr: Hyper = 0.001
    rho: Hyper = 0.9
    eps: Hyper = 1e-8
    momentum: Hyper = 0.0
    centered: bool = False
    eps_inside: bool = False

    @staticmethod
    def step(
        x: Array, g: Array, v: Array, *, lr: Array, rho: Array, eps: Array, eps_inside: bool
    ) -> tuple[Array, Array]:
        """Return the new point and the new mean of squared gradients."""
        v = rho * v + (1 - rho) * g * g
        x = x - lr * g / (np.sqrt(v + eps) if eps_inside else np.sqrt(v) + eps)
        return x, v

    @staticmethod
    def step_with_momentum(
        x: Array,
        g: Array,
        v: Array,
        m: Array,
        b: Array,
        *,
        lr: Array,
        rho: Array,
        eps: Array,
        momentum: Array,
        centered: bool,
        eps_inside: bool,
    ) -> tuple[Array, Array, Array, Array]:
        """Return the new point, the means of squared gradients and of gradients, the velocity."""
        v = rho * v + (1 - rho) * g * g
        m = rho * m + (1 - rho) * g
        variance = np.maximum(v - m * m, 0) if centered else v  # rounding may go below 0
        b = momentum * b + g / (np.sqrt(variance + eps) if eps_inside else np.sqrt(variance) + eps)
        x = x - lr * b
        return x, v, m, b

    @property
    def formula(self) -> Callable[..., Any]:
        """``step``, or ``step_with_momentum`` for the options that need more state."""
        plain = absent(self.momentum) and not self.centered
        return self.step if plain else self.step_with_momentum
