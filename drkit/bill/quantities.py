"""What a topology buys in a month: quantities by service and item, before anything is priced.

Quantities come from the workload's typical figures and the topology's counts.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from drkit.facts.prices import HOURS_PER_MONTH, ON_DEMAND
from drkit.facts.support import SERVERLESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drkit.facts.assumptions import Assumptions
    from drkit.facts.prices import PriceBook
    from drkit.topology.site import Link, Role, Site
    from drkit.workload.model import Bucket, Workload

SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600
DAYS_PER_MONTH = HOURS_PER_MONTH / 24
GIB = 2**30

#: One load balancer capacity unit, by dimension (Elastic Load Balancing pricing).
LCU = {
    "new_connections_per_second": 25.0,
    "active_connections": 3000.0,
    "processed_gib_per_hour": 1.0,
    "rule_evaluations_per_second": 1000.0,
}

#: Data a month that every account sends to the internet for nothing, once for all regions [GiB].
FREE_EGRESS_GIB = 100.0

_ARCHITECTURE = {"x86_64": "linux_x86", "arm64": "linux_arm64"}


class Purchase(NamedTuple):
    """One quantity [unit of the item's price], where it is bought, and the assumptions it rests on."""

    component: str
    service: str
    item: str
    region: str
    quantity: float
    to_region: str = ""
    start: float = 0.0
    assumption: str = ""
    purchase: str = ON_DEMAND


class Purchases:
    """What the topologies of one workload buy.

    Parameters
    ----------
    workload, assumptions
        What is needed, and the figures that AWS does not publish.
    prices
        Tells whether replication time control has a price of its own between two regions.
    """

    def __init__(self, workload: Workload, assumptions: Assumptions, prices: PriceBook) -> None:
        self.workload = workload
        self.assumptions = assumptions
        self.prices = prices

    # What one region buys -------------------------------------------------------------------------------------------

    def site(self, site: Site) -> Iterator[Purchase]:
        """Everything bought in one region."""
        yield from self.compute(site)
        yield from self._network(site)
        yield from self.database_capacity(site)
        yield from self._database_volume(site)
        yield from self.cache_nodes(site)
        yield from self._cache_snapshots(site)
        yield from self._storage(site)
        yield from self._always(site)

    def beside(self, site: Site) -> Iterator[Purchase]:
        """What one region buys beside `compute`, `database_capacity` and `cache_nodes`; only storage's type counts."""
        for part in (self._network, self._database_volume, self._cache_snapshots, self._storage, self._always):
            yield from part(site)

    def _always(self, site: Site) -> Iterator[Purchase]:
        region, workload = site.region, self.workload
        yield Purchase("security", "awskms", "customer_managed_key", region, 1)
        yield Purchase("security", "AWSSecretsManager", "secret", region, len(workload.secrets))
        images, assumed = self._images_gib
        stored = images * self.assumptions["image_versions"].typical
        name = " ".join(["image_versions", *assumed.split()])
        yield Purchase("registry", "AmazonECR", "private_storage", region, stored, assumption=name)
        lag_alarm = site.role == "failover" and site.database_cluster
        yield Purchase("monitoring", "AmazonCloudWatch", "alarm/standard", region, site.alarms + lag_alarm)
        logs = workload.operations.logs_gib_per_month.typical * site.traffic_share
        stored = logs * workload.operations.log_retention_days / DAYS_PER_MONTH
        yield Purchase("monitoring", "AmazonCloudWatch", "logs/ingest_standard", region, logs)
        yield Purchase("monitoring", "AmazonCloudWatch", "logs/storage", region, stored)

    def compute(self, site: Site) -> Iterator[Purchase]:
        """Fargate tasks."""
        both = zip(site.tasks, site.task_sizes, site.full_tasks, strict=True)
        for (_, architecture, tasks), (vcpu, memory_gib), full in both:
            item = f"fargate/{_ARCHITECTURE[architecture]}"
            hours = tasks * HOURS_PER_MONTH
            assumed = "warm_standby_fraction" if 0 < tasks < full else ""
            for resource, size in (("vcpu", vcpu), ("memory", memory_gib)):
                used = hours * size
                name, bought = f"{item}/{resource}", site.compute_purchase
                yield Purchase("compute", "AmazonECS", name, site.region, used, assumption=assumed, purchase=bought)

    def _network(self, site: Site) -> Iterator[Purchase]:
        workload, region, share = self.workload, site.region, site.traffic_share
        network = workload.network
        if site.load_balancer:
            traffic = workload.load_balancer
            units = max(getattr(traffic, name).typical / size for name, size in LCU.items()) * share
            yield Purchase("load_balancer", "AWSELB", "alb/hour", region, HOURS_PER_MONTH)
            yield Purchase("load_balancer", "AWSELB", "alb/lcu", region, units * HOURS_PER_MONTH)
        addresses = site.nat_gateways + site.zones * site.load_balancer
        yield Purchase("network", "AmazonVPC", "public_ipv4/in_use", region, addresses * HOURS_PER_MONTH)
        yield Purchase("network", "AmazonVPC", "nat_gateway/hour", region, site.nat_gateways * HOURS_PER_MONTH)
        if site.nat_gateways:
            used = network.nat_gib_per_month.typical * share
            yield Purchase("network", "AmazonVPC", "nat_gateway/data_processed", region, used)
        endpoints = len(site.interface_endpoints)
        hours = endpoints * site.zones * HOURS_PER_MONTH
        yield Purchase("network", "AmazonVPC", "interface_endpoint/hour", region, hours)
        if endpoints:
            used = network.endpoint_gib_per_month.typical * share
            yield Purchase("network", "AmazonVPC", "interface_endpoint/data_processed", region, used)
        # AWS charges traffic between zones on both sides.
        crossing = 2 * network.cross_zone_gib_per_month.typical * share
        yield Purchase("network", "AWSDataTransfer", "intra_region_cross_az_each_direction", region, crossing)
        # The account has a single free allowance: the primary region uses it first.
        everything = network.egress_gib_per_month.typical
        start = min(FREE_EGRESS_GIB, everything * (1 - share)) if site.role == "failover" else 0.0
        sent = everything * share
        yield Purchase("egress", "AWSDataTransfer", "internet_egress", region, sent, start=start)

    def database_capacity(self, site: Site) -> Iterator[Purchase]:
        """Aurora instances or ACU."""
        database, region = self.workload.database, site.region
        if database is None or not site.database_cluster:
            return
        kind, bought = site.storage_type, site.database_purchase
        if site.database_class == SERVERLESS:
            # A standby idles at the lowest capacity; replication keeps it from pausing.
            busy = site.serverless_average_acu * (site.traffic_share if site.role == "failover" else 1.0)
            used = max(site.serverless_min_acu, 0.5, busy) * site.database_instances
            item = f"cluster/serverless_v2_acu/{kind}"
            yield Purchase("database", "AmazonRDS", item, region, used * HOURS_PER_MONTH, purchase=bought)
        else:
            item = f"instance/{database.engine}/{site.database_class}/{kind}"
            hours = site.database_instances * HOURS_PER_MONTH
            yield Purchase("database", "AmazonRDS", item, region, hours, purchase=bought)

    def _database_volume(self, site: Site) -> Iterator[Purchase]:
        database, region = self.workload.database, site.region
        if database is None:
            return
        if not site.database_cluster:
            backups = self.workload.backups
            copies = backups.copy_retention_days * copies_per_day(backups.copy_interval_hours)
            stored = copies * database.storage_gib.typical * self.assumptions["backup_copy_fraction"].typical
            yield Purchase("backup", "AmazonRDS", "cluster/backup", region, stored, assumption="backup_copy_fraction")
            return
        kind = site.storage_type
        storage = database.storage_gib.typical
        yield Purchase("database", "AmazonRDS", f"cluster/storage/{kind}", region, storage)
        writes = database.writes_per_second.typical * SECONDS_PER_MONTH / 1e6
        reads = database.reads_per_second.typical * SECONDS_PER_MONTH / 1e6 * site.traffic_share
        if site.role == "failover":
            # Replicated writes are charged on I/O-Optimized too, which waives ordinary I/O only.
            yield Purchase("database_replication", "AmazonRDS", "cluster/global_replicated_write_io", region, writes)
        if kind == "standard":
            ordinary = reads + (writes if site.role == "primary" else 0.0)
            yield Purchase("database", "AmazonRDS", "cluster/io/standard", region, ordinary)
        # Backups hold the volume as it was and the changes since, never more than a volume a day; as much as the
        # volume's size is free, and so is a single day. The secondary cluster has its own.
        days = self.workload.backups.retention_days
        change = database.daily_change_fraction
        fraction = change.typical if change else self.assumptions["daily_change_fraction"].typical
        stored = min(storage * (1 + fraction * days), days * storage)
        name = "" if change else "daily_change_fraction"
        yield Purchase("backup", "AmazonRDS", "cluster/backup", region, stored - storage, assumption=name)

    def cache_nodes(self, site: Site) -> Iterator[Purchase]:
        """ElastiCache nodes."""
        cache = self.workload.cache
        if cache is None or not site.cache_group:
            return
        nodes = cache.shards * (1 + site.cache_replicas_per_shard)
        item, bought = f"node/{cache.engine}/{site.cache_node_type}", site.cache_purchase
        hours = nodes * HOURS_PER_MONTH
        yield Purchase("cache", "AmazonElastiCache", item, site.region, hours, purchase=bought)

    def _cache_snapshots(self, site: Site) -> Iterator[Purchase]:
        cache = self.workload.cache
        if cache is None or not site.cache_group:
            return
        # One snapshot of each active cache is free (ElastiCache FAQ); both groups keep their own.
        stored = max(0, cache.snapshot_retention_days - 1) * cache.data_gib.typical
        yield Purchase("backup", "AmazonElastiCache", "backup", site.region, stored)

    def _storage(self, site: Site) -> Iterator[Purchase]:
        buckets = self._buckets(site.role)
        stored = math.fsum(bucket.storage_gib.typical for bucket in buckets)
        # A replica costs the write request that made it; so every write is written in both regions.
        puts = math.fsum(bucket.puts_per_month.typical for bucket in buckets) / 1000
        gets = math.fsum(bucket.gets_per_month.typical for bucket in buckets) / 1000 * site.traffic_share
        yield Purchase("storage", "AmazonS3", "standard/storage", site.region, stored)
        yield Purchase("storage", "AmazonS3", "standard/put", site.region, puts)
        yield Purchase("storage", "AmazonS3", "standard/get", site.region, gets)

    # What crosses regions, and what has none ------------------------------------------------------------------------

    def replication(self, link: Link) -> Iterator[Purchase]:
        """Everything that crosses regions every month, and what replication has to keep."""
        workload, home, away = self.workload, link.primary_region, link.failover_region
        if not away:
            return
        if database := workload.database:
            if link.replicates_database:
                redo, assumed = self._redo_gib()
                yield _transfer("database_replication", home, away, redo, assumed)
            else:
                a_day = copies_per_day(workload.backups.copy_interval_hours)
                fraction = self.assumptions["backup_copy_fraction"].typical
                moved = DAYS_PER_MONTH * a_day * database.storage_gib.typical * fraction
                yield _transfer("backup_copy", home, away, moved, "backup_copy_fraction")
                # A snapshot costs nothing at home while automated backups reach back as far.
                longer = max(0, workload.backups.copy_retention_days - workload.backups.retention_days)
                stored = longer * a_day * database.storage_gib.typical * fraction
                yield Purchase("backup", "AmazonRDS", "cluster/backup", home, stored, assumption="backup_copy_fraction")
        if workload.cache and link.replicates_cache:
            written = workload.cache.write_kib_per_second.typical * 1024 * SECONDS_PER_MONTH / GIB
            yield _transfer("cache_replication", home, away, written)
        changed = math.fsum(bucket.change_gib_per_month.typical for bucket in self._replicated)
        both_ways = ((home, away, link.primary_share), (away, home, link.failover_share))
        for source, target, served in both_ways if link.failover_share else both_ways[:1]:
            share = changed * served
            yield _transfer("storage_replication", source, target, share)
            if link.replication_time_control:
                item = "replication_time_control"
                pair = target if self.prices.has("AmazonS3", item, source, target) else ""
                yield Purchase("storage_replication", "AmazonS3", item, source, share, to_region=pair)
        yield from self._old_versions(link)
        images, assumed = self._images_gib
        pushes = workload.operations.image_pushes_per_month
        if pushes is None:
            assumed = " ".join(["image_pushes_per_month", *assumed.split()])
        pushed = pushes.typical if pushes else self.assumptions["image_pushes_per_month"].typical
        yield _transfer("image_replication", home, away, images * pushed / len(workload.services), assumed)

    def _old_versions(self, link: Link) -> Iterator[Purchase]:
        """Objects that were replaced: replication needs versioning, and the stack keeps versions for some days."""
        name = "object_overwrite_fraction"
        days = self.workload.backups.copy_retention_days / DAYS_PER_MONTH
        roles: tuple[tuple[Role, str], ...] = ("primary", link.primary_region), ("failover", link.failover_region)
        for role, region in roles:
            buckets = self._buckets(role)
            changed = math.fsum(bucket.change_gib_per_month.typical for bucket in buckets)
            replaced = changed * self.assumptions[name].typical * days
            stored = math.fsum(bucket.storage_gib.typical for bucket in buckets)
            yield Purchase("storage", "AmazonS3", "standard/storage", region, replaced, start=stored, assumption=name)

    @cached_property
    def _images_gib(self) -> tuple[float, str]:
        """Size of one image of every service [GiB], and the assumption it rests on."""
        assumed = self.assumptions["image_gib"].typical
        sizes = [service.image_gib for service in self.workload.services]
        total_gib = math.fsum(size.typical if size else assumed for size in sizes)
        return total_gib, "" if all(sizes) else "image_gib"

    def _buckets(self, role: Role) -> list[Bucket]:
        return self.workload.buckets if role == "primary" else self._replicated

    @cached_property
    def _replicated(self) -> list[Bucket]:
        return [bucket for bucket in self.workload.buckets if bucket.replicate]

    def _redo_gib(self) -> tuple[float, str]:
        """Redo log a secondary receives [GiB/month], and the assumption it rests on."""
        database = self.workload.database
        assert database is not None
        if database.redo_gib_per_month is not None:
            return database.redo_gib_per_month.typical, ""
        name = "aurora_redo_bytes_per_write_io"
        written = database.writes_per_second.typical * SECONDS_PER_MONTH
        return written * self.assumptions[name].typical / GIB, name

    def seed(self, link: Link) -> Iterator[Purchase]:
        """Data that exists today and must be carried over once."""
        workload, home, away = self.workload, link.primary_region, link.failover_region
        if not away:
            return
        if workload.database and link.replicates_database:
            yield _transfer("database_replication", home, away, workload.database.storage_gib.typical)
        if workload.cache and link.replicates_cache:
            yield _transfer("cache_replication", home, away, workload.cache.data_gib.typical)
        if copied := self._replicated:
            objects = math.fsum(bucket.objects.typical for bucket in copied)
            stored = math.fsum(bucket.storage_gib.typical for bucket in copied)
            name = "storage_replication"
            yield _transfer(name, home, away, stored)
            yield Purchase(name, "AmazonS3", "batch_operations/job", home, len(copied))
            yield Purchase(name, "AmazonS3", "batch_operations/object", home, objects / 1e6)
            yield Purchase(name, "AmazonS3", "standard/put", away, objects / 1000)

    def everywhere(self, link: Link) -> Iterator[Purchase]:
        """What belongs to no region: delivery and names."""
        workload = self.workload
        if cdn := workload.cloudfront:
            service, place = "AmazonCloudFront", cdn.geography
            sent, requests = cdn.egress_gib_per_month.typical, cdn.https_requests_per_month.typical / 10_000
            yield Purchase("edge", service, "data_transfer_out_to_internet", place, sent)
            yield Purchase("edge", service, "https_requests", place, requests)
            up = cdn.to_origin_gib_per_month.typical
            yield Purchase("edge", service, "data_transfer_out_to_origin", place, up)
        if workload.dns.zone is None:
            return
        yield Purchase("dns", "AmazonRoute53", "hosted_zone", "global", 1)
        kind = "latency_queries" if link.strategy == "active_active" else "standard_queries"
        queries = workload.dns.queries_per_month.typical / 1e6
        yield Purchase("dns", "AmazonRoute53", kind, "global", queries)
        if link.failover_region:
            checks = link.load_balancers
            yield Purchase("dns", "AmazonRoute53", "health_check/aws_endpoint", "global", checks)
            if workload.dns.fast_health_checks:
                item = "health_check/optional_feature_aws"
                yield Purchase("dns", "AmazonRoute53", item, "global", checks)


def copies_per_day(interval_hours: int) -> float:
    """Backups that a schedule makes a day [1/day]: every N hours starts anew at midnight, whole days are counted."""
    return math.ceil(24 / interval_hours) if interval_hours < 24 else 24 / interval_hours


def _transfer(component: str, source: str, target: str, gib: float, assumption: str = "") -> Purchase:
    return Purchase(component, "AWSDataTransfer", "inter_region", source, gib, to_region=target, assumption=assumption)
