"""The emulator's ElastiCache against AWS's rules: nodes, global datastores, what AWS refuses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from emulator.server import Emulator
from refused import refused

pytestmark = pytest.mark.slow

PRIMARY, FAILOVER = "eu-west-1", "eu-central-1"


def create(aws: Emulator, name: str, region: str = PRIMARY, **settings: Any) -> dict[str, Any]:
    request = {
        "ReplicationGroupId": name,
        "ReplicationGroupDescription": name,
        "CacheNodeType": "cache.r6g.large",
        "Engine": "redis",
        "EngineVersion": "7.1",
        "NumCacheClusters": 2,
        "AutomaticFailoverEnabled": True,
        "MultiAZEnabled": True,
    } | settings
    asked = {key: value for key, value in request.items() if value is not None}
    made: dict[str, Any] = aws.client("elasticache", region).create_replication_group(**asked)["ReplicationGroup"]
    return made


def describe(aws: Emulator, name: str, region: str = PRIMARY) -> dict[str, Any]:
    cache = aws.client("elasticache", region)
    found: dict[str, Any] = cache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]
    return found


def nodes(aws: Emulator, region: str = PRIMARY) -> dict[str, tuple[str, str]]:
    """Node type and version by node."""
    listed = aws.client("elasticache", region).describe_cache_clusters()["CacheClusters"]
    return {node["CacheClusterId"]: (node["CacheNodeType"], node["EngineVersion"]) for node in listed}


class Datastore:
    """A global datastore with its primary group, and on demand a secondary one."""

    def __init__(self, aws: Emulator, **settings: Any) -> None:
        self.aws = aws
        self.primary, self.failover = aws.client("elasticache", PRIMARY), aws.client("elasticache", FAILOVER)
        create(aws, "shop-primary", **settings)
        made = self.primary.create_global_replication_group(
            GlobalReplicationGroupIdSuffix="shop", PrimaryReplicationGroupId="shop-primary"
        )["GlobalReplicationGroup"]
        self.id: str = made["GlobalReplicationGroupId"]

    def secondary_request(self, **settings: Any) -> dict[str, Any]:
        request = {
            "ReplicationGroupId": "shop-failover",
            "ReplicationGroupDescription": "failover",
            "GlobalReplicationGroupId": self.id,
            "NumCacheClusters": 2,
            "MultiAZEnabled": True,
        } | settings
        return {key: value for key, value in request.items() if value is not None}

    def add_secondary(self, **settings: Any) -> dict[str, Any]:
        group: dict[str, Any] = self.failover.create_replication_group(**self.secondary_request(**settings))[
            "ReplicationGroup"
        ]
        return group

    def described(self, region: str = FAILOVER) -> dict[str, Any]:
        cache = self.aws.client("elasticache", region)
        (found,) = cache.describe_global_replication_groups(GlobalReplicationGroupId=self.id, ShowMemberInfo=True)[
            "GlobalReplicationGroups"
        ]
        return dict(found)

    def roles(self) -> dict[tuple[str, str], str]:
        return {
            (member["ReplicationGroupRegion"], member["ReplicationGroupId"]): member["Role"]
            for member in self.described()["Members"]
        }


@pytest.fixture
def datastore(aws: Emulator) -> Datastore:
    return Datastore(aws)


@pytest.fixture
def replicated(datastore: Datastore) -> Datastore:
    datastore.add_secondary()
    return datastore


# Replication groups.


@pytest.mark.parametrize(
    ("engine", "version", "runs", "parameters"),
    [
        ("redis", "7.1", "7.1.0", "default.redis7"),
        ("redis", "6.2", "6.2.6", "default.redis6.x"),
        ("redis", "5.0.6", "5.0.6", "default.redis5.0"),
        ("valkey", "7.2", "7.2.6", "default.valkey7"),
        ("valkey", "8.0", "8.0.1", "default.valkey8"),
    ],
)
def test_every_node_is_a_cache_cluster(aws: Emulator, engine: str, version: str, runs: str, parameters: str) -> None:
    made = create(aws, "shop", Engine=engine, EngineVersion=version, NumCacheClusters=3)
    assert made["MemberClusters"] == ["shop-001", "shop-002", "shop-003"]
    assert nodes(aws) == dict.fromkeys(made["MemberClusters"], ("cache.r6g.large", runs))
    node = aws.client("elasticache", PRIMARY).describe_cache_clusters(CacheClusterId="shop-002")["CacheClusters"][0]
    assert (node["Engine"], node["CacheParameterGroup"]["CacheParameterGroupName"]) == (engine, parameters)


def test_shards_have_their_replicas_and_all_slots(aws: Emulator) -> None:
    made = create(aws, "shop", NumCacheClusters=None, NumNodeGroups=4, ReplicasPerNodeGroup=1)
    assert made["ClusterEnabled"] is True
    assert [shard["Slots"] for shard in made["NodeGroups"]] == ["0-4095", "4096-8191", "8192-12287", "12288-16383"]
    assert sorted(nodes(aws)) == [f"shop-000{shard}-00{node}" for shard in (1, 2, 3, 4) for node in (1, 2)]
    (node,) = aws.client("elasticache", PRIMARY).describe_cache_clusters(CacheClusterId="shop-0004-002")[
        "CacheClusters"
    ]
    assert node["CacheParameterGroup"]["CacheParameterGroupName"] == "default.redis7.cluster.on"


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"NumCacheClusters": 1, "MultiAZEnabled": False}, "InvalidParameterCombination", "at least 2 cache clusters"),
        ({"AutomaticFailoverEnabled": False}, "InvalidParameterCombination", "Multi-AZ needs automatic failover"),
        ({"NumCacheClusters": 7}, "InvalidParameterValue", "At most 5 replicas"),
        (
            {"CacheParameterGroupName": "default.redis6.x"},
            "InvalidParameterCombination",
            "of family redis7 but found one of family redis6.x",
        ),
        ({"CacheParameterGroupName": "own"}, "CacheParameterGroupNotFound", "own"),
        (
            {"Engine": "valkey", "EngineVersion": "8.0", "CacheParameterGroupName": "default.redis7"},
            "InvalidParameterCombination",
            "valkey8",
        ),
        ({"GlobalReplicationGroupId": "none"}, "GlobalReplicationGroupNotFoundFault", "none"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_replication_group_is_refused(aws: Emulator, settings: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(ClientError, match=words) as refusal:
        create(aws, "shop", **settings)
    assert refusal.value.response["Error"]["Code"] == code
    create(aws, "shop")


def test_a_replication_group_is_modified_with_its_nodes(aws: Emulator) -> None:
    create(aws, "shop")
    aws.client("elasticache", PRIMARY).modify_replication_group(
        ReplicationGroupId="shop",
        ReplicationGroupDescription="changed",
        CacheNodeType="cache.r6g.xlarge",
        Engine="valkey",
        EngineVersion="8.0",
        CacheParameterGroupName="default.valkey8",
        MultiAZEnabled=False,
        AutomaticFailoverEnabled=False,
        SnapshotRetentionLimit=3,
        ApplyImmediately=True,
    )
    changed = describe(aws, "shop")
    assert (changed["Description"], changed["MultiAZ"], changed["AutomaticFailover"]) == (
        "changed",
        "disabled",
        "disabled",
    )
    assert (changed["SnapshotRetentionLimit"], changed["Engine"]) == (3, "valkey")
    assert nodes(aws) == dict.fromkeys(["shop-001", "shop-002"], ("cache.r6g.xlarge", "8.0.1"))


@pytest.mark.parametrize("shards", [None, 2])
def test_replicas_come_and_go(aws: Emulator, shards: int | None) -> None:
    create(
        aws,
        "shop",
        NumCacheClusters=None if shards else 2,
        NumNodeGroups=shards,
        ReplicasPerNodeGroup=1 if shards else None,
    )
    cache, request = aws.client("elasticache", PRIMARY), {"ReplicationGroupId": "shop", "ApplyImmediately": True}
    endpoint = (
        describe(aws, "shop").get("ConfigurationEndpoint") or describe(aws, "shop")["NodeGroups"][0]["PrimaryEndpoint"]
    )
    cache.increase_replica_count(NewReplicaCount=3, **request)
    assert len(nodes(aws)) == 4 * (shards or 1)
    cache.decrease_replica_count(NewReplicaCount=1, **request)
    prefixes = ["shop-0001", "shop-0002"] if shards else ["shop"]
    assert sorted(nodes(aws)) == [f"{prefix}-00{node}" for prefix in prefixes for node in (1, 2)]
    assert describe(aws, "shop")["MemberClusters"] == sorted(nodes(aws))
    after = (
        describe(aws, "shop").get("ConfigurationEndpoint") or describe(aws, "shop")["NodeGroups"][0]["PrimaryEndpoint"]
    )
    assert after == endpoint
    refused(cache.decrease_replica_count, "InvalidParameterCombination", NewReplicaCount=0, **request)
    refused(cache.increase_replica_count, "InvalidParameterValue", "At most 5", NewReplicaCount=6, **request)
    refused(cache.increase_replica_count, "InvalidParameterValue", "has 1 replicas", NewReplicaCount=1, **request)
    refused(
        cache.increase_replica_count,
        "ReplicationGroupNotFoundFault",
        NewReplicaCount=2,
        ApplyImmediately=True,
        ReplicationGroupId="none",
    )


def test_shards_come_and_go(aws: Emulator) -> None:
    create(aws, "shop", NumCacheClusters=None, NumNodeGroups=2, ReplicasPerNodeGroup=1)
    create(aws, "plain")
    cache, request = aws.client("elasticache", PRIMARY), {"ReplicationGroupId": "shop", "ApplyImmediately": True}
    change = cache.modify_replication_group_shard_configuration
    change(NodeGroupCount=4, **request)
    assert [shard["Slots"] for shard in describe(aws, "shop")["NodeGroups"]][2:] == ["8192-12287", "12288-16383"]
    assert len(nodes(aws)) == 4 * 2 + 2
    assert "shop-0004-002" in nodes(aws)
    refused(change, "InvalidParameterCombination", "NodeGroupsToRemove", NodeGroupCount=1, **request)
    change(NodeGroupCount=1, NodeGroupsToRetain=["0001"], **request)
    assert sorted(nodes(aws)) == ["plain-001", "plain-002", "shop-0001-001", "shop-0001-002"]
    refused(change, "InvalidReplicationGroupState", NodeGroupCount=2, ReplicationGroupId="plain", ApplyImmediately=True)


def test_a_deleted_group_is_gone_and_leaves_the_snapshot_it_was_asked_for(aws: Emulator) -> None:
    cache, doomed = aws.client("elasticache", PRIMARY), {"ReplicationGroupId": "shop"}
    create(aws, "shop")
    cache.delete_replication_group(**doomed, FinalSnapshotIdentifier="shop-final")
    assert aws.leftovers([PRIMARY]) == {f"{PRIMARY} elasticache snapshots": ["shop-final"]}
    refused(cache.delete_replication_group, "ReplicationGroupNotFoundFault", **doomed)
    create(aws, "shop")
    refused(
        cache.delete_replication_group, "SnapshotAlreadyExistsFault", FinalSnapshotIdentifier="shop-final", **doomed
    )
    assert len(nodes(aws)) == 2


def test_groups_in_use_stay(aws: Emulator) -> None:
    cache, ec2 = aws.client("elasticache", PRIMARY), aws.client("ec2", PRIMARY)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    subnets, parameters = {"CacheSubnetGroupName": "shop"}, {"CacheParameterGroupName": "shop"}
    cache.create_cache_subnet_group(CacheSubnetGroupDescription="d", SubnetIds=[subnet], **subnets)
    cache.create_cache_parameter_group(CacheParameterGroupFamily="redis7", Description="d", **parameters)
    refused(
        cache.create_cache_parameter_group,
        "CacheParameterGroupAlreadyExists",
        CacheParameterGroupFamily="redis7",
        Description="d",
        **parameters,
    )
    create(aws, "shop", **subnets, **parameters)
    refused(cache.delete_cache_subnet_group, "CacheSubnetGroupInUse", **subnets)
    refused(cache.delete_cache_parameter_group, "InvalidCacheParameterGroupState", **parameters)
    cache.delete_replication_group(ReplicationGroupId="shop")
    cache.delete_cache_subnet_group(**subnets)
    cache.delete_cache_parameter_group(**parameters)
    refused(cache.delete_cache_subnet_group, "CacheSubnetGroupNotFoundFault", **subnets)
    refused(cache.describe_cache_parameter_groups, "CacheParameterGroupNotFound", **parameters)


# Global datastores.


def test_a_secondary_has_what_its_global_datastore_has(aws: Emulator) -> None:
    datastore = Datastore(
        aws, Engine="valkey", EngineVersion="8.0", AtRestEncryptionEnabled=True, TransitEncryptionEnabled=True
    )
    assert datastore.described()["Status"] == "primary-only"
    made = datastore.add_secondary(NumCacheClusters=3)
    assert made["GlobalReplicationGroupInfo"] == {
        "GlobalReplicationGroupId": datastore.id,
        "GlobalReplicationGroupMemberRole": "SECONDARY",
    }
    assert (made["AtRestEncryptionEnabled"], made["TransitEncryptionEnabled"], made["Engine"]) == (True, True, "valkey")
    assert nodes(aws, FAILOVER) == {f"shop-failover-00{node}": ("cache.r6g.large", "8.0.1") for node in (1, 2, 3)}
    group = datastore.described(PRIMARY)
    assert (group["Status"], group["Engine"], group["EngineVersion"]) == ("available", "valkey", "8.0.1")
    assert datastore.roles() == {(PRIMARY, "shop-primary"): "PRIMARY", (FAILOVER, "shop-failover"): "SECONDARY"}
    parameters = datastore.failover.describe_cache_parameter_groups()["CacheParameterGroups"]
    assert [(group["CacheParameterGroupName"], group["CacheParameterGroupFamily"]) for group in parameters] == [
        (f"global-datastore-{datastore.id}", "valkey8")
    ]


def test_automatic_failover_is_the_global_datastores(aws: Emulator) -> None:
    datastore = Datastore(aws, AutomaticFailoverEnabled=True)
    datastore.add_secondary()
    off = {"ReplicationGroupId": "shop-primary", "AutomaticFailoverEnabled": False, "ApplyImmediately": True}
    refused(datastore.primary.modify_replication_group, "InvalidParameterValue", "Request rejected", **off)
    datastore.primary.modify_replication_group(**{**off, "AutomaticFailoverEnabled": True})


def test_a_sharded_secondary_has_as_many_shards(aws: Emulator) -> None:
    datastore = Datastore(aws, NumCacheClusters=None, NumNodeGroups=2, ReplicasPerNodeGroup=1)
    made = datastore.add_secondary(NumCacheClusters=None, ReplicasPerNodeGroup=2)
    assert (made["ClusterEnabled"], len(made["NodeGroups"]), len(nodes(aws, FAILOVER))) == (True, 2, 6)
    assert [shard["Slots"] for shard in datastore.described()["GlobalNodeGroups"]] == ["0-8191", "8192-16383"]


def test_shards_of_a_global_datastore_change_in_all_its_members(aws: Emulator) -> None:
    datastore = Datastore(aws, NumCacheClusters=None, NumNodeGroups=2, ReplicasPerNodeGroup=1)
    datastore.add_secondary(NumCacheClusters=None, ReplicasPerNodeGroup=2)
    for name, cache in (("shop-primary", datastore.primary), ("shop-failover", datastore.failover)):
        refused(
            cache.modify_replication_group_shard_configuration,
            "InvalidParameterValue",
            "Request rejected",
            ReplicationGroupId=name,
            NodeGroupCount=3,
            ApplyImmediately=True,
        )
    request = {"GlobalReplicationGroupId": datastore.id, "ApplyImmediately": True}
    datastore.failover.increase_node_groups_in_global_replication_group(NodeGroupCount=3, **request)
    assert (len(nodes(aws)), len(nodes(aws, FAILOVER))) == (3 * 2, 3 * 3)
    datastore.primary.decrease_node_groups_in_global_replication_group(NodeGroupCount=1, **request)
    assert (len(nodes(aws)), len(nodes(aws, FAILOVER))) == (2, 3)
    assert len(datastore.described()["GlobalNodeGroups"]) == 1


@pytest.mark.parametrize("node_type", ["cache.t3.medium", "cache.t4g.small", "cache.m4.large"])
def test_a_node_type_without_global_datastore_is_refused(aws: Emulator, node_type: str) -> None:
    create(aws, "small", CacheNodeType=node_type)
    cache, words = aws.client("elasticache", PRIMARY), "Global replication group is not supported for the node type."
    request = {"GlobalReplicationGroupIdSuffix": "small", "PrimaryReplicationGroupId": "small"}
    refused(cache.create_global_replication_group, "InvalidParameterValue", words, **request)
    datastore = Datastore(aws)
    refused(
        cache.modify_global_replication_group,
        "InvalidParameterValue",
        words,
        GlobalReplicationGroupId=datastore.id,
        ApplyImmediately=True,
        CacheNodeType=node_type,
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"Engine": "redis"},
        {"EngineVersion": "7.1"},
        {"CacheNodeType": "cache.r6g.large"},
        {"NumNodeGroups": 2},
        {"CacheParameterGroupName": "default.redis7"},
        {"AtRestEncryptionEnabled": True},
        {"TransitEncryptionEnabled": True},
        {"SnapshotName": "old"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_a_secondary_must_not_ask_for_what_it_inherits(datastore: Datastore, settings: dict[str, Any]) -> None:
    refused(
        datastore.failover.create_replication_group,
        "InvalidParameterCombination",
        "Cannot use the given parameters when creating new replication group in an existing global replication group.",
        **datastore.secondary_request(**settings),
    )


def test_a_region_has_one_member(datastore: Datastore) -> None:
    request = datastore.secondary_request()
    refused(datastore.primary.create_replication_group, "InvalidParameterValue", "has a member", **request)


def test_a_group_is_in_one_global_datastore(datastore: Datastore) -> None:
    refused(
        datastore.primary.create_global_replication_group,
        "InvalidReplicationGroupState",
        GlobalReplicationGroupIdSuffix="second",
        PrimaryReplicationGroupId="shop-primary",
    )
    refused(
        datastore.primary.create_global_replication_group,
        "ReplicationGroupNotFoundFault",
        GlobalReplicationGroupIdSuffix="second",
        PrimaryReplicationGroupId="none",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"CacheNodeType": "cache.r6g.xlarge"},
        {"EngineVersion": "7.0"},
        {"Engine": "valkey"},
        {"CacheParameterGroupName": "default.redis7"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_member_refuses_what_goes_through_its_global_datastore(replicated: Datastore, change: dict[str, Any]) -> None:
    for cache, name in ((replicated.primary, "shop-primary"), (replicated.failover, "shop-failover")):
        refused(
            cache.modify_replication_group,
            "InvalidParameterValue",
            f"Cluster [{name}] is part of a global cluster [{replicated.id}]. Request rejected.",
            ReplicationGroupId=name,
            ApplyImmediately=True,
            **change,
        )
        cache.modify_replication_group(ReplicationGroupId=name, ReplicationGroupDescription="allowed")


def test_a_global_datastore_without_cluster_mode_has_no_shards_to_change(datastore: Datastore) -> None:
    refused(
        datastore.primary.increase_node_groups_in_global_replication_group,
        "InvalidGlobalReplicationGroupState",
        GlobalReplicationGroupId=datastore.id,
        NodeGroupCount=2,
        ApplyImmediately=True,
    )


def test_a_member_has_its_own_number_of_replicas(replicated: Datastore) -> None:
    replicated.failover.increase_replica_count(
        ReplicationGroupId="shop-failover", NewReplicaCount=2, ApplyImmediately=True
    )
    assert (len(nodes(replicated.aws)), len(nodes(replicated.aws, FAILOVER))) == (2, 3)


def test_a_global_datastore_changes_all_its_members(replicated: Datastore) -> None:
    replicated.failover.modify_global_replication_group(
        GlobalReplicationGroupId=replicated.id,
        ApplyImmediately=True,
        CacheNodeType="cache.r6g.xlarge",
        EngineVersion="7.0",
        GlobalReplicationGroupDescription="changed",
    )
    assert {*nodes(replicated.aws).values(), *nodes(replicated.aws, FAILOVER).values()} == {
        ("cache.r6g.xlarge", "7.0.7")
    }
    group = replicated.described()
    assert (group["CacheNodeType"], group["GlobalReplicationGroupDescription"]) == ("cache.r6g.xlarge", "changed")


def test_a_failover_swaps_the_roles_and_back(replicated: Datastore) -> None:
    request = {"GlobalReplicationGroupId": replicated.id}
    for region, name, other in (
        (FAILOVER, "shop-failover", "shop-primary"),
        (PRIMARY, "shop-primary", "shop-failover"),
    ):
        target = {"PrimaryRegion": region, "PrimaryReplicationGroupId": name}
        replicated.failover.failover_global_replication_group(**request, **target)
        assert {name: role for (_, name), role in replicated.roles().items()} == {name: "PRIMARY", other: "SECONDARY"}
        assert (
            describe(replicated.aws, name, region)["GlobalReplicationGroupInfo"]["GlobalReplicationGroupMemberRole"]
            == "PRIMARY"
        )
        refused(
            replicated.failover.failover_global_replication_group,
            "InvalidParameterValue",
            "primary already",
            **request,
            **target,
        )
    refused(
        replicated.failover.failover_global_replication_group,
        "InvalidParameterValue",
        "is not associated",
        PrimaryRegion="us-east-1",
        PrimaryReplicationGroupId="shop-failover",
        **request,
    )


def test_deleting_follows_awss_order(replicated: Datastore) -> None:
    primary, failover = replicated.primary, replicated.failover
    group = {"GlobalReplicationGroupId": replicated.id}
    keep = {"RetainPrimaryReplicationGroup": True}
    refused(primary.delete_replication_group, "InvalidReplicationGroupState", ReplicationGroupId="shop-primary")
    refused(failover.delete_replication_group, "InvalidReplicationGroupState", ReplicationGroupId="shop-failover")
    refused(primary.delete_global_replication_group, "InvalidGlobalReplicationGroupState", **group, **keep)
    leave = {"ReplicationGroupId": "shop-primary", "ReplicationGroupRegion": PRIMARY}
    refused(primary.disassociate_global_replication_group, "InvalidParameterValue", "is the primary", **group, **leave)

    leave = {"ReplicationGroupId": "shop-failover", "ReplicationGroupRegion": FAILOVER}
    primary.disassociate_global_replication_group(**group, **leave)
    refused(
        primary.disassociate_global_replication_group, "InvalidParameterValue", "is not associated", **group, **leave
    )
    assert "GlobalReplicationGroupInfo" not in describe(replicated.aws, "shop-failover", FAILOVER)
    failover.delete_replication_group(ReplicationGroupId="shop-failover")
    failover.delete_cache_parameter_group(CacheParameterGroupName=f"global-datastore-{replicated.id}")
    primary.delete_global_replication_group(**group, **keep)
    refused(primary.describe_global_replication_groups, "GlobalReplicationGroupNotFoundFault", **group)
    primary.delete_replication_group(ReplicationGroupId="shop-primary")
    assert replicated.aws.leftovers([PRIMARY, FAILOVER]) == {}


def test_a_global_datastore_takes_its_primary_along_unless_that_is_retained(datastore: Datastore) -> None:
    datastore.primary.delete_global_replication_group(
        GlobalReplicationGroupId=datastore.id, RetainPrimaryReplicationGroup=False
    )
    assert datastore.aws.leftovers([PRIMARY]) == {}
