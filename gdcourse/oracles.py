"""Oracles: where the gradient comes from when a loss is an average over data."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _check
from .models import Model

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
        runs: int | tuple[int, ...] = (),
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
        axes = runs if isinstance(runs, tuple) else (runs,)
        shape = [_check.integer("runs", count, low=1) for count in axes]
        self._indices = np.broadcast_to(np.arange(N), (*shape, N))

    def __call__(self, x: Array) -> Array:
        """Return the gradient at ``x`` of shape (..., num_parameters) over the next batch."""
        batch = self.next_batch()
        self.gradient_evaluations += batch.shape[-1]
        return self.model.gradient(x, self.X[batch], self.y[..., batch])

    def next_batch(self) -> Array:
        """Return the indices of the next batch, of shape (B,), or (runs, B)."""
        place = self._batch % self.batches_per_epoch
        if place == 0:
            self._begin_epoch()
        self._batch += 1
        return self._indices[..., place * self.batch_size : (place + 1) * self.batch_size]

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
