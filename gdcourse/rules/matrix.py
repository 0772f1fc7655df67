"""Rules that see a matrix where others see numbers: its rows, columns and singular values.

They act on the last two axes of ``x``: on a matrix that is a run's whole point, or through
``Groups`` on the matrices of a model, whose rows are inputs and whose columns are units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .base import Array, Hyper, Rule, State, weak


@dataclass
class Adafactor(Rule):
    """RMSprop that keeps row and column sums in place of the matrix (Shazeer & Stern 2018).

        beta <- 1 - t^-power
        R    <- beta * R + (1 - beta) * row sums of (g^2 + eps1),   C likewise, of columns
        u    <- g / sqrt(R C / sum(R))
        u    <- u / max(1, rms(u) / clip)
        x    <- x - max(eps2, rms(x)) * min(lr, 1 / sqrt(t)) * u

    The paper's form (algorithms 4 and 5), without its option of momentum. PyTorch has eps1 only
    as a lower bound; optax leaves the factors out below 128 rows or columns.

    Parameters
    ----------
    lr : float, array or schedule
        Largest step as a share of the weights, at least 0.
    power : float, array or schedule
        How fast the means lengthen, at least 0.
    eps1 : float, array or schedule
        Added to squared gradients, at least 0; units of ``g^2``.
    eps2 : float, array or schedule
        Least size of the weights that the step follows, at least 0; units of ``x``.
    clip : float, array or schedule
        Largest root mean square of the step before its rate, above 0.
    weight_decay : float, array or schedule
        Rate of a decay, multiplied by ``lr``; at least 0. Not in the paper.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Shazeer & Stern (2018), Adafactor: adaptive learning rates with sublinear memory cost.
    """

    lr: Hyper = 0.01
    power: Hyper = 0.8
    eps1: Hyper = 1e-30
    eps2: Hyper = 0.001
    clip: Hyper = 1.0
    weight_decay: Hyper = 0.0

    elementwise: ClassVar[bool] = False
    axes: ClassVar[int] = 2

    def init(self, x: Array) -> State:
        """Return sums of 0, one for each row and one for each column."""
        return {"R": np.zeros_like(x[..., :, :1]), "C": np.zeros_like(x[..., :1, :])}

    @staticmethod
    def step(
        x: Array,
        g: Array,
        R: Array,
        C: Array,
        *,
        lr: Array,
        power: Array,
        eps1: Array,
        eps2: Array,
        clip: Array,
        weight_decay: Array,
        t: int,
    ) -> tuple[Array, Array, Array]:
        """Return the new point and the new row and column sums."""
        beta = 1 - t**-power
        square = g * g + eps1
        R = beta * R + (1 - beta) * square.sum(axis=-1, keepdims=True)
        C = beta * C + (1 - beta) * square.sum(axis=-2, keepdims=True)
        u = g / np.sqrt(R * C / R.sum(axis=-2, keepdims=True))
        u = u / np.maximum(1, rms(u) / clip)
        size = np.maximum(eps2, rms(x))
        x = x - lr * weight_decay * x - np.minimum(size * lr, size / t**0.5) * u
        return x, R, C


@dataclass
class Muon(Rule):
    """Momentum whose step is made orthogonal: all its singular values nearly 1 (Jordan 2024).

        B <- momentum * B + g
        O <- newton_schulz(g + momentum * B)
        x <- x - lr * (sqrt(max(1, columns / rows)) * O + weight_decay * x)

    The author's form, for matrices whose rows are inputs, as our models have them: PyTorch and
    the author's code hold the transpose. PyTorch iterates in bfloat16, to three digits; optax
    corrects the momentum's bias; Keras has another factor for the shape.

    Parameters
    ----------
    lr : float, array or schedule
        Learning rate, at least 0: the length of the step in each singular direction.
    momentum : float, array or schedule
        How much of the buffer survives a step, in [0, 1).
    weight_decay : float, array or schedule
        Rate of the decay, multiplied by ``lr``; at least 0.
    num_iterations : int
        Newton-Schulz iterations, at least 1.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Jordan et al. (2024), Muon: an optimizer for hidden layers in neural networks.
    """

    lr: Hyper = 0.02
    momentum: Hyper = 0.95
    weight_decay: Hyper = 0.0
    num_iterations: int = 5

    elementwise: ClassVar[bool] = False
    axes: ClassVar[int] = 2

    @staticmethod
    def step(
        x: Array,
        g: Array,
        B: Array,
        *,
        lr: Array,
        momentum: Array,
        weight_decay: Array,
        num_iterations: int,
    ) -> tuple[Array, Array]:
        """Return the new point and the new momentum buffer."""
        rows, columns = x.shape[-2:]
        B = momentum * B + g
        O = newton_schulz(g + momentum * B, num_iterations)  # noqa: E741
        x = x - lr * (max(1, columns / rows) ** 0.5 * O + weight_decay * x)
        return x, B


def newton_schulz(M: Array, num_iterations: int = 5) -> Array:
    """Return a matrix with the singular vectors of ``M`` and singular values near 1.

        X <- M / |M|
        X <- a X + b (X X^T) X + c (X X^T)^2 X,   a few times

    The coefficients are tuned to lift small values fast, not to converge: values in [0.01, 1]
    end in [0.68, 1.14] after five iterations.

    Parameters
    ----------
    M : array of shape (..., rows, columns)
        The matrix.
    num_iterations : int
        How often to iterate.

    References
    ----------
    Jordan et al. (2024), Muon: an optimizer for hidden layers in neural networks.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    wide = M.shape[-2] <= M.shape[-1]
    X = M if wide else M.swapaxes(-1, -2)  # so that X X^T is the smaller product
    X = X / (np.sqrt((X * X).sum(axis=(-1, -2), keepdims=True)) + 1e-7)
    for _ in range(num_iterations):
        A = X @ X.swapaxes(-1, -2)
        X = a * X + (b * A + c * A @ A) @ X
    return X if wide else X.swapaxes(-1, -2)


@dataclass
class Shampoo(Rule):
    """Divide by roots of the gradients' second moments on both sides (Gupta et al. 2018).

        L <- L + g g^T,   R <- R + g^T g,   both from eps * identity
        x <- x - lr * L^(-1/4) g R^(-1/4)

    The paper's form for matrices (algorithm 1). Some code has the power -1/2.

    Parameters
    ----------
    lr : float, array or schedule
        Learning rate, at least 0.
    eps : float or array
        What L and R start from, times the identity; units of ``g^2``, at least 0.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Gupta, Koren & Singer (2018), Shampoo: preconditioned stochastic tensor optimization.
    """

    lr: Hyper = 0.1
    eps: float | Array = 1e-4

    elementwise: ClassVar[bool] = False
    axes: ClassVar[int] = 2

    def init(self, x: Array) -> State:
        """Return multiples of the identity, on the side of the rows and that of the columns."""
        rows, columns = identities(x)
        return {"L": weak(self.eps, 2) * rows, "R": weak(self.eps, 2) * columns}

    @staticmethod
    def step(x: Array, g: Array, L: Array, R: Array, *, lr: Array) -> tuple[Array, Array, Array]:
        """Return the new point and the new second moments of rows and of columns."""
        L = L + g @ g.swapaxes(-1, -2)
        R = R + g.swapaxes(-1, -2) @ g
        x = x - lr * (fourth_root_inverse(L) @ g @ fourth_root_inverse(R))
        return x, L, R


def fourth_root_inverse(A: Array) -> Array:
    """Return ``A^(-1/4)`` of a symmetric matrix, with 0 in the directions where A is 0."""
    values, Q = np.linalg.eigh(A)
    floor = values[..., -1:] * A.shape[-1] * np.finfo(A.dtype).eps
    roots = np.where(values > floor, np.maximum(values, floor), np.inf) ** -0.25
    return (Q * roots[..., None, :]) @ Q.swapaxes(-1, -2)


@dataclass
class SOAP(Rule):
    """Adam in the eigenvectors of Shampoo's matrices (Vyas et al. 2025).

        L  <- beta2 * L + (1 - beta2) * g g^T,   R <- beta2 * R + (1 - beta2) * g^T g
        g' <- QL^T g QR,   and m' of the mean m of gradients likewise
        v  <- beta2 * v + (1 - beta2) * g'^2
        x  <- x - lr * QL (m'_hat / (sqrt(v_hat) + eps)) QR^T
        every period steps: QL <- Q factor of L QL,   QR <- Q factor of R QR

    The paper's form (algorithm 3) with Adam's bias correction. QL and QR begin as eigenvectors
    of the first L and R, which the authors' code sees in a first step that does not move.

    Parameters
    ----------
    lr, eps : float, array or schedule
        As in :class:`Adam`.
    beta1, beta2 : float, array or schedule
        Decay of the mean of gradients and of all second moments, in [0, 1).
    period : int
        Updates between turns of the eigenvectors, at least 1.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Vyas et al. (2025), SOAP: improving and stabilizing Shampoo using Adam.
    """

    lr: Hyper = 0.003
    beta1: Hyper = 0.95
    beta2: Hyper = 0.95
    eps: Hyper = 1e-8
    period: int = 10

    elementwise: ClassVar[bool] = False
    axes: ClassVar[int] = 2

    def init(self, x: Array) -> State:
        """Return zeros: two like ``x``, two square ones on the side of the rows and columns."""
        rows, columns = (0 * eye for eye in identities(x))
        squares = {"L": rows, "R": columns, "QL": rows.copy(), "QR": columns.copy()}
        return {"m": np.zeros_like(x), "v": np.zeros_like(x), **squares}

    @staticmethod
    def step(
        x: Array,
        g: Array,
        m: Array,
        v: Array,
        L: Array,
        R: Array,
        QL: Array,
        QR: Array,
        *,
        lr: Array,
        beta1: Array,
        beta2: Array,
        eps: Array,
        period: int,
        t: int,
    ) -> tuple[Array, ...]:
        """Return the new point, Adam's means, the second moments and their eigenvectors."""
        L = beta2 * L + (1 - beta2) * (g @ g.swapaxes(-1, -2))
        R = beta2 * R + (1 - beta2) * (g.swapaxes(-1, -2) @ g)
        if t == 1:
            QL, QR = eigenvectors(L), eigenvectors(R)
        turned = QL.swapaxes(-1, -2) @ g @ QR
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * turned * turned
        m_hat = QL.swapaxes(-1, -2) @ m @ QR / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        x = x - lr * (QL @ (m_hat / (np.sqrt(v_hat) + eps)) @ QR.swapaxes(-1, -2))
        if t % period == 0:
            QL, QR = np.linalg.qr(L @ QL)[0], np.linalg.qr(R @ QR)[0]
        return x, m, v, L, R, QL, QR


def eigenvectors(A: Array) -> Array:
    """Return the eigenvectors of a symmetric matrix as columns, the largest eigenvalue first."""
    return np.linalg.eigh(A)[1][..., ::-1]


def identities(x: Array) -> tuple[Array, Array]:
    """Return identity matrices, for each run, of the side of x's rows and of its columns."""
    runs, sizes = x.shape[:-2], x.shape[-2:]
    rows, columns = (np.broadcast_to(np.eye(n, dtype=x.dtype), (*runs, n, n)) for n in sizes)
    return rows.copy(), columns.copy()


def rms(x: Array) -> Array:
    """Return the root mean square of each matrix, with its axes kept."""
    return np.sqrt((x * x).mean(axis=(-1, -2), keepdims=True))
