"""Show the package's own source in a chapter, so that what is read is what is tested."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any


class Source:
    """Source code that a notebook renders as a highlighted block."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}```"

    def __repr__(self) -> str:
        return self.text


def show(thing: Any, *, docstring: bool = False) -> Source:
    """Return the source of a function or class, without its docstring unless asked for.

    Parameters
    ----------
    thing : function, method or class
        What to show.
    docstring : bool
        Keep the docstrings.

    Raises
    ------
    ValueError
        If ``thing`` has no Python source, as numbers and built-in functions have none.
    """
    try:
        text = textwrap.dedent(inspect.getsource(thing))
    except (TypeError, OSError):
        raise ValueError(f"thing must be a function or class with source, got {thing!r}") from None
    return Source(text if docstring else _without_docstrings(text))


def _without_docstrings(text: str) -> str:
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            first, last = node.body[0].lineno - 1, node.body[0].end_lineno or 0
            gap = last < len(lines) and not lines[last].strip() and isinstance(node, ast.ClassDef)
            lines[first : last + gap] = [""] * (last + gap - first)
    return "".join(lines)
