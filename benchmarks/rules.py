"""One step of a rule, beside PyTorch's and optax's, in the same run.

Prints microseconds a step, each the median of interleaved rounds, and three ratios: NumPy as the
rule runs by default to torch's default path, the compiled rule to torch's fused kernel (foreach
where it has none), and the compiled rule to a copy of as many bytes as the step reads and writes.
Then the memory that one step of ten million parameters takes beside the state. Names of rules as
arguments choose some of them.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

# Every library on all cores; the others are said to slow NumPy on some machines.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(variable, None)

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402
import torch  # noqa: E402

from gdcourse.rules import SGD, Adam, AdamW, Momentum, RAdam, RMSprop, Rule  # noqa: E402

ROUNDS = 7
TURN = 0.01  # seconds that one way gets in a round, or one step if that takes longer
SIZES = (2, 10**3, 10**5, 10**6, 10**7)
LR = 1e-3

Step = Callable[[], object]
RULES: dict[str, tuple[Rule, Callable, optax.GradientTransformation]] = {
    "SGD": (SGD(LR), lambda p, **way: torch.optim.SGD(p, LR, **way), optax.sgd(LR)),
    "Momentum": (
        Momentum(LR),
        lambda p, **way: torch.optim.SGD(p, LR, momentum=0.9, **way),
        optax.sgd(LR, momentum=0.9),
    ),
    "RMSprop": (
        RMSprop(LR),
        lambda p, **way: torch.optim.RMSprop(p, LR, alpha=0.9, **way),
        optax.rmsprop(LR),
    ),
    "Adam": (Adam(LR), lambda p, **way: torch.optim.Adam(p, LR, **way), optax.adam(LR)),
    "AdamW": (AdamW(LR), lambda p, **way: torch.optim.AdamW(p, LR, **way), optax.adamw(LR)),
    "RAdam": (RAdam(LR), lambda p, **way: torch.optim.RAdam(p, LR, **way), optax.radam(LR)),
}
WAYS = ("whole", "numpy", "compiled", "torch", "foreach", "fused", "optax", "copy")


def ours(rule: Rule, x0: np.ndarray, g: np.ndarray) -> dict[str, Step]:
    """Return the ways to make a step of ours: all at once, as it runs by default, compiled."""
    x, state, compiled = x0.copy(), rule.init(x0), rule.compiled()
    arrays = [x, g, *state.values()]
    return {
        "whole": lambda: rule._write(arrays, rule.hyper(9)),
        "numpy": lambda: rule(x, g, state, 9),
        "compiled": lambda: compiled(x, g, state, 9),
    }


def torchs(make: Callable, x0: np.ndarray, g: np.ndarray) -> dict[str, Step]:
    """Return PyTorch's ways to make a step; not every optimizer has a fused one."""
    steps = {}
    ways = {"torch": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
    for name, way in ways.items():
        p = torch.tensor(x0, requires_grad=True)
        p.grad = torch.tensor(g)
        try:
            steps[name] = make([p], **way).step
        except TypeError:
            continue
    return steps


def optaxs(method: optax.GradientTransformation, x0: np.ndarray, g: np.ndarray) -> dict[str, Step]:
    """Return optax's way: one compiled function that may write into its arguments."""
    jax.config.update("jax_enable_x64", x0.dtype == np.float64)
    gradient = jnp.asarray(g)
    kept = [jnp.array(x0), method.init(jnp.asarray(x0))]

    def update(x: jax.Array, state: object) -> tuple:
        updates, state = method.update(gradient, state, x)
        return optax.apply_updates(x, updates), state

    compiled = jax.jit(update, donate_argnums=(0, 1))

    def step() -> None:
        kept[:] = compiled(*kept)
        jax.block_until_ready(kept)

    return {"optax": step}


def copy(rule: Rule, x: np.ndarray) -> dict[str, Step]:
    """Return a copy of as many bytes as the rule reads and writes, on all cores."""
    arrays = 3 + 2 * len(rule.state_names)  # x and the state both ways, and g
    source = torch.tensor(np.ones(arrays * x.size // 2, x.dtype))
    target = torch.zeros_like(source)
    return {"copy": lambda: target.copy_(source)}


def measure(steps: dict[str, Step]) -> dict[str, float]:
    """Return the median over interleaved rounds of the microseconds that one step takes."""
    repeats = {}
    for name, step in steps.items():
        step()
        step()
        start = time.perf_counter()
        step()
        repeats[name] = max(1, min(1000, round(TURN / (time.perf_counter() - start))))
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            start = time.perf_counter()
            for _ in range(repeats[name]):
                step()
            times[name].append((time.perf_counter() - start) / repeats[name] * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def extra_memory(step: Step) -> float:
    """Return the megabytes that one step takes at most beside what is there before."""
    step()
    tracemalloc.start()
    step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def main(names: list[str]) -> None:
    """Print the tables."""
    head = f"{'':9}{'dtype':>8}{'n':>12}" + "".join(f"{way:>10}" for way in WAYS)
    print(f"microseconds a step, {torch.get_num_threads()} threads, median of {ROUNDS} rounds")
    print(head + f"{'np/torch':>10}{'c/fused':>9}{'c/copy':>9}")
    memory = []
    for name in names or RULES:
        rule, make, method = RULES[name]
        for dtype in (np.float32, np.float64):
            for n in SIZES:
                rng = np.random.default_rng(0)
                x0, g = rng.normal(size=(2, n)).astype(dtype)
                mine = ours(rule, x0, g)
                theirs = torchs(make, x0, g) | optaxs(method, x0, g)
                us = measure(mine | theirs | copy(rule, x0))
                row = f"{name:9}{np.dtype(dtype).name:>8}{n:12,}"
                row += "".join(f"{us[way]:10,.1f}" if way in us else f"{'':10}" for way in WAYS)
                fused = us.get("fused", us["foreach"])
                ratios = us["numpy"] / us["torch"], us["compiled"] / fused
                row += f"{ratios[0]:10.2f}{ratios[1]:9.2f}{us['compiled'] / us['copy']:9.2f}"
                print(row, flush=True)
            state = x0.nbytes * (2 + len(rule.state_names)) / 1e6
            extra = "".join(f"{extra_memory(step):10.2f}" for step in mine.values())
            memory.append(f"{name:9}{np.dtype(dtype).name:>8}{state:10.0f}{extra}")
    print(f"\nmegabytes beside point, gradient and state, n = {SIZES[-1]:,}")
    print(f"{'':9}{'dtype':>8}{'these':>10}{'whole':>10}{'numpy':>10}{'compiled':>10}")
    print("\n".join(memory))


if __name__ == "__main__":
    main(sys.argv[1:])
