"""The book's structure: each chapter has the anatomy of CONTRIBUTING.md and says nothing unproved.

Each check is a function that returns what is wrong with a chapter, in words. All of them run over
every chapter, and over small broken chapters made here, to prove that each can fail.
"""

import ast
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from pybtex.database import BibliographyData, parse_file, parse_string

from tools.book import pages
from tools.notebooks import checked, printed

BOOK = Path("book")
APPENDIX = BOOK / "appendix"
SECTIONS = [
    "The problem",
    "The idea",
    "The rule",
    "The demo",
    "The claim",
    "Break it",
    "Common misconception",
    "In PyTorch",
    "Summary",
    "Exercises",
    "References",
]
REPEATABLE = {"Common misconception"}
NOT_COUNTED = {"Exercises", "References"}
WORDS = range(1500, 2501)
MAX_CODE_LINES = 15
MAX_DEMO_LINES = 12
KINDS = tuple(f"{kind}(" for kind in ("Paths", "Race", "Curves", "Map", "Directions"))
SEEN = r'<a href="#demo-[^"]*">([^<]*)</a>'  # a number, and the setting of a demo that shows it
MIN_ALT, MIN_CAPTION = 40, 20
VENUES = {"journal", "booktitle", "publisher", "howpublished", "school", "institution"}
GREEK = re.compile(
    r"\\(?:(?:var)?(?:epsilon|theta|phi|rho|sigma)|alpha|beta|[Gg]amma|[Dd]elta|zeta|eta|Theta|iota"
    r"|kappa|[Ll]ambda|mu|nu|[Xx]i|[Pp]i|Sigma|tau|[Uu]psilon|Phi|chi|[Pp]si|[Oo]mega)(?![A-Za-z])"
)


@dataclass
class Book:
    """What a chapter may refer to."""

    symbols: set[str]
    citations: set[str]
    claims: str  # the docstrings of all tests


@dataclass
class Chapter:
    """A notebook, cut at its H2 headings; the text before the first is under the empty heading."""

    notebook: NotebookNode
    sections: list[tuple[str, list[NotebookNode]]]

    @property
    def cells(self) -> list[NotebookNode]:
        return self.notebook.cells

    @property
    def code(self) -> list[NotebookNode]:
        return [cell for cell in self.cells if cell.cell_type == "code"]

    @property
    def text(self) -> str:
        return markdown(self.cells)

    def section(self, name: str) -> list[NotebookNode]:
        return [cell for title, cells in self.sections if kind(title) == name for cell in cells]


def read(notebook: NotebookNode) -> Chapter:
    """Cut a notebook at its H2 headings, inside cells too."""
    sections: list[tuple[str, list[NotebookNode]]] = [("", [])]
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            sections[-1][1].append(cell)
            continue
        for part in re.split(r"^(?=## )", outside_code(cell.source), flags=re.MULTILINE):
            if part.startswith("## "):
                sections.append((part.splitlines()[0][3:].strip(), []))
            if part.strip():
                sections[-1][1].append(new_markdown_cell(part))
    return Chapter(notebook, sections)


def kind(title: str) -> str:
    """Return a heading without its subtitle."""
    return title.split(":")[0].strip()


def markdown(cells: list[NotebookNode]) -> str:
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def outside_code(text: str) -> str:
    """Drop fenced code, but keep what directives hold."""
    kept, open_fences = [], []
    for line in text.splitlines():
        fence = re.match(r"\s*(`{3,})(.*)", line)
        code = bool(open_fences) and not open_fences[-1][1]
        if fence and open_fences and len(fence[1]) >= open_fences[-1][0] and not fence[2].strip():
            open_fences.pop()
            if not code:
                kept.append(line)
        elif fence and not code:
            open_fences.append((len(fence[1]), fence[2].startswith("{")))
            if open_fences[-1][1]:
                kept.append(line)
        elif not code:
            kept.append(line)
    return "\n".join(kept)


def formulas(text: str) -> list[str]:
    """Return the TeX of all maths in a text."""
    text = re.sub(r"`[^`\n]*`", "", outside_code(text))
    return [a or b for a, b in re.findall(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", text, flags=re.DOTALL)]


def prose(text: str) -> str:
    """Return what is read as words: no code, maths, roles, addresses, or marks of MyST."""
    text = outside_code(text)
    text = re.sub(r"\$\$.+?\$\$(\s*\([\w:-]+\))?", " ", text, flags=re.DOTALL)
    text = re.sub(r"\{[\w:]+\}`[^`]*`|`[^`\n]*`|\$[^$\n]+?\$", " ", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"<!--.*?-->|<[^>\n]+>|https?://\S+", " ", text, flags=re.DOTALL)
    text = re.sub(
        r"^(%.*|:[\w-]+:.*|\([\w-]+\)=|\s*\|?[\s:|-]+\|\s*)$", " ", text, flags=re.MULTILINE
    )
    return re.sub(r"^(`{3,}|:{3,})(\{[\w-]+\})?", " ", text, flags=re.MULTILINE)


def symbols(tex: str) -> set[str]:
    """Return the Greek and single Latin letters of a formula; text set upright is not a symbol."""
    tex = re.sub(
        r"\\(text|mathrm|operatorname|textbf|begin|end|label|tag)\*?\s*\{[^}]*\}", " ", tex
    )
    letters = re.findall(r"[A-Za-z]", re.sub(r"\\([A-Za-z]+|.)", " ", tex))
    return set(GREEK.findall(tex)) | set(letters)


def ledger(page: str) -> set[str]:
    """Return the symbols in the first column of the tables of the notation page."""
    rows = [line.strip() for line in page.splitlines() if line.strip().startswith("|")]
    first = [row.strip("|").split("|")[0] for row in rows]
    return {symbol for cell in first for tex in formulas(cell) for symbol in symbols(tex)}


def draws(cell: NotebookNode) -> bool:
    """Say whether a cell makes a figure."""
    return "figure" in cell.metadata.get("mystnb", {}) or bool(
        re.search(r"\b(plots|plt)\.(?!use|style|rcParams)", cell.source)
    )


def numbers(text: str) -> list[float]:
    return [float(n) for n in re.findall(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", text.replace("_", ""))]


# --- the checks: what is wrong with a chapter


def sections_are_those_of_the_anatomy(chapter: Chapter, book: Book) -> list[str]:
    found = [kind(title) for title, _ in chapter.sections[1:]]
    merged = [
        name
        for index, name in enumerate(found)
        if not (name in REPEATABLE and index and found[index - 1] == name)
    ]
    return [] if merged == SECTIONS else [f"the H2 headings are {found}, and should be {SECTIONS}"]


def opening_shows_asks_and_prepares(chapter: Chapter, book: Book) -> list[str]:
    cells = chapter.sections[0][1]
    text = markdown(cells)
    problems = []
    if len(re.findall(r"^# ", text, flags=re.MULTILINE)) != 1 or not text.startswith("# "):
        problems.append("it does not begin with one H1 title")
    if sum(draws(cell) for cell in cells if cell.cell_type == "code") != 1:
        problems.append("it has not exactly one figure before the first section")
    if not re.search(r"\w[^\n]*\?(\s|\*|$)", prose(text)):
        problems.append("it asks no question before the first section")
    boxes = re.findall(r"^(`{3,}|:{3,})\{admonition\}(.*?)^\1\s*$", text, re.MULTILINE | re.DOTALL)
    box = " ".join(body for _, body in boxes).lower()
    for word in ("do", "learn", "need"):
        if not re.search(rf"\b{word}\b", box):
            problems.append(f"its first admonition does not tell what you will {word}")
    minutes = chapter.notebook.metadata.get("gdcourse", {}).get("minutes")
    if f"{minutes} minutes" not in box:
        problems.append(f"its first admonition does not name the {minutes} minutes of its metadata")
    return problems


def figures_have_a_name_a_caption_and_an_alt_text(chapter: Chapter, book: Book) -> list[str]:
    problems, names = [], []
    for cell in filter(draws, chapter.code):
        first = cell.source.splitlines()[0]
        meta = cell.metadata.get("mystnb", {})
        figure, image = meta.get("figure", {}), meta.get("image", {})
        names.append(figure.get("name"))
        if not figure.get("name"):
            problems.append(f"the figure of {first!r} has no name")
        if len(figure.get("caption", "")) < MIN_CAPTION:
            problems.append(f"the figure of {first!r} has no caption of {MIN_CAPTION} characters")
        if len(image.get("alt", "")) < MIN_ALT:
            problems.append(f"the figure of {first!r} has no alt text of {MIN_ALT} characters")
    problems += [f"two figures are named {name}" for name in set(names) if names.count(name) > 1]
    return problems


def prose_has_the_length_of_a_chapter(chapter: Chapter, book: Book) -> list[str]:
    parts = [cells for title, cells in chapter.sections if kind(title) not in NOT_COUNTED]
    count = sum(len(re.findall(r"\w[\w'’.-]*", prose(markdown(cells)))) for cells in parts)
    return [] if count in WORDS else [f"it has {count} words, not {WORDS[0]} to {WORDS[-1]}"]


def symbols_are_in_the_ledger(chapter: Chapter, book: Book) -> list[str]:
    return [
        f"the ledger does not know {symbol} of ${tex.strip()}$"
        for tex in formulas(chapter.text)
        for symbol in sorted(symbols(tex) - book.symbols)
    ]


def display_equations_are_dollars_with_a_label(chapter: Chapter, book: Book) -> list[str]:
    problems = []
    if re.search(r"^`{3,}\{math\}|^\\begin\{(equation|align)|^\s*\\\[", chapter.text, re.MULTILINE):
        problems.append("an equation is not between $$ and $$, and shows as code in JupyterLab")
    if not re.search(
        r"\$\$\s*\([\w:-]+\)\s*$", markdown(chapter.section("The rule")), re.MULTILINE
    ):
        problems.append("The rule has no equation with a label")
    return problems


def only_checked_cells_store_output(chapter: Chapter, book: Book) -> list[str]:
    problems = []
    for cell in chapter.code:
        first = cell.source.splitlines()[0] if cell.source else "an empty cell"
        if checked(cell) and not (printed(cell) and cell.execution_count == 1):
            problems.append(
                f"{first!r} is tagged as checked, but nothing is stored: make notebooks"
            )
        if not checked(cell) and (cell.outputs or cell.execution_count):
            problems.append(f"{first!r} stores an output that no test compares")
    return problems


def demo_asks_and_answers_with_what_a_reader_sees(chapter: Chapter, book: Book) -> list[str]:
    """tests/test_site_demos.py follows each answer's links and reads the numbers there."""
    cells = chapter.section("The demo")
    text, problems = markdown(cells), []
    ask, _, answer = text.partition(":class: dropdown")
    prompts = [len(re.findall(r"^\d\. ", part, flags=re.MULTILINE)) for part in (ask, answer)]
    if "**Try this.**" not in text or prompts[0] not in (2, 3) or prompts[0] != prompts[1]:
        problems.append(f"its demo has not 2 or 3 things to try, each with an answer: {prompts}")
    if not re.search(SEEN, answer):
        problems.append("its demo's answers quote no number that a link shows in the demo")
    code = [cell.source.strip().splitlines() for cell in cells if cell.cell_type == "code"]
    if not code or not any(line.startswith(KINDS) for line in code[-1]):
        problems.append("its demo's last cell makes no demo")
    elif [line.startswith(KINDS) for line in code[-1]].index(True) < len(code[-1]) - MAX_DEMO_LINES:
        problems.append(f"its demo is made in more than {MAX_DEMO_LINES} lines")
    return problems


def no_slider_is_dead_without_a_kernel(chapter: Chapter, book: Book) -> list[str]:
    return [
        f"{cell.source.splitlines()[0]!r} makes a slider that moves nothing on the page"
        for cell in chapter.code
        if re.search(r"\binteract\w*\(|\bipywidgets\b", cell.source)
    ]


def claim_is_printed_in_a_checked_cell(chapter: Chapter, book: Book) -> list[str]:
    cells = [cell for cell in chapter.section("The claim") if checked(cell)]
    return [] if cells else ["The claim has no cell tagged nbval-check-output"]


def code_cells_are_short(chapter: Chapter, book: Book) -> list[str]:
    problems = []
    for cell in chapter.code:
        lines = [x for x in cell.source.splitlines() if x.strip() and not x.strip().startswith("#")]
        if len(lines) > MAX_CODE_LINES:
            problems.append(
                f"the cell of {lines[0]!r} has {len(lines)} lines, over {MAX_CODE_LINES}"
            )
    return problems


def numbers_in_the_prose_come_from_the_run(chapter: Chapter, book: Book) -> list[str]:
    known = [n for cell in chapter.code for n in numbers(cell.source)]
    known += [n for cell in chapter.code if checked(cell) for n in numbers(printed(cell))]
    # test_exercises.py proves the numbers of the exercises
    cells = [c for title, group in chapter.sections if kind(title) != "Exercises" for c in group]
    text = prose(re.sub(SEEN, " ", markdown(cells)))
    problems = []
    for match in re.finditer(r"(?<![\w.])(\d+\.(\d+))(?!\.?\w)(\s?%| percent)?", text):
        quoted, half = float(match[1]), 0.5 * 10.0 ** -len(match[2]) * (1 + 1e-9)
        scale = 100 if match[3] else 1
        if not any(abs(n - quoted) <= half or abs(scale * n - quoted) <= half for n in known):
            problems.append(f"{match[0]} is neither in the code nor in a checked output")
    return problems


def claims_have_a_test(chapter: Chapter, book: Book) -> list[str]:
    meta = chapter.notebook.metadata.get("gdcourse", {})
    if not meta.get("claims") or not isinstance(meta.get("minutes"), int):
        return ['its metadata has no "gdcourse": {"claims": [...], "minutes": ...}']
    return [
        f"no test says in its docstring that it proves {claim}"
        for claim in meta["claims"]
        if not re.search(rf"\b{re.escape(claim)}\b", book.claims)
    ]


def citations_are_in_the_bibliography(chapter: Chapter, book: Book) -> list[str]:
    keys = re.findall(r"\{cite[\w:]*\}`([^`]*)`", chapter.text)
    keys = [key.strip() for group in keys for key in group.split(",")]
    problems = [f"references.bib has no {key}" for key in keys if key not in book.citations]
    return problems if keys else ["it cites nothing"]


def page_loads_nothing_from_another_host(chapter: Chapter, book: Book) -> list[str]:
    return foreign("\n".join(cell.source for cell in chapter.cells))


def foreign(text: str) -> list[str]:
    """Return the addresses of other hosts that a page would load, as opposed to link to."""
    attribute = r"\bsrc\s*=\s*[\"']?|<link[^>]*href=[\"']?"
    markup = r"!\[[^\]]*\]\(|@import\s+(?:url\()?[\"']?|\{(?:figure|image)\}\s+"
    address = r"(?:https?:)?(//[^\s\"')]+)"
    return [f"it loads {url}" for url in re.findall(f"(?:{attribute}|{markup}){address}", text)]


CHECKS: list[Callable[[Chapter, Book], list[str]]] = [
    sections_are_those_of_the_anatomy,
    opening_shows_asks_and_prepares,
    figures_have_a_name_a_caption_and_an_alt_text,
    prose_has_the_length_of_a_chapter,
    symbols_are_in_the_ledger,
    display_equations_are_dollars_with_a_label,
    only_checked_cells_store_output,
    demo_asks_and_answers_with_what_a_reader_sees,
    no_slider_is_dead_without_a_kernel,
    claim_is_printed_in_a_checked_cell,
    code_cells_are_short,
    numbers_in_the_prose_come_from_the_run,
    claims_have_a_test,
    citations_are_in_the_bibliography,
    page_loads_nothing_from_another_host,
]

# --- the book as it is


def docstrings_of_tests() -> str:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in Path("tests").rglob("*.py")]
    functions = [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    return "\n".join(ast.get_docstring(function) or "" for function in functions)


@cache
def the_book() -> Book:
    return Book(
        symbols=ledger((APPENDIX / "notation.md").read_text(encoding="utf-8")),
        citations=set(parse_file(BOOK / "references.bib").entries),
        claims=docstrings_of_tests(),
    )


NOTEBOOKS = [path for path in sorted(BOOK.rglob("*.ipynb")) if APPENDIX not in path.parents]
PART_PAGES = [path for path in NOTEBOOKS if path.stem == "index"]
CHAPTERS = [path for path in NOTEBOOKS if path.stem != "index"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter(path: Path, check: Callable[[Chapter, Book], list[str]]):
    problems = check(read(nbformat.read(path, as_version=4)), the_book())
    assert not problems, "\n".join(f"{path}: {problem}" for problem in problems)


def test_table_of_contents_names_every_page_and_no_other():
    files = {path for path in BOOK.rglob("*") if path.suffix in (".md", ".ipynb")}
    assert set(pages()) == {path for path in files if ".ipynb_checkpoints" not in path.parts}


def maps_its_chapters(chapter: Chapter, written: list[str]) -> list[str]:
    """A page that opens a part has a row with a question for each chapter, and a figure on all."""
    rows = re.findall(r"^\| \{doc\}`([\w-]+)` \| (.*) \|$", chapter.text, flags=re.MULTILINE)
    problems = [f"the row of {name} asks nothing" for name, row in rows if not row.endswith("?")]
    if [name for name, _ in rows] != written:
        problems.append(f"its map names {[name for name, _ in rows]}, the part has {written}")
    below = chapter.text.rpartition("|\n")[2]
    linked = re.findall(r"\{doc\}`(?:[^`]*<)?([\w-]+)>?`", below)
    problems += [f"its figure is not about {name}" for name in written if name not in linked]
    if sum(draws(cell) for cell in chapter.code) != 1:
        problems.append("it has not exactly one figure")
    return problems


@pytest.mark.parametrize("path", PART_PAGES, ids=lambda path: path.parent.name)
def test_page_of_a_part(path: Path):
    page = read(nbformat.read(path, as_version=4))
    written = [other.stem for other in pages() if other.parent == path.parent]
    assert written[0] == "index"
    problems = maps_its_chapters(page, written[1:])
    for check in (
        figures_have_a_name_a_caption_and_an_alt_text,
        symbols_are_in_the_ledger,
        only_checked_cells_store_output,
        no_slider_is_dead_without_a_kernel,
        numbers_in_the_prose_come_from_the_run,
        page_loads_nothing_from_another_host,
    ):
        problems += check(page, the_book())
    assert not problems, "\n".join(f"{path}: {problem}" for problem in problems)


def test_words_after_a_box_are_read_and_code_is_not():
    box = "```{admonition} Box\nwithin\n```\nafter $a$\n"
    code = "````\n```\ncode 0.5\n```\n````\n```python\nx = 0.25\n```\n"
    assert outside_code(box + code + box + "end").split() == outside_code(box + box + "end").split()
    assert formulas(code + box + code) == ["a"]
    assert "within" in prose(box) and "after" in prose(box) and "0." not in prose(code + box)


MAP = "# What for?\n\n| Chapter | Answer |\n|---|---|\n| {doc}`a` | Why? |\n| {doc}`b` | How? |\n"
FIGURE = new_code_cell("plots.curves({});")
BELOW = new_markdown_cell("Why so ({doc}`a`)? And how ({doc}`b`)?")


@pytest.mark.parametrize(
    ("text", "cells", "complaint"),
    [
        (MAP, [FIGURE, BELOW], None),
        (MAP.replace("Why?", "Reasons."), [FIGURE, BELOW], "row of a asks nothing"),
        (MAP.replace("`b`", "`c`"), [FIGURE, BELOW], "map names"),
        (MAP, [FIGURE, new_markdown_cell("Why so ({doc}`a`)?")], "not about b"),
        (MAP, [BELOW], "one figure"),
        (MAP, [FIGURE, new_code_cell(FIGURE.source), BELOW], "one figure"),
    ],
)
def test_page_of_a_part_that_misses_something_is_found_out(text, cells, complaint):
    page = read(new_notebook(cells=[new_markdown_cell(text), *map(deepcopy, cells)]))
    problems = maps_its_chapters(page, ["a", "b"])
    assert bool(problems) == bool(complaint) and (complaint or "") in "".join(problems)


def test_labels_and_figure_names_are_unique_in_the_book():
    names = []
    for path in NOTEBOOKS:
        chapter = read(nbformat.read(path, as_version=4))
        names += re.findall(r"\$\$\s*\(([\w:-]+)\)\s*$", chapter.text, flags=re.MULTILINE)
        names += [cell.metadata.mystnb.figure.name for cell in filter(draws, chapter.code)]
    assert len(names) == len(set(names)), sorted({name for name in names if names.count(name) > 1})


@pytest.mark.parametrize("path", sorted(BOOK.rglob("*.md")), ids=lambda path: path.stem)
def test_page_of_text_loads_nothing_from_another_host(path: Path):
    assert not foreign(path.read_text(encoding="utf-8"))


def incomplete(bibliography: BibliographyData) -> list[str]:
    """Return what the entries of a bibliography lack."""
    problems = []
    for key, entry in bibliography.entries.items():
        fields = {name.lower() for name in entry.fields}
        problems += [f"{key} has no {name}" for name in ("title", "year") if name not in fields]
        if not entry.persons:
            problems.append(f"{key} has no author")
        if not VENUES & fields:
            problems.append(f"{key} does not say where it appeared")
    return problems


def test_bibliography_is_complete():
    assert not incomplete(parse_file(BOOK / "references.bib"))


# --- each check can fail

SMALL_BOOK = Book({"x", "t", "g", "\\eta"}, {"cauchy1847"}, "E-01 holds.")
FIGURE = {
    "mystnb": {
        "figure": {"name": "fig-valley", "caption": "A path down a narrow valley."},
        "image": {"alt": "A zigzag path that crosses the axis of a narrow valley nine times."},
    }
}


DEMO = """**Try this.**

1. Less.
2. More.

:::{admonition} Answers
:class: dropdown

1. It falls to <a href="#demo-valley:lr=0.1">0.123</a>.
2. It flies apart.
:::"""


def good_chapter() -> NotebookNode:
    """Return a chapter with which no check finds fault."""
    opening = """# A chapter

Why does a short step take so long?

:::{admonition} What you will do, learn and need
**Do** a thing, **learn** a thing, **need** nothing. Time: 40 minutes.
:::"""
    cells = [
        new_markdown_cell(opening),
        new_code_cell("plots.valley()", metadata=deepcopy(FIGURE)),
        new_markdown_cell("## The problem\n\n" + "We walk down the hill. " * 310),
        new_markdown_cell("## The idea\n\nFollow $-g$, as {cite:t}`cauchy1847` did."),
        new_markdown_cell("## The rule: one line\n\n$$ x_{t+1} = x_t - \\eta g_t $$ (eq-rule)"),
        new_markdown_cell("## The demo: turn it"),
        new_code_cell('Paths("valley", valley)'),
        new_markdown_cell(DEMO),
        new_markdown_cell(
            "## The claim\n\nThe loss falls to 0.43, which is 43.2 % of what it was."
        ),
        new_code_cell(
            "print(f'{loss:.4f}')",
            metadata={"tags": ["nbval-check-output"]},
            outputs=[new_output("stream", name="stdout", text="0.4321\n")],
            execution_count=1,
        ),
        new_markdown_cell("## Break it\n\nWe try a rate of 1.5."),
        new_code_cell("lr = 1.5"),
        new_markdown_cell("## Common misconception: one"),
        new_markdown_cell("## Common misconception: two"),
        new_markdown_cell("## In PyTorch\n\n## Summary\n\n- it works"),
        new_markdown_cell("## Exercises\n\nIs it 0.98765? " + "A question to think about. " * 400),
        new_markdown_cell("## References\n\n" + "A list of things to read. " * 400),
    ]
    meta = {"gdcourse": {"claims": ["E-01"], "minutes": 40}}
    return new_notebook(cells=cells, metadata=meta)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_good_chapter_passes(check: Callable[[Chapter, Book], list[str]]):
    assert check(read(good_chapter()), SMALL_BOOK) == []


def replace(old: str, new: str) -> Callable[[NotebookNode], None]:
    def spoil(notebook: NotebookNode) -> None:
        for cell in notebook.cells:
            if old in cell.source:
                cell.source = cell.source.replace(old, new)
                return
        raise ValueError(f"no cell holds {old!r}")

    return spoil


def figure(part: str, value: dict) -> Callable[[NotebookNode], None]:
    def spoil(notebook: NotebookNode) -> None:
        notebook.cells[1].metadata["mystnb"][part] = value

    return spoil


def output(index: int, outputs: list, count: int | None) -> Callable[[NotebookNode], None]:
    def spoil(notebook: NotebookNode) -> None:
        notebook.cells[index].outputs, notebook.cells[index].execution_count = outputs, count

    return spoil


def metadata(value: dict) -> Callable[[NotebookNode], None]:
    def spoil(notebook: NotebookNode) -> None:
        notebook.metadata["gdcourse"] = value

    return spoil


def untag(notebook: NotebookNode) -> None:
    notebook.cells[9].metadata.tags = []


STORED = [new_output("stream", name="stdout", text="1\n")]
BROKEN = [
    (sections_are_those_of_the_anatomy, replace("## Summary", "### Summary"), "H2"),
    (sections_are_those_of_the_anatomy, replace("## The idea", "## The thought"), "The thought"),
    (sections_are_those_of_the_anatomy, replace("## Break it", "## Summary"), "H2"),
    (
        sections_are_those_of_the_anatomy,
        replace("## The rule: one line", "```\n## The rule\n```"),
        "H2",
    ),
    (opening_shows_asks_and_prepares, replace("# A chapter", "A chapter"), "H1"),
    (opening_shows_asks_and_prepares, replace("so long?", "so long."), "question"),
    (opening_shows_asks_and_prepares, replace("{admonition}", "{note}"), "what you will do"),
    (opening_shows_asks_and_prepares, replace("40 minutes", "a while"), "40 minutes"),
    (figures_have_a_name_a_caption_and_an_alt_text, figure("figure", {}), "no name"),
    (figures_have_a_name_a_caption_and_an_alt_text, figure("figure", {"name": "a"}), "caption"),
    (
        figures_have_a_name_a_caption_and_an_alt_text,
        figure("image", {"alt": "A path."}),
        "alt text",
    ),
    (figures_have_a_name_a_caption_and_an_alt_text, replace("lr = 1.5", "plt.plot(x)"), "no name"),
    (prose_has_the_length_of_a_chapter, replace("We walk down the hill. ", ""), "words"),
    (prose_has_the_length_of_a_chapter, replace("it works", "it works " * 1000), "words"),
    (prose_has_the_length_of_a_chapter, replace("We walk down the hill.", "`a b` $x g$"), "words"),
    (symbols_are_in_the_ledger, replace("$-g$", "$-q$"), "does not know q"),
    (symbols_are_in_the_ledger, replace("\\eta", "\\xi"), "does not know \\xi"),
    (symbols_are_in_the_ledger, replace("x_t", "x_{best}"), "does not know b"),
    (display_equations_are_dollars_with_a_label, replace("(eq-rule)", ""), "no equation"),
    (
        display_equations_are_dollars_with_a_label,
        replace("Follow", "```{math}\nx\n```\n"),
        "JupyterLab",
    ),
    (only_checked_cells_store_output, output(9, [], 1), "nothing is stored"),
    (only_checked_cells_store_output, output(9, STORED, None), "nothing is stored"),
    (only_checked_cells_store_output, output(11, STORED, None), "no test compares"),
    (only_checked_cells_store_output, output(11, [], 3), "no test compares"),
    (demo_asks_and_answers_with_what_a_reader_sees, replace("2. More.", ""), "2 or 3"),
    (demo_asks_and_answers_with_what_a_reader_sees, replace("2. It flies apart.", ""), "answer"),
    (demo_asks_and_answers_with_what_a_reader_sees, replace("#demo-valley:lr", "#lr"), "no number"),
    (demo_asks_and_answers_with_what_a_reader_sees, replace('Paths("', 'paths("'), "no demo"),
    (
        demo_asks_and_answers_with_what_a_reader_sees,
        replace("valley)", "valley,\n" + "1,\n" * 12 + ")"),
        "more than 12",
    ),
    (no_slider_is_dead_without_a_kernel, replace("lr = 1.5", "interact(f, lr=1.5)"), "nothing"),
    (no_slider_is_dead_without_a_kernel, replace("lr = 1.5", "import ipywidgets"), "nothing"),
    (claim_is_printed_in_a_checked_cell, untag, "nbval-check-output"),
    (code_cells_are_short, replace("lr = 1.5", "lr = 1\n" * 16), "16 lines"),
    (numbers_in_the_prose_come_from_the_run, replace("0.43,", "0.44,"), "0.44"),
    (numbers_in_the_prose_come_from_the_run, replace("43.2 %", "42.3 %"), "42.3 %"),
    (numbers_in_the_prose_come_from_the_run, replace("lr = 1.5", "lr = 2"), "1.5"),
    (claims_have_a_test, metadata({"claims": ["E-0"], "minutes": 40}), "proves E-0"),
    (claims_have_a_test, metadata({"claims": ["E-01"]}), "minutes"),
    (claims_have_a_test, metadata({"minutes": 40}), "claims"),
    (citations_are_in_the_bibliography, replace("cauchy1847", "cauchy1848"), "cauchy1848"),
    (citations_are_in_the_bibliography, replace("{cite:t}`cauchy1847`", "Cauchy"), "cites nothing"),
    (page_loads_nothing_from_another_host, replace("Follow", "![](https://a.org/b.svg)"), "a.org"),
    (page_loads_nothing_from_another_host, replace("Follow", '<script src="//a.org/b">'), "a.org"),
]


@pytest.mark.parametrize(
    ("check", "spoil", "complaint"),
    BROKEN,
    ids=[f"{n}-{row[0].__name__}" for n, row in enumerate(BROKEN)],
)
def test_broken_chapter_is_found_out(check, spoil, complaint):
    notebook = good_chapter()
    spoil(notebook)
    problems = check(read(notebook), SMALL_BOOK)
    assert any(complaint in problem for problem in problems), problems


def test_link_to_another_host_is_not_loading_from_it():
    assert not foreign("[the paper](https://a.org/paper) and <https://a.org>")


def test_ledger_is_read_from_the_first_column_of_its_table():
    page = "| symbol | meaning |\n|---|---|\n| $\\theta$, $x_t$ | $q$ |\n| $\\eta$ | a rate |\n"
    assert ledger(page) == {"\\theta", "x", "t", "\\eta"}


@pytest.mark.parametrize("missing", ["author", "title", "year", "journal"])
def test_incomplete_entry_of_the_bibliography_is_found_out(missing):
    fields = {"author": "A. Cauchy", "title": "M", "year": "1847", "journal": "C. R."}
    lines = ",".join(f"{name}={{{value}}}" for name, value in fields.items() if name != missing)
    assert len(incomplete(parse_string(f"@article{{cauchy, {lines}}}", "bibtex"))) == 1
