"""KMS: multi-Region keys.

Stock moto lets a replica share its aliases with the primary key, drops its tags and description, and takes the primary
key for a replica as soon as one was read. UpdatePrimaryRegion is absent.

Not modelled: shared properties other than rotation, importing, decrypting with a replica, the end of a waiting period.
"""

from __future__ import annotations

import json
from typing import Any

from moto.kms import models
from moto.kms.models import Key, KmsBackend, kms_backends
from moto.kms.responses import KmsResponse

from .refusal import Refusal

_stock_generate_private_key = models.generate_private_key
_stock_to_dict = Key.to_dict
_stock_replicate_key = KmsBackend.replicate_key
_stock_enable_key_rotation = KmsResponse.enable_key_rotation
_stock_schedule_key_deletion = KmsResponse.schedule_key_deletion


def install() -> None:
    models.generate_private_key = generate_private_key
    Key.to_dict = metadata
    KmsResponse.replicate_key = replicate_key
    KmsResponse.update_primary_region = update_primary_region
    KmsResponse.schedule_key_deletion = schedule_key_deletion
    KmsResponse.enable_key_rotation = enable_key_rotation


def generate_private_key(key_spec: str) -> Any:
    """Stock moto generates an RSA key for a symmetric one too, which takes half a second."""
    return None if key_spec == "SYMMETRIC_DEFAULT" else _stock_generate_private_key(key_spec)


def replicate_key(self: KmsResponse) -> str:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html."""
    region = self._get_param("ReplicaRegion")
    primary = _primary(self)
    if region == primary.region or any(key["Region"] == region for key in _replicas(primary)):
        raise Refusal("AlreadyExistsException", f"{primary.id} already exists in {region}")
    if primary.key_state != "Enabled":
        raise Refusal("KMSInvalidStateException", f"{primary.arn} is {primary.key_state}")

    replica = _stock_replicate_key(self.kms_backend, primary.id, region)
    # It is a shallow copy: what must not be shared gets its own.
    replica.aliases, replica.grants = {}, {}
    replica.description = self._get_param("Description") or ""
    replica.policy = self._get_param("Policy") or replica.generate_default_policy()
    tags = self._get_param("Tags") or []
    if tags:
        kms_backends[self.current_account][region].tagger.tag_resource(replica.id, tags)
    return json.dumps(
        {
            "ReplicaKeyMetadata": replica.to_dict()["KeyMetadata"],
            "ReplicaPolicy": replica.policy,
            "ReplicaTags": tags,
        }
    )


def update_primary_region(self: KmsResponse) -> str:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdatePrimaryRegion.html."""
    region = self._get_param("PrimaryRegion")
    primary = _primary(self)
    chosen = next((key for key in _replicas(primary) if key["Region"] == region), None)
    if chosen is None:
        raise Refusal("NotFoundException", f"{primary.id} has no replica in {region}")
    states = {key.key_state for key in _related(primary)}
    if states != {"Enabled"}:
        raise Refusal("KMSInvalidStateException", f"{primary.id} is {', '.join(sorted(states))}")
    # One dictionary for all related keys.
    shared = primary.multi_region_configuration
    shared["ReplicaKeys"] = [key for key in _replicas(primary) if key is not chosen] + [shared["PrimaryKey"]]
    shared["PrimaryKey"] = chosen
    return "{}"


def schedule_key_deletion(self: KmsResponse) -> str:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html.

    A primary key waits for its replicas, without a date. They are gone when their own waiting period ends, which never
    happens here, so a primary that had a replica stays in this state.
    https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html#deleting-mrks
    """
    key_id = self._get_param("KeyId")
    self._validate_cmk_id(key_id)
    key = self.kms_backend.keys[self.kms_backend.get_key_id(key_id)]
    days = self._get_param("PendingWindowInDays") or 30
    if key.key_state.startswith("Pending"):
        raise Refusal("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if not 7 <= days <= 30:
        raise Refusal("ValidationException", "PendingWindowInDays must be between 7 and 30")
    if key.multi_region and _is_primary(key) and _replicas(key):
        key.enabled, key.key_state = False, "PendingReplicaDeletion"
        key.waiting_days = days
        answer: dict[str, Any] = {}
    else:
        answer = {"DeletionDate": self.kms_backend.schedule_key_deletion(key.id, days)}
    return json.dumps(
        {"KeyId": key.arn, "KeyState": key.key_state, "PendingWindowInDays": days, **answer},
    )


def enable_key_rotation(self: KmsResponse) -> str:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html: replicas follow the primary."""
    answer = _stock_enable_key_rotation(self)
    key = self.kms_backend.keys[self.kms_backend.get_key_id(self._get_param("KeyId"))]
    for related in _related(key):
        related.key_rotation_status = key.key_rotation_status
    return answer


def metadata(self: Key) -> dict[str, Any]:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html."""
    answer = _stock_to_dict(self)
    if self.multi_region:
        kind = "PRIMARY" if _is_primary(self) else "REPLICA"
        answer["KeyMetadata"]["MultiRegionConfiguration"] = {
            **self.multi_region_configuration,
            "MultiRegionKeyType": kind,
        }
    if self.key_state == "PendingReplicaDeletion":
        answer["KeyMetadata"]["PendingDeletionWindowInDays"] = self.waiting_days
    return answer


def _primary(self: KmsResponse) -> Key:
    """Return the requested key, which must be the primary of a multi-Region key.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html#API_ReplicateKey_Errors
    """
    key_id = self._get_param("KeyId")
    self._validate_cmk_id(key_id)
    key = self.kms_backend.keys[self.kms_backend.get_key_id(key_id)]
    if not (key.multi_region and _is_primary(key)):
        raise Refusal("UnsupportedOperationException", f"{key.arn} is not a multi-Region primary key.")
    return key


def _is_primary(key: Key) -> bool:
    return bool(key.multi_region_configuration["PrimaryKey"]["Arn"] == key.arn)


def _replicas(key: Key) -> list[dict[str, str]]:
    return list(key.multi_region_configuration["ReplicaKeys"])


def _related(key: Key) -> list[Key]:
    """Return the key and all that share its material."""
    if not key.multi_region:
        return [key]
    regions = [key.multi_region_configuration["PrimaryKey"], *_replicas(key)]
    return [kms_backends[key.account_id][place["Region"]].keys[key.id] for place in regions]
