"""Landscapes: derivatives against finite differences and torch, critical points, refusals."""

import numpy as np
import pytest
import torch

from gdcourse.landscapes import (
    Beale,
    DoubleWell,
    Himmelblau,
    NarrowValley,
    Quadratic,
    Rastrigin,
    Rosenbrock,
    Saddle,
)

A = np.array([[3.0, 1.0, 0.5], [1.0, 2.0, -0.3], [0.5, -0.3, 1.0]])

# Each landscape beside its formula written for torch, so that autograd is an independent proof.
LANDSCAPES = {
    "curvatures": (Quadratic([1.0, 100.0]), lambda x: 0.5 * (x[0] ** 2 + 100 * x[1] ** 2)),
    "matrix": (Quadratic(A), lambda x: 0.5 * x @ torch.tensor(A) @ x),
    "valley": (
        NarrowValley(kappa=9, angle=90),
        lambda x: 0.5 * (9 * x[0] ** 2 + x[1] ** 2),
    ),
    "saddle": (Saddle(), lambda x: 0.5 * (x[0] ** 2 - x[1] ** 2)),
    "double well": (DoubleWell(), lambda x: x[0] ** 4 / 4 - x[0] ** 2 / 2 + 0.1 * x[0]),
    "rosenbrock": (Rosenbrock(), lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2),
    "beale": (
        Beale(),
        lambda x: sum(
            (c - x[0] + x[0] * x[1] ** k) ** 2 for k, c in [(1, 1.5), (2, 2.25), (3, 2.625)]
        ),
    ),
    "himmelblau": (
        Himmelblau(),
        lambda x: (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2,
    ),
    "rastrigin": (
        Rastrigin(3),
        lambda x: 30 + (x**2 - 10 * torch.cos(2 * torch.pi * x)).sum(),
    ),
}
each = pytest.mark.parametrize(("f", "formula"), LANDSCAPES.values(), ids=list(LANDSCAPES))


def points(f, shape=(7,)):
    low, high = np.array(f.window)[0]
    return np.random.default_rng(0).uniform(low, high, (*shape, f.n))


@each
def test_value_gradient_and_hessian_equal_torch_autograd(f, formula):
    for x in points(f):
        z = torch.tensor(x, requires_grad=True)
        (gradient,) = torch.autograd.grad(formula(z), z)
        hessian = torch.autograd.functional.hessian(formula, z.detach())
        assert f(x) == pytest.approx(formula(z).item(), rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(f.gradient(x), gradient, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(f.hessian(x), hessian, rtol=1e-11, atol=1e-11)


@each
def test_gradient_and_hessian_equal_finite_differences(f, formula):
    h = 1e-5
    for x in points(f):
        steps = h * np.eye(f.n)
        slope = (f(x + steps) - f(x - steps)) / (2 * h)
        bend = (f.gradient(x + steps) - f.gradient(x - steps)) / (2 * h)
        np.testing.assert_allclose(f.gradient(x), slope, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(f.hessian(x), bend, rtol=1e-5, atol=1e-4)


@each
def test_leading_axes_are_runs_bit_for_bit(f, formula):
    x = points(f, (4, 3))
    assert f(x).shape == (4, 3)
    assert f.gradient(x).shape == (4, 3, f.n)
    assert f.hessian(x).shape == (4, 3, f.n, f.n)
    assert np.array_equal(f.gradient(x)[2, 1], f.gradient(x[2, 1]))
    assert f(x)[2, 1] == f(x[2, 1])


@each
def test_critical_points_are_what_they_are_called(f, formula):
    for points, sign in ((f.minima, {1}), (f.saddles, {-1, 1}), (f.maxima, {-1})):
        assert points.shape[1:] == (f.n,)
        assert np.abs(f.gradient(points)).max(initial=0) < 1e-10
        for eigenvalues in np.linalg.eigvalsh(f.hessian(points)):
            assert set(np.sign(eigenvalues)) == sign
    if len(f.minima):
        assert f(f.minima[0]) <= f(points_on_a_grid(f)).min()


def points_on_a_grid(f):
    axes = [np.linspace(low, high, 41) for low, high in f.window]
    return np.stack(np.meshgrid(*axes), axis=-1)


@each
def test_window_title_and_dtype(f, formula):
    assert len(f.window) == f.n and f.title
    x = points(f).astype(np.float32)
    assert f(x).dtype == f.gradient(x).dtype == f.hessian(x).dtype == np.float32
    assert f(np.zeros(f.n, int)) == f(np.zeros(f.n))


@each
def test_wrong_number_of_coordinates_is_named(f, formula):
    for method in (f, f.gradient, f.hessian):
        with pytest.raises(ValueError, match=rf"x must have a last axis of length {f.n} \("):
            method(np.zeros(f.n + 1))


def test_curvatures_of_a_quadratic():
    f = Quadratic(A)
    assert (f.mu, f.L) == pytest.approx((np.linalg.eigvalsh(A)[0], np.linalg.eigvalsh(A)[-1]))
    assert Quadratic([100.0, 1.0]).kappa == 100
    assert NarrowValley(kappa=25).kappa == pytest.approx(25)
    assert NarrowValley(kappa=25, angle=0).gradient([1.0, 1.0]) == pytest.approx([1, 25])
    assert len(Quadratic([0.0, 1.0]).minima) == 0  # a trough has no single lowest point


def test_double_well_has_the_critical_points_of_claim_a10():
    f = DoubleWell()
    assert f.minima[:, 0] == pytest.approx([-1.04668053, 0.94564927], abs=1e-8)
    assert f.maxima[:, 0] == pytest.approx([0.10103126], abs=1e-8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Quadratic([]), "A must lie in"),
        (lambda: Quadratic([1.0, np.nan]), "A must lie in"),
        (lambda: Quadratic([[1.0, 2.0], [3.0, 4.0]]), "A must be a vector of curvatures or a"),
        (lambda: Quadratic(np.ones((2, 3))), "A must be a vector of curvatures or a"),
        (lambda: Quadratic(2.0), "A must be a vector of curvatures or a"),
        (lambda: NarrowValley(kappa=0.5), r"kappa must lie in \[1, inf\), got 0.5"),
        (lambda: NarrowValley(angle=np.inf), "angle must lie in"),
        (lambda: DoubleWell(tilt=0.5), r"tilt must lie in \(0, 0.3849\), got 0.5"),
        (lambda: Rastrigin(0), "n must be a whole number of at least 1, got 0"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
