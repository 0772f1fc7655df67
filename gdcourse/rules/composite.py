"""Rules that hold rules: switch, look ahead, average, or share the parameters out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from math import prod
from typing import Any, ClassVar, Self

import numpy as np

from ..models import Model
from .adam import AdamFamily
from .base import Array, Hyper, Rule, State, Wrapper, prefixed, within


@dataclass
class SWATS(AdamFamily):
    """Begin with Adam, go on with SGD, at a rate that Adam's steps tell (Keskar & Socher 2017).

        p      <- Adam's step
        gamma  <- p.p / (-p.g)                       where p.g is not 0
        mean   <- beta2 * mean + (1 - beta2) * gamma
        switch once t > 1 and |mean / (1 - beta2^t) - gamma| < tolerance; from then on
        b      <- beta1 * b + g
        x      <- x - (1 - beta1) * rate * b,        rate = mean / (1 - beta2^t) at the switch

    The paper's form: dot products over the whole vector, and a switch in absolute terms. A rate
    of 0 or below is never switched to. Other code has one rate for each array of a model, as
    :class:`Groups` would.

    Parameters
    ----------
    lr, beta1, beta2, eps : float, array or schedule
        As in :class:`Adam`.
    tolerance : float, array or schedule
        How near two estimates of the rate must be, at least 0; units of x over g.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Keskar & Socher (2017), Improving generalization performance by switching from Adam to SGD.
    """

    tolerance: Hyper = 1e-9

    elementwise: ClassVar[bool] = False

    def init(self, x: Array) -> State:
        """Return zeros; the mean and the rate, 0 until the switch, are one number a run."""
        one = np.zeros_like(x[..., :1])
        return super().init(x) | {"mean": one, "rate": one.copy()}

    @staticmethod
    def step(
        x: Array,
        g: Array,
        m: Array,
        v: Array,
        b: Array,
        mean: Array,
        rate: Array,
        *,
        lr: Array,
        beta1: Array,
        beta2: Array,
        eps: Array,
        tolerance: Array,
        t: int,
    ) -> tuple[Array, ...]:
        """Return the new point; Adam's means, SGD's velocity; the mean rate, the chosen one."""
        switched = rate > 0
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        p = -lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
        b = np.where(switched, beta1 * b + g, b)
        x = x + np.where(switched, -((1 - beta1) * rate * b), p)

        pg = (p * g).sum(axis=-1, keepdims=True)
        known = (pg != 0) & ~switched
        gamma = (p * p).sum(axis=-1, keepdims=True) / np.where(known, -pg, 1)
        mean = np.where(known, beta2 * mean + (1 - beta2) * gamma, mean)
        estimate = mean / (1 - beta2**t)
        agree = known & (t > 1) & (np.abs(estimate - gamma) < tolerance) & (estimate > 0)
        rate = np.where(agree, estimate, rate)
        return x, m, v, b, mean, rate


@dataclass
class Lookahead(Wrapper):
    """Every k steps, go part of the way to where the inner rule has got (Zhang et al. 2019).

        x    <- the inner rule's step
        slow <- slow + alpha * (x - slow),   x <- slow,   after every k-th step

    The paper's form and defaults; the inner rule keeps its state (the authors' code also offers
    to reset it, and has alpha 0.8). ``readout`` gives the slow weights.

    Parameters
    ----------
    inner : Rule
        The rule that takes the fast steps.
    k : int
        Fast steps for each slow one, at least 1.
    alpha : float, array or schedule
        Share of the way, in [0, 1].

    Raises
    ------
    ValueError
        If an argument is not allowed.

    References
    ----------
    Zhang, Lucas, Ba & Hinton (2019), Lookahead optimizer: k steps forward, 1 step back.
    """

    k: int = 5
    alpha: Hyper = 0.5

    @staticmethod
    def step(
        x: Array, g: Array, slow: Array, *, k: int, alpha: Array, t: int
    ) -> tuple[Array, Array]:
        """Return the new fast and slow weights, after the inner rule's step."""
        if t % k == 0:
            slow = slow + alpha * (x - slow)
            x = slow
        return x, slow

    def readout(self, x: Array, state: State) -> Array:
        """Return the slow weights."""
        return state["slow"]


@dataclass
class ScheduleFree(Wrapper):
    """Average in place of a schedule (Defazio et al. 2024).

        z       <- the inner rule's step from z, with the gradient at x; z <- z - lr * decay * x
        c       <- lr^2 / (sum of all lr^2 so far),   1/t for a constant rate
        average <- (1 - c) * average + c * z
        x       <- (1 - beta) * z + beta * average

    Here ``x`` is the point where the next gradient is to be taken, the paper's y; ``readout``
    gives the average, the paper's x. With ``inner=SGD(lr=1.0)`` it is the paper's Schedule-Free
    SGD, with ``inner=Adam(beta1=0)`` its AdamW, bias correction as in the authors' package,
    whose weights take the largest rate so far in the place of ``lr``.

    Parameters
    ----------
    inner : Rule
        SGD, Adam or another rule that has an ``lr`` and no momentum of its own.
    beta : float, array or schedule
        How near to the average gradients are taken, in [0, 1).
    weight_decay : float, array or schedule
        Rate of a decay, at least 0.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    References
    ----------
    Defazio et al. (2024), The road less scheduled.
    """

    beta: Hyper = 0.9
    weight_decay: Hyper = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if "lr" not in self.inner.hyper_names:
            raise ValueError(f"inner must be a rule with an lr, got {self.inner!r}")

    @property
    def lr(self) -> Hyper:
        """The inner rule's learning rate."""
        return vars(self.inner)["lr"]

    def init(self, x: Array) -> State:
        """Return both points at the start, and a sum of 0."""
        return super().init(x) | {"total": np.zeros_like(x)}

    def __call__(self, x: Array, g: Array, state: State, t: int) -> None:
        """Update ``x`` and ``state`` in place with the gradient ``g`` of update ``t``."""
        self.inner(state["z"], g, within("inner", state), t)
        Rule.__call__(self, x, g, state, t)

    @staticmethod
    def step(
        x: Array,
        g: Array,
        z: Array,
        average: Array,
        total: Array,
        *,
        lr: Array,
        beta: Array,
        weight_decay: Array,
    ) -> tuple[Array, Array, Array, Array]:
        """Return the new point, base point and average, after the inner rule's step of z."""
        z = z - lr * weight_decay * x
        total = total + lr**2
        c = lr**2 / np.maximum(total, TINY)
        average = (1 - c) * average + c * z
        x = (1 - beta) * z + beta * average
        return x, z, average, total

    def readout(self, x: Array, state: State) -> Array:
        """Return the average."""
        return state["average"]


# Below any square of a rate: a warm-up that starts at 0 has no weight, and not 0/0.
TINY = 1e-36


@dataclass
class Groups(Rule):
    """Different rules, or rates, for the named arrays of a model's vector.

        x[W1] <- rules["W*"](x[W1], g[W1]),   x[b1] <- rules["b*"](x[b1], g[b1]),   ...

    Each array is a vector of its own to its rule, so that norms are those of the layer, and a
    matrix to a rule that acts on matrices.

    Parameters
    ----------
    shapes : Model, or dict of str to tuple of int
        What the vector holds, in order.
    rules : dict of str to Rule
        A rule for each name; ``*`` stands for any letters, and the first that fits is taken.

    Raises
    ------
    ValueError
        If an array has no rule, a rule no array, or a rule for matrices another shape.
    """

    shapes: Model | Mapping[str, tuple[int, ...]]
    rules: Mapping[str, Rule]
    parts: dict[str, tuple[Rule, slice, tuple[int, ...]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shapes = self.shapes.shapes if isinstance(self.shapes, Model) else dict(self.shapes)
        self.parts, start, unused = {}, 0, set(self.rules)
        for pattern, rule in self.rules.items():
            if not isinstance(rule, Rule):
                raise ValueError(f"rules[{pattern!r}] must be a gdcourse rule, got {rule!r}")
        for name, shape in shapes.items():
            fitting = [pattern for pattern in self.rules if fnmatchcase(name, pattern)]
            if not fitting:
                raise ValueError(f"rules must have a rule for {name!r}, got {list(self.rules)}")
            rule = self.rules[fitting[0]]
            if rule.axes == 2 and len(shape) != 2:
                raise ValueError(
                    f"rules[{fitting[0]!r}] acts on matrices, but {name!r} has shape {shape}"
                )
            unused.discard(fitting[0])
            stop = start + prod(shape)
            self.parts[name] = rule, slice(start, stop), shape if rule.axes == 2 else (-1,)
            start = stop
        if unused:
            raise ValueError(f"rules must fit the names {list(shapes)}; {unused} fit none")
        self.num_parameters = start

    def compiled(self) -> Self:
        """Return the same groups with every rule compiled."""
        return replace(self, rules={name: rule.compiled() for name, rule in self.rules.items()})

    def init(self, x: Array) -> State:
        """Return the states of all rules, under names that begin with their array's."""
        state: State = {}
        for name, (rule, _, _) in self.parts.items():
            state |= prefixed(name, rule.init(self.view(x, name)))
        return state

    def with_runs(self, x: Array) -> Array:
        """Return ``x`` with the axes of runs that the rules' hyperparameters add to it."""
        self._check_length(x)
        for name, (rule, _, shape) in self.parts.items():
            view = rule.with_runs(self.view(x, name))
            x = np.broadcast_to(x, (*view.shape[: -len(shape)], x.shape[-1]))
        return x

    def hyper(self, t: int) -> dict[str, Any]:
        """Return the values that the rules use in update ``t``, under their arrays' names."""
        return {
            f"{name}.{key}": value
            for name, (rule, _, _) in self.parts.items()
            for key, value in rule.hyper(t).items()
        }

    def __call__(self, x: Array, g: Array, state: State, t: int) -> None:
        """Update ``x`` and ``state`` in place with the gradient ``g`` of update ``t``."""
        self._check_length(x)
        if np.shape(g) != x.shape:
            raise ValueError(f"g must have the shape of x, {x.shape}, got {np.shape(g)}")
        for name, (rule, _, _) in self.parts.items():
            rule(self.view(x, name), self.view(g, name), within(name, state), t)

    def readout(self, x: Array, state: State) -> Array:
        """Return the points that the rules report, in one vector."""
        point = x.copy()
        for name, (rule, _, _) in self.parts.items():
            self.view(point, name)[...] = rule.readout(self.view(x, name), within(name, state))
        return point

    def view(self, x: Array, name: str) -> Array:
        """Return the part of ``x`` that a name stands for, as its rule takes it."""
        _, place, shape = self.parts[name]
        return x[..., place].reshape(*x.shape[:-1], *shape)

    def _check_length(self, x: Array) -> None:
        if np.shape(x)[-1:] != (self.num_parameters,):
            raise ValueError(
                f"x must have a last axis of length {self.num_parameters}, got {np.shape(x)}"
            )
