"""RDS: Aurora clusters and their instances.

Stock moto takes any key and class, knows no storage type aurora-iopt1, and lets a cluster or a parameter group go that
AWS would keep.

Not modelled: versions, classes and parameter groups that AWS does not have; major version upgrades of single clusters.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.models import DBCluster, DBInstance, RDSBackend
from moto.rds.responses import RDSResponse

from .rds_global import (
    global_cluster_of,
    inherit,
    join,
    refuse_instance_class,
    refuse_managed_password,
    write_forwarding_status,
    writer,
)
from .refusal import Refusal

_stock_cluster = DBCluster.__init__
_stock_allocated_storage = DBCluster.default_allocated_storage
_stock_scaling_configuration = DBCluster.scaling_configuration_info.fget
_stock_create_db_cluster = RDSBackend.create_db_cluster
_stock_modify_db_cluster = RDSBackend.modify_db_cluster
_stock_delete_db_cluster = RDSBackend.delete_db_cluster
_stock_promote_read_replica_db_cluster = RDSBackend.promote_read_replica_db_cluster
_stock_create_db_instance = RDSBackend.create_db_instance
_stock_modify_db_instance = RDSBackend.modify_db_instance
_stock_delete_db_instance = RDSBackend.delete_db_instance
_stock_delete_db_cluster_parameter_group = RDSBackend.delete_db_cluster_parameter_group


def install() -> None:
    DBCluster.__init__ = cluster
    DBCluster.default_allocated_storage = staticmethod(allocated_storage)
    DBCluster.scaling_configuration_info = property(scaling_configuration_info)
    DBCluster.global_write_forwarding_status = property(write_forwarding_status)
    for action in (
        create_db_cluster,
        modify_db_cluster,
        promote_read_replica_db_cluster,
        create_db_instance,
        modify_db_instance,
        delete_db_instance,
        delete_db_cluster_parameter_group,
    ):
        setattr(RDSBackend, action.__name__, action)
    RDSResponse.delete_db_cluster = delete_db_cluster


def cluster(self: DBCluster, backend: RDSBackend, **settings: Any) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBCluster.html."""
    _stock_cluster(self, backend, **settings)
    if self.engine.startswith("aurora") and self.storage_type != "aurora-iopt1":
        # AWS names the standard type in a request only.
        self.storage_type = None


def allocated_storage(engine: str, storage_type: str) -> int:
    return 1 if engine.startswith("aurora") else int(_stock_allocated_storage(engine, storage_type))


def scaling_configuration_info(self: DBCluster) -> dict[str, Any] | None:
    # Terraform's provider would read an empty one as a configuration of zeros.
    return _stock_scaling_configuration(self) if self.scaling_configuration else None


def create_db_cluster(self: RDSBackend, asked: Any) -> DBCluster:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html."""
    identifier = asked["db_cluster_identifier"]
    if identifier in self.clusters:
        raise Refusal("DBClusterAlreadyExistsFault", f"DB Cluster {identifier} already exists")
    if asked.get("kms_key_id"):
        asked["kms_key_id"] = self._validate_kms_key(asked["kms_key_id"])
    if asked.get("global_cluster_identifier"):
        join(self, asked)
    made = _stock_create_db_cluster(self, asked)
    inherit(made)
    return made


def modify_db_cluster(self: RDSBackend, asked: Any) -> DBCluster:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html."""
    changed = _cluster(self, asked["db_cluster_identifier"])
    group = global_cluster_of(changed)
    if group and asked.get("manage_master_user_password"):
        refuse_managed_password()
    forwarding = asked.get("enable_global_write_forwarding")
    if forwarding is not None:
        changed._global_write_forwarding_requested = forwarding
    answer = _stock_modify_db_cluster(self, asked)
    if changed.storage_type == "aurora":
        changed.storage_type = None
    # Minor versions go through the members; the global cluster shows its primary's.
    if group and asked.get("engine_version"):
        group.engine_version = writer(group).engine_version
    return answer


def delete_db_cluster(self: RDSResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBCluster.html."""
    asked = self.params
    doomed = _cluster(self.backend, asked["DBClusterIdentifier"])
    final_snapshot = asked.get("FinalDBSnapshotIdentifier")
    skip = bool(asked.get("SkipFinalSnapshot"))
    if skip == bool(final_snapshot):
        # Wording ours: the reference asks for one of the two.
        raise Refusal(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is."
            if skip
            else "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        )
    group = global_cluster_of(doomed)
    if group and not doomed.deletion_protection:
        if doomed.is_writer and len(group.members) > 1:
            # https://github.com/gruntwork-io/cloud-nuke/issues/597
            raise Refusal(
                "InvalidGlobalClusterStateFault",
                "Unable to delete cluster that is a primary member of global cluster while there are other global "
                "cluster members",
            )
        # https://github.com/hashicorp/terraform-provider-aws/issues/8186
        raise Refusal(
            "InvalidDBClusterStateFault",
            "This cluster is a part of a global cluster, please remove it from globalcluster first",
        )
    # Refuses a protected cluster, one with instances, and a snapshot that exists.
    gone = _stock_delete_db_cluster(self.backend, doomed.db_cluster_identifier, final_snapshot)
    if asked.get("DeleteAutomatedBackups") is not False:
        for name, snapshot in list(self.backend.cluster_snapshots.items()):
            if snapshot.snapshot_type == "automated" and snapshot.db_cluster_identifier == gone.db_cluster_identifier:
                del self.backend.cluster_snapshots[name]
    gone.status = "deleting"
    return ActionResult({"DBCluster": gone})


def promote_read_replica_db_cluster(self: RDSBackend, db_cluster_identifier: str) -> DBCluster:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplicaDBCluster.html.

    That a member of a global cluster is refused is an assumption: the user guide names RemoveFromGlobalCluster for it.
    """
    promoted = _cluster(self, db_cluster_identifier)
    if global_cluster_of(promoted):
        raise Refusal(
            "InvalidDBClusterStateFault", f"{promoted.db_cluster_arn} is in a global cluster: remove it from there."
        )
    if not promoted.replication_source_identifier:
        raise Refusal("InvalidDBClusterStateFault", f"{promoted.db_cluster_arn} is not a read replica.")
    return _stock_promote_read_replica_db_cluster(self, db_cluster_identifier)


def create_db_instance(self: RDSBackend, asked: Any) -> DBInstance:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html."""
    home = self.clusters.get(asked.get("db_cluster_identifier") or "")
    if home is not None:
        _refuse_class(home, asked["db_instance_class"])
    return _stock_create_db_instance(self, asked)


def modify_db_instance(self: RDSBackend, db_instance_identifier: str, asked: Any) -> DBInstance:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html."""
    instance = self.databases.get(db_instance_identifier)
    home = self.clusters.get(getattr(instance, "db_cluster_identifier", None) or "")
    if home is not None and asked.get("db_instance_class"):
        _refuse_class(home, asked["db_instance_class"])
    return _stock_modify_db_instance(self, db_instance_identifier, asked)


def delete_db_instance(self: RDSBackend, db_instance_identifier: str, **asked: Any) -> DBInstance:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html."""
    instance = self.databases.get(db_instance_identifier)
    home = self.clusters.get(getattr(instance, "db_cluster_identifier", None) or "")
    group = global_cluster_of(home) if home is not None else None
    if group and home.is_writer and len(home.members) == 1 and len(group.members) > 1:
        # https://github.com/rebuy-de/aws-nuke/issues/570
        raise Refusal(
            "InvalidDBClusterStateFault",
            "Cannot delete the last instance of the master cluster. Delete the replica cluster before deleting the "
            "last master cluster instance.",
        )
    return _stock_delete_db_instance(self, db_instance_identifier, **asked)


def _refuse_class(home: DBCluster, instance_class: str) -> None:
    if global_cluster_of(home):
        refuse_instance_class(instance_class)
    if instance_class == "db.serverless" and not home.serverless_v2_scaling_configuration:
        # https://github.com/cloudposse/terraform-aws-rds-cluster/pull/181
        raise Refusal(
            "InvalidDBClusterStateFault",
            "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB "
            "instance.",
        )


def _cluster(backend: RDSBackend, identifier: str) -> DBCluster:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBClusters.html#API_DescribeDBClusters_Errors."""
    if identifier not in backend.clusters:
        raise Refusal("DBClusterNotFoundFault", f"DBCluster {identifier} not found.")
    return backend.clusters[identifier]


def delete_db_cluster_parameter_group(self: RDSBackend, db_cluster_parameter_group_name: str) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBClusterParameterGroup.html.

    The wording is ours: the group can't be associated with any cluster.
    """
    users = [name for name, one in self.clusters.items() if one.parameter_group == db_cluster_parameter_group_name]
    if users:
        raise Refusal(
            "InvalidDBParameterGroupState",
            f"{db_cluster_parameter_group_name} is the parameter group of {', '.join(users)}.",
        )
    _stock_delete_db_cluster_parameter_group(self, db_cluster_parameter_group_name)
