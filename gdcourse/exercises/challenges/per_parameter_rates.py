"""Exercises on rates for each parameter: what they repair, and what they cannot."""

from __future__ import annotations

import numpy as np

from ... import descend
from ...models import MLP
from ...rules import SGD, Groups
from ..exercise import ChoiceExercise, CodeExercise, Exercise, NumberExercise

rng = np.random.default_rng(11)


def positive(n):
    """Return a positive definite matrix with curvatures of different sizes."""
    A = rng.normal(size=(n, 2 * n)) * np.geomspace(1, 5, n)[:, None]
    return A @ A.T / n


slower = NumberExercise(
    id="per_parameter_rates.slower",
    title="Which of the two is slower?",
    difficulty="easy",
    minutes=3,
    text=r"""
On $f(x) = \frac12 (50 x_1^2 + 2 x_2^2)$ the first parameter has the rate $3/100$ and the second
$3/10$. By which factor does a step multiply the distance to the minimum, in the
long run?
""",
    hints=(
        "Each coordinate has its own curvature, its own rate, and so its own factor.",
        "The factor of a coordinate is 1 - ηλ. Its size says how much of the error is left.",
        "In the long run the coordinate that shrinks less is all that is left.",
    ),
    answer=0.5,
    exact="1/2 = 0.5",
    wrong={
        "faster_coordinate": (0.4, "That coordinate shrinks faster. Which one will be left?"),
        "sign_kept": (-0.5, "The coordinate changes sides at each step. How far away is it then?"),
        "rates_swapped": (14, "You gave each coordinate the rate of the other."),
        "rates_swapped_and_flat": (
            0.94,
            "You gave the flat coordinate the rate of the steep one. Which rate is its own?",
        ),
        "factors_multiplied": (
            0.2,
            "You multiplied the factors. Each coordinate is multiplied by its own alone.",
        ),
        "squared": (0.25, "That is left of the height along it. We ask for the distance."),
        "rate_times_curvature": (
            1.5,
            "That is ηλ of the first coordinate. How much of its error is left then?",
        ),
        "rate_times_curvature_of_the_second": (
            0.6,
            "That is ηλ of the second coordinate. How much of its error is left then?",
        ),
        "one_best_rate": (
            48 / 52,
            "That is the best that a single rate can do. Here each coordinate has its own.",
        ),
    },
    explanation=r"""
$1 - \frac{3}{100} \cdot 50 = -\frac12$ and $1 - \frac{3}{10} \cdot 2 = \frac25$. The first
coordinate jumps across the minimum and keeps half of its distance, the second keeps two fifths.
""",
)

chain = NumberExercise(
    id="per_parameter_rates.chain",
    title="What eight sigmoids leave",
    difficulty="easy",
    minutes=3,
    text=r"""
On its way back a gradient passes eight sigmoids in a chain, and after each of them a weight of 2.
Which share of it is left at most?
""",
    hints=(
        "How steep can a sigmoid be?",
        "Each of the eight links multiplies by a slope and by a weight.",
        "One link leaves at most 2/4.",
    ),
    answer=1 / 256,
    exact="(2/4)^8 = 1/256 = 0.00390625",
    wrong={
        "weights_forgotten": (0.25**8, "You have the slopes of the sigmoids. And the weights?"),
        "slopes_forgotten": (256, "You have the weights. What does a sigmoid itself pass on?"),
        "slope_of_a_half": (1, "A sigmoid is 1/2 in its middle. How steep is it there?"),
        "one_link_too_few": (1 / 128, "That is for seven links."),
        "one_link_too_many": (1 / 512, "That is for nine links."),
        "weights_divide": (1 / 8**8, "You divided by the weights. The chain rule multiplies."),
    },
    explanation=r"""
$\sigma' \le \frac14$, so a link leaves at most $2 \cdot \frac14$ and eight of them $2^{-8}$.
Weights of 4 and more would stop the decay, but they also push the units away from the steep middle
of their sigmoids.
""",
)


def discriminative(lr, num_layers, factor):
    """Return the rate of each layer, from the input to the output."""
    return lr / factor ** np.arange(num_layers)[::-1]


discriminative_exercise = CodeExercise(
    id="per_parameter_rates.layers",
    title="Rates for fine-tuning",
    difficulty="easy",
    minutes=5,
    text=r"""
Write `discriminative(lr, num_layers, factor)`: the last layer learns at the rate `lr`, and each
layer below at the rate of the layer above it, divided by `factor`. Return the rates of all layers
in an array, the layer next to the input first.
""",
    hints=(
        "Begin with the last layer. By what is the rate divided one layer below it, and two?",
        "Layer k of n, counted from 1, is n - k layers below the last.",
        "`np.arange(num_layers)[::-1]` counts down to 0.",
    ),
    explanation=r"""
$\eta_k = \eta / q^{\,n - k}$ for layer $k$ of $n$ and the factor $q$. The exponent of the last
layer is 0.
""",
    solution=discriminative,
    probes=((0.01, 4, 2.6), (1.0, 3, 2.0), (0.5, 1, 3.0), (3.0, 6, 1.5), (5, 4, 2.0)),
    returns=("rates",),
)


@discriminative_exercise.mistake(
    "Your rates are right, but turned round. Which layer comes first in the array?"
)
def order_reversed(lr, num_layers, factor):
    return lr / factor ** np.arange(num_layers)


@discriminative_exercise.mistake(
    "Your rates grow towards the input. Does each layer below learn faster, or more slowly?"
)
def multiplied_by_the_factor(lr, num_layers, factor):
    return lr * factor ** np.arange(num_layers)[::-1]


@discriminative_exercise.mistake(
    "You started from the input: there you have `lr`. Which layer is to have it?"
)
def first_layer_has_the_rate(lr, num_layers, factor):
    return lr * factor ** np.arange(num_layers)


@discriminative_exercise.mistake(
    "Each of your rates is divided once too often. What is the rate of the last layer?"
)
def divided_once_too_often(lr, num_layers, factor):
    return lr / factor ** np.arange(1, num_layers + 1)[::-1]


@discriminative_exercise.mistake(
    "You divided by the factor times the number of layers. Two layers below, it acts twice."
)
def multiples_for_powers(lr, num_layers, factor):
    return lr / np.maximum(factor * np.arange(num_layers)[::-1], 1)


@discriminative_exercise.mistake(
    "All layers but the last have one rate in yours. What does a layer compare itself with?"
)
def divided_once_for_all(lr, num_layers, factor):
    return np.append(np.full(num_layers - 1, lr / factor), lr)


@discriminative_exercise.mistake(
    "A factor divides, from layer to layer. You subtracted it: your rates fall below zero."
)
def factor_subtracted(lr, num_layers, factor):
    return lr - factor * np.arange(num_layers)[::-1]


@discriminative_exercise.mistake(
    "You divided by the factor times the layer's place, counted from the output. It acts once more "
    "at each layer."
)
def multiples_from_one(lr, num_layers, factor):
    return lr / (factor * np.arange(num_layers, 0, -1))


@discriminative_exercise.mistake("You have one rate too few: the last layer learns too.")
def last_layer_forgotten(lr, num_layers, factor):
    return lr / factor ** np.arange(num_layers - 1, 0, -1)


@discriminative_exercise.mistake(
    "Your array holds whole numbers, since the `lr` it was made from is one: fractions are cut off."
)
def array_of_whole_numbers(lr, num_layers, factor):
    rates = np.full(num_layers, lr)
    for k in range(num_layers):
        rates[k] = lr / factor ** (num_layers - 1 - k)
    return rates


@discriminative_exercise.mistake("You wrote the published factor into your function. It comes in.")
def factor_ignored(lr, num_layers, factor):
    return lr / 2.6 ** np.arange(num_layers)[::-1]


@discriminative_exercise.mistake("You have one rate too many: the input itself learns nothing.")
def rate_for_the_input(lr, num_layers, factor):
    return lr / factor ** np.arange(num_layers + 1)[::-1]


def by_unpack(sizes, rates):
    """Return the rate of each parameter, by the names that the package's network gives them."""
    model = MLP([int(size) for size in sizes])
    lr = np.empty(model.num_parameters)
    for name, view in model.unpack(lr).items():
        view[...] = rates[int(name[1:]) - 1]
    return lr


def rate_vector(sizes, rates):
    """Return the rate of each parameter of a network, in the order of its vector."""
    parts = []
    for inputs, units, rate in zip(sizes[:-1], sizes[1:], rates, strict=True):
        parts.append(np.full(inputs * units + units, rate))
    return np.concatenate(parts)


rate_vector_exercise = CodeExercise(
    id="per_parameter_rates.rate_vector",
    title="From layers to parameters",
    difficulty="medium",
    minutes=7,
    text=r"""
The vector of a network with the layer sizes `sizes` (features first, classes last) holds, one
layer after the other, the weights $W$ of shape (inputs, units) and then the biases $b$, one for
each unit. Write `rate_vector(sizes, rates)`: given a rate for each layer, return an array with the
rate of every parameter, in the order of the vector. The biases learn at the rate of their layer.
""",
    hints=(
        "How many parameters has the layer between 3 inputs and 2 units? Do not forget the biases.",
        "`zip(sizes[:-1], sizes[1:], rates)` goes through the layers.",
        "Fill a part for each layer with `np.full`, and join the parts with `np.concatenate`.",
    ),
    explanation=r"""
A layer holds $\text{inputs} \cdot \text{units}$ weights and as many biases as units.
`np.repeat(rates, counts)` is another way to say it, and filling the views of `unpack` a third.
""",
    solution=rate_vector,
    reference=by_unpack,
    probes=(
        (np.array([3, 2, 4]), np.array([0.1, 0.5])),
        (np.array([2, 3]), np.array([0.3])),
        (np.array([2, 5, 3, 2]), np.array([1.0, 0.1, 0.01])),
    ),
    returns=("lr",),
)


@rate_vector_exercise.mistake("Your vector is too short: only the weights are in it.")
def biases_forgotten(sizes, rates):
    return np.repeat(rates, sizes[:-1] * sizes[1:])


@rate_vector_exercise.mistake(
    "A layer of yours has as many biases as inputs. What is a bias added to?"
)
def bias_for_each_input(sizes, rates):
    return np.repeat(rates, (sizes[1:] + 1) * sizes[:-1])


@rate_vector_exercise.mistake(
    "Your rates are in the wrong order: which layer comes first in `rates`, and in the vector?"
)
def layers_reversed(sizes, rates):
    return np.repeat(rates[::-1], (sizes[:-1] + 1) * sizes[1:])


@rate_vector_exercise.mistake(
    "Each layer has its own rate and its own length, but your layers stand in the wrong order."
)
def layers_turned_round(sizes, rates):
    return np.repeat(rates, (sizes[:-1] + 1) * sizes[1:])[::-1]


@rate_vector_exercise.mistake("A layer of yours has a single bias. How many units does it have?")
def one_bias_for_a_layer(sizes, rates):
    return np.repeat(rates, sizes[:-1] * sizes[1:] + 1)


@rate_vector_exercise.mistake("Your array holds whole numbers: fractions are cut off.")
def array_of_whole_rates(sizes, rates):
    return np.repeat(rates.astype(int), (sizes[:-1] + 1) * sizes[1:])


@rate_vector_exercise.mistake(
    "You have an entry for each array, W and b. How many numbers does an array hold?"
)
def entry_for_each_array(sizes, rates):
    return np.repeat(rates, 2)


@rate_vector_exercise.mistake("You have an entry for each layer. How many parameters has a layer?")
def entry_for_each_layer(sizes, rates):
    return np.array(rates)


@rate_vector_exercise.mistake("You have an entry for each unit. How many weights lead into a unit?")
def entry_for_each_unit(sizes, rates):
    return np.repeat(rates, sizes[1:])


@rate_vector_exercise.mistake(
    "You put all biases behind all weights. Where does the vector keep those of the first layer?"
)
def biases_at_the_end(sizes, rates):
    weights = np.repeat(rates, sizes[:-1] * sizes[1:])
    return np.append(weights, np.repeat(rates, sizes[1:]))


@rate_vector_exercise.mistake(
    "Every parameter has the rate of the first layer. Where do the other rates begin?"
)
def one_rate_for_all(sizes, rates):
    return np.full(np.sum((sizes[:-1] + 1) * sizes[1:]), rates[0])


def range_rates(X, lr):
    """Return the rate of each raw weight that does what lr does on scaled features."""
    return lr / (X.max(axis=0) - X.min(axis=0)) ** 2


range_exercise = CodeExercise(
    id="per_parameter_rates.range_rates",
    title="Scaled to an interval",
    difficulty="medium",
    minutes=6,
    text=r"""
Instead of standardising, a colleague scales every feature to the interval from 0 to 1, by
$(x_j - \min_j) / (\max_j - \min_j)$, and descends at the one rate `lr`. You subtract $\min_j$ too,
but leave the units as they are. Write `range_rates(X, lr)`: the rates of your weights, one for each
column of `X`, that make your path the same as hers, in other units.
""",
    hints=(
        "What is her weight of a feature, in terms of yours? Both give the same score.",
        "Rates go with units: the chapter found it for a standard deviation. What has its place?",
        "Her weight is yours times the range. Her gradient is yours divided by it.",
    ),
    explanation=r"""
With the range $s_j$ her weight is $\tilde w_j = s_j w_j$, and her gradient is yours divided by
$s_j$. Her step $\eta$ times her gradient is, in your units, divided by $s_j$ once more:
$\eta_j = \eta / s_j^2$. Whatever we divide a feature by, its square divides the rate.
""",
    solution=range_rates,
    probes=(
        (np.array([[1.0, 20.0], [2.0, 60.0], [4.0, 30.0]]), 0.1),
        (rng.normal(size=(6, 3)) * [1, 10, 0.1] + [5, 0, 1], 0.5),
        (rng.uniform(1, 9, size=(4, 4)), 2.0),
    ),
    returns=("rates",),
)


@range_exercise.mistake(
    "You divided by the range once. The gradient changes with the units, and so does the weight."
)
def range_not_squared(X, lr):
    return lr / np.ptp(X, axis=0)


@range_exercise.mistake(
    "You multiplied by the square of the range: a feature of large numbers is steep. Which rate "
    "does a steep weight want?"
)
def multiplied_by_the_square(X, lr):
    return lr * np.ptp(X, axis=0) ** 2


@range_exercise.mistake("You multiplied by the range. Which rate does a steep weight want?")
def multiplied_by_the_range(X, lr):
    return lr * np.ptp(X, axis=0)


@range_exercise.mistake(
    "You divided by the variance, as for standardising. What does she divide by?"
)
def variance_for_range(X, lr):
    return lr / X.var(axis=0)


@range_exercise.mistake(
    "These are 1/H_ii, the best rates of the chapter. We ask for those that make your path hers."
)
def own_curvatures(X, lr):
    return lr / (2 * np.mean((X - X.min(axis=0)) ** 2, axis=0))


@range_exercise.mistake("You divided by the largest value. She subtracts the smallest first.")
def largest_for_range(X, lr):
    return lr / X.max(axis=0) ** 2


@range_exercise.mistake("You took one range for all the features. Each column has its own.")
def one_range_for_all(X, lr):
    return np.full(X.shape[1], lr / np.ptp(X) ** 2)


@range_exercise.mistake("You took the range of each row. A feature is a column.")
def range_of_rows(X, lr):
    return lr / np.ptp(X, axis=1) ** 2


@range_exercise.mistake("These are the squares alone. At which rate does she descend?")
def rate_left_out(X, lr):
    return 1 / np.ptp(X, axis=0) ** 2


@range_exercise.mistake(
    "You scaled `X` first and took the ranges then: they are all 1. Whose ranges do we need?"
)
def ranges_of_scaled_features(X, lr):
    return np.full(X.shape[1], lr)


limit = NumberExercise(
    id="per_parameter_rates.limit",
    title="The best of two rates",
    difficulty="medium",
    minutes=5,
    text=r"""
A quadratic of two parameters has the Hessian
$H = \begin{pmatrix} 50 & 12 \\ 12 & 8 \end{pmatrix}$. Each parameter gets the best rate for it.
What is the condition number $\tilde\kappa$ of the problem then?
""",
    hints=(
        "The best rates are 1/50 and 1/8. Which matrix do they make of H?",
        "Its diagonal is 1. Its other entry is c.",
        "Its eigenvalues are 1 + c and 1 - c.",
    ),
    answer=4,
    exact="(1 + c)/(1 - c) with c = 12/20, which is = 4",
    wrong={
        "before_the_rates": (
            (58 + 2340**0.5) / (58 - 2340**0.5),
            "That is the condition number of H, with one rate for both.",
        ),
        "diagonal_alone": (
            6.25,
            "That is the ratio of the two diagonal entries, which the rates remove.",
        ),
        "as_if_diagonal": (1, "That would be so if the entry 12 were not there."),
        "factor_per_step": (0.6, "That is c, the factor of a step. Which κ goes with it?"),
        "upside_down": (0.25, "A condition number is the largest over the smallest."),
        "c_squared": (
            1.36 / 0.64,
            "You took the square of 12 over 50 times 8. Where does c have its root?",
        ),
    },
    explanation=r"""
$c = 12/\sqrt{50 \cdot 8} = \frac{12}{20}$, and $\tilde\kappa = (1 + c)/(1 - c)$. Before it was
about 11: the rates have removed what the units had put in, and not what $c$ has.
""",
)

advice = ChoiceExercise(
    id="per_parameter_rates.advice",
    title="Rates for a network that has just begun",
    difficulty="medium",
    minutes=3,
    text=r"""
A network of five layers is to be trained from scratch. At its start the gradient of each layer is
about an eighth as long as that of the layer above it. Which rates are worth trying first?
""",
    hints=("How far does each layer move in one step, if all rates are equal?",),
    choices=(
        (
            "smaller ones near the input, as published for language models",
            "That was for fine-tuning. Here the first layers would move even less.",
        ),
        (
            "equal ones, since the gradient knows how far each layer has to go",
            "A short gradient can mean a short way, but also a long way on flat ground: "
            "it depends on units.",
        ),
        (
            "larger ones near the input",
            "The gradient shrinks from layer to layer, so equal rates leave the first layers "
            "behind. How much larger is then a matter of tuning.",
        ),
        (
            "rates in proportion to the length of each layer's gradient",
            "That makes the small steps of the first layers smaller still.",
        ),
    ),
    right="c",
    names=("advice_for_fine_tuning", "gradient_knows", "", "in_proportion_to_the_gradient"),
    explanation=r"""
Smaller rates near the input protect what a trained network knows. This one knows nothing yet, and
its first layers hardly move.
""",
)


def scaled_kappa(H, rates):
    """Return the condition number that descent with a rate for each parameter has to pay for."""
    root = np.sqrt(rates)
    curvatures = np.linalg.eigvalsh(root[:, None] * H * root)
    return curvatures[-1] / curvatures[0]


scaled_exercise = CodeExercise(
    id="per_parameter_rates.scaled_kappa",
    title="What the rates make of a Hessian",
    difficulty="hard",
    minutes=8,
    text=r"""
Write `scaled_kappa(H, rates)`: the condition number $\tilde\kappa$ of descent on a quadratic with
the positive definite Hessian `H` of shape (n, n), where parameter $i$ has the rate `rates[i]`.
""",
    hints=(
        "Rates are units. Which matrix is the Hessian in the new units?",
        "With roots of the rates on both sides: row i and column i are each multiplied by one.",
        "`np.linalg.eigvalsh` gives the eigenvalues of a symmetric matrix in increasing order.",
    ),
    explanation=r"""
$\tilde H = P^{1/2} H P^{1/2}$ is symmetric, and its largest eigenvalue over its smallest is
$\tilde\kappa$. The matrix $P H$ has the same eigenvalues but is not symmetric: `eigvalsh`, which
reads one half of a matrix, goes wrong on it, and so does `cond`, which takes singular values.
""",
    solution=scaled_kappa,
    probes=(
        (np.array([[50.0, 12.0], [12.0, 8.0]]), np.array([0.02, 0.125])),
        (positive(3), np.array([1.0, 0.3, 0.05])),
        (positive(4), np.array([0.2, 2.0, 0.7, 0.1])),
        (np.diag([100.0, 1.0]), np.array([0.02, 0.5])),
    ),
    returns=("kappa",),
)


@scaled_exercise.mistake(
    "You have the rates twice: once from each side. What is on either side, so that both together "
    "make one P?"
)
def roots_forgotten(H, rates):
    return np.linalg.cond(rates[:, None] * H * rates)


@scaled_exercise.mistake("You divided by the rates. A larger rate makes a curvature count more.")
def divided_by_the_rates(H, rates):
    return np.linalg.cond(H / np.sqrt(rates[:, None] * rates))


@scaled_exercise.mistake(
    "`eigvalsh` reads one half of a matrix and trusts that the other is the same. Is P H symmetric?"
)
def symmetric_solver_for_a_matrix_that_is_not(H, rates):
    curvatures = np.linalg.eigvalsh(np.diag(rates) @ H)
    return curvatures[-1] / curvatures[0]


@scaled_exercise.mistake(
    "`cond` takes singular values. They are the eigenvalues where a matrix is symmetric: is P H?"
)
def singular_values(H, rates):
    return np.linalg.cond(np.diag(rates) @ H)


@scaled_exercise.mistake("That is the condition number of H. What do the rates do to it?")
def rates_ignored(H, rates):
    return np.linalg.cond(H)


@scaled_exercise.mistake(
    "You looked at the diagonal alone. The other entries are what rates cannot remove."
)
def diagonal_alone(H, rates):
    curvatures = rates * np.diag(H)
    return curvatures.max() / curvatures.min()


@scaled_exercise.mistake("You have the smallest over the largest: it is the other way round.")
def upside_down(H, rates):
    return 1 / scaled_kappa(H, rates)


@scaled_exercise.mistake("That is the factor of the best step. We ask for the condition number.")
def factor_of_a_step(H, rates):
    kappa = scaled_kappa(H, rates)
    return (kappa - 1) / (kappa + 1)


@scaled_exercise.mistake("You have the roots on one side alone. What is done to the columns?")
def roots_on_one_side(H, rates):
    return np.linalg.cond(np.sqrt(rates)[:, None] * H)


@scaled_exercise.mistake(
    "`eigvals` returns eigenvalues in no order: the first need not be the largest."
)
def first_over_last(H, rates):
    curvatures = np.linalg.eigvals(np.diag(rates) @ H)
    return curvatures[0] / curvatures[-1]


@scaled_exercise.mistake(
    "You multiplied the eigenvalues of H by the rates. A rate belongs to a parameter, an "
    "eigenvalue to a direction."
)
def eigenvalues_times_rates(H, rates):
    curvatures = np.linalg.eigvalsh(H) * rates
    return curvatures[-1] / curvatures[0]


@scaled_exercise.mistake(
    "You have the square of the trace over the determinant: of two eigenvalues that is κ + 1/κ + 2."
)
def trace_and_determinant(H, rates):
    scaled = np.diag(rates) @ H
    return np.trace(scaled) ** 2 / np.linalg.det(scaled)


def by_groups(x, g, H, size):
    """Return the point after a step, by the package's groups."""
    first, second = (np.linalg.eigvalsh(part)[-1] for part in (H[:size, :size], H[size:, size:]))
    shapes = {"first": (size,), "second": (len(x) - size,)}
    rule = Groups(shapes, {"first": SGD(1 / first), "second": SGD(1 / second)})
    return descend(lambda _: g, x, rule, 1).x[-1]


def block_step(x, g, H, size):
    """Return the point after one step with a rate for each of two blocks."""
    step = np.empty_like(x)
    for block in (slice(None, size), slice(size, None)):
        step[block] = g[block] / np.linalg.eigvalsh(H[block, block])[-1]
    return x - step


block_exercise = CodeExercise(
    id="per_parameter_rates.block_step",
    title="A rate for each block",
    difficulty="hard",
    minutes=9,
    text=r"""
The first `size` parameters are one block, the others another. Write `block_step(x, g, H, size)`:
one step against the gradient `g` in which each block has the rate $1/L$, with $L$ the largest
curvature *of that block*: the largest eigenvalue of the part of `H` with the rows and columns of
its parameters. Return the new point; `x` and `g` have shape (n,), `H` has shape (n, n).
""",
    hints=(
        "The part of H that belongs to the first block is `H[:size, :size]`.",
        "Its largest eigenvalue is the last that `np.linalg.eigvalsh` returns.",
        "Make a new array, fill its two parts, and subtract it from x.",
    ),
    explanation=r"""
Each block looks at its own part of $H$, around the diagonal, and at nothing outside of it. Where
the entries outside are zero, the blocks are independent, and each walks as if it were alone.
""",
    solution=block_step,
    reference=by_groups,
    probes=(
        (np.array([1.0, -2.0, 0.5, 3.0]), np.array([4.0, 1.0, -2.0, 0.3]), positive(4), 2),
        (rng.normal(size=4), rng.normal(size=4), positive(4)[::-1, ::-1], 1),
        (rng.normal(size=5), rng.normal(size=5), positive(5), 3),
        (np.ones(3), np.array([50.0, 20.0, 0.5]), np.diag([100.0, 80.0, 1.0]), 2),
    ),
    returns=("x",),
)


@block_exercise.mistake("Both blocks of yours wait for the steepest of all. Which L has each?")
def one_rate_for_both(x, g, H, size):
    return x - g / np.linalg.eigvalsh(H)[-1]


@block_exercise.mistake("Your steps are twice as long: 2/L is where a block begins to diverge.")
def twice_the_rate(x, g, H, size):
    return x - 2 * (x - block_step(x, g, H, size))


@block_exercise.mistake(
    "You shared out the eigenvalues of the whole of H. They do not belong to a block: cut H first."
)
def eigenvalues_shared_out(x, g, H, size):
    curvatures = np.linalg.eigvalsh(H)
    return x - g / np.repeat([curvatures[size - 1], curvatures[-1]], [size, len(x) - size])


@block_exercise.mistake(
    "You took the smallest curvature of each block. Which direction limits the rate?"
)
def smallest_curvature(x, g, H, size):
    first, second = np.linalg.eigvalsh(H[:size, :size])[0], np.linalg.eigvalsh(H[size:, size:])[0]
    return x - g / np.repeat([first, second], [size, len(x) - size])


@block_exercise.mistake("Every parameter of yours has its own rate. Here a block shares one.")
def rate_for_each_parameter(x, g, H, size):
    return x - g / np.diag(H)


@block_exercise.mistake(
    "You gave each block 2/(L + μ), its best rate if it were alone. We ask for 1/L."
)
def best_rate_of_each_block(x, g, H, size):
    ends = [np.linalg.eigvalsh(part)[[0, -1]] for part in (H[:size, :size], H[size:, size:])]
    return x - g * np.repeat([2 / sum(ends[0]), 2 / sum(ends[1])], [size, len(x) - size])


@block_exercise.mistake("You multiplied H by itself. Its eigenvalues are curvatures as they are.")
def squared_hessian(x, g, H, size):
    return block_step(x, g, H @ H, size)


@block_exercise.mistake(
    "Your first block is one parameter too short. Does a slice contain its end?"
)
def first_block_too_short(x, g, H, size):
    parts = H[: size - 1, : size - 1], H[size - 1 :, size - 1 :]
    first, second = (np.linalg.eigvalsh(part)[-1:] for part in parts)
    rates = np.append(np.repeat(1 / first, size - 1), np.repeat(1 / second, len(x) - size + 1))
    return x - g * rates


@block_exercise.mistake("Each of your blocks has the rate of the other.")
def rates_of_the_other_block(x, g, H, size):
    first, second = np.linalg.eigvalsh(H[:size, :size])[-1], np.linalg.eigvalsh(H[size:, size:])[-1]
    return x - g / np.repeat([second, first], [size, len(x) - size])


@block_exercise.mistake(
    "You solved each block with its matrix: that is Newton's step. We want one number for a block."
)
def newton_in_each_block(x, g, H, size):
    first = np.linalg.solve(H[:size, :size], g[:size])
    return x - np.append(first, np.linalg.solve(H[size:, size:], g[size:]))


@block_exercise.mistake("The second block of yours stands still.")
def second_block_forgotten(x, g, H, size):
    return np.append(block_step(x, g, H, size)[:size], x[size:])


@block_exercise.mistake(
    "You took the largest entry on the diagonal of a block. Its steepest direction need not be "
    "one of the axes."
)
def largest_diagonal_entry(x, g, H, size):
    diagonal = np.diag(H)
    first, second = diagonal[:size].max(), diagonal[size:].max()
    return x - g / np.repeat([first, second], [size, len(x) - size])


@block_exercise.mistake("You multiplied by the curvature. Which rate does a steep block want?")
def multiplied_by_the_curvature(x, g, H, size):
    first, second = np.linalg.eigvalsh(H[:size, :size])[-1], np.linalg.eigvalsh(H[size:, size:])[-1]
    return x - g * np.repeat([first, second], [size, len(x) - size])


@block_exercise.mistake("Your step goes uphill: the gradient is subtracted.")
def uphill(x, g, H, size):
    return 2 * x - block_step(x, g, H, size)


EXERCISES: list[Exercise] = [
    slower,
    chain,
    discriminative_exercise,
    advice,
    limit,
    range_exercise,
    rate_vector_exercise,
    scaled_exercise,
    block_exercise,
]
