"""Adam and what came of it: a running mean of gradients over the root of that of their squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Array, Hyper, Rule, State

# Where RAdam's rho is at most 4, its r is not used, but must not be a quotient by 0 either.
TINY = 1e-30


@dataclass
class AdamFamily(Rule):
    """What Adam and its descendants have in common: their hyperparameters."""

    lr: Hyper = 0.001
    beta1: Hyper = 0.9
    beta2: Hyper = 0.999
    eps: Hyper = 1e-8


@dataclass
class Adam(AdamFamily):
    """Adam (Kingma & Ba 2015, algorithm 1).

        m     <- beta1 * m + (1 - beta1) * g
        v     <- beta2 * v + (1 - beta2) * g^2
        m_hat <- m / (1 - beta1^t)
        v_hat <- v / (1 - beta2^t)
        x     <- x - lr * m_hat / (sqrt(v_hat) + eps)

    The paper's form, also PyTorch's and optax's; Keras and scikit-learn add eps to ``sqrt(v)``
    before the correction, where it weighs more in the first steps.

    Parameters
    ----------
    lr : float, array or schedule
        Learning rate, at least 0: nearly the length of a step, whatever the gradient's scale.
    beta1, beta2 : float, array or schedule
        Decay of the means of gradients and of squared gradients, in [0, 1).
    eps : float, array or schedule
        Keeps the quotient finite, at least 0; units of ``g``.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Kingma & Ba (2015), Adam: a method for stochastic optimization.
    """

    @staticmethod
    def step(
        x: Array,
        g: Array,
        m: Array,
        v: Array,
        *,
        lr: Array,
        beta1: Array,
        beta2: Array,
        eps: Array,
        t: int,
    ) -> tuple[Array, Array, Array]:
        """Return the new point and the new means of gradients and of squared gradients."""
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        x = x - lr * m_hat / (np.sqrt(v_hat) + eps)
        return x, m, v


@dataclass
class AdamW(AdamFamily):
    """Adam with a decay of the weights that is not scaled by the gradient's history.

        x <- x - lr * (m_hat / (sqrt(v_hat) + eps) + weight_decay * x),   m_hat, v_hat of Adam

    The decay is multiplied by ``lr``, as in PyTorch, Keras and optax; in the paper it is
    multiplied by the schedule's factor alone. A penalty in the loss (L2) is not the same: Adam
    divides it away.

    Parameters
    ----------
    lr, beta1, beta2, eps : float, array or schedule
        As in :class:`Adam`.
    weight_decay : float, array or schedule
        Rate of the decay, at least 0.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Loshchilov & Hutter (2019), Decoupled weight decay regularization.
    """

    weight_decay: Hyper = 0.01

    @staticmethod
    def step(
        x: Array,
        g: Array,
        m: Array,
        v: Array,
        *,
        lr: Array,
        beta1: Array,
        beta2: Array,
        eps: Array,
        weight_decay: Array,
        t: int,
    ) -> tuple[Array, Array, Array]:
        """Return the new point and the new means of gradients and of squared gradients."""
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        x = x - lr * (m_hat / (np.sqrt(v_hat) + eps) + weight_decay * x)
        return x, m, v


@dataclass
class AdaMax(AdamFamily):
    """Adam with the largest recent gradient in place of the root mean square.

        m <- beta1 * m + (1 - beta1) * g
        u <- max(beta2 * u, |g| + eps)
        x <- x - lr / (1 - beta1^t) * m / u

    The paper has no eps (give 0, where no gradient is); PyTorch and optax place it as here, and
    Keras divides by ``u + eps``.

    Parameters
    ----------
    lr, beta1, beta2, eps : float, array or schedule
        As in :class:`Adam`.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Kingma & Ba (2015), Adam: a method for stochastic optimization, algorithm 2.
    """

    lr: Hyper = 0.002

    @staticmethod
    def step(
        x: Array,
        g: Array,
        m: Array,
        u: Array,
        *,
        lr: Array,
        beta1: Array,
        beta2: Array,
        eps: Array,
        t: int,
    ) -> tuple[Array, Array, Array]:
        """Return the new point, the new mean of gradients and the largest recent one."""
        m = beta1 * m + (1 - beta1) * g
        u = np.maximum(beta2 * u, np.abs(g) + eps)
        x = x - lr / (1 - beta1**t) * m / u
        return x, m, u


@dataclass
class NAdam(AdamFamily):
    """Adam with Nesterov's look-ahead: the mean that the next step will see (Dozat 2016).

        mu_t  <- beta1 * (1 - 0.96^(t * momentum_decay) / 2)
        p     <- p * mu_t,   the product of all mu so far
        m_hat <- mu_{t+1} * m / (1 - p * mu_{t+1}) + (1 - mu_t) * g / (1 - p)
        x     <- x - lr * m_hat / (sqrt(v_hat) + eps),   m, v and v_hat of Adam

    PyTorch's form. Keras has ``momentum_decay=1``, and optax no schedule at all, which is that
    of a large one, such as 1e6. The paper averages ``m`` with mu_t in place of beta1, as none of
    them does.

    Parameters
    ----------
    lr, beta1, beta2, eps : float, array or schedule
        As in :class:`Adam`.
    momentum_decay : float, array or schedule
        How fast mu grows from about half of beta1 to beta1, at least 0; 0.004 takes thousands
        of steps.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Dozat (2016), Incorporating Nesterov momentum into Adam.
    """

    lr: Hyper = 0.002
    momentum_decay: Hyper = 0.004

    def init(self, x: Array) -> State:
        """Return zeros, and the empty product."""
        return super().init(x) | {"p": np.ones_like(x)}

    @staticmethod
    def step(
        x: Array,
        g: Array,
        m: Array,
        v: Array,
        p: Array,
        *,
        lr: Array,
        beta1: Array,
        beta2: Array,
        eps: Array,
        momentum_decay: Array,
        t: int,
    ) -> tuple[Array, Array, Array, Array]:
        """Return the new point, the new means of gradients and of squared ones, the product."""
        mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
        mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
        p = p * mu
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat = mu_next * m / (1 - p * mu_next) + (1 - mu) * g / (1 - p)
        v_hat = v / (1 - beta2**t)
        x = x - lr * m_hat / (np.sqrt(v_hat) + eps)
        return x, m, v, p


@dataclass
class AMSGrad(AdamFamily):
    """Adam whose denominator never shrinks (Reddi, Kale & Kumar 2018, algorithm 2).

        v_max <- max(v_max, v),   m and v of Adam
        x     <- x - lr * m / (sqrt(v_max) + eps)

    The paper's form has no bias correction (and an lr that falls like 1 / sqrt(t)).
    ``bias_correction=True`` is PyTorch's form, which corrects m and v_max; Keras does too, with
    eps as in its Adam, and optax takes the maximum of corrected values.

    Parameters
    ----------
    lr, beta1, beta2, eps : float, array or schedule
        As in :class:`Adam`.
    bias_correction : bool
        Divide m and v_max by Adam's ``1 - beta^t``.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Reddi, Kale & Kumar (2018), On the convergence of Adam and beyond.
    """

    bias_correction: bool = False

    @staticmethod
    def step(
        x: Array,
        g: Array,
        m: Array,
        v: Array,
        v_max: Array,
        *,
        lr: Array,
        beta1: Array,
        beta2: Array,
        eps: Array,
        bias_correction: bool,
        t: int,
    ) -> tuple[Array, Array, Array, Array]:
        """Return the new point, the new means of gradients and of squared ones, the maximum."""
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        v_max = np.maximum(v_max, v)
        m_hat = m / (1 - beta1**t) if bias_correction else m
        v_hat = v_max / (1 - beta2**t) if bias_correction else v_max
        x = x - lr * m_hat / (np.sqrt(v_hat) + eps)
        return x, m, v, v_max


@dataclass
class AdaBound(AdamFamily):
    """Adam whose rates are clipped into a band that closes in on one rate (Luo et al. 2019).

        lower <- final_lr * (1 - 1 / (gamma * t + 1))
        upper <- final_lr * (1 + 1 / (gamma * t))
        x     <- x - clip(lr / (sqrt(v) + eps), lower, upper) / sqrt(t) * m,   m and v of Adam

    The paper's form (algorithm 2). ``bias_correction=True, root_decay=False`` is that of the
    authors' code, which corrects m and v and leaves the 1 / sqrt(t) out.

    Parameters
    ----------
    lr, beta1, beta2, eps : float, array or schedule
        As in :class:`Adam`.
    final_lr : float, array or schedule
        The rate that the band closes in on, at least 0.
    gamma : float, array or schedule
        How fast it does, above 0; the paper's experiments have ``1 - beta2``.
    bias_correction : bool
        Multiply the rate by Adam's ``sqrt(1 - beta2^t) / (1 - beta1^t)`` before it is clipped.
    root_decay : bool
        Divide the clipped rate by ``sqrt(t)``.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Luo, Xiong, Liu & Sun (2019), Adaptive gradient methods with dynamic bound of learning rate.
    """

    final_lr: Hyper = 0.1
    gamma: Hyper = 0.001
    bias_correction: bool = False
    root_decay: bool = True

    @staticmethod
    def step(
        x: Array,
        g: Array,
        m: Array,
        v: Array,
        *,
        lr: Array,
        beta1: Array,
        beta2: Array,
        eps: Array,
        final_lr: Array,
        gamma: Array,
        bias_correction: bool,
        root_decay: bool,
        t: int,
    ) -> tuple[Array, Array, Array]:
        """Return the new point and the new means of gradients and of squared gradients."""
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        lower = final_lr * (1 - 1 / (gamma * t + 1))
        upper = final_lr * (1 + 1 / (gamma * t))
        correction = (1 - beta2**t) ** 0.5 / (1 - beta1**t) if bias_correction else 1.0
        rate = np.minimum(np.maximum(lr * correction / (np.sqrt(v) + eps), lower), upper)
        x = x - rate / (t**0.5 if root_decay else 1.0) * m
        return x, m, v


@dataclass
class RAdam(AdamFamily):
    """Adam that waits until its denominator can be trusted (Liu et al. 2020, algorithm 2).

        rho_inf <- 2 / (1 - beta2) - 1
        rho     <- rho_inf - 2 * t * beta2^t / (1 - beta2^t)
        r       <- sqrt((rho - 4) (rho - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho))
        x       <- x - lr * r * m_hat * sqrt(1 - beta2^t) / (sqrt(v) + eps)   if rho > threshold
        x       <- x - lr * m_hat                                             otherwise

    The paper's form: threshold 4. PyTorch has ``threshold=5`` and eps as here; optax and the
    authors' code ask for at least 5, and optax adds eps after the correction.

    Parameters
    ----------
    lr, beta1, beta2, eps : float, array or schedule
        As in :class:`Adam`.
    threshold : float
        Length of the average from which on the denominator is used, at least 4.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Liu et al. (2020), On the variance of the adaptive learning rate and beyond.
    """

    threshold: float = 4.0

    @staticmethod
    def step(
        x: Array,
        g: Array,
        m: Array,
        v: Array,
        *,
        lr: Array,
        beta1: Array,
        beta2: Array,
        eps: Array,
        threshold: float,
        t: int,
    ) -> tuple[Array, Array, Array]:
        """Return the new point and the new means of gradients and of squared gradients."""
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat = m / (1 - beta1**t)
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
        square = (rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho + TINY)
        r = abs(square) ** 0.5
        adapted = r * m_hat * (1 - beta2**t) ** 0.5 / (np.sqrt(v) + eps)
        x = x - lr * np.where(rho > threshold, adapted, m_hat)
        return x, m, v


@dataclass
class AdaBelief(AdamFamily):
    """Adam that divides by how far gradients stray from their running mean (Zhuang et al. 2020).

        m     <- beta1 * m + (1 - beta1) * g
        s     <- beta2 * s + (1 - beta2) * (g - m)^2 + eps
        x     <- x - lr * m_hat / (sqrt(s_hat) + eps),   m_hat, s_hat corrected as in Adam

    The paper's form, with the eps of its code. In optax the eps inside s has its own name.

    Parameters
    ----------
    lr, beta1, beta2, eps : float, array or schedule
        As in :class:`Adam`.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Zhuang et al. (2020), AdaBelief optimizer: adapting stepsizes by the belief in observed
    gradients.
    """

    eps: Hyper = 1e-16

    @staticmethod
    def step(
        x: Array,
        g: Array,
        m: Array,
        s: Array,
        *,
        lr: Array,
        beta1: Array,
        beta2: Array,
        eps: Array,
        t: int,
    ) -> tuple[Array, Array, Array]:
        """Return the new point and the new means of gradients and of their squared surprise."""
        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * (g - m) * (g - m) + eps
        m_hat = m / (1 - beta1**t)
        s_hat = s / (1 - beta2**t)
        x = x - lr * m_hat / (np.sqrt(s_hat) + eps)
        return x, m, s


@dataclass
class Lion(Rule):
    """Step by the sign of a mean of gradients (Chen et al. 2023).

        x <- x - lr * (sign(beta1 * m + (1 - beta1) * g) + weight_decay * x)
        m <- beta2 * m + (1 - beta2) * g

    The paper's form, and that of every framework; their default decays differ.

    Parameters
    ----------
    lr : float, array or schedule
        Length of each coordinate's step, at least 0.
    beta1, beta2 : float, array or schedule
        Share of the mean in the step, and decay of the mean, in [0, 1).
    weight_decay : float, array or schedule
        Rate of the decay, multiplied by ``lr``; at least 0.

    Raises
    ------
    ValueError
        If a hyperparameter lies outside its range.

    References
    ----------
    Chen et al. (2023), Symbolic discovery of optimization algorithms.
    """

    lr: Hyper = 1e-4
    beta1: Hyper = 0.9
    beta2: Hyper = 0.99
    weight_decay: Hyper = 0.0

    @staticmethod
    def step(
        x: Array,
        g: Array,
        m: Array,
        *,
        lr: Array,
        beta1: Array,
        beta2: Array,
        weight_decay: Array,
    ) -> tuple[Array, Array]:
        """Return the new point and the new mean of gradients."""
        c = beta1 * m + (1 - beta1) * g
        x = x - lr * (np.sign(c) + weight_decay * x)
        m = beta2 * m + (1 - beta2) * g
        return x, m
