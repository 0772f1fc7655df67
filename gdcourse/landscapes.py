"""Functions to walk on, each with its gradient, its Hessian, its minima and a window to plot."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _check

Array = np.ndarray
Window = tuple[tuple[float, float], ...]


class Landscape:
    """A function of a point: ``f(x)`` for ``x`` of shape (..., n) has the shape (...).

    Attributes
    ----------
    n : int
        Number of coordinates.
    title : str
        Its name, for figures.
    minima, saddles, maxima : arrays of shape (k, n)
        The known critical points; the first minimum is a global one.
    window : tuple of (low, high), one for each plotted axis
        What to plot.
    """

    n: int = 2
    title: str
    window: Window
    minima: Array = np.empty((0, 2))
    saddles: Array = np.empty((0, 2))
    maxima: Array = np.empty((0, 2))

    def __call__(self, x: Any) -> Any:
        """Return the height at ``x`` of shape (..., n), with shape (...)."""
        return self._value(self._points(x))

    def gradient(self, x: Any) -> Array:
        """Return the gradient at ``x`` of shape (..., n), with the same shape."""
        return self._gradient(self._points(x))

    def hessian(self, x: Any) -> Array:
        """Return the Hessian at ``x`` of shape (..., n), with shape (..., n, n)."""
        return self._hessian(self._points(x))

    def _value(self, x: Array) -> Any:
        raise NotImplementedError

    def _gradient(self, x: Array) -> Array:
        raise NotImplementedError

    def _hessian(self, x: Array) -> Array:
        raise NotImplementedError

    def _points(self, x: Any) -> Array:
        x = np.asarray(x)
        if x.shape[-1:] != (self.n,):
            raise ValueError(
                f"x must have a last axis of length {self.n} ({self.title}), got shape {x.shape}"
            )
        return x if x.dtype.kind == "f" else x.astype(float)


class Quadratic(Landscape):
    """A bowl, a valley or a saddle: half of a quadratic form.

        f(x) = x^T A x / 2,    gradient A x,    Hessian A

    Parameters
    ----------
    A : array of shape (n,) or (n, n)
        Curvatures along the axes, or a symmetric matrix.

    Raises
    ------
    ValueError
        If ``A`` is empty, not finite, not square or not symmetric.
    """

    title = "Quadratic"

    def __init__(self, A: Any) -> None:
        _check.real("A", A)
        self.A = np.asarray(A, dtype=float)
        self.n = self.A.shape[0] if self.A.ndim else 0
        square = self.A.shape == (self.n, self.n) and np.array_equal(self.A, self.A.T)
        if not (self.n and (self.A.ndim == 1 or square)):
            raise ValueError(f"A must be a vector of curvatures or a symmetric matrix, got {A!r}")
        self.curvatures = np.sort(self.A) if self.A.ndim == 1 else np.linalg.eigvalsh(self.A)
        self.minima = np.zeros((int(self.mu > 0), self.n))
        self.saddles = np.zeros((int(self.mu < 0 < self.L), self.n))
        self.maxima = np.zeros((int(self.L < 0), self.n))
        self.window = ((-1.2, 1.2),) * self.n

    @property
    def mu(self) -> float:
        """Smallest curvature."""
        return float(self.curvatures[0])

    @property
    def L(self) -> float:
        """Largest curvature."""
        return float(self.curvatures[-1])

    @property
    def kappa(self) -> float:
        """Condition number, ``L / mu``."""
        return self.L / self.mu

    def _value(self, x: Array) -> Any:
        return 0.5 * (x * self._gradient(x)).sum(axis=-1)

    def _gradient(self, x: Array) -> Array:
        A = self.A.astype(x.dtype, copy=False)
        return A * x if A.ndim == 1 else (A @ x[..., None])[..., 0]

    def _hessian(self, x: Array) -> Array:
        A = np.diag(self.A) if self.A.ndim == 1 else self.A
        return np.broadcast_to(A, (*x.shape, self.n)).astype(x.dtype)


class NarrowValley(Quadratic):
    """A long narrow valley: curvature 1 along its floor and kappa across, turned by an angle.

    Parameters
    ----------
    kappa : float
        Condition number, at least 1.
    angle : float
        Direction of the valley floor, in degrees from the first axis.
    """

    title = "Narrow valley"

    def __init__(self, kappa: float = 25.0, angle: float = 30.0) -> None:
        _check.real("kappa", kappa, low=1.0)
        _check.real("angle", angle)
        c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        floor, across = np.array([c, s]), np.array([-s, c])
        super().__init__(np.outer(floor, floor) + kappa * np.outer(across, across))


class Saddle(Quadratic):
    """The simplest saddle: down along y, up along x.

    f(x, y) = x^2 / 2 - y^2 / 2
    """

    title = "Saddle"

    def __init__(self) -> None:
        super().__init__([1.0, -1.0])


class DoubleWell(Landscape):
    """Two valleys in one dimension, the left one deeper by the tilt.

        f(x) = x^4 / 4 - x^2 / 2 + tilt * x

    Parameters
    ----------
    tilt : float
        Slope that is added, in (0, 2 / (3 sqrt 3)) so that both wells exist.
    """

    n = 1
    title = "Double well"
    window = ((-1.9, 1.9),)
    saddles = np.empty((0, 1))

    def __init__(self, tilt: float = 0.1) -> None:
        _check.real("tilt", tilt, 0.0, 2 / 27**0.5, low_open=True, high_open=True)
        self.tilt = tilt
        left, top, right = np.sort(np.roots([1.0, 0.0, -1.0, tilt]).real)
        self.minima = np.array([[left], [right]])
        self.maxima = np.array([[top]])

    def _value(self, x: Array) -> Any:
        return (x**4 / 4 - x**2 / 2 + self.tilt * x)[..., 0]

    def _gradient(self, x: Array) -> Array:
        return x**3 - x + self.tilt

    def _hessian(self, x: Array) -> Array:
        return (3 * x**2 - 1)[..., None]


class Rosenbrock(Landscape):
    """Rosenbrock's curved valley (1960): easy to enter, hard to follow.

    f(x, y) = (1 - x)^2 + 100 (y - x^2)^2
    """

    title = "Rosenbrock"
    window = ((-1.8, 1.8), (-0.8, 2.4))
    minima = np.array([[1.0, 1.0]])

    def _value(self, x: Array) -> Any:
        x, y = x[..., 0], x[..., 1]
        return (1 - x) ** 2 + 100 * (y - x * x) ** 2

    def _gradient(self, x: Array) -> Array:
        x, y = x[..., 0], x[..., 1]
        above = y - x * x
        return _vector(2 * (x - 1) - 400 * x * above, 200 * above)

    def _hessian(self, x: Array) -> Array:
        x, y = x[..., 0], x[..., 1]
        return _symmetric(2 - 400 * (y - 3 * x * x), -400 * x, 200 + 0 * x)


class Beale(Landscape):
    """Beale's function (1958): a flat valley with steep corners.

    f(x, y) = (1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2
    """

    title = "Beale"
    window = ((-1.0, 4.5), (-1.5, 1.5))
    minima = np.array([[3.0, 0.5]])
    saddles = np.array([[0.0, 1.0]])

    def _residuals(self, x: Array, y: Array) -> list[tuple[Array, Array, Array, Array]]:
        """Return each residual r_k = c_k - x + x y^k with dr/dx, dr/dy and d2r/dy2."""
        one = np.ones_like(y)
        return [
            (1.5 - x + x * y, y - 1, x, 0 * one),
            (2.25 - x + x * y**2, y**2 - 1, 2 * x * y, 2 * x),
            (2.625 - x + x * y**3, y**3 - 1, 3 * x * y**2, 6 * x * y),
        ]

    def _value(self, x: Array) -> Any:
        return sum(r**2 for r, *_ in self._residuals(x[..., 0], x[..., 1]))

    def _gradient(self, x: Array) -> Array:
        residuals = self._residuals(x[..., 0], x[..., 1])
        return _vector(
            sum(2 * r * dx for r, dx, _, _ in residuals),
            sum(2 * r * dy for r, _, dy, _ in residuals),
        )

    def _hessian(self, x: Array) -> Array:
        x, y = x[..., 0], x[..., 1]
        residuals = self._residuals(x, y)
        mixed = [1 + 0 * y, 2 * y, 3 * y**2]
        return _symmetric(
            sum(2 * dx * dx for _, dx, _, _ in residuals),
            sum(2 * (dx * dy + r * m) for (r, dx, dy, _), m in zip(residuals, mixed, strict=True)),
            sum(2 * (dy * dy + r * dyy) for r, _, dy, dyy in residuals),
        )


class Himmelblau(Landscape):
    """Himmelblau's function (1972): four equal minima, and saddles between them.

    f(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2
    """

    title = "Himmelblau"
    window = ((-5.0, 5.0), (-5.0, 5.0))
    minima = np.array(
        [
            [3.0, 2.0],
            [-2.805118086952745, 3.131312518250573],
            [-3.779310253377747, -3.283185991286170],
            [3.584428340330492, -1.848126526964404],
        ]
    )
    saddles = np.array(
        [
            [0.086677504555396, 2.884254701174776],
            [-3.073025750764390, -0.081353044287968],
            [3.385154183607021, 0.073851879837749],
            [-0.127961346730680, -1.953714980244577],
        ]
    )
    maxima = np.array([[-0.270844590667348, -0.923038556479982]])

    def _value(self, x: Array) -> Any:
        x, y = x[..., 0], x[..., 1]
        return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2

    def _gradient(self, x: Array) -> Array:
        x, y = x[..., 0], x[..., 1]
        a, b = x * x + y - 11, x + y * y - 7
        return _vector(4 * a * x + 2 * b, 2 * a + 4 * b * y)

    def _hessian(self, x: Array) -> Array:
        x, y = x[..., 0], x[..., 1]
        return _symmetric(12 * x * x + 4 * y - 42, 4 * (x + y), 12 * y * y + 4 * x - 26)


class Rastrigin(Landscape):
    """Rastrigin's egg box (1974): a bowl with a local minimum near every whole number.

        f(x) = sum_i (x_i^2 + 10 (1 - cos 2 pi x_i))

    Parameters
    ----------
    n : int
        Number of coordinates.
    """

    title = "Rastrigin"

    def __init__(self, n: int = 2) -> None:
        self.n = _check.integer("n", n, low=1)
        self.minima = np.zeros((1, n))
        self.saddles = self.maxima = np.empty((0, n))
        self.window = ((-3.2, 3.2),) * n

    def _value(self, x: Array) -> Any:
        return (x * x + 10 * (1 - np.cos(2 * np.pi * x))).sum(axis=-1)

    def _gradient(self, x: Array) -> Array:
        return 2 * x + 20 * np.pi * np.sin(2 * np.pi * x)

    def _hessian(self, x: Array) -> Array:
        curvatures = 2 + 40 * np.pi**2 * np.cos(2 * np.pi * x)
        return curvatures[..., None] * np.eye(self.n, dtype=x.dtype)


def _vector(x: Any, y: Any) -> Array:
    """Stack two coordinates on a new last axis (faster than ``np.stack`` for one point)."""
    out = np.empty((*np.shape(x), 2), dtype=x.dtype)
    out[..., 0] = x
    out[..., 1] = y
    return out


def _symmetric(xx: Any, xy: Any, yy: Any) -> Array:
    """Build 2 x 2 symmetric matrices on two new last axes."""
    return np.stack([_vector(xx, xy), _vector(xy, yy)], axis=-2)
