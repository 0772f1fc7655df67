"""Build the site: run the notebooks that changed, render the pages strictly, say where they are.

Outputs are cached under a hash of everything that can change them besides the notebook's own code:
the package and the installed versions. Jupyter Book's own cache keys on the code cells alone, and
would publish the results of yesterday's `gdcourse`. When that hash, or a file that shapes every
page, changes, all pages are rendered anew.
"""

import hashlib
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import nbformat
import yaml
from jupyter_book.sphinx import build_sphinx
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from nbformat import NotebookNode

from tools.notebooks import execute_all

SITE = Path("_build/html")
DOCTREES = Path("_build/.doctrees")
CACHES = Path("build/jupyter_cache")
RENDERED = Path("_build/rendered")  # the hash of what shaped the pages of the last good build


def pages() -> list[Path]:
    """Return the source files of all pages, in the order of the table of contents."""
    toc = yaml.safe_load(Path("_toc.yml").read_text(encoding="utf-8"))
    names = [toc["root"]]

    def visit(entries: list[dict]) -> None:
        for entry in entries:
            if "file" in entry:
                names.append(entry["file"])
            for key in ("chapters", "sections", "parts"):
                visit(entry.get(key, []))

    visit([toc])
    sources = []
    for name in names:
        found = [
            path for path in map(Path, (name, f"{name}.ipynb", f"{name}.md")) if path.is_file()
        ]
        if not found:
            raise FileNotFoundError(f"_toc.yml names {name}, but there is no {name}.ipynb or .md")
        sources.append(found[0])
    return sources


def built(page: Path) -> Path:
    """Return the place of a page in the built site."""
    return SITE / page.with_suffix(".html")


def fingerprint(paths: Iterable[Path]) -> str:
    """Hash the names and contents of files and folders, but for what Python compiled."""
    digest = hashlib.sha256()
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                content = file.read_bytes()
                digest.update(f"{file.as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def remember(
    cache: JupyterCacheAbstract, path: Path, notebook: NotebookNode, seconds: float
) -> None:
    """Put a notebook that ran into the cache that Jupyter Book reads."""
    bundle = CacheBundleIn(notebook, str(path.resolve()), data={"execution_seconds": seconds})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def run_changed(sources: list[Path], cache: JupyterCacheAbstract) -> bool:
    """Run the notebooks that the cache does not hold; return whether all went well."""
    missing = []
    for path in sources:
        if path.suffix == ".ipynb":
            try:
                cache.match_cache_notebook(nbformat.read(path, as_version=4))
            except KeyError:
                missing.append(path)
    if missing:
        plural = "s, two at a time" if len(missing) > 1 else ""
        print(f"Running {len(missing)} notebook{plural}", flush=True)
    return not execute_all(missing, lambda *run: remember(cache, *run))


def main() -> int:
    """Build the site; return the exit code."""
    start = time.perf_counter()
    sources = pages()

    outputs = fingerprint(map(Path, ("gdcourse", "requirements.txt", "constraints.txt")))
    cache_path = (CACHES / outputs).resolve()
    if CACHES.is_dir():
        for old in CACHES.iterdir():
            if old.name != outputs:
                shutil.rmtree(old)
    if not run_changed(sources, get_cache(cache_path)):
        return 1

    shaping = ("_config.yml", "_toc.yml", "book/_static", "book/references.bib", "tools")
    shape = outputs + fingerprint(map(Path, shaping))
    if not (RENDERED.is_file() and RENDERED.read_text() == shape):
        shutil.rmtree("_build", ignore_errors=True)
    # Sphinx warns only while it reads a page: without this, a second run would pass over the
    # errors of the first.
    RENDERED.unlink(missing_ok=True)

    print(f"Rendering what changed of {len(sources)} pages", flush=True)
    status = build_sphinx(
        Path.cwd(),
        SITE.resolve(),
        noconfig=True,
        path_config="_config.yml",
        confoverrides={
            "external_toc_path": "_toc.yml",
            "latex_individualpages": False,
            "nb_execution_cache_path": str(cache_path),
        },
        doctreedir=DOCTREES.resolve(),
        quiet=True,
        warningiserror=True,
        keep_going=True,
    )
    if status:
        print("The book was not built: the warnings above say why.", file=sys.stderr)
        return 1
    missing = [page for page in sources if not built(page).is_file()]
    if missing:
        print(f"Jupyter Book left out {', '.join(map(str, missing))}.", file=sys.stderr)
        return 1

    RENDERED.write_text(shape)
    address = (SITE / "index.html").resolve().as_uri()
    seconds = time.perf_counter() - start
    print(f"\n{len(sources)} pages in {seconds:.0f} s. Read them at\n\n    {address}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
