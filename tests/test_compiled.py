"""The compiled loop gives the bits that NumPy gives; long vectors go by tiles and threads."""

import multiprocessing
import subprocess
import sys
import tracemalloc
from copy import deepcopy
from dataclasses import dataclass
from threading import Barrier

import numpy as np
import pytest

from gdcourse import descend, rules
from gdcourse.landscapes import Rosenbrock
from gdcourse.rules import (
    LAMB,
    LARS,
    NAG,
    SGD,
    SOAP,
    SWATS,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    AdamW,
    AMSGrad,
    Groups,
    Lookahead,
    Momentum,
    Muon,
    RMSprop,
    Rule,
    ScheduleFree,
    Shampoo,
    base,
    compiled,
    threads,
)
from gdcourse.schedules import Exponential

OPTIONS = [
    SGD(weight_decay=0.1),
    Momentum(dampening=0.3),
    Adagrad(initial=0.1, eps_inside=True),
    RMSprop(momentum=0.9, centered=True),
    RMSprop(momentum=0.5, eps_inside=True),
    AMSGrad(bias_correction=True),
    rules.AdaBound(bias_correction=True, root_decay=False),
    Adam(lr=Exponential(0.1, 0.9)),
    Lookahead(Adam(), k=2),
    Lookahead(Lookahead(SGD(), k=2), k=3),
    ScheduleFree(Adam(beta1=0.0), weight_decay=0.1),
    Groups({"a": (2,), "b": (5,)}, {"a": Adam(), "b": Momentum()}),
]
HOLDERS = (Lookahead, ScheduleFree, Groups)
PLAIN = [
    kind()
    for kind in map(rules.__dict__.get, rules.__all__)
    if isinstance(kind, type) and issubclass(kind, Rule) and kind.elementwise
    if kind not in (*HOLDERS, Rule)
]
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@pytest.fixture
def three_threads(monkeypatch):
    threads.pool.cache_clear()
    monkeypatch.setattr(threads, "num_threads", lambda: 3)
    yield
    threads.pool().shutdown()
    threads.pool.cache_clear()


def gradients(shape, dtype, num_steps=8):
    g = np.random.default_rng(1).normal(size=(num_steps, *shape)).astype(dtype)
    g[..., 0] = 0
    g[num_steps // 2, ..., 1] = 1e4
    g[..., 2] *= dtype(1e-6)
    return g


def both_ways(rule, shape, dtype, start=0):
    """Return point and state after some steps, in NumPy and compiled."""
    ends = []
    for way in (rule, rule.compiled()):
        x = np.random.default_rng(0).normal(size=shape).astype(dtype)
        state = way.init(x)
        with np.errstate(all="ignore"):
            for t, g in enumerate(gradients(shape, dtype), start):
                way(x, g, state, t)
        ends.append({"x": x, **state})
    return ends


def assert_same_bits(ends):
    slow, fast = ends
    assert slow.keys() == fast.keys()
    for name in slow:
        assert fast[name].dtype == slow[name].dtype
        np.testing.assert_array_equal(fast[name], slow[name], err_msg=name)


@dtypes
@pytest.mark.parametrize("rule", [*PLAIN, *OPTIONS], ids=repr)
def test_compiled_rule_gives_the_bits_of_the_formula(rule, dtype):
    assert_same_bits(both_ways(rule, (7,), dtype))


@dtypes
@pytest.mark.parametrize(
    "rule",
    [
        Adam(lr=np.geomspace(1e-3, 1, 3)[:, None], beta2=np.array([0.9, 0.99, 0.999])[:, None]),
        Adam(lr=np.linspace(0.1, 1, 7), eps=np.array([[1e-8], [1e-4], [1.0]])),
        rules.RAdam(beta2=np.array([[0.5], [0.9], [0.999]])),
        rules.NAdam(momentum_decay=np.array([[0.0], [0.004], [1.0]])),
        NAG(lr=np.random.default_rng(0).uniform(size=(3, 7))),
    ],
    ids=["by-run", "by-parameter", "branches-differ", "powers", "by-both"],
)
def test_arrays_of_hyperparameters_are_compiled_too(rule, dtype):
    assert_same_bits(both_ways(rule, (3, 7), dtype, start=3))


def test_quotients_by_zero_are_no_errors():
    x, rule = np.ones(3), Adam(eps=0.0).compiled()
    rule(x, np.zeros(3), rule.init(x), 0)
    assert np.isnan(x).all()


@pytest.mark.parametrize("rule", [Adam(lr=np.array([[[0.1]], [[0.2]]])), Momentum()])
def test_several_axes_of_runs_are_compiled_too(rule):
    assert_same_bits(both_ways(rule, (2, 3, 4), np.float64))


def test_matrices_of_sweeps_need_not_be_contiguous():
    wide, narrow = np.ones((2, 3, 8)), np.ones((2, 3, 4))
    g = gradients((2, 3, 8), np.float64)[4]
    for x, part in ((wide[..., ::2], g[..., ::2]), (narrow, g[..., ::2].copy())):
        rule = Adam().compiled()
        rule(x, part, rule.init(x), 0)
    assert np.array_equal(wide[..., ::2], narrow)
    assert (wide[..., 1::2] == 1).all()


@pytest.mark.parametrize("shape", [(1003,), (1, 1003), (5, 40), (5, 40, 3)])
def test_threads_share_compiled_work_without_a_trace(shape, monkeypatch, three_threads):
    monkeypatch.setattr(compiled, "ALONE", 50)
    monkeypatch.setattr(compiled, "num_threads", lambda: 3)

    def loop_of(*key, real=compiled.loop_of):
        def loop(same, *arrays):
            assert all(array.size for array in arrays)  # numba would read past the end
            real(*key)(same, *arrays)

        return loop

    monkeypatch.setattr(compiled, "loop_of", loop_of)
    lr = np.geomspace(0.01, 0.1, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    for rule in (Adam(), Adam(lr=lr if len(shape) > 1 else 0.1), SGD(lr=np.ones(shape[-1]))):
        assert_same_bits(both_ways(rule, shape, np.float64))


def test_compiled_rule_descends_and_goes_on_from_the_slow_one():
    f, lr = Rosenbrock(), np.geomspace(1e-3, 0.1, 5)[:, None]
    slow = descend(f.gradient, [-1.2, 1.0], Adam(lr), 40)
    half = descend(f.gradient, [-1.2, 1.0], Adam(lr), 15)
    fast = descend(f.gradient, half, Adam(lr).compiled(), 25)
    assert np.array_equal(fast.x[-1], slow.x[-1])


def test_gradient_that_is_the_point_is_read_before_the_point_is_written():
    x, y = np.ones(9), np.ones(9)
    for rule, point in ((Momentum(), x), (Momentum().compiled(), y)):
        rule(point, point, rule.init(point), 0)
    assert np.array_equal(x, y)


@pytest.mark.parametrize("rule", [LARS(), LAMB(), SWATS(), Adafactor(), Muon(), Shampoo(), SOAP()])
def test_rule_that_is_not_elementwise_says_so(rule):
    with pytest.raises(ValueError, match=f"{type(rule).__name__} cannot .*not elementwise"):
        rule.compiled()
    if rule.axes == 1:
        with pytest.raises(ValueError, match=f"{type(rule).__name__} cannot be compiled"):
            Lookahead(rule).compiled()


@dataclass
class Summing(Rule):
    """Pretends to be elementwise."""

    @staticmethod
    def step(x, g):
        x = x - g / g.sum()
        return x


@dataclass
class InPlace(Rule):
    """Writes into the point."""

    @staticmethod
    def step(x, g):
        x -= g
        return x


@dataclass
class Unpacking(Rule):
    """Assigns to two names."""

    @staticmethod
    def step(x, g):
        x, g = x - g, g
        return x


@dataclass
class Powers(Rule):
    """Takes a power of an element."""

    @staticmethod
    def step(x, g):
        return x - g**3


@dataclass
class Cumulating(Rule):
    """Calls a function that looks at other elements."""

    @staticmethod
    def step(x, g):
        return x - np.cumsum(g)


@dataclass
class Branching(Rule):
    """Changes a factor in a branch."""

    lr: float = 0.1

    @staticmethod
    def step(x, g, *, lr, t):
        rate = lr
        if t > 1:
            rate = 0.5 * lr
        return x - rate * g


@dataclass
class Early(Rule):
    """Returns in two places."""

    lr: float = 0.1

    @staticmethod
    def step(x, g, *, lr):
        if lr:
            return x - lr * g
        return x


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (Summing(), r"x = x - g / g\.sum\(\)"),
        (InPlace(), "x -= g"),
        (Unpacking(), r"\(?x, g\)? = \(x - g, g\)"),
        (Powers(), r"return x - g \*\* 3"),
        (Cumulating(), r"return x - np\.cumsum\(g\)"),
        (Branching(), "if t > 1:"),
        (Early(), "if lr"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Rule) else "",
)
def test_line_that_is_not_elementwise_arithmetic_is_named(rule, line):
    with pytest.raises(ValueError, match=rf"(?s)step cannot be compiled: .* in .{line}"):
        rule.compiled()


def test_reader_can_compile_a_rule_of_their_own():
    floor = 0.5

    @dataclass
    class Clipped(Rule):
        lr: float = 0.1

        @staticmethod
        def step(x, g, m, *, lr, t):
            late = np.where(t > 3, True, False)
            size = np.maximum(np.abs(g), floor)
            if late:
                m = 2 * m + -g / size
                x = x + m
            else:
                m = -lr
            x = x - lr / t * np.where(m > 0, m, -0.1 * m)
            return x, m

    assert_same_bits(both_ways(Clipped(), (6,), np.float64))


@pytest.mark.parametrize(
    ("x", "g"), [(np.float16, np.float16), (np.float32, np.float64), (np.float64, np.int64)]
)
def test_other_dtypes_are_refused_and_named(x, g):
    with pytest.raises(ValueError, match=f"both float64 .*, got {x.__name__} and {g.__name__}"):
        SGD().compiled()(np.ones(2, x), np.ones(2, g), {}, 0)


def test_without_numba_only_the_compiled_way_is_closed(monkeypatch):
    monkeypatch.setattr(compiled, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="needs numba: pip install numba"):
        Adam().compiled()


def test_numba_is_imported_at_the_first_step():
    code = (
        "import sys, numpy as np; from gdcourse.rules import SGD; rule = SGD().compiled();"
        "before = 'numba' in sys.modules; rule(np.ones(2), np.ones(2), {}, 0);"
        "print(before, 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.stdout.split() == ["False", "True"], done.stderr


@pytest.mark.parametrize("number", ["3", "1"])
def test_environment_says_how_many_threads(number, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", number)
    assert threads.num_threads.__wrapped__() == int(number)
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert threads.num_threads.__wrapped__() >= 1


def test_every_piece_of_work_has_a_thread(three_threads):
    meet = Barrier(3, timeout=60)
    done = []

    def work(k):
        meet.wait()  # passes only when three are at work at once
        done.append(k)

    threads.share(work, 3)
    assert sorted(done) == [0, 1, 2]


def test_error_in_another_thread_is_raised(three_threads):
    def work(k):
        if k == 2:
            raise KeyError("found")

    with pytest.raises(KeyError, match="found"):
        threads.share(work, 3)


def work_in_a_child(queue):
    done = []
    threads.share(done.append, 3)
    queue.put(sorted(done))


def test_forked_process_makes_threads_of_its_own(three_threads):
    threads.share(lambda k: None, 3)  # the parent has threads now, which a child does not get
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=work_in_a_child, args=(queue,))
    child.start()
    try:
        assert queue.get(timeout=60) == [0, 1, 2]
    finally:
        child.kill()
        child.join()


@dtypes
@pytest.mark.parametrize(
    "rule", [Adam(), Adam().compiled(), Adadelta()], ids=["Adam", "compiled", "Adadelta"]
)
def test_step_of_a_long_vector_needs_the_memory_of_a_few_tiles(rule, dtype):
    x = np.ones(2_000_000, dtype)
    state = rule.init(x)
    rule(x, x, state, 0)
    tracemalloc.start()
    rule(x, x, state, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * base.TILE < x.nbytes / 4  # a dozen temporaries of a formula


def test_rule_stays_as_it_is_and_copies_of_the_compiled_one_are_compiled():
    slow = Lookahead(AdamW())
    fast = slow.compiled()
    assert slow.loop is None and slow.inner.loop is None
    assert deepcopy(fast).inner.loop is fast.inner.loop is not None
