"""Each method's forms in paper, PyTorch, Keras and optax, and ours that agree with them.

``book/appendix/conventions.md`` is made from this by ``python -m tools.ledger``; the tests run it.
Calls and recipes are text that is shown and evaluated, with ``lr`` the same for all.
"""

import inspect
from dataclasses import dataclass
from math import sqrt

import numpy as np
import optax
import torch

from gdcourse import rules
from tests.frameworks import X0, gradients, walk, walk_optax, walk_torch

LR = 0.01
CORRECTED = "eps=lambda t: 1e-7 / sqrt(1 - 0.999 ** (t + 1))"  # as if added before the correction

# Arguments that change how a formula is computed, and not what.
IMPLEMENTATION = {
    *("foreach", "maximize", "differentiable", "fused", "capturable", "accumulator_dtype"),
    *("weight_decay_mask", "trust_ratio_mask", "mask", "mu_dtype"),
}


@dataclass
class Form:
    """One form of a method: its call, where its eps is, what it corrects, and ours like it."""

    call: str
    eps: str
    bias: str
    recipe: str = ""  # ours that agrees, if there is one
    note: str = ""


@dataclass
class Method:
    """A method's forms; the paper's defaults are as printed there."""

    name: str
    cite: str
    paper: Form
    ours: Form
    torch: Form | None = None
    keras: Form | None = None
    optax: Form | None = None


OUT, IN, NO = "outside", "inside", "none"
HAT = "outside, before the correction"
ADAMS = "m and v"

METHODS = [
    Method(
        "SGD",
        "robbins1951stochastic",
        Form("lr as 1/t", NO, NO),
        Form("SGD(lr)", NO, NO),
        Form("torch.optim.SGD(params, lr)", NO, NO, "SGD(lr)"),
        Form("SGD(lr 0.01)", NO, NO, "SGD(lr)"),
        Form("optax.sgd(lr)", NO, NO, "SGD(lr)"),
    ),
    Method(
        "Momentum",
        "polyak1964some",
        Form("lr inside the velocity", NO, NO),
        Form("Momentum(lr)", NO, NO),
        Form("torch.optim.SGD(params, lr, momentum=0.9)", NO, NO, "Momentum(lr)"),
        Form(
            "SGD(lr 0.01, momentum 0.9)",
            NO,
            NO,
            "Momentum(lr)",
            "lr inside the velocity: equal while lr is constant",
        ),
        Form("optax.sgd(lr, momentum=0.9)", NO, NO, "Momentum(lr)"),
    ),
    Method(
        "NAG",
        "nesterov1983method",
        Form("lr inside the velocity", NO, NO),
        Form("NAG(lr)", NO, NO),
        Form(
            "torch.optim.SGD(params, lr, momentum=0.9, nesterov=True)",
            NO,
            NO,
            "NAG(lr)",
            "shows the look-ahead point, our `x` before `readout`",
        ),
        Form(
            "SGD(lr 0.01, momentum 0.9, nesterov True)",
            NO,
            NO,
            "NAG(lr)",
            "shows the look-ahead point",
        ),
        Form(
            "optax.sgd(lr, momentum=0.9, nesterov=True)",
            NO,
            NO,
            "NAG(lr)",
            "shows the look-ahead point",
        ),
    ),
    Method(
        "Adagrad",
        "duchi2011adaptive",
        Form("sum from 0", OUT, NO),
        Form("Adagrad(lr)", OUT, NO),
        Form("torch.optim.Adagrad(params, lr)", OUT, NO, "Adagrad(lr)"),
        Form(
            "Adagrad(lr 0.001, initial_accumulator_value 0.1, epsilon 1e-7)",
            IN,
            NO,
            "Adagrad(lr, 1e-7, initial=0.1, eps_inside=True)",
        ),
        Form("optax.adagrad(lr)", IN, NO, "Adagrad(lr, 1e-7, initial=0.1, eps_inside=True)"),
    ),
    Method(
        "Adadelta",
        "zeiler2012adadelta",
        Form("no lr, rho 0.95, eps 1e-6", IN, NO),
        Form("Adadelta(lr)", IN, NO),
        Form("torch.optim.Adadelta(params, lr)", IN, NO, "Adadelta(lr, rho=0.9)"),
        Form("Adadelta(lr 0.001, rho 0.95, epsilon 1e-7)", IN, NO, "Adadelta(lr, eps=1e-7)"),
        Form("optax.adadelta(lr)", IN, NO, "Adadelta(lr, rho=0.9)"),
    ),
    Method(
        "RMSprop",
        "tieleman2012rmsprop",
        Form("rho 0.9", NO, NO),
        Form("RMSprop(lr)", OUT, NO),
        Form("torch.optim.RMSprop(params, lr)", OUT, NO, "RMSprop(lr, rho=0.99)"),
        Form(
            "RMSprop(lr 0.001, rho 0.9, epsilon 1e-7)",
            IN,
            NO,
            "RMSprop(lr, eps=1e-7, eps_inside=True)",
        ),
        Form("optax.rmsprop(lr)", IN, NO, "RMSprop(lr, eps_inside=True)"),
    ),
    Method(
        "Adam",
        "kingma2015adam",
        Form("lr 0.001, beta1 0.9, beta2 0.999, eps 1e-8", OUT, ADAMS),
        Form("Adam(lr)", OUT, ADAMS),
        Form("torch.optim.Adam(params, lr)", OUT, ADAMS, "Adam(lr)"),
        Form(
            "Adam(lr 0.001, beta_1 0.9, beta_2 0.999, epsilon 1e-7)",
            HAT,
            ADAMS,
            f"Adam(lr, {CORRECTED})",
        ),
        Form("optax.adam(lr)", OUT, ADAMS, "Adam(lr)"),
    ),
    Method(
        "AdamW",
        "loshchilov2019decoupled",
        Form("decay times the schedule's factor, not times lr", OUT, ADAMS),
        Form("AdamW(lr)", OUT, ADAMS),
        Form("torch.optim.AdamW(params, lr)", OUT, ADAMS, "AdamW(lr)"),
        Form(
            "AdamW(lr 0.001, weight_decay 0.004, epsilon 1e-7)",
            HAT,
            ADAMS,
            f"AdamW(lr, weight_decay=0.004, {CORRECTED})",
        ),
        Form("optax.adamw(lr)", OUT, ADAMS, "AdamW(lr, weight_decay=1e-4)"),
    ),
    Method(
        "AdaMax",
        "kingma2015adam",
        Form("lr 0.002, beta1 0.9, beta2 0.999", NO, "m"),
        Form("AdaMax(lr)", "inside the maximum", "m"),
        Form("torch.optim.Adamax(params, lr)", "inside the maximum", "m", "AdaMax(lr)"),
        Form(
            "Adamax(lr 0.001, epsilon 1e-7)",
            OUT,
            "m",
            note="agrees where gradients are much larger than eps",
        ),
        Form("optax.adamax(lr)", "inside the maximum", "m", "AdaMax(lr)"),
    ),
    Method(
        "NAdam",
        "dozat2016incorporating",
        Form("mu_t as in our docstring, also in m", OUT, ADAMS),
        Form("NAdam(lr)", OUT, ADAMS),
        Form(
            "torch.optim.NAdam(params, lr)",
            OUT,
            ADAMS,
            "NAdam(lr)",
            "keeps the product of mu in the default dtype: float64 here",
        ),
        Form("Nadam(lr 0.001, epsilon 1e-7)", OUT, ADAMS, "NAdam(lr, eps=1e-7, momentum_decay=1)"),
        Form("optax.nadam(lr)", OUT, ADAMS, "NAdam(lr, momentum_decay=1e6)", "no schedule of mu"),
    ),
    Method(
        "AMSGrad",
        "reddi2018convergence",
        Form("lr falls as 1/sqrt(t)", NO, NO),
        Form("AMSGrad(lr)", OUT, NO),
        Form(
            "torch.optim.Adam(params, lr, amsgrad=True)",
            OUT,
            ADAMS,
            "AMSGrad(lr, bias_correction=True)",
            "the maximum is of uncorrected v",
        ),
        Form(
            "Adam(lr 0.001, amsgrad True, epsilon 1e-7)",
            HAT,
            ADAMS,
            f"AMSGrad(lr, {CORRECTED}, bias_correction=True)",
        ),
        Form(
            "optax.amsgrad(lr)",
            OUT,
            ADAMS,
            note="the maximum is of corrected v; our default is that of `optax.scale_by_amsgrad` "
            "with `bias_correction_mu=False, bias_correction_nu=False`",
        ),
    ),
    Method(
        "RAdam",
        "liu2020variance",
        Form("lr 0.001, beta1 0.9, beta2 0.999, threshold 4", NO, ADAMS),
        Form("RAdam(lr)", HAT, ADAMS),
        Form("torch.optim.RAdam(params, lr)", HAT, ADAMS, "RAdam(lr, threshold=5)"),
        optax=Form(
            "optax.radam(lr)",
            OUT,
            ADAMS,
            "RAdam(lr, threshold=5, eps=lambda t: 1e-8 * sqrt(1 - 0.999 ** (t + 1)))",
        ),
    ),
    Method(
        "AdaBelief",
        "zhuang2020adabelief",
        Form(
            "lr 0.001, beta1 0.9, beta2 0.999, eps 1e-8", "inside the mean and outside", "m and s"
        ),
        Form("AdaBelief(lr)", "inside the mean and outside", "m and s"),
        optax=Form(
            "optax.adabelief(lr)", "inside the mean and outside", "m and s", "AdaBelief(lr)"
        ),
    ),
    Method(
        "Lion",
        "chen2023symbolic",
        Form("lr 1e-4, beta1 0.9, beta2 0.99", NO, NO),
        Form("Lion(lr)", NO, NO),
        keras=Form("Lion(lr 0.001, beta_1 0.9, beta_2 0.99)", NO, NO, "Lion(lr)"),
        optax=Form("optax.lion(lr)", NO, NO, "Lion(lr, weight_decay=1e-3)"),
    ),
    Method(
        "LARS",
        "you2017large",
        Form("trust 0.001, momentum 0.9", NO, NO),
        Form("LARS(lr)", NO, NO),
        optax=Form(
            "optax.lars(lr)",
            NO,
            NO,
            "LARS(lr)",
            "with a decay it divides by the norm of g + weight_decay x",
        ),
    ),
    Method(
        "LAMB",
        "you2020large",
        Form("beta1 0.9, beta2 0.999, eps 1e-6", OUT, ADAMS),
        Form("LAMB(lr)", OUT, ADAMS),
        keras=Form(
            "Lamb(lr 0.001, epsilon 1e-7)",
            OUT,
            ADAMS,
            "LAMB(lr, eps=1e-7)",
            "a decay is outside the ratio",
        ),
        optax=Form("optax.lamb(lr)", OUT, ADAMS, "LAMB(lr)"),
    ),
    Method(
        "Adafactor",
        "shazeer2018adafactor",
        Form("lr 0.01, power 0.8, eps1 1e-30, eps2 0.001, clip 1", "inside, eps1", NO),
        Form("Adafactor(lr)", "inside, eps1", NO),
        torch=Form("torch.optim.Adafactor(params, lr)", "a lower bound", NO, "Adafactor(lr)"),
    ),
    Method(
        "Muon",
        "jordan2024muon",
        Form("lr 0.02, momentum 0.95", "outside, 1e-7, in the norm", NO),
        Form("Muon(lr)", "outside, 1e-7, in the norm", NO),
        torch=Form(
            "torch.optim.Muon(params, lr)",
            "a lower bound, 1e-7, of the norm",
            NO,
            note="iterates in bfloat16, to three digits; the nearest is, on the transpose, "
            "`Muon(lr, weight_decay=0.1)`",
        ),
    ),
]


def keras(name, x, g, s, t):
    """Return the new point of one coordinate, as keras.optimizers compute it with their defaults.

    From the formulas of Keras 3, whose Adam moves eps in front of the correction. ``s`` is a dict
    of numbers that starts empty; the norms of Lamb are over all coordinates, see ``walk_keras``.
    """
    m, v = s.get("m", 0.0), s.get("v", 0.0)
    if name == "SGD":
        return x - LR * g
    if name in ("Momentum", "NAG"):
        s["m"] = m = 0.9 * m - LR * g
        return x + 0.9 * m - LR * g if name == "NAG" else x + m
    if name == "Adagrad":
        s["v"] = v = s.get("v", 0.1) + g * g
        return x - LR * g / sqrt(v + 1e-7)
    if name == "Adadelta":
        s["v"] = v = 0.95 * v + 0.05 * g * g
        delta = -sqrt(m + 1e-7) * g / sqrt(v + 1e-7)
        s["m"] = 0.95 * m + 0.05 * delta * delta
        return x + LR * delta
    if name == "RMSprop":
        s["v"] = v = 0.9 * v + 0.1 * g * g
        return x - LR * g / sqrt(v + 1e-7)
    if name == "Lion":
        c = 0.9 * m + 0.1 * g
        s["m"] = 0.99 * m + 0.01 * g
        return x - LR * np.sign(c)
    s["m"] = m = m + (g - m) * (1 - 0.9)
    if name == "AdaMax":
        s["v"] = v = max(0.999 * v, abs(g))
        return x - LR * m / ((1 - 0.9**t) * (v + 1e-7))
    s["v"] = v = v + (g * g - v) * (1 - 0.999)
    if name == "NAdam":
        mu, mu_next = (0.9 * (1 - 0.5 * 0.96**k) for k in (t, t + 1))
        s["p"] = p = s.get("p", 1.0) * mu
        m_hat = mu_next * m / (1 - p * mu_next) + (1 - mu) * g / (1 - p)
        return x - LR * m_hat / (sqrt(v / (1 - 0.999**t)) + 1e-7)
    if name == "LAMB":
        return m / (1 - 0.9**t) / (sqrt(v / (1 - 0.999**t)) + 1e-7)
    if name == "AdamW":
        x = x - LR * 0.004 * x
    if name == "AMSGrad":
        s["max"] = v = max(s.get("max", 0.0), v)
    return x - LR * sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (sqrt(v) + 1e-7)


def walk_keras(name):
    """Return the points of the form of Keras."""
    x, path, state = X0.copy(), [X0.copy()], [{} for _ in X0]
    for t, g in enumerate(gradients(), 1):
        new = np.array([keras(name, x[i], g[i], state[i], t) for i in range(len(x))])
        x = x - LR * np.linalg.norm(x) / np.linalg.norm(new) * new if name == "LAMB" else new
        path.append(x)
    return np.array(path)


def evaluate(call, **names):
    """Return what a call or recipe of the ledger stands for."""
    return eval(
        call, {**vars(rules), "torch": torch, "optax": optax, "sqrt": sqrt, "lr": LR, **names}
    )


def walk_ours(recipe):
    """Return the points of one of our rules, of the recipe's settings."""
    rule = evaluate(recipe)
    return walk(rule, *probe(rule))


def probe(rule):
    """Return a start and gradients, in the shape that a rule takes."""
    shape = (2, 3) if rule.axes == 2 else (6,)
    return X0.reshape(shape), gradients(shape=shape)


def walk_theirs(method, framework):
    """Return the points of a framework's form."""
    form = getattr(method, framework)
    if framework == "keras":
        return walk_keras(method.name)
    if framework == "optax":
        return walk_optax(evaluate(form.call))
    x0, sequence = probe(evaluate(method.ours.call))
    turned = method.name == "Muon"  # PyTorch's rows are units
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    if turned:
        x0, sequence = x0.T.copy(), sequence.swapaxes(1, 2).copy()
    path = walk_torch(lambda params: evaluate(form.call, params=params), x0, sequence)
    torch.set_default_dtype(before)
    return path.swapaxes(1, 2) if turned else path


def defaults(method, framework):
    """Return the defaults of a form as text: from the signature, where there is one."""
    form = getattr(method, framework)
    if framework in ("paper", "keras"):
        return form.call
    name = form.call.split("(")[0]
    signature = inspect.signature(evaluate(name))
    hidden = IMPLEMENTATION | ({"dampening"} if method.name == "NAG" else set())
    return ", ".join(
        f"{p.name} {number(p.default)}"
        for p in signature.parameters.values()
        if p.name not in hidden and p.default is not p.empty and p.default is not None
    )


def number(value):
    """Return a default as short text: 1e-8, (0.9, 0.999), False."""
    if isinstance(value, tuple):
        return "(" + ", ".join(number(one) for one in value) + ")"
    if isinstance(value, float):
        return f"{value:g}".replace("e-0", "e-")
    return str(value)
