"""Secrets Manager: replicas with keys of their own, and their promotion.

Stock moto forgets the KMS key that a replica is given, and cannot promote one. That a secret with replicas cannot be
deleted (InvalidParameterException) it knows itself, tested against AWS by its authors.

Not modelled: whether keys exist, resource policies.
"""

from __future__ import annotations

import json
from typing import Any

from moto.secretsmanager.exceptions import SecretNotFoundException
from moto.secretsmanager.models import FakeSecret, ReplicaSecret
from moto.secretsmanager.responses import SecretsManagerResponse

from .refusal import Refusal

_stock_create_replicas = FakeSecret.create_replicas
_stock_describe_replica = ReplicaSecret.to_dict


def install() -> None:
    FakeSecret.create_replicas = create_replicas
    ReplicaSecret.to_dict = describe_replica
    SecretsManagerResponse.stop_replication_to_replica = stop_replication_to_replica


def create_replicas(self: FakeSecret, replica_regions: list[dict[str, str]], force_overwrite: bool) -> list[Any]:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicaRegionType.html."""
    replicas = _stock_create_replicas(self, replica_regions, force_overwrite)
    for replica, wanted in zip(replicas, replica_regions or [], strict=True):
        if wanted.get("KmsKeyId"):
            replica.config["KmsKeyId"] = wanted["KmsKeyId"]
    return replicas


def describe_replica(self: ReplicaSecret) -> dict[str, Any]:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html."""
    return {**_stock_describe_replica(self), "KmsKeyId": self.config["KmsKeyId"]}


def stop_replication_to_replica(self: SecretsManagerResponse) -> str:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_StopReplicationToReplica.html.

    Called in the replica's region; the replica becomes a secret of its own there.
    """
    secrets = self.backend.secrets
    secret_id = self._get_param("SecretId")
    if secret_id not in secrets:
        raise SecretNotFoundException
    replica = secrets[secret_id]
    if not isinstance(replica, ReplicaSecret):
        raise Refusal("InvalidParameterException", f"{secret_id} is not a replica.")

    source = replica.source
    promoted = FakeSecret(
        account_id=source.account_id,
        region_name=replica.region,
        secret_id=source.secret_id,
        secret_version={},
        version_id="",
        description=source.description,
        tags=list(source.tags or []),
        kms_key_id=replica.config["KmsKeyId"],
        last_changed_date=source.last_changed_date,
        created_date=source.created_date,
    )
    promoted.arn = replica.arn
    promoted.versions = {version: dict(content) for version, content in source.versions.items()}
    promoted.set_default_version_id(source.default_version_id)
    source.replicas.remove(replica)
    secrets[replica.arn] = promoted
    return json.dumps({"ARN": promoted.arn})
