"""A tfvars file is checked without Terraform: names, types, and what drkit's own stack allows of the values."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from wrong_values import WRONG, changed

from drkit.choice.comparison import Comparison
from drkit.errors import TfvarsError
from drkit.files.bundled import terraform_dir
from drkit.tfvars import stack_values
from drkit.tfvars.checks import check, has_own_rules
from drkit.tfvars.declarations import misfits, read_declarations
from drkit.tfvars.hcl_reader import HclFile
from drkit.tfvars.hcl_writer import render
from drkit.tfvars.rules import broken

OF_0_1 = Path(__file__).parents[1] / "compatible/0.1/article.tfvars"
ARTICLE = HclFile(OF_0_1.read_text(encoding="utf-8")).values()


def test_tfvars_of_0_1_are_accepted() -> None:
    assert OF_0_1.read_text(encoding="utf-8").startswith("# Workload: article\n# Choice: pilot_light.")
    assert check(OF_0_1) == []


@pytest.mark.parametrize(("changes", "path", "told"), WRONG, ids=[f"{path}-{told[:20]}" for _, path, told in WRONG])
def test_a_value_that_the_stack_refuses_is_told(changes: Mapping[str, object], path: str, told: str) -> None:
    problems = list(map(str, broken(changed(ARTICLE, changes))))
    assert any(problem.startswith(f"{path} {told}") for problem in problems), problems
    assert all(problem.endswith(".") for problem in problems)


def paths(value: object, path: str = "") -> Iterator[str]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, f"{path}.{key}" if path else key)


@pytest.mark.parametrize("path", [path for path in paths(ARTICLE) if not path.startswith("tags.")])
def test_null_is_refused_except_where_it_means_none(path: str) -> None:
    needed = f"{path} is null, but a value is needed."
    allowed = ("account_id", "database", "cache", "dns.zone_name", "database.managed_rpo_s")
    found = list(map(str, broken(changed(ARTICLE, {path: None}))))
    assert (needed in found) == (path not in allowed and "serverless" not in path)


def test_every_strategy_of_every_workload_has_tfvars_that_fit(
    comparisons: Mapping[str, Comparison], tmp_path: Path
) -> None:
    declared = read_declarations(terraform_dir())
    for comparison in comparisons.values():
        for option in (comparison.today, comparison.chosen, *comparison.strategies.values()):
            written = stack_values.tfvars_text(comparison, option, "2026-01-01")
            values = HclFile(written).values()
            given = stack_values.stack_values(option.topology, comparison.workload, comparison.catalog)
            assert values == given
            assert [*misfits(values, declared), *broken(values)] == []
            assert set(declared) - set(given) <= {"database_source", "database_password", "account_id"}


def test_no_secret_is_among_the_variables_drkit_writes(comparisons: Mapping[str, Comparison]) -> None:
    declared = read_declarations(terraform_dir())
    ephemeral = {name for name, variable in declared.items() if variable.ephemeral}
    assert ephemeral == {"database_password"}
    for comparison in comparisons.values():
        values = stack_values.stack_values(comparison.chosen.topology, comparison.workload, comparison.catalog)
        assert not ephemeral & set(values)


def test_problems_come_with_their_lines_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.tfvars"
    values = changed(ARTICLE, {"services.worker.port": "80", "dns.routing": "nearest", "nmae": "x"})
    del values["primary"], values["backup"]["retention_days"]
    path.write_text(render(values))
    lines = path.read_text().splitlines()
    backup, port, routing, name = (
        next(at for at, line in enumerate(lines, 1) if sought in line)
        for sought in ("backup = {", '"80"', '"nearest"', "nmae")
    )
    assert check(path) == [
        f"{path}: primary has no value and no default: give an object.",
        f'{path}, line {port}: services.worker.port is "80" (string), but a number is needed.',
        f"{path}, line {backup}: backup.retention_days is missing: give a number.",
        f'{path}, line {routing}: dns.routing is "nearest", but it must be failover or latency.',
        f"{path}, line {name}: nmae is not a variable of the stack. Did you mean name?",
    ]


def test_a_database_and_a_cache_may_be_absent_and_odd_keys_are_no_trouble() -> None:
    assert broken(changed(ARTICLE, {"database": None, "cache": None, "tags": {"Cost center": "a.b"}})) == []
    assert list(map(str, broken(changed(ARTICLE, {"buckets": {"a b": ARTICLE["buckets"]["uploads"]}})))) == [
        'buckets["a b"] has a name that is not 2 to 28 lower-case letters, digits and single hyphens. Rename it.'
    ]


def test_an_edited_stack_has_its_own_names_and_types_and_no_rules_that_drkit_knows(tmp_path: Path) -> None:
    path, stack = tmp_path / "a.tfvars", tmp_path / "stack"
    stack.mkdir()
    shutil.copy(terraform_dir() / "variables.tf", stack)
    path.write_text(render(changed(ARTICLE, {"dns.ttl_s": -1})))
    (told,) = check(path, stack)
    assert told.endswith("dns.ttl_s is -1, but it must be a whole number from 0 to 172800.")
    with (stack / "variables.tf").open("a") as file:
        file.write('variable "owner" {\n  type = string\n}\n')
    assert check(path, stack) == [f"{path}: owner has no value and no default: give a string."]
    assert not has_own_rules(stack)


def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.tfvars"
    with pytest.raises(TfvarsError, match=r"cannot read .*a\.tfvars: No such file or directory"):
        check(path)
    path.write_bytes(b"a = \xff")
    with pytest.raises(TfvarsError, match=r"a\.tfvars is not UTF-8 text \(byte 4\): save it as UTF-8"):
        check(path)
    path.write_text("a = = 1\n")
    with pytest.raises(TfvarsError, match=r"a\.tfvars, line 1 is not HCL"):
        check(path)
    path.write_text(f"a = {'[' * 2000}{']' * 2000}\n")
    with pytest.raises(TfvarsError, match=r"a\.tfvars has lists or objects nested more deeply than Python can follow"):
        check(path)
    path.write_text("a = 1\n")
    with pytest.raises(TfvarsError, match=r"has no variables\.tf: name the directory"):
        check(path, tmp_path)
