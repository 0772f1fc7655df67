"""How fast demos answer: the player in headless Chromium, and the live face in Python.

Prints the bytes of each demo; after the page has arrived, the time to its first picture and that
which the player needs to take over; the time of an event's handler; and that of a live redraw.
"""

from __future__ import annotations

import gzip
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

import gdcourse.demos
from gdcourse.demos import Curves, Demo, Paths, Race, Slider
from gdcourse.demos.faces import page
from gdcourse.landscapes import Himmelblau, NarrowValley
from gdcourse.rules import SGD, Momentum

STATIC = Path(gdcourse.demos.__file__).parent / "static"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]
HEAD = (
    "<!doctype html><meta charset=utf-8><link rel=stylesheet href=player.css>"
    "<script src=player.js></script>"
)
EVENTS, LOADS = 400, 9
LIVE = 50
WORDS = {"caption": "A demo that is timed.", "alt": "Paths and curves of a demo that is timed."}

# Move the first slider to and fro; the handler does all its work before dispatchEvent returns.
HANDLER = """([name, events]) => {
    const slider = document.querySelector(`#demo-${name} input[type=range]`);
    return Array.from({length: events}, (_, i) => {
        slider.value = i % (Number(slider.max) + 1);
        const start = performance.now();
        slider.dispatchEvent(new Event("input"));
        return performance.now() - start;
    });
}"""

# The still picture is painted before the player is there; then the player takes all demos over.
LOADING = """() => {
    const [page] = performance.getEntriesByType("navigation");
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    return [paint.startTime - page.responseEnd,
            page.domContentLoadedEventEnd - page.domContentLoadedEventStart];
}"""


def demos() -> list[Demo]:
    """Return three demos as large as a chapter's."""
    rates = {"lr": Slider(np.geomspace(0.002, 0.05, 50), 0.01, "learning rate")}
    starts = [(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 1.0)]
    noise = np.random.default_rng(0).normal(size=(201, 1, 20))
    return [
        Paths("paths", NarrowValley(50), {"SGD": SGD, "Momentum": Momentum}, controls=rates,
              starts=starts, num_steps=60, **WORDS),
        Race("race", Himmelblau(), {"SGD": SGD, "Momentum": Momentum}, starts=[(0, 0)],
             rates={"SGD": 0.01, "Momentum": 0.001}, common=0.002, num_steps=100, **WORDS),
        Curves("curves", {"w": lambda lr: noise * lr[..., 0, None]}, controls=rates, ylim=(-1, 1),
               **WORDS),
    ]  # fmt: skip


def report(name: str, milliseconds: Sequence[float]) -> None:
    """Print the median and the 95th percentile of some times."""
    middle, high = statistics.median(milliseconds), np.percentile(milliseconds, 95)
    print(f"{name:32} {middle:6.2f} ms, 95th percentile {high:6.2f} ms")


def main() -> None:
    """Measure, and print."""
    made = []
    for demo in demos():
        start = time.perf_counter()
        html = page(demo, inline=False)
        seconds = time.perf_counter() - start
        size = len(gzip.compress(html.encode()))
        print(f"{demo.name:32} {size / 1000:6.1f} kB gzipped, page made in {1000 * seconds:.0f} ms")
        made.append((demo, html))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder, "demos.html")
        shutil.copytree(STATIC, folder, dirs_exist_ok=True)
        file.write_text(HEAD + "".join(html for _, html in made), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        loading = []
        for _ in range(LOADS):
            tab = browser.new_page(reduced_motion="reduce")
            tab.goto(file.as_uri())
            tab.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
            loading.append(tab.evaluate(LOADING))
            tab.close()
        paint, ready = zip(*loading, strict=True)
        report("still picture of three demos", paint)
        report("player ready for three demos", ready)
        tab = browser.new_page(reduced_motion="reduce")
        tab.goto(file.as_uri())
        for demo, _ in made:
            report(f"handler of {demo.name}", tab.evaluate(HANDLER, [demo.name, EVENTS]))
        browser.close()
    for demo, _ in made:
        times = []
        name = next(name for name, control in demo.grid.items() if not control.loop)
        for i in range(LIVE):
            values = demo.grid[name].values
            start = time.perf_counter()
            demo.controls[name].value = values[i % len(values)].item()
            times.append(1000 * (time.perf_counter() - start))
        report(f"live redraw of {demo.name}", times)


if __name__ == "__main__":
    main()
