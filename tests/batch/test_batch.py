"""A batch: everything is checked first, what has not changed is kept, and what changed is told and explained."""

from __future__ import annotations

import concurrent.futures
import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import executed
import pytest
from click.testing import CliRunner

from drkit.batch import flips, planning, portfolio, run, runner
from drkit.batch.folder import (
    RECORD,
    close_batch,
    held,
    last_batch,
    last_folder,
    publish,
    read_record,
    run_folder,
    staging,
    write_whole,
)
from drkit.batch.outcome import Batch
from drkit.batch.run import RunResult, RunSpec
from drkit.cli import main
from drkit.errors import DrkitError, ParameterError, WorkloadError
from drkit.files.bundled import data_dir
from drkit.workload import file as workload_file

KNOWN = ("workload", "snapshot", "seed", "samples", "out_dir")


def written(folder: Path, text: str, name: str = "portfolio.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def points(folder: Path, text: str) -> list[portfolio.Point]:
    found, beside = portfolio.read(written(folder, text))
    return portfolio.points(found, beside, dict.fromkeys(KNOWN))


def test_the_bundled_portfolio_has_at_least_sixty_runs() -> None:
    found, folder = portfolio.read(data_dir() / "portfolio.yaml")
    assert len(portfolio.points(found, folder, dict.fromkeys(KNOWN))) >= 60


def test_a_grid_is_every_combination_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = points(tmp_path, "workloads: [article, eu-shop]\ngrid: {rto_s: [null, 900], samples: [2000]}")
    assert [point.name for point in found] == [
        "article,rto_s=as-is,samples=2000",
        "article,rto_s=900,samples=2000",
        "eu-shop,rto_s=as-is,samples=2000",
        "eu-shop,rto_s=900,samples=2000",
    ]
    assert [dict(point.changes) for point in found[:2]] == [{}, {"objectives.rto_s": 900}]
    assert all(point.parameters == {"samples": 2000} for point in found)


@pytest.mark.parametrize(
    ("axis", "value", "changes"),
    [
        ("strategy", "pilot_light", {"objectives.strategies": ["pilot_light"]}),
        ("failover_region", "us-west-2", {"objectives.failover_regions": ["us-west-2"]}),
        ("region", "eu-west-1", {"region": "eu-west-1"}),
        ("budget_usd_per_month", "2500.0", {"objectives.budget_usd_per_month": 2500.0}),
        ("database.instances", "3", {"database.instances": 3}),
        ("residency", "[DE, FR]", {"objectives.residency": ["DE", "FR"]}),
    ],
)
def test_an_axis_sets_what_it_is_called_after(axis: str, value: str, changes: dict[str, Any], tmp_path: Path) -> None:
    (point,) = points(tmp_path, f"workloads: [article]\ngrid: {{{axis}: [{value}]}}")
    assert point.changes == changes


def test_a_region_that_would_fail_over_to_itself_is_left_out_and_told(tmp_path: Path) -> None:
    found = points(tmp_path, "workloads: [article]\ngrid: {failover_region: [us-east-1, us-west-2]}")
    assert [point.skipped for point in found] == ["us-east-1 cannot fail over to itself", ""]


def test_what_is_excluded_is_no_run(tmp_path: Path) -> None:
    found = points(
        tmp_path,
        "workloads: [article, eu-shop]\ngrid: {rto_s: [900, 3600]}\nexclude: [{workload: eu-shop, rto_s: 900}]",
    )
    assert [point.name for point in found] == ["article,rto_s=900", "article,rto_s=3600", "eu-shop,rto_s=3600"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workloads: [article]\ngrid: {rto: [1]}", "nothing to vary called 'rto': did you mean rto_s?"),
        ("workloads: [article]\ngrid: {rto_s: []}", "rto_s is empty: give at least one value"),
        ("workload: [article]", "workload is not a key of a portfolio: did you mean workloads?"),
        ("grid: {rto_s: [1]}", "the portfolio names no workloads"),
        ("workloads: [artcle]", "did you mean article?"),
        ("workloads: [article, article]", "two runs would be called article"),
        ("- article", "a portfolio is a mapping of keys"),
        ("workloads: [article", "is not YAML"),
        ("workloads: [article]\nexclude: [{rto_s: 1}]", "exclude: rto_s is no axis of the grid"),
        ("workloads: [article]\ngrid: {out_dir: [/etc]}", "grid: out_dir is set by the batch itself"),
        ("workloads: [article]\nparameters: {out_dir: /etc}", "parameters: out_dir is set by the batch itself"),
        ("workloads: [article]\ngrid: {region.x: [1]}", "region.x cannot be set: region has no keys below it"),
        ("workloads: [article]\ngrid: {services.0.cpu: [1]}", "services.0.cpu cannot be set: services has no keys"),
        ("workloads: ['...yaml']", "cannot be the name of a run's folder"),
        (f"workloads: ['{'a' * 246}.yaml']\ngrid: {{seed: [1, 12345]}}", "cannot be the name of a run's folder"),
        ("workloads: [broken.yaml]\ngrid: {rto_s: [900]}", "broken.yaml"),
        ("workloads: [words.yaml]\ngrid: {rto_s: [900]}", "words.yaml"),
        ("workloads: [latin.yaml]", "cannot read .*latin.yaml"),
    ],
)
def test_a_wrong_portfolio_is_refused_with_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    article = workload_file.bundled()["article"].read_text(encoding="utf-8")
    for name, content in {
        "...yaml": article,
        "a" * 246 + ".yaml": article,
        "broken.yaml": "a: [",
        "words.yaml": "a",
    }.items():
        written(tmp_path, content, name)
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises((ParameterError, WorkloadError), match=said.replace("?", r"\?")):
        planning.make(written(tmp_path, text), tmp_path / "out")


def test_a_folder_of_workloads_is_a_portfolio(tmp_path: Path) -> None:
    for name in ("article", "eu-shop"):
        written(tmp_path, workload_file.bundled()[name].read_text(encoding="utf-8"), f"{name}.yaml")
    found, folder = portfolio.read(tmp_path)
    assert [point.name for point in portfolio.points(found, folder, dict.fromkeys(KNOWN))] == ["article", "eu-shop"]


def test_a_workload_is_changed_in_the_keys_that_are_set_and_no_other() -> None:
    text = workload_file.bundled()["article"].read_text(encoding="utf-8")
    assert portfolio.changed(text, {}) == text
    before = workload_file.parse(text)
    after = workload_file.parse(portfolio.changed(text, {"objectives.rto_s": 900, "region": "eu-west-1"}))
    objectives = before.objectives.model_copy(update={"rto_s": 900})
    assert after == before.model_copy(update={"objectives": objectives, "region": "eu-west-1"})


def test_every_wrong_run_is_told_before_a_kernel_starts(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "workloads: [article]\nparameters: {samples: many}\ngrid: {rto_s: [900], strategy: [hot, pilot_light]}",
    )
    result = CliRunner().invoke(main, ["batch", str(path), "--out", str(tmp_path / "out"), "--dry-run"])
    assert result.exit_code == 2 and not (tmp_path / "out").exists()
    assert "article,rto_s=900,strategy=hot: " in result.stderr and "objectives.strategies[0] is 'hot'" in result.stderr
    assert "04_design: samples is 'many': give a whole number" in result.stderr
    assert "no run was started" in result.stderr


def test_parameters_of_a_command_line_are_typed_and_their_files_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed.write(tmp_path / "small.ipynb", parameters="given: int = 0\nfile: str = ''")
    source = written(tmp_path, "notebook: small.ipynb")
    written(tmp_path, "1", "drills.csv")
    monkeypatch.chdir(tmp_path)
    plan = planning.make(source, tmp_path / "out", parameters={"given": "7", "file": "drills.csv"})
    assert plan.runs[0].spec.parameters == {"given": 7, "file": str(tmp_path / "drills.csv")}
    before = plan.runs[0].spec.fingerprint["files"]
    written(tmp_path, "2", "drills.csv")
    again = planning.make(source, tmp_path / "out", parameters={"given": "7", "file": "drills.csv"})
    assert again.runs[0].spec.fingerprint["files"] != before


def test_files_that_a_grid_names_are_found_beside_the_portfolio_and_belong_to_the_fingerprint(tmp_path: Path) -> None:
    executed.write(tmp_path / "small.ipynb", parameters="file: str = ''")
    source = written(tmp_path, "notebook: small.ipynb\ngrid: {file: [a.csv, b.csv]}")
    for name in ("a.csv", "b.csv"):
        written(tmp_path, "1", name)
    before = planning.make(source, tmp_path / "out").runs
    assert [planned.spec.name for planned in before] == ["small,file=a.csv", "small,file=b.csv"]
    assert [planned.spec.parameters["file"] for planned in before] == [
        str(tmp_path / name) for name in ("a.csv", "b.csv")
    ]
    written(tmp_path, "2", "b.csv")
    after = planning.make(source, tmp_path / "out").runs
    assert [one.spec.fingerprint == other.spec.fingerprint for one, other in zip(before, after, strict=True)] == [
        True,
        False,
    ]


@pytest.mark.parametrize("name", ["bill.py", "decision/page.html.jinja", "explorer/look.css"])
def test_code_and_templates_of_drkit_belong_to_the_fingerprint(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    monkeypatch.setattr(planning, "__file__", str(tmp_path / "batch/planning.py"))
    digests = []
    for text in ("1", "2", "2"):
        written(tmp_path, text, name)
        digests.append(planning.code_digest.__wrapped__())
    assert digests[0] != digests[1] == digests[2]


class Now(concurrent.futures.Executor):
    """Runs what is submitted at once."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


class Runs:
    """Stands in for the execution of notebooks: leaves what a run would, and remembers what it was asked to run."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.failing: dict[str, str] = {}
        self.choice = "pilot_light.us-west-2"
        self.misses: list[str] = []

    def __call__(self, spec: RunSpec, destination: str, alone: bool = False) -> RunResult:
        self.names.append(spec.name)
        if (error := self.failing.get(spec.name, "")).startswith("dies"):
            raise ChildProcessError(error)
        figures = {
            "topology_id": self.choice,
            "strategy": "pilot_light",
            "failover_region": "us-west-2",
            "monthly_usd": 100.0 * len(self.choice),
        }
        figures |= {"extra_monthly_usd": 1.0, "expected_yearly_loss_usd": 2.0, "not_observed_usd": 0.0}
        figures |= {"meets_objectives": not self.misses, "misses": self.misses}
        figures |= {"rto_at_probability_s": 60.0, "rpo_at_probability_s": 1.0}
        result = RunResult(
            name=spec.name,
            status="failed" if error else "done",
            error=error,
            started="2026-11-25T00:00:00+00:00",
            seconds=1.0,
            fingerprint=dict(spec.fingerprint),
            parameters=dict(spec.parameters),
            axes=dict(spec.axes),
            figures={} if error else figures,
        )
        with staging(destination, spec.name) as folder:
            (folder / RECORD).write_text(result.text(), encoding="utf-8")
            publish(folder, destination, spec.name)
        return result


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    fake = Runs()
    monkeypatch.setattr(runner, "execute", fake)
    return fake


@pytest.fixture
def source(tmp_path: Path) -> Path:
    executed.write(tmp_path / "small.ipynb", "print(given)")
    return written(tmp_path, "notebook: small.ipynb\ngrid: {given: [1, 2, 3]}")


def batch(source: Path, out: Path, **options: Any) -> Batch:
    return runner.run(planning.make(source, out, **options), out, Now)


def test_what_has_not_changed_is_not_run_again(source: Path, runs: Runs, tmp_path: Path) -> None:
    first = batch(source, tmp_path / "out")
    assert first.succeeded and runs.names == ["small,given=1", "small,given=2", "small,given=3"]
    written(tmp_path, "notebook: small.ipynb\ngrid: {given: [1, 2, 3, 4]}")
    second = batch(source, tmp_path / "out")
    assert second.ran == ("small,given=4",) and list(second.records) == [*first.records, "small,given=4"]


@pytest.mark.parametrize("part", ["notebook", "parameters", "drkit", "workload", "snapshot"])
def test_a_run_is_due_again_when_what_it_rests_on_changes(part: str, source: Path, runs: Runs, tmp_path: Path) -> None:
    plan = planning.make(source, tmp_path / "out")
    runner.run(plan, tmp_path / "out", Now)
    spec = plan.runs[0].spec
    changed = replace(spec, fingerprint={**spec.fingerprint, part: "another"})
    planned = planning._planned(changed, tmp_path / "out", False)
    assert (planned.due, planned.why) == (True, f"{part} changed")
    assert planning._planned(spec, tmp_path / "out", False).why == "unchanged"
    # What the last run rested on and this one does not, such as a file that is gone, is a change too.
    less = {name: digest for name, digest in spec.fingerprint.items() if name != part}
    if less != spec.fingerprint:
        assert planning._planned(replace(spec, fingerprint=less), tmp_path / "out", False).why == f"{part} changed"


def test_a_failed_run_stops_no_other_and_is_run_again_on_request(source: Path, runs: Runs, tmp_path: Path) -> None:
    runs.failing["small,given=2"] = "cell 1 failed: ValueError: no"
    first = batch(source, tmp_path / "out")
    assert first.failed == ["small,given=2"] and len(first.records) == 3 and not first.succeeded
    runs.failing.clear()
    assert batch(source, tmp_path / "out").ran == ()
    again = batch(source, tmp_path / "out", retry_failed=True)
    assert again.ran == ("small,given=2",) and again.succeeded


def test_a_run_whose_process_dies_is_begun_once_more(source: Path, runs: Runs, tmp_path: Path) -> None:
    runs.failing["small,given=2"] = "dies"
    done = batch(source, tmp_path / "out")
    assert runs.names.count("small,given=2") == 2 and done.failed == ["small,given=2"]
    assert done.records["small,given=2"]["error"] == "its process died 2 times: dies"
    told = read_record(run_folder(tmp_path / "out", "small,given=2"))
    assert told is not None and told["status"] == "failed"


def test_the_table_has_a_row_a_run_in_the_order_of_the_portfolio(source: Path, runs: Runs, tmp_path: Path) -> None:
    runs.failing["small,given=2"] = "cell 1 failed: ValueError: no"
    batch(source, tmp_path / "out")
    with (tmp_path / "out/portfolio.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["run"], row["given"], row["status"], row["monthly_usd"], row["error"]) for row in rows] == [
        ("small,given=1", "1", "done", "2100", ""),
        ("small,given=2", "2", "failed", "", "cell 1 failed: ValueError: no"),
        ("small,given=3", "3", "done", "2100", ""),
    ]
    page = (tmp_path / "out/index.html").read_text(encoding="utf-8")
    assert "cell 1 failed: ValueError: no" in page and 'href="runs/small%2Cgiven%3D1/small.html"' in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_page_says_which_objective_a_choice_misses(source: Path, runs: Runs, tmp_path: Path) -> None:
    runs.misses = ["misses the RTO of 15 min"]
    batch(source, tmp_path / "out")
    page = (tmp_path / "out/index.html").read_text(encoding="utf-8")
    assert page.count('<td><span class="missed">misses the RTO of 15 min</span></td>') == 3


def test_two_batches_at_once_in_one_folder_are_refused(source: Path, runs: Runs, tmp_path: Path) -> None:
    plan = planning.make(source, tmp_path / "out")
    with held(tmp_path / "out"), pytest.raises(DrkitError, match=r"process \d+ runs a batch into"):
        runner.run(plan, tmp_path / "out", Now)


def test_a_cluster_is_let_go_of_when_another_batch_holds_the_folder(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Now()
    ended: list[bool] = []
    monkeypatch.setattr(cluster, "shutdown", lambda *_, **__: ended.append(True))
    monkeypatch.setattr("drkit.cli.batch._connected", lambda *_: cluster)
    asked = ["batch", str(source), "--out", str(tmp_path / "out"), "--scheduler", "tcp://127.0.0.1:1"]
    with held(tmp_path / "out"):
        done = CliRunner().invoke(main, asked)
    assert (done.exit_code, ended) == (1, [True]) and "runs a batch into" in done.stderr


def test_the_seam_for_clusters_pickles(source: Path, tmp_path: Path) -> None:
    import pickle

    spec = planning.make(source, tmp_path / "out").runs[0].spec
    assert pickle.loads(pickle.dumps((run.execute, spec))) == (run.execute, spec)


def test_choices_that_flipped_are_told_with_both_choices(source: Path, runs: Runs, tmp_path: Path) -> None:
    batch(source, tmp_path / "out")
    executed.write(tmp_path / "small.ipynb", "print(given, 'again')")
    runs.choice = "warm_standby.us-west-2"
    batch(source, tmp_path / "out")
    page = (tmp_path / "out/index.html").read_text(encoding="utf-8")
    assert "3 of 3 choices flipped" in page
    assert "6,600.00 USD a month, 6,300.00 USD before" in " ".join(page.split())
    assert "<td>notebook</td>" in page
    assert batch(source, tmp_path / "out").ran == ()
    assert "0 of 3 choices flipped" in (tmp_path / "out/index.html").read_text(encoding="utf-8")


def test_a_batch_planned_while_another_was_at_work_does_not_repeat_its_runs(
    source: Path, runs: Runs, tmp_path: Path
) -> None:
    early = planning.make(source, tmp_path / "out")
    batch(source, tmp_path / "out")
    done = runner.run(early, tmp_path / "out", Now)
    assert len(early.due) == 3 and done.ran == () and done.succeeded
    assert runs.names == ["small,given=1", "small,given=2", "small,given=3"]


def test_runs_that_left_the_portfolio_are_listed_and_stay(source: Path, runs: Runs, tmp_path: Path) -> None:
    batch(source, tmp_path / "out")
    gone = run_folder(tmp_path / "out", "small,given=2")
    (gone / "small.html").write_text("<p>2", encoding="utf-8")
    assert "No longer in the portfolio" not in (tmp_path / "out/index.html").read_text(encoding="utf-8")
    written(tmp_path, "notebook: small.ipynb\ngrid: {given: [1, 3]}")
    batch(source, tmp_path / "out")
    page = (tmp_path / "out/index.html").read_text(encoding="utf-8")
    listed = page.partition("No longer in the portfolio")[2]
    assert "1 run of portfolios before this one is still" in listed
    assert '<li><a href="runs/small%2Cgiven%3D2/small.html">small,given=2</a>: done, 2026-11-25</li>' in listed
    assert listed.count("<li>") == 1 and gone.is_dir()


def test_a_kill_while_the_last_runs_are_removed_leaves_none_for_the_next_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left(last_folder(tmp_path, "x"), "old,100,True,,\n", {})
    monkeypatch.setattr("drkit.batch.folder.shutil.rmtree", lambda *_, **__: None)
    close_batch(tmp_path, record("new"))
    monkeypatch.undo()
    assert last_batch(tmp_path) == record("new") and not last_folder(tmp_path, "x").exists()
    with held(tmp_path):
        pass
    assert sorted(path.name for path in (tmp_path / ".drkit").iterdir()) == ["last.json", "lock"]


def test_a_kill_while_the_result_is_written_leaves_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(Path, "replace", kill)
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    with pytest.raises(Killed):
        write_whole(tmp_path, "portfolio.csv", "run\n")
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == [".drkit"]
    with held(tmp_path):
        assert sorted(path.name for path in (tmp_path / ".drkit").iterdir()) == ["lock", "shared"]


def test_files_of_a_run_in_between_explain_no_flip(tmp_path: Path) -> None:
    old, new = last_folder(tmp_path, "x"), run_folder(tmp_path, "x")
    left(old, "new,110,True,dearer,\n", {})
    left(new, "new,90,True,,\nold,100,False,costs more,\n", {})
    asked = record("old", notebook="1"), record("new", notebook="3")
    (old / RECORD).write_text(json.dumps(record("old", notebook="1")["x"]), encoding="utf-8")
    assert len(flips.since(*asked, tmp_path).flips[0].why) == 2
    (old / RECORD).write_text(json.dumps(record("new", notebook="2")["x"]), encoding="utf-8")
    assert flips.since(*asked, tmp_path).flips[0].why == ("old: costs more",)


OPTION = "topology_id,monthly_usd,meets_objectives,not_chosen_because,rejected_because\n"


def left(folder: Path, options: str, files: dict[str, str], workload: str = "region: us-east-1\n") -> None:
    folder.mkdir(parents=True)
    (folder / "comparison.csv").write_text(OPTION + options, encoding="utf-8")
    (folder / "summary.json").write_text(json.dumps({"snapshot": {"files": files}}), encoding="utf-8")
    (folder / "workload.yaml").write_text(workload, encoding="utf-8")


@pytest.mark.parametrize(
    ("now", "files", "causes", "said"),
    [
        (
            "old,120,True,costs 10.00 USD a month more than the choice,\nnew,110,True,,\n",
            {"prices.csv": "b", "support_rules.csv": "a"},
            ("price",),
            "old: costs 10.00 USD a month more than the choice (100.00 USD a month before, 120.00 now)",
        ),
        (
            "new,110,True,,\nold,,,,AWS does not offer it there\n",
            {"prices.csv": "a", "support_rules.csv": "b"},
            ("rules",),
            "old is no longer possible: AWS does not offer it there",
        ),
        (
            "new,110,True,,\n",
            {"prices.csv": "b", "support_rules.csv": "b", "recovery_steps.csv": "b"},
            ("price", "recovery times", "rules"),
            "old is no longer among the topologies",
        ),
    ],
)
def test_a_flip_names_price_or_rules_as_its_cause(
    now: str, files: dict[str, str], causes: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    before = {"prices.csv": "a", "support_rules.csv": "a", "recovery_steps.csv": "a"}
    left(last_folder(tmp_path, "x"), "old,100,True,,\nnew,110,True,dearer,\n", before)
    left(run_folder(tmp_path, "x"), now, before | files)
    (flip,) = flips.since(record("old", snapshot="1"), record("new", snapshot="2"), tmp_path).flips
    assert (flip.causes, flip.why[0]) == (causes, said)


def test_a_flip_names_the_keys_of_the_workload_that_changed(tmp_path: Path) -> None:
    option = "old,100,True,,\nnew,110,True,dearer,\n"
    left(last_folder(tmp_path, "x"), option, {}, "region: us-east-1\nobjectives: {rto_s: 3600}\n")
    left(run_folder(tmp_path, "x"), "new,110,True,,\nold,100,False,misses the RTO,\n", {},
         "region: us-east-1\nobjectives: {rto_s: 900}\n")  # fmt: skip
    (flip,) = flips.since(record("old", workload="1"), record("new", workload="2"), tmp_path).flips
    assert flip.causes == ("workload",)
    assert flip.why == (
        "old: misses the RTO",
        "new was not chosen before: dearer",
        "objectives.rto_s: 3600 before, 900 now",
    )


def record(choice: str, **fingerprint: str) -> dict[str, dict[str, Any]]:
    figures = {"topology_id": choice, "strategy": choice, "monthly_usd": 1.0, "snapshot_date": "2026-11-23"}
    return {"x": {"status": "done", "fingerprint": fingerprint, "parameters": {}, "figures": figures}}
