"""Steps per second of the loop, beside a torch.optim loop in the same run.

Prints microseconds a step and the ratio to torch, each the median of interleaved rounds.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from gdcourse import descend
from gdcourse.landscapes import Rosenbrock
from gdcourse.rules import SGD, Momentum

ROUNDS = 7
X0 = [-1.2, 1.0]


def ours(rule: SGD | Momentum, num_steps: int) -> None:
    """Walk on Rosenbrock's valley with ``descend``."""
    descend(Rosenbrock().gradient, X0, rule, num_steps, record=num_steps)


def theirs(momentum: float, num_steps: int) -> None:
    """Walk on the same valley the way a PyTorch user writes it."""
    x = torch.tensor(X0, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=1e-4, momentum=momentum)
    for _ in range(num_steps):
        optimizer.zero_grad()
        loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
        loss.backward()
        optimizer.step()


def measure(work: dict[str, tuple[Callable[[], None], int]]) -> dict[str, float]:
    """Return the median over interleaved rounds of the microseconds that one step takes."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, (run, steps) in work.items():
            start = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - start) / steps * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def import_seconds() -> float:
    """Return the median time that ``import gdcourse`` takes in a fresh interpreter."""
    code = "import time; t = time.perf_counter(); import gdcourse; print(time.perf_counter() - t)"
    runs = [subprocess.check_output([sys.executable, "-c", code], text=True) for _ in range(ROUNDS)]
    return statistics.median(map(float, runs))


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    rates = np.geomspace(1e-6, 1e-3, 1000)[:, None]
    medians = measure(
        {
            "torch.optim.SGD, one run": (lambda: theirs(0.0, 300), 300),
            "SGD, one run": (lambda: ours(SGD(1e-4), 3000), 3000),
            "SGD, sweep of 1,000 runs": (lambda: ours(SGD(rates), 300), 300 * 1000),
            "torch.optim.SGD with momentum, one run": (lambda: theirs(0.9, 300), 300),
            "Momentum, one run": (lambda: ours(Momentum(1e-4), 3000), 3000),
            "Momentum, sweep of 1,000 runs": (lambda: ours(Momentum(rates), 300), 300 * 1000),
        }
    )
    torch_time = 1.0
    print(f"{'Rosenbrock, n = 2, float64':40}{'us a step':>12}{'steps/s':>14}{'x torch':>10}")
    for name, median in medians.items():
        torch_time = median if name.startswith("torch") else torch_time
        print(f"{name:40}{median:12.3f}{1e6 / median:14,.0f}{torch_time / median:10.1f}")
    print(f"\nimport gdcourse: {import_seconds():.3f} s")


if __name__ == "__main__":
    main()
