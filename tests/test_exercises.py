"""Exercises: every answer is right, every known mistake is named, nothing breaks the checker."""

import gc
import json
import re
import subprocess
import sys
import threading
import time
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from gdcourse import descend, exercises
from gdcourse.exercises import (
    all_ids,
    chapters,
    check,
    checker,
    get,
    hint,
    progress,
    record,
    solution,
)
from gdcourse.exercises.exercise import (
    DIFFICULTY,
    ChoiceExercise,
    CodeExercise,
    NumberExercise,
    number,
)
from gdcourse.landscapes import Quadratic
from gdcourse.models import MLP, LinearRegression, LogisticRegression
from gdcourse.oracles import Batch, MiniBatch
from gdcourse.rules import SGD, Momentum
from tools import exercises as tool

EVERY = [exercise for group in chapters().values() for exercise in group]
CODE = [exercise for exercise in EVERY if isinstance(exercise, CodeExercise)]
NUMBERS = [exercise for exercise in EVERY if isinstance(exercise, NumberExercise)]
CHOICES = [exercise for exercise in EVERY if isinstance(exercise, ChoiceExercise)]
MISTAKES = [(exercise, mistake) for exercise in CODE for mistake in exercise.mistakes]
ROOT = str(Path(exercises.__file__).parents[2])
FEWER = {"explorer.in_place": 4}  # one line of code has few ways to be wrong


def name_of(value):
    return getattr(value, "id", None) or getattr(value, "name", None)


each = pytest.mark.parametrize("exercise", EVERY, ids=name_of)
each_code = pytest.mark.parametrize("exercise", CODE, ids=name_of)
each_number = pytest.mark.parametrize("exercise", NUMBERS, ids=name_of)
each_choice = pytest.mark.parametrize("exercise", CHOICES, ids=name_of)
each_mistake = pytest.mark.parametrize(("exercise", "mistake"), MISTAKES, ids=name_of)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Let each test keep its own record of what is solved."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def defined(source: str, name: str):
    """Run source as a learner's cell would, and return the function it defines."""
    space = {"np": np}
    exec(compile(source, "<cell>", "exec"), space)
    return space[name]


# --- every exercise in code


@each_code
def test_solution_passes(exercise):
    result = check(exercise.id, exercise.solution)
    assert result.passed and not result.mistakes, result


@each_code
def test_solution_as_shown_passes(exercise):
    assert check(exercise.id, defined(exercise.source, exercise.name)).passed


@each_code
def test_stub_is_told_not_yet(exercise):
    result = check(exercise.id, defined(exercise.stub, exercise.name))
    assert not result.passed and not result.mistakes
    assert result.message.startswith("Not yet")


@each_mistake
def test_known_mistake_fails_and_is_named(exercise, mistake):
    result = check(exercise.id, mistake.function)
    assert not result.passed
    assert result.mistakes == (mistake.name,)
    assert mistake.sentence in result.message


# The rate with a given floor is twice the best one at that height: one is the other's slip.
COINCIDE = {("stochastic.rate_for", "decay.best_rate")}


@each_code
def test_no_other_solution_is_taken_for_right_or_for_a_known_mistake(exercise):
    for other in CODE:
        if other is not exercise and (exercise.id, other.id) not in COINCIDE:
            result = check(exercise.id, other.solution)
            known = {mistake.name for mistake in exercise.mistakes}
            assert not result.passed and not known & set(result.mistakes), (other.id, result)


def test_table_of_exercises_and_mistakes(record_property):
    """Every two mistakes are told apart by some probe; a pair that is not would be listed here."""
    row = "{:<22} {:<7} {:<7} {:>6} {:>8}  {}".format
    lines = [row("exercise", "kind", "level", "probes", "mistakes", "pairs not separated")]
    for exercise in EVERY:
        probes, pairs = "-", []
        if isinstance(exercise, CodeExercise):
            known = len(exercise.mistakes)
            probes = len(exercise.probes)
            pairs = pairs_not_separated(exercise)
        else:
            known = len(exercise.wrong if exercise in NUMBERS else exercise.names[1:])
        lines.append(
            row(exercise.id, exercise.kind, exercise.difficulty, probes, known, ", ".join(pairs))
        )
        assert not pairs
    lines.append(f"{len(EVERY)} exercises, {len(CODE)} in code with {len(MISTAKES)} known mistakes")
    record_property("table", "\n".join(lines))


def pairs_not_separated(exercise):
    """Return the pairs of mistakes whose runs are the same on every probe."""
    references = checker.reference_runs(exercise)
    runs = {m.name: checker.runs_of(exercise, m.function, references) for m in exercise.mistakes}
    return [
        f"{a} = {b}"
        for a, b in combinations(runs, 2)
        if all(
            checker.same(x, y) and x.changed == y.changed
            for x, y in zip(runs[a], runs[b], strict=True)
        )
    ]


def test_two_mistakes_that_fit_are_both_listed():
    """On the rate 1/10 with momentum 9/10 an average and a rate applied twice give the same points.

    (1 - 9/10 = 1/10; the velocities coincide as well.) A second rate tells them apart.
    """
    momentum = get("momentum.step")
    one_probe = replace(momentum, probes=momentum.probes[:1])
    average = next(m for m in momentum.mistakes if m.name == "average_instead_of_sum")
    assert set(one_probe.check(average.function).mistakes) == {
        "average_instead_of_sum",
        "rate_applied_twice",
    }
    assert momentum.check(average.function).mistakes == ("average_instead_of_sum",)


def test_no_mistake_is_claimed_when_none_fits():
    def step(x, g, lr):
        return x - lr * g**3

    result = check("explorer.step", step)
    assert not result.passed and result.mistakes == ()
    assert "known mistake" not in result.message


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("velocity_reset", 0.625),
        ("average_instead_of_sum", 0.94441),
        ("rate_applied_twice", 0.94441),
        ("point_before_velocity", 0.799),
        ("looked_ahead", 0.12469),
        ("dampened_after_the_first", 0.6349),
        (None, 0.4441),
    ],
)
def test_mistakes_of_momentum_leave_their_fingerprints(name, expected):
    momentum = get("momentum.step")
    function = {m.name: m.function for m in momentum.mistakes}.get(name, momentum.solution)
    run = checker.perform(momentum, function, momentum.probes[0])
    assert run.results[-1][0][0] == pytest.approx(expected, abs=1e-12)


def test_first_difference_is_shown_with_yours_and_what_is_expected():
    result = check("momentum.step", get("momentum.step").mistakes[0].function)
    assert "step 2" in result.sentences[0] and "g=[-0.5]" in result.sentences[0]
    assert result.table == (("x", "[0.95]", "[0.86]"), ("v", "[-0.5]", "[0.4]"))
    assert "x: yours [0.95], expected [0.86]" in result.message


def test_checking_takes_little_processor_time():
    for exercise in CODE:
        start = time.process_time()
        check(exercise.id, exercise.mistakes[0].function)
        assert time.process_time() - start < 1


@each_code
def test_reference_shares_nothing_with_the_learner(exercise):
    """A learner who writes into all inputs spoils no later check."""

    def vandal(*args, **kwargs):
        for value in (*args, *kwargs.values()):
            if isinstance(value, np.ndarray):
                value[...] = 7
        raise RuntimeError

    assert not check(exercise.id, vandal).passed
    assert check(exercise.id, exercise.solution).passed


# --- what learners write


def raises(x, g, lr):
    scale = 0
    return x / scale if isinstance(x, float) else {}["nothing"]


def loops(x, g, lr):
    while True:
        pass


def loops_and_catches(x, g, lr):
    while True:
        try:  # noqa: SIM105
            x = x + 1
        except:  # noqa: E722
            pass


def sleeps(x, g, lr):
    time.sleep(1000)


def prints_for_ever(x, g, lr):
    while True:
        print("again")


def recurses(x, g, lr):
    return recurses(x, g, lr)


def leaves(x, g, lr):
    sys.exit(3)


def interrupts(x, g, lr):
    raise KeyboardInterrupt


def returns_nothing(x, g, lr):
    x - lr * g


def changes_in_place(x, g, lr):
    x -= lr * g


def changes_and_returns(x, g, lr):
    x -= lr * g
    return x


def keeps_state(x, g, lr, seen=[]):  # noqa: B006
    seen.append(1)
    return x - lr * g * (len(seen) < 3)


def draws_at_random(x, g, lr):
    return x - lr * g + np.random.default_rng().normal()


def returns_nan(x, g, lr):
    return x * np.nan


def adds_an_axis(x, g, lr):
    return (x - lr * g)[None]


def returns_text(x, g, lr):
    return "0.9"


def returns_complex(x, g, lr):
    return x - 1j * g


def returns_ragged(x, g, lr):
    return [1, [2, 3]]


def takes_too_little(x, g):
    return x - g


def rounds(x, g, lr):
    return (x - lr * g).astype(int)


class Odd:
    def __repr__(self):
        raise RuntimeError

    def __array__(self, *args, **kwargs):
        raise RuntimeError


def returns_odd(x, g, lr):
    return Odd()


WRITTEN = [
    (raises, "KeyError: 'nothing', in line 3 of `raises`: `return x / scale", ()),
    (loops, "did not come to an end", ("does_not_end",)),
    (loops_and_catches, "did not come to an end", ("does_not_end",)),
    (prints_for_ever, "It printed: again\nagain", ("does_not_end",)),
    (recurses, "RecursionError", ("raises_RecursionError",)),
    (leaves, "SystemExit: 3", ("raises_SystemExit",)),
    (interrupts, "KeyboardInterrupt", ("raises_KeyboardInterrupt",)),
    (returns_nothing, "Is there a `return` at its end?", ("returns_nothing",)),
    (changes_in_place, "changed `x` in place. Here the new values", ("returns_nothing",)),
    (changes_and_returns, "Your function changed `x`", ("changes_its_input",)),
    (keeps_state, "remembers something", ("remembers_between_calls",)),
    (draws_at_random, "draws at random", ("remembers_between_calls",)),
    (returns_nan, "yours [nan]", ()),
    (adds_an_axis, "yours (1, 1), expected (1,)", ("wrong_shape",)),
    (returns_text, "yours is a `str`", ("returns_no_numbers",)),
    (returns_complex, "yours is a `ndarray`", ("returns_no_numbers",)),
    (returns_ragged, "yours is a `list`", ("returns_no_numbers",)),
    (returns_odd, "yours is a `Odd`", ("returns_no_numbers",)),
    (rounds, "yours [0.], expected [0.9]", ()),
    (takes_too_little, "yours takes `(x, g)`", ()),
    (0.9, "Hand over the function itself", ()),
    (None, "Hand over the function itself", ()),
    (..., "Not yet", ()),
    (int, "", ()),
    (np.add, "", ()),
]


@pytest.mark.parametrize(
    ("answer", "words", "names"), WRITTEN, ids=lambda v: getattr(v, "__name__", "")
)
def test_whatever_is_written_is_answered_in_words(answer, words, names):
    result = check("explorer.step", answer)
    assert not result.passed and result.message
    assert words in result.message, result.message
    assert set(names) <= set(result.mistakes), result
    assert "gdcourse/exercises" not in result.message
    assert "<" in result._repr_html_()


def test_collector_of_garbage_neither_spends_the_limit_nor_stays_off():
    seen = []
    assert exercises.checker.guard.run(lambda: seen.append(gc.isenabled()))[0]
    assert seen == [False] and gc.isenabled()


def test_function_that_sleeps_is_stopped_by_the_clock(monkeypatch):
    monkeypatch.setattr(exercises.checker.guard, "CLOCK_SECONDS", 0.1)
    monkeypatch.setattr(exercises.checker.guard, "GRACE_SECONDS", 0.1)
    assert check("explorer.step", sleeps).mistakes == ("does_not_end",)


def test_loop_that_never_stops_asking_is_stopped_by_a_count_of_calls():
    def descent(gradient, x0, lr, num_steps):
        x = x0
        while np.linalg.norm(gradient(x)) > 0:
            x = x + 0 * x
        return x

    result = check("explorer.descent", descent)
    assert result.mistakes == ("does_not_end",)
    assert "more than 10,000 times" in result.message


def test_ended_loop_leaves_no_thread_behind():
    before = threading.active_count()
    check("explorer.step", loops)
    assert threading.active_count() == before


def test_checks_in_two_threads_do_not_mix():
    results = {}

    def work(name):
        results[name] = check(name, get(name).solution).passed

    out = sys.stdout
    threads = [threading.Thread(target=work, args=(e.id,)) for e in CODE]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(results[exercise.id] for exercise in CODE)
    assert sys.stdout is out


def test_kernel_lives_on_after_an_endless_loop(folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", ROOT)
    cells = [
        "from gdcourse.exercises import check\nmarker = 42",
        "def step(x, g, lr):\n    while True:\n        pass",
        'print(check("explorer.step", step).mistakes)',
        "def step(x, g, lr):\n    y = x - lr * g\n    return y + [1, 2, 3, 4, 5][x]\n\n"
        'check("explorer.step", step)',
        "print(marker)",
    ]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}}).execute()
    assert notebook.cells[2].outputs[0].text == "('does_not_end',)\n"
    assert notebook.cells[4].outputs[0].text == "42\n"
    shown = notebook.cells[3].outputs[0].data
    assert "line 3 of `step`: `return y" in shown["text/plain"]
    assert "line 3 of <code>step</code>" in shown["text/html"]


def test_lists_and_plain_numbers_are_as_good_as_arrays():
    def step(x, g, lr):
        return (x - lr * g).tolist()

    assert check("explorer.step", step).passed

    def slope(g, u):
        return float(sum(a * b for a, b in zip(g, u, strict=True)) / sum(b * b for b in u) ** 0.5)

    assert check("gradient.slope", slope).passed


def test_returned_result_where_writing_is_asked_for_is_named():
    result = check("explorer.in_place", lambda x, g, lr: x - lr * g)
    assert result.mistakes == ("returns_instead_of_writing",)


def test_what_was_printed_is_shown():
    def step(x, g, lr):
        print("x is", x)
        return x - lr * g

    result = check("explorer.step", step)
    assert result.passed and "x is [1.]" in result.message and "x is" in result._repr_html_()


def test_message_is_escaped_in_html():
    def step(x, g, lr):
        raise ValueError("<script>alert(1)</script>")

    assert "<script>" not in check("explorer.step", step)._repr_html_()


def test_callable_object_and_partial_are_functions_too():
    class Step:
        def __call__(self, x, g, lr):
            return x - lr * g

    assert check("explorer.step", Step()).passed


# --- numbers and choices


@each_number
def test_exact_number_passes_in_every_form(exercise):
    digits = f"{exercise.answer:.9g}"
    forms = [exercise.answer, np.float64(exercise.answer), np.array([exercise.answer]), digits]
    forms += [f" {digits} ", f"{2 * exercise.answer!r}/2", f"{100 * exercise.answer!r} %"]
    for form in forms:
        assert check(exercise.id, form).passed, form


@pytest.mark.parametrize("answer", [0.2142857, "3/14", "0.214", 0.214, "21.43 %", 3 / 14, "3 / 14"])
def test_equivalent_forms_of_a_threshold_pass(answer):
    assert check("line.threshold", answer).passed


def test_passed_number_is_told_how_close_it_is():
    assert "within 1 %" in check("line.threshold", 0.214).message
    assert "within 0.0001 %" in check("line.threshold", 0.2142857).message
    assert check("line.threshold", "3/14").message.endswith("0.2142857.")


NAMED = [(e, name, value) for e in NUMBERS for name, (value, _) in e.wrong.items()]


@pytest.mark.parametrize(("exercise", "name", "value"), NAMED, ids=lambda v: name_of(v) or str(v))
def test_known_wrong_number_is_named_and_no_right_one_is(exercise, name, value):
    result = check(exercise.id, value)
    assert result.mistakes == (name,) and not result.passed
    assert result.message == exercise.wrong[name][1]


@each_number
def test_named_numbers_do_not_overlap(exercise):
    values = [exercise.answer, *(value for value, _ in exercise.wrong.values())]
    for a, b in combinations(values, 2):
        assert abs(a - b) > 2 * exercise.tolerance * max(abs(a), abs(b)), (a, b)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (0.22, "Close"),
        (0.9, "too large"),
        (0.01, "too small"),
        (-0.21, "sign"),
        ("abc", "not one number"),
        ("1/0", "not one number"),
        ("1/2/3", "not one number"),
        ("", "not one number"),
        ([1, 2], "not one number"),
        (np.nan, "not one number"),
        (np.inf, "not one number"),
        (None, "not one number"),
        (True, "not one number"),
        (object(), "not one number"),
        (lambda: 3, "not one number"),
        (..., "in place of the three dots"),
    ],
)
def test_other_numbers_are_told_where_they_lie(answer, words):
    result = check("line.threshold", answer)
    assert words in result.message and not result.passed and not result.mistakes


@each_number
def test_answer_as_written_is_the_answer(exercise):
    last = exercise.exact.rpartition("= ")[2].rstrip("°")
    assert number(last) == pytest.approx(exercise.answer, rel=1e-4)


@each
def test_prose_of_an_exercise_quotes_no_number_that_nothing_proves(exercise):
    assert not re.findall(r"\d\.\d", exercise.text + exercise.explanation)


@each_choice
def test_one_choice_is_right_and_the_others_are_named(exercise):
    results = {letter: check(exercise.id, letter) for letter in exercise.letters}
    assert [letter for letter, result in results.items() if result.passed] == [exercise.right]
    wrong = [result.mistakes for letter, result in results.items() if letter != exercise.right]
    assert len(set(wrong)) == len(wrong) and all(len(names) == 1 for names in wrong)
    assert check(exercise.id, f" ({exercise.right.upper()}) ").passed


@pytest.mark.parametrize("answer", ["", "e", "ab", 1, None, ..., ["a"], print])
def test_what_is_no_choice_is_told_the_choices(answer):
    result = check("line.boundary", answer)
    assert not result.passed and not result.mistakes and result.message


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 1e-3), ("−0.5", -0.5), ("+.5", 0.5), ("5.", 5.0), ("1/-4", -0.25), ("50%", 0.5)],
)
def test_numbers_are_read_as_people_write_them(text, value):
    assert number(text) == value


# --- each answer is what the package measures

LINE = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0])
WIDE = np.array([[1.0], [2.0], [4.0]]), np.array([2.0, 4.0, 8.0])
MODEL = LinearRegression(1, intercept=False)


def line_error(lr, num_steps, oracle=None):
    oracle = oracle or Batch(MODEL, *LINE)
    return 2 - descend(oracle, [1.0], SGD(lr), num_steps).x[-1, 0]


def test_angle_of_the_steepest_slope_is_found_by_scanning_them():
    angles = np.linspace(0, 360, 36001)
    slopes = [-5, 12] @ np.array([np.cos(np.deg2rad(angles)), np.sin(np.deg2rad(angles))])
    assert angles[slopes.argmax()] == pytest.approx(get("gradient.angle").answer, abs=0.01)


def test_share_of_the_promise_that_half_the_best_rate_keeps_is_measured():
    rates = np.linspace(0, 0.25, 2001)
    promised = rates * (1 - 8 * rates / 2)
    best = promised.argmax()
    share = promised[best // 2] / promised[best]
    assert rates[best] == 1 / 8 and share == pytest.approx(get("gradient.promise").answer)


def test_zigzag_of_an_exact_line_search_loses_a_tenth_in_the_valley_of_the_exercise():
    kappa = get("explorer.zigzag").answer
    valley = Quadratic([1.0, kappa])
    x = np.array([1.0, 1 / kappa])
    rate = get("explorer.line_search").solution(np.diag([1.0, kappa]), x)
    after = x - rate * valley.gradient(x)
    assert valley(after) / valley(x) == pytest.approx(0.9, rel=1e-12)


def test_start_on_an_axis_needs_one_step():
    x = np.array([0.0, 1.0])
    rate = get("explorer.line_search").solution(np.diag([1.0, 100.0]), x)
    assert np.all(x - rate * np.array([1.0, 100.0]) * x == 0)
    assert get("explorer.axis").right == "a"


def test_patience_is_counted_by_walking():
    valley = Quadratic([1.0, 40.0])
    rate = get("explorer.rate").solution(np.diag([1.0, 40.0]))
    x = descend(valley.gradient, [1.0, 1.0], SGD(rate), 200).x
    arrived = int(np.argmax(np.linalg.norm(x, axis=1) <= 1e-3 * np.linalg.norm(x[0])))
    assert arrived == get("explorer.patience").answer


def test_thresholds_of_the_line_separate_arriving_from_diverging():
    threshold = get("line.threshold").answer
    assert abs(line_error(0.999 * threshold, 4000)) < 1e-3
    assert abs(line_error(1.001 * threshold, 4000)) > 1e3
    at = descend(Batch(MODEL, *LINE), [1.0], SGD(threshold), 4).x[:, 0]
    assert at == pytest.approx([1, 3, 1, 3, 1]) and get("line.boundary").right == "b"


def test_epochs_and_factor_of_the_line_are_measured():
    error = line_error(0.01, 50, Batch(MODEL, *WIDE))
    assert error == pytest.approx(get("line.epochs").answer, rel=1e-9)
    oracle = MiniBatch(MODEL, *(part[[2, 0, 1]] for part in WIDE), 2, order="fixed")
    assert line_error(0.01, 2, oracle) == pytest.approx(get("line.factor").answer, rel=1e-12)


def test_mean_square_threshold_is_where_the_mean_factor_is_one():
    def mean_factor(lr):
        return np.mean((1 - 2 * lr * WIDE[0][:, 0] ** 2) ** 2)

    lr = get("line.mean_square").answer
    assert mean_factor(lr) == pytest.approx(1, abs=1e-12)
    assert mean_factor(0.99 * lr) < 1 < mean_factor(1.01 * lr)


def test_shuffling_the_line_changes_nothing():
    ends = [
        line_error(0.01, 3, MiniBatch(MODEL, *LINE, 1, rng=np.random.default_rng(seed)))
        for seed in range(6)
    ]
    assert np.ptp(ends) < 1e-15 and get("line.shuffling").right == "c"


def test_numbers_about_models_are_those_of_the_models():
    assert MLP((784, 20, 10)).num_parameters == get("models.parameters").answer
    model = LogisticRegression(3, 10)
    X, y = np.random.default_rng(0).normal(size=(7, 3)), np.arange(7)
    theta = np.zeros(model.num_parameters)
    assert model.loss(theta, X, y) == pytest.approx(get("models.first_loss").answer, rel=1e-12)


@pytest.mark.parametrize(
    ("random", "moved"),
    [("", [["b2"], ["b2"]]), ("W1", [["W2", "b2"], ["W1", "b1", "W2", "b2"]])],
)
def test_network_that_starts_at_zero_in_its_last_layer_moves_that_first(random, moved):
    model = MLP((3, 4, 2))
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(9, 3)), np.array([0, 0, 0, 0, 0, 1, 1, 0, 1])
    theta = np.zeros(model.num_parameters)
    if random:
        model.unpack(theta)[random][...] = rng.normal(size=(3, 4))
    for expected in moved:
        g = model.gradient(theta, X, y)
        assert [name for name, part in model.unpack(g).items() if part.any()] == expected
        theta = theta - 0.1 * g
    assert get("models.zero").right == "b"


def test_wrong_shape_of_a_later_step_is_not_said_of_the_first_that_differs():
    result = check("minibatch.batch_at", lambda order, B, t: order[t * B % len(order) :][:B])
    assert "t=3" in result.message and "shape" not in result.message
    assert result.mistakes == ("place_by_samples_drawn",)


def test_only_what_is_wrong_is_shown_and_a_large_array_by_its_worst_number():
    backward = get("models.backward")
    slope = next(m for m in backward.mistakes if m.name == "slope_forgotten")
    result = check("models.backward", slope.function)
    assert [name for name, *_ in result.table] == ["dW1", "db1"]
    assert "Right: `dW2`, `db2`." in result.sentences
    assert "shape" not in result.message
    large = replace(backward, probes=backward.probes[2:]).check(slope.function)
    assert large.table[0][0] == "dW1[2, 0]"
    assert "a `dict`" in check("models.backward", lambda X, A, W2, dZ2: {"dW1": X}).message
    assert "yours: 0" in check("models.backward", lambda X, A, W2, dZ2: ()).message


def test_array_of_a_complex_number_is_no_number():
    assert check("line.threshold", np.array([3 / 14])).passed
    assert not check("line.threshold", np.array([3 / 14 + 0j])).passed


def test_only_the_exercise_with_a_tolerance_of_its_own_takes_what_a_search_finds():
    def searched(name):
        return lambda *arguments: get(name).solution(*arguments) * (1 + 1e-7)

    assert check("decay.best_rate", searched("decay.best_rate")).passed
    assert not check("stochastic.rate_for", searched("stochastic.rate_for")).passed


def test_numbers_that_differ_late_are_shown_so_far_that_it_is_seen():
    assert checker.row("x", np.float64(0.5), np.float64(0.25)) == ("x", "0.5", "0.25")
    assert checker.row("x", np.float64(1.00000004), np.float64(1)) == ("x", "1.00000004", "1.")


def test_any_constant_but_the_largest_score_is_told_to_overflow():
    for other in (lambda Z: Z.min(1), lambda Z: Z.mean(1), lambda Z: Z[:, 0], lambda Z: Z[:, -1]):

        def softmax(Z, other=other):
            E = np.exp(Z - other(Z)[:, None])
            return E / E.sum(axis=1, keepdims=True)

        assert check("models.softmax", softmax).mistakes == ("not_the_largest_subtracted",)


def test_package_is_the_reference_where_it_has_code_of_its_own():
    assert get("momentum.step").solution is Momentum.step
    for id in ("explorer.step", "explorer.descent", "line.gradient", "line.epoch"):
        assert get(id).reference is not None
    for id in ("line.mini_batches", "models.logistic", "models.hinge", "models.backward"):
        assert get(id).reference is not None


# --- the four functions


def test_unknown_name_lists_names_that_are_near():
    assert "momentum.step" in check("momentun.step", 1).message
    assert "line.threshold" in check("threshold", 1).message
    assert "all_ids()" in check("qqqq", 1).message
    for odd in (None, 3, [], print):
        assert not check(odd, 1).passed
    assert "momentum.step" in repr(hint("momentum.stop")) + repr(solution("momentum.stop"))


def test_all_ids_lists_every_exercise_once():
    assert len(all_ids()) == len(set(all_ids())) == len(EVERY)


def test_hints_come_one_at_a_time(monkeypatch):
    monkeypatch.setattr(exercises, "_hints_given", {})
    given = get("line.threshold").hints
    texts = [repr(hint("line.threshold")) for _ in range(len(given) + 2)]
    assert [text.split(": ", 1)[1] for text in texts[: len(given)]] == list(given)
    assert "solution(" in texts[-2] and texts[-1] == texts[-2]


@each
def test_solution_shows_source_and_explanation(exercise):
    shown = solution(exercise.id)
    assert exercise.explanation.strip() in shown._repr_markdown_()
    if isinstance(exercise, CodeExercise):
        assert exercise.source in repr(shown) and "```python" in shown._repr_markdown_()
    else:
        assert exercise.answer_text.strip() in repr(shown)


def test_progress_draws_what_is_solved():
    check("explorer.step", get("explorer.step").solution)
    check("line.threshold", 0.1)
    rows = [line.split() for line in repr(progress()).splitlines()]
    assert ["explorer", "■□□□□□□□□", "1", "of", "9"] in rows
    assert ["line", "□□□□□□□□□", "0", "of", "9"] in rows


def test_record_survives_damage(folder):
    record.add("line.threshold")
    before = record.FILE.read_bytes()
    record.FILE.write_bytes(before[:-4] + b"\xff\x00\x80 not text")
    record.add("line.factor")
    assert {"line.threshold", "line.factor"} <= record.solved()
    record.FILE.write_bytes(b"")
    assert record.solved() == set()
    record.FILE.unlink()
    assert record.solved() == set() and "0 of" in repr(progress())


def test_record_that_cannot_be_written_is_done_without(folder):
    Path(record.FILE).mkdir()
    assert check("line.threshold", "3/14").passed
    assert record.solved() == set()


def test_concurrent_writes_are_all_kept(folder):
    script = (
        "import sys\nfrom gdcourse.exercises import record\n"
        "for i in range(50): record.add(f'exercise.{sys.argv[1]}.{i}')\n"
    )
    jobs = [
        subprocess.Popen([sys.executable, "-c", script, str(n)], env={"PYTHONPATH": ROOT})
        for n in range(4)
    ]
    assert [job.wait() for job in jobs] == [0] * 4
    assert record.solved() == {f"exercise.{n}.{i}" for n in range(4) for i in range(50)}


def test_solving_twice_is_written_once():
    for _ in range(3):
        check("line.threshold", "3/14")
    assert record.FILE.read_text().count("line.threshold") == 1


# --- the book


def test_every_chapter_has_enough_exercises_from_easy_to_hard():
    for chapter, group in chapters().items():
        levels = [DIFFICULTY.index(exercise.difficulty) for exercise in group]
        assert len(group) >= 6, chapter
        assert sum(exercise.kind == "code" for exercise in group) >= 3, chapter
        assert levels == sorted(levels), chapter


@each
def test_exercise_is_complete(exercise):
    topic, _, word = exercise.id.partition(".")
    assert topic and word and exercise.title and exercise.text.strip()
    assert 1 <= exercise.minutes <= 30 and exercise.hints and exercise.explanation.strip()


@each_code
def test_exercise_in_code_knows_enough_mistakes(exercise):
    assert len(exercise.mistakes) >= FEWER.get(exercise.id, 5)
    assert len(exercise.stub.splitlines()) <= 15


@each_mistake
def test_mistake_has_a_sentence_and_lines_of_its_own(exercise, mistake):
    assert mistake.sentence.endswith((".", "?")) and len(mistake.sentence) <= 200
    assert exercise.wrong_lines(mistake)
    lines = [line.strip() for line in exercise.source.splitlines() if "=" in line]
    assert not any(line in mistake.sentence for line in lines), "it gives the cure away"


@each_number
def test_number_knows_its_mistakes(exercise):
    assert len(exercise.wrong) >= 3


def test_pages_hold_what_the_checker_knows(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert tool.stale() == [], "run: .venv/bin/python -m tools.exercises"


def test_changed_page_is_found_out(monkeypatch, folder):
    for part, group in exercises.PARTS.items():
        for chapter in group:
            path = Path("book", part, f"{chapter}.ipynb")
            path.parent.mkdir(parents=True, exist_ok=True)
            cells = [nbformat.v4.new_markdown_cell("# A\n\n## Summary\n\n## References\n\nnone")]
            nbformat.write(new_notebook(cells=cells), path)
    Path("book/appendix").mkdir()
    assert len(tool.stale()) == 1 + len(exercises.PARTS) + len(chapters())
    tool.main()
    assert tool.stale() == []
    path = Path("book/foundations/line.ipynb")
    notebook = json.loads(path.read_text())
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    assert sources[0].strip().endswith("## Summary") and sources[-1].startswith("## References")
    path.write_text(path.read_text().replace("raise NotImplementedError", "return 0"))
    assert tool.stale() == [path]


def test_figures_of_mistakes_are_drawn_for_every_exercise_in_code():
    import matplotlib.pyplot as plt

    from gdcourse.exercises import figures

    for exercise in CODE:
        figure = figures.mistakes(exercise.id)
        drawn = [ax for ax in figure.axes if ax.axison]
        assert [ax.get_title() for ax in drawn] == [m.title for m in exercise.mistakes]
        assert all(len(ax.lines) >= 2 for ax in drawn)
        plt.close(figure)
    with pytest.raises(ValueError, match="in code"):
        figures.mistakes("line.threshold")
