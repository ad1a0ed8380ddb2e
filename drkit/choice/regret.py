"""Regret: what a decision costs more than the best one would have, in each state that the world may turn out to be in.

Rates, step times, costs of an hour and quantities are known as ranges. One value of each is one scenario; in every
scenario another option may be the cheapest in total.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from drkit.choice.bill_inputs import bill_inputs, changes_usd
from drkit.choice.sensitivity import CHANCE
from drkit.recovery.model import DISRUPTIONS
from drkit.recovery.simulation import Simulator
from drkit.stats.draws import Draws, drawn, gamma, sampled
from drkit.stats.quantiles import spread_of
from drkit.topology.strategies import LIVE_DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from drkit.choice.options import Evaluation, Option
    from drkit.recovery.model import Disruption, Recovery
    from drkit.stats.draws import Ranged, Samples
    from drkit.topology.topology import Topology

    Array = npt.NDArray[np.float64]

#: Values of all that is uncertain, and what chance does in each of them.
SCENARIOS, EVENTS = 500, 200
#: A cent a year is no difference.
_NOTHING_USD = 0.01
#: Draws for each one that is kept.
_FINER = 32


class Regret(NamedTuple):
    """What one option costs more than the best of the scenario [USD/year].

    Parameters
    ----------
    expected_usd, high_usd, most_usd
        Mean, 95 % point and largest over the scenarios.
    high_error_usd
        Half the width of the 95 % interval that drawing leaves around the 95 % point.
    best
        Part of the scenarios in which no other option costs less, 0 to 1.
    """

    option: Option
    expected_usd: float
    high_usd: float
    high_error_usd: float
    most_usd: float
    best: float


class Scenarios(Draws):
    """Draws in which beliefs are drawn once for each scenario, and chance for each event within it.

    Chance (`drkit.choice.sensitivity.CHANCE`) takes the same values in every scenario, so that two scenarios differ by
    beliefs only. Arrays run over the events of the first scenario, then of the second, and so on.

    Parameters
    ----------
    seed
        Same seed, same samples.
    scenarios, events
        How many of each; there are ``scenarios x events`` samples.
    """

    def __init__(self, seed: int, scenarios: int = SCENARIOS, events: int = EVENTS) -> None:
        super().__init__(seed, scenarios * events)
        self.scenarios, self.events = scenarios, events

    def uniform(self, name: str) -> Samples:
        """Chance, at the midpoints of equal parts of [0, 1): of a rare event no more than its share."""
        return self._keep(name, lambda: np.tile(sampled(_midpoints, self.seed, name, self.events), self.scenarios))

    def known(self, name: str, figure: Ranged) -> Samples:
        """Samples of an uncertain figure in its own unit, shape ``(samples,)``."""
        if name in CHANCE:
            return self._keep(
                name, lambda: np.tile(sampled(_even, self.seed, name, self.events, drawn, figure), self.scenarios)
            )
        return self._keep(
            name, lambda: np.repeat(sampled(_even, self.seed, name, self.scenarios, drawn, figure), self.events)
        )

    def gamma(self, name: str, shape: float, years: float) -> Samples:
        """Samples of a rate [1/year]."""
        return self._keep(
            name, lambda: np.repeat(sampled(_even, self.seed, name, self.scenarios, gamma, shape, years), self.events)
        )

    @cached_property
    def once(self) -> Scenarios:
        """The same scenarios with one event each: enough for a figure that chance does not touch."""
        return Scenarios(self.seed, self.scenarios, events=1)

    def of_scenario(self, values: Samples) -> Array:
        """Mean of samples over the events of each scenario [unit of the samples], shape ``(scenarios,)``."""
        if len(values) == 1:
            return np.full(self.scenarios, float(values[0]))
        return np.asarray(values.reshape(self.scenarios, self.events).mean(axis=1, dtype=np.float64))


def _midpoints(rng: np.random.Generator, count: int) -> Samples:
    """Midpoints of equal parts of [0, 1), in an order of their own, shape ``(count,)``."""
    return np.asarray((rng.permutation(count) + 0.5) / count, dtype=np.float32)


def _even(rng: np.random.Generator, count: int, draw: Callable[..., Samples], *parameters: object) -> Samples:
    """Draws that are spread evenly over their distribution, in an order of their own, shape ``(count,)``.

    One from each of ``count`` parts of equal probability, as in Latin hypercube sampling (McKay, Beckman and Conover,
    Technometrics 21, 1979): the middle one of as many sorted draws.
    """
    ordered = np.sort(draw(rng, count * _FINER, *parameters))
    return ordered[_FINER // 2 :: _FINER][rng.permutation(count)]


def regrets(comparison: Evaluation, options: Sequence[Option], draws: Scenarios | None = None) -> list[Regret]:
    """Regret of each option against the best of these options, least first.

    Regret is the loss relative to what would have been best had the state been known [1]_. The largest regret grows
    with every scenario that is drawn; options are therefore ranked by the regret that 95 % of the scenarios do not
    exceed, the alpha-reliable minimax regret [2]_. Options that the draws cannot distinguish from the least are
    ranked by their mean; the least mean regret alone would be the least expected cost.

    Parameters
    ----------
    options
        The decisions that are open.
    draws
        The scenarios; by default from the comparison's seed.

    References
    ----------
    .. [1] Savage, The theory of statistical decision, Journal of the American Statistical Association 46, 1951.
    .. [2] Daskin, Hesse and ReVelle, Alpha-reliable p-minimax regret, Location Science 5, 1997.
    """
    totals = total_usd(comparison, options, draws) if draws else lasting(comparison).usd(comparison, options)
    return ranked(comparison, options, totals)


def lasting(comparison: Evaluation) -> Totals:
    """Totals of a comparison, which it shares with others of its workload."""
    totals: Totals = comparison.lasting.setdefault("totals", Totals(comparison.seed))
    return totals


def ranked(comparison: Evaluation, options: Sequence[Option], totals: Array) -> list[Regret]:
    """Regret of each option by what each costs in each scenario [USD/year], shape ``(options, scenarios)``."""
    least = totals.min(axis=0)
    results = []
    for option, total in zip(options, totals, strict=True):
        regret = total - least
        spread = spread_of(regret, objective=_NOTHING_USD)
        results.append(Regret(option, spread.mean, spread.p95, spread.p95_error, float(regret.max()), spread.p_meets))
    first = min(results, key=lambda result: result.high_usd)
    limit = first.high_usd + first.high_error_usd + _NOTHING_USD

    def rank(result: Regret) -> tuple[object, ...]:
        beyond = result.high_usd > limit
        return (beyond, round(result.high_usd if beyond else result.expected_usd, 2), *comparison.order(result.option))

    return sorted(results, key=rank)


def total_usd(comparison: Evaluation, options: Sequence[Option], draws: Scenarios) -> Array:
    """Total cost of ownership of each option in each scenario [USD/year], shape ``(options, scenarios)``.

    As `drkit.choice.ownership.ownership` has it: twelve bills, rates x (outage + lost writes, at what an hour costs),
    people for failovers and rehearsals.
    """
    totals = 12 * _monthly_usd(comparison, options, draws)
    losses: dict[tuple[Recovery, str], Array] = {}
    expected = _Losses(comparison, draws)
    for total, option in zip(totals, options, strict=True):
        key = option.recovery, option.topology.strategy
        if key not in losses:
            losses[key] = expected.usd(option.topology)
        total += losses[key]
    return totals


class Totals:
    """Total costs of the options of a workload, which do not depend on its objectives; each is calculated once.

    Parameters
    ----------
    seed
        Of the scenarios.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._totals: dict[str, Array] = {}

    def usd(self, comparison: Evaluation, options: Sequence[Option]) -> Array:
        """As `total_usd` returns it."""
        if new := [option for option in options if option.topology_id not in self._totals]:
            totals = total_usd(comparison, new, Scenarios(self._seed))
            self._totals.update(zip((option.topology_id for option in new), totals, strict=True))
        return np.array([self._totals[option.topology_id] for option in options])


def _monthly_usd(comparison: Evaluation, options: Sequence[Option], draws: Scenarios) -> Array:
    quantities, once = bill_inputs(comparison), draws.once
    monthly = np.repeat([[option.bill.monthly_usd] for option in options], draws.scenarios, axis=1)
    if not quantities:
        return monthly
    ends = changes_usd(comparison, options, quantities)
    for quantity, (low, high) in zip(quantities, ends, strict=True):
        figure = quantity.figure
        values = once.of_scenario(once.known(quantity.name, figure))
        # Straight on either side of the typical figure; beyond the ends it stays at the end's.
        monthly += np.outer(low, np.interp(values, (figure.low, figure.typical), (1.0, 0.0)))
        monthly += np.outer(high, np.interp(values, (figure.typical, figure.high), (0.0, 1.0)))
    return monthly


class _Losses:
    """Expected losses of topologies in each scenario; what decides a time is averaged once for all that share it."""

    def __init__(self, comparison: Evaluation, draws: Scenarios) -> None:
        workload, assumptions, once = comparison.workload, comparison.assumptions, draws.once
        self._draws = draws
        self._simulator = Simulator(workload, comparison.catalog, assumptions, draws=draws)
        self._outage_usd, self._data_usd, self._run_usd, self._rehearsal_usd = (
            once.of_scenario(once.known(name, figure))
            for name, figure in (
                ("workload.outage_usd_per_hour", workload.costs.outage_usd_per_hour),
                ("workload.data_loss_usd_per_hour", workload.costs.data_loss_usd_per_hour),
                ("failover_run_usd", assumptions["failover_run_usd"]),
                ("rehearsal_usd", assumptions["rehearsal_usd"]),
            )
        )
        self._everything_s = self._simulator.plan.assumed("all_data_lost_h") * np.float32(3600)
        self._rates: dict[tuple[Disruption, bool], Array] = {}
        self._down: dict[object, tuple[Array, Array | None]] = {}
        self._lost: dict[object, Array] = {}

    def usd(self, topology: Topology) -> Array:
        """Expected loss and people's time in a year of each scenario [USD/year]."""
        total = np.zeros(self._draws.scenarios)
        for name in DISRUPTIONS:
            rate = self._rate(name, topology.strategy in LIVE_DATA)
            down, carried, lost = self._times(topology, name)
            total += rate * (down * self._outage_usd + lost * self._data_usd) / 3600
            if carried is not None:
                total += rate * carried * self._run_usd
        if topology.failover:
            total += self._simulator.workload.operations.rehearsals_per_year * self._rehearsal_usd
        return total

    def _rate(self, name: Disruption, rehearsed: bool) -> Array:
        if (name, rehearsed) not in self._rates:
            once, rate = self._draws.once, self._simulator.disruptions.rate(name, rehearsed)
            self._rates[name, rehearsed] = once.of_scenario(rate.sample(once))
        return self._rates[name, rehearsed]

    def _times(self, topology: Topology, name: Disruption) -> tuple[Array, Array | None, Array]:
        """Mean time without service [s], part of the failovers carried through, and mean of lost writes [s]."""
        mean = self._draws.of_scenario
        rto, rpo = self._simulator.keys(topology, name)
        if rto not in self._down or rpo not in self._lost:
            timed = self._simulator.time(topology, name)
            if rto not in self._down:
                self._down[rto] = mean(timed.down_s), None if timed.carried is None else mean(timed.carried)
            if rpo not in self._lost:
                self._lost[rpo] = mean(np.minimum(timed.rpo_s, self._everything_s))
        return *self._down[rto], self._lost[rpo]
