"""What has been solved in this folder, in one small file that can be deleted at any time.

Each line names an exercise and a time. Lines are only ever added, each by one write at the end of
the file, so that two notebooks may write at once; a line that is damaged is passed over.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

FILE = Path(".gdcourse-progress")


def add(id: str) -> None:
    """Write down that an exercise is solved; a folder that cannot be written to keeps no record."""
    if id in solved():
        return
    line = f"\n{id} {datetime.now():%Y-%m-%d %H:%M}\n"  # begins a line, whatever stands before
    with suppress(OSError):
        file = os.open(FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)


def solved() -> set[str]:
    """Return the names in the file."""
    try:
        text = FILE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    return {line.split()[0] for line in text.splitlines() if line.strip()}
