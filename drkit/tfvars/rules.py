"""What the stack refuses of the values that drkit writes, checked without Terraform.

The stack's ``variables.tf`` has the same as validations; a test holds that none is forgotten. Variables that drkit does
not write (`database_source`, `database_password`) are left to Terraform.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from drkit.tfvars.hcl_writer import described
from drkit.tfvars.problem import Problem, step
from drkit.topology.strategies import STRATEGIES
from drkit.workload.model import FARGATE_MEMORY_GIB, fargate_sells

_LABEL = "lower-case letters, digits and single hyphens"
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"

# In the paths, * stands for each key or element.

#: Texts: the pattern, and the pattern in words.
_TEXTS = {
    "name": (r"(?!.*--)[a-z][a-z0-9-]{1,22}[a-z0-9]", f"3 to 24 {_LABEL}, starting with a letter"),
    "account_id": (r"[0-9]{12}", "12 digits, or null to look it up"),
    "primary_region": (r"[a-z]{2}(-[a-z]+)+-[0-9]", "an AWS region like eu-west-1"),
    "failover_region": (r"[a-z]{2}(-[a-z]+)+-[0-9]", "an AWS region like eu-central-1"),
    "primary|failover.vpc_cidr": (rf"{_OCTET}(\.{_OCTET}){{3}}/(1[6-9]|2[0-2])", "an IPv4 range from /16 to /22"),
    "primary|failover.interface_endpoints.*": (r"[a-z0-9][a-z0-9.-]*", "a short service name like ecr.api or logs"),
    "services.*.health_check_path": (r"(?s)/.*", "a path that starts with a slash, like /healthz"),
    "services.*.image_tag": (r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", "up to 128 letters, digits, _, . and -"),
    "database.engine_version": (r"[0-9]+\.[0-9A-Za-z_.]+", "a full version, like 16.4 or 8.0.mysql_aurora.3.08.0"),
    "database.instance_class": (r"db\.(serverless|[a-z0-9]+\.[a-z0-9]+)", "a class like db.r6g.large or db.serverless"),
    "cache.engine_version": (r"([5-9]|[1-9][0-9])\.[0-9x]+(\.[0-9]+)?", "a version from 5.0.6 on, like 7.1"),
    "cache.node_type": (r"cache\.[a-z0-9]+\.[a-z0-9]+", "a node type like cache.r7g.large"),
    "dns.zone_name": (r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", "a domain like shop.example.com"),
    "secrets.*": (r"[a-z][a-z0-9-]{0,62}[a-z0-9]", f"2 to 64 {_LABEL}, starting with a letter"),
}

#: Names that are keys.
_KEYS = {
    "services": (r"(?!.*--)[a-z][a-z0-9-]{0,30}[a-z0-9]", f"2 to 32 {_LABEL}, starting with a letter"),
    "buckets": (r"(?!.*--)[a-z0-9][a-z0-9-]{0,26}[a-z0-9]", f"2 to 28 {_LABEL}"),
}

_CHOICES: dict[str, tuple[object, ...]] = {
    "strategy": STRATEGIES,
    "services.*.architecture": ("X86_64", "ARM64"),
    "services.*.cpu_units": (256, 512, 1024, 2048, 4096, 8192, 16384),
    "database.engine": ("aurora-postgresql", "aurora-mysql"),
    "database.storage_type": ("standard", "io_optimized"),
    "cache.engine": ("redis", "valkey"),
    "edge.price_class": ("PriceClass_100", "PriceClass_200", "PriceClass_All"),
    "dns.routing": ("failover", "latency"),
    "log_retention_days": (
        *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
        *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
    ),
}

#: Whole numbers: the lowest, and the highest if there is one.
_NUMBERS: dict[str, tuple[int, int | None]] = {
    "primary|failover.nat_gateways": (0, 3),
    "primary|failover.database_instances": (0, 16),
    "primary|failover.cache_replicas_per_shard": (0, 5),
    "services.*.port": (1, 65535),
    "services.*.memory_mib": (512, 122880),
    "services.*.primary_tasks": (0, None),
    "services.*.failover_tasks": (0, None),
    "database.backup_retention_days": (1, 35),
    "database.managed_rpo_s": (20, None),
    "cache.shards": (1, 500),
    "cache.snapshot_retention_days": (0, 35),
    "backup.interval_hours": (1, 168),
    "backup.retention_days": (1, None),
    "dns.ttl_s": (0, 172800),
}

_NULLABLE = {"account_id", "database", "database.serverless_min_acu", "database.serverless_max_acu"}
_NULLABLE |= {"database.managed_rpo_s", "cache", "cache.skip_final_snapshot", "dns.zone_name"}

#: What `_conflicts` reads.
_TOGETHER = {"primary_region", "failover_region", "failover_enabled", "primary", "failover", "services", "database"}
_TOGETHER |= {"cache", "buckets", "backup", "edge", "secrets"}

_GLOBAL_DATASTORE = r"cache\.(m5|m6g|m7g|m8g|r5|r6g|r6gd|r7g|r8g|c7gn|c8gn)\.([0-9]*x)?large"


def broken(values: Mapping[str, Any]) -> list[Problem]:
    """What the stack would refuse of values, first each value by itself, then what does not go together.

    Parameters
    ----------
    values
        Name to value, in the types that the stack declares. Variables that are not there are not checked.
    """
    alone = [*_nulls(values), *_broken_alone(values)]
    if alone or not values.keys() >= _TOGETHER:
        return alone
    return [Problem(path, told) for path, conflict, told in _conflicts(values) if conflict]


def _nulls(value: Any, path: str = "") -> Iterator[Problem]:
    if value is None and path not in _NULLABLE:
        yield Problem(path, "is null, but a value is needed.")
    for key, item in _items(value):
        if path or key not in ("database_source", "database_password"):
            yield from _nulls(item, step(path, key))


def _broken_alone(values: Mapping[str, Any]) -> Iterator[Problem]:
    for pattern_path, (pattern, words) in _TEXTS.items():
        for path, value in _found(values, pattern_path):
            if not re.fullmatch(pattern, value):
                yield Problem(path, f"is {_shown(value)}, but it must be {words}.")
    for name, (pattern, words) in _KEYS.items():
        for key, _ in _items(values.get(name)):
            if not re.fullmatch(pattern, str(key)):
                yield Problem(step(name, key), f"has a name that is not {words}. Rename it.")
    for pattern_path, choices in _CHOICES.items():
        for path, value in _found(values, pattern_path):
            if value not in choices:
                *most, last = map(str, choices)
                yield Problem(path, f"is {_shown(value)}, but it must be {', '.join(most)} or {last}.")
    for pattern_path, (low, high) in _NUMBERS.items():
        for path, value in _found(values, pattern_path):
            if value % 1 or value < low or (high is not None and value > high):
                allowed = f"of at least {low}" if high is None else f"from {low} to {high}"
                yield Problem(path, f"is {_shown(value)}, but it must be a whole number {allowed}.")


def _found(values: Mapping[str, Any], pattern: str) -> list[tuple[str, Any]]:
    """Path and value of each value that a path with * and | stands for; null ones are left out."""
    found: list[tuple[str, Any]] = [("", values)]
    for names in pattern.split("."):
        found = [
            (step(path, key), item)
            for path, value in found
            for key, item in _items(value)
            if names == "*" or key in names.split("|")
        ]
    return [(path, value) for path, value in found if value is not None]


def _items(value: Any) -> Iterable[tuple[str | int, Any]]:
    return value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list | tuple) else ()


def _shown(value: object) -> str:
    return described(value).removesuffix(" (string)").removesuffix(" (number)")


def _conflicts(v: Mapping[str, Any]) -> Iterator[tuple[str, object, str]]:
    """Where values could conflict, whether they do, and what to say then."""
    same = v["primary_region"] == v["failover_region"]
    told = f'and primary_region are both "{v["primary_region"]}". Name two different regions, with failover_enabled = '
    yield "failover_region", same, f"{told}false too."
    for role in ("primary", "failover"):
        region, site = v[f"{role}_region"], v[role]
        zones, endpoints = site["availability_zones"], site["interface_endpoints"]
        told = f"has {len(zones)} entries, but 2 or 3 different zones are needed. Name them, like {region}a."
        yield f"{role}.availability_zones", not 2 <= len(set(zones)) == len(zones) <= 3, told
        told = f"must all lie in {region}. Name zones that start with the region's name."
        yield f"{role}.availability_zones", not all(zone.startswith(region) for zone in zones), told
        told = "is more than one for each zone, which adds only cost. Lower it."
        yield f"{role}.nat_gateways", site["nat_gateways"] > len(zones), told
        told = "names a service twice. Remove one."
        yield f"{role}.interface_endpoints", len(set(endpoints)) < len(endpoints), told
    defaults = [name for name, service in v["services"].items() if service["default_route"]]
    told = f"has {len(defaults)} entries with default_route = true, but exactly one must take the load balancer's "
    yield "services", len(defaults) != 1, f"{told}default action."
    for name, service in v["services"].items():
        units, memory = service["cpu_units"], service["memory_mib"]
        low, high, every = (round(1024 * gib) for gib in FARGATE_MEMORY_GIB[units / 1024])
        sizes = "512, 1024 or 2048" if units == 256 else f"{low} to {high} in steps of {every}"
        told = f"is {memory}, but with {units} cpu_units Fargate offers {sizes}."
        yield f"services.{name}.memory_mib", not fargate_sells(units / 1024, memory / 1024), told
    if v["database"] is not None:
        yield from _database_conflicts(v, v["database"])
    if v["cache"] is not None:
        yield from _cache_conflicts(v, v["cache"])
    for name, bucket in v["buckets"].items():
        told = "is true without replicate. Turn replicate on, or the time control off."
        timed = bucket["replication_time_control"] and not bucket["replicate"]
        yield f"buckets.{name}.replication_time_control", timed, told
    hours = v["backup"]["interval_hours"]
    told = f"is {hours}, but above 24 a backup schedule allows whole days only (multiples of 24)."
    yield "backup.interval_hours", hours > 24 and hours % 24, told
    told = "needs primary.load_balancer = true: the load balancer is its origin."
    yield "edge.cloudfront", v["edge"]["cloudfront"] and not v["primary"]["load_balancer"], told
    told = "has a name twice, and each becomes an environment variable. Remove one."
    yield "secrets", len(set(v["secrets"])) < len(v["secrets"]), told


def _database_conflicts(v: Mapping[str, Any], database: Mapping[str, Any]) -> Iterator[tuple[str, object, str]]:
    replicate, instances = database["replicate"], v["primary"]["database_instances"]
    # https://github.com/hashicorp/terraform-provider-aws/issues/27736
    told = "is burstable, and Aurora Global Database refuses the t2, t3 and t4g classes. Step up to db.r6g.large or "
    burstable = re.match(r"db\.(t2|t3|t4g)\.", database["instance_class"])
    yield "database.instance_class", replicate and burstable, f"{told}larger, or set database.replicate = false."
    low, high = database["serverless_min_acu"], database["serverless_max_acu"]
    given = low is not None and high is not None and 0 <= low <= high and 1 <= high <= 256
    right = given if database["instance_class"] == "db.serverless" else low is None and high is None
    told = "and serverless_max_acu belong to db.serverless: give both there, with 0 <= min <= max and 1 <= max <= 256, "
    yield "database.serverless_min_acu", not right, f"{told}and null with any other class."
    told = "needs engine aurora-postgresql and replicate = true; only there Aurora enforces an RPO. Set it to null."
    enforced = database["engine"] == "aurora-postgresql" and replicate
    yield "database.managed_rpo_s", database["managed_rpo_s"] is not None and not enforced, told
    told = "sends writes from a replica, so it needs database.replicate = true. Turn one on or the other off."
    yield "database.write_forwarding", database["write_forwarding"] and not replicate, told
    told = "is 0, but a database needs an instance in the primary region. Raise it, or set database = null."
    yield "primary.database_instances", instances < 1, told
    # One of the 15 readers' places of a primary cluster is taken by each secondary region.
    told = "is 16, but a primary cluster with one secondary region has at most 15 instances. Lower it by one."
    yield "primary.database_instances", replicate and v["failover_enabled"] and instances > 15, told


def _cache_conflicts(v: Mapping[str, Any], cache: Mapping[str, Any]) -> Iterator[tuple[str, object, str]]:
    # https://github.com/hashicorp/terraform-provider-aws/issues/17768
    told = "cannot be in a Global Datastore. Step up to cache.m6g.large or larger, or set cache.replicate = false."
    outside = not re.fullmatch(_GLOBAL_DATASTORE, cache["node_type"])
    yield "cache.node_type", cache["replicate"] and outside, told
    automatic = v["primary"]["cache_replicas_per_shard"] > 0 or cache["shards"] > 1
    lacking = automatic and v["failover"]["cache_replicas_per_shard"] == 0
    told = "is 0 while the primary has replicas or several shards and with them automatic failover, which a Global "
    yield (
        "failover.cache_replicas_per_shard",
        cache["replicate"] and v["failover_enabled"] and lacking,
        f"{told}Datastore then wants in every region. Give the failover region at least one replica.",
    )
