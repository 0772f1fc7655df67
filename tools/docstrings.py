"""A Sphinx extension: in the API reference, the equations of docstrings stand as they are typed.

Ours are indented below the summary, which reads well in the source and to `help`; reStructuredText
would take them for quotations and their bars and stars for markup.
"""

import re

from sphinx.application import Sphinx


def keep_equations(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Mark the indented blocks above the first section of a docstring as literal, in place."""
    kept: list[str] = []
    in_sections = False
    for line in lines:
        in_sections = in_sections or bool(re.fullmatch("-{3,}", line))
        opens = line.startswith("    ") and kept[-1:] == [""]
        text_above = next((above for above in reversed(kept) if above), "")
        if opens and not in_sections and text_above and not text_above.startswith(" "):
            kept += ["::", ""]
        kept.append(line)
    lines[:] = kept


def setup(app: Sphinx) -> dict[str, bool]:
    """Run before napoleon, which turns the sections into fields."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", keep_equations, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
