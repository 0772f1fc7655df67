"""A sweep over learning rates as one array program, beside a PyTorch loop and jax vmap with jit.

Two sweeps of Adam: 1,000 rates on Rosenbrock's valley, and 64 rates for a network on digits. All
ways take the same steps, which is checked; PyTorch makes a few of the runs, and its time is
scaled up. Prints the seconds of the first time, which compiles, and of the next (the median of
interleaved rounds); and by how much the memory of a fresh process grows the first time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(variable, None)

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402
import torch  # noqa: E402

from gdcourse import data, descend  # noqa: E402
from gdcourse.landscapes import Rosenbrock  # noqa: E402
from gdcourse.models import MLP  # noqa: E402
from gdcourse.oracles import MiniBatch  # noqa: E402
from gdcourse.rules import Adam, Rule  # noqa: E402

ROUNDS = 7
Sweep = Callable[[], np.ndarray]


class Valley:
    """1,000 runs of 1,000 steps on Rosenbrock's valley, in float64."""

    name = "1,000 runs x 1,000 steps of Adam on Rosenbrock, n = 2, float64"
    rates = np.geomspace(1e-4, 1.0, 1000)
    num_steps = 1000
    torch_runs = 1
    x0 = np.array([-1.2, 1.0])

    def ours(self, rule: Rule) -> np.ndarray:
        """Return the last points of a sweep with ``descend``."""
        return descend(Rosenbrock().gradient, self.x0, rule, self.num_steps, record=1000).x[-1]

    def torchs(self) -> np.ndarray:
        """Return the last points of the first few runs, each a loop as PyTorch's users write it."""
        ends = []
        for lr in self.rates[: self.torch_runs]:
            x = torch.tensor(self.x0, requires_grad=True)
            optimizer = torch.optim.Adam([x], lr=lr)
            for _ in range(self.num_steps):
                optimizer.zero_grad()
                loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
                loss.backward()
                optimizer.step()
            ends.append(x.detach().numpy())
        return np.array(ends)

    def jaxs(self) -> Sweep:
        """Return a compiled sweep: ``vmap`` over rates of a ``scan`` over steps."""
        jax.config.update("jax_enable_x64", True)
        slope = jax.grad(lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2)
        return adam_sweep(lambda x, step: slope(x), self.x0, self.rates, np.arange(self.num_steps))


class Networks:
    """64 networks on digits, five epochs of mini-batches of 32, in float32."""

    name = "64 networks (64, 32, 10) on digits, 5 epochs of batches of 32, Adam, float32"
    rates = np.geomspace(1e-5, 1e-1, 64)
    torch_runs = 4

    def __init__(self) -> None:
        digits = data.digits()
        self.X, self.y = digits.X.astype(np.float32), digits.y
        self.model = MLP((64, 32, 10))
        self.x0 = self.model.init(np.random.default_rng(0)).astype(np.float32)
        oracle = self.oracle()
        self.batches = [oracle.next_batch() for _ in range(5 * oracle.batches_per_epoch)]
        self.batches = [batch for batch in self.batches if len(batch) == 32]

    def oracle(self) -> MiniBatch:
        """Return the mini-batches, in the same order every time."""
        return MiniBatch(self.model, self.X, self.y, 32, rng=np.random.default_rng(1))

    def ours(self, rule: Rule) -> np.ndarray:
        """Return the last parameters of a sweep with ``descend``."""
        batches = iter(self.batches)

        def oracle(x: np.ndarray) -> np.ndarray:
            batch = next(batches)
            return self.model.gradient(x, self.X[batch], self.y[batch])

        return descend(oracle, self.x0, rule, len(self.batches), record=len(self.batches)).x[-1]

    def torchs(self) -> np.ndarray:
        """Return the last parameters of the first few runs."""
        X, y, ends = torch.tensor(self.X), torch.tensor(self.y), []
        W1, b1, W2, b2 = (torch.tensor(W) for W in self.model.unpack(self.x0).values())
        for lr in self.rates[: self.torch_runs]:
            first, last = torch.nn.Linear(64, 32), torch.nn.Linear(32, 10)
            with torch.no_grad():
                for p, value in zip(
                    [*first.parameters(), *last.parameters()], [W1.T, b1, W2.T, b2], strict=True
                ):
                    p.copy_(value)
            network = torch.nn.Sequential(first, torch.nn.ReLU(), last)
            optimizer = torch.optim.Adam(network.parameters(), lr=lr)
            for batch in self.batches:
                optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(network(X[batch]), y[batch])
                loss.backward()
                optimizer.step()
            arrays = [p.detach().numpy().T.ravel() for p in network.parameters()]
            ends.append(np.concatenate(arrays))
        return np.array(ends)

    def jaxs(self) -> Sweep:
        """Return a compiled sweep."""
        jax.config.update("jax_enable_x64", False)
        X, y = jnp.asarray(self.X), jnp.asarray(self.y)

        def loss(theta: jax.Array, batch: jax.Array) -> jax.Array:
            W1, b1 = theta[:2048].reshape(64, 32), theta[2048:2080]
            W2, b2 = theta[2080:2400].reshape(32, 10), theta[2400:]
            scores = jax.nn.relu(X[batch] @ W1 + b1) @ W2 + b2
            return optax.softmax_cross_entropy_with_integer_labels(scores, y[batch]).mean()

        return adam_sweep(jax.grad(loss), self.x0, self.rates, np.array(self.batches))


def adam_sweep(slope: Callable, x0: np.ndarray, rates: np.ndarray, steps: np.ndarray) -> Sweep:
    """Return Adam for every rate at once, compiled by jax."""
    adam = optax.scale_by_adam()

    def run(lr: jax.Array) -> jax.Array:
        def update(carry: tuple, step: jax.Array) -> tuple:
            x, state = carry
            direction, state = adam.update(slope(x, step), state)
            return (x - lr * direction, state), None

        x = jnp.asarray(x0)
        return jax.lax.scan(update, (x, adam.init(x)), jnp.asarray(steps))[0][0]

    compiled = jax.jit(jax.vmap(run))
    return lambda: np.asarray(compiled(jnp.asarray(rates, x0.dtype)))


SWEEPS = {"valley": Valley, "networks": Networks}
WAYS = ("numpy", "compiled", "jax vmap + jit", "torch loop")


def ways_of(sweep: Valley | Networks, names: tuple[str, ...]) -> dict[str, Sweep]:
    """Return the ways to make a sweep, by name, each ready to run."""
    rule = Adam(sweep.rates[:, None])
    make: dict[str, Callable[[], Sweep]] = {
        "numpy": lambda: lambda: sweep.ours(rule),
        "compiled": lambda: lambda: sweep.ours(rule.compiled()),
        "jax vmap + jit": sweep.jaxs,
        "torch loop": lambda: sweep.torchs,
    }
    return {name: make[name]() for name in names}


def megabytes(sweep: str, way: str) -> float:
    """Return by how much the memory of a fresh process grows in a sweep."""
    done = subprocess.run(
        [sys.executable, __file__, sweep, way], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def grow(sweep: str, way: str) -> None:
    """Print by how much the memory of this process grows in a sweep, compilation included."""
    run = ways_of(SWEEPS[sweep](), (way,))[way]
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts from here
    before = peak_kilobytes()
    run()
    print((peak_kilobytes() - before) / 1024)


def peak_kilobytes() -> int:
    """Return the most memory that this process has held, as Linux tells."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Print the tables."""
    for key, kind in SWEEPS.items():
        sweep = kind()
        ways = ways_of(sweep, WAYS)
        times: dict[str, list[float]] = {name: [] for name in ways}
        ends = {}
        for _ in range(1 + ROUNDS):
            for name, run in ways.items():
                scale = len(sweep.rates) / sweep.torch_runs if name == "torch loop" else 1
                start = time.perf_counter()
                ends[name] = run()
                times[name].append((time.perf_counter() - start) * scale)
        for name, end in ends.items():
            error = np.abs(end - ends["numpy"][: len(end)])[: sweep.torch_runs].max()
            assert error < 1e-3, (name, error)
        seconds = {name: statistics.median(values[1:]) for name, values in times.items()}
        print(sweep.name)
        titles = f"{'torch / this':>14}{'jax / this':>12}{'megabytes':>11}"
        print(f"{'':16}{'first':>10}{'seconds':>10}{titles}")
        for name, value in seconds.items():
            ratios = seconds["torch loop"] / value, seconds["jax vmap + jit"] / value
            row = f"{name:16}{times[name][0]:10.3f}{value:10.3f}{ratios[0]:14.1f}{ratios[1]:12.2f}"
            print(f"{row}{megabytes(key, name):11.1f}", flush=True)
        print()


if __name__ == "__main__":
    grow(*sys.argv[1:]) if len(sys.argv) == 3 else main()
