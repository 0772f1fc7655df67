"""What a learner is told: in colour where HTML is shown, in plain text elsewhere."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

GREEN, AMBER = "#009e73", "#b87a00"

Table = tuple[tuple[str, str, str], ...]  # what, yours, expected


def markup(text: str) -> str:
    """Return a sentence as HTML: what stands between backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


@dataclass(frozen=True)
class Result:
    """What :func:`check` found.

    Attributes
    ----------
    id : str
        Name of the exercise.
    passed : bool
        Whether the answer is right.
    sentences : tuple of str
        What there is to say.
    mistakes : tuple of str
        Names of the known mistakes that fit the answer.
    table : tuple of (what, yours, expected)
        Where the answer first differs.
    printed : str
        The beginning of what the answer printed.
    form : str
        HTML in which a page without a kernel takes an answer.
    """

    id: str
    passed: bool
    sentences: tuple[str, ...]
    mistakes: tuple[str, ...] = ()
    table: Table = ()
    printed: str = ""
    form: str = ""

    @property
    def message(self) -> str:
        """All of it as plain text."""
        rows = [
            f"    {what}: yours {yours}, expected {expected}"
            for what, yours, expected in self.table
        ]
        first, *rest = self.sentences
        printed = [f"It printed: {self.printed}"] if self.printed else []
        return "\n".join([first, *rows, *rest, *printed])

    def __repr__(self) -> str:
        return f"{'✓' if self.passed else '✗'} {self.id}: {self.message}"

    def _repr_html_(self) -> str:
        if self.form:
            return self.form
        mark = "✓" if self.passed else "✗"
        first, *rest = map(markup, self.sentences)
        rows = "".join(
            f"<tr><td>{markup(what)}</td><td><code>{html.escape(yours)}</code></td>"
            f"<td><code>{html.escape(expected)}</code></td></tr>"
            for what, yours, expected in self.table
        )
        table = rows and f"<table><tr><th></th><th>yours</th><th>expected</th></tr>{rows}</table>"
        printed = self.printed and f"<p>It printed:</p><pre>{html.escape(self.printed)}</pre>"
        said = "".join(f"<p>{sentence}</p>" for sentence in rest)
        content = f"<p><strong>{mark}</strong> {first}</p>{table}{said}{printed}"
        style = f"border-left: 4px solid {GREEN if self.passed else AMBER}; padding: 0 0.8em"
        return f'<div class="gd-answer" style="{style}">{content}</div>'


@dataclass(frozen=True)
class Note:
    """A few words, and perhaps some code below them."""

    text: str
    code: str = ""

    def __repr__(self) -> str:
        return f"{self.text}\n\n{self.code}" if self.code else self.text

    def _repr_markdown_(self) -> str:
        return f"{self.text}\n\n```python\n{self.code}```" if self.code else self.text
