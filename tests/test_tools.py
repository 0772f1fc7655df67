"""The tools that install, run and build the course, tried on small projects made here."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import book, docstrings, logo, notebooks

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


# --- notebooks


@pytest.fixture
def used_notebook() -> nbformat.NotebookNode:
    """Return a notebook as JupyterLab leaves it after a run."""
    seen = [
        new_output("stream", name="stdout", text="0.5\n"),
        new_output("stream", name="stderr", text="a warning\n"),
        new_output("display_data", data={"text/plain": "<Figure>"}),
    ]
    times = {"execution": {"iopub.execute_input": "2020-01-01"}}
    tagged = {"tags": ["nbval-check-output"], **times}
    return new_notebook(
        cells=[
            new_markdown_cell("# A title", id="title"),
            new_code_cell("1", id="free", metadata=times, outputs=seen, execution_count=7),
            new_code_cell("2", id="checked", metadata=tagged, outputs=seen, execution_count=8),
        ],
        metadata={
            "kernelspec": {"display_name": "my own", "language": "python", "name": "mine"},
            "language_info": {"name": "python", "version": "3.11.7"},
            "widgets": {"application/vnd.jupyter.widget-state+json": {}},
            "gdcourse": {"minutes": 40},
        },
    )


def test_stripped_notebook_keeps_what_checked_cells_printed_and_nothing_else(used_notebook):
    stripped = nbformat.reads(notebooks.strip(used_notebook), as_version=4)
    _, free, checked = stripped.cells
    assert (free.outputs, free.execution_count) == ([], None)
    assert [output.text for output in checked.outputs] == ["0.5\n"]
    assert checked.execution_count == 1
    assert [cell.id for cell in stripped.cells] == ["title", "free", "checked"]
    assert not any("execution" in cell.metadata for cell in stripped.cells)
    assert stripped.metadata == {
        "gdcourse": {"minutes": 40},
        "kernelspec": notebooks.KERNEL,
        "language_info": {"name": "python"},
    }


def test_stripping_twice_is_stripping_once(used_notebook):
    once = notebooks.strip(used_notebook)
    assert notebooks.strip(nbformat.reads(once, as_version=4)) == once


def test_stripping_leaves_the_notebook_in_hand_alone(used_notebook):
    notebooks.strip(used_notebook)
    assert len(used_notebook.cells[1].outputs) == 3


def test_cells_without_an_id_get_the_same_one_every_time(used_notebook):
    for cell in used_notebook.cells:
        del cell["id"]
    assert notebooks.strip(used_notebook) == notebooks.strip(used_notebook)


def test_check_names_the_notebook_that_is_not_clean(tmp_path, used_notebook, capsys):
    path = tmp_path / "used.ipynb"
    path.write_text(nbformat.writes(used_notebook))
    assert notebooks.main(["strip", "--check", str(path)]) == 1
    assert str(path) in capsys.readouterr().out
    assert notebooks.main(["strip", str(path)]) == 0
    assert notebooks.main(["strip", "--check", str(path)]) == 0


def test_running_stores_the_checked_output_of_the_run(tmp_path, used_notebook):
    used_notebook.cells[1].source = "x = 3"
    used_notebook.cells[2].source = "print(x)"
    path = tmp_path / "used.ipynb"
    path.write_text(nbformat.writes(used_notebook))
    result = run(sys.executable, "-m", "tools.notebooks", "run", str(path), folder=ROOT)
    assert result.returncode == 0, result.stderr
    assert notebooks.printed(nbformat.read(path, as_version=4).cells[2]) == "3\n"


def test_failing_notebook_is_named_with_its_error_and_left_as_it_was(tmp_path):
    path = tmp_path / "failing.ipynb"
    path.write_text(nbformat.writes(new_notebook(cells=[new_code_cell("1 / 0")])))
    before = path.read_text()
    result = run(sys.executable, "-m", "tools.notebooks", "run", str(path), folder=ROOT)
    assert result.returncode == 1
    assert str(path) in result.stderr and "ZeroDivisionError" in result.stderr
    assert path.read_text() == before


# --- the site


def write_project(folder: Path) -> None:
    """Write a book of one notebook, with a package that says how long a step is."""
    (folder / "book").mkdir(parents=True)
    shutil.copy(ROOT / "_config.yml", folder)
    shutil.copytree(ROOT / "book" / "_static", folder / "book" / "_static")
    (folder / "book" / "references.bib").touch()
    for name in ("requirements.txt", "constraints.txt"):
        (folder / name).touch()
    (folder / "_toc.yml").write_text("format: jb-book\nroot: book/intro\n")
    (folder / "gdcourse").mkdir()
    (folder / "gdcourse" / "__init__.py").write_text("STEP = 'a short step'\n")
    cells = [
        new_markdown_cell("# A title\n\nSome words."),
        new_code_cell("import gdcourse\n\nprint(gdcourse.STEP)"),
    ]
    (folder / "book" / "intro.ipynb").write_text(nbformat.writes(new_notebook(cells=cells)))


def build(folder: Path) -> subprocess.CompletedProcess:
    path = os.pathsep.join([str(folder), str(ROOT)])
    return run(sys.executable, "-m", "tools.book", folder=folder, PYTHONPATH=path)


def test_site_follows_the_package_and_never_forgets_an_error(tmp_path):
    folder = tmp_path / "a path with spaces"
    write_project(folder)
    page = folder / "_build" / "html" / "book" / "intro.html"
    notebook = folder / "book" / "intro.ipynb"

    first = build(folder)
    assert first.returncode == 0, first.stderr
    assert "a short step" in page.read_text()
    assert (folder / "_build/html/index.html").as_uri() in first.stdout
    assert "1 notebook" in first.stdout

    assert "notebook" not in build(folder).stdout, "an unchanged notebook ran again"

    (folder / "gdcourse" / "__init__.py").write_text("STEP = 'a long step'\n")
    assert build(folder).returncode == 0
    assert "a long step" in page.read_text()
    assert len(list((folder / "build" / "jupyter_cache").iterdir())) == 1

    good = notebook.read_text()
    notebook.write_text(good.replace("Some words.", "See {numref}`fig-missing`."))
    for _ in range(2):
        broken = build(folder)
        assert broken.returncode == 1
        assert "fig-missing" in broken.stderr

    notebook.write_text(good.replace("gdcourse.STEP", "gdcourse.STRIDE"))
    failing = build(folder)
    assert failing.returncode == 1
    assert "STRIDE" in failing.stderr


def test_page_that_the_table_of_contents_names_must_exist(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("_toc.yml").write_text("format: jb-book\nroot: book/intro\n")
    with pytest.raises(FileNotFoundError, match="book/intro"):
        book.pages()


def test_fingerprint_sees_names_and_contents_but_not_what_python_compiled(tmp_path):
    (tmp_path / "a.py").write_text("1")
    seen = {book.fingerprint([tmp_path])}
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("compiled")
    assert book.fingerprint([tmp_path]) in seen
    (tmp_path / "a.py").write_text("2")
    seen.add(book.fingerprint([tmp_path]))
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    seen.add(book.fingerprint([tmp_path]))
    assert len(seen) == 3


def test_equations_of_docstrings_are_literal_and_their_sections_are_not():
    docstring = """Summary.

    x <- x - |g|
    y <- *x

And so on.

Parameters
----------
x : array

    The point."""
    lines = docstring.splitlines()
    docstrings.keep_equations(None, "", "", None, None, lines)
    assert lines[:5] == ["Summary.", "", "::", "", "    x <- x - |g|"]
    assert lines[5:] == docstring.splitlines()[3:]


def test_logo_is_the_path_that_gradient_descent_walks():
    for name, drawing in logo.DRAWINGS.items():
        assert (ROOT / logo.STATIC / name).read_text(encoding="utf-8") == drawing


# --- make and the installation


@pytest.fixture
def project(tmp_path) -> Path:
    """Return a folder that holds what `make install` reads, and asks for one small package."""
    folder = tmp_path / "a path with spaces"
    (folder / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copy(ROOT / "tools" / "install.py", folder / "tools")
    (folder / "requirements.txt").write_text("six\n")
    (folder / "constraints.txt").touch()
    (folder / "pyproject.toml").touch()
    return folder


def complaint(result: subprocess.CompletedProcess) -> str:
    """Return the only line that a failed make shows besides its own."""
    assert result.returncode != 0
    lines = [line for line in result.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_installer_parses_on_an_old_python():
    ast.parse((ROOT / "tools" / "install.py").read_text(), feature_version=(3, 6))


@pytest.mark.parametrize(
    ("disguise", "expected"),
    [
        ("sys.version_info = (3, 8, 18)", "Python 3.11 or newer"),
        ("importlib.util.find_spec = lambda name: None", "python3-venv"),
    ],
)
def test_python_that_will_not_do_is_told_in_one_line(project, disguise, expected):
    script = f"""
import importlib.util, runpy, sys
{disguise}
runpy.run_path("tools/install.py", run_name="__main__")
"""
    assert expected in complaint(run(sys.executable, "-c", script, folder=project))


def test_missing_network_is_told_in_one_line(project):
    result = run(
        "make",
        "install",
        f"PYTHON={sys.executable}",
        folder=project,
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL="http://127.0.0.1:9/",
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
    )
    assert "needs the network" in complaint(result)
    assert "Connection refused" in (project / ".venv" / "install.log").read_text()


def test_missing_python_is_told_in_one_line(project):
    result = run("make", "install", "PYTHON=python-of-nobody", folder=project)
    assert "There is no python-of-nobody" in result.stdout + result.stderr


def test_make_alone_lists_all_targets(project):
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    listed = set(re.findall(r"^make (\w+)", run("make", folder=project).stdout, re.MULTILINE))
    assert listed == targets - {"help", "install"}


def test_make_clean_removes_what_was_made_and_nothing_else(project):
    (project / "book").mkdir()
    (project / "book" / "intro.md").touch()
    kept = set(project.rglob("*"))
    for name in (".venv/bin", "_build/html", "build/jupyter_cache", "tools/__pycache__"):
        (project / name).mkdir(parents=True)
        (project / name / "made").touch()
    assert run("make", "clean", folder=project).returncode == 0
    assert set(project.rglob("*")) == kept
