"""The live face in a real JupyterLab: it shows, moves, and says the numbers of the static face.

The test starts the server on a free port with a token of its own, in folders of its own, and
stops it with all its kernels.
"""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests import demos_of_each_kind

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 90_000  # milliseconds: kernels start slowly on a busy machine
pytestmark = pytest.mark.xdist_group("lab")  # one server for all tests here
expect.set_options(timeout=PATIENCE)
KINDS = [make.__name__ for make in demos_of_each_kind.KINDS]


@dataclass
class Lab:
    """A running JupyterLab."""

    address: str
    token: str
    folder: Path

    def page(self, notebook: str) -> str:
        return f"{self.address}/lab/tree/{notebook}?token={self.token}&reset"

    def ask(self, path: str, method: str = "GET") -> str:
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.address}/api/{path}", None, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def stop_kernels(self) -> None:
        for session in json.loads(self.ask("sessions")):
            self.ask(f"sessions/{session['id']}", "DELETE")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell("from tests.demos_of_each_kind import *")]
    cells += [nbformat.v4.new_code_cell(f"demo = {kind}()\ndemo") for kind in KINDS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "demos.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    own = {
        "PYTHONPATH": str(ROOT),
        "IPYTHONDIR": str(folder / "ipython"),
        **{f"JUPYTER_{kind}_DIR": str(folder / kind) for kind in ("CONFIG", "DATA", "RUNTIME")},
    }
    options = {
        "ServerApp.port": port,
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "ServerApp.root_dir": folder,
        "IdentityProvider.token": token,
        "LabApp.expose_app_in_browser": True,
        "LabApp.news_url": "",
    }
    command = [sys.executable, "-m", "jupyterlab"]
    command += [f"--{name}={value}" for name, value in options.items()]
    environment = {key: value for key, value in os.environ.items() if key != "GDCOURSE_DEMO"}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            command, env=environment | own, stdout=log, stderr=log, cwd=folder
        )
        try:
            running = Lab(f"http://127.0.0.1:{port}", token, folder)
            deadline = time.monotonic() + PATIENCE / 1000
            while True:
                try:
                    running.ask("status")
                    break
                except (urllib.error.URLError, ConnectionError):
                    assert server.poll() is None and time.monotonic() < deadline, (
                        folder / "log"
                    ).read_text()
                    time.sleep(0.3)
            yield running
            running.stop_kernels()
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@pytest.fixture(scope="module")
def notebook(lab: Lab, browser) -> Iterator[Page]:  # type: ignore[no-untyped-def]
    """The notebook of all demos, run."""
    page = browser.new_page(viewport={"width": 1300, "height": 8000})
    page.set_default_timeout(PATIENCE)
    page.goto(lab.page("demos.ipynb"))
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(len(KINDS) + 1)
    expect(page.get_by_text(re.compile(r"Python 3.*\| Idle"))).to_be_visible()
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    expect(page.locator(".gd-face")).to_have_count(len(KINDS))
    yield page
    page.close()


def words(face) -> list[str]:  # type: ignore[no-untyped-def]
    return face.locator(".gd-words li span").all_inner_texts()


@pytest.mark.parametrize("kind", KINDS)
def test_live_face_moves_and_says_what_the_static_face_says(notebook: Page, kind: str) -> None:
    demo = getattr(demos_of_each_kind, kind)()
    face = notebook.locator(".gd-face").nth(KINDS.index(kind))
    assert words(face) == list(demo.words().values())
    before = [path.get_attribute("d") for path in face.locator("[data-trail] path").all()]
    ((label, setting),) = list(demo.marks.items())[-1:]
    face.get_by_role("button", name=label).click()
    expect(face.locator(".gd-words li span").first).to_have_text(
        next(iter(demo.words(**setting).values()))
    )
    assert words(face) == list(demo.words(**setting).values())
    assert [path.get_attribute("d") for path in face.locator("[data-trail] path").all()] != before


def test_live_slider_answers_the_keyboard(notebook: Page) -> None:
    face = notebook.locator(".gd-face").first
    said = words(face)
    face.locator(".noUi-handle").first.press("ArrowLeft")
    expect(face.locator(".gd-words li span").first).not_to_have_text(said[0])


def test_page_s_face_is_hidden_while_the_live_one_is_there(notebook: Page) -> None:
    expect(notebook.locator(".gd-demo")).to_have_count(len(KINDS))
    assert not any(demo.is_visible() for demo in notebook.locator(".gd-demo").all())


def test_notebook_without_kernel_shows_the_static_face_and_it_moves(
    lab: Lab, notebook: Page, browser
) -> None:  # type: ignore[no-untyped-def]
    notebook.evaluate("() => { window.jupyterapp.commands.execute('docmanager:save') }")
    stored = lab.folder / "demos.ipynb"
    deadline = time.monotonic() + PATIENCE / 1000
    while "gd-demo" not in stored.read_text() and time.monotonic() < deadline:
        time.sleep(0.3)
    copy = nbformat.read(stored, as_version=4)
    assert "widgets" not in copy.metadata
    page = browser.new_page(viewport={"width": 1300, "height": 8000})
    page.set_default_timeout(PATIENCE)
    lab.stop_kernels()
    page.goto(lab.page("demos.ipynb"))
    expect(page.locator(".gd-demo[data-ready]")).to_have_count(len(KINDS))
    for kind, face in zip(KINDS, page.locator(".gd-demo").all(), strict=True):
        demo = getattr(demos_of_each_kind, kind)()
        expect(face).to_be_visible()
        ((label, setting),) = list(demo.marks.items())[-1:]
        face.get_by_role("button", name=re.compile(label)).click()
        assert words(face) == list(demo.words(**setting).values())
    page.close()
