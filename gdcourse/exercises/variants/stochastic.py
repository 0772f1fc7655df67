"""Exercises on one sample at a time: noise floors, falling rates, averages, a stream."""

from __future__ import annotations

import numpy as np

from ... import descend
from ...models import LinearRegression
from ...readouts import PolyakRuppert
from ...rules import SGD
from ...schedules import InverseTime
from ..exercise import ChoiceExercise, CodeExercise, Exercise, NumberExercise

rng = np.random.default_rng(6)
SAMPLES = rng.normal(loc=2.0, size=12)
DATA = rng.normal(size=(5, 3)), rng.normal(size=5)


def every_gradient(w, X, y):
    """Return the gradients of all samples, by the package."""
    model = LinearRegression(len(w), intercept=False)
    return model.gradient(np.tile(w, (len(X), 1)), X[:, None], y[:, None])


def gradients(w, X, y):
    """Return the gradient of each sample's loss, a row per sample."""
    return 2 * (X @ w - y)[:, None] * X


per_sample = CodeExercise(
    id="stochastic.gradients",
    title="A cloud of gradients",
    difficulty="easy",
    minutes=5,
    text=r"""
A linear model predicts $X_i w$ for sample $i$, a row of `X`, and has the loss $(X_i w - y_i)^2$ on
it. Write `gradients(w, X, y)`, which returns an array of the shape of `X`: row $i$ is the gradient
of the loss of sample $i$ by $w$. (Their mean is the batch gradient: that is what *unbiased* means.)
""",
    hints=(
        "By how much does the model miss each sample? That is one number for each row.",
        "The gradient of one sample is 2 times its miss times its row of X.",
        "To multiply each row by its own number, give the numbers a second axis: `[:, None]`.",
    ),
    explanation=r"""
The chain rule gives $2 (X_i w - y_i)\, X_i$ for each sample. Only its mean over all samples is the
batch gradient; a single row can point anywhere.
""",
    solution=gradients,
    reference=every_gradient,
    probes=(
        (np.array([1.0, -1.0, 0.5]), *DATA),
        (np.array([0.0, 2.0]), np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([1.0, 4.0])),
        (np.array([0.5]), np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0])),
    ),
    returns=("gradients",),
)


@per_sample.mistake("Each row is divided by the number of samples. The mean is taken later.")
def divided_by_the_number(w, X, y):
    return 2 * (X @ w - y)[:, None] * X / len(X)


@per_sample.mistake("Yours is half of what it should be. What is the derivative of a square?")
def two_forgotten(w, X, y):
    return (X @ w - y)[:, None] * X


@per_sample.mistake("Your rows point downhill: the miss is the prediction less the target.")
def miss_turned_round(w, X, y):
    return 2 * (y - X @ w)[:, None] * X


@per_sample.mistake("The miss is still squared. What is left of a square when it is derived?")
def miss_still_squared(w, X, y):
    return 2 * ((X @ w - y) ** 2)[:, None] * X


@per_sample.mistake("Every row is the batch gradient. Row i is to know sample i alone.")
def batch_in_every_row(w, X, y):
    return np.tile(2 * (X @ w - y) @ X / len(X), (len(X), 1))


@per_sample.mistake("You multiplied by w, not by the row of X. By what is the prediction derived?")
def weights_for_features(w, X, y):
    return 2 * (X @ w - y)[:, None] * np.tile(w, (len(X), 1))


@per_sample.mistake("Every row has the mean miss of all samples. Which one is its own?")
def mean_miss(w, X, y):
    return 2 * np.mean(X @ w - y) * X


@per_sample.mistake("You divided by the number of features. A single sample has no mean in it.")
def divided_by_the_features(w, X, y):
    return 2 * (X @ w - y)[:, None] * X / X.shape[1]


@per_sample.mistake("Each row holds the miss alone. By what does the chain rule multiply it?")
def miss_without_features(w, X, y):
    return 2 * (X @ w - y)[:, None] * np.ones_like(X)


@per_sample.mistake(
    "That is the miss of each sample, twice. By what does the chain rule multiply it?"
)
def miss_alone(w, X, y):
    return 2 * (X @ w - y)


@per_sample.mistake("Those are the losses. We ask for their gradients.")
def losses_for_gradients(w, X, y):
    return (X @ w - y) ** 2


@per_sample.mistake("Yours has a column for each sample. We ask for a row.")
def transposed(w, X, y):
    return 2 * (X @ w - y) * X.T


@per_sample.mistake("That is one gradient, of the mean loss. We ask for a row for each sample.")
def mean_alone(w, X, y):
    return 2 * (X @ w - y) @ X / len(X)


@per_sample.mistake("That is one gradient, of the summed loss. We ask for a row for each sample.")
def sum_alone(w, X, y):
    return 2 * (X @ w - y) @ X


conditions = ChoiceExercise(
    id="stochastic.conditions",
    title="Two sums",
    difficulty="easy",
    minutes=3,
    text=r"""
Four rates for the updates $t = 1, 2, 3, \dots$ Which of them fulfils *both* conditions of Robbins
and Monro?
""",
    hints=(
        "The sum of t to the power -p is finite exactly for p above 1.",
        "Squaring a rate doubles its p.",
    ),
    choices=(
        (
            r"$\eta_t = 1/\sqrt{t}$",
            "Its squares are 1/t, whose sum is infinite: the second condition fails.",
        ),
        (
            r"$\eta_t = 1/t^{3/2}$",
            "Its sum is finite: the run can come to a halt before it has arrived.",
        ),
        (
            r"$\eta_t = 1/t^{2/3}$",
            "Its powers are 2/3, not above 1, and for the squares 4/3, above 1.",
        ),
        (
            r"$\eta_t = 0.99^t$",
            "Its sum is 99: no start that is far enough away can be forgotten.",
        ),
    ),
    right="c",
    names=("squares_diverge", "sum_converges", "", "geometric"),
    explanation=r"""
$t^{-p}$ fulfils both exactly for $\frac12 < p \le 1$. Together with averaging, a power between
$\frac12$ and 1 is the usual choice: the average does the rest.
""",
)


def rate_for(variance, lam, sigma):
    """Return the rate at which SGD settles at a given variance."""
    return 2 * lam * variance / (sigma**2 + lam**2 * variance)


rate_for_floor = CodeExercise(
    id="stochastic.rate_for",
    title="As low as ordered",
    difficulty="medium",
    minutes=6,
    text=r"""
SGD at a constant rate on $F(x) = \frac12 \lambda x^2$, with independent noise of *standard
deviation* `sigma` in each gradient, is to settle at a given variance of $x$. Write
`rate_for(variance, lam, sigma)`, the rate that does it, exactly and not for small rates only; `lam`
is the curvature $\lambda$. All three are numbers above 0.
""",
    hints=(
        "The floor is a formula of the rate. Here the floor is known, and the rate is not.",
        "Multiply by the denominator: V λ (2 - ηλ) = η σ².",
        "Bring both terms with η to one side, and divide.",
    ),
    explanation=r"""
$\operatorname{Var} \lambda (2 - \eta\lambda) = \eta \sigma^2$ is linear in $\eta$:
$\eta = 2\lambda \operatorname{Var} / (\sigma^2 + \lambda^2 \operatorname{Var})$. For a low floor it
is nearly $2\lambda \operatorname{Var} / \sigma^2$; for a very high one it comes near $2/\lambda$
and never reaches it.
""",
    solution=rate_for,
    probes=((0.25, 1.0, 1.0), (0.1, 2.0, 3.0), (3.0, 0.5, 0.7), (0.01, 40.0, 2.0)),
    returns=("rate",),
)


@rate_for_floor.mistake("Right for a low floor only. What became of the 2 - ηλ in the formula?")
def low_floor_alone(variance, lam, sigma):
    return 2 * lam * variance / sigma**2


@rate_for_floor.mistake("`sigma` is a standard deviation. The formula has the variance of noise.")
def sigma_not_squared(variance, lam, sigma):
    return 2 * lam * variance / (sigma + lam**2 * variance)


@rate_for_floor.mistake("Count the powers of λ: it stands before the bracket and within it.")
def curvature_once(variance, lam, sigma):
    return 2 * lam * variance / (sigma**2 + lam * variance)


@rate_for_floor.mistake("A factor λ is missing above. Multiply V by the whole denominator.")
def curvature_missing_above(variance, lam, sigma):
    return 2 * variance / (sigma**2 + lam**2 * variance)


@rate_for_floor.mistake("Yours does not know the curvature. Where has λ gone?")
def curvature_left_out(variance, lam, sigma):
    return 2 * variance / (sigma**2 + variance)


@rate_for_floor.mistake("A sign is turned round: which terms with η stand on which side?")
def sign_turned_round(variance, lam, sigma):
    return 2 * lam * variance / (sigma**2 - lam**2 * variance)


@rate_for_floor.mistake("Yours is half of it. Where is the 2 of the bracket?")
def two_forgotten_in_the_bracket(variance, lam, sigma):
    return lam * variance / (sigma**2 + lam**2 * variance)


@rate_for_floor.mistake("Turned round: a lower floor would need a larger rate. Try a small one.")
def quotient_turned_round(variance, lam, sigma):
    return (sigma**2 + lam**2 * variance) / (2 * lam * variance)


@rate_for_floor.mistake("You took the given number for a standard deviation. It is a variance.")
def variance_squared(variance, lam, sigma):
    return 2 * lam * variance**2 / (sigma**2 + lam**2 * variance**2)


@rate_for_floor.mistake("You put the given number in for the rate. Solve the formula for the rate.")
def floor_of_the_rate(variance, lam, sigma):
    return variance * sigma**2 / (lam * (2 - variance * lam))


@rate_for_floor.mistake("That is the rate for a mean height ½λx². The variance of x is given.")
def height_for_variance(variance, lam, sigma):
    return 4 * variance / (sigma**2 + 2 * lam * variance)


before_the_floor = NumberExercise(
    id="stochastic.before_the_floor",
    title="Between the start and the floor",
    difficulty="medium",
    minutes=5,
    text=r"""
SGD on $F(x) = x^2$, with independent noise of variance 9 in each gradient, starts at $x_0 = 4$ with
$\eta = 1/10$. What is the mean of $x_t^2$ over many runs after $t = 5$ steps? Give three digits.
""",
    hints=(
        "What is the curvature of x²?",
        "The mean of the square is the square of the mean plus the variance.",
        "What the start loses, by 0.8² in each step, the floor takes over. It is at 1/4.",
    ),
    answer=16 * 0.8**10 + (1 - 0.8**10) / 4,
    exact="16 · 0.8^10 + (1 - 0.8^10)/4 = 1.94113",
    tolerance=3e-3,
    wrong={
        "no_noise": (16 * 0.8**10, "That is the square of the mean alone. What has noise added?"),
        "whole_floor": (
            16 * 0.8**10 + 1 / 4,
            "You added the whole floor. After five steps the variance has not reached it.",
        ),
        "floor_alone": (1 / 4, "That is the floor. After five steps the start still counts."),
        "variance_alone": (
            (1 - 0.8**10) / 4,
            "That is the variance. The mean is not 0 yet; the mean of the square holds both.",
        ),
        "factor_of_the_mean": (
            16 * 0.8**5 + (1 - 0.8**5) / 4,
            "0.8 multiplies the mean in a step. What multiplies its square?",
        ),
        "start_not_squared": (
            4 * 0.8**10 + (1 - 0.8**10) / 4,
            "The start is 4. What is its square?",
        ),
        "small_rate_floor": (
            16 * 0.8**10 + (1 - 0.8**10) * 0.225,
            "Your floor is ησ²/2λ, which holds for small rates only.",
        ),
        "curvature_of_one": (
            16 * 0.9**10 + (1 - 0.9**10) * 0.9 / 1.9,
            "You took 1 for λ. Here F is x², without the ½.",
        ),
        "root_of_the_noise": (
            16 * 0.8**10 + (1 - 0.8**10) / 12,
            "9 is the variance already: σ² and not σ⁴ or σ.",
        ),
        "a_step_too_few": (
            16 * 0.8**8 + (1 - 0.8**8) / 4,
            "That is after four steps: 0.8 comes twice in each.",
        ),
        "a_step_too_many": (
            16 * 0.8**12 + (1 - 0.8**12) / 4,
            "That is after six steps: 0.8 comes twice in each.",
        ),
    },
    explanation=r"""
$\mathbb{E} x_t^2 = (1 - \eta\lambda)^{2t} x_0^2 + \big(1 - (1 - \eta\lambda)^{2t}\big)
\operatorname{Var}_\infty$: what the start loses, the floor takes over.
""",
)

slow = NumberExercise(
    id="stochastic.slow",
    title="A constant too small",
    difficulty="medium",
    minutes=2,
    text=r"""
Without noise, on $F(x) = \frac12 x^2$, a run has the rate $\eta_t = 1/(4t)$ for
$t = 1, 2, 3, \dots$ By which factor does it shrink the distance from step 1,000 to step 100,000?
Give two digits.
""",
    hints=(
        "After T steps the distance is about a constant times a power of T.",
        "The power is -c; the constant cancels in a quotient.",
        "T grows by a factor of 100. Raise it to the power -1/4.",
    ),
    answer=100**-0.25,
    exact="100^(-1/4) = 0.3162",
    tolerance=2e-2,
    wrong={
        "as_if_c_were_one": (0.01, "That is what c = 1 would give. Here c is 1/4."),
        "mean_square": (100**-0.5, "That is the factor of the square. We ask for the distance."),
        "power_one_minus_c": (
            100**-0.75,
            "Your power is 1 - c. Which power of T is in the formula?",
        ),
        "from_the_first_step": (
            100_000**-0.25,
            "That counts from the first step on, roughly. We ask from step 1,000 on.",
        ),
        "inverse": (100**0.25, "By so much the distance was larger before. Turn it round."),
        "exponential": (np.exp(-0.25), "Not e to the power: T is raised to the power -c."),
    },
    explanation=r"""
$\prod (1 - c/t)$ from 1,001 to 100,000 is about $e^{-c \ln 100} = 100^{-c}$: the sum of $1/t$ is a
logarithm. (The quotient of the gamma functions differs from the power by less than a part in ten
thousand.)
""",
)


def running_means(samples):
    """Return the weight after each sample, from 0, at the rate 1/t."""
    w, weights = 0.0, []
    for t, z in enumerate(samples, start=1):
        w = w - (w - z) / t
        weights.append(w)
    return np.array(weights)


def means_by_the_package(samples):
    """Return the same through the loop of the package."""
    numbers = iter(samples)
    rule = SGD(InverseTime(1.0, rate=1.0))
    return descend(lambda w: w - next(numbers), [0.0], rule, len(samples)).x[1:, 0]


running_mean = CodeExercise(
    id="stochastic.running_means",
    title="The mean is a descent",
    difficulty="medium",
    minutes=5,
    text=r"""
Samples $z_1, z_2, \dots$ arrive one by one; the loss of one is $\frac12 (w - z_t)^2$. Write
`running_means(samples)`: one SGD update for each sample in turn, from $w = 0$, with the rate $1/t$
for the $t$-th sample, $t = 1, 2, \dots$ Return an array of $w$ after every update. (What is the
last one? Try it.)
""",
    hints=(
        "The derivative of ½ (w - z)² by w is w - z.",
        "`for t, z in enumerate(samples, start=1):` counts as we need.",
        "The first rate is 1, so the first weight is the first sample.",
    ),
    explanation=r"""
$w_t = w_{t-1} - \frac1t (w_{t-1} - z_t) = \frac{(t-1)\, w_{t-1} + z_t}{t}$: if $w_{t-1}$ is the
mean of $t - 1$ samples, $w_t$ is that of $t$. So `np.cumsum(samples)` divided by 1, 2, 3, ... is
right as well. A mean is SGD with the one rate that forgets nothing.
""",
    solution=running_means,
    reference=means_by_the_package,
    probes=((SAMPLES,), (np.array([3, 4, -2, 4]),), (np.array([1.5, 2.5]),)),
    returns=("weights",),
    path=lambda answer: np.append(0.0, answer(SAMPLES))[:, None],
)


@running_mean.mistake("Your first rate is 1/2, so the start 0 counts as a sample. What is t first?")
def counted_from_two(samples):
    w, weights = 0.0, []
    for t, z in enumerate(samples, start=2):
        w = w - (w - z) / t
        weights.append(w)
    return np.array(weights)


@running_mean.mistake("Your first two rates are both 1: the first sample is lost.")
def first_sample_lost(samples):
    w, weights = 0.0, []
    for t, z in enumerate(samples):
        w = w - (w - z) / max(t, 1)
        weights.append(w)
    return np.array(weights)


@running_mean.mistake(
    "You divide by zero: `enumerate` counts from 0 unless it is told. What is t first?"
)
def counted_from_zero(samples):
    w, weights = 0.0, []
    for t, z in enumerate(samples):
        w = w - np.divide(w - z, t)
        weights.append(w)
    return np.array(weights)


@running_mean.mistake("You note each weight before its update, so the last one is missing.")
def noted_before_the_update(samples):
    return np.append(0.0, running_means(samples)[:-1])


@running_mean.mistake("You add z/t, and nothing is taken away. Where is w in the gradient?")
def weight_left_out_of_the_gradient(samples):
    return np.cumsum(samples / np.arange(1, len(samples) + 1))


@running_mean.mistake(
    "Right for samples with a point. Whole numbers make an array of whole numbers, which cuts off "
    "what stands behind it."
)
def cut_off_to_whole_numbers(samples):
    weights = np.zeros_like(samples)
    weights[:] = running_means(samples)
    return weights


@running_mean.mistake("Your steps are twice too long: the loss has a ½ before its square.")
def derivative_without_the_half(samples):
    w, weights = 0.0, []
    for t, z in enumerate(samples, start=1):
        w = w - 2 * (w - z) / t
        weights.append(w)
    return np.array(weights)


@running_mean.mistake("Your steps go uphill, away from the sample. Which sign has w - z?")
def uphill(samples):
    w, weights = 0.0, []
    for t, z in enumerate(samples, start=1):
        w = w + (w - z) / t
        weights.append(w)
    return np.array(weights)


@running_mean.mistake("Your rate does not fall: 1/t changes with every sample.")
def rate_of_the_first(samples):
    w, weights = 0.0, []
    for z in samples:
        w = w - (w - z)
        weights.append(w)
    return np.array(weights)


@running_mean.mistake("Your rate falls like the root of 1/t. That forgets too fast for a mean.")
def root_of_the_rate(samples):
    w, weights = 0.0, []
    for t, z in enumerate(samples, start=1):
        w = w - (w - z) / np.sqrt(t)
        weights.append(w)
    return np.array(weights)


@running_mean.mistake(
    "Your rate is 1 over the number of samples, the same for each. We ask for 1/t."
)
def one_over_all(samples):
    w, weights = 0.0, []
    for z in samples:
        w = w - (w - z) / len(samples)
        weights.append(w)
    return np.array(weights)


@running_mean.mistake("Each step starts from 0 again. Where is the weight kept?")
def weight_not_kept(samples):
    return np.array([z / t for t, z in enumerate(samples, start=1)])


@running_mean.mistake("The first of your weights is the start. We ask for those after an update.")
def start_among_the_weights(samples):
    return np.append(0.0, running_means(samples))


@running_mean.mistake("That is the last weight alone. Which came before it?")
def last_weight_alone(samples):
    return np.mean(samples)


uniform = NumberExercise(
    id="stochastic.uniform",
    title="As fast as it goes",
    difficulty="medium",
    minutes=6,
    text=r"""
A stream has one feature, and the target $y = x w^*$ without noise. Each $x$ is new, uniform between
$-1$ and $1$: $\mathbb{E} x^2 = 1/3$ and $\mathbb{E} x^4 = 1/5$. The loss of a sample is
$(x w - y)^2$. We take the constant rate at which the mean of the squared error $(w - w^*)^2$
shrinks fastest. By which factor is it multiplied in each step? Give a fraction, or three digits.
""",
    hints=(
        "By what does one step multiply the error?",
        "By 1 - 2ηx². Square it, and take the mean over x: a parabola in η.",
        "1 - 4η E x² + 4η² E x⁴ is lowest where 2η E x⁴ = E x². How low is that?",
    ),
    answer=4 / 9,
    exact="1 - (E x²)² / E x⁴ = 4/9",
    wrong={
        "rate_for_factor": (5 / 6, "That is the rate. Which factor belongs to it?"),
        "what_is_taken": (5 / 9, "So much is taken away. What is left?"),
        "root": (2 / 3, "That is the root. We ask for the *squared* error."),
        "edge": (1, "That is the factor at the edge, where nothing shrinks."),
        "rate_of_the_mean": (
            4 / 5,
            "At your rate the *mean* error is gone in one step. Its square is not: samples differ.",
        ),
        "largest_sample": (
            8 / 15,
            "Your rate fits the longest sample in one step. The others count as well.",
        ),
        "two_of_the_gradient_twice": (7 / 12, "Is there a factor 2 in your gradient?"),
        "fourth_moment": (0.2, "That is E x⁴. What does the square of 1 - 2ηx² make of it?"),
    },
    explanation=r"""
The factor $1 - 4\eta\, \mathbb{E} x^2 + 4\eta^2\, \mathbb{E} x^4$ is least at
$\eta = \mathbb{E} x^2 / (2\, \mathbb{E} x^4) = 5/6$, half the rate of its edge. Samples that
were all alike would have $\mathbb{E} x^4 = (\mathbb{E} x^2)^2$ and arrive in one step: what is
left comes from their differences, though no target has noise.
""",
)


def averaged_sgd(gradient, x0, lr, num_steps):
    """Return the last point, and the mean of those after an update."""
    x, average = x0, np.zeros_like(x0)
    for t in range(1, num_steps + 1):
        x = x - lr * gradient(x)
        average = average + (x - average) / t
    return x, average


def averaged_by_the_package(gradient, x0, lr, num_steps):
    """Return the same through the loop and the readout of the package."""
    trace = descend(gradient, x0, PolyakRuppert(SGD(lr)), num_steps)
    return trace.point, trace.x[-1]


def asked_once_per_update(function, gradient, x0, lr, num_steps):
    """Call a function with a gradient that answers once for each update, and no more."""
    calls = 0

    def counted(x):
        nonlocal calls
        calls += 1
        if calls > num_steps:
            raise RuntimeError(f"gradient(x) was asked {calls} times in {num_steps} updates")
        return gradient(x)

    function(counted, x0, lr, num_steps)


averaged = CodeExercise(
    id="stochastic.averaged",
    title="An average on the way",
    difficulty="hard",
    minutes=8,
    text=r"""
Write `averaged_sgd(gradient, x0, lr, num_steps)`: SGD at the constant rate `lr`, from the array
`x0`, asking `gradient(x)` once in each of `num_steps` updates (1 or more). Return two arrays: the
last point, and the mean of the points after each update; the start is not among them. The average
is only reported: the run goes on from its own point.
""",
    hints=(
        "Two variables: the point that walks, and the average that follows it.",
        "You may keep all points and take their mean, or update the average after each step.",
        "After update t the average moves to the new point by 1/t of the way.",
    ),
    explanation=r"""
That is `PolyakRuppert(SGD(lr))`: the rule walks, the readout averages. As an update of its own,
average $\leftarrow$ average $+ \frac1t (x - {}$average$)$, it is again SGD with the rate $1/t$, and
needs to keep one point instead of all.
""",
    solution=averaged_sgd,
    drive=asked_once_per_update,
    reference=averaged_by_the_package,
    probes=(
        (lambda x: x, np.array([1.0]), 0.1, 5),
        (lambda x: np.array([1.0, 4.0]) * x - 1.0, np.array([3.0, -2.0]), 0.2, 7),
        (lambda x: x**3 - x, np.array([2.0]), 0.05, 1),
        (lambda x: np.sign(x), np.array([0.5, -0.25]), 0.3, 6),
    ),
    returns=("x", "average"),
)


@averaged.mistake("Your average counts the start as well. It is of the points after an update.")
def start_averaged(gradient, x0, lr, num_steps):
    x, total = x0, x0
    for _ in range(num_steps):
        x = x - lr * gradient(x)
        total = total + x
    return x, total / (num_steps + 1)


@averaged.mistake(
    "You average each point before its update: the start is in, the last point is not."
)
def averaged_before_the_update(gradient, x0, lr, num_steps):
    x, total = x0, np.zeros_like(x0)
    for _ in range(num_steps):
        total = total + x
        x = x - lr * gradient(x)
    return x, total / num_steps


@averaged.mistake("Your run goes on from the average. It is to be reported, not walked from.")
def walked_from_the_average(gradient, x0, lr, num_steps):
    x, average = x0, x0
    for t in range(1, num_steps + 1):
        x = average - lr * gradient(average)
        average = average + (x - average) / t if t > 1 else x
    return x, average


@averaged.mistake("You ask for the gradient at the average. The run asks at its own point.")
def gradient_at_the_average(gradient, x0, lr, num_steps):
    x, average = x0, x0
    for t in range(1, num_steps + 1):
        x = x - lr * gradient(average)
        average = average + (x - average) / t
    return x, average


@averaged.mistake("Each new point counts half, so your average forgets. All points count the same.")
def half_and_half(gradient, x0, lr, num_steps):
    x, average = x0, x0
    for t in range(1, num_steps + 1):
        x = x - lr * gradient(x)
        average = (average + x) / 2 if t > 1 else x
    return x, average


@averaged.mistake("Your average moves a tenth of the way each time. All points count the same.")
def exponential_average(gradient, x0, lr, num_steps):
    x, average = x0, x0
    for _ in range(num_steps):
        x = x - lr * gradient(x)
        average = 0.9 * average + 0.1 * x
    return x, average


@averaged.mistake(
    "Your average begins at the start, and each new point counts half. All points count the same."
)
def half_and_half_from_the_start(gradient, x0, lr, num_steps):
    x, average = x0, x0
    for _ in range(num_steps):
        x = x - lr * gradient(x)
        average = (average + x) / 2
    return x, average


@averaged.mistake("Your run goes uphill: SGD steps against the gradient.")
def uphill_on_average(gradient, x0, lr, num_steps):
    return averaged_sgd(lambda x: -gradient(x), x0, lr, num_steps)


@averaged.mistake("You ask for the gradient at the start each time. The point has moved.")
def gradient_at_the_start(gradient, x0, lr, num_steps):
    return averaged_sgd(lambda x: gradient(x0), x0, lr, num_steps)


@averaged.mistake("That is one mean of all numbers. Each coordinate has its own: which axis?")
def mean_of_all_coordinates(gradient, x0, lr, num_steps):
    x, average = averaged_sgd(gradient, x0, lr, num_steps)
    return x, np.mean(average)


@averaged.mistake("Your t begins one too late: the first point counts half, and 0 the other half.")
def counted_one_too_late(gradient, x0, lr, num_steps):
    x, average = x0, np.zeros_like(x0)
    for t in range(1, num_steps + 1):
        x = x - lr * gradient(x)
        average = average + (x - average) / (t + 1)
    return x, average


@averaged.mistake("That is the sum of the points. Divide it by their number.")
def sum_of_the_points(gradient, x0, lr, num_steps):
    x, total = x0, np.zeros_like(x0)
    for _ in range(num_steps):
        x = x - lr * gradient(x)
        total = total + x
    return x, total


@averaged.mistake("You returned the average first. The last point comes first, then the average.")
def turned_round(gradient, x0, lr, num_steps):
    return averaged_sgd(gradient, x0, lr, num_steps)[::-1]


@averaged.mistake(
    "Both of yours are the last point. If you keep an array that is changed in place, a list of "
    "it holds one point many times."
)
def last_point_twice(gradient, x0, lr, num_steps):
    x = averaged_sgd(gradient, x0, lr, num_steps)[0]
    return x, x


@averaged.mistake("Your average is of the first and the last point. All on the way count the same.")
def middle_of_start_and_end(gradient, x0, lr, num_steps):
    x = averaged_sgd(gradient, x0, lr, num_steps)[0]
    return x, (x0 + x) / 2


def quantile(samples, p, c):
    """Return w after one update for each sample, from 0."""
    w = 0.0
    for t, z in enumerate(samples, start=1):
        g = -p if z > w else 1 - p
        w = w - c / t * g
    return w


quantile_exercise = CodeExercise(
    id="stochastic.quantile",
    title="A quantile from a stream",
    difficulty="hard",
    minutes=9,
    text=r"""
Robbins and Monro looked for a *quantile*: the $w$ with a share $p$ of all samples
below it. It minimizes the mean of the loss $p\,(z - w)$ for a sample $z > w$ and $(1 - p)(w - z)$
for $z \le w$. Write `quantile(samples, p, c)`: SGD on this loss from $w = 0$, one update for each
sample in turn, with the rate $c/t$ for the $t$-th, $t = 1, 2, \dots$ Return the last $w$.
""",
    hints=(
        "The loss is a straight line on either side of z. What are its two slopes by w?",
        "For z above w the slope is -p, otherwise 1 - p. How far away z lies does not matter.",
        "A sample above lifts w by p c/t, any other lowers it by (1 - p) c/t.",
    ),
    explanation=r"""
At the goal a share $1 - p$ of the samples lifts $w$ by $p$ and a share $p$ lowers it by $1 - p$: on
average nothing moves. No sample is stored and none is sorted. For $p = \frac12$ it is the median,
where SGD for the square would find the mean.
""",
    solution=quantile,
    probes=(
        (SAMPLES, 0.5, 1.0),
        (SAMPLES, 0.9, 2.0),
        (np.array([1.0, -2.0, 0.5, 3.0, -1.0]), 0.2, 1.5),
        (np.array([0.0, 1.0, 1.0]), 0.75, 2.0),
        (np.array([-4.0]), 0.3, 1.0),
        (np.array([0.1, 5.0, 0.2]), 0.9, 2.0),
    ),
    returns=("w",),
)


@quantile_exercise.mistake(
    "The two sides are turned round: a sample above w is to lift it. Which slope has p (z - w)?"
)
def sides_turned_round(samples, p, c):
    w = 0.0
    for t, z in enumerate(samples, start=1):
        w = w - c / t * (p if z > w else p - 1)
    return w


@quantile_exercise.mistake(
    "Your second `if` sees the w that the first has moved, and may move it again. One step for one "
    "sample."
)
def two_steps_for_one_sample(samples, p, c):
    w = 0.0
    for t, z in enumerate(samples, start=1):
        if z > w:
            w = w + c / t * p
        if z <= w:
            w = w - c / t * (1 - p)
    return w


@quantile_exercise.mistake("You step by the loss itself. What is its slope by w, and which sign?")
def loss_for_slope_without_sign(samples, p, c):
    w = 0.0
    for t, z in enumerate(samples, start=1):
        w = w - c / t * (p * (z - w) if z > w else (1 - p) * (w - z))
    return w


@quantile_exercise.mistake("Your rate is 1/t. What became of c?")
def constant_forgotten(samples, p, c):
    return quantile(samples, p, 1.0)


@quantile_exercise.mistake("Your rate has c below. It is c/t.")
def constant_below(samples, p, c):
    return quantile(samples, p, 1 / c)


@quantile_exercise.mistake("Yours starts at the first sample. We start at 0.")
def started_at_the_first_sample(samples, p, c):
    w = samples[0]
    for t, z in enumerate(samples, start=1):
        w = w - c / t * (-p if z > w else 1 - p)
    return w


@quantile_exercise.mistake("Those are all weights on the way. We ask for the last.")
def all_weights(samples, p, c):
    return np.array([quantile(samples[:t], p, c) for t in range(1, len(samples) + 1)])


@quantile_exercise.mistake("You skip a sample that equals w. The loss has a slope for z ≤ w.")
def equal_sample_skipped(samples, p, c):
    w = 0.0
    for t, z in enumerate(samples, start=1):
        w = w + c / t * (p * (z > w) - (1 - p) * (z < w))
    return w


@quantile_exercise.mistake(
    "Division by zero: `enumerate` counts from 0 unless it is told otherwise."
)
def counted_from_nought(samples, p, c):
    w = 0.0
    for t, z in enumerate(samples):
        w = w - c / t * (-p if z > w else 1 - p)
    return w


@quantile_exercise.mistake("Yours looks for the share p above it. It is to have p below it.")
def other_quantile(samples, p, c):
    return quantile(samples, 1 - p, c)


@quantile_exercise.mistake("Your slopes do not depend on p: that finds the median for every p.")
def always_the_median(samples, p, c):
    return quantile(samples, 0.5, c)


@quantile_exercise.mistake("Your slopes are 1 and -1, so p is not used. What multiplies each line?")
def slopes_of_one(samples, p, c):
    w = 0.0
    for t, z in enumerate(samples, start=1):
        w = w + c / t * (1 if z > w else -1)
    return w


@quantile_exercise.mistake("Your step grows with the distance z - w: that is the loss itself.")
def loss_for_slope(samples, p, c):
    w = 0.0
    for t, z in enumerate(samples, start=1):
        w = w + c / t * (p * (z - w) if z > w else (1 - p) * (z - w))
    return w


@quantile_exercise.mistake("Your rate does not fall. It is c/t for the t-th sample.")
def constant_rate(samples, p, c):
    w = 0.0
    for z in samples:
        w = w - c * (-p if z > w else 1 - p)
    return w


@quantile_exercise.mistake("Your first rate is c/2. For the first sample t is 1.")
def first_rate_halved(samples, p, c):
    w = 0.0
    for t, z in enumerate(samples, start=2):
        w = w - c / t * (-p if z > w else 1 - p)
    return w


@quantile_exercise.mistake("Samples above lift w in yours, but those below do not lower it.")
def never_lowered(samples, p, c):
    w = 0.0
    for t, z in enumerate(samples, start=1):
        w = w + c / t * p * (z > w)
    return w


@quantile_exercise.mistake("That is the quantile of the stored samples. Here none is stored.")
def stored_and_sorted(samples, p, c):
    return np.quantile(samples, p)


@quantile_exercise.mistake("A sample that equals w is to lower it: the loss says z ≤ w.")
def equal_sample_lifts(samples, p, c):
    w = 0.0
    for t, z in enumerate(samples, start=1):
        w = w - c / t * (-p if z >= w else 1 - p)
    return w


EXERCISES: list[Exercise] = [
    per_sample,
    conditions,
    rate_for_floor,
    before_the_floor,
    slow,
    running_mean,
    uniform,
    averaged,
    quantile_exercise,
]
