"""All topologies of a workload side by side: bill, recovery, frontier, the choice, and why not the others."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from drkit.bill.bill import Bill, Biller, total
from drkit.choice.judgement import Judge, Judgement
from drkit.choice.ownership import ownership
from drkit.errors import PriceError, UnsupportedError
from drkit.facts.assumptions import Assumptions
from drkit.recovery.model import DISRUPTIONS, Recovery
from drkit.recovery.simulation import Simulator
from drkit.stats.draws import check_draws
from drkit.stats.pareto import on_frontier
from drkit.topology.topology import STRATEGIES, enumerate_topologies
from drkit.words import span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from drkit.choice.comparer import Comparer
    from drkit.facts.catalog import Catalog
    from drkit.topology.topology import Topology
    from drkit.workload.model import Workload

#: Has compared before, to the same last digit, what a run of a batch compares; see `drkit.runs.warm.shared`.
ahead: Comparer | None = None


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
        """Half the width of the 95 % interval around the probabilities of meeting RTO and RPO: the wider of the two."""
        return max(self.recovery.judged.rto.p_error, self.recovery.judged.rpo.p_error)


@dataclass(frozen=True)
class Comparison:
    """The answer for one workload: every option, the choice, and why the others were not chosen.

    Parameters
    ----------
    options
        Legal topologies, in the order they were enumerated; the first is today's.
    rejected
        Topologies that are not possible, each with its reason.
    seed, samples
        Of the simulation.
    lasting
        What was worked out that no objective changes, by what it is; comparisons of one workload may share it.
    """

    workload: Workload
    catalog: Catalog
    assumptions: Assumptions
    options: tuple[Option, ...]
    rejected: tuple[Topology, ...]
    seed: int
    samples: int
    lasting: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    def __repr__(self) -> str:
        counts = f"{len(self.options)} options, {len(self.rejected)} rejected"
        return f"Comparison({self.workload.name}: {counts}, chosen {self.chosen.topology_id})"

    def _repr_html_(self) -> str:
        return str(self.best_of_each().to_html(index=False))

    def simulator(self, wait_s: float | None = None) -> Simulator:
        """A simulator with the seed and samples of this comparison, and another waiting policy where one is given."""
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
    def named(self) -> dict[str, Option]:
        """The choice and the options worth seeing beside it; see `drkit.choice.choices.named`."""
        from drkit.choice import choices

        return choices.named(self)

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
        kept = zip(self.options, on_frontier(points), strict=True)
        return frozenset(option.topology_id for option, stays in kept if stays)

    def why_not(self, option: Option) -> str:
        """One sentence: why this option was not chosen; see `drkit.choice.choices.why_not`."""
        from drkit.choice import choices

        return choices.why_not(self, option)

    def frame(self) -> pd.DataFrame:
        """Every topology considered, in the columns of ``comparison.csv``, cheapest first, rejected last."""
        import pandas as pd

        from drkit.choice.choices import near_optimal

        near = {option.topology_id for option in near_optimal(self).options}
        rows = [
            self._row(option) | {"near_optimal": option.topology_id in near}
            for option in sorted(self.options, key=self.order)
        ]
        rows += [_identity(topology) | {"rejected_because": topology.rejected_because} for topology in self.rejected]
        return pd.DataFrame(rows, columns=list(rows[0]))

    def best_of_each(self) -> pd.DataFrame:
        """The best option of each strategy, today's first: the columns a person compares first."""
        import pandas as pd

        rows = []
        for option in self.representatives:
            judged = option.judgement
            rows.append(
                {
                    "strategy": option.topology.strategy,
                    "failover_region": option.topology.failover_region,
                    "monthly_usd": option.bill.monthly_usd,
                    "extra_usd": round(option.bill.monthly_usd - self.today.bill.monthly_usd, 2),
                    "rto_p50": span(judged.rto_p50_s),
                    "rto_p95": span(judged.rto_p95_s),
                    "rto_error": span(option.recovery.judged.rto.p95_error),
                    "rpo_p95": span(judged.rpo_p95_s),
                    "p_rto": judged.p_meets_rto,
                    "p_rpo": judged.p_meets_rpo,
                    "p_error": round(option.p_error, 4),
                    "yearly_loss_usd": round(option.recovery.expected_yearly_loss_usd),
                    "loss_error_usd": math.ceil(option.recovery.expected_yearly_loss_error_usd),
                    "not_observed": f"{option.bill.share_not_observed:.0%}",
                    "objectives": "missed" if option.misses else "met",
                    "chosen": "chosen" if option is self.chosen else "",
                }
            )
        return pd.DataFrame(rows)

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

    def _row(self, option: Option) -> dict[str, object]:
        judged = option.judgement
        return {
            **_identity(option.topology),
            "monthly_usd": option.bill.monthly_usd,
            "extra_monthly_usd": round(option.bill.monthly_usd - self.today.bill.monthly_usd, 2),
            "one_off_usd": option.bill.one_off_usd,
            "rto_p50_s": judged.rto_p50_s,
            "rto_p95_s": judged.rto_p95_s,
            "rpo_p50_s": judged.rpo_p50_s,
            "rpo_p95_s": judged.rpo_p95_s,
            "p_meets_rto": judged.p_meets_rto,
            "p_meets_rpo": judged.p_meets_rpo,
            "expected_yearly_loss_usd": round(option.recovery.expected_yearly_loss_usd, 2),
            "meets_objectives": option.meets_objectives,
            "on_frontier": option.topology_id in self.frontier,
            "chosen": option is self.chosen,
            "not_observed_usd": total(option.bill.not_observed),
            "changes": "; ".join(option.topology.changes),
            "notes": "; ".join(option.topology.notes),
            "rto_p95_error_s": round(option.recovery.judged.rto.p95_error, 3),
            "rpo_p95_error_s": round(option.recovery.judged.rpo.p95_error, 3),
            "p_error": round(option.p_error, 6),
            "expected_yearly_loss_error_usd": round(option.recovery.expected_yearly_loss_error_usd, 2),
            "availability": option.recovery.yearly.availability,
            "total_usd_per_year": round(ownership(self, option).total_usd, 2),
            "not_chosen_because": self.why_not(option),
            "rejected_because": "",
        }

    def shortfall(self, option: Option) -> float:
        """How far an option is from the objectives [1]: the sum of what it misses, each against what was asked.

        Twice the RTO asked is a miss of 1, ten percent over the budget one of 0.1.
        """
        budget = self.workload.objectives.budget_usd_per_month
        over = max(0.0, option.bill.monthly_usd - budget) / budget if budget else 0.0
        return self.recovery_shortfall(option) + over

    def recovery_shortfall(self, option: Option) -> float:
        """How far an option is from the RPO and RTO asked [1], whatever it costs.

        Times count in whole seconds, and an RPO below a minute is judged against a minute, since nothing can be so
        many times zero.
        """
        asked, judged = self.workload.objectives, option.judgement
        missed = max(0.0, _whole(judged.rpo_at_probability_s) - asked.rpo_s) / max(asked.rpo_s, 60.0)
        return missed + max(0.0, _whole(judged.rto_at_probability_s) - asked.rto_s) / asked.rto_s

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


def compare_topologies(
    workload: Workload,
    catalog: Catalog,
    seed: int = 1,
    samples: int = 20_000,
    topologies: Iterable[Topology] | None = None,
    biller: Biller | None = None,
    simulator: Simulator | None = None,
) -> Comparison:
    """Price, time and judge every topology of a workload.

    Parameters
    ----------
    workload, catalog
        The system and the facts.
    seed, samples
        Of the Monte Carlo simulation: same seed, same figures.
    topologies, biller, simulator
        Of an earlier comparison, where they hold for this workload too; see `drkit.choice.comparer`.

    Raises
    ------
    WorkloadError
        When the workload names a region, class or assumption that does not exist.
    UnsupportedError
        When no topology at all is possible, not even today's.
    ParameterError
        When seed or samples are out of range.
    """
    if ahead and ahead.knows(catalog, seed, samples) and not (topologies or biller or simulator):
        return ahead.compare(workload)
    check_draws(seed, samples)
    assumptions = Assumptions(catalog.snapshot, workload.assumptions)
    biller = biller or Biller(workload, catalog, assumptions)
    simulator = simulator or Simulator(workload, catalog, assumptions, seed, samples)
    judge = Judge(workload.objectives)
    options: list[Option] = []
    rejected: list[Topology] = []
    for topology in topologies or enumerate_topologies(workload, catalog, assumptions):
        if topology.rejected_because:
            rejected.append(topology)
            continue
        try:
            bill = biller.bill(topology)
        except PriceError as error:
            rejected.append(replace(topology, rejected_because=str(error)))
            continue
        recovery = simulator.recover(topology)
        judgement = judge(recovery)
        misses = judge.misses(judgement, bill.monthly_usd)
        options.append(Option(topology, bill, recovery, judgement, misses))
    if not options or options[0].topology.strategy != "single_region" or options[0].topology.changes:
        reason = rejected[0].rejected_because if rejected else "no topology was enumerated"
        raise UnsupportedError(f"workload {workload.name} cannot be priced as it is today: {reason}")
    return Comparison(workload, catalog, assumptions, tuple(options), tuple(rejected), seed, samples)


def _identity(topology: Topology) -> dict[str, object]:
    primary, failover = topology.primary, topology.failover
    return {
        "topology_id": topology.topology_id,
        "strategy": topology.strategy,
        "primary_region": topology.primary_region,
        "failover_region": topology.failover_region,
        "db_class": primary.database_class,
        "db_storage_type": topology.storage_type if primary.database_cluster else "",
        "db_instances_primary": primary.database_instances,
        "db_instances_failover": failover.database_instances if failover else 0,
        "cache_node_type": primary.cache_node_type,
        "architecture": topology.architecture,
        "tasks_primary": sum(count for *_, count in primary.tasks),
        "tasks_failover": sum(count for *_, count in failover.tasks) if failover else 0,
        "replication_time_control": topology.replication_time_control,
    }


def _whole(seconds: float) -> float:
    return seconds if math.isinf(seconds) else math.ceil(seconds)
