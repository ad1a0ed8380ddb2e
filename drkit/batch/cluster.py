"""Runs on the workers of a Dask cluster: the scheduler's address is all that is needed.

Workers share no disk with this machine: notebook and workload travel with the run, a snapshot of the user's cache goes
to each worker once, and the files of a run come back with its result. Dask repeats the runs of a worker that died on
the others, and gives up a run that took several workers with it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import sys
import tempfile
from concurrent.futures import CancelledError, Executor, Future, wait
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.batch import workers
from drkit.batch.folder import RECORD, publish, run_folder, staging
from drkit.batch.planning import code_digest
from drkit.batch.workers import StoppedError
from drkit.errors import DrkitError, ParameterError
from drkit.facts.cache import EMBEDDED
from drkit.files.bundled import data_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drkit.batch.run import RunResult, RunSpec

    Files = Mapping[str, bytes]

#: How long a scheduler has to answer [s].
ANSWERS_WITHIN_S = 10.0
#: How often a worker looks whether its run is still wanted [s].
_LOOKS_EVERY_S = 0.5


class Cluster(Executor):
    """Executes runs on the workers of a Dask cluster, and brings their folders back.

    Parameters
    ----------
    address
        Of the scheduler: ``tcp://HOST:PORT``, ``tls://HOST:PORT``; certificates come from Dask's configuration.
    answers_within_s
        How long it has to answer [s].

    Raises
    ------
    ParameterError
        When Dask is not installed, no scheduler answers, or workers run other versions than this machine.
    """

    def __init__(self, address: str, answers_within_s: float = ANSWERS_WITHIN_S) -> None:
        self.address = address
        self._client = _client(address, answers_within_s)
        self._executor = self._client.get_executor(pure=False)
        self._snapshots: dict[str, Any] = {}
        try:
            _check_versions(self._client)
        except BaseException:
            self.shutdown()
            raise

    @property
    def workers(self) -> tuple[int, int]:
        """How many workers there are now, and how many runs they take at a time."""
        threads = self._client.nthreads()
        return len(threads), sum(threads.values())

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        """Queue a run: the function, the run, and the folder of this machine that the run's folder appears in."""
        spec, destination = args[0], args[1]
        ended: Future[Any] = Future()
        try:
            run = self._executor.submit(_on_worker, fn, spec, self._snapshot(spec), identity())
        except Exception as error:
            # A client that has lost its scheduler answers in many ways.
            raise self._lost(error) from error
        run.add_done_callback(partial(self._arrived, ended, spec, destination))
        return ended

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the cluster; with ``cancel_futures`` drop what waits there, and end what is at work."""
        # Whatever a cluster that is gone answers, there is nothing left to stop on it.
        with contextlib.suppress(Exception):
            if self._client.status == "running":
                self._executor.shutdown(wait=wait and not cancel_futures)
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)

    def _snapshot(self, spec: RunSpec) -> Any:
        """The snapshot of a run as the cluster has it, sent when first needed; None for the one that drkit has."""
        folder = spec.parameters.get("snapshot", EMBEDDED)
        if folder == EMBEDDED:
            return None
        if folder not in self._snapshots:
            # A task that returns it, not scattered data: Dask makes it again when the worker that has it dies.
            self._snapshots[folder] = self._client.submit(dict, _files(Path(folder)), pure=False)
        return self._snapshots[folder]

    def _arrived(self, ended: Future[Any], spec: RunSpec, destination: str, run: Future[Any]) -> None:
        from distributed import KilledWorker

        try:
            result, files = run.result()
            # With the parameters as they are on this machine.
            result = dataclasses.replace(result, parameters=dict(spec.parameters))
            _publish({**files, RECORD: result.text().encode()}, destination, spec.name)
            ended.set_result(result)
        except KilledWorker as error:
            dead = f"{error.allowed_failures + 1} workers died while they ran it, the last {error.last_worker.address}"
            ended.set_exception(ChildProcessError(f"{dead}: it may need more memory than a worker has; see its log"))
        except (ChildProcessError, DrkitError) as error:
            ended.set_exception(error)
        except BaseException as error:
            lost = isinstance(error, CancelledError) or self._client.status != "running"
            failed = DrkitError(f"the worker failed: {type(error).__name__}: {error}")
            ended.set_exception(self._lost(error) if lost else failed)

    def _lost(self, error: BaseException) -> StoppedError:
        return StoppedError(
            f"the scheduler at {self.address} is lost ({str(error) or 'no answer'}): what has ended is kept; run the "
            "same command again when it is back"
        )


def identity() -> str:
    """What must be equal here and on the workers, in words: Python, distributed, and the code and data of drkit."""
    import distributed

    manifest = hashlib.sha256((data_dir() / "snapshot" / "manifest.json").read_bytes()).hexdigest()
    python = ".".join(map(str, sys.version_info[:2]))
    return f"Python {python}, distributed {distributed.__version__}, drkit {code_digest()}.{manifest[:8]}"


def _client(address: str, answers_within_s: float) -> Any:
    try:
        import distributed
        from distributed.comm import get_address_host_port
    except ImportError as error:
        raise ParameterError(
            f"--scheduler needs Dask, which is not installed ({error}): pip install 'drkit[cluster]'"
        ) from error
    # A lost connection is told by a sentence of ours.
    for name in ("distributed", "distributed.client", "distributed.comm", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        # A client that was made with half an address complains when it is let go of.
        get_address_host_port(address)
        return distributed.Client(address, timeout=answers_within_s, set_as_default=False, name="drkit-batch")
    except (OSError, ValueError, TypeError) as error:
        raise ParameterError(
            f"no Dask scheduler answers at {address} within {answers_within_s:g} s: check that it runs, that this "
            f"machine may reach its port, and the form of the address, tcp://HOST:8786 ({str(error).splitlines()[0]})"
        ) from error


def _check_versions(client: Any) -> None:
    """Refuse a cluster on which the same run could come to something else, or could not start."""
    here = identity()
    identities = sorted(client.run(identity, on_error="return").items())
    if others := [f"worker {address} has {there}" for address, there in identities if there != here]:
        more = [f"and {len(others) - 5} more"] if len(others) > 5 else []
        advice = f"this machine has {here}: use one image with the same versions for all; no run was started"
        raise ParameterError("\n".join([*others[:5], *more, advice]))


def _on_worker(
    execute: Callable[..., RunResult], spec: RunSpec, snapshot: Files | None, versions: str
) -> tuple[RunResult, Files]:
    """Run it in a process of its own on this worker, which ends when the run is no longer wanted."""
    from distributed import get_worker
    from distributed.core import Status

    worker = get_worker()
    task = worker.get_current_task()
    if (own := identity()) != versions:
        raise StoppedError(
            f"worker {worker.address} joined with {own}, the batch needs {versions}: give it the image of the others; "
            "what has ended is kept, the same command continues"
        )
    if not spec.memory_bytes and (limit := int(worker.memory_manager.memory_limit or 0)):
        share = max(workers.LEAST_MEMORY, limit // int(worker.state.nthreads))
        spec = dataclasses.replace(spec, memory_bytes=share)
    with tempfile.TemporaryDirectory(prefix="drkit-run-", dir=worker.local_directory) as scratch:
        if snapshot is not None:
            _write(snapshot, Path(scratch, "snapshot"))
            spec = dataclasses.replace(spec, parameters={**spec.parameters, "snapshot": str(Path(scratch, "snapshot"))})
        with workers.local(1) as process:
            run = process.submit(execute, spec, scratch)
            # A run that was cancelled before it began is done, though to wait() it never is.
            while not run.done():
                wait([run], _LOOKS_EVERY_S)
                wanted = worker.state.tasks.get(task)
                closes = worker.status in (Status.closing, Status.closed)
                if closes or wanted is None or wanted.state == "cancelled":
                    process.shutdown(cancel_futures=True)
            return run.result(), _files(run_folder(scratch, spec.name))


def _publish(files: Files, destination: str, name: str) -> None:
    try:
        with staging(destination, name) as folder:
            _write(files, folder)
            publish(folder, destination, name)
    except OSError as error:
        raise DrkitError(f"cannot write to {destination}: {error.strerror or error}") from error


def _files(folder: Path) -> Files:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _write(files: Files, folder: Path) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
