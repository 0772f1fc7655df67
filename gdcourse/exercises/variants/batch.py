"""Exercises on batch descent: curves known in advance, what they cost, gradients from chunks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..exercise import ChoiceExercise, CodeExercise, Exercise, NumberExercise

Array = np.ndarray

rng = np.random.default_rng(6)


def data(N: int, d: int) -> tuple[Array, Array]:
    """Return N samples of d features that are neither centred nor of one scale, and targets."""
    return rng.normal(size=(N, d)) * np.arange(1, d + 1) + 0.5, rng.normal(size=N)


scaled = ChoiceExercise(
    id="batch.scaled",
    title="Ten times the units",
    difficulty="easy",
    minutes=4,
    text=r"""
A least-squares fit $J(\theta) = \frac1N \lVert X\theta - y \rVert^2$ starts at $\theta = 0$ and
runs at its best constant rate $2/(L + \mu)$. Somebody multiplies *every* entry of $X$ by 10, and
the best rate is worked out anew. What happens to the rate, and to the number of steps until the
distance to the minimum is a millionth of what it was at the start?
""",
    hints=(
        "What happens to the Hessian, and so to each of its eigenvalues?",
        "The number of steps depends on the eigenvalues only by way of κ.",
    ),
    choices=(
        ("both stay", "With the old rate the walk would fly apart: the curvatures have grown."),
        (
            "the rate becomes a tenth of what it was, the steps stay",
            "X enters the Hessian twice.",
        ),
        (
            "the rate becomes a hundredth of what it was, the steps stay",
            "All curvatures grow a hundredfold, and their ratio stays.",
        ),
        (
            "the rate becomes a hundredth of what it was, and the steps a hundred times as many",
            "The rate is right. But what became of κ, which decides on the steps?",
        ),
    ),
    right="c",
    names=("nothing_changes", "hessian_taken_as_linear", "", "curvature_for_condition"),
    explanation=r"""
$H = \frac2N X^T X$ becomes $100\,H$, hence $L$ and $\mu$ too: the rate is divided by 100, $\kappa$
is what it was, and so are the factors $1 - \eta\lambda_i$. The new minimum is $\theta^*/10$, so the
first error is a tenth along every eigenvector, and shares of it are the same. To scale *one* column
is another matter.
""",
)

evaluations = NumberExercise(
    id="batch.evaluations",
    title="A larger bill",
    difficulty="easy",
    minutes=4,
    text=r"""
A fit with a large $\kappa$ runs at $2/(L + \mu)$ from the worst start, until a ten-thousandth of
the first distance is left. Another has five times as many samples and twice the $\kappa$, and runs
until a millionth is left. How many times as many gradient evaluations does it make, nearly? (One
percent more or less is right as well.)
""",
    hints=(
        "First compare the steps, then ask what one of them costs.",
        "The steps are in proportion to κ. To which function of the share?",
        "A ten-thousandth asks for four digits, a millionth for six.",
    ),
    answer=15,
    exact="5 · 2 · 6/4 = 15",
    tolerance=1e-2,
    wrong={
        "steps": (3, "Those are the steps. What does one of them ask of the data?"),
        "same_kappa": (7.5, "You left out κ. What does it do to the factor per step?"),
        "same_accuracy": (10, "The second run is also to come nearer."),
        "samples_alone": (5, "That is what the samples do. κ and the accuracy count as well."),
        "share_for_its_logarithm": (
            1000,
            "A hundred times nearer does not take a hundred times the steps: each step "
            "*multiplies* the distance.",
        ),
        "kappa_squared": (
            30,
            "You doubled the steps twice. They grow with κ, not with its square.",
        ),
        "root_of_kappa": (
            7.5 * np.sqrt(2),
            "You took the root of κ. Batch descent at a constant rate does not do so well.",
        ),
        "added_up": (8.5, "You added the three. Each of them multiplies the bill."),
    },
    explanation=r"""
The bill is $\frac12 N \kappa \ln\frac1\varepsilon$, for large $\kappa$: five times for the samples,
twice for $\kappa$, and $\ln 10^6 / \ln 10^4 = \frac64$ for the two further digits.
""",
)

three_features = NumberExercise(
    id="batch.three_features",
    title="Three columns that agree",
    difficulty="medium",
    minutes=6,
    text=r"""
Three features have mean 0 and mean square 1 each, and every two of them have the correlation
$\frac{9}{10}$. What is the condition number $\kappa$ of their least-squares fit?
""",
    hints=(
        "H is 2 times a matrix with 1 on the diagonal and 0.9 everywhere else.",
        "What does this matrix make of (1, 1, 1)? And of (1, -1, 0)?",
        "The eigenvalues are 1 + 0.9 + 0.9 and, twice, 1 - 0.9, each times 2.",
    ),
    answer=28,
    exact="2.8/0.1 = 28",
    wrong={
        "two_features": (19, "That is for two features: 1.9/0.1. What does a third one add?"),
        "largest_alone": (2.8, "That is the largest eigenvalue, without its 2. Over which?"),
        "largest_curvature": (5.6, "That is L. What is it to be divided by?"),
        "two_below_alone": (
            14,
            "One of your eigenvalues has the 2 of the square, the other has not.",
        ),
        "two_above_alone": (
            56,
            "One of your eigenvalues has the 2 of the square, the other has not.",
        ),
        "factor": (27 / 29, "That is the factor per step, (κ - 1)/(κ + 1)."),
        "smallest_alone": (10, "That is 1/(1 - 0.9). The largest eigenvalue is not 1."),
        "four_features": (37, "You counted a feature too many: 1 + 0.9 + 0.9 for three."),
        "third_added_to_two": (29, "Add up a row of the matrix: one 1 and two times 0.9."),
    },
    explanation=r"""
The vector $(1, 1, 1)$ has the eigenvalue $2\,(1 + 2r) = \frac{56}{10}$, and every vector whose
entries add up to 0 has $2\,(1 - r) = \frac{2}{10}$. With $d$ such features
$\kappa = (1 + (d - 1)\,r)/(1 - r)$: the more columns say the same, the slower the fit.
""",
)

wrong_average = NumberExercise(
    id="batch.wrong_average",
    title="Where does it end?",
    difficulty="medium",
    minutes=6,
    text=r"""
Fit $\hat y = wx$ to the points $(1, 2)$, $(2, 4)$ and $(3, 9)$ by squared errors. The chunks are
the first two points, and the last one alone. A program takes the mean gradient of each chunk,
averages the two with equal weights, and descends until this average is zero. At which $w$ does it
stop?
""",
    hints=(
        "Write down the mean gradient of each chunk as a function of w, and set their sum to zero.",
        "The first is x (w x - 2 x) averaged over x = 1 and 2, up to a factor of 2; the last, with "
        "y = 9, is 3 (3 w - 9).",
        "With the weights 1/4, 1/4, 1/2 of the points: w = Σ weight · x y / Σ weight · x².",
    ),
    answer=64 / 23,
    exact="64/23 = 2.782609",
    wrong={
        "right_gradient": (
            37 / 14,
            "That is where the right gradient vanishes. The program's weights are others: what "
            "does each point count?",
        ),
        "last_chunk_dropped": (2, "That is the fit of the first chunk. The last one counts too."),
        "last_chunk_alone": (3, "That is the fit of the last chunk alone."),
        "mean_of_the_fits": (
            2.5,
            "You averaged the weights that each chunk would like. The gradients are averaged, and "
            "the steeper chunk pulls harder.",
        ),
    },
    explanation=r"""
The points 1 and 2 count $\frac14$ each, point 3 counts $\frac12$, so the program solves
$w = \frac{\frac14 \cdot 2 + \frac14 \cdot 8 + \frac12 \cdot 27}{\frac14 \cdot 1 + \frac14 \cdot 4 +
\frac12 \cdot 9} = \frac{64}{23}$. The fit is at $\frac{37}{14}$. The walk is perfect, and the
landscape is wrong.
""",
)


def iterations(kappa, eps):
    """Return the steps after which a share eps of the distance is left."""
    return np.ceil(np.log(1 / eps) / np.log((kappa + 1) / (kappa - 1)))


iterations_exercise = CodeExercise(
    id="batch.iterations",
    title="How many steps?",
    difficulty="medium",
    minutes=5,
    text=r"""
Write `iterations(kappa, eps)`: the smallest whole number of steps after which batch descent at the
rate $2/(L + \mu)$ has at most the share `eps` of its first distance left, from the worst start on a
quadratic with the condition number `kappa`, greater than 1; `eps` is between 0 and 1. It is asked
for narrow and for nearly round valleys.
""",
    hints=(
        "By which factor is the distance multiplied in each step?",
        "Solve factor^t = eps for t with logarithms, or multiply until it is small enough.",
        "`np.ceil` rounds up.",
    ),
    explanation=r"""
$\left(\frac{\kappa - 1}{\kappa + 1}\right)^t \le \varepsilon$ means
$t \ge \ln\frac1\varepsilon \big/ \ln\frac{\kappa + 1}{\kappa - 1}$. For a large $\kappa$ the
denominator is close to $2/\kappa$, but for a round valley it is not: at $\kappa = \frac32$ a step
leaves a fifth, and $2/\kappa$ promises a quarter.
""",
    solution=iterations,
    probes=(
        (5.0, 0.05),
        (12.5, 0.1),
        (6.0, 0.01),
        (1.5, 1e-9),
        (40.0, 0.3),
        (1.2, 0.3),
        (3.0, 0.25),
    ),
    returns=("steps",),
)


@iterations_exercise.mistake("You took the factor 1 - 1/κ. To which rate does it belong?")
def factor_of_the_common_rate(kappa, eps):
    return np.ceil(np.log(1 / eps) / -np.log(1 - 1 / kappa))


@iterations_exercise.mistake("Your number is not whole. Batch descent makes no part of a step.")
def not_rounded(kappa, eps):
    return np.log(1 / eps) / np.log((kappa + 1) / (kappa - 1))


@iterations_exercise.mistake("After so many steps more than `eps` is left. Which way do you round?")
def rounded_down(kappa, eps):
    return np.floor(np.log(1 / eps) / np.log((kappa + 1) / (kappa - 1)))


@iterations_exercise.mistake(
    "You rounded to the nearest whole number, which may be one step too few."
)
def rounded_to_the_nearest(kappa, eps):
    return np.round(np.log(1 / eps) / np.log((kappa + 1) / (kappa - 1)))


@iterations_exercise.mistake(
    "Where exactly `eps` is left, you make one more step. What does *at most* allow?"
)
def one_more_where_it_is_exact(kappa, eps):
    return np.floor(np.log(1 / eps) / np.log((kappa + 1) / (kappa - 1))) + 1


@iterations_exercise.mistake("One step too many: the start is no step.")
def start_counted(kappa, eps):
    return 1 + np.ceil(np.log(1 / eps) / np.log((kappa + 1) / (kappa - 1)))


@iterations_exercise.mistake(
    "½ κ ln(1/ε) is for large κ. In a round valley it promises too many steps."
)
def approximation_for_narrow_valleys(kappa, eps):
    return np.ceil(0.5 * kappa * np.log(1 / eps))


@iterations_exercise.mistake(
    "You divided a decimal logarithm by a natural one. Only a quotient of two of a kind will do."
)
def two_kinds_of_logarithm(kappa, eps):
    return np.ceil(np.log10(1 / eps) / np.log((kappa + 1) / (kappa - 1)))


@iterations_exercise.mistake(
    "That is when the excess of the loss has fallen to `eps`. It falls by the square of the factor."
)
def loss_for_distance(kappa, eps):
    return np.ceil(np.log(1 / eps) / np.log((kappa + 1) / (kappa - 1)) / 2)


@iterations_exercise.mistake("A negative number of steps: one of your logarithms has its sign.")
def sign_of_a_logarithm(kappa, eps):
    return np.ceil(np.log(eps) / np.log((kappa + 1) / (kappa - 1)))


def fit_rate(X):
    """Return the best constant rate for a least-squares fit to X."""
    curvatures = np.linalg.eigvalsh(2 / len(X) * X.T @ X)
    return 2 / (curvatures[0] + curvatures[-1])


rate_exercise = CodeExercise(
    id="batch.rate",
    title="The best rate of a data set",
    difficulty="medium",
    minutes=6,
    text=r"""
`X` has a row for each of its $N$ samples and a column for each feature, and no column is a
combination of the others. Write `fit_rate(X)`, the best constant rate $2/(L + \mu)$ for
$J(\theta) = \frac1N \lVert X\theta - y \rVert^2$. (There is no bias: the columns of `X` are all
there is.)
""",
    hints=(
        "L and μ are eigenvalues of the Hessian. Which matrix is it?",
        "It has a row and a column for each feature: differentiate the loss twice.",
        "`np.linalg.eigvalsh` returns the eigenvalues of a symmetric matrix in ascending order.",
    ),
    explanation=r"""
The Hessian is $\frac2N X^T X$. The targets do not matter: they decide where the minimum is, and
not how curved the way to it is. The squares of the singular values of $X$, times $\frac2N$, are the
same eigenvalues.
""",
    solution=fit_rate,
    probes=(
        (data(9, 2)[0],),
        (data(30, 4)[0],),
        (data(4, 4)[0],),
        (data(7, 3)[0],),
        (np.diag([2.0, 5.0, 1.0, 3.0]),),
    ),
    returns=("rate",),
)


@rate_exercise.mistake("Your Hessian lacks the 2 that a square leaves when it is derived.")
def two_of_the_square_forgotten(X):
    curvatures = np.linalg.eigvalsh(X.T @ X / len(X))
    return 2 / (curvatures[0] + curvatures[-1])


@rate_exercise.mistake("Your rate shrinks with every further sample. The loss is a mean.")
def sum_for_mean(X):
    curvatures = np.linalg.eigvalsh(2 * X.T @ X)
    return 2 / (curvatures[0] + curvatures[-1])


@rate_exercise.mistake("You divided by the number of features. The mean is over the samples.")
def features_for_samples(X):
    curvatures = np.linalg.eigvalsh(2 / X.shape[1] * X.T @ X)
    return 2 / (curvatures[0] + curvatures[-1])


@rate_exercise.mistake(
    "Your matrix has a row for each sample, and eigenvalues that are zero. Which way round?"
)
def matrix_of_the_samples(X):
    curvatures = np.linalg.eigvalsh(2 / len(X) * X @ X.T)
    return 2 / (curvatures[0] + curvatures[-1])


@rate_exercise.mistake("Singular values of `X` are not yet curvatures. What are they to `X.T @ X`?")
def singular_values_not_squared(X):
    singular = np.linalg.svd(X, compute_uv=False)
    return len(X) / (singular[0] + singular[-1])


@rate_exercise.mistake("That is 1/L. What of the flattest direction?")
def rate_of_the_steepest_alone(X):
    return 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X)[-1]


@rate_exercise.mistake("That is 2/L, where the steepest direction bounces for ever.")
def edge_of_divergence(X):
    return 2 / np.linalg.eigvalsh(2 / len(X) * X.T @ X)[-1]


@rate_exercise.mistake("You subtracted the mean of each column. The fit has no bias to do so.")
def columns_centred(X):
    curvatures = np.linalg.eigvalsh(2 * np.cov(X.T, bias=True))
    return 2 / (curvatures[0] + curvatures[-1])


@rate_exercise.mistake("You averaged all curvatures. Which two of them decide on the worst factor?")
def mean_of_all_curvatures(X):
    return 1 / np.linalg.eigvalsh(2 / len(X) * X.T @ X).mean()


@rate_exercise.mistake("You added a column of ones. This fit has no bias.")
def column_of_ones_added(X):
    return fit_rate(np.column_stack([X, np.ones(len(X))]))


@rate_exercise.mistake(
    "`np.linalg.eigvals` returns the eigenvalues in no order: the first and the last need not be "
    "the smallest and the largest."
)
def eigenvalues_not_sorted(X):
    curvatures = np.linalg.eigvals(2 / len(X) * X.T @ X)
    return 2 / (curvatures[0] + curvatures[-1])


@rate_exercise.mistake("You read the curvatures off the diagonal. Is your Hessian diagonal?")
def diagonal_for_eigenvalues(X):
    diagonal = np.diag(2 / len(X) * X.T @ X)
    return 2 / (diagonal.min() + diagonal.max())


@rate_exercise.mistake("That is the factor per step, (κ - 1)/(κ + 1). We ask for the rate.")
def factor_for_rate(X):
    curvatures = np.linalg.eigvalsh(2 / len(X) * X.T @ X)
    return (curvatures[-1] - curvatures[0]) / (curvatures[-1] + curvatures[0])


def distances(curvatures, c, lrs):
    """Return the distances to the minimum, the first at the start."""
    errors = [c]
    for lr in lrs:
        errors.append((1 - lr * curvatures) * errors[-1])
    return np.linalg.norm(errors, axis=1)


def path_of_distances(distances):
    """Return the distances of a run whose rate falls."""
    lrs = 1.8 / np.sqrt(np.arange(1, 13))
    return np.asarray(distances(np.array([0.1, 0.5, 1.0]), np.array([1.0, -2.0, 2.0]), lrs))


distances_exercise = CodeExercise(
    id="batch.distances",
    title="The distance in advance, at rates that change",
    difficulty="medium",
    minutes=9,
    text=r"""
The chapter predicts the excess at a constant rate. Predict the *distance*
$\lVert\theta_t - \theta^*\rVert$, where step $t$ has a rate $\eta_t$ of its own. Write
`distances(curvatures, c, lrs)`: the eigenvalues $\lambda_i$, the first error
$c = Q^T(\theta_0 - \theta^*)$ along the eigenvectors, and the rates $\eta_0, \dots, \eta_{T-1}$
come in as arrays. Return an array of $T + 1$ distances, the first of them at the start.
""",
    hints=(
        "Follow the error of each coordinate: what does step t multiply it by?",
        "After t steps coordinate i has been multiplied by t factors, one for each rate so far.",
        "A distance is the root of the sum of the squares. `np.linalg.norm` has an `axis`.",
    ),
    explanation=r"""
Coordinate $i$ of the error after $t$ steps is $c_i \prod_{s<t} (1 - \eta_s \lambda_i)$, and turning
the axes by $Q$ changes no length. `np.cumprod` makes all products at once:
`np.cumprod(1 - np.outer(lrs, curvatures), axis=0)`.
""",
    solution=distances,
    probes=(
        (np.array([1.0, 10.0]), np.array([1.0, 0.5]), np.array([0.1, 0.15, 0.05])),
        (np.array([0.2, 1.0, 4.0]), np.array([-1.0, 2.0, 0.3]), np.linspace(0.45, 0.1, 6)),
        (np.array([1.0, 3.0]), np.array([2.0, -1.0]), np.full(4, 0.4)),
        (np.array([0.5, 0.7, 2.0, 5.0]), np.array([1.0, -1.0, 1.0, 2.0]), np.array([0.3])),
    ),
    returns=("distances",),
    path=lambda function: path_of_distances(function)[..., None],
)


@distances_exercise.mistake("The distance at the start is missing: T steps make T + 1 points.")
def start_missing(curvatures, c, lrs):
    return distances(curvatures, c, lrs)[1:]


@distances_exercise.mistake("Those are squares. What is the distance?")
def root_forgotten(curvatures, c, lrs):
    return distances(curvatures, c, lrs) ** 2


@distances_exercise.mistake("That is the excess of the loss. The distance asks for no curvature.")
def excess_for_distance(curvatures, c, lrs):
    factors = np.cumprod(1 - np.outer(np.append(0, lrs), curvatures), axis=0)
    return 0.5 * (curvatures * (factors * c) ** 2).sum(axis=1)


@distances_exercise.mistake(
    "You used the first rate in every step. Each step has a rate of its own."
)
def first_rate_for_all(curvatures, c, lrs):
    return distances(curvatures, c, np.full(len(lrs), lrs[0]))


@distances_exercise.mistake(
    "You raised the factor of the last rate to a power, as if it had held from the start."
)
def power_of_the_last_factor(curvatures, c, lrs):
    powers = [(1 - lr * curvatures) ** (t + 1) for t, lr in enumerate(lrs)]
    return np.linalg.norm(np.vstack([np.ones(len(c)), *powers]) * c, axis=1)


@distances_exercise.mistake(
    "Each of your steps begins at the start. The error that a step leaves is the next one's."
)
def every_step_from_the_start(curvatures, c, lrs):
    factors = 1 - np.outer(np.append(0, lrs), curvatures)
    return np.linalg.norm(factors * c, axis=1)


@distances_exercise.mistake(
    "You added up the sizes of the coordinates. The distance is the length of the diagonal."
)
def sizes_added_up(curvatures, c, lrs):
    factors = np.cumprod(1 - np.outer(np.append(0, lrs), curvatures), axis=0)
    return np.abs(factors * c).sum(axis=1)


@distances_exercise.mistake(
    "You took the worst factor for the whole distance. That is a bound; the others shrink faster."
)
def worst_factor_for_all(curvatures, c, lrs):
    factors = np.abs(1 - np.outer(lrs, curvatures)).max(axis=1)
    return np.linalg.norm(c) * np.append(1, np.cumprod(factors))


@distances_exercise.mistake("You multiplied by ηλ. What is left of the error after the step?")
def what_is_taken_for_what_is_left(curvatures, c, lrs):
    factors = np.vstack([np.ones(len(c)), np.outer(lrs, curvatures)])
    return np.linalg.norm(np.cumprod(factors, axis=0) * c, axis=1)


@distances_exercise.mistake("That is the last distance alone. We ask for all of them.")
def last_distance_alone(curvatures, c, lrs):
    return np.linalg.norm(np.prod(1 - np.outer(lrs, curvatures), axis=0) * c)


@distances_exercise.mistake(
    "You took one step with the sum of the rates so far. Each step has a factor of its own."
)
def one_step_with_the_sum_of_rates(curvatures, c, lrs):
    sums = np.append(0, np.cumsum(lrs))
    return np.linalg.norm((1 - np.outer(sums, curvatures)) * c, axis=1)


@distances_exercise.mistake("You used the mean of all rates in every step. Each has its own.")
def mean_rate_for_all(curvatures, c, lrs):
    return distances(curvatures, c, np.full(len(lrs), np.mean(lrs)))


@distances_exercise.mistake("Those are the errors, a row for each point. How long is each of them?")
def errors_for_lengths(curvatures, c, lrs):
    return np.cumprod(1 - np.outer(np.append(0, lrs), curvatures), axis=0) * c


@distances_exercise.mistake("The last point is missing: T steps make T + 1 points.")
def last_point_missing(curvatures, c, lrs):
    return distances(curvatures, c, lrs)[:-1]


@distances_exercise.mistake(
    "You squared the factor of each step. The excess shrinks by the square, the distance does not."
)
def factor_squared(curvatures, c, lrs):
    factors = np.cumprod(1 - np.outer(np.append(0, lrs), curvatures), axis=0)
    return np.linalg.norm(factors**2 * c, axis=1)


overtake = NumberExercise(
    id="batch.overtake",
    title="When the best rate takes the lead",
    difficulty="hard",
    minutes=8,
    text=r"""
A quadratic has two directions, with the curvatures 1 and 100, and the first error is 1 along each
of them. One run has the rate $1/L$, the other $2/(L + \mu)$. After the first step the run at $1/L$
has the lower loss. After how many steps has the run at $2/(L + \mu)$ the lower one for the first
time?
""",
    hints=(
        "At 1/L the steep direction owes nothing after one step. What does the other owe after t?",
        "At the best rate both directions have the same factor. What do they owe together?",
        "½ · 0.99^(2t) on one side, ½ · 101 · (99/101)^(2t) on the other. Divide, take logarithms.",
    ),
    answer=232,
    exact="⌈ln 101 / (2 ln 1.01)⌉ = 232",
    tolerance=1e-4,
    wrong={
        "factor_not_squared": (
            464,
            "The loss is multiplied by the square of the factor in each step.",
        ),
        "distances": (
            35,
            "That is when the *distance* is smaller. The loss weighs the steep direction "
            "a hundredfold.",
        ),
        "rounded_down": (
            231,
            "After so many steps the run at 1/L is still the lower one. Which way do you round?",
        ),
        "not_whole": (
            np.log(101) / np.log(1.01) / 2,
            "The number of steps is whole: which is the first beyond that?",
        ),
        "step_counted_too_late": (
            233,
            "There it leads, but not for the first time. Do you count the start as a step?",
        ),
        "at_once": (1, "After one step the steep direction still owes 96 % at the best rate."),
    },
    explanation=r"""
At $1/L$ the loss is $\frac12 \left(\frac{99}{100}\right)^{2t}$ from the first step on, at
$2/(L + \mu)$ it is $\frac{101}{2} \left(\frac{99}{101}\right)^{2t}$. The second is lower when
$\left(\frac{101}{100}\right)^{2t} > 101$, for the first time at $t = 232$. The larger rate gains
along the floor in every step, and needs that long to earn back what it left across.
""",
)


def with_memory_for(size: int, slope: Callable[[Array], Array]) -> Callable[..., Array]:
    """Return the gradient of a mean loss, by the loss's slope, that refuses more than size rows."""

    def gradient(theta: Array, X: Array, y: Array) -> Array:
        if np.ndim(X) != 2 or len(X) == 0:
            raise ValueError(f"X must hold one row or more, got an array of shape {np.shape(X)}")
        if len(X) != len(y):
            raise ValueError(f"X has {len(X)} rows and y has {len(y)}: of which samples are they?")
        if len(X) > size:
            raise MemoryError(f"{len(X)} rows in one call, but there is memory for {size}")
        return X.T @ slope(X @ theta - y) / len(X)

    return gradient


def large_for(size: int, N: int, d: int, slope: Callable[[Array], Array]) -> tuple[object, ...]:
    """Return the arguments for N samples of d features, which do not fit into memory."""
    return with_memory_for(size, slope), rng.normal(size=d), *data(N, d), size


def twice(error: Array) -> Array:
    """Return the slope of a square."""
    return 2 * error


def chunked(gradient, theta, X, y, size):
    """Return the gradient over all rows, from chunks of `size` or less."""
    total = np.zeros(len(theta))
    for start in range(0, len(X), size):
        rows = slice(start, start + size)
        total += len(X[rows]) * gradient(theta, X[rows], y[rows])
    return total / len(X)


chunked_exercise = CodeExercise(
    id="batch.chunked",
    title="A full gradient in little memory",
    difficulty="hard",
    minutes=10,
    text=r"""
`gradient(theta, X, y)` returns the gradient of the *mean* loss over the rows that it is given, of
some loss or other, and it has memory for `size` rows at a time, no more. Write
`chunked(gradient, theta, X, y, size)`, which returns the gradient of the mean loss over *all* rows
of `X` and `y`. Their number need not be a multiple of `size`.
""",
    hints=(
        "Slices do it: `X[start : start + size]` is shorter at the end by itself.",
        "A mean over few rows may not count as much as a mean over many.",
        "Turn each chunk's mean into a sum, add up the sums, and divide once, at the end.",
    ),
    explanation=r"""
$g = \sum_k \frac{B_k}{N} g_k$. With equal chunks the weights are equal, and the mean of the means
would do, which is why the slip survives every test with round numbers.
""",
    solution=chunked,
    probes=(
        large_for(2, 5, 2, twice),
        large_for(3, 7, 2, np.tanh),
        large_for(2, 6, 3, twice),
        large_for(4, 9, 3, np.tanh),
    ),
    returns=("gradient",),
)


@chunked_exercise.mistake(
    "You took the mean of the chunks' means. Do all chunks hold equally many rows?"
)
def mean_of_the_means(gradient, theta, X, y, size):
    parts = [
        gradient(theta, X[start : start + size], y[start : start + size])
        for start in range(0, len(X), size)
    ]
    return np.mean(parts, axis=0)


@chunked_exercise.mistake(
    "You added up means. A mean of all rows is no larger than those of parts."
)
def sum_of_the_means(gradient, theta, X, y, size):
    total = np.zeros(len(theta))
    for start in range(0, len(X), size):
        total += gradient(theta, X[start : start + size], y[start : start + size])
    return total


@chunked_exercise.mistake("The last, short chunk is missing. Its rows count too.")
def last_chunk_dropped(gradient, theta, X, y, size):
    whole = len(X) // size * size
    return chunked(gradient, theta, X[:whole], y[:whole], size)


@chunked_exercise.mistake(
    "The last, short chunk is missing, though you divide by the number of all rows."
)
def last_chunk_dropped_but_counted(gradient, theta, X, y, size):
    whole = len(X) // size * size
    return whole / len(X) * chunked(gradient, theta, X[:whole], y[:whole], size)


@chunked_exercise.mistake("You weighted the short chunk as a full one. How many rows does it hold?")
def short_chunk_counted_as_full(gradient, theta, X, y, size):
    total = np.zeros(len(theta))
    for start in range(0, len(X), size):
        total += size * gradient(theta, X[start : start + size], y[start : start + size])
    return total / len(X)


@chunked_exercise.mistake("You divided by the rows of the full chunks. How many rows are there?")
def divided_by_the_full_chunks(gradient, theta, X, y, size):
    return chunked(gradient, theta, X, y, size) * len(X) / (len(X) // size * size)


@chunked_exercise.mistake("That is the gradient of the sum of losses. We ask for their mean.")
def never_divided(gradient, theta, X, y, size):
    return len(X) * chunked(gradient, theta, X, y, size)


@chunked_exercise.mistake(
    "Each chunk has overwritten the one before it: the last is all that is left."
)
def last_chunk_alone(gradient, theta, X, y, size):
    for start in range(0, len(X), size):
        total = gradient(theta, X[start : start + size], y[start : start + size])
    return total


@chunked_exercise.mistake("You returned after the first chunk. How far in does `return` stand?")
def returned_after_the_first_chunk(gradient, theta, X, y, size):
    return gradient(theta, X[:size], y[:size])


@chunked_exercise.mistake(
    "A chunk begins at every row in yours, so they overlap. How far is it to the next start?"
)
def chunks_overlap(gradient, theta, X, y, size):
    total = np.zeros(len(theta))
    for start in range(len(X)):
        rows = slice(start, start + size)
        total += len(X[rows]) * gradient(theta, X[rows], y[rows])
    return total / len(X)


EXERCISES: list[Exercise] = [
    scaled,
    evaluations,
    iterations_exercise,
    rate_exercise,
    three_features,
    wrong_average,
    distances_exercise,
    chunked_exercise,
    overtake,
]
