"""Oracles: where the gradient comes from, and what is done to it on the way to the rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _check
from .models import Model
from .rules.base import norm

Array = np.ndarray

ORDERS = ("reshuffle", "shuffle-once", "fixed", "with-replacement")


class Batch:
    """The gradient over all the data: the batch of batch gradient descent.

        g = gradient of mean_{i=1..N} loss_i(x)

    Parameters
    ----------
    model : Model
        What the data are fitted with.
    X, y : arrays of shape (N, num_features) and (N,)
        The data.

    Attributes
    ----------
    gradient_evaluations : int
        Samples touched so far: the budget that methods are compared by.

    Raises
    ------
    ValueError
        If the data are empty, not finite, or do not fit each other or the model.
    """

    def __init__(self, model: Model, X: Any, y: Any) -> None:
        if not isinstance(model, Model):
            raise ValueError(f"model must be a gdcourse model, got {model!r}")
        self.model = model
        self.X, self.y = model.check_data(X, y)
        self.gradient_evaluations = 0

    def __call__(self, x: Array) -> Array:
        """Return the gradient at ``x`` of shape (..., num_parameters)."""
        self.gradient_evaluations += self.X.shape[-2]
        return self.model.gradient(x, self.X, self.y)


class MiniBatch:
    """The gradient over the next few samples: an estimate whose mean is the batch gradient.

        g = gradient of mean_{i in next batch} loss_i(x)

    Parameters
    ----------
    model : Model
        What the data are fitted with.
    X, y : arrays of shape (N, num_features) and (..., N)
        The data; leading axes of ``y`` are runs that learn other targets from the same samples.
    batch_size : int
        Samples in a batch, 1 to N; 1 is stochastic gradient descent proper. The last batch of
        an epoch is short where N is no multiple.
    order : {"reshuffle", "shuffle-once", "fixed", "with-replacement"}
        How an epoch visits the data: in a fresh random order, in the same random order every
        time, in the order given, or by independent draws.
    rng : numpy.random.Generator
        Where the randomness comes from; not needed for ``"fixed"``.
    runs : int or tuple of int, optional
        Draw so many independent orders, for the runs along the first axes of ``x``: with
        ``(20, 1)`` each of 20 seeds has its own order, and rates along the next axis share it.
        By default all runs see the same batches.

    Attributes
    ----------
    gradient_evaluations : int
        Samples touched so far by each run.
    batches_per_epoch : int
        Updates that make one pass over the data.

    Raises
    ------
    ValueError
        If an argument is not allowed.
    """

    def __init__(
        self,
        model: Model,
        X: Any,
        y: Any,
        batch_size: int,
        order: str = "reshuffle",
        rng: np.random.Generator | None = None,
        *,
        runs: int | tuple[int, ...] | None = None,
    ) -> None:
        if not isinstance(model, Model):
            raise ValueError(f"model must be a gdcourse model, got {model!r}")
        self.model = model
        self.X, self.y = model.check_data(X, y)
        N = len(self.X)
        self.batch_size = _check.integer("batch_size", batch_size, low=1, high=N)
        _check.choice("order", order, ORDERS)
        if order != "fixed":
            _check.generator("rng", rng)
        self.order, self.rng = order, rng
        self.batches_per_epoch = -(-N // batch_size)
        self.gradient_evaluations = 0
        self._batch = 0
        axes = runs if isinstance(runs, tuple) else () if runs is None else (runs,)
        shape = [_check.integer("runs", count, low=1) for count in axes]
        self._indices = np.broadcast_to(np.arange(N), (*shape, N))

    def __call__(self, x: Array) -> Array:
        """Return the gradient at ``x`` of shape (..., num_parameters) over the next batch."""
        self.next_batch()
        return self.again(x)

    def again(self, x: Array) -> Array:
        """Return the gradient over the same batch as last time, at another point."""
        self.gradient_evaluations += self._last.shape[-1]
        return self.model.gradient(x, self.X[self._last], self.y[..., self._last])

    def next_batch(self) -> Array:
        """Return the indices of the next batch, of shape (B,), or (runs, B)."""
        place = self._batch % self.batches_per_epoch
        if place == 0:
            self._begin_epoch()
        self._batch += 1
        self._last = self._indices[..., place * self.batch_size : (place + 1) * self.batch_size]
        return self._last

    def _begin_epoch(self) -> None:
        shape = self._indices.shape
        if self.order == "with-replacement":
            draws = (*shape[:-1], self.batches_per_epoch * self.batch_size)
            self._indices = self._rng.integers(len(self.X), size=draws)
        elif self.order == "reshuffle" or (self.order == "shuffle-once" and self._batch == 0):
            self._indices = self._rng.permuted(self._indices, axis=-1)

    @property
    def _rng(self) -> np.random.Generator:
        assert self.rng is not None  # checked for every order that draws
        return self.rng


class Around:
    """An oracle around another: what changes its gradient, or the point where it is asked for."""

    def __init__(self, oracle: Callable[[Array], Array]) -> None:
        _check.function("oracle", oracle)
        self.oracle = oracle

    @property
    def gradient_evaluations(self) -> int:
        """Samples touched so far by the oracle inside."""
        return self.oracle.gradient_evaluations  # type: ignore[attr-defined]


class GradientNoise(Around):
    """Gaussian noise that fades, added to every gradient (Neelakantan et al. 2015).

        g <- g + normal(0, sigma^2),    sigma^2 = eta / (1 + t)^gamma

    with t = 0 at the first gradient. ``eta`` is a variance: 0.01 is noise of 0.1.

    Parameters
    ----------
    oracle : function
        Where the gradient comes from.
    eta : float
        Variance of the first noise, at least 0; units of ``g^2``.
    gamma : float
        Power by which the variance falls, at least 0.
    rng : numpy.random.Generator
        Where the noise comes from.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    References
    ----------
    Neelakantan et al. (2015), Adding gradient noise improves learning for very deep networks.
    """

    def __init__(
        self,
        oracle: Callable[[Array], Array],
        eta: float,
        gamma: float = 0.55,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__(oracle)
        _check.real("eta", eta, low=0.0)
        _check.real("gamma", gamma, low=0.0)
        _check.generator("rng", rng)
        self.eta, self.gamma, self.rng = eta, gamma, rng
        self._calls = 0

    def __call__(self, x: Array) -> Array:
        """Return the gradient at ``x`` with new noise."""
        assert self.rng is not None  # checked
        sigma = (self.eta / (1 + self._calls) ** self.gamma) ** 0.5
        self._calls += 1
        self._noise = sigma * self.rng.normal(size=x.shape)
        return self.oracle(x) + self._noise

    def again(self, x: Array) -> Array:
        """Return the gradient with the same noise as last time, at another point."""
        return again(self.oracle)(x) + self._noise


class Clipped(Around):
    """The gradient, shortened where it is too long (Pascanu, Mikolov & Bengio 2013).

        g <- g * min(1, max_norm / |g|)

    with the norm over the whole vector of a run. PyTorch's ``clip_grad_norm_`` divides by
    ``|g| + 1e-6``.

    Parameters
    ----------
    oracle : function
        Where the gradient comes from.
    max_norm : float or array
        The greatest length, above 0; an array has an axis of length 1 for the parameters.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    References
    ----------
    Pascanu, Mikolov & Bengio (2013), On the difficulty of training recurrent neural networks.
    """

    def __init__(self, oracle: Callable[[Array], Array], max_norm: Any) -> None:
        super().__init__(oracle)
        _check.real("max_norm", max_norm, low=0.0, low_open=True)
        self.max_norm = max_norm

    def __call__(self, x: Array) -> Array:
        """Return the clipped gradient at ``x``."""
        return self._clip(self.oracle(x))

    def again(self, x: Array) -> Array:
        """Return the clipped gradient over the same batch as last time, at another point."""
        return self._clip(again(self.oracle)(x))

    def _clip(self, g: Array) -> Array:
        return g * (self.max_norm / np.maximum(norm(g), self.max_norm))


class SAM(Around):
    """The gradient a little way uphill: sharpness-aware minimization (Foret et al. 2021).

        g <- gradient at x + rho * g / |g|,    the first g over the same batch

    with the norm over the whole vector of a run; where g is 0 the point is x itself. An update
    costs two gradients.

    Parameters
    ----------
    oracle : function
        Where the gradient comes from.
    rho : float or array
        How far uphill, at least 0, in units of x; an array has an axis of length 1 for the
        parameters.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    References
    ----------
    Foret, Kleiner, Mobahi & Neyshabur (2021), Sharpness-aware minimization for efficiently
    improving generalization.
    """

    def __init__(self, oracle: Callable[[Array], Array], rho: Any = 0.05) -> None:
        super().__init__(oracle)
        _check.real("rho", rho, low=0.0)
        self.rho = rho

    def __call__(self, x: Array) -> Array:
        """Return the gradient uphill of ``x``."""
        g = self.oracle(x)
        length = norm(g)
        return again(self.oracle)(x + self.rho * g / np.where(length > 0, length, 1))


def again(oracle: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Return how to ask for another gradient over the same data as the last."""
    return getattr(oracle, "again", oracle)
