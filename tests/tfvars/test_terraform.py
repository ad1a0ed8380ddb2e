"""The stack takes the tfvars: planned without an account, tested with mocked providers, refused where drkit refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import terraform_cli

from drkit.choice.comparison import Comparison
from drkit.files.bundled import terraform_dir
from drkit.tfvars import hcl, tfvars
from drkit.tfvars import terraform as terraform_check
from drkit.tfvars.terraform import refusals

pytestmark = [pytest.mark.slow, pytest.mark.terraform]


def plan(terraform: terraform_cli.Terraform, stack: Path, text: str, path: Path) -> tuple[int, str]:
    path.write_text(text, encoding="utf-8")
    done = terraform.run("plan", "-input=false", "-no-color", "-lock=false", f"-var-file={path}", cwd=stack)
    return done.returncode, done.stdout + done.stderr


def test_terraform_refuses_with_the_sentence_that_drkit_gave_before(
    terraform: terraform_cli.Terraform, stack: Path, comparisons: Mapping[str, Comparison], tmp_path: Path
) -> None:
    comparison = comparisons["article"]
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
    terraform: terraform_cli.Terraform,
    comparisons: Mapping[str, Comparison],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terraform_cli.require(terraform, provider=False)
    monkeypatch.setenv("TF_VAR_name", "from-the-environment")
    comparison = comparisons["small-saas"]
    path = tmp_path / "small.tfvars"
    path.write_text(tfvars.text(comparison, comparison.chosen, "2026-01-01"), encoding="utf-8")
    assert refusals(path) == []
    path.write_text(path.read_text().replace('strategy = "pilot_light"', 'strategy = "tepid"'), encoding="utf-8")
    (refused,) = refusals(path) or []
    assert 'strategy is "tepid", but it must be single_region' in refused
    path.write_text('name = "shop"\n')
    assert any("No value for required variable" in problem for problem in refusals(path) or [])


def test_terraform_is_asked_once_about_equal_variables_and_always_about_what_it_refused(
    terraform: terraform_cli.Terraform,
    comparisons: Mapping[str, Comparison],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terraform_cli.require(terraform, provider=False)
    asked: list[str] = []
    run = terraform_check._run
    monkeypatch.setattr(terraform_check, "_run", lambda *words: asked.append(words[2]) or run(*words))
    comparison, accepted = comparisons["small-saas"], tmp_path / "accepted"
    accepted.mkdir()
    path = tmp_path / "small.tfvars"

    def plans(text: str, stack: Path | None = None) -> int:
        path.write_text(text, encoding="utf-8")
        asked.clear()
        refused = refusals(path, stack, accepted)
        assert bool(refused) == ("tepid" in text)
        return asked.count("plan")

    text = tfvars.text(comparison, comparison.chosen, "2026-01-01")
    assert [plans(text), plans(text)] == [1, 0]
    assert plans(tfvars.text(comparison, comparison.chosen, "2026-01-02")) == 0, "the date is a comment"
    assert plans(text.replace("log_retention_days = 30", "log_retention_days = 90")) == 1
    wrong = text.replace('strategy = "pilot_light"', 'strategy = "tepid"')
    assert [plans(wrong), plans(wrong)] == [1, 1]
    stack = tmp_path / "stack"
    stack.mkdir()
    (stack / "variables.tf").write_bytes((terraform_dir() / "variables.tf").read_bytes() + b"\n")
    assert plans(text, stack) == 1, "another stack may refuse it"
    accepted.rename(tmp_path / "gone")
    assert plans(text) == 1


def test_every_validation_of_the_stack_is_checked_by_drkit_too(
    comparisons: Mapping[str, Comparison], tmp_path: Path
) -> None:
    for name, comparison in comparisons.items():
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
    done = terraform.run("test", "-no-color", cwd=stack)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"Success! (\d+) passed, 0 failed", done.stdout)
    assert passed and int(passed.group(1)) >= 14, done.stdout


def test_no_secret_is_among_the_variables_drkit_writes(comparisons: Mapping[str, Comparison]) -> None:
    stack_variables = hcl.read_variables(terraform_dir())
    ephemeral = {name for name, variable in stack_variables.items() if variable.ephemeral or variable.sensitive}
    assert ephemeral == {"database_password"}
    for comparison in comparisons.values():
        values = tfvars.variables(comparison.chosen.topology, comparison.workload, comparison.catalog)
        assert not ephemeral & set(values)
