"""Numeric and choice exercises on the built site: they check themselves with no kernel."""

import json

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from test_site import ALLOWED, PHONE, bases, browser, visit  # noqa: F401  (two are fixtures)

from gdcourse.exercises import PARTS, check, get, record
from gdcourse.exercises.exercise import CodeExercise, NumberExercise

PAGES = {
    f"book/{part}/{chapter}.html": [e for e in group if not isinstance(e, CodeExercise)]
    for part, chapters in PARTS.items()
    for chapter, group in chapters.items()
}
WORDS = ["", "abc", "1/0", "1/2/3", "−0.5", "1e99", "0.214", "3/14", "21.4 %", " 53.13 ", "-1", "0"]
each_page = pytest.mark.parametrize("name", PAGES)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Keep the record of what is solved out of the repository."""
    monkeypatch.setattr(record, "FILE", tmp_path / "progress")


def form(opened, exercise):
    return opened.page.locator(f'form[data-id="{exercise.id}"]')


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
def test_page_says_what_check_says(browser, bases, name):  # noqa: F811
    with visit(browser, bases["http"], name) as opened:
        for exercise in PAGES[name]:
            for answer in answers(exercise):
                shown = form(opened, exercise).evaluate(
                    """(form, answer) => {
                        const field = form.elements.answer;
                        field.value = answer;
                        form.requestSubmit();
                        const output = form.querySelector("output");
                        return [output.textContent.trim(), output.className];
                    }""",
                    answer,
                )
                result = check(exercise.id, answer)
                assert shown == [said(result), "right" if result.passed else "wrong"], answer
        assert opened.problems == []


@pytest.mark.parametrize("way", ["http", "file"])
def test_number_is_checked_by_mouse_and_by_keyboard(browser, bases, way):  # noqa: F811
    with visit(browser, bases[way], "book/foundations/line.html") as opened:
        threshold = form(opened, get("line.threshold"))
        threshold.get_by_label("Your number").click()
        opened.page.keyboard.type("3/7")
        threshold.get_by_role("button", name="Check").click()
        answer = threshold.locator("output")
        assert answer.text_content() == said(check("line.threshold", "3/7"))
        threshold.get_by_label("Your number").fill("")
        threshold.get_by_label("Your number").focus()
        opened.page.keyboard.type("3/14")
        opened.page.keyboard.press("Enter")
        assert answer.text_content() == said(check("line.threshold", "3/14"))
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.textContent") == "Check"


def test_choice_is_made_by_mouse_and_by_keyboard(browser, bases):  # noqa: F811
    with visit(browser, bases["http"], "book/foundations/line.html") as opened:
        boundary = form(opened, get("line.boundary"))
        answer = boundary.locator("output")
        boundary.get_by_role("button", name="Check").click()
        assert answer.text_content() == said(check("line.boundary", ""))
        boundary.get_by_label("a", exact=True).click()
        boundary.get_by_role("button", name="Check").click()
        assert answer.text_content() == said(check("line.boundary", "a"))
        boundary.get_by_label("a", exact=True).focus()
        opened.page.keyboard.press("ArrowRight")
        opened.page.keyboard.press("Enter")
        assert answer.text_content() == said(check("line.boundary", "b"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@each_page
def test_axe_finds_nothing_in_answered_exercises(browser, bases, name, scheme):  # noqa: F811
    with visit(browser, bases["http"], name) as opened:
        opened.look(scheme)
        opened.page.evaluate(
            """() => document.querySelectorAll("form.gd-exercise").forEach((form, place) => {
                const field = form.elements.answer;
                field.value = field.value ?? "" ;
                if (field.length) field[place % field.length].checked = true;
                form.requestSubmit();
            })"""
        )
        opened.page.evaluate(AXE_SCRIPT)
        found = opened.page.evaluate(
            """async allowed => {
                const { violations } = await axe.run({elementRef: true});
                return violations.flatMap(({ id, nodes }) => nodes
                    .filter(({ element }) => !allowed.some(
                        ([rule, selector]) => rule == id && element.matches(selector)))
                    .map(({ html, failureSummary }) => [id, html, failureSummary]));
            }""",
            ALLOWED,
        )
        assert not found, json.dumps(found, indent=1)


@each_page
def test_answers_fit_a_phone(browser, bases, name):  # noqa: F811
    with visit(browser, bases["http"], name) as opened:
        opened.page.set_viewport_size(PHONE)
        opened.page.evaluate(
            "() => document.querySelectorAll('form.gd-exercise').forEach(f => f.requestSubmit())"
        )
        assert opened.page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]


@each_page
def test_every_number_and_choice_has_its_form_and_its_folded_help(browser, bases, name):  # noqa: F811
    with visit(browser, bases["http"], name) as opened:
        for exercise in PAGES[name]:
            assert form(opened, exercise).is_visible()
        for group in (opened.page.locator(kind) for kind in ("div.solution", "div.tip.dropdown")):
            assert group.count() >= len(PAGES[name])
        shown = opened.page.locator("section#exercises .dropdown > :not(.admonition-title)")
        assert not any(part.is_visible() for part in shown.all())


def test_page_without_script_says_what_to_do_in_a_notebook(browser, bases):  # noqa: F811
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(bases["http"] + "book/foundations/line.html")
    assert not page.locator("form.gd-exercise").first.is_visible()
    assert page.get_by_text('check("line.threshold", ...)').is_visible()
    context.close()
