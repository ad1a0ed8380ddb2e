"""Topology x PriceBook -> bill: every line that AWS would send in a month, in both regions.

Quantities come from the workload's typical figures and the topology's counts; every line is quantity x unit price of
exactly one row of the snapshot, and carries that row's SKU, source, date and basis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from drkit.prices import HOURS_PER_MONTH
from drkit.support import SERVERLESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from drkit.assumptions import Assumptions
    from drkit.catalog import Catalog
    from drkit.topology import Site, Topology
    from drkit.workload import Workload

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


class Line(NamedTuple):
    """One line of a bill: ``quantity`` [``unit``] x ``unit_usd`` [USD/unit] = ``monthly_usd`` [USD/month]."""

    strategy: str
    role: str
    region: str
    component: str
    item: str
    sku: str
    quantity: float
    unit: str
    unit_usd: float
    monthly_usd: float
    basis: str
    as_of: str
    source: str
    assumption: str


@dataclass(frozen=True)
class Bill:
    """A topology priced.

    Parameters
    ----------
    lines
        What AWS sends every month.
    one_off
        What the first replication of existing data costs, once.
    """

    lines: tuple[Line, ...]
    one_off: tuple[Line, ...]

    @property
    def monthly_usd(self) -> float:
        """Sum of the lines, to the cent [USD/month]."""
        return total(self.lines)

    @property
    def one_off_usd(self) -> float:
        """Sum of the one-off lines, to the cent [USD]."""
        return total(self.one_off)

    @property
    def not_observed(self) -> tuple[Line, ...]:
        """Lines whose price is derived or a proxy."""
        return tuple(line for line in self.lines if not line.basis.startswith("observed"))

    def frame(self) -> pd.DataFrame:
        """The lines as a table, in the columns of ``bill.csv``."""
        import pandas as pd

        return pd.DataFrame(self.lines, columns=list(Line._fields))

    def by(self, *columns: str) -> pd.DataFrame:
        """Monthly cost [USD] by these columns, dearest first."""
        grouped = self.frame().groupby(list(columns))[["monthly_usd"]].sum().reset_index()
        return grouped.sort_values(["monthly_usd", *columns], ascending=[False] + [True] * len(columns))


def total(lines: Iterable[Line]) -> float:
    """Sum of lines to the cent [USD], the same in whatever order they stand."""
    return round(math.fsum(line.monthly_usd for line in lines), 2)


class _Quantity(NamedTuple):
    """What is bought before it is priced."""

    component: str
    service: str
    item: str
    region: str
    quantity: float
    to_region: str = ""
    start: float = 0.0
    assumption: str = ""


class Biller:
    """Prices the topologies of one workload; equal sites are priced once.

    Parameters
    ----------
    workload, catalog, assumptions
        What is bought, what it costs, and the figures nobody publishes.
    """

    def __init__(self, workload: Workload, catalog: Catalog, assumptions: Assumptions) -> None:
        self.workload = workload
        self.prices = catalog.prices
        self.assumptions = assumptions
        self._site_lines = lru_cache(maxsize=None)(self._price_site)

    def bill(self, topology: Topology) -> Bill:
        """Price one topology.

        Raises
        ------
        PriceError
            When the snapshot lacks a price for anything that the topology needs.
        """
        roles = {site.region: site.role for site in topology.sites}
        lines: list[Line] = []
        for site in topology.sites:
            lines += self._site_lines(site)
        lines += self._priced(self._replication(topology), roles)
        lines += self._priced(self._global(topology), roles)
        seed = self._priced(self._seed(topology), roles)
        named, seeded = (tuple(line._replace(strategy=topology.strategy) for line in part) for part in (lines, seed))
        return Bill(named, seeded)

    def _price_site(self, site: Site) -> Sequence[Line]:
        return self._priced(self._site(site), {site.region: site.role})

    def _priced(self, quantities: Iterable[_Quantity], roles: Mapping[str, str]) -> list[Line]:
        lines = []
        for bought in quantities:
            for price, quantity in self.prices.charge(
                bought.service,
                bought.item,
                bought.region,
                bought.quantity,
                to_region=bought.to_region,
                start=bought.start,
            ):
                quantity = round(quantity, 6)
                lines.append(
                    Line(
                        "",
                        roles.get(bought.region, "global"),
                        bought.region,
                        bought.component,
                        bought.item,
                        price.sku,
                        quantity,
                        price.unit,
                        price.usd,
                        round(quantity * price.usd, 6),
                        price.basis,
                        price.as_of,
                        price.source,
                        bought.assumption,
                    )
                )
        return lines

    # What one region buys -------------------------------------------------------------------------------------------

    def _site(self, site: Site) -> Iterator[_Quantity]:
        yield from self._compute(site)
        yield from self._network(site)
        yield from self._database(site)
        yield from self._cache(site)
        yield from self._storage(site)
        region, workload = site.region, self.workload
        yield _Quantity("security", "awskms", "customer_managed_key", region, 1)
        yield _Quantity("security", "AWSSecretsManager", "secret", region, len(workload.secrets))
        images = sum(s.image_gib.typical for s in workload.services) * self.assumptions["image_versions"].typical
        yield _Quantity("registry", "AmazonECR", "private_storage", region, images, assumption="image_versions")
        lag_alarm = site.role == "failover" and site.database_cluster
        yield _Quantity("monitoring", "AmazonCloudWatch", "alarm/standard", region, site.alarms + lag_alarm)
        logs = workload.operations.logs_gib_per_month.typical * site.traffic_share
        kept = logs * workload.operations.log_retention_days / DAYS_PER_MONTH
        yield _Quantity("monitoring", "AmazonCloudWatch", "logs/ingest_standard", region, logs)
        yield _Quantity("monitoring", "AmazonCloudWatch", "logs/storage", region, kept)

    def _compute(self, site: Site) -> Iterator[_Quantity]:
        sizes = {service.name: service for service in self.workload.services}
        for name, architecture, tasks in site.tasks:
            kind = _ARCHITECTURE[architecture]
            hours = tasks * HOURS_PER_MONTH
            service = sizes[name]
            yield _Quantity("compute", "AmazonECS", f"fargate/{kind}/vcpu", site.region, hours * service.vcpu)
            yield _Quantity("compute", "AmazonECS", f"fargate/{kind}/memory", site.region, hours * service.memory_gib)

    def _network(self, site: Site) -> Iterator[_Quantity]:
        workload, region, share = self.workload, site.region, site.traffic_share
        network = workload.network
        if site.load_balancer:
            traffic = workload.load_balancer
            units = max(getattr(traffic, name).typical / size for name, size in LCU.items()) * share
            yield _Quantity("load_balancer", "AWSELB", "alb/hour", region, HOURS_PER_MONTH)
            yield _Quantity("load_balancer", "AWSELB", "alb/lcu", region, units * HOURS_PER_MONTH)
        addresses = site.nat_gateways + site.zones * site.load_balancer
        yield _Quantity("network", "AmazonVPC", "public_ipv4/in_use", region, addresses * HOURS_PER_MONTH)
        yield _Quantity("network", "AmazonVPC", "nat_gateway/hour", region, site.nat_gateways * HOURS_PER_MONTH)
        if site.nat_gateways:
            used = network.nat_gib_per_month.typical * share
            yield _Quantity("network", "AmazonVPC", "nat_gateway/data_processed", region, used)
        endpoints = len(site.interface_endpoints)
        hours = endpoints * site.zones * HOURS_PER_MONTH
        yield _Quantity("network", "AmazonVPC", "interface_endpoint/hour", region, hours)
        if endpoints:
            used = network.endpoint_gib_per_month.typical * share
            yield _Quantity("network", "AmazonVPC", "interface_endpoint/data_processed", region, used)
        # AWS charges traffic between zones on both sides.
        crossing = 2 * network.cross_zone_gib_per_month.typical * share
        yield _Quantity("network", "AWSDataTransfer", "intra_region_cross_az_each_direction", region, crossing)
        # The free allowance is one for the account: the primary region uses it first.
        everything = network.egress_gib_per_month.typical
        start = min(FREE_EGRESS_GIB, everything * (1 - share)) if site.role == "failover" else 0.0
        sent = everything * share
        yield _Quantity("egress", "AWSDataTransfer", "internet_egress", region, sent, start=start)

    def _database(self, site: Site) -> Iterator[_Quantity]:
        database, region = self.workload.database, site.region
        if database is None:
            return
        if not site.database_cluster:
            backups = self.workload.backups
            copies = backups.copy_retention_days * 24 / backups.copy_interval_hours
            kept = copies * database.storage_gib.typical * self.assumptions["backup_copy_fraction"].typical
            yield _Quantity("backup", "AmazonRDS", "cluster/backup", region, kept, assumption="backup_copy_fraction")
            return
        kind = site.storage_type
        if site.database_class == SERVERLESS and database.acu:
            # A standby idles at the lowest capacity; replication keeps it from pausing.
            busy = database.acu.average * (site.traffic_share if site.role == "failover" else 1.0)
            used = max(database.acu.min, 0.5, busy) * site.database_instances
            item = f"cluster/serverless_v2_acu/{kind}"
            yield _Quantity("database", "AmazonRDS", item, region, used * HOURS_PER_MONTH)
        else:
            item = f"instance/{database.engine}/{site.database_class}/{kind}"
            hours = site.database_instances * HOURS_PER_MONTH
            yield _Quantity("database", "AmazonRDS", item, region, hours)
        storage = database.storage_gib.typical
        yield _Quantity("database", "AmazonRDS", f"cluster/storage/{kind}", region, storage)
        writes = database.writes_per_second.typical * SECONDS_PER_MONTH / 1e6
        reads = database.reads_per_second.typical * SECONDS_PER_MONTH / 1e6 * site.traffic_share
        if site.role == "failover":
            # Replicated writes are charged on I/O-Optimized too, which waives ordinary I/O only.
            yield _Quantity("database_replication", "AmazonRDS", "cluster/global_replicated_write_io", region, writes)
        if kind == "standard":
            ordinary = reads + (writes if site.role == "primary" else 0.0)
            yield _Quantity("database", "AmazonRDS", "cluster/io/standard", region, ordinary)
        if site.role == "primary":
            # Backups hold the volume as it was and the changes since, never more than a volume a day; as much as the
            # volume's size is free, and so is a single day.
            days = self.workload.backups.retention_days
            changed = storage * database.daily_change_fraction.typical * days
            kept = min(storage + changed, days * storage)
            yield _Quantity("backup", "AmazonRDS", "cluster/backup", region, kept - storage)

    def _cache(self, site: Site) -> Iterator[_Quantity]:
        cache = self.workload.cache
        if cache is None or not site.cache_group:
            return
        nodes = cache.shards * (1 + site.cache_replicas_per_shard)
        item = f"node/{cache.engine}/{site.cache_node_type}"
        yield _Quantity("cache", "AmazonElastiCache", item, site.region, nodes * HOURS_PER_MONTH)
        if site.role == "primary":
            # One snapshot of each active cache is free (ElastiCache FAQ).
            kept = max(0, cache.snapshot_retention_days - 1) * cache.data_gib.typical
            yield _Quantity("backup", "AmazonElastiCache", "backup", site.region, kept)

    def _storage(self, site: Site) -> Iterator[_Quantity]:
        buckets = [b for b in self.workload.buckets if site.role == "primary" or b.replicate]
        stored = math.fsum(bucket.storage_gib.typical for bucket in buckets)
        # A replica costs the write request that made it; so every write is written in both regions.
        puts = math.fsum(bucket.puts_per_month.typical for bucket in buckets) / 1000
        gets = math.fsum(bucket.gets_per_month.typical for bucket in buckets) / 1000 * site.traffic_share
        yield _Quantity("storage", "AmazonS3", "standard/storage", site.region, stored)
        yield _Quantity("storage", "AmazonS3", "standard/put", site.region, puts)
        yield _Quantity("storage", "AmazonS3", "standard/get", site.region, gets)

    # What crosses regions, and what has none ------------------------------------------------------------------------

    def _replication(self, topology: Topology) -> Iterator[_Quantity]:
        workload, failover = self.workload, topology.failover
        if failover is None:
            return
        home, away = topology.primary_region, topology.failover_region
        if database := workload.database:
            if topology.replicates_database:
                redo, assumed = self._redo_gib()
                yield _transfer("database_replication", home, away, redo, assumed)
            else:
                copies = HOURS_PER_MONTH / workload.backups.copy_interval_hours
                fraction = self.assumptions["backup_copy_fraction"].typical
                moved = copies * database.storage_gib.typical * fraction
                yield _transfer("backup_copy", home, away, moved, "backup_copy_fraction")
                # A snapshot costs nothing at home while automated backups reach back as far.
                longer = max(0, workload.backups.copy_retention_days - workload.backups.retention_days)
                kept = longer * 24 / workload.backups.copy_interval_hours * database.storage_gib.typical * fraction
                yield _Quantity("backup", "AmazonRDS", "cluster/backup", home, kept, assumption="backup_copy_fraction")
        if workload.cache and topology.replicates_cache:
            written = workload.cache.write_kib_per_second.typical * 1024 * SECONDS_PER_MONTH / GIB
            yield _transfer("cache_replication", home, away, written)
        changed = math.fsum(b.change_gib_per_month.typical for b in workload.buckets if b.replicate)
        both_ways = ((home, away, topology.primary), (away, home, failover))
        for source, target, site in both_ways if failover.traffic_share else both_ways[:1]:
            share = changed * site.traffic_share
            yield _transfer("storage_replication", source, target, share)
            if topology.replication_time_control:
                item = "replication_time_control"
                pair = target if self.prices.has("AmazonS3", item, source, target) else ""
                yield _Quantity("storage_replication", "AmazonS3", item, source, share, to_region=pair)
        pushed = workload.operations.image_pushes_per_month.typical / len(workload.services)
        images = pushed * math.fsum(service.image_gib.typical for service in workload.services)
        yield _transfer("image_replication", home, away, images)

    def _redo_gib(self) -> tuple[float, str]:
        """Redo log a secondary receives [GiB/month], and the assumption it rests on."""
        database = self.workload.database
        assert database is not None
        if database.redo_gib_per_month is not None:
            return database.redo_gib_per_month.typical, ""
        name = "aurora_redo_bytes_per_write_io"
        written = database.writes_per_second.typical * SECONDS_PER_MONTH
        return written * self.assumptions[name].typical / GIB, name

    def _seed(self, topology: Topology) -> Iterator[_Quantity]:
        """Data that exists today and must be carried over once."""
        workload, home, away = self.workload, topology.primary_region, topology.failover_region
        if not away:
            return
        if workload.database and topology.replicates_database:
            yield _transfer("database_replication", home, away, workload.database.storage_gib.typical)
        if workload.cache and topology.replicates_cache:
            yield _transfer("cache_replication", home, away, workload.cache.data_gib.typical)
        copied = [bucket for bucket in workload.buckets if bucket.replicate]
        if copied:
            objects = math.fsum(bucket.objects.typical for bucket in copied)
            stored = math.fsum(bucket.storage_gib.typical for bucket in copied)
            name = "storage_replication"
            yield _transfer(name, home, away, stored)
            yield _Quantity(name, "AmazonS3", "batch_operations/job", home, len(copied))
            yield _Quantity(name, "AmazonS3", "batch_operations/object", home, objects / 1e6)
            yield _Quantity(name, "AmazonS3", "standard/put", away, objects / 1000)

    def _global(self, topology: Topology) -> Iterator[_Quantity]:
        workload = self.workload
        if cdn := workload.cloudfront:
            service, place = "AmazonCloudFront", cdn.geography
            sent, requests = cdn.egress_gib_per_month.typical, cdn.https_requests_per_month.typical / 10_000
            yield _Quantity("edge", service, "data_transfer_out_to_internet", place, sent)
            yield _Quantity("edge", service, "https_requests", place, requests)
            up = cdn.to_origin_gib_per_month.typical
            yield _Quantity("edge", service, "data_transfer_out_to_origin", place, up)
        if workload.dns.zone is None:
            return
        yield _Quantity("dns", "AmazonRoute53", "hosted_zone", "global", 1)
        kind = "latency_queries" if topology.strategy == "active_active" else "standard_queries"
        queries = workload.dns.queries_per_month.typical / 1e6
        yield _Quantity("dns", "AmazonRoute53", kind, "global", queries)
        if topology.failover:
            checks = sum(site.load_balancer for site in topology.sites)
            yield _Quantity("dns", "AmazonRoute53", "health_check/aws_endpoint", "global", checks)
            if workload.dns.fast_health_checks:
                item = "health_check/optional_feature_aws"
                yield _Quantity("dns", "AmazonRoute53", item, "global", checks)


def _transfer(component: str, source: str, target: str, gib: float, assumption: str = "") -> _Quantity:
    return _Quantity(component, "AWSDataTransfer", "inter_region", source, gib, to_region=target, assumption=assumption)
