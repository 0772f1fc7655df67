"""Exercises on what is trained: linear models, margins, and a network's backward pass."""

from __future__ import annotations

from math import log, log2

import numpy as np

from ...layers import ACTIVATIONS, linear_backward
from ...models import LinearSVM, LogisticRegression
from ..exercise import ChoiceExercise, CodeExercise, Exercise, NumberExercise

rng = np.random.default_rng(1986)
X_SMALL = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -1.0], [2.0, 1.0]])
Y_SMALL = np.array([1, 0, 0, 1])
# Few and short numbers: a learner may want to check them by hand.
X_RANDOM, Y_RANDOM = rng.normal(size=(4, 3)).round(1), np.array([0, 1, 1, 0])
W_RANDOM = rng.normal(size=3).round(1)


def softmax(Z):
    """Return the probabilities of each row of scores Z, of shape (N, K)."""
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


softmax_exercise = CodeExercise(
    id="models.softmax",
    title="Scores into probabilities",
    difficulty="easy",
    minutes=4,
    text=r"""
Write `softmax(Z)`: each row of `Z` holds the scores of one sample, and becomes
$e^{Z_{ik}} / \sum_j e^{Z_{ij}}$. It must also work for scores in the thousands, for which $e^Z$
overflows.
""",
    hints=(
        "Sum along the rows: `axis=1`, with `keepdims=True` so that it broadcasts.",
        "Adding a constant to all scores of a row changes nothing. Which constant makes exp safe?",
        "Subtract each row's largest score first.",
    ),
    explanation=r"""
Numerator and denominator share the factor $e^{-\max_j Z_{ij}}$, so subtracting the row's maximum
changes nothing but the range: the largest exponent is 0, and no row sums to less than 1.
""",
    solution=softmax,
    probes=(
        (np.array([[0.0, 1.0, 2.0]]),),
        (np.array([[1.0, 1.0], [0.0, 3.0], [-2.0, 1.0]]),),
        (rng.normal(size=(4, 5)),),
        (np.array([[1000.0, 999.0], [-1000.0, -1001.0]]),),
        (np.array([[-1000.0, 1000.0, -1000.0]]),),
    ),
    returns=("probabilities",),
)


@softmax_exercise.mistake(
    "Small scores are right, large ones give nan: exp overflows. What may be subtracted from a row?"
)
def overflow(Z):
    E = np.exp(Z)
    return E / E.sum(axis=1, keepdims=True)


@softmax_exercise.mistake(
    "All rows together sum to 1; each of them should. Along which axis is the sum?"
)
def sum_over_everything(Z):
    E = np.exp(Z - Z.max())
    return E / E.sum()


@softmax_exercise.mistake("Your columns sum to 1. A row is one sample.")
def sum_over_the_samples(Z):
    E = np.exp(Z - Z.max(axis=0))
    return E / E.sum(axis=0)


@softmax_exercise.mistake(
    "You subtracted the largest score of all: a row far below it becomes 0/0. Whose "
    "maximum is safe?"
)
def maximum_of_everything(Z):
    E = np.exp(Z - Z.max())
    return E / E.sum(axis=1, keepdims=True)


@softmax_exercise.mistake(
    "You divided the scores themselves by their sum. Where is the exponential?"
)
def exponential_forgotten(Z):
    return Z / Z.sum(axis=1, keepdims=True)


@softmax_exercise.mistake(
    "You subtracted a constant, but not the largest score: what is left can still overflow."
)
def not_the_largest_subtracted(Z):
    E = np.exp(Z - Z.min(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


@softmax_exercise.mistake(
    "All rows together sum to 1; each of them should. And large scores overflow: that comes next."
)
def one_sum_and_overflow(Z):
    return np.exp(Z) / np.exp(Z).sum()


@softmax_exercise.mistake(
    "Your columns sum to 1. A row is one sample. And large scores overflow: that comes next."
)
def sum_over_the_samples_and_overflow(Z):
    return np.exp(Z) / np.exp(Z).sum(axis=0)


@softmax_exercise.mistake("Your rows do not sum to 1. What is the denominator?")
def sum_forgotten(Z):
    return np.exp(Z)


@softmax_exercise.mistake(
    "Nothing overflows, but your rows do not sum to 1. What must they be divided by?"
)
def not_divided(Z):
    return np.exp(Z - Z.max(axis=1, keepdims=True))


def weights_path(gradient, rate):
    """Return the weights of a linear model on four points, as it learns."""
    w = [np.zeros(2)]
    for _ in range(15):
        w.append(w[-1] - rate * np.asarray(gradient(w[-1], X_SMALL, Y_SMALL)))
    return np.array(w)


def logistic_gradient(w, X, y):
    """Return the gradient by w of the mean cross-entropy, for labels 0 and 1."""
    p = 1 / (1 + np.exp(-X @ w))
    return X.T @ (p - y) / len(y)


logistic_exercise = CodeExercise(
    id="models.logistic",
    title="The gradient of logistic regression",
    difficulty="medium",
    minutes=6,
    text=r"""
Logistic regression says $p_i = \sigma(x_i \cdot w)$ for the probability that sample $i$, a row of
`X`, has the label 1. Its loss is the cross-entropy: the mean of $-\ln$ of the probability it gave
to what was true.
Write `logistic_gradient(w, X, y)`, the gradient of that loss with respect to $w$; labels are 0
and 1.
""",
    hints=(
        "Derive -y log σ(z) - (1 - y) log(1 - σ(z)) by z. Nearly everything cancels.",
        "What is left is σ(z) - y.",
        "Then the chain rule: z = X w, so multiply by the transpose of X, and take the mean.",
    ),
    explanation=r"""
The derivative of the loss by the score is $p - y$, since the derivative of $\sigma$, which is
$p(1 - p)$, cancels against that of the logarithm. So $\nabla J = \frac1N X^T (p - y)$: the form
of linear regression, with another prediction.
""",
    solution=logistic_gradient,
    reference=lambda w, X, y: LogisticRegression(X.shape[1], intercept=False).gradient(w, X, y),
    probes=(
        (np.zeros(2), X_SMALL, Y_SMALL),
        (np.array([0.5, -1.0]), X_SMALL, Y_SMALL),
        (W_RANDOM, X_RANDOM, Y_RANDOM),
        (W_RANDOM, X_RANDOM[:1], Y_RANDOM[:1]),
    ),
    returns=("gradient",),
    path=lambda gradient: weights_path(gradient, 1.0),
)


@logistic_exercise.mistake("Yours grows with the number of samples. The loss is a mean.")
def sum_over_the_data(w, X, y):
    p = 1 / (1 + np.exp(-X @ w))
    return X.T @ (p - y)


@logistic_exercise.mistake(
    "There is a p (1 - p) too much: that is the gradient of half a squared error. What "
    "does the logarithm cancel?"
)
def squared_error_in_disguise(w, X, y):
    p = 1 / (1 + np.exp(-X @ w))
    return X.T @ ((p - y) * p * (1 - p)) / len(y)


@logistic_exercise.mistake("Your gradient points downhill. Which is it, p - y or y - p?")
def prediction_minus_label_turned_round(w, X, y):
    p = 1 / (1 + np.exp(-X @ w))
    return X.T @ (y - p) / len(y)


@logistic_exercise.mistake(
    "You compared the score with the label. What turns a score into a probability?"
)
def sigmoid_forgotten(w, X, y):
    return X.T @ (X @ w - y) / len(y)


@logistic_exercise.mistake(
    "You rounded the probability to 0 or 1 first. Keep how sure the model is."
)
def decision_for_probability(w, X, y):
    p = X @ w > 0
    return X.T @ (p.astype(float) - y) / len(y)


@logistic_exercise.mistake("Yours is twice what it should be. Is there a square in this loss?")
def two_of_a_square(w, X, y):
    p = 1 / (1 + np.exp(-X @ w))
    return 2 * X.T @ (p - y) / len(y)


@logistic_exercise.mistake(
    "That is the gradient of a squared error: 2 p (1 - p) too much. What does the logarithm cancel?"
)
def squared_error(w, X, y):
    p = 1 / (1 + np.exp(-X @ w))
    return X.T @ (2 * (p - y) * p * (1 - p)) / len(y)


@logistic_exercise.mistake(
    "Your probability falls when the score grows. What is the sign in the exponent of σ?"
)
def sigmoid_turned_round(w, X, y):
    p = 1 / (1 + np.exp(X @ w))
    return X.T @ (p - y) / len(y)


@logistic_exercise.mistake(
    "You made -1 and +1 of the labels. A probability is compared with 0 or 1."
)
def labels_as_signs(w, X, y):
    p = 1 / (1 + np.exp(-X @ w))
    return X.T @ (p - (2 * y - 1)) / len(y)


def hinge_gradient(w, X, y):
    """Return the gradient by w of the mean hinge loss, for labels 0 and 1 read as signs."""
    s = 2 * y - 1
    inside = s * (X @ w) < 1
    return -X.T @ (s * inside) / len(y)


hinge_exercise = CodeExercise(
    id="models.hinge",
    title="Only those inside the margin pull",
    difficulty="medium",
    minutes=7,
    text=r"""
A support vector machine reads the labels 0 and 1 as signs $s = -1$ and $s = +1$, and pays
$\max(0, 1 - s\,(x \cdot w))$ for a sample, in the mean. Write `hinge_gradient(w, X, y)`, the
gradient with respect to $w$; where $s\,(x \cdot w)$ is exactly 1, take the flat side.
""",
    hints=(
        "A sample with s (x · w) at least 1 pays nothing, and does not pull.",
        "Any other has the derivative -s x.",
        "`2 * y - 1` makes signs of the labels; a comparison makes a mask.",
    ),
    explanation=r"""
The loss of a sample is either 0 or $1 - s\,(x \cdot w)$; its gradient is 0 or $-s\,x$. Points
that are far on their right side have no say in the direction of the step, which is why the
machine is named after the few that do.
""",
    solution=hinge_gradient,
    reference=lambda w, X, y: LinearSVM(X.shape[1], l2=0.0, intercept=False).gradient(w, X, y),
    probes=(
        (np.zeros(2), X_SMALL, Y_SMALL),
        (np.array([0.8, 0.4]), X_SMALL, Y_SMALL),
        (W_RANDOM, X_RANDOM, Y_RANDOM),
        (np.array([1.0, 0.0]), np.array([[1.0, 2.0], [-0.5, 1.0]]), np.array([1, 0])),
    ),
    returns=("gradient",),
    path=lambda gradient: weights_path(gradient, 0.3),
)


@hinge_exercise.mistake(
    "In yours only samples on the wrong side pull. What of those that are right by less than 1?"
)
def margin_of_zero(w, X, y):
    s = 2 * y - 1
    wrong = s * (X @ w) < 0
    return -X.T @ (s * wrong) / len(y)


@hinge_exercise.mistake(
    "You used the labels 0 and 1 as they are, and half of the samples never pull."
)
def labels_for_signs(w, X, y):
    inside = y * (X @ w) < 1
    return -X.T @ (y * inside) / len(y)


@hinge_exercise.mistake("Every sample pulls, however far it is on its right side.")
def mask_forgotten(w, X, y):
    s = 2 * y - 1
    return -X.T @ s / len(y)


@hinge_exercise.mistake("Your gradient points downhill: the loss falls as s (x · w) grows.")
def minus_forgotten(w, X, y):
    s = 2 * y - 1
    inside = s * (X @ w) < 1
    return X.T @ (s * inside) / len(y)


@hinge_exercise.mistake(
    "You took the mean over the samples that pull. The loss is a mean over all."
)
def mean_over_those_inside(w, X, y):
    s = 2 * y - 1
    inside = s * (X @ w) < 1
    return -X.T @ (s * inside) / max(inside.sum(), 1)


@hinge_exercise.mistake("In yours a sample with s (x · w) = 1 pulls. Here it takes the flat side.")
def on_the_margin_counts(w, X, y):
    s = 2 * y - 1
    inside = s * (X @ w) <= 1
    return -X.T @ (s * inside) / len(y)


@hinge_exercise.mistake("Yours grows with the number of samples. The loss is a mean.")
def sum_of_the_hinges(w, X, y):
    s = 2 * y - 1
    inside = s * (X @ w) < 1
    return -X.T @ (s * inside)


@hinge_exercise.mistake("In yours those pull that pay nothing. Turn the comparison round.")
def mask_turned_round(w, X, y):
    s = 2 * y - 1
    outside = s * (X @ w) >= 1
    return -X.T @ (s * outside) / len(y)


@hinge_exercise.mistake("Your signs are turned round: the label 1 stands for s = +1.")
def signs_turned_round(w, X, y):
    s = 1 - 2 * y
    inside = s * (X @ w) < 1
    return -X.T @ (s * inside) / len(y)


@hinge_exercise.mistake("All your samples pull the same way. What does the derivative take from s?")
def sign_missing_in_the_slope(w, X, y):
    s = 2 * y - 1
    inside = s * (X @ w) < 1
    return -X.T @ inside / len(y)


@hinge_exercise.mistake(
    "You compared the score itself with 1. On which side is a sample with s = -1?"
)
def sign_missing_in_the_condition(w, X, y):
    s = 2 * y - 1
    inside = X @ w < 1
    return -X.T @ (s * inside) / len(y)


def network(*sizes):
    """Return the arguments of a backward pass: inputs, hidden activations, weights, slopes."""
    N, d, hidden, K = sizes
    X, W1, W2 = (
        rng.normal(size=shape).round(1) + 0.0 for shape in ((N, d), (d, hidden), (hidden, K))
    )
    return X, np.tanh(X @ W1).round(3), W2, rng.normal(size=(N, K)).round(1) / N


def package_backward(X, A, W2, dZ2):
    """Return the same by the package's own layers."""
    _, slope = ACTIVATIONS["tanh"]
    dW2, db2 = linear_backward(dZ2, A)
    return *linear_backward(dZ2 @ W2.T * slope(A), X), dW2, db2


def tanh_backward(X, A, W2, dZ2):
    """Return dW1, db1, dW2, db2 of a network with one hidden layer of tanh units."""
    dW2, db2 = A.T @ dZ2, dZ2.sum(axis=0)
    dZ1 = dZ2 @ W2.T * (1 - A**2)
    dW1, db1 = X.T @ dZ1, dZ1.sum(axis=0)
    return dW1, db1, dW2, db2


backward_exercise = CodeExercise(
    id="models.backward",
    title="One pass back",
    difficulty="hard",
    minutes=10,
    text=r"""
A network has the hidden activations $A = \tanh(X W_1 + b_1)$ and the scores $Z_2 = A W_2 + b_2$.
Given are `X`, `A`, `W2` and `dZ2`, the derivative of the loss by the scores, with the mean over
the samples already in it. Write `tanh_backward(X, A, W2, dZ2)`, which returns
`dW1, db1, dW2, db2`. No hyperbolic tangent is needed any more.
""",
    hints=(
        "Backwards through a linear layer: dW is its input transposed times dZ, db is dZ summed.",
        "What reaches the hidden layer is dZ2 times the transpose of W2.",
        "A unit passes it on times its slope, and the slope of tanh is 1 - tanh²: in terms of A?",
    ),
    explanation=r"""
Each linear layer is passed by the same two formulas; between them lies the slope of the
activation, which for tanh can be had from its value alone, as $1 - A^2$. It is 1 where the unit is
at 0 and fades where the unit saturates: such a unit learns slowly. `gdcourse.layers` holds these
lines, and the reference is made of them.
""",
    solution=tanh_backward,
    reference=package_backward,
    probes=(network(3, 2, 4, 2), network(6, 2, 3, 3), network(1, 4, 4, 4)),
    returns=("dW1", "db1", "dW2", "db2"),
)


@backward_exercise.mistake(
    "What comes back passes the hidden units as if they were linear. What is the slope of tanh?"
)
def slope_forgotten(X, A, W2, dZ2):
    dW2, db2 = A.T @ dZ2, dZ2.sum(axis=0)
    dZ1 = dZ2 @ W2.T
    dW1, db1 = X.T @ dZ1, dZ1.sum(axis=0)
    return dW1, db1, dW2, db2


@backward_exercise.mistake("You multiplied by the activation itself. What is the slope of tanh?")
def activation_for_slope(X, A, W2, dZ2):
    dW2, db2 = A.T @ dZ2, dZ2.sum(axis=0)
    dZ1 = dZ2 @ W2.T * A
    dW1, db1 = X.T @ dZ1, dZ1.sum(axis=0)
    return dW1, db1, dW2, db2


@backward_exercise.mistake("That is the slope of ReLU, 1 or 0. These units are tanh.")
def slope_of_relu(X, A, W2, dZ2):
    dW2, db2 = A.T @ dZ2, dZ2.sum(axis=0)
    dZ1 = dZ2 @ W2.T * (A > 0)
    dW1, db1 = X.T @ dZ1, dZ1.sum(axis=0)
    return dW1, db1, dW2, db2


@backward_exercise.mistake("`A` is the tangent already, and you took it once more.")
def tanh_taken_twice(X, A, W2, dZ2):
    dW2, db2 = A.T @ dZ2, dZ2.sum(axis=0)
    dZ1 = dZ2 @ W2.T * (1 - np.tanh(A) ** 2)
    dW1, db1 = X.T @ dZ1, dZ1.sum(axis=0)
    return dW1, db1, dW2, db2


@backward_exercise.mistake("That is the slope of a sigmoid. These units are tanh.")
def slope_of_sigmoid(X, A, W2, dZ2):
    dW2, db2 = A.T @ dZ2, dZ2.sum(axis=0)
    dZ1 = dZ2 @ W2.T * (A * (1 - A))
    dW1, db1 = X.T @ dZ1, dZ1.sum(axis=0)
    return dW1, db1, dW2, db2


@backward_exercise.mistake(
    "`db1` passes the hidden units without their slope; `dW1` has it. Which dZ do both come from?"
)
def slope_missing_in_the_bias(X, A, W2, dZ2):
    dW2, db2 = A.T @ dZ2, dZ2.sum(axis=0)
    dA = dZ2 @ W2.T
    dW1, db1 = X.T @ (dA * (1 - A**2)), dA.sum(axis=0)
    return dW1, db1, dW2, db2


@backward_exercise.mistake(
    "You took means for the biases. The mean over the samples is already in `dZ2`; what "
    "remains is a sum."
)
def biases_averaged(X, A, W2, dZ2):
    dW2, db2 = A.T @ dZ2, dZ2.mean(axis=0)
    dZ1 = dZ2 @ W2.T * (1 - A**2)
    dW1, db1 = X.T @ dZ1, dZ1.mean(axis=0)
    return dW1, db1, dW2, db2


@backward_exercise.mistake(
    "You divided by the number of samples once more. It is already in `dZ2`."
)
def mean_taken_twice(X, A, W2, dZ2):
    dZ2 = dZ2 / len(X)
    dW2, db2 = A.T @ dZ2, dZ2.sum(axis=0)
    dZ1 = dZ2 @ W2.T * (1 - A**2)
    dW1, db1 = X.T @ dZ1, dZ1.sum(axis=0)
    return dW1, db1, dW2, db2


parameters = NumberExercise(
    id="models.parameters",
    title="How long is θ?",
    difficulty="easy",
    minutes=2,
    text=r"""
A fully connected network reads digits of 28 × 28 pixels, has one hidden layer of 20 units, and ten
classes. How many numbers does its parameter vector $\theta$ hold, biases included?
""",
    hints=(
        "Two weight matrices and two bias vectors.",
        "784 × 20 weights and 20 biases, then 20 × 10 and 10.",
    ),
    answer=784 * 20 + 20 + 20 * 10 + 10,
    exact="784·20 + 20 + 20·10 + 10 = 15910",
    tolerance=1e-6,
    wrong={
        "biases_forgotten": (
            784 * 20 + 20 * 10,
            "Those are the weights. Each unit also has a bias.",
        ),
        "biases_of_the_inputs": (
            784 * 20 + 20 * 10 + 784 + 20 + 10,
            "You gave biases to the pixels. They are given, not learned.",
        ),
        "output_biases_forgotten": (784 * 20 + 20 + 20 * 10, "The ten scores have biases too."),
        "hidden_biases_forgotten": (784 * 20 + 20 * 10 + 10, "The hidden units have biases too."),
        "units_added": (
            784 + 20 + 10,
            "Those are the units. Each pair of neighbours has a weight.",
        ),
        "one_side_of_the_image": (
            28 * 20 + 20 + 20 * 10 + 10,
            "You fed in 28 numbers. An image of 28 × 28 has how many pixels?",
        ),
        "network_of_the_chapter": (
            64 * 32 + 32 + 32 * 10 + 10,
            "That is the chapter's network, of 32 units on 8 × 8 pixels.",
        ),
    },
    explanation=r"""
$784 \cdot 20 + 20$ for the hidden layer and $20 \cdot 10 + 10$ for the scores. To `descend` all of
it is one vector, a point in a space of 15910 dimensions.
""",
)

first_loss = NumberExercise(
    id="models.first_loss",
    title="The loss before anything is learned",
    difficulty="easy",
    minutes=2,
    text=r"""
A softmax classifier for ten classes starts with all parameters at zero. What is its cross-entropy,
the mean of $-\ln$ of the probability given to the true class, on any data? If a training run
starts far from this number, something is wrong.
""",
    hints=(
        "With equal scores every class gets the same probability.",
        "The loss of a sample is minus the natural logarithm of 1/10.",
    ),
    answer=log(10),
    exact="ln 10 = 2.302585",
    wrong={
        "decimal_logarithm": (
            1.0,
            "That is the logarithm to base 10. The loss has the natural one.",
        ),
        "binary_logarithm": (log2(10), "That is in bits. The loss has the natural logarithm."),
        "probability_for_loss": (0.1, "That is the probability. The loss is minus its logarithm."),
        "two_classes": (log(2), "That is for two classes. Here are ten."),
        "sign_forgotten": (
            -log(10),
            "A probability is at most 1: minus its logarithm is not negative.",
        ),
    },
    explanation=r"""
All scores are 0, every probability is $1/10$, and $-\ln \frac{1}{10} = \ln 10$ for every sample,
whatever its label.
""",
)

zero = ChoiceExercise(
    id="models.zero",
    title="A network that is zero in its last layer",
    difficulty="medium",
    minutes=4,
    text=r"""
We start a network with one hidden layer of ReLU units with a random $W_1$, but with $b_1$, $W_2$
and $b_2$ at zero, on data whose classes are not equally frequent. In the first step, which parts
of the gradient are not zero?
""",
    hints=(
        "What are the hidden activations? What is the derivative by W2, which multiplies them?",
        "What comes back to the hidden layer passes through W2.",
    ),
    choices=(
        ("all of them", "What comes back to the hidden layer is multiplied by W2, which is zero."),
        (
            "those of $W_2$ and $b_2$",
            "A is not zero, so dW2 is not; W2 = 0 lets nothing through to W1 and b1, for one step.",
        ),
        (
            "that of $b_2$ alone",
            "So it is if W1 is zero as well. Here the hidden units are on for some of the samples.",
        ),
        (
            "those of $W_1$ and $b_1$",
            "To get there, what comes back would have to pass W2. The last layer sees it first.",
        ),
    ),
    right="b",
    names=("all_parts", "", "last_bias_alone", "first_layer"),
    explanation=r"""
$dW_2 = A^T dZ_2$ with $A \ne 0$, and $dZ_1 = dZ_2 W_2^T$ is zero, for one step: after it $W_2$ is
not, and everything learns. Its columns differ, since the hidden units do. One random layer is
enough to break the symmetry; with none of them random only $b_2$ would ever move.
""",
)

EXERCISES: list[Exercise] = [
    parameters,
    first_loss,
    softmax_exercise,
    logistic_exercise,
    hinge_exercise,
    zero,
    backward_exercise,
]
