"""The plain step, and the step that remembers."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Array, Hyper, Rule


@dataclass
class SGD(Rule):
    """Gradient descent: step against the gradient (Cauchy 1847; Robbins & Monro 1951).

        x <- x - lr * g

    Parameters
    ----------
    lr : float, array or schedule
        Learning rate, at least 0.

    Raises
    ------
    ValueError
        If ``lr`` is negative or not finite.

    References
    ----------
    Cauchy (1847), Méthode générale pour la résolution des systèmes d'équations simultanées.
    Robbins & Monro (1951), A stochastic approximation method.
    """

    lr: Hyper = 0.01

    @staticmethod
    def step(x: Array, g: Array, *, lr: Array) -> Array:
        """Return the new point."""
        return x - lr * g


@dataclass
class Momentum(Rule):
    """Heavy-ball momentum (Polyak 1964): a velocity that remembers past gradients.

        v <- momentum * v + g
        x <- x - lr * v

    Parameters
    ----------
    lr : float, array or schedule
        Learning rate, at least 0.
    momentum : float, array or schedule
        How much of the velocity survives a step, in [0, 1).

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

    @staticmethod
    def step(x: Array, g: Array, v: Array, *, lr: Array, momentum: Array) -> tuple[Array, Array]:
        """Return the new point and the new velocity."""
        v = momentum * v + g
        x = x - lr * v
        return x, v
