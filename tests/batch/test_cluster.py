"""Batches on a Dask cluster of several processes: what dies there is repeated, what is refused is told."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dask_cluster
import executed
import psutil
import pytest
from dask_cluster import DaskCluster, until
from emulator.server import Emulator

import drkit

pytestmark = pytest.mark.slow

ROOT = Path(drkit.__file__).parents[1]
#: Tells in a file which run was begun, in the process of which worker.
BEGIN = """
import os, pathlib, psutil, time
above = psutil.Process().parents()
# Dask's command is the worker itself, or the nanny whose child it is.
worker = above[next((at for at, process in enumerate(above) if "dask" in process.cmdline()), nanny) - nanny].pid
with open(f"{ledger}/ledger", "a") as file:  # a folder: a file that a parameter names is an input of its run
    file.write(f"{given} {worker} {os.getpid()}\\n")
"""
PARAMETERS = 'given: int = 0\nledger: str = ""\nnap: float = 0.5\nnanny: int = 0\nsnapshot: str = ""'


def portfolio(
    folder: Path, runs: int, *cells: str, nap: float = 0.5, nanny: int = 0, snapshot: Path | str = ""
) -> Path:
    """A portfolio of small runs that tell when they begin."""
    folder.mkdir(exist_ok=True)
    executed.write(folder / "small.ipynb", BEGIN, *cells, "time.sleep(nap)", parameters=PARAMETERS)
    path = folder / "portfolio.yaml"
    path.write_text(
        f"notebook: small.ipynb\n"
        f"parameters: {{ledger: {folder}, nap: {nap}, nanny: {nanny}, snapshot: '{snapshot}'}}\n"
        f"grid: {{given: {list(range(1, runs + 1))}}}\n",
        encoding="utf-8",
    )
    return path


def begun(folder: Path) -> list[tuple[int, int, int]]:
    """Runs that were begun, each with the processes of its worker and its kernel."""
    ledger = folder / "ledger"
    lines = ledger.read_text(encoding="utf-8").splitlines() if ledger.is_file() else []
    words = [line.split() for line in lines]
    return [(int(run), int(worker), int(kernel)) for run, worker, kernel in words]


def started(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "drkit.cli", "batch", *map(str, arguments)],
        # Python looks for drkit in the folder it is started in first.
        cwd=Path(str(arguments[0])).parent,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code, and all it said."""
    out, err = process.communicate(timeout=240)
    assert "Traceback" not in out + err, err
    return process.returncode, out + err


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    from emulator.server import running

    with running(tmp_path_factory.mktemp("store") / "server.log") as aws:
        aws.client("s3", "us-east-1").create_bucket(Bucket="portfolios")
        yield aws


@pytest.fixture(scope="module")
def credentials(store: Emulator) -> dict[str, str]:
    return {**store.environment(), "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    # Its workers have no credentials: what they ran comes back, and the batch writes it to the store.
    with dask_cluster.running(tmp_path_factory.mktemp("dask") / "cluster", 3) as made:
        yield made


def objects(store: Emulator, prefix: str) -> dict[str, bytes]:
    s3 = store.client("s3", "us-east-1")
    found = s3.list_objects_v2(Bucket="portfolios", Prefix=prefix).get("Contents", [])
    return {
        entry["Key"].removeprefix(prefix): s3.get_object(Bucket="portfolios", Key=entry["Key"])["Body"].read()
        for entry in found
    }


def test_a_worker_that_is_killed_loses_only_its_run_which_is_repeated_and_s3_has_each_once(
    cluster: DaskCluster, store: Emulator, credentials: dict[str, str], tmp_path: Path
) -> None:
    # A worker elsewhere has no snapshot of this machine: it gets one.
    snapshot = shutil.copytree(ROOT / "data/snapshot", tmp_path / "snapshot")
    source = portfolio(
        tmp_path,
        9,
        "import drkit\nassert 'drkit-run-' in snapshot, snapshot\nlen(drkit.Catalog.load(snapshot).snapshot.tables)",
        nap=1.0,
        snapshot=snapshot,
    )
    out = "s3://portfolios/killed"
    batch = started(source, "--out", out, "--scheduler", cluster.address, **credentials)
    until(lambda: len(begun(tmp_path)) >= 4 or batch.poll() is not None)
    run, worker, _ = begun(tmp_path)[-1]
    cluster.kill(worker)
    code, said = ended(batch)
    assert code == 0, said
    assert "9 of 9 runs have a result, 0 failed, 0 not run; 9 ran now" in said
    there = objects(store, "killed/")
    assert [(row["run"], row["status"]) for row in rows(there["portfolio.csv"].decode())] == [
        (f"small,given={given}", "done") for given in range(1, 10)
    ]
    assert sorted(path for path in there if path.endswith("run.json")) == [
        f"runs/small,given={given}/run.json" for given in range(1, 10)
    ]
    assert json.loads(there["runs/small,given=1/run.json"])["parameters"]["snapshot"] == str(snapshot)
    assert b"small%2Cgiven%3D9/small.html" in there["index.html"]
    assert {"small.ipynb", "small.html", "run.log", "run.json"} == {
        path.rpartition("/")[2] for path in there if path.startswith(f"runs/small,given={run}/")
    }
    counts = [given for given, *_ in begun(tmp_path)]
    assert counts.count(run) == 2 and sorted(set(counts)) == list(range(1, 10)) and len(counts) == 10

    # The next batch goes on from what S3 has: by itself nothing is due, and of one that was cut short, that one.
    store.client("s3", "us-east-1").delete_object(Bucket="portfolios", Key="killed/runs/small,given=3/run.json")
    code, said = ended(started(source, "--out", out, "--scheduler", cluster.address, **credentials))
    assert code == 0 and "9 of 9 runs have a result, 0 failed, 0 not run; 1 ran now" in said, said
    assert [given for given, *_ in begun(tmp_path)][10:] == [3]


def test_another_code_of_drkit_on_the_workers_is_refused_before_the_first_run(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    source = portfolio(tmp_path / "runs", 1)
    for name in ("drkit", "data", "notebooks", "terraform"):
        ignored = shutil.ignore_patterns("__pycache__", ".terraform*")
        shutil.copytree(ROOT / name, tmp_path / "other" / name, ignore=ignored)
    with (tmp_path / "other/drkit/words.py").open("a", encoding="utf-8") as file:
        file.write("# another\n")
    code, said = ended(
        started(source, "--out", tmp_path / "out", "--scheduler", cluster.address, PYTHONPATH=str(tmp_path / "other"))
    )
    assert code == 2 and "use one image with the same versions for all; no run was started" in said, said
    assert re.search(r"worker tcp://127\.0\.0\.1:\d+ has Python .*, drkit ", said), said
    assert begun(tmp_path / "runs") == [] and not (tmp_path / "out").exists()


def test_ctrl_c_ends_what_is_at_work_on_the_cluster_and_keeps_what_has_ended(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    source = portfolio(tmp_path, 6, "if given > 1:\n    time.sleep(600)")
    batch = started(source, "--out", tmp_path / "out", "--scheduler", cluster.address)
    until(lambda: (tmp_path / "out/runs/small,given=1/run.json").is_file() or batch.poll() is not None)
    until(lambda: len(begun(tmp_path)) >= 3 or batch.poll() is not None)
    batch.send_signal(signal.SIGINT)
    code, said = ended(batch)
    assert code == 130 and "1 of 6 runs have a result" in said, said
    assert [row["status"] for row in rows((tmp_path / "out/portfolio.csv").read_text(encoding="utf-8"))] == [
        "done", *["not run"] * 5
    ]  # fmt: skip
    # What was asleep for minutes is gone from the workers.
    until(lambda: not any(psutil.pid_exists(kernel) for _, _, kernel in begun(tmp_path)))


def test_runs_of_a_batch_that_was_killed_end_on_the_cluster(cluster: DaskCluster, tmp_path: Path) -> None:
    source = portfolio(tmp_path, 2, "time.sleep(600)")
    batch = started(source, "--out", tmp_path / "out", "--scheduler", cluster.address)
    until(lambda: len(begun(tmp_path)) >= 2 or batch.poll() is not None)
    kernels = [kernel for _, _, kernel in begun(tmp_path)]
    assert all(psutil.pid_exists(kernel) for kernel in kernels)
    batch.kill()
    batch.communicate()
    until(lambda: not any(psutil.pid_exists(kernel) for kernel in kernels))


def test_a_batch_whose_scheduler_is_lost_says_so_and_a_rerun_completes_it(tmp_path: Path) -> None:
    source = portfolio(tmp_path, 4, "if given > 1 and not pathlib.Path(ledger, 'go').exists():\n    time.sleep(600)")
    out = tmp_path / "out"
    with dask_cluster.running(tmp_path / "dask", 1) as cluster:
        batch = started(source, "--out", out, "--scheduler", cluster.address)
        until(lambda: (out / "runs/small,given=1/run.json").is_file() or batch.poll() is not None)
        cluster.kill(cluster.scheduler.pid)
        code, said = ended(batch)
    assert code == 1 and f"the scheduler at {cluster.address} is lost" in said and "run the same command again" in said
    statuses = [row["status"] for row in rows((out / "portfolio.csv").read_text(encoding="utf-8"))]
    assert statuses == ["done", "not run", "not run", "not run"]
    (tmp_path / "go").touch()
    # It goes on without a cluster: what has ended there is not begun again.
    code, said = ended(started(source, "--out", out))
    assert code == 0 and "4 of 4 runs have a result, 0 failed, 0 not run; 3 ran now" in said, said
    assert [given for given, *_ in begun(tmp_path)].count(1) == 1


def test_a_run_that_kills_its_workers_fails_with_the_reason_and_takes_no_other_along(tmp_path: Path) -> None:
    source = portfolio(tmp_path, 4, "if given == 2:\n    os.kill(worker, 9)", nanny=1)
    once = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with dask_cluster.running(tmp_path / "dask", 1, once, restart=True) as cluster:
        code, said = ended(started(source, "--out", tmp_path / "out", "--scheduler", cluster.address))
    assert code == 1 and "1 failed" in said, said
    told = {row["given"]: row for row in rows((tmp_path / "out/portfolio.csv").read_text(encoding="utf-8"))}
    assert [told[str(given)]["status"] for given in range(1, 5)] == ["done", "failed", "done", "done"]
    assert "its process died 2 times: 1 workers died while they ran it" in told["2"]["error"]
    assert "it may need more memory" in told["2"]["error"]
