"""Models: gradients against torch autograd, sweeps, data they refuse."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from gdcourse.models import MLP, LinearRegression, LinearSVM, LogisticRegression

N, D = 9, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, D))
Y_REAL, Y2, Y3 = RNG.normal(size=N), np.arange(N) % 2, np.arange(N) % 3


def scores(views, X):
    w = views["w"] if "w" in views else views["W"]
    return X @ w + views.get("b", 0)


def network(activation):
    def loss(views, X, y):
        A, last = X, len(views) // 2
        for k in range(1, last):
            A = getattr(torch, activation)(A @ views[f"W{k}"] + views[f"b{k}"])
        return functional.cross_entropy(A @ views[f"W{last}"] + views[f"b{last}"], y)

    return loss


def hinge(views, X, y):
    margin = (2 * y - 1) * scores(views, X)
    return functional.relu(1 - margin).mean() + 0.5 * 0.3 * (views["w"] ** 2).sum()


def logistic(views, X, y):
    return functional.binary_cross_entropy_with_logits(scores(views, X), y.double())


def squares(views, X, y):
    return functional.mse_loss(scores(views, X), y)


def softmax(views, X, y):
    return functional.cross_entropy(scores(views, X), y)


MODELS = {
    "linear": (LinearRegression(D), Y_REAL, squares),
    "linear, no intercept": (LinearRegression(D, intercept=False), Y_REAL, squares),
    "logistic": (LogisticRegression(D), Y2, logistic),
    "logistic, no intercept": (LogisticRegression(D, intercept=False), Y2, logistic),
    "softmax": (LogisticRegression(D, 3), Y3, softmax),
    "softmax, no intercept": (LogisticRegression(D, 3, intercept=False), Y3, softmax),
    "svm": (LinearSVM(D, l2=0.3), Y2, hinge),
    "svm, no intercept": (LinearSVM(D, l2=0.3, intercept=False), Y2, hinge),
    "relu": (MLP((D, 6, 5, 3)), Y3, network("relu")),
    "tanh": (MLP((D, 6, 3), activation="tanh"), Y3, network("tanh")),
    "sigmoid": (MLP((D, 6, 3), activation="sigmoid"), Y3, network("sigmoid")),
    "no hidden layer": (MLP((D, 3)), Y3, network("relu")),
}
each = pytest.mark.parametrize(("model", "y", "reference"), MODELS.values(), ids=list(MODELS))


@each
def test_loss_and_gradient_equal_torch_autograd(model, y, reference):
    theta = np.random.default_rng(1).normal(size=model.num_parameters)
    z = torch.tensor(theta, requires_grad=True)
    sizes = [int(np.prod(shape)) for shape in model.shapes.values()]
    views = {
        name: part.reshape(shape)
        for part, (name, shape) in zip(z.split(sizes), model.shapes.items(), strict=True)
    }
    loss = reference(views, torch.tensor(X), torch.tensor(y))
    (gradient,) = torch.autograd.grad(loss, z)
    assert model.loss(theta, X, y) == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(model.gradient(theta, X, y), gradient, rtol=1e-10, atol=1e-13)


@each
def test_gradient_equals_central_differences(model, y, reference):
    theta = np.random.default_rng(2).normal(size=model.num_parameters)
    step = 1e-6 * np.eye(model.num_parameters)
    slope = (model.loss(theta + step, X, y) - model.loss(theta - step, X, y)) / 2e-6
    np.testing.assert_allclose(model.gradient(theta, X, y), slope, rtol=1e-6, atol=1e-8)


@each
def test_leading_axes_are_independent_runs(model, y, reference):
    theta = np.random.default_rng(3).normal(size=(2, 3, model.num_parameters))
    loss, gradient = model.loss(theta, X, y), model.gradient(theta, X, y)
    assert loss.shape == (2, 3) and gradient.shape == theta.shape
    assert model.predict(theta, X).shape == (2, 3, N)
    assert loss[1, 2] == pytest.approx(model.loss(theta[1, 2], X, y), rel=1e-14)
    np.testing.assert_allclose(gradient[1, 2], model.gradient(theta[1, 2], X, y), rtol=1e-12)


@each
def test_runs_may_have_their_own_data(model, y, reference):
    theta = np.random.default_rng(4).normal(size=(2, model.num_parameters))
    picks = np.array([[0, 3, 5, 2], [8, 1, 7, 4]])
    gradient = model.gradient(theta, X[picks], y[picks])
    for run, pick in enumerate(picks):
        alone = model.gradient(theta[run], X[pick], y[pick])
        np.testing.assert_allclose(gradient[run], alone, rtol=1e-12, atol=1e-15)


@each
def test_views_write_into_theta(model, y, reference):
    theta = np.zeros((2, model.num_parameters))
    for number, view in enumerate(model.unpack(theta).values(), start=1):
        view[...] = number
    assert (theta > 0).all() and len(np.unique(theta)) == len(model.shapes)


@each
def test_bad_data_is_named(model, y, reference):
    bad = [
        ((X[:, :2], y), "X must have shape (N, 4) with N at least 1, got (9, 2)"),
        ((X[:0], y[:0]), "X must have shape (N, 4) with N at least 1, got (0, 4)"),
        ((X, y[:3]), "y must hold one value for each of 9 rows of X, got shape (3,)"),
        ((X * np.nan, y), "X must lie in (-inf, inf), got"),
    ]
    if model.num_classes:
        bad += [
            ((X, y - 1), "y must hold whole labels 0 to"),
            ((X, y + 5), "y must hold whole labels 0 to"),
            ((X, y + 0.0), "y must hold whole labels 0 to"),
        ]
    for data, message in bad:
        with pytest.raises(ValueError) as error:
            model.check_data(*data)
        assert message in str(error.value)
    with pytest.raises(ValueError, match=r"theta must have a last axis of length"):
        model.loss(np.zeros(model.num_parameters + 1), X, y)
    with pytest.raises(ValueError, match=r"rng must be a numpy.random.Generator"):
        model.init(0)


def test_ten_machines_are_one_sweep():
    model, labels = LinearSVM(D), (np.arange(3)[:, None] == Y3).astype(int)
    theta = np.random.default_rng(5).normal(size=(3, model.num_parameters))
    for k in range(3):
        alone = model.gradient(theta[k], X, labels[k])
        np.testing.assert_allclose(model.gradient(theta, X, labels)[k], alone, rtol=1e-12)


def test_softmax_of_two_classes_is_the_sigmoid():
    two = LogisticRegression(D)
    theta = np.random.default_rng(6).normal(size=two.num_parameters)
    w, b = two.unpack(theta).values()
    network = MLP((D, 2))
    both = np.zeros(network.num_parameters)
    views = network.unpack(both)
    views["W1"][:, 1], views["b1"][1] = w, b[0]
    assert network.loss(both, X, Y2) == pytest.approx(two.loss(theta, X, Y2), rel=1e-13)
    assert np.array_equal(network.predict(both, X), two.predict(theta, X))


def test_extreme_scores_do_not_overflow():
    model, theta = LogisticRegression(1, intercept=False), np.array([1.0])
    far, y = np.array([[1e4], [-1e4]]), np.array([0, 1])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert model.loss(theta, far, y) == 1e4
        assert model.gradient(theta, far, y) == pytest.approx([1e4])
        network = MLP((1, 3))
        assert np.isfinite(network.loss(1e4 * np.arange(6.0), far, y))


def test_initial_weights_keep_the_size_of_signals():
    rng = np.random.default_rng(0)
    views = MLP((500, 400, 10)).unpack(MLP((500, 400, 10)).init(rng))
    assert views["W1"].std() == pytest.approx((2 / 500) ** 0.5, rel=0.02)
    assert not views["b1"].any()
    tanh = MLP((500, 400, 10), activation="tanh")
    assert tanh.unpack(tanh.init(rng))["W1"].std() == pytest.approx((2 / 900) ** 0.5, rel=0.02)


def test_accuracy_is_the_fraction_of_labels_predicted():
    model = LogisticRegression(1, intercept=False)
    inputs, y = np.array([[1.0], [2.0], [-1.0], [3.0]]), np.array([1, 1, 1, 0])
    assert model.accuracy(np.array([[1.0], [-1.0]]), inputs, y).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinearRegression(0), "num_features must be a whole number of at least 1, got 0"),
        (lambda: LogisticRegression(2, 1), "num_classes must be a whole number of at least 2"),
        (lambda: LinearSVM(2, l2=-1), r"l2 must lie in \[0, inf\), got -1"),
        (lambda: MLP((4,)), "sizes must list the units of 2 layers or more"),
        (lambda: MLP(4), "sizes must list the units of 2 layers or more"),
        (lambda: MLP((4, 0, 2)), r"sizes\[1\] must be a whole number of at least 1, got 0"),
        (lambda: MLP((4, 1)), r"sizes\[-1\] must be a whole number of at least 2, got 1"),
        (lambda: MLP((4, 3, 2), activation="rely"), "did you mean 'relu'"),
    ],
)
def test_bad_architecture_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
