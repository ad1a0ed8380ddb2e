"""What a Terraform plan would build, counted in the units of the bill, and what of the bill a plan decides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from drkit.bill.lines import Bill
from drkit.workload.model import Workload

HOURS = 730

#: Lines whose quantity is a number of things in the plan, and the hours they run.
_COUNTED = re.compile(
    r"fargate/.*|alb/hour|public_ipv4/in_use|nat_gateway/hour|interface_endpoint/hour|instance/.*"
    r"|cluster/serverless_v2_acu/.*|node/.*|customer_managed_key|secret|alarm/standard|hosted_zone|health_check/.*"
)
#: Lines that are there because something is built, whatever its traffic.
_PRESENT = re.compile(
    r"cluster/storage/.*|cluster/global_replicated_write_io|replication_time_control|https_requests|private_storage"
    r"|standard/storage"
)

_ARCHITECTURE = {"X86_64": "linux_x86", "ARM64": "linux_arm64"}

#: (region, item) -> quantity; 1 for what is only there or not.
Quantities = Mapping[tuple[str, str], float]


class Planned(NamedTuple):
    """One resource instance that a plan would leave in place."""

    type: str
    address: str
    region: str
    values: Mapping[str, Any]


def resources(plan: Mapping[str, Any]) -> list[Planned]:
    """Managed resources of ``terraform show -json`` with the region of their provider."""
    configuration, variables = plan["configuration"], plan["variables"]
    regions = {}
    for key, provider in configuration["provider_config"].items():
        for reference in provider.get("expressions", {}).get("region", {}).get("references", []):
            regions[key] = variables[reference.removeprefix("var.")]["value"]
    providers = dict(_providers(configuration["root_module"], ""))
    found, modules = [], [plan["planned_values"]["root_module"]]
    while modules:
        module = modules.pop()
        modules += module.get("child_modules", [])
        for one in module.get("resources", []):
            if one["mode"] == "managed" and one["type"].startswith("aws_"):
                key = providers[re.sub(r"\[[^\]]*\]", "", one["address"])]
                found.append(Planned(one["type"], one["address"], regions[key], one["values"]))
    return found


def _providers(module: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for one in module.get("resources", []):
        yield path + one["address"], one["provider_config_key"]
    for name, call in module.get("module_calls", {}).items():
        yield from _providers(call["module"], f"{path}module.{name}.")


def counted(plan: list[Planned], workload: Workload, share: Mapping[str, float]) -> Quantities:
    """Quantities that a plan decides.

    Parameters
    ----------
    plan
        What `resources` found.
    workload
        For what no plan knows: the average capacity of a serverless database.
    share
        Part of the traffic that a region serves, of which that capacity depends.
    """
    total: Counter[tuple[str, str]] = Counter()
    of = {kind: [one for one in plan if one.type == kind] for kind in {one.type for one in plan}}

    def everything(kind: str) -> list[Planned]:
        return of.get(kind, [])

    sizes = {(p.region, p.values["family"]): p.values for p in everything("aws_ecs_task_definition")}
    for service in everything("aws_ecs_service"):
        size = sizes[service.region, f"{workload.name}-{service.values['name']}"]
        (platform,) = size["runtime_platform"]
        item = f"fargate/{_ARCHITECTURE[platform['cpu_architecture']]}"
        hours = HOURS * service.values["desired_count"]
        total[service.region, f"{item}/vcpu"] += hours * int(size["cpu"]) / 1024
        total[service.region, f"{item}/memory"] += hours * int(size["memory"]) / 1024

    zones = Counter(s.region for s in everything("aws_subnet") if ".private[" in s.address)
    for balancer in everything("aws_lb"):
        total[balancer.region, "alb/hour"] += HOURS
        total[balancer.region, "public_ipv4/in_use"] += HOURS * zones[balancer.region]
    for address in everything("aws_eip"):
        total[address.region, "public_ipv4/in_use"] += HOURS
    for gateway in everything("aws_nat_gateway"):
        total[gateway.region, "nat_gateway/hour"] += HOURS
    for endpoint in everything("aws_vpc_endpoint"):
        if endpoint.values["vpc_endpoint_type"] == "Interface":
            total[endpoint.region, "interface_endpoint/hour"] += HOURS * zones[endpoint.region]

    clusters = {cluster.region: cluster.values for cluster in everything("aws_rds_cluster")}
    kinds = {r: "io_optimized" if c.get("storage_type") == "aurora-iopt1" else "standard" for r, c in clusters.items()}
    for instance in everything("aws_rds_cluster_instance"):
        region, kind = instance.region, kinds[instance.region]
        if instance.values["instance_class"] == "db.serverless":
            (scaling,) = clusters[region]["serverlessv2_scaling_configuration"]
            assert workload.database and workload.database.acu
            # The writer works for both regions; a standby idles, or serves its share.
            busy = 1 if ".primary[" in instance.address else share[region]
            used = max(scaling["min_capacity"], 0.5, workload.database.acu.average * busy)
            total[region, f"cluster/serverless_v2_acu/{kind}"] += HOURS * used
        else:
            item = f"instance/{instance.values['engine']}/{instance.values['instance_class']}/{kind}"
            total[region, item] += HOURS
    for region, kind in kinds.items():
        total[region, f"cluster/storage/{kind}"] = 1
    if everything("aws_rds_global_cluster"):
        secondary = next(c.region for c in everything("aws_rds_cluster") if ".failover[" in c.address)
        total[secondary, "cluster/global_replicated_write_io"] = 1

    # A group of a Global Datastore takes engine, type and shards from the first one.
    groups = sorted(everything("aws_elasticache_replication_group"), key=lambda g: ".failover[" in g.address)
    for group in groups:
        first, own = groups[0].values, group.values
        shards = first.get("num_node_groups") or 1
        per_shard = own["num_cache_clusters"] if shards == 1 else 1 + own["replicas_per_node_group"]
        total[group.region, f"node/{first['engine']}/{first['node_type']}"] += HOURS * shards * per_shard

    for key in everything("aws_kms_key") + everything("aws_kms_replica_key"):
        total[key.region, "customer_managed_key"] += 1
    for secret in everything("aws_secretsmanager_secret"):
        for region in [secret.region, *(replica["region"] for replica in secret.values.get("replica") or [])]:
            total[region, "secret"] += 1
    for alarm in everything("aws_cloudwatch_metric_alarm"):
        total[alarm.region, "alarm/standard"] += 1

    total["global", "hosted_zone"] = len(everything("aws_route53_zone"))
    for check in everything("aws_route53_health_check"):
        total["global", "health_check/aws_endpoint"] += 1
        total["global", "health_check/optional_feature_aws"] += check.values["request_interval"] == 10

    for distribution in everything("aws_cloudfront_distribution"):
        assert distribution.values["enabled"]
        assert workload.cloudfront
        total[workload.cloudfront.geography, "https_requests"] = 1
    for bucket in everything("aws_s3_bucket"):
        total[bucket.region, "standard/storage"] = 1
    for repository in everything("aws_ecr_repository"):
        total[repository.region, "private_storage"] = 1
    for replication in everything("aws_s3_bucket_replication_configuration"):
        (rule,) = replication.values["rule"]
        (destination,) = rule["destination"]
        # Both ways are built; what is priced is the way that the writes go.
        if destination["replication_time"] and share[replication.region]:
            total[replication.region, "replication_time_control"] = 1
    return +total


def priced(bill: Bill) -> Quantities:
    """The same quantities as the bill has them."""
    total: Counter[tuple[str, str]] = Counter()
    for line in bill.lines:
        if _COUNTED.fullmatch(line.item):
            total[line.region, line.item] += line.quantity
        elif _PRESENT.fullmatch(line.item) and line.quantity:
            total[line.region, line.item] = 1
    return +total


def differences(planned: Quantities, bill: Quantities) -> list[str]:
    """One sentence for each quantity that is not the same."""
    return [
        f"{item} in {region}: planned {planned.get((region, item), 0):g}, priced {bill.get((region, item), 0):g}"
        for region, item in sorted({*planned, *bill})
        if abs(planned.get((region, item), 0) - bill.get((region, item), 0)) > 1e-6
    ]
