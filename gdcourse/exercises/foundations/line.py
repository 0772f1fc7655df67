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
    minutes=4,
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


@gradient_exercise.mistake("You put 2 x for y. The points need not lie on that line.")
def targets_not_used(w, x, y):
    return -2 * np.mean(x**2 * (2 - w))


def path_of_epoch(epoch):
    """Return the weights of two epochs of single samples."""
    weights = [1.0]
    for order in ([0, 1, 2], [2, 0, 1]):
        weights.extend(np.atleast_1d(epoch(weights[-1], *POINTS, 0.02, np.array(order))))
    return np.array(weights)[:, None]


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
    minutes=6,
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
        (1.0, *POINTS, 0.02, np.array([1, 1])),
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


@epoch_exercise.mistake("Your updates go uphill: the gradient is subtracted.")
def added_in_epoch(w, x, y, lr, order):
    return epoch(w, x, y, -lr, order)


@epoch_exercise.mistake(
    "Each update begins at the first weight: the next one knows nothing of it. Where is it kept?"
)
def update_not_kept(w, x, y, lr, order):
    return np.array([w - lr * 2 * x[i] * (w * x[i] - y[i]) for i in order])


@epoch_exercise.mistake(
    "You noted each weight before its update: the start is in, and the last weight is missing."
)
def noted_before_the_update(w, x, y, lr, order):
    return np.append(w, epoch(w, x, y, lr, order)[:-1])


@epoch_exercise.mistake("The first of your weights is the start. We ask for those after an update.")
def start_included(w, x, y, lr, order):
    return np.append(w, epoch(w, x, y, lr, order))


@epoch_exercise.mistake("You returned the last weight alone. Which came before it?")
def last_weight_alone(w, x, y, lr, order):
    for i in order:
        w = w - lr * 2 * x[i] * (w * x[i] - y[i])
    return w


@epoch_exercise.mistake(
    "You put each weight in the place of its sample. The array is in the order of the updates."
)
def filed_under_its_sample(w, x, y, lr, order):
    weights = np.zeros(len(x))
    for i in order:
        w = w - lr * 2 * x[i] * (w * x[i] - y[i])
        weights[i] = w
    return weights


@epoch_exercise.mistake("Those are the steps. We ask for the weights that they lead to.")
def steps_for_weights(w, x, y, lr, order):
    return np.diff(epoch(w, x, y, lr, order), prepend=w)


@epoch_exercise.mistake(
    "You multiplied 2 - w by a factor, as if y were 2 x. The points need not lie on that line."
)
def targets_not_used_in_epoch(w, x, y, lr, order):
    return 2 - (2 - w) * np.cumprod(1 - 2 * lr * x[order] ** 2)


def path_of_mini_batches(mini_batches):
    """Return the weights of three epochs with batches of two."""
    weights = [1.0]
    for _ in range(3):
        weights.extend(np.atleast_1d(mini_batches(weights[-1], *POINTS, 0.02, 2)))
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
    minutes=8,
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


@mini_batch_exercise.mistake(
    "Each update begins at the first weight: the next one knows nothing of it. Where is it kept?"
)
def update_of_a_batch_not_kept(w, x, y, lr, batch_size):
    weights = []
    for start in range(0, len(x), batch_size):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        weights.append(w - lr * 2 * np.mean(x_batch * (w * x_batch - y_batch)))
    return np.array(weights)


@mini_batch_exercise.mistake(
    "Your updates are half as long as they should be. The derivative of a square?"
)
def two_forgotten_in_batch(w, x, y, lr, batch_size):
    return mini_batches(w, x, y, lr / 2, batch_size)


@mini_batch_exercise.mistake(
    "The first of your weights is the start. We ask for those after an update."
)
def start_before_the_batches(w, x, y, lr, batch_size):
    return np.append(w, mini_batches(w, x, y, lr, batch_size))


@mini_batch_exercise.mistake(
    "A batch begins at every sample in yours, so they overlap. How far is it to the next start?"
)
def batches_overlap(w, x, y, lr, batch_size):
    weights = []
    for start in range(len(x)):
        x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
        w = w - lr * 2 * np.mean(x_batch * (w * x_batch - y_batch))
        weights.append(w)
    return np.array(weights)


@mini_batch_exercise.mistake(
    "You shared the samples out evenly. Here each batch is filled, and the last gets what is left."
)
def batches_made_equal(w, x, y, lr, batch_size):
    weights = []
    for batch in np.array_split(np.arange(len(x)), -(-len(x) // batch_size)):
        w = w - lr * 2 * np.mean(x[batch] * (w * x[batch] - y[batch]))
        weights.append(w)
    return np.array(weights)


@mini_batch_exercise.mistake(
    "You cut the data into `batch_size` parts. It counts the samples in a part, not the parts."
)
def size_for_number_of_batches(w, x, y, lr, batch_size):
    weights = []
    for batch in np.array_split(np.arange(len(x)), batch_size):
        w = w - lr * 2 * np.mean(x[batch] * (w * x[batch] - y[batch]))
        weights.append(w)
    return np.array(weights)


threshold = NumberExercise(
    id="line.threshold",
    title="The largest rate for the batch",
    difficulty="easy",
    minutes=3,
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
        "in_order": (
            (49 - 385**0.5) / 144,
            "That is the limit for 1, 2, 3 in turn. The batch takes all at once.",
        ),
    },
    explanation=r"""
$J''(w) = 2 \cdot \frac{1 + 4 + 9}{3} = \frac{28}{3} = L$. The error is multiplied by $1 - \eta L$
in every step, which lies between $-1$ and $1$ exactly for $0 < \eta < 2/L = 3/14$.
""",
)

epochs = NumberExercise(
    id="line.epochs",
    title="Fifty epochs in one line",
    difficulty="medium",
    minutes=4,
    text=r"""
Now the points of $y = 2x$ are $x = 1, 2, 4$. We start at $w_0 = 1$ and make 50 steps of batch
gradient descent with $\eta = 1/100$. How far from the answer, $w = 2$, are we then? Give three
digits of $2 - w$.
""",
    hints=(
        "The error 2 - w is multiplied by the same factor in every step.",
        "That factor is 1 - ηL, and L is twice the mean of x squared.",
        "The error is 1 at the start. Raise the factor to the power 50.",
    ),
    answer=0.86**50,
    exact="0.86^50 = 5.308e-4",
    tolerance=5e-3,
    wrong={
        "one_digit": (5e-4, "Right so far; give two more digits."),
        "mean_forgotten": (0.58**50, "Your factor is 1 - 0.42: you summed over the points."),
        "two_forgotten": (
            0.93**50,
            "Your factor is 1 - 0.07. The derivative of a square has a 2.",
        ),
        "a_step_too_few": (0.86**49, "You made 49 steps. How many are 50 epochs?"),
        "a_step_too_many": (0.86**51, "You made 51 steps. How many are 50 epochs?"),
        "weight_for_error": (
            2 - 0.86**50,
            "That is w. We ask how far it is from 2, which tells more of its digits.",
        ),
        "one_sample_at_a_time": (
            (0.98 * 0.92 * 0.68) ** 50,
            "That is one sample at a time: three updates in an epoch. The batch makes one.",
        ),
        "first_two_alone": (0.95**50, "That is x = 1 and 2 alone. The batch holds all three."),
        "points_of_the_chapter": ((1 - 0.28 / 3) ** 50, "That is for 1, 2, 3. Here are 1, 2, 4."),
    },
    explanation=r"""
The error obeys $2 - w_{t+1} = (1 - \eta L)(2 - w_t)$ with $L = 2 \cdot \frac{1 + 4 + 16}{3} = 14$,
so the factor is $1 - \frac{14}{100}$. No loop is needed, only its power.
""",
)

factor = NumberExercise(
    id="line.factor",
    title="The factor of an epoch with mini-batches",
    difficulty="medium",
    minutes=4,
    text=r"""
The points $x = 1, 2, 4$ again, $\eta = 1/100$, and now mini-batches of two, in another order: first
$x = 4, 1$, then $x = 2$ alone. By which factor does one epoch multiply the error $2 - w$?
""",
    hints=(
        "A batch multiplies the error by 1 - 2η times the mean of its x squared.",
        "The first batch has the mean (16 + 1)/2, the second 4.",
        "The factors of the two updates are multiplied.",
    ),
    answer=0.83 * 0.92,
    exact="0.83 · 0.92 = 0.7636",
    tolerance=6e-4,
    wrong={
        "one_sample_at_a_time": (
            0.68 * 0.98 * 0.92,
            "That is three updates, one sample each. How many batches of two are there?",
        ),
        "whole_batch": (0.86, "That is one update with all three points."),
        "last_batch_dropped": (
            0.83,
            "The point x = 2 counts too: its batch is short, not missing.",
        ),
        "short_batch_divided_by_two": (
            0.83 * 0.96,
            "You divided the second batch by two. How many samples has it?",
        ),
        "mean_of_the_factors": (
            (0.83 + 0.92) / 2,
            "You averaged the factors. What happens to an error that is multiplied twice?",
        ),
        "factor_of_an_update": (
            (0.83 * 0.92) ** 0.5,
            "That is the factor per update, a geometric mean. An epoch makes two.",
        ),
        "order_of_before": (
            0.95 * 0.68,
            "That is for 1, 2 and then 4. Which samples share a step makes a difference.",
        ),
        "points_of_the_chapter": (0.95 * 0.82, "That is for 1, 2 and then 3: the chapter's."),
    },
    explanation=r"""
$\left(1 - \frac{2}{100} \cdot \frac{16 + 1}{2}\right)\left(1 - \frac{2}{100} \cdot 4\right)$. The
order of single samples does not matter on a line, but who shares a batch with whom does.
""",
)

mean_square = NumberExercise(
    id="line.mean_square",
    title="A second threshold, for random samples",
    difficulty="medium",
    minutes=4,
    text=r"""
Every update draws one of the points $x = 1, 2, 4$ at random. The error is multiplied by
$1 - 2\eta x^2$. Above which rate does the *mean of the squared error* grow without bound?
""",
    hints=(
        "In one update the mean of the squared error is multiplied by the mean of (1 - 2ηx²)².",
        "Multiply out: 1 - 4η times the mean of x² + 4η² times the mean of x to the fourth.",
        "The means are 7 and 91.",
    ),
    answer=1 / 13,
    exact="7/91 = 1/13",
    wrong={
        "threshold_of_the_batch": (
            1 / 7,
            "For 1, 2, 4 that is where the mean error grows. The mean of its square grows earlier.",
        ),
        "largest_sample": (
            1 / 16,
            "That is safe for whatever is drawn, but the other points make up for some of it.",
        ),
        "half": (1 / 26, "Half of it. Check the factors 4η and 4η² once more."),
        "in_order": (
            (21 - 105**0.5) / 64,
            "That is the limit for visiting 1, 2, 4 in turn. Here we draw.",
        ),
    },
    explanation=r"""
The factor $1 - 4\eta \cdot 7 + 4\eta^2 \cdot 91$ is below 1 exactly for
$\eta < \frac{7}{91}$. Three notions of "converges", in the mean, in mean square and almost surely,
have three different thresholds.
""",
)

shuffling = ChoiceExercise(
    id="line.shuffling",
    title="Why shuffling changes nothing here",
    difficulty="medium",
    minutes=3,
    text=r"""
On points of the line $y = 2x$ we may shuffle in every epoch or not: after an epoch of single
samples $w$ is the same, up to rounding. Why?
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
            "At w = 1 those of the points 1, 2, 3 are -2, -8 and -18.",
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
    minutes=2,
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
    mean_square,
    epoch_exercise,
    mini_batch_exercise,
]
