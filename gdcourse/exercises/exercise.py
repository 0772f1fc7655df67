"""The three kinds of exercise: write a function, work out a number, choose a statement."""

from __future__ import annotations

import ast
import difflib
import html
import inspect
import json
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import _check
from . import checker
from .result import Result, markup

Function = Callable[..., Any]
DIFFICULTY = ("easy", "medium", "hard")
NUMBER = re.compile(r"\s*([-+−]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+−]?\d+)?)\s*(%?)\s*")


@dataclass(kw_only=True, eq=False)
class Exercise:
    """What all exercises have.

    Attributes
    ----------
    id : str
        The topic and a word, such as ``"line.threshold"``.
    title, text : str
        What is asked, in the book's Markdown.
    difficulty : {"easy", "medium", "hard"}
    minutes : int
        An honest estimate.
    hints : sequence of str
        From a nudge to nearly all of it.
    explanation : str
        Why the solution is one.
    """

    id: str
    title: str
    text: str
    difficulty: str
    minutes: int
    hints: tuple[str, ...]
    explanation: str

    kind = ""

    def __post_init__(self) -> None:
        _check.choice("difficulty", self.difficulty, DIFFICULTY)

    def check(self, answer: Any) -> Result:
        """Say whether the answer is right, and what is wrong with it where it is not."""
        raise NotImplementedError

    @property
    def call(self) -> str:
        """The line of a notebook that checks an answer."""
        return f'check("{self.id}", ...)'

    @property
    def answer_text(self) -> str:
        """The right answer in Markdown, where it is short."""
        return ""


@dataclass(frozen=True)
class Mistake:
    """A known way to get an exercise in code wrong, and a sentence that leads out of it."""

    function: Function
    sentence: str

    @property
    def name(self) -> str:
        """Its name, such as ``"velocity_reset"``."""
        return self.function.__name__

    @property
    def title(self) -> str:
        """Its name in words."""
        return self.name.replace("_", " ").capitalize()


def once(function: Function, *arguments: Any) -> None:
    """Call a function on one probe."""
    function(*arguments)


@dataclass(kw_only=True, eq=False)
class CodeExercise(Exercise):
    """Write a function, which is run on several probes beside the reference.

    Attributes
    ----------
    solution : function
        What a learner could write; its signature and docstring make the stub.
    probes : sequence of tuples
        Arguments for ``drive``, after the function.
    drive : function
        Calls the function it is given on a probe, and carries its state from call to call;
        by default it is called once. What each call returns is compared.
    reference : function, optional
        What answers are compared with, where the package has code of its own for it.
    returns : sequence of str
        Names for what the function returns.
    in_place : sequence of str
        Arguments that the function is asked to change instead of returning anything.
    relative : float
        What a number may be off, relative to itself: more than rounding where a learner may search
        for what the reference knows by formula.
    path : function, optional
        Given the function, the points it leads through, of shape (steps, 1) or (steps, 2): for
        figures of what a mistake does.
    """

    solution: Function
    probes: tuple[tuple[Any, ...], ...]
    drive: Function = once
    reference: Function | None = None
    returns: tuple[str, ...] = ("result",)
    in_place: tuple[str, ...] = ()
    relative: float = checker.RELATIVE
    path: Function | None = None
    mistakes: list[Mistake] = field(default_factory=list)

    kind = "code"

    def mistake(self, sentence: str) -> Callable[[Function], Function]:
        """Return a decorator that adds a known mistake, with a sentence that leads out of it."""

        def add(function: Function) -> Function:
            self.mistakes.append(Mistake(function, sentence))
            return function

        return add

    def check(self, answer: Any) -> Result:
        """Run the function on every probe, and compare it with the reference and the mistakes."""
        return checker.check(self, answer)

    @property
    def name(self) -> str:
        """What the function is called."""
        return self.solution.__name__

    @property
    def signature(self) -> str:
        """How the function is called, without types."""
        signature = inspect.signature(self.solution)
        bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
        return f"{self.name}{inspect.Signature(bare)}"

    @property
    def stub(self) -> str:
        """What a learner finds: the signature, the task and nothing else."""
        doc = textwrap.indent(f'"""{inspect.getdoc(self.solution)}"""', "    ")
        return f"def {self.signature}:\n{doc}\n    raise NotImplementedError\n"

    @property
    def source(self) -> str:
        """The solution as a learner could have written it."""
        body = textwrap.indent("\n".join(body_of(self.solution)), "    ")
        return f"def {self.signature}:\n{body}\n"

    def wrong_lines(self, mistake: Mistake) -> list[str]:
        """Return the lines of a mistake that the solution does not have."""
        lines = difflib.ndiff(body_of(self.solution), body_of(mistake.function))
        wrong = "\n".join(line[2:] for line in lines if line.startswith("+ "))
        return textwrap.dedent(wrong).splitlines()

    @property
    def call(self) -> str:
        """The line of a notebook that checks an answer."""
        return f'check("{self.id}", {self.name})'


def body_of(function: Function) -> list[str]:
    """Return the lines of a function below its signature and docstring."""
    source = textwrap.dedent(inspect.getsource(function))
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    statements = definition.body[ast.get_docstring(definition) is not None :]
    lines = source.splitlines()[statements[0].lineno - 1 : statements[-1].end_lineno]
    return textwrap.dedent("\n".join(lines)).splitlines()


@dataclass(kw_only=True, eq=False)
class NumberExercise(Exercise):
    """Work out a number.

    Attributes
    ----------
    answer : float
        What is right, within ``tolerance`` times itself.
    exact : str
        The answer as one would write it, such as ``"3/14"``.
    wrong : dict of str to (float, str)
        The values of known mistakes by name, each with a sentence that leads out of it.
    """

    answer: float
    exact: str
    wrong: Mapping[str, tuple[float, str]]
    tolerance: float = 2e-3

    kind = "number"

    def check(self, answer: Any) -> Result:
        """Compare the number with the answer, then with the known mistakes."""
        if answer is ...:
            sentence = "Not yet: write your number in place of the three dots."
            return Result(self.id, False, (sentence,), form=self.form)
        value = number(answer)
        if value is None:
            return Result(self.id, False, (NOT_A_NUMBER,))
        error = abs(value - self.answer) / abs(self.answer)
        if error <= self.tolerance:
            return Result(self.id, True, (f"Right: {self.exact}.{closeness(error)}",))
        for name, (known, sentence) in self.wrong.items():
            if abs(value - known) <= self.tolerance * abs(known):
                return Result(self.id, False, (sentence,), (name,))
        return Result(self.id, False, (self._far(value, error),))

    @property
    def answer_text(self) -> str:
        """The answer as one would write it."""
        return f"**{self.exact}.**\n\n"

    def _far(self, value: float, error: float) -> str:
        if error <= NEAR:
            return f"{TOO_FAR_BUT_NEAR}{closeness(error)}"
        if value * self.answer < 0:
            return WRONG_SIGN
        return TOO_LARGE if abs(value) > abs(self.answer) else TOO_SMALL

    @property
    def form(self) -> str:
        """The same check for a page without a kernel."""
        data = {
            "answer": self.answer,
            "tolerance": self.tolerance,
            "near": NEAR,
            "ladder": LADDER,
            "right": f"Right: {markup(self.exact)}.",
            "wrong": [[value, markup(sentence)] for value, sentence in self.wrong.values()],
            "notANumber": markup(NOT_A_NUMBER),
            "close": TOO_FAR_BUT_NEAR,
            "sign": WRONG_SIGN,
            "large": TOO_LARGE,
            "small": TOO_SMALL,
        }
        field = (
            '<label>Your number <input type="text" name="answer" autocomplete="off"'
            ' inputmode="text" spellcheck="false" size="12"></label>'
        )
        return form(self, "number", field, data)


NEAR = 0.05
LADDER = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, NEAR)
NOT_A_NUMBER = "That is not one number. Write it as `0.25`, `1/4` or `2.5e-1`."
TOO_FAR_BUT_NEAR = "Close, but not there: check small terms and the last digits."
WRONG_SIGN = "Not yet: the sign is wrong."
TOO_LARGE = "Not yet: too large."
TOO_SMALL = "Not yet: too small."


def number(answer: Any) -> float | None:
    """Read a number, a fraction written as text, or anything that stands for one number."""
    if isinstance(answer, str):
        parts = [NUMBER.fullmatch(part) for part in answer.split("/")]
        if not 1 <= len(parts) <= 2 or None in parts:
            return None
        values = [float(m[1].replace("−", "-")) / (100 if m[2] else 1) for m in parts if m]
        if len(values) == 2 and values[1] == 0:
            return None
        return values[0] / values[1] if len(values) == 2 else values[0]
    try:
        array = np.asarray(answer)
        if array.dtype.kind == "c":
            return None
        array = array.astype(float)
    except (TypeError, ValueError):
        try:
            array = np.asarray(float(answer))
        except Exception:
            return None
    value = float(array.reshape(-1)[0]) if array.size == 1 else np.nan
    return value if np.isfinite(value) and not isinstance(answer, bool) else None


def closeness(error: float) -> str:
    """Say how near a number is, in steps of ten; of an exact one there is nothing to say."""
    for step in LADDER:
        if 0 < error <= step:
            return f" Yours is within {100 * step:g} %."
    return ""


@dataclass(kw_only=True, eq=False)
class ChoiceExercise(Exercise):
    """Choose the statement that holds.

    Attributes
    ----------
    choices : sequence of (str, str)
        What can be chosen, and what is said to who chooses it.
    right : str
        The letter of the right choice.
    names : sequence of str
        The name of the mistake behind each choice; empty for the right one.
    """

    choices: tuple[tuple[str, str], ...]
    right: str
    names: tuple[str, ...]

    kind = "choice"

    @property
    def answer_text(self) -> str:
        """The letter of the right choice."""
        return f"**{self.right}).**\n\n"

    @property
    def letters(self) -> str:
        """The letters of the choices."""
        return "abcdefgh"[: len(self.choices)]

    def check(self, answer: Any) -> Result:
        """Compare the letter with the right one."""
        if answer is ...:
            sentence = "Not yet: write the letter of your choice, in quotes, in place of the dots."
            return Result(self.id, False, (sentence,), form=self.form)
        letter = answer.strip().strip("()").lower() if isinstance(answer, str) else ""
        if len(letter) != 1 or letter not in self.letters:
            known = ", ".join(f'"{known}"' for known in self.letters)
            return Result(self.id, False, (f"Choose one of {known}.",))
        index = self.letters.index(letter)
        sentence = self.choices[index][1]
        if letter == self.right:
            return Result(self.id, True, (f"Right. {sentence}",))
        return Result(self.id, False, (f"Not that one. {sentence}",), (self.names[index],))

    @property
    def form(self) -> str:
        """The same check for a page without a kernel."""
        answers = [self.check(letter) for letter in self.letters]
        data: dict[str, Any] = {
            letter: [answer.passed, markup(answer.message)]
            for letter, answer in zip(self.letters, answers, strict=True)
        }
        data["choose"] = markup(self.check("").message)
        buttons = "".join(
            f'<label><input type="radio" name="answer" value="{letter}"> {letter}</label>'
            for letter in self.letters
        )
        fieldset = f"<fieldset><legend>Your choice</legend>{buttons}</fieldset>"
        return form(self, "choice", fieldset, data)


def form(exercise: Exercise, kind: str, fields: str, data: Mapping[str, Any]) -> str:
    """Return a form that the site's script brings to life; without it, a line for a notebook."""
    wait = markup(f"Write your answer in place of the dots: `{exercise.call}`.")
    payload = html.escape(json.dumps(data, ensure_ascii=False), quote=True)
    return (
        f'<p class="gd-wait">{wait}</p>'
        f'<form class="gd-exercise" hidden data-id="{exercise.id}" data-kind="{kind}" '
        f'data-check="{payload}" '
        f'aria-label="{html.escape(exercise.title)}">{fields}'
        '<button type="submit">Check</button><output aria-live="polite"></output></form>'
    )
