"""A few threads that share the work on one long vector: NumPy and numba let go of the GIL."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import cache
from itertools import pairwise
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


def share(work: Callable[[Any], None], pieces: Sequence[Any]) -> None:
    """Do the work on every piece; each thread takes as many neighbours as the next one."""

    def do(pieces: Sequence[Any]) -> None:
        for piece in pieces:
            work(piece)

    count = min(num_threads(), len(pieces))
    cuts = [len(pieces) * k // count for k in range(count + 1)]
    mine, *others = [pieces[i:j] for i, j in pairwise(cuts)]
    # A thread does not inherit np.errstate: divergence would warn there.
    running = [pool().submit(copy_context().run, do, part) for part in others]
    do(mine)
    for thread in running:
        thread.result()
