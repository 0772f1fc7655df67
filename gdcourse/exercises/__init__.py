"""Exercises that check themselves, and call a mistake by its name.

    from gdcourse.exercises import check, hint, solution, progress

    check("momentum.step", my_function)

:func:`check` looks at an answer, :func:`hint` helps one sentence further at each call,
:func:`solution` shows how we would do it, :func:`progress` draws what is solved in this folder.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from . import challenges, foundations, record, variants
from .exercise import CodeExercise, Exercise
from .result import Note, Result

# part -> chapter -> its exercises, in the order of the book
PARTS: dict[str, dict[str, list[Exercise]]] = {
    "foundations": foundations.CHAPTERS,
    "variants": variants.CHAPTERS,
    "challenges": challenges.CHAPTERS,
}

_hints_given: dict[str, int] = {}

__all__ = ["Note", "Result", "all_ids", "check", "get", "hint", "progress", "solution"]


def chapters() -> dict[str, list[Exercise]]:
    """Return the exercises of each chapter, in the order of the book."""
    return {name: exercises for part in PARTS.values() for name, exercises in part.items()}


def all_ids() -> list[str]:
    """Return the name of every exercise, in the order of the book."""
    return [exercise.id for exercises in chapters().values() for exercise in exercises]


def get(id: str) -> Exercise:
    """Return an exercise by its name.

    Raises
    ------
    ValueError
        If there is no such exercise; the message lists names that are near.
    """
    known = {exercise.id: exercise for exercises in chapters().values() for exercise in exercises}
    if isinstance(id, str) and id in known:
        return known[id]
    typed = str(id)
    near = get_close_matches(typed, known, n=3, cutoff=0.4)
    near += [name for name in known if typed in name.split(".") and name not in near]
    hint = f"Did you mean {', '.join(near)}?" if near else "all_ids() lists all of them."
    raise ValueError(f"There is no exercise called {typed!r}. {hint}")


def check(id: str, answer: Any = ...) -> Result:
    """Say whether an answer is right; where it is not, say what is wrong with it.

    Parameters
    ----------
    id : str
        Name of the exercise, such as ``"momentum.step"``.
    answer : function, number, str
        A function for an exercise in code, a number (``0.25``, ``1/4``, ``"1/4"``), or the letter
        of a choice. ``...`` stands for an answer that is not there yet.

    Returns
    -------
    Result
        With ``.passed``, ``.message``, and ``.mistakes``, the names of the known mistakes that fit
        the answer. It is never an exception, whatever the answer does.
    """
    try:
        exercise = get(id)
    except ValueError as error:
        return Result(str(id), False, (str(error),))
    result = exercise.check(answer)
    if result.passed:
        record.add(exercise.id)
    return result


def hint(id: str) -> Note:
    """Give one more hint at each call."""
    try:
        exercise = get(id)
    except ValueError as error:
        return Note(str(error))
    given = _hints_given.get(id, 0)
    _hints_given[id] = given + 1
    if given < len(exercise.hints):
        return Note(f"Hint {given + 1} of {len(exercise.hints)}: {exercise.hints[given]}")
    return Note(f'That was the last hint. solution("{id}") shows one way to do it.')


def solution(id: str) -> Note:
    """Show a solution, and why it is one."""
    try:
        exercise = get(id)
    except ValueError as error:
        return Note(str(error))
    source = exercise.source if isinstance(exercise, CodeExercise) else ""
    return Note(exercise.answer_text + exercise.explanation.strip(), source)


def progress() -> Note:
    """Draw what has been solved in this folder."""
    done = record.solved()
    rows = []
    width = max(map(len, chapters()))
    for chapter, exercises in chapters().items():
        count = sum(exercise.id in done for exercise in exercises)
        marks = "".join("■" if exercise.id in done else "□" for exercise in exercises)
        rows.append(f"{chapter:<{width}} {marks}  {count} of {len(exercises)}")
    return Note("Solved in this folder:", "\n".join(rows) + "\n")
