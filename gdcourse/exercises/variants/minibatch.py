"""Exercises on mini-batches: their variance, how they are cut, the rate they allow."""

from __future__ import annotations

import numpy as np

from ..exercise import ChoiceExercise, CodeExercise, Exercise, NumberExercise

rng = np.random.default_rng(7)


def batch_variance(g, B, replace):
    """Return the variance of the mean of B gradients drawn from g."""
    N = len(g)
    variance = np.var(g) / B
    return variance if replace else variance * (N - B) / (N - 1)


variance_exercise = CodeExercise(
    id="minibatch.variance",
    title="The variance of a batch",
    difficulty="medium",
    minutes=6,
    text=r"""
An array `g` of length $N \ge 2$ holds one number for each sample, its gradient; these are all the
data. Write `batch_variance(g, B, replace)`, the variance of the mean of a batch of `B` draws: with
replacement if `replace` is true, without if it is false. No random numbers are needed.
""",
    hints=(
        "First the variance $S^2$ of one draw. The array is the whole population.",
        "With replacement the draws are independent: what does averaging B of them do?",
        "Without, multiply by (N - B)/(N - 1): it is 1 for B = 1 and 0 for B = N.",
    ),
    explanation=r"""
$S^2/B$, and without replacement $\frac{S^2}{B} \cdot \frac{N - B}{N - 1}$. Here $S^2$ divides by
$N$, as `np.var` does by default: the data are not a sample from something larger, they are all that
can be drawn.
""",
    solution=batch_variance,
    probes=(
        (np.array([2.0, -1.0, 5.0, 6.0]), 3, False),
        (np.array([2.0, -1.0, 5.0, 6.0]), 3, True),
        (np.array([0.5, 1.5, -2.0, 4.0, 3.0, 1.0]), 1, False),
        (np.array([0.5, 1.5, -2.0, 4.0, 3.0, 1.0]), 5, False),
        (rng.normal(size=9), 4, False),
        (rng.normal(size=9), 12, True),
        (np.array([3, 1, 4, 1, 5]), 2, False),
    ),
    returns=("variance",),
)


@variance_exercise.mistake(
    "Yours divides by N - 1, as one does to guess at a larger population. Here `g` is all there is."
)
def sample_variance(g, B, replace):
    return batch_variance(g, B, replace) * len(g) / (len(g) - 1)


@variance_exercise.mistake(
    "With replacement right; without, draws that cannot repeat are not independent. What is the "
    "variance if the batch is the whole data?"
)
def correction_forgotten(g, B, replace):
    return np.var(g) / B


@variance_exercise.mistake("You swapped the cases: the factor is 1 where draws may repeat.")
def cases_swapped(g, B, replace):
    return batch_variance(g, B, not replace)


@variance_exercise.mistake("The factor is there in both cases. With replacement nothing runs out.")
def correction_always(g, B, replace):
    return batch_variance(g, B, False)


@variance_exercise.mistake(
    "Your factor is (N - B)/N. Try a batch of one: is that less noisy than one draw?"
)
def divided_by_N(g, B, replace):
    N = len(g)
    return np.var(g) / B * (1 if replace else (N - B) / N)


@variance_exercise.mistake("That is the standard deviation. We ask for its square.")
def standard_deviation(g, B, replace):
    return batch_variance(g, B, replace) ** 0.5


@variance_exercise.mistake("That is the variance of one gradient. What does averaging B do to it?")
def batch_size_forgotten(g, B, replace):
    return B * batch_variance(g, B, replace)


@variance_exercise.mistake(
    "The standard deviation falls with the root of B. How does the variance fall?"
)
def divided_by_the_root(g, B, replace):
    return B**0.5 * batch_variance(g, B, replace)


@variance_exercise.mistake(
    "That is the variance of the sum of the batch. The gradient of a batch is a mean."
)
def variance_of_the_sum(g, B, replace):
    return B**2 * batch_variance(g, B, replace)


def each_update(batch_at, order, B, updates):
    """Ask for the batch of one update after another."""
    for t in range(updates):
        batch_at(order, B, t)


def path_of_batches(batch_at):
    """Return the samples that come one after another, in orders of five and of six samples."""
    orders = np.array([3, 7, 4, 1, 2]), np.array([3, 7, 5, 1, 2, 4])
    return np.concatenate([batch_at(order, 2, t) for order in orders for t in range(7)])[:, None]


def batch_at(order, B, t):
    """Return the samples of update t, out of epochs that all follow the same order."""
    per_epoch = -(-len(order) // B)
    start = t % per_epoch * B
    return order[start : start + B]


batch_exercise = CodeExercise(
    id="minibatch.batch_at",
    title="Which samples are next?",
    difficulty="medium",
    minutes=8,
    text=r"""
The array `order` names the samples of an epoch, each once, in the order in which they are visited.
Write `batch_at(order, B, t)`: the samples that update `t` uses, in turn, where `t` counts the
updates from 0 on and does not stop at the end of an epoch. Every epoch follows the same order and
begins with its first sample. A batch has `B` samples, $1 \le B \le N$; only the last of an epoch is
short, if $B$ does not divide $N$.
""",
    hints=(
        "How many updates make an epoch? N / B, rounded up.",
        "`t % per_epoch` is the number of the batch within its epoch.",
        "It starts at B times that number; a slice that goes beyond the end is short by itself.",
    ),
    explanation=r"""
An epoch has $\lceil N/B \rceil$ updates; the remainder of $t$ by it tells the place in the epoch.
Drawing `B` new samples for each update instead would be sampling with replacement: after $N$ draws
a share of about $1/e$ of the samples has not been seen. That is no epoch.
""",
    solution=batch_at,
    probes=(
        (np.array([3, 0, 4, 1, 2]), 2, 7),
        (np.array([3, 0, 5, 1, 2, 4]), 2, 7),
        (np.array([5, 2, 8]), 1, 5),
        (np.array([2, 0, 3, 1]), 4, 3),
        (rng.permutation(11), 4, 7),
    ),
    drive=each_update,
    returns=("batch",),
    path=path_of_batches,
)


@batch_exercise.mistake("Those are places in the epoch. Which sample does `order` put there?")
def order_ignored(order, B, t):
    return batch_at(np.arange(len(order)), B, t)


@batch_exercise.mistake(
    "At the end of an epoch your batch is filled up from the next one. Here it is short."
)
def filled_from_the_next_epoch(order, B, t):
    return np.take(order, np.arange(t * B, t * B + B), mode="wrap")


@batch_exercise.mistake(
    "Your last batch is full: it takes samples again that the batch before it has had."
)
def filled_from_the_batch_before(order, B, t):
    start = t % -(-len(order) // B) * B
    return order[min(start, len(order) - B) :][:B]


@batch_exercise.mistake("The last, short batch is missing: its samples are never seen.")
def short_batch_dropped(order, B, t):
    start = t % (len(order) // B) * B
    return order[start : start + B]


@batch_exercise.mistake(
    "Where B divides N, an empty batch follows the last full one. How many make an epoch then?"
)
def empty_batch_at_the_end(order, B, t):
    start = t % (len(order) // B + 1) * B
    return order[start : start + B]


@batch_exercise.mistake("Your batches are right until the epoch ends, and empty after it.")
def one_epoch_only(order, B, t):
    return order[t * B : (t + 1) * B]


@batch_exercise.mistake(
    "Your windows overlap: from one update to the next they move on by one sample. By how many "
    "should they?"
)
def windows_overlap(order, B, t):
    start = t % len(order)
    return order[start : start + B]


@batch_exercise.mistake("You return the first batch every time. What does `t` change?")
def first_batch_every_time(order, B, t):
    return order[:B]


@batch_exercise.mistake("You are one update ahead. Updates count from 0.")
def one_ahead(order, B, t):
    return batch_at(order, B, t + 1)


@batch_exercise.mistake("You take every so-many-th sample. A batch is a piece of the order.")
def strided(order, B, t):
    per_epoch = -(-len(order) // B)
    return order[t % per_epoch :: per_epoch]


def scaled_step(theta, G, lr, base):
    """Return the point after a step over the batch G, at the rate scaled from batches of base."""
    B = len(G)
    return theta - lr * B / base * G.mean(axis=0)


step_exercise = CodeExercise(
    id="minibatch.step",
    title="A step by the linear rule",
    difficulty="medium",
    minutes=6,
    text=r"""
The rate `lr` was tuned with batches of `base` samples. Now comes a batch of any size: `G` has a row
for each of its samples, the gradient of that sample's loss at `theta`. Write
`scaled_step(theta, G, lr, base)`, which returns the point after one step along the gradient of the
batch, the mean, at the rate that the linear scaling rule gives for this batch size. `theta` stays
as it is.
""",
    hints=(
        "How many samples has the batch? `len(G)`.",
        "The rate grows in proportion to the batch size, and is lr for a batch of base.",
        "The gradient is the mean over the rows, `G.mean(axis=0)`.",
    ),
    explanation=r"""
$\eta = \eta_0 B / B_0$ with the mean gradient $\frac1B \sum_i g_i$: the $B$ cancels, and what is
left is $\frac{\eta_0}{B_0} \sum_i g_i$. Under the linear rule a sample moves us by the same amount,
whatever the size of the batch it comes in; so one may also leave out the mean *and* the rule.
""",
    solution=scaled_step,
    probes=(
        (np.array([1.0, -2.0]), np.array([[1.0, 2.0], [3.0, 0.0], [2.0, -4.0]]), 0.1, 1),
        (np.array([1.0, -2.0]), np.array([[1.0, 2.0], [3.0, 0.0], [2.0, -4.0]]), 0.1, 2),
        (rng.normal(size=4), rng.normal(size=(8, 4)), 0.05, 8),
        (rng.normal(size=4), rng.normal(size=(2, 4)), 0.05, 32),
        (np.zeros(3), rng.normal(size=(3, 3)), 0.3, 2),
    ),
    returns=("theta",),
)


@step_exercise.mistake("That is the step at the rate `lr` itself. What does `base` tell us?")
def rate_not_scaled(theta, G, lr, base):
    return theta - lr * G.mean(axis=0)


@step_exercise.mistake(
    "You scaled the rate and summed the gradients as well: the batch size is in it twice."
)
def scaled_twice(theta, G, lr, base):
    return theta - lr * len(G) / base * G.sum(axis=0)


@step_exercise.mistake("Your rate falls as the batch grows. Which way does the rule go?")
def scaled_the_wrong_way(theta, G, lr, base):
    return theta - lr * base / len(G) * G.mean(axis=0)


@step_exercise.mistake(
    "Your rate grows with the root of the batch size. Here we ask for the linear rule."
)
def scaled_by_the_root(theta, G, lr, base):
    return theta - lr * (len(G) / base) ** 0.5 * G.mean(axis=0)


@step_exercise.mistake(
    "That multiplies the rate by the batch size. It was tuned for batches of `base`, not of one."
)
def base_forgotten(theta, G, lr, base):
    return theta - lr * G.sum(axis=0)


@step_exercise.mistake("Your step goes uphill.")
def uphill(theta, G, lr, base):
    return theta + lr * len(G) / base * G.mean(axis=0)


@step_exercise.mistake(
    "You averaged over the parameters. Each row of G is a sample; the mean runs over the rows."
)
def mean_over_parameters(theta, G, lr, base):
    return theta - lr * len(G) / base * G.mean()


@step_exercise.mistake("You returned the step. Where does it lead to?")
def step_for_point(theta, G, lr, base):
    return -lr * len(G) / base * G.mean(axis=0)


@step_exercise.mistake(
    "You took the number of parameters for the size of the batch. Samples are the rows of G."
)
def columns_for_rows(theta, G, lr, base):
    return theta - lr * G.shape[1] / base * G.mean(axis=0)


def noise_scale(b, B, c, C):
    """Return S^2 over the squared length of the full gradient, from two mean squared lengths."""
    S2 = (b - c) / (1 / B - 1 / C)
    return S2 / (b - S2 / B)


noise_exercise = CodeExercise(
    id="minibatch.noise_scale",
    title="The critical batch, from two batch sizes",
    difficulty="hard",
    minutes=14,
    text=r"""
In a large run nobody knows $S^2$ or the full gradient; but the gradients of batches come by all the
time. Over many batches of size `B`, at one point, the squared length $\lVert g \rVert^2$ was `b` on
average, over many batches of a larger size `C` it was `c`. All were drawn with replacement. Write
`noise_scale(b, B, c, C)`, the noise scale $S^2 / \lVert \nabla J \rVert^2$ that explains both. Take
the averages to be exact. All four are numbers.
""",
    hints=(
        "A batch is the full gradient plus noise of mean 0. What is its mean squared length?",
        "It is $\\lVert \\nabla J \\rVert^2 + S^2/B$: two equations, one for each batch size.",
        "Their difference is b - c = S² (1/B - 1/C).",
    ),
    explanation=r"""
$\mathbb{E} \lVert g \rVert^2 = \lVert \nabla J \rVert^2 + S^2/B$, because the noise has mean 0 and
the mixed term vanishes. Two sizes give two linear equations. {cite:t}`mccandlish2018empirical`
measure the noise scale like this during training, where each device holds a small batch and their
mean is the large one.
""",
    solution=noise_scale,
    probes=(
        (14.0, 1, 5.0, 4),
        (3.0, 8, 1.5, 64),
        (0.02, 32, 0.011, 1024),
        (7.0, 10, 6.9, 30),
        (2.5, 2, 2.0, 3),
    ),
    returns=("scale",),
)


@noise_exercise.mistake(
    "You took the squared length at the larger size for that of the full gradient. Some noise is "
    "left in it, too."
)
def larger_batch_taken_for_exact(b, B, c, C):
    return B * (b - c) / c


@noise_exercise.mistake(
    "Your S² is right. But `c` is not the squared length of the full gradient: it holds S²/C."
)
def divided_by_the_larger(b, B, c, C):
    return (b - c) / (1 / B - 1 / C) / c


@noise_exercise.mistake(
    "Your S² is right. But `b` is not the squared length of the full gradient: it holds S²/B."
)
def divided_by_the_smaller(b, B, c, C):
    return (b - c) / (1 / B - 1 / C) / b


@noise_exercise.mistake("That is S² alone. What is it to be compared with?")
def noise_alone(b, B, c, C):
    return (b - c) / (1 / B - 1 / C)


@noise_exercise.mistake("That is the squared length of the full gradient. And S² over it?")
def signal_alone(b, B, c, C):
    return (C * c - B * b) / (C - B)


@noise_exercise.mistake("Upside down: the noise scale is noise over signal.")
def upside_down(b, B, c, C):
    return 1 / noise_scale(b, B, c, C)


@noise_exercise.mistake(
    "That is the noise of a batch of B over the signal. S² is the noise of a single sample."
)
def noise_of_the_batch(b, B, c, C):
    return noise_scale(b, B, c, C) / B


@noise_exercise.mistake(
    "The noise of a mean falls as 1/B in *squared* length; you let it fall with the root of B."
)
def noise_by_the_root(b, B, c, C):
    S2 = (b - c) / (1 / B**0.5 - 1 / C**0.5)
    return S2 / (b - S2 / B**0.5)


@noise_exercise.mistake(
    "You let the noise grow with the batch size. Which of the two batches is the noisier one?"
)
def noise_of_the_sum(b, B, c, C):
    S2 = (b - c) / (B - C)
    return S2 / (b - S2 * B)


@noise_exercise.mistake("That is a ratio of lengths. The noise scale is one of squared lengths.")
def root_of_it(b, B, c, C):
    return noise_scale(b, B, c, C) ** 0.5


draws = NumberExercise(
    id="minibatch.draws",
    title="Three out of four",
    difficulty="easy",
    minutes=4,
    text=r"""
The data are four samples, with the gradients 2, -1, 5 and 6. A batch is three of them, drawn
without replacement. What is the variance of the gradient of the batch?
""",
    hints=(
        "The mean is 3. What is the mean squared distance of the four from it?",
        "$S^2$ is 30/4.",
        "Divide by B = 3, and multiply by (N - B)/(N - 1).",
    ),
    answer=5 / 6,
    exact="15/2 · 1/3 · 1/3 = 5/6",
    wrong={
        "with_replacement": (2.5, "That is with replacement: there is less left to vary here."),
        "sample_variance": (10 / 9, "Your S² divides by N - 1. These four are all the data."),
        "both_of_a_sample": (10 / 3, "With replacement, and with N - 1 in the variance: twice no."),
        "factor_with_N": (0.625, "Your factor is (N - B)/N. For B = 1 it should be 1."),
        "standard_deviation": ((5 / 6) ** 0.5, "That is the standard deviation; square it."),
        "one_sample": (7.5, "That is the variance of a single sample."),
    },
    explanation=r"""
$S^2 = \frac{1 + 16 + 4 + 9}{4} = \frac{15}{2}$, and
$\frac{15/2}{3} \cdot \frac{4 - 3}{4 - 1} = \frac56$. Or by hand: to draw three is to leave
out one; the four batches have the means $10/3$, $13/3$, $7/3$ and $2$, and vary by $5/6$ around 3.
""",
)

short = NumberExercise(
    id="minibatch.short",
    title="The mean of an epoch",
    difficulty="easy",
    minutes=4,
    text=r"""
Five samples have the gradients 1, 5, 2, 4, 9, in this order, wherever we stand. An epoch visits
them in batches of two, the last of which is short. What is the mean of the gradients that the
updates of this epoch use, each update counted once?
""",
    hints=(
        "There are three updates. The gradient of a batch is the mean over its samples.",
        "The last batch has one sample, and its mean is that sample's gradient.",
        "The means are 3, 3 and 9.",
    ),
    answer=5.0,
    exact="(3 + 3 + 9)/3 = 5",
    wrong={
        "mean_of_the_data": (
            4.2,
            "That is the mean of the data. Does each of them count the same?",
        ),
        "short_batch_dropped": (3.0, "The short batch makes an update too."),
        "short_batch_divided_by_two": (3.5, "You divided the 9 by two. How many are in its batch?"),
        "sum": (15.0, "That is the sum over the three updates."),
        "sums_of_the_batches": (7.0, "You took sums. The gradient of a batch is a mean."),
    },
    explanation=r"""
The 9 is alone in its batch and counts a third, the others a sixth each. With a fresh order in each
epoch another sample is last, and on average over the orders all count the same.
""",
)

limit = NumberExercise(
    id="minibatch.limit",
    title="How far the rule carries",
    difficulty="medium",
    minutes=4,
    text=r"""
On a quadratic whose largest curvature is 16 the rate 1/100 was found best with batches of 4. Above
which batch size does a run diverge whose rate follows the linear scaling rule?
""",
    hints=(
        "At which rate does descent diverge?",
        "At 2/L = 1/8. By which factor is that above the rate we have?",
        "The rule multiplies the batch by the same factor.",
    ),
    answer=50.0,
    exact="4 · (1/8)/(1/100) = 50",
    wrong={
        "base_forgotten": (12.5, "That is the factor between the rates. We began with 4 samples."),
        "one_over_L": (25.0, "At 1/L the steepest direction arrives in one step. And diverges at?"),
        "the_rate": (0.125, "That is the rate. Which batch size does the rule give it to?"),
        "divided_by_the_base": (3.125, "The rate for one sample is a quarter of 1/100."),
        "root_scaling": (625.0, "That is for a rate that grows with the root of the batch size."),
    },
    explanation=r"""
$B^* = 2 B_0 / (\eta_0 L) = \frac{2 \cdot 4}{16/100} = 50$. The noise does not appear in it: a
batch of 51 has less noise than one of 4, and still diverges.
""",
)

steps = NumberExercise(
    id="minibatch.steps",
    title="What doubling is worth",
    difficulty="medium",
    minutes=6,
    text=r"""
On a quadratic with largest curvature $L = 3$ the gradient of one sample has noise of $S^2 = 12$. We
want to come down to the height $\varepsilon = 1/20$. With very large batches, each tuned, that
takes 30 steps. By the formula $T_{\min}(1 + B_c/B)$, how many steps does $B = 10$ take?
""",
    hints=(
        "First the critical batch size, from S², L and ε.",
        "$B_c = S^2/(2 L \\varepsilon)$ is 40.",
        "T_min is 30, and B_c/B is 4.",
    ),
    answer=150.0,
    exact="30 · (1 + 40/10) = 150",
    wrong={
        "one_forgotten": (
            120.0,
            "Nearly: that is the share of the noise alone. And without noise?",
        ),
        "turned_round": (37.5, "You divided B by B_c. Should a small batch take few steps?"),
        "two_forgotten": (270.0, "Your critical batch size is 80. The edge of the rate is 2/L."),
        "critical_batch": (40.0, "That is B_c. What does the formula make of it?"),
        "evaluations": (1500.0, "Those are gradient evaluations. We ask for steps."),
        "factor": (5.0, "That is how many times as many steps. As many as what?"),
    },
    explanation=r"""
$B_c = \frac{12}{2 \cdot 3 / 20} = 40$. The batch of 10 takes $150$ steps and $1500$ evaluations.
One of 20 takes $90$ steps, not half of them, and $1800$ evaluations: that is what haste costs.
""",
)

verdict = ChoiceExercise(
    id="minibatch.verdict",
    title="A colleague's verdict",
    difficulty="easy",
    minutes=3,
    text=r"""
A colleague raises the batch size from 64 to 512, and changes nothing else: same network, same rate,
same number of epochs. The test accuracy falls from 97 % to 91 %. What follows?
""",
    hints=("What is the rate per sample before and after? And how many updates are there?",),
    choices=(
        (
            "large batches generalise worse",
            "The run was changed in three ways at once. What would the training loss say?",
        ),
        (
            "512 is beyond the critical batch size",
            "Beyond it a larger batch no longer helps, at its best rate. This rate was not tuned.",
        ),
        (
            "the network overfits with the large batch",
            "It has probably learned the training data less well, not better.",
        ),
        (
            "nothing about generalisation: the rate per sample fell eightfold, and so did the "
            "number of updates",
            "Tune the rate for 512 and compare the training losses before anything is concluded.",
        ),
    ),
    right="d",
    names=("generalises_worse", "beyond_critical", "overfits", ""),
    explanation=r"""
With the same rate and the same epochs the large batch makes an eighth of the updates, each of the
same length: it has travelled less far. The accuracy on the *training* data would show it.
""",
)

EXERCISES: list[Exercise] = [
    draws,
    short,
    verdict,
    limit,
    steps,
    variance_exercise,
    step_exercise,
    batch_exercise,
    noise_exercise,
]
