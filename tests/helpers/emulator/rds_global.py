"""RDS: Aurora Global Database.

Stock moto finds the members of a global cluster in us-east-1 only, filters nothing, removes no member, and lacks
ModifyGlobalCluster, FailoverGlobalCluster and SwitchoverGlobalCluster.

Not modelled: time (every state is reached at once), replication, lag, major versions' own rules, more than one account.
That AWS names the new primary as the replication source of the old one after a failover, and that a cluster keeps its
request to forward writes when it becomes the primary, are assumptions.
"""

from __future__ import annotations

import re
from typing import Any

from moto.core.responses import ActionResult, PaginatedResult
from moto.rds.models import DBCluster, GlobalCluster, RDSBackend, rds_backends
from moto.rds.responses import RDSResponse
from moto.rds.utils import split_arn

from .refusal import Refusal

#: Burstable classes; https://github.com/hashicorp/terraform-provider-aws/issues/27736
_BURSTABLE = re.compile(r"db\.t\d")

_stock_create_global_cluster = RDSBackend.create_global_cluster
_stock_resource_for_tagging = RDSBackend._get_resource_for_tagging


def install() -> None:
    GlobalCluster.global_cluster_members = property(global_cluster_members)
    RDSBackend._get_resource_for_tagging = resource_for_tagging
    RDSBackend.remove_from_global_cluster = remove_from_global_cluster
    for action in (
        create_global_cluster,
        describe_global_clusters,
        modify_global_cluster,
        delete_global_cluster,
        failover_global_cluster,
        switchover_global_cluster,
    ):
        setattr(RDSResponse, action.__name__, action)


# What other modules ask.


def global_cluster_of(cluster: DBCluster) -> GlobalCluster | None:
    """Return the global cluster that a DB cluster is a member of."""
    return next((group for group in _global_clusters(cluster.account_id).values() if cluster in group.members), None)


def require_global_cluster(account_id: str, identifier: str) -> GlobalCluster:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeGlobalClusters.html#API_DescribeGlobalClusters_Errors."""
    groups = _global_clusters(account_id)
    if identifier.lower() not in groups:
        raise Refusal("GlobalClusterNotFoundFault", f"Global cluster {identifier} not found")
    return groups[identifier.lower()]


def refuse_instance_class(instance_class: str) -> None:
    """No burstable class in a global database: https://github.com/hashicorp/terraform-provider-aws/issues/27736."""
    if _BURSTABLE.match(instance_class):
        raise Refusal(
            "InvalidParameterCombination",
            f"The requested instance class is not supported by global databases: {instance_class}",
        )


def refuse_managed_password() -> None:
    """Wording ours; https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html#rds-secrets-manager-limitations."""
    raise Refusal(
        "InvalidParameterCombination",
        "Managing the master user password with AWS Secrets Manager isn't supported for Aurora global databases.",
    )


def join(backend: RDSBackend, asked: Any) -> None:
    """Refuse a CreateDBCluster that cannot join the global cluster it names, and add what a member inherits.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
    """
    group = require_global_cluster(backend.account_id, asked["global_cluster_identifier"])
    if asked.get("manage_master_user_password"):
        refuse_managed_password()
    if asked["engine"] != group.engine:
        raise Refusal(
            "InvalidParameterValue", f"Value for engine should match setting for global cluster {group.resource_id}"
        )
    # An omitted version is the engine's default, not the global cluster's: https://github.com/aws/aws-cli/issues/8139
    if (asked.get("engine_version") or DBCluster.default_engine_version(group.engine)) != group.engine_version:
        raise Refusal(
            "InvalidParameterValue",
            f"Value for engineVersion should match setting for global cluster {group.resource_id}",
        )
    if group.members:
        _join_as_secondary(backend, asked, group)


def _join_as_secondary(backend: RDSBackend, asked: Any, group: GlobalCluster) -> None:
    # https://github.com/cloudposse/terraform-aws-rds-cluster/issues/157
    for parameter, words in (
        ("master_username", "user name"),
        ("master_user_password", "password"),
        ("database_name", "database name"),
    ):
        if asked.get(parameter):
            raise Refusal("InvalidParameterCombination", f"Cannot specify {words} for cross region replication cluster")
    primary = writer(group)
    # One cluster in a region, wording ours:
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.html#aurora-global-database.limitations
    if any(member.region == backend.region_name for member in group.members):
        raise Refusal(
            "InvalidParameterCombination", f"{group.resource_id} has a cluster in {backend.region_name} already."
        )
    # https://github.com/hashicorp/terraform-provider-aws/issues/28546
    if not primary.members:
        raise Refusal(
            "InvalidDBClusterStateFault",
            f"Source cluster: {primary.db_cluster_arn} is in a state which is not valid for physical replication",
        )
    if primary.storage_encrypted:
        # https://github.com/hashicorp/terraform-provider-aws/issues/630
        if asked.get("replication_source_identifier") and not asked.get("pre_signed_url"):
            raise Refusal(
                "InvalidParameterCombination",
                f"Source cluster {primary.db_cluster_arn} is encrypted; pre-signed URL has to be specified",
            )
        # https://github.com/terraform-aws-modules/terraform-aws-rds/pull/428
        if not asked.get("kms_key_id"):
            raise Refusal(
                "InvalidParameterCombination",
                "Cannot create a cross region unencrypted read replica from encrypted source.",
            )
    asked["replication_source_identifier"] = primary.db_cluster_arn
    asked["storage_encrypted"] = primary.storage_encrypted


def inherit(cluster: DBCluster) -> None:
    """Give a secondary what comes with its primary's storage."""
    group = global_cluster_of(cluster)
    if group is not None and not cluster.is_writer:
        primary = writer(group)
        cluster.master_username = primary.master_username
        cluster.database_name = primary.database_name


def writer(group: GlobalCluster) -> DBCluster:
    return next(member for member in group.members if member.is_writer)


# The actions.


def create_global_cluster(self: RDSResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateGlobalCluster.html."""
    asked = self.params
    identifier = asked["GlobalClusterIdentifier"].lower()
    if identifier in self.global_backend.global_clusters:
        raise Refusal("GlobalClusterAlreadyExistsFault", f"Global cluster {identifier} already exists")
    source = asked.get("SourceDBClusterIdentifier")
    cluster = _source(self.backend, asked) if source else None
    # moto would look for the source in us-east-1.
    group = _stock_create_global_cluster(
        self.global_backend,
        identifier,
        None,
        cluster.engine if cluster else asked.get("Engine"),
        cluster.engine_version if cluster else asked.get("EngineVersion"),
        cluster.storage_encrypted if cluster else asked.get("StorageEncrypted"),
        asked.get("DeletionProtection"),
    )
    group.database_name = cluster.database_name if cluster else asked.get("DatabaseName")
    group.tags = asked.get("Tags")
    if cluster:
        group.members.append(cluster)
        cluster.is_writer = True
        cluster.global_cluster_identifier = identifier
    return ActionResult({"GlobalCluster": group})


def _source(backend: RDSBackend, asked: Any) -> DBCluster:
    """Return the existing cluster to start from; the other settings are its own.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateGlobalCluster.html
    """
    for setting in ("Engine", "EngineVersion", "DatabaseName", "StorageEncrypted"):
        if asked.get(setting) is not None:
            raise Refusal(
                "InvalidParameterCombination",
                f"When creating global cluster from existing db cluster, value for {setting} should not be specified "
                "since it will be inherited from source cluster",
            )
    cluster = _db_cluster(backend, asked["SourceDBClusterIdentifier"], by_name=False)
    if global_cluster_of(cluster):
        raise Refusal("InvalidDBClusterStateFault", f"{cluster.db_cluster_arn} is in a global cluster already.")
    if cluster.manage_master_user_password:
        refuse_managed_password()
    # That AWS looks at the instances here too, not only when one is made, is an assumption.
    for instance in cluster.members:
        refuse_instance_class(instance.db_instance_class)
    return cluster


def describe_global_clusters(self: RDSResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeGlobalClusters.html."""
    identifier = self.params.get("GlobalClusterIdentifier")
    account = self.current_account
    groups = [require_global_cluster(account, identifier)] if identifier else list(_global_clusters(account).values())
    for condition in self.params.get("Filters") or []:
        if condition["Name"] == "db-cluster-id":
            values = condition["Values"]
            groups = [
                group
                for group in groups
                if any({member.db_cluster_arn, member.db_cluster_identifier} & set(values) for member in group.members)
            ]
    return PaginatedResult({"GlobalClusters": groups})


def modify_global_cluster(self: RDSResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyGlobalCluster.html."""
    asked = self.params
    group = require_global_cluster(self.current_account, asked["GlobalClusterIdentifier"])
    version = asked.get("EngineVersion")
    if version and version != group.engine_version:
        if _major(group.engine, version) == _major(group.engine, group.engine_version):
            # https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/rds/global_cluster.go
            raise Refusal(
                "InvalidParameterValue",
                "ModifyGlobalCluster only supports Major Version Upgrades. To patch the members of your global cluster "
                "to a newer minor version you need to call ModifyDbCluster in each one of them.",
            )
        if not asked.get("AllowMajorVersionUpgrade"):
            raise Refusal("InvalidParameterCombination", "The AllowMajorVersionUpgrade flag must be present.")
        for changed in (group, *group.members):
            changed.engine_version = version
    if asked.get("DeletionProtection") is not None:
        group.deletion_protection = asked["DeletionProtection"]
    renamed = (asked.get("NewGlobalClusterIdentifier") or "").lower()
    if renamed and renamed != group.resource_id:
        groups = _global_clusters(self.current_account)
        if renamed in groups:
            raise Refusal("GlobalClusterAlreadyExistsFault", f"Global cluster {renamed} already exists")
        groups[renamed] = groups.pop(group.resource_id)
        group.global_cluster_identifier = renamed
        for member in group.members:
            member.global_cluster_identifier = renamed
    return ActionResult({"GlobalCluster": group})


def delete_global_cluster(self: RDSResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteGlobalCluster.html."""
    group = require_global_cluster(self.current_account, self.params["GlobalClusterIdentifier"])
    if group.deletion_protection:
        raise Refusal(
            "InvalidParameterCombination",
            "Cannot delete protected Global Cluster, please disable deletion protection and try again.",
        )
    # Refuses one that has members, in AWS's words.
    return ActionResult({"GlobalCluster": self.global_backend.delete_global_cluster(group.resource_id)})


def remove_from_global_cluster(
    self: RDSBackend, global_cluster_identifier: str, db_cluster_identifier: str
) -> GlobalCluster:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RemoveFromGlobalCluster.html.

    A secondary becomes a cluster of its own that takes writes; the primary leaves last.
    """
    group = require_global_cluster(self.account_id, global_cluster_identifier)
    names = (db_cluster_identifier,)
    cluster = next((m for m in group.members if m.db_cluster_arn in names or m.db_cluster_identifier in names), None)
    if cluster is None:
        # The words that Terraform's provider looks for, as AWS says them:
        # https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/rds/global_cluster.go
        raise Refusal(
            "InvalidParameterValue",
            f"{db_cluster_identifier} is not found in global cluster {global_cluster_identifier}",
        )
    if cluster.is_writer and len(group.members) > 1:
        # "The writer cluster must be removed last", says the same file; wording ours.
        raise Refusal(
            "InvalidGlobalClusterStateFault",
            f"{cluster.db_cluster_arn} is the primary of {group.resource_id}: remove the secondary clusters first.",
        )
    group.members.remove(cluster)
    for other in group.members:
        other.read_replica_identifiers = [
            arn for arn in other.read_replica_identifiers if arn != cluster.db_cluster_arn
        ]
    cluster.global_cluster_identifier = None
    cluster.replication_source_identifier = None
    cluster.is_writer = True
    return group


def failover_global_cluster(self: RDSResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_FailoverGlobalCluster.html."""
    if self.params.get("AllowDataLoss") and self.params.get("Switchover"):
        raise Refusal(
            "InvalidParameterCombination", "AllowDataLoss can't be specified together with the Switchover parameter."
        )
    return _change_writer(self)


def switchover_global_cluster(self: RDSResponse) -> ActionResult:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_SwitchoverGlobalCluster.html."""
    return _change_writer(self)


def _change_writer(self: RDSResponse) -> ActionResult:
    group = require_global_cluster(self.current_account, self.params["GlobalClusterIdentifier"])
    target = _db_cluster(self.backend, self.params["TargetDbClusterIdentifier"])
    if target not in group.members:
        raise Refusal("DBClusterNotFoundFault", f"{target.db_cluster_arn} is not in {group.resource_id}")
    if target.is_writer:
        raise Refusal("InvalidDBClusterStateFault", f"{target.db_cluster_arn} is the primary already.")
    if not target.members:
        # Wording ours; an instance must be added first:
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html
        raise Refusal(
            "InvalidDBClusterStateFault", f"{target.db_cluster_arn} has no DB instance that could become the writer."
        )
    for member in group.members:
        member.is_writer = member is target
        member.replication_source_identifier = None if member is target else target.db_cluster_arn
        member.read_replica_identifiers = []
    target.read_replica_identifiers = [member.db_cluster_arn for member in group.members if member is not target]
    return ActionResult({"GlobalCluster": group})


def global_cluster_members(self: GlobalCluster) -> list[dict[str, Any]]:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_GlobalClusterMember.html."""
    return [
        {
            "DBClusterArn": member.db_cluster_arn,
            "IsWriter": member.is_writer,
            "Readers": self.readers if member.is_writer else [],
            "SynchronizationStatus": "connected",
            **({} if member.is_writer else {"GlobalWriteForwardingStatus": write_forwarding_status(member)}),
        }
        for member in self.members
    ]


def write_forwarding_status(cluster: DBCluster) -> str | None:
    """Whether a secondary forwards writes.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-write-forwarding.html
    """
    if cluster.is_writer or global_cluster_of(cluster) is None:
        return None
    return "enabled" if cluster.global_write_forwarding_requested else "disabled"


def resource_for_tagging(self: RDSBackend, arn: str) -> Any:
    """Return what ListTagsForResource and its like are asked about; a global cluster's ARN has no region."""
    _, _, kind, name = split_arn(arn)
    return (
        _global_clusters(self.account_id).get(name)
        if kind == "global-cluster"
        else _stock_resource_for_tagging(self, arn)
    )


def _global_clusters(account_id: str) -> dict[str, GlobalCluster]:
    return rds_backends[account_id]["us-east-1"].global_clusters


def _db_cluster(backend: RDSBackend, identifier: str, *, by_name: bool = True) -> DBCluster:
    """Return the DB cluster of an ARN, in any region, or of a name in this one."""
    if identifier.startswith("arn:"):
        parts = identifier.split(":", 6)
        backend, name = rds_backends[backend.account_id][parts[3]], parts[6]
    elif by_name:
        name = identifier
    else:
        # https://github.com/getmoto/moto/blob/5.2.5/moto/rds/models.py
        raise Refusal("InvalidParameterValue", "Malformed db cluster arn dbci")
    if name not in backend.clusters:
        raise Refusal("DBClusterNotFoundFault", f"DBCluster {identifier} not found.")
    return backend.clusters[name]


def _major(engine: str, version: str) -> str:
    """Return the part of a version that only a major upgrade changes: 16 of 16.4, 8.0 of 8.0.mysql_aurora.3.08.0."""
    return ".".join(version.split(".")[: 2 if engine == "aurora-mysql" else 1])
