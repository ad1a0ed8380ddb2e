"""Random numbers that all topologies share: one array for each uncertain figure, drawn once.

Two topologies then differ by what they do and never by chance, and a figure that both use costs nothing the second
time. Arrays are float32: a recovery of 60 days is kept to a quarter of a second, and they cost half the memory and
time of float64.
"""

from __future__ import annotations

import math
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

from drkit.errors import ParameterError
from drkit.stats.quantity import Z999

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    Samples = npt.NDArray[np.floating]
    Unit = npt.NDArray[np.float64]

#: Arrays of at most this many draws, and of this many figures, stay in memory for later comparisons: 20 MB at most.
SHORT, _FIGURES = 40_000, 128


class Ranged(Protocol):
    """An uncertain figure, given as low, typical (the mode) and high."""

    @property
    def low(self) -> float:
        """Lowest value [unit of the figure]."""

    @property
    def typical(self) -> float:
        """Mode, or the median of a lognormal [unit of the figure]."""

    @property
    def high(self) -> float:
        """Highest value, or the 99.9 % point of a lognormal [unit of the figure]."""

    @property
    def distribution(self) -> str | None:
        """``lognormal``; all others are triangular, or certain where low is high."""


class Draws:
    """Samples of named figures, the same for the same seed, name and size, whatever the order of the calls.

    Parameters
    ----------
    seed
        Same seed, same samples.
    samples
        Draws of each figure.
    """

    def __init__(self, seed: int, samples: int) -> None:
        self.seed = seed
        self.samples = samples
        self._drawn: dict[str, npt.NDArray[np.generic]] = {}

    def uniform(self, name: str) -> Samples:
        """Uniform numbers on [0, 1), shape ``(samples,)``."""
        return self._keep(name, lambda: sampled(_uniform, self.seed, name, self.samples))

    def known(self, name: str, figure: Ranged) -> Samples:
        """Samples of an uncertain figure in its own unit, shape ``(samples,)``."""
        return self._keep(name, lambda: sampled(drawn, self.seed, name, self.samples, figure))

    def gamma(self, name: str, shape: float, years: float) -> Samples:
        """Samples of a rate with a gamma distribution of this shape [events] and exposure [years]: [1/year]."""
        return self._keep(name, lambda: sampled(gamma, self.seed, name, self.samples, shape, years))

    def poisson(self, name: str, rate: Samples) -> npt.NDArray[np.intp]:
        """How often something happens in each of as many years as samples, at these rates [1/year]."""
        counts = self._drawn.get(name)
        if counts is None:
            counts = _rng(self.seed, name).poisson(rate)
            self._drawn[name] = counts
        return counts  # type: ignore[return-value]

    def _keep(self, name: str, sample: Callable[[], Samples]) -> Samples:
        values = self._drawn.get(name)
        if values is None:
            values = sample()
            values.flags.writeable = False
            self._drawn[name] = values
        return values  # type: ignore[return-value]


class Pinned(Draws):
    """Draws in which some figures have fixed values instead of drawn ones.

    Parameters
    ----------
    base
        Where all other samples come from; they are shared, not drawn again, so a figure that differs from the base
        must be in ``values``.
    values
        Name of a figure to its value: one number for all samples.
    """

    def __init__(self, base: Draws, values: Mapping[str, float]) -> None:
        super().__init__(base.seed, base.samples)
        self._base = base
        self._values = values

    def uniform(self, name: str) -> Samples:
        """Uniform numbers, or the fixed value."""
        return self._keep(name, lambda: self._constant(name)) if name in self._values else self._base.uniform(name)

    def known(self, name: str, figure: Ranged) -> Samples:
        """Samples of a figure, or the fixed value."""
        if name in self._values:
            return self._keep(name, lambda: self._constant(name))
        return self._base.known(name, figure)

    def gamma(self, name: str, shape: float, years: float) -> Samples:
        """Samples of a rate [1/year], or the fixed value."""
        if name in self._values:
            return self._keep(name, lambda: self._constant(name))
        return self._base.gamma(name, shape, years)

    def _constant(self, name: str) -> Samples:
        return np.full(self.samples, self._values[name], dtype=np.float32)


class Traced(Draws):
    """Draws that are columns of a design of the unit cube: each figure is its quantile function of one column.

    A figure met for the first time takes the next free column; names beyond the design stay at their median. Used to
    learn which figures a topology depends on, and to vary them one by one or all together.

    Parameters
    ----------
    design
        Points of the unit cube by figure, each of shape ``(samples,)``.
    samples
        Rows of the design.
    """

    def __init__(self, design: Mapping[str, Unit], samples: int) -> None:
        super().__init__(0, samples)
        self._design = design
        self.met: dict[str, Callable[[Unit], Unit]] = {}

    def uniform(self, name: str) -> Samples:
        """The column itself."""
        return self._at(name, lambda u: u)

    def known(self, name: str, figure: Ranged) -> Samples:
        """Quantile function of a figure at its column."""
        return self._at(name, lambda u: quantile_of(figure, u))

    def gamma(self, name: str, shape: float, years: float) -> Samples:
        """Quantile function of a rate [1/year] at its column."""
        return self._at(name, lambda u: gamma_quantile(shape, years, u))

    def _at(self, name: str, quantile: Callable[[Unit], Unit]) -> Samples:
        self.met.setdefault(name, quantile)
        column = self._design.get(name)
        if column is None:
            column = np.full(1, 0.5)
        values = np.asarray(quantile(column), dtype=np.float32)
        return np.broadcast_to(values, (self.samples,)) if len(values) == 1 else values


def check_draws(seed: int, samples: int) -> None:
    """Refuse a seed or a number of samples that nothing can be drawn with.

    Raises
    ------
    ParameterError
        With both values and what is allowed.
    """
    if samples < 1 or seed < 0:
        raise ParameterError(
            f"samples is {samples} and seed is {seed}: give at least 1 sample and a seed of at least 0"
        )


def sampled(sample: Callable[..., Samples], seed: int, name: str, size: int, *parameters: object) -> Samples:
    """``sample(generator, size, *parameters)``, with the generator of a seed and a name; read-only.

    The same for the same arguments in every comparison: short arrays stay in memory for the next one.
    """
    draw = _recent if size <= SHORT else _recent.__wrapped__
    return draw(sample, seed, name, size, *parameters)


@lru_cache(maxsize=_FIGURES)
def _recent(sample: Callable[..., Samples], seed: int, name: str, size: int, *parameters: object) -> Samples:
    values = sample(_rng(seed, name), size, *parameters)
    values.flags.writeable = False
    return values


def _rng(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _uniform(rng: np.random.Generator, size: int) -> Samples:
    return rng.random(size, dtype=np.float32)


def gamma(rng: np.random.Generator, size: int, shape: float, years: float) -> Samples:
    """Draw a rate with a gamma distribution of this shape [events] and exposure [years]: [1/year]."""
    return rng.standard_gamma(shape, size, dtype=np.float32) / np.float32(years)


def drawn(rng: np.random.Generator, size: int, figure: Ranged) -> Samples:
    """Draw values of an uncertain figure in its own unit, shape ``(size,)``."""
    if figure.distribution == "lognormal" and (sigma := spread(figure)):
        values = rng.standard_normal(size, dtype=np.float32)
        values *= np.float32(sigma)
        np.exp(values, out=values)
        values *= np.float32(figure.typical)
        return values
    return triangular(figure, rng, size)


def triangular(figure: Ranged, rng: np.random.Generator, size: int) -> Samples:
    """Draw from low, typical (the mode) and high, shape ``(size,)``; three equal figures are one certain value.

    Of two uniform numbers, ``low (1 - larger) + typical (larger - smaller) + high smaller`` is triangular (Stein and
    Keblis, Mathematical and Computer Modelling 49, 2009): no root, no branch, and never less when a figure is raised.
    """
    if figure.low == figure.high:
        return np.full(size, figure.typical, dtype=np.float32)
    first, second = rng.random((2, size), dtype=np.float32)
    larger = np.maximum(first, second)
    smaller = np.minimum(first, second, out=first)
    np.multiply(larger, np.float32(figure.typical - figure.low), out=second)
    np.multiply(smaller, np.float32(figure.high - figure.typical), out=smaller)
    second += smaller
    second += np.float32(figure.low)
    # Rounding may exceed an end by the last bit.
    np.clip(second, np.float32(figure.low), np.float32(figure.high), out=second)
    values: Samples = second
    return values


def spread(figure: Ranged) -> float:
    """Standard deviation of the logarithm [1]: typical is the median, high the 99.9 % point; 0 when certain."""
    return math.log(figure.high / figure.typical) / Z999 if figure.high > figure.typical > 0 else 0.0


def quantile_of(figure: Ranged, u: Unit) -> Unit:
    """Quantile function of an uncertain figure: its value [own unit] at each probability."""
    if figure.distribution == "lognormal" and (sigma := spread(figure)):
        from scipy.special import ndtri

        return np.asarray(figure.typical * np.exp(sigma * ndtri(np.clip(u, 1e-12, 1 - 1e-12))))
    low, mode, high = figure.low, figure.typical, figure.high
    if low == high:
        return np.full(np.shape(u), mode)
    turn = (mode - low) / (high - low)
    rising = low + np.sqrt(u * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - u) * (high - low) * (high - mode))
    return np.where(u < turn, rising, falling)


def gamma_quantile(shape: float, years: float, u: Unit) -> Unit:
    """Quantile function of a gamma-distributed rate [1/year]."""
    from scipy.special import gammaincinv

    return np.asarray(gammaincinv(shape, u) / years)
