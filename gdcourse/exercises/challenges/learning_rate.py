"""Exercises on the length of a step: its edge, its price, and how to find a good one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ... import descend
from ...landscapes import Quadratic
from ...range_test import restarted
from ...rules import SGD
from ..exercise import ChoiceExercise, CodeExercise, Exercise, NumberExercise

rng = np.random.default_rng(8)


def reached(lr, curvature, eps):
    """Return the steps until the error is at most eps, by the package's loop."""
    path = descend(Quadratic([curvature]).gradient, [1.0], SGD(lr), 2000).x[:, 0]
    return np.argmax(abs(path) <= eps)


def steps_to_reach(lr, curvature, eps):
    """Return the steps until the distance is eps times what it was."""
    factor = abs(1 - lr * curvature)
    error, steps = 1.0, 0
    while error > eps:
        error = error * factor
        steps = steps + 1
    return steps


steps_exercise = CodeExercise(
    id="learning_rate.steps",
    title="The bill, in steps",
    difficulty="medium",
    minutes=7,
    text=r"""
Write `steps_to_reach(lr, curvature, eps)`: the smallest number of steps after which the distance to
the minimum, along one direction of this curvature, is at most `eps` times what it was. The rate is
below the edge, $0 < \eta\lambda < 2$, and `eps` lies between 0 and 1. At $\eta = 1/\lambda$ one
step is enough.
""",
    hints=(
        "By what does a step multiply the distance? A distance has no sign.",
        "A loop does it: multiply until the distance is small enough, and count.",
        "Or solve factor to the power k = eps for k, round up, and mind the logarithm of 0.",
    ),
    explanation=r"""
The distance is multiplied by $|1 - \eta\lambda|$ in each step. With logarithms it is
$\lceil \ln\varepsilon / \ln|1 - \eta\lambda| \rceil$, and 1 where the factor is 0. For a small
$\eta\lambda$ that is close to $\ln(1/\varepsilon)/(\eta\lambda)$: half the rate, twice the steps.
""",
    solution=steps_to_reach,
    reference=reached,
    probes=(
        (0.2, 2.0, 0.05),
        (0.8, 2.0, 0.01),
        (0.05, 1.0, 0.7),
        (0.25, 4.0, 1e-6),
        (0.25, 2.0, 0.25),
        (0.3, 0.5, 0.9),
    ),
    returns=("steps",),
)


@steps_exercise.mistake(
    "You kept the sign of the factor: an error of -0.8 is not small. How far is it from 0?"
)
def sign_of_the_factor_kept(lr, curvature, eps):
    factor = 1 - lr * curvature
    error, steps = 1.0, 0
    while error > eps:
        error = error * factor
        steps = steps + 1
    return steps


@steps_exercise.mistake(
    "After so many steps the distance is still above `eps`. To which side must we round?"
)
def rounded_down(lr, curvature, eps):
    factor = abs(1 - lr * curvature)
    return 1 if factor == 0 else np.floor(np.log(eps) / np.log(factor))


@steps_exercise.mistake("That is no whole number of steps. To which side must we round?")
def not_rounded(lr, curvature, eps):
    factor = abs(1 - lr * curvature)
    return 1 if factor == 0 else np.log(eps) / np.log(factor)


@steps_exercise.mistake(
    "Where a step lands on exactly `eps` times the distance, you make one more. At most `eps`: is "
    "that one in?"
)
def one_step_past_eps(lr, curvature, eps):
    factor = abs(1 - lr * curvature)
    error, steps = 1.0, 0
    while error >= eps:
        error = error * factor
        steps = steps + 1
    return steps


@steps_exercise.mistake(
    "That is for the height above the minimum, which has the square of the factor. "
    "We ask for the distance."
)
def height_for_distance(lr, curvature, eps):
    factor = (1 - lr * curvature) ** 2
    error, steps = 1.0, 0
    while error > eps:
        error = error * factor
        steps = steps + 1
    return steps


@steps_exercise.mistake(
    "You used ln(1/eps) divided by the product of rate and curvature, which holds for small "
    "products alone."
)
def small_product_everywhere(lr, curvature, eps):
    return np.ceil(np.log(1 / eps) / (lr * curvature))


@steps_exercise.mistake("One too many: the start is not a step.")
def start_counted(lr, curvature, eps):
    return steps_to_reach(lr, curvature, eps) + 1


@steps_exercise.mistake(
    "At the rate 1/curvature your formula divides by the logarithm of 0 and says that no step is "
    "needed. Can that be?"
)
def no_step_at_all(lr, curvature, eps):
    factor = abs(1 - lr * curvature)
    return np.ceil(np.log(eps) / np.log(factor))


@steps_exercise.mistake(
    "You multiply by rate times curvature. That is what a step takes away; what does it leave?"
)
def what_is_taken_away(lr, curvature, eps):
    return np.ceil(np.log(eps) / np.log(lr * curvature))


def bent(A, c):
    """Return the gradient of x A x / 2 + c sum(x^3) / 3, whose curvature depends on the place."""
    return lambda x: A @ x + c * x**2


def doubly_bent(A, c):
    """Return the gradient of x A x / 2 + c sum(x^4) / 4, whose differences depend on h as well."""
    return lambda x: A @ x + c * x**3


def curvature_along(gradient, x, d, h):
    """Return the curvature at x along d, from two gradients."""
    u = d / np.linalg.norm(d)
    Hu = (gradient(x + h * u) - gradient(x - h * u)) / (2 * h)
    return u @ Hu


MATRIX = np.array([[3.0, 1.0, 0.0], [1.0, -2.0, 0.5], [0.0, 0.5, 1.0]])

along_exercise = CodeExercise(
    id="learning_rate.along",
    title="The curvature ahead",
    difficulty="medium",
    minutes=8,
    text=r"""
Before a step along $d$ we want to know how the ground curves that way. Write
`curvature_along(gradient, x, d, h)`, the number $u^T H u$ at the point `x`, where $u$ is the unit
vector along `d`. We have no Hessian, only the function `gradient`: ask it twice, at the distance
`h` on either side of `x`, and return what the two answers make of it. The array `d` is of any
length but 0.
""",
    hints=(
        "First make u of d: same direction, length 1.",
        "The change of the gradient from x - hu to x + hu, per unit of distance, is about H u.",
        "How far apart are the two points? And a curvature is one number: its part along u.",
    ),
    explanation=r"""
$H u$ is how the gradient changes per unit of distance along $u$; between the two points lies the
distance $2h$. Its part along $u$ is the curvature there, whatever the length of $d$ was. The
difference is exact for any $f$ up to third order, where a one-sided one is wrong by a term in $h$.
""",
    solution=curvature_along,
    probes=(
        (bent(MATRIX, 0.0), np.array([1.0, 2.0, -1.0]), np.array([3.0, 0.0, 4.0]), 0.1),
        (bent(MATRIX, 0.7), np.array([0.5, -1.0, 2.0]), np.array([0.1, 0.2, -0.2]), 0.1),
        (bent(MATRIX, -0.4), rng.normal(size=3), rng.normal(size=3), 0.01),
        (bent(np.diag([5.0, 0.5]), 1.5), np.array([1.0, 1.0]), np.array([0.0, -2.0]), 0.2),
        (doubly_bent(MATRIX, 0.5), np.array([1.0, -0.5, 2.0]), np.array([3.0, 0.0, 4.0]), 0.1),
    ),
    returns=("curvature",),
)


@along_exercise.mistake(
    "You compared x with one side only. Look both ways: what is wrong on one side cancels."
)
def one_side_only(gradient, x, d, h):
    u = d / np.linalg.norm(d)
    Hu = (gradient(x + h * u) - gradient(x)) / h
    return u @ Hu


@along_exercise.mistake("Twice too large. How far apart are the two points where you asked?")
def distance_of_one_side(gradient, x, d, h):
    u = d / np.linalg.norm(d)
    Hu = (gradient(x + h * u) - gradient(x - h * u)) / h
    return u @ Hu


@along_exercise.mistake(
    "That is a change of the gradient, not yet per unit of distance. What became of `h`?"
)
def change_not_per_distance(gradient, x, d, h):
    u = d / np.linalg.norm(d)
    Hu = (gradient(x + h * u) - gradient(x - h * u)) / 2
    return u @ Hu


@along_exercise.mistake(
    "Yours grows with the square of the length of `d`. A curvature belongs to a direction."
)
def length_left_in(gradient, x, d, h):
    Hd = (gradient(x + h * d) - gradient(x - h * d)) / (2 * h)
    return d @ Hd


@along_exercise.mistake(
    "Yours grows with the length of `d`: the unit vector is used once, but not both times."
)
def length_left_in_once(gradient, x, d, h):
    u = d / np.linalg.norm(d)
    Hu = (gradient(x + h * u) - gradient(x - h * u)) / (2 * h)
    return d @ Hu


@along_exercise.mistake(
    "That is the product H u, a vector. How much of it points along the direction?"
)
def product_for_curvature(gradient, x, d, h):
    u = d / np.linalg.norm(d)
    return (gradient(x + h * u) - gradient(x - h * u)) / (2 * h)


@along_exercise.mistake(
    "That is the length of H u. It is never negative, and counts what points sideways."
)
def length_of_the_product(gradient, x, d, h):
    u = d / np.linalg.norm(d)
    Hu = (gradient(x + h * u) - gradient(x - h * u)) / (2 * h)
    return np.linalg.norm(Hu)


@along_exercise.mistake(
    "You asked at `h` times `d` on either side. That is the distance h times the length of `d`."
)
def too_far_apart(gradient, x, d, h):
    Hd = (gradient(x + h * d) - gradient(x - h * d)) / (2 * h)
    return d @ Hd / (d @ d)


@along_exercise.mistake("You asked at another distance. What does `h` do in your function?")
def another_distance(gradient, x, d, h):
    u = d / np.linalg.norm(d)
    Hu = (gradient(x + 1e-5 * u) - gradient(x - 1e-5 * u)) / 2e-5
    return u @ Hu


@along_exercise.mistake("You asked on either side of the origin. Where do we stand?")
def asked_at_the_origin(gradient, x, d, h):
    u = d / np.linalg.norm(d)
    Hu = (gradient(h * u) - gradient(-h * u)) / (2 * h)
    return u @ Hu


@along_exercise.mistake(
    "That is the slope along the direction. We ask how the slope changes along it."
)
def slope_for_curvature(gradient, x, d, h):
    u = d / np.linalg.norm(d)
    return u @ gradient(x)


def bearable_rate(rates, losses, start):
    """Return the largest rate that a range test allows."""
    bearable = rates[0] / 10
    for rate, loss in zip(rates, losses, strict=True):
        if not loss <= start:
            break
        bearable = rate
    return bearable


BOWL = Quadratic([1.0, 10.0])
TRIED = np.geomspace(0.05, 0.8, 9)
TESTED = restarted(BOWL.gradient, BOWL, [1.0, 1.0], TRIED, 20)
FIVE = np.array([0.1, 0.2, 0.4, 0.8, 1.6])

test_exercise = CodeExercise(
    id="learning_rate.range_test",
    title="Read a range test",
    difficulty="medium",
    minutes=8,
    text=r"""
A range test by restarts has tried the `rates`, in increasing order, and found the final `losses`,
one for each. All runs began at the loss `start`. Write `bearable_rate(rates, losses, start)`: the
largest rate such that its run and *those of all smaller rates* ended no higher than they began. If
the smallest rate is already too much, return a tenth of it, for another try. A run that flew apart
has the loss `inf` or `nan`.
""",
    hints=(
        "Go through the rates from below, and stop at the first bad run.",
        "A good run after a bad one is luck; it does not count.",
        "Every comparison with nan is false. Ask whether a run is good, not whether it is bad.",
    ),
    explanation=r"""
Two traps. On a network, a run above the edge may come out well by accident, so that the largest
good rate says little; the end of the unbroken row says more. And `nan > start` is false, as is
`nan <= start`: `not loss <= start` finds the runs that flew apart, `loss > start` does not.
""",
    solution=bearable_rate,
    probes=(
        (TRIED, TESTED, BOWL(np.ones(2))),
        (FIVE, np.array([2.0, 1.0, 7.0, 1.5, 9.0]), 3.0),
        (FIVE, np.array([2.0, 1.0, 2.5, np.nan, np.nan]), 3.0),
        (FIVE, np.array([4.0, 5.0, 6.0, np.inf, np.nan]), 3.0),
        (FIVE, np.array([2.0, 1.5, 3.0, 8.0, np.inf]), 3.0),
        (FIVE, np.array([2.5, 2.0, 1.5, 1.0, 0.5]), 3.0),
        (FIVE, np.array([2.0, 1.0, 1.5, 2.5, 9.0]), 3.0),
    ),
    returns=("rate",),
)


@test_exercise.mistake(
    "You took the largest rate with a good run. What if smaller ones failed, and it was lucky?"
)
def luck_counted(rates, losses, start):
    good = rates[losses <= start]
    return good[-1] if len(good) else rates[0] / 10


@test_exercise.mistake("A run with the loss nan passed as good. What does `nan > start` say?")
def nan_taken_for_good(rates, losses, start):
    bearable = rates[0] / 10
    for rate, loss in zip(rates, losses, strict=True):
        if loss > start:
            break
        bearable = rate
    return bearable


@test_exercise.mistake("That is the first rate that fails. We ask for the last one before it.")
def first_that_fails(rates, losses, start):
    for rate, loss in zip(rates, losses, strict=True):
        if not loss <= start:
            return rate
    return rates[-1]


@test_exercise.mistake(
    "You compared each run with the one before it. Each began at `start`, by itself."
)
def compared_with_the_run_before(rates, losses, start):
    bearable = rates[0] / 10
    for rate, (before, loss) in zip(rates, pairwise([start, *losses]), strict=True):
        if not loss <= before:
            break
        bearable = rate
    return bearable


@test_exercise.mistake(
    "That is the rate with the lowest loss. How far up may we go before a run fails?"
)
def lowest_loss(rates, losses, start):
    return rates[np.nanargmin(losses)]


@test_exercise.mistake("You compared with the run of the smallest rate. Each began at `start`.")
def compared_with_the_smallest_rate(rates, losses, start):
    bearable = rates[0] / 10
    for rate, loss in zip(rates, losses, strict=True):
        if not loss <= losses[0]:
            break
        bearable = rate
    return bearable


@test_exercise.mistake("A run that ends high above its start passed, as long as it is a number.")
def any_number_taken_for_good(rates, losses, start):
    good = np.append(np.isfinite(losses), False)
    k = np.argmin(good)
    return rates[k - 1] if k else rates[0] / 10


@test_exercise.mistake(
    "Where even the smallest rate fails, yours allows it. What is asked for there?"
)
def smallest_rate_always_allowed(rates, losses, start):
    return max(bearable_rate(rates, losses, start), rates[0])


@test_exercise.mistake("Where even the smallest rate fails, yours is 0. What is asked for there?")
def no_rate_at_all(rates, losses, start):
    bearable = bearable_rate(rates, losses, start)
    return bearable if bearable >= rates[0] else 0.0


@test_exercise.mistake("That is the place of a rate in the list. Which rate stands there?")
def place_for_rate(rates, losses, start):
    good = np.append(losses <= start, False)
    return np.argmin(good) - 1


@test_exercise.mistake("That counts the good runs. Which rate is the last of them?")
def number_for_rate(rates, losses, start):
    good = losses <= start
    return len(good) if good.all() else np.argmin(good)


@test_exercise.mistake(
    "Where the smallest rate fails, yours counts back from the end: index -1 is the largest rate."
)
def last_rate_where_the_first_fails(rates, losses, start):
    good = losses <= start
    return rates[np.argmin(good) - 1]


@test_exercise.mistake(
    "A run that ends exactly where it began is not above its start. Is it to be refused?"
)
def equal_refused(rates, losses, start):
    bearable = rates[0] / 10
    for rate, loss in zip(rates, losses, strict=True):
        if not loss < start:
            break
        bearable = rate
    return bearable


def product_with(curvatures, seed):
    """Return the function u -> H u of a matrix with these eigenvalues, in turned axes."""
    n = len(curvatures)
    Q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))
    H = Q @ np.diag(curvatures) @ Q.T
    return lambda u: H @ u


def smallest_curvature(hvp, L, u, num_steps):
    """Return the smallest eigenvalue of H, from products with it."""
    for _ in range(num_steps):
        u = hvp(u) - L * u
        u = u / np.linalg.norm(u)
    return u @ hvp(u)


smallest_exercise = CodeExercise(
    id="learning_rate.smallest",
    title="The flattest direction",
    difficulty="hard",
    minutes=14,
    text=r"""
Power iteration finds the eigenvalue of largest *size*, so it finds $L$ and passes over the small
ones. But we may apply it to another matrix, made of $H$ and of the number $L$ that we know by now,
whose largest eigenvalue in size belongs to the *smallest* of $H$, negative ones included. Write
`smallest_curvature(hvp, L, u, num_steps)`: `hvp(u)` returns $Hu$, `L` is the largest eigenvalue of
$H$, `u` a direction to start from. Make `num_steps` iterations and return the smallest eigenvalue
of $H$.
""",
    hints=(
        "If a number is added to the diagonal of a matrix, it is added to all its eigenvalues, and "
        "the eigenvectors stay.",
        "Which number makes the largest eigenvalue 0, and all others negative?",
        "Iterate with Hu - Lu, as long as you iterate; then ask for the curvature of H along u.",
    ),
    explanation=r"""
The eigenvalues of $H - L I$ are $\lambda - L$: zero for the largest, and of largest size for the
smallest. Its eigenvectors are those of $H$, so at the end $u^T H u$ is the smallest eigenvalue. If
it is negative, we stand on no minimum, and know the way down. That is how saddles of large networks
are recognised.
""",
    solution=smallest_curvature,
    probes=(
        (product_with([1.0, 4.0, 9.0], 0), 9.0, np.array([1.0, 0.4, -0.3]), 120),
        (product_with([-2.0, 1.0, 3.0], 1), 3.0, np.array([0.2, -1.0, 0.5]), 120),
        (product_with([-5.0, 0.5, 2.0], 2), 2.0, np.array([1.0, 1.0, 0.3]), 120),
        (product_with([0.1, 3.0, 4.0, 5.0], 3), 5.0, np.array([0.3, 1.0, -0.5, 0.2]), 120),
    ),
    returns=("curvature",),
)


@smallest_exercise.mistake(
    "That is power iteration on H itself: it finds the eigenvalue of largest size. Of which matrix "
    "is the smallest one of H the largest in size?"
)
def matrix_left_as_it_is(hvp, L, u, num_steps):
    for _ in range(num_steps):
        u = hvp(u)
        u = u / np.linalg.norm(u)
    return u @ hvp(u)


@smallest_exercise.mistake(
    "You moved all eigenvalues up, and the largest is further in front than before. Which way "
    "makes it 0?"
)
def moved_the_wrong_way(hvp, L, u, num_steps):
    for _ in range(num_steps):
        u = hvp(u) + L * u
        u = u / np.linalg.norm(u)
    return u @ hvp(u)


@smallest_exercise.mistake("That is the eigenvalue of the matrix you made. What is it for H?")
def answer_for_the_other_matrix(hvp, L, u, num_steps):
    for _ in range(num_steps):
        u = hvp(u) - L * u
        u = u / np.linalg.norm(u)
    return u @ (hvp(u) - L * u)


@smallest_exercise.mistake(
    "That is the size of an eigenvalue of the matrix that you made. What does it say about H?"
)
def length_of_the_last_product(hvp, L, u, num_steps):
    for _ in range(num_steps):
        u = hvp(u) - L * u
        length = np.linalg.norm(u)
        u = u / length
    return length


@smallest_exercise.mistake(
    "That is the answer with the wrong sign. Did the length, or the matrix, stand for H or for -H?"
)
def sign_turned_round(hvp, L, u, num_steps):
    return -smallest_curvature(hvp, L, u, num_steps)


@smallest_exercise.mistake(
    "The vector was never brought back to length 1, and the curvature is that many times too large."
)
def never_brought_back(hvp, L, u, num_steps):
    for _ in range(num_steps):
        longer = hvp(u) - L * u
        u = longer
    return u @ hvp(u)


@smallest_exercise.mistake(
    "Each product was made with the first direction again. What does the next one start from?"
)
def first_direction_every_time(hvp, L, u, num_steps):
    for _ in range(num_steps):
        v = hvp(u) - L * u
        v = v / np.linalg.norm(v)
    return v @ hvp(v)


@smallest_exercise.mistake("That is the direction. How does H curve along it?")
def direction_for_curvature(hvp, L, u, num_steps):
    for _ in range(num_steps):
        u = hvp(u) - L * u
        u = u / np.linalg.norm(u)
    return u


@smallest_exercise.mistake(
    "You subtracted the number L from every entry of H u. What is L times the identity, times u?"
)
def number_subtracted_from_a_vector(hvp, L, u, num_steps):
    for _ in range(num_steps):
        u = hvp(u) - L
        u = u / np.linalg.norm(u)
    return u @ hvp(u)


footprints = NumberExercise(
    id="learning_rate.footprints",
    title="Read the rate from the footprints",
    difficulty="easy",
    minutes=4,
    text=r"""
A walker on a parabola of curvature 5 lands on alternate sides of the minimum, each time at three
fifths of the distance before. Which learning rate does it use?
""",
    hints=(
        "By which number is the error multiplied at each step? Mind the sides.",
        "The factor is -3/5. Set it equal to 1 - ηλ.",
    ),
    answer=8 / 25,
    exact="1.6 / 5 = 0.32",
    wrong={
        "same_side": (2 / 25, "With that it would stay on one side. Which sign has the factor?"),
        "distance_for_product": (
            3 / 25,
            "You set rate times curvature to 3/5. What does a step leave of the error?",
        ),
        "product": (8 / 5, "That is rate times curvature."),
        "one_step": (1 / 5, "With that it would be there in one step."),
        "edge": (2 / 5, "With that it would keep its distance."),
    },
    explanation=r"""
Alternate sides and three fifths: the factor is $-\frac35 = 1 - \eta\lambda$, so
$\eta\lambda = \frac85$ and $\eta = \frac{8}{25}$. It is beyond $1/\lambda$ and below $2/\lambda$.
""",
)

edge = NumberExercise(
    id="learning_rate.edge",
    title="The edge of a tilted bowl",
    difficulty="easy",
    minutes=5,
    text=r"""
Descent on $f(x) = \frac12 x^T A x$ with $A = \begin{pmatrix} 5 & 2 \\ 2 & 8 \end{pmatrix}$ diverges
above some constant rate. Which?
""",
    hints=(
        "Which direction gives way first?",
        "The eigenvalues have the sum 13 (the trace) and the product 36 (the determinant).",
    ),
    answer=2 / 9,
    exact="2/9 = 0.2222222",
    wrong={
        "largest_on_the_diagonal": (
            1 / 4,
            "8 is the curvature along the second axis. The steepest direction is no axis here.",
        ),
        "smallest_curvature": (1 / 2, "That is for the smallest eigenvalue. Which one goes first?"),
        "best_rate": (2 / 13, "That is the best rate, 2/(L + μ). Where is the edge?"),
        "one_over_L": (1 / 9, "That is 1/L: the steepest direction is done in one step."),
        "curvature": (9.0, "That is the largest curvature. Which rate belongs to it?"),
        "first_axis": (2 / 5, "5 is the curvature along the first axis alone."),
        "sum_of_a_row": (
            1 / 5,
            "10 is the largest sum of a row, which is no eigenvalue, only a bound for them.",
        ),
    },
    explanation=r"""
The eigenvalues solve $\lambda^2 - 13\lambda + 36 = 0$: 4 and 9. The edge is $2/L = \frac29$. Along
the axes the curvatures are only 5 and 8; between them it is steeper.
""",
)

flat = NumberExercise(
    id="learning_rate.flat",
    title="What the flat direction costs",
    difficulty="medium",
    minutes=5,
    text=r"""
The curvatures of a bowl reach from $\frac{1}{50}$ to 50. We take half of the
largest rate that it bears. How many steps until the distance in the flattest direction is a
thousandth of what it was?
""",
    hints=(
        "The edge is 2/50; we take 1/50.",
        "Each step leaves 1 - 1/2500 of the flat error.",
        "Take logarithms: k ln(1 - 1/2500) = -ln 1000.",
    ),
    answer=17266.0,
    exact="⌈ln 10³ / -ln(1 - 0.0004)⌉ = 17266",
    wrong={
        "at_the_edge": (
            8632.0,
            "Half of it. Did you take the edge itself for the rate, or the height for the "
            "distance?",
        ),
        "decimal_logarithm": (7500.0, "You took the decimal logarithm of 1000, which is 3."),
        "condition_number": (
            2500.0,
            "That is the condition number. What does a thousandth ask for besides?",
        ),
        "steep_direction": (1.0, "So quickly is it done in the steepest direction."),
        "curvature_forgotten": (
            342.0,
            "Your step leaves 1 - η of the error. What does one leave along the flat curvature?",
        ),
        "quarter_rate": (34536.0, "Twice too many. Is the edge 1/L or 2/L?"),
    },
    explanation=r"""
At $\eta = 1/L$ the flat factor is $1 - \mu/L = 1 - 1/\kappa$ with $\kappa = 2500$, so a thousandth
takes about $\kappa \ln 10^3$ steps. At the edge it would be half as many, for a steepest direction
that never arrives.
""",
)

product = NumberExercise(
    id="learning_rate.product",
    title="Power iteration by hand",
    difficulty="medium",
    minutes=7,
    text=r"""
The same matrix, $A = \begin{pmatrix} 5 & 2 \\ 2 & 8 \end{pmatrix}$. Start from $u = (1, 0)$,
multiply by $A$ once, bring the result to length 1, and give the curvature $u^T A u$ along it. (What
does this early estimate of $L$ do to a rate $2/L$ that is made of it?)
""",
    hints=(
        "A u is the first column, (5, 2). Its squared length is 29.",
        "For v = (5, 2) compute v A v, and divide it by 29.",
    ),
    answer=197 / 29,
    exact="197/29 = 6.793103",
    wrong={
        "before_the_product": (5.0, "That is the curvature along the first axis, before a step."),
        "second_axis": (8.0, "That is the curvature along the second axis, where we do not go."),
        "rate": (58 / 197, "That is the rate made of it. We ask for the curvature itself."),
        "limit": (9.0, "There it will be after many products. We ask for one."),
        "length_of_the_product": (
            29**0.5,
            "That is the length of (5, 2). What is the curvature along it?",
        ),
        "length_not_divided_out": (197.0, "You used (5, 2) as it is. Its length is not 1."),
        "length_divided_once": (
            197 / 29**0.5,
            "You divided by the length once. Both vectors of the product have it.",
        ),
        "length_of_the_second_product": (
            (1517 / 29) ** 0.5,
            "That is how long the next product is. How much of it points along u?",
        ),
    },
    explanation=r"""
$A (5, 2) = (29, 26)$, and $(5, 2) \cdot (29, 26) / 29 = 197/29$, on the way from 5 to $L = 9$. A
curvature $u^T A u$ is never above $L$, so an early estimate promises a rate beyond the edge: here
$\frac{58}{197}$, where $\frac29$ is the limit.
""",
)

hidden = ChoiceExercise(
    id="learning_rate.hidden",
    title="Where the ramp tells the truth",
    difficulty="medium",
    minutes=4,
    text=r"""
A ramp without noise raises the rate by 2 % per update, from $\frac{1}{1000}$, and starts
with every coordinate at 1. For which bowl does the loss first rise right behind the edge $2/L$?
""",
    hints=(
        "Why did the loss of the chapter's bowl not show what its steep coordinate did?",
        "Which of these has nothing else that the loss could show?",
    ),
    choices=(
        (
            "curvatures 1 and 100: the steeper, the sooner it shows",
            "The steeper it is, the deeper it has fallen when its edge, 0.02, comes: it is seen "
            "again at 0.111.",
        ),
        (
            "curvatures 5 and 10: they are of about the same size",
            "The flatter one still hides the steeper, until 0.288.",
        ),
        (
            "curvature 10 alone",
            "Its loss is one term, and shows at once that it grows, however small it has become.",
        ),
        ("none: a ramp always flatters", "What if there is no second term to hide behind?"),
    ),
    right="c",
    names=("steeper_shows_sooner", "nearly_equal", "", "always"),
    explanation=r"""
What flatters is the *sum*: it shows its largest term, and the steep one is the smallest by the
time its edge comes. With a single curvature the loss is multiplied by $(1 - \eta\lambda)^2$, and
rises in the very step in which that exceeds 1.
""",
)

EXERCISES: list[Exercise] = [
    footprints,
    edge,
    flat,
    product,
    hidden,
    steps_exercise,
    along_exercise,
    test_exercise,
    smallest_exercise,
]
