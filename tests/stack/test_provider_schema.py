"""Nothing in the stack is gone in AWS provider 6. What 5.100 itself calls deprecated, `terraform validate` tells."""

from __future__ import annotations

import json
from pathlib import Path

import provider_schema

KEPT = json.loads(provider_schema.KEPT.read_text(encoding="utf-8"))


def gone(used: dict[str, dict[str, list[str]]]) -> list[str]:
    """Resources and arguments that provider 6 does not know."""
    return [
        f"{name}.{argument}" if name in KEPT[kind] else f"{name} (not kept: run tests/helpers/provider_schema.py)"
        for kind, types in used.items()
        for name, arguments in types.items()
        for argument in arguments
        if argument not in KEPT[kind].get(name, [])
    ]


def test_every_resource_and_argument_of_the_stack_is_in_provider_6() -> None:
    used = provider_schema.used()
    assert len(used["resources"]) > 50
    assert "serverlessv2_scaling_configuration" in used["resources"]["aws_rds_cluster"]
    assert "max_capacity" in used["resources"]["aws_rds_cluster"], "arguments of dynamic blocks count"
    assert gone(used) == []


def test_a_removed_argument_and_an_unknown_resource_are_named(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'resource "aws_eip" "a" {\n  vpc = true\n}\nresource "aws_no_such" "b" {\n  name = "x"\n}\n', encoding="utf-8"
    )
    assert gone(provider_schema.used(tmp_path)) == [
        "aws_eip.vpc",
        "aws_no_such (not kept: run tests/helpers/provider_schema.py)",
    ]
