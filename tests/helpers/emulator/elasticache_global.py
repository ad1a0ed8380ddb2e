"""ElastiCache: Global Datastore, which stock moto lacks altogether.

Not modelled: time (every state is reached at once), replication, which shards are kept when there are to be fewer.
That AWS makes a parameter group for each secondary is known from Terraform's provider, which deletes it.
"""

from __future__ import annotations

import random
import re
import string
from typing import Any

from moto.core.responses import ActionResult, PaginatedResult
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup, elasticache_backends
from moto.elasticache.responses import ElastiCacheResponse

from .elasticache_nodes import make_nodes, remove, reshard
from .elasticache_parameters import family, full_version
from .refusal import Refusal

#: Types without Global Datastore: https://github.com/hashicorp/terraform-provider-aws/issues/17768 and
#: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Redis-Global-Datastores-Getting-Started.html
_UNSUPPORTED = re.compile(r"cache\.(t\d|m[1-4]|r[1-4]|c1)")

#: What a secondary must not say, after the conflicts that Terraform's provider checks:
#: https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/elasticache/replication_group.go
_INHERITED = (
    "at_rest_encryption_enabled",
    "cache_node_type",
    "cache_parameter_group_name",
    "engine",
    "engine_version",
    "num_node_groups",
    "snapshot_arns",
    "snapshot_name",
    "transit_encryption_enabled",
)


class GlobalReplicationGroup:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_GlobalReplicationGroup.html."""

    def __init__(self, account_id: str, suffix: str, description: str | None, region: str, primary: ReplicationGroup):
        prefix = "".join(random.choices(string.ascii_lowercase, k=5))
        self.global_replication_group_id = f"{prefix}-{suffix}"
        self.arn = f"arn:aws:elasticache::{account_id}:globalreplicationgroup:{self.global_replication_group_id}"
        self.global_replication_group_description = description or ""
        self.pairs: list[tuple[str, ReplicationGroup]] = []
        for name in (
            "auth_token_enabled",
            "at_rest_encryption_enabled",
            "cache_node_type",
            "cluster_enabled",
            "engine",
            "engine_version",
            "transit_encryption_enabled",
        ):
            setattr(self, name, getattr(primary, name))
        self.join(region, primary)

    def join(self, region: str, group: ReplicationGroup) -> None:
        group.global_replication_group_id = self.global_replication_group_id
        group.global_replication_group_member_role = "SECONDARY" if self.pairs else "PRIMARY"
        self.pairs.append((region, group))

    def leave(self, group: ReplicationGroup) -> None:
        self.pairs = [pair for pair in self.pairs if pair[1] is not group]
        group.global_replication_group_id = ""
        group.global_replication_group_member_role = ""

    @property
    def primary(self) -> ReplicationGroup:
        return next(group for _, group in self.pairs if group.global_replication_group_member_role == "PRIMARY")

    @property
    def status(self) -> str:
        return "available" if len(self.pairs) > 1 else "primary-only" if self.pairs else "deleting"

    @property
    def global_node_groups(self) -> list[dict[str, Any]]:
        if not self.pairs:
            return []
        return [
            {
                "GlobalNodeGroupId": f"{self.global_replication_group_id}-{shard['node_group_id']}",
                "Slots": shard.get("slots") or "0-16383",
            }
            for shard in self.primary.node_groups
        ]

    @property
    def members(self) -> list[dict[str, str]]:
        return [
            {
                "ReplicationGroupId": group.replication_group_id,
                "ReplicationGroupRegion": region,
                "Role": group.global_replication_group_member_role,
                "AutomaticFailover": group.automatic_failover,
                "Status": "associated",
            }
            for region, group in self.pairs
        ]


def install() -> None:
    ReplicationGroup.global_replication_group_info = property(global_replication_group_info)
    for action in (
        create_global_replication_group,
        describe_global_replication_groups,
        modify_global_replication_group,
        increase_node_groups_in_global_replication_group,
        decrease_node_groups_in_global_replication_group,
        failover_global_replication_group,
        disassociate_global_replication_group,
        delete_global_replication_group,
    ):
        setattr(ElastiCacheResponse, action.__name__, action)


def global_replication_group_info(self: ReplicationGroup) -> dict[str, str] | None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_GlobalReplicationGroupInfo.html."""
    if not self.global_replication_group_id:
        return None
    return {
        "GlobalReplicationGroupId": self.global_replication_group_id,
        "GlobalReplicationGroupMemberRole": self.global_replication_group_member_role,
    }


# What replication groups ask.


def joined(place: ElastiCacheBackend, asked: dict[str, Any]) -> GlobalReplicationGroup | None:
    """Return the global datastore that a new replication group asks to join; refuse what it cannot ask for."""
    if not asked.get("global_replication_group_id"):
        return None
    datastore = _require(place, asked["global_replication_group_id"])
    if any(asked.get(name) for name in _INHERITED):
        # https://github.com/umotif-public/terraform-aws-elasticache-redis/issues/31
        raise Refusal(
            "InvalidParameterCombination",
            "Cannot use the given parameters when creating new replication group in an existing global replication "
            "group.",
        )
    if any(region == place.region_name for region, _ in datastore.pairs):
        # One secondary in a region, wording ours:
        # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Redis-Global-Datastores-Getting-Started.html
        raise Refusal(
            "InvalidParameterValue",
            f"{place.region_name} has a member of {datastore.global_replication_group_id} already.",
        )
    return datastore


def inherit(place: ElastiCacheBackend, asked: dict[str, Any], datastore: GlobalReplicationGroup) -> None:
    """Add to a request what a secondary has from its global datastore, and the parameter group AWS makes for it."""
    parameters = f"global-datastore-{datastore.global_replication_group_id}"
    place.cache_parameter_groups[parameters] = family(datastore.engine, datastore.engine_version)
    primary = datastore.primary
    asked.update(
        at_rest_encryption_enabled=datastore.at_rest_encryption_enabled,
        automatic_failover_enabled=primary.automatic_failover == "enabled",
        cache_node_type=datastore.cache_node_type,
        cache_parameter_group_name=parameters,
        cluster_mode=primary.cluster_mode,
        engine=datastore.engine,
        engine_version=datastore.engine_version,
        num_node_groups=len(primary.node_groups) if datastore.cluster_enabled else None,
        transit_encryption_enabled=datastore.transit_encryption_enabled,
    )


def refuse_change_of_member(group: ReplicationGroup, changes: list[str]) -> None:
    """Some changes go through the global datastore: https://github.com/hashicorp/terraform-provider-aws/issues/22528."""
    if group.global_replication_group_id and changes:
        raise Refusal(
            "InvalidParameterValue",
            f"Cluster [{group.replication_group_id}] is part of a global cluster [{group.global_replication_group_id}]. "
            "Request rejected.",
        )


# The actions.


def create_global_replication_group(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateGlobalReplicationGroup.html."""
    place = self.elasticache_backend
    primary = place.describe_replication_groups(self._get_param("PrimaryReplicationGroupId"))[0]
    if primary.global_replication_group_id:
        raise Refusal(
            "InvalidReplicationGroupState",
            f"{primary.replication_group_id} is a member of {primary.global_replication_group_id} already.",
        )
    _refuse_node_type(primary.cache_node_type)
    datastore = GlobalReplicationGroup(
        place.account_id,
        self._get_param("GlobalReplicationGroupIdSuffix"),
        self._get_param("GlobalReplicationGroupDescription"),
        place.region_name,
        primary,
    )
    _datastores(place)[datastore.global_replication_group_id] = datastore
    return ActionResult({"GlobalReplicationGroup": datastore})


def describe_global_replication_groups(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeGlobalReplicationGroups.html."""
    place, identifier = self.elasticache_backend, self._get_param("GlobalReplicationGroupId")
    found = [_require(place, identifier)] if identifier else list(_datastores(place).values())
    return PaginatedResult({"GlobalReplicationGroups": found})


def modify_global_replication_group(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyGlobalReplicationGroup.html."""
    datastore = _requested(self)
    changes: dict[str, Any] = {}
    if self._get_param("CacheNodeType"):
        _refuse_node_type(self._get_param("CacheNodeType"))
        changes["cache_node_type"] = self._get_param("CacheNodeType")
    if self._get_param("Engine"):
        changes["engine"] = self._get_param("Engine")
    if self._get_param("EngineVersion"):
        engine = changes.get("engine", datastore.engine)
        changes["engine_version"] = full_version(engine, self._get_param("EngineVersion"))
    failover = self._get_bool_param("AutomaticFailoverEnabled")
    if self._get_param("GlobalReplicationGroupDescription") is not None:
        datastore.global_replication_group_description = self._get_param("GlobalReplicationGroupDescription")
    datastore.__dict__.update(changes)
    for region, group in datastore.pairs:
        group.__dict__.update(changes)
        if failover is not None:
            group.automatic_failover = "enabled" if failover else "disabled"
        make_nodes(elasticache_backends[self.current_account][region], group)
    return ActionResult({"GlobalReplicationGroup": datastore})


def increase_node_groups_in_global_replication_group(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_IncreaseNodeGroupsInGlobalReplicationGroup.html."""
    return _reshard(self)


def decrease_node_groups_in_global_replication_group(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DecreaseNodeGroupsInGlobalReplicationGroup.html."""
    return _reshard(self)


def _reshard(self: ElastiCacheResponse) -> ActionResult:
    datastore = _requested(self)
    if not datastore.cluster_enabled:
        # Wording ours; https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_NodeGroup.html
        raise Refusal(
            "InvalidGlobalReplicationGroupState", f"{datastore.global_replication_group_id} is not in cluster mode."
        )
    for region, group in datastore.pairs:
        reshard(elasticache_backends[self.current_account][region], group, self._get_int_param("NodeGroupCount"))
    return ActionResult({"GlobalReplicationGroup": datastore})


def failover_global_replication_group(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_FailoverGlobalReplicationGroup.html."""
    datastore = _requested(self)
    target = _member(datastore, self._get_param("PrimaryRegion"), self._get_param("PrimaryReplicationGroupId"))
    if target is datastore.primary:
        raise Refusal("InvalidParameterValue", f"{target.replication_group_id} is the primary already.")
    for _, group in datastore.pairs:
        group.global_replication_group_member_role = "PRIMARY" if group is target else "SECONDARY"
    return ActionResult({"GlobalReplicationGroup": datastore})


def disassociate_global_replication_group(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DisassociateGlobalReplicationGroup.html."""
    datastore = _requested(self)
    group = _member(datastore, self._get_param("ReplicationGroupRegion"), self._get_param("ReplicationGroupId"))
    if group is datastore.primary:
        # Wording ours: the reference speaks of secondaries only.
        raise Refusal(
            "InvalidParameterValue",
            f"{group.replication_group_id} is the primary of {datastore.global_replication_group_id}.",
        )
    datastore.leave(group)
    return ActionResult({"GlobalReplicationGroup": datastore})


def delete_global_replication_group(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteGlobalReplicationGroup.html."""
    datastore = _requested(self)
    if len(datastore.pairs) > 1:
        raise Refusal(
            "InvalidGlobalReplicationGroupState",
            f"{datastore.global_replication_group_id} has secondary members: disassociate them first.",
        )
    region, primary = datastore.pairs[0]
    datastore.leave(primary)
    if not self._get_bool_param("RetainPrimaryReplicationGroup"):
        remove(elasticache_backends[self.current_account][region], primary)
    del _datastores(self.elasticache_backend)[datastore.global_replication_group_id]
    return ActionResult({"GlobalReplicationGroup": datastore})


def _refuse_node_type(node_type: str) -> None:
    """https://github.com/hashicorp/terraform-provider-aws/issues/17768."""
    if _UNSUPPORTED.match(node_type):
        raise Refusal("InvalidParameterValue", "Global replication group is not supported for the node type.")


def _datastores(place: ElastiCacheBackend) -> dict[str, GlobalReplicationGroup]:
    return elasticache_backends[place.account_id]["us-east-1"].global_replication_groups


def _require(place: ElastiCacheBackend, identifier: str) -> GlobalReplicationGroup:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeGlobalReplicationGroups.html#API_DescribeGlobalReplicationGroups_Errors."""
    datastores = _datastores(place)
    if identifier not in datastores:
        raise Refusal("GlobalReplicationGroupNotFoundFault", f"Global Replication Group {identifier} not found.")
    return datastores[identifier]


def _requested(self: ElastiCacheResponse) -> GlobalReplicationGroup:
    return _require(self.elasticache_backend, self._get_param("GlobalReplicationGroupId"))


def _member(datastore: GlobalReplicationGroup, region: str, identifier: str) -> ReplicationGroup:
    """Return a member; the words of the refusal are those that Terraform's provider looks for.

    https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/elasticache/replication_group.go
    """
    for place, group in datastore.pairs:
        if (place, group.replication_group_id) == (region, identifier):
            return group
    raise Refusal(
        "InvalidParameterValue",
        f"{identifier} is not associated with Global Replication Group {datastore.global_replication_group_id}",
    )
