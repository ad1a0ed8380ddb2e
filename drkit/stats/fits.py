"""What a short history says about rates and durations, with the uncertainty that a short history leaves.

Rates are Poisson with a gamma posterior; durations are lognormal with a posterior over both parameters, in which an
outage that had not ended when it was last seen counts as a lower bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

#: Points of the posterior's grid in the location and in the logarithm of the spread.
_LOCATIONS, _SPREADS = 49, 61
#: Number of probabilities at which the predictive distribution is stored; between them it is linear in the logarithm.
_LEVELS = 513


@dataclass(frozen=True)
class RateFit:
    """Posterior of a Poisson rate: gamma with this shape and this exposure [years].

    With Jeffreys' prior the shape is the number of events plus one half (Box and Tiao, Bayesian Inference in
    Statistical Analysis, 1973, section 1.3).
    """

    shape: float
    years: float

    @property
    def mean(self) -> float:
        """Expected rate [1/year]."""
        return self.shape / self.years

    def interval(self, probability: float = 0.9) -> tuple[float, float]:
        """Central interval of the rate [1/year]."""
        from scipy.special import gammaincinv

        tail = (1 - probability) / 2
        low, high = gammaincinv(self.shape, [tail, 1 - tail]) / self.years
        return float(low), float(high)


def fit_rate(events: int, years: float) -> RateFit:
    """Posterior of a rate from events counted over an exposure [years].

    Raises
    ------
    ValueError
        When the count is negative or the exposure is not above zero.
    """
    if events < 0 or not years > 0:
        raise ValueError(f"{events} events in {years:g} years: give a count of at least 0 and more than 0 years")
    return RateFit(events + 0.5, years)


@dataclass(frozen=True, eq=False)
class DurationFit:
    """Posterior of a lognormal duration.

    Parameters
    ----------
    location, spread
        Grid points of the mean and standard deviation of the logarithm of the hours, shape ``(points,)``.
    weight
        Posterior probability of each.
    mode
        The most likely location and spread.
    exact, censored
        How many durations are exact, and how many are lower bounds.
    """

    location: Array
    spread: Array
    weight: Array
    mode: tuple[float, float]
    exact: int
    censored: int

    @property
    def median_h(self) -> float:
        """Median of the most likely lognormal [h]."""
        return math.exp(self.mode[0])

    def interval_of_median(self, probability: float = 0.9) -> tuple[float, float]:
        """Central interval of the median duration [h]."""
        low, high = self._interval(self.location, probability)
        return math.exp(low), math.exp(high)

    def interval_of_spread(self, probability: float = 0.9) -> tuple[float, float]:
        """Central interval of the standard deviation of the logarithm [1]."""
        return self._interval(self.spread, probability)

    def quantile(self, u: npt.ArrayLike) -> Array:
        """Duration [h] at a probability, parameter uncertainty included (posterior predictive)."""
        levels, logs = self._predictive
        hours: Array = np.exp(np.interp(np.asarray(u, dtype=float), levels, logs))
        return hours

    @property
    def _predictive(self) -> tuple[Array, Array]:
        return _predictive(self)

    def _interval(self, values: Array, probability: float) -> tuple[float, float]:
        order = np.argsort(values, kind="stable")
        reached = np.cumsum(self.weight[order]) - 0.5 * self.weight[order]
        tail = (1 - probability) / 2
        low, high = np.interp([tail, 1 - tail], reached, values[order])
        return float(low), float(high)


@lru_cache(maxsize=16)
def _predictive(fit: DurationFit) -> tuple[Array, Array]:
    centre, spread = fit.mode
    # A posterior with few events has long tails: the range reaches beyond the last 1e-4 on either side.
    logs = centre + spread * np.linspace(-9, 9, _LEVELS)
    level = normal_cdf((logs[:, None] - fit.location) / fit.spread) @ fit.weight
    return np.maximum.accumulate(level), logs


def fit_duration(exact_h: npt.ArrayLike, at_least_h: npt.ArrayLike = ()) -> DurationFit:
    """Posterior of a lognormal duration from durations [h], some only as a lower bound.

    The prior is flat in the location and in the logarithm of the spread; without censored durations the posterior is
    the textbook's (Student t and inverse chi-squared).

    Parameters
    ----------
    exact_h
        Durations that were observed to their end [h].
    at_least_h
        Durations of outages that had not ended when last seen [h].

    Raises
    ------
    ValueError
        When fewer than two durations are exact: censored ones alone have no most likely value.
    """
    ended, open_ = (np.log(np.asarray(hours, dtype=float)) for hours in (exact_h, at_least_h))
    if len(ended) < 2 or not np.ptp(ended) > 0:
        raise ValueError("a lognormal needs at least two different durations that were observed to their end")
    centre, spread = _most_likely(ended, open_)
    count = len(ended) + len(open_)
    # Heavy tails on both sides: the grid is wide, and its location is in units of each spread's own standard error.
    z = np.linspace(-7, 7, _LOCATIONS)
    logs = math.log(spread) + np.linspace(-1.6, 2.6, _SPREADS) * min(1.6, 3.2 / math.sqrt(count))
    s = np.repeat(np.exp(logs), len(z))
    location = centre + s * np.tile(z, len(logs)) / math.sqrt(count)
    gap = ((ended**2).sum() - 2 * location * ended.sum() + len(ended) * location**2) / (2 * s**2)
    log_weight = -(len(ended) - 1) * np.log(s) - gap  # one log(s) less: the grid's cells are as wide as s
    for logarithm in open_:
        log_weight += np.log(np.maximum(normal_cdf((location - logarithm) / s), 1e-300))
    weight = np.exp(log_weight - log_weight.max())
    return DurationFit(location, s, weight / weight.sum(), (centre, spread), len(ended), len(open_))


def _most_likely(ended: Array, open_: Array) -> tuple[float, float]:
    """Maximum of the likelihood by expectation and maximization (Schmee and Hahn, Technometrics 21, 1979)."""
    mean, spread = float(ended.mean()), float(ended.std())
    for _ in range(200 if len(open_) else 0):
        z = (open_ - mean) / spread
        hazard = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) / np.maximum(normal_cdf(-z), 1e-300)
        first = mean + spread * hazard
        second = mean**2 + spread**2 + spread * (open_ + mean) * hazard
        count = len(ended) + len(open_)
        before = mean
        mean = (ended.sum() + first.sum()) / count
        spread = math.sqrt(max(((ended**2).sum() + second.sum()) / count - mean**2, 1e-12))
        if abs(mean - before) < 1e-10 * spread:
            break
    return mean, spread


def normal_cdf(z: npt.ArrayLike) -> Array:
    """Standard normal distribution function [1], to a relative 1.2e-7 (a Chebyshev fit of erfc; no SciPy to import)."""
    x = np.abs(np.asarray(z, dtype=float)) / math.sqrt(2)
    t = 1 / (1 + 0.5 * x)
    poly = np.full_like(t, 0.17087277)
    for c in (
        -0.82215223,
        1.48851587,
        -1.13520398,
        0.27886807,
        -0.18628806,
        0.09678418,
        0.37409196,
        1.00002368,
        -1.26551223,
    ):
        poly = poly * t + c
    upper = 0.5 * t * np.exp(-x * x + poly)
    below: Array = np.where(np.asarray(z) > 0, 1 - upper, upper)
    return below
