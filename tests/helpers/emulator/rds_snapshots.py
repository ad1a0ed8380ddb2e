"""RDS: snapshots of Aurora clusters, restored and copied to another region.

Stock moto restores a snapshot into the global cluster of the cluster it was made of, fails on a former secondary's,
and copies an encrypted snapshot to a region whose keys cannot read it.

Not modelled: sharing between accounts, restoring to a point in time, data.
"""

from __future__ import annotations

from typing import Any

from moto.rds.models import DBCluster, DBClusterSnapshot, RDSBackend
from moto.rds.utils import split_arn

from .refusal import Refusal

_stock_copy_db_cluster_snapshot = RDSBackend.copy_db_cluster_snapshot

#: What a restored cluster has from its snapshot unless the request says otherwise.
_KEPT = (
    "engine",
    "engine_version",
    "master_username",
    "database_name",
    "port",
    "storage_type",
    "copy_tags_to_snapshot",
)


def install() -> None:
    RDSBackend.restore_db_cluster_from_snapshot = restore_db_cluster_from_snapshot
    RDSBackend.copy_db_cluster_snapshot = copy_db_cluster_snapshot


def restore_db_cluster_from_snapshot(self: RDSBackend, from_snapshot_id: str, asked: Any) -> DBCluster:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html.

    The request knows no global cluster; CreateGlobalCluster takes the restored cluster as its source.
    """
    snapshot = _local_snapshot(self, from_snapshot_id)
    if asked.get("engine") != snapshot.engine:
        # Wording ours: "must be compatible with the engine of the source".
        raise Refusal(
            "InvalidParameterCombination", f"A snapshot of {snapshot.engine} restores to {snapshot.engine} only."
        )
    settings: dict[str, Any] = {name: getattr(snapshot.cluster, name) for name in _KEPT}
    # Nobody can read it; moto wants one.
    settings["master_user_password"] = "as-in-the-snapshot"
    settings["storage_encrypted"] = bool(snapshot.encrypted or asked.get("kms_key_id"))
    settings.update({name: value for name, value in dict(asked).items() if value is not None})
    restored = self.create_db_cluster(settings)
    if snapshot.encrypted and not asked.get("kms_key_id"):
        restored.kms_key_id = snapshot.kms_key_id
    return restored


def copy_db_cluster_snapshot(
    self: RDSBackend,
    source_db_cluster_snapshot_identifier: str,
    target_db_cluster_snapshot_identifier: str,
    kms_key_id: str | None = None,
    **asked: Any,
) -> DBClusterSnapshot:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CopyDBClusterSnapshot.html."""
    source = self.get_db_cluster_snapshot(source_db_cluster_snapshot_identifier)
    if source.encrypted and source.region != self.region_name and not kms_key_id:
        # https://github.com/1Strategy/rds-oracle-cross-account-cross-region-dr/issues/1
        raise Refusal("InvalidParameterValue", "Must specify new KMS key for cross region encrypted snapshot copy.")
    return _stock_copy_db_cluster_snapshot(
        self, source_db_cluster_snapshot_identifier, target_db_cluster_snapshot_identifier, kms_key_id, **asked
    )


def _local_snapshot(backend: RDSBackend, identifier: str) -> DBClusterSnapshot:
    """Return the snapshot of a name or ARN; a copy must be made first of one in another region.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html#API_RestoreDBClusterFromSnapshot_Errors
    """
    region, name = backend.region_name, identifier
    if identifier.startswith("arn:"):
        region, _, _, name = split_arn(identifier)
    if region != backend.region_name or name not in backend.cluster_snapshots:
        raise Refusal("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {identifier} not found.")
    return backend.cluster_snapshots[name]
