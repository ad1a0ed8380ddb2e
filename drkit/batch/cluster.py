"""Runs on the workers of a Dask cluster: the cluster is anybody's, the scheduler's address is all that is needed.

A worker has nothing of this machine. Notebook and workload travel with the run, a snapshot of the user's cache once to
each worker; what a run leaves goes to the store straight from the worker, or comes back. Dask repeats the runs of a
worker that died on the others, and gives up a run that took several workers with it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import secrets
import tempfile
import threading
import warnings
from collections import deque
from concurrent.futures import CancelledError, Executor, Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.batch import store
from drkit.batch.planning import code_digest
from drkit.batch.remote import READ, Remote, unpack
from drkit.batch.workers import LEAST_MEMORY, StoppedError
from drkit.errors import DrkitError, ParameterError
from drkit.facts import cache as snapshots
from drkit.files.bundled import data_dir
from drkit.runs import warm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from drkit.batch.remote import View
    from drkit.batch.run import RunResult, RunSpec

#: How long a scheduler has to answer [s].
ANSWERS_WITHIN_S = 10.0
_SNAPSHOTS = "drkit-snapshots"


@dataclasses.dataclass(frozen=True)
class Parcel:
    """A run as it comes back from its worker.

    Parameters
    ----------
    result
        How it ended.
    files
        Contents of its files by path; of those that a batch reads, where the store has all of them.
    names
        Paths of its other files.
    """

    result: RunResult
    files: dict[str, bytes]
    names: list[str]


class Cluster(Executor):
    """Runs each call on a worker of a Dask cluster.

    Parameters
    ----------
    address
        Of the scheduler: ``tcp://HOST:PORT``, ``tls://HOST:PORT``; certificates come from Dask's configuration.
    view
        Of the store that workers write to; None brings the folders of runs back to this machine.

    Raises
    ------
    ParameterError
        When Dask is not installed, no scheduler answers, or workers run other versions than this machine.
    """

    def __init__(self, address: str, view: View | None = None, answers_within_s: float = ANSWERS_WITHIN_S) -> None:
        self.address, self._view = address, view
        self._batch = secrets.token_hex(8)
        self._tries: dict[str, int] = {}
        self._futures: dict[Future[Any], Any] = {}
        self._again: deque[Callable[[], None]] = deque()
        self._lock = threading.RLock()
        self._plugin = ""
        self._client = _client(address, answers_within_s)
        try:
            _check_versions(self._client)
            if view is not None:
                _check_store(self._client, view.remote.url)
        except BaseException:
            self._client.close()
            raise

    @property
    def workers(self) -> tuple[int, int]:
        """How many workers there are now, and how many runs they take at a time."""
        threads = self._client.nthreads()
        return len(threads), sum(threads.values())

    def send_snapshots(self, specs: Iterable[RunSpec]) -> None:
        """Give the workers, those to come too, the snapshots that are not part of drkit."""
        folders = {
            spec.fingerprint["snapshot"]: Path(spec.parameters["snapshot"])
            for spec in specs
            if spec.parameters.get("snapshot", snapshots.EMBEDDED) != snapshots.EMBEDDED
        }
        if not folders:
            return
        self._plugin = f"drkit-{self._batch}"
        sent = {digest: _files(folder) for digest, folder in folders.items()}
        self._client.register_plugin(_snapshots_plugin(sent), name=self._plugin)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        """Queue a run: the function, the run, and the folder of this machine that it appears in."""
        spec, destination = args[0], args[1]
        told: Future[Any] = Future()
        tries = self._tries[spec.name] = self._tries.get(spec.name, -1) + 1
        begin = partial(self._begin, told, fn, spec, destination, tries)
        if not tries:
            begin()
            return told
        with self._lock:
            self._again.append(begin)
        self._begin_again()
        return told

    def _begin(self, told: Future[Any], fn: Callable[..., Any], spec: RunSpec, destination: str, tries: int) -> None:
        url = self._view.remote.url if self._view else ""
        key = f"drkit-{self._batch}-{spec.name}-{tries}"
        try:
            future = self._client.submit(_on_worker, fn, spec, url, self._batch, identity(), key=key, pure=False)
        except Exception as error:
            # A client that has lost its scheduler answers in many ways.
            told.set_exception(self._gone(error))
            return
        self._futures[told] = future
        future.add_done_callback(partial(self._ended, told, destination))

    def _begin_again(self) -> None:
        """Begin a second try when nothing else is at work: whatever took a worker with it, takes no other run along."""
        with self._lock:
            if self._again and not self._futures:
                self._again.popleft()()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Let go of the cluster; with ``cancel_futures`` drop what waits there, and end what is at work."""
        # Whatever a cluster that is gone answers, there is nothing left to stop on it.
        self._again.clear()
        with contextlib.suppress(Exception):
            if cancel_futures and self._client.status == "running":
                self._client.cancel(list(self._futures.values()), force=True)
                self._client.run(_stop, self._batch, on_error="ignore")
            if self._plugin and self._client.status == "running":
                self._client.unregister_worker_plugin(self._plugin)
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)

    def _ended(self, told: Future[Any], destination: str, future: Any) -> None:
        from distributed import KilledWorker

        try:
            parcel: Parcel = future.result()
            unpack(parcel.files, parcel.names, destination, parcel.result.name)
            if self._view is not None:
                self._view.stored(parcel.result.name)
        except KilledWorker as error:
            told.set_exception(
                ChildProcessError(
                    f"{error.allowed_failures + 1} workers died while they ran it, the last "
                    f"{error.last_worker.address}: it may need more memory than a worker has; that worker's log tells"
                )
            )
        except (ChildProcessError, DrkitError) as error:
            told.set_exception(error)
        except CancelledError as error:
            told.set_exception(self._gone(error))
        except Exception as error:
            told.set_exception(
                DrkitError(f"the worker failed: {type(error).__name__}: {error}")
                if self._client.status == "running"
                else self._gone(error)
            )
        else:
            told.set_result(parcel.result)
        finally:
            self._futures.pop(told, None)
            self._begin_again()

    def _gone(self, error: BaseException) -> StoppedError:
        return StoppedError(
            f"the scheduler at {self.address} is lost ({str(error).splitlines()[-1] if str(error) else 'no answer'}): "
            "what has ended is kept; run the same command again when it is back"
        )


def identity() -> str:
    """Code and data of drkit in this process: version, digest of the code, and of the snapshot that is part of it."""
    manifest = (data_dir() / "snapshot" / "manifest.json").read_bytes()
    return f"{code_digest()}.{hashlib.sha256(manifest).hexdigest()[:8]}"


def _client(address: str, answers_within_s: float) -> Any:
    try:
        import distributed
        from distributed.comm import get_address_host_port
    except ImportError as error:
        raise ParameterError(
            f"--scheduler needs Dask, which is not installed ({error}): pip install 'drkit[cluster]'"
        ) from error
    # What it has to say about lost connections is said by a sentence of ours; versions are compared below.
    for name in ("distributed", "distributed.client", "distributed.comm", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        # A client that was made with half an address complains when it is let go of.
        get_address_host_port(address)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return distributed.Client(address, timeout=answers_within_s, set_as_default=False, name="drkit-batch")
    except (OSError, ValueError, TypeError) as error:
        raise ParameterError(
            f"no Dask scheduler answers at {address} within {answers_within_s:g} s: check that it runs, that this "
            f"machine may reach its port, and the form of the address, tcp://HOST:8786 ({str(error).splitlines()[0]})"
        ) from error


def _check_versions(client: Any) -> None:
    """Refuse a cluster on which the same run could come to something else, or could not start."""
    told = client.get_versions(packages=["drkit"])
    here = _versions(told["client"])
    problems = []
    scheduler = _versions(told["scheduler"])["distributed"]
    if scheduler != here["distributed"]:
        problems.append(f"the scheduler has distributed {scheduler}, this machine {here['distributed']}")
    for address, versions in sorted(told["workers"].items()):
        there = _versions(versions)
        problems += [
            f"worker {address} has {name} {there[name] or '(none)'}, this machine {here[name]}"
            for name in here
            if there[name] != here[name]
        ]
    if not problems:
        own = identity()
        problems = [
            f"worker {address} has drkit {other}, this machine {own}: the version is the same, the code is not"
            for address, other in sorted(client.run(identity).items())
            if other != own
        ]
    if problems:
        more = [f"and {len(problems) - 5} more"] if len(problems) > 5 else []
        advice = "use one image, with the versions of this machine, for scheduler and workers; no run was started"
        raise ParameterError("\n".join([*problems[:5], *more, advice]))


def _versions(told: Mapping[str, Any]) -> dict[str, str]:
    python = ".".join(str(told["host"]["python"]).split(".")[:2])
    packages = told["packages"]
    return {"Python": python, **{name: str(packages.get(name) or "") for name in ("distributed", "drkit")}}


def _check_store(client: Any, url: str) -> None:
    for address, refused in sorted(client.run(_refusal, url).items()):
        if refused:
            raise ParameterError(f"worker {address}: {refused}; no run was started")


def _refusal(url: str) -> str:
    """Why this process cannot write to a store; empty when it can."""
    try:
        Remote(url).check()
    except DrkitError as error:
        return str(error)
    return ""


def _snapshots_plugin(sent: dict[str, dict[str, bytes]]) -> Any:
    from distributed import WorkerPlugin

    class Snapshots(WorkerPlugin):  # type: ignore[misc]
        """Writes snapshots beside the scratch files of a worker, when it starts or the plugin comes."""

        def setup(self, worker: Any) -> None:
            for digest, files in sent.items():
                folder = Path(worker.local_directory) / _SNAPSHOTS / digest
                folder.mkdir(parents=True, exist_ok=True)
                for name, data in files.items():
                    (folder / name).write_bytes(data)

    return Snapshots()


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


#: On a worker: what ends the runs of a batch, by batch.
_stopped: dict[str, threading.Event] = {}


def _stop(batch: str) -> None:
    _stopped.setdefault(batch, threading.Event()).set()


def _on_worker(execute: Callable[..., RunResult], asked: RunSpec, url: str, batch: str, code: str) -> Parcel:
    """Run it in a process of its own on this worker, and bring what it leaves to where it belongs."""
    import distributed

    worker = distributed.get_worker()
    if (own := identity()) != code:
        raise StoppedError(
            f"worker {worker.address} joined with drkit {own}, the batch runs {code}: give it the image of the others; "
            "what has ended is kept, the same command goes on"
        )
    spec = dataclasses.replace(asked, parameters=_parameters(asked, worker), memory_bytes=_memory(asked, worker))
    with tempfile.TemporaryDirectory(prefix="drkit-run-", dir=worker.local_directory) as scratch:
        result = dataclasses.replace(_apart(execute, spec, scratch, batch), parameters=dict(asked.parameters))
        folder = store.run_folder(scratch, spec.name)
        (folder / store.RECORD).write_text(result.text(), encoding="utf-8")
        if url:
            Remote(url).publish(folder, spec.name)
        names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
        brought = [name for name in names if not url or name in READ]
        files = {name: (folder / name).read_bytes() for name in brought}
    return Parcel(result, files, [name for name in names if name not in files])


def _apart(execute: Callable[..., RunResult], spec: RunSpec, scratch: str, batch: str) -> RunResult:
    stopped = _stopped.setdefault(batch, threading.Event())
    if not warm.POSSIBLE:
        return execute(spec, scratch)
    from drkit.runs.warm import client

    client.start()
    with contextlib.closing(client.Caller()) as caller:
        return caller.call(execute, spec, scratch, True, stopped=stopped)


def _parameters(spec: RunSpec, worker: Any) -> dict[str, Any]:
    """The parameters, with the snapshot where this worker has it."""
    given = dict(spec.parameters)
    if given.get("snapshot", snapshots.EMBEDDED) != snapshots.EMBEDDED:
        given["snapshot"] = str(Path(worker.local_directory) / _SNAPSHOTS / spec.fingerprint["snapshot"])
    return given


def _memory(spec: RunSpec, worker: Any) -> int:
    """What the run may allocate [B]: as asked for, else its share of what the worker has."""
    limit = int(worker.memory_manager.memory_limit or 0)
    if spec.memory_bytes or not limit:
        return spec.memory_bytes
    return max(LEAST_MEMORY, limit // int(worker.state.nthreads))
