"""The emulator's Aurora against AWS's rules: what may be deleted, and what comes of snapshots."""

from __future__ import annotations

import pytest
from emulator.server import Emulator
from global_database import ENGINE, FAILOVER, PRIMARY, USER, Database
from refused import refused

pytestmark = pytest.mark.slow

# Deleting.


def test_deleting_follows_awss_order(replicated_database: Database) -> None:
    primary, failover = replicated_database.primary, replicated_database.failover
    skip = {"SkipFinalSnapshot": True}
    refused(
        primary.delete_db_instance,
        "InvalidDBClusterStateFault",
        "Cannot delete the last instance of the master cluster",
        DBInstanceIdentifier="shop-primary-0",
    )
    refused(
        primary.delete_db_cluster,
        "InvalidGlobalClusterStateFault",
        "primary member of global cluster while there are other",
        DBClusterIdentifier="shop-primary",
        **skip,
    )
    refused(
        failover.delete_db_cluster,
        "InvalidDBClusterStateFault",
        "remove it from globalcluster first",
        DBClusterIdentifier="shop-failover",
        **skip,
    )
    refused(
        primary.delete_global_cluster, "InvalidGlobalClusterStateFault", "is not empty", GlobalClusterIdentifier="shop"
    )

    primary.remove_from_global_cluster(
        GlobalClusterIdentifier="shop", DbClusterIdentifier=replicated_database.failover_arn
    )
    refused(
        failover.delete_db_cluster,
        "InvalidDBClusterStateFault",
        "still contains DB instances",
        DBClusterIdentifier="shop-failover",
        **skip,
    )
    failover.delete_db_instance(DBInstanceIdentifier="shop-failover-0")
    failover.delete_db_cluster(DBClusterIdentifier="shop-failover", **skip)
    primary.delete_db_instance(DBInstanceIdentifier="shop-primary-0")
    primary.remove_from_global_cluster(
        GlobalClusterIdentifier="shop", DbClusterIdentifier=replicated_database.primary_arn
    )
    primary.delete_global_cluster(GlobalClusterIdentifier="shop")
    primary.delete_db_cluster(DBClusterIdentifier="shop-primary", **skip)
    left = replicated_database.aws.leftovers([PRIMARY, FAILOVER])
    assert {place for place in left if "rds" in place} == set()


def test_deletion_protection_holds(aws: Emulator) -> None:
    rds = aws.client("rds", PRIMARY)
    rds.create_global_cluster(GlobalClusterIdentifier="shop", DeletionProtection=True, **ENGINE)
    rds.create_db_cluster(DBClusterIdentifier="shop", DeletionProtection=True, **ENGINE, **USER)
    doomed = {"DBClusterIdentifier": "shop", "SkipFinalSnapshot": True}
    refused(rds.delete_global_cluster, "InvalidParameterCombination", "protected", GlobalClusterIdentifier="shop")
    refused(rds.delete_db_cluster, "InvalidParameterCombination", "protected", **doomed)
    rds.modify_global_cluster(GlobalClusterIdentifier="shop", DeletionProtection=False)
    rds.modify_db_cluster(DBClusterIdentifier="shop", DeletionProtection=False)
    rds.delete_global_cluster(GlobalClusterIdentifier="shop")
    rds.delete_db_cluster(**doomed)
    assert aws.leftovers([PRIMARY]) == {}


def test_a_cluster_is_deleted_with_a_final_snapshot_or_expressly_without(aws: Emulator) -> None:
    rds = aws.client("rds", PRIMARY)
    doomed = {"DBClusterIdentifier": "shop"}
    rds.create_db_cluster(**doomed, **ENGINE, **USER)
    refused(rds.delete_db_cluster, "InvalidParameterCombination", "is required unless SkipFinalSnapshot", **doomed)
    both = {"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": "shop-final"}
    refused(rds.delete_db_cluster, "InvalidParameterCombination", **doomed, **both)
    rds.delete_db_cluster(**doomed, FinalDBSnapshotIdentifier="shop-final")
    assert aws.leftovers([PRIMARY]) == {f"{PRIMARY} rds cluster snapshots": ["shop-final"]}

    rds.create_db_cluster(**doomed, **ENGINE, **USER)
    refused(
        rds.delete_db_cluster, "DBClusterSnapshotAlreadyExistsFault", **doomed, FinalDBSnapshotIdentifier="shop-final"
    )


def test_a_parameter_group_stays_while_a_cluster_has_it(aws: Emulator) -> None:
    rds = aws.client("rds", PRIMARY)
    group = {"DBClusterParameterGroupName": "rpo"}
    rds.create_db_cluster_parameter_group(**group, DBParameterGroupFamily="aurora-postgresql16", Description="RPO")
    rds.create_db_cluster(DBClusterIdentifier="shop", **group, **ENGINE, **USER)
    refused(rds.delete_db_cluster_parameter_group, "InvalidDBParameterGroupState", "parameter group of shop", **group)
    rds.modify_db_cluster(
        DBClusterIdentifier="shop",
        DBClusterParameterGroupName="default.aurora-postgresql16",
        ApplyImmediately=True,
    )
    (shop,) = rds.describe_db_clusters(DBClusterIdentifier="shop")["DBClusters"]
    assert shop["DBClusterParameterGroup"] == "default.aurora-postgresql16"
    rds.delete_db_cluster_parameter_group(**group)


# Snapshots.


def test_a_snapshot_restores_to_a_cluster_that_becomes_a_global_database(replicated_database: Database) -> None:
    rds = replicated_database.primary
    rds.create_db_cluster_snapshot(DBClusterIdentifier="shop-primary", DBClusterSnapshotIdentifier="before")
    refused(
        rds.restore_db_cluster_from_snapshot,
        "DBClusterSnapshotNotFoundFault",
        DBClusterIdentifier="again",
        SnapshotIdentifier="none",
        Engine=ENGINE["Engine"],
    )
    refused(
        rds.restore_db_cluster_from_snapshot,
        "InvalidParameterCombination",
        DBClusterIdentifier="again",
        SnapshotIdentifier="before",
        Engine="aurora-mysql",
    )
    made = rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier="again",
        SnapshotIdentifier="before",
        StorageType="aurora-iopt1",
        DeletionProtection=True,
        **ENGINE,
    )["DBCluster"]
    assert (made["MasterUsername"], made["DatabaseName"], made["StorageType"]) == ("dbadmin", "shop", "aurora-iopt1")
    assert (made["StorageEncrypted"], made["KmsKeyId"]) == (True, replicated_database.keys[PRIMARY])
    assert len(replicated_database.group()["GlobalClusterMembers"]) == 2
    group = rds.create_global_cluster(GlobalClusterIdentifier="again", SourceDBClusterIdentifier=made["DBClusterArn"])
    assert group["GlobalCluster"]["StorageEncrypted"] is True


def test_a_former_secondarys_snapshot_restores(replicated_database: Database) -> None:
    rds = replicated_database.failover
    rds.remove_from_global_cluster(GlobalClusterIdentifier="shop", DbClusterIdentifier=replicated_database.failover_arn)
    rds.create_db_cluster_snapshot(DBClusterIdentifier="shop-failover", DBClusterSnapshotIdentifier="after")
    made = rds.restore_db_cluster_from_snapshot(DBClusterIdentifier="again", SnapshotIdentifier="after", **ENGINE)
    assert made["DBCluster"]["MasterUsername"] == "dbadmin"


def test_an_encrypted_snapshot_needs_a_key_of_the_region_it_is_copied_to(global_database: Database) -> None:
    made = global_database.primary.create_db_cluster_snapshot(
        DBClusterIdentifier="shop-primary", DBClusterSnapshotIdentifier="before"
    )["DBClusterSnapshot"]
    copy = {
        "SourceDBClusterSnapshotIdentifier": made["DBClusterSnapshotArn"],
        "TargetDBClusterSnapshotIdentifier": "copied",
        "SourceRegion": PRIMARY,
    }
    rds = global_database.failover
    refused(rds.copy_db_cluster_snapshot, "InvalidParameterValue", "Must specify new KMS key", **copy)
    refused(rds.copy_db_cluster_snapshot, "KMSKeyNotAccessibleFault", KmsKeyId=global_database.keys[PRIMARY], **copy)
    # Not before it is there:
    request = {"DBClusterIdentifier": "again", **ENGINE}
    refused(
        rds.restore_db_cluster_from_snapshot,
        "DBClusterSnapshotNotFoundFault",
        SnapshotIdentifier=made["DBClusterSnapshotArn"],
        **request,
    )
    copied = rds.copy_db_cluster_snapshot(KmsKeyId=global_database.keys[FAILOVER], **copy)["DBClusterSnapshot"]
    restored = rds.restore_db_cluster_from_snapshot(SnapshotIdentifier=copied["DBClusterSnapshotArn"], **request)[
        "DBCluster"
    ]
    assert restored["KmsKeyId"] == global_database.keys[FAILOVER]
