"""A distribution as quantiles and a mean, with the simulation error of each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from drkit.stats.draws import Samples

#: Standard normal quantile of 97.5 %: half the width of a 95 % interval in standard errors.
Z95 = 1.959963984540054


class Spread(NamedTuple):
    """Exact quantiles of a sample, with the error that comes from drawing it.

    Parameters
    ----------
    p05, p50, p95, p99, asked
        Quantiles at 5, 50, 95 and 99 %, and ``asked`` at the probability that the objectives require.
    mean, standard_deviation
        Of the draws, those above the value given as that value.
    p_meets
        Part of the draws that the objective holds for.
    p50_error, p95_error, asked_error
        Half the width of the 95 % interval of a quantile: between the order statistics whose ranks a binomial count
        reaches with 95 % (David and Nagaraja, Order Statistics, 2003, section 7.1). Infinite where it reaches past the
        last finite draw.
    samples
        Draws.
    """

    p05: float
    p50: float
    p95: float
    p99: float
    asked: float
    mean: float
    standard_deviation: float
    p_meets: float
    p50_error: float
    p95_error: float
    asked_error: float
    samples: int

    @property
    def mean_error(self) -> float:
        """Half the width of the 95 % interval of the mean [unit of the sample]."""
        return Z95 * self.standard_deviation / math.sqrt(self.samples)

    @property
    def p_error(self) -> float:
        """Half the width of the 95 % interval of ``p_meets`` [1]: Agresti and Coull, American Statistician 52, 1998."""
        return probability_error(self.p_meets, self.samples)


def spread_of(
    values: Samples, objective: float = math.inf, probability: float = 0.95, at_most: float = math.inf
) -> Spread:
    """Quantiles, mean and probability of a sample, in its own unit.

    Parameters
    ----------
    values
        Shape ``(samples,)`` [any unit], not changed.
    objective
        ``p_meets`` is the part of the draws that are not above it.
    probability
        For ``asked``.
    at_most
        Draws above this value, infinite ones too, count as this value in the mean.
    """
    return Ordered(values, at_most).spread(objective, probability)


class Ordered:
    """A sorted sample, from which the spread for any objective follows.

    Parameters
    ----------
    values, at_most
        As `spread_of` takes them.
    """

    def __init__(self, values: Samples, at_most: float = math.inf) -> None:
        self.values = np.sort(values)
        count = len(self.values)
        top = min(at_most, 3e38)
        finite = int(np.searchsorted(self.values, np.float32(top), side="right")) if self.values[-1] > top else count
        mean, square = _moments(self.values[:finite])
        if finite < count:
            share = finite / count
            square = share * square + (1 - share) * at_most**2
            mean = share * mean + (1 - share) * at_most
        self.mean = mean
        self.deviation = math.sqrt(max(square - mean * mean, 0.0)) if math.isfinite(square) else math.inf

    def spread(self, objective: float, probability: float) -> Spread:
        """Quantiles, mean, and the part [1] of the draws that an objective [unit of the sample] holds for."""
        ordered, count = self.values, len(self.values)
        p50, p95, asked = (_ranked(ordered, level) for level in (0.5, 0.95, probability))
        return Spread(
            p05=_ranked(ordered, 0.05)[0],
            p50=p50[0],
            p95=p95[0],
            p99=_ranked(ordered, 0.99)[0],
            asked=asked[0],
            mean=self.mean,
            standard_deviation=self.deviation,
            p_meets=int(np.searchsorted(ordered, np.float32(objective), side="right")) / count,
            p50_error=p50[1],
            p95_error=p95[1],
            asked_error=asked[1],
            samples=count,
        )


def _moments(finite: Samples) -> tuple[float, float]:
    if not len(finite):
        return 0.0, 0.0
    # Around its median a float32 sum of squares keeps its digits.
    middle = finite[len(finite) // 2]
    gap = finite - middle
    first = float(gap.sum(dtype=np.float64)) / len(gap)
    second = float(np.dot(gap, gap)) / len(gap)
    mean = float(middle) + first
    return mean, second - first * first + mean * mean


def _ranked(ordered: Samples, level: float) -> tuple[float, float]:
    """A quantile and half the width of its 95 % interval."""
    count = len(ordered)
    rank = rank_of(level, count)
    off = math.ceil(Z95 * math.sqrt(count * level * (1 - level)))
    low, high = float(ordered[max(rank - off, 0)]), float(ordered[min(rank + off, count - 1)])
    value = float(ordered[rank])
    return value, 0.0 if low == high else (high - low) / 2


def quantile(values: npt.ArrayLike, level: float) -> float:
    """Smallest value [unit of the values] that a part ``level`` [1] of them does not exceed; it may be infinite."""
    ordered = np.sort(np.asarray(values))
    return float(ordered[rank_of(level, len(ordered))])


def rank_of(level: float, count: int) -> int:
    """Index of the ordered draw that is the quantile of ``level`` [1]: never below it, as numpy's method ``higher``."""
    # A product such as 0.95 x 20,001 may miss its whole number by the last bit.
    return min(max(math.ceil(level * (count - 1) - 1e-9), 0), count - 1)


def probability_error(share: float, samples: int) -> float:
    """Half the width of the 95 % interval of a probability [1] estimated from draws; never zero."""
    draws = samples + Z95**2
    centre = (share * samples + Z95**2 / 2) / draws
    return Z95 * math.sqrt(centre * (1 - centre) / draws)
