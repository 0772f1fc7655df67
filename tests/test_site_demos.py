"""The demos of the built site, from the disk, with no kernel: each control of each by any means."""

import gzip
import io
import re
from collections.abc import Iterator
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Browser, Locator, Page, expect

from gdcourse.demos.faces import page as page_of
from tests.demos_of_each_kind import KINDS
from tools.book import built, pages

PAGES = [built(page).resolve() for page in pages()]
MAX_DEMO_BYTES, MAX_PAGE_BYTES, MAX_MOVING = 150_000, 400_000, 40
SIZE = {"width": 1280, "height": 900}


@cache
def soup(page) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8") if page.is_file() else "", "html.parser")


DEMOS = [(page, figure["id"]) for page in PAGES for figure in soup(page).select(".gd-demo")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Open each demo once for all tests of it."""
    if "demo" in metafunc.fixturenames:
        group = [pytest.mark.xdist_group(name) for _, name in DEMOS]
        params = [
            pytest.param(demo, marks=mark, id=demo[1])
            for demo, mark in zip(DEMOS, group, strict=True)
        ]
        metafunc.parametrize("demo", params, indirect=True, scope="module")


@pytest.fixture(scope="module")
def demo(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Locator]:
    page, name = request.param
    tab = browser.new_page(viewport=SIZE, reduced_motion="reduce", has_touch=True)
    tab.goto(page.as_uri())
    yield tab.locator(f"#{name}[data-ready]")
    tab.close()


@pytest.fixture(autouse=True)
def at_first(request: pytest.FixtureRequest) -> None:
    """Put a demo's controls back where they were."""
    if "demo" in request.fixturenames:
        request.getfixturevalue("demo").page.reload()


def seen(demo: Locator) -> tuple[list[str], list[str]]:
    """Return what is drawn and what is said."""
    drawn = demo.locator("[data-trail] path").evaluate_all(
        "paths => paths.map(path => path.getAttribute('d'))"
    )
    return drawn, demo.locator(".gd-words").all_inner_texts()


def source(demo: Locator) -> Tag:
    """Return the demo as the page has it before any script."""
    name = demo.get_attribute("id")
    ((page, _),) = [row for row in DEMOS if row[1] == name]
    return soup(page).find(id=name)


def far_end(control: Locator) -> dict[str, float]:
    """Return the place on a slider that is farther from its thumb."""
    box = control.bounding_box()
    middle = int(control.get_attribute("max")) / 2
    left = int(control.input_value()) > middle
    return {
        "x": box["x"] + (3 if left else box["width"] - 3),
        "y": box["y"] + box["height"] / 2,
        "from": box["x"] + (box["width"] - 3 if left else 3),
    }


def controls(demo: Locator) -> Iterator[Locator]:
    for control in demo.locator("[data-control]").all():
        control.scroll_into_view_if_needed()
        yield control


def is_menu(control: Locator) -> bool:
    return control.evaluate("node => node.tagName") == "SELECT"


def moved_by(demo: Locator, act) -> None:
    """Act on each control in turn, and see both the drawing and the words change."""
    for control in controls(demo):
        before = seen(demo)
        act(control)
        after = seen(demo)
        name = control.get_attribute("id")
        assert after[0] != before[0], f"{name} changed no drawing"
        assert after[1] != before[1], f"{name} changed no words"


# --- hands, ears and eyes


def test_mouse_moves_each_control(demo: Locator):
    def act(control: Locator) -> None:
        if is_menu(control):
            control.select_option(index=1)
        else:
            place = far_end(control)
            demo.page.mouse.click(place["x"], place["y"])

    moved_by(demo, act)


def test_finger_moves_each_control_and_not_the_page(demo: Locator):
    session = demo.page.context.new_cdp_session(demo.page)

    def touch(kind: str, *points: dict) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    def act(control: Locator) -> None:
        if is_menu(control):
            control.tap()
            control.select_option(index=1)  # the list of choices is the system's, not the page's
            return
        # No finger of this browser scrolls, so ask also for what keeps a real one from it.
        assert control.evaluate("node => getComputedStyle(node).touchAction") == "none"
        place = far_end(control)
        scrolled = demo.page.evaluate("scrollY")
        touch("touchStart", {"x": place["from"], "y": place["y"]})
        for part in (0.3, 0.7, 1.0):
            x = place["from"] + part * (place["x"] - place["from"])
            touch("touchMove", {"x": x, "y": place["y"] - 60 * part})
        touch("touchEnd")
        assert demo.page.evaluate("scrollY") == scrolled

    moved_by(demo, act)


def test_keys_move_each_control(demo: Locator):
    for control in controls(demo):
        if is_menu(control):
            control.focus()
            before = seen(demo)
            demo.page.keyboard.press("ArrowDown")
            assert seen(demo) != before
            continue
        last = int(control.get_attribute("max"))
        control.focus()
        for key, place in {
            "Home": 0, "ArrowRight": 1, "ArrowUp": 2, "ArrowLeft": 1, "End": last,
            "ArrowDown": last - 1, "PageDown": None,
        }.items():  # fmt: skip
            before, at = seen(demo), int(control.input_value())
            demo.page.keyboard.press(key)
            now = int(control.input_value())
            assert now == place if place is not None else now < at
            assert seen(demo) != before or now == at
            words = control.evaluate("node => node.nextElementSibling.textContent")
            assert control.get_attribute("aria-valuetext") == words


def test_change_is_told_to_who_cannot_see_it(demo: Locator):
    said = demo.locator(".gd-said")
    assert said.inner_text() == ""
    control = next(control for control in controls(demo) if not is_menu(control))
    control.press("Home" if int(control.input_value()) else "End")
    expect(said).to_contain_text(control.get_attribute("aria-valuetext"))
    for line in demo.locator(".gd-words li span").all_inner_texts():
        expect(said).to_contain_text(line)
    picture = demo.locator(".gd-panels")
    assert len(picture.get_attribute("aria-label")) >= 40
    assert picture.get_attribute("aria-describedby") == demo.locator(".gd-words").get_attribute(
        "id"
    )


def test_each_button_goes_to_its_setting(demo: Locator):
    for button in demo.locator("[data-mark]").all():
        before = seen(demo)
        button.click()
        assert seen(demo) != before, button.inner_text()


def test_click_in_the_picture_sets_what_it_hits(demo: Locator):
    target = demo.locator(".gd-target")
    if not target.count():
        assert '"targets":null' in source(demo).find("script").string
        return
    target.scroll_into_view_if_needed()
    box, before, places = target.bounding_box(), seen(demo), set()
    for x, y in ((0.3, 0.3), (0.6, 0.2), (0.6, 0.75)):
        demo.page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        places.add(str(seen(demo)))
    assert len(places | {str(before)}) >= 3


# --- the picture


def test_player_draws_and_says_what_python_did_letter_for_letter(demo: Locator):
    still = source(demo)
    drawn = [path.get("d") for path in still.select("[data-trail] path")]
    shown = demo.locator("[data-trail] path").evaluate_all(
        "paths => paths.map(path => path.getAttribute('d'))"
    )
    assert any(drawn)
    assert shown == drawn
    said = [span.text for span in still.select(".gd-words span")]
    assert demo.locator(".gd-words span").all_inner_texts() == said


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_player_shows_any_setting_as_the_live_face_does(kind, browser: Browser, tmp_path):
    python, rng = kind(), np.random.default_rng(0)
    file = tmp_path / "demo.html"
    file.write_text(f"<meta charset=utf-8>{page_of(python)}", encoding="utf-8")
    tab = browser.new_page(viewport=SIZE, reduced_motion="reduce")
    tab.goto(file.as_uri())
    shown = tab.locator(f"#demo-{python.name}[data-ready]")
    for _ in range(8):
        setting = {name: int(rng.integers(len(c.values))) for name, c in python.grid.items()}
        for name, place in setting.items():
            python.controls[name].value = np.asarray(python.values[name])[place].item()
            tab.evaluate(
                """([id, place]) => {
                    const control = document.getElementById(id);
                    control[control.tagName === "SELECT" ? "selectedIndex" : "value"] = place;
                    control.dispatchEvent(new Event("input"));
                }""",
                [f"demo-{python.name}-{name}", place],
            )
        live = BeautifulSoup("".join(html.value for html in python.live._fronts), "html.parser")
        said = BeautifulSoup(python.live._words.value, "html.parser").select("span")
        assert seen(shown)[0] == [path["d"] for path in live.select("[data-trail] path")]
        assert shown.locator(".gd-words span").all_inner_texts() == [span.text for span in said]
    tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_picture_follows_the_theme(demo: Locator, scheme: str):
    demo.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    expect(demo.page.locator(f"html[data-theme={scheme}]")).to_have_count(1)
    ink = demo.locator(".gd-back text").first.evaluate("node => getComputedStyle(node).fill")
    bright = sum(map(int, re.findall(r"\d+", ink)[:3])) / 3
    assert bright > 180 if scheme == "dark" else bright < 80
    for panel in demo.locator(".gd-panel").all():
        pixels = plt.imread(io.BytesIO(panel.screenshot()))[..., :3]
        assert pixels.std() > 0.05, "the panel is blank"
    demo.page.emulate_media(color_scheme="light", reduced_motion="reduce")


def test_paper_shows_the_picture_and_its_caption_without_controls(demo: Locator):
    demo.page.emulate_media(media="print")
    expect(demo.locator(".gd-controls")).to_be_hidden()
    expect(demo.locator(".gd-panels")).to_be_visible()
    expect(demo.locator("figcaption")).to_be_visible()
    demo.page.emulate_media(media="screen")


def test_axe_finds_nothing_inside(demo: Locator):
    demo.page.evaluate(AXE_SCRIPT)
    found = demo.page.evaluate(
        "async name => (await axe.run('#' + name)).violations.map(v => [v.id, v.nodes[0].html])",
        demo.get_attribute("id"),
    )
    assert not found


def test_demo_fits_a_phone(demo: Locator):
    demo.page.set_viewport_size({"width": 375, "height": 800})
    for part in demo.locator(".gd-panel, input, select, button, .gd-link, .gd-words").all():
        box = part.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 375, part
    for control in demo.locator("input").all():
        assert control.bounding_box()["width"] > 250
    demo.page.set_viewport_size(SIZE)


# --- the address


def test_link_carries_the_setting(demo: Locator, browser: Browser):
    for control in controls(demo):
        if is_menu(control):
            control.select_option(index=1)
        else:
            control.press("Home" if int(control.input_value()) else "End")
    address = demo.locator(".gd-link").evaluate("link => link.href")
    tab = browser.new_page(viewport=SIZE, reduced_motion="reduce")
    tab.goto(address)
    assert seen(tab.locator(f"#{demo.get_attribute('id')}[data-ready]")) == seen(demo)
    expect(tab.locator(f"#{demo.get_attribute('id')} .gd-panels")).to_be_in_viewport()
    tab.close()


@pytest.mark.parametrize(
    "page", [p for p in PAGES if soup(p).select(".gd-demo")], ids=lambda p: p.stem
)
def test_each_answer_quotes_the_number_that_a_reader_sees(page, browser: Browser):
    tab = browser.new_page(viewport=SIZE, reduced_motion="reduce")
    tab.goto(page.as_uri())
    for link in soup(page).select('main a[href^="#demo-"]:not(.gd-link)'):
        tab.evaluate("hash => { location.hash = hash; }", link["href"])
        name = link["href"][1:].split(":")[0]
        number = rf"(?<![\w.,×]){re.escape(link.text)}(?![\d×]|[.,]\d)"
        expect(tab.locator(f"#{name} .gd-words")).to_contain_text(re.compile(number))
    tab.close()


@pytest.mark.parametrize("setting", ["lr=nothing", "nothing=1", "lr", ""])
def test_address_that_names_no_setting_is_passed_over(browser: Browser, setting: str):
    page, name = DEMOS[0]
    tab = browser.new_page(viewport=SIZE, reduced_motion="reduce")
    problems: list = []
    tab.on("pageerror", lambda error: problems.append(error))
    tab.goto(f"{page.as_uri()}#{name}:{setting}")
    demo = tab.locator(f"#{name}[data-ready]")
    said = [span.text for span in soup(page).find(id=name).select(".gd-words span")]
    assert demo.locator(".gd-words span").all_inner_texts() == said
    assert not problems
    tab.close()


# --- time


def racers() -> list:
    return [(p, n) for p, n in DEMOS if soup(p).find(id=n).select(".gd-play")]


def step(tab: Page, name: str) -> int:
    return int(tab.locator(f"#{name}-step").input_value())


def test_race_runs_once_when_seen_and_can_be_paused_and_stepped(browser: Browser):
    page, name = racers()[0]
    tab = browser.new_page(viewport=SIZE, reduced_motion="no-preference")
    tab.goto(page.as_uri())
    play = tab.locator(f"#{name} .gd-play")
    tab.locator(f"#{name} .gd-panels").scroll_into_view_if_needed()
    expect(play).to_have_text("Pause")
    play.click()
    expect(play).to_have_text("Play")
    at = step(tab, name)
    tab.locator(f"#{name} .gd-step").click()
    assert step(tab, name) == at + 1
    play.click()
    expect(tab.locator(f"#{name}-step")).not_to_have_value(str(at + 1))
    tab.close()


def test_nothing_moves_by_itself_for_who_wants_no_motion(browser: Browser):
    page, name = racers()[0]
    tab = browser.new_page(viewport=SIZE, reduced_motion="reduce")
    tab.goto(page.as_uri())
    tab.locator(f"#{name} .gd-panels").scroll_into_view_if_needed()
    at = step(tab, name)
    tab.wait_for_timeout(700)
    assert step(tab, name) == at
    expect(tab.locator(f"#{name} .gd-play")).to_have_text("Play")
    tab.close()


# --- in the files


def test_without_script_the_still_picture_stands_alone(browser: Browser):
    context = browser.new_context(java_script_enabled=False, viewport=SIZE)
    for page, name in DEMOS:
        tab = context.new_page()
        tab.goto(page.as_uri())
        demo = tab.locator(f"#{name}")
        expect(demo.locator(".gd-panels")).to_be_visible()
        expect(demo.locator("figcaption")).to_be_visible()
        expect(demo.locator(".gd-controls")).to_be_hidden()
        pixels = plt.imread(io.BytesIO(demo.screenshot()))[..., :3]
        assert pixels.std() > 0.05
        tab.close()
    context.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_of_demos_is_light_and_has_little_to_move(page):
    figures = soup(page).select(".gd-demo")
    for figure in figures:
        assert len(gzip.compress(str(figure).encode())) <= MAX_DEMO_BYTES
        assert len(figure.select("[data-trail] path")) <= MAX_MOVING
    assert len(gzip.compress(page.read_bytes())) <= MAX_PAGE_BYTES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_slider_is_dead(page):
    text = page.read_text(encoding="utf-8")
    assert "widget-view" not in text and "widget-state" not in text
    sliders = soup(page).select("main input[type=range]")
    assert all(slider.find_parent(class_="gd-demo") for slider in sliders)
    if sliders:
        files = {tag["src"].split("/")[-1].split("?")[0] for tag in soup(page)("script", src=True)}
        assert "player.js" in files


def test_every_chapter_and_the_first_page_have_a_demo():
    chapters = {
        built(page).resolve()
        for page in pages()
        if page.suffix == ".ipynb" and "appendix" not in page.parts and page.stem != "index"
    }
    assert chapters | {PAGES[0]} <= {page for page, _ in DEMOS}
