"""Exercises on decay: schedules as functions of t, and what each of them makes of the noise."""

from __future__ import annotations

import numpy as np

from ...schedules import Cosine, Step
from ..exercise import ChoiceExercise, CodeExercise, Exercise, NumberExercise

UPDATES = np.arange(14)
TERMS = np.arange(1, 100)


def by_the_package(t, first, gamma, every):
    """Return the step schedule of the package."""
    return Step(first, gamma, every)(t)


def step(t, first, gamma, every):
    """Return the rate of update t, a number or an array."""
    return first * gamma ** (t // every)


step_exercise = CodeExercise(
    id="decay.step",
    title="Draw the stairs",
    difficulty="easy",
    minutes=6,
    text=r"""
Write `step(t, first, gamma, every)`, the rate of update `t` under step decay: `first` at update 0,
and multiplied by `gamma` after every `every` updates, so that update `every` is the first with a
new rate. To be drawn, it must take an array of updates as well as a single one, and return the
rate of each.
""",
    hints=(
        "How many times has the rate been multiplied by gamma before update t?",
        "Count whole periods only. For integers `//` does that, for arrays of them too.",
        "first times gamma to the power of that count.",
    ),
    explanation=r"""
$\lfloor t/\tau \rfloor$ counts the periods that are complete. A pure function of $t$ needs no
memory: it can be drawn before the run, and a run can be resumed at any update.
""",
    solution=step,
    reference=by_the_package,
    probes=(
        (UPDATES, 0.4, 0.1, 4),
        (UPDATES, 1.0, 0.7, 5),
        (0, 0.3, 0.2, 3),
        (6, 0.3, 0.2, 3),
        (8, 0.3, 0.2, 3),
    ),
    returns=("rate",),
)


@step_exercise.mistake(
    "Your rate falls at every update: part of a period counts too. What is constant on a stair?"
)
def falls_between_the_stairs(t, first, gamma, every):
    return first * gamma ** (t / every)


@step_exercise.mistake(
    "Your rate falls once too often from the start: update 0 uses `first` itself."
)
def first_rate_never_used(t, first, gamma, every):
    return first * gamma ** (t // every + 1)


@step_exercise.mistake(
    "Your stairs begin one update early. Is update `every` - 1 the last with the old rate?"
)
def one_update_early(t, first, gamma, every):
    return first * gamma ** ((t + 1) // every)


@step_exercise.mistake(
    "Your stairs begin one update late: update `every` still has the old rate, as in Keras. "
    "Which is to be the first with the new one?"
)
def one_update_late(t, first, gamma, every):
    return first * gamma ** (np.maximum(t - 1, 0) // every)


@step_exercise.mistake(
    "Your stairs begin one update late, and update 0 lies on a stair above `first`: -1 // every "
    "is -1. What does update 0 use?"
)
def one_update_late_from_above(t, first, gamma, every):
    return first * gamma ** ((t - 1.0) // every)


@step_exercise.mistake(
    "Your rate falls at update 1 already: a period that has only begun counts. When is one "
    "complete?"
)
def rounded_up(t, first, gamma, every):
    return first * gamma ** np.ceil(t / every)


@step_exercise.mistake(
    "Yours takes one update and no array of them. Compute with `t` itself: `//` and `**` work "
    "element by element."
)
def number_only(t, first, gamma, every):
    return first * gamma ** int(t / every)


@step_exercise.mistake(
    "Yours takes one update: an array of them has no single answer to a comparison. Can you do "
    "without one?"
)
def loop_over_one_update(t, first, gamma, every):
    rate = first
    while t >= every:
        rate, t = rate * gamma, t - every
    return rate


@step_exercise.mistake(
    "Your rate falls once and never again. How many periods may be complete at update t?"
)
def one_stair_only(t, first, gamma, every):
    return np.where(t < every, first, first * gamma)


@step_exercise.mistake("You took `gamma` off the rate. What is a factor for?")
def subtracted(t, first, gamma, every):
    return first - gamma * (t // every)


@step_exercise.mistake(
    "Your rate loses the share `gamma` at each stair. Which share of it is to be left?"
)
def share_taken_away(t, first, gamma, every):
    return first * (1 - gamma) ** (t // every)


@step_exercise.mistake(
    "You multiplied by `gamma` at every update. What does `every` do in your function?"
)
def multiplied_at_every_update(t, first, gamma, every):
    return first * gamma**t


@step_exercise.mistake(
    "Your stairs are half a period early: the number of periods was rounded. When is one complete?"
)
def periods_rounded(t, first, gamma, every):
    return first * gamma ** np.round(t / every)


@step_exercise.mistake(
    "You multiplied by the number of periods. What are two falls by the same factor together?"
)
def times_the_number_of_falls(t, first, gamma, every):
    return first * gamma * (t // every)


def mean_squares(m, schedule, lam, sigma, batch_size, num_steps):
    """Return the mean of x squared at the start and after each update."""
    values = [m]
    for t in range(num_steps):
        lr = schedule(t)
        m = (1 - lr * lam) ** 2 * m + lr**2 * sigma**2 / batch_size
        values.append(m)
    return np.array(values)


def third(t):
    """Return a rate that falls to a third in three updates."""
    return 0.6 / (1 + t)


def slow(t):
    """Return a rate that falls by a fifth at every update."""
    return 0.3 * 0.8**t


mean_squares_exercise = CodeExercise(
    id="decay.mean_squares",
    title="Any schedule, without a sample",
    difficulty="medium",
    minutes=8,
    text=r"""
On $f(x) = \frac12 \lambda x^2$ each update averages `batch_size` gradients, all at the same point.
Each of them has noise of its own, independent, with mean 0 and *standard deviation* `sigma`. Write
`mean_squares(m, schedule, lam, sigma, batch_size, num_steps)`: `m` is the mean of $x^2$ at the
start, and `schedule(t)` the rate of update `t`, the first of which is 0. Return the mean of $x^2$
as an array of `num_steps + 1` numbers, the start first.
""",
    hints=(
        "What is the variance of the mean of B independent noises?",
        "It is the variance of one, divided by B. The rest is the recursion of the chapter.",
        "In each turn: ask the schedule for the rate of t, update m, append it.",
    ),
    explanation=r"""
The mean of $B$ independent noises has variance $\sigma^2/B$, so
$\mathbb{E}\,x_{t+1}^2 = (1 - \eta_t\lambda)^2\,\mathbb{E}\,x_t^2 + \eta_t^2\sigma^2/B$. A batch
four times as large and a rate half as large put the same noise into one update; only the first
leaves the speed as it is.
""",
    solution=mean_squares,
    probes=(
        (4.0, third, 0.5, 3.0, 2, 5),
        (2.0, slow, 2.0, 0.5, 5, 4),
        (9.0, slow, 1.5, 2.0, 3, 1),
    ),
    returns=("values",),
)


@mean_squares_exercise.mistake(
    "Your start shrinks by 1 - rate * lam. x is multiplied by that; what happens to its square?"
)
def factor_not_squared(m, schedule, lam, sigma, batch_size, num_steps):
    values = [m]
    for t in range(num_steps):
        lr = schedule(t)
        m = (1 - lr * lam) * m + lr**2 * sigma**2 / batch_size
        values.append(m)
    return np.array(values)


@mean_squares_exercise.mistake(
    "The noise is multiplied by the rate. By what is its variance multiplied?"
)
def rate_of_the_noise_not_squared(m, schedule, lam, sigma, batch_size, num_steps):
    values = [m]
    for t in range(num_steps):
        lr = schedule(t)
        m = (1 - lr * lam) ** 2 * m + lr * sigma**2 / batch_size
        values.append(m)
    return np.array(values)


@mean_squares_exercise.mistake("`sigma` is a standard deviation. What is the variance?")
def deviation_for_variance(m, schedule, lam, sigma, batch_size, num_steps):
    values = [m]
    for t in range(num_steps):
        lr = schedule(t)
        m = (1 - lr * lam) ** 2 * m + lr**2 * sigma / batch_size
        values.append(m)
    return np.array(values)


@mean_squares_exercise.mistake(
    "Your noise is that of a single gradient. What does averaging a batch do to its variance?"
)
def batch_forgotten(m, schedule, lam, sigma, batch_size, num_steps):
    return mean_squares(m, schedule, lam, sigma, 1, num_steps)


@mean_squares_exercise.mistake(
    "You divided the variance by the square of the batch size. A sum of B independent noises has "
    "B times the variance; what is left of that in their mean?"
)
def batch_size_squared(m, schedule, lam, sigma, batch_size, num_steps):
    return mean_squares(m, schedule, lam, sigma, batch_size**2, num_steps)


@mean_squares_exercise.mistake(
    "You divided the variance by the root of the batch size. To which quantity does the root "
    "belong: variance, or standard deviation?"
)
def root_of_the_batch_size(m, schedule, lam, sigma, batch_size, num_steps):
    return mean_squares(m, schedule, lam, sigma, batch_size**0.5, num_steps)


@mean_squares_exercise.mistake(
    "Your noise grows with the batch. That of a sum would; each update takes a mean."
)
def sum_over_the_batch(m, schedule, lam, sigma, batch_size, num_steps):
    return mean_squares(m, schedule, lam, sigma, 1 / batch_size, num_steps)


@mean_squares_exercise.mistake(
    "Your first update uses the rate of update 1. With which does a schedule begin?"
)
def schedule_from_one(m, schedule, lam, sigma, batch_size, num_steps):
    return mean_squares(m, lambda t: schedule(t + 1), lam, sigma, batch_size, num_steps)


@mean_squares_exercise.mistake(
    "Every update used the rate of update 0. Where must the schedule be asked?"
)
def rate_never_falls(m, schedule, lam, sigma, batch_size, num_steps):
    return mean_squares(m, lambda t: schedule(0), lam, sigma, batch_size, num_steps)


@mean_squares_exercise.mistake("The start is missing: it is the first of `num_steps + 1` numbers.")
def start_left_out(m, schedule, lam, sigma, batch_size, num_steps):
    return mean_squares(m, schedule, lam, sigma, batch_size, num_steps)[1:]


@mean_squares_exercise.mistake(
    "The mean after the last update is missing: `num_steps` updates have `num_steps + 1` values."
)
def end_left_out(m, schedule, lam, sigma, batch_size, num_steps):
    return mean_squares(m, schedule, lam, sigma, batch_size, num_steps)[:-1]


@mean_squares_exercise.mistake("Your start shrinks by 1 - rate. What became of the curvature?")
def curvature_forgotten(m, schedule, lam, sigma, batch_size, num_steps):
    return mean_squares(m, schedule, 1.0, sigma, batch_size, num_steps)


@mean_squares_exercise.mistake("`m` is a mean square already. You squared it once more.")
def square_squared(m, schedule, lam, sigma, batch_size, num_steps):
    return mean_squares(m**2, schedule, lam, sigma, batch_size, num_steps)


@mean_squares_exercise.mistake(
    "You multiplied the noise by the curvature. Is it part of the gradient, or of the point?"
)
def curvature_in_the_noise(m, schedule, lam, sigma, batch_size, num_steps):
    return mean_squares(m, schedule, lam, lam * sigma, batch_size, num_steps)


@mean_squares_exercise.mistake(
    "Nothing but the start is in your numbers. What does each update put in?"
)
def noise_forgotten(m, schedule, lam, sigma, batch_size, num_steps):
    return mean_squares(m, schedule, lam, 0.0, batch_size, num_steps)


@mean_squares_exercise.mistake(
    "Your noise takes away. Noise in either direction makes the mean of a square larger."
)
def noise_subtracted(m, schedule, lam, sigma, batch_size, num_steps):
    return mean_squares(m, schedule, lam, sigma, -batch_size, num_steps)


def held_cosine(t, first, last, hold, num_steps):
    """Return the package's cosine, begun after some updates at its first value."""
    return Cosine(first, num_steps - hold, last)(np.maximum(t - hold, 0))


def cosine(t, first, last, hold, num_steps):
    """Return the rate of update t: held, lowered by a cosine, kept."""
    past = np.clip((t - hold) / (num_steps - hold), 0, 1)
    return last + (first - last) * (1 + np.cos(np.pi * past)) / 2


cosine_exercise = CodeExercise(
    id="decay.cosine",
    title="Hold, then fall along a cosine",
    difficulty="medium",
    minutes=10,
    text=r"""
Many long runs keep their first rate for most of the time and decay only at the end. Write
`cosine(t, first, last, hold, num_steps)`, the rate of update `t`, a number or an array of them:
`first` up to and including update `hold`; from there half a cosine, which reaches `last` at update
`num_steps`; and `last` from then on.
""",
    hints=(
        "Which share of the fall is past at update t? 0 at `hold`, 1 at `num_steps`.",
        "Before `hold` the share is to stay 0, after `num_steps` 1: `np.clip(share, 0, 1)`.",
        "(1 + cos(pi * share)) / 2 goes from 1 to 0. Put `first` and `last` at its ends.",
    ),
    explanation=r"""
The share of the fall that is past, clipped to lie between 0 and 1, does all three parts at once.
Without the clip a cosine comes up again on both sides, as torch's does after its `T_max`. The long
part at the first rate buys area, and may be prolonged while the run goes on.
""",
    solution=cosine,
    reference=held_cosine,
    probes=(
        (UPDATES, 0.4, 0.05, 3, 10),
        (UPDATES, 2.0, 0.5, 0, 8),
        (5, 0.3, 0.1, 2, 9),
        (12, 0.3, 0.1, 2, 9),
        (1, 0.3, 0.1, 2, 9),
    ),
    returns=("rate",),
)


@cosine_exercise.mistake(
    "Your rate goes down and up again before `num_steps`: that is a whole period of the cosine. "
    "Which part of it falls?"
)
def whole_period(t, first, last, hold, num_steps):
    past = np.clip((t - hold) / (num_steps - hold), 0, 1)
    return last + (first - last) * (1 + np.cos(2 * np.pi * past)) / 2


@cosine_exercise.mistake(
    "Your rate hardly moves. `np.cos` takes radians; how many are half a period?"
)
def pi_forgotten(t, first, last, hold, num_steps):
    past = np.clip((t - hold) / (num_steps - hold), 0, 1)
    return last + (first - last) * (1 + np.cos(past)) / 2


@cosine_exercise.mistake("`np.cos` takes radians. Half a period is not 180 of them.")
def degrees(t, first, last, hold, num_steps):
    past = np.clip((t - hold) / (num_steps - hold), 0, 1)
    return last + (first - last) * (1 + np.cos(180 * past)) / 2


@cosine_exercise.mistake(
    "Your first rate is too high: 1 + cos is 2 at its top. What brings it down to 1?"
)
def half_forgotten(t, first, last, hold, num_steps):
    past = np.clip((t - hold) / (num_steps - hold), 0, 1)
    return last + (first - last) * (1 + np.cos(np.pi * past))


@cosine_exercise.mistake(
    "Your rate rises again after `num_steps`, as torch's does. What is it to do there?"
)
def rises_again(t, first, last, hold, num_steps):
    past = np.maximum(t - hold, 0) / (num_steps - hold)
    return last + (first - last) * (1 + np.cos(np.pi * past)) / 2


@cosine_exercise.mistake(
    "Your rate is below `first` before `hold`: a cosine falls on both sides of its top. "
    "What is it to do there?"
)
def falls_before_the_hold(t, first, last, hold, num_steps):
    past = np.minimum((t - hold) / (num_steps - hold), 1)
    return last + (first - last) * (1 + np.cos(np.pi * past)) / 2


@cosine_exercise.mistake("Your rate falls from update 0 on. What does `hold` do in your function?")
def hold_forgotten(t, first, last, hold, num_steps):
    return cosine(t, first, last, 0, num_steps)


@cosine_exercise.mistake(
    "Your fall takes `num_steps` updates and so ends too late. How many are left after `hold`?"
)
def fall_of_full_length(t, first, last, hold, num_steps):
    return cosine(t, first, last, hold, num_steps + hold)


@cosine_exercise.mistake(
    "Your rate jumps down at `hold`, as if it had been falling all along. Where is the fall to "
    "begin?"
)
def jumps_after_the_hold(t, first, last, hold, num_steps):
    return np.where(t <= hold, first, cosine(t, first, last, 0, num_steps))


@cosine_exercise.mistake(
    "Your rate is `first` before `hold` and jumps there, as if it had been falling all along. "
    "Where is the fall to begin?"
)
def jumps_at_the_hold(t, first, last, hold, num_steps):
    return np.where(t < hold, first, cosine(t, first, last, 0, num_steps))


@cosine_exercise.mistake(
    "Your rate reaches `last` one update early, at `num_steps` - 1. It is asked for at `num_steps`."
)
def one_update_early_at_the_end(t, first, last, hold, num_steps):
    return cosine(t, first, last, hold, num_steps - 1)


@cosine_exercise.mistake(
    "At its top your rate is `first` plus `last`. Over which distance is it to fall?"
)
def last_rate_added_on_top(t, first, last, hold, num_steps):
    return last + first * (1 + np.cos(np.pi * np.clip((t - hold) / (num_steps - hold), 0, 1))) / 2


@cosine_exercise.mistake(
    "Your rate falls to 0. What is it to end at?",
)
def last_rate_forgotten(t, first, last, hold, num_steps):
    return cosine(t, first, 0.0, hold, num_steps)


@cosine_exercise.mistake(
    "Your rate falls along a quarter of a period, steepest at its end. Half a period is flat at "
    "both ends."
)
def quarter_period(t, first, last, hold, num_steps):
    past = np.clip((t - hold) / (num_steps - hold), 0, 1)
    return last + (first - last) * np.cos(np.pi / 2 * past)


@cosine_exercise.mistake("After `num_steps` your rate is 0. What is it to be from then on?")
def nothing_after_the_end(t, first, last, hold, num_steps):
    return np.where(t > num_steps, 0.0, cosine(t, first, last, hold, num_steps))


@cosine_exercise.mistake(
    "Your rates were cut to whole numbers: an array made like `t` holds integers, as `t` does."
)
def whole_numbers(t, first, last, hold, num_steps):
    rates = np.full_like(t, first)
    rates[...] = cosine(t, first, last, hold, num_steps)
    return rates


@cosine_exercise.mistake(
    "Yours takes one update: an array of them has no single answer to a comparison. `np.where` or "
    "`np.clip` asks for each."
)
def comparison_of_one_update(t, first, last, hold, num_steps):
    if t <= hold:
        return first
    return cosine(t, first, last, hold, num_steps)


@cosine_exercise.mistake("Your rate rises from `last` to `first`. Which is the higher end?")
def turned_round(t, first, last, hold, num_steps):
    return cosine(t, last, first, hold, num_steps)


@cosine_exercise.mistake("Your fall is a straight line. Where does the cosine come in?")
def straight_line(t, first, last, hold, num_steps):
    past = np.clip((t - hold) / (num_steps - hold), 0, 1)
    return last + (first - last) * (1 - past)


def best_rate(m, lam, sigma):
    """Return the rate with the lowest expected loss after an update."""
    return np.sum(lam**2 * m) / np.sum(lam * (lam**2 * m + sigma**2))


best_rate_exercise = CodeExercise(
    id="decay.best_rate",
    title="The best rate for the next update",
    difficulty="hard",
    minutes=12,
    text=r"""
In one direction the best next rate is known. Now $x$ has several directions and one rate for all:
`lam` holds their curvatures $\lambda_i$, `m` the means of $x_i^2$ before the update, and the
gradient has noise of standard deviation `sigma` in each direction. Write
`best_rate(m, lam, sigma)`, the rate that makes the expected loss
$\frac12 \sum_i \lambda_i\, \mathbb{E}\,x_i^2$ after the update as small as it can be. `m` and
`lam` are arrays of one length.
""",
    hints=(
        "Write down the expected loss after an update at rate η: half a sum of λ_i times the "
        "recursion of direction i. It is a parabola in η.",
        "Set its derivative to zero: the sum of λ_i (-2 λ_i (1 - η λ_i) m_i + 2 η σ²) is 0.",
        "Collect η: it stands in λ_i³ m_i and in λ_i σ², each summed over the directions.",
    ),
    explanation=r"""
The derivative of $\frac12 \sum_i \lambda_i \bigl((1 - \eta\lambda_i)^2 m_i + \eta^2\sigma^2\bigr)$
vanishes at $\eta = \sum_i \lambda_i^2 m_i \,/\, \sum_i \lambda_i (\lambda_i^2 m_i + \sigma^2)$. In
one direction this is the chapter's formula, and greed is best for the whole run. In several it is
not: to be quiet at once it starves the flat directions.
""",
    solution=best_rate,
    relative=1e-5,
    probes=(
        (np.array([4.0, 9.0]), np.array([2.0, 0.5]), 3.0),
        (np.array([1.0, 5.0, 7.0]), np.array([3.0, 1.5, 0.2]), 0.5),
        (np.array([2.0]), np.array([1.5]), 2.0),
    ),
    returns=("rate",),
)


@best_rate_exercise.mistake(
    "That is the rate which makes the mean of the squared distance smallest. The loss weighs each "
    "direction by its curvature."
)
def distance_for_loss(m, lam, sigma):
    return np.sum(lam * m) / np.sum(lam**2 * m + sigma**2)


@best_rate_exercise.mistake(
    "You averaged the best rates of single directions. There is one parabola, the sum of theirs."
)
def mean_of_the_best_rates(m, lam, sigma):
    return np.mean(lam * m / (lam**2 * m + sigma**2))


@best_rate_exercise.mistake(
    "The noise in your loss does not depend on the curvature. By what is the variance of each "
    "direction multiplied in the loss?"
)
def noise_not_weighed(m, lam, sigma):
    return np.sum(lam**2 * m) / np.sum(lam**3 * m + sigma**2)


@best_rate_exercise.mistake(
    "Noise enters each of the directions, and you counted it once. Is it inside your sum?"
)
def noise_counted_once(m, lam, sigma):
    return np.sum(lam**2 * m) / (np.sum(lam**3 * m) + sigma**2)


@best_rate_exercise.mistake(
    "That is the best rate without noise, an exact line search. What does noise add to the loss?"
)
def noise_left_out(m, lam, sigma):
    return np.sum(lam**2 * m) / np.sum(lam**3 * m)


@best_rate_exercise.mistake("`sigma` is a standard deviation. What is the variance?")
def sigma_not_squared(m, lam, sigma):
    return np.sum(lam**2 * m) / np.sum(lam * (lam**2 * m + sigma))


@best_rate_exercise.mistake(
    "Your rate is twice the best: a 2 of one derivative is missing. Both terms are squares in η."
)
def two_left_over(m, lam, sigma):
    return 2 * np.sum(lam**2 * m) / np.sum(lam * (lam**2 * m + sigma**2))


@best_rate_exercise.mistake(
    "Your rate is half the best: a 2 of one derivative is missing. Both terms are squares in η."
)
def two_lost(m, lam, sigma):
    return np.sum(lam**2 * m) / np.sum(lam * (lam**2 * m + sigma**2)) / 2


@best_rate_exercise.mistake("`m` holds mean squares already. You squared them once more.")
def squares_squared(m, lam, sigma):
    return best_rate(m**2, lam, sigma)


@best_rate_exercise.mistake(
    "You weighed the noise by the square of the curvature. The noise is in the point; how often "
    "does the loss multiply its square by the curvature?"
)
def noise_weighed_twice(m, lam, sigma):
    return np.sum(lam**2 * m) / np.sum(lam**3 * m + lam**2 * sigma**2)


@best_rate_exercise.mistake(
    "You returned a rate for each direction. One rate serves all; what is minimized is a sum."
)
def rate_for_each_direction(m, lam, sigma):
    return lam * m / (lam**2 * m + sigma**2)


@best_rate_exercise.mistake(
    "That suits the steepest direction alone. The loss is a sum over all of them."
)
def steepest_direction_alone(m, lam, sigma):
    i = np.argmax(lam)
    return lam[i] * m[i] / (lam[i] ** 2 * m[i] + sigma**2)


half_time = NumberExercise(
    id="decay.tenth",
    title="From a half to a tenth",
    difficulty="easy",
    minutes=3,
    text=r"""
An exponential schedule halves the rate every 250 updates. After how many updates is the rate a
tenth of the first?
""",
    hints=(
        "What is γ, if γ to the power 250 is one half?",
        "We look for the t with (1/2) to the power t/250 equal to 1/10. Take logarithms.",
    ),
    answer=float(250 * np.log2(10)),
    exact="250 log₂ 10 = 830.482",
    wrong={
        "straight_line": (
            450,
            "You let the rate fall along a straight line. An exponential one falls by equal "
            "factors in equal times.",
        ),
        "five_halvings": (
            1250,
            "After 1,250 updates it was halved five times. What is 2 to the 5?",
        ),
        "base_e": (
            float(250 * np.log(10)),
            "You took 250 updates for a fall by the factor e. They are for a factor of 2.",
        ),
        "base_ten": (
            float(250 * np.log10(2)),
            "Turn the quotient of the logarithms round: a tenth takes longer than a half.",
        ),
        "four_stairs": (
            1000,
            "That is where a staircase of halvings first lies below a tenth. This one is smooth.",
        ),
    },
    explanation=r"""
$\gamma^{250} = \frac12$, and $\gamma^t = \frac{1}{10}$ means
$t = 250 \ln 10 / \ln 2 = 250 \log_2 10$. Keras and optax let one give such a period in place of
$\gamma$; $\gamma$ itself is so close to 1 that its digits say little.
""",
)

floors = NumberExercise(
    id="decay.floors",
    title="How much lower is the next plateau?",
    difficulty="medium",
    minutes=4,
    text=r"""
SGD on $f(x) = \frac12 x^2$, with noise of variance 1 in each gradient, has stood at the rate 3/5
until its mean square settled. The rate is halved, and it settles again. How many times lower is
the mean of $x^2$ now?
""",
    hints=(
        "Where does the mean of x² settle at a constant rate?",
        "At η/(2 - η), for λ = σ = 1.",
        "Put in 3/5 and half of it: how many times lower is the second?",
    ),
    answer=17 / 7,
    exact="(3/7)/(3/17) = 17/7 = 2.428571",
    wrong={
        "proportional": (
            2,
            "That is the limit of small rates. 3/5 is not small: what is the denominator?",
        ),
        "square_of_the_rate": (
            4,
            "One update puts in four times less noise, but it is also forgotten more slowly.",
        ),
        "distance": (
            (17 / 7) ** 0.5,
            "That is the root mean square, a distance. We ask for the mean square.",
        ),
        "turned_round": (7 / 17, "Turn it round: how many times lower, not what share."),
        "difference": (
            3 / 7 - 3 / 17,
            "That is the difference of the floors. We ask for their quotient.",
        ),
        "one_less_the_rate": (
            7 / 2,
            "You divided by 1 - η. Which number stands in place of that 1 in the floor?",
        ),
        "rate_forgotten": (
            17 / 14,
            "That is the quotient of the denominators. The floors have numerators, too.",
        ),
        "first_floor": (3 / 7, "That is the floor of the rate 3/5. Where is the next one?"),
        "next_floor": (3 / 17, "That is the next floor. How many times lower is it?"),
        "rounded": (5 / 2, "Too rough: leave the two floors as fractions, and divide."),
    },
    explanation=r"""
The floor is $\eta/(2 - \eta)$: $\frac{3}{7}$ at $\eta = \frac35$, and $\frac{3}{17}$ at
$\eta = \frac{3}{10}$. Only for small rates is it proportional to the rate.
""",
)

freeze = NumberExercise(
    id="decay.freeze",
    title="What is never walked",
    difficulty="medium",
    minutes=6,
    text=r"""
Gradient descent without noise on $f(x) = x^2$, which has curvature 2. The first rate is 1/4, and
after each update it is multiplied by 7/10. Which share of the way to the minimum is never walked?
A computer may multiply for you. Give three digits.
""",
    hints=(
        "Update t multiplies x by 1 - λη_t. What is λη_0 here?",
        "It is 1/2, and each later one 7/10 of the one before.",
        "Multiply 1 - 1/2, 1 - 7/20, ... until the product no longer changes: `np.prod`.",
    ),
    answer=float(np.prod(1 - 0.5 * 0.7 ** np.arange(1000))),
    exact="(1/2; 7/10)_∞ = 0.134209",
    tolerance=5e-3,
    wrong={
        "curvature_forgotten": (
            float(np.prod(1 - 0.25 * 0.7 ** np.arange(1000))),
            "That is for curvature 1. The gradient of x² is 2x.",
        ),
        "first_factor_forgotten": (
            float(np.prod(1 - 0.5 * 0.7 ** np.arange(1, 1000))),
            "The first factor is missing: update 0 uses the first rate itself.",
        ),
        "exponential_of_the_area": (
            float(np.exp(-0.5 / 0.3)),
            "That is e to the minus curvature times area, good for small rates. These are not.",
        ),
        "area_taken_off": (
            1 - 0.25 / 0.3,
            "You took the whole area off at once. Each update takes its share of what is left.",
        ),
        "walked": (
            1 - float(np.prod(1 - 0.5 * 0.7 ** np.arange(1000))),
            "That share is walked. Which is not?",
        ),
        "rounded_to_nothing": (
            float(np.prod(1 - 0.5 * 0.7 ** np.arange(3))),
            "You stopped after three factors. Go on until the product no longer changes.",
        ),
        "series_near_one": (
            float(np.exp(-np.sum(0.5**TERMS / TERMS**2) / 0.3)),
            "That is the approximation for γ near 1, and 7/10 is not near. Multiply the factors.",
        ),
        "in_percent": (
            100 * float(np.prod(1 - 0.5 * 0.7 ** np.arange(1000))),
            "Those are percent. Give the share, which is below 1.",
        ),
        "arrives": (0.0, "The sum of the rates is finite. Then the product is above 0."),
    },
    explanation=r"""
$\prod_t \bigl(1 - \frac12 (\frac{7}{10})^t\bigr)$. The area under the schedule is
$\frac14 / (1 - \frac{7}{10}) = \frac56$, and it is all the walk ever gets.
""",
)

flattest = NumberExercise(
    id="decay.flattest",
    title="As slow as the flattest direction demands",
    difficulty="hard",
    minutes=8,
    text=r"""
The steepest direction of a quadratic has curvature 1, the flattest 1/100. An exponential schedule
begins at the rate 1 and runs for ever. Its half-life is the number of updates in which it halves
the rate. How long must that be, about, for $\mathbb{E}\,x$ along the flattest direction to come
down to one percent of its start? (All of $\lambda\eta_t$ is small there.)
""",
    hints=(
        "For small λη_t the start is multiplied by e to the minus λ times the area.",
        "So λ times the area is ln 100. The area is η_0/(1 - γ): what is 1 - γ?",
        "γ to the power h is 1/2 for h = ln 2/(-ln γ), and -ln γ is about 1 - γ.",
    ),
    answer=100 * float(np.log(100) * np.log(2)),
    exact="100 · ln 100 · ln 2 = 319.206",
    tolerance=1e-2,
    wrong={
        "time_to_the_e_th_part": (
            100 * float(np.log(100)),
            "In that time the rate falls to its e-th part. In which is it halved?",
        ),
        "steepest_direction": (
            float(np.log(100) * np.log(2)),
            "That is enough for the steepest direction. The flattest needs a larger area.",
        ),
        "mean_square": (
            50 * float(np.log(100) * np.log(2)),
            "With that the mean of the square would come down to a percent. We ask for x itself.",
        ),
        "one_percent_of_the_way": (
            100 * float(np.log(100 / 99) * np.log(2)),
            "With that 99 percent of the start are left. We ask for one.",
        ),
        "divided_by_the_logarithm_of_two": (
            100 * float(np.log(100) / np.log(2)),
            "Is the time in which the rate is halved longer or shorter than that of a fall to its "
            "e-th part?",
        ),
        "logarithm_to_base_ten": (
            200 * float(np.log(2)),
            "The exponent in e to the minus area needs the natural logarithm of 100.",
        ),
        "area_of_one_over_the_curvature": (
            100 * float(np.log(2)),
            "An area of 1/λ leaves 1/e of the start. How much leaves a hundredth?",
        ),
    },
    explanation=r"""
$e^{-\lambda\eta_0/(1 - \gamma)} = \frac{1}{100}$ gives $1 - \gamma = \lambda/\ln 100$, and the
half-life is $\ln 2/(-\ln\gamma) \approx \ln 2 \cdot \ln 100/\lambda$. The steep direction,
which is all one sees in the loss at first, would do with a hundredth of it.
""",
)

per_batch = ChoiceExercise(
    id="decay.per_batch",
    title="In which loop?",
    difficulty="easy",
    minutes=3,
    text=r"""
A run has 100 batches per epoch. `ExponentialLR(optimizer, gamma=9 / 10)` was chosen to take a tenth
off the rate after each epoch, but `scheduler.step()` was written into the loop over the batches.
Which rate does the first update of the third epoch have?
""",
    hints=("How often has the scheduler been called before that update?",),
    choices=(
        (
            "81 % of the first rate",
            "That was meant: two calls. How many were made in two epochs of 100 batches?",
        ),
        ("73 % of the first rate", "Not even a right scheduler was called three times by then."),
        (
            "less than a billionth of the first rate",
            "It was called 200 times, and 0.9 to the power 200 is 7e-10: the run is frozen.",
        ),
        (
            "-19 times the first rate: a tenth of it was taken off 200 times",
            "Nothing is taken off: each call multiplies, and a factor makes no rate negative.",
        ),
    ),
    right="c",
    names=("as_meant", "one_call_too_many", "", "subtracted"),
    explanation=r"""
A scheduler counts its calls. The whole area of this run is that of ten updates at the first rate.
The opposite slip, a schedule of updates that is called once per epoch, hardly decays at all.
""",
)

EXERCISES: list[Exercise] = [
    half_time,
    per_batch,
    step_exercise,
    floors,
    freeze,
    mean_squares_exercise,
    cosine_exercise,
    flattest,
    best_rate_exercise,
]
