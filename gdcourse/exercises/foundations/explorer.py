"""Exercises on the step, the loop, and the zigzag of a narrow valley."""

from __future__ import annotations

from math import ceil, log, log10, sqrt

import numpy as np

from ... import descend
from ...landscapes import DoubleWell, NarrowValley, Quadratic, Rosenbrock
from ...rules import SGD, Momentum
from ..exercise import ChoiceExercise, CodeExercise, Exercise, NumberExercise

rng = np.random.default_rng(1964)
valley = NarrowValley(kappa=10.0)

# Gradients fed in this order wherever the walker stands: every mistake leaves its own trail.
FED = np.array([1.0, -0.5, 0.25, 3.0])[:, None]


def walk(step, x, gradients, lr):
    """Feed gradients to a step, one after the other."""
    for g in gradients:
        x = step(x, g, lr)


def descent_path(step):
    """Return the way of a step down a narrow valley."""
    points = [np.array([-1.0, 0.6])]
    for _ in range(12):
        points.append(step(points[-1], valley.gradient(points[-1]), 0.12))
    return np.array(points)


def step(x, g, lr):
    """Return the next point of gradient descent."""
    return x - lr * g


step_exercise = CodeExercise(
    id="explorer.step",
    title="One step",
    difficulty="easy",
    minutes=3,
    text=r"""
The explorer stands at `x` and feels the gradient `g`. Write `step(x, g, lr)`, which returns the
next point. Arrays of any shape come in; none of them is to be changed.
""",
    hints=(
        "Downhill is against the gradient.",
        "How far we go is the learning rate times the gradient, with the sign turned.",
    ),
    explanation=r"""
$x_{t+1} = x_t - \eta g_t$, and nothing else: all that follows in this course changes either where
$g$ comes from or what is done with it.
""",
    solution=step,
    reference=lambda x, g, lr: SGD.step(x, g, lr=lr),
    drive=walk,
    probes=(
        (np.array([1.0]), FED, 0.1),
        (np.array([1.0]), FED, 0.05),
        (rng.normal(size=3), rng.normal(size=(6, 3)), 0.3),
        (rng.normal(size=(2, 2)), rng.normal(size=(3, 2, 2)), 0.7),
    ),
    returns=("x",),
    path=descent_path,
)


@step_exercise.mistake("You climb: your explorer follows the gradient. Which way does f fall?")
def uphill(x, g, lr):
    return x + lr * g


@step_exercise.mistake("Your steps are as long as the gradient itself. Where does `lr` come in?")
def rate_forgotten(x, g, lr):
    return x - g


@step_exercise.mistake(
    "All your steps have the same length. Should a gentle slope not give a shorter one?"
)
def unit_steps(x, g, lr):
    return x - lr * g / np.linalg.norm(g)


@step_exercise.mistake("You use only the sign of each slope. What of its size?")
def sign_only(x, g, lr):
    return x - lr * np.sign(g)


@step_exercise.mistake("You scale the point instead of moving it. What is subtracted from `x`?")
def point_multiplied(x, g, lr):
    return x * (1 - lr * g)


@step_exercise.mistake("You returned the displacement. Where do we stand after it?")
def displacement_only(x, g, lr):
    return -lr * g


@step_exercise.mistake("A larger `lr` makes your steps shorter. Multiply, rather than divide?")
def divided_by_the_rate(x, g, lr):
    return x - g / lr


def walk_in_place(update, x, gradients, lr):
    """Feed gradients to an update that writes into x, or else leaves x as it is."""
    for g in gradients:
        x = update(x, g, lr)


def path_in_place(update):
    """Return the way of an update that writes into x."""
    points = [np.array([-1.0, 0.6])]
    for _ in range(12):
        x = points[-1].copy()
        update(x, valley.gradient(x), 0.12)
        points.append(x)
    return np.array(points)


def update(x, g, lr):
    """Move x itself by one step of gradient descent, and leave g as it is."""
    x -= lr * g


in_place_exercise = CodeExercise(
    id="explorer.in_place",
    title="The same step, in place",
    difficulty="easy",
    minutes=5,
    text=r"""
Our formulas return a new point. Optimizers of large libraries write into the old one: for a network
of a million parameters that saves a million numbers a step. Write `update(x, g, lr)`, which
*changes the array* `x`; nothing need be returned. It must leave `g` as it is, since others may need
it.
""",
    hints=(
        "`x = ...` gives the name x to a new array; the array that came in stays as it was.",
        "`x -= ...` or `x[...] = ...` writes into the array.",
    ),
    explanation=r"""
`x -= lr * g` subtracts inside the array that the caller holds. `x = x - lr * g` makes a new array
and lets the local name point to it; when the function ends, nobody has seen it.
""",
    solution=update,
    drive=walk_in_place,
    in_place=("x",),
    probes=(
        (np.array([1.0]), FED, 0.1),
        (rng.normal(size=3), rng.normal(size=(6, 3)), 0.3),
    ),
    returns=("x",),
    path=path_in_place,
)


@in_place_exercise.mistake(
    "`x` came back as it was: nothing was written into it. `x = ...` names a new array, and a copy "
    "is a new one too."
)
def nothing_written(x, g, lr):
    x = x - lr * g


@in_place_exercise.mistake(
    "The point is right, but `g` came back changed, and the caller may still need it."
)
def gradient_scaled_in_place(x, g, lr):
    g *= lr
    x -= g


@in_place_exercise.mistake("You wrote the displacement over the point. What should it be added to?")
def point_overwritten(x, g, lr):
    x[...] = -lr * g


@in_place_exercise.mistake("You climb. Which way does f fall?")
def uphill_in_place(x, g, lr):
    x += lr * g


def descent(gradient, x0, lr, num_steps):
    """Return the points of gradient descent from x0, one row each: num_steps + 1 rows."""
    x = np.array(x0, dtype=float)
    points = [x]
    for _ in range(num_steps):
        x = x - lr * gradient(x)
        points.append(x)
    return np.array(points)


descent_exercise = CodeExercise(
    id="explorer.descent",
    title="The loop, from nothing",
    difficulty="medium",
    minutes=12,
    text=r"""
Write `descent(gradient, x0, lr, num_steps)`, which walks down from `x0` and returns all points as
one array of shape `(num_steps + 1, n)`: the start is row 0. `gradient` is a function of the
point.
""",
    hints=(
        "Ask for the gradient inside the loop: it is another one at every point.",
        "Keep the points in a list that already holds the start, and turn it into an array "
        "at the end.",
        "Make a new array for each point: `x = x - ...`, not `x -= ...`.",
    ),
    explanation=r"""
These lines are `gdcourse.descend` without its comforts. The reference that your points are
compared with *is* `descend`, with the rule `SGD`.
""",
    solution=descent,
    reference=lambda gradient, x0, lr, num_steps: descend(gradient, x0, SGD(lr), num_steps).x,
    probes=(
        (Quadratic([1.0, 4.0]).gradient, np.array([1.0, -2.0]), 0.2, 3),
        (DoubleWell().gradient, np.array([1.7]), 0.1, 10),
        (Rosenbrock().gradient, np.array([-0.5, 0.8]), 1e-3, 8),
        (lambda x: x - np.arange(4), rng.normal(size=4), 0.5, 1),
    ),
    returns=("points",),
    path=lambda descent: descent(valley.gradient, np.array([-1.0, 0.6]), 0.12, 12),
)


@descent_exercise.mistake("The start is missing: row 0 should be `x0` itself.")
def start_missing(gradient, x0, lr, num_steps):
    x, points = x0, []
    for _ in range(num_steps):
        x = x - lr * gradient(x)
        points.append(x)
    return np.array(points)


@descent_exercise.mistake(
    "All your rows are the last point. `x -= ...` changes the one array that every entry "
    "of your list is."
)
def same_array_in_every_row(gradient, x0, lr, num_steps):
    x = x0.copy()
    points = [x]
    for _ in range(num_steps):
        x -= lr * gradient(x)
        points.append(x)
    return np.array(points)


@descent_exercise.mistake(
    "Your walker feels the ground only at the start and then goes straight on. When to ask again?"
)
def gradient_asked_once(gradient, x0, lr, num_steps):
    g, points = gradient(x0), [x0]
    for _ in range(num_steps):
        points.append(points[-1] - lr * g)
    return np.array(points)


@descent_exercise.mistake(
    "The last point is missing: you make num_steps - 1 updates, or append each point before its "
    "update."
)
def last_point_missing(gradient, x0, lr, num_steps):
    points = [x0]
    for _ in range(1, num_steps):
        points.append(points[-1] - lr * gradient(points[-1]))
    return np.array(points)


@descent_exercise.mistake("You climb. Which way does f fall?")
def loop_uphill(gradient, x0, lr, num_steps):
    points = [x0]
    for _ in range(num_steps):
        points.append(points[-1] + lr * gradient(points[-1]))
    return np.array(points)


@descent_exercise.mistake(
    "The start is there twice, and the last point is missing. Append after the update."
)
def appended_before_the_update(gradient, x0, lr, num_steps):
    x, points = x0, [x0]
    for _ in range(num_steps):
        points.append(x)
        x = x - lr * gradient(x)
    return np.array(points)


@descent_exercise.mistake("You have one row too many: num_steps updates and the start are wanted.")
def one_step_too_many(gradient, x0, lr, num_steps):
    points = [x0]
    for _ in range(num_steps + 1):
        points.append(points[-1] - lr * gradient(points[-1]))
    return np.array(points)


@descent_exercise.mistake("Your points are the columns. Each should be a row.")
def points_in_columns(gradient, x0, lr, num_steps):
    points = [x0]
    for _ in range(num_steps):
        points.append(points[-1] - lr * gradient(points[-1]))
    return np.array(points).T


@descent_exercise.mistake("You come back after the first update. Is your `return` inside the loop?")
def returned_inside_the_loop(gradient, x0, lr, num_steps):
    points = [x0]
    for _ in range(num_steps):
        points.append(points[-1] - lr * gradient(points[-1]))
        return np.array(points)


@descent_exercise.mistake(
    "You returned the last point alone. All of them are wanted, one row each."
)
def last_point_only(gradient, x0, lr, num_steps):
    for _ in range(num_steps):
        x0 = x0 - lr * gradient(x0)
    return x0


def matrix(curvatures):
    """Return a symmetric matrix with these eigenvalues, turned at random."""
    Q, _ = np.linalg.qr(rng.normal(size=(len(curvatures), len(curvatures))))
    A = Q @ np.diag(curvatures) @ Q.T
    return (A + A.T) / 2


TURNED = (valley.A, matrix([0.5, 2.0, 9.0]), matrix([1.0, 3.0, 4.0, 30.0]))


def path_at_best_rate(best_rate):
    """Return the way down the valley at a constant rate."""
    start = np.array([-1.0, 0.6])
    return descend(valley.gradient, start, SGD(abs(float(best_rate(valley.A)))), 12).x


def best_rate(A):
    """Return the constant rate that is best for the quadratic of the symmetric matrix A."""
    curvatures = np.linalg.eigvalsh(A)
    return 2 / (curvatures[0] + curvatures[-1])


rate_exercise = CodeExercise(
    id="explorer.rate",
    title="The best constant rate",
    difficulty="medium",
    minutes=4,
    text=r"""
On $f(x) = \frac12 x^T A x$ the error along each eigenvector of $A$ is multiplied by
$1 - \eta\lambda$ in every step. Write `best_rate(A)`, the rate $\eta$ that makes the worst of
these factors as small as it can be. `A` is symmetric, with positive eigenvalues, and in general
not diagonal.
""",
    hints=(
        "Draw |1 - ηλ| over η for the smallest and for the largest λ: where do they cross?",
        "1 - ημ = -(1 - ηL), where μ and L are the smallest and the largest eigenvalue.",
        "`np.linalg.eigvalsh(A)` returns the eigenvalues of a symmetric matrix in ascending order.",
    ),
    explanation=r"""
The largest $|1 - \eta\lambda|$ is that of $\mu$ or that of $L$; one falls as the other grows, and
the best place is where they are equal: $1 - \eta\mu = \eta L - 1$, so $\eta = 2/(L + \mu)$. The
factor is then $(\kappa - 1)/(\kappa + 1)$.
""",
    solution=best_rate,
    probes=((np.diag([1.0, 100.0]),), *((A,) for A in TURNED)),
    returns=("rate",),
    path=path_at_best_rate,
)


@rate_exercise.mistake(
    "1/L settles the steepest direction in one step, and leaves the flat one behind."
)
def suits_the_steepest_alone(A):
    return 1 / np.linalg.eigvalsh(A)[-1]


@rate_exercise.mistake(
    "At 2/L the steepest direction bounces for ever. What of the smallest curvature?"
)
def at_the_edge_of_divergence(A):
    return 2 / np.linalg.eigvalsh(A)[-1]


@rate_exercise.mistake("You read the curvatures off the diagonal. Is `A` diagonal?")
def diagonal_for_eigenvalues(A):
    return 2 / (np.diag(A).min() + np.diag(A).max())


@rate_exercise.mistake("You took L - μ. Set 1 - ημ equal to ηL - 1, and solve again.")
def difference_instead_of_sum(A):
    curvatures = np.linalg.eigvalsh(A)
    return 2 / (curvatures[-1] - curvatures[0])


@rate_exercise.mistake("That is a curvature, and large where the rate should be small.")
def inverse_forgotten(A):
    curvatures = np.linalg.eigvalsh(A)
    return (curvatures[0] + curvatures[-1]) / 2


@rate_exercise.mistake(
    "That is the factor (κ - 1)/(κ + 1) which the best rate brings. Which rate brings it?"
)
def factor_for_rate(A):
    curvatures = np.linalg.eigvalsh(A)
    return (curvatures[-1] - curvatures[0]) / (curvatures[-1] + curvatures[0])


@rate_exercise.mistake("Your rate is half the best one. Solve 1 - ημ = ηL - 1 once more.")
def half_of_the_best(A):
    curvatures = np.linalg.eigvalsh(A)
    return 1 / (curvatures[0] + curvatures[-1])


@rate_exercise.mistake(
    "You took the smallest and the largest entry of `A`. The curvatures are its eigenvalues."
)
def entries_for_eigenvalues(A):
    return 2 / (A.min() + A.max())


@rate_exercise.mistake(
    "You took the two smallest eigenvalues. Where in the ascending order is the largest?"
)
def two_smallest_eigenvalues(A):
    curvatures = np.linalg.eigvalsh(A)
    return 2 / (curvatures[0] + curvatures[1])


def path_with_line_search(exact_rate):
    """Return the way down the valley with the rate of each step searched for."""
    points = [np.array([-1.0, 0.6])]
    for _ in range(12):
        rate = np.ravel(exact_rate(valley.A, points[-1]))[0]  # some mistakes return an array
        points.append(points[-1] - rate * valley.gradient(points[-1]))
    return np.array(points)


def exact_rate(A, x):
    """Return the rate that brings f(x) = x A x / 2 lowest along the line x - rate * gradient."""
    g = A @ x
    return (g @ g) / (g @ A @ g)


line_search_exercise = CodeExercise(
    id="explorer.line_search",
    title="The best rate for this one step",
    difficulty="medium",
    minutes=4,
    text=r"""
An explorer who knows $A$ can do better than a constant rate: for each step take the one that
leads to the lowest point of the line $x - \eta g$. Write `exact_rate(A, x)`, which finds it for
$f(x) = \frac12 x^T A x$. (Its formula stands in the chapter; try to get it from the derivative with
respect to $\eta$.)
""",
    hints=(
        "The gradient at x is A x.",
        "At the lowest point of the line the new gradient is at a right angle to the old one.",
        "The new gradient is g - η A g. Its dot product with g is to be zero.",
    ),
    explanation=r"""
The derivative of $f(x - \eta g)$ is $-g \cdot A(x - \eta g) = -g \cdot g + \eta\, g \cdot A g$,
which vanishes at $\eta = g \cdot g / (g \cdot A g)$. Each step is then at a right angle to the
one before: the zigzag is built in.
""",
    solution=exact_rate,
    probes=(
        (np.diag([1.0, 100.0]), np.array([1.0, 0.01])),
        *((A, rng.normal(size=len(A))) for A in TURNED),
    ),
    returns=("rate",),
    path=path_with_line_search,
)


@line_search_exercise.mistake(
    "You used the point where the gradient belongs. Which line do we search?"
)
def point_for_gradient(A, x):
    return (x @ x) / (x @ A @ x)


@line_search_exercise.mistake("That is the curvature along g. What is the rate that suits it?")
def upside_down(A, x):
    g = A @ x
    return (g @ A @ g) / (g @ g)


@line_search_exercise.mistake(
    "Your numerator mixes x and g. Write out g · (g - η A g) = 0 once more."
)
def mixed_numerator(A, x):
    g = A @ x
    return (x @ g) / (g @ A @ g)


@line_search_exercise.mistake("Your rate is for the steepest direction of all, not for that of g.")
def largest_curvature(A, x):
    return 1 / np.linalg.eigvalsh(A)[-1]


@line_search_exercise.mistake(
    "That is the best constant rate. It does not look at x, and a step from here can do better."
)
def constant_rate(A, x):
    curvatures = np.linalg.eigvalsh(A)
    return 2 / (curvatures[0] + curvatures[-1])


@line_search_exercise.mistake("`A * x` multiplies entry by entry. The gradient is `A @ x`.")
def product_by_entries(A, x):
    g = A * x
    return (g @ g) / (g @ A @ g)


@line_search_exercise.mistake(
    "Your rate is twice the best one, and leads to where f is as high as before. What becomes of "
    "the ½ in f when you differentiate?"
)
def twice_as_far(A, x):
    g = A @ x
    return 2 * (g @ g) / (g @ A @ g)


@line_search_exercise.mistake("You returned the point after the step. The rate is asked for.")
def point_for_rate(A, x):
    g = A @ x
    return x - (g @ g) / (g @ A @ g) * g


zigzag = NumberExercise(
    id="explorer.zigzag",
    title="How narrow is the valley?",
    difficulty="medium",
    minutes=6,
    text=r"""
An explorer in a valley takes the best rate in every step, and starts where that helps least. Each
step loses a tenth of the height. What is the condition number $\kappa$ of the valley?
""",
    hints=(
        "Each step leaves nine tenths of the height. What does it leave of the distance?",
        "The distance shrinks by (κ - 1)/(κ + 1); f is quadratic in it.",
        "With the root r of 9/10, solve (κ - 1)/(κ + 1) = r for κ.",
    ),
    answer=(1 + sqrt(0.9)) / (1 - sqrt(0.9)),
    exact="(1 + √0.9)/(1 - √0.9) = 37.974",
    wrong={
        "distance_for_height": (
            19.0,
            "Then the distance would lose a tenth. The height goes with its square.",
        ),
        "squared_instead_of_root": (
            1.81 / 0.19,
            "You squared the nine tenths. Which of height and distance is the square of the other?",
        ),
        "what_is_lost": (
            (1 + sqrt(0.1)) / (1 - sqrt(0.1)),
            "A tenth is lost. How much is left?",
        ),
        "rate_of_one_over_L": (
            1 / (1 - sqrt(0.9)),
            "You used 1 - 1/κ, the factor of the constant rate 1/L.",
        ),
        "one_over_kappa_is_lost": (
            10.0,
            "You set 1/κ equal to a tenth. The best rate takes about 4/κ of the height.",
        ),
        "for_large_kappa": (
            40.0,
            "A loss of 4/κ is an estimate for large κ. Solve the equation itself.",
        ),
        "upside_down": (
            (1 - sqrt(0.9)) / (1 + sqrt(0.9)),
            "That is μ/L. The condition number is at least 1.",
        ),
    },
    explanation=r"""
The distance keeps $r = \sqrt{9/10}$, and $(\kappa - 1)/(\kappa + 1) = r$ gives
$\kappa = (1 + r)/(1 - r)$. A valley not even 40 times as steep across as along holds the perfect
line search down to a tenth a step: it does not cure a bad direction.
""",
)

patience = NumberExercise(
    id="explorer.patience",
    title="A thousand times closer",
    difficulty="medium",
    minutes=5,
    text=r"""
On a quadratic with $\kappa = 40$ the best constant rate shrinks the error, in the worst direction,
by the same factor at each step. After how many whole steps is it at most a thousandth of what it
was?
""",
    hints=(
        "The factor is (κ - 1)/(κ + 1). We look for the smallest k with (39/41)^k ≤ 1e-3.",
        "Take logarithms on both sides.",
        "k is at least ln(1e3) / ln(41/39).",
    ),
    answer=ceil(log(1e3) / log(41 / 39)),
    exact="⌈ln 10³ / ln(41/39)⌉ = 139",
    tolerance=2e-4,
    wrong={
        "one_minus_one_over_kappa": (
            ceil(log(1e3) / log(40 / 39)),
            "You used 1 - 1/κ, the factor of the rate 1/L. The best rate does better.",
        ),
        "mixed_logarithms": (
            ceil(log10(1e3) / log(41 / 39)),
            "One logarithm is to base 10 and the other natural. Take both to the same base.",
        ),
        "rounded_down": (
            int(log(1e3) / log(41 / 39)),
            "After that many steps it is still a little above a thousandth. Round up.",
        ),
        "not_whole": (log(1e3) / log(41 / 39), "A count of steps is whole."),
        "height_for_distance": (
            ceil(log(1e3) / log(41 / 39) / 2),
            "That is when the height has fallen so far. The distance takes twice as long.",
        ),
        "half_forgotten": (
            ceil(40 * log(1e3)),
            "That is κ ln 10³. The best rate needs about half of it.",
        ),
    },
    explanation=r"""
$(39/41)^k \le 10^{-3}$ means $k \ge \ln 10^3 / \ln(41/39)$. For large $\kappa$ that is about
$\frac{\kappa}{2} \ln 10^3$: patience is paid in units of $\kappa$.
""",
)

axis = ChoiceExercise(
    id="explorer.axis",
    title="A lucky start",
    difficulty="medium",
    minutes=5,
    text=r"""
On a quadratic with $\kappa = 100$ we start exactly on an eigenvector of $A$, and take the best
rate for each step (exact line search). How many steps to the minimum?
""",
    hints=("What is the direction of g = A x, if x is an eigenvector?",),
    choices=(
        ("one", "The gradient A x = λ x points straight through the minimum, and 1/λ gets there."),
        ("two, one for each axis", "Along the other axis there is no distance to go."),
        (
            "hundreds: $\\kappa$ is 100",
            "κ counts only if the start has a share of both directions. This one has only one.",
        ),
        (
            "it never arrives",
            "It would not with too large a rate. Here the rate is the best for the line, and the "
            "minimum lies on the line.",
        ),
    ),
    right="a",
    names=("", "a_step_for_each_axis", "kappa_always", "never"),
    explanation=r"""
If $A x = \lambda x$, then $g = \lambda x$ points exactly away from the minimum, and
$x - g/\lambda = 0$. Bad conditioning is a property of the landscape *and* of the start; the
unlucky start of the zigzag has as large a share of the stiff direction, in slope, as of the flat
one.
""",
)


def walk_with_velocity(step, x, gradients, lr, momentum):
    """Feed gradients to a step that has a velocity, beginning from rest."""
    v = np.zeros_like(x)
    for g in gradients:
        x, v = step(x, g, v, lr=lr, momentum=momentum)


def path_with_velocity(step):
    """Return the way of a step with velocity down a narrow valley."""
    points, v = [np.array([-1.0, 0.6])], np.zeros(2)
    for _ in range(16):
        x, v = step(points[-1], valley.gradient(points[-1]), v, lr=0.05, momentum=0.7)
        points.append(x)
    return np.array(points)


momentum_exercise = CodeExercise(
    id="momentum.step",
    title="Remember the last steps",
    difficulty="hard",
    minutes=12,
    text=r"""
Across a narrow valley the gradients take turns in sign; along it they agree. Polyak's heavy ball
keeps a *velocity* $v$, in which the first kind cancels and the second adds up:
$v \leftarrow \beta v + g$, then $x \leftarrow x - \eta v$. Write
`step(x, g, v, *, lr, momentum)`, which returns the new `x` and the new `v`. What comes in stays as
it is; the new `v` comes in again at the next step. (The chapter on momentum comes later; this is
its first line.)
""",
    hints=(
        "Two lines: first the velocity, then the point.",
        "The old velocity is multiplied by momentum, the gradient is added whole.",
        "The point moves by lr times the new velocity.",
    ),
    explanation=r"""
This is the package's own `Momentum.step`. After many steps with the same gradient the velocity is
$g(1 + \beta + \beta^2 + \dots) = g/(1 - \beta)$: at $\beta = 9/10$ ten times as fast as without.
""",
    solution=Momentum.step,
    drive=walk_with_velocity,
    probes=(
        (np.array([1.0]), FED, 0.1, 0.9),
        (np.array([1.0]), FED, 0.05, 0.9),
        (rng.normal(size=3), rng.normal(size=(8, 3)), 0.3, 0.5),
        (rng.normal(size=2), rng.normal(size=(4, 2)), 0.2, 0.0),
    ),
    returns=("x", "v"),
    path=path_with_velocity,
)


@momentum_exercise.mistake(
    "Your velocity forgets: from step 2 on you used only the new gradient. Did you reset "
    "`v` inside the "
    "function?"
)
def velocity_reset(x, g, v, *, lr, momentum):
    v = g
    x = x - lr * v
    return x, v


@momentum_exercise.mistake(
    "Your velocity is an average: the new gradient counts only 1 - momentum. Here it is "
    "added whole."
)
def average_instead_of_sum(x, g, v, *, lr, momentum):
    v = momentum * v + (1 - momentum) * g
    x = x - lr * v
    return x, v


@momentum_exercise.mistake("The rate is in your velocity and in your step. Once is enough.")
def rate_applied_twice(x, g, v, *, lr, momentum):
    v = momentum * v + lr * g
    x = x - lr * v
    return x, v


@momentum_exercise.mistake(
    "The point moved by the old velocity: at step 1 it stood still. Which line comes first?"
)
def point_before_velocity(x, g, v, *, lr, momentum):
    old = v
    v = momentum * v + g
    x = x - lr * old
    return x, v


@momentum_exercise.mistake(
    "You added momentum once more on top of the new velocity. That is Nesterov's step, a "
    "later chapter."
)
def looked_ahead(x, g, v, *, lr, momentum):
    v = momentum * v + g
    x = x - lr * (g + momentum * v)
    return x, v


@momentum_exercise.mistake(
    "After the first step your gradients count only 1 - momentum: PyTorch calls that "
    "dampening. Here "
    "they are added whole."
)
def dampened_after_the_first(x, g, v, *, lr, momentum):
    v = momentum * v + (1 - momentum) * g if v.any() else g
    x = x - lr * v
    return x, v


@momentum_exercise.mistake("You shrink the gradient and keep the whole velocity. Which one fades?")
def momentum_on_the_gradient(x, g, v, *, lr, momentum):
    v = v + momentum * g
    x = x - lr * v
    return x, v


@momentum_exercise.mistake("Your ball rolls uphill. Which sign does the step have?")
def rolls_uphill(x, g, v, *, lr, momentum):
    v = momentum * v + g
    x = x + lr * v
    return x, v


@momentum_exercise.mistake(
    "Your `v` is the displacement, rate and sign in it; here it is a sum of gradients. At "
    "a constant rate "
    "both give the same points, so look at `v` and not at `x`."
)
def classical_form(x, g, v, *, lr, momentum):
    v = momentum * v - lr * g
    x = x + v
    return x, v


@momentum_exercise.mistake("You returned `v, x`. The point comes first.")
def returned_in_the_wrong_order(x, g, v, *, lr, momentum):
    v = momentum * v + g
    x = x - lr * v
    return v, x


@momentum_exercise.mistake(
    "The point moved by the new velocity, but you returned the old one, so nothing is remembered."
)
def old_velocity_returned(x, g, v, *, lr, momentum):
    x = x - lr * (momentum * v + g)
    return x, v


@momentum_exercise.mistake(
    "The rate is in your velocity. At a constant rate the points are the same, but here `v` is a "
    "sum of gradients."
)
def rate_in_the_velocity(x, g, v, *, lr, momentum):
    v = momentum * v + lr * g
    x = x - v
    return x, v


@momentum_exercise.mistake(
    "Your `v` points downhill, and so do your steps. Here `v` adds up the gradients as they are."
)
def velocity_points_downhill(x, g, v, *, lr, momentum):
    v = momentum * v - g
    x = x + lr * v
    return x, v


EXERCISES: list[Exercise] = [
    step_exercise,
    in_place_exercise,
    descent_exercise,
    rate_exercise,
    line_search_exercise,
    zigzag,
    axis,
    patience,
    momentum_exercise,
]
