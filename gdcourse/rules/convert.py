"""Our rule for a PyTorch optimizer, with the same settings."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ..schedules import InverseTime
from .adam import Adam, AdaMax, AdamW, AMSGrad, NAdam, RAdam
from .adaptive import Adadelta, Adagrad, RMSprop
from .base import Rule
from .matrix import Muon
from .sgd import NAG, SGD, Momentum

# Settings that say how PyTorch computes, not what.
SILENT = {"params", "param_names", "foreach", "fused", "capturable", "differentiable", "initial_lr"}
RENAMED = {"alpha": "rho", "initial_accumulator_value": "initial", "ns_steps": "num_iterations"}
RULES: dict[str, type[Rule]] = {
    "SGD": SGD,
    "Adagrad": Adagrad,
    "Adadelta": Adadelta,
    "RMSprop": RMSprop,
    "Adam": Adam,
    "AdamW": AdamW,
    "Adamax": AdaMax,
    "NAdam": NAdam,
    "RAdam": RAdam,
    "Muon": Muon,
}
# What is not a hyperparameter of ours must have a value that our formula stands for: off, if not
# told here.
IMPLIED: dict[str, dict[str, tuple[Any, ...]]] = {
    "Muon": {
        "nesterov": (True,),
        "ns_coefficients": ((3.4445, -4.775, 2.0315),),
        "eps": (1e-7,),
        "adjust_lr_fn": (None, "original"),
    }
}
OFF = (0, False, None)


def from_torch(optimizer: Any) -> Rule:
    """Return our rule with the settings of a PyTorch optimizer.

    The learning rate is the one it has now: a PyTorch scheduler stays behind.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        One of PyTorch's own, with the same settings for all its parameters.

    Returns
    -------
    Rule
        A rule that makes the same updates, up to rounding (Muon's: up to bfloat16).

    Raises
    ------
    ValueError
        If the optimizer, or one of its settings, has no counterpart; the message names it.
    """
    name = type(optimizer).__name__
    if not type(optimizer).__module__.startswith("torch.optim"):
        raise ValueError(f"optimizer must be one of torch.optim's, got {optimizer!r}")
    if name not in RULES:
        raise ValueError(f"torch.optim.{name} has no counterpart; these have: {', '.join(RULES)}")
    first, *others = (
        {RENAMED.get(k, k): v for k, v in group.items() if k not in SILENT}
        for group in optimizer.param_groups
    )
    different = [k for k, v in first.items() if any(other[k] != v for other in others)]
    if different:
        raise ValueError(f"optimizer must have one group, or like ones: {different} differ")

    left: dict[str, Any] = {k: float(v) if hasattr(v, "item") else v for k, v in first.items()}
    if "betas" in left:
        left["beta1"], left["beta2"] = map(float, left.pop("betas"))
    kind, more = RULES[name], dict[str, Any]()
    if name == "SGD" and left["momentum"]:
        kind = NAG if left.pop("nesterov") else Momentum
    elif name == "SGD":
        del left["momentum"], left["dampening"]  # the second does nothing without the first
    elif name in ("Adam", "AdamW"):
        kind = AdamW if left.pop("decoupled_weight_decay") and left["weight_decay"] else Adam
        if left.pop("amsgrad"):
            kind, more = AMSGrad, {"bias_correction": True}
    elif name == "RAdam":
        more = {"threshold": 5.0}
    elif name == "Adagrad" and left["lr_decay"]:
        more = {"lr": InverseTime(left.pop("lr"), left.pop("lr_decay"))}
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    more |= {k: left.pop(k) for k in names if k in left}
    for setting, value in left.items():
        if value not in IMPLIED.get(name, {}).get(setting, OFF):
            raise ValueError(
                f"{setting}={value!r} of torch.optim.{name} has no counterpart in {kind.__name__}"
            )
    return kind(**more)
