"""Every topology that a workload could have, at today's sizes.

A topology is legal, or has a reason why not. Prices are not checked here: the bill may find that a region lacks one.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from drkit.topology.designer import Decision, Designer
from drkit.topology.site import Sizes
from drkit.topology.strategies import STRATEGIES
from drkit.workload.check import check_today

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drkit.facts.assumptions import Assumptions
    from drkit.facts.catalog import Catalog
    from drkit.topology.site import StorageType
    from drkit.topology.topology import Topology
    from drkit.workload.model import Strategy, Workload


def enumerate_topologies(workload: Workload, catalog: Catalog, assumptions: Assumptions) -> Iterator[Topology]:
    """Every topology of a workload: all strategies, region pairs, storage types, architectures.

    Sizes are today's, or the smallest legal step up from them; `drkit.space.space` has all others.

    Parameters
    ----------
    workload
        The system and its objectives; the objectives' regions, residency and strategies limit what is legal.
    catalog
        Support rules and regions.
    assumptions
        ``warm_standby_fraction`` sizes the warm standby.

    Yields
    ------
    Topology
        Legal ones, and illegal ones with ``rejected_because``. The first is the workload as it is today.

    Raises
    ------
    WorkloadError
        When the workload's own region is unknown, or the system of today could not exist.
    """
    check_today(workload, catalog)
    designer = Designer(workload, catalog, assumptions)
    strategies = workload.objectives.strategies or list(STRATEGIES)
    sizes = _sizes(workload)
    for decision in _variants(workload, sizes, "single_region", ""):
        yield designer.topology(decision)
    for strategy, region in itertools.product(STRATEGIES[1:], catalog.regions.commercial()):
        if strategy not in strategies or region.code == workload.region:
            continue
        reason = designer.region_refused(region.code)
        variants = _variants(workload, sizes, strategy, region.code)
        if reason:
            yield replace(designer.stepped_up(next(variants)), rejected_because=reason)
        else:
            for decision in variants:
                yield designer.stepped_up(decision)


def _sizes(workload: Workload) -> list[Sizes]:
    """Today's sizes with either storage type and on either architecture, today's own first."""
    today = Sizes.of_today(workload)
    other_storage: StorageType = "io_optimized" if today.storage_type == "standard" else "standard"
    moved = on_arm64(workload, today.tasks)
    return [
        replace(today, storage_type=storage, tasks=tasks)
        for storage in ((today.storage_type, other_storage) if workload.database else (today.storage_type,))
        for tasks in ((today.tasks, moved) if moved != today.tasks else (today.tasks,))
    ]


def _variants(workload: Workload, choices: list[Sizes], strategy: Strategy, region: str) -> Iterator[Decision]:
    """Decisions for one strategy and region, the one nearest to today first."""
    for sizes, headless, rtc in itertools.product(
        choices, headless_or_not(workload, strategy), time_control_or_not(workload, strategy)
    ):
        yield Decision(strategy, region, headless, rtc, sizes)


def headless_or_not(workload: Workload, strategy: Strategy) -> tuple[bool, ...]:
    """Whether a strategy can leave the failover region's Aurora cluster without an instance."""
    return (False, True) if strategy == "pilot_light" and workload.database else (False,)


def time_control_or_not(workload: Workload, strategy: Strategy) -> tuple[bool, ...]:
    """Whether S3 replication can carry the 15 minute service level."""
    replicated = any(bucket.replicate for bucket in workload.buckets)
    return (False, True) if strategy != "single_region" and replicated else (False,)


def on_arm64(workload: Workload, tasks: tuple[tuple[str, str, int], ...]) -> tuple[tuple[str, str, int], ...]:
    """Tasks with those on arm64 whose image is ready for it."""
    ready = {service.name for service in workload.services if service.arm64_ready}
    return tuple((name, "arm64" if name in ready else kind, number) for name, kind, number in tasks)
