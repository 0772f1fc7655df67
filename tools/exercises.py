"""Write the book's pages on its exercises: a section of each chapter, and the appendix.

All of it comes from `gdcourse.exercises`, so that a page and the checker cannot part. A test holds
the files against what this tool would write.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from gdcourse.exercises import PARTS
from gdcourse.exercises.exercise import DIFFICULTY, ChoiceExercise, CodeExercise, Exercise
from tools.notebooks import strip

BOOK = Path("book")
GLANCE = BOOK / "appendix" / "exercises.md"
HOW = {"code": "write code", "number": "find a number", "choice": "choose"}

SECTION = """## Exercises

Numbers and choices check themselves on this page. The others ask for a function: run this notebook,
write the body in place of `raise NotImplementedError`, and run its cell and the one below. The
answer says what is wrong, not only that something is. In the notebook `hint("{first}")` gives one
more hint at each call, `solution(...)` shows our way, and `progress()` draws what is solved."""


def label(exercise: Exercise) -> str:
    """Return the name under which pages refer to an exercise."""
    return f"exercise-{exercise.id.replace('.', '-').replace('_', '-')}"


def cell_id(exercise: Exercise, part: str) -> str:
    """Return the id of a cell, the same in every run."""
    return f"{label(exercise)}-{part}"


def nested(kind: str, title: str, texts: tuple[str, ...]) -> str:
    """Return folded boxes, each inside the one before, so that one help is opened at a time."""
    box = ""
    for depth, text in enumerate(reversed(texts)):
        fence = ":" * (3 + depth)
        name = title if depth == len(texts) - 1 else f"Another {title.lower()}"
        box = f"{fence}{{admonition}} {name}\n:class: dropdown {kind}\n\n{text}\n\n{box}{fence}\n"
    return box


def task(exercise: Exercise) -> str:
    """Return what is asked, with its difficulty and the minutes it takes."""
    text = exercise.text.strip()
    if isinstance(exercise, ChoiceExercise):
        lettered = zip(exercise.letters, exercise.choices, strict=True)
        text += "\n\n" + "\n".join(f"- **{letter})** {choice}" for letter, (choice, _) in lettered)
    marks = (
        f"*{exercise.difficulty.capitalize()}, {exercise.minutes} minutes: {HOW[exercise.kind]}.*"
    )
    return f":::{{exercise}} {exercise.title}\n:label: {label(exercise)}\n\n{marks}\n\n{text}\n:::"


def help_text(exercise: Exercise) -> str:
    """Return the hints and the solution, folded."""
    source = ""
    if isinstance(exercise, CodeExercise):
        source = f"```python\n{exercise.source}```\n\n"
    hints = nested("tip", "Hint", exercise.hints)
    return (
        f"{hints}\n:::{{solution}} {label(exercise)}\n:class: dropdown\n\n"
        f"{source}{exercise.answer_text}{exercise.explanation.strip()}\n:::"
    )


def cells_of(exercise: Exercise) -> list[NotebookNode]:
    """Return the cells of one exercise: the task, the stub, the check, and what is folded."""
    cells = [new_markdown_cell(task(exercise), id=cell_id(exercise, "task"))]
    if isinstance(exercise, CodeExercise):
        cells.append(new_code_cell(exercise.stub.rstrip(), id=cell_id(exercise, "stub")))
    # The page shows the form alone; in a notebook the line is there to be completed.
    tags = {} if isinstance(exercise, CodeExercise) else {"tags": ["remove-input"]}
    cells.append(new_code_cell(exercise.call, id=cell_id(exercise, "check"), metadata=tags))
    # A plain notebook cannot fold a box, but it can fold a cell.
    folded = {"jupyter": {"source_hidden": True}}
    cells.append(
        new_markdown_cell(help_text(exercise), id=cell_id(exercise, "help"), metadata=folded)
    )
    return cells


def section(chapter: str, exercises: list[Exercise]) -> list[NotebookNode]:
    """Return the cells of a chapter's exercises."""
    code = "from gdcourse.exercises import check, hint, progress, solution"
    first = next(exercise.id for exercise in exercises if exercise.kind == "code")
    return [
        new_markdown_cell(SECTION.format(first=first), id=f"exercises-{chapter}-head"),
        new_code_cell(code, id=f"exercises-{chapter}-import", metadata={"tags": ["hide-input"]}),
        *(cell for exercise in exercises for cell in cells_of(exercise)),
    ]


def with_section(notebook: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    """Return a notebook whose section of exercises, before its references, holds these cells."""
    old, heading = notebook.cells, "## References"
    end = next(i for i, cell in enumerate(old) if heading in cell.source.splitlines())
    start = next((i for i, cell in enumerate(old) if cell.source.startswith("## Exercises")), end)
    above, _, below = old[end].source.partition(heading)
    kept = old[:start]
    if above.strip():  # the heading stands in the middle of a cell: cut it there
        kept.append(new_markdown_cell(above.rstrip(), id=old[end].id))
    references = new_markdown_cell(heading + below, id="references")
    return NotebookNode(notebook | {"cells": [*kept, *cells, references, *old[end + 1 :]]})


def glance() -> str:
    """Return the page of all exercises."""
    lines = [
        "# Exercises at a glance",
        "",
        "Each exercise checks itself, and names the mistake where it knows it.",
        "Numbers and choices do so on the page; a function does in the notebook, where `check`",
        "runs it beside ours.",
        "The minutes are estimates for someone who has just read the chapter.",
    ]
    for part, chapters in PARTS.items():
        count = sum(len(exercises) for exercises in chapters.values())
        minutes = sum(exercise.minutes for group in chapters.values() for exercise in group)
        lines += [
            "",
            f"## {part.capitalize()}",
            "",
            f"{count} exercises, {minutes} minutes in all.",
        ]
        for chapter, exercises in chapters.items():
            lines += ["", f"### {{doc}}`../{part}/{chapter}`", ""]
            lines += ["| Exercise | Name | Kind | Difficulty | Minutes |", "|---|---|---|---|---:|"]
            for e in exercises:
                link = f"{{ref}}`{e.title} <{label(e)}>`"
                lines.append(
                    f"| {link} | `{e.id}` | {HOW[e.kind]} | {e.difficulty} | {e.minutes} |"
                )
        lines += [
            "",
            "| Kind | " + " | ".join(DIFFICULTY) + " |",
            "|---|" + "---:|" * len(DIFFICULTY),
        ]
        everything = [exercise for group in chapters.values() for exercise in group]
        for kind, how in HOW.items():
            counts = [
                sum(e.kind == kind and e.difficulty == level for e in everything)
                for level in DIFFICULTY
            ]
            lines.append(f"| {how} | " + " | ".join(map(str, counts)) + " |")
        lines += ["", f"What goes wrong in them: {{doc}}`mistakes-{part}`."]
    return "\n".join(lines) + "\n"


def known_mistakes(part: str) -> NotebookNode:
    """Return the page of a part's known mistakes, with a figure for each exercise in code."""
    opening = f"""# Known mistakes: {part.capitalize()}

Whoever gets an answer wrong is seldom the first to get it wrong that way. For each exercise in code
the checker knows some of these ways, as small functions; where an answer does what one of them
does, on every probe, it says so.

Here are all of them, with the lines that make the mistake. In the figures blue is right and red is
wrong. Read this page after the exercises: it gives some of them away."""
    code = "from gdcourse import plots\nfrom gdcourse.exercises import figures\n\nplots.use()"
    cells = [
        new_markdown_cell(opening, id="mistakes-head"),
        new_code_cell(code, id="mistakes-import", metadata={"tags": ["hide-input"]}),
    ]
    for chapter, exercises in PARTS[part].items():
        heading = f"## {{doc}}`../{part}/{chapter}`"
        for exercise in exercises:
            if isinstance(exercise, CodeExercise):
                cells += mistakes_of(exercise, heading)
                heading = ""
    return new_notebook(cells=cells)


def mistakes_of(exercise: CodeExercise, heading: str) -> list[NotebookNode]:
    """Return the cells on the mistakes of one exercise."""
    name = label(exercise).removeprefix("exercise-")
    count = len(exercise.mistakes)
    what = "path" if exercise.path else "numbers"
    caption = f"“{exercise.title}”: the right {what} in blue, what each mistake gives in red."
    titles = ", ".join(mistake.title.lower() for mistake in exercise.mistakes)
    alt = f"{count} panels with the right {what} and those of a mistake each: {titles}."
    figure = {
        "tags": ["remove-input"],
        "mystnb": {
            "figure": {"name": f"fig-mistakes-{name}", "caption": caption},
            "image": {"alt": alt},
        },
    }
    listed = "\n\n".join(
        f"**{mistake.title}.** {mistake.sentence}\n\n"
        + "```python\n" + "\n".join(exercise.wrong_lines(mistake)) + "\n```"
        for mistake in exercise.mistakes
    )  # fmt: skip
    head = f"{heading}\n\n### {{ref}}`{exercise.title} <{label(exercise)}>`".strip()
    return [
        new_markdown_cell(head, id=f"mistakes-{name}-head"),
        new_code_cell(
            f'figures.mistakes("{exercise.id}");', id=f"mistakes-{name}", metadata=figure
        ),
        new_markdown_cell(listed, id=f"mistakes-{name}-list"),
    ]


def files() -> dict[Path, str]:
    """Return what every generated file should hold."""
    texts = {GLANCE: glance()}
    for part, chapters in PARTS.items():
        texts[BOOK / "appendix" / f"mistakes-{part}.ipynb"] = strip(known_mistakes(part))
        for chapter, exercises in chapters.items():
            path = BOOK / part / f"{chapter}.ipynb"
            notebook = nbformat.read(path, as_version=4)
            texts[path] = strip(with_section(notebook, section(chapter, exercises)))
    return texts


def stale() -> list[Path]:
    """Return the files that do not hold what they should."""
    return [
        path
        for path, text in files().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def main() -> int:
    """Write the files that are stale."""
    for path in stale():
        path.write_text(files()[path], encoding="utf-8")
        print(f"{path} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
