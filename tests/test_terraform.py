"""The stack takes the tfvars: planned without an account, tested with mocked providers, refused where drkit refuses."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import terraform_cli

from drkit import hcl, tfvars, workload_file
from drkit.bundled import terraform_dir
from drkit.catalog import Catalog
from drkit.compare import Comparison, compare_topologies
from drkit.terraform import refusals

pytestmark = [pytest.mark.slow, pytest.mark.terraform]

WORKLOADS = list(workload_file.bundled())
#: The provider wants some credentials even when it calls nobody.
NOBODY = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="session")
def stack(terraform: terraform_cli.Terraform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the stack with its provider installed."""
    terraform_cli.require(terraform)
    folder = tmp_path_factory.mktemp("stack") / "terraform"
    shutil.copytree(terraform_dir(), folder)
    done = terraform.run("init", "-input=false", "-no-color", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def compared() -> dict[str, Comparison]:
    catalog = Catalog.load()
    return {name: compare_topologies(workload_file.read(name), catalog, samples=1000) for name in WORKLOADS}


def plan(terraform: terraform_cli.Terraform, stack: Path, text: str, path: Path) -> tuple[int, str]:
    path.write_text(text, encoding="utf-8")
    done = terraform.run("plan", "-input=false", "-no-color", "-lock=false", f"-var-file={path}", cwd=stack, env=NOBODY)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", WORKLOADS)
def test_terraform_plans_the_choice_of_every_bundled_workload(
    name: str, terraform: terraform_cli.Terraform, stack: Path, compared: dict[str, Comparison], tmp_path: Path
) -> None:
    comparison = compared[name]
    code, told = plan(
        terraform, stack, tfvars.text(comparison, comparison.chosen, "2026-01-01"), tmp_path / f"{name}.tfvars"
    )
    assert code == 0, told
    found = re.search(r"Plan: (\d+) to add, 0 to change, 0 to destroy", told)
    assert found, told
    assert int(found.group(1)) > 100
    assert "Warning" not in told


@pytest.mark.parametrize(
    "strategy", ["single_region", "backup_restore", "warm_standby", "hot_standby", "active_active"]
)
def test_terraform_plans_every_other_strategy(
    strategy: str, terraform: terraform_cli.Terraform, stack: Path, compared: dict[str, Comparison], tmp_path: Path
) -> None:
    comparison = compared["article"]
    option = comparison.today if strategy == "single_region" else comparison.strategies[strategy]
    code, told = plan(terraform, stack, tfvars.text(comparison, option, "2026-01-01"), tmp_path / "a.tfvars")
    assert code == 0, told


def test_terraform_refuses_with_the_sentence_that_drkit_gave_before(
    terraform: terraform_cli.Terraform, stack: Path, compared: dict[str, Comparison], tmp_path: Path
) -> None:
    comparison = compared["article"]
    good = tfvars.variables(comparison.chosen.topology, comparison.workload, comparison.catalog)
    database, dns = good["database"], good["dns"]
    assert isinstance(database, dict)
    assert isinstance(dns, dict)
    wrong = {
        "burstable": good | {"database": database | {"instance_class": "db.t4g.medium"}},
        "same region twice": good | {"failover_region": good["primary_region"], "failover": good["primary"]},
        "no such routing": good | {"dns": dns | {"routing": "nearest"}, "strategy": "tepid_standby"},
    }
    for name, values in wrong.items():
        path = tmp_path / "wrong.tfvars"
        code, told = plan(terraform, stack, hcl.render(values), path)
        assert code == 1
        said = " ".join(told.replace("│", " ").split())
        problems = hcl.check(hcl.read(path.read_text()), hcl.read_variables(terraform_dir()))
        assert problems, name
        for problem in problems:
            assert " ".join(problem.message.split()) in said, name


def test_terraform_is_asked_without_provider_account_or_network(
    terraform: terraform_cli.Terraform, compared: dict[str, Comparison], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terraform_cli.require(terraform, provider=False)
    monkeypatch.setenv("TF_VAR_name", "from-the-environment")
    comparison = compared["small-saas"]
    path = tmp_path / "small.tfvars"
    path.write_text(tfvars.text(comparison, comparison.chosen, "2026-01-01"), encoding="utf-8")
    assert refusals(path) == []
    path.write_text(path.read_text().replace('strategy = "pilot_light"', 'strategy = "tepid"'), encoding="utf-8")
    (refused,) = refusals(path) or []
    assert 'strategy is "tepid", but it must be single_region' in refused
    path.write_text('name = "shop"\n')
    assert any("No value for required variable" in problem for problem in refusals(path) or [])


def test_every_validation_of_the_stack_is_checked_by_drkit_too(compared: dict[str, Comparison], tmp_path: Path) -> None:
    for name, comparison in compared.items():
        for option in (comparison.today, comparison.chosen, *comparison.strategies.values()):
            path = tmp_path / f"{name}.tfvars"
            path.write_text(tfvars.text(comparison, option, "2026-01-01"), encoding="utf-8")
            assert tfvars.check(path) == []


def test_the_stack_is_formatted_and_valid(terraform: terraform_cli.Terraform, stack: Path) -> None:
    formatted = terraform.run("fmt", "-check", "-recursive", "-no-color", cwd=stack)
    assert formatted.returncode == 0, formatted.stdout
    valid = terraform.run("validate", "-no-color", cwd=stack)
    assert valid.returncode == 0, valid.stdout + valid.stderr
    assert valid.stdout.strip() == "Success! The configuration is valid."


def test_the_stacks_own_tests_pass(terraform: terraform_cli.Terraform, stack: Path) -> None:
    done = terraform.run("test", "-no-color", cwd=stack, env=NOBODY)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"Success! (\d+) passed, 0 failed", done.stdout)
    assert passed and int(passed.group(1)) >= 14, done.stdout


def test_no_secret_is_among_the_variables_drkit_writes(compared: dict[str, Comparison]) -> None:
    stack_variables = hcl.read_variables(terraform_dir())
    ephemeral = {name for name, variable in stack_variables.items() if variable.ephemeral or variable.sensitive}
    assert ephemeral == {"database_password"}
    for comparison in compared.values():
        values = tfvars.variables(comparison.chosen.topology, comparison.workload, comparison.catalog)
        assert not ephemeral & set(values)
