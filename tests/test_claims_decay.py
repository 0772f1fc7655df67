"""What the chapter on decay claims, without its notebook: exact products, floors and recursions."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.optim import lr_scheduler as torch_schedules

from gdcourse import data, descend
from gdcourse.exercises import get
from gdcourse.models import LogisticRegression
from gdcourse.oracles import MiniBatch
from gdcourse.rules import SGD
from gdcourse.schedules import (
    Chain,
    Constant,
    Cosine,
    Exponential,
    InverseTime,
    MultiStep,
    Schedule,
    Step,
)

T = 1000
CURVATURES = np.array([1.0, 0.1, 0.01])


def shapes(first, share):
    """Return the four schedules that fall from first to share * first in T updates."""
    return {
        "step": Step(first, share**0.25, T // 5),
        "exponential": Exponential(first, share ** (1 / T)),
        "inverse time": InverseTime(first, (1 / share - 1) / T),
        "cosine": Cosine(first, T, share * first),
    }


def mean_square(schedule, num_steps, lam=1.0, start=100.0, sigma=1.0):
    """Return the mean of x^2 before each update and after the last."""
    m = [start + 0 * lam * schedule(0)]
    for t in range(num_steps):
        lr = schedule(t)
        m.append((1 - lr * lam) ** 2 * m[-1] + (lr * sigma) ** 2)
    return np.array(m)


def expected_loss(schedule, num_steps=T):
    return mean_square(schedule, num_steps, CURVATURES) @ CURVATURES / 2


def swept(loss, first, share):
    """Return the smallest loss of each shape on a grid, and of a constant rate."""
    grids = {
        name: loss(schedule)
        for name, schedule in shapes(first[:, None, None], share[:, None]).items()
    }
    lowest = {name: grid.min() for name, grid in grids.items()}
    held = {name: grid[:, 0].min() for name, grid in grids.items()}
    return lowest | {"constant": grids["step"][:, -1].min()}, held


def noisy_chains(schedule, num_steps, chains=20_000, record=100):
    rng = np.random.default_rng(2)
    start = np.full((chains, 1), 10.0)
    oracle = lambda x: x + rng.normal(size=x.shape)  # noqa: E731
    return descend(oracle, start, SGD(schedule), num_steps, record=record).x[..., 0]


@pytest.mark.parametrize(
    ("gamma", "left"), [(0.9, 0.002790546567171092), (0.5, 0.2887880950866024)]
)
def test_exponential_decay_freezes_at_the_infinite_product(gamma, left):
    """E-09: with a first rate of 1/2 a walk without noise stops at (1/2; gamma)_infinity."""
    x = descend(lambda x: x, [1.0], SGD(Exponential(0.5, gamma)), 5000, record=5000).x[-1, 0]
    assert x == pytest.approx(left, rel=1e-13)
    assert np.prod(1 - 0.5 * gamma ** np.arange(5000)) == pytest.approx(left, rel=1e-13)
    k = np.arange(1, 200)
    series = -np.sum(0.5**k / (k * (1 - gamma**k)))
    assert np.exp(series) == pytest.approx(left, rel=1e-12)
    area = 0.5 / (1 - gamma)
    assert np.log(x) >= -2 * area  # what proves that it is not 0


def test_each_plateau_of_step_decay_lies_on_its_floor():
    """E-09: after each halving the recursion and 20,000 chains reach eta / (2 - eta)."""
    halving = Step(0.4, 0.5, 100)
    exact = mean_square(halving, 400)[100::100]
    floors = [lr / (2 - lr) for lr in (0.4, 0.2, 0.1, 0.05)]
    assert_allclose(exact, floors, rtol=1e-3)
    assert_allclose(floors, [0.25, 1 / 9, 1 / 19, 1 / 39], rtol=1e-15)
    ratios = np.array(floors[:-1]) / floors[1:]
    assert np.all(np.diff(ratios) < 0) and ratios[0] == 2.25 and 2 < ratios[-1] < 2.06
    chains = (noisy_chains(halving, 400) ** 2).mean(axis=1)[1:]
    assert_allclose(chains, exact, rtol=0.05)  # five standard errors


@pytest.mark.parametrize("schedule", shapes(0.4, 0.01).values(), ids=shapes(0.4, 0.01))
def test_recursion_predicts_chains_under_any_schedule(schedule):
    """E-09: the exact mean square is that of 20,000 sampled chains, all along the run."""
    exact = mean_square(schedule, 300)[::60]
    chains = (noisy_chains(schedule, 300, record=60) ** 2).mean(axis=1)
    assert_allclose(chains, exact, rtol=0.05)


def test_variance_under_one_over_t_is_one_over_t():
    """E-09: with curvature and noise of 1, the rate 1 / (t + 1) leaves a variance of 1 / t."""
    m = mean_square(InverseTime(1.0, 1.0), T)[1:]
    assert_allclose(m * np.arange(1, T + 1), 1, rtol=1e-12)


@pytest.mark.parametrize(("lam", "sigma"), [(1.0, 1.0), (0.3, 2.0)])
def test_no_rate_of_one_direction_improves_on_inverse_time(lam, sigma):
    """E-09: the greedy rates are inverse time, and no change to any of them lowers the end."""
    first = lam * 100 / (lam**2 * 100 + sigma**2)
    best = InverseTime(first, lam * first)
    m = mean_square(best, 50, lam, sigma=sigma)
    assert 1 / m[-1] == pytest.approx(1 / 100 + 50 * lam**2 / sigma**2, rel=1e-12)
    rates = best(np.arange(50))
    assert_allclose(rates, lam * m[:-1] / (lam**2 * m[:-1] + sigma**2), rtol=1e-12)
    rng = np.random.default_rng(0)
    for _ in range(50):
        other = rates * np.exp(0.3 * rng.normal(size=50))
        assert mean_square(other.__getitem__, 50, lam, sigma=sigma)[-1] > m[-1]


def test_inverse_time_wins_in_one_direction_and_is_last_of_the_decays_in_three():
    """E-09: tuned on the same grid, equal budgets; the constant rate is last in both."""
    one, _ = swept(
        lambda schedule: mean_square(schedule, T)[-1, ..., 0],
        np.geomspace(0.002, 1.9, 61), np.geomspace(5e-4, 1, 41),
    )  # fmt: skip
    assert sorted(one, key=one.get)[0] == "inverse time" and max(one, key=one.get) == "constant"
    assert 1 / (1 / 100 + T) <= one["inverse time"] < 1.01 / (1 / 100 + T)
    three, held = swept(
        lambda schedule: expected_loss(schedule)[-1],
        np.geomspace(0.05, 1.6, 31), np.geomspace(0.01, 1, 21),
    )  # fmt: skip
    expected = {
        "step": 0.0742, "exponential": 0.0699, "inverse time": 0.0822, "cosine": 0.0698,
        "constant": 0.1345,
    }  # fmt: skip
    assert three == pytest.approx(expected, rel=2e-3)
    lost = {name: held[name] / three[name] for name in held}
    assert min(lost, key=lost.get) == "cosine" and lost["cosine"] < 1.03
    assert max(lost, key=lost.get) == "inverse time" and lost["inverse time"] > 1.9


def test_losses_from_the_same_two_rates_end_in_the_order_of_their_areas():
    """E-09: from 0.4 to 0.004 in three directions the larger area ends lower."""
    four = shapes(0.4, 0.01)
    areas = {name: schedule(np.arange(T)).sum() for name, schedule in four.items()}
    ends = {name: expected_loss(schedule)[-1] for name, schedule in four.items()}
    assert sorted(areas, key=areas.get) == sorted(ends, key=ends.get, reverse=True)
    assert ends["inverse time"] > 6 * ends["cosine"]


def test_fastest_decay_that_arrives_is_where_the_series_says():
    """E-09: the smallest gamma that comes within a millionth, by walking and by formula."""
    k = np.arange(1, 100)
    derived = 1 - np.sum(0.5**k / k**2) / np.log(1e6)
    gammas = np.linspace(0.95, 0.97, 2001)
    rates = lambda t: 0.5 * gammas[:, None] ** t  # noqa: E731
    x = descend(lambda x: x, [1.0], SGD(rates), 2000, record=2000).x[-1, :, 0]
    measured = gammas[x <= 1e-6][0]
    assert measured == pytest.approx(derived, abs=3e-4)
    assert 1 - derived == pytest.approx(1 / 23.73, rel=1e-3)
    flat = 1 - np.sum(0.005**k / k**2) / np.log(1e6)
    assert (1 - derived) / (1 - flat) == pytest.approx(116, abs=0.5)


def test_inverse_time_leads_before_and_after_the_budget_that_the_others_were_tuned_for():
    """E-09: at the tuned rates, at half and at twice the budget, in three directions."""
    tuned = {
        "step": shapes(0.504, 0.063)["step"],
        "exponential": shapes(0.8, 0.0316)["exponential"],
        "inverse time": shapes(1.425, 0.0398)["inverse time"],
        "cosine": shapes(0.4, 0.0398)["cosine"],
    }
    paths = {name: expected_loss(schedule, 2 * T) for name, schedule in tuned.items()}
    for when, last in ((T // 2, False), (T, True), (2 * T, False)):
        order = sorted(paths, key=lambda name: paths[name][when])
        assert order[-1 if last else 0] == "inverse time", when
    assert max(paths, key=lambda name: paths[name][T // 2]) == "cosine"
    assert sorted(paths, key=lambda name: paths[name][2 * T])[1] == "cosine"


def test_rate_given_back_gives_the_loss_back():
    """E-09: a cut lowers the loss only while it lasts, and costs travel."""
    uncut = expected_loss(Constant(0.2))
    cut = expected_loss(Chain([0.2, 0.02, 0.2], [500, 700]))
    assert cut[700] < 0.75 * uncut[700]
    assert np.all(cut[800:] > uncut[800:])
    assert cut[-1] < 1.06 * uncut[-1]


def losses_on_digits(schedules, num_steps, seed=5):
    """Return softmax's training loss by epoch, seed and schedule; all see the same batches."""
    digits, model = data.digits(), LogisticRegression(64, 10)
    rng = np.random.default_rng(seed)
    oracle = MiniBatch(model, digits.X, digits.y, 16, rng=rng, runs=(5, 1))
    rates = lambda t: np.array([[schedule(t)] for schedule in schedules])  # noqa: E731
    observe = {"x": None, "loss": lambda theta: model.loss(theta, digits.X, digits.y)}
    start = np.zeros((5, len(schedules), 650))
    return descend(oracle, start, SGD(rates), num_steps, record=90, observe=observe)["loss"]


def test_kink_on_digits_goes_when_the_rate_is_given_back():
    """E-09: softmax, five seeds beside their own control with the same mini-batches."""
    loss = losses_on_digits([Constant(3.2), Chain([3.2, 0.32, 3.2], [450, 630])], 810)
    ratio = np.median(loss[..., 1] / loss[..., 0], axis=1)
    assert ratio[5] == 1 and ratio[7] < 0.95 and ratio[9] > 1.0


def test_every_tuned_decay_beats_the_best_constant_rate_on_digits():
    """E-09: softmax, 450 updates, five seeds, at the rates that the chapter's sweep chooses."""
    decays = [
        Step(6.4, 0.3**0.25, 90),
        Exponential(6.4, 0.3 ** (1 / 450)),
        InverseTime(6.4, (1 / 0.3 - 1) / 450),
        Cosine(6.4, 450, 0.64),
    ]
    loss = np.median(losses_on_digits([*decays, Constant(3.2)], 450)[-1], axis=0)
    assert loss[:4].max() < 0.9 * loss[4] and np.ptp(loss[:4]) < 0.25 * loss[:4].min()


def test_vanishing_rate_need_not_arrive_and_a_frozen_one_may_be_nearer():
    """E-09: curvature 0.1 and 10,000 updates, a finite area against that of 1 / (t + 1)."""
    frozen = mean_square(Exponential(0.5, 0.99), 10_000, lam=0.1)
    patient = mean_square(InverseTime(1.0, 1.0), 10_000, lam=0.1)
    assert frozen[-1] == pytest.approx(frozen[5000], rel=1e-12)  # it has stopped
    noise = mean_square(Exponential(0.5, 0.99), 10_000, lam=0.1, start=0.0)
    assert noise[-1] > 0.98 * frozen[-1]  # and not for want of travel
    rooted = mean_square(lambda t: 0.5 / np.sqrt(t + 1), 10_000, lam=0.1)
    assert rooted[-1] < 0.04 and rooted[-1] < 0.75 * rooted[5000]  # its squares have no finite sum
    assert patient[-1] > 50 * frozen[-1] and patient[-1] < 0.9 * patient[5000]
    exponent = np.log(patient[-1] / patient[1000]) / np.log(10)
    assert exponent == pytest.approx(-2 * 0.1, abs=0.01)


def test_schedule_called_per_batch_freezes_within_the_first_epoch():
    """E-09: halved at each of 90 updates in place of each epoch, the area is 6.4, not 558."""
    meant = Exponential(3.2, 0.5)
    assert sum(meant(t) for t in range(450)) == pytest.approx(6.4)
    assert sum(meant(t // 90) for t in range(450)) == pytest.approx(558)


def test_cosine_has_its_shape_and_stays_at_the_end():
    """E-32: the cosine's factors at 0, 1/2, 3/4 and 1 of the run; torch's rises after it."""
    cosine = Cosine(1.0, 400)
    expected = [1, 0.5, 0.14644660940672624, 0, 0]
    assert_allclose(cosine(np.array([0, 200, 300, 400, 700])), expected, atol=1e-15)
    theirs = rates_of("CosineAnnealingLR", 9, T_max=4)
    assert theirs[4] == pytest.approx(0, abs=1e-15) and theirs[8] == pytest.approx(0.4)


def rates_of(name, num_steps, **options):
    """Return the rates that updates of torch use."""
    optimizer = torch.optim.SGD([torch.zeros(1, dtype=torch.float64, requires_grad=True)], lr=0.4)
    schedule = getattr(torch_schedules, name)(optimizer, **options)
    used = []
    for _ in range(num_steps):
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return np.array(used)


@pytest.mark.parametrize(
    ("ours", "name", "options"),
    [
        (Step(0.4, 0.3, 200), "StepLR", {"step_size": 200, "gamma": 0.3}),
        (MultiStep(0.4, 0.1, [3, 700]), "MultiStepLR", {"milestones": [3, 700], "gamma": 0.1}),
        (Exponential(0.4, 0.99), "ExponentialLR", {"gamma": 0.99}),
        (InverseTime(0.4, 0.1), "LambdaLR", {"lr_lambda": lambda t: 1 / (1 + 0.1 * t)}),
        (Cosine(0.4, T, 0.004), "CosineAnnealingLR", {"T_max": T, "eta_min": 0.004}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_schedules_are_those_of_torch(ours: Schedule, name, options):
    """E-09, E-32: equal rates over 1,000 updates, the optimizer's step before the scheduler's."""
    assert_allclose(rates_of(name, T, **options), ours(np.arange(T)), rtol=0, atol=1e-12)


# --- the answers of the exercises are what is measured


def test_tenth_is_reached_by_multiplying():
    rates = Exponential(1.0, 0.5 ** (1 / 250))(np.arange(1000))
    assert np.argmax(rates <= 0.1) == np.ceil(get("decay.tenth").answer)


def test_plateau_of_the_exercise_falls_as_its_answer_says():
    m = mean_square(MultiStep(0.6, 0.5, [200]), 400)
    assert m[200] / m[400] == pytest.approx(get("decay.floors").answer, rel=1e-9)


def test_walk_of_the_exercise_freezes_at_its_answer():
    x = descend(lambda x: 2 * x, [1.0], SGD(Exponential(0.25, 0.7)), 400, record=400).x[-1, 0]
    assert x == pytest.approx(get("decay.freeze").answer, rel=1e-12)


def test_half_life_for_the_flattest_direction_is_measured_by_walking():
    half_lives = np.arange(300.0, 340.0, 0.5)
    rates = lambda t: 0.5 ** (t / half_lives[:, None])  # noqa: E731
    x = descend(lambda x: 0.01 * x, [1.0], SGD(rates), 12_000, record=12_000).x[-1, :, 0]
    measured = half_lives[x <= 0.01][0]
    assert measured == pytest.approx(get("decay.flattest").answer, rel=6e-3)


def test_scheduler_of_the_exercise_has_frozen_the_run_after_two_epochs():
    assert Exponential(1.0, 0.9)(200) < 1e-9 and get("decay.per_batch").right == "c"
    assert sum(Exponential(1.0, 0.9)(t) for t in range(1000)) == pytest.approx(10)


def test_best_next_rate_is_the_lowest_of_many():
    m, lam, sigma = np.array([4.0, 9.0]), np.array([2.0, 0.5]), 3.0
    rates = np.linspace(0, 0.5, 100_001)[:, None]
    losses = ((1 - rates * lam) ** 2 * m + (rates * sigma) ** 2) @ lam
    best = get("decay.best_rate").solution(m, lam, sigma)
    assert best == pytest.approx(rates[losses.argmin(), 0], abs=5e-6)


def test_greedy_rates_are_not_the_best_in_several_directions():
    """What the explanation of the exercise says: greed starves the flat directions."""
    m, greedy = np.full(3, 100.0), get("decay.best_rate").solution
    for _ in range(T):
        lr = greedy(m, CURVATURES, 1.0)
        m = (1 - lr * CURVATURES) ** 2 * m + lr**2
    assert m @ CURVATURES / 2 > 1.05 * expected_loss(Cosine(0.4, T, 0.016))[-1]
