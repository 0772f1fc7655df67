"""The package as a whole: what an import costs, and that what is shown is what runs."""

import subprocess
import sys

import numpy as np
import pytest

from gdcourse import descend, show
from gdcourse.landscapes import Quadratic
from gdcourse.rules import SGD, Momentum

HEAVY = ("torch", "matplotlib", "numba", "sklearn", "ipywidgets", "tqdm", "scipy")


def test_import_loads_numpy_and_nothing_heavy():
    code = f"import sys, gdcourse; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_shown_source_is_the_code_that_runs_without_its_docstrings():
    source = show(Momentum)
    assert "x = x - lr * v" in source.text and '"""' not in source.text
    assert source._repr_markdown_() == f"```python\n{source.text}```"
    scope: dict = {}
    exec("from dataclasses import dataclass\nfrom gdcourse.rules.base import *", scope)
    exec(source.text, scope)
    f = Quadratic([1.0, 10.0])
    copy = descend(f.gradient, [1.0, 1.0], scope["Momentum"](0.05, 0.5), 9)
    assert np.array_equal(copy.x, descend(f.gradient, [1.0, 1.0], Momentum(0.05, 0.5), 9).x)
    assert show(SGD, docstring=True).text.count('"""') == 8


def test_showing_what_has_no_source_is_refused():
    with pytest.raises(ValueError, match="thing must be a function or class with source, got 3"):
        show(3)
