"""ElastiCache: replication groups with nodes, changed and deleted for good.

Stock moto makes no cache cluster for a node, ignores the number of nodes, leaves what is deleted in the state
"deleting" for ever, and lacks changes of replicas and shards and the deletion of subnet groups.

Not modelled: AWS's list of node types and versions, parameters, users, single-node clusters, availability zones.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse

from .elasticache_global import inherit, joined, refuse_change_of_member
from .elasticache_nodes import make_nodes, remove, replicas, reshard, resize, share_slots
from .elasticache_parameters import family, full_version, refuse_parameter_group
from .refusal import Refusal

_MOST_REPLICAS = 5

_stock_backend = ElastiCacheBackend.__init__
_stock_create_replication_group = ElastiCacheBackend.create_replication_group


def install() -> None:
    ElastiCacheBackend.__init__ = backend
    ElastiCacheBackend.create_replication_group = create_replication_group
    for action in (
        modify_replication_group,
        delete_replication_group,
        increase_replica_count,
        decrease_replica_count,
        modify_replication_group_shard_configuration,
        delete_cache_subnet_group,
    ):
        setattr(ElastiCacheResponse, action.__name__, action)


def backend(self: ElastiCacheBackend, region_name: str, account_id: str) -> None:
    _stock_backend(self, region_name, account_id)
    #: Families of parameter groups by name; AWS's own groups (``default.*``) are not kept.
    self.cache_parameter_groups: dict[str, str] = {}
    #: Global datastores by id; those of all regions are in us-east-1's backend.
    self.global_replication_groups: dict[str, Any] = {}


def create_replication_group(self: ElastiCacheBackend, **asked: Any) -> ReplicationGroup:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html."""
    datastore = joined(self, asked)
    if datastore:
        inherit(self, asked, datastore)
    engine = asked["engine"] = asked.get("engine") or "redis"
    version = asked["engine_version"] = full_version(engine, asked.get("engine_version"))
    sharded = (
        (asked.get("num_node_groups") or 1) > 1
        or (asked.get("cache_parameter_group_name") or "").endswith(".cluster.on")
        or asked.get("cluster_mode") == "enabled"
    )
    asked["cluster_mode"] = "enabled" if sharded else "disabled"
    default = f"default.{family(engine, version)}{'.cluster.on' if sharded else ''}"
    asked["cache_parameter_group_name"] = asked.get("cache_parameter_group_name") or default
    refuse_parameter_group(self, asked["cache_parameter_group_name"], family(engine, version))
    if not sharded and asked.get("num_cache_clusters"):
        # Stock moto looks at the replicas only.
        asked["replicas_per_node_group"] = asked["num_cache_clusters"] - 1
    count = asked.get("replicas_per_node_group") or 0
    _refuse_count(count)
    _refuse_failover(bool(asked.get("automatic_failover_enabled")), bool(asked.get("multi_az_enabled")), sharded, count)

    group = _stock_create_replication_group(self, **asked)
    if sharded:
        share_slots(group)
    if datastore:
        datastore.join(self.region_name, group)
    make_nodes(self, group)
    return group


def modify_replication_group(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyReplicationGroup.html."""
    place = self.elasticache_backend
    group = _group(self)
    asked = [
        name
        for name in ("CacheNodeType", "EngineVersion", "Engine", "CacheParameterGroupName")
        if self._get_param(name)
    ]
    failover, multi_az = self._get_bool_param("AutomaticFailoverEnabled"), self._get_bool_param("MultiAZEnabled")
    before = group.automatic_failover == "enabled"
    if failover not in (None, before):
        # https://github.com/hashicorp/terraform-provider-aws/issues/47644
        asked.append("AutomaticFailoverEnabled")
    refuse_change_of_member(group, asked)
    failover = before if failover is None else failover
    multi_az = group.multi_az == "enabled" if multi_az is None else multi_az
    _refuse_failover(failover, multi_az, group.cluster_enabled, replicas(group))
    group.automatic_failover = "enabled" if failover else "disabled"
    group.multi_az = "enabled" if multi_az else "disabled"

    for name, attribute in (
        ("ReplicationGroupDescription", "description"),
        ("CacheNodeType", "cache_node_type"),
        ("Engine", "engine"),
        ("SnapshotWindow", "snapshot_window"),
        ("PreferredMaintenanceWindow", "preferred_maintenance_window"),
        ("SecurityGroupIds", "security_group_ids"),
        ("CacheParameterGroupName", "cache_parameter_group_name"),
    ):
        if self._get_param(name):
            setattr(group, attribute, self._get_param(name))
    if self._get_param("EngineVersion"):
        group.engine_version = full_version(group.engine, self._get_param("EngineVersion"))
    if self._get_int_param("SnapshotRetentionLimit") is not None:
        group.snapshot_retention_limit = self._get_int_param("SnapshotRetentionLimit")
    refuse_parameter_group(place, group.cache_parameter_group_name, family(group.engine, group.engine_version))
    make_nodes(place, group)
    return ActionResult({"ReplicationGroup": group})


def delete_replication_group(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteReplicationGroup.html."""
    place = self.elasticache_backend
    group = _group(self)
    if group.global_replication_group_id:
        # Wording ours: a secondary is disassociated first, a primary goes with or after its global datastore.
        raise Refusal(
            "InvalidReplicationGroupState",
            f"{group.replication_group_id} is a member of {group.global_replication_group_id}.",
        )
    remove(place, group, self._get_param("FinalSnapshotIdentifier"))
    return ActionResult({"ReplicationGroup": group})


def increase_replica_count(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_IncreaseReplicaCount.html."""
    group, count = _group(self), self._get_int_param("NewReplicaCount")
    _refuse_count(count)
    if count <= replicas(group):
        raise Refusal("InvalidParameterValue", f"{group.replication_group_id} has {replicas(group)} replicas.")
    resize(self.elasticache_backend, group, count)
    return ActionResult({"ReplicationGroup": group})


def decrease_replica_count(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DecreaseReplicaCount.html."""
    group, count = _group(self), self._get_int_param("NewReplicaCount")
    if count >= replicas(group):
        raise Refusal("InvalidParameterValue", f"{group.replication_group_id} has {replicas(group)} replicas.")
    # Multi-AZ and cluster mode disabled with automatic failover need one: the reference's page.
    _refuse_failover(group.automatic_failover == "enabled", group.multi_az == "enabled", group.cluster_enabled, count)
    resize(self.elasticache_backend, group, count)
    return ActionResult({"ReplicationGroup": group})


def modify_replication_group_shard_configuration(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyReplicationGroupShardConfiguration.html."""
    group, count = _group(self), self._get_int_param("NodeGroupCount")
    refuse_change_of_member(group, ["NodeGroupCount"])
    if not group.cluster_enabled:
        # Wording ours.
        raise Refusal("InvalidReplicationGroupState", f"{group.replication_group_id} is not in cluster mode.")
    if count < len(group.node_groups) and not (
        self._get_param("NodeGroupsToRemove") or self._get_param("NodeGroupsToRetain")
    ):
        # Wording ours: required "if the value of NodeGroupCount is less than the current number of node groups".
        raise Refusal("InvalidParameterCombination", "NodeGroupsToRemove or NodeGroupsToRetain must be specified.")
    reshard(self.elasticache_backend, group, count)
    return ActionResult({"ReplicationGroup": group})


def _refuse_count(count: int) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html."""
    if count > _MOST_REPLICAS:
        raise Refusal("InvalidParameterValue", f"At most {_MOST_REPLICAS} replicas in a node group, not {count}.")


def _refuse_failover(failover: bool, multi_az: bool, sharded: bool, count: int) -> None:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoFailover.html; wording ours."""
    if failover and not sharded and count == 0:
        raise Refusal(
            "InvalidParameterCombination",
            "When using automatic failover, there must be at least 2 cache clusters in the replication group.",
        )
    if multi_az and not (failover and count):
        raise Refusal(
            "InvalidParameterCombination", "Multi-AZ needs automatic failover and at least one replica in each shard."
        )


def _group(self: ElastiCacheResponse) -> ReplicationGroup:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeReplicationGroups.html#API_DescribeReplicationGroups_Errors."""
    identifier = self._get_param("ReplicationGroupId")
    groups = self.elasticache_backend.replication_groups
    if identifier not in groups:
        raise Refusal("ReplicationGroupNotFoundFault", f"ReplicationGroup {identifier} not found.")
    return groups[identifier]


# Subnet and parameter groups.


def delete_cache_subnet_group(self: ElastiCacheResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteCacheSubnetGroup.html."""
    place, name = self.elasticache_backend, self._get_param("CacheSubnetGroupName")
    if name not in place.cache_subnet_groups:
        raise Refusal("CacheSubnetGroupNotFoundFault", f"CacheSubnetGroup {name} not found.")
    if any(group.cache_subnet_group_name == name for group in place.replication_groups.values()):
        raise Refusal("CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster.")
    del place.cache_subnet_groups[name]
    return ActionResult({})
