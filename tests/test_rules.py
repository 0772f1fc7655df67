"""Rules: what each of them promises, whatever its formula, and its equality with a slow one."""

import inspect
from dataclasses import fields, replace

import numpy as np
import pytest

from gdcourse import descend, rules
from gdcourse.readouts import EMA, SWA, PolyakRuppert
from gdcourse.rules import (
    LAMB,
    LARS,
    NAG,
    SGD,
    SOAP,
    SWATS,
    AdaBelief,
    AdaBound,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    AdaMax,
    AdamW,
    AMSGrad,
    Groups,
    Lion,
    Lookahead,
    Momentum,
    Muon,
    NAdam,
    RAdam,
    RMSprop,
    ScheduleFree,
    Shampoo,
    SignSGD,
    base,
)
from gdcourse.rules.base import TILE
from tests import reference
from tests.frameworks import X0, difference, gradients, walk

B = {"beta1": 0.8, "beta2": 0.95}
PLAIN = {
    "SGD": SGD(0.05),
    "SGD with decay": SGD(0.05, 0.3),
    "SignSGD": SignSGD(0.05),
    "Momentum": Momentum(0.05, 0.8),
    "Momentum with dampening": Momentum(0.05, 0.8, 0.3),
    "NAG": NAG(0.05, 0.8),
    "Adagrad": Adagrad(0.05, 1e-7, 0.2),
    "Adagrad, eps inside": Adagrad(0.05, 1e-7, 0.2, eps_inside=True),
    "Adadelta": Adadelta(0.7, 0.9, 1e-5),
    "RMSprop": RMSprop(0.05, 0.8, 1e-7),
    "RMSprop, eps inside": RMSprop(0.05, 0.8, 1e-7, eps_inside=True),
    "RMSprop with momentum": RMSprop(0.05, 0.8, 1e-7, 0.7),
    "RMSprop, centered": RMSprop(0.05, 0.8, 1e-7, 0.7, centered=True),
    "RMSprop, centered, eps inside": RMSprop(0.05, 0.8, 1e-7, 0.7, True, True),
    "Adam": Adam(0.05, **B, eps=1e-7),
    "AdamW": AdamW(0.05, **B, eps=1e-7, weight_decay=0.3),
    "AdaMax": AdaMax(0.05, **B, eps=1e-7),
    "NAdam": NAdam(0.05, **B, eps=1e-7, momentum_decay=0.2),
    "AMSGrad": AMSGrad(0.05, **B, eps=1e-7),
    "AMSGrad, corrected": AMSGrad(0.05, **B, eps=1e-7, bias_correction=True),
    "AdaBound": AdaBound(0.05, **B, eps=1e-7, final_lr=0.2, gamma=0.05),
    "AdaBound, authors": AdaBound(
        0.05, **B, eps=1e-7, final_lr=0.2, gamma=0.05, bias_correction=True, root_decay=False
    ),
    "RAdam": RAdam(0.05, **B, eps=1e-7),
    "RAdam from 5": RAdam(0.05, **B, eps=1e-7, threshold=5),
    "AdaBelief": AdaBelief(0.05, **B, eps=1e-7),
    "Lion": Lion(0.05, 0.4, 0.95, weight_decay=0.3),
    "LARS": LARS(0.5, 0.8, 0.3, 0.1),
    "LAMB": LAMB(0.05, **B, eps=1e-7, weight_decay=0.3),
    "SWATS": SWATS(0.05, **B, eps=1e-7, tolerance=1e-3),
    "SWATS, soon": SWATS(0.05, **B, eps=1e-7, tolerance=0.03),
    "Adafactor": Adafactor(0.05, 0.7, 1e-12, 0.01, 0.8, 0.3),
    "Adafactor, fast": Adafactor(0.9, 0.7, 1e-3, 0.01, 0.8),
    "Muon": Muon(0.05, 0.8, 0.3, 4),
    "Shampoo": Shampoo(0.05, 0.1),
    "SOAP": SOAP(0.05, **B, eps=1e-7, period=3),
}
COMPOSITE = {
    "Lookahead": Lookahead(Momentum(0.05, 0.8), 3, 0.4),
    "Lookahead of NAG": Lookahead(NAG(0.05, 0.8), 3, 0.4),
    "ScheduleFree": ScheduleFree(SGD(0.05), 0.7, 0.3),
    "ScheduleFree from 0": ScheduleFree(SGD(lambda t: 0.02 * t), 0.7),
    "ScheduleFree Adam": ScheduleFree(Adam(0.05, 0.0, 0.95), 0.7, 0.3),
    "PolyakRuppert": PolyakRuppert(NAG(0.05)),
    "SWA": SWA(SGD(0.05), 3, 4),
    "EMA": EMA(Adam(0.05), 0.8),
    "Groups": Groups({"W": (2, 2), "b": (2,)}, {"W": Muon(0.05), "b": AdamW(0.05)}),
}
# Values to sweep over.
VALUES = {
    **{name: [0.05, 0.3, 0.007] for name in ["lr", "final_lr", "trust", "tolerance"]},
    **{
        name: [0.8, 0.37, 0.1]
        for name in ["beta1", "momentum", "decay", "beta", "dampening", "alpha"]
    },
    **{name: [0.95, 0.999, 0.6] for name in ["beta2", "rho"]},
    **{name: [1e-7, 1e-2, 0.4] for name in ["eps", "eps1", "eps2", "initial", "gamma"]},
    **{name: [0.3, 1.7, 0.9] for name in ["weight_decay", "momentum_decay", "power", "clip"]},
    "threshold": [4.0, 5.0, 9.0],
}


def case(table):
    return pytest.mark.parametrize("rule", table.values(), ids=list(table))


def shape_of(rule):
    return (2, 3) if rule.axes == 2 else (6,)


def start(rule, dtype=float):
    return X0.reshape(shape_of(rule)).astype(dtype)


def sequence_of(rule, num_steps=100, dtype=float):
    return gradients(num_steps, shape=shape_of(rule)).astype(dtype)


def swept_rules():
    """Return every rule, once for each of its hyperparameters, and a way to set that one."""
    swept = {}
    for label, rule in PLAIN.items():
        for name in VALUES:
            if name in {field.name for field in fields(rule)}:
                swept[f"{label}: {name}"] = rule, lambda v, r=rule, n=name: replace(r, **{n: v})
    for label, rule in COMPOSITE.items():
        for name in [field.name for field in fields(rule) if field.name in VALUES]:
            swept[f"{label}: {name}"] = rule, lambda v, r=rule, n=name: replace(r, **{n: v})
        if hasattr(rule, "inner"):
            swept[f"{label}: inner lr"] = (
                rule,
                lambda v, r=rule: replace(r, inner=replace(r.inner, lr=v)),
            )
    shapes, patterns = COMPOSITE["Groups"].shapes, COMPOSITE["Groups"].rules
    for key in patterns:
        swept[f"Groups: lr of {key}"] = (
            COMPOSITE["Groups"],
            lambda v, k=key: Groups(shapes, {**patterns, k: replace(patterns[k], lr=v)}),
        )
    return swept


SWEPT = swept_rules()


def test_every_rule_is_in_the_tables_and_has_a_slow_counterpart():
    ours = {name for name in rules.__all__ if name not in ("Rule", "from_torch")}
    tested = {type(rule).__name__ for rule in (PLAIN | COMPOSITE).values()}
    assert ours <= tested
    assert {type(rule).__name__ for rule in PLAIN.values()} == set(reference.REFERENCES)


@case(PLAIN)
def test_hundred_steps_equal_the_slow_form(rule):
    x0, sequence = start(rule), sequence_of(rule)
    # Each QR factorization of SOAP multiplies rounding by the condition of its matrix.
    tolerance = 1e-8 if isinstance(rule, SOAP) else 1e-12
    assert difference(walk(rule, x0, sequence), reference.walk(rule, x0, sequence)) < tolerance


def test_soap_equals_the_slow_form_where_its_matrices_are_well_conditioned():
    rule = replace(PLAIN["SOAP"], eps=1e-3)
    sequence = np.random.default_rng(0).normal(size=(100, 2, 3))
    ours, slow = walk(rule, start(rule), sequence), reference.walk(rule, start(rule), sequence)
    assert difference(ours, slow) < 1e-12


def random_state(rule, rng):
    """Return a state that a run could have: positive means, variances that are none too small."""
    state = rule.init(start(rule))
    for name, array in state.items():
        array[...] = rng.uniform(0.1, 0.9, array.shape) + (name == "v")
        if name in ("L", "R") and array.shape[-1] == array.shape[-2]:
            array[...] = array @ array.T + np.eye(len(array))
        if name in ("QL", "QR"):
            array[...] = np.linalg.qr(array)[0]
    return state


@case(PLAIN)
def test_update_from_any_state_at_any_step_is_the_slow_forms(rule):
    rng = np.random.default_rng(2)
    x, g = rng.normal(size=(2, *shape_of(rule)))
    for t in (9, 10, 11):  # counted from 0
        ours = random_state(rule, rng)
        if t == 11 and "rate" in ours:
            ours["rate"][...] = 0  # SWATS before its switch
        theirs = {name: array.copy() for name, array in ours.items()}
        expected = reference.step(rule, x, g, theirs, t + 1)
        moved = x.copy()
        rule(moved, g, ours, t)
        np.testing.assert_allclose(moved, expected, rtol=1e-12)
        for name in rule.state_names:
            np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("rule", "make"), SWEPT.values(), ids=list(SWEPT))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_row_of_a_sweep_equals_the_single_run(rule, make, dtype):
    name = next(name for name in SWEPT if SWEPT[name][1] is make).split(": ")[1].split()[-1]
    values = VALUES[name if name in VALUES else "lr"]
    x0, sequence = start(rule, dtype), sequence_of(rule, 12, dtype)
    tile = (len(values),) + (1,) * x0.ndim
    together = make(np.array(values)[:, None])
    swept = walk(together, np.tile(x0, tile), [np.tile(g, tile) for g in sequence], readout=True)
    assert swept.dtype == dtype
    for row, value in enumerate(values):
        alone = walk(make(value), x0, sequence, readout=True)
        np.testing.assert_array_equal(swept[:, row], alone)
    assert len({swept[:, row].tobytes() for row in range(len(values))}) > 1 or name in (
        "tolerance",
        "beta",
    )


@case(PLAIN | COMPOSITE)
def test_runs_are_added_where_a_hyperparameter_has_them(rule):
    if isinstance(rule, Groups):
        rule = Groups(rule.shapes, {**rule.rules, "W": Muon(np.full((4, 1), 0.05))})
    elif hasattr(rule, "inner"):
        rule = replace(rule, inner=replace(rule.inner, lr=np.full((4, 1), 0.05)))
    else:
        rule = replace(rule, lr=np.full((4, 1), 0.05))
    trace = descend(lambda x: x, start(rule), rule, 2)
    assert trace.x.shape == (3, 4, *shape_of(rule))
    assert (trace.x == trace.x[:, :1]).all()


@case(PLAIN | COMPOSITE)
def test_gradient_is_left_alone_even_where_it_is_the_point(rule):
    x, g = start(rule), sequence_of(rule)[0]
    kept, state = g.copy(), rule.init(x)
    rule(x, g, state, 0)
    assert np.array_equal(g, kept)
    assert not any(np.shares_memory(g, array) for array in (x, *state.values()))
    x = start(rule)
    expected = walk(rule, x, [x.copy()])[-1]
    rule(x, x, state := rule.init(x), 0)
    assert np.array_equal(x, expected)
    assert not any(np.shares_memory(x, array) for array in state.values())


@case(PLAIN)
def test_formula_writes_into_nothing_it_is_given(rule):
    arrays = [
        start(rule),
        sequence_of(rule)[0],
        *random_state(rule, np.random.default_rng(0)).values(),
    ]
    for array in arrays:
        array.setflags(write=False)
    rule.formula(*arrays[: 2 + len(rule.state_names)], **rule.hyper(3))


@case(PLAIN | COMPOSITE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saving_and_resuming_at_any_step_changes_nothing(rule, dtype, tmp_path):
    oracle = lambda x: np.sin(3 * x) + x  # noqa: E731
    whole = descend(oracle, start(rule, dtype), rule, 13)
    assert whole.x.dtype == dtype
    assert all(array.dtype == dtype for array in whole.state.values())
    for t in (1, 3, 6, 10):
        first = descend(oracle, start(rule, dtype), rule, t)
        np.savez(tmp_path / "run.npz", point=first.point, **first.state)
        with np.load(tmp_path / "run.npz") as saved:
            x, state = saved["point"], {k: v for k, v in saved.items() if k != "point"}
        for later in range(t, 13):
            rule(x, oracle(x), state, later)
        assert np.array_equal(x, whole.point)
        second = descend(oracle, first, rule, 13 - t)
        assert np.array_equal(second.x, whole.x[t:])
        assert all(np.array_equal(second.state[name], whole.state[name]) for name in whole.state)


@case({k: rule for k, rule in (PLAIN | COMPOSITE).items() if rule.axes == 1 and k != "Groups"})
@pytest.mark.parametrize("runs", [(), (3,)], ids=["run", "sweep"])
def test_tiles_change_nothing(rule, runs, monkeypatch):
    rng = np.random.default_rng(0)
    x0, *sequence = rng.normal(size=(4, *runs, 1500))
    if runs and not hasattr(rule, "inner"):
        rule = replace(rule, lr=rng.uniform(0.1, 0.2, (3, 1500)))  # a rate for each parameter
    whole = walk(rule, x0, sequence)
    monkeypatch.setattr(base, "TILE", 300)
    calls = []
    monkeypatch.setattr(
        base, "tiles", lambda shape, real=base.tiles: calls.append(1) or real(shape)
    )
    assert np.array_equal(walk(rule, x0, sequence), whole)
    assert bool(calls) == rule.elementwise


@pytest.mark.parametrize("shape", [(3 * TILE + 7,), (2, TILE + 5)], ids=["run", "sweep"])
def test_large_points_are_cut_into_tiles(shape):
    rng = np.random.default_rng(0)
    x0, g = rng.normal(size=shape), rng.normal(size=shape)
    rates = rng.uniform(0.1, 1, shape[-1])
    tiled = walk(Momentum(rates, 0.9), x0, [g, g])[-1]
    expected = x0 - rates * g
    assert np.array_equal(tiled, expected - rates * (0.9 * g + g))


@pytest.mark.parametrize(("rule", "make"), SWEPT.values(), ids=list(SWEPT))
def test_schedule_that_is_constant_is_the_number(rule, make):
    name = next(name for name in SWEPT if SWEPT[name][1] is make).split(": ")[1].split()[-1]
    value = VALUES[name if name in VALUES else "lr"][0]
    x0, sequence = start(rule), sequence_of(rule, 12)
    if name == "initial" or (name == "eps" and isinstance(rule, Shampoo)):
        with pytest.raises(ValueError, match=rf"{name} must lie in \[0, inf\), got <function"):
            make(lambda t: value)
        return
    for schedule in (lambda t: value, lambda t: np.float64(value), lambda t: np.array(value)):
        assert np.array_equal(walk(make(schedule), x0, sequence), walk(make(value), x0, sequence))


def test_schedule_is_asked_for_the_step_it_is_used_in():
    asked = []

    def lr(t):
        asked.append(t)
        return 0.5**t

    assert walk(SGD(lr), [0.0], [np.ones(1)] * 3)[-1].tolist() == [-1.75]
    assert asked == [0, 1, 2]


@case(PLAIN | COMPOSITE)
def test_numbers_of_a_formula_do_not_widen_float32(rule):
    x = start(rule, np.float32)
    if isinstance(rule, Groups):
        return
    state = [rule.init(x)[name] for name in rule.state_names]
    values = rule.formula(x, x, *state, **rule.hyper(3))
    for value in values if state else [values]:
        assert value.dtype == np.float32


FIELDS = {
    (type(rule), field.name): rule
    for rule in (PLAIN | COMPOSITE).values()
    for field in fields(rule)
    if field.name not in ("inner", "shapes", "rules", "parts")
}
BAD = {
    "float": [-0.1, np.inf, np.nan, "fast", None, [0.1, -0.1]],
    "decay": [-0.1, 1.0, 2, np.nan],
    "whole": [-1, 2.5, None],
    "flag": [1, None, "yes"],
}


@pytest.mark.parametrize(
    ("rule", "name"),
    [(r, n) for (_, n), r in FIELDS.items()],
    ids=[f"{c.__name__}: {n}" for c, n in FIELDS],
)
def test_bad_hyperparameter_is_named(rule, name):
    flags = {field.name for field in fields(rule) if field.type == "bool"}
    kind = "flag" if name in flags else "whole" if name in base.WHOLE else "float"
    kind = "decay" if base.ALLOWED.get(name) is base.DECAY else kind
    for value in BAD[kind]:
        with pytest.raises(ValueError, match=rf"^{name} must (lie in|be) .*, got"):
            replace(rule, **{name: value})


@pytest.mark.parametrize("eps_inside", [False, True])
def test_variance_that_rounds_below_zero_is_zero(eps_inside):
    rule = RMSprop(0.1, rho=0.9, eps=1e-8, centered=True, eps_inside=eps_inside)
    assert np.isfinite(walk(rule, np.zeros(1000), [np.linspace(0.1, 3, 1000)] * 200)).all()


@pytest.mark.parametrize("beta2", [0.6, 1 / 3, 0.0, 0.5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_radam_with_a_short_memory_is_corrected_momentum(beta2, dtype):
    """Where rho never exceeds 4, although r is a quotient by 0, or the root of less than 0."""
    rule, x0 = RAdam(0.1, 0.9, beta2), np.zeros(6, dtype)
    m = g = np.zeros(6)
    expected = [x0]
    for t, g in enumerate(gradients(20).astype(dtype), 1):
        m = 0.9 * m + 0.1 * g
        expected.append(expected[-1] - 0.1 * m / (1 - 0.9**t))
    np.testing.assert_allclose(walk(rule, x0, gradients(20).astype(dtype)), expected, rtol=2e-4)


def test_swats_never_switches_to_a_negative_rate():
    """Steps that go uphill all the time, against a gradient that shrinks from below."""
    rule = SWATS(0.1, beta1=0.99, beta2=0.5, tolerance=1e9)
    state = rule.init(np.zeros(1))
    state["m"][...] = 100.0
    x = np.zeros(1)
    for t in range(1, 10):
        rule(x, np.array([-1.0]), state, t)
    assert state["mean"] < 0 and state["rate"] == 0


def test_bad_point_or_gradient_is_named():
    with pytest.raises(ValueError, match="x must be an array of floats, got"):
        SGD()([1.0], np.ones(1), {}, 0)
    with pytest.raises(ValueError, match="x must be an array of floats, got"):
        SGD()(np.array([1]), np.ones(1), {}, 0)
    with pytest.raises(ValueError, match=r"g must have the shape of x, \(2,\), got \(1,\)"):
        SGD()(np.ones(2), np.ones(1), {}, 0)
    with pytest.raises(ValueError, match="x must be a matrix for Muon, got shape"):
        Muon()(np.ones(2), np.ones(2), {}, 0)


def test_docstring_of_a_rule_has_its_equation_parameters_and_sources():
    for name in rules.__all__:
        doc = inspect.getdoc(getattr(rules, name)) or ""
        if name not in ("Rule", "from_torch"):
            assert "<-" in doc and "Parameters\n---" in doc and "Raises\n---" in doc, name
            assert "References\n---" in doc or name == "Groups", name
            hyper = [f.name for f in fields(getattr(rules, name)) if f.init]
            for field in hyper:
                assert f"{field} :" in doc or f"{field}," in doc, (name, field)


# A parameter from 1, gradients whatever the point, so that each
# mistake that a learner makes ends at a number of its own.
PROBE = (1.0, -0.5, 0.25, 3.0)
PROBES = {
    "SGD": (SGD(0.1), PROBE, 0.625),
    "Momentum": (Momentum(0.1), PROBE, 0.4441),
    "Adagrad": (Adagrad(0.1, 1e-8), PROBE, 0.829479698308),
    "RMSprop": (RMSprop(0.1), PROBE, 0.455566643020),
    "Adadelta": (Adadelta(), PROBE, 0.990290879885),
    "Adam": (Adam(0.1), PROBE, 0.775088483893),
    "AdaMax": (AdaMax(0.1, eps=0.0), PROBE, 0.821972448807),
    "NAdam, constant": (NAdam(0.1, momentum_decay=1e6), PROBE, 0.728174673700),
    "Adam, small": (Adam(0.1), [1e-4 * g for g in PROBE], 0.775110995500),
    "AMSGrad": (AMSGrad(0.1, beta2=0.5), (3, 0.1, 0.1, 0.1), 0.948720616470),
    "AMSGrad, corrected": (
        AMSGrad(0.1, beta2=0.5, bias_correction=True),
        (3, 0.1, 0.1, 0.1),
        0.764582288058,
    ),
    "RAdam": (RAdam(0.1), (*PROBE, -1, 2), 0.751252630716),
    "RAdam from 5": (RAdam(0.1, threshold=5), (*PROBE, -1, 2), 0.698290366129),
}


@pytest.mark.parametrize(("rule", "sequence", "end"), PROBES.values(), ids=list(PROBES))
def test_end_of_a_probe_is_the_right_rules_and_no_mistakes(rule, sequence, end):
    path = walk(rule, np.ones(1), [np.array([float(g)]) for g in sequence])
    assert path[-1, 0] == pytest.approx(end, abs=2e-10)
