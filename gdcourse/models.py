"""Losses over data as functions of one vector: linear, logistic, support vectors, a network.

``theta`` has shape (..., num_parameters): its leading axes are independent runs, so that a sweep
trains many models at once. ``X`` has shape (N, num_features) and ``y`` shape (N,), the same for
every run, or the runs' axes before them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _check, layers

Array = np.ndarray
Loss = Callable[[Array, Array], tuple[Array, Array]]


class Model:
    """A loss over data. ``shapes`` names the arrays that ``theta`` holds, in order."""

    num_features: int
    shapes: dict[str, tuple[int, ...]]
    num_classes: int | None = None  # None where y is a real number

    @property
    def num_parameters(self) -> int:
        """Length of ``theta``."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())

    def unpack(self, theta: Array) -> dict[str, Array]:
        """Return named views of ``theta``: writing into one writes into ``theta``."""
        theta = self._theta(theta)
        views, start = {}, 0
        for name, shape in self.shapes.items():
            stop = start + int(np.prod(shape))
            views[name] = theta[..., start:stop].reshape(*theta.shape[:-1], *shape)
            start = stop
        return views

    def init(self, rng: np.random.Generator) -> Array:
        """Return the parameters to start from, of shape (num_parameters,)."""
        _check.generator("rng", rng)
        return np.zeros(self.num_parameters)

    def loss(self, theta: Array, X: Array, y: Array) -> Any:
        """Return the loss of each run, of shape ``theta.shape[:-1]``."""
        raise NotImplementedError

    def gradient(self, theta: Array, X: Array, y: Array) -> Array:
        """Return the loss's gradient by ``theta``, of its shape."""
        raise NotImplementedError

    def predict(self, theta: Array, X: Array) -> Array:
        """Return the prediction for each row of ``X``, of shape (..., N)."""
        raise NotImplementedError

    def accuracy(self, theta: Array, X: Array, y: Array) -> Any:
        """Return the fraction of labels that each run predicts, of shape ``theta.shape[:-1]``."""
        return (self.predict(theta, X) == y).mean(axis=-1)

    def check_data(self, X: Any, y: Any) -> tuple[Array, Array]:
        """Return the data as arrays, or raise what is wrong with it."""
        X, y = np.asarray(X), np.asarray(y)
        if X.ndim < 2 or X.shape[-1] != self.num_features or X.shape[-2] == 0:
            raise ValueError(
                f"X must have shape (N, {self.num_features}) with N at least 1, got {X.shape}"
            )
        if y.shape[-1:] != X.shape[-2:-1]:
            raise ValueError(
                f"y must hold one value for each of {X.shape[-2]} rows of X, got shape {y.shape}"
            )
        _check.real("X", X)
        if self.num_classes is None:
            _check.real("y", y)
        elif not (y.dtype.kind in "iu" and y.min() >= 0 and y.max() < self.num_classes):
            raise ValueError(
                f"y must hold whole labels 0 to {self.num_classes - 1}, "
                f"got {np.unique(y)[:5]} of {y.dtype}"
            )
        return X, y

    def _theta(self, theta: Array) -> Array:
        theta = np.asarray(theta)
        if theta.shape[-1:] != (self.num_parameters,):
            raise ValueError(
                f"theta must have a last axis of length {self.num_parameters}, "
                f"got shape {theta.shape}"
            )
        return theta


class LinearModel(Model):
    """Scores ``X W + b`` under a loss of the scores; the subclasses choose the loss."""

    def __init__(
        self, num_features: int, num_outputs: int, intercept: bool, loss: Loss, l2: float = 0.0
    ) -> None:
        self.num_features = _check.integer("num_features", num_features, low=1)
        self.num_outputs = num_outputs
        if num_outputs == 1:
            self.shapes = {"w": (num_features,), "b": (1,)}
        else:
            self.shapes = {"W": (num_features, num_outputs), "b": (num_outputs,)}
        if not intercept:
            del self.shapes["b"]
        self._output_loss = loss
        self.l2 = l2

    def scores(self, theta: Array, X: Array) -> Array:
        """Return ``X W + b``, of shape (..., N), or (..., N, K) where there are K columns."""
        W, *b = self._matrices(theta)
        Z = layers.linear(X, W, b[0]) if b else X @ W
        return Z[..., 0] if self.num_outputs == 1 else Z

    def loss(self, theta: Array, X: Array, y: Array) -> Any:
        """Return the loss of each run, of shape ``theta.shape[:-1]``."""
        W, *_ = self._matrices(theta)
        value, _ = self._output_loss(self.scores(theta, X), y)
        return value + 0.5 * self.l2 * (W * W).sum(axis=(-1, -2)) if self.l2 else value

    def gradient(self, theta: Array, X: Array, y: Array) -> Array:
        """Return the loss's gradient by ``theta``, of its shape."""
        W, *b = self._matrices(theta)
        _, dZ = self._output_loss(self.scores(theta, X), y)
        dZ = dZ[..., None] if self.num_outputs == 1 else dZ
        dW = X.swapaxes(-1, -2) @ dZ + self.l2 * W
        parts = [dW.reshape(*dW.shape[:-2], -1), dZ.sum(axis=-2)]
        return np.concatenate(parts[: 1 + len(b)], axis=-1)

    def _matrices(self, theta: Array) -> list[Array]:
        W, *b = self.unpack(theta).values()
        return [W[..., None] if self.num_outputs == 1 else W, *b]


class LinearRegression(LinearModel):
    """A line through data, by least squares.

        J(theta) = mean((X w + b - y)^2),    gradient 2/N X^T (X w + b - y)

    Parameters
    ----------
    num_features : int
        Columns of ``X``.
    intercept : bool
        Whether there is a ``b`` beside ``w``.
    """

    def __init__(self, num_features: int, *, intercept: bool = True) -> None:
        super().__init__(num_features, 1, intercept, layers.mse)

    def predict(self, theta: Array, X: Array) -> Array:
        """Return the predicted values, of shape (..., N)."""
        return self.scores(theta, X)


class LogisticRegression(LinearModel):
    """Class probabilities from a line: the sigmoid for two classes, the softmax for more.

        J(theta) = -mean(log p(y | X)),    gradient 1/N X^T (p - onehot(y))

    Parameters
    ----------
    num_features : int
        Columns of ``X``.
    num_classes : int
        Labels are 0 to ``num_classes - 1``.
    intercept : bool
        Whether there is a ``b`` beside the weights.

    References
    ----------
    Cox (1958), The regression analysis of binary sequences.
    """

    def __init__(self, num_features: int, num_classes: int = 2, *, intercept: bool = True) -> None:
        self.num_classes = _check.integer("num_classes", num_classes, low=2)
        if num_classes == 2:
            super().__init__(num_features, 1, intercept, layers.binary_cross_entropy)
        else:
            super().__init__(num_features, num_classes, intercept, layers.softmax_cross_entropy)

    def predict(self, theta: Array, X: Array) -> Array:
        """Return the likeliest label for each row of ``X``, of shape (..., N)."""
        scores = self.scores(theta, X)
        return (scores > 0).astype(int) if self.num_classes == 2 else scores.argmax(axis=-1)


class LinearSVM(LinearModel):
    """The soft-margin support vector machine, for labels 0 and 1 read as signs -1 and +1.

        J(theta) = mean(max(0, 1 - s (X w + b))) + l2/2 |w|^2

    Where a margin is exactly 1 the loss has a kink, and the gradient is that of its flat side.
    Ten machines, one digit against the rest each, are one sweep with ``y`` of shape (10, N).

    Parameters
    ----------
    num_features : int
        Columns of ``X``.
    l2 : float
        Weight of the penalty on ``w``, at least 0; ``b`` is free.
    intercept : bool
        Whether there is a ``b`` beside ``w``.

    References
    ----------
    Cortes & Vapnik (1995), Support-vector networks.
    """

    num_classes = 2

    def __init__(self, num_features: int, *, l2: float = 1e-4, intercept: bool = True) -> None:
        _check.real("l2", l2, low=0.0)
        super().__init__(num_features, 1, intercept, layers.hinge, l2)

    def predict(self, theta: Array, X: Array) -> Array:
        """Return the label on whose side each row of ``X`` lies, of shape (..., N)."""
        return (self.scores(theta, X) > 0).astype(int)


class MLP(Model):
    """A fully connected network with a softmax at the end, trained by cross-entropy.

        A_0 = X,    Z_k = A_{k-1} W_k + b_k,    A_k = activation(Z_k),    p = softmax(Z_last)

    Parameters
    ----------
    sizes : sequence of int
        Features, hidden units of each layer, classes: ``(64, 32, 10)`` has one hidden layer.
    activation : {"relu", "tanh", "sigmoid"}
        Of the hidden layers.

    References
    ----------
    Rumelhart, Hinton & Williams (1986), Learning representations by back-propagating errors.
    """

    def __init__(self, sizes: Sequence[int], *, activation: str = "relu") -> None:
        if not isinstance(sizes, Sequence | np.ndarray) or len(sizes) < 2:
            raise ValueError(f"sizes must list the units of 2 layers or more, got {sizes!r}")
        _check.choice("activation", activation, layers.ACTIVATIONS)
        self.sizes = [_check.integer(f"sizes[{i}]", size, low=1) for i, size in enumerate(sizes)]
        self.activation = activation
        self.num_features = self.sizes[0]
        self.num_classes = _check.integer("sizes[-1]", sizes[-1], low=2)
        self.shapes = {}
        for k, (before, after) in enumerate(zip(self.sizes, self.sizes[1:], strict=False), 1):
            self.shapes |= {f"W{k}": (before, after), f"b{k}": (after,)}

    def init(self, rng: np.random.Generator) -> Array:
        """Return random weights and zero biases, of shape (num_parameters,).

        Variance 2 / in for ReLU (He et al. 2015), 2 / (in + out) otherwise (Glorot & Bengio
        2010), so that signals keep their size from layer to layer.
        """
        theta = super().init(rng)
        for W in self._layers(theta)[0]:
            before, after = W.shape
            variance = 2 / before if self.activation == "relu" else 2 / (before + after)
            W[...] = rng.normal(0, variance**0.5, W.shape)
        return theta

    def forward(self, theta: Array, X: Array) -> list[Array]:
        """Return every layer's values: ``X``, the hidden activations, the scores."""
        activate, _ = layers.ACTIVATIONS[self.activation]
        weights, biases = self._layers(theta)
        values = [X]
        for W, b in zip(weights[:-1], biases[:-1], strict=True):
            values.append(activate(layers.linear(values[-1], W, b)))
        return [*values, layers.linear(values[-1], weights[-1], biases[-1])]

    def loss(self, theta: Array, X: Array, y: Array) -> Any:
        """Return the loss of each run, of shape ``theta.shape[:-1]``."""
        return layers.softmax_cross_entropy(self.forward(theta, X)[-1], y)[0]

    def gradient(self, theta: Array, X: Array, y: Array) -> Array:
        """Return the loss's gradient by ``theta``, of its shape: one pass forward, one back."""
        _, slope = layers.ACTIVATIONS[self.activation]
        weights, _ = self._layers(theta)
        *values, scores = self.forward(theta, X)
        _, dZ = layers.softmax_cross_entropy(scores, y)
        gradient = np.empty_like(self._theta(theta))
        dweights, dbiases = self._layers(gradient)
        for k in reversed(range(len(weights))):
            dweights[k][...], dbiases[k][...] = layers.linear_backward(dZ, values[k])
            if k > 0:
                dZ = dZ @ weights[k].swapaxes(-1, -2) * slope(values[k])
        return gradient

    def predict(self, theta: Array, X: Array) -> Array:
        """Return the likeliest label for each row of ``X``, of shape (..., N)."""
        return self.forward(theta, X)[-1].argmax(axis=-1)

    def _layers(self, theta: Array) -> tuple[list[Array], list[Array]]:
        """Return the views of ``theta``: the weights, and the biases."""
        views = list(self.unpack(theta).values())
        return views[::2], views[1::2]
