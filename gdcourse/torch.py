"""The course's rules as PyTorch optimizers, to train a real network with the code just read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import fields
from typing import Any

import numpy as np
import torch

from .rules import Groups, Rule
from .rules.base import Array, State, Wrapper


class Optimizer(torch.optim.Optimizer):
    """Any rule of the course as a ``torch.optim.Optimizer``.

        for every parameter tensor p:   rule(p, p.grad, the state of p, the t of p)

    A tensor is one vector to its rule, so that norms are those of the layer, or one matrix to a
    rule that acts on matrices: transposed, since the columns of our matrices are units. Memory
    is shared with NumPy, not copied, where the tensor is contiguous.

    ``param_groups`` hold the rule's hyperparameters under their names here. A group may set its
    own, and its own ``rule``; PyTorch's schedulers change ``lr`` there. Of a rule inside another,
    as in Lookahead, they hold the ``lr``. A schedule of the course is one of the rule's
    hyperparameters, as everywhere, and takes the place of PyTorch's.

    Parameters
    ----------
    params : iterable of tensors, or of dicts with ``params`` and a group's own settings
        What to train: tensors of float32 or float64, on the CPU.
    rule : Rule
        What is done with the gradients.

    Raises
    ------
    ValueError
        If an argument is not allowed.
    """

    def __init__(self, params: Any, rule: Rule) -> None:
        self.rule = rule
        self.rules: list[Rule] = []
        super().__init__(params, {})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, with settings of its own or those of the optimizer's rule."""
        given = {"rule": self.rule} | param_group
        rule, params = given.pop("rule"), given.pop("params")
        check_rule(rule)
        if given.keys() - settings(rule).keys():
            raise ValueError(
                f"a group for {name_of(rule)} can have a rule, {', '.join(settings(rule))}; "
                f"got {', '.join(given)}"
            )
        rule = with_settings(rule, given)
        params = [params] if isinstance(params, torch.Tensor) else list(params)
        for p in params:
            check_parameter(p[1] if isinstance(p, tuple) else p, rule)
        super().add_param_group({"params": params, "rule": name_of(rule)} | settings(rule))
        self.rules.append(rule)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient, and return what ``closure`` returns.

        Parameters
        ----------
        closure : function, optional
            Called first: it is to compute the loss and its gradient anew.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        with np.errstate(all="ignore"):  # divergence is data
            for rule, group in zip(self.rules, self.param_groups, strict=True):
                rule = with_settings(rule, group)
                for p in group["params"]:
                    if p.grad is not None:
                        self._update(p, rule)
        return loss

    def _update(self, p: torch.Tensor, rule: Rule) -> None:
        assert p.grad is not None
        if p.grad.layout != torch.strided:
            raise ValueError(f"gradients must be dense, got one of layout {p.grad.layout}")
        x, g = as_array(p, rule), as_array(p.grad, rule)
        kept = self.state[p]
        if not kept:
            kept["t"] = 0
            kept |= {name: torch.from_numpy(array) for name, array in rule.init(x).items()}
        rule(x, g, arrays_in(kept), kept["t"])
        kept["t"] += 1
        write(x, p, rule)

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Let the parameters be the points that the rules report, as to evaluate a network.

        Most report where they stand; NAG, Lookahead and Schedule-Free do not.
        """
        kept = []
        for rule, group in zip(self.rules, self.param_groups, strict=True):
            rule = with_settings(rule, group)
            for p in group["params"]:
                if self.state[p]:
                    x = as_array(p, rule)
                    kept.append((p, rule, x.copy()))
                    write(rule.readout(x, arrays_in(self.state[p])), p, rule)
        try:
            yield
        finally:
            for p, rule, x in kept:
                write(x, p, rule)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what ``state_dict`` returned, with the same rules."""
        saved = [group.get("rule") for group in state_dict["param_groups"]]
        rules = [name_of(rule) for rule in self.rules]
        if saved != rules:
            raise ValueError(f"state_dict must be from groups with the rules {rules}, got {saved}")
        super().load_state_dict(state_dict)

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"rule": self.rule, "rules": self.rules}


def check_rule(rule: Any) -> None:
    """Raise unless ``rule`` can update one tensor at a time."""
    if not isinstance(rule, Rule):
        raise ValueError(f"rule must be a gdcourse rule, such as Adam(lr=0.001), got {rule!r}")
    if isinstance(rule, Groups):
        raise ValueError("rule must not be Groups: give PyTorch's parameter groups their own rules")
    for name, value in settings(rule).items():
        if np.ndim(value):
            raise ValueError(f"{name} must be a number or a schedule, got an array: {value!r}")
    if isinstance(rule, Wrapper):
        check_rule(rule.inner)


def check_parameter(p: Any, rule: Rule) -> None:
    """Raise unless ``p`` is a tensor that the rule can update in place."""
    if not isinstance(p, torch.Tensor):
        raise ValueError(f"params must hold tensors, got {p!r}")
    if p.dtype not in (torch.float32, torch.float64) or p.device.type != "cpu":
        raise ValueError(
            f"params must be float32 or float64 tensors on the CPU, got {p.dtype} on {p.device}"
        )
    if rule.axes == 2 and p.ndim != 2:
        raise ValueError(
            f"{name_of(rule)} acts on matrices, got a parameter of shape {tuple(p.shape)}: "
            "put it into another group, with another rule"
        )


def name_of(rule: Rule) -> str:
    """Return the rule's name, and in parentheses that of the rule inside it."""
    name = type(rule).__name__
    return f"{name}({name_of(rule.inner)})" if isinstance(rule, Wrapper) else name


def settings(rule: Rule) -> dict[str, Any]:
    """Return the hyperparameters of a rule, and the ``lr`` of the rule inside it."""
    inner = settings(rule.inner) if isinstance(rule, Wrapper) else {}
    own = {f.name: getattr(rule, f.name) for f in fields(rule)}  # type: ignore[arg-type]
    return {k: v for k, v in (inner | own).items() if k == "lr" or (k in own and k != "inner")}


def with_settings(rule: Rule, values: dict[str, Any]) -> Rule:
    """Return a copy of ``rule`` that has those of its hyperparameters that ``values`` names."""
    rule = copy(rule)
    if isinstance(rule, Wrapper):
        rule.inner = with_settings(rule.inner, {k: v for k, v in values.items() if k == "lr"})
    for name in vars(rule).keys() & values.keys():
        setattr(rule, name, values[name])
    rule.__post_init__()
    return rule


def as_array(p: torch.Tensor, rule: Rule) -> Array:
    """Return what a tensor holds as the vector or matrix that its rule sees: a view if it can."""
    array = p.detach().numpy()
    return array.T if rule.axes == 2 else array.reshape(-1)


def write(x: Array, p: torch.Tensor, rule: Rule) -> None:
    """Write a point into its tensor, unless it is a view of it, and tell autograd."""
    array = p.detach().numpy()
    if not np.shares_memory(x, array):
        array[...] = x.T if rule.axes == 2 else x.reshape(array.shape)
    torch.autograd.graph.increment_version(p)


def arrays_in(kept: dict[str, Any]) -> State:
    """Return the arrays that are kept for a parameter, sharing their memory."""
    return {name: value.numpy() for name, value in kept.items() if name != "t"}
