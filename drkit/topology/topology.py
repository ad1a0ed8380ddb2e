"""Topology: one strategy with everything decided, and every topology that a workload could have.

A topology is legal or it says why not. Nothing here knows a price; the bill may still find that a region lacks one.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, get_args

from drkit.errors import UnsupportedError
from drkit.topology.changes import changes_from_today
from drkit.topology.site import LIVE_DATA, Link, Role, Site, Sizes, StorageType, failover_site, primary_site
from drkit.workload.check import check_today
from drkit.workload.model import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drkit.facts.assumptions import Assumptions
    from drkit.facts.catalog import Catalog
    from drkit.facts.support import Service
    from drkit.workload.commitments import Commitments
    from drkit.workload.model import Workload

__all__ = [
    "LIVE_DATA",
    "STRATEGIES",
    "Decision",
    "Designer",
    "Link",
    "Role",
    "Site",
    "StorageType",
    "Topology",
    "enumerate_topologies",
]

STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)


@dataclass(frozen=True)
class Topology:
    """One strategy with everything decided.

    Parameters
    ----------
    strategy, primary_region, failover_region
        The failover region is empty for a single region.
    architecture
        ``x86_64``, ``arm64`` or ``mixed``: what the services run on.
    headless
        Whether the failover region's Aurora cluster has storage but no instance.
    replication_time_control
        Whether S3 replication carries the 15 minute service level.
    changes
        What differs from today in the primary region, in words; the fewer, the smaller the change.
    notes
        What a decider must know about it.
    rejected_because
        Why it is not possible; empty when it is.
    sized
        What tells it from other topologies whose sizes differ; empty where sizes follow from the rest.
    """

    strategy: Strategy
    primary_region: str
    failover_region: str
    architecture: str
    storage_type: StorageType
    headless: bool
    replication_time_control: bool
    primary: Site
    failover: Site | None
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rejected_because: str = ""
    sized: str = ""

    @cached_property
    def topology_id(self) -> str:
        """A name that says what it is, unique within a workload."""
        parts = [
            self.strategy,
            self.failover_region or self.primary_region,
            self.storage_type,
            self.architecture,
        ]
        parts += ["headless"] * self.headless + ["rtc"] * self.replication_time_control
        parts += [self.sized] * bool(self.sized)
        return ".".join(parts)

    @property
    def sites(self) -> tuple[Site, ...]:
        """The primary site, and the failover site where there is one."""
        return (self.primary, self.failover) if self.failover else (self.primary,)

    @property
    def replicates_database(self) -> bool:
        """Whether an Aurora Global Database spans both regions."""
        return self.failover is not None and self.failover.database_cluster

    @property
    def replicates_cache(self) -> bool:
        """Whether a Global Datastore spans both regions."""
        return self.failover is not None and self.failover.cache_group

    @cached_property
    def link(self) -> Link:
        """What joins the sites; topologies of different sizes share it."""
        primary, failover = self.primary, self.failover
        return Link(
            self.strategy,
            self.primary_region,
            self.failover_region if failover else "",
            self.replication_time_control,
            self.replicates_database,
            self.replicates_cache,
            primary.traffic_share,
            failover.traffic_share if failover else 0.0,
            primary.load_balancer + (failover.load_balancer if failover else 0),
        )


@dataclass(frozen=True)
class Decision:
    """What is decided about a topology; everything else follows from it and the workload.

    Parameters
    ----------
    region
        The failover region; empty for a single region.
    """

    strategy: Strategy
    region: str
    headless: bool
    replication_time_control: bool
    sizes: Sizes


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
    wanted = workload.objectives.strategies or list(STRATEGIES)
    sizes = _sizes(workload)
    for decision in _variants(workload, sizes, "single_region", ""):
        yield designer.topology(decision)
    for strategy, region in itertools.product(STRATEGIES[1:], catalog.regions.commercial()):
        if strategy not in wanted or region.code == workload.region:
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
    other: StorageType = "io_optimized" if today.storage_type == "standard" else "standard"
    moved = on_arm64(workload, today.tasks)
    return [
        replace(today, storage_type=storage, tasks=tasks)
        for storage in ((today.storage_type, other) if workload.database else (today.storage_type,))
        for tasks in ((today.tasks, moved) if moved != today.tasks else (today.tasks,))
    ]


def _variants(workload: Workload, sizes: list[Sizes], strategy: Strategy, region: str) -> Iterator[Decision]:
    """Decisions for one strategy and region, the one nearest to today first."""
    for each, headless, rtc in itertools.product(
        sizes, headless_or_not(workload, strategy), time_control_or_not(workload, strategy)
    ):
        yield Decision(strategy, region, headless, rtc, each)


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


class Designer:
    """Makes the topologies of one workload, and knows which decisions are legal.

    Parameters
    ----------
    workload, catalog, assumptions
        The system; support rules and regions; ``warm_standby_fraction``.
    """

    def __init__(self, workload: Workload, catalog: Catalog, assumptions: Assumptions) -> None:
        self.workload = workload
        self.catalog = catalog
        self.warm_fraction = assumptions["warm_standby_fraction"].typical
        # Aurora wants this much in the primary cluster of a global database, which never idles below it.
        self.least_acu = catalog.support.figure("aurora", "serverless_min_recommended_acu")
        # Many topologies of one region pair ask for the same.
        self._replicable = lru_cache(maxsize=None)(catalog.support.replicable)
        self._primary = lru_cache(maxsize=256)(self._make_primary)
        self._changes = lru_cache(maxsize=256)(self._changes_from_today)
        self._failover = lru_cache(maxsize=1024)(self._make_failover)

    # Legal ----------------------------------------------------------------------------------------------------------

    def region_refused(self, region: str) -> str:
        """Why the objectives or the catalog rule a failover region out; empty if they do not."""
        objectives = self.workload.objectives
        if objectives.failover_regions and region not in objectives.failover_regions:
            return f"{region} is not among the objectives' failover_regions"
        place = self.catalog.regions[region]
        if not place.may_hold(objectives.residency):
            return f"{region} lies in {place.country}, outside {', '.join(objectives.residency)}"
        if region not in self.catalog.prices.regions():
            return f"the snapshot has no prices for {region}"
        return ""

    def check_strategy(self, strategy: Strategy) -> None:
        """Refuse a strategy that the workload rules out, whichever the region.

        Raises
        ------
        UnsupportedError
            With the reason and the way out.
        """
        workload = self.workload
        if strategy == "backup_restore" and workload.cache and not workload.cache.rebuildable:
            raise UnsupportedError(
                "the cache holds data that cannot be rebuilt, and backup and restore leaves it behind: "
                "use a strategy with Global Datastore, or set cache.rebuildable"
            )
        if strategy == "active_active" and (database := workload.database):
            forwards = self.catalog.support.forwards_writes(database.engine, database.version)
            if not forwards:
                raise UnsupportedError(f"active/active needs write forwarding: {forwards.reason}")

    def check_database(self, strategy: Strategy, regions: tuple[str, ...], name: str) -> None:
        """Refuse a database class that the strategy cannot use in all of the regions.

        Raises
        ------
        UnsupportedError
            With the reason.
        """
        if database := self.workload.database:
            self._check("aurora", database.engine, database.version, strategy, regions, name)

    def check_cache(self, strategy: Strategy, regions: tuple[str, ...], name: str) -> None:
        """Refuse a cache node type that the strategy cannot use in all of the regions.

        Raises
        ------
        UnsupportedError
            With the reason.
        """
        if cache := self.workload.cache:
            self._check("elasticache", cache.engine, cache.version, strategy, regions, name)

    def _check(
        self,
        service: Service,
        engine: str,
        version: str,
        strategy: Strategy,
        regions: tuple[str, ...],
        name: str,
    ) -> None:
        for region in regions:
            verdict = (
                self._replicable(service, engine, version, name, region)
                if strategy in LIVE_DATA
                else self.catalog.support.sold(service, engine, name, region)
            )
            if not verdict:
                raise UnsupportedError(verdict.reason)

    def stepped_up(self, decision: Decision) -> Topology:
        """The topology with the smallest legal classes at least as large as the decision's, or the reason for none."""
        sizes = decision.sizes
        try:
            if decision.strategy in LIVE_DATA:
                sizes = self._legal(decision)
            else:
                self.check_strategy(decision.strategy)
        except UnsupportedError as error:
            return replace(self.topology(decision), rejected_because=str(error))
        return self.topology(replace(decision, sizes=sizes))

    def _legal(self, decision: Decision) -> Sizes:
        """Steps up to classes that Global Database and Global Datastore take in both regions."""
        workload, sizes = self.workload, decision.sizes
        regions = (workload.region, decision.region)
        found, node_type = sizes.database_class, sizes.cache_node_type
        if database := workload.database:
            of_engine = (database.engine, database.version)
            found = self.catalog.support.step_up("aurora", *of_engine, found, regions, sizes.storage_type).found
            # A serverless class steps up to itself, so check the second region too.
            self.check_database(decision.strategy, regions, found)
            self.check_strategy(decision.strategy)
        if cache := workload.cache:
            of_cache = (cache.engine, cache.version)
            node_type = self.catalog.support.step_up("elasticache", *of_cache, node_type, regions).found
        if (found, node_type) == (sizes.database_class, sizes.cache_node_type):
            return sizes
        return replace(sizes, database_class=found, cache_node_type=node_type)

    # Made -----------------------------------------------------------------------------------------------------------

    def sites(self, decision: Decision) -> tuple[Site, Site | None]:
        """What runs in the primary and in the failover region, be it legal or not."""
        primary = self.primary(decision)
        return primary, self.failover(decision, primary) if decision.region else None

    def primary(self, decision: Decision) -> Site:
        """What runs in the primary region; it depends on the strategy and the sizes alone."""
        return self._primary(decision.strategy, decision.sizes)

    def _make_primary(self, strategy: Strategy, sizes: Sizes) -> Site:
        return primary_site(self.workload, strategy, sizes, self.least_acu)

    def _changes_from_today(self, sizes: Sizes, primary: Site) -> tuple[str, ...]:
        return tuple(changes_from_today(self.workload, sizes, primary, self.catalog.support))

    def failover(self, decision: Decision, primary: Site) -> Site:
        """What runs in the failover region beside this primary site."""
        bought = decision.sizes.commitments
        return self._failover(decision.strategy, decision.region, decision.headless, bought, primary)

    def _make_failover(
        self, strategy: Strategy, region: str, headless: bool, bought: Commitments, primary: Site
    ) -> Site:
        zones = self.catalog.regions[region].zones
        return failover_site(self.workload, strategy, region, zones, headless, self.warm_fraction, bought, primary)

    def topology(self, decision: Decision, sized: str = "") -> Topology:
        """The topology of a decision, be it legal or not.

        Parameters
        ----------
        sized
            Part of its name that tells it from topologies of other sizes.
        """
        workload, strategy, region = self.workload, decision.strategy, decision.region
        primary, failover = self.sites(decision)
        changes, notes = list(self._changes(decision.sizes, primary)), []
        if strategy == "active_active":
            notes.append("automation promotes the other region without asking anybody")
            if workload.database:
                changes.append(f"writes from {region} are forwarded to {workload.region}")
        if strategy == "active_active" and workload.cache:
            notes.append(
                f"services in {region} read the cache there, and must send what they write to it to {workload.region}: "
                "Global Datastore forwards no writes, and the stack does not connect the networks"
            )
        return Topology(
            strategy,
            workload.region,
            region,
            label_of(workload, decision.sizes.tasks),
            decision.sizes.storage_type,
            decision.headless,
            decision.replication_time_control,
            primary,
            failover,
            tuple(changes),
            tuple(notes),
            sized=sized,
        )


def label_of(workload: Workload, tasks: tuple[tuple[str, str, int], ...]) -> str:
    """``x86_64``, ``arm64`` or ``mixed``; ``mixed-arm64`` where a mixed system moves and is mixed still."""
    today, kinds = {service.architecture for service in workload.services}, {kind for _, kind, _ in tasks}
    if len(kinds) == 1:
        return next(iter(kinds))
    moved = [kind for _, kind, _ in tasks] != [service.architecture for service in workload.services]
    return "mixed-arm64" if moved and len(today) > 1 else "mixed"
