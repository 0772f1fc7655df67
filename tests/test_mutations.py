"""Every line of every rule is held by a test: wrong rules are made, and the slow form knows.

Two kinds of wrong rules: the mistakes that learners make, written by hand, and all one-place
changes of a formula, made from its syntax tree. ``pytest -s tests/test_mutations.py`` prints how
many were tried and caught.
"""

import ast
import copy
import inspect
import re
import textwrap
import warnings

import numpy as np
import pytest

from tests import reference
from tests.frameworks import gradients
from tests.test_rules import COMPOSITE, PLAIN, start
from tests.test_schedules import SCHEDULES
from tests.test_schedules import T as TIMES

RULES = {name: rule for name, rule in (PLAIN | COMPOSITE).items() if name != "Groups"}
NUM_STEPS = 30

SECOND_MOMENT = "v = beta2 * v + (1 - beta2) * g * g"
FIRST_MOMENT = "m = beta1 * m + (1 - beta1) * g"
AHEAD = "ahead = momentum * (ahead + lr * g)\n    x = x - lr * g - ahead"
BELIEF = "s = beta2 * s + (1 - beta2) * (g - m) * (g - m) + eps"
M_HAT, V_HAT = "m_hat = m / (1 - beta1**t)", "v_hat = v / (1 - beta2**t)"
ADAM_STEP = "x = x - lr * m_hat / (np.sqrt(v_hat) + eps)"
# Rule, what goes wrong, the line, and the wrong line.
MISTAKES = [
    ("SGD", "sign flipped", "x - lr * g", "x + lr * g"),
    ("SGD", "no rate", "x - lr * g", "x - g"),
    ("SGD", "gradient normalized", "x - lr * g", "x - lr * g / np.sqrt((g * g).sum())"),
    ("SGD with decay", "decay not scaled by lr", "weight_decay * x", "weight_decay * x / lr"),
    ("SGD with decay", "sign of the decay", "g + weight_decay * x", "g - weight_decay * x"),
    ("SGD with decay", "decay of the gradient", "weight_decay * x", "weight_decay * g"),
    ("SignSGD", "no sign", "np.sign(g)", "g"),
    ("Momentum", "mean in place of sum", "momentum * v + g", "momentum * v + (1 - momentum) * g"),
    ("Momentum", "rate twice", "momentum * v + g", "momentum * v + lr * g"),
    ("Momentum", "velocity forgotten", "momentum * v + g", "g"),
    (
        "Momentum",
        "update before velocity",
        "v = momentum * v + g\n    x = x - lr * v",
        "x = x - lr * v\n    v = momentum * v + g",
    ),
    ("Momentum", "Nesterov's step", "x - lr * v", "x - lr * (g + momentum * v)"),
    ("Momentum with dampening", "first step dampened", "(t > 1)", "1"),
    ("NAG", "heavy ball", "x - lr * g - ahead", "x - lr * g - ahead / momentum"),
    ("NAG", "wrong way ahead", "x - lr * g - ahead", "x - lr * g + ahead"),
    ("NAG", "gradient once", "ahead + lr * g", "ahead"),
    ("NAG", "ahead after use", AHEAD, "\n    ".join(reversed(AHEAD.split("\n    ")))),
    ("Adagrad", "no square", "G + g * g", "G + g"),
    ("Adagrad", "absolute value", "G + g * g", "G + np.abs(g)"),
    ("Adagrad", "no root", "np.sqrt(G) + eps", "G + eps"),
    ("Adagrad", "sum after use", "G = G + g * g\n    x =", "x ="),
    ("Adagrad", "mean in place of sum", "G + g * g", "G / 2 + g * g / 2"),
    ("Adagrad", "eps inside", "np.sqrt(G) + eps)", "np.sqrt(G + eps))"),
    ("Adadelta", "no eps above", "np.sqrt(u + eps)", "np.sqrt(u)"),
    (
        "Adadelta",
        "eps outside",
        "np.sqrt(u + eps) / np.sqrt(v + eps)",
        "(np.sqrt(u) + eps) / (np.sqrt(v) + eps)",
    ),
    (
        "Adadelta",
        "rate in the mean of steps",
        "(1 - rho) * delta * delta",
        "(1 - rho) * (lr * delta) ** 2",
    ),
    (
        "Adadelta",
        "mean of steps too early",
        "np.sqrt(u + eps) / np.sqrt(v + eps) * g",
        "np.sqrt(rho * u + eps) / np.sqrt(v + eps) * g",
    ),
    ("RMSprop", "weights swapped", "rho * v + (1 - rho) * g * g", "(1 - rho) * v + rho * g * g"),
    ("RMSprop", "no 1 - rho", "(1 - rho) * g * g", "g * g"),
    ("RMSprop", "eps inside", "np.sqrt(v) + eps)", "np.sqrt(v + eps))"),
    (
        "RMSprop with momentum",
        "rate in the buffer",
        "b = momentum * b + g /",
        "b = momentum * b + lr * g /",
    ),
    ("RMSprop, centered", "mean not squared", "v - m * m", "v - m"),
    ("Adam", "no bias correction", f"{M_HAT}\n    {V_HAT}", "m_hat, v_hat = m, v"),
    ("Adam", "only m corrected", V_HAT, "v_hat = v"),
    ("Adam", "only v corrected", M_HAT, "m_hat = m"),
    ("Adam", "t from 0", M_HAT, "t = t - 1\n    m_hat = m / (1 - beta1**t)"),
    ("Adam", "t one too large", M_HAT, "t = t + 1\n    m_hat = m / (1 - beta1**t)"),
    ("Adam", "corrected mean kept", M_HAT, "m = m_hat = m / (1 - beta1**t)"),
    ("Adam", "times in place of power", M_HAT, "m_hat = m / (1 - beta1 * t)"),
    ("Adam", "v of g", SECOND_MOMENT, "v = beta2 * v + (1 - beta2) * g"),
    ("Adam", "v of m", SECOND_MOMENT, "v = beta2 * v + (1 - beta2) * m * m"),
    ("Adam", "g above", ADAM_STEP, "x = x - lr * g / (np.sqrt(v_hat) + eps)"),
    (
        "Adam",
        "betas swapped",
        f"{FIRST_MOMENT}\n",
        f"beta1, beta2 = beta2, beta1\n    {FIRST_MOMENT}\n",
    ),
    ("Adam", "no root", "np.sqrt(v_hat) + eps", "v_hat + eps"),
    ("Adam", "eps inside", "np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)"),
    (
        "Adam",
        "eps before the correction",
        "np.sqrt(v_hat) + eps",
        "(np.sqrt(v) + eps) / (1 - beta2**t) ** 0.5",
    ),
    ("AdamW", "L2", FIRST_MOMENT, f"g = g + weight_decay * x\n    {FIRST_MOMENT}"),
    (
        "AdamW",
        "decay scaled by history",
        "eps) + weight_decay * x)",
        "eps) + weight_decay * x / (np.sqrt(v_hat) + eps))",
    ),
    ("AdamW", "decay without lr", "weight_decay * x)", "weight_decay * x / lr)"),
    ("AdaMax", "no decay of the maximum", "beta2 * u", "u"),
    ("AdaMax", "maximum corrected", "m / u", "m / (u / (1 - beta2**t))"),
    ("AdaMax", "squared gradient", "np.abs(g) + eps", "g * g + eps"),
    (
        "NAdam",
        "Adam",
        "mu_next * m / (1 - p * mu_next) + (1 - mu) * g / (1 - p)",
        "m / (1 - beta1**t)",
    ),
    (
        "NAdam",
        "Ruder's form",
        "mu_next * m / (1 - p * mu_next) + (1 - mu) * g / (1 - p)",
        "beta1 * m / (1 - beta1**t) + (1 - beta1) * g / (1 - beta1**t)",
    ),
    ("NAdam", "no schedule", "0.5 * 0.96 ** (t * momentum_decay)", "0"),
    ("AMSGrad", "corrected", "x = x - lr * m_hat", "x = x - lr * m / (1 - beta1**t)"),
    (
        "AMSGrad",
        "v overwritten by the maximum",
        "v_max = np.maximum(v_max, v)",
        "v = v_max = np.maximum(v_max, v)",
    ),
    ("AMSGrad", "Adam", "v_max = np.maximum(v_max, v)", "v_max = v"),
    (
        "AMSGrad, corrected",
        "maximum of corrected",
        "np.maximum(v_max, v)",
        "np.maximum(v_max, v / (1 - beta2**t))",
    ),
    ("AdaBound", "bounds swapped", "lower = final_lr * (1 - 1", "lower = final_lr * (1 + 1"),
    ("AdaBound", "no upper bound", "np.minimum(np.maximum(", "np.maximum(np.maximum("),
    ("AdaBound", "t from 0", "lower =", "t = t - 1 + 1e-9\n    lower ="),
    ("RAdam", "limit without - 1", "2 / (1 - beta2) - 1", "2 / (1 - beta2)"),
    ("RAdam", "threshold 5", "rho > threshold", "rho > 5"),
    ("RAdam", "plain mean before", "adapted, m_hat)", "adapted, m)"),
    ("RAdam", "no step before", "adapted, m_hat)", "adapted, 0)"),
    ("RAdam", "plain Adam", "np.where(rho > threshold, adapted, m_hat)", "adapted / r"),
    ("AdaBelief", "Adam", "(g - m) * (g - m)", "g * g"),
    ("AdaBelief", "old mean", f"{FIRST_MOMENT}\n    {BELIEF}", f"{BELIEF}\n    {FIRST_MOMENT}"),
    (
        "Lion",
        "mean before use",
        "c = beta1 * m",
        "m = beta2 * m + (1 - beta2) * g\n    c = beta1 * m",
    ),
    ("Lion", "no sign", "np.sign(c)", "c"),
    ("Lion", "one decay for both", "m = beta2 * m + (1 - beta2) * g", "m = c"),
    ("LARS", "no trust", "trust * quotient", "quotient"),
    ("LARS", "norm of the sum", "norm(g) + weight_decay * norm(x)", "norm(g + weight_decay * x)"),
    (
        "LARS",
        "upside down",
        "quotient(norm(x), norm(g) + weight_decay * norm(x))",
        "quotient(norm(g) + weight_decay * norm(x), norm(x))",
    ),
    ("LAMB", "decay outside the ratio", "+ weight_decay * x\n", "\n"),
    ("LAMB", "no ratio", "np.where(norm(x) > 0, quotient(norm(x), norm(u)), 1) * u", "u"),
    (
        "SWATS, soon",
        "rate without correction",
        "estimate = mean / (1 - beta2**t)",
        "estimate = mean",
    ),
    ("SWATS, soon", "no 1 - beta1", "(1 - beta1) * rate * b", "rate * b"),
    ("SWATS, soon", "never switches", "np.where(agree, estimate, rate)", "rate"),
    ("Adafactor", "means not decayed", "beta = 1 - t ** (-power)", "beta = 0"),
    ("Adafactor", "no clipping", "u / np.maximum(1, rms(u) / clip)", "u"),
    ("Adafactor", "absolute step", "np.maximum(eps2, rms(x))", "rms(x) ** 0"),
    ("Muon", "no Nesterov", "newton_schulz(g + momentum * B", "newton_schulz(B"),
    ("Muon", "no shape", "max(1, columns / rows) ** 0.5 * O", "O"),
    ("Muon", "shape upside down", "columns / rows", "rows / columns"),
    ("Shampoo", "one side", "@ g @ fourth_root_inverse(R)", "@ g"),
    (
        "Shampoo",
        "not summed",
        "L + g @ g.swapaxes(-1, -2)",
        "g @ g.swapaxes(-1, -2) + 0.1 * np.eye(2)",
    ),
    ("SOAP", "turned back the wrong way", "QL @ (m_hat", "QL.swapaxes(-1, -2) @ (m_hat"),
    ("SOAP", "never turned", "if t % period == 0", "if False"),
    ("Lookahead", "fast weights not reset", "        x = slow\n", ""),
    ("Lookahead", "wrong side", "slow + alpha * (x - slow)", "x + alpha * (slow - x)"),
    ("Lookahead", "sync a step late", "t % k == 0", "t > 1 and (t - 1) % k == 0"),
    ("ScheduleFree", "y from z alone", "(1 - beta) * z + beta * average", "z"),
    (
        "ScheduleFree",
        "points swapped",
        "(1 - beta) * z + beta * average",
        "beta * z + (1 - beta) * average",
    ),
    ("ScheduleFree", "decay at z", "weight_decay * x", "weight_decay * z"),
    (
        "PolyakRuppert",
        "start counted",
        "((t - 1) * average + x) / t",
        "(t * average + x) / (t + 1)",
    ),
    ("SWA", "count one too large", "((n - 1) * average + x) / n", "(n * average + x) / (n + 1)"),
    ("EMA", "first point not copied", "x if t == 1 else ", ""),
    (
        "EMA",
        "weights swapped",
        "decay * average + (1 - decay) * x",
        "(1 - decay) * average + decay * x",
    ),
]


def tree_of(rule):
    """Return the syntax tree of a formula, without its docstring and decorator."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(rule.formula)))
    function = tree.body[0]
    function.decorator_list, function.body = [], function.body[1:]
    function.returns = None
    for argument in function.args.args + function.args.kwonlyargs:
        argument.annotation = None
    return tree


def mutant(rule, source):
    """Return a copy of a rule whose formula is another."""
    scope = dict(inspect.getmodule(rule.formula).__dict__)
    exec(source, scope)
    name = tree_of(rule).body[0].name
    wrong = copy.copy(rule)
    wrong.__class__ = type("Mutant", (type(rule),), {"formula": staticmethod(scope[name])})
    return wrong


def probes(rule):
    """Return two starts and two gradient sequences, the second from 0 with gradients of 0."""
    x0, sequence = start(rule), gradients(NUM_STEPS, shape=start(rule).shape)
    other = gradients(NUM_STEPS, seed=1, shape=x0.shape)
    if rule.axes == 1:
        other[[0, 8]] = 0
    x0, sequences = np.stack([x0, np.full_like(x0, rule.axes - 1)]), np.stack([sequence, other])
    if rule.axes == 1:
        return x0[:, None], sequences[:, :, None]  # so that axis 1 is not the last by chance
    return x0, sequences


def outcome(rule):
    """Return all that a sweep over the probes leaves behind, a row for each."""
    x, sequences = probes(rule)
    state, path = rule.init(x), []
    for t in range(NUM_STEPS):
        rule(x, sequences[:, t], state, t)
        path.append(rule.readout(x, state).copy())
    return flat(np.stack(path, axis=1), state)


def slow_outcome(rule):
    """Return the same from the slow form; tests/test_composite.py holds what has none."""
    if type(rule).__name__ not in reference.REFERENCES:
        return outcome(rule)
    rows = []
    for x0, sequence in zip(*probes(rule), strict=True):
        shape = start(rule).shape
        x, path = x0.reshape(shape), []
        state = rule.init(x)
        for t, g in enumerate(sequence.reshape(-1, *shape), 1):
            x = reference.step(rule, x, g, state, t)
            path.append(rule.readout(x, state))
        rows.append(flat(np.array([path]), {k: v[None] for k, v in state.items()})[0])
    return np.stack(rows)


def flat(path, state):
    return np.concatenate(
        [
            a.reshape(2 if len(a) > 1 else 1, -1)
            for a in (path, *(state[name] for name in sorted(state)))
        ],
        axis=1,
    )


def caught(rule, source, expected):
    """Return whether the run of a mutant fails, or ends elsewhere than the slow form's."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error")
            found = outcome(mutant(rule, source))
    except Exception:
        return True
    scale = 1e-9 * (np.abs(expected) + 1e-12)
    return found.shape != expected.shape or not (np.abs(found - expected) <= scale).all()


@pytest.mark.parametrize(
    ("name", "line", "wrong"),
    [pytest.param(n, old, new, id=f"{n}: {what}") for n, what, old, new in MISTAKES],
)
def test_known_mistake_is_caught(name, line, wrong):
    rule = RULES[name]
    source = ast.unparse(tree_of(rule)) + "\n"
    line, wrong = (canonical(text) for text in (line, wrong))
    assert source.count(line) == 1, source
    assert caught(rule, source.replace(line, wrong), slow_outcome(rule))


def canonical(text):
    """Return text in the spelling of ``ast.unparse``, which is that of the formula's source."""
    return re.sub(r" ?\*\* ?", " ** ", text)


OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Mod: ast.Add,
    ast.FloorDiv: ast.Mod,
    ast.BitAnd: ast.BitOr,
    ast.Gt: ast.LtE,
    ast.Lt: ast.GtE,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}
NAMES = {"beta1": "beta2", "beta2": "beta1", "m": "g", "x": "g", "v": "g"}
FUNCTIONS = {"maximum": "minimum", "minimum": "maximum"}


class Change(ast.NodeTransformer):
    """Change the n-th place of a formula that can be changed; count the places on the way."""

    def __init__(self, target):
        self.target, self.count = target, -1

    def here(self):
        self.count += 1
        return self.count == self.target

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if self.here():
            node.op = OPERATORS[type(node.op)]()
        if self.here():
            return node.left
        if self.here():
            return node.right
        return node

    def visit_Compare(self, node):
        self.generic_visit(node)
        if self.here():
            node.ops = [OPERATORS[type(node.ops[0])]()]
        return node

    def visit_IfExp(self, node):
        self.generic_visit(node)
        return node.orelse if self.here() else node

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        return node.operand if self.here() else node

    def visit_Call(self, node):
        self.generic_visit(node)
        return node.args[0] if node.args and self.here() else node

    def visit_Constant(self, node):
        is_number = type(node.value) in (int, float)
        return ast.Constant(node.value + 1) if is_number and self.here() else node

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load) and node.id in (*NAMES, "t") and self.here():
            if node.id == "t":
                return ast.BinOp(node, ast.Add(), ast.Constant(1))
            return ast.Name(NAMES[node.id], ast.Load())
        return node

    def visit_Attribute(self, node):
        if node.attr in FUNCTIONS and self.here():
            node.attr = FUNCTIONS[node.attr]
        return node

    def visit_Assign(self, node):
        node.value = self.visit(node.value)
        return ast.Pass() if self.here() else node


def changed(tree):
    """Return the sources of all functions that differ from a tree's in one place."""
    counter = Change(-1)
    counter.visit(copy.deepcopy(tree))
    sources = []
    for target in range(counter.count + 1):
        wrong = Change(target).visit(copy.deepcopy(tree))
        sources.append(ast.unparse(ast.fix_missing_locations(wrong)))
    return sources


def by_formula():
    """Return the rules that share a formula: an option is seen only where it is on."""
    shared = {}
    for rule in RULES.values():
        shared.setdefault(rule.formula, []).append(rule)
    return {formula.__qualname__: rules for formula, rules in shared.items()}


# One-place changes that change no number here, and why; a test of its own holds each guard.
SQUARE = "square = (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho"
HARMLESS = {
    "RMSprop.step_with_momentum": {
        "variance = v - m * m if centered else v": "test_variance_that_rounds_below_zero_is_zero",
    },
    "RAdam.step": {
        f"{SQUARE})": "test_radam_with_a_short_memory_is_corrected_momentum",
        f"{SQUARE} - TINY)": "any number that is tiny would do",
    },
    "SWATS.step": {
        "agree = known & (t > 1) & (np.abs(estimate - gamma) < tolerance)": (
            "test_swats_never_switches_to_a_negative_rate"
        ),
        "gamma = (p * p).sum(axis=-1, keepdims=True) / np.where(known, -pg, 2)": (
            "where p.g is 0, gamma is not used"
        ),
    },
    "Constant": {
        "0.0 * (t + 1)": "no number times 0 is anything else",
        "- 0.0 * t": "0 may as well be subtracted",
    },
    "Chain": {
        "np.ndim(t + 1)": "of the same shape as t",
        "np.shape(t + 1)": "of the same shape as t",
    },
}


@pytest.mark.parametrize(("name", "rules"), by_formula().items(), ids=list(by_formula()))
def test_every_one_place_change_of_a_formula_is_caught(name, rules):
    expected = [slow_outcome(rule) for rule in rules]
    original = ast.unparse(tree_of(rules[0]))
    sources = [source for source in changed(tree_of(rules[0])) if source != original]
    survivors = [
        new.strip()
        for source in sources
        if not any(
            caught(*pair) for pair in zip(rules, [source] * len(rules), expected, strict=True)
        )
        for old, new in zip(original.splitlines(), source.splitlines(), strict=True)
        if old != new
    ]
    print(f"{name}: {len(sources)} changed, {len(sources) - len(survivors)} caught")
    assert set(survivors) == set(HARMLESS.get(name, {}))


@pytest.mark.parametrize("cls", sorted({type(s) for s, _ in SCHEDULES.values()}, key=str))
def test_every_one_place_change_of_a_schedule_is_caught(cls):
    cases = [case for case in SCHEDULES.values() if type(case[0]) is cls]
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls.value)))
    tree.body[0].returns, tree.body[0].body = None, tree.body[0].body[1:]
    for argument in tree.body[0].args.args:
        argument.annotation = None
    sources = [source for source in changed(tree) if source != ast.unparse(tree)]
    survivors = [s for s in sources if not any(schedule_caught(*case, s) for case in cases)]
    print(f"{cls.__name__}: {len(sources)} changed, {len(sources) - len(survivors)} caught")
    assert [
        s for s in survivors if not any(line in s for line in HARMLESS.get(cls.__name__, ()))
    ] == []


def schedule_caught(schedule, slow, source):
    """Return whether a schedule with another closed form differs, for numbers or an array."""
    cls = type(schedule)
    scope = dict(inspect.getmodule(cls).__dict__)
    exec(source, scope)
    wrong = copy.copy(schedule)
    object.__setattr__(wrong, "__class__", type("Mutant", (cls,), {"value": scope["value"]}))
    expected = [slow(int(t)) for t in TIMES]
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error")
            found = np.array([wrong(TIMES), [wrong(int(t)) for t in TIMES]])
    except Exception:
        return True
    return not np.allclose(found, expected, rtol=1e-9, atol=1e-12)
