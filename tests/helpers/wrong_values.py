"""Values that the stack refuses, one case for each of its validations, and what drkit's own rules say about them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

LABEL = "lower-case letters, digits and single hyphens"
BURSTABLE = "is burstable, and Aurora Global Database refuses the t2, t3 and t4g classes."
ACU = "and serverless_max_acu belong to db.serverless: give both there,"
SERVICE = {
    "cpu_units": 256,
    "memory_mib": 512,
    "architecture": "ARM64",
    "port": 80,
    "health_check_path": "/",
    "image_tag": "v1",
    "primary_tasks": 1,
    "failover_tasks": 0,
    "default_route": False,
}

#: Changes of the article's tfvars by path, the path that is refused, and how the sentence begins.
WRONG: list[tuple[dict[str, object], str, str]] = [
    ({"name": "Shop"}, "name", f'is "Shop", but it must be 3 to 24 {LABEL}, starting with a letter.'),
    ({"strategy": "tepid"}, "strategy", 'is "tepid", but it must be single_region, backup_restore, pilot_light,'),
    ({"account_id": "12"}, "account_id", 'is "12", but it must be 12 digits, or null to look it up.'),
    ({"primary_region": "Europe"}, "primary_region", 'is "Europe", but it must be an AWS region like eu-west-1.'),
    ({"failover_region": "mars"}, "failover_region", 'is "mars", but it must be an AWS region like eu-central-1.'),
    ({"failover_region": "us-east-1"}, "failover_region", 'and primary_region are both "us-east-1".'),
    *(
        ({f"{role}.{name}": value}, f"{role}.{name}", told)
        for role in ("primary", "failover")
        for name, value, told in (
            ("availability_zones", ["a"], "has 1 entries, but 2 or 3 different zones are needed."),
            ("availability_zones", ["ap-east-1a", "ap-east-1b"], "must all lie in us-"),
            ("vpc_cidr", "10.0.0.0/8", 'is "10.0.0.0/8", but it must be an IPv4 range from /16 to /22.'),
            ("vpc_cidr", "10.0.256.0/16", 'is "10.0.256.0/16", but it must be an IPv4 range from /16 to /22.'),
            ("nat_gateways", -1, "is -1, but it must be a whole number from 0 to 3."),
            ("nat_gateways", 3, "is more than one for each zone, which adds only cost."),
            ("interface_endpoints", ["ecr.api", "ecr.api"], "names a service twice."),
            ("database_instances", 17, "is 17, but it must be a whole number from 0 to 16."),
            ("cache_replicas_per_shard", 1.5, "is 1.5, but it must be a whole number from 0 to 5."),
        )
    ),
    ({"primary.interface_endpoints": ["x", ".x"]}, "primary.interface_endpoints[1]", 'is ".x", but it must be a short'),
    ({"services": {}}, "services", "has 0 entries with default_route = true, but exactly one must take"),
    (
        {"services.Worker": SERVICE},
        "services.Worker",
        f"has a name that is not 2 to 32 {LABEL}, starting with a letter.",
    ),
    ({"services.worker.architecture": "arm"}, "services.worker.architecture", 'is "arm", but it must be X86_64 or'),
    ({"services.worker.cpu_units": 300}, "services.worker.cpu_units", "is 300, but it must be 256, 512, 1024, 2048,"),
    (
        {"services.worker.memory_mib": 512},
        "services.worker.memory_mib",
        "is 512, but with 512 cpu_units Fargate offers 1024 to",
    ),
    ({"services.worker.port": 0}, "services.worker.port", "is 0, but it must be a whole number from 1 to 65535."),
    (
        {"services.worker.health_check_path": "up"},
        "services.worker.health_check_path",
        'is "up", but it must be a path',
    ),
    ({"services.worker.image_tag": "v 1"}, "services.worker.image_tag", 'is "v 1", but it must be up to 128 letters,'),
    (
        {"services.worker.failover_tasks": -1},
        "services.worker.failover_tasks",
        "is -1, but it must be a whole number of",
    ),
    ({"database.engine": "mysql"}, "database.engine", 'is "mysql", but it must be aurora-postgresql or aurora-mysql.'),
    ({"database.engine_version": "15"}, "database.engine_version", 'is "15", but it must be a full version,'),
    ({"database.instance_class": "large"}, "database.instance_class", 'is "large", but it must be a class like'),
    ({"database.instance_class": "db.t4g.medium"}, "database.instance_class", BURSTABLE),
    ({"database.storage_type": "io1"}, "database.storage_type", 'is "io1", but it must be standard or io_optimized.'),
    ({"database.serverless_min_acu": 2}, "database.serverless_min_acu", ACU),
    ({"database.instance_class": "db.serverless"}, "database.serverless_min_acu", ACU),
    ({"database.backup_retention_days": 36}, "database.backup_retention_days", "is 36, but it must be a whole number"),
    ({"database.managed_rpo_s": 5}, "database.managed_rpo_s", "is 5, but it must be a whole number of at least 20."),
    ({"database.engine": "aurora-mysql"}, "database.managed_rpo_s", "needs engine aurora-postgresql and replicate"),
    (
        {"database.write_forwarding": True, "database.replicate": False, "database.managed_rpo_s": None},
        "database.write_forwarding",
        "sends writes from a replica, so it needs database.replicate = true.",
    ),
    ({"primary.database_instances": 0}, "primary.database_instances", "is 0, but a database needs an instance in"),
    ({"primary.database_instances": 16}, "primary.database_instances", "is 16, but a primary cluster with one"),
    ({"cache.engine": "memcached"}, "cache.engine", 'is "memcached", but it must be redis or valkey.'),
    (
        {"cache.engine_version": "3"},
        "cache.engine_version",
        'is "3", but it must be a version from 5.0.6 on, like 7.1.',
    ),
    ({"cache.node_type": "m6g"}, "cache.node_type", 'is "m6g", but it must be a node type like cache.r7g.large.'),
    ({"cache.node_type": "cache.t4g.small"}, "cache.node_type", "cannot be in a Global Datastore."),
    ({"cache.shards": 0}, "cache.shards", "is 0, but it must be a whole number from 1 to 500."),
    ({"cache.snapshot_retention_days": 36}, "cache.snapshot_retention_days", "is 36, but it must be a whole number"),
    ({"failover.cache_replicas_per_shard": 0}, "failover.cache_replicas_per_shard", "is 0 while the primary has"),
    (
        {"buckets.a--b": {"replicate": True, "replication_time_control": False}},
        "buckets.a--b",
        f"has a name that is not 2 to 28 {LABEL}. Rename it.",
    ),
    ({"buckets.uploads.replicate": False}, "buckets.uploads.replication_time_control", "is true without replicate."),
    ({"backup.interval_hours": 30}, "backup.interval_hours", "is 30, but above 24 a backup schedule allows whole days"),
    ({"backup.retention_days": 0}, "backup.retention_days", "is 0, but it must be a whole number of at least 1."),
    ({"edge.price_class": "all"}, "edge.price_class", 'is "all", but it must be PriceClass_100, PriceClass_200 or'),
    ({"primary.load_balancer": False}, "edge.cloudfront", "needs primary.load_balancer = true"),
    ({"dns.zone_name": "Example.com"}, "dns.zone_name", 'is "Example.com", but it must be a domain like'),
    ({"dns.routing": "nearest"}, "dns.routing", 'is "nearest", but it must be failover or latency.'),
    ({"dns.routing": None}, "dns.routing", "is null, but a value is needed."),
    ({"dns.ttl_s": 172801}, "dns.ttl_s", "is 172801, but it must be a whole number from 0 to 172800."),
    ({"secrets": ["db", "Mail"]}, "secrets[1]", f'is "Mail", but it must be 2 to 64 {LABEL}, starting with a letter.'),
    ({"secrets": ["db", "db"]}, "secrets", "has a name twice, and each becomes an environment variable."),
    ({"log_retention_days": 2}, "log_retention_days", "is 2, but it must be 1, 3, 5, 7, 14, 30, 60,"),
]


def changed(good: Mapping[str, Any], changes: Mapping[str, object]) -> dict[str, Any]:
    """A copy of variables with the values at some paths changed."""
    values: dict[str, Any] = copy.deepcopy(dict(good))
    for path, value in changes.items():
        *names, last = path.split(".")
        inner = values
        for name in names:
            inner = inner[name]
        inner[last] = value
    return values
