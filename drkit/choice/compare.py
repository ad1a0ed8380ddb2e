"""Compare every topology of a workload: price it, time it, judge it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drkit.bill.biller import Biller
from drkit.choice.comparison import Comparison
from drkit.choice.judgement import Judge
from drkit.choice.options import Option
from drkit.errors import NoPriceError, PriceError, UnsupportedError
from drkit.facts.assumptions import Assumptions
from drkit.recovery.simulation import Simulator
from drkit.stats.draws import check_draws
from drkit.topology.enumeration import enumerate_topologies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drkit.facts.catalog import Catalog
    from drkit.topology.topology import Topology
    from drkit.workload.model import Workload


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
        except NoPriceError as error:
            missing = error.region, error.purchase
            rejected.append(replace(topology, rejected_because=str(error), not_sold=missing))
            continue
        except PriceError as error:
            rejected.append(replace(topology, rejected_because=str(error)))
            continue
        recovery = simulator.recover(topology)
        judgement = judge(recovery)
        misses = judge.misses(judgement, bill.monthly_usd)
        options.append(Option(topology=topology, bill=bill, recovery=recovery, judgement=judgement, misses=misses))
    if not options or options[0].topology.strategy != "single_region" or options[0].topology.changes:
        reason = rejected[0].rejected_because if rejected else "no topology was enumerated"
        raise UnsupportedError(f"workload {workload.name} cannot be priced as it is today: {reason}")
    return Comparison(workload, catalog, assumptions, tuple(options), tuple(rejected), seed, samples)
