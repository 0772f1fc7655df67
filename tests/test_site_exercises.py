"""Numeric and choice exercises on the built site: they check themselves with no kernel."""

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from test_site import ALLOWED, DESKTOP, PHONE, Visit, bases, visit  # noqa: F401  (bases: a fixture)

from gdcourse.exercises import PARTS, check, get, record
from gdcourse.exercises.exercise import CodeExercise, NumberExercise

PAGES = {
    f"book/{part}/{chapter}.html": [e for e in group if not isinstance(e, CodeExercise)]
    for part, chapters in PARTS.items()
    for chapter, group in chapters.items()
}
LINE = "book/foundations/line.html"
WORDS = ["", "abc", "1/0", "1/2/3", "−0.5", "1e99", "0.214", "3/14", "21.4 %", " 53.13 ", "-1", "0"]
ANSWER = """([id, answer]) => {
    const form = document.querySelector(`form[data-id="${id}"]`);
    form.reset();
    form.elements.answer.value = answer;
    form.requestSubmit();
    const output = form.querySelector("output");
    return [output.textContent.trim(), output.className];
}"""

each_page = pytest.mark.parametrize("opened", PAGES, indirect=True, scope="module")


@pytest.fixture(scope="module")
def opened(request, browser, bases) -> Iterator[Visit]:  # noqa: F811
    with visit(browser, bases["http"], request.param) as opened:
        yield opened


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """Keep the record of what is solved out of the repository."""
    monkeypatch.setattr(record, "FILE", tmp_path / "progress")


def form(opened, id):
    return opened.page.locator(f'form[data-id="{id}"]')


def said(result) -> str:
    """Return what the page should say, as plain text."""
    return f"{'✓' if result.passed else '✗'} {result.message}".replace("`", "").strip()


def answers(exercise) -> list[str]:
    if not isinstance(exercise, NumberExercise):
        return list(exercise.letters)
    near = [exercise.answer * factor for factor in (1, 1.0005, 1.01, 1.04, 1.3, 0.5, -1, 30)]
    wrong = [value for value, _ in exercise.wrong.values()]
    return WORDS + [repr(float(value)) for value in [*near, *wrong]]


@each_page
def test_page_says_what_check_says(opened):
    pairs = [
        (exercise.id, answer) for exercise in PAGES[opened.name] for answer in answers(exercise)
    ]
    shown = opened.page.evaluate(f"pairs => pairs.map({ANSWER})", pairs)
    results = [check(*pair) for pair in pairs]
    assert shown == [[said(r), "right" if r.passed else "wrong"] for r in results]
    assert {result.passed for result in results} == {True, False}
    assert opened.problems == []


@each_page
def test_every_number_and_choice_has_its_form_and_folded_help(opened):
    for exercise in PAGES[opened.name]:
        assert form(opened, exercise.id).is_visible()
        assert form(opened, exercise.id).evaluate("form => form.previousElementSibling.hidden")
    folded = opened.page.locator("section#exercises .dropdown")
    assert folded.count() >= 2 * len(PAGES[opened.name])
    inside = opened.page.locator("section#exercises .dropdown > :not(.admonition-title)")
    assert not any(part.is_visible() for part in inside.all())


@each_page
def test_answers_fit_a_phone(opened):
    opened.page.set_viewport_size(PHONE)
    opened.page.evaluate(f"pairs => pairs.map({ANSWER})", [(e.id, "1") for e in PAGES[opened.name]])
    width = opened.page.evaluate("document.scrollingElement.scrollWidth")
    opened.page.set_viewport_size(DESKTOP)
    assert width <= PHONE["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@each_page
def test_axe_finds_nothing_in_answered_exercises(opened, scheme):
    opened.look(scheme)
    pairs = [(e.id, answers(e)[index % 4]) for index, e in enumerate(PAGES[opened.name])]
    opened.page.evaluate(f"pairs => pairs.map({ANSWER})", pairs)
    opened.page.evaluate(AXE_SCRIPT)
    found = opened.page.evaluate(
        """async allowed => {
            const options = {resultTypes: ["violations"], elementRef: true};
            const { violations } = await axe.run("section#exercises", options);
            return violations.flatMap(({ id, nodes }) => nodes
                .filter(({ element }) =>
                    !allowed.some(([rule, selector]) => rule == id && element.matches(selector)))
                .map(({ html, failureSummary }) => [id, html, failureSummary]));
        }""",
        ALLOWED,
    )
    assert not found, json.dumps(found, indent=1)


@pytest.mark.parametrize("way", ["http", "file"])
def test_number_and_choice_are_checked_by_mouse_and_by_keyboard(browser, bases, way):  # noqa: F811
    with visit(browser, bases[way], LINE) as opened:
        keyboard = opened.page.keyboard
        threshold = form(opened, "line.threshold")
        field, button = threshold.get_by_label("Your number"), threshold.get_by_role("button")
        field.click()
        keyboard.type("3/7")
        button.click()
        assert threshold.locator("output").text_content() == said(check("line.threshold", "3/7"))
        field.fill("")
        field.focus()
        keyboard.type("3/14")
        keyboard.press("Enter")
        assert threshold.locator("output").text_content() == said(check("line.threshold", "3/14"))
        keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.textContent") == "Check"

        boundary = form(opened, "line.boundary")
        button, first = boundary.get_by_role("button"), boundary.get_by_label("a", exact=True)
        button.click()
        assert boundary.locator("output").text_content() == said(check("line.boundary", ""))
        first.click()
        button.click()
        assert boundary.locator("output").text_content() == said(check("line.boundary", "a"))
        first.focus()
        keyboard.press("ArrowRight")
        keyboard.press("Enter")
        assert boundary.locator("output").text_content() == said(check("line.boundary", "b"))
        assert get("line.boundary").right == "b" and opened.problems == []


def test_page_without_script_says_what_to_do_in_a_notebook(browser, bases):  # noqa: F811
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(bases["http"] + LINE)
    assert not page.locator("form.gd-exercise").first.is_visible()
    assert page.get_by_text('check("line.threshold", ...)').is_visible()
    context.close()
