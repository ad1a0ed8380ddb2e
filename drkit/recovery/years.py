"""Years with as many disruptions as chance brings: downtime, lost writes and loss, as distributions over years.

Rates, times and costs are all uncertain in them. Which events a year has, and which sample each takes, is the same for
every topology.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from drkit.recovery.model import DISRUPTIONS, Disruption, Timed, Yearly
from drkit.stats.quantiles import Spread, spread_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from drkit.recovery.disruptions import Disruptions
    from drkit.recovery.model import Outcome
    from drkit.stats.draws import Draws, Samples
    from drkit.workload.model import Workload

    Times = Mapping[Disruption, Callable[[], Timed]]
    Keys = Mapping[Disruption, tuple[object, object]]

#: Unplanned disruptions: the objectives of a year are judged by them.
UNPLANNED = DISRUPTIONS[:4]
_HOURS_A_YEAR = 8760.0
#: Fewer events than this part of the years are added one by one.
_RARE = 0.02


class Years:
    """Simulates as many years as there are draws.

    Parameters
    ----------
    everything_s
        Hours of writes that the loss of every copy counts as [s].
    """

    def __init__(self, workload: Workload, disruptions: Disruptions, draws: Draws, everything_s: float) -> None:
        self._costs = workload.costs
        self._disruptions = disruptions
        self._draws = draws
        self._everything_s = np.float32(everything_s)
        self._events: dict[Disruption, tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]] = {}
        self._rates: dict[Disruption, Samples] = {}
        self._usd: dict[str, Samples] = {}
        self._down: dict[object, tuple[Spread, Samples]] = {}
        self._lost: dict[object, tuple[Spread, Spread]] = {}
        self._seconds: dict[object, Samples] = {}
        self._still: dict[tuple[float, ...], float] = {}

    def yearly(
        self, outcomes: Mapping[Disruption, Outcome], times: Times, keys: Keys, way_back_h: float = 0.0
    ) -> Yearly:
        """A year of one topology.

        Parameters
        ----------
        outcomes, times
            Its disruptions, and how to time them.
        keys
            What decides the RTO and the RPO of each disruption: topologies that share it share their samples.
        way_back_h
            Expected time without service on the way back of failovers [h/year], for the availability.
        """
        down = tuple(keys[name][0] for name in outcomes)
        if down not in self._down:
            seconds = self._sum(outcomes, times, keys, 0)
            self._down[down] = _hours(spread_of(seconds)), seconds * self._cost("outage_usd_per_hour")
        down_h, down_usd = self._down[down]
        both = tuple(keys[name] for name in outcomes)
        if both not in self._lost:
            lost = self._sum(outcomes, times, keys, 1)
            lost_h = _hours(spread_of(lost))
            lost *= self._cost("data_loss_usd_per_hour")
            lost += down_usd
            self._lost[both] = lost_h, spread_of(lost)
        lost_h, loss_usd = self._lost[both]
        expected_h = sum(o.per_year * o.rto.mean for o in outcomes.values()) / 3600 + way_back_h
        return Yearly(
            down_h,
            lost_h,
            loss_usd,
            max(0.0, 1 - expected_h / _HOURS_A_YEAR),
            self._quiet({name: 1 - outcomes[name].rto.p_meets for name in UNPLANNED}),
            self._quiet({name: 1 - outcomes[name].rpo.p_meets for name in UNPLANNED}),
        )

    def _sum(self, outcomes: Mapping[Disruption, Outcome], times: Times, keys: Keys, part: int) -> Samples:
        """Downtime (0) or lost writes (1) of every year [s]."""
        total = np.zeros(self._draws.samples, dtype=np.float32)
        for name, outcome in outcomes.items():
            if not (outcome.rto, outcome.rpo)[part].mean or not outcome.per_year:
                continue
            if name not in UNPLANNED:
                total += _seconds_of(times[name](), part) * np.float32(outcome.per_year)
                continue
            year, sample = self._happen(name)
            seconds = self._seconds.get(keys[name][part])
            if seconds is None:
                seconds = _seconds_of(times[name](), part)[sample]
                if part:
                    seconds = np.minimum(seconds, self._everything_s)
                self._seconds[keys[name][part]] = seconds
            if len(year) < _RARE * len(total):
                np.add.at(total, year, seconds)
            else:
                total += np.bincount(year, seconds, len(total))
        return total

    def _quiet(self, missing: Mapping[Disruption, float]) -> float:
        """Probability of a year without any of these parts of the disruptions, the uncertain rates averaged over."""
        shares = tuple(missing.values())
        if shares not in self._still:
            misses: Samples = np.zeros(1, dtype=np.float32)
            for name, share in missing.items():
                if share:
                    misses = misses - self._rate(name) * np.float32(share)
            self._still[shares] = float(np.exp(misses).mean(dtype=np.float64))
        return self._still[shares]

    def _cost(self, name: str) -> Samples:
        """Samples of what a second costs [USD/s]."""
        if name not in self._usd:
            usd = self._draws.known(f"workload.{name}", getattr(self._costs, name))
            self._usd[name] = usd / np.float32(3600)
        return self._usd[name]

    def _rate(self, disruption: Disruption) -> Samples:
        if disruption not in self._rates:
            self._rates[disruption] = self._disruptions.rate(disruption).sample(self._draws)
        return self._rates[disruption]

    def _happen(self, disruption: Disruption) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The year of every event, and which sample it takes; the same in every topology."""
        if disruption not in self._events:
            samples = self._draws.samples
            counts = self._draws.poisson(f"events.{disruption}", self._rate(disruption))
            years = np.repeat(np.arange(samples), counts)
            # Samples are independent of the year's rate, so any order will do: one that no year shares with its cost.
            self._events[disruption] = years, (years + 1 + np.arange(len(years))) % samples
        return self._events[disruption]


def _seconds_of(timed: Timed, part: int) -> Samples:
    return timed.rpo_s if part else timed.down_s


def _hours(seconds: Spread) -> Spread:
    """A spread of seconds as one of hours."""
    unitless = ("p_meets", "samples")
    return seconds._replace(**{name: at / 3600 for name, at in seconds._asdict().items() if name not in unitless})
