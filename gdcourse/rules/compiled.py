"""The same formula as one compiled loop over the elements, for vectors of millions.

The loop is made from the source of ``step``. What is the same for all elements of a run, such as
Adam's ``1 - beta1**t``, is a *factor*: it is computed before the loop, once, in double precision,
and rounded to the dtype of ``x``. NumPy does so too, and the loop keeps the order of operations,
so both ways give the same bits.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from .base import Array, Rule, names_of, weak
from .threads import num_threads, share

# With fewer elements than this for each thread, waking another costs more than it saves.
ALONE = 100_000

FUNCTIONS = ("abs", "np.abs", "np.maximum", "np.minimum", "np.sign", "np.sqrt")
ALLOWED = (
    *(ast.Assign, ast.If, ast.Name, ast.Call, ast.IfExp, ast.expr_context),
    *(ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.UnaryOp, ast.USub, ast.Compare),
    *(ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq),
)


def check(rule: Rule) -> None:
    """Raise unless the formula of ``rule`` is elementwise, and numba is there."""
    if not rule.elementwise:
        raise ValueError(
            f"{type(rule).__name__} cannot be compiled: it is not elementwise, because its update "
            "of one parameter looks at others; use it as it is"
        )
    if find_spec("numba") is None:
        raise ModuleNotFoundError("a compiled rule needs numba: pip install numba")
    parts_of(rule.formula)


def update(formula: Callable[..., Any], arrays: list[Array], hyper: dict[str, Any]) -> None:
    """Write what the formula returns into the point and the state, in a compiled loop."""
    x, g = arrays[0], np.asarray(arrays[1])
    if x.dtype not in (np.float32, np.float64) or g.dtype != x.dtype:
        raise ValueError(
            "x and g must both be float32 or both float64 for a compiled rule, "
            f"got {x.dtype} and {g.dtype}"
        )
    arrays[1] = g
    if x.ndim == 1:
        arrays = [array[None] for array in arrays]
    runs = arrays[0].shape[:-1]
    factors = factors_of(formula)(**{name: weak(value, 1) for name, value in hyper.items()})
    varied = {
        k: np.asarray(factor)
        for k, factor in enumerate(factors)
        if not isinstance(factor, float | int) and np.ndim(factor)
    }
    by_run = tuple(k for k, values in varied.items() if values.shape[-1] == 1)
    by_element = tuple(k for k in varied if k not in by_run)
    for k in by_run + by_element:
        values = varied[k].astype(x.dtype, copy=False)
        arrays.append(np.broadcast_to(values, (*runs, values.shape[-1])))
    same = np.array([f for k, f in enumerate(factors) if k not in varied], x.dtype)
    loop = loop_of(formula, by_run, by_element)

    count = min(num_threads(), x.size // ALONE)
    if count < 2:
        loop(same, *arrays)
        return
    axis = 0 if runs[0] > 1 else len(runs)
    length = arrays[0].shape[axis]
    cuts = [length * k // count for k in range(count + 1)]

    def work(k: int) -> None:
        part = (slice(None),) * axis + (slice(cuts[k], cuts[k + 1]),)
        loop(same, *(array[part] if array.shape[axis] == length else array for array in arrays))

    share(work, count)


@dataclass
class Parts:
    """A formula taken apart: what comes ``before`` the loop, the loop's ``body``, its results."""

    before: list[ast.stmt]
    factors: list[str]
    body: list[ast.stmt]
    results: list[ast.expr]


class Splitter(ast.NodeTransformer):
    """Take the factors out of a formula, in order: every expression without array elements."""

    def __init__(self, elements: set[str]) -> None:
        self.elements = elements
        self.before: list[ast.stmt] = []
        self.factors: list[str] = []
        self.in_branch = False

    def has_element(self, node: ast.AST) -> bool:
        """Return whether a name in ``node`` stands for an element of an array."""
        return any(isinstance(n, ast.Name) and n.id in self.elements for n in ast.walk(node))

    def visit(self, node: ast.AST) -> Any:
        """Put a factor's name in its place; go into everything else."""
        if isinstance(node, ast.expr) and not self.has_element(node):
            self.factors.append(f"_{len(self.factors)}")
            self.before.append(assign(self.factors[-1], node))
            return ast.Name(self.factors[-1], ast.Load())
        if not isinstance(node, ALLOWED):
            raise ValueError("not elementwise arithmetic")
        return super().visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | None:
        """Leave it before the loop if there is no element in it."""
        (target,) = node.targets
        if not isinstance(target, ast.Name):
            raise ValueError("not an assignment to one name")
        if self.in_branch and target.id not in self.elements:
            raise ValueError("a branch that assigns to another name than an array's")
        if target.id not in self.elements and not self.has_element(node.value):
            self.before.append(node)
            return None
        value = self.visit(node.value)
        self.elements.add(target.id)
        return assign(target.id, value)

    def visit_If(self, node: ast.If) -> ast.stmt:
        """Keep the branches' assignments in the loop."""
        test = self.visit(node.test)
        outside, self.in_branch = self.in_branch, True
        branches = [[self.visit(line) for line in branch] for branch in (node.body, node.orelse)]
        self.in_branch = outside
        return ast.If(test, *branches)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Let known functions be, and write ``np.where`` as numba compiles it best."""
        name, arguments = ast.unparse(node.func), [self.visit(value) for value in node.args]
        if name == "np.where" and len(arguments) == 3:
            return ast.IfExp(*arguments)
        if name not in FUNCTIONS or node.keywords:
            raise ValueError("a function that is not elementwise, or not known")
        return ast.Call(node.func, arguments, [])


def assign(name: str, value: ast.expr) -> ast.stmt:
    """Return the statement ``name = value``."""
    return ast.Assign([ast.Name(name, ast.Store())], value)


@cache
def parts_of(formula: Callable[..., Any]) -> Parts:
    """Take a formula apart, or raise where it is not arithmetic on single elements."""
    splitter = Splitter(set(arrays_of(formula)))
    tree = ast.parse(textwrap.dedent(inspect.getsource(formula))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    *lines, last = tree.body[ast.get_docstring(tree) is not None :]
    body: list[ast.stmt] = []
    try:
        for line in lines:
            new = splitter.visit(line)
            body += [new] if new else []
        line = last
        if not isinstance(last, ast.Return) or last.value is None:
            raise ValueError("not a return at the end")
        returned = last.value.elts if isinstance(last.value, ast.Tuple) else [last.value]
        results = [splitter.visit(value) for value in returned]
    except ValueError as error:
        where = ast.unparse(line).splitlines()[0]
        raise ValueError(
            f"{formula.__qualname__} cannot be compiled: {error} in {where!r}; a "
            "compiled formula assigns to names, with + - * /, comparisons, if and else, np.where, "
            f"{', '.join(FUNCTIONS)}"
        ) from None
    return Parts(splitter.before, splitter.factors, body, results)


@cache
def factors_of(formula: Callable[..., Any]) -> Callable[..., tuple[Any, ...]]:
    """Return the function that computes the factors from the hyperparameters."""
    parts = parts_of(formula)
    lines = [*map(source, parts.before), f"return ({''.join(f'{k}, ' for k in parts.factors)})"]
    return define("factors", [*names_of(formula)[1]], lines, formula)


@cache
def loop_of(
    formula: Callable[..., Any], by_run: tuple[int, ...], by_element: tuple[int, ...]
) -> Callable[..., None]:
    """Return the compiled loop.

    Its arguments are a vector of the factors that are numbers; then arrays with one axis for runs
    or more: those of the formula, the factors that differ ``by_run``, whose last axis is 1, and
    those that differ ``by_element``.
    """
    from numba import njit

    parts, arrays = parts_of(formula), arrays_of(formula)
    elements = [*arrays, *(parts.factors[k] for k in by_element)]
    runs = [parts.factors[k] for k in by_run]
    same = [name for name in parts.factors if name not in (*elements, *runs)]
    written = ", ".join(f"row_{name}[_i]" for name in (arrays[0], *arrays[2:]))
    lines = [
        *(f"{name} = same[{k}]" for k, name in enumerate(same)),
        f"for _run in np.ndindex(all_{arrays[0]}.shape[:-1]):",
        *(f"    {name} = all_{name}[_run][0]" for name in runs),
        *(f"    row_{name} = all_{name}[_run]" for name in elements),
        f"    for _i in range(row_{arrays[0]}.size):",
        *(f"        {name} = row_{name}[_i]" for name in elements),
        *(textwrap.indent(source(line), " " * 8) for line in parts.body),
        f"        {written} = {', '.join(map(source, parts.results))}",
    ]
    arguments = ["same", *(f"all_{name}" for name in (*arrays, *runs, *elements[len(arrays) :]))]
    loop = define("loop", arguments, lines, formula)
    # No fastmath: it would change the order of operations. No quotient by 0 is an error.
    return njit(loop, nogil=True, error_model="numpy", fastmath=False)


def arrays_of(formula: Callable[..., Any]) -> list[str]:
    """Return the names of the arrays of a formula: the point, the gradient and the state."""
    return list(inspect.signature(formula).parameters)[: 2 + len(names_of(formula)[0])]


def source(node: ast.AST) -> str:
    """Return the source of a tree that was put together by hand."""
    return ast.unparse(ast.fix_missing_locations(node))


def define(
    name: str, arguments: list[str], lines: list[str], formula: Callable[..., Any]
) -> Callable[..., Any]:
    """Return a new function that sees what the formula sees."""
    known = inspect.getclosurevars(formula)
    scope = formula.__globals__ | dict(known.nonlocals)
    exec(
        f"def {name}({', '.join(arguments)}):\n" + textwrap.indent("\n".join(lines), "    "), scope
    )
    return scope[name]
