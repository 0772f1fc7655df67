"""Run what a learner wrote, and live on: endless loops, printing and errors included.

The code runs in a thread of its own while the caller waits. That works wherever Python does: in a
kernel's main thread and in others, on Linux, macOS and Windows. What counts is processor time, so
that a busy machine makes no answer wrong; only a function that sleeps is stopped by the clock.
"""

from __future__ import annotations

import ctypes
import gc
import io
import linecache
import sysconfig
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import Any

import numpy as np

CPU_SECONDS = 0.5
CLOCK_SECONDS = 4.0
GRACE_SECONDS = 0.5  # for a loop to end that catches what we throw
MAX_CALLS = 10_000
MAX_PRINTED = 2_000  # characters

# A line in here is not the learner's.
PACKAGES = (
    str(Path(__file__).parents[1]),
    *(sysconfig.get_paths()[kind] for kind in ("stdlib", "purelib", "platlib")),
    "<",
)


# Standard output is one for all threads: one check at a time may listen to it.
LISTENING = threading.Lock()


class Stop(BaseException):
    """Ends a learner's function; no ``except Exception`` catches it."""


class Printed(io.StringIO):
    """Keeps the beginning of what is printed, however much that is."""

    def write(self, text: str) -> int:
        """Keep the text as long as there is room."""
        return super().write(text[: max(MAX_PRINTED - self.tell(), 0)])


def run(work: Callable[[], None]) -> tuple[bool, str]:
    """Call ``work`` within the limits; return whether it ended by itself, and what it printed."""

    def quietly() -> None:
        with suppress(Stop), np.errstate(all="ignore"):
            work()

    printed = Printed()
    thread = threading.Thread(target=quietly, daemon=True)
    with LISTENING, redirect_stdout(printed), _uncollected():
        cpu, clock = time.process_time(), time.monotonic()
        thread.start()
        try:
            while thread.is_alive():
                thread.join(0.01)
                late = time.process_time() - cpu > CPU_SECONDS
                if late or time.monotonic() - clock > CLOCK_SECONDS:
                    break
            ended = not thread.is_alive()
        finally:
            _end(thread)
    return ended, printed.getvalue()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the garbage collector: one pass over a long session's objects takes the whole limit."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _end(thread: threading.Thread) -> None:
    """Throw ``Stop`` into a thread until it ends, or give it up: it cannot hold the caller."""
    deadline = time.monotonic() + GRACE_SECONDS
    while thread.is_alive() and time.monotonic() < deadline:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Stop)
        )
        thread.join(0.01)


class TooManyCallsError(Exception):
    """A function that the learner was given has been called without end."""


def limited(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that raises once it has been called too often."""
    calls = 0

    def called(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > MAX_CALLS:
            raise TooManyCallsError(f"called more than {MAX_CALLS:,} times")
        return function(*arguments)

    return called


def explain(error: BaseException) -> str:
    """Say what went wrong, and in which line of the learner's own code."""
    text = f"{type(error).__name__}: {error}".removesuffix(": ")
    theirs = [
        (frame.f_code, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith(PACKAGES)
    ]
    if not theirs:
        return text
    code, line = theirs[-1]
    source = linecache.getline(code.co_filename, line).strip()
    where = f"line {line - code.co_firstlineno + 1} of `{code.co_name}`"
    return f"{text}, in {where}" + (f": `{source}`" if source else "")
