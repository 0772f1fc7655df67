"""Run the notebooks, and keep in them only what a test compares.

A cell tagged ``nbval-check-output`` keeps what it printed, with ``execution_count`` 1, since nbval
passes over a stored output that is missing and fails on one that has no count. Every other output,
count and trace of a run is removed, so that a diff shows what an author changed and nothing else.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

CHECKED = "nbval-check-output"
CELL_TIMEOUT = 120  # seconds
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
VOLATILE_IN_NOTEBOOK = {"widgets", "jupytext", "toc", "varInspector"}
VOLATILE_IN_CELL = {
    "execution",
    "collapsed",
    "scrolled",
    "trusted",
    "ExecuteTime",
    "jp-MarkdownHeadingCollapsed",
}


def checked(cell: NotebookNode) -> bool:
    """Say whether nbval compares the output of this cell."""
    return cell.cell_type == "code" and CHECKED in cell.metadata.get("tags", [])


def printed(cell: NotebookNode) -> str:
    """Return what the cell printed to standard output, as stored in the notebook."""
    return "".join(
        output.text
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stdout"
    )


def strip(notebook: NotebookNode) -> str:
    """Return the notebook's text: what its author wrote and its checked outputs, no more."""
    notebook = nbformat.from_dict(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for key in VOLATILE_IN_NOTEBOOK & notebook.metadata.keys():
        del notebook.metadata[key]
    notebook.metadata.kernelspec = KERNEL
    notebook.metadata.language_info = {"name": "python"}
    taken: set[str] = set()
    for index, cell in enumerate(notebook.cells):
        if cell.get("id") in taken | {None}:
            cell.id = hashlib.sha256(f"{index} {cell.source}".encode()).hexdigest()[:8]
        taken.add(cell.id)
        for key in VOLATILE_IN_CELL & cell.metadata.keys():
            del cell.metadata[key]
        if cell.cell_type == "code":
            text = printed(cell) if checked(cell) else ""
            cell.outputs = (
                [nbformat.v4.new_output("stream", name="stdout", text=text)] if text else []
            )
            cell.execution_count = 1 if text else None
    return nbformat.writes(notebook) + "\n"


def execute(path: Path) -> tuple[NotebookNode, float]:
    """Run a notebook in its own folder; return it with its outputs, and the seconds that took."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,  # times in the metadata would hide the run from Jupyter Book's cache
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    start = time.perf_counter()
    client.execute()
    return notebook, time.perf_counter() - start


def execute_all(
    paths: Iterable[Path], done: Callable[[Path, NotebookNode, float], object], jobs: int = 2
) -> list[Path]:
    """Run notebooks side by side, hand each to `done` as it ends, and return those that failed."""
    paths = list(paths)
    failed = []
    with ThreadPoolExecutor(jobs) as pool:
        runs = [(path, pool.submit(execute, path)) for path in paths]
        for count, (path, run) in enumerate(runs, start=1):
            try:
                notebook, seconds = run.result()
            except (CellExecutionError, TimeoutError) as error:
                print(f"[{count}/{len(runs)}] {path} failed:\n{error}", file=sys.stderr, flush=True)
                failed.append(path)
            else:
                print(f"[{count}/{len(runs)}] {path} ran in {seconds:.1f} s", flush=True)
                done(path, notebook, seconds)
    return failed


def write_if_changed(path: Path, text: str) -> bool:
    """Write the text and return True, unless the file holds it already."""
    if path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True


def find(paths: list[Path]) -> Iterator[Path]:
    """Yield the notebooks named, or all of the book's if none is."""
    if paths:
        yield from paths
    else:
        for path in sorted(Path("book").rglob("*.ipynb")):
            if ".ipynb_checkpoints" not in path.parts:
                yield path


def main(arguments: list[str] | None = None) -> int:
    """Strip or run notebooks; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    stripper = commands.add_parser("strip", help="remove all outputs that no test compares")
    stripper.add_argument(
        "--check", action="store_true", help="change nothing, list what is not clean"
    )
    runner = commands.add_parser("run", help="run, then strip")
    for command in (stripper, runner):
        command.add_argument(
            "paths", nargs="*", type=Path, help="notebooks (default: all of book/)"
        )
    options = parser.parse_args(arguments)
    paths = list(find(options.paths))

    if options.command == "run":
        failed = execute_all(
            paths, lambda path, notebook, _: write_if_changed(path, strip(notebook))
        )
        return 1 if failed else 0

    dirty = []
    for path in paths:
        text = strip(nbformat.read(path, as_version=4))
        if options.check:
            clean = path.read_text(encoding="utf-8") == text
        else:
            clean = not write_if_changed(path, text)
        if not clean:
            dirty.append(path)
    for path in dirty:
        print(f"{path} {'holds what a run left behind' if options.check else 'stripped'}")
    if dirty and options.check:
        print("Clean them with: .venv/bin/python -m tools.notebooks strip")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
