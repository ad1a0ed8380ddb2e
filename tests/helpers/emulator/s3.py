"""S3: replication configurations, whole and with their conditions.

Stock moto answers GetBucketReplication with four fields of a rule, and takes any configuration.

Not modelled: replication itself; no object is ever copied.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import MissingBucket, ReplicationConfigurationNotFoundError, S3ClientError
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

_stock_put_bucket_replication = S3Backend.put_bucket_replication


def install() -> None:
    S3Backend.put_bucket_replication = put_bucket_replication
    S3Response.get_bucket_replication = get_bucket_replication


def put_bucket_replication(self: S3Backend, bucket_name: str, replication: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html.

    Both buckets must have versions: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html
    """
    if not self.get_bucket(bucket_name).is_versioned:
        raise S3ClientError(
            "InvalidRequest", "Versioning must be 'Enabled' on the bucket to apply a replication configuration"
        )
    rules = replication["Rule"] if isinstance(replication["Rule"], list) else [replication["Rule"]]
    for rule in rules:
        name = rule["Destination"]["Bucket"].rpartition(":")[2]
        try:
            destination = self.get_bucket(name)
        except MissingBucket:
            raise S3ClientError("InvalidRequest", "Destination bucket must exist.") from None
        if not destination.is_versioned:
            # https://github.com/nozaq/terraform-aws-remote-state-s3-backend/issues/107
            raise S3ClientError("InvalidRequest", "Destination bucket must have versioning enabled.")
    _stock_put_bucket_replication(self, bucket_name, replication)


def get_bucket_replication(self: S3Response) -> Any:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketReplication.html."""
    self.data["Action"] = "GetBucketReplication"
    configuration = self.backend.get_bucket_replication(self.bucket_name)
    if not configuration:
        raise ReplicationConfigurationNotFoundError(bucket_name=self.bucket_name)
    rules = [_rule(rule) for rule in configuration["Rule"]]
    return self.serialized(
        ActionResult({"ReplicationConfiguration": {"Role": configuration["Role"], "Rules": rules}}),
    )


def _rule(parsed: dict[str, Any]) -> dict[str, Any]:
    """Return a rule of the request, in which every number is text and an empty element nothing."""
    rule: dict[str, Any] = _without_attributes(parsed)
    rule["Priority"] = int(rule.get("Priority") or 0)
    rule["Filter"] = {name: wanted or "" for name, wanted in (rule.get("Filter") or {"Prefix": ""}).items()}
    rule.setdefault("DeleteMarkerReplication", {"Status": "Disabled"})
    for block, limit in (("ReplicationTime", "Time"), ("Metrics", "EventThreshold")):
        minutes = (rule["Destination"].get(block) or {}).get(limit)
        if minutes:
            minutes["Minutes"] = int(minutes["Minutes"])
    return rule


def _without_attributes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_attributes(inner) for key, inner in value.items() if not key.startswith("@")}
    return value
