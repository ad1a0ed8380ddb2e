"""What a batch would run, and why: every input is checked and compared with what is there, before a kernel starts."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.batch import portfolio as portfolios
from drkit.batch.folder import read_record, run_folder
from drkit.batch.run import DONE, FAILED, WORKLOAD, RunSpec
from drkit.errors import DrkitError, ParameterError, WorkloadError
from drkit.facts import cache as snapshots
from drkit.facts.assumptions import Assumptions
from drkit.facts.catalog import Catalog
from drkit.files.bundled import data_dir, notebooks_dir, terraform_dir
from drkit.files.versions import __version__
from drkit.runs import parameters as notebook_parameters
from drkit.stats.draws import check_draws
from drkit.workload import file as workload_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drkit.batch.portfolio import Point, Portfolio

    _Snapshots = Callable[[str], tuple[str, Catalog]]


@dataclass(frozen=True)
class Planned:
    """A run, whether it is due, and why.

    Parameters
    ----------
    spec
        The run.
    due
        Whether it has to run.
    why
        In words: ``new``, ``objectives changed``, ``unchanged``.
    before
        What its folder says about the run before; None when there was none.
    """

    spec: RunSpec
    due: bool
    why: str
    before: Mapping[str, Any] | None


@dataclass(frozen=True)
class Plan:
    """All runs of a batch, the combinations of its grid that make no sense, and whether failed runs are due again."""

    portfolio: Portfolio
    runs: tuple[Planned, ...]
    skipped: tuple[Point, ...]
    retry_failed: bool

    @property
    def due(self) -> list[RunSpec]:
        """Runs that have to be run."""
        return [planned.spec for planned in self.runs if planned.due]


def make(
    source: str | Path,
    destination: str | Path,
    notebook: str | None = None,
    parameters: Mapping[str, object] | None = None,
    retry_failed: bool = False,
    timeout_s: float = 0.0,
    memory_bytes: int = 0,
) -> Plan:
    """Read a portfolio, check every run of it, and compare it with what lies at the destination.

    Parameters
    ----------
    source
        Portfolio file, or a folder of workloads.
    destination
        Folder of the batch.
    notebook, parameters
        Instead of, and before, those of the portfolio; text is taken as the type that the notebook asks for, and
        names of files are looked for in the current folder, those of the portfolio beside it.
    retry_failed
        Whether runs that failed before are due again.
    timeout_s, memory_bytes
        Of each run [s], [bytes]; 0 for no limit.

    Raises
    ------
    ParameterError, WorkloadError, SnapshotError
        With what is wrong in any run; no kernel has started by then.
    """
    portfolio, folder = portfolios.read(source)
    path = _notebook(notebook or portfolio.notebook, Path.cwd() if notebook else folder)
    known = _known(path)
    own = {name: _typed(path, name, value) for name, value in (parameters or {}).items()}
    given = {name: _absolute(value, folder) for name, value in portfolio.parameters.items()}
    changes = {"notebook": path.stem if notebook else portfolio.notebook, "parameters": {**given, **own}}
    portfolio = portfolio.model_copy(update=changes)
    if twice := [name for name in portfolios.OWN if name in portfolio.parameters]:
        raise ParameterError(f"parameters: {twice[0]} is set by the batch itself, for each run: leave it out")
    points = portfolios.points(portfolio, folder, known)
    specs, problems = [], []
    # Of this call alone: a snapshot of that name may be another one the next time.
    snapshot = cache(_snapshot)
    for point in points:
        if point.skipped:
            continue
        try:
            files = {name: _absolute(value, folder) for name, value in point.parameters.items() if name in point.axes}
            point = replace(point, parameters={**point.parameters, **files})
            spec = _spec(point, path, known, snapshot)
            specs.append(replace(spec, timeout_s=timeout_s, memory_bytes=memory_bytes))
        except DrkitError as error:
            problems += [f"{point.name}: {line}" for line in str(error).splitlines()]
    if problems:
        more = [f"and {len(problems) - 20} more"] if len(problems) > 20 else []
        raise ParameterError("\n".join([*problems[:20], *more, "no run was started: correct these and run again"]))
    runs = tuple(_planned(spec, destination, retry_failed) for spec in specs)
    return Plan(portfolio, runs, tuple(point for point in points if point.skipped), retry_failed)


def renewed(plan: Plan, destination: str | Path) -> Plan:
    """The same runs, compared with what lies at the destination now."""
    return replace(plan, runs=tuple(_planned(planned.spec, destination, plan.retry_failed) for planned in plan.runs))


def _notebook(name: str, folder: Path) -> Path:
    beside = folder / name
    return beside if beside.is_file() else notebook_parameters.find_notebook(name)


def _typed(notebook: Path, name: str, value: object) -> object:
    """A parameter as the notebook asks for it, where it comes as text of a command line."""
    if not isinstance(value, str):
        return value
    return _absolute(notebook_parameters.typed_parameter(notebook, name, value), Path.cwd())


def _absolute(value: Any, folder: Path) -> Any:
    """A value that names a file of the folder as its absolute path, since a run works in another folder."""
    return str((folder / value).resolve()) if isinstance(value, str) and _is_file(folder / value) else value


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a text that is too long for a name
        return False


def _known(notebook: Path) -> Mapping[str, Any]:
    known = notebook_parameters.known_parameters(notebook)
    if not known:
        raise ParameterError(f"{notebook} has no parameters: tag the cell that sets them with 'parameters'")
    return known


def _spec(point: Point, notebook: Path, known: Mapping[str, Any], snapshot: _Snapshots) -> RunSpec:
    given = dict(point.parameters)
    digests = {"notebook": _digest(notebook.read_text(encoding="utf-8")), "drkit": code_digest()}
    catalog = None
    if "snapshot" in known:
        given["snapshot"], catalog = snapshot(str(given.get("snapshot") or ""))
        digests["snapshot"] = catalog.snapshot.digest
    text = None
    if point.workload is not None:
        text = portfolios.changed(_text(point.workload), point.changes)
        _check_workload(text, f"{point.workload}", catalog or snapshot("")[1])
        given["workload"] = WORKLOAD
        digests["workload"] = _digest(text)
    if "out_dir" in known:
        given["out_dir"] = "."
    notebook_parameters.check_parameters(notebook, given, known)
    if notebook.parent == notebooks_dir():
        check_draws(int(given.get("seed", 1)), int(given.get("samples", 1)))
    named = {name: Path(value) for name, value in given.items() if isinstance(value, str) and name != "workload"}
    if files := {name: path for name, path in named.items() if _is_file(path)}:
        digests["files"] = _digest(json.dumps({name: file.read_bytes().hex() for name, file in files.items()}))
    digests["parameters"] = _digest(json.dumps(given, sort_keys=True))
    return RunSpec(
        name=point.name,
        notebook_name=notebook.stem,
        notebook=notebook.read_text(encoding="utf-8"),
        parameters=given,
        workload=text,
        axes={"workload": point.workload.stem, **point.axes} if point.workload else dict(point.axes),
        fingerprint=digests,
    )


def _text(workload: Path) -> str:
    try:
        return workload.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WorkloadError(f"cannot read {workload}: {error}") from error


def _snapshot(name: str) -> tuple[str, Catalog]:
    """The snapshot of that name as a run anywhere on this machine finds it, and its catalog."""
    folder = snapshots.find(name or None)
    return (str(folder.resolve()) if folder else snapshots.EMBEDDED), Catalog.load(name or None)


def _check_workload(text: str, name: str, catalog: Catalog) -> None:
    workload = workload_file.parse(text, name, catalog)
    Assumptions(catalog.snapshot, workload.assumptions)


@cache
def code_digest() -> str:
    """Version of drkit with a digest of its code and data: in a checkout the code changes while the version stays."""
    root = Path(__file__).parents[1]
    sums = hashlib.sha256()
    # Templates make the reports, and the stack's variables tell which tfvars are refused.
    code = [path for kind in ("*.py", "*.jinja", "*.css") for path in root.rglob(kind)]
    for path in sorted([*code, *data_dir().glob("*.csv"), terraform_dir() / "variables.tf"]):
        sums.update(path.read_bytes())
    return f"{__version__}+{sums.hexdigest()[:16]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _planned(spec: RunSpec, destination: str | Path, retry_failed: bool) -> Planned:
    before = read_record(run_folder(destination, spec.name))
    if before is None:
        return Planned(spec, True, "new", None)
    old = before.get("fingerprint", {})
    if differs := [part for part in {**spec.fingerprint, **old} if old.get(part) != spec.fingerprint.get(part)]:
        return Planned(spec, True, f"{' and '.join(differs)} changed", before)
    if before["status"] == DONE:
        return Planned(spec, False, "unchanged", before)
    if retry_failed:
        return Planned(spec, True, "failed before", before)
    return Planned(spec, False, f"{FAILED} before, and nothing changed: --retry-failed runs it again", before)
