"""A Dask cluster on loopback: a scheduler and workers, each a process of its own that a test may kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Client

_SECONDS = 120


@dataclass
class DaskCluster:
    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def kill(self, process_id: int) -> None:
        """End one of its processes as the operating system does when memory runs out."""
        assert process_id in [process.pid for process in (self.scheduler, *self.workers)]
        os.kill(process_id, signal.SIGKILL)


@contextmanager
def running(
    folder: Path, workers: int, environment: Mapping[str, str] | None = None, restart: bool = False
) -> Iterator[DaskCluster]:
    """Run a cluster while the block runs; with ``restart`` workers that die are started again by Dask's nannies."""
    folder.mkdir()
    # drkit's own variables in the tests are none of a worker's.
    variables = {**os.environ, **(environment or {}), "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "false"}
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(folder / "scheduler.json")],
                env=variables,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        processes.append(process)
        return process

    try:
        scheduler = start("scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        options = (
            "--nthreads",
            "1",
            "--nanny" if restart else "--no-nanny",
            "--no-dashboard",
            "--local-directory",
            str(folder),
        )
        made = [start(f"worker-{at}", "worker", "--host", "127.0.0.1", *options) for at in range(workers)]
        until(lambda: (folder / "scheduler.json").is_file() and (folder / "scheduler.json").stat().st_size > 0)
        address = json.loads((folder / "scheduler.json").read_text(encoding="utf-8"))["address"]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=_SECONDS)
        yield DaskCluster(address, scheduler, made)
    finally:
        # A nanny that is killed leaves its worker behind, one that is asked to end does not.
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until(true: Callable[[], object], seconds: float = _SECONDS) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.02)
