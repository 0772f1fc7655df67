"""Write the convention ledger, ``book/appendix/conventions.md``, from what the tests measure."""

from __future__ import annotations

from pathlib import Path

from tests.conventions import METHODS, Form, Method, defaults, walk_ours, walk_theirs
from tests.frameworks import difference

PAGE = Path("book/appendix/conventions.md")
FRAMEWORKS = {"torch": "PyTorch", "keras": "Keras", "optax": "optax"}
INTRO = """# Convention ledger

The same name does not promise the same formula.
This page says, for each method, which form the paper has, which is ours, and which those of
PyTorch, Keras and optax are; and what to write here to get theirs.

*Apart* is measured: both forms take the same 100 gradients at `lr` 0.01, everything else at its
own default.
The number is the largest distance between the two paths in any coordinate, as a share of how far
that coordinate moved: 1 means that they have little in common.
One of the six coordinates has gradients of a millionth, which is where the place of eps shows;
one changes its sign half way, and one meets a gradient of a thousand.
*Equal* means below 1e-12, in double precision; it is what the recipe in the last column was
tested for.
Keras is computed from its published formulas, the others by running them.

Where *eps* is `outside`, the quotient is by sqrt(v) + eps; `inside`, by sqrt(v + eps);
`before the correction` means that the bias correction divides eps as well.
A recipe may use that every hyperparameter can be a schedule: an eps that falls with the step is
one that was added before the correction.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([INTRO, *(section(method) for method in METHODS)])


def section(method: Method) -> str:
    """Return the table of one method."""
    rows = [
        f"## {method.name}",
        "",
        "| Form | Defaults | eps | Bias correction | Apart | Ours, made equal |",
        "|---|---|---|---|---|---|",
        row(f"{{cite:t}}`{method.cite}`", defaults(method, "paper"), method.paper, "", ""),
        row(f"`{method.name}`", defaults(method, "ours"), method.ours, "", ""),
    ]
    notes = []
    for framework, title in FRAMEWORKS.items():
        form: Form | None = getattr(method, framework)
        if form is None:
            continue
        apart = distance(difference(walk_ours(method.ours.call), walk_theirs(method, framework)))
        call = "" if framework == "keras" else f" `{form.call}`"
        recipe = f"`{form.recipe}`" if form.recipe else "none"
        rows.append(row(title + call, defaults(method, framework), form, apart, recipe))
        if form.note:
            notes.append(f"{title}: {form.note}.")
    return "\n".join([*rows, *([""] if notes else []), *notes, ""])


def row(title: str, values: str, form: Form, apart: str, recipe: str) -> str:
    """Return a row of a table."""
    return f"| {title} | {values or '–'} | {form.eps} | {form.bias} | {apart} | {recipe} |"


def distance(value: float) -> str:
    """Return a measured distance to one digit, which no machine's rounding changes."""
    return "equal" if value < 1e-12 else f"{value:.0e}".replace("e-0", "e-").replace("e+00", "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
