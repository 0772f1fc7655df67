"""The plain step, the step that remembers, and the step that looks ahead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import Array, Hyper, Rule, State, absent


@dataclass
class SGD(Rule):
    """Gradient descent: step against the gradient (Cauchy 1847; Robbins & Monro 1951).

        x <- x - lr * g

    With ``weight_decay`` the gradient is that of the loss plus ``weight_decay/2 |x|^2``, as in
    PyTorch: ``g + weight_decay * x`` stands in the place of ``g``.

    Parameters
    ----------
    lr : float, array or schedule
        Learning rate, at least 0.
    weight_decay : float, array or schedule
        Weight of the penalty, at least 0.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Cauchy (1847), Méthode générale pour la résolution des systèmes d'équations simultanées.
    Robbins & Monro (1951), A stochastic approximation method.
    """

    lr: Hyper = 0.01
    weight_decay: Hyper = 0.0

    @staticmethod
    def step(x: Array, g: Array, *, lr: Array) -> Array:
        """Return the new point."""
        return x - lr * g

    @staticmethod
    def step_with_decay(x: Array, g: Array, *, lr: Array, weight_decay: Array) -> Array:
        """Return the new point, for a loss with a penalty."""
        g = g + weight_decay * x
        return x - lr * g

    @property
    def formula(self) -> Callable[..., Any]:
        """``step``, or ``step_with_decay`` where there is a decay."""
        return self.step if absent(self.weight_decay) else self.step_with_decay


@dataclass
class Momentum(Rule):
    """Heavy-ball momentum (Polyak 1964): a velocity that remembers past gradients.

        v <- momentum * v + g
        x <- x - lr * v

    The rate is outside the velocity, as in PyTorch and optax, so that a drop in ``lr`` acts at
    once; Keras, scikit-learn and Sutskever et al. keep ``lr * g`` inside, which is the same only
    while ``lr`` is constant. With ``dampening`` the velocity gets ``(1 - dampening) * g``, the
    first gradient excepted, as in PyTorch; no paper has it.

    Parameters
    ----------
    lr : float, array or schedule
        Learning rate, at least 0.
    momentum : float, array or schedule
        How much of the velocity survives a step, in [0, 1).
    dampening : float, array or schedule
        How much of a new gradient is withheld from the velocity, in [0, 1].

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Polyak (1964), Some methods of speeding up the convergence of iteration methods.
    """

    lr: Hyper = 0.01
    momentum: Hyper = 0.9
    dampening: Hyper = 0.0

    @staticmethod
    def step(x: Array, g: Array, v: Array, *, lr: Array, momentum: Array) -> tuple[Array, Array]:
        """Return the new point and the new velocity."""
        v = momentum * v + g
        x = x - lr * v
        return x, v

    @staticmethod
    def step_with_dampening(
        x: Array, g: Array, v: Array, *, lr: Array, momentum: Array, dampening: Array, t: int
    ) -> tuple[Array, Array]:
        """Return the new point and the new velocity, where part of ``g`` is withheld."""
        v = momentum * v + (1 - dampening * (t > 1)) * g
        x = x - lr * v
        return x, v

    @property
    def formula(self) -> Callable[..., Any]:
        """``step``, or ``step_with_dampening`` where there is one."""
        return self.step if absent(self.dampening) else self.step_with_dampening


@dataclass
class NAG(Rule):
    """Nesterov's accelerated gradient: momentum whose gradient is taken one push further on.

        ahead <- momentum * (ahead + lr * g)
        x     <- x - lr * g - ahead

    Here ``x`` is the look-ahead point, where the next gradient is to be taken; the method's own
    point is ``x + ahead``, and ``readout`` gives it. It moves as in the two-point form,
    ``own' <- x - lr * g`` and ``x' <- own' + momentum * (own' - own)``, also where the momentum is
    a schedule, and as in that of Sutskever et al. PyTorch, Keras and optax hold the same
    look-ahead point and report that; PyTorch scales past pushes with the present ``lr``, which
    is the same only while it is constant.

    Parameters
    ----------
    lr : float, array or schedule
        Learning rate, at least 0.
    momentum : float, array or schedule
        How far the next look-ahead goes along the last move, in [0, 1).

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Nesterov (1983), A method for solving the convex programming problem with convergence rate
    O(1/k^2). Sutskever et al. (2013), On the importance of initialization and momentum in deep
    learning. Bengio et al. (2013), Advances in optimizing recurrent networks.
    """

    lr: Hyper = 0.01
    momentum: Hyper = 0.9

    @staticmethod
    def step(
        x: Array, g: Array, ahead: Array, *, lr: Array, momentum: Array
    ) -> tuple[Array, Array]:
        """Return the new look-ahead point, and how far it is ahead."""
        ahead = momentum * (ahead + lr * g)
        x = x - lr * g - ahead
        return x, ahead

    def readout(self, x: Array, state: State) -> Array:
        """Return the method's own point, a push behind the look-ahead point."""
        return x + state["ahead"]


@dataclass
class SignSGD(Rule):
    """Step by the gradient's sign: the steepest descent of the largest coordinate's norm.

        x <- x - lr * sign(g)

    Parameters
    ----------
    lr : float, array or schedule
        Length of each coordinate's step, at least 0.

    Raises
    ------
    ValueError
        If ``lr`` is negative or not finite.

    References
    ----------
    Bernstein et al. (2018), signSGD: compressed optimisation for non-convex problems.
    """

    lr: Hyper = 0.001

    @staticmethod
    def step(x: Array, g: Array, *, lr: Array) -> Array:
        """Return the new point."""
        return x - lr * np.sign(g)
