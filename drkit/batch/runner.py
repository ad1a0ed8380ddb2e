"""Run a batch: everything that is due, one result, and what changed since the last time."""

from __future__ import annotations

import sys
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.batch import flips, index, planning, store, table
from drkit.batch.run import DONE, FAILED, RunResult, execute
from drkit.batch.workers import StoppedError
from drkit.errors import DrkitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drkit.batch.planning import Plan
    from drkit.batch.run import RunSpec

#: A run whose process dies is begun again this often.
_AGAIN = 1


@dataclass(frozen=True)
class Batch:
    """How a batch ended.

    Parameters
    ----------
    records
        Of all its runs that have ended, now or before, by name.
    ran
        Names of those that ran now.
    missing
        Names of those that did not come to run.
    interrupted
        Whether somebody stopped it.
    stopped
        Why it could not go on, where nobody stopped it.
    """

    folder: Path
    records: Mapping[str, Mapping[str, Any]]
    ran: tuple[str, ...]
    missing: tuple[str, ...]
    interrupted: bool = False
    stopped: str = ""

    @property
    def failed(self) -> list[str]:
        """Names of the runs that failed, now or before."""
        return [name for name, record in self.records.items() if record["status"] == FAILED]

    @property
    def succeeded(self) -> bool:
        """Whether every run of the portfolio has a result."""
        return not self.failed and not self.missing


def run(plan: Plan, destination: str | Path, executor: Callable[[], Executor], progress: bool = False) -> Batch:
    """Run what is due, and write the result.

    Parameters
    ----------
    plan
        As `drkit.batch.planning.make` gives it; what is due is looked at again once the folder is held.
    destination
        Folder of the batch.
    executor
        Makes the executor that runs are submitted to; called when there is something to run.
    progress
        Whether a bar shows on standard error.

    Returns
    -------
    Batch
        Interrupted by Ctrl-C too, with what is missing; the same call goes on from there.

    Raises
    ------
    DrkitError
        When the destination cannot be written, or another batch is at work there.
    """
    with store.held(destination):
        # Another batch may have ended here since this one was planned.
        plan = planning.renewed(plan, destination)
        last = store.last_batch(destination)
        ended, stopped = _run(plan.due, str(destination), executor, progress) if plan.due else ({}, "")
        records: dict[str, dict[str, Any]] = {}
        for planned in plan.runs:
            name = planned.spec.name
            if name in ended:
                records[name] = asdict(ended[name])
            elif not planned.due and planned.before is not None:
                records[name] = dict(planned.before)
        missing = tuple(planned.spec.name for planned in plan.runs if planned.spec.name not in records)
        # Who was stopped has runs that did not come to their turn; nothing else leaves any.
        batch = Batch(Path(destination), records, tuple(ended), missing, bool(missing and not stopped), stopped)
        _conclude(plan, batch, last)
    return batch


def _run(
    due: list[RunSpec], destination: str, executor: Callable[[], Executor], progress: bool
) -> tuple[dict[str, RunResult], str]:
    """What ended, and why no more did; empty when all did, or somebody stopped it."""
    from tqdm import tqdm

    bar = tqdm(total=len(due), unit="run", disable=not progress, file=sys.stderr, dynamic_ncols=True, smoothing=0.1)
    ended: dict[str, RunResult] = {}
    stopped = ""
    workers = executor()
    waiting: dict[Future[RunResult], tuple[RunSpec, int]] = {}
    try:
        for spec in due:
            waiting[workers.submit(execute, spec, destination, True)] = (spec, 0)
        while waiting and not stopped:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                spec, tries = waiting.pop(future)
                try:
                    result = _result(future, spec, destination, tries)
                except StoppedError as error:
                    # Others that ended meanwhile have their result.
                    stopped = str(error)
                    continue
                if result is None:
                    waiting[workers.submit(execute, spec, destination, True)] = (spec, tries + 1)
                    continue
                ended[spec.name] = result
                bar.update()
                if result.status == FAILED:
                    bar.write(f"failed: {spec.name}: {result.error.splitlines()[0]}", file=sys.stderr)
    except KeyboardInterrupt:
        bar.write("stopping; what has ended is kept", file=sys.stderr)
        workers.shutdown(cancel_futures=True)
        for future, (spec, _) in waiting.items():
            if future.done() and not future.cancelled() and not future.exception():
                ended[spec.name] = future.result()
    except StoppedError as error:
        stopped = str(error)
        workers.shutdown(cancel_futures=True)
    else:
        workers.shutdown(cancel_futures=bool(stopped))
    finally:
        bar.close()
    return ended, stopped


def _result(future: Future[RunResult], spec: RunSpec, destination: str, tries: int) -> RunResult | None:
    """What a run came to; None when its process died and it is worth another try."""
    try:
        return future.result()
    except StoppedError:
        raise
    except DrkitError as error:
        return _lost(spec, destination, str(error))
    except (ChildProcessError, CancelledError, OSError) as error:
        if tries < _AGAIN:
            return None
        return _lost(spec, destination, f"its process died {tries + 1} times: {error}")


def _lost(spec: RunSpec, destination: str, error: str) -> RunResult:
    """The result of a run that could not write one itself; it is written where that can be done at all."""
    result = RunResult(
        name=spec.name,
        status=FAILED,
        error=error,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=0.0,
        fingerprint=dict(spec.fingerprint),
        parameters=dict(spec.parameters),
        axes=dict(spec.axes),
    )
    try:
        with store.staging(destination, spec.name) as folder:
            (folder / store.RECORD).write_text(result.text(), encoding="utf-8")
            store.publish(folder, destination, spec.name)
    except (DrkitError, OSError):
        pass
    return result


def _conclude(plan: Plan, batch: Batch, last: Mapping[str, Mapping[str, Any]]) -> None:
    """Write table, page and picture; a batch that is whole becomes the one that the next is compared with."""
    changes = flips.since(last, batch.records, batch.folder)
    frame = table.frame(plan, batch)
    try:
        store.write_whole(batch.folder, "portfolio.csv", table.csv(frame))
        for name, data in index.files(plan, batch, changes, last).items():
            store.write_whole(batch.folder, name, data)
        if not batch.missing:
            # What failed is compared with its last choice once it works again.
            keep = {
                name: dict(record if record["status"] == DONE else last.get(name, record))
                for name, record in batch.records.items()
            }
            store.close_batch(batch.folder, keep)
    except OSError as error:
        raise DrkitError(f"cannot write to {batch.folder}: {error.strerror or error}") from error
