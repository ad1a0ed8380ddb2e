#!/usr/bin/env python3
"""Make the failover region the primary one in Terraform's state, when the old primary region is given up for good.

    terraform state pull > before.tfstate
    python3 promote.py before.tfstate --state promoted.tfstate --imports promotion.tf
    terraform state push promoted.tfstate

Calls nobody and changes nothing but the two files it writes, so it works while the old region is gone. It prints what
has to be done in AWS, with the names filled in. README, "Promote for good", has the whole sequence.

What stood in the old region is left out of the new state, and ``before.tfstate`` still knows it. What Terraform cannot
move from one resource type to another (the key, the secrets) comes in by import blocks.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

Resource = dict[str, Any]

#: Global services: made through the primary region's provider, but not in that region.
_GLOBAL = "module.single_region"
#: They tell of the old region only, and have no place in the new state.
_DROPPED = {"database_replication_lag", "to_primary"}


def promoted(state: dict[str, Any]) -> dict[str, Any]:
    """The state with the failover region as the primary one.

    Parameters
    ----------
    state
        A state of this stack, version 4, with a failover region in it.

    Raises
    ------
    ValueError
        If it is no such state.
    """
    if state.get("version") != 4:
        raise ValueError(f"This is not a Terraform state of version 4, but {state.get('version')!r}.")
    regions = _regions(state)
    if set(regions) != {"primary", "failover"}:
        raise ValueError(
            f"The state has {', '.join(regions) or 'no region'}: without a failover region, none is promoted."
        )
    kept = [moved for resource in state["resources"] if (moved := _moved(resource, regions["failover"]))]
    return {**state, "serial": state["serial"] + 1, "resources": kept}


def _moved(resource: Resource, region: str) -> Resource | None:
    """Where a resource stands in the new state; None for nowhere."""
    module, name, alias = resource.get("module", ""), resource["name"], _alias(resource)
    instances = [{k: v for k, v in one.items() if k != "dependencies"} for one in resource["instances"]]
    if resource["type"] == "terraform_data":
        if name == "region":
            (built,) = [one for one in instances if one["index_key"] == "primary"]
            known = {"type": "string", "value": region}
            instances = [{**built, "attributes": {**built["attributes"], "input": known, "output": known}}]
        return {**resource, "instances": instances}
    if module.startswith(_GLOBAL):
        return {**resource, "instances": instances}
    if (
        resource["mode"] != "managed"
        or alias != "failover"
        or name in _DROPPED
        or resource["type"] == "aws_kms_replica_key"
    ):
        return None
    moved = {
        **resource,
        "name": re.sub(r"(^|_)failover$", r"\1primary", name),
        "provider": resource["provider"].removesuffix(".failover") + ".primary",
        "instances": instances,
    }
    if module:
        moved["module"] = module.replace("module.failover_region[0]", "module.primary_region")
    if resource["type"] == "aws_kms_alias":
        moved["instances"] = [{k: v for k, v in one.items() if k != "index_key"} for one in instances]
    return moved


def imports(state: dict[str, Any], *, key_moved: bool) -> str:
    """Import blocks for what the new primary region has as another type, or as a replica.

    Parameters
    ----------
    state
        The state before the promotion.
    key_moved
        Whether the multi-region key's primary is in the new region already, which takes the old one. The provider reads
        no replica as a key; without this, the next apply makes a key of its own for what is to come, and the replica
        stays with what it encrypts.
    """
    failover = _regions(state)["failover"]
    blocks = [
        _import("aws_kms_key.primary", one["attributes"]["key_id"])
        for one in _of(state, "aws_kms_replica_key")
        if key_moved
    ]
    for secret in _of(state, "aws_secretsmanager_secret"):
        arn = secret["attributes"]["arn"].split(":")
        address = f'aws_secretsmanager_secret.this["{secret["index_key"]}"]'
        blocks.append(_import(address, ":".join([*arn[:3], failover, *arn[4:]])))
    return "# Made by promote.py. Delete this file after the apply.\n\n" + "\n".join(blocks)


def commands(state: dict[str, Any], *, key_moved: bool) -> list[str]:
    """AWS CLI calls that end the replication, in order."""
    regions = _regions(state)
    region = f"--region {regions['failover']}"
    told = []
    for group in _of(state, "aws_rds_global_cluster"):
        named = f"{region} --global-cluster-identifier {group['attributes']['global_cluster_identifier']}"
        # The old cluster is the replica since the failover; the writer has to leave last.
        told += [
            f"aws rds remove-from-global-cluster {named} --db-cluster-identifier {cluster['attributes']['arn']}"
            for role in ("primary", "failover")
            for cluster in _of(state, "aws_rds_cluster", role)
        ]
        if group["attributes"]["deletion_protection"]:
            told.append(f"aws rds modify-global-cluster {named} --no-deletion-protection")
        told.append(f"aws rds delete-global-cluster {named}")
    for group in _of(state, "aws_elasticache_global_replication_group"):
        datastore = f"--global-replication-group-id {group['attributes']['global_replication_group_id']}"
        (old,) = _of(state, "aws_elasticache_replication_group", "primary")
        told.append(
            f"aws elasticache disassociate-global-replication-group {region} {datastore} --replication-group-id "
            f"{old['attributes']['replication_group_id']} --replication-group-region {regions['primary']}"
        )
        told.append(
            f"aws elasticache delete-global-replication-group {region} {datastore} --retain-primary-replication-group"
        )
    told += [
        f"aws secretsmanager stop-replication-to-replica {region} --secret-id {secret['attributes']['name']}"
        for secret in _of(state, "aws_secretsmanager_secret")
    ]
    told += [
        f"aws kms update-primary-region --region {regions['primary']} --key-id {key['attributes']['key_id']} "
        f"--primary-region {regions['failover']}"
        for key in _of(state, "aws_kms_key", "primary")
        if key_moved
    ]
    told += [
        f"aws s3api delete-bucket-replication {region} --bucket {bucket['attributes']['bucket']}"
        for bucket in _of(state, "aws_s3_bucket_replication_configuration", "to_primary")
    ]
    told += [
        f"aws cloudwatch delete-alarms {region} --alarm-names {alarm['attributes']['alarm_name']}"
        for alarm in _of(state, "aws_cloudwatch_metric_alarm", "database_replication_lag")
    ]
    return told


def _regions(state: dict[str, Any]) -> dict[str, str]:
    """Role -> region, as the stack remembers them."""
    found = _of(state, "terraform_data", "region")
    return {one["index_key"]: one["attributes"]["input"]["value"] for one in found}


def _of(state: dict[str, Any], kind: str, name: str = "") -> list[dict[str, Any]]:
    """Instances of a resource type, in the order of the state."""
    return [
        one
        for resource in state["resources"]
        if resource["type"] == kind and resource["mode"] == "managed" and name in ("", resource["name"])
        for one in resource["instances"]
    ]


def _alias(resource: Resource) -> str:
    return str(resource["provider"]).rpartition("].")[2]


def _import(address: str, identifier: str) -> str:
    return f'import {{\n  to = {address}\n  id = "{identifier}"\n}}\n'


def main() -> int:
    """Read a state, write the promoted one and the import blocks, print the calls."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("before", type=Path, help="what `terraform state pull` printed")
    parser.add_argument("--state", type=Path, required=True, help="file to write the promoted state to")
    parser.add_argument("--imports", type=Path, required=True, help="file to write the import blocks to, in the stack")
    parser.add_argument(
        "--move-key",
        action="store_true",
        help="the old region answers: make the new region's replica key the primary one",
    )
    asked = parser.parse_args()
    try:
        state = json.loads(asked.before.read_text(encoding="utf-8"))
        after = promoted(state)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"promote.py: {asked.before}: {error}", file=sys.stderr)
        return 2
    asked.state.write_text(json.dumps(after, indent=2) + "\n", encoding="utf-8")
    asked.imports.write_text(imports(state, key_moved=asked.move_key), encoding="utf-8")
    print("In AWS, before the next apply, each when the one before it has taken effect:\n")
    print("\n".join(f"  {command}" for command in commands(state, key_moved=asked.move_key)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
