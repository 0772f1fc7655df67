"""A few threads that share a long vector, for compiled loops, which let go of Python's lock.

NumPy's functions do too, but so many short ones spend what they win on waiting for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def num_threads() -> int:
    """Return how many threads to use: ``OMP_NUM_THREADS``, or one for each core we may use."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def pool() -> Any:
    """Return the threads beside the one that asks, made at the first use."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(num_threads() - 1)


if hasattr(os, "register_at_fork"):  # a forked process has no threads but the one that forked
    os.register_at_fork(after_in_child=pool.cache_clear)


def share(work: Callable[[int], None], count: int) -> None:
    """Call ``work(0)`` to ``work(count - 1)``, each in a thread of its own."""
    running = [pool().submit(work, k) for k in range(1, count)]
    work(0)
    for thread in running:
        thread.result()
