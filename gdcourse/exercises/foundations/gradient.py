"""Exercises on directions, slopes, and how far a gradient can be trusted."""

from __future__ import annotations

import numpy as np

from ...landscapes import Beale, DoubleWell, Rosenbrock
from ..exercise import ChoiceExercise, CodeExercise, Exercise, NumberExercise

rng = np.random.default_rng(1847)

angle = NumberExercise(
    id="gradient.angle",
    title="Which way is up?",
    difficulty="easy",
    minutes=2,
    text=r"""
At some point of a landscape the gradient is $g = (-5, 12)$. We look at all unit directions
$u = (\cos\varphi, \sin\varphi)$. At which angle $\varphi$, in degrees from 0 to 360, is the
slope $D_u f$ largest?
""",
    hints=(
        "The slope in direction u is the dot product of g and u.",
        "A dot product with a unit vector is largest where both point the same way.",
        "The angle of the vector (-5, 12) is `np.degrees(np.arctan2(12, -5))`.",
    ),
    answer=float(np.degrees(np.arctan2(12, -5))),
    exact="the angle of g itself, arctan2(12, -5) = 112.62°",
    wrong={
        "radians": (float(np.arctan2(12, -5)), "That is the angle in radians; we ask for degrees."),
        "swapped_coordinates": (
            float(np.degrees(np.arctan2(-5, 12)) + 360),
            "That direction is (12, -5). Which coordinate is the cosine?",
        ),
        "swapped_coordinates_below_zero": (
            float(np.degrees(np.arctan2(-5, 12))),
            "That direction is (12, -5). Which coordinate is the cosine?",
        ),
        "signs_dropped": (
            float(np.degrees(np.arctan2(12, 5))),
            "That direction is (5, 12). In which quadrant does g lie?",
        ),
        "downhill": (
            float(np.degrees(np.arctan2(12, -5)) + 180),
            "That way f falls fastest. Where does it rise fastest?",
        ),
        "quadrant_lost": (
            float(np.degrees(np.arctan(12 / -5))),
            "That way f falls fastest: the quotient of the coordinates is the same for g and -g.",
        ),
        "level": (
            float(np.degrees(np.arctan2(12, -5)) + 90),
            "At a right angle to g the slope is zero: you would walk along a contour.",
        ),
        "level_on_the_other_side": (
            float(np.degrees(np.arctan2(12, -5)) - 90),
            "At a right angle to g the slope is zero: you would walk along a contour.",
        ),
        "a_turn_too_few": (
            float(np.degrees(np.arctan2(12, -5)) - 360),
            "The direction is right. Name it by an angle from 0 to 360: add a turn.",
        ),
        "a_turn_too_many": (
            float(np.degrees(np.arctan2(12, -5)) + 360),
            "The direction is right. Name it by an angle from 0 to 360: take a turn off.",
        ),
    },
    explanation=r"""
$D_u f = g \cdot u = \lVert g \rVert \cos(\varphi - \varphi_g)$, where $\varphi_g$ is the angle of
$g$. The cosine is largest where $\varphi = \varphi_g$: the gradient itself is the direction of
steepest ascent, and the slope there is its length, $\sqrt{5^2 + 12^2} = 13$.
""",
)


def slope(g, u):
    """Return the slope in the direction u, which may have any length, where the gradient is g."""
    return g @ u / np.linalg.norm(u)


slope_exercise = CodeExercise(
    id="gradient.slope",
    title="The slope in any direction",
    difficulty="easy",
    minutes=5,
    text=r"""
Write `slope(g, u)`: how steep the ground is for someone who walks in the direction $u$, in height
gained per unit of way. The direction may be given by a vector of any length.
""",
    hints=(
        "For a unit vector u the slope is the dot product of g and u.",
        "Walking twice as far in the same direction does not make the ground steeper.",
        "Divide by the length of u: `np.linalg.norm(u)`.",
    ),
    explanation=r"""
$D_u f = g \cdot u$ holds for $\lVert u \rVert = 1$, so the direction is divided by its length
first. Without that, "steepest" would have no meaning: a longer $u$ would always win.
""",
    solution=slope,
    probes=(
        (np.array([3.0, 4.0]), np.array([1.0, 0.0])),
        (np.array([3.0, 4.0]), np.array([1.0, 1.0])),
        (np.array([3.0, 4.0]), np.array([0.0, -2.0])),
        (np.array([3, 4]), np.array([-2, 1])),
        (rng.normal(size=5), rng.normal(size=5)),
    ),
    returns=("slope",),
)


@slope_exercise.mistake(
    "Twice the vector gave you twice the slope. Which length should the direction have?"
)
def length_of_u_forgotten(g, u):
    return g @ u


@slope_exercise.mistake(
    "You divided by the length of the gradient. Whose length is arbitrary here?"
)
def divided_by_the_length_of_g(g, u):
    return g @ u / np.linalg.norm(g)


@slope_exercise.mistake("You divided by the squared length of u. What are the units of a slope?")
def squared_length(g, u):
    return g @ u / (u @ u)


@slope_exercise.mistake(
    "That is the cosine of an angle, never above 1. How steep is it where g is ten times as long?"
)
def cosine_only(g, u):
    return g @ u / (np.linalg.norm(g) * np.linalg.norm(u))


@slope_exercise.mistake(
    "Your slope is never negative. What does a walker who goes downhill measure?"
)
def sign_lost(g, u):
    return abs(g @ u) / np.linalg.norm(u)


@slope_exercise.mistake(
    "You measured the length of u by adding up its coordinates. What does Pythagoras say?"
)
def length_by_adding_up(g, u):
    return g @ u / np.abs(u).sum()


def direction(g, norm):
    """Return the step of length 1 in the norm "l1", "l2" or "linf" along which f falls fastest."""
    if norm == "l2":
        return -g / np.linalg.norm(g)
    if norm == "linf":
        return -np.sign(g)
    d = np.zeros_like(g)
    i = np.argmax(np.abs(g))
    d[i] = -np.sign(g[i])
    return d


direction_exercise = CodeExercise(
    id="gradient.direction",
    title="Steepest, but in which norm?",
    difficulty="medium",
    minutes=12,
    text=r"""
"Steepest" needs a ruler. Write `direction(g, norm)`: among all steps of length 1, measured by the
norm named `"l1"` (sum of absolute values), `"l2"` (Euclid) or `"linf"` (largest absolute value),
the one with the lowest slope $g \cdot u$. For $g = (3, -4)$ these are three different steps.
""",
    hints=(
        "Draw the three unit balls: a diamond, a circle, a square. Where on each is g · u lowest?",
        "On the diamond it is a corner: the whole step goes into one coordinate.",
        "On the square it is a corner too: every coordinate moves as far as it may.",
    ),
    explanation=r"""
A linear function on a convex body is lowest at the far end. On the circle that is
$-g/\lVert g \rVert$; on the square each coordinate is free, so each goes to $-1$ or $+1$ against
its own sign: *sign descent*. On the diamond all the length goes to the coordinate with the
largest slope: *coordinate descent*. For $g = (3, -4)$ the slopes reached are $-5$, $-7$ and $-4$.
""",
    solution=direction,
    probes=(
        (np.array([3.0, -4.0]), "l2"),
        (np.array([3.0, -4.0]), "l1"),
        (np.array([3.0, -4.0]), "linf"),
        *((rng.normal(size=4), norm) for norm in ("l2", "l1", "linf")),
        (np.array([-1.0, -5.0, 2.0]), "l1"),
        (np.array([-1.0, 2.0, 5.0]), "l1"),
    ),
    returns=("direction",),
)


@direction_exercise.mistake(
    "Along your steps f rises fastest. Which end of the ball do we look for?"
)
def uphill(g, norm):
    return -direction(g, norm)


@direction_exercise.mistake(
    "You have the diamond and the square the wrong way round. Which one has corners on the axes?"
)
def l1_and_linf_swapped(g, norm):
    return direction(g, {"l1": "linf", "linf": "l1"}.get(norm, norm))


@direction_exercise.mistake(
    "Your steps have length 1 in each norm, but all point along -g. Is that the lowest point of a "
    "square?"
)
def rescaled_gradient(g, norm):
    return -g / np.linalg.norm(g, {"l1": 1, "l2": 2, "linf": np.inf}[norm])


@direction_exercise.mistake(
    "With l1 you took the largest coordinate of g, and a large negative one went by. What "
    "counts, the "
    "value or its size?"
)
def largest_instead_of_steepest(g, norm):
    i = np.argmax(g)
    return -np.sign(g[i]) * np.eye(len(g))[i] if norm == "l1" else direction(g, norm)


@direction_exercise.mistake("Your step does not depend on the norm. Whose unit ball did you use?")
def euclid_for_all(g, norm):
    return -g / np.linalg.norm(g)


@direction_exercise.mistake(
    "With l2 your step is as long as the gradient. It should have length 1."
)
def length_left_in_l2(g, norm):
    return -g if norm == "l2" else direction(g, norm)


@direction_exercise.mistake("With l2 alone you walk uphill. Where is the sign?")
def uphill_in_l2(g, norm):
    return g / np.linalg.norm(g) if norm == "l2" else direction(g, norm)


@direction_exercise.mistake(
    "With l1 the coordinate is right, but you always go backwards along it. What if g is negative "
    "there?"
)
def sign_ignored_in_l1(g, norm):
    i = np.argmax(np.abs(g))
    return -np.eye(len(g))[i] if norm == "l1" else direction(g, norm)


@direction_exercise.mistake(
    "With l1 the coordinate is right, but your step along it is as long as the slope. Its length "
    "should be 1."
)
def length_left_in_l1(g, norm):
    i = np.argmax(np.abs(g))
    return -g[i] * np.eye(len(g))[i] if norm == "l1" else direction(g, norm)


@direction_exercise.mistake(
    "With linf your step has length 1, but only one coordinate uses all of it. May the others move "
    "farther?"
)
def rescaled_gradient_in_linf(g, norm):
    return -g / np.abs(g).max() if norm == "linf" else direction(g, norm)


@direction_exercise.mistake(
    "With l1 your step has length 1, but it is spread over all coordinates. Where does a share of "
    "it gain most?"
)
def rescaled_gradient_in_l1(g, norm):
    return -g / np.abs(g).sum() if norm == "l1" else direction(g, norm)


def numerical_gradient(f, x, h):
    """Return the gradient of f at the point x by central differences with spacing h."""
    g = np.zeros(len(x))
    for i in range(len(x)):
        e = np.zeros(len(x))
        e[i] = h
        g[i] = (f(x + e) - f(x - e)) / (2 * h)
    return g


numerical_exercise = CodeExercise(
    id="gradient.numerical",
    title="A gradient without calculus",
    difficulty="medium",
    minutes=12,
    text=r"""
Before we trust a gradient that we derived, we compare it with one that we measured. Write
`numerical_gradient(f, x, h)` by *central differences*: for each coordinate $i$,
$g_i \approx (f(x + h e_i) - f(x - h e_i)) / (2h)$, where $e_i$ is 1 at place $i$ and 0 elsewhere.
`f` takes one point at a time. Leave `x` as it is; it may hold integers.
""",
    hints=(
        "Loop over the coordinates, and fill an array of zeros.",
        "Build a new vector that is h at place i and zero elsewhere; add it, subtract it.",
        "The two points are 2h apart, not h.",
    ),
    explanation=r"""
The two errors of order $h$ cancel, and what is left is of order $h^2$; a forward difference keeps
the error of order $h$. Too small an $h$ is no better: $f(x + h)$ and $f(x - h)$ then agree in
nearly all their digits, and the rounding of the difference is divided by a tiny number.
""",
    solution=numerical_gradient,
    probes=(
        (lambda x: x[0] ** 3, np.array([2.0]), 0.1),
        (lambda x: x[0] ** 3 * x[1] + x[1] ** 2, np.array([1.0, -2.0]), 0.1),
        (Rosenbrock(), np.array([-1.2, 1.0]), 0.01),
        (Beale(), np.array([1.0, 0.5]), 0.05),
        (lambda x: np.sum(np.arange(1, 6) * x**4), rng.normal(size=5), 0.2),
        (lambda x: x[0] ** 3 * x[1] + x[1] ** 2, np.array([1, -2]), 0.1),
    ),
    returns=("gradient",),
)


@numerical_exercise.mistake(
    "You compare f(x + h) with f(x): a one-sided difference, with an error of order h. "
    "Where is the "
    "second point?"
)
def forward_difference(f, x, h):
    e = h * np.eye(len(x))
    return np.array([(f(x + e[i]) - f(x)) / h for i in range(len(x))])


@numerical_exercise.mistake("You compare f(x) with f(x - h). The difference should look both ways.")
def backward_difference(f, x, h):
    e = h * np.eye(len(x))
    return np.array([(f(x) - f(x - e[i])) / h for i in range(len(x))])


@numerical_exercise.mistake(
    "Every value is twice what it should be. How far apart are the two points?"
)
def half_forgotten(f, x, h):
    e = h * np.eye(len(x))
    return np.array([(f(x + e[i]) - f(x - e[i])) / h for i in range(len(x))])


@numerical_exercise.mistake(
    "All coordinates moved at once, so every entry is the same. How many should move?"
)
def all_coordinates_at_once(f, x, h):
    return np.full(len(x), (f(x + h) - f(x - h)) / (2 * h))


@numerical_exercise.mistake(
    "The first entry is right and the next are not: after moving a coordinate you did not "
    "put it back."
)
def coordinate_not_put_back(f, x, h):
    x, g = x.copy(), np.zeros(len(x))
    for i in range(len(x)):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h
        g[i] = (above - f(x)) / (2 * h)
    return g


@numerical_exercise.mistake(
    "You moved `x` itself and put it back, but in floating point x + h - 2h + h is not quite x. "
    "Build new points."
)
def moved_and_put_back(f, x, h):
    g = np.zeros(len(x))
    for i in range(len(x)):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h
        g[i] = (above - f(x)) / (2 * h)
        x[i] += h
    return g


@numerical_exercise.mistake(
    "The first entry is right; from the second on more than one coordinate moves. When does your "
    "shift go back to zero?"
)
def shift_never_cleared(f, x, h):
    e, g = np.zeros(len(x)), np.zeros(len(x))
    for i in range(len(x)):
        e[i] = h
        g[i] = (f(x + e) - f(x - e)) / (2 * h)
    return g


@numerical_exercise.mistake("Only the first entry is filled. Is your `return` inside the loop?")
def returned_inside_the_loop(f, x, h):
    g, e = np.zeros(len(x)), np.zeros(len(x))
    e[0] = h
    g[0] = (f(x + e) - f(x - e)) / (2 * h)
    return g


@numerical_exercise.mistake(
    "You divide by 2h, but you moved by 1. By how much should coordinate i move?"
)
def moved_by_one(f, x, h):
    e = np.eye(len(x))
    return np.array([(f(x + e[i]) - f(x - e[i])) / (2 * h) for i in range(len(x))])


@numerical_exercise.mistake(
    "Where `x` holds integers, so does `np.zeros_like(x)`, and h is cut to 0. Make the shift with "
    "`np.zeros(len(x))`."
)
def shift_of_integers(f, x, h):
    g = np.zeros(len(x))
    for i in range(len(x)):
        e = np.zeros_like(x)
        e[i] = h
        g[i] = (f(x + e) - f(x - e)) / (2 * h)
    return g


@numerical_exercise.mistake(
    "Where `x` holds integers, so does `np.zeros_like(x)`, and your slopes lose their decimals. "
    "Collect them in `np.zeros(len(x))`."
)
def slopes_of_integers(f, x, h):
    g = np.zeros_like(x)
    for i in range(len(x)):
        e = np.zeros(len(x))
        e[i] = h
        g[i] = (f(x + e) - f(x - e)) / (2 * h)
    return g


@numerical_exercise.mistake(
    "Where `x` holds integers, so does its copy, and x + h is cut to an integer. Take "
    "`x.astype(float)`."
)
def moved_copy_of_integers(f, x, h):
    g = np.zeros(len(x))
    for i in range(len(x)):
        above, below = x.copy(), x.copy()
        above[i] += h
        below[i] -= h
        g[i] = (f(above) - f(below)) / (2 * h)
    return g


@numerical_exercise.mistake(
    "Python reads `/ 2 * h` from left to right: you divide by 2 and multiply by h."
)
def multiplied_by_h(f, x, h):
    e = h * np.eye(len(x))
    return np.array([(f(x + e[i]) - f(x - e[i])) / 2 * h for i in range(len(x))])


promise = NumberExercise(
    id="gradient.promise",
    title="The price of caution",
    difficulty="medium",
    minutes=5,
    text=r"""
The descent lemma promises $f(x - \eta g) \le f(x) - \eta\,(1 - L\eta/2)\,\lVert g \rVert^2$, and
the largest fall at $\eta = 1/L$. We know $L$ only roughly and take half of that rate. Which share
of the largest promised fall is still promised?
""",
    hints=(
        "The fall promised is η (1 - Lη/2) times something that the rate does not change.",
        "Put in 1/L, then 1/(2L), and divide.",
    ),
    answer=0.75,
    exact="(3/8) / (1/2) = 3/4",
    wrong={
        "in_proportion_to_the_rate": (
            0.5,
            "The promise is not in proportion to the rate. What does the bracket do?",
        ),
        "not_divided": (
            0.375,
            "That is the fall in units of |g|²/L. Divide by the largest one.",
        ),
        "what_is_lost": (0.25, "That is the share we lose. Which one do we keep?"),
        "bracket_of_the_larger_rate": (
            1.5,
            "More than all? You divided the two brackets, and left out the rates before them.",
        ),
    },
    explanation=r"""
At $1/L$ the lemma promises $\lVert g \rVert^2 / (2L)$, at $1/(2L)$ it promises
$\frac{1}{2L} \cdot \frac34 \lVert g \rVert^2 = 3 \lVert g \rVert^2 / (8L)$: three quarters. Twice
$1/L$, on the other side, is promised nothing. To take $L$ too large is the cheaper error.
""",
)


def backtrack(f, x, g, lr):
    """Halve lr until f falls by at least lr/2 times |g| squared; return the rate that does."""
    while f(x - lr * g) > f(x) - lr / 2 * (g @ g):
        lr = lr / 2
    return lr


backtrack_exercise = CodeExercise(
    id="gradient.backtrack",
    title="Ask the ground for the rate",
    difficulty="hard",
    minutes=15,
    text=r"""
The descent lemma needs $L$, which a walker does not know. *Backtracking* asks the ground instead:
start from some rate and halve it as long as
$f(x - \eta g) > f(x) - \frac{\eta}{2} \lVert g \rVert^2$. Write `backtrack(f, x, g, lr)`, which
returns the first rate that is short enough.
""",
    hints=(
        "It is a loop whose condition is the inequality, and whose body is one line.",
        "The new rate appears on both sides of the inequality: each time around, the height after "
        "the step has to be asked for again.",
        "The squared length of g is `g @ g`.",
    ),
    explanation=r"""
By the lemma every rate up to $1/L$ passes, so the loop ends, with a rate above $1/(2L)$ unless
the first one passed at once. "Any fall is enough" would not do: steps could pass that gain less
and less, and the walk could stall where the ground is not flat.
""",
    solution=backtrack,
    # No probe meets the inequality as an equality: its last digit would decide.
    probes=(
        (lambda x: 4 * x @ x, np.array([1.0, 2.0]), np.array([8.0, 16.0]), 0.98),
        (lambda x: 0.3 * x @ x, np.array([1.0, -2.0]), np.array([0.6, -1.2]), 1.0),
        (
            lambda x: x @ (np.array([1.0, 30.0]) * x),
            np.array([1.0, 1.0]),
            np.array([2.0, 60.0]),
            0.9,
        ),
        (
            lambda x: x @ (np.array([1.0, 30.0]) * x),
            np.array([1.0, 0.1]),
            np.array([2.0, 6.0]),
            0.9,
        ),
        (Rosenbrock(), np.array([-1.2, 1.0]), Rosenbrock().gradient([-1.2, 1.0]), 1.0),
        (DoubleWell(), np.array([1.8]), DoubleWell().gradient([1.8]), 2.0),
    ),
    returns=("rate",),
)


@backtrack_exercise.mistake(
    "You stop at the first rate with which f falls at all. How much does the exercise want "
    "it to fall?"
)
def any_fall_is_enough(f, x, g, lr):
    while f(x - lr * g) > f(x):
        lr = lr / 2
    return lr


@backtrack_exercise.mistake(
    "You asked for lr/2 times the length of g; the lemma has the length squared."
)
def length_not_squared(f, x, g, lr):
    while f(x - lr * g) > f(x) - lr / 2 * np.linalg.norm(g):
        lr = lr / 2
    return lr


@backtrack_exercise.mistake("You halve at most once. What if half the rate is still too long?")
def halved_only_once(f, x, g, lr):
    if f(x - lr * g) > f(x) - lr / 2 * (g @ g):
        lr = lr / 2
    return lr


@backtrack_exercise.mistake("You halve before you look: a rate that was good enough is lost.")
def halved_before_looking(f, x, g, lr):
    lr = lr / 2
    while f(x - lr * g) > f(x) - lr / 2 * (g @ g):
        lr = lr / 2
    return lr


@backtrack_exercise.mistake(
    "The rate that you ask for on the right stays the first one. It should shrink with the step."
)
def first_rate_on_the_right(f, x, g, lr):
    wanted = lr / 2 * (g @ g)
    while f(x - lr * g) > f(x) - wanted and lr > 1e-9:
        lr = lr / 2
    return lr


@backtrack_exercise.mistake(
    "You halve as long as the rate is good enough, and stop where it is not. Which way round?"
)
def condition_reversed(f, x, g, lr):
    while f(x - lr * g) < f(x) - lr / 2 * (g @ g):
        lr = lr / 2
    return lr


@backtrack_exercise.mistake(
    "You ask for lr times the square of g, all that the tangent says. Where the ground bends "
    "upwards, no rate brings so much; ask for half."
)
def whole_fall_of_the_tangent(f, x, g, lr):
    while f(x - lr * g) > f(x) - lr * (g @ g):
        lr = lr / 2
    return lr


@backtrack_exercise.mistake("You shrink the rate by a tenth each time. Here it is to be halved.")
def shrunk_by_a_tenth(f, x, g, lr):
    while f(x - lr * g) > f(x) - lr / 2 * (g @ g):
        lr = 0.9 * lr
    return lr


@backtrack_exercise.mistake("You returned the point after the step. The rate is asked for.")
def point_returned(f, x, g, lr):
    while f(x - lr * g) > f(x) - lr / 2 * (g @ g):
        lr = lr / 2
    return x - lr * g


kink = ChoiceExercise(
    id="gradient.kink",
    title="Forwards and backwards",
    difficulty="easy",
    minutes=4,
    text=r"""
"A partial derivative is taken in both directions, so its sign does not change when we turn
round." What is true of the slope $D_{-u} f$ at a point where $f$ is differentiable?
""",
    hints=(
        "Walk up a hillside, then turn round on the spot: what does the ground do in front of you?",
    ),
    choices=(
        (
            "$D_{-u} f = D_u f$: the sign does not change",
            "On a hillside one way leads up, the other down. Only at a kink such as that of |x| do "
            "both lead up.",
        ),
        (
            "$D_{-u} f = -D_u f$: what was up is down",
            "The slope is g · u, and g · (-u) is its negative.",
        ),
        (
            "$D_{-u} f$ has nothing to do with $D_u f$",
            "That can be so at a kink. Where f is differentiable, one vector g gives the "
            "slopes in all "
            "directions.",
        ),
        (
            "$D_{-u} f = 0$",
            "Then the ground would be level. That is so only at a right angle to g.",
        ),
    ),
    right="b",
    names=("sign_kept", "", "kink_everywhere", "level_everywhere"),
    explanation=r"""
$D_{-u} f = g \cdot (-u) = -D_u f$. At a kink there is no gradient, and both ways can lead up: for
$f(x) = |x|$ at 0 the slope is 1 to the right and 1 to the left. Subgradient methods begin there.
""",
)

longer = ChoiceExercise(
    id="gradient.guarantee",
    title="What the gradient guarantees",
    difficulty="medium",
    minutes=4,
    text=r"""
We stand where $g \ne 0$, and take one step $x - \eta g$. Which of these is always true?
""",
    hints=("Think of a narrow valley and a rate that is too large.",),
    choices=(
        (
            "the step lowers $f$, whatever the rate $\\eta$",
            "In a valley of curvature L a rate above 2/L throws us up the other side.",
        ),
        (
            "no other step of the same length lowers $f$ more",
            "The gradient knows only the slope where we stand. A step has length, and the "
            "ground bends "
            "under it.",
        ),
        (
            "there is a rate so small that the step lowers $f$",
            "For short steps f changes by -η‖g‖² and something smaller than any multiple of η.",
        ),
        (
            "the step leads towards the nearest minimum",
            "It crosses contours at a right angle; in a long valley that is mostly across, "
            "not along.",
        ),
    ),
    right="c",
    names=("any_rate", "steepest_at_any_length", "", "towards_the_minimum"),
    explanation=r"""
The promise is *infinitesimal*: $f(x - \eta g) = f(x) - \eta \lVert g \rVert^2 + \dots$, where the
rest shrinks faster than $\eta$. How small is small enough depends on the curvature: below $2/L$.
""",
)

EXERCISES: list[Exercise] = [
    angle,
    slope_exercise,
    kink,
    direction_exercise,
    numerical_exercise,
    longer,
    promise,
    backtrack_exercise,
]
