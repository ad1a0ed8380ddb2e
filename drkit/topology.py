"""Topology: one strategy with everything decided, and every topology that a workload could have.

A topology is legal or it says why not. Nothing here knows a price; the bill may still find that a region lacks one.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from drkit.errors import UnsupportedError
from drkit.support import StepUp
from drkit.today import check_today
from drkit.workload import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drkit.assumptions import Assumptions
    from drkit.catalog import Catalog
    from drkit.workload import Workload

StorageType = Literal["standard", "io_optimized"]
Role = Literal["primary", "failover"]

STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)

#: Strategies whose data stores are live in the failover region.
LIVE_DATA = ("pilot_light", "warm_standby", "hot_standby", "active_active")


@dataclass(frozen=True)
class Site:
    """What runs in one region of a topology.

    Parameters
    ----------
    tasks
        Service name, architecture and desired tasks, in the order of the workload file.
    traffic_share
        Part of the workload's traffic served here, 0 to 1.
    """

    role: Role
    region: str
    zones: int
    tasks: tuple[tuple[str, str, int], ...]
    load_balancer: bool
    nat_gateways: int
    interface_endpoints: tuple[str, ...]
    database_class: str
    database_instances: int
    database_cluster: bool
    storage_type: StorageType
    cache_node_type: str
    serverless_min_acu: float
    cache_replicas_per_shard: int
    cache_group: bool
    traffic_share: float

    @property
    def alarms(self) -> int:
        """CloudWatch alarms the stack makes here, the replication lag's aside."""
        database = self.database_cluster and self.database_instances > 0
        return 2 * self.load_balancer + database + self.cache_group


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

    @property
    def topology_id(self) -> str:
        """A name that says what it is, unique within a workload."""
        parts = [
            self.strategy,
            self.failover_region or self.primary_region,
            self.storage_type,
            self.architecture,
        ]
        parts += ["headless"] * self.headless + ["rtc"] * self.replication_time_control
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


@dataclass(frozen=True)
class _Variant:
    storage_type: StorageType
    arm64: bool
    headless: bool
    replication_time_control: bool


def enumerate_topologies(workload: Workload, catalog: Catalog, assumptions: Assumptions) -> Iterator[Topology]:
    """Every topology of a workload: all strategies, region pairs, storage types, architectures.

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
    enumerator = _Enumerator(workload, catalog, assumptions)
    wanted = workload.objectives.strategies or list(STRATEGIES)
    for variant in _variants(workload, "single_region"):
        yield enumerator.single_region(variant)
    for strategy, region in itertools.product(STRATEGIES[1:], catalog.regions.commercial()):
        if strategy not in wanted or region.code == workload.region:
            continue
        reason = enumerator.region_refused(region.code)
        variants = _variants(workload, strategy)
        if reason:
            yield replace(enumerator.pair(strategy, region.code, next(variants)), rejected_because=reason)
        else:
            for variant in variants:
                yield enumerator.pair(strategy, region.code, variant)


def _variants(workload: Workload, strategy: Strategy) -> Iterator[_Variant]:
    """Variants of one strategy, the one nearest to today first."""
    today: StorageType = workload.database.storage_type if workload.database else "standard"
    other: StorageType = "io_optimized" if today == "standard" else "standard"
    can_move = any(s.arm64_ready and s.architecture != "arm64" for s in workload.services)
    return (
        _Variant(storage, arm64, headless, rtc)
        for storage, arm64, headless, rtc in itertools.product(
            (today, other) if workload.database else (today,),
            (False, True) if can_move else (False,),
            (False, True) if strategy == "pilot_light" and workload.database else (False,),
            (False, True)
            if strategy != "single_region" and any(bucket.replicate for bucket in workload.buckets)
            else (False,),
        )
    )


class _Enumerator:
    def __init__(self, workload: Workload, catalog: Catalog, assumptions: Assumptions) -> None:
        self.workload = workload
        self.catalog = catalog
        self.warm_fraction = assumptions["warm_standby_fraction"].typical

    def region_refused(self, region: str) -> str:
        objectives = self.workload.objectives
        if objectives.failover_regions and region not in objectives.failover_regions:
            return f"{region} is not among the objectives' failover_regions"
        place = self.catalog.regions[region]
        if not place.may_hold(objectives.residency):
            return f"{region} lies in {place.country}, outside {', '.join(objectives.residency)}"
        if region not in self.catalog.prices.regions():
            return f"the snapshot has no prices for {region}"
        return ""

    def single_region(self, variant: _Variant) -> Topology:
        return self._topology("single_region", None, variant, *self._today())

    def pair(self, strategy: Strategy, region: str, variant: _Variant) -> Topology:
        classes = self._today()
        try:
            if strategy in LIVE_DATA:
                classes = self._legal(strategy, region, variant.storage_type)
            elif self.workload.cache and not self.workload.cache.rebuildable:
                raise UnsupportedError(
                    "the cache holds data that cannot be rebuilt, and backup and restore leaves it behind: "
                    "use a strategy with Global Datastore, or set cache.rebuildable"
                )
        except UnsupportedError as error:
            topology = self._topology(strategy, region, variant, *self._today())
            return replace(topology, rejected_because=str(error))
        return self._topology(strategy, region, variant, *classes)

    def _today(self) -> tuple[StepUp, StepUp]:
        """Classes of database and cache as they are: no step."""
        workload = self.workload
        names = (
            workload.database.class_name if workload.database else "",
            workload.cache.node_type if workload.cache else "",
        )
        return StepUp(names[0], names[0], 0.0), StepUp(names[1], names[1], 0.0)

    def _legal(self, strategy: Strategy, region: str, storage_type: StorageType) -> tuple[StepUp, StepUp]:
        """Steps up to classes that Global Database and Global Datastore take in both regions."""
        workload, support = self.workload, self.catalog.support
        regions = (workload.region, region)
        database_step, cache_step = self._today()
        if database := workload.database:
            database_step = support.step_up(
                "aurora", database.engine, database.version, database.class_name, regions, storage_type
            )
            for code in regions:  # a serverless class steps up to itself, so check the second region too
                verdict = support.replicable("aurora", database.engine, database.version, database_step.found, code)
                if not verdict:
                    raise UnsupportedError(verdict.reason)
            if strategy == "active_active":
                forwards = support.forwards_writes(database.engine, database.version)
                if not forwards:
                    raise UnsupportedError(f"active/active needs write forwarding: {forwards.reason}")
        if cache := workload.cache:
            cache_step = support.step_up("elasticache", cache.engine, cache.version, cache.node_type, regions)
        return database_step, cache_step

    def _topology(
        self, strategy: Strategy, region: str | None, variant: _Variant, database: StepUp, cache: StepUp
    ) -> Topology:
        workload = self.workload
        share = 0.5 if strategy == "active_active" else 1.0
        replicated = strategy in LIVE_DATA
        changes, notes = self._changes(variant, database, cache), []
        min_acu = 0.0
        if workload.database and (acu := workload.database.acu):
            # Aurora wants this much in the primary cluster of a global database, which never idles below it.
            least = self.catalog.support.figure("aurora", "serverless_min_recommended_acu") if replicated else 0.0
            min_acu = max(acu.min, least)
            if min_acu > acu.min:
                changes.append(f"Serverless v2 capacity starts at {min_acu:g} ACU instead of {acu.min:g}")
        primary = self._primary(variant, database.found, cache.found, share, min_acu)
        failover = self._failover(strategy, region, variant, primary) if region else None
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
            region or "",
            _label(workload, variant.arm64),
            variant.storage_type,
            variant.headless,
            variant.replication_time_control,
            primary,
            failover,
            tuple(changes),
            tuple(notes),
        )

    def _primary(self, variant: _Variant, database_class: str, cache_type: str, share: float, min_acu: float) -> Site:
        workload = self.workload
        network, cache = workload.network, workload.cache
        return Site(
            role="primary",
            region=workload.region,
            zones=network.zones,
            tasks=tuple(
                (s.name, _architecture(s.architecture, s.arm64_ready, variant.arm64), s.tasks)
                for s in workload.services
            ),
            load_balancer=True,
            nat_gateways={"none": 0, "single": 1, "per_zone": network.zones}[network.nat_gateways],
            interface_endpoints=tuple(network.interface_endpoints),
            database_class=database_class,
            database_instances=workload.database.instances if workload.database else 0,
            database_cluster=workload.database is not None,
            storage_type=variant.storage_type,
            serverless_min_acu=min_acu,
            cache_node_type=cache_type,
            cache_replicas_per_shard=cache.replicas_per_shard if cache else 0,
            cache_group=cache is not None,
            traffic_share=share,
        )

    def _failover(self, strategy: Strategy, region: str, variant: _Variant, primary: Site) -> Site:
        live, full = strategy in LIVE_DATA, strategy in ("hot_standby", "active_active")
        zones = min(primary.zones, self.catalog.regions[region].zones)
        fraction = {"warm_standby": self.warm_fraction, "hot_standby": 1.0, "active_active": 1.0}.get(strategy, 0.0)
        least = 1 if strategy in ("warm_standby", "hot_standby", "active_active") else 0  # it serves at once
        one_nat = min(1, primary.nat_gateways)
        # Without NAT tasks reach AWS through interface endpoints alone, so the standby needs them too.
        endpoints = strategy in ("warm_standby", "hot_standby", "active_active") or (live and not one_nat)
        return replace(
            primary,
            role="failover",
            region=region,
            zones=zones,
            tasks=tuple((name, arch, max(least, math.ceil(fraction * tasks))) for name, arch, tasks in primary.tasks),
            load_balancer=live,
            nat_gateways=min(zones, primary.nat_gateways) if full else one_nat if live else 0,
            interface_endpoints=primary.interface_endpoints if endpoints else (),
            database_instances=0
            if variant.headless or not live
            else primary.database_instances
            if full
            else min(1, primary.database_instances),
            database_cluster=live and primary.database_cluster,
            cache_replicas_per_shard=self._standby_replicas(primary, full),
            cache_group=live and primary.cache_group,
            traffic_share=0.5 if strategy == "active_active" else 0.0,
        )

    def _standby_replicas(self, primary: Site, full: bool) -> int:
        # AWS wants a replica in each secondary when the primary fails over by itself, as cluster mode always does.
        cache = self.workload.cache
        automatic = cache is not None and (cache.shards > 1 or primary.cache_replicas_per_shard > 0)
        return max(int(automatic), primary.cache_replicas_per_shard if full else 0)

    def _changes(self, variant: _Variant, database: StepUp, cache: StepUp) -> list[str]:
        workload = self.workload
        changes = [
            f"{what} {_verb(step)} from {step.wanted} to {step.found}{_priced(step, unit)}"
            for what, unit, step in (("database", "instance", database), ("cache", "node", cache))
            if step.found != step.wanted
        ]
        if workload.database and variant.storage_type != workload.database.storage_type:
            words = {"standard": "Standard", "io_optimized": "I/O-Optimized"}
            changes.append(f"Aurora storage becomes {words[variant.storage_type]}")
        if variant.arm64:
            changes.append("services move to arm64")
        return changes


def _verb(step: StepUp) -> str:
    return "moves" if step.extra_monthly_usd < 0 else "steps up"


def _priced(step: StepUp, unit: str) -> str:
    extra = step.extra_monthly_usd
    return "" if math.isnan(extra) else f" ({extra:+,.2f} USD a month for each {unit})"


def _architecture(today: str, ready: bool, move: bool) -> str:
    return "arm64" if move and ready else today


def _label(workload: Workload, move: bool) -> str:
    def kinds(moved: bool) -> set[str]:
        return {_architecture(s.architecture, s.arm64_ready, moved) for s in workload.services}

    label = "mixed" if len(kinds(move)) > 1 else next(iter(kinds(move)))
    return "mixed-arm64" if move and len(kinds(False)) > 1 and label == "mixed" else label
