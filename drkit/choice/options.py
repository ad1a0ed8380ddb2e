"""Topologies priced, timed and judged, in one order: which to choose, and how far each is from the objectives."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from drkit.recovery.model import DISRUPTIONS, Recovery
from drkit.recovery.simulation import Simulator
from drkit.stats.pareto import on_frontier
from drkit.topology.strategies import STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from drkit.bill.lines import Bill
    from drkit.choice.judgement import Judgement
    from drkit.facts.assumptions import Assumptions
    from drkit.facts.catalog import Catalog
    from drkit.topology.topology import Topology
    from drkit.workload.model import Workload


@dataclass(frozen=True)
class Option:
    """A legal topology, priced, timed and judged."""

    topology: Topology
    bill: Bill
    recovery: Recovery
    judgement: Judgement
    misses: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Option({self.topology_id}, {self.bill.monthly_usd:,.2f} USD a month)"

    @property
    def meets_objectives(self) -> bool:
        """Whether RPO, RTO and budget hold with the asked probability."""
        return not self.misses

    @property
    def topology_id(self) -> str:
        """Name of the topology."""
        return self.topology.topology_id

    @property
    def p_error(self) -> float:
        """Half the width [1] of the 95 % interval around the probabilities of meeting RTO and RPO: the wider one."""
        return max(self.recovery.judged.rto.p_error, self.recovery.judged.rpo.p_error)


@dataclass(frozen=True)
class Evaluation:
    """Every legal topology of a workload, priced, timed and judged, and the one to choose.

    Parameters
    ----------
    options
        Legal topologies, in the order they were enumerated; the first is today's.
    rejected
        Topologies that are not possible, each with its reason.
    seed, samples
        Of the simulation.
    lasting
        Results that do not depend on the objectives, by name; comparisons of one workload may share it.
    """

    workload: Workload
    catalog: Catalog
    assumptions: Assumptions
    options: tuple[Option, ...]
    rejected: tuple[Topology, ...]
    seed: int
    samples: int
    lasting: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    def simulator(self, wait_s: float | None = None) -> Simulator:
        """A simulator with the seed and samples of this comparison; ``wait_s`` is another waiting policy [s]."""
        return Simulator(self.workload, self.catalog, self.assumptions, self.seed, self.samples, wait_s=wait_s)

    @property
    def today(self) -> Option:
        """The workload as it is: one region, nothing changed."""
        return self.options[0]

    @cached_property
    def chosen(self) -> Option:
        """The cheapest option that meets the objectives; if none does, the nearest of those that survive."""
        meeting = [option for option in self.options if option.meets_objectives]
        return self.best_in(meeting or self.surviving)

    @cached_property
    def surviving(self) -> list[Option]:
        """Options with a failover region; all of them where there is none."""
        return [option for option in self.options if option.topology.failover] or list(self.options)

    @cached_property
    def frontier(self) -> frozenset[str]:
        """Topologies that no other beats in monthly cost, RTO and RPO (95 %) and expected yearly loss at once."""
        points = [
            (
                o.bill.monthly_usd,
                o.judgement.rto_p95_s,
                o.judgement.rpo_p95_s,
                round(o.recovery.expected_yearly_loss_usd, 2),
            )
            for o in self.options
        ]
        stays = on_frontier(points)
        return frozenset(option.topology_id for option, stay in zip(self.options, stays, strict=True) if stay)

    @cached_property
    def representatives(self) -> list[Option]:
        """Today, the best of each strategy, and the choice where it is none of these."""
        shown = [self.today, *self.strategies.values()]
        return shown if any(option is self.chosen for option in shown) else [*shown, self.chosen]

    def best_in(self, options: Sequence[Option]) -> Option:
        """Of some options the cheapest that meets the objectives, else the nearest to them."""
        meeting = [option for option in options if option.meets_objectives]
        return min(meeting or options, key=self.order if meeting else self._nearness)

    @cached_property
    def strategies(self) -> dict[str, Option]:
        """For each strategy with a failover region the cheapest that meets the objectives, else the nearest."""
        best: dict[str, Option] = {}
        for strategy in STRATEGIES[1:]:
            options = [option for option in self.options if option.topology.strategy == strategy]
            if options:
                best[strategy] = self.best_in(options)
        return best

    def disruptions(self, option: Option) -> pd.DataFrame:
        """One option against every disruption: rate, RTO and RPO quantiles [s], probability of meeting the objectives.

        ``_error`` columns hold half the width of the 95 % interval that drawing leaves around a quantile or a
        probability.
        """
        import pandas as pd

        rows = []
        for name in DISRUPTIONS:
            outcome = option.recovery.outcomes[name]
            rto, rpo = outcome.rto, outcome.rpo
            rows.append(
                {
                    "disruption": name,
                    "per_year": outcome.per_year,
                    "rto_p50_s": round(rto.p50, 3),
                    "rto_p95_s": round(rto.p95, 3),
                    "rpo_p50_s": round(rpo.p50, 3),
                    "rpo_p95_s": round(rpo.p95, 3),
                    "p_meets_rto": rto.p_meets,
                    "p_meets_rpo": rpo.p_meets,
                    "rto_p95_error_s": round(rto.p95_error, 3),
                    "rpo_p95_error_s": round(rpo.p95_error, 3),
                    "p_meets_rto_error": round(rto.p_error, 6),
                    "p_meets_rpo_error": round(rpo.p_error, 6),
                    "rate_basis": outcome.rate_basis,
                }
            )
        return pd.DataFrame(rows)

    def shortfall(self, option: Option) -> float:
        """How far an option is from the objectives [1]: the sum of its misses, each relative to the objective.

        Twice the RTO objective is a miss of 1, ten percent over the budget is 0.1.
        """
        budget = self.workload.objectives.budget_usd_per_month
        over = max(0.0, option.bill.monthly_usd - budget) / budget if budget else 0.0
        return self.recovery_shortfall(option) + over

    def recovery_shortfall(self, option: Option) -> float:
        """How far an option is from the RPO and RTO objectives [1], whatever it costs.

        Times count in whole seconds, and a miss of an RPO below a minute is relative to a minute, since a ratio to zero
        has no value.
        """
        objectives, judged = self.workload.objectives, option.judgement
        missed = max(0.0, _whole(judged.rpo_at_probability_s) - objectives.rpo_s) / max(objectives.rpo_s, 60.0)
        return missed + max(0.0, _whole(judged.rto_at_probability_s) - objectives.rto_s) / objectives.rto_s

    def order(self, option: Option) -> tuple[float | str, ...]:
        """Sort key, cheapest first.

        Of equal bills the one that loses less, then the failover region that is impaired less often, then the nearer
        one, then by name.
        """
        home, away = option.topology.primary_region, option.topology.failover_region
        if (home, away) not in self._places:
            apart = self.catalog.regions.distance_km(home, away) if away else 0.0
            self._places[home, away] = (self.catalog.impairments_per_year(away) if away else 0.0, apart)
        bill, recovery = option.bill.monthly_usd, option.recovery.expected_yearly_loss_usd
        return (bill, recovery, *self._places[home, away], option.topology_id)

    @cached_property
    def _places(self) -> dict[tuple[str, str], tuple[float, float]]:
        """By home and failover region how often this is impaired in a year, and how far it is away [km]."""
        return {}

    def _nearness(self, option: Option) -> tuple[float | str, ...]:
        return (self.shortfall(option), *self.order(option))


def _whole(seconds: float) -> float:
    return seconds if math.isinf(seconds) else math.ceil(seconds)
