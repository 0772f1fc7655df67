"""Slow and independent: each rule once more, on plain numbers, in another algebraic form.

``REFERENCES[name](x, g, s, t, rule)`` returns the new point and writes into ``s``, a dict of the
state by the same names. Rules on single coordinates get numbers, the others arrays.
"""

from math import copysign, fsum, sqrt

import numpy as np
from scipy.linalg import fractional_matrix_power


def sgd(x, g, s, t, h):
    return (1 - h.lr * h.weight_decay) * x - h.lr * g


def sign_sgd(x, g, s, t, h):
    return x - (copysign(h.lr, g) if g else 0)


def momentum(x, g, s, t, h):
    share = 1 if t == 1 else 1 - h.dampening
    s["v"] = h.momentum * s["v"] + share * g
    return x - h.lr * s["v"]


def nag(x, g, s, t, h):
    """Sutskever et al.: from the own point, with the velocity that the look-ahead is made of."""
    own, velocity = x + s["ahead"], -s["ahead"] / h.momentum
    velocity = h.momentum * velocity - h.lr * g
    own = own + velocity
    s["ahead"] = -h.momentum * velocity
    return own + h.momentum * velocity


def adagrad(x, g, s, t, h):
    s["G"] += g**2
    return x - h.lr * g / (sqrt(s["G"] + h.eps) if h.eps_inside else sqrt(s["G"]) + h.eps)


def adadelta(x, g, s, t, h):
    s["v"] += (1 - h.rho) * (g**2 - s["v"])
    delta = sqrt((s["u"] + h.eps) / (s["v"] + h.eps)) * g
    s["u"] += (1 - h.rho) * (delta**2 - s["u"])
    return x - h.lr * delta


def rmsprop(x, g, s, t, h):
    s["v"] += (1 - h.rho) * (g**2 - s["v"])
    s["m"] = s.get("m", 0) + (1 - h.rho) * (g - s.get("m", 0))
    variance = s["v"] - s["m"] ** 2 if h.centered else s["v"]
    scale = sqrt(variance + h.eps) if h.eps_inside else sqrt(variance) + h.eps
    s["b"] = h.momentum * s.get("b", 0) + g / scale
    return x - h.lr * s["b"]


def _means(g, s, h):
    s["m"] += (1 - h.beta1) * (g - s["m"])
    s["v"] += (1 - h.beta2) * (g**2 - s["v"])


def adam(x, g, s, t, h):
    """The paper's efficient form, in which eps shrinks with the correction."""
    _means(g, s, h)
    root = sqrt(1 - h.beta2**t)
    return x - h.lr * root / (1 - h.beta1**t) * s["m"] / (sqrt(s["v"]) + h.eps * root)


def adamw(x, g, s, t, h):
    return adam((1 - h.lr * h.weight_decay) * x, g, s, t, h)


def adamax(x, g, s, t, h):
    s["m"] += (1 - h.beta1) * (g - s["m"])
    s["u"] = s["u"] * h.beta2 if s["u"] * h.beta2 > abs(g) + h.eps else abs(g) + h.eps
    return x - h.lr * s["m"] / (s["u"] * (1 - h.beta1**t))


def nadam(x, g, s, t, h):
    _means(g, s, h)
    mu, mu_next = (h.beta1 - h.beta1 / 2 * 0.96 ** (h.momentum_decay * k) for k in (t, t + 1))
    s["p"] *= mu
    nesterov = mu_next / (1 - mu_next * s["p"]) * s["m"] + (1 - mu) / (1 - s["p"]) * g
    root = sqrt(1 - h.beta2**t)
    return x - h.lr * root * nesterov / (sqrt(s["v"]) + h.eps * root)


def amsgrad(x, g, s, t, h):
    _means(g, s, h)
    s["v_max"] = s["v"] if s["v"] > s["v_max"] else s["v_max"]
    first, second = (1 - h.beta1**t, 1 - h.beta2**t) if h.bias_correction else (1, 1)
    return x - h.lr / first * sqrt(second) * s["m"] / (sqrt(s["v_max"]) + h.eps * sqrt(second))


def adabound(x, g, s, t, h):
    _means(g, s, h)
    lr = h.lr * sqrt(1 - h.beta2**t) / (1 - h.beta1**t) if h.bias_correction else h.lr
    rate = lr / (sqrt(s["v"]) + h.eps)
    rate = max(rate, h.final_lr * h.gamma * t / (h.gamma * t + 1))
    rate = min(rate, h.final_lr * (h.gamma * t + 1) / (h.gamma * t))
    return x - rate * s["m"] / (sqrt(t) if h.root_decay else 1)


def radam(x, g, s, t, h):
    _means(g, s, h)
    limit = (1 + h.beta2) / (1 - h.beta2)
    length = limit - 2 * t / (h.beta2**-t - 1)
    if length <= h.threshold:
        return x - h.lr * s["m"] / (1 - h.beta1**t)
    r = sqrt((length - 4) / (limit - 4) * (length - 2) / (limit - 2) * limit / length)
    scale = (sqrt(s["v"]) + h.eps) / sqrt(1 - h.beta2**t)
    return x - h.lr * r * s["m"] / (1 - h.beta1**t) / scale


def adabelief(x, g, s, t, h):
    s["m"] += (1 - h.beta1) * (g - s["m"])
    s["s"] += (1 - h.beta2) * ((g - s["m"]) ** 2 - s["s"]) + h.eps
    root = sqrt(1 - h.beta2**t)
    return x - h.lr * root / (1 - h.beta1**t) * s["m"] / (sqrt(s["s"]) + h.eps * root)


def lion(x, g, s, t, h):
    c = s["m"] + (1 - h.beta1) * (g - s["m"])
    s["m"] += (1 - h.beta2) * (g - s["m"])
    return (1 - h.lr * h.weight_decay) * x - (copysign(h.lr, c) if c else 0)


def _length(x):
    return sqrt(fsum(a * a for a in x))


def lars(x, g, s, t, h):
    ratio = 1.0
    if _length(x) and _length(g):
        ratio = h.trust / (_length(g) / _length(x) + h.weight_decay)
    s["v"] = h.momentum * s["v"] + h.lr * ratio * g + h.lr * ratio * h.weight_decay * x
    return x - s["v"]


def lamb(x, g, s, t, h):
    _means(g, s, h)
    root = sqrt(1 - h.beta2**t)
    u = root / (1 - h.beta1**t) * s["m"] / (np.sqrt(s["v"]) + h.eps * root) + h.weight_decay * x
    ratio = _length(x) / _length(u) if _length(x) and _length(u) else 1.0
    return x - h.lr * ratio * u


def swats(x, g, s, t, h):
    if s["rate"]:
        _means(g, s, h)  # go on, unused
        s["b"] = h.beta1 * s["b"] + g
        return x - s["rate"] * (1 - h.beta1) * s["b"]
    _means(g, s, h)
    root = sqrt(1 - h.beta2**t)
    p = -h.lr * root / (1 - h.beta1**t) * s["m"] / (np.sqrt(s["v"]) + h.eps * root)
    pg = fsum(p * g)
    if pg:
        gamma = fsum(p * p) / -pg
        s["mean"] = s["mean"] + (1 - h.beta2) * (gamma - s["mean"])
        estimate = s["mean"] / (1 - h.beta2**t)
        if t > 1 and abs(estimate - gamma) < h.tolerance and estimate > 0:
            s["rate"] = estimate
    return x + p


def adafactor(x, g, s, t, h):
    """With means, as PyTorch, in place of the paper's sums."""
    rows, columns = x.shape
    beta = 1 - t**-h.power
    s["R"] = beta * s["R"] + (1 - beta) * columns * (g**2 + h.eps1).mean(1)[:, None]
    s["C"] = beta * s["C"] + (1 - beta) * rows * (g**2 + h.eps1).mean(0)[None, :]
    V = np.outer(s["R"], s["C"]) / fsum(s["R"][:, 0])
    u = g / np.sqrt(V)
    u = u * min(1.0, h.clip / sqrt(np.mean(u**2)))
    rate = max(h.eps2, sqrt(np.mean(x**2))) * min(h.lr, 1 / sqrt(t))
    return (1 - h.lr * h.weight_decay) * x - rate * u


def muon(x, g, s, t, h):
    """On singular values, which is what the iteration acts on."""
    rows, columns = x.shape
    s["B"] = h.momentum * s["B"] + g
    U, sigma, Vt = np.linalg.svd(g + h.momentum * s["B"], full_matrices=False)
    sigma = sigma / (_length(sigma) + 1e-7)
    for _ in range(h.num_iterations):
        sigma = 3.4445 * sigma - 4.7750 * sigma**3 + 2.0315 * sigma**5
    shape = sqrt(columns / rows) if columns > rows else 1.0
    return (1 - h.lr * h.weight_decay) * x - h.lr * shape * (U * sigma) @ Vt


def shampoo(x, g, s, t, h):
    s["L"] = s["L"] + np.einsum("ij,kj->ik", g, g)
    s["R"] = s["R"] + np.einsum("ji,jk->ik", g, g)
    left, right = (fractional_matrix_power(s[name], -0.25) for name in "LR")
    return x - h.lr * left @ g @ right


def soap(x, g, s, t, h):
    """With eigenvectors as a list of rank-one turns, and the step summed over their pairs."""
    for name, matrix in (("L", g @ g.T), ("R", g.T @ g)):
        s[name] = s[name] + (1 - h.beta2) * (matrix - s[name])
        if t == 1:
            s["Q" + name] = np.linalg.svd(matrix)[0]
    s["m"] = s["m"] + (1 - h.beta1) * (g - s["m"])
    step = np.zeros_like(x)
    for i, a in enumerate(s["QL"].T):
        for j, b in enumerate(s["QR"].T):
            s["v"][i, j] += (1 - h.beta2) * ((a @ g @ b) ** 2 - s["v"][i, j])
            root = sqrt(1 - h.beta2**t)
            quotient = a @ s["m"] @ b / (sqrt(s["v"][i, j]) + h.eps * root)
            step += root / (1 - h.beta1**t) * quotient * np.outer(a, b)
    if t % h.period == 0:
        for name in "LR":
            s["Q" + name] = gram_schmidt(s[name] @ s["Q" + name])
    return x - h.lr * step


def gram_schmidt(A):
    """Return the columns of A made orthonormal, each twice against rounding."""
    Q = []
    for a in A.T:
        for q in Q * 2:
            a = a - (q @ a) * q
        Q.append(a / _length(a))
    return np.column_stack(Q)


REFERENCES = {
    "SGD": sgd,
    "SignSGD": sign_sgd,
    "Momentum": momentum,
    "NAG": nag,
    "Adagrad": adagrad,
    "Adadelta": adadelta,
    "RMSprop": rmsprop,
    "Adam": adam,
    "AdamW": adamw,
    "AdaMax": adamax,
    "NAdam": nadam,
    "AMSGrad": amsgrad,
    "AdaBound": adabound,
    "RAdam": radam,
    "AdaBelief": adabelief,
    "Lion": lion,
    "LARS": lars,
    "LAMB": lamb,
    "SWATS": swats,
    "Adafactor": adafactor,
    "Muon": muon,
    "Shampoo": shampoo,
    "SOAP": soap,
}


def step(rule, x, g, state, t):
    """Return the new point after update ``t`` (1 is the first), and write into ``state``."""
    reference = REFERENCES[type(rule).__name__]
    if not rule.elementwise:
        return reference(x, g, state, t, rule)
    points = []
    for i in range(len(x)):
        one = {name: float(array[i]) for name, array in state.items()}
        points.append(reference(float(x[i]), float(g[i]), one, t, rule))
        for name in state:
            state[name][i] = one[name]
    return np.array(points)


def walk(rule, x0, gradients):
    """Return the points of a run, of shape (steps + 1, ...)."""
    state = rule.init(x0)
    path = [x0]
    for t, g in enumerate(gradients, 1):
        path.append(step(rule, path[-1], g, state, t))
    return np.array(path)
