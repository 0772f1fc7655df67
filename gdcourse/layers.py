"""The pieces of a neural network: each layer forward, and backward by the chain rule.

Arrays end in (samples, features); any axes before are independent runs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def linear(X: Array, W: Array, b: Array) -> Array:
    """Return ``X W + b``, of shape (..., N, out), for ``X`` of shape (..., N, in)."""
    return X @ W + b[..., None, :]


def linear_backward(dZ: Array, X: Array) -> tuple[Array, Array]:
    """Pull the loss's derivative by ``Z = X W + b`` back to the weights and the biases.

    dW = X^T dZ,    db = sum of dZ over the samples
    """
    return X.swapaxes(-1, -2) @ dZ, dZ.sum(axis=-2)


def sigmoid(z: Array) -> Array:
    """Return ``1 / (1 + exp(-z))``, written with tanh so that it cannot overflow."""
    return 0.5 * (1 + np.tanh(0.5 * z))


# Each activation, and its derivative written as a function of the activation's own value.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(a.dtype)),
    "tanh": (np.tanh, lambda a: 1 - a * a),
    "sigmoid": (sigmoid, lambda a: a * (1 - a)),
}


def mse(z: Array, y: Array) -> tuple[Array, Array]:
    """Mean of squared errors over the last axis, and its derivative by ``z``.

    J = mean((z - y)^2),    dJ/dz = 2 (z - y) / N
    """
    error = z - y
    return (error * error).mean(axis=-1), 2 * error / error.shape[-1]


def binary_cross_entropy(z: Array, y: Array) -> tuple[Array, Array]:
    """Mean negative log-likelihood of labels 0 and 1 under ``sigmoid(z)``.

    J = mean(log(1 + exp(z)) - y z),    dJ/dz = (sigmoid(z) - y) / N
    """
    loss = np.logaddexp(0, z) - y * z
    return loss.mean(axis=-1), (sigmoid(z) - y) / loss.shape[-1]


def hinge(z: Array, y: Array) -> tuple[Array, Array]:
    """Mean hinge loss of labels 0 and 1, read as the signs s = -1 and +1.

    J = mean(max(0, 1 - s z)),    dJ/dz = -s / N where s z < 1, else 0
    """
    sign = 2 * y - 1
    slack = np.maximum(1 - sign * z, 0)
    return slack.mean(axis=-1), -sign * (slack > 0) / slack.shape[-1]


def softmax_cross_entropy(Z: Array, y: Array) -> tuple[Array, Array]:
    """Mean negative log-likelihood of class labels under the softmax of ``Z``, (..., N, K).

    J = mean(log(sum_k exp Z_k) - Z_y),    dJ/dZ = (softmax(Z) - onehot(y)) / N
    """
    shifted = Z - Z.max(axis=-1, keepdims=True)
    exp = np.exp(shifted)
    total = exp.sum(axis=-1, keepdims=True)
    label = np.broadcast_to(y, Z.shape[:-1])[..., None]
    loss = np.log(total) - np.take_along_axis(shifted, label, axis=-1)
    dZ = exp / total
    np.put_along_axis(dZ, label, np.take_along_axis(dZ, label, axis=-1) - 1, axis=-1)
    return loss[..., 0].mean(axis=-1), dZ / Z.shape[-2]
