"""Exercises on comparing batch, stochastic and mini-batch descent: what is counted, and how."""

from __future__ import annotations

import numpy as np

from ..exercise import ChoiceExercise, CodeExercise, Exercise, NumberExercise

inf, nan = np.inf, np.nan


def evaluations(t, N, B):
    """Return how many gradient evaluations t updates have cost."""
    epochs, rest = divmod(t, -(-N // B))
    return epochs * N + rest * B


evaluations_exercise = CodeExercise(
    id="three_variants.evaluations",
    title="From updates to gradient evaluations",
    difficulty="easy",
    minutes=6,
    text=r"""
An epoch over `N` samples in batches of `B` visits each sample once; where `N` is no multiple of
`B`, its last batch is short. Then the next epoch begins. Write `evaluations(t, N, B)`: how many
samples have been touched after `t` updates from the start. All three are whole numbers, and so is
what you return.
""",
    hints=(
        "Try N = 10 and B = 3 on paper: which sizes have the first six batches?",
        "How many whole epochs are in t updates, and how many updates are left over?",
        "A whole epoch costs N, whatever its last batch; those left over are all full. "
        "`divmod` gives both.",
    ),
    explanation=r"""
An epoch has $\lceil N/B \rceil$ updates and costs exactly $N$. The updates after the last whole
epoch cannot include a short batch, since that one ends its epoch.
""",
    solution=evaluations,
    probes=(
        (1, 10, 3),
        (4, 10, 3),
        (5, 10, 3),
        (0, 10, 3),
        (3, 12, 4),
        (9, 20, 6),
        (4, 20, 6),
        (3, 20, 6),
        (7, 5, 5),
        (13, 5, 1),
    ),
    returns=("evaluations",),
)


@evaluations_exercise.mistake(
    "You counted every batch as full. How many samples are left for the last one of an epoch?"
)
def every_batch_full(t, N, B):
    return t * B


@evaluations_exercise.mistake("Those are the updates. Each touches several samples; how many?")
def updates_themselves(t, N, B):
    return t


@evaluations_exercise.mistake("Each of your updates touches all samples: that is the batch.")
def all_samples_in_each(t, N, B):
    return t * N


@evaluations_exercise.mistake(
    "Your epoch ends before its short batch. How many updates does it take to see all N samples?"
)
def epoch_without_its_short_batch(t, N, B):
    epochs, rest = divmod(t, N // B)
    return epochs * N + rest * B


@evaluations_exercise.mistake(
    "You counted whole epochs only. What have the updates since the last of them cost?"
)
def whole_epochs_only(t, N, B):
    return t // -(-N // B) * N


@evaluations_exercise.mistake(
    "You stopped at the end of the data. An epoch is followed by another, and costs N again."
)
def first_epoch_only(t, N, B):
    return min(t * B, N)


@evaluations_exercise.mistake("That is one update too many. What have 0 updates cost?")
def one_update_too_many(t, N, B):
    return evaluations(t + 1, N, B)


@evaluations_exercise.mistake(
    "You spread the epoch evenly over its updates. Full batches cost B each, only the last less."
)
def epoch_spread_evenly(t, N, B):
    return t * N / -(-N // B)


def cheapest(updates, sizes, overhead):
    """Return the batch size that arrives at the least cost."""
    cost = updates * (overhead + sizes)
    return sizes[cost.argmin()]


cheapest_exercise = CodeExercise(
    id="three_variants.cheapest",
    title="The batch size to choose",
    difficulty="medium",
    minutes=5,
    text=r"""
For each batch size in the array `sizes` we have measured how many updates it needs to the target:
`updates`, an array of the same length, with `inf` where a size never arrived. An update over $B$
samples costs `overhead` $+\, B$. Write `cheapest(updates, sizes, overhead)`: the batch size that
arrives at the least cost.
""",
    hints=(
        "What does one size pay in all? There are as many payments as updates.",
        "All costs at once: an array of the length of `sizes`.",
        "`argmin` gives the place of the least cost; the question is about the size at that place.",
    ),
    explanation=r"""
$C_B = T_B (c + B)$ for all sizes at once, then the size at the smallest. A size that never arrives
has the cost `inf` and takes care of itself.
""",
    solution=cheapest,
    probes=(
        (np.array([1000.0, 120.0, 30.0]), np.array([1, 16, 256]), 20.0),
        (np.array([1000.0, 90.0, 40.0]), np.array([1, 16, 256]), 0.0),
        (np.array([1000.0, 120.0, 30.0]), np.array([1, 16, 256]), 1e5),
        (np.array([700.0, 60.0, inf, 35.0]), np.array([2, 32, 64, 1437]), 100.0),
        (np.array([inf, 35.0, 50.0, 300.0]), np.array([1, 1437, 64, 8]), 300.0),
    ),
    returns=("size",),
)


@cheapest_exercise.mistake(
    "You chose the fewest updates, as if each cost the same. What does one over B samples cost?"
)
def fewest_updates(updates, sizes, overhead):
    return sizes[updates.argmin()]


@cheapest_exercise.mistake("You chose the fewest gradient evaluations. Where is the overhead?")
def fewest_evaluations(updates, sizes, overhead):
    return sizes[(updates * sizes).argmin()]


@cheapest_exercise.mistake("That is its place in the list. Which size stands there?")
def place_for_size(updates, sizes, overhead):
    return (updates * (overhead + sizes)).argmin()


@cheapest_exercise.mistake("That is what the best size pays. Which size is it?")
def cost_for_size(updates, sizes, overhead):
    return (updates * (overhead + sizes)).min()


@cheapest_exercise.mistake(
    "You chose the cheapest update, which is always the smallest. How many of them are needed?"
)
def cheapest_update(updates, sizes, overhead):
    return sizes[(overhead + sizes).argmin()]


@cheapest_exercise.mistake(
    "You chose where a sample is cheapest, which is always the largest batch. "
    "How often must it be paid for?"
)
def cheapest_sample(updates, sizes, overhead):
    return sizes[((overhead + sizes) / sizes).argmin()]


@cheapest_exercise.mistake("That one is the dearest of those that arrive.")
def dearest(updates, sizes, overhead):
    cost = updates * (overhead + sizes)
    return sizes[np.where(np.isfinite(cost), cost, 0).argmax()]


T = np.array([0, 1, 2, 4, 8, 16])


def settled(t, losses, target):
    """Return the first count from which each run stays there, or inf."""
    stays = np.logical_and.accumulate((losses <= target)[::-1])[::-1]
    first = t[stays.argmax(axis=0)]
    return np.where(stays.any(axis=0), first, np.inf)


settled_exercise = CodeExercise(
    id="three_variants.settled",
    title="Arrived for good",
    difficulty="medium",
    minutes=10,
    text=r"""
The chapter's `arrival` takes the first time that a loss is at the target, and a noisy run may jump
away again. Be stricter. `losses` has a row for each recorded count of updates in `t`, and a column
for each run. Write `settled(t, losses, target)`: for each run the first of the counts from which on
*all* its recorded losses are at or below `target`, to the end; `np.inf` for a run that is above at
the end. A run that has diverged holds `nan` from some row on, and is not there.
""",
    hints=(
        "Look at one run from its end. Where does the stay at the target begin?",
        "A row counts if it and all rows after it are at the target. From the end, that is an "
        "`and` that is carried on.",
        "`np.logical_and.accumulate` carries it on down the rows; `[::-1]` turns them round, "
        "before and after. Then the first true row, and `inf` where there is none.",
    ),
    explanation=r"""
Turned round, "from here to the end" becomes "from the start to here", which is what `accumulate`
computes. `argmax` finds the first true row and says 0 where there is none: hence the `where`. And
`nan <= target` is false, as it should be, while `not (nan > target)` is true.
""",
    solution=settled,
    probes=(
        (T, np.array([[3.0, 3, 3], [2, 0.4, 2], [0.6, 0.7, 1], [0.4, 0.3, 0.9], [0.3, 0.2, 0.8],
                      [0.2, 0.1, 0.7]]), 0.5),
        (T, np.array([[0.4, 2.0], [0.3, 1], [0.2, 0.5], [0.2, 0.5], [0.2, 0.5], [0.1, 0.4]]), 0.5),
        (T, np.array([[2.0, 2], [0.3, 1], [nan, 0.9], [nan, 0.4], [nan, 0.6], [nan, 0.2]]), 0.5),
        (T[:4], np.array([[2.0, 2.0], [0.3, 0.2], [0.1, 0.3], [0.6, 0.1]]), 0.3),
    ),
    returns=("counts",),
)  # fmt: skip


@settled_exercise.mistake(
    "That is the first time at the target. Does every run stay there from then on?"
)
def first_time(t, losses, target):
    there = losses <= target
    return np.where(there.any(axis=0), t[there.argmax(axis=0)], np.inf)


@settled_exercise.mistake(
    "That is the first time at the target, and the first count where there is none. Does every run "
    "stay there? And what says `argmax` where nothing is true?"
)
def first_time_or_the_start(t, losses, target):
    return t[(losses <= target).argmax(axis=0)]


@settled_exercise.mistake(
    "That is the last count at which the run was still above. From which count on is it there?"
)
def last_count_above(t, losses, target):
    stays = np.logical_and.accumulate((losses <= target)[::-1])[::-1]
    before = t[np.maximum(stays.argmax(axis=0) - 1, 0)]
    return np.where(stays.any(axis=0), before, np.inf)


@settled_exercise.mistake("A loss equal to the target is at the target: yours asks for less.")
def equal_is_not_enough(t, losses, target):
    return settled(t, losses, np.nextafter(target, -np.inf))


@settled_exercise.mistake("Those are numbers of rows. How many updates had been made there?")
def rows_for_counts(t, losses, target):
    return settled(np.arange(len(t)), losses, target)


@settled_exercise.mistake("A run that is above at the end has no such count: the answer is inf.")
def above_counts_as_the_end(t, losses, target):
    counts = settled(t, losses, target)
    return np.where(np.isinf(counts), t[-1], counts)


@settled_exercise.mistake(
    "For a run that is above at the end yours gives the first count: `argmax` of nothing true is 0."
)
def above_counts_as_the_start(t, losses, target):
    stays = np.logical_and.accumulate((losses <= target)[::-1])[::-1]
    return t[stays.argmax(axis=0)]


@settled_exercise.mistake(
    "A run that has diverged counts as arrived in yours. Is nan greater than the target?"
)
def diverged_is_there(t, losses, target):
    return settled(t, np.where(np.isnan(losses), -np.inf, losses), target)


@settled_exercise.mistake(
    "A run that is at the target from the first row on never was above: when did it arrive?"
)
def always_there_is_never(t, losses, target):
    counts = settled(t, losses, target)
    return np.where(counts == t[0], np.inf, counts)


@settled_exercise.mistake("One number came out. Each run has a count of its own.")
def runs_merged(t, losses, target):
    stays = np.logical_and.accumulate((losses <= target).all(axis=1)[::-1])[::-1]
    return t[stays.argmax()] if stays.any() else np.inf


def tuned(needed):
    """Return the place of the best rate, and its median."""
    medians = np.median(needed, axis=1)
    best = medians.argmin()
    return best, medians[best]


tuned_exercise = CodeExercise(
    id="three_variants.tuned",
    title="The fair number of a method",
    difficulty="hard",
    minutes=8,
    text=r"""
`needed` has a row for each learning rate and a column for each seed: the gradient evaluations to
the target, `inf` where that run never arrived. The fair number of a method is that of its best
rate, and a rate is as good as the *median* of its seeds. Write `tuned(needed)`, which returns two
values: the place of the best rate (0 for the first row), and its median.
""",
    hints=(
        "First one number for each rate, then the best of the rates. In this order.",
        "A median does not mind a few `inf`, as long as fewer than half of the runs are lost.",
        "`np.median(needed, axis=1)` is one number a row.",
    ),
    explanation=r"""
The seed is luck, and luck cannot be chosen; the rate can. So the seeds are summed up first, and the
minimum is taken over rates alone. Runs that never arrived stay in: dropping them rewards a rate
that is quick when it does not fail.
""",
    solution=tuned,
    probes=(
        (np.array([[900.0, 950, 980, 1000, 1100], [700, 720, 800, 850, inf], [300, 400, inf, inf,
                   inf], [500, 890, 900, 910, 2000]]),),
        (np.array([[650.0, 400, 640], [500, 520, 510], [200, 900, 910]]),),
        (np.array([[inf, inf, inf, inf], [60, 80, 70, 50], [20, 90, 100, inf]]),),
        (np.array([[300.0, 310], [290, 340], [350, 260], [200, 500]]),),
    ),
    returns=("rate", "evaluations"),
)  # fmt: skip


@tuned_exercise.mistake(
    "You took the mean of the seeds. A single run that never arrived makes it infinite."
)
def mean_of_the_seeds(needed):
    means = np.mean(needed, axis=1)
    return means.argmin(), means.min()


@tuned_exercise.mistake(
    "You gave each rate its luckiest seed. Would another ten seeds be as lucky?"
)
def luckiest_seed(needed):
    least = needed.min(axis=1)
    return least.argmin(), least.min()


@tuned_exercise.mistake(
    "You left out the runs that never arrived. A rate that fails often looks quick that way."
)
def lost_runs_left_out(needed):
    medians = np.array([np.median(row[np.isfinite(row)], axis=-1) if np.isfinite(row).any()
                        else np.inf for row in needed])  # fmt: skip
    return medians.argmin(), medians.min()


@tuned_exercise.mistake(
    "Each seed chose its own best rate in yours. The rate is chosen once, before the seed is known."
)
def best_rate_of_each_seed(needed):
    return np.median(needed, axis=1).argmin(), np.median(needed.min(axis=0))


@tuned_exercise.mistake("You took medians over the rates. Rows are rates, columns are seeds.")
def median_over_the_rates(needed):
    medians = np.median(needed, axis=0)
    return medians.argmin(), medians.min()


@tuned_exercise.mistake("You counted the arrivals and forgot how long they took.")
def most_arrivals(needed):
    best = np.isfinite(needed).sum(axis=1).argmax()
    return best, np.median(needed[best])


@tuned_exercise.mistake("That is the rate that needs most. Few evaluations are good.")
def slowest_rate(needed):
    medians = np.median(needed, axis=1)
    return medians.argmax(), medians.max()


@tuned_exercise.mistake("Both are there, in the other order: first the place, then the median.")
def other_order(needed):
    best, median = tuned(needed)
    return median, best


@tuned_exercise.mistake("Your rate is right; the second value is its mean, not its median.")
def mean_of_the_best_rate(needed):
    best = np.median(needed, axis=1).argmin()
    return best, np.mean(needed[best])


clock = ChoiceExercise(
    id="three_variants.clock",
    title="Paid by the label",
    difficulty="easy",
    minutes=2,
    text=r"""
A doctor labels X-ray images while a model learns. Each label is used in one update and never again,
and the doctor is paid for each; computing is free and nobody is in a hurry. Which panel of the
chapter's first figure shows what the runs cost?
""",
    hints=("What does an update over 32 images cost more than an update over one?",),
    choices=(
        (
            "the left one, updates",
            "An update over all images would then cost no more than one over a single image.",
        ),
        (
            "the middle one, gradient evaluations",
            "A label is a sample touched, and an update costs B of them: the overhead is 0.",
        ),
        (
            "the right one, seconds",
            "Nobody waits for the machine here. What is the bill for?",
        ),
        (
            "none, for a stream of labels has no epochs",
            "It has none, and needs none: what is paid for can be counted without them.",
        ),
    ),
    right="b",
    names=("updates", "", "seconds", "no_epochs"),
    explanation=r"""
Where samples are what costs, the price of an update is $B$, and single samples are hard to beat.
""",
)

updates_number = NumberExercise(
    id="three_variants.updates",
    title="Updates in some epochs",
    difficulty="easy",
    minutes=3,
    text=r"""
1,000 samples, batches of 48, 7 epochs; each epoch visits every sample once, and a short batch at
its end counts. How many updates are that?
""",
    hints=(
        "How many batches does one epoch have, the short one included?",
        "20 full batches are 960 samples.",
        "Every epoch ends with its own short batch: multiply last.",
    ),
    answer=147.0,
    exact="7 · 21 = 147",
    tolerance=5e-4,
    wrong={
        "short_batch_dropped": (140.0, "The last 40 samples of each epoch make an update too."),
        "batches_across_epochs": (
            146.0,
            "You filled the batches across the end of the epochs. Each epoch ends by itself.",
        ),
        "fraction": (
            7000 / 48,
            "There are only whole updates. What becomes of the samples that fill no batch?",
        ),
        "one_epoch": (21.0, "That is one epoch."),
        "single_samples": (7000.0, "That is one sample at a time."),
        "whole_batch": (7.0, "That is all samples at a time."),
        "samples_for_updates": (336.0, "That is 7 times 48: how many samples, in how many steps?"),
    },
    explanation=r"""
$\lceil 1000 / 48 \rceil = 21$ in each epoch, the last of them on 40 samples.
""",
)

crossover = NumberExercise(
    id="three_variants.crossover",
    title="The price at which two sizes are equal",
    difficulty="medium",
    minutes=4,
    text=r"""
Batches of 10 need 600 updates to a target, batches of 100 need 100. An update over $B$ samples
costs $c + B$. At which overhead $c$ do the two arrive at the same cost?
""",
    hints=(
        "What does each pay in all, as a function of c?",
        "600 (c + 10) = 100 (c + 100).",
        "Collect c on one side: evaluations wasted over updates saved.",
    ),
    answer=8.0,
    exact="4000/500 = 8",
    wrong={
        "turned_round": (0.125, "You divided the updates by the evaluations: turn it round."),
        "sum_of_updates": (
            4000 / 700,
            "You divided by the sum of the updates. Both sides have a c: what is left of them?",
        ),
        "evaluations_wasted": (4000.0, "Those are the evaluations wasted. Over which updates?"),
        "updates_saved": (500.0, "Those are the updates saved. What was wasted for them?"),
        "ratio_of_evaluations": (
            10 / 6,
            "That is how many times more evaluations the larger needs. Overheads are missing.",
        ),
        "sum_of_evaluations": (32.0, "You added the evaluations. Both sides have a c: subtract."),
        "difference_of_sizes": (90.0, "That is how much larger the batch is. How many of each?"),
    },
    explanation=r"""
$600\,(c + 10) = 100\,(c + 100)$, so $500\, c = 10000 - 6000$. Below an overhead of 8 samples the
small batch is cheaper, above it the large one.
""",
)

twice = ChoiceExercise(
    id="three_variants.twice",
    title="Every sample twice",
    difficulty="medium",
    minutes=4,
    text=r"""
A data set is copied, so that every sample is stored twice; the loss, a mean, is the same function
as before. Batch descent, and stochastic descent with random draws, run to the same loss at the
same rates as before. What changes in the counts?
""",
    hints=(
        "Is the batch gradient another one now? Is a random draw?",
        "The walks are the same, update for update. What does each update cost, and how many are "
        "an epoch?",
    ),
    choices=(
        (
            "nothing: the loss is the same function",
            "The walks are the same. But what does the batch pay for each of its updates now?",
        ),
        (
            "the batch needs twice the evaluations; stochastic descent the same, in half the "
            "epochs",
            "The walks are the same. An update of the batch touches 2 N samples now, and an epoch "
            "has twice as many draws.",
        ),
        (
            "both need twice the evaluations, as there is twice the data",
            "A random draw has the same distribution as before; why should it take more of them?",
        ),
        (
            "both need the same evaluations and half the epochs",
            "For a draw that is so. How many samples does one update of the batch touch now?",
        ),
    ),
    right="b",
    names=("nothing", "", "both_twice", "both_half"),
    explanation=r"""
Copies teach nothing, and the batch pays for them all the same. Per epoch stochastic descent now
looks twice as fast as before, without doing anything else: an epoch is a unit of data, and not of
work or of progress.
""",
)

floor = NumberExercise(
    id="three_variants.floor",
    title="The largest rate for a target",
    difficulty="hard",
    minutes=6,
    text=r"""
As in *Break it*, $J(w) = \frac1N \sum_i (w - y_i)^2$ and single random samples, but now the $y_i$
have mean 0 and *variance 4*. Below which constant rate can the mean excess loss, $\mathbb{E}\,w^2$,
come down to 1?
""",
    hints=(
        "One step: w becomes w - 2η (w - y). What happens to the mean of w²?",
        "It is multiplied by (1 - 2η)² and 4η² times the variance of y is added.",
        "The floor is where both balance. Which rate makes it 1?",
    ),
    answer=0.2,
    exact="1/5 = 0.2",
    wrong={
        "variance_forgotten": (0.5, "That is for variance 1. The noise is stronger here."),
        "small_rate": (
            0.25,
            "That is the floor for small rates, 4η. At this size its denominator matters.",
        ),
        "standard_deviation": (1 / 3, "You put the standard deviation, 2, for the variance."),
        "turned_round": (0.8, "Turn your quotient round: a larger variance asks for less rate."),
        "variance_squared": (1 / 17, "You squared the variance: 4 is the square already."),
        "half_the_rate": (0.1, "Half of it. Check the factor 2 of the gradient."),
        "stability": (1.0, "That is where the mean square diverges. The floor is high before."),
    },
    explanation=r"""
$\mathbb{E}\, w_{t+1}^2 = (1 - 2\eta)^2\, \mathbb{E}\, w_t^2 + 4\eta^2 \cdot 4$ comes to rest at
$16 \eta^2 / (4\eta - 4\eta^2) = 4\eta / (1 - \eta)$, which is 1 at $\eta = \frac15$.
""",
)

EXERCISES: list[Exercise] = [
    clock,
    updates_number,
    evaluations_exercise,
    crossover,
    twice,
    cheapest_exercise,
    settled_exercise,
    floor,
    tuned_exercise,
]
