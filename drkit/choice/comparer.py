"""One comparison after another, of a workload that changes a little each time.

What a change does not touch is not done again: other objectives judge the same topologies with the same bills, another
cost of an outage values the same recoveries, and another instance class leaves the times as they were.
"""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from drkit.bill.biller import Biller
from drkit.choice.compare import compare_topologies
from drkit.choice.comparison import Comparison
from drkit.choice.named import at_a_glance
from drkit.facts.assumptions import Assumptions
from drkit.recovery.simulation import Simulator
from drkit.stats.draws import check_draws
from drkit.stats.recent import Recent
from drkit.topology.enumeration import enumerate_topologies

if TYPE_CHECKING:
    from drkit.bill.biller import PricedLines
    from drkit.bill.lines import Bill
    from drkit.choice.options import Option
    from drkit.facts.catalog import Catalog
    from drkit.topology.topology import Topology
    from drkit.workload.model import Workload

#: Lines of bills that are kept: some hundred changes of a workload.
_MOST_LINES = 200_000


class Comparer:
    """Compares workloads that differ little, each as `compare_topologies` does, to the last digit.

    Parameters
    ----------
    catalog
        The facts.
    seed, samples
        Of the simulation: same seed, same figures.
    """

    def __init__(self, catalog: Catalog, seed: int = 1, samples: int = 20_000) -> None:
        check_draws(seed, samples)
        self.catalog = catalog
        self.seed = seed
        self.samples = samples
        self._topologies: Recent[tuple[Topology, ...]] = Recent(8)
        self._billers: Recent[_Ledger] = Recent(4)
        self._lines: PricedLines = {}
        self._simulators: Recent[Simulator] = Recent(4)
        self._lasting: Recent[dict[object, Any]] = Recent(4)

    def compare(self, workload: Workload) -> Comparison:
        """Compare all topologies of a workload.

        Raises
        ------
        WorkloadError, UnsupportedError
            As :func:`drkit.choice.compare.compare_topologies`.
        """
        catalog = self.catalog
        assumptions = Assumptions(catalog.snapshot, workload.assumptions)
        topologies = self._topologies.get(
            _decides_which(workload), lambda: tuple(enumerate_topologies(workload, catalog, assumptions))
        )
        if len(self._lines) > _MOST_LINES:
            self._lines.clear()
        biller = self._billers.get(
            _decides_bill(workload), lambda: _Ledger(workload, catalog, assumptions, self._lines)
        )
        simulator = self._simulators.get(
            _decides_time(workload),
            lambda: Simulator(workload, catalog, assumptions, self.seed, self.samples, keep=True),
        ).judged_by(workload.objectives)
        comparison = compare_topologies(workload, catalog, self.seed, self.samples, topologies, biller, simulator)
        return replace(comparison, lasting=self._lasting.get(_decides_total(workload), dict))


class Glance(Comparison):
    """A comparison that is shown at once: the option of least regret is not among its named ones."""

    @cached_property
    def named(self) -> dict[str, Option]:
        """The choice and three options worth seeing beside it."""
        return at_a_glance(self)

    @classmethod
    def of(cls, comparison: Comparison) -> Glance:
        """The same comparison, to be shown at once."""
        return cls(**{field.name: getattr(comparison, field.name) for field in fields(comparison)})


class _Ledger(Biller):
    """A biller that keeps every bill, and takes lines from other billers where the same is bought.

    A topology's name is unique within a workload; what a quantity costs is the same for all workloads.
    """

    def __init__(self, workload: Workload, catalog: Catalog, assumptions: Assumptions, lines: PricedLines) -> None:
        super().__init__(workload, catalog, assumptions, lines)
        self._bills: dict[str, Bill] = {}

    def bill(self, topology: Topology) -> Bill:
        name = topology.topology_id
        if name not in self._bills:
            self._bills[name] = super().bill(topology)
        return self._bills[name]


def _decides_which(workload: Workload) -> str:
    """What decides which topologies there are."""
    judging = {"rpo_s", "rto_s", "probability", "budget_usd_per_month"}
    return workload.model_dump_json(exclude={"objectives": judging, "costs": True})


def _decides_bill(workload: Workload) -> str:
    """What decides what a topology costs."""
    return workload.model_dump_json(exclude={"objectives", "costs"})


def _decides_time(workload: Workload) -> str:
    """What decides how topologies recover: sizes do not, beyond what a topology says itself."""
    sizes: dict[str, Any] = {
        "database": {"version", "instance_class", "acu", "instances"},
        "cache": {"version", "node_type", "shards"},
        "services": {"__all__": {"tasks", "vcpu", "memory_gib"}},
    }
    return workload.model_dump_json(exclude={"objectives": True, **sizes})


def _decides_total(workload: Workload) -> str:
    """What decides what a topology costs in all, losses and people included."""
    return workload.model_dump_json(exclude={"objectives"})
