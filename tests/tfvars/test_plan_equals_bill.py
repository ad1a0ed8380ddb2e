"""What Terraform would build is what drkit priced, for every strategy of every bundled workload, region by region."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import planned
import pytest
import terraform_cli

from drkit.choice.comparison import Comparison
from drkit.choice.options import Option
from drkit.tfvars import stack_values
from drkit.topology.strategies import STRATEGIES
from drkit.workload import file as workload_file

pytestmark = [pytest.mark.slow, pytest.mark.terraform]

#: Nobody's: no key, no profile, no endpoint, no metadata service.
NO_ACCOUNT = dict.fromkeys(
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"), ""
) | {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    # Whoever is called nevertheless is not reached.
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}


def option_of(comparison: Comparison, strategy: str) -> Option | None:
    return comparison.today if strategy == "single_region" else comparison.strategies.get(strategy)


def plan(
    terraform: terraform_cli.Terraform, stack: Path, option: Option, comparison: Comparison, folder: Path
) -> dict[str, Any]:
    path, saved = folder / "a.tfvars", folder / "a.plan"
    path.write_text(stack_values.tfvars_text(comparison, option, "2026-01-01"), encoding="utf-8")
    words = ["plan", "-input=false", "-no-color", "-lock=false", f"-var-file={path}", f"-out={saved}"]
    done = terraform.run(*words, cwd=stack, env=NO_ACCOUNT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stdout
    shown = terraform.run("show", "-json", str(saved), cwd=stack)
    assert shown.returncode == 0, shown.stderr
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", workload_file.bundled())
def test_terraform_plans_what_was_priced_without_an_account(
    name: str,
    strategy: str,
    terraform: terraform_cli.Terraform,
    stack: Path,
    comparisons: Mapping[str, Comparison],
    tmp_path: Path,
) -> None:
    comparison = comparisons[name]
    option = option_of(comparison, strategy)
    if option is None:
        # Nothing of it can be built, and every topology says why: there is no plan to compare.
        frame = comparison.frame()
        reasons = frame[frame["strategy"] == strategy]["rejected_because"]
        assert len(reasons) > 10
        assert all(reasons)
        assert (name, strategy) in {("eu-shop", "backup_restore"), ("payments-br", "backup_restore")}
        return
    resources = planned.resources(plan(terraform, stack, option, comparison, tmp_path))
    share = {site.region: site.traffic_share for site in option.topology.sites}
    built = planned.counted(resources, comparison.workload, share)
    bill = planned.priced(option.bill)
    assert planned.differences(built, bill) == []
    assert len(bill) > 12

    assert {one.region for one in resources} <= {
        option.topology.primary_region,
        option.topology.failover_region or option.topology.primary_region,
    }
    wanted = {
        "primary": comparison.workload.buckets,
        "failover": [b for b in comparison.workload.buckets if b.replicate],
    }
    for site in option.topology.sites:
        buckets = [one for one in resources if one.type == "aws_s3_bucket" and one.region == site.region]
        assert len(buckets) == len(wanted[site.role])

    if strategy == "warm_standby":
        # The comparison can fail: against another option's bill it names what differs.
        other = option_of(comparison, "hot_standby")
        assert other is not None
        told = planned.differences(built, planned.priced(other.bill))
        assert any(text.startswith("fargate/") and "planned" in text for text in told)
