"""What a topology consists of, row by row, before anything is drawn: parts, zones, what is idle, what is replicated."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from drkit.facts.support import SERVERLESS
from drkit.figures.picture import how_known, usd
from drkit.stats.draws import quantile_of
from drkit.stats.quantiles import quantile
from drkit.topology.strategies import LIVE_DATA
from drkit.words import count, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.topology.site import Site
    from drkit.workload.model import Bucket, Database

#: In use; running and paid for, but serving nobody; there only after a failover.
State = Literal["used", "idle", "later"]

#: Services with a row of their own; the rest share one.
_SERVICES = 5
_ENGINES = {
    "aurora-postgresql": "Aurora PostgreSQL",
    "aurora-mysql": "Aurora MySQL",
    "redis": "ElastiCache Redis OSS",
    "valkey": "ElastiCache Valkey",
}
_STORAGE = {"standard": "Standard", "io_optimized": "I/O-Optimized"}


class Part(NamedTuple):
    """One service in one region.

    Parameters
    ----------
    title, detail
        What it is called, and how it is sized.
    state
        Of the part itself; where it has units, of those that run.
    units, later
        Running units of each zone, and those that only a failover starts; empty for what belongs to no zone.
    idle
        What of it runs idle, in words; empty when nothing does.
    comes
        What of it comes after a failover, in words; empty when nothing does.
    """

    title: str
    detail: str
    state: State
    units: tuple[int, ...] = ()
    later: tuple[int, ...] = ()
    idle: str = ""
    comes: str = ""


class Link(NamedTuple):
    """What crosses between the regions: how far it lags, and how that is known."""

    lag: str
    known: str
    both_ways: bool = False


class Row(NamedTuple):
    """One service in both regions; ``kind`` decides its shape and colour."""

    kind: str
    primary: Part
    failover: Part | None = None
    link: Link | None = None


class Entry(NamedTuple):
    """One place that client traffic passes before it reaches a region."""

    title: str
    detail: str


class Blueprint(NamedTuple):
    """All of a topology: where traffic comes in, and the rows of both regions."""

    entries: tuple[Entry, ...]
    rows: tuple[Row, ...]

    @property
    def idle(self) -> list[str]:
        """What runs in the failover region and serves nobody."""
        return [row.failover.idle for row in self.rows if row.failover and row.failover.idle]

    @property
    def comes(self) -> list[str]:
        """What a failover creates or starts."""
        return [row.failover.comes for row in self.rows if row.failover and row.failover.comes]


def blueprint(comparison: Comparison, option: Option) -> Blueprint:
    """What an option's topology consists of.

    Rows that belong to zones come first: load balancer, services, network, database, cache; then buckets, registry
    and secrets, backups.
    """
    return _Builder(comparison, option).build()


def spread(units: int, zones: int) -> tuple[int, ...]:
    """Units of each zone when they are spread evenly, as ECS and Aurora do: 5 over 3 zones are 2, 2 and 1."""
    return tuple(units // zones + (zone < units % zones) for zone in range(zones))


class _Builder:
    def __init__(self, comparison: Comparison, option: Option) -> None:
        self.comparison, self.option = comparison, option
        self.workload, self.topology = comparison.workload, option.topology
        self.home, self.away = option.topology.primary, option.topology.failover
        #: Whether the failover region has a network with anything in it before a failover.
        self.standing = self.topology.strategy in LIVE_DATA

    def build(self) -> Blueprint:
        rows = [self._balancer(), *self._services()]
        rows += [row for row in (self._network(), self._database(), self._cache()) if row]
        rows += self._buckets()
        rows.append(self._registry())
        rows += [row for row in (self._backups(),) if row]
        return Blueprint(tuple(self._entries()), tuple(rows))

    # Ways in --------------------------------------------------------------------------------------------------------

    def _entries(self) -> Iterable[Entry]:
        workload = self.workload
        yield Entry("Clients", "" if workload.dns.zone or not self.away else "pointed to a region by hand")
        if cdn := workload.cloudfront:
            yield Entry("CloudFront", f"{_size(cdn.egress_gib_per_month.typical)} a month")
        if workload.dns.zone:
            records = {"single_region": "one record", "active_active": "latency records"}
            record = records.get(self.topology.strategy, "failover records")
            yield Entry(f"Route 53  {_short(workload.dns.zone, 24)}", f"{record}, TTL {workload.dns.ttl_s} s")

    # Zones ----------------------------------------------------------------------------------------------------------

    def _balancer(self) -> Row:
        title, away = "Application Load Balancer", None
        if self.away and self.away.load_balancer:
            share = self.away.traffic_share
            said = f"{100 * share:.0f} % of the traffic" if share else "waits for traffic"
            away = Part(title, said, self._running(), idle="" if share else "load balancer")
        elif self.away:
            away = Part(title, "created after a failover", "later", comes="load balancer")
        said = f"{100 * self.home.traffic_share:.0f} % of the traffic"
        return Row("balancer", Part(title, said, "used"), away)

    def _services(self) -> Iterable[Row]:
        tasks = list(self.home.tasks)
        shown = tasks if len(tasks) <= _SERVICES else tasks[: _SERVICES - 1]
        for place, (name, architecture, wanted) in enumerate(shown):
            vcpu, memory_gib = self.home.task_sizes[place]
            each = f"{vcpu:g} vCPU, {memory_gib:g} GiB, {architecture}"
            running = self.away.tasks[place][2] if self.away else 0
            yield self._tasks(f"ECS {name}", each, wanted, running)
        rest = tasks[len(shown) :]
        if rest:
            running = sum(n for *_, n in self.away.tasks[len(shown) :]) if self.away else 0
            kinds = ", ".join(sorted({architecture for _, architecture, _ in rest}))
            yield self._tasks(f"ECS {len(rest)} more services", kinds, sum(n for *_, n in rest), running)

    def _tasks(self, title: str, each: str, wanted: int, running: int) -> Row:
        home = Part(title, f"{count(wanted, 'task')}: {each}", "used", spread(wanted, self.home.zones))
        if not self.away:
            return Row("service", home)
        missing = max(0, wanted - running)
        name = title.removeprefix("ECS ")
        said = f"{running} of {count(wanted, 'task')}, the others start" if running else f"no task; {wanted} start"
        if not missing:
            said = f"all {running} tasks" if running > 1 else "its one task"
        serving = self.away.traffic_share > 0
        together = spread(running + missing, self.away.zones)
        units = spread(running, self.away.zones)
        later = tuple(both - some for both, some in zip(together, units, strict=True))
        return Row(
            "service",
            home,
            Part(
                title,
                said,
                self._running(),
                units,
                later,
                "" if serving or not running else f"{count(running, 'task')} of {name}",
                f"{count(missing, 'task')} of {name}" if missing else "",
            ),
        )

    def _network(self) -> Row | None:
        home = self._gateways(self.home, "used")
        if home is None:
            return None
        if not self.away:
            return Row("network", home)
        away = self._gateways(self.away, self._running()) if self.standing else None
        if away is None:
            away = Part(home.title, "created after a failover", "later", comes="network")
        return Row("network", home, away)

    def _gateways(self, site: Site, state: State) -> Part | None:
        gateways, endpoints = site.nat_gateways, len(site.interface_endpoints)
        parts = [count(gateways, "NAT gateway")] * (gateways > 0)
        parts += [count(endpoints, "interface endpoint")] * (endpoints > 0)
        if not parts:
            return None
        units = spread(gateways, site.zones) if gateways else ()
        idle = count(gateways, "NAT gateway") if gateways else "interface endpoints"
        return Part("Network", ", ".join(parts), state, units, idle=idle if state == "idle" else "")

    def _database(self) -> Row | None:
        database = self.workload.database
        if database is None:
            return None
        title = f"{_ENGINES[database.engine]} {database.version.split('mysql_aurora.')[-1]}"
        home = Part(
            title, self._instances(self.home, database), "used", spread(self.home.database_instances, self.home.zones)
        )
        if self.away is None:
            return Row("database", home)
        if not self.away.database_cluster:
            away = Part(title, "restored from the newest copy", "later", comes="database")
            return Row("database", home, away)
        running = self.away.database_instances
        zones, serving = self.away.zones, self.away.traffic_share > 0
        said = self._instances(self.away, database) if running else "storage only; an instance joins"
        away = Part(
            title,
            said,
            self._running(),
            spread(running, zones),
            () if running else spread(1, zones),
            "" if serving or not running else count(running, "database instance"),
            "" if running else "database instance",
        )
        link = self._lag("database_lag_s", database.managed_rpo_s)
        return Row("database", home, away, link)

    def _instances(self, site: Site, database: Database) -> str:
        storage = f"{_size(database.storage_gib.typical)} {_STORAGE[site.storage_type]}"
        if site.database_class == SERVERLESS:
            acu = f"{site.serverless_min_acu:g} to {site.serverless_max_acu:g} ACU"
            return f"{site.database_instances} x Serverless v2, {acu}; {storage}"
        return f"{site.database_instances} x {site.database_class}; {storage}"

    def _cache(self) -> Row | None:
        cache = self.workload.cache
        if cache is None:
            return None
        title = f"{_ENGINES[cache.engine]} {cache.version}"

        def part(site: Site, state: State) -> Part:
            nodes = cache.shards * (1 + site.cache_replicas_per_shard)
            said = f"{count(cache.shards, 'shard')}, {count(nodes, 'node')}: {site.cache_node_type}"
            idle = count(nodes, "cache node") if state == "idle" else ""
            return Part(title, said, state, spread(nodes, site.zones), idle=idle)

        home = part(self.home, "used")
        if self.away is None:
            return Row("cache", home)
        if not self.away.cache_group:
            return Row("cache", home, Part(title, "created empty after a failover", "later", comes="cache"))
        return Row("cache", home, part(self.away, self._running()), self._lag("cache_lag_s"))

    # Regions --------------------------------------------------------------------------------------------------------

    def _buckets(self) -> Iterable[Row]:
        copied = [bucket for bucket in self.workload.buckets if bucket.replicate and self.away]
        kept = [bucket for bucket in self.workload.buckets if bucket not in copied]
        if copied and self.away:
            name = "object_lag_rtc_s" if self.topology.replication_time_control else "object_lag_s"
            link = self._lag(name, both_ways=self.away.traffic_share > 0)
            title, said = _bucket_words(copied)
            timed = ", time control" if self.topology.replication_time_control else ""
            yield Row("bucket", Part(title, said, "used"), Part(title, f"a copy{timed}", "used"), link)
        if kept:
            title, said = _bucket_words(kept)
            away = Part("", "no copy here", "later") if self.away else None
            yield Row("bucket", Part(title, said, "used"), away)

    def _registry(self) -> Row:
        images = len(self.workload.services)
        parts = [f"{images} image {'repository' if images == 1 else 'repositories'}"]
        secrets = len(self.workload.secrets)
        parts += [count(secrets, "secret")] * (secrets > 0)
        title = "ECR, Secrets Manager" if secrets else "ECR"
        home = Part(title, ", ".join(parts), "used")
        if not self.away:
            return Row("registry", home)
        return Row("registry", home, Part(title, "replicas", "used"), Link("at each change", ""))

    def _backups(self) -> Row | None:
        database, backups = self.workload.database, self.workload.backups
        if database is None:
            return None
        home = Part("Database backups", f"to any moment of {count(backups.retention_days, 'day')}", "used")
        if self.away is None:
            return Row("backup", home)
        if self.away.database_cluster:
            said = f"of its own, {count(backups.retention_days, 'day')}"
            return Row("backup", home, Part("Database backups", said, "used"))
        age = self.option.recovery.judged.rpo_by_store["database"]
        middle, high = quantile(age, 0.5), quantile(age, 0.95)
        basis = self.comparison.assumptions["copy_backup_s_per_gib"].basis
        every = f"copied every {backups.copy_interval_hours} h"
        old = f"{_lag_span(middle)} old, {_lag_span(high)} at 95 %, {how_known(basis)}"
        said = f"in a vault, {count(backups.copy_retention_days, 'day')}"
        return Row("backup", home, Part("Database backups", said, "used"), Link(every, old))

    # Words ----------------------------------------------------------------------------------------------------------

    def _running(self) -> State:
        return "used" if self.away and self.away.traffic_share > 0 else "idle"

    def _lag(self, name: str, most_s: float | None = None, both_ways: bool = False) -> Link:
        figure = self.comparison.assumptions[name]
        middle, high = np.minimum(quantile_of(figure, np.array([0.5, 0.95])), most_s or math.inf)
        return Link(f"{_lag_span(middle)}, {_lag_span(high)} at 95 %", how_known(figure.basis), both_ways)


def _lag_span(seconds: float) -> str:
    return "no lag" if seconds == 0 else span(seconds)


def _size(gib: float) -> str:
    """An amount of data as people say it, on one line: ``250 GiB``, ``200 TiB``, ``8.6 PiB``."""
    for unit in ("GiB", "TiB"):
        if gib < 1024:
            return f"{gib:.3g}\u00a0{unit}" if gib < 1000 else f"{gib:,.0f}\u00a0{unit}"
        gib /= 1024
    return f"{gib:,.1f}\u00a0PiB"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _bucket_words(buckets: Sequence[Bucket]) -> tuple[str, str]:
    names = ", ".join(bucket.name for bucket in buckets)
    if len(names) > 26:
        names = f"{_short(buckets[0].name, 18)} + {len(buckets) - 1}" if len(buckets) > 1 else _short(names, 26)
    stored = math.fsum(bucket.storage_gib.typical for bucket in buckets)
    return f"S3 {names}", f"{count(len(buckets), 'bucket')}, {_size(stored)}"


def monthly(option: Option, role: str) -> str:
    """What one region, or what belongs to none, costs: ``1,329 USD a month``."""
    return f"{usd(math.fsum(line.monthly_usd for line in option.bill.lines if line.role == role))} USD a month"
