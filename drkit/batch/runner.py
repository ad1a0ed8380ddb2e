"""Run a batch: everything that is due, one result, and what changed since the last time."""

from __future__ import annotations

import sys
from concurrent.futures import FIRST_COMPLETED, CancelledError, wait
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.batch import flips, index, planning, table
from drkit.batch.folder import RECORD, close_batch, held, last_batch, publish, staging, write_whole
from drkit.batch.outcome import Batch
from drkit.batch.run import DONE, FAILED, RunResult, execute
from drkit.batch.workers import StoppedError
from drkit.errors import DrkitError
from drkit.outputs import to_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor, Future

    from tqdm import tqdm

    from drkit.batch.planning import Plan
    from drkit.batch.remote import Mirror
    from drkit.batch.run import RunSpec


def run(
    plan: Plan,
    destination: str | Path,
    executor: Callable[[], Executor],
    mirror: Mirror | None = None,
    progress: bool = False,
) -> Batch:
    """Run what is due, and write the result.

    Parameters
    ----------
    plan
        As `drkit.batch.planning.make` gives it; what is due is looked at again once the folder is held.
    destination
        Folder of the batch.
    executor
        Makes the executor that runs are submitted to; called when there is something to run.
    mirror
        Of the store that the batch is for, with the destination as its folder; None for a batch of this machine.
    progress
        Whether a bar shows on standard error.

    Returns
    -------
    Batch
        Interrupted by Ctrl-C too, with what is missing; the same call continues from there.

    Raises
    ------
    DrkitError
        When the destination cannot be written, or another batch is at work there.
    """
    with held(destination):
        # Another batch may have ended here since this one was planned.
        plan = planning.renewed(plan, destination)
        last = last_batch(destination)
        ended, stopped = _run(plan.due, str(destination), executor(), mirror, progress) if plan.due else ({}, "")
        records: dict[str, dict[str, Any]] = {}
        for planned in plan.runs:
            name = planned.spec.name
            if name in ended:
                records[name] = asdict(ended[name])
            elif not planned.due and planned.before is not None:
                records[name] = dict(planned.before)
        missing = tuple(planned.spec.name for planned in plan.runs if planned.spec.name not in records)
        batch = Batch(
            folder=Path(destination),
            records=records,
            ran=tuple(ended),
            missing=missing,
            # Runs are missing only where somebody or something stopped the batch.
            interrupted=bool(missing and not stopped),
            stopped=stopped,
        )
        _conclude(plan, batch, last)
        if mirror is not None:
            mirror.conclude()
    return batch


def _run(
    due: Sequence[RunSpec], destination: str, workers: Executor, mirror: Mirror | None, progress: bool
) -> tuple[dict[str, RunResult], str]:
    """How each run ended, and why no more did; empty when all did, or somebody stopped it."""
    from tqdm import tqdm

    stopped, cut_short = "", True
    with tqdm(
        total=len(due), unit="run", disable=not progress, file=sys.stderr, dynamic_ncols=True, smoothing=0.1
    ) as bar:
        work = _Work(destination, workers, mirror, bar)
        try:
            work.run(due)
            cut_short = False
        except KeyboardInterrupt:
            bar.write("stopping; what has ended is kept", file=sys.stderr)
        except StoppedError as error:
            stopped = str(error)
        finally:
            workers.shutdown(cancel_futures=cut_short)
        work.keep_ended()
    return work.ended, stopped


@dataclass
class _Work:
    """The runs of a batch that are at work, and how those that ended did."""

    destination: str
    workers: Executor
    mirror: Mirror | None
    bar: tqdm[Any]
    waiting: dict[Future[RunResult], RunSpec] = field(default_factory=dict)
    ended: dict[str, RunResult] = field(default_factory=dict)

    def run(self, due: Sequence[RunSpec]) -> None:
        """Run all; one whose process died is run again at the end, alone, so that it takes no other run along."""
        for spec, _ in self._together(due):
            for _, error in self._together([spec]):
                self._end(spec, _failed(spec, self.destination, f"its process died 2 times: {error}"))

    def keep_ended(self) -> None:
        """Keep the results of runs that ended while the others were stopped."""
        for future, spec in self.waiting.items():
            if future.done() and not future.cancelled() and not future.exception():
                self._end(spec, future.result())

    def _together(self, specs: Sequence[RunSpec]) -> list[tuple[RunSpec, BaseException]]:
        """Run these; return those whose process died, with the reason."""
        died: list[tuple[RunSpec, BaseException]] = []
        for spec in specs:
            self.waiting[self.workers.submit(execute, spec, self.destination)] = spec
        while self.waiting:
            done, _ = wait(self.waiting, return_when=FIRST_COMPLETED)
            for future in done:
                spec = self.waiting[future]
                try:
                    self._end(spec, future.result())
                except StoppedError:
                    raise
                except DrkitError as error:
                    self._end(spec, _failed(spec, self.destination, str(error)))
                except (ChildProcessError, CancelledError, OSError) as error:
                    died.append((spec, error))
                del self.waiting[future]
        return died

    def _end(self, spec: RunSpec, result: RunResult) -> None:
        if self.mirror is not None:
            try:
                self.mirror.publish(spec.name)
            except DrkitError as error:
                result = _failed(spec, self.destination, str(error))
        self.ended[spec.name] = result
        self.bar.update()
        if result.status == FAILED:
            self.bar.write(f"failed: {spec.name}: {result.error.splitlines()[0]}", file=sys.stderr)


def _failed(spec: RunSpec, destination: str, error: str) -> RunResult:
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
        with staging(destination, spec.name) as folder:
            (folder / RECORD).write_text(result.text(), encoding="utf-8")
            publish(folder, destination, spec.name)
    except (DrkitError, OSError):
        pass
    return result


def _conclude(plan: Plan, batch: Batch, last: Mapping[str, Mapping[str, Any]]) -> None:
    """Write table, page and picture; a batch that is whole becomes the one that the next is compared with."""
    changes = flips.since(last, batch.records, batch.folder)
    try:
        write_whole(batch.folder, "portfolio.csv", to_csv(table.of(plan, batch)))
        for name, data in index.files(plan, batch, changes, last).items():
            write_whole(batch.folder, name, data)
        if not batch.missing:
            # What failed is compared with its last choice once it works again.
            compared = {
                name: dict(record if record["status"] == DONE else last.get(name, record))
                for name, record in batch.records.items()
            }
            close_batch(batch.folder, compared)
    except OSError as error:
        raise DrkitError(f"cannot write to {batch.folder}: {error.strerror or error}") from error
