"""Data: what is really in it, that it is split once for all, and that nothing is fetched."""

import socket

import numpy as np
import pytest

from gdcourse import data


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_line_is_the_three_points_of_the_course():
    set_ = data.line()
    assert set_.X.tolist() == [[1], [2], [3]] and set_.y.tolist() == [2, 4, 6]
    assert len(set_.X_test) == 0


def test_diabetes_is_standardised_on_its_training_part():
    set_ = data.diabetes()
    assert set_.X.shape == (342, 10) and set_.X_test.shape == (100, 10)
    both = np.column_stack([set_.X, set_.y])
    np.testing.assert_allclose(both.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(both.std(axis=0), 1, atol=1e-12)


@pytest.mark.parametrize(
    ("load", "train", "test", "pixels"),
    [(data.digits, 1437, 360, 64), (data.mnist5k, 4000, 1000, 784)],
)
def test_images_are_pixels_in_the_unit_interval_with_all_classes(load, train, test, pixels):
    set_ = load()
    assert set_.X.shape == (train, pixels) and set_.X_test.shape == (test, pixels)
    assert set_.X.min() == 0 and set_.X.max() == 1
    for y in (set_.y, set_.y_test):
        counts = np.bincount(y)
        assert len(counts) == 10 and counts.min() > 0.7 * len(y) / 10  # shuffled, not sorted
    again = load()
    assert np.array_equal(set_.X_test, again.X_test) and np.array_equal(set_.y, again.y)


def test_mnist_survives_a_damaged_or_forbidden_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GDCOURSE_CACHE", str(tmp_path))
    (tmp_path / "mnist5k.npz").write_bytes(b"PK\x03\x04 half a file")
    fresh = data.mnist5k()
    with np.load(tmp_path / "mnist5k.npz") as stored:
        assert stored["pixels"].shape == (5000, 784)
    assert [file.name for file in tmp_path.iterdir()] == ["mnist5k.npz"]
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("GDCOURSE_CACHE", str(blocked))
    assert np.array_equal(data.mnist5k().X, fresh.X)


def test_moons_interlock():
    set_ = data.two_moons(np.random.default_rng(0), 400, noise=0.0)
    assert set_.X.shape == set_.X_test.shape == (200, 2)
    upper = set_.X[set_.y == 0]
    np.testing.assert_allclose((upper**2).sum(axis=1), 1)
    lower = set_.X[set_.y == 1] - [1, 0.5]
    np.testing.assert_allclose((lower**2).sum(axis=1), 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rng": 0}, "rng must be a numpy.random.Generator"),
        ({"num_samples": 2}, "num_samples must be a whole number of at least 4, got 2"),
        ({"noise": -1}, r"noise must lie in \[0, inf\), got -1"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        data.two_moons(**({"rng": np.random.default_rng(0)} | options))


def test_every_set_says_where_it_comes_from():
    for load in (data.line, data.diabetes, data.digits, data.mnist5k):
        assert load().about.endswith(".")
