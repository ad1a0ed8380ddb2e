"""Site and link: what runs in one region of a topology, what joins two, and how the sites follow from a decision."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from drkit.facts.prices import ON_DEMAND
from drkit.topology.strategies import LIVE_DATA, SERVING

if TYPE_CHECKING:
    from drkit.workload.commitments import Commitments
    from drkit.workload.model import Acu, Network, Strategy, Workload

StorageType = Literal["standard", "io_optimized"]
Role = Literal["primary", "failover"]


@dataclass(frozen=True)
class Sizes:
    """What the primary region is made of; the failover region follows from it and the strategy.

    Parameters
    ----------
    tasks
        Service name, architecture and desired tasks, in the order of the workload file.
    task_sizes
        vCPU and memory [GiB] of a task of each service, in the same order.
    acu
        Serverless v2 range where the class is ``db.serverless``.
    commitments
        What is bought for a year or three.
    """

    tasks: tuple[tuple[str, str, int], ...]
    task_sizes: tuple[tuple[float, float], ...]
    database_class: str
    database_instances: int
    storage_type: StorageType
    acu: Acu | None
    cache_node_type: str
    cache_replicas_per_shard: int
    commitments: Commitments

    @classmethod
    def of_today(cls, workload: Workload) -> Sizes:
        """The sizes that the workload file gives."""
        database, cache = workload.database, workload.cache
        return cls(
            tasks=tuple((service.name, service.architecture, service.tasks) for service in workload.services),
            task_sizes=tuple((service.vcpu, service.memory_gib) for service in workload.services),
            database_class=database.class_name if database else "",
            database_instances=database.instances if database else 0,
            storage_type=database.storage_type if database else "standard",
            acu=database.acu if database else None,
            cache_node_type=cache.node_type if cache else "",
            cache_replicas_per_shard=cache.replicas_per_shard if cache else 0,
            commitments=workload.commitments,
        )


@dataclass(frozen=True)
class Site:
    """What runs in one region of a topology.

    Parameters
    ----------
    tasks
        Service name, architecture and desired tasks, in the order of the workload file.
    traffic_share
        Part of the workload's traffic served here, 0 to 1.
    task_sizes
        vCPU and memory [GiB] of a task of each service, in the same order.
    full_tasks
        Tasks of each service that carry the whole load.
    serverless_min_acu, serverless_average_acu, serverless_max_acu
        Serverless v2 capacity of each instance [ACU]; 0 without it.
    database_purchase, cache_purchase, compute_purchase
        How each is bought here, as price rows call it.
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
    task_sizes: tuple[tuple[float, float], ...]
    full_tasks: tuple[int, ...]
    serverless_average_acu: float = 0.0
    serverless_max_acu: float = 0.0
    database_purchase: str = ON_DEMAND
    cache_purchase: str = ON_DEMAND
    compute_purchase: str = ON_DEMAND

    @property
    def alarms(self) -> int:
        """CloudWatch alarms that the stack creates here, except that of the replication lag."""
        database = self.database_cluster and self.database_instances > 0
        return 2 * self.load_balancer + database + self.cache_group


class Link(NamedTuple):
    """All of a topology that decides what it buys beside its sites: what crosses regions, and what has none.

    Parameters
    ----------
    failover_region
        Empty where there is no other region.
    primary_share, failover_share
        Part of the workload's traffic served in each region, 0 to 1.
    load_balancers
        How many there are, in both regions.
    """

    strategy: Strategy
    primary_region: str
    failover_region: str
    replication_time_control: bool
    replicates_database: bool
    replicates_cache: bool
    primary_share: float
    failover_share: float
    load_balancers: int


def primary_site(workload: Workload, strategy: Strategy, sizes: Sizes, least_acu: float) -> Site:
    """What runs in the workload's region.

    Parameters
    ----------
    least_acu
        Serverless v2 capacity that Aurora wants in the primary cluster of a global database, which never idles below
        it [ACU].
    """
    network, acu, bought = workload.network, sizes.acu, sizes.commitments
    min_acu = max(acu.min, least_acu if strategy in LIVE_DATA else 0.0) if acu else 0.0
    return Site(
        role="primary",
        region=workload.region,
        zones=network.zones,
        tasks=sizes.tasks,
        load_balancer=True,
        nat_gateways=_nat_gateways(network),
        interface_endpoints=tuple(network.interface_endpoints),
        database_class=sizes.database_class,
        database_instances=sizes.database_instances,
        database_cluster=workload.database is not None,
        storage_type=sizes.storage_type,
        serverless_min_acu=min_acu,
        cache_node_type=sizes.cache_node_type,
        cache_replicas_per_shard=sizes.cache_replicas_per_shard,
        cache_group=workload.cache is not None,
        traffic_share=0.5 if strategy == "active_active" else 1.0,
        task_sizes=sizes.task_sizes,
        full_tasks=tuple(count for *_, count in sizes.tasks),
        serverless_average_acu=acu.average if acu else 0.0,
        serverless_max_acu=max(acu.max, min_acu) if acu else 0.0,
        database_purchase=bought.purchase("database", "primary"),
        cache_purchase=bought.purchase("cache", "primary"),
        compute_purchase=bought.purchase("compute", "primary"),
    )


def failover_site(
    workload: Workload,
    strategy: Strategy,
    region: str,
    zones: int,
    headless: bool,
    warm_fraction: float,
    commitments: Commitments,
    primary: Site,
) -> Site:
    """What a strategy keeps in the failover region, beside this primary site.

    Parameters
    ----------
    zones
        Availability zones that the region has.
    headless
        Whether the Aurora cluster there has storage but no instance.
    warm_fraction
        Part of the tasks that a warm standby runs [1].
    """
    live, full, serving = strategy in LIVE_DATA, strategy in ("hot_standby", "active_active"), strategy in SERVING
    zones = min(primary.zones, zones)
    fraction = warm_fraction if strategy == "warm_standby" else float(full)
    least = int(serving)  # it serves at once
    one_nat = min(1, primary.nat_gateways)
    # Without NAT tasks reach AWS through interface endpoints alone, so the standby needs them too.
    endpoints = serving or (live and not one_nat)
    instances = primary.database_instances if full else min(1, primary.database_instances)
    # AWS wants a replica in each secondary when the primary fails over by itself, as cluster mode always does.
    cache = workload.cache
    automatic = cache is not None and (cache.shards > 1 or primary.cache_replicas_per_shard > 0)
    return replace(
        primary,
        role="failover",
        region=region,
        zones=zones,
        tasks=tuple((name, arch, max(least, math.ceil(fraction * tasks))) for name, arch, tasks in primary.tasks),
        load_balancer=live,
        nat_gateways=min(zones, primary.nat_gateways) if full else one_nat if live else 0,
        interface_endpoints=primary.interface_endpoints if endpoints else (),
        database_instances=0 if headless or not live else instances,
        database_cluster=live and primary.database_cluster,
        cache_replicas_per_shard=max(int(automatic), primary.cache_replicas_per_shard if full else 0),
        cache_group=live and primary.cache_group,
        traffic_share=0.5 if strategy == "active_active" else 0.0,
        database_purchase=commitments.purchase("database", "failover"),
        cache_purchase=commitments.purchase("cache", "failover"),
        compute_purchase=commitments.purchase("compute", "failover"),
    )


def _nat_gateways(network: Network) -> int:
    return {"none": 0, "single": 1, "per_zone": network.zones}[network.nat_gateways]
