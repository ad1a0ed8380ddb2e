"""A batch in a store: a run is there with its record or not at all, and the next batch goes on from it."""

from __future__ import annotations

import concurrent.futures
import csv
import io
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import pytest
from click.testing import CliRunner

from drkit.batch import cluster, planning, remote, runner, store
from drkit.batch.remote import Remote
from drkit.batch.run import RunResult, execute
from drkit.batch.workers import StoppedError
from drkit.cli import main
from drkit.errors import DrkitError, ParameterError

PLACE = "memory://bucket/nightly"


@pytest.fixture
def files() -> Iterator[Any]:
    memory = fsspec.filesystem("memory")
    yield memory
    memory.store.clear()


def left(folder: Path, **texts: str) -> Path:
    """A run's folder with its record and these files."""
    folder.mkdir(parents=True)
    for name, text in {store.RECORD: json.dumps({"status": "done", "of": folder.parent.name}), **texts}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def found(files: Any) -> dict[str, str]:
    return {path.removeprefix("/bucket/nightly/"): files.cat(path).decode() for path in files.find("/bucket/nightly")}


def test_a_run_is_written_with_its_record_last_and_read_with_what_a_batch_reads(files: Any, tmp_path: Path) -> None:
    Remote(PLACE).publish(left(tmp_path / "new/x", **{"bill.csv": "a", "comparison.csv": "b"}), "x")
    assert list(found(files)) == ["runs/x/bill.csv", "runs/x/comparison.csv", "runs/x/run.json"]
    with remote.opened(PLACE) as view:
        folder = store.run_folder(view.folder, "x")
        assert store.record(folder) == {"status": "done", "of": "new"}
        assert (folder / "comparison.csv").read_text(encoding="utf-8") == "b"
        assert (folder / "bill.csv").read_text(encoding="utf-8") == ""


def test_a_run_that_broke_off_while_it_was_written_is_no_run(
    files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Remote(PLACE).publish(left(tmp_path / "old/x", **{"bill.csv": "old"}), "x")

    def breaks(*_: Any, **__: Any) -> None:
        raise ConnectionError("the line went dead")

    half = Remote(PLACE)
    monkeypatch.setattr(half._files, "put", breaks)
    with pytest.raises(DrkitError, match=f"{PLACE} cannot be reached .* the line went dead"):
        half.publish(left(tmp_path / "new/x", **{"bill.csv": "new"}), "x")
    monkeypatch.undo()
    with remote.opened(PLACE) as view:
        assert store.record(store.run_folder(view.folder, "x")) is None
        # What the last batch chose is still known.
        assert store.record(store.last_folder(view.folder, "x")) == {"status": "done", "of": "old"}


def test_a_run_that_is_replaced_leaves_nothing_behind_but_what_the_next_batch_compares(
    files: Any, tmp_path: Path
) -> None:
    place = Remote(PLACE)
    place.publish(left(tmp_path / "old/x", **{"other.tfvars": "1", "summary.json": "old"}), "x")
    place.publish(left(tmp_path / "new/x", **{"summary.json": "new"}), "x")
    place.publish(left(tmp_path / "newer/x", **{"summary.json": "newer"}), "x")
    there = found(files)
    assert sorted(there) == [
        ".drkit/last/x/run.json",
        ".drkit/last/x/summary.json",
        "runs/x/run.json",
        "runs/x/summary.json",
    ]
    assert (there[".drkit/last/x/summary.json"], there["runs/x/summary.json"]) == ("old", "newer")
    place.conclude(tmp_path)
    assert sorted(found(files)) == ["runs/x/run.json", "runs/x/summary.json"]


def test_new_choices_are_not_told_of_before_the_files_of_the_last_are_gone(
    files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Remote(PLACE)
    for batch in ("old", "new"):
        place.publish(left(tmp_path / batch / "x", **{"summary.json": batch}), "x")
    store.close_batch(tmp_path, {})

    def breaks(*_: Any) -> None:
        raise ConnectionError("the line went dead")

    monkeypatch.setattr(place._files, "rm_file", breaks)
    with pytest.raises(DrkitError, match="the line went dead"):
        place.conclude(tmp_path)
    assert ".drkit/last.json" not in found(files)
    monkeypatch.undo()
    place.conclude(tmp_path)
    assert sorted(found(files)) == [".drkit/last.json", "runs/x/run.json", "runs/x/summary.json"]


def test_the_record_of_a_run_that_could_write_none_is_written_with_the_result(files: Any, tmp_path: Path) -> None:
    with remote.opened(PLACE) as view:
        left(store.run_folder(view.folder, "lost"))
        (view.folder / "portfolio.csv").write_text("run\n", encoding="utf-8")
        view.conclude()
    assert sorted(found(files)) == ["portfolio.csv", "runs/lost/run.json"]


class Now(concurrent.futures.Executor):
    """Leaves the folder of a run that is submitted at once."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        spec, destination = args[0], args[1]
        result = RunResult(
            spec.name, "done", "", "2026-11-25T00:00:00+00:00", 1.0,
            dict(spec.fingerprint), dict(spec.parameters), dict(spec.axes), {},
        )  # fmt: skip
        with store.staging(destination, spec.name) as folder:
            (folder / store.RECORD).write_text(result.text(), encoding="utf-8")
            (folder / "small.html").write_text(f"<p>{spec.parameters['given']}", encoding="utf-8")
            store.publish(folder, destination, spec.name)
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        future.set_result(result)
        return future


def test_a_batch_of_this_machine_goes_on_from_its_store(files: Any, tmp_path: Path) -> None:
    import executed

    executed.write(tmp_path / "small.ipynb", "print(given)")
    source = tmp_path / "portfolio.yaml"
    for grid, ran in (("[1, 2]", 2), ("[1, 2, 3]", 1), ("[1, 2, 3]", 0)):
        source.write_text(f"notebook: small.ipynb\ngrid: {{given: {grid}}}", encoding="utf-8")
        with remote.opened(PLACE) as view:
            plan = planning.make(source, view.folder)
            done = runner.run(plan, view.folder, partial(remote.Uploading, Now(), view))
            view.conclude()
        assert (len(done.ran), done.succeeded) == (ran, True)
    there = found(files)
    assert [row["status"] for row in csv.DictReader(io.StringIO(there["portfolio.csv"]))] == ["done"] * 3
    assert there["runs/small,given=3/small.html"] == "<p>3" and "small%2Cgiven%3D1" in there["index.html"]
    assert sorted(json.loads(there[".drkit/last.json"])["runs"]) == [f"small,given={given}" for given in (1, 2, 3)]


@pytest.mark.parametrize(
    ("module", "options", "said"),
    [
        ("fsspec", ["--out", "s3://bucket/prefix"], "is not installed"),
        ("s3fs", ["--out", "s3://bucket/prefix"], "is not installed"),
        ("distributed", ["--out", "out", "--scheduler", "tcp://127.0.0.1:1"], "--scheduler needs Dask"),
    ],
)
def test_what_is_missing_is_told_with_what_to_install(
    module: str, options: list[str], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import executed

    executed.write(tmp_path / "small.ipynb", "print(given)")
    (tmp_path / "portfolio.yaml").write_text("notebook: small.ipynb\ngrid: {given: [1]}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    result = CliRunner().invoke(main, ["batch", "portfolio.yaml", *options])
    assert (result.exit_code, said in result.stderr) == (2, True), result.output
    assert "pip install 'drkit[cluster]'" in result.stderr and not (tmp_path / "out").exists()


def test_an_unknown_kind_of_store_is_refused() -> None:
    with pytest.raises(ParameterError, match="foo://x is no store that fsspec knows"):
        Remote("foo://x")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://user:hunter2@host/out",
        "ftp://:hunter2@host",
        "simplecache::ftp://user:hun/ter2@host",
        "ftp://u:h@ter2@x/o",
    ],
)
def test_an_address_with_a_password_is_refused_without_telling_it(url: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["batch", str(tmp_path / "portfolio.yaml"), "--out", url])
    assert (result.exit_code, "ter2" in result.output) == (2, False)
    assert "may not hold a password" in result.stderr and "FSSPEC_FTP_PASSWORD" in result.stderr


@pytest.mark.parametrize("url", ["memory://bucket/a:b@c", "memory://container@account/out"])
def test_an_address_without_a_password_is_taken(files: Any, url: str) -> None:
    assert Remote(url).url == url


def test_a_worker_that_may_not_write_to_the_store_is_told_before_the_first_run(files: Any) -> None:
    class Workers:
        """Answers as Dask's client does: by worker, what the function comes to there."""

        def run(self, function: Any, url: str) -> dict[str, str]:
            return {"tcp://10.0.0.1:1": function(url), "tcp://10.0.0.2:1": function("foo://x")}

    with pytest.raises(ParameterError, match=r"worker tcp://10\.0\.0\.2:1: foo://x is no store .*; no run was started"):
        cluster._check_store(Workers(), PLACE)


@pytest.mark.slow
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nothing", "foo://127.0.0.1:1"])
def test_a_scheduler_that_does_not_answer_is_told_with_its_address_and_the_limit(address: str) -> None:
    with pytest.raises(ParameterError, match=f"no Dask scheduler answers at {address} within 0.2 s"):
        cluster.Cluster(address, answers_within_s=0.2)


@pytest.mark.slow
def test_a_worker_that_joins_with_another_drkit_stops_the_batch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import distributed
    import executed

    executed.write(tmp_path / "small.ipynb", "print(given)")
    (tmp_path / "portfolio.yaml").write_text("notebook: small.ipynb\ngrid: {given: [1]}", encoding="utf-8")
    (spec,) = planning.make(tmp_path / "portfolio.yaml", tmp_path / "out").due
    worker = SimpleNamespace(address="tcp://10.0.0.1:1", local_directory=str(tmp_path))
    monkeypatch.setattr(distributed, "get_worker", lambda: worker)
    with pytest.raises(StoppedError, match=r"worker tcp://10\.0\.0\.1:1 joined with drkit .*, the batch runs 9\.9\+0"):
        cluster._on_worker(execute, spec, "", "batch", "9.9+0")
