"""Steps whose length follows that of the weights: one rate for each layer, through Groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .adam import AdamFamily
from .base import Array, Hyper, Rule, norm


@dataclass
class LARS(Rule):
    """Momentum with a rate for the layer, in proportion to its weights (You et al. 2017).

        local <- trust * |x| / (|g| + weight_decay * |x|),   1 where |x| or |g| is 0
        v     <- momentum * v + lr * local * (g + weight_decay * x)
        x     <- x - v

    The norms are over the last axis: through :class:`Groups` one for each array of a model. The
    paper's form; optax has ``|g + weight_decay * x|`` in the denominator.

    Parameters
    ----------
    lr : float, array or schedule
        Factor of all layers' rates, at least 0.
    momentum : float, array or schedule
        How much of the velocity survives a step, in [0, 1).
    weight_decay : float, array or schedule
        Weight of the penalty, at least 0.
    trust : float, array or schedule
        A layer's step as a share of its weights, at least 0.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    You, Gitman & Ginsburg (2017), Large batch training of convolutional networks.
    """

    lr: Hyper = 1.0
    momentum: Hyper = 0.9
    weight_decay: Hyper = 0.0
    trust: Hyper = 0.001

    elementwise: ClassVar[bool] = False

    @staticmethod
    def step(
        x: Array,
        g: Array,
        v: Array,
        *,
        lr: Array,
        momentum: Array,
        weight_decay: Array,
        trust: Array,
    ) -> tuple[Array, Array]:
        """Return the new point and the new velocity."""
        both = (norm(x) > 0) & (norm(g) > 0)
        local = np.where(both, trust * quotient(norm(x), norm(g) + weight_decay * norm(x)), 1)
        v = momentum * v + lr * local * (g + weight_decay * x)
        x = x - v
        return x, v


@dataclass
class LAMB(AdamFamily):
    """Adam with steps in proportion to the layer's weights (You et al. 2020, algorithm 2).

        u <- m_hat / (sqrt(v_hat) + eps) + weight_decay * x,   m_hat, v_hat of Adam
        x <- x - lr * |x| / |u| * u,   with 1 for the quotient where |x| is 0

    The norms are over the last axis: through :class:`Groups` one for each array of a model. The
    paper's form with its phi the identity; also optax's. Keras keeps the decay out of u.

    Parameters
    ----------
    lr, beta1, beta2, eps : float, array or schedule
        As in :class:`Adam`; ``lr`` is the step as a share of the weights.
    weight_decay : float, array or schedule
        Rate of the decay, at least 0.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    You et al. (2020), Large batch optimization for deep learning: training BERT in 76 minutes.
    """

    eps: Hyper = 1e-6
    weight_decay: Hyper = 0.0

    elementwise: ClassVar[bool] = False

    @staticmethod
    def step(
        x: Array,
        g: Array,
        m: Array,
        v: Array,
        *,
        lr: Array,
        beta1: Array,
        beta2: Array,
        eps: Array,
        weight_decay: Array,
        t: int,
    ) -> tuple[Array, Array, Array]:
        """Return the new point and the new means of gradients and of squared gradients."""
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        u = m_hat / (np.sqrt(v_hat) + eps) + weight_decay * x
        x = x - lr * np.where(norm(x) > 0, quotient(norm(x), norm(u)), 1) * u
        return x, m, v


def quotient(a: Array, b: Array) -> Array:
    """Return a / b, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)
