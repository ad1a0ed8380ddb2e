"""The main job: notebooks run, outputs agree with each other, a rerun gives the same, a killed run leaves no half."""

from __future__ import annotations

import csv
import hashlib
import html
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import papermill
import pytest
from click.testing import CliRunner

from drkit.cli import main
from drkit.errors import ParameterError
from drkit.files.bundled import notebooks_dir
from drkit.runs import design as designing
from drkit.runs.parameters import check_parameters, typed_parameter
from drkit.tfvars.checks import check
from drkit.workload import file as workload_file

NOTEBOOKS = sorted(notebooks_dir().glob("*.ipynb"))
WORKLOADS = list(workload_file.bundled())
DRKIT = str(Path(sys.executable).parent / "drkit")
FILES = ("bill.csv", "comparison.csv", "summary.json", "design.ipynb", "design.html")


def design(workload: str, out: Path) -> subprocess.CompletedProcess[str]:
    words = [DRKIT, "design", workload, "--out", str(out)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def without_time(folder: Path) -> dict[str, str]:
    """The bytes of every output, the time of the run aside."""
    kept = {}
    for path in sorted(folder.iterdir()):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            notebook = json.loads(text)
            for holder in (notebook, *notebook["cells"]):
                holder["metadata"].pop("execution", None)
                for key in ("start_time", "end_time", "duration"):
                    holder["metadata"].get("papermill", {}).pop(key, None)
            text = json.dumps(notebook)
        kept[path.name] = re.sub(r"# Written by drkit: \d{4}-\d\d-\d\d", "", text)
    return kept


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_committed_without_outputs_and_start_with_their_question(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert re.match(r"# .+\?\n", notebook.cells[0].source)
    (parameters,) = [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    assert all(re.match(r"\w+: (str|int) = .+  # .+", line) for line in parameters.source.splitlines())
    assert not any(re.search(r"^\s*(for .*:|def |class )", cell.source, re.M) for cell in code[:-4])


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS[:3], ids=lambda path: path.stem)
def test_notebook_runs_top_to_bottom(path: Path, tmp_path: Path) -> None:
    executed = papermill.execute_notebook(str(path), str(tmp_path / path.name), cwd=str(tmp_path), progress_bar=False)
    outputs = [output for cell in executed.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.slow
@pytest.mark.parametrize("workload", WORKLOADS)
def test_design_leaves_outputs_that_agree_with_each_other(workload: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = design(workload, out)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == sorted([*FILES, f"{workload}.tfvars"])
    (chosen,) = [row for row in rows(out / "comparison.csv") if row["chosen"] == "True"]
    total = math.fsum(float(line["monthly_usd"]) for line in rows(out / "bill.csv"))
    assert round(total, 2) == float(chosen["monthly_usd"])
    summary = json.loads((out / "summary.json").read_text())
    assert summary["chosen"]["topology_id"] == chosen["topology_id"]
    assert summary["chosen"]["monthly_usd"] == float(chosen["monthly_usd"])
    head = (out / f"{workload}.tfvars").read_text()
    assert f"# Workload: {workload}\n# Choice: {chosen['topology_id']} (" in head
    assert f"# Monthly cost: {float(chosen['monthly_usd']):,.2f} USD" in head
    assert check(out / f"{workload}.tfvars") == []
    page = (out / "design.html").read_text()
    assert "image/png;base64" in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page), "the page loads something from elsewhere"
    notebook = nbformat.read(out / "design.ipynb", as_version=4)
    assert notebook.metadata["papermill"]["output_path"] == "design.ipynb"
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    read_out = [one.metadata["image/png"]["alt"] for one in shown if "image/png" in one.get("data", {})]
    told = re.findall(r'<img alt="([^"]*)"[^>]* src="data:image/png;base64,', page)
    assert [html.unescape(words) for words in told] == read_out != []
    reached = re.findall(r'<div class="[^"]*jp-OutputArea-output[^"]*"[^>]* tabindex="0"', page)
    assert len(reached) == len(shown), "what can be scrolled is reached by the keyboard"
    errors = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs if o.output_type == "error"]
    assert errors == []


@pytest.mark.slow
def test_the_article_is_told_that_nothing_gives_zero_loss(tmp_path: Path) -> None:
    assert design("article", tmp_path / "out").returncode == 0
    page = (tmp_path / "out/design.html").read_text()
    assert "No asynchronous replication gives zero loss in an unplanned failover." in page
    for word in ("Managed RPO of Aurora PostgreSQL", "Planned switchover", "Backups, against corrupted data"):
        assert word in page


@pytest.mark.slow
def test_two_runs_give_the_same_bytes_the_time_of_the_run_aside(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert design("small-saas", tmp_path / name).returncode == 0
    assert without_time(tmp_path / "one") == without_time(tmp_path / "two")


@pytest.mark.slow
def test_a_run_killed_at_any_point_leaves_what_was_there_and_no_half_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    start = time.monotonic()
    assert design("small-saas", out).returncode == 0
    whole = time.monotonic() - start
    before = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}
    for part in (0.1, 0.4, 0.7, 0.95):
        process = subprocess.Popen(
            [DRKIT, "design", "article", "--out", str(out)], stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            process.wait(timeout=part * whole)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            visible = [path for path in out.iterdir() if not path.name.startswith(".")]
            now = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in visible}
            # Either nothing was moved yet, or whole files of the new run took their places.
            assert {name: now[name] for name in before if now[name] != before[name]}.keys() <= {*FILES}
            for path in visible:
                if path.suffix in (".json", ".ipynb"):
                    json.loads(path.read_text())
                assert path.read_text().endswith("\n") or path.suffix == ".html"
    assert design("small-saas", out).returncode == 0
    assert not [path.name for path in out.iterdir() if path.name.startswith(".drkit-")]


def test_an_executed_notebook_tells_no_random_id_and_no_temporary_path(tmp_path: Path) -> None:
    source, target = tmp_path / "zeitweilig ü.ipynb", tmp_path / "out.ipynb"
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    )
    prints = nbformat.v4.new_output("stream", text=f'"input_path": {json.dumps(str(source))}')
    notebook.cells = [nbformat.v4.new_code_cell("given = 1", metadata={"tags": ["parameters"]}, outputs=[prints])]
    nbformat.write(notebook, source)
    made = papermill.execute_notebook(str(source), str(target), parameters={"given": 2}, prepare_only=True)
    stable = designing.with_stable_ids(made, target, "zeit.ipynb")
    assert stable.cells[1].id == "injected-parameters"
    assert {key: stable.metadata.papermill[key] for key in ("input_path", "output_path")} == {
        "input_path": "zeit.ipynb",
        "output_path": "out.ipynb",
    }
    assert stable.cells[0].outputs == [prints]
    assert target.read_text(encoding="utf-8") == nbformat.writes(stable) + "\n"


PARAMETERS = [
    ({"sample": 5}, "04_design has no parameter 'sample': did you mean samples?"),
    ({"workload": 5}, "04_design: workload is 5: give text (bundled workload"),
    ({"seed": "one"}, "04_design: seed is 'one': give a whole number (same seed, same figures)"),
    ({"seed": 1.5}, "04_design: seed is 1.5: give a whole number"),
    ({"samples": True}, "04_design: samples is True: give a whole number"),
    ({"out_dir": None}, "04_design: out_dir is None: give text"),
]


@pytest.mark.parametrize(("given", "sentence"), PARAMETERS, ids=[str(given) for given, _ in PARAMETERS])
def test_unknown_and_ill_typed_parameters_are_refused(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(ParameterError) as caught:
        check_parameters(notebooks_dir() / "04_design.ipynb", given)
    assert sentence in str(caught.value)


def test_all_wrong_parameters_are_told_at_once() -> None:
    with pytest.raises(ParameterError) as caught:
        check_parameters(notebooks_dir() / "04_design.ipynb", {"sample": 5, "seed": "one"})
    assert len(str(caught.value).splitlines()) == 2


def test_parameters_given_as_text_take_the_type_the_notebook_asks_for() -> None:
    notebook = notebooks_dir() / "04_design.ipynb"
    assert typed_parameter(notebook, "seed", "7") == 7
    assert typed_parameter(notebook, "seed", "seven") == "seven"
    assert typed_parameter(notebook, "snapshot", "7") == "7"


WRONG_INPUTS = {
    "no workload": {"workload": "missing.yaml"},
    "no drills": {"drills": "missing.csv"},
    "wrong drills": {"drills": "wrong.csv"},
    "no samples": {"samples": "0"},
    "a negative seed": {"seed": "-1"},
}


@pytest.mark.parametrize("case", WRONG_INPUTS)
def test_wrong_input_of_a_notebook_is_told_before_a_kernel_starts(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(designing, "_execute", lambda *_: pytest.fail("a kernel was started"))
    Path("wrong.csv").write_text("date,step,seconds\n2026-01-01,verfy,10\n")
    arguments = [part for name, text in WRONG_INPUTS[case].items() for part in ("-p", name, text)]
    result = CliRunner().invoke(main, ["run", "03_rpo_rto", *arguments])
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wrong.csv"]
