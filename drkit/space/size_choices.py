"""Choices: every database, cache and compute that a design space combines, none smaller than today's unless asked."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

from drkit.errors import ParameterError, UnsupportedError
from drkit.facts.prices import ON_DEMAND
from drkit.facts.support import SERVERLESS
from drkit.topology.enumeration import on_arm64
from drkit.topology.site import Sizes
from drkit.topology.strategies import STRATEGIES
from drkit.workload.model import Acu, fargate_sells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drkit.facts.catalog import Catalog
    from drkit.facts.support import Service, SupportMatrix
    from drkit.space.ranges import Ranges
    from drkit.topology.site import StorageType
    from drkit.workload.model import Strategy, Workload

#: Memory of one Aurora capacity unit [GiB] (Aurora User Guide, How Aurora Serverless v2 works).
ACU_GIB = 2.0

#: Commitments that are offered where nobody names any: the lightest and the heaviest of each kind.
_COMMITMENTS = (
    "reserved_1y_no_upfront",
    "reserved_3y_all_upfront",
    "database_savings_plan_1y_no_upfront",
    "compute_savings_plan_1y_no_upfront",
    "compute_savings_plan_3y_all_upfront",
)


class DatabaseChoice(NamedTuple):
    """An Aurora cluster of the primary region; ``acu`` is None but for ``db.serverless``."""

    class_name: str
    instances: int
    storage_type: StorageType
    acu: Acu | None
    purchase: str


class CacheChoice(NamedTuple):
    """A replication group of the primary region."""

    node_type: str
    replicas: int
    purchase: str


class ComputeChoice(NamedTuple):
    """Tasks of the primary region, and how large each is against today's."""

    tasks: tuple[tuple[str, str, int], ...]
    task_sizes: tuple[tuple[float, float], ...]
    scale: float
    purchase: str


class Choices(NamedTuple):
    """Everything that is combined. A part that the workload does not have is one choice with an empty name."""

    primaries: tuple[str, ...]
    failovers: tuple[str, ...]
    strategies: tuple[Strategy, ...]
    databases: tuple[DatabaseChoice, ...]
    caches: tuple[CacheChoice, ...]
    computes: tuple[ComputeChoice, ...]
    in_failover_region: tuple[bool, ...]

    def sizes(self, database: int, cache: int, compute: int, away: bool, workload: Workload) -> Sizes:
        """The sizes of three choices, by their positions, and whether the failover region is committed to as well."""
        db, nodes, tasks = self.databases[database], self.caches[cache], self.computes[compute]
        purchases = {"database": db.purchase, "cache": nodes.purchase, "compute": tasks.purchase}
        return Sizes(
            tasks=tasks.tasks,
            task_sizes=tasks.task_sizes,
            database_class=db.class_name,
            database_instances=db.instances,
            storage_type=db.storage_type,
            acu=db.acu,
            cache_node_type=nodes.node_type,
            cache_replicas_per_shard=nodes.replicas,
            commitments=workload.commitments.model_copy(update={**purchases, "in_failover_region": away}),
        )


def choose(workload: Workload, catalog: Catalog, ranges: Ranges) -> Choices:
    """Every choice within ranges, today's own first.

    Raises
    ------
    ParameterError
        When a range names what does not exist, what the workload does not have, or what is smaller than today's.
    """
    chooser = _Chooser(workload, catalog, ranges)
    away = workload.commitments.in_failover_region
    failovers = set(ranges.failover_regions or ())
    if len(failovers) == 1 and failovers == set(ranges.primary_regions or [workload.region]):
        raise ParameterError(f"failover_regions is only {failovers.pop()}, the primary region: name another")
    return Choices(
        chooser.regions("primary_regions", [workload.region]),
        chooser.regions("failover_regions", [region.code for region in catalog.regions.commercial()]),
        tuple(name for name in STRATEGIES if name in chooser.strategies()),
        tuple(chooser.databases()),
        tuple(chooser.caches()),
        tuple(chooser.computes()),
        tuple(ranges.in_failover_region or (away, not away)),
    )


class _Chooser:
    def __init__(self, workload: Workload, catalog: Catalog, ranges: Ranges) -> None:
        self.workload = workload
        self.catalog = catalog
        self.ranges = ranges
        self.today = Sizes.of_today(workload)
        self.known_purchases = {key.purchase for key in catalog.prices.keys()}  # noqa: SIM118

    def regions(self, name: str, default: list[str]) -> tuple[str, ...]:
        codes: list[str] = getattr(self.ranges, name) or default
        for code in codes:
            try:
                region = self.catalog.regions[code]
            except UnsupportedError as error:
                raise ParameterError(f"{name}: {error}") from error
            if name == "primary_regions" and code not in self.catalog.prices.regions():
                priced = ", ".join(self.catalog.prices.regions())
                raise ParameterError(f"{name}: the snapshot has no prices for {code}; it has prices for {priced}")
            if name == "primary_regions" and not region.may_hold(self.workload.objectives.residency):
                raise ParameterError(f"{name}: {code} lies in {region.country}, outside the objectives' residency")
            if name == "primary_regions" and region.zones < self.workload.network.zones:
                raise ParameterError(f"{name}: {code} has {region.zones} zones, the workload uses more")
        return tuple(dict.fromkeys(codes))

    def strategies(self) -> list[Strategy]:
        allowed: list[Strategy] = self.workload.objectives.strategies or list(STRATEGIES)
        for name in self.ranges.strategies or ():
            if name not in (*allowed, "single_region"):
                raise ParameterError(
                    f"strategies: {name} is not among the objectives' strategies, {', '.join(allowed)}"
                )
        return self.ranges.strategies or ["single_region", *allowed]

    def databases(self) -> Iterator[DatabaseChoice]:
        database, today, ranges = self.workload.database, self.today, self.ranges
        if database is None:
            self._none_of("database", "db_classes", "db_instances", "db_storage_types", "db_purchases", "acu")
            yield DatabaseChoice("", 0, "standard", None, ON_DEMAND)
            return
        capacities: list[tuple[str, Acu | None]] = [
            (name, None) for name in self._classes("aurora", database.engine, database.version) if name != SERVERLESS
        ]
        if ranges.db_classes is None or SERVERLESS in ranges.db_classes or ranges.acu:
            capacities += [(SERVERLESS, acu) for acu in self._acu()]
        capacities.sort(key=lambda capacity: capacity != (today.database_class, today.acu))
        other_storage: StorageType = "io_optimized" if today.storage_type == "standard" else "standard"
        for (name, acu), instances, storage, purchase in itertools.product(
            capacities,
            self._counts("db_instances", today.database_instances, 15),
            ranges.db_storage_types or [today.storage_type, other_storage],
            self._purchases("database", ranges.db_purchases),
        ):
            yield DatabaseChoice(name, instances, storage, acu, purchase)

    def caches(self) -> Iterator[CacheChoice]:
        cache, ranges = self.workload.cache, self.ranges
        if cache is None:
            self._none_of("cache", "cache_node_types", "cache_replicas", "cache_purchases")
            yield CacheChoice("", 0, ON_DEMAND)
            return
        for name, replicas, purchase in itertools.product(
            self._classes("elasticache", cache.engine, cache.version),
            self._counts("cache_replicas", cache.replicas_per_shard, 5),
            self._purchases("cache", ranges.cache_purchases),
        ):
            yield CacheChoice(name, replicas, purchase)

    def computes(self) -> Iterator[ComputeChoice]:
        workload, ranges, today = self.workload, self.ranges, self.today
        moved = on_arm64(workload, today.tasks)
        kinds = {"today": today.tasks} | ({"arm64": moved} if moved != today.tasks else {})
        architectures: list[str] = list(ranges.architectures or kinds)
        if missing := [name for name in architectures if name not in kinds]:
            raise ParameterError(
                f"architectures: no service can move to {missing[0]}: none is arm64_ready and on x86_64"
            )
        scales: list[float] = list(ranges.task_scales or ([1, 2, 0.5] if ranges.smaller else [1, 2]))
        purchases = self._purchases("compute", ranges.compute_purchases)
        for scale, kind in itertools.product(scales, architectures):
            if scale < 1 and not ranges.smaller:
                raise ParameterError(
                    f"task_scales: tasks {scale:g} times as large are smaller than today's: set smaller"
                )
            sizes = tuple((vcpu * scale, memory * scale) for vcpu, memory in today.task_sizes)
            if not all(fargate_sells(*size) for size in sizes):
                if ranges.task_scales:
                    text = ", ".join(f"{vcpu:g} vCPU with {memory:g} GiB" for vcpu, memory in sizes)
                    raise ParameterError(f"task_scales: at {scale:g} Fargate does not sell all of {text}")
                continue
            tasks = tuple((name, arch, math.ceil(count / scale)) for name, arch, count in kinds[kind])
            for purchase in purchases:
                yield ComputeChoice(tasks, sizes, scale, purchase)

    def _classes(self, service: Service, engine: str, version: str) -> list[str]:
        """Classes within the range of capacity, today's first."""
        support, aurora = self.catalog.support, service == "aurora"
        name = "db_classes" if aurora else "cache_node_types"
        today = self.today.database_class if aurora else self.today.cache_node_type
        vcpu, memory = capacity(support, today, self.today.acu)
        classes: list[str] | None = getattr(self.ranges, name)
        if classes is not None:
            for class_name in classes:
                self._check_class(name, service, class_name, vcpu, memory)
            return list(dict.fromkeys(classes))
        primaries = self.ranges.primary_regions or [self.workload.region]
        least = support.size(self._step_up(service, engine, version, today)) if today != SERVERLESS else None
        most_vcpu = self.ranges.headroom * max(vcpu, least.vcpu if least else 0) or math.inf
        most_memory = self.ranges.headroom * max(memory, least.memory_gib if least else 0)
        names = [
            size.name
            for size in support.classes.values()
            if size.service == service
            and (self.ranges.smaller or (size.vcpu >= vcpu and size.memory_gib >= memory))
            and size.vcpu <= most_vcpu
            and size.memory_gib <= most_memory
            and any(support.sold(service, engine, size.name, region) for region in primaries)
        ]
        return sorted({*names, today}, key=lambda class_name: (class_name != today, class_name))

    def _check_class(self, name: str, service: Service, class_name: str, vcpu: float, memory: float) -> None:
        if class_name == SERVERLESS and service == "aurora":
            return
        try:
            size = self.catalog.support.size(class_name)
        except UnsupportedError as error:
            raise ParameterError(f"{name}: {error}") from error
        if size.service != service:
            raise ParameterError(f"{name}: {class_name} is a class of another service")
        if (size.vcpu < vcpu or size.memory_gib < memory) and not self.ranges.smaller:
            raise ParameterError(
                f"{name}: {class_name} ({size.vcpu} vCPU, {size.memory_gib:g} GiB) is smaller than what runs today "
                f"({vcpu:g} vCPU, {memory:g} GiB): set smaller to have it in the space"
            )

    def _step_up(self, service: Service, engine: str, version: str, today: str) -> str:
        try:
            return self.catalog.support.step_up(
                service,
                engine,
                version,
                today,
                (self.workload.region,),
                self.today.storage_type if service == "aurora" else "",
            ).found
        except UnsupportedError:
            return today

    def _acu(self) -> Iterable[Acu]:
        today, ranges = self.today.acu, self.ranges
        if ranges.acu:
            if today is None:
                return ranges.acu
            for acu in ranges.acu:
                if acu.max < today.max and not ranges.smaller:
                    raise ParameterError(
                        f"acu: {acu.max:g} ACU at most are smaller than today's {today.max:g}: set smaller"
                    )
            return ranges.acu
        if today is None:
            if ranges.db_classes and SERVERLESS in ranges.db_classes:
                raise ParameterError(
                    "db_classes: db.serverless needs acu with min, average and max: nobody knows the load of a "
                    "database in ACU but who has measured it"
                )
            return ()
        # More at rest, for a standby that takes over warmer; more at most, for growth.
        mins = dict.fromkeys([today.min, math.floor(2 * min(2 * max(today.min, 0.5), today.average)) / 2])
        return [
            Acu(min=least, average=today.average, max=most)
            for least in mins
            for most in dict.fromkeys([today.max, min(2 * today.max, 256.0)])
        ]

    def _counts(self, name: str, today: int, most: int) -> list[int]:
        counts: list[int] | None = getattr(self.ranges, name)
        if counts is None:
            fewer = [today - 1] if self.ranges.smaller and today > (name == "db_instances") else []
            return [*range(today, min(today + 1, most) + 1), *fewer]
        if min(counts) < today and not self.ranges.smaller:
            raise ParameterError(
                f"{name}: {min(counts)} is smaller than today's {today}: set smaller to have it in the space"
            )
        return list(dict.fromkeys(counts))

    def _purchases(self, part: str, purchases: list[str] | None) -> list[str]:
        if purchases is not None:
            return list(dict.fromkeys(purchases))
        today = getattr(self.workload.commitments, part)
        prefix = "compute" if part == "compute" else ("reserved", "database")
        offered = (
            purchase for purchase in _COMMITMENTS if purchase in self.known_purchases and purchase.startswith(prefix)
        )
        return list(dict.fromkeys([today, ON_DEMAND, *offered]))

    def _none_of(self, part: str, *names: str) -> None:
        if present := [name for name in names if getattr(self.ranges, name) is not None]:
            raise ParameterError(f"{present[0]}: workload {self.workload.name} has no {part}")


def capacity(support: SupportMatrix, name: str, acu: Acu | None) -> tuple[float, float]:
    """Return vCPU and memory [GiB] of one instance; AWS states no vCPU of an ACU, so that is 0 for a serverless one."""
    if name == SERVERLESS:
        return 0.0, ACU_GIB * acu.max if acu else 0.0
    size = support.size(name)
    return float(size.vcpu), size.memory_gib
