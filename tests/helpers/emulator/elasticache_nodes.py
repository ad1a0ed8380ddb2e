"""ElastiCache: the nodes of a replication group, each a cache cluster of its own to DescribeCacheClusters.

Stock moto names them in the replication group and makes none.
"""

from __future__ import annotations

from moto.elasticache.models import CacheCluster, ElastiCacheBackend, ReplicationGroup

_SLOTS = 16384


def replicas(group: ReplicationGroup) -> int:
    return len(group.node_groups[0]["node_group_members"]) - 1


def make_nodes(place: ElastiCacheBackend, group: ReplicationGroup) -> None:
    """Let every node of a replication group be a cache cluster; call it again after changes."""
    for name in group.member_clusters:
        node = CacheCluster.__new__(CacheCluster)
        node.__dict__.update(
            arn=f"arn:aws:elasticache:{place.region_name}:{place.account_id}:cluster:{name}",
            cache_cluster_id=name,
            cache_cluster_status="available",
            cache_cluster_create_time=group.replication_group_create_time,
            replication_group_id=group.replication_group_id,
            num_cache_nodes=1,
            engine=group.engine,
            engine_version=group.engine_version,
            cache_node_type=group.cache_node_type,
            cache_subnet_group_name=group.cache_subnet_group_name,
            cache_parameter_group={
                "CacheParameterGroupName": group.cache_parameter_group_name,
                "ParameterApplyStatus": "in-sync",
            },
            security_groups=[
                {"SecurityGroupId": group_id, "Status": "active"} for group_id in group.security_group_ids or []
            ],
            preferred_maintenance_window=group.preferred_maintenance_window or "sun:05:00-sun:06:00",
            auto_minor_version_upgrade=group.auto_minor_version_upgrade is not False,
            snapshot_retention_limit=group.snapshot_retention_limit,
            snapshot_window=group.snapshot_window,
            transit_encryption_enabled=group.transit_encryption_enabled,
            at_rest_encryption_enabled=group.at_rest_encryption_enabled,
            auth_token_enabled=group.auth_token_enabled,
            network_type=group.network_type,
            ip_discovery=group.ip_discovery,
            status="available",
        )
        place.cache_clusters[name] = node


def resize(place: ElastiCacheBackend, group: ReplicationGroup, count: int) -> None:
    """Give every shard so many replicas."""
    for shard in group.node_groups:
        members = shard["node_group_members"]
        prefix = members[0]["cache_cluster_id"][:-3]
        del members[1 + count :]
        while len(members) < 1 + count:
            role = {} if group.cluster_enabled else {"current_role": "replica"}
            members.append({**members[-1], **role, "cache_cluster_id": f"{prefix}{len(members) + 1:03}"})
    _remake_nodes(place, group)


def reshard(place: ElastiCacheBackend, group: ReplicationGroup, count: int) -> None:
    """Give a group in cluster mode so many shards; the first ones stay."""
    del group.node_groups[count:]
    for number in range(len(group.node_groups) + 1, count + 1):
        first, name = group.node_groups[0], f"{number:04}"
        members = [
            {**member, "cache_node_id": name, "cache_cluster_id": f"{group.replication_group_id}-{name}-{index:03}"}
            for index, member in enumerate(first["node_group_members"], start=1)
        ]
        group.node_groups.append({**first, "node_group_id": name, "node_group_members": members})
    share_slots(group)
    _remake_nodes(place, group)


def _remake_nodes(place: ElastiCacheBackend, group: ReplicationGroup) -> None:
    for name in group.member_clusters:
        place.cache_clusters.pop(name, None)
    group.member_clusters = [
        node["cache_cluster_id"] for shard in group.node_groups for node in shard["node_group_members"]
    ]
    make_nodes(place, group)


def share_slots(group: ReplicationGroup) -> None:
    """Spread the hash slots evenly, as AWS does; stock moto goes beyond the last one."""
    shards = len(group.node_groups)
    for index, shard in enumerate(group.node_groups):
        shard["slots"] = f"{_SLOTS * index // shards}-{_SLOTS * (index + 1) // shards - 1}"


def remove(place: ElastiCacheBackend, group: ReplicationGroup, final_snapshot: str | None = None) -> None:
    """Delete a replication group with its nodes."""
    if final_snapshot:
        # Refuses a name that exists.
        place.create_snapshot(final_snapshot, group.replication_group_id, None, None, [])
    for name in group.member_clusters:
        place.cache_clusters.pop(name, None)
    del place.replication_groups[group.replication_group_id]
    group.status = "deleting"
