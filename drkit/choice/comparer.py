"""One comparison after another, of a workload that changes a little each time.

What a change does not touch is not done again: other objectives judge the same topologies with the same bills, another
cost of an outage values the same recoveries, and another instance class leaves the times as they were.
"""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from drkit.bill.bill import Bill, Biller
from drkit.choice import choices
from drkit.choice.compare import Comparison, compare_topologies
from drkit.facts.assumptions import Assumptions
from drkit.recovery.simulation import Simulator
from drkit.stats.draws import check_draws
from drkit.stats.recent import Recent
from drkit.topology.topology import enumerate_topologies

if TYPE_CHECKING:
    from drkit.bill.bill import Known
    from drkit.choice.compare import Option
    from drkit.facts.catalog import Catalog
    from drkit.topology.topology import Topology
    from drkit.workload.model import Workload

#: Lines of bills that are kept: some hundred changes of a workload.
_MOST_LINES = 200_000

#: Values that stand where the true one does not matter.
_ANY_DATABASE: dict[str, Any] = {"version": "", "instance_class": None, "acu": None, "instances": 1}
_ANY_CACHE: dict[str, Any] = {"version": "", "node_type": "", "shards": 1}
_ANY_SERVICE: dict[str, Any] = {"tasks": 1, "vcpu": 1.0, "memory_gib": 2.0}


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
        self._lines: Known = {}
        self._simulators: Recent[Simulator] = Recent(4)
        self._lasting: Recent[dict[object, Any]] = Recent(4)

    def knows(self, catalog: Catalog, seed: int, samples: int) -> bool:
        """Whether it compares with these facts and draws."""
        return catalog is self.catalog and (seed, samples) == (self.seed, self.samples)

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
            _limited(workload), lambda: tuple(enumerate_topologies(workload, catalog, assumptions))
        )
        if len(self._lines) > _MOST_LINES:
            self._lines.clear()
        biller = self._billers.get(_bought(workload), lambda: _Ledger(workload, catalog, assumptions, self._lines))
        simulator = self._simulators.get(
            _timed(workload), lambda: Simulator(workload, catalog, assumptions, self.seed, self.samples, keep=True)
        ).judged_by(workload.objectives)
        found = compare_topologies(workload, catalog, self.seed, self.samples, topologies, biller, simulator)
        return replace(found, lasting=self._lasting.get(_owned(workload), dict))


class Glance(Comparison):
    """A comparison that is shown at once: the option of least regret is not among its named ones."""

    @cached_property
    def named(self) -> dict[str, Option]:
        """The choice and three options worth seeing beside it."""
        return choices.at_a_glance(self)

    @classmethod
    def of(cls, comparison: Comparison) -> Glance:
        """The same comparison, to be shown at once."""
        return cls(**{one.name: getattr(comparison, one.name) for one in fields(comparison)})


class _Ledger(Biller):
    """A biller that keeps every bill, and takes lines from other billers where the same is bought.

    A topology's name is unique within a workload; what a quantity costs is the same for all workloads.
    """

    def __init__(self, workload: Workload, catalog: Catalog, assumptions: Assumptions, known: Known) -> None:
        super().__init__(workload, catalog, assumptions, known)
        self._kept: dict[str, Bill] = {}

    def bill(self, topology: Topology) -> Bill:
        name = topology.topology_id
        if name not in self._kept:
            self._kept[name] = super().bill(topology)
        return self._kept[name]


def _key(workload: Workload, **anyway: object) -> str:
    return workload.model_copy(update=anyway).model_dump_json(warnings=False)


def _limited(workload: Workload) -> str:
    """What decides which topologies there are."""
    objectives = workload.objectives.model_copy(
        update={"rpo_s": 0.0, "rto_s": 0.0, "probability": 0.0, "budget_usd_per_month": None}
    )
    return _key(workload, objectives=objectives, costs=None)


def _bought(workload: Workload) -> str:
    """What decides what a topology costs."""
    return _key(workload, objectives=None, costs=None)


def _timed(workload: Workload) -> str:
    """What decides how topologies recover: sizes do not, beyond what a topology says itself."""
    return _key(workload, **_any_size(workload), objectives=None)


def _owned(workload: Workload) -> str:
    """What decides what a topology costs in all, losses and people included."""
    return _key(workload, objectives=None)


def _any_size(workload: Workload) -> dict[str, object]:
    database, cache = workload.database, workload.cache
    return {
        "database": database and database.model_copy(update=_ANY_DATABASE),
        "cache": cache and cache.model_copy(update=_ANY_CACHE),
        "services": [service.model_copy(update=_ANY_SERVICE) for service in workload.services],
    }
