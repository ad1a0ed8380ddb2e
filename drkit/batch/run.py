"""One run of a batch: what it needs to run anywhere, and the function that runs it."""

from __future__ import annotations

import contextlib
import json
import logging
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.batch.folder import RECORD, publish, shared_folder, staging
from drkit.errors import DrkitError, TfvarsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOTEBOOK, LOG, WORKLOAD = "run.ipynb", "run.log", "workload.yaml"
DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class RunSpec:
    """Everything that a run needs; it can be sent to another process or machine.

    Parameters
    ----------
    name
        Of its folder.
    notebook_name, notebook
        Stem of the notebook's file, and its text.
    parameters
        Of the notebook; paths in them are absolute, or relative to the folder of the run.
    workload
        Text of the workload file, which the run finds as ``workload.yaml``; None without one.
    axes
        What the grid set, for the table of results.
    fingerprint
        What the result depends on, a digest each.
    timeout_s
        How long the run may take [s]; 0 for as long as it likes.
    memory_bytes
        What its kernel may allocate [B]; 0 for as much as there is.
    engine
        Name of the papermill engine.
    """

    name: str
    notebook_name: str
    notebook: str
    parameters: Mapping[str, Any]
    workload: str | None
    axes: Mapping[str, Any]
    fingerprint: Mapping[str, str]
    timeout_s: float = 0.0
    memory_bytes: int = 0
    engine: str = "drkit"


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """How a run ended, as ``run.json`` in its folder has it.

    Parameters
    ----------
    status
        ``done`` or ``failed``.
    error
        Why it failed, in a sentence.
    started, seconds
        When it began, ISO 8601 in UTC, and how long it took [s].
    figures
        The choice and its figures, where the notebook left a ``summary.json`` of drkit.
    """

    name: str
    status: str
    error: str
    started: str
    seconds: float
    fingerprint: Mapping[str, str]
    parameters: Mapping[str, Any]
    axes: Mapping[str, Any]
    figures: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def execute(spec: RunSpec, destination: str, stopped: threading.Event | None = None) -> RunResult:
    """Run the notebook and leave its folder whole at the destination, whether it succeeds or fails.

    Parameters
    ----------
    spec
        The run.
    destination
        Folder of the batch.
    stopped
        Set by another thread before it ends the kernel of a run that nobody waits for any more.

    Raises
    ------
    ChildProcessError
        When the run was stopped; it leaves nothing.
    DrkitError
        When the destination cannot be written.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    with staging(destination, spec.name) as folder:
        error = ""
        with _logged(folder / LOG) as log:
            log.info("run %s: %s", spec.name, json.dumps(dict(spec.parameters)))
            try:
                _run(spec, folder, shared_folder(destination))
            except Exception as raised:
                if stopped is not None and stopped.is_set():
                    raise ChildProcessError("the run was stopped") from raised
                error = _sentence(raised, spec)
                log.error("%s", error)
            seconds = round(time.monotonic() - clock, 3)
            log.info("%s after %.1f s", FAILED if error else DONE, seconds)
        result = RunResult(
            name=spec.name,
            status=FAILED if error else DONE,
            error=error,
            started=started.isoformat(timespec="seconds"),
            seconds=seconds,
            fingerprint=dict(spec.fingerprint),
            parameters=dict(spec.parameters),
            axes=dict(spec.axes),
            figures={} if error else _figures(folder),
        )
        try:
            (folder / RECORD).write_text(result.text(), encoding="utf-8")
            publish(folder, destination, spec.name)
        except OSError as raised:
            raise DrkitError(f"cannot write to {destination}: {raised.strerror or raised}") from raised
    return result


def _run(spec: RunSpec, folder: Path, shared: Path | None) -> None:
    import papermill

    from drkit.runs import design, notebook_page
    from drkit.tfvars import terraform

    if spec.workload is not None:
        (folder / WORKLOAD).write_text(spec.workload, encoding="utf-8")
    target = folder / target_name(spec.notebook_name)
    end = time.monotonic() + spec.timeout_s
    options: dict[str, Any] = {}
    if spec.engine == "drkit":
        options |= {"memory_bytes": spec.memory_bytes, "log_file": str(folder / LOG)}
    if spec.timeout_s:
        options["timeout_func"] = lambda _: max(0.1, end - time.monotonic())
    with tempfile.TemporaryDirectory(prefix="drkit-run-") as sources:
        source = Path(sources) / f"{spec.notebook_name}.ipynb"
        source.write_text(spec.notebook, encoding="utf-8")
        notebook = papermill.execute_notebook(
            str(source),
            str(target),
            parameters=dict(spec.parameters),
            engine_name=spec.engine,
            # Not papermill's cwd, which is that of all threads.
            resources={"metadata": {"path": str(folder)}},
            progress_bar=False,
            log_output=False,
            **options,
        )
    notebook = design.with_stable_ids(notebook, target, f"{spec.notebook_name}.ipynb")
    for written in folder.glob("*.tfvars"):
        if refused := terraform.refusals(written, accepted=shared):
            raise TfvarsError("\n".join(refused))
    target.with_suffix(".html").write_text(notebook_page.page(notebook, spec.name), encoding="utf-8")


def target_name(notebook_name: str) -> str:
    """Name of the executed notebook: as `drkit design` has it for drkit's own, else as it was."""
    return "design.ipynb" if notebook_name == "04_design" else f"{notebook_name}.ipynb"


def _sentence(error: Exception, spec: RunSpec) -> str:
    import papermill

    if isinstance(error, papermill.PapermillExecutionError):
        return f"cell {error.exec_count} failed: {error.ename}: {error.evalue}"
    if isinstance(error, TimeoutError):
        return f"it took longer than {spec.timeout_s:g} s: allow more with --timeout, or look at the cell that ran"
    if isinstance(error, OSError):
        return f"cannot write: {error.strerror or error}"
    if isinstance(error, RuntimeError):
        return f"the kernel died: {error}"
    return f"{type(error).__name__}: {error}"


def _figures(folder: Path) -> dict[str, Any]:
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        chosen = dict(summary["chosen"])
        chosen |= {"snapshot_date": summary["snapshot"]["date"], "snapshot_digest": summary["snapshot"]["sha256"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return chosen


@contextlib.contextmanager
def _logged(path: Path) -> Iterator[logging.Logger]:
    """Send the words of papermill, of the engine and of the run, which all come from this thread, to a file."""
    log, thread = logging.getLogger("drkit.batch"), threading.get_ident()
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(lambda record: record.thread == thread)
    loggers = [log, logging.getLogger("papermill")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield log
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()
