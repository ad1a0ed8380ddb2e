"""The emulator's Aurora Global Database against AWS's rules: who may join, who writes, what AWS refuses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from emulator.server import Emulator
from global_database import ENGINE, FAILOVER, PRIMARY, USER, Database
from refused import refused

pytestmark = pytest.mark.slow


def test_a_secondary_waits_for_an_instance_of_the_primary(global_database: Database) -> None:
    refused(
        global_database.failover.create_db_cluster,
        "InvalidDBClusterStateFault",
        "is in a state which is not valid for physical replication",
        **global_database.secondary_request(),
    )
    global_database.add_instance()
    made = global_database.add_secondary()
    assert made["ReplicationSourceIdentifier"] == global_database.primary_arn
    assert (made["MasterUsername"], made["DatabaseName"]) == ("dbadmin", "shop")
    assert global_database.writers() == {"shop-primary": True, "shop-failover": False}
    assert global_database.cluster()["ReadReplicaIdentifiers"] == [global_database.failover_arn]


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        (USER, "InvalidParameterCombination", "Cannot specify user name for cross region replication cluster"),
        (
            {"MasterUserPassword": "never-a-real-one"},
            "InvalidParameterCombination",
            "Cannot specify password for cross region replication cluster",
        ),
        ({"DatabaseName": "shop"}, "InvalidParameterCombination", "Cannot specify database name"),
        (
            {"ManageMasterUserPassword": True},
            "InvalidParameterCombination",
            "isn't supported for Aurora global databases",
        ),
        ({"Engine": "aurora-mysql"}, "InvalidParameterValue", "Value for engine should match"),
        ({"EngineVersion": "15.8"}, "InvalidParameterValue", "Value for engineVersion should match"),
        ({"EngineVersion": None}, "InvalidParameterValue", "Value for engineVersion should match"),
        ({"KmsKeyId": None}, "InvalidParameterCombination", "unencrypted read replica from encrypted source"),
        ({"GlobalClusterIdentifier": "other"}, "GlobalClusterNotFoundFault", "other"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_secondary_is_refused(global_database: Database, settings: dict[str, Any], code: str, words: str) -> None:
    global_database.add_instance()
    refused(global_database.failover.create_db_cluster, code, words, **global_database.secondary_request(**settings))
    global_database.add_secondary()


def test_a_secondary_needs_a_key_of_its_own_region(global_database: Database) -> None:
    global_database.add_instance()
    refused(
        global_database.failover.create_db_cluster,
        "KMSKeyNotAccessibleFault",
        **global_database.secondary_request(KmsKeyId=global_database.keys[PRIMARY]),
    )


def test_naming_the_encrypted_source_needs_a_presigned_url(global_database: Database) -> None:
    global_database.add_instance()
    source = {"ReplicationSourceIdentifier": global_database.primary_arn}
    refused(
        global_database.failover.create_db_cluster,
        "InvalidParameterCombination",
        "pre-signed URL has to be specified",
        **global_database.secondary_request(**source),
    )
    # With the source's region, boto3 adds it.
    made = global_database.add_secondary(**source, SourceRegion=PRIMARY)
    assert made["ReplicationSourceIdentifier"] == global_database.primary_arn


def test_a_region_has_one_member(global_database: Database) -> None:
    global_database.add_instance()
    request = global_database.secondary_request(DBClusterIdentifier="second", KmsKeyId=global_database.keys[PRIMARY])
    refused(
        global_database.primary.create_db_cluster,
        "InvalidParameterCombination",
        "has a cluster in eu-west-1",
        **request,
    )


def test_a_cluster_name_is_taken_once_in_a_region(global_database: Database) -> None:
    refused(
        global_database.primary.create_db_cluster,
        "DBClusterAlreadyExistsFault",
        DBClusterIdentifier="shop-primary",
        **ENGINE,
        **USER,
    )


@pytest.mark.parametrize("instance_class", ["db.t3.medium", "db.t4g.medium"])
def test_a_global_database_takes_no_burstable_class(replicated_database: Database, instance_class: str) -> None:
    words = f"The requested instance class is not supported by global databases: {instance_class}"
    for region, name in ((PRIMARY, "shop-primary"), (FAILOVER, "shop-failover")):
        with pytest.raises(ClientError, match=words):
            replicated_database.add_instance(region, name, 1, DBInstanceClass=instance_class)
    refused(
        replicated_database.primary.modify_db_instance,
        "InvalidParameterCombination",
        words,
        DBInstanceIdentifier="shop-primary-0",
        DBInstanceClass=instance_class,
    )


def test_a_cluster_of_its_own_takes_a_burstable_class_until_it_is_to_go_global(aws: Emulator) -> None:
    rds = aws.client("rds", FAILOVER)
    arn = rds.create_db_cluster(DBClusterIdentifier="small", **ENGINE, **USER)["DBCluster"]["DBClusterArn"]
    rds.create_db_instance(
        DBInstanceIdentifier="small-0",
        DBClusterIdentifier="small",
        DBInstanceClass="db.t4g.medium",
        Engine=ENGINE["Engine"],
    )
    request = {"GlobalClusterIdentifier": "small", "SourceDBClusterIdentifier": arn}
    refused(rds.create_global_cluster, "InvalidParameterCombination", "db.t4g.medium", **request)
    rds.modify_db_instance(DBInstanceIdentifier="small-0", DBInstanceClass="db.r6g.large")
    assert rds.create_global_cluster(**request)["GlobalCluster"]["GlobalClusterMembers"][0]["DBClusterArn"] == arn


def test_serverless_instances_need_a_scaling_configuration(aws: Emulator) -> None:
    global_database = Database(aws)
    refused(
        lambda: global_database.add_instance(DBInstanceClass="db.serverless"),
        "InvalidDBClusterStateFault",
        "Set the Serverless v2 scaling configuration",
    )
    scaling = {"MinCapacity": 0.5, "MaxCapacity": 8.0}
    global_database.primary.modify_db_cluster(
        DBClusterIdentifier="shop-primary", ServerlessV2ScalingConfiguration=scaling
    )
    global_database.add_instance(DBInstanceClass="db.serverless")
    global_database.add_secondary(ServerlessV2ScalingConfiguration=scaling)
    for name, region in (("shop-primary", PRIMARY), ("shop-failover", FAILOVER)):
        assert global_database.cluster(name, region)["ServerlessV2ScalingConfiguration"] == scaling


def test_the_standard_storage_type_is_not_named_and_io_optimized_is(aws: Emulator) -> None:
    rds = aws.client("rds", PRIMARY)
    named = {}
    for name, settings in {
        "plain": {},
        "standard": {"StorageType": "aurora"},
        "io": {"StorageType": "aurora-iopt1"},
    }.items():
        rds.create_db_cluster(DBClusterIdentifier=name, **ENGINE, **USER, **settings)
        named[name] = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0].get("StorageType")
    assert named == {"plain": None, "standard": None, "io": "aurora-iopt1"}
    rds.modify_db_cluster(DBClusterIdentifier="io", StorageType="aurora")
    assert "StorageType" not in rds.describe_db_clusters(DBClusterIdentifier="io")["DBClusters"][0]


def test_no_managed_password_in_a_global_database(replicated_database: Database) -> None:
    refused(
        replicated_database.primary.modify_db_cluster,
        "InvalidParameterCombination",
        DBClusterIdentifier="shop-primary",
        ManageMasterUserPassword=True,
    )


def test_changing_a_cluster_that_does_not_exist_is_refused(aws: Emulator) -> None:
    rds = aws.client("rds", PRIMARY)
    refused(rds.modify_db_cluster, "DBClusterNotFoundFault", DBClusterIdentifier="none")
    refused(rds.delete_db_cluster, "DBClusterNotFoundFault", DBClusterIdentifier="none", SkipFinalSnapshot=True)


def test_write_forwarding_is_shown_by_the_secondary(replicated_database: Database) -> None:
    def shown() -> tuple[str, str | None]:
        member = next(m for m in replicated_database.group()["GlobalClusterMembers"] if not m["IsWriter"])
        return member["GlobalWriteForwardingStatus"], replicated_database.cluster("shop-failover", FAILOVER)[
            "GlobalWriteForwardingStatus"
        ]

    assert shown() == ("disabled", "disabled")
    replicated_database.failover.modify_db_cluster(
        DBClusterIdentifier="shop-failover", EnableGlobalWriteForwarding=True
    )
    assert shown() == ("enabled", "enabled")
    assert "GlobalWriteForwardingStatus" not in replicated_database.cluster()


# Failover and back.


def change_writer(global_database: Database, target: str, how: str) -> None:
    request = {"GlobalClusterIdentifier": "shop", "TargetDbClusterIdentifier": target}
    if how == "switchover":
        global_database.primary.switchover_global_cluster(**request)
    elif how == "failover":
        global_database.primary.failover_global_cluster(**request, AllowDataLoss=True)
    else:
        global_database.primary.failover_global_cluster(**request, Switchover=True)


@pytest.mark.parametrize("how", ["switchover", "failover", "failover as a switchover"])
def test_a_failover_swaps_the_roles_and_back(replicated_database: Database, how: str) -> None:
    primary, failover = replicated_database.primary_arn, replicated_database.failover_arn
    change_writer(replicated_database, failover, how)
    assert replicated_database.writers() == {"shop-primary": False, "shop-failover": True}
    assert replicated_database.cluster()["ReplicationSourceIdentifier"] == failover
    assert "ReplicationSourceIdentifier" not in replicated_database.cluster("shop-failover", FAILOVER)
    assert replicated_database.cluster("shop-failover", FAILOVER)["ReadReplicaIdentifiers"] == [primary]
    assert replicated_database.cluster()["ReadReplicaIdentifiers"] == []

    change_writer(replicated_database, primary, how)
    assert replicated_database.writers() == {"shop-primary": True, "shop-failover": False}
    assert "ReplicationSourceIdentifier" not in replicated_database.cluster()


def test_a_failover_is_refused(global_database: Database) -> None:
    global_database.add_instance()
    global_database.add_secondary()
    target = {"GlobalClusterIdentifier": "shop", "TargetDbClusterIdentifier": global_database.failover_arn}
    for call in (global_database.failover.failover_global_cluster, global_database.failover.switchover_global_cluster):
        refused(call, "InvalidDBClusterStateFault", "has no DB instance", **target)
        refused(
            call,
            "InvalidDBClusterStateFault",
            "primary already",
            **target | {"TargetDbClusterIdentifier": global_database.primary_arn},
        )
        refused(
            call,
            "DBClusterNotFoundFault",
            **target | {"TargetDbClusterIdentifier": f"{global_database.failover_arn}-x"},
        )
        refused(call, "GlobalClusterNotFoundFault", **target | {"GlobalClusterIdentifier": "other"})
    refused(
        global_database.failover.failover_global_cluster,
        "InvalidParameterCombination",
        AllowDataLoss=True,
        Switchover=True,
        **target,
    )
    global_database.add_instance(FAILOVER, "shop-failover")
    global_database.failover.failover_global_cluster(**target, AllowDataLoss=True)


def test_the_secondary_leaves_as_a_cluster_of_its_own_and_the_writer_last(replicated_database: Database) -> None:
    rds = replicated_database.primary
    leave = {"GlobalClusterIdentifier": "shop", "DbClusterIdentifier": replicated_database.primary_arn}
    refused(rds.remove_from_global_cluster, "InvalidGlobalClusterStateFault", "remove the secondary", **leave)
    rds.remove_from_global_cluster(**leave | {"DbClusterIdentifier": replicated_database.failover_arn})
    assert "ReplicationSourceIdentifier" not in replicated_database.cluster("shop-failover", FAILOVER)
    assert replicated_database.cluster()["ReadReplicaIdentifiers"] == []
    refused(
        rds.remove_from_global_cluster,
        "InvalidParameterValue",
        "is not found in global cluster shop",
        **leave | {"DbClusterIdentifier": replicated_database.failover_arn},
    )
    rds.remove_from_global_cluster(**leave)
    assert replicated_database.group()["GlobalClusterMembers"] == []


def test_promoting_a_member_is_refused(replicated_database: Database) -> None:
    refused(
        replicated_database.failover.promote_read_replica_db_cluster,
        "InvalidDBClusterStateFault",
        DBClusterIdentifier="shop-failover",
    )


def test_promoting_what_is_no_replica_is_refused(aws: Emulator) -> None:
    rds = aws.client("rds", PRIMARY)
    rds.create_db_cluster(DBClusterIdentifier="alone", **ENGINE, **USER)
    refused(rds.promote_read_replica_db_cluster, "InvalidDBClusterStateFault", "is not", DBClusterIdentifier="alone")
    refused(rds.promote_read_replica_db_cluster, "DBClusterNotFoundFault", DBClusterIdentifier="none")


def test_only_a_secondary_forwards_writes_also_after_a_failover(replicated_database: Database) -> None:
    for name, client in (
        ("shop-primary", replicated_database.primary),
        ("shop-failover", replicated_database.failover),
    ):
        client.modify_db_cluster(DBClusterIdentifier=name, EnableGlobalWriteForwarding=True)
    change_writer(replicated_database, replicated_database.failover_arn, "failover")
    assert replicated_database.cluster()["GlobalWriteForwardingStatus"] == "enabled"
    assert "GlobalWriteForwardingStatus" not in replicated_database.cluster("shop-failover", FAILOVER)


# The global cluster itself.


def test_global_clusters_are_described_by_name_and_member_from_every_region(replicated_database: Database) -> None:
    replicated_database.primary.create_global_cluster(GlobalClusterIdentifier="other", **ENGINE)
    for region in (PRIMARY, FAILOVER, "us-east-1"):
        rds = replicated_database.aws.client("rds", region)
        assert len(rds.describe_global_clusters()["GlobalClusters"]) == 2
        by_member = {"Filters": [{"Name": "db-cluster-id", "Values": [replicated_database.failover_arn]}]}
        (found,) = rds.describe_global_clusters(**by_member)["GlobalClusters"]
        assert (
            found["GlobalClusterIdentifier"] == replicated_database.group(region)["GlobalClusterIdentifier"] == "shop"
        )
    refused(
        replicated_database.primary.describe_global_clusters,
        "GlobalClusterNotFoundFault",
        GlobalClusterIdentifier="none",
    )


@pytest.mark.parametrize("region", ["us-east-1", FAILOVER])
def test_a_global_cluster_starts_from_an_existing_cluster_of_any_region(aws: Emulator, region: str) -> None:
    rds = aws.client("rds", region)
    cluster = rds.create_db_cluster(DBClusterIdentifier="old", DatabaseName="old", **ENGINE, **USER)["DBCluster"]
    request = {"GlobalClusterIdentifier": "shop", "SourceDBClusterIdentifier": cluster["DBClusterArn"]}
    for setting in (ENGINE, {"StorageEncrypted": True}, {"DatabaseName": "x"}):
        refused(rds.create_global_cluster, "InvalidParameterCombination", "inherited", **request, **setting)
    refused(rds.create_global_cluster, "InvalidParameterValue", **request | {"SourceDBClusterIdentifier": "old"})
    made = rds.create_global_cluster(**request)["GlobalCluster"]
    assert (made["Engine"], made["EngineVersion"], made["DatabaseName"]) == ("aurora-postgresql", "16.4", "old")
    assert [(m["DBClusterArn"], m["IsWriter"]) for m in made["GlobalClusterMembers"]] == [
        (cluster["DBClusterArn"], True)
    ]
    refused(rds.create_global_cluster, "InvalidDBClusterStateFault", **request | {"GlobalClusterIdentifier": "second"})
    refused(rds.create_global_cluster, "GlobalClusterAlreadyExistsFault", GlobalClusterIdentifier="shop", **ENGINE)


def test_a_cluster_with_a_managed_password_cannot_go_global(aws: Emulator) -> None:
    rds = aws.client("rds", PRIMARY)
    arn = rds.create_db_cluster(
        DBClusterIdentifier="old", MasterUsername="dbadmin", ManageMasterUserPassword=True, **ENGINE
    )["DBCluster"]["DBClusterArn"]
    refused(
        rds.create_global_cluster,
        "InvalidParameterCombination",
        GlobalClusterIdentifier="shop",
        SourceDBClusterIdentifier=arn,
    )


def test_major_versions_go_through_the_global_cluster_and_minor_ones_through_its_members(
    replicated_database: Database,
) -> None:
    rds = replicated_database.primary
    refused(
        rds.modify_global_cluster,
        "InvalidParameterValue",
        "only supports Major Version Upgrades",
        GlobalClusterIdentifier="shop",
        EngineVersion="16.6",
        AllowMajorVersionUpgrade=True,
    )
    for client, name in ((replicated_database.failover, "shop-failover"), (rds, "shop-primary")):
        client.modify_db_cluster(DBClusterIdentifier=name, EngineVersion="16.6", ApplyImmediately=True)
    assert replicated_database.group()["EngineVersion"] == "16.6"
    refused(
        rds.modify_global_cluster, "InvalidParameterCombination", GlobalClusterIdentifier="shop", EngineVersion="17.4"
    )
    rds.modify_global_cluster(GlobalClusterIdentifier="shop", EngineVersion="17.4", AllowMajorVersionUpgrade=True)
    assert {
        replicated_database.cluster()["EngineVersion"],
        replicated_database.cluster("shop-failover", FAILOVER)["EngineVersion"],
    } == {"17.4"}


def test_a_global_cluster_is_renamed_with_its_members(replicated_database: Database) -> None:
    replicated_database.primary.modify_global_cluster(
        GlobalClusterIdentifier="shop", NewGlobalClusterIdentifier="store"
    )
    (found,) = replicated_database.failover.describe_global_clusters()["GlobalClusters"]
    assert (found["GlobalClusterIdentifier"], len(found["GlobalClusterMembers"])) == ("store", 2)
    refused(
        replicated_database.primary.describe_global_clusters,
        "GlobalClusterNotFoundFault",
        GlobalClusterIdentifier="shop",
    )


def test_tags_of_a_global_cluster_are_seen_from_every_region(aws: Emulator) -> None:
    tags = [{"Key": "Stack", "Value": "shop"}]
    arn = aws.client("rds", PRIMARY).create_global_cluster(GlobalClusterIdentifier="shop", Tags=tags, **ENGINE)[
        "GlobalCluster"
    ]["GlobalClusterArn"]
    assert aws.client("rds", FAILOVER).list_tags_for_resource(ResourceName=arn)["TagList"] == tags
