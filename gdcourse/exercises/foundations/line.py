"""Exercises on three points of the line y = 2 x: batch, one sample at a time, mini-batches."""

from __future__ import annotations

import numpy as np

from ... import descend
from ...models import LinearRegression
from ...oracles import MiniBatch
from ...rules import SGD
from ..exercise import ChoiceExercise, CodeExercise, Exercise, NumberExercise

rng = np.random.default_rng(4)
MODEL = LinearRegression(1, intercept=False)
POINTS = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])
NOISY = rng.normal(size=7), rng.normal(size=7)


def one_epoch(w, x, y, lr, batch_size):
    """Return the weight after each update of one epoch in the given order, by the package."""
    oracle = MiniBatch(MODEL, np.reshape(x, (-1, 1)), y, batch_size, order="fixed")
    trace = descend(oracle, [w], SGD(lr), oracle.batches_per_epoch)
    return trace.x[1:, 0]


def path_of_gradient(gradient):
    """Return the weights of ten steps on the three points."""
    w = [1.0]
    for _ in range(10):
        w.append(w[-1] - 0.05 * float(gradient(w[-1], *POINTS)))
    return np.array(w)[:, None]


def gradient(w, x, y):
    """Return the derivative by w of the mean of (w x - y) squared."""
    return 2 * np.mean(x * (w * x - y))


gradient_exercise = CodeExercise(
    id="line.gradient",
    title="The slope of a squared error",
    difficulty="easy",
    minutes=6,
    text=r"""
The line $\hat y = w x$ has the loss $J(w) = \frac1N \sum_i (w x_i - y_i)^2$ over the points in
`x` and `y`. Write `gradient(w, x, y)`, its derivative with respect to $w$.
""",
    hints=(
        "The chain rule on one square: twice the error, times the derivative of the error by w.",
        "The derivative of w x - y by w is x.",
        "The loss is a mean, and so is its derivative.",
    ),
    explanation=r"""
$J'(w) = \frac2N \sum_i x_i (w x_i - y_i)$. Each of its four parts, the 2, the mean, the factor
$x_i$ and the sign of the error, gets lost somewhere in the code that circulates; each costs
something else.
""",
    solution=gradient,
    reference=lambda w, x, y: MODEL.gradient(np.array([w]), x[:, None], y)[0],
    probes=((1.0, *POINTS), (3.5, *POINTS), (-0.7, *NOISY), (0.2, rng.normal(size=2), np.ones(2))),
    returns=("gradient",),
    path=path_of_gradient,
)


@gradient_exercise.mistake(
    "Yours is half of what it should be. What is the derivative of a square?"
)
def two_forgotten(w, x, y):
    return np.mean(x * (w * x - y))


@gradient_exercise.mistake(
    "Yours grows with the number of points. The loss is a mean; what is its gradient?"
)
def sum_instead_of_mean(w, x, y):
    return 2 * np.sum(x * (w * x - y))


@gradient_exercise.mistake(
    "You have the error but not what w does to it. What is the derivative of w x by w?"
)
def factor_x_forgotten(w, x, y):
    return 2 * np.mean(w * x - y)


@gradient_exercise.mistake("Your gradient points downhill: the error is w x - y, not y - w x.")
def error_turned_round(w, x, y):
    return 2 * np.mean(x * (y - w * x))


@gradient_exercise.mistake(
    "You still square the error. What is left of a square when it is derived?"
)
def error_still_squared(w, x, y):
    return 2 * np.mean(x * (w * x - y) ** 2)


@gradient_exercise.mistake("That is the loss itself; we ask for its derivative.")
def loss_instead_of_gradient(w, x, y):
    return np.mean((w * x - y) ** 2)


def path_of_epoch(epoch):
    """Return the weights of two epochs of single samples."""
    first = epoch(1.0, *POINTS, 0.02, np.array([0, 1, 2]))
    second = epoch(float(first[-1]), *POINTS, 0.02, np.array([2, 0, 1]))
    return np.concatenate([[1.0], first, second])[:, None]


def epoch(w, x, y, lr, order):
    """Return the weight after each update of an epoch of SGD, a sample at a time, in order."""
    weights = []
    for i in order:
        w = w - lr * 2 * x[i] * (w * x[i] - y[i])
        weights.append(w)
    return np.array(weights)


epoch_exercise = CodeExercise(
    id="line.epoch",
    title="One sample at a time",
    difficulty="medium",
    minutes=12,
    text=r"""
Write one epoch of stochastic gradient descent for the line $\hat y = w x$:
`epoch(w, x, y, lr, order)` visits the samples in the order of the indices in `order`, makes one
update for each, and returns an array of the weight after every update.
""",
    hints=(
        "The loss of one sample is (w x - y) squared; its gradient has no mean in it.",
        "Every update starts from the weight that the one before it left.",
        "`for i in order:` and then `x[i]` and `y[i]`: the same index for both.",
    ),
    explanation=r"""
Each sample pulls the *current* weight by its own gradient, $2 x_i (w x_i - y_i)$. Only the order
of the visits may be random; which $x$ belongs to which $y$ may not.
""",
    solution=epoch,
    reference=lambda w, x, y, lr, order: one_epoch(w, x[order], y[order], lr, 1),
    probes=(
        (1.0, *POINTS, 0.01, np.array([0, 1, 2])),
        (1.0, POINTS[0], np.array([1.0, 5.0, 2.0]), 0.05, np.array([2, 0, 1])),
        (0.3, *NOISY, 0.1, rng.permutation(7)),
    ),
    returns=("weights",),
    path=path_of_epoch,
)


@epoch_exercise.mistake(
    "Every update used the weight of the epoch's start. From which weight does the second "
    "one begin?"
)
def weight_of_the_start(w, x, y, lr, order):
    return w - lr * np.cumsum(2 * x[order] * (w * x[order] - y[order]))


@epoch_exercise.mistake("You visit the samples as they are stored. What is `order` for?")
def order_ignored(w, x, y, lr, order):
    return epoch(w, x, y, lr, range(len(x)))


@epoch_exercise.mistake(
    "You shuffled the inputs and not the targets: every x met the y of another sample."
)
def targets_not_shuffled(w, x, y, lr, order):
    return epoch(w, x[order], y, lr, range(len(x)))


@epoch_exercise.mistake("Each of your updates used all the samples: that is the batch gradient.")
def batch_gradient_each_time(w, x, y, lr, order):
    weights = []
    for _ in order:
        w = w - lr * 2 * np.mean(x * (w * x - y))
        weights.append(w)
    return np.array(weights)


@epoch_exercise.mistake("You divided by the number of samples. How many does one update look at?")
def divided_by_all(w, x, y, lr, order):
    return epoch(w, x, y, lr / len(x), order)


@epoch_exercise.mistake(
    "Your updates are half as long as they should be. The derivative of a square?"
)
def two_forgotten_in_epoch(w, x, y, lr, order):
    return epoch(w, x, y, lr / 2, order)


def path_of_mini_batches(mini_batches):
    """Return the weights of three epochs with batches of two."""
    weights = [1.0]
    for _ in range(3):
        weights.extend(mini_batches(weights[-1], *POINTS, 0.02, 2))
    return np.array(weights)[:, None]


def mini_batches(w, x, y, lr, batch_size):
    """Return the weight after each update of one epoch of mini-batches, in the order given."""
    weights = []
    for start in range(0, len(x), batch_size):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        w = w - lr * 2 * np.mean(x_batch * (w * x_batch - y_batch))
        weights.append(w)
    return np.array(weights)


mini_batch_exercise = CodeExercise(
    id="line.mini_batches",
    title="Mini-batches, with the last one short",
    difficulty="hard",
    minutes=15,
    text=r"""
Write `mini_batches(w, x, y, lr, batch_size)`: one epoch over the samples in the order given, an
update for each batch with the *mean* gradient over that batch, returning the weight after every
update. Where the number of samples is no multiple of `batch_size`, the last batch is short; its
samples count too.
""",
    hints=(
        "Slices do it: `x[start : start + batch_size]` is shorter at the end by itself.",
        "`range(0, len(x), batch_size)` gives the starts.",
        "Take the mean over the samples that are in the batch, not over `batch_size`.",
    ),
    explanation=r"""
Every sample is visited once. The mean in a short batch is over fewer samples, so each of them
weighs more than in a full one: averaging the means of unequal batches is *not* the mean of the
data.
""",
    solution=mini_batches,
    reference=one_epoch,
    probes=(
        (1.0, *POINTS, 0.01, 2),
        (0.5, *NOISY, 0.1, 3),
        (0.5, *NOISY, 0.1, 1),
        (-1.0, rng.normal(size=6), rng.normal(size=6), 0.2, 2),
    ),
    returns=("weights",),
    path=path_of_mini_batches,
)


@mini_batch_exercise.mistake("The last, short batch is missing. Its samples would never be seen.")
def last_batch_dropped(w, x, y, lr, batch_size):
    whole = len(x) // batch_size * batch_size
    return mini_batches(w, x[:whole], y[:whole], lr, batch_size)


@mini_batch_exercise.mistake(
    "Every update used the first batch again: the other samples are never seen. What should move?"
)
def first_batch_every_time(w, x, y, lr, batch_size):
    weights = []
    for _ in range(0, len(x), batch_size):
        w = w - lr * 2 * np.mean(x[:batch_size] * (w * x[:batch_size] - y[:batch_size]))
        weights.append(w)
    return np.array(weights)


@mini_batch_exercise.mistake(
    "You divided the sum over the last, short batch by the full batch size. How many "
    "samples has it?"
)
def short_batch_divided_by_batch_size(w, x, y, lr, batch_size):
    weights = []
    for start in range(0, len(x), batch_size):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        w = w - lr * 2 * np.sum(x_batch * (w * x_batch - y_batch)) / batch_size
        weights.append(w)
    return np.array(weights)


@mini_batch_exercise.mistake(
    "You summed over the batch. A larger batch should not make longer steps."
)
def sum_over_the_batch(w, x, y, lr, batch_size):
    weights = []
    for start in range(0, len(x), batch_size):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        w = w - lr * 2 * np.sum(x_batch * (w * x_batch - y_batch))
        weights.append(w)
    return np.array(weights)


@mini_batch_exercise.mistake(
    "Every batch used the weight of the epoch's start. From which weight does the second one begin?"
)
def weight_of_the_epochs_start(w, x, y, lr, batch_size):
    weights, w0 = [], w
    for start in range(0, len(x), batch_size):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        w = w - lr * 2 * np.mean(x_batch * (w0 * x_batch - y_batch))
        weights.append(w)
    return np.array(weights)


threshold = NumberExercise(
    id="line.threshold",
    title="The largest rate for the batch",
    difficulty="medium",
    minutes=8,
    text=r"""
Three points, $x = 1, 2, 3$ on the line $y = 2x$; the loss is
$J(w) = \frac13 \sum_i (w x_i - y_i)^2$. Batch gradient descent diverges for every learning rate
above some threshold. Which?
""",
    hints=(
        "The loss is a parabola in w. What is its second derivative L?",
        "L is twice the mean of x squared: 28/3.",
        "The error is multiplied by 1 - ηL; its size is 1 at η = 2/L.",
    ),
    answer=3 / 14,
    exact="2/L = 3/14 = 0.2142857",
    wrong={
        "mean_forgotten": (
            1 / 14,
            "You took the sum of the x². The loss is a mean over three points.",
        ),
        "two_of_the_square_forgotten": (
            3 / 7,
            "Your curvature is the mean of x². The second derivative of a square has a 2.",
        ),
        "one_over_L": (
            3 / 28,
            "That is 1/L, where one step arrives. Where does it begin to diverge?",
        ),
        "curvature": (28 / 3, "That is the curvature L. Which rate makes 1 - ηL equal to -1?"),
        "mean_square_of_single_samples": (
            1 / 7,
            "That is a threshold for one random sample at a time. Here every step sees all three.",
        ),
        "largest_sample": (
            1 / 9,
            "That is the limit for the point x = 3 alone. The batch averages over all three.",
        ),
    },
    explanation=r"""
$J''(w) = 2 \cdot \frac{1 + 4 + 9}{3} = \frac{28}{3} = L$. The error is multiplied by $1 - \eta L$
in every step, which lies between $-1$ and $1$ exactly for $0 < \eta < 2/L = 3/14$.
""",
)

epochs = NumberExercise(
    id="line.epochs",
    title="A hundred and one epochs in one line",
    difficulty="medium",
    minutes=8,
    text=r"""
On the same three points we start at $w_0 = 1$ and make 101 steps of batch gradient descent with
$\eta = 1/100$. How far from the answer, $w = 2$, are we then? Give $2 - w$.
""",
    hints=(
        "The error 2 - w is multiplied by the same factor in every step.",
        "That factor is 1 - ηL with L = 28/3.",
        "The error is 1 at the start. Raise the factor to the power 101.",
    ),
    answer=(1 - 0.28 / 3) ** 101,
    exact="(1 - 0.28/3)^101 = 5.0375e-5",
    tolerance=5e-3,
    wrong={
        "mean_forgotten": (0.72**101, "Your factor is 1 - 0.28: you summed over the points."),
        "two_forgotten": (
            (1 - 0.14 / 3) ** 101,
            "Your factor is 1 - 0.14/3. The derivative of a square has a 2.",
        ),
        "hundred_steps": ((1 - 0.28 / 3) ** 100, "You made 100 steps. How many are 101 epochs?"),
        "weight_for_error": (
            2 - (1 - 0.28 / 3) ** 101,
            "That is w. We ask how far it is from 2, which tells more of its digits.",
        ),
        "one_sample_at_a_time": (
            0.739312**101,
            "That is one sample at a time: three updates in an epoch. The batch makes one.",
        ),
    },
    explanation=r"""
The error obeys $2 - w_{t+1} = (1 - \eta L)(2 - w_t)$ with $\eta L = \frac{28}{300}$. No loop is
needed: $(1 - \frac{28}{300})^{101}$.
""",
)

factor = NumberExercise(
    id="line.factor",
    title="The factor of an epoch with mini-batches",
    difficulty="medium",
    minutes=8,
    text=r"""
Same points, $\eta = 1/100$, and now mini-batches of two: first $x = 1, 2$, then $x = 3$ alone. By
which factor does one epoch multiply the error $2 - w$?
""",
    hints=(
        "A batch multiplies the error by 1 - 2η times the mean of its x squared.",
        "The first batch has the mean (1 + 4)/2, the second 9.",
        "The factors of the two updates are multiplied.",
    ),
    answer=0.95 * 0.82,
    exact="0.95 · 0.82 = 0.779",
    wrong={
        "one_sample_at_a_time": (
            0.98 * 0.92 * 0.82,
            "That is three updates, one sample each. How many batches of two are there?",
        ),
        "whole_batch": (1 - 0.28 / 3, "That is one update with all three points."),
        "last_batch_dropped": (
            0.95,
            "The point x = 3 counts too: its batch is short, not missing.",
        ),
        "short_batch_divided_by_two": (
            0.95 * 0.91,
            "You divided the second batch by two. How many samples has it?",
        ),
        "mean_of_the_factors": (
            (0.95 + 0.82) / 2,
            "You averaged the factors. What happens to an error that is multiplied twice?",
        ),
    },
    explanation=r"""
$\left(1 - \frac{2}{100} \cdot \frac{1 + 4}{2}\right)\left(1 - \frac{2}{100} \cdot 9\right)$. Per
update each batch does what it can; per *epoch*, more updates shrink the error further, at the
same number of gradient evaluations.
""",
)

mean_square = NumberExercise(
    id="line.mean_square",
    title="A second threshold, for random samples",
    difficulty="hard",
    minutes=15,
    text=r"""
Now every update draws one of the three points at random. The error is multiplied by
$1 - 2\eta x^2$, where $x$ is 1, 2 or 3. Above which rate does the *mean of the squared error*
grow without bound?
""",
    hints=(
        "In one update the mean of the squared error is multiplied by the mean of (1 - 2ηx²)².",
        "Multiply out: 1 - 4η times the mean of x² + 4η² times the mean of x to the fourth.",
        "The means are 14/3 and 98/3.",
    ),
    answer=1 / 7,
    exact="(14/3)/(98/3) = 1/7",
    wrong={
        "threshold_of_the_batch": (
            3 / 14,
            "That is where the mean error grows. The mean of its square grows earlier.",
        ),
        "largest_sample": (
            1 / 9,
            "That is safe for whatever is drawn, but the other points make up for some of it.",
        ),
        "half": (1 / 14, "Half of it. Check the factors 4η and 4η² once more."),
        "cyclic_order": (0.204018, "That is the limit for visiting 1, 2, 3 in turn. Here we draw."),
    },
    explanation=r"""
The factor $1 - 4\eta \cdot \frac{14}{3} + 4\eta^2 \cdot \frac{98}{3}$ is below 1 exactly for
$\eta < \frac{14}{98}$. Three notions of "converges", in the mean, in mean square and almost
surely, have three different thresholds.
""",
)

shuffling = ChoiceExercise(
    id="line.shuffling",
    title="Why shuffling changes nothing here",
    difficulty="medium",
    minutes=6,
    text=r"""
On these three points we may shuffle in every epoch or not: after an epoch of single samples $w$
is the same, up to rounding. Why?
""",
    hints=(
        "By what does the sample x multiply the error 2 - w? In which order do we multiply "
        "numbers?",
    ),
    choices=(
        (
            "because shuffling never matters",
            "Move one point off the line, and the order shows. What is special here?",
        ),
        (
            "because the steps are so small",
            "The result is the same to all digits, and at larger rates too.",
        ),
        (
            "because all points lie on one line through the origin, so each update "
            "multiplies the same "
            "error by a number",
            "Every sample has its minimum at w = 2, and products of numbers do not depend "
            "on their order.",
        ),
        (
            "because the three gradients are equal",
            "At w = 1 they are -2, -8 and -18.",
        ),
    ),
    right="c",
    names=("never_matters", "small_steps", "", "equal_gradients"),
    explanation=r"""
The update with sample $i$ multiplies $2 - w$ by $1 - 2\eta x_i^2$. Numbers commute. With noise in
$y$ the samples disagree about the best $w$, and the last one visited has the last word.
""",
)

boundary = ChoiceExercise(
    id="line.boundary",
    title="Exactly at the threshold",
    difficulty="easy",
    minutes=3,
    text=r"""
Batch gradient descent with $\eta = 2/L$ exactly, in exact arithmetic, from $w_0 = 1$ with the
minimum at $w = 2$. What happens?
""",
    hints=("What is 1 - ηL there? Multiply the error by it, again and again.",),
    choices=(
        ("it converges, slowly", "For that the factor would have to be smaller than 1 in size."),
        ("it jumps between 1 and 3 for ever", "The error is multiplied by exactly -1."),
        ("it diverges", "For that the factor would have to be larger than 1 in size."),
        ("it arrives in one step", "That is what η = 1/L does."),
    ),
    right="b",
    names=("still_converges", "", "already_diverges", "half_the_rate"),
    explanation=r"""
The factor $1 - \eta L$ is $-1$: the error keeps its size and changes its sign at every step.
""",
)

EXERCISES: list[Exercise] = [
    gradient_exercise,
    boundary,
    threshold,
    epochs,
    factor,
    shuffling,
    epoch_exercise,
    mini_batch_exercise,
    mean_square,
]
