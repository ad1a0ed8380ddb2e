"""The values of the stack's variables that make Terraform build a topology, and the tfvars that carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drkit.errors import TfvarsError
from drkit.facts.support import SERVERLESS
from drkit.tfvars.hcl_writer import render
from drkit.tfvars.rules import broken
from drkit.words import asked, span

if TYPE_CHECKING:
    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.facts.catalog import Catalog
    from drkit.topology.site import Site
    from drkit.topology.topology import Topology
    from drkit.workload.model import Workload

#: Address ranges that do not overlap, so that the two VPCs can be peered.
_CIDR = {"primary": "10.10.0.0/16", "failover": "10.20.0.0/16"}

#: Cheapest CloudFront price class whose edge locations reach a geography's viewers (CloudFront Developer Guide).
_PRICE_CLASS = {
    "US, Mexico, Canada": "PriceClass_100",
    "Europe, Israel": "PriceClass_100",
    "Hong Kong, Philippines, Asia Pacific": "PriceClass_200",
    "India": "PriceClass_200",
    "Japan": "PriceClass_200",
    "South Africa, Kenya, Middle East": "PriceClass_200",
    "Australia, New Zealand": "PriceClass_All",
    "South America": "PriceClass_All",
}

#: A provider needs a region even when the stack builds one region only.
_IDLE_REGION = {"us-east-1": "us-west-2"}


def stack_values(topology: Topology, workload: Workload, catalog: Catalog) -> dict[str, object]:
    """Values of every variable of the stack for one topology.

    Parameters
    ----------
    topology
        What to build.
    workload
        Services, engine versions, buckets and names.
    catalog
        Zone names of the regions. An account may see other letters; compare with
        ``aws ec2 describe-availability-zones`` before applying.

    Returns
    -------
    dict
        Name to value, in the order of ``terraform/variables.tf``. No secret is among them.
    """
    primary, failover = topology.primary, topology.failover
    idle = _IDLE_REGION.get(primary.region, "us-east-1")
    values: dict[str, object] = {
        "name": workload.name,
        "strategy": topology.strategy,
        "tags": {"Workload": workload.name, "Topology": topology.topology_id},
        "primary_region": primary.region,
        "failover_region": topology.failover_region or idle,
        "failover_enabled": failover is not None,
        "primary": _region(primary, catalog),
        "failover": _region(failover, catalog) if failover else _idle_region(idle, catalog),
        "services": _services(topology, workload),
        "database": _database(topology, workload),
        "cache": _cache(topology, workload),
        "buckets": {
            bucket.name: {
                "replicate": bucket.replicate and failover is not None,
                "replication_time_control": bucket.replicate and topology.replication_time_control,
            }
            for bucket in workload.buckets
        },
        "backup": {
            "copy_to_failover": topology.strategy == "backup_restore",
            "interval_hours": workload.backups.copy_interval_hours,
            "retention_days": workload.backups.copy_retention_days,
        },
        "edge": {
            "cloudfront": workload.cloudfront is not None,
            "price_class": _PRICE_CLASS[workload.cloudfront.geography] if workload.cloudfront else "PriceClass_100",
            "origin_failover": bool(workload.cloudfront and failover and failover.load_balancer),
        },
        "dns": {
            "zone_name": workload.dns.zone,
            "routing": "latency" if topology.strategy == "active_active" else "failover",
            "fast_health_checks": workload.dns.fast_health_checks,
            "ttl_s": workload.dns.ttl_s,
        },
        "secrets": list(workload.secrets),
        "log_retention_days": workload.operations.log_retention_days,
    }
    if workload.account_id:
        values["account_id"] = workload.account_id
    return values


def tfvars_text(comparison: Comparison, option: Option, date: str) -> str:
    """The tfvars of an option, with a comment head that says what was decided.

    Parameters
    ----------
    date
        Day the file is written, ISO 8601.

    Raises
    ------
    TfvarsError
        When the stack would refuse a value, by drkit's own rules.
    """
    values = stack_values(option.topology, comparison.workload, comparison.catalog)
    if problems := list(broken(values)):
        raise TfvarsError("\n".join(map(str, problems)))
    return render(values, _head(comparison, option, date))


def _region(site: Site, catalog: Catalog) -> dict[str, object]:
    return {
        "availability_zones": list(catalog.regions[site.region].zone_names[: site.zones]),
        "vpc_cidr": _CIDR[site.role],
        "nat_gateways": site.nat_gateways,
        "interface_endpoints": list(site.interface_endpoints),
        "load_balancer": site.load_balancer,
        "database_instances": site.database_instances,
        "cache_replicas_per_shard": site.cache_replicas_per_shard,
    }


def _idle_region(region: str, catalog: Catalog) -> dict[str, object]:
    return {
        "availability_zones": list(catalog.regions[region].zone_names[:2]),
        "vpc_cidr": _CIDR["failover"],
        "nat_gateways": 0,
        "interface_endpoints": [],
        "load_balancer": False,
        "database_instances": 0,
        "cache_replicas_per_shard": 0,
    }


def _services(topology: Topology, workload: Workload) -> dict[str, object]:
    standby = topology.failover.tasks if topology.failover else topology.primary.tasks
    tasks = zip(workload.services, topology.primary.task_sizes, topology.primary.tasks, standby, strict=True)
    return {
        service.name: {
            "cpu_units": round(vcpu * 1024),
            "memory_mib": round(memory_gib * 1024),
            "architecture": architecture.upper(),
            "port": service.port,
            "health_check_path": service.health_check_path,
            "image_tag": service.image_tag,
            "primary_tasks": count,
            "failover_tasks": standby_count if topology.failover else 0,
            "default_route": at == 0,
        }
        for at, (service, (vcpu, memory_gib), (_, architecture, count), (*_, standby_count)) in enumerate(tasks)
    }


def _database(topology: Topology, workload: Workload) -> dict[str, object] | None:
    database = workload.database
    if database is None:
        return None
    serverless = topology.primary.database_class == SERVERLESS
    return {
        "engine": database.engine,
        "engine_version": database.version,
        "instance_class": topology.primary.database_class,
        "storage_type": topology.storage_type,
        "serverless_min_acu": topology.primary.serverless_min_acu if serverless else None,
        "serverless_max_acu": topology.primary.serverless_max_acu if serverless else None,
        "backup_retention_days": workload.backups.retention_days,
        "replicate": topology.replicates_database,
        "write_forwarding": topology.strategy == "active_active",
        "managed_rpo_s": database.managed_rpo_s if topology.replicates_database else None,
        "deletion_protection": True,
        "skip_final_snapshot": False,
    }


def _cache(topology: Topology, workload: Workload) -> dict[str, object] | None:
    cache = workload.cache
    if cache is None:
        return None
    return {
        "engine": cache.engine,
        "engine_version": cache.version,
        "node_type": topology.primary.cache_node_type,
        "shards": cache.shards,
        "replicate": topology.replicates_cache,
        "snapshot_retention_days": cache.snapshot_retention_days,
    }


def _head(comparison: Comparison, option: Option, date: str) -> str:
    workload, judged = comparison.workload, option.judgement
    objectives = workload.objectives
    at = asked(objectives.probability)
    extra = option.bill.monthly_usd - comparison.today.bill.monthly_usd
    where = f"{option.topology.primary_region} to {option.topology.failover_region or 'no other region'}"
    lines = [
        f"Workload: {workload.name}",
        f"Choice: {option.topology_id} ({where})",
        f"Monthly cost: {option.bill.monthly_usd:,.2f} USD, {extra:,.2f} USD more than today",
        f"Prices not observed: {100 * option.bill.share_not_observed:.0f} % of it is derived or proxy, see bill.csv",
        *(
            f"{name}: {span(typical)} typically, {span(sure)} at {at}, asked {span(wanted)}"
            for name, typical, sure, wanted in (
                ("RTO", judged.rto_p50_s, judged.rto_at_probability_s, objectives.rto_s),
                ("RPO", judged.rpo_p50_s, judged.rpo_at_probability_s, objectives.rpo_s),
            )
        ),
        *(f"Objectives: {miss}" for miss in option.misses),
        *(f"Change today: {change}" for change in option.topology.changes),
        *(f"Note: {note}" for note in option.topology.notes),
        f"Snapshot: {comparison.catalog.snapshot.date} ({comparison.catalog.snapshot.digest[:12]})",
        f"Written by drkit: {date}",
        "The database's password is not here: give it as TF_VAR_database_password when applying.",
    ]
    if workload.account_id is None:
        lines.append("To plan without an AWS account or credentials, add -var account_id=<12 digits>.")
    return "\n".join(lines)
