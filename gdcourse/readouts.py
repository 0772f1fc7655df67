"""Readouts: average the points that a rule walks through, and report the average."""

from __future__ import annotations

from dataclasses import dataclass

from .rules.base import Array, Hyper, State, Wrapper


class Averaged(Wrapper):
    """What all averages share: the inner rule walks as it would alone; only the readout differs."""

    def readout(self, x: Array, state: State) -> Array:
        """Return the average."""
        return state["average"]


@dataclass
class PolyakRuppert(Averaged):
    """The mean of all points after an update (Polyak & Juditsky 1992; Ruppert 1988).

        average <- ((t - 1) * average + x) / t

    Parameters
    ----------
    inner : Rule
        The rule that makes the updates.

    Raises
    ------
    ValueError
        If ``inner`` is no rule on vectors.

    References
    ----------
    Polyak & Juditsky (1992), Acceleration of stochastic approximation by averaging.
    Ruppert (1988), Efficient estimations from a slowly convergent Robbins-Monro process.
    """

    @staticmethod
    def step(x: Array, g: Array, average: Array, *, t: int) -> tuple[Array, Array]:
        """Return the point and the new average, after the inner rule's step."""
        return x, ((t - 1) * average + x) / t


@dataclass
class SWA(Averaged):
    """The mean of every so many points from a step on (Izmailov et al. 2018).

        average <- x                              up to update ``start``
        average <- ((n - 1) * average + x) / n    at the n-th snapshot, one every ``period`` updates

    Where a network has batch normalization, its statistics are to be computed again for the
    average.

    Parameters
    ----------
    inner : Rule
        The rule that makes the updates.
    start : int
        Updates before the averaging, at least 0.
    period : int
        Updates between snapshots, at least 1: the length of a cycle.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    References
    ----------
    Izmailov et al. (2018), Averaging weights leads to wider optima and better generalization.
    """

    start: int = 0
    period: int = 1

    @staticmethod
    def step(
        x: Array, g: Array, average: Array, *, start: int, period: int, t: int
    ) -> tuple[Array, Array]:
        """Return the point and the new average, after the inner rule's step."""
        n, past = divmod(t - start, period)
        if n < 1:
            average = x
        elif past == 0:
            average = ((n - 1) * average + x) / n
        return x, average


@dataclass
class EMA(Averaged):
    """An exponential moving average of the points.

        average <- decay * average + (1 - decay) * x,   and x itself after the first update

    Parameters
    ----------
    inner : Rule
        The rule that makes the updates.
    decay : float, array or schedule
        How much of the average survives a step, in [0, 1).

    Raises
    ------
    ValueError
        If an argument is not allowed.

    References
    ----------
    Polyak & Juditsky (1992), Acceleration of stochastic approximation by averaging.
    """

    decay: Hyper = 0.999

    @staticmethod
    def step(x: Array, g: Array, average: Array, *, decay: Array, t: int) -> tuple[Array, Array]:
        """Return the point and the new average, after the inner rule's step."""
        return x, x if t == 1 else decay * average + (1 - decay) * x
