"""The command line as a user meets it: outputs, formats, exit codes, sentences."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drkit.choice.comparison import Comparison
from drkit.cli import main
from drkit.facts.snapshot import COLUMNS
from drkit.files.bundled import terraform_dir
from drkit.tfvars import stack_values, terraform
from drkit.workload import file as workload_file


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


def test_every_command_has_help_with_an_example() -> None:
    for words in (
        ["design"],
        ["compare"],
        ["report"],
        ["prices", "show"],
        ["support", "show"],
        ["tfvars", "check"],
        ["init"],
        ["schema"],
    ):
        result = run(*words, "--help")
        assert result.exit_code == 0
        assert f"drkit {' '.join(words)} " in result.output, words


def test_prices_show_csv_holds_every_row_in_the_documented_columns() -> None:
    result = run("prices", "show", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(rows[0]) == list(COLUMNS["prices.csv"])
    with (Path(__file__).parents[2] / "data/snapshot/prices.csv").open(newline="") as file:
        assert len(rows) == len(list(csv.DictReader(file)))


def test_prices_show_narrows_by_service_region_and_item() -> None:
    result = run(
        "prices", "show", "--service", "AWSELB", "--region", "us-east-1", "--item", "alb/h*", "--format", "json"
    )
    (row,) = json.loads(result.stdout)
    assert (row["item"], row["usd"], row["unit"], row["basis"]) == ("alb/hour", 0.0225, "hour", "observed")


def test_support_show_says_why_a_class_is_refused() -> None:
    result = run(
        "support", "show", "--engine", "aurora-postgresql", "--engine-version", "15.4", "--region", "us-east-1",
        "--format", "csv",
    )  # fmt: skip
    rows = {row["class"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
    assert list(rows["db.t4g.medium"]) == [
        "service", "engine", "engine_version", "class", "region", "supported", "reason",
    ]  # fmt: skip
    assert rows["db.t4g.medium"]["supported"] == "False"
    assert rows["db.t4g.medium"]["reason"] == "db.t4g.medium is burstable, which Aurora Global Database refuses"
    assert rows["db.r6g.large"]["supported"] == "True"
    assert rows["db.serverless"]["supported"] == "True"


def test_support_show_without_a_version_judges_each_line_at_its_oldest_legal_one() -> None:
    result = run("support", "show", "--engine", "redis", "--region", "eu-west-1", "--format", "csv")
    versions = {row["engine_version"] for row in csv.DictReader(io.StringIO(result.stdout))}
    assert versions == {"5.0.6"}


def test_compare_table_names_the_choice_and_csv_holds_every_topology() -> None:
    table = run("compare", "small-saas", "--samples", "1000")
    assert table.exit_code == 0
    assert [line for line in table.stdout.splitlines() if line.rstrip().endswith("chosen")][1:], table.stdout
    rows = list(
        csv.DictReader(io.StringIO(run("compare", "small-saas", "--samples", "1000", "--format", "csv").stdout))
    )
    assert sum(row["chosen"] == "True" for row in rows) == 1
    assert {row["strategy"] for row in rows} >= {"single_region", "pilot_light", "active_active"}
    assert any(row["rejected_because"] for row in rows)


def test_json_holds_a_word_where_everything_is_lost() -> None:
    told = run("compare", "small-saas", "--samples", "500", "--format", "json").stdout
    assert "Infinity" not in told
    rows = {row["topology_id"]: row for row in json.loads(told)}
    today = rows["single_region.us-west-2.standard.arm64"]
    assert (today["rpo_p50_s"], today["rpo_p95_s"]) == ("everything", "everything")
    live = rows["hot_standby.us-east-2.standard.arm64"]
    assert 0 < live["rpo_p50_s"] < live["rpo_p95_s"] < 14_400
    # null is what is not known: a topology that is not possible has no figures
    assert any(row["rejected_because"] and row["rpo_p50_s"] is None for row in rows.values())


def test_compare_says_how_much_is_not_observed_and_whether_the_objectives_are_met(
    comparisons: Mapping[str, Comparison],
) -> None:
    for comparison in comparisons.values():
        frame = comparison.best_of_each()
        shown = {option.topology.strategy: option for option in comparison.representatives}
        assert list(frame["not_observed"]) == [
            f"{shown[strategy].bill.share_not_observed:.0%}" for strategy in frame["strategy"]
        ]
        for strategy, objectives in zip(frame["strategy"], frame["objectives"], strict=True):
            assert objectives == ("met" if shown[strategy].meets_objectives else "missed")


def test_init_writes_a_workload_that_is_valid_and_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    assert run("init", str(path)).exit_code == 0
    assert run("compare", str(path), "--samples", "500").exit_code == 0
    path.write_text("mine")
    again = run("init", str(path))
    assert again.exit_code == 2
    assert again.stderr == f"Error: {path} exists: name another file, or remove it first\n"
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("shop.yaml", "shop"),
        ("Web Shop_2.yaml", "web-shop-2"),
        ("-api-.yaml", "api"),
        ("x.yaml", "my-shop"),
        ("2nd-shop.yaml", "my-shop"),
        ("a-name-that-is-longer-than-24.yaml", "my-shop"),
    ],
)
def test_init_names_the_workload_after_its_file_where_that_is_a_name(tmp_path: Path, file: str, name: str) -> None:
    assert run("init", str(tmp_path / file)).exit_code == 0
    assert workload_file.read(tmp_path / file).name == name


def test_schema_is_json_schema() -> None:
    told = json.loads(run("schema").stdout)
    assert told["$schema"].startswith("https://json-schema.org/")
    assert "objectives" in told["properties"]


def test_tfvars_check_names_every_problem_and_exits_1(tmp_path: Path) -> None:
    path = tmp_path / "bad.tfvars"
    path.write_text('name = "Bad Name"\nstrategee = "pilot_light"\n')
    result = run("tfvars", "check", str(path))
    assert result.exit_code == 1
    assert f'{path}, line 1: name is "Bad Name", but it must be' in result.stdout
    assert f"{path}, line 2: strategee is not a variable of the stack. Did you mean strategy?" in result.stdout
    assert f"{path}: primary_region has no value and no default: give a string." in result.stdout
    assert result.stderr == "Found by drkit; Terraform was not asked.\n"


def test_tfvars_check_says_whether_terraform_agrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, comparisons: Mapping[str, Comparison]
) -> None:
    comparison = comparisons["article"]
    path = tmp_path / "good.tfvars"
    path.write_text(stack_values.tfvars_text(comparison, comparison.chosen, "2026-01-01"))
    monkeypatch.setenv("PATH", str(tmp_path))
    told = f"{path} fits the stack: checked by drkit, and not by Terraform, since no Terraform 1.11 or newer is on the PATH"
    assert run("tfvars", "check", str(path)).stdout == f"{told}.\n"
    stack = tmp_path / "stack"
    stack.mkdir()
    (stack / "variables.tf").write_bytes((terraform_dir() / "variables.tf").read_bytes() + b"# edited\n")
    assert run("tfvars", "check", str(path), "--stack", str(stack)).stdout == (
        f"{told}. The validations of this stack were not checked: it differs from drkit's own.\n"
    )
    monkeypatch.setattr(terraform, "refusals", lambda path, stack: [])
    assert (
        run("tfvars", "check", str(path)).stdout == f"{path} fits the stack: checked by drkit, and Terraform agrees.\n"
    )
    monkeypatch.setattr(terraform, "refusals", lambda path, stack: ["good.tfvars, line 1: no."])
    refused = run("tfvars", "check", str(path))
    assert (refused.exit_code, refused.stdout, refused.stderr) == (
        1,
        "good.tfvars, line 1: no.\n",
        "Found by Terraform.\n",
    )


ARTICLE = str(Path(__file__).parents[2] / "data/workloads/article.yaml")

#: Command line, then the sentence on standard error. All exit with 2.
WRONG = [
    (["design", "artcle"], "there is no file 'artcle', and the bundled workloads are article, eu-shop, media-house, payments-br, small-saas; did you mean article?"),
    (["design", "missing.yaml"], "cannot read missing.yaml: No such file or directory"),
    (["design", "article", "-p", "sampels", "5"], "04_design has no parameter 'sampels': did you mean samples?"),
    (["design", "article", "-p", "workload_name", "x"], "04_design has no parameter 'workload_name': did you mean workload?"),
    (["design", "article", "--seed", "one"], "Invalid value for '--seed': 'one' is not a valid integer range."),
    (["design", "article", "--seed", "-1"], "Invalid value for '--seed': -1 is not in the range x>=0."),
    (["compare", "article", "--seed", "-1"], "Invalid value for '--seed': -1 is not in the range x>=0."),
    *(
        (["design", "article", "-p", name, "5"], f"-p {name} is not for `drkit design`: it has an argument or option for that, see --help")
        for name in ("workload", "out_dir", "seed", "samples", "snapshot")
    ),
    (["design", "article", "--samples", "5"], "Invalid value for '--samples': 5 is not in the range 100<=x<=1000000."),
    (["design", "article", "--snapshot", "nowhere"], "no snapshot is called 'nowhere'; known are embedded"),
    (["design"], "Missing argument 'WORKLOAD'."),
    (["compare", "article", "--format", "xml"], "Invalid value for '--format': 'xml' is not one of 'table', 'csv', 'json'."),
    (["prices", "show", "--region", "eu-west-9"], "no price has region 'eu-west-9'; the nearest are eu-west-3, eu-west-2, eu-west-1"),
    (["prices", "show", "--service", "AmazonRSD"], "no price has service 'AmazonRSD'; the nearest are AmazonRDS"),
    (["prices", "show", "--item", "alb/hours"], "no price has item 'alb/hours'; the nearest are alb/hour"),
    (["support", "show", "--region", "mars-1"], "--region is 'mars-1': the snapshot knows what is sold in ap-northeast-1"),
    (["support", "show", "--service", "dynamodb"], "Invalid value for '--service': 'dynamodb' is not one of 'aurora', 'elasticache'."),
    (["support", "show", "--engine", "redis", "--engine-version", "seven"], "'seven' is not an engine version; give numbers such as 15.4"),
    (["tfvars", "check", "missing.tfvars"], "cannot read missing.tfvars: No such file or directory"),
    (["serve", "artcle"], "there is no file 'artcle', and the bundled workloads are article"),
    (["serve", "--host", "0.0.0.0", "--token", ""], "--host 0.0.0.0 lets other machines in, and --token '' asks them for nothing: leave --token out, or serve on 127.0.0.1"),
    (["serve", "--token", "two words"], "--token may have letters, digits, hyphens and low lines, since it stands in an address"),
    (["serve", "--port", "99999"], "Invalid value for '--port': 99999 is not in the range 0<=x<=65535."),
    (["serve", "--theme", "mauve"], "Invalid value for '--theme': 'mauve' is not one of 'light', 'dark'."),
    (["compair"], "No such command 'compair'."),
]  # fmt: skip


@pytest.mark.parametrize(("words", "sentence"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_wrong_input_gets_a_sentence_and_exit_code_2(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_workload_lists_every_error_and_leaves_the_outputs_alone(tmp_path: Path) -> None:
    workload = tmp_path / "bad.yaml"
    workload.write_text(
        Path(ARTICLE).read_text().replace("tasks: 6", "tasks: 0").replace("region: us-east-1", "region: us-east-9")
    )
    out = tmp_path / "out"
    out.mkdir()
    (out / "article.tfvars").write_text("kept")
    result = run("design", str(workload), "--out", str(out))
    assert result.exit_code == 2
    assert "services[0].tasks is 0: give a number of at least 1" in result.stderr
    workload.write_text(Path(ARTICLE).read_text().replace("region: us-east-1", "region: us-east-9"))
    result = run("design", str(workload), "--out", str(out))
    assert result.exit_code == 2
    assert (
        "region: 'us-east-9' is not an AWS region of the snapshot; did you mean us-east-2, us-east-1" in result.stderr
    )
    assert [path.name for path in out.iterdir()] == ["article.tfvars"]
    assert (out / "article.tfvars").read_text() == "kept"


def test_out_that_is_a_file_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("kept")
    result = run("design", "article", "--out", str(target))
    assert result.exit_code == 2
    assert "is a file" in result.stderr
    assert target.read_text() == "kept"


@pytest.mark.parametrize("words", [[], ["catalog", "refresh"], ["prices", "explain"], ["tfvars", "check"], ["init"]])
def test_help_shows_examples_line_by_line(words: list[str]) -> None:
    text = run(*words, "--help").stdout
    assert "\\b" not in text
    example = re.search(r"^ +drkit .*$", text, re.M)
    assert example is not None
    assert example.group().count("drkit ") == 1
