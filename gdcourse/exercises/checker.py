"""Compare a learner's function with the reference, and with every known mistake.

A probe makes a run: what each call returned, with the learner's own state carried along. An answer
is right where all its runs equal the reference's. Where they do not, the known mistakes whose runs
equal the learner's on every probe are the hypotheses, and all of them are named.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from . import guard
from .result import Result, Table

if TYPE_CHECKING:
    from .exercise import CodeExercise

# The rounding of an equivalent formula is far below these, every mistake far above.
RELATIVE = 1e-9  # of each number, unless an exercise says otherwise
ABSOLUTE = 1e-13  # of the largest number of its run
SHOWN = 12  # numbers of an array: more say nothing to the eye

Arrays = tuple[np.ndarray, ...]


class AnswerError(Exception):
    """A call went so wrong that there is nothing to carry on with."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name, self.sentence = name, sentence


@dataclass
class Run:
    """The calls of one probe: how each was made and what it returned, and what went wrong."""

    calls: list[str] = field(default_factory=list)
    results: list[Arrays] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)  # inputs that are not what they were
    problem: AnswerError | None = None
    relative: float = RELATIVE  # what else may differ of each number, to be compared with it

    @property
    def scale(self) -> float:
        """The largest finite number in the results."""
        sizes = [np.abs(part[np.isfinite(part)]) for parts in self.results for part in parts]
        return max((float(part.max()) for part in sizes if part.size), default=0.0)


def perform(
    exercise: CodeExercise,
    function: Callable[..., Any],
    probe: tuple[Any, ...],
    reference: Run | None = None,
    run: Run | None = None,
) -> Run:
    """Drive a function over a probe, and return what its calls returned.

    Parameters
    ----------
    reference : Run, optional
        Whose shapes the results must have.
    run : Run, optional
        Where to write, so that it can be read even if the function never ends.
    """
    run = Run(relative=exercise.relative) if run is None else run
    signature = inspect.signature(exercise.solution)

    def called(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        before = dict(bound.arguments)
        run.calls.append(f"{exercise.name}({describe(before)})")
        bound.arguments.update({name: prepare(value) for name, value in before.items()})
        value = attempt(function, bound)
        after = bound.arguments
        run.changed |= {name for name in before if not unchanged(before[name], after[name])}
        if exercise.in_place:
            value = written(exercise, value, run.changed, after)
        elif value is None:
            raise AnswerError("returns_nothing", nothing_came(exercise, run.changed))
        arrays = numbers(value, exercise.returns)
        run.results.append(arrays)
        if reference is not None:
            shaped_as(arrays, reference.results[len(run.results) - 1], exercise.returns)
        return arrays if len(arrays) > 1 else arrays[0]

    try:
        exercise.drive(called, *probe)
    except AnswerError as problem:
        run.problem = problem
    run.changed -= set(exercise.in_place)
    return run


def attempt(function: Callable[..., Any], bound: inspect.BoundArguments) -> Any:
    """Call a function, and turn whatever it raises into a problem with a sentence."""
    try:
        return function(*bound.args, **bound.kwargs)
    except guard.Stop:
        raise
    except NotImplementedError:
        raise AnswerError("not_yet", "Not yet: write the body, and run its cell again.") from None
    except guard.TooManyCallsError as error:
        sentence = f"Your loop does not end: a function it was given was {error}."
        raise AnswerError("does_not_end", sentence) from None
    except BaseException as error:
        sentence = f"Your code raised {guard.explain(error)}."
        raise AnswerError(f"raises_{type(error).__name__}", sentence) from None


def prepare(value: Any) -> Any:
    """Return a copy for the learner to spoil; a function gets a limit of calls."""
    return guard.limited(value) if callable(value) else copy.deepcopy(value)


def unchanged(before: Any, after: Any) -> bool:
    """Say whether an argument is what it was."""
    if callable(before) or isinstance(before, str):
        return True
    return bool(np.array_equal(before, after, equal_nan=True))


def written(exercise: CodeExercise, value: Any, changed: set[str], after: dict[str, Any]) -> Any:
    """Return the arguments that the learner was asked to change."""
    names = ", ".join(f"`{name}`" for name in exercise.in_place)
    if value is not None and not changed & set(exercise.in_place):
        sentence = f"You returned a new value and left {names} as it was; here it is to change."
        raise AnswerError("returns_instead_of_writing", sentence)
    values = tuple(after[name] for name in exercise.in_place)
    return values if len(values) > 1 else values[0]


def nothing_came(exercise: CodeExercise, changed: set[str]) -> str:
    """Say what may be behind a function that returns nothing."""
    if not changed:
        return f"`{exercise.name}` returned nothing. Is there a `return` at its end?"
    names = ", ".join(f"`{name}`" for name in sorted(changed))
    return (
        f"`{exercise.name}` returned nothing, but changed {names} in place. Here the new values "
        "are to be returned, and what comes in is to stay as it is."
    )


def numbers(value: Any, names: tuple[str, ...]) -> Arrays:
    """Turn what a function returned into one float array for each name."""
    values = [value]
    if len(names) > 1:
        several = isinstance(value, tuple | list) or (isinstance(value, np.ndarray) and value.ndim)
        values = list(value) if several else [value]
        if len(values) != len(names):
            wanted = ", ".join(f"`{name}`" for name in names)
            mine = str(len(values)) if several else f"a `{type(value).__name__}`"
            sentence = f"Return {len(names)} values, {wanted}; yours: {mine}."
            raise AnswerError("wrong_number_of_values", sentence)
    arrays = []
    for name, item in zip(names, values, strict=True):
        try:
            array = np.array(float(item) if isinstance(item, Real) else item)  # a Fraction, too
            if array.dtype.kind not in "fiub":
                raise TypeError
        except Exception:
            sentence = f"`{name}` is to be made of numbers; yours is a `{type(item).__name__}`."
            raise AnswerError("returns_no_numbers", sentence) from None
        arrays.append(array.astype(float))
    return tuple(arrays)


def shaped_as(got: Arrays, expected: Arrays, names: tuple[str, ...]) -> None:
    """Raise unless arrays have the shapes they should."""
    for name, mine, theirs in zip(names, got, expected, strict=True):
        if mine.shape != theirs.shape:
            sentence = f"`{name}` has the wrong shape: yours {mine.shape}, expected {theirs.shape}."
            raise AnswerError("wrong_shape", sentence)


def close(got: Arrays, expected: Arrays, other: Run) -> bool:
    """Say whether a result equals one of another run but for rounding."""
    return len(got) == len(expected) and all(
        a.shape == b.shape
        and np.allclose(a, b, rtol=other.relative, atol=ABSOLUTE * other.scale, equal_nan=True)
        for a, b in zip(got, expected, strict=True)
    )


def first_difference(run: Run, reference: Run) -> int | None:
    """Return the number of the first call whose result differs, counted from 0."""
    for index, (got, expected) in enumerate(zip(run.results, reference.results, strict=False)):
        if not close(got, expected, reference):
            return index
    return len(run.results) if run.problem else None


def same(run: Run, other: Run) -> bool:
    """Say whether two runs cannot be told apart."""
    return (
        len(run.results) == len(other.results)
        and getattr(run.problem, "name", None) == getattr(other.problem, "name", None)
        and all(close(a, b, other) for a, b in zip(run.results, other.results, strict=True))
    )


def runs_of(
    exercise: CodeExercise, function: Callable[..., Any], references: list[Run | None]
) -> list[Run]:
    """Perform every probe with a function that we trust to end."""
    with np.errstate(all="ignore"):
        return [
            perform(exercise, function, probe, reference)
            for probe, reference in zip(exercise.probes, references, strict=True)
        ]


def reference_runs(exercise: CodeExercise) -> list[Run]:
    """Return what is expected on every probe."""
    reference = exercise.reference or exercise.solution
    return runs_of(exercise, reference, [None] * len(exercise.probes))


def hypotheses(exercise: CodeExercise, runs: list[Run], references: list[Run]) -> Iterator[Any]:
    """Yield the known mistakes that fit: their runs are the learner's, on every probe."""
    for mistake in exercise.mistakes:
        theirs = runs_of(exercise, mistake.function, list(references))
        if all(
            same(run, other) and other.changed <= run.changed
            for run, other in zip(runs, theirs, strict=True)
        ):
            yield mistake


def check(exercise: CodeExercise, answer: Any) -> Result:
    """Say whether a learner's function is right, and what is wrong with it where it is not."""
    misuse = not_such_a_function(exercise, answer)
    if misuse:
        return Result(exercise.id, False, (misuse,))

    references = reference_runs(exercise)
    runs, again = [Run() for _ in exercise.probes], Run()

    def work() -> None:
        for probe, reference, run in zip(exercise.probes, references, runs, strict=True):
            perform(exercise, answer, probe, reference, run)
        perform(exercise, answer, exercise.probes[0], references[0], again)

    ended, printed = guard.run(work)
    if not ended:
        sentence = f"`{exercise.name}` did not come to an end, and was stopped. Which loop goes on?"
        verdict = Result(exercise.id, False, (sentence,), ("does_not_end",))
    else:
        verdict = judge(exercise, runs, again, references)
    if printed.strip():
        verdict = replace(verdict, printed=printed.strip())
    return verdict


def not_such_a_function(exercise: CodeExercise, answer: Any) -> str:
    """Say why an answer cannot be called as the exercise wants it, or return nothing."""
    if answer is ...:
        return f"Not yet: write `{exercise.signature}`, and hand it over by its name."
    if not callable(answer):
        return f"Hand over the function itself, without calling it: `{exercise.call}`."
    wanted = inspect.signature(exercise.solution).parameters.values()
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):
        return ""  # it does not say how it is called: we shall see
    try:
        signature.bind(
            *(p.name for p in wanted if p.kind is not p.KEYWORD_ONLY),
            **{p.name: p.name for p in wanted if p.kind is p.KEYWORD_ONLY},
        )
    except TypeError:
        return f"It will be called as `{exercise.signature}`; yours takes `{signature}`."
    return ""


def judge(exercise: CodeExercise, runs: list[Run], again: Run, references: list[Run]) -> Result:
    """Compare what came out with what should have."""
    if runs[0].problem and runs[0].problem.name == "not_yet":
        return Result(exercise.id, False, (runs[0].problem.sentence,))
    if not same(runs[0], again):
        sentence = (
            "The same input gave another result the second time: your function remembers something "
            "between its calls (a global, a default list), or draws at random. All that it needs "
            "comes in by its arguments."
        )
        return Result(exercise.id, False, (sentence,), ("remembers_between_calls",))

    changed = sorted(set().union(*(run.changed for run in runs)))
    sentences, table, problem = where_they_part(exercise, runs, references)
    if not sentences and not changed:
        return Result(exercise.id, True, (f"Right, on all {len(runs)} probes.",))

    fitting = list(hypotheses(exercise, runs, references))
    if len(fitting) > 1:
        sentences.append(f"{len(fitting)} known mistakes give this result on every probe:")
    sentences += [f"{mistake.title}: {mistake.sentence}" for mistake in fitting]
    names = [mistake.name for mistake in fitting]
    if not fitting and problem:
        names.append(problem)
    if not fitting and changed:
        what = ", ".join(f"`{name}`" for name in changed)
        sentences.append(f"Your function changed {what}, which came from outside. Work on a copy.")
        names.append("changes_its_input")
    return Result(exercise.id, False, tuple(sentences), tuple(names), table)


def where_they_part(
    exercise: CodeExercise, runs: list[Run], references: list[Run]
) -> tuple[list[str], Table, str]:
    """Return what to say of the first call that differs, its numbers, and its problem if any."""
    for run, reference in zip(runs, references, strict=True):
        place = first_difference(run, reference)
        if place is None:
            continue
        step = f" at step {place + 1}," if len(reference.results) > 1 else ""
        sentences = [f"Not yet. It shows first{step} in the call `{run.calls[place]}`:"]
        table: Table = ()
        if place < len(run.results):
            got, expected = run.results[place], reference.results[place]
            parts = list(zip(exercise.returns, got, expected, strict=True))
            agree = [name for name, a, b in parts if close((a,), (b,), reference)]
            table = tuple(row(*part) for part in parts if part[0] not in agree)
            if agree:
                sentences.append(f"Right: {', '.join(f'`{name}`' for name in agree)}.")
        if run.problem and place == len(run.calls) - 1:  # and not at a later step
            return [*sentences, run.problem.sentence], table, run.problem.name
        return sentences, table, ""
    return [], (), ""


def row(name: str, got: np.ndarray, expected: np.ndarray) -> tuple[str, str, str]:
    """Return what is shown of two arrays: all numbers, or the one that is furthest off."""
    if got.size > SHOWN and got.shape == expected.shape:
        with np.errstate(invalid="ignore"):
            place = np.unravel_index(np.abs(got - expected).argmax(), got.shape)
        name = f"{name}[{', '.join(map(str, place))}]"
        got, expected = got[place], expected[place]
    digits = next((d for d in (6, 9, 12) if short(got, d) != short(expected, d)), 16)
    return name, short(got, digits), short(expected, digits)


def describe(arguments: dict[str, Any]) -> str:
    """Write arguments as they would be typed."""
    return ", ".join(
        f"{name}=..." if callable(value) else f"{name}={short(value)}"
        for name, value in arguments.items()
    )


def short(value: Any, digits: int = 6) -> str:
    """Write a value in few characters."""
    if isinstance(value, str | int):
        return repr(value)
    array = np.asarray(value)
    if array.size > SHOWN:
        return f"array of shape {array.shape}"
    return " ".join(np.array2string(array, precision=digits, separator=", ").split())
