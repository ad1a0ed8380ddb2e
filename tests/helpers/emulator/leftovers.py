"""What is left in an account: everything that the stack makes, and what AWS makes for it.

What AWS itself puts into every account does not count: default VPCs, managed policies, the primary workgroup and the
like. Neither does what only waits for its end, as KMS keys do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

#: Makes a client of a service in a region.
Clients = Callable[[str, str], Any]

#: Where global services are asked.
_GLOBAL_REGION = "us-east-1"


def leftovers(client: Clients, regions: Iterable[str]) -> dict[str, list[str]]:
    """List what there is in an account.

    Parameters
    ----------
    client
        ``client("rds", "eu-west-1")`` gives boto3's client.
    regions
        Regions to look in; global services are always looked at.

    Returns
    -------
    dict
        Sorted names or ids by place and kind, for example ``{"eu-west-1 ec2 vpcs": ["vpc-1"]}``. Kinds of which there
        is nothing are left out, so that an empty account gives an empty dictionary.
    """
    found: dict[str, list[str]] = {}
    for region in sorted(set(regions)):
        for service, survey in _REGIONAL.items():
            for kind, names in survey(client(service, region)):
                found[f"{region} {service} {kind}"] = sorted(names)
    for service, survey in _GLOBAL.items():
        for kind, names in survey(client(service, _GLOBAL_REGION)):
            found[f"global {service} {kind}"] = sorted(names)
    return {place: names for place, names in found.items() if names}


#: A kind, and the names of what there is of it.
_Survey = Iterator[tuple[str, list[str]]]


def _all(client: Any, operation: str, member: str, **asked: Any) -> list[Any]:
    """Return every item of a listing, through all its pages."""
    if not client.can_paginate(operation):
        return list(getattr(client, operation)(**asked).get(member) or [])
    return [item for page in client.get_paginator(operation).paginate(**asked) for item in page.get(member) or []]


def _names(items: Iterable[Mapping[str, Any]], key: str) -> list[str]:
    return [item[key] for item in items]


def _ec2(ec2: Any) -> _Survey:
    default = {vpc["VpcId"] for vpc in _all(ec2, "describe_vpcs", "Vpcs") if vpc["IsDefault"]}
    yield "vpcs", [vpc["VpcId"] for vpc in _all(ec2, "describe_vpcs", "Vpcs") if not vpc["IsDefault"]]
    for kind, operation, member, key in (
        ("subnets", "describe_subnets", "Subnets", "SubnetId"),
        ("route tables", "describe_route_tables", "RouteTables", "RouteTableId"),
        ("network ACLs", "describe_network_acls", "NetworkAcls", "NetworkAclId"),
        ("security groups", "describe_security_groups", "SecurityGroups", "GroupId"),
        ("network interfaces", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ):
        yield kind, [item[key] for item in _all(ec2, operation, member) if item.get("VpcId") not in default]
    yield (
        "internet gateways",
        [
            gateway["InternetGatewayId"]
            for gateway in _all(ec2, "describe_internet_gateways", "InternetGateways")
            if not {attachment["VpcId"] for attachment in gateway["Attachments"]} & default
        ],
    )
    # What was deleted can be seen for an hour.
    for kind, operation, member, key in (
        ("NAT gateways", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
        ("VPC endpoints", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
        ("VPC peerings", "describe_vpc_peering_connections", "VpcPeeringConnections", "VpcPeeringConnectionId"),
    ):
        yield kind, [item[key] for item in _all(ec2, operation, member) if not _deleted(item)]
    yield "addresses", _names(_all(ec2, "describe_addresses", "Addresses"), "AllocationId")
    yield "flow logs", _names(_all(ec2, "describe_flow_logs", "FlowLogs"), "FlowLogId")


def _deleted(item: Mapping[str, Any]) -> bool:
    status = item.get("Status")
    state = item.get("State") or (status.get("Code") if isinstance(status, dict) else status) or ""
    return str(state).lower() in {"deleted", "deleting"}


def _elbv2(elbv2: Any) -> _Survey:
    yield "load balancers", _names(_all(elbv2, "describe_load_balancers", "LoadBalancers"), "LoadBalancerName")
    yield "target groups", _names(_all(elbv2, "describe_target_groups", "TargetGroups"), "TargetGroupName")


def _ecs(ecs: Any) -> _Survey:
    arns = _all(ecs, "list_clusters", "clusterArns")
    clusters = ecs.describe_clusters(clusters=arns)["clusters"] if arns else []
    yield "clusters", [cluster["clusterName"] for cluster in clusters if cluster["status"] == "ACTIVE"]
    services = []
    for arn in arns:
        for service in _all(ecs, "list_services", "serviceArns", cluster=arn):
            described = ecs.describe_services(cluster=arn, services=[service])["services"]
            services += [item["serviceName"] for item in described if item["status"] == "ACTIVE"]
    yield "services", services
    yield "task definitions", _all(ecs, "list_task_definitions", "taskDefinitionArns", status="ACTIVE")


def _autoscaling(autoscaling: Any) -> _Survey:
    targets = _all(autoscaling, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="ecs")
    yield "scalable targets", _names(targets, "ResourceId")


def _ecr(ecr: Any) -> _Survey:
    yield "repositories", _names(_all(ecr, "describe_repositories", "repositories"), "repositoryName")
    rules = ecr.describe_registry()["replicationConfiguration"]["rules"]
    yield "replication rules", [destination["region"] for rule in rules for destination in rule["destinations"]]


def _logs(logs: Any) -> _Survey:
    yield "log groups", _names(_all(logs, "describe_log_groups", "logGroups"), "logGroupName")


def _cloudwatch(cloudwatch: Any) -> _Survey:
    # Composite ones moto cannot make.
    yield "alarms", _names(_all(cloudwatch, "describe_alarms", "MetricAlarms"), "AlarmName")
    yield "dashboards", _names(_all(cloudwatch, "list_dashboards", "DashboardEntries"), "DashboardName")


def _secrets(secrets: Any) -> _Survey:
    # What waits for its end is not listed unless asked for.
    yield "secrets", _names(_all(secrets, "list_secrets", "SecretList"), "Name")


def _kms(kms: Any) -> _Survey:
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in _all(kms, "list_keys", "Keys")]
    own = [key for key in keys if key["KeyManager"] == "CUSTOMER"]
    yield "keys", [key["KeyId"] for key in own if not key["KeyState"].startswith("Pending")]
    aliases = _names(_all(kms, "list_aliases", "Aliases"), "AliasName")
    yield "aliases", [alias for alias in aliases if not alias.startswith("alias/aws/")]


def _rds(rds: Any) -> _Survey:
    yield "clusters", _names(_all(rds, "describe_db_clusters", "DBClusters"), "DBClusterIdentifier")
    yield "instances", _names(_all(rds, "describe_db_instances", "DBInstances"), "DBInstanceIdentifier")
    yield "subnet groups", _names(_all(rds, "describe_db_subnet_groups", "DBSubnetGroups"), "DBSubnetGroupName")
    for kind, operation, member, key in (
        (
            "cluster parameter groups",
            "describe_db_cluster_parameter_groups",
            "DBClusterParameterGroups",
            "DBClusterParameterGroupName",
        ),
        ("parameter groups", "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"),
    ):
        yield kind, [name for name in _names(_all(rds, operation, member), key) if not name.startswith("default.")]
    for kind, operation, member, key in (
        (
            "cluster snapshots",
            "describe_db_cluster_snapshots",
            "DBClusterSnapshots",
            "DBClusterSnapshotIdentifier",
        ),
        ("snapshots", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier"),
    ):
        # Automated ones go with what they were made of.
        yield kind, [item[key] for item in _all(rds, operation, member) if item["SnapshotType"] != "automated"]


def _global_rds(rds: Any) -> _Survey:
    yield "global clusters", _names(_all(rds, "describe_global_clusters", "GlobalClusters"), "GlobalClusterIdentifier")


def _elasticache(cache: Any) -> _Survey:
    for kind, operation, member, key in (
        ("replication groups", "describe_replication_groups", "ReplicationGroups", "ReplicationGroupId"),
        ("cache clusters", "describe_cache_clusters", "CacheClusters", "CacheClusterId"),
        ("subnet groups", "describe_cache_subnet_groups", "CacheSubnetGroups", "CacheSubnetGroupName"),
        ("snapshots", "describe_snapshots", "Snapshots", "SnapshotName"),
    ):
        yield kind, _names(_all(cache, operation, member), key)
    groups = _names(_all(cache, "describe_cache_parameter_groups", "CacheParameterGroups"), "CacheParameterGroupName")
    yield "parameter groups", [name for name in groups if not name.startswith("default.")]


def _global_elasticache(cache: Any) -> _Survey:
    datastores = _all(cache, "describe_global_replication_groups", "GlobalReplicationGroups")
    yield "global replication groups", _names(datastores, "GlobalReplicationGroupId")


def _backup(backup: Any) -> _Survey:
    yield "vaults", _names(_all(backup, "list_backup_vaults", "BackupVaultList"), "BackupVaultName")
    plans = _all(backup, "list_backup_plans", "BackupPlansList")
    yield "plans", _names(plans, "BackupPlanName")
    yield (
        "selections",
        [
            selection["SelectionName"]
            for plan in plans
            for selection in _all(
                backup, "list_backup_selections", "BackupSelectionsList", BackupPlanId=plan["BackupPlanId"]
            )
        ],
    )


def _sns(sns: Any) -> _Survey:
    yield "topics", _names(_all(sns, "list_topics", "Topics"), "TopicArn")


def _sqs(sqs: Any) -> _Survey:
    yield "queues", _all(sqs, "list_queues", "QueueUrls")


def _ssm(ssm: Any) -> _Survey:
    yield "parameters", _names(_all(ssm, "describe_parameters", "Parameters"), "Name")


def _events(events: Any) -> _Survey:
    yield "rules", _names(_all(events, "list_rules", "Rules"), "Name")


def _s3(s3: Any) -> _Survey:
    yield "buckets", _names(s3.list_buckets()["Buckets"], "Name")


def _iam(iam: Any) -> _Survey:
    roles = _all(iam, "list_roles", "Roles")
    yield "roles", [role["RoleName"] for role in roles if not role["Path"].startswith("/aws-service-role/")]
    yield "policies", _names(_all(iam, "list_policies", "Policies", Scope="Local"), "PolicyName")


def _cloudfront(cloudfront: Any) -> _Survey:
    distributions = cloudfront.list_distributions()["DistributionList"].get("Items") or []
    yield "distributions", _names(distributions, "Id")
    controls = cloudfront.list_origin_access_controls()["OriginAccessControlList"].get("Items") or []
    yield "origin access controls", _names(controls, "Id")


def _route53(route53: Any) -> _Survey:
    zones = _all(route53, "list_hosted_zones", "HostedZones")
    yield "zones", _names(zones, "Name")
    yield (
        "records",
        [
            f"{record['Name']} {record['Type']}"
            for zone in zones
            for record in _all(route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"])
            # Route 53 makes these with the zone.
            if record["Type"] not in {"NS", "SOA"} or record["Name"] != zone["Name"]
        ],
    )
    yield "health checks", _names(_all(route53, "list_health_checks", "HealthChecks"), "Id")


_REGIONAL: dict[str, Callable[[Any], _Survey]] = {
    "application-autoscaling": _autoscaling,
    "backup": _backup,
    "cloudwatch": _cloudwatch,
    "ec2": _ec2,
    "ecr": _ecr,
    "ecs": _ecs,
    "elasticache": _elasticache,
    "elbv2": _elbv2,
    "events": _events,
    "kms": _kms,
    "logs": _logs,
    "rds": _rds,
    "secretsmanager": _secrets,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
}

_GLOBAL: dict[str, Callable[[Any], _Survey]] = {
    "cloudfront": _cloudfront,
    "elasticache": _global_elasticache,
    "iam": _iam,
    "rds": _global_rds,
    "route53": _route53,
    "s3": _s3,
}
