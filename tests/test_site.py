"""The built site in a real browser: over http and from the disk, light and dark, wide and narrow.

Each page of the table of contents is opened once in each way, and all tests of it share that visit.
"""

import functools
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import matplotlib.pyplot as plt
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page

from tools.book import SITE, built, pages

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 375, "height": 800}
MAX_PAGE_BYTES = 300_000
IMAGES = {".svg", ".png", ".jpg", ".ico"}

# What axe-core finds in the theme itself: (rule, selector).
ALLOWED = [
    ("region", ".sidebar-primary-item .logo *"),
    ("aria-allowed-role", ".citation-list [role=doc-biblioentry]"),
    ("aria-deprecated-role", ".citation-list [role=doc-biblioentry]"),
    ("aria-required-children", ".citation-list"),
]

PAGES = [built(page).relative_to(SITE).as_posix() for page in pages()]
FILES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if SITE / "_static" not in path.parents
)


@dataclass
class Visit:
    """A page in the browser, and what went wrong while it was loaded and used."""

    page: Page
    base: str
    name: str
    problems: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", self.on_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        self.page.on("request", self.on_request)
        self.page.on(
            "requestfailed", lambda r: self.problems.append(f"failed: {r.url} {r.failure}")
        )
        self.page.on("response", self.on_response)

    def on_console(self, message) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"console {message.type}: {message.text}")

    def on_request(self, request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.problems.append(f"request to another host: {request.url}")

    def on_response(self, response) -> None:
        if response.status >= 400:
            self.problems.append(f"answer {response.status}: {response.url}")

    def open(self, address: str) -> None:
        self.page.goto(self.base + address)
        self.page.evaluate("() => window.MathJax?.startup?.promise")

    def look(self, scheme: str) -> None:
        """Show the page as a reader sees it whose system is set to light or dark."""
        self.page.set_viewport_size(DESKTOP)
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        self.page.wait_for_function(
            "scheme => document.documentElement.dataset.theme == scheme", arg=scheme
        )


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this machine for as long as the block runs."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}/"
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


@pytest.fixture(scope="session")
def bases() -> Iterator[dict[str, str]]:
    missing = [page for page in PAGES if not (SITE / page).is_file()]
    assert not missing, f"{', '.join(missing)} not built: run make book first"
    with server(SITE) as address:
        yield {"http": address, "file": SITE.resolve().as_uri() + "/"}


@contextmanager
def visit(browser: Browser, base: str, name: str) -> Iterator[Visit]:
    page = browser.new_page(viewport=DESKTOP, color_scheme="light", reduced_motion="reduce")
    visit = Visit(page, base, name)
    visit.listen()
    visit.open(name)
    yield visit
    page.close()


def pytest_generate_tests(metafunc) -> None:
    """Open every page over http, and from the disk too where colours are not at stake."""
    if "opened" in metafunc.fixturenames:
        ways = ["http"] if "scheme" in metafunc.fixturenames else ["http", "file"]
        params = [
            pytest.param((way, page), marks=pytest.mark.xdist_group(page), id=f"{way}:{page}")
            for page in PAGES
            for way in ways
        ]
        metafunc.parametrize("opened", params, indirect=True, scope="module")


@pytest.fixture(scope="module")
def opened(request, browser, bases) -> Iterator[Visit]:
    way, name = request.param
    with visit(browser, bases[way], name) as opened:
        yield opened


@functools.cache
def soup(name: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / name).read_text(encoding="utf-8"), "html.parser")


# --- in the browser


def test_page_loads_without_errors_and_from_one_host_alone(opened: Visit):
    opened.look("dark")
    opened.look("light")
    opened.page.wait_for_load_state("networkidle")
    assert opened.problems == []


def test_every_equation_is_typeset(opened: Visit):
    expected = len(soup(opened.name).select(".math"))
    state = opened.page.evaluate(
        """() => {
            const text = document.querySelector("main").cloneNode(true);
            text.querySelectorAll("pre, code, script, mjx-container").forEach(x => x.remove());
            return {
                set: document.querySelectorAll(".math mjx-container").length,
                broken: [...document.querySelectorAll("mjx-merror, [data-mjx-error]")]
                    .map(node => node.textContent),
                raw: text.textContent.match(/\\\\\\(|\\\\\\[|\\$\\$/g),
            };
        }"""
    )
    assert state == {"set": expected, "broken": [], "raw": None}


def test_every_image_has_an_alt_text_and_loads(opened: Visit):
    images = opened.page.evaluate(
        """async () => {
            const images = [...document.images];
            images.forEach(image => { image.loading = "eager"; });
            await Promise.allSettled(images.map(image => image.decode()));
            return images.map(image => [image.getAttribute("src"), image.alt, image.naturalWidth]);
        }"""
    )
    assert all(alt and width for _, alt, width in images), images


def test_nothing_is_wider_than_a_phone(opened: Visit):
    opened.page.set_viewport_size(PHONE)
    width = opened.page.evaluate("document.scrollingElement.scrollWidth")
    wide = opened.page.evaluate(
        """limit => [...document.querySelectorAll("main *")]
            .filter(node => node.getBoundingClientRect().right > limit)
            .slice(0, 5).map(node => node.outerHTML.slice(0, 100))""",
        PHONE["width"],
    )
    opened.page.set_viewport_size(DESKTOP)
    assert width <= PHONE["width"], wide


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_drawn_in_its_theme(opened: Visit, scheme: str):
    opened.look(scheme)
    pixels = plt.imread(io.BytesIO(opened.page.screenshot()))[..., :3].mean(axis=-1)
    bright = (pixels > 0.5).mean()
    assert pixels.std() > 0.03, "the page is blank"
    assert bright > 0.8 if scheme == "light" else bright < 0.2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_but_what_the_theme_is_known_for(opened: Visit, scheme: str):
    opened.look(scheme)
    opened.page.evaluate(AXE_SCRIPT)
    found = opened.page.evaluate(
        """async allowed => {
            const options = {resultTypes: ["violations"], elementRef: true};
            const { violations } = await axe.run(options);
            return violations.flatMap(({ id, nodes }) => nodes
                .filter(({ element }) =>
                    !allowed.some(([rule, selector]) => rule == id && element.matches(selector)))
                .map(({ html, failureSummary }) => [id, html, failureSummary]));
        }""",
        ALLOWED,
    )
    assert not found, json.dumps(found, indent=1)


def test_lines_of_text_hold_65_to_75_characters(browser, bases):
    with visit(browser, bases["http"], PAGES[1]) as opened:
        characters = opened.page.evaluate(
            """() => {
                const paragraph = document.querySelector("main section > p");
                const sample = document.createElement("span");
                sample.textContent = "We walk down, and measure each step before the next.";
                sample.style.whiteSpace = "nowrap";
                paragraph.append(sample);
                const width = sample.getBoundingClientRect().width / sample.textContent.length;
                return paragraph.clientWidth / width;
            }"""
        )
        assert 65 <= characters <= 75


@pytest.mark.parametrize("way", ["http", "file"])
def test_search_finds_a_word_of_the_book(browser, bases, way):
    with visit(browser, bases[way], PAGES[0]) as opened:
        opened.page.locator(".search-button-field, .search-button").first.click()
        field = opened.page.locator(
            "dialog input[type=search], .search-button__search-container input"
        ).first
        field.fill("gradient")
        field.press("Enter")
        opened.page.wait_for_url("**/search.html*")
        first = opened.page.locator("#search-results li a").first
        first.wait_for()
        opened.page.wait_for_load_state("networkidle")
        assert opened.problems == []
        first.click()
        opened.page.wait_for_load_state()
        assert opened.page.locator("main article h1").count() == 1


def test_front_door_leads_to_the_first_page(browser, bases):
    page = browser.new_page()
    page.goto(bases["http"], wait_until="commit")
    page.wait_for_url(f"**/{PAGES[0]}")
    page.close()


# --- in the files


@pytest.mark.parametrize("name", PAGES)
def test_page_says_what_it_is_about(name):
    description = soup(name).find("meta", {"name": "description"})
    assert description and len(description["content"]) >= 30
    assert soup(name).find("link", rel="icon")["href"].endswith("favicon.svg")
    assert len(soup(name).find("title").text) > 3


@pytest.mark.parametrize("name", PAGES)
def test_page_is_light(name):
    own = SITE / name
    links = [tag.get("src") or tag.get("href") for tag in soup(name)(["script", "link", "iframe"])]
    files = {own.parent / unquote(urlsplit(link).path) for link in links if link}
    own_files = {file.resolve() for file in files if file.suffix not in IMAGES | {".html"}}
    shared = {(SITE / "_static").resolve(), (SITE / "searchindex.js").resolve()}  # and cached
    own_files = {file for file in own_files if not shared & {file, *file.parents}}
    demos = sum(len(str(demo).encode()) for demo in soup(name).select(".gd-demo"))
    size = own.stat().st_size - demos  # they are pictures, and have limits of their own
    size += sum(file.stat().st_size for file in own_files if file.is_file())
    assert size <= MAX_PAGE_BYTES


@pytest.mark.parametrize("name", FILES)
def test_every_link_leads_somewhere(name):
    broken = []
    for tag in soup(name)(True):
        for link in filter(None, (tag.get("href"), tag.get("src"))):
            address, anchor = urldefrag(link)
            if urlsplit(link).scheme in ("http", "https", "mailto", "data", "javascript"):
                continue
            target = (
                (SITE / name).parent / unquote(urlsplit(address).path) if address else SITE / name
            )
            if not target.exists():
                broken.append(link)
            elif anchor and target.suffix == ".html":
                page = soup(target.resolve().relative_to(SITE.resolve()).as_posix())
                if not page.find(id=unquote(anchor).split(":")[0]):  # what follows sets a demo
                    broken.append(link)
    assert not broken


@pytest.mark.parametrize("name", FILES)
def test_page_names_no_other_host_to_load_from(name):
    tags = soup(name)(
        ["script", "link", "img", "iframe", "source", "video", "audio", "object", "embed"]
    )
    loads = [tag.get("src") or tag.get("href") or tag.get("data") or "" for tag in tags]
    assert not [url for url in loads if urlsplit(url).netloc]
