"""All topologies of a workload side by side: bill, recovery, frontier, the choice, and why not the others."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from drkit.assumptions import Assumptions
from drkit.bill import Bill, Biller
from drkit.errors import PriceError, UnsupportedError
from drkit.recovery import DISRUPTIONS, Recovery
from drkit.simulation import Simulator
from drkit.topology import STRATEGIES, enumerate_topologies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from drkit.catalog import Catalog
    from drkit.topology import Topology
    from drkit.workload import Objectives, Workload


class Judgement(NamedTuple):
    """A topology's RTO and RPO after the loss of its region, against the objectives. Times are [s]."""

    rto_p50_s: float
    rto_p95_s: float
    rpo_p50_s: float
    rpo_p95_s: float
    rto_at_probability_s: float
    rpo_at_probability_s: float
    p_meets_rto: float
    p_meets_rpo: float


@dataclass(frozen=True)
class Option:
    """A legal topology, priced, timed and judged."""

    topology: Topology
    bill: Bill
    recovery: Recovery
    judgement: Judgement
    misses: tuple[str, ...]

    @property
    def meets_objectives(self) -> bool:
        """Whether RPO, RTO and budget hold with the asked probability."""
        return not self.misses

    @property
    def topology_id(self) -> str:
        """Name of the topology."""
        return self.topology.topology_id

    @property
    def total_usd_per_year(self) -> float:
        """Yearly bill plus expected yearly loss [USD/year]."""
        return 12 * self.bill.monthly_usd + self.recovery.expected_yearly_loss_usd


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
    """

    workload: Workload
    catalog: Catalog
    assumptions: Assumptions
    options: tuple[Option, ...]
    rejected: tuple[Topology, ...]
    seed: int
    samples: int

    @property
    def today(self) -> Option:
        """The workload as it is: one region, nothing changed."""
        return self.options[0]

    @cached_property
    def chosen(self) -> Option:
        """The cheapest option that meets the objectives; if none does, the nearest."""
        meeting = [option for option in self.options if option.meets_objectives]
        return min(meeting or self.options, key=_cheapest if meeting else self._nearness)

    @cached_property
    def named(self) -> dict[str, Option]:
        """The choice and the three options worth seeing beside it.

        ``chosen``; ``best_recovery``: lowest RTO, then RPO, then cost; ``cheapest``: lowest bill among those that
        survive the loss of the region; ``smallest_change``: fewest changes in the primary region, among those that
        survive and miss no more objectives than the choice.
        """
        surviving = [option for option in self.options if option.topology.failover] or list(self.options)
        as_good = [option for option in surviving if len(option.misses) <= len(self.chosen.misses)] or surviving
        return {
            "chosen": self.chosen,
            "best_recovery": min(
                surviving,
                key=lambda o: (o.judgement.rto_p95_s, o.judgement.rpo_p95_s, *_cheapest(o)),
            ),
            "cheapest": min(surviving, key=_cheapest),
            "smallest_change": min(as_good, key=lambda o: (len(o.topology.changes), *_cheapest(o))),
        }

    @cached_property
    def frontier(self) -> frozenset[str]:
        """Topologies that no other beats in monthly cost, RTO and RPO (95 %) at once."""
        points = np.array([(o.bill.monthly_usd, o.judgement.rto_p95_s, o.judgement.rpo_p95_s) for o in self.options])
        kept = []
        for point, option in zip(points, self.options, strict=True):
            beaten = (points <= point).all(axis=1) & (points < point).any(axis=1)
            if not beaten.any():
                kept.append(option.topology_id)
        return frozenset(kept)

    def why_not(self, option: Option) -> str:
        """One sentence: why this option was not chosen."""
        chosen = self.chosen
        if option is chosen:
            return ""
        if option.misses and chosen.meets_objectives:
            return "; ".join(option.misses)
        if self._shortfall(option) > self._shortfall(chosen):
            return f"{'; '.join(option.misses)}: further from the objectives than the choice"
        extra = option.bill.monthly_usd - chosen.bill.monthly_usd
        return f"costs {extra:,.2f} USD a month more than the choice"

    def frame(self) -> pd.DataFrame:
        """Every topology considered, in the columns of ``comparison.csv``, cheapest first, rejected last."""
        import pandas as pd

        rows = [self._row(option) for option in sorted(self.options, key=_cheapest)]
        rows += [_identity(topology) | {"rejected_because": topology.rejected_because} for topology in self.rejected]
        return pd.DataFrame(rows, columns=list(rows[0]))

    def best_of_each(self) -> pd.DataFrame:
        """The best option of each strategy, today's first: the columns a person compares first."""
        import pandas as pd

        rows = []
        for option in (self.today, *self.strategies.values()):
            judged = option.judgement
            rows.append(
                {
                    "strategy": option.topology.strategy,
                    "failover_region": option.topology.failover_region,
                    "monthly_usd": option.bill.monthly_usd,
                    "extra_usd": round(option.bill.monthly_usd - self.today.bill.monthly_usd, 2),
                    "rto_p50": span(judged.rto_p50_s),
                    "rto_p95": span(judged.rto_p95_s),
                    "rpo_p95": span(judged.rpo_p95_s),
                    "p_rto": judged.p_meets_rto,
                    "p_rpo": judged.p_meets_rpo,
                    "yearly_loss_usd": round(option.recovery.expected_yearly_loss_usd),
                    "chosen": "chosen" if option is self.chosen else "",
                }
            )
        return pd.DataFrame(rows)

    @cached_property
    def strategies(self) -> dict[str, Option]:
        """For each strategy with a failover region the cheapest that meets the objectives, else the nearest."""
        best: dict[str, Option] = {}
        for strategy in STRATEGIES[1:]:
            options = [option for option in self.options if option.topology.strategy == strategy]
            if options:
                meeting = [option for option in options if option.meets_objectives]
                best[strategy] = min(meeting or options, key=_cheapest if meeting else self._nearness)
        return best

    def disruptions(self, option: Option) -> pd.DataFrame:
        """One option against every disruption: rate, RTO and RPO quantiles [s], share of the expected loss."""
        import pandas as pd

        rows = []
        for name in DISRUPTIONS:
            outcome = option.recovery.outcomes[name]
            rto, rpo = outcome.rto_s, outcome.rpo_s
            rows.append(
                {
                    "disruption": name,
                    "per_year": outcome.per_year,
                    "rto_p50_s": _quantile(rto, 0.5),
                    "rto_p95_s": _quantile(rto, 0.95),
                    "rpo_p50_s": _quantile(rpo, 0.5),
                    "rpo_p95_s": _quantile(rpo, 0.95),
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
            "not_observed_usd": round(math.fsum(line.monthly_usd for line in option.bill.not_observed), 2),
            "changes": "; ".join(option.topology.changes),
            "notes": "; ".join(option.topology.notes),
            "not_chosen_because": self.why_not(option),
            "rejected_because": "",
        }

    def _shortfall(self, option: Option) -> tuple[float, ...]:
        """Objectives missed, then by how much RPO and RTO are missed, in whole seconds."""
        objectives, judged = self.workload.objectives, option.judgement
        over_rpo = max(0.0, judged.rpo_at_probability_s - objectives.rpo_s)
        over_rto = max(0.0, judged.rto_at_probability_s - objectives.rto_s)
        return (len(option.misses), _whole(over_rpo), _whole(over_rto))

    def _nearness(self, option: Option) -> tuple[float | str, ...]:
        return (*self._shortfall(option), *_cheapest(option))


def compare_topologies(workload: Workload, catalog: Catalog, seed: int = 1, samples: int = 20_000) -> Comparison:
    """Price, time and judge every topology of a workload.

    Parameters
    ----------
    workload, catalog
        The system and the facts.
    seed, samples
        Of the Monte Carlo simulation: same seed, same figures.

    Raises
    ------
    WorkloadError
        When the workload names a region, class or assumption that does not exist.
    UnsupportedError
        When no topology at all is possible, not even today's.
    """
    assumptions = Assumptions(catalog.snapshot, workload.assumptions)
    biller = Biller(workload, catalog, assumptions)
    simulator = Simulator(workload, catalog, assumptions, seed, samples)
    judge = _Judge(workload.objectives)
    options: list[Option] = []
    rejected: list[Topology] = []
    for topology in enumerate_topologies(workload, catalog, assumptions):
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


class _Judge:
    """Objectives against recoveries; topologies that share a recovery are judged once."""

    def __init__(self, objectives: Objectives) -> None:
        self.objectives = objectives
        self._known: dict[int, Judgement] = {}

    def __call__(self, recovery: Recovery) -> Judgement:
        if id(recovery) not in self._known:
            outcome, objectives = recovery.judged, self.objectives
            rto, rpo = outcome.rto_s, outcome.rpo_s
            self._known[id(recovery)] = Judgement(
                _quantile(rto, 0.5),
                _quantile(rto, 0.95),
                _quantile(rpo, 0.5),
                _quantile(rpo, 0.95),
                _quantile(rto, objectives.probability),
                _quantile(rpo, objectives.probability),
                float((rto <= objectives.rto_s).mean()),
                float((rpo <= objectives.rpo_s).mean()),
            )
        return self._known[id(recovery)]

    def misses(self, judgement: Judgement, monthly_usd: float) -> tuple[str, ...]:
        """What the objectives ask and this does not give, each with by how much."""
        wanted = self.objectives
        found = []
        if judgement.p_meets_rpo < wanted.probability:
            found.append(
                f"misses the RPO of {span(wanted.rpo_s)}: at {100 * wanted.probability:g} % it loses "
                f"{lost(judgement.rpo_at_probability_s)}"
            )
        if judgement.p_meets_rto < wanted.probability:
            found.append(
                f"misses the RTO of {span(wanted.rto_s)}: at {100 * wanted.probability:g} % it takes "
                f"{span(judgement.rto_at_probability_s)}"
            )
        budget = wanted.budget_usd_per_month
        if budget is not None and monthly_usd > budget:
            found.append(f"is {monthly_usd - budget:,.2f} USD a month over the budget of {budget:,.2f} USD")
        return tuple(found)


def span(seconds: float) -> str:
    """A time in words, in the unit a reader thinks in: ``45 s``, ``12 min``, ``3.5 h``, ``14 d``."""
    if math.isinf(seconds):
        return "everything"
    if seconds < 120:
        return f"{seconds:.3g} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86_400:.0f} d"


def lost(seconds: float) -> str:
    """Lost writes in words: ``2 min of writes``, ``nothing``, ``everything``."""
    if seconds == 0:
        return "nothing"
    return span(seconds) + " of writes" * math.isfinite(seconds)


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


def _cheapest(option: Option) -> tuple[float, float, str]:
    # Of equal bills the one that loses less, then by name, so that the choice never depends on order.
    return (
        option.bill.monthly_usd,
        option.recovery.expected_yearly_loss_usd,
        option.topology_id,
    )


def _quantile(samples: Sequence[float] | np.ndarray, at: float) -> float:
    # "higher" keeps an infinite loss infinite; interpolation would make nan of it.
    return round(float(np.quantile(samples, at, method="higher")), 3)


def _whole(seconds: float) -> float:
    return seconds if math.isinf(seconds) else math.ceil(seconds)
