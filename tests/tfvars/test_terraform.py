"""The stack takes the tfvars: planned without an account, tested with mocked providers, refused where drkit refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import terraform_cli
from wrong_values import WRONG, changed

from drkit.choice.comparison import Comparison
from drkit.files.bundled import terraform_dir
from drkit.tfvars import stack_values
from drkit.tfvars import terraform as terraform_check
from drkit.tfvars.hcl_reader import HclFile
from drkit.tfvars.hcl_writer import render
from drkit.tfvars.terraform import refusals

OF_0_1 = Path(__file__).parents[1] / "compatible/0.1/article.tfvars"

pytestmark = [pytest.mark.slow, pytest.mark.terraform]


def test_terraform_refuses_what_drkit_refuses_and_no_validation_is_forgotten(
    terraform: terraform_cli.Terraform, tmp_path: Path
) -> None:
    terraform_cli.require(terraform, provider=False)
    path, article = tmp_path / "wrong.tfvars", HclFile(OF_0_1.read_text(encoding="utf-8")).values()
    path.write_bytes(OF_0_1.read_bytes())
    assert refusals(path) == []
    refused = ""
    for changes, place, _ in WRONG:
        path.write_text(render(changed(article, changes)), encoding="utf-8")
        told = refusals(path)
        assert told, place
        assert all(re.match(r"(wrong\.tfvars|variables\.tf), line \d+: ", problem) for problem in told)
        refused += "\n".join(told)
    lines = (terraform_dir() / "variables.tf").read_text(encoding="utf-8").splitlines()
    validations, variable = {}, ""
    for number, line in enumerate(lines, 1):
        variable = line.split('"')[1] if line.startswith("variable ") else variable
        if line.strip() == "validation {" and variable not in ("database_source", "database_password"):
            validations[f"variables.tf:{number},"] = variable
    assert {at: name for at, name in validations.items() if at not in refused} == {}


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
    path.write_text(stack_values.tfvars_text(comparison, comparison.chosen, "2026-01-01"), encoding="utf-8")
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

    text = stack_values.tfvars_text(comparison, comparison.chosen, "2026-01-01")
    assert [plans(text), plans(text)] == [1, 0]
    assert plans(stack_values.tfvars_text(comparison, comparison.chosen, "2026-01-02")) == 0, "the date is a comment"
    assert plans(text.replace("log_retention_days = 30", "log_retention_days = 90")) == 1
    wrong = text.replace('strategy = "pilot_light"', 'strategy = "tepid"')
    assert [plans(wrong), plans(wrong)] == [1, 1]
    stack = tmp_path / "stack"
    stack.mkdir()
    (stack / "variables.tf").write_bytes((terraform_dir() / "variables.tf").read_bytes() + b"\n")
    assert plans(text, stack) == 1, "another stack may refuse it"
    accepted.rename(tmp_path / "gone")
    assert plans(text) == 1


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
