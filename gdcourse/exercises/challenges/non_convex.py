"""Exercises on level ground: curvatures, saddles and plateaus, noise, and rescaled networks."""

from __future__ import annotations

from math import ceil, e, floor, log

import numpy as np

from ...landscapes import DoubleWell, Quadratic, Saddle
from ..exercise import ChoiceExercise, CodeExercise, Exercise, NumberExercise

rng = np.random.default_rng(2014)


def rotated(*curvatures):
    """Return a symmetric matrix with these eigenvalues, along random directions."""
    Q = np.linalg.qr(rng.normal(size=(len(curvatures), len(curvatures))))[0]
    H = Q * np.array(curvatures) @ Q.T
    return (H + H.T) / 2


def directions(H, tol):
    """Return the numbers of directions that fall, are flat, and rise."""
    curvatures = np.linalg.eigvalsh(H)
    down = np.sum(curvatures < -tol)
    up = np.sum(curvatures > tol)
    return down, len(curvatures) - down - up, up


directions_exercise = CodeExercise(
    id="non_convex.directions",
    title="Down, flat, up",
    difficulty="easy",
    minutes=6,
    text=r"""
At a critical point the symmetric Hessian `H` is known, up to rounding. Write `directions(H, tol)`,
which returns three counts: of the curvatures below `-tol` (directions that fall), of those between
`-tol` and `tol` (flat), and of those above `tol` (that rise). `tol` is positive.
""",
    hints=(
        "The curvatures are the eigenvalues, not the entries on the diagonal.",
        "`np.linalg.eigvalsh` returns those of a symmetric matrix.",
        "Compare them with -tol and with tol; `np.sum` of a comparison counts.",
    ),
    explanation=r"""
All up is a minimum, all down a maximum, some of both a saddle. With a flat direction the second
derivative leaves the question open. The tolerance is needed because a flat direction comes out of
a computation as a curvature of the size of its rounding, with either sign.
""",
    solution=directions,
    probes=(
        (np.array([[1.0, 2.0], [2.0, 1.0]]), 1e-9),
        (rotated(3.0, 1e-13, -1e-13, -2.0, -0.5), 1e-9),
        (rotated(2.0, 1.0, 0.02, -0.01, -0.3, 0.5), 0.05),
        (rotated(-1.0, -2.0, -0.25, 1e-3), 1e-2),
        (np.diag([1.0, 0.5, 4.0, -0.75]), 0.6),
    ),
    returns=("down", "flat", "up"),
)


@directions_exercise.mistake(
    "You judged by the diagonal, that is by the axes. Along which directions does H act alone?"
)
def diagonal_for_eigenvalues(H, tol):
    curvatures = np.diag(H)
    down = np.sum(curvatures < -tol)
    up = np.sum(curvatures > tol)
    return down, len(curvatures) - down - up, up


@directions_exercise.mistake(
    "A curvature of the size of rounding was taken for a slope of the ground. What is `tol` for?"
)
def tolerance_forgotten(H, tol):
    curvatures = np.linalg.eigvalsh(H)
    down = np.sum(curvatures < 0)
    up = np.sum(curvatures > 0)
    return down, len(curvatures) - down - up, up


@directions_exercise.mistake("Your flat directions are counted among those that rise.")
def flat_counted_as_rising(H, tol):
    curvatures = np.linalg.eigvalsh(H)
    down = np.sum(curvatures < -tol)
    return down, 0, len(curvatures) - down


@directions_exercise.mistake(
    "No direction falls in your count. Singular values and sizes have lost the sign."
)
def sign_lost(H, tol):
    curvatures = np.abs(np.linalg.eigvalsh(H))
    up = np.sum(curvatures > tol)
    return 0, len(curvatures) - up, up


@directions_exercise.mistake("You count those that rise first. In which order are they asked for?")
def rising_first(H, tol):
    return directions(H, tol)[::-1]


@directions_exercise.mistake("These are shares. We ask for numbers of directions.")
def shares_for_counts(H, tol):
    return np.array(directions(H, tol)) / len(H)


@directions_exercise.mistake(
    "You compared `tol` with the share of the largest curvature. It is meant as it stands."
)
def relative_tolerance(H, tol):
    return directions(H, tol * np.abs(np.linalg.eigvalsh(H)).max())


@directions_exercise.mistake(
    "You counted the entries of `H`. How many directions does a matrix of n rows have?"
)
def entries_counted(H, tol):
    entries = H.ravel()
    down, up = np.sum(entries < -tol), np.sum(entries > tol)
    return down, H.size - down - up, up


@directions_exercise.mistake(
    "Below `tol` lies all that falls, and all that is flat too. Where does flat ground end?"
)
def flat_counted_as_falling(H, tol):
    curvatures = np.linalg.eigvalsh(H)
    up = np.sum(curvatures > tol)
    return len(curvatures) - up, 0, up


@directions_exercise.mistake("Your counts are right, but flat comes between the two others.")
def flat_last(H, tol):
    down, flat, up = directions(H, tol)
    return down, up, flat


@directions_exercise.mistake("You wrote the chapter's 1e-4 into your function. `tol` comes in.")
def tolerance_of_the_chapter(H, tol):
    return directions(H, 1e-4)


def index_shares(M):
    """Return the shares with 0, 1, ..., n negative eigenvalues."""
    H = (M + M.swapaxes(1, 2)) / 2
    index = np.sum(np.linalg.eigvalsh(H) < 0, axis=1)
    return np.array([np.mean(index == k) for k in range(M.shape[1] + 1)])


index_exercise = CodeExercise(
    id="non_convex.index_shares",
    title="How many ways down?",
    difficulty="medium",
    minutes=9,
    text=r"""
`M` has the shape `(num_samples, n, n)` and holds independent standard normal numbers. Make each of
its matrices symmetric by taking the mean with its transpose, as in the chapter. Write
`index_shares(M)`, which returns $n + 1$ numbers: the shares of the matrices that have exactly
0, 1, ..., $n$ negative eigenvalues.
""",
    hints=(
        "`M.swapaxes(1, 2)` transposes each matrix of the stack; `M.T` turns the stack over too.",
        "`np.linalg.eigvalsh` takes the whole stack, and returns a row of eigenvalues for each.",
        "Count the negative ones along the last axis; then, for each k, the mean of `index == k`.",
    ),
    explanation=r"""
The first number is the share of minima, the last that of maxima, and they agree but for chance,
since $-H$ is as likely as $H$. Already for $n = 4$ the two together are half a percent: what is
left is saddles.
""",
    solution=index_shares,
    probes=(
        *((rng.normal(size=(num_samples, n, n)),) for num_samples, n in
          ((60, 2), (200, 3), (300, 4), (40, 1))),
        (np.random.default_rng(2).normal(size=(5, 5, 5)),),  # so few that some shares are zero
    ),
    returns=("shares",),
)  # fmt: skip


@index_exercise.mistake(
    "Your matrices are not symmetric yet: `eigvalsh` reads one triangle and never sees the other."
)
def not_made_symmetric(M):
    index = np.sum(np.linalg.eigvalsh(M) < 0, axis=1)
    return np.array([np.mean(index == k) for k in range(M.shape[1] + 1)])


@index_exercise.mistake(
    "One triangle was copied onto the other. Then the entries off the diagonal spread as widely as "
    "those on it, and the chances change."
)
def triangle_copied(M):
    index = np.sum(np.linalg.eigvalsh(M, UPLO="U") < 0, axis=1)
    return np.array([np.mean(index == k) for k in range(M.shape[1] + 1)])


@index_exercise.mistake("You counted the positive eigenvalues: your list runs the other way.")
def positive_ones_counted(M):
    return index_shares(M)[::-1]


@index_exercise.mistake("You counted signs on the diagonal. The ground curves along eigenvectors.")
def signs_of_the_diagonal(M):
    index = np.sum(np.diagonal(M, axis1=1, axis2=2) < 0, axis=1)
    return np.array([np.mean(index == k) for k in range(M.shape[1] + 1)])


@index_exercise.mistake(
    "Your list ends with the largest number that occurred. It is to have n + 1 numbers, however "
    "few the samples."
)
def list_too_short(M):
    H = (M + M.swapaxes(1, 2)) / 2
    return np.bincount(np.sum(np.linalg.eigvalsh(H) < 0, axis=1)) / len(M)


@index_exercise.mistake(
    "You have a share for each number that occurred. One that never did has the share 0."
)
def only_what_occurred(M):
    H = (M + M.swapaxes(1, 2)) / 2
    index = np.sum(np.linalg.eigvalsh(H) < 0, axis=1)
    return np.unique(index, return_counts=True)[1] / len(M)


@index_exercise.mistake(
    "`M.T` turns all three axes round, samples too. Which two are to change places?"
)
def all_axes_turned(M):
    index = np.sum(np.linalg.eigvalsh((M + M.T) / 2) < 0, axis=1)
    return np.array([np.mean(index == k) for k in range(M.shape[1] + 1)])


@index_exercise.mistake(
    "You took eigenvalues of matrices that are not symmetric yet: some are not even real."
)
def eigenvalues_without_symmetry(M):
    index = np.sum(np.linalg.eigvals(M).real < 0, axis=1)
    return np.array([np.mean(index == k) for k in range(M.shape[1] + 1)])


@index_exercise.mistake(
    "Your shares fall from number to number: they are those of at least k negative eigenvalues."
)
def at_least_for_exactly(M):
    return np.cumsum(index_shares(M)[::-1])[::-1]


@index_exercise.mistake("These are numbers of matrices. We ask for shares of all.")
def counts_for_shares(M):
    return index_shares(M) * len(M)


@index_exercise.mistake(
    "A matrix times its transpose has no negative eigenvalue. Which other way makes it symmetric?"
)
def product_with_the_transpose(M):
    H = M @ M.swapaxes(1, 2)
    index = np.sum(np.linalg.eigvalsh(H) < 0, axis=1)
    return np.array([np.mean(index == k) for k in range(M.shape[1] + 1)])


@index_exercise.mistake(
    "Your shares grow from number to number: they are those of at most k negative eigenvalues."
)
def at_most_for_exactly(M):
    return np.cumsum(index_shares(M))


def rescale(W1, b1, W2, scales):
    """Return new W1, b1 and W2 that give the same function."""
    return W1 * scales, b1 * scales, W2 / scales[:, None]


rescale_exercise = CodeExercise(
    id="non_convex.rescale",
    title="Another network, the same function",
    difficulty="medium",
    minutes=8,
    text=r"""
A ReLU network computes $\max(0, X W_1 + b_1) W_2 + b_2$. The chapter multiplied its whole first
layer by 10. Now each hidden unit $j$ gets a positive factor of its own, `scales[j]`: what comes
into the unit is multiplied by it, and the rest is changed so that the network's output stays what
it was for every $X$. Write `rescale(W1, b1, W2, scales)`, which returns the new `W1`, `b1` and
`W2`. A matrix has the shape (inputs, units).
""",
    hints=(
        "Unit j is column j of W1, entry j of b1, and row j of W2.",
        "max(0, c z) = c max(0, z) for c > 0: the unit's value is c times what it was.",
        "`scales` multiplies columns as it is; for rows write `scales[:, None]`.",
    ),
    explanation=r"""
The unit's value grows by its factor, and its row of $W_2$ takes it back. A network with $k$ hidden
units therefore stands on a surface of $k$ dimensions along which the loss does not change: so many
curvatures are zero at every minimum, and no sharpness that depends on where we stand on this
surface can be a property of the function.
""",
    solution=rescale,
    probes=(
        (np.array([[2.0]]), np.array([3.0]), np.array([[5.0]]), np.array([4.0])),
        (rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=(3, 3)),
         np.array([2.0, 0.5, 10.0])),
        (rng.normal(size=(4, 2)), rng.normal(size=2), rng.normal(size=(2, 2)),
         np.array([0.25, 3.0])),
        (np.array([[1, 2], [3, -1]]), np.array([2, 3]), np.array([[1, 2], [-2, 3]]),
         np.array([0.5, 3.0])),
    ),
    returns=("W1", "b1", "W2"),
)  # fmt: skip


@rescale_exercise.mistake("The bias comes into the unit too. Where is its factor?")
def bias_left_as_it_was(W1, b1, W2, scales):
    return W1 * scales, b1, W2 / scales[:, None]


@rescale_exercise.mistake(
    "Your output grows: the unit's value is larger, and nothing takes the factor back."
)
def second_layer_left_as_it_was(W1, b1, W2, scales):
    return W1 * scales, b1 * scales, W2


@rescale_exercise.mistake("Your second layer grows along with the first. It should make up for it.")
def second_layer_multiplied(W1, b1, W2, scales):
    return W1 * scales, b1 * scales, W2 * scales[:, None]


@rescale_exercise.mistake(
    "You divided the columns of W2, one for each output. Which part of W2 belongs to a hidden unit?"
)
def columns_of_the_second_layer(W1, b1, W2, scales):
    return W1 * scales, b1 * scales, W2 / scales[: W2.shape[1]]


@rescale_exercise.mistake(
    "The function is the same, but you divided what comes into a unit. It was to be multiplied."
)
def divided_and_multiplied(W1, b1, W2, scales):
    return W1 / scales, b1 / scales, W2 * scales[:, None]


@rescale_exercise.mistake(
    "You multiplied rows of W1, which belong to inputs. Which part belongs to a hidden unit?"
)
def rows_of_the_first_layer(W1, b1, W2, scales):
    return W1 * scales[:, None], b1 * scales, W2 / scales[:, None]


@rescale_exercise.mistake("Your W2 lies on its side. Its rows are to belong to hidden units.")
def second_layer_transposed(W1, b1, W2, scales):
    return W1 * scales, b1 * scales, W2.T / scales


@rescale_exercise.mistake("What you return is right, but `b1` comes before `W2`.")
def bias_returned_last(W1, b1, W2, scales):
    return W1 * scales, W2 / scales[:, None], b1 * scales


@rescale_exercise.mistake(
    "Your arrays were made like those that came in, and can hold whole numbers only: fractions are "
    "cut off."
)
def arrays_of_whole_numbers(W1, b1, W2, scales):
    parts = W1 * scales, b1 * scales, W2 / scales[:, None]
    return tuple(x.astype(old.dtype) for x, old in zip(parts, (W1, b1, W2), strict=True))


@rescale_exercise.mistake("One factor went to all units. Each has its own.")
def same_factor_for_all(W1, b1, W2, scales):
    return W1 * scales[0], b1 * scales[0], W2 / scales[0]


def walk(step, x, gradient, noises, lr, threshold):
    """Take a step for each noise."""
    for noise in noises:
        x = step(x, gradient, lr, noise, threshold)


def path_off(step):
    """Return the way of a step off a saddle, on which it begins."""
    noises = 0.05 * np.random.default_rng(1).normal(size=(40, 2))
    points = [np.zeros(2)]
    for noise in noises[:14]:
        points.append(np.asarray(step(points[-1], Saddle().gradient, 0.3, noise, 0.05)))
    return np.array(points)


def step(x, gradient, lr, noise, threshold):
    """Return the next point of perturbed gradient descent."""
    if np.linalg.norm(gradient(x)) <= threshold:
        x = x + noise
    return x - lr * gradient(x)


step_exercise = CodeExercise(
    id="non_convex.perturbed_step",
    title="Noise where it is needed",
    difficulty="medium",
    minutes=7,
    text=r"""
Perturbed gradient descent is plain descent until it stands on level ground. Where the length of the
gradient is at most `threshold`, it first moves the point by `noise`; from where it stands then, it
makes its step. Write `step(x, gradient, lr, noise, threshold)`, which returns the next point.
`gradient` is a function of the point, `noise` an array like `x`, drawn already. Leave `x` as it is.
""",
    hints=(
        "Two things in a row: perhaps a shift, and then always a step.",
        "The step is made at the point after the shift: ask for the gradient there.",
        "`np.linalg.norm(g) <= threshold`; make the shifted point a new array, `x = x + noise`.",
    ),
    explanation=r"""
On a slope this is gradient descent, noise and all its costs forgotten. On level ground the shift
gives the escape a start that is not zero, and the logarithm does the rest. The published method
waits some steps between two shifts, so that a run that stands in a true minimum is not shaken
for ever.
""",
    solution=step,
    drive=walk,
    probes=(
        (np.zeros(2), Saddle().gradient, 0.01 * rng.normal(size=(6, 2)), 0.5, 0.02),
        (np.array([0.05, 0.0]), Quadratic([2.0, -1.0]).gradient,
         0.03 * rng.normal(size=(8, 2)), 0.4, 0.06),
        (DoubleWell().maxima[0], DoubleWell().gradient, np.full((5, 1), 0.2), 0.3, 0.1),
        (np.array([0.06, 0.06]), Saddle().gradient, np.full((3, 2), 0.125), 0.25, 0.07),
        (np.array([0.0]), Quadratic([-1.0]).gradient, np.array([[0.5], [0.5]]), 0.5, 0.0),
        (np.array([1.0, 2.0]), Quadratic([3.0, 1.0]).gradient, np.ones((3, 2)), 0.1, 0.5),
    ),
    returns=("x",),
    path=path_off,
)  # fmt: skip


@step_exercise.mistake(
    "You stepped by the gradient of the point before the shift. Where do you stand when you step?"
)
def gradient_of_the_old_point(x, gradient, lr, noise, threshold):
    g = gradient(x)
    if np.linalg.norm(g) <= threshold:
        x = x + noise
    return x - lr * g


@step_exercise.mistake("You add noise on steep ground too. When is it needed?")
def noise_everywhere(x, gradient, lr, noise, threshold):
    x = x + noise
    return x - lr * gradient(x)


@step_exercise.mistake("You add noise on the slopes, and none on level ground.")
def noise_on_the_slopes(x, gradient, lr, noise, threshold):
    if np.linalg.norm(gradient(x)) > threshold:
        x = x + noise
    return x - lr * gradient(x)


@step_exercise.mistake("You add noise on the slopes, and none where the ground is flatter.")
def condition_turned_round(x, gradient, lr, noise, threshold):
    if np.linalg.norm(gradient(x)) >= threshold:
        x = x + noise
    return x - lr * gradient(x)


@step_exercise.mistake(
    "You made the step first and shifted then. On level ground, what does a step alone do?"
)
def step_before_the_shift(x, gradient, lr, noise, threshold):
    x = x - lr * gradient(x)
    return x + noise if np.linalg.norm(gradient(x)) <= threshold else x


@step_exercise.mistake(
    "You added the noise to the gradient: it is subtracted, and times the rate. It was to move the "
    "point."
)
def noise_in_the_gradient(x, gradient, lr, noise, threshold):
    g = gradient(x)
    if np.linalg.norm(g) <= threshold:
        g = g + noise
    return x - lr * g


@step_exercise.mistake(
    "You compared each entry of the gradient with the threshold. A point has one slope, and moves "
    "as a whole."
)
def entry_by_entry(x, gradient, lr, noise, threshold):
    x = np.where(np.abs(gradient(x)) <= threshold, x + noise, x)
    return x - lr * gradient(x)


@step_exercise.mistake("You added up the sizes of the entries. The length of a vector is shorter.")
def sum_for_length(x, gradient, lr, noise, threshold):
    if np.sum(np.abs(gradient(x))) <= threshold:
        x = x + noise
    return x - lr * gradient(x)


@step_exercise.mistake("Your step goes uphill: the gradient is subtracted.")
def uphill(x, gradient, lr, noise, threshold):
    if np.linalg.norm(gradient(x)) <= threshold:
        x = x + noise
    return x + lr * gradient(x)


@step_exercise.mistake("There is never any noise in yours: you stay on the saddle.")
def noise_forgotten(x, gradient, lr, noise, threshold):
    g = gradient(x)
    return x - lr * g


@step_exercise.mistake(
    "The learning rate shortens your noise. It moves the point as it stands, before any step."
)
def noise_times_the_rate(x, gradient, lr, noise, threshold):
    if np.linalg.norm(gradient(x)) <= threshold:
        x = x + lr * noise
    return x - lr * gradient(x)


@step_exercise.mistake("After the shift you make no step. Descent goes on all the same.")
def shift_for_a_step(x, gradient, lr, noise, threshold):
    if np.linalg.norm(gradient(x)) <= threshold:
        return x + noise
    return x - lr * gradient(x)


@step_exercise.mistake(
    "You measured the gradient by its largest entry. A threshold for its length is another."
)
def largest_entry_for_length(x, gradient, lr, noise, threshold):
    if np.max(np.abs(gradient(x))) <= threshold:
        x = x + noise
    return x - lr * gradient(x)


@step_exercise.mistake(
    "You compared the square of the length with the threshold. Was a root forgotten?"
)
def squared_length(x, gradient, lr, noise, threshold):
    if np.sum(gradient(x) ** 2) <= threshold:
        x = x + noise
    return x - lr * gradient(x)


@step_exercise.mistake("Where the slope equals the threshold, yours does not shift the point.")
def strictly_below(x, gradient, lr, noise, threshold):
    if np.linalg.norm(gradient(x)) < threshold:
        x = x + noise
    return x - lr * gradient(x)


@step_exercise.mistake("Your noise has its sign turned: the point was to move by it.")
def noise_subtracted(x, gradient, lr, noise, threshold):
    if np.linalg.norm(gradient(x)) <= threshold:
        x = x - noise
    return x - lr * gradient(x)


saddle_chance = NumberExercise(
    id="non_convex.saddle_chance",
    title="The chance of a saddle in the plane",
    difficulty="easy",
    minutes=4,
    text=r"""
The Hessian of a function of two variables is a random symmetric matrix of the chapter's Gaussian
ensemble. With which probability is the critical point a *saddle*? Give three digits.
""",
    hints=(
        "What else can it be? A curvature of exactly zero has probability zero.",
        "A maximum is as likely as a minimum: turn every sign.",
        "Take both away from 1.",
    ),
    answer=2**-0.5,
    exact="1 - 2(2 - √2)/4 = √2/2 = 0.7071068",
    wrong={
        "maxima_forgotten": (
            1 - (2 - 2**0.5) / 4,
            "You took the minima away. Saddles share the rest with something else.",
        ),
        "two_coins": (0.5, "That is for two coins. The two eigenvalues repel each other."),
        "one_of_four_coins": (
            0.75,
            "That is one minus a quarter, as if eigenvalues were coins. Here two outcomes are no "
            "saddles, and neither has the probability 1/4.",
        ),
        "of_a_minimum": ((2 - 2**0.5) / 4, "That is the probability of a minimum."),
        "of_no_saddle": (1 - 2**-0.5, "That is the probability that it is no saddle."),
        "three_variables": (
            1 - 2 * (np.pi - 8**0.5) / (4 * np.pi),
            "That is for three variables. Here are two.",
        ),
    },
    explanation=r"""
A minimum has the probability $(2 - \sqrt2)/4$, a maximum the same. In the picture of a random
direction in space, minima and maxima are the two cones of 45° around an axis, and saddles are all
that lies between them.
""",
)


def however_rounded(name, steps, sentence):
    """Return a known wrong number of steps as it is, rounded down and rounded up."""
    numbers = {name: steps, f"{name}_down": floor(steps), f"{name}_up": ceil(steps)}
    return {key: (number, sentence) for key, number in numbers.items()}


waiting = NumberExercise(
    id="non_convex.waiting",
    title="How long to wait?",
    difficulty="easy",
    minutes=4,
    text=r"""
Gradient descent with $\eta = 1/10$ starts $y_0 = 10^{-8}$ beside the ridge of a saddle whose
negative curvature is $-3$. After how many steps is $|y| \ge 1$ for the first time?
""",
    hints=(
        "Along this direction y is multiplied by 1 - ηλ, and λ is -3.",
        "The factor is 13/10. Which power of it reaches 10^8?",
        "ln 10^8 / ln 1.3, rounded up: the step after which it is reached.",
    ),
    answer=ceil(log(1e8) / log(1.3)),
    tolerance=5e-4,
    exact="⌈ln 10⁸ / ln 1.3⌉ = 71",
    wrong={
        "rounded_down": (70, "After 70 steps it is not there yet. Round the other way."),
        "not_rounded": (
            log(1e8) / log(1.3),
            "Steps are whole. At which one has |y| reached 1?",
        ),
        **however_rounded(
            "curvature_of_one", log(1e8) / log(1.1), "That is for a curvature of -1."
        ),
        **however_rounded(
            "continuous_time",
            log(1e8) / 0.3,
            "You let it grow like exp(ηt·3), without steps. A step multiplies by 1 + 3η.",
        ),
        **however_rounded(
            "shrinking_factor",
            log(1e8) / -log(0.7),
            "Your factor is 0.7: so fast it would shrink if the curvature were +3.",
        ),
        **however_rounded(
            "mixed_logarithms",
            8 / log(1.3),
            "You divided a logarithm to base 10 by a natural one.",
        ),
        "squared_rate": (ceil(log(1e8) / log(1.03)), "Your factor is 1.03. What is 1 + 3/10?"),
    },
    explanation=r"""
$y_t = (1 + \frac{3}{10})^t\, y_0$. A hundred times nearer would cost 18 steps more, and the
same again for the next hundred.
""",
)

plateau = NumberExercise(
    id="non_convex.plateau",
    title="Two more",
    difficulty="medium",
    minutes=3,
    text=r"""
The sigmoid unit of the chapter, under squared error, now starts at $w_0 = 12$ instead of
$w_0 = 10$. About how many times as many steps of gradient descent does it need to reach 0? Give
three digits.
""",
    hints=(
        "The slope at w is about exp(-w), so most of the time is spent near the start.",
        "The number of steps is about exp(w₀)/η.",
        "exp(12) / exp(10).",
    ),
    answer=e**2,
    exact="e² = 7.389",
    wrong={
        "in_proportion": (1.2, "On a slope that is the same everywhere. Here it fades with w."),
        "square": (1.44, "That is a square law. How does a sigmoid approach 1?"),
        "steps_from_twelve": (
            e**12,
            "So many steps it needs from 12. How many times those from 10?",
        ),
        "upside_down": (e**-2, "You divided the fewer steps by the more."),
        "one_more": (e, "That is for one more. Here are two."),
        "two_more_for_a_saddle": (2.0, "How does the slope change from w = 10 to w = 12?"),
        "powers_of_ten": (100.0, "The sigmoid is made of powers of e, not of 10."),
        "slope_of_a_saddle": (e**4, "The slope is exp(-w), once; you squared it."),
    },
    explanation=r"""
$e^{12}/e^{10}$: the time is spent where the slope is least. Beside a saddle a start that is $e^2$
times nearer would have cost only $2/\ln(1 + \eta|\lambda|)$ steps *more*.
""",
)

quieter = NumberExercise(
    id="non_convex.quieter",
    title="A quieter push",
    difficulty="medium",
    minutes=5,
    text=r"""
Many runs of gradient descent with $\eta = 1/5$ stand exactly on the ridge of a saddle with the
curvature $-1$, with normal noise in each gradient. The noise is made 1000 times smaller. How many
steps later does the median run leave? Steps need not be whole; give three digits.
""",
    hints=(
        "Noise acts like a start beside the ridge. How does its size enter that start?",
        "A start 1000 times nearer takes ln 1000 / ln q steps more.",
        "q = 1 + η = 1.2.",
    ),
    answer=log(1000) / log(1.2),
    exact="ln 1000 / ln 1.2 = 37.89",
    wrong={
        "rate_of_the_chapter": (
            log(1000) / log(1.1),
            "That is for the rate of the chapter, 1/10. Here it is 1/5.",
        ),
        "difference_of_the_chapter": (
            72,
            "That is for the rate of the chapter, 1/10. Here it is 1/5.",
        ),
        "logarithm_alone": (
            log(1000),
            "That is ln 1000. Of which factor per step is it to be a power?",
        ),
        "root_of_the_noise": (
            log(1000) / log(1.2) / 2,
            "You took the root: as if the variance were 1000 times smaller. It is the noise.",
        ),
        "variance_for_deviation": (
            2 * log(1000) / log(1.2),
            "You squared it: the variance is a million times smaller, the push is not.",
        ),
        "mixed_logarithms": (3 / log(1.2), "You divided a logarithm to base 10 by a natural one."),
        "continuous_time": (5 * log(1000), "That is ln 1000 / η. A step multiplies by 1 + η."),
        "in_proportion": (1000.0, "Not in proportion: the escape is a growth by a factor a step."),
    },
    explanation=r"""
Noise of standard deviation $\sigma$ is worth a start at a distance in proportion to $\sigma$, and
the distance enters by its logarithm. The constant $\eta/(2+\eta)$ is the same before and after.
""",
)

standstill = ChoiceExercise(
    id="non_convex.standstill",
    title="A run that stands still",
    difficulty="medium",
    minutes=3,
    text=r"""
A run of plain gradient descent with $\eta = 1/10$ has shown the same loss for 300 steps. The slope
is $10^{-7}$ and doubles every 35 steps. You compute the least curvature: $-\frac15$. What now?
""",
    hints=(
        "What does a negative curvature say about the ground? And a slope that grows?",
        "1 - ηλ = 1.02, and 1.02 to the power 35 is 2.",
    ),
    choices=(
        (
            "stop: a slope of $10^{-7}$ is zero for all purposes",
            "It would be at a minimum. Here some direction falls.",
        ),
        (
            "let it go on: it is leaving a saddle, by a factor of about 1.02 a step",
            "From 1e-7 a slope takes under a thousand steps to be of order 1; noise or a larger "
            "rate would shorten them.",
        ),
        (
            "lower the rate: the run has overshot the minimum",
            "A smaller rate makes the factor 1 + η|λ| smaller, and the wait longer.",
        ),
        (
            "start anew: it is caught in a local minimum",
            "In a local minimum no direction falls.",
        ),
        (
            "switch to momentum, which will carry it to the global minimum",
            "It would leave sooner. Where it ends is another matter.",
        ),
    ),
    right="b",
    names=("slope_is_zero", "", "overshot", "local_minimum", "global_by_momentum"),
    explanation=r"""
The curvature explains the growth: $1 - \eta\lambda = 1 + \frac{1}{50}$, whose 35th power is 2. A
slope that *grows* while the loss stands still is the sign of a saddle that needs no Hessian.
""",
)

EXERCISES: list[Exercise] = [
    directions_exercise,
    saddle_chance,
    waiting,
    plateau,
    quieter,
    standstill,
    rescale_exercise,
    index_exercise,
    step_exercise,
]
