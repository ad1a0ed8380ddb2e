"""Turning the state round: pure, so tested on a state by hand; `test_stack_life` does it for real."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drkit.files.bundled import terraform_dir

SCRIPT = terraform_dir() / "promote.py"
promote: dict[str, Any] = runpy.run_path(str(SCRIPT))

AWS = 'provider["mirror.example/hashicorp/aws"]'


def resource(address: str, alias: str, *instances: dict[str, Any]) -> dict[str, Any]:
    module, _, rest = address.rpartition(" ")
    kind, name = rest.split(".")
    found = {"mode": "managed", "type": kind, "name": name, "provider": f"{AWS}.{alias}", "instances": list(instances)}
    return {"module": module, **found} if module else found


def one(key: int | str | None = None, **attributes: Any) -> dict[str, Any]:
    found = {"attributes": attributes, "dependencies": ["aws_vpc.this"]}
    return found if key is None else {"index_key": key, **found}


def remembered(role: str, region: str) -> dict[str, Any]:
    known = {"value": region, "type": "string"}
    return one(role, id=role, input=known, output=known)


SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/mail-AbCdEf"
STATE = {
    "version": 4,
    "serial": 7,
    "lineage": "l",
    "resources": [
        {
            "mode": "managed",
            "type": "terraform_data",
            "name": "region",
            "provider": 'provider["terraform.io/builtin/terraform"]',
            "instances": [remembered("failover", "eu-central-1"), remembered("primary", "eu-west-1")],
        },
        resource("module.primary_region aws_vpc.this", "primary", one(id="vpc-old")),
        resource("module.failover_region[0] aws_vpc.this", "failover", one(id="vpc-new")),
        resource("module.single_region aws_iam_role.task", "primary", one(id="shop-task")),
        resource(
            "aws_rds_global_cluster.database",
            "primary",
            one(0, global_cluster_identifier="g", deletion_protection=True),
        ),
        resource("aws_rds_cluster.primary", "primary", one(0, arn="arn:old")),
        resource("aws_rds_cluster.failover", "failover", one(0, arn="arn:new")),
        resource("aws_security_group.database_failover", "failover", one(0, id="sg-new")),
        resource("aws_kms_key.primary", "primary", one(key_id="mrk-1")),
        resource("aws_kms_replica_key.failover", "failover", one(0, key_id="mrk-1")),
        resource("aws_kms_alias.failover", "failover", one(0, name="alias/shop")),
        resource("aws_secretsmanager_secret.this", "primary", one("mail", arn=SECRET, name="shop/mail")),
        resource("aws_cloudwatch_metric_alarm.database_replication_lag", "failover", one(0, alarm_name="shop-lag")),
    ],
}


def test_the_failover_regions_resources_take_the_primary_ones_places() -> None:
    after = promote["promoted"](STATE)
    found = {
        f"{r.get('module', '')} {r['type']}.{r['name']}".strip(): (r["provider"].rpartition("]")[2], r["instances"])
        for r in after["resources"]
    }
    assert {address: alias for address, (alias, _) in found.items()} == {
        "terraform_data.region": "",
        "module.primary_region aws_vpc.this": ".primary",
        "module.single_region aws_iam_role.task": ".primary",
        "aws_rds_cluster.primary": ".primary",
        "aws_security_group.database_primary": ".primary",
        "aws_kms_alias.primary": ".primary",
    }
    assert found["module.primary_region aws_vpc.this"][1] == [{"attributes": {"id": "vpc-new"}}]
    assert found["aws_rds_cluster.primary"][1][0]["attributes"]["arn"] == "arn:new"
    assert "index_key" not in found["aws_kms_alias.primary"][1][0], "the primary alias has no count"
    (region,) = found["terraform_data.region"][1]
    assert (region["index_key"], region["attributes"]["input"]["value"]) == ("primary", "eu-central-1")
    assert (after["serial"], after["lineage"]) == (8, "l")


def test_what_changes_its_type_is_imported_in_the_new_region() -> None:
    text = promote["imports"](STATE, key_moved=True)
    assert 'to = aws_kms_key.primary\n  id = "mrk-1"' in text
    assert "aws_kms_key" not in promote["imports"](STATE, key_moved=False), "the provider reads no replica as a key"
    assert (
        f'to = aws_secretsmanager_secret.this["mail"]\n  id = "{SECRET.replace("eu-west-1", "eu-central-1")}"' in text
    )


def test_the_calls_name_everything_and_the_writer_leaves_last() -> None:
    calls = promote["commands"](STATE, key_moved=True)
    named = "--region eu-central-1 --global-cluster-identifier g"
    assert calls[:4] == [
        f"aws rds remove-from-global-cluster {named} --db-cluster-identifier arn:old",
        f"aws rds remove-from-global-cluster {named} --db-cluster-identifier arn:new",
        f"aws rds modify-global-cluster {named} --no-deletion-protection",
        f"aws rds delete-global-cluster {named}",
    ]
    assert calls[4:] == [
        "aws secretsmanager stop-replication-to-replica --region eu-central-1 --secret-id shop/mail",
        "aws kms update-primary-region --region eu-west-1 --key-id mrk-1 --primary-region eu-central-1",
        "aws cloudwatch delete-alarms --region eu-central-1 --alarm-names shop-lag",
    ]
    assert [call for call in promote["commands"](STATE, key_moved=False) if "eu-west-1" in call] == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "Expecting property name"),
        ('{"version": 3}', "not a Terraform state of version 4, but 3"),
        ('{"version": 4, "serial": 1, "resources": []}', "has no region: without a failover region, none is promoted"),
    ],
)
def test_anything_else_is_refused_and_nothing_is_written(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "before.tfstate").write_text(text)
    words = [sys.executable, str(SCRIPT), "before.tfstate", "--state", "after.tfstate", "--imports", "promotion.tf"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["before.tfstate"]
