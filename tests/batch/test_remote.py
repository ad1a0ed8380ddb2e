"""A batch in a store: a run is there with its record or not at all, and the next batch resumes from it."""

from __future__ import annotations

import concurrent.futures
import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import executed
import fsspec
import pytest
from click.testing import CliRunner
from fsspec.implementations.memory import MemoryFileSystem

from drkit.batch import cluster, planning, remote, runner
from drkit.batch.folder import RECORD, close_batch, last_folder, publish, read_record, run_folder, staging
from drkit.batch.outcome import Batch
from drkit.batch.remote import Mirror
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


def run_of(mirror: Mirror, name: str, batch: str, **texts: str) -> None:
    """Leave a run in the mirror as a batch does, and write it to the store."""
    with staging(mirror.folder, name) as staged:
        for file, text in {**texts, RECORD: json.dumps({"status": "done", "batch": batch})}.items():
            (staged / file).write_text(text, encoding="utf-8")
        publish(staged, mirror.folder, name)
    mirror.publish(name)


def found(files: Any) -> dict[str, str]:
    return {path.removeprefix("/bucket/nightly/"): files.cat(path).decode() for path in files.find("/bucket/nightly")}


def breaks(*_: Any, **__: Any) -> None:
    raise ConnectionError("the line went dead")


def test_a_run_is_written_with_its_record_last_and_read_with_what_a_batch_reads(files: Any) -> None:
    with remote.mirrored(PLACE) as mirror:
        run_of(mirror, "x", "new", **{"bill.csv": "a", "comparison.csv": "b"})
    # The store of fsspec in memory lists in the order of writing.
    assert list(files.store)[-1] == "/bucket/nightly/runs/x/run.json"
    assert sorted(found(files)) == ["runs/x/bill.csv", "runs/x/comparison.csv", "runs/x/run.json"]
    with remote.mirrored(PLACE) as mirror:
        run = run_folder(mirror.folder, "x")
        assert read_record(run) == {"status": "done", "batch": "new"}
        assert (run / "comparison.csv").read_text(encoding="utf-8") == "b"
        assert (run / "bill.csv").read_text(encoding="utf-8") == ""


def test_a_run_that_broke_off_while_it_was_written_is_no_run(files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with remote.mirrored(PLACE) as mirror:
        run_of(mirror, "x", "old", **{"bill.csv": "old"})
    write = MemoryFileSystem.put_file

    def breaks_at_a_bill(self: Any, here: str, there: str, **options: Any) -> None:
        breaks() if there.endswith("bill.csv") else write(self, here, there, **options)

    with remote.mirrored(PLACE) as mirror, monkeypatch.context() as broken:
        broken.setattr(MemoryFileSystem, "put_file", breaks_at_a_bill)
        with pytest.raises(DrkitError, match=f"{PLACE} cannot be read or written: the line went dead"):
            run_of(mirror, "x", "new", **{"bill.csv": "new"})
    with remote.mirrored(PLACE) as mirror:
        assert read_record(run_folder(mirror.folder, "x")) is None
        # What the last batch chose is still known.
        assert read_record(last_folder(mirror.folder, "x")) == {"status": "done", "batch": "old"}


def test_a_run_that_is_replaced_leaves_nothing_behind_but_what_the_next_batch_compares(files: Any) -> None:
    for batch, texts in (
        ("old", {"other.tfvars": "1", "summary.json": "old"}),
        ("new", {"summary.json": "new"}),
        ("newer", {"summary.json": "newer"}),
    ):
        with remote.mirrored(PLACE) as mirror:
            run_of(mirror, "x", batch, **texts)
    there = found(files)
    assert sorted(there) == [
        ".drkit/last/x/run.json",
        ".drkit/last/x/summary.json",
        "runs/x/run.json",
        "runs/x/summary.json",
    ]
    assert (there[".drkit/last/x/summary.json"], there["runs/x/summary.json"]) == ("old", "newer")
    with remote.mirrored(PLACE) as mirror:
        close_batch(mirror.folder, {})
        mirror.conclude()
    assert sorted(found(files)) == [".drkit/last.json", "runs/x/run.json", "runs/x/summary.json"]


def test_new_choices_are_not_told_of_before_the_files_of_the_last_are_gone(
    files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with remote.mirrored(PLACE) as mirror:
        for batch in ("old", "new"):
            run_of(mirror, "x", batch, **{"summary.json": batch})
        close_batch(mirror.folder, {})
        with monkeypatch.context() as broken:
            broken.setattr(MemoryFileSystem, "rm", breaks)
            with pytest.raises(DrkitError, match="the line went dead"):
                mirror.conclude()
        assert ".drkit/last.json" not in found(files)
        mirror.conclude()
    assert sorted(found(files)) == [".drkit/last.json", "runs/x/run.json", "runs/x/summary.json"]


class Now(concurrent.futures.Executor):
    """Leaves the folder of a run that is submitted at once, or says that its process died."""

    def __init__(self, dies: str = "") -> None:
        self._dies = dies

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        spec, destination = args[0], args[1]
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        if spec.name == self._dies:
            future.set_exception(ChildProcessError("killed"))
            return future
        result = RunResult(
            name=spec.name,
            status="done",
            error="",
            started="2026-11-25T00:00:00+00:00",
            seconds=1.0,
            fingerprint=dict(spec.fingerprint),
            parameters=dict(spec.parameters),
            axes=dict(spec.axes),
        )
        with staging(destination, spec.name) as folder:
            (folder / RECORD).write_text(result.text(), encoding="utf-8")
            (folder / "small.html").write_text(f"<p>{spec.parameters['given']}", encoding="utf-8")
            publish(folder, destination, spec.name)
        future.set_result(result)
        return future


@pytest.fixture
def batch(tmp_path: Path) -> Callable[..., Batch]:
    """Runs a batch of this machine into the store, with as many small runs as asked for."""
    executed.write(tmp_path / "small.ipynb", "print(given)")
    source = tmp_path / "portfolio.yaml"

    def run(number: int, dies: str = "") -> Batch:
        source.write_text(f"notebook: small.ipynb\ngrid: {{given: {list(range(1, number + 1))}}}", encoding="utf-8")
        with remote.mirrored(PLACE) as mirror:
            return runner.run(planning.make(source, mirror.folder), mirror.folder, lambda: Now(dies), mirror)

    return run


def test_a_batch_of_this_machine_resumes_from_its_store(files: Any, batch: Callable[..., Batch]) -> None:
    for number, ran in ((2, 2), (3, 1), (3, 0)):
        done = batch(number)
        assert (len(done.ran), done.succeeded) == (ran, True)
    there = found(files)
    assert [row["status"] for row in csv.DictReader(io.StringIO(there["portfolio.csv"]))] == ["done"] * 3
    assert there["runs/small,given=3/small.html"] == "<p>3" and "small%2Cgiven%3D1" in there["index.html"]
    assert sorted(json.loads(there[".drkit/last.json"])["runs"]) == [f"small,given={given}" for given in (1, 2, 3)]


def test_a_run_that_could_write_nothing_has_its_record_in_the_store(files: Any, batch: Callable[..., Batch]) -> None:
    done = batch(2, dies="small,given=2")
    assert done.failed == ["small,given=2"]
    record = json.loads(found(files)["runs/small,given=2/run.json"])
    assert (record["status"], record["error"]) == ("failed", "its process died 2 times: killed")


def test_a_run_that_the_store_refuses_has_failed_and_the_next_batch_runs_it_again(
    files: Any, batch: Callable[..., Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = MemoryFileSystem.put_file

    def refuses_the_second(self: Any, here: str, there: str, **options: Any) -> None:
        breaks() if "given=2" in there else write(self, here, there, **options)

    with monkeypatch.context() as broken:
        broken.setattr(MemoryFileSystem, "put_file", refuses_the_second)
        done = batch(3)
    assert done.failed == ["small,given=2"] and len(done.ran) == 3
    assert "cannot be read or written: the line went dead" in done.records["small,given=2"]["error"]
    assert batch(3).ran == ("small,given=2",)


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
    executed.write(tmp_path / "small.ipynb", "print(given)")
    (tmp_path / "portfolio.yaml").write_text("notebook: small.ipynb\ngrid: {given: [1]}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    result = CliRunner().invoke(main, ["batch", "portfolio.yaml", *options])
    assert (result.exit_code, said in result.stderr) == (2, True), result.output
    assert "pip install 'drkit[cluster]'" in result.stderr and not (tmp_path / "out").exists()


def test_an_unknown_kind_of_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="foo://x: fsspec does not know such a store"):
        Mirror("foo://x", tmp_path)


def test_a_store_that_refuses_is_told_before_the_first_run(
    files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise PermissionError("Access Denied")

    executed.write(tmp_path / "small.ipynb", "print(given)")
    (tmp_path / "portfolio.yaml").write_text("notebook: small.ipynb\ngrid: {given: [1]}", encoding="utf-8")
    monkeypatch.setattr(MemoryFileSystem, "pipe_file", refuses)
    result = CliRunner().invoke(main, ["batch", str(tmp_path / "portfolio.yaml"), "--out", PLACE])
    assert result.exit_code == 2 and found(files) == {}
    assert f"{PLACE} cannot be read or written: Access Denied: check that the bucket exists" in result.stderr


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
def test_an_address_without_a_password_is_taken(files: Any, url: str, tmp_path: Path) -> None:
    assert Mirror(url, tmp_path).url == url


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

    executed.write(tmp_path / "small.ipynb", "print(given)")
    (tmp_path / "portfolio.yaml").write_text("notebook: small.ipynb\ngrid: {given: [1]}", encoding="utf-8")
    (spec,) = planning.make(tmp_path / "portfolio.yaml", tmp_path / "out").due
    worker = SimpleNamespace(address="tcp://10.0.0.1:1", get_current_task=lambda: "task")
    monkeypatch.setattr(distributed, "get_worker", lambda: worker)
    with pytest.raises(
        StoppedError, match=r"worker tcp://10\.0\.0\.1:1 joined with Python .*, the batch needs drkit 9\.9"
    ):
        cluster._on_worker(execute, spec, None, "drkit 9.9")


@pytest.mark.slow
def test_a_run_that_nobody_waits_for_any_more_frees_its_worker_before_it_began(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import distributed

    class Busy(concurrent.futures.Executor):
        """Begins nothing; a call that is cancelled is so without anybody being notified, as in a pool of threads."""

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
            self.call: concurrent.futures.Future[Any] = concurrent.futures.Future()
            return self.call

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            if cancel_futures:
                self.call.cancel()

    executed.write(tmp_path / "small.ipynb", "print(given)")
    (tmp_path / "portfolio.yaml").write_text("notebook: small.ipynb\ngrid: {given: [1]}", encoding="utf-8")
    (spec,) = planning.make(tmp_path / "portfolio.yaml", tmp_path / "out").due
    worker = SimpleNamespace(
        get_current_task=lambda: "task",
        local_directory=str(tmp_path),
        memory_manager=SimpleNamespace(memory_limit=None),
        state=SimpleNamespace(tasks={}),
        status=None,
    )
    monkeypatch.setattr(distributed, "get_worker", lambda: worker)
    monkeypatch.setattr(cluster.workers, "local", lambda _: Busy())
    with pytest.raises(concurrent.futures.CancelledError):
        cluster._on_worker(execute, spec, None, cluster.identity())
