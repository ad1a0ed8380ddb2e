"""The main job: run a parameterized notebook through papermill and leave its outputs whole in a folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.errors import DrkitError, ParameterError, TfvarsError
from drkit.facts.assumptions import Assumptions
from drkit.facts.catalog import Catalog
from drkit.files.bundled import notebooks_dir
from drkit.outputs import staged
from drkit.recovery import calibration as drills
from drkit.runs import iris, notebook_page
from drkit.stats.draws import check_draws
from drkit.tfvars import terraform
from drkit.words import did_you_mean
from drkit.workload import file as workload_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drkit.workload.model import Workload

#: What a papermill parameter's annotation allows, and how it is told.
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "text"),
    "int": ((int,), "a whole number"),
    "float": ((float, int), "a number"),
    "bool": ((bool,), "true or false"),
}


def run_design(
    workload: str | Path,
    out: str | Path,
    parameters: Mapping[str, object] | None = None,
    progress: bool = False,
) -> list[Path]:
    """Run ``04_design`` for one workload.

    Parameters
    ----------
    workload
        Path of a workload file, or the name of a bundled one.
    out
        Folder for ``design.ipynb``, ``design.html``, tfvars, CSV files and ``summary.json``.
    parameters
        Further parameters of the notebook, by name; checked before a kernel starts.
    progress
        Whether papermill shows a progress bar on standard error.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    WorkloadError, SnapshotError, ParameterError
        Before a kernel starts.
    TfvarsError
        When Terraform, where it is on this machine, refuses the tfvars.
    DrkitError
        When a cell of the notebook fails. In every case the folder is as it was.
    """
    source = notebooks_dir() / "04_design.ipynb"
    path = workload_file.find(workload)
    given = {"workload": str(path.resolve()), "out_dir": ".", **(parameters or {})}
    check_parameters(source, given)
    name = check_inputs({**given, "workload": path}).name
    if snapshot := str(given.get("snapshot") or ""):
        given["snapshot"] = str(Path(snapshot).resolve())
    folder = Path(out)
    with staged(folder) as staging:
        notebook = _execute(source, staging / "design.ipynb", given, staging, progress)
        for written in staging.glob("*.tfvars"):
            if refused := terraform.refusals(written):
                raise TfvarsError("\n".join(refused))
        (staging / "design.html").write_text(
            notebook_page.page(notebook, f"{name}: disaster recovery"), encoding="utf-8"
        )
        names = sorted(path.name for path in staging.iterdir() if not path.name.startswith("."))
    return [folder / name for name in names]


def run_notebook(source: Path, target: Path, parameters: Mapping[str, object], progress: bool = False) -> None:
    """Run any parameterized notebook where it stands, with its parameters checked before a kernel starts.

    Parameters
    ----------
    source, target
        The notebook, and where the executed one goes; it appears whole or not at all.
    parameters
        By name, in the types that the notebook asks for.

    Raises
    ------
    ParameterError
        When a parameter is unknown or ill-typed.
    DrkitError
        When a cell fails or the target cannot be written.
    """
    check_parameters(source, parameters)
    if source.parent == notebooks_dir():
        check_inputs(parameters)
    with staged(target.parent) as staging:
        _execute(source, staging / target.name, parameters, Path.cwd(), progress)


def find_notebook(name: str) -> Path:
    """Path of a notebook file, or of drkit's own notebook of that name."""
    own = {path.stem: path for path in sorted(notebooks_dir().glob("*.ipynb"))}
    if name in own:
        return own[name]
    if Path(name).is_file():
        return Path(name)
    near = did_you_mean(name, own)
    told = f"there is no notebook {name!r}; drkit's own are {', '.join(own)}"
    raise ParameterError(f"{told}; {near}" if near else told)


def _execute(source: Path, target: Path, parameters: Mapping[str, object], cwd: Path, progress: bool) -> Any:
    import papermill

    try:
        notebook = papermill.execute_notebook(
            str(source),
            str(target),
            parameters=dict(parameters),
            cwd=str(cwd),
            progress_bar=progress,
            log_output=False,
            config=kernel_config(),
        )
    except papermill.PapermillExecutionError as error:
        raise DrkitError(f"a cell of {source.name} failed: {error.ename}: {error.evalue}") from error
    except RuntimeError as error:  # nbclient's DeadKernelError, jupyter_client's timeouts
        raise DrkitError(f"the kernel of {source.name} died: {error}") from error
    return with_stable_ids(notebook, target)


def known_parameters(notebook: Path) -> dict[str, Any]:
    """Parameters of a notebook by name, as papermill finds them; empty where no cell is tagged ``parameters``."""
    iris.put_off()
    import papermill

    known: dict[str, Any] = papermill.inspect_notebook(str(notebook))
    return known


def check_parameters(notebook: Path, given: Mapping[str, object], known: Mapping[str, Any] | None = None) -> None:
    """Refuse unknown or ill-typed parameters of a notebook, all at once.

    Parameters
    ----------
    notebook
        A notebook with a cell tagged ``parameters``, whose assignments carry type annotations.
    given
        Parameters by name.
    known
        As `known_parameters` gives them, where they are known already.

    Raises
    ------
    ParameterError
        One sentence a parameter.
    """
    known = known_parameters(notebook) if known is None else known
    problems = []
    for name, value in given.items():
        if name not in known:
            hint = did_you_mean(name, known) or f"it has {', '.join(known)}"
            problems.append(f"{notebook.stem} has no parameter {name!r}: {hint}")
            continue
        types, words = _TYPES.get(known[name]["inferred_type_name"], ((object,), "anything"))
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            problems.append(f"{notebook.stem}: {name} is {value!r}: give {words} ({known[name]['help']})")
    if problems:
        raise ParameterError("\n".join(problems))


def check_inputs(given: Mapping[str, object]) -> Workload:
    """Read what the parameters of drkit's own notebooks name: wrong input is told here, not in a cell's traceback.

    Returns
    -------
    Workload
        The bundled one that the notebooks take where none is named.

    Raises
    ------
    WorkloadError, SnapshotError, ParameterError
        When a file is missing or wrong, or nothing can be drawn with the seed or the samples.
    """
    catalog = Catalog.load(str(given.get("snapshot") or "") or None)
    workload = workload_file.read(str(given.get("workload") or "article"), catalog)
    check_draws(int(str(given.get("seed", 1))), int(str(given.get("samples", 1))))
    if path := str(given.get("drills") or ""):
        drills.read(path, Assumptions(catalog.snapshot, workload.assumptions))
    return workload


def typed_parameter(notebook: Path, name: str, text: str) -> object:
    """Turn a parameter given as text on a command line into the type that the notebook asks for."""
    known = known_parameters(notebook)
    wanted = known.get(name, {}).get("inferred_type_name", "str")
    if wanted == "bool":
        return {"true": True, "false": False}.get(text.lower(), text)
    for kind in {"int": (int,), "float": (int, float)}.get(wanted, ()):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def kernel_config() -> Any:
    """Talk to the kernel over sockets of the file system, not over TCP that every user of the machine could read."""
    from traitlets.config import Config

    return Config() if sys.platform == "win32" else Config({"KernelManager": {"transport": "ipc"}})


def with_stable_ids(notebook: Any, path: Path, source: str = "") -> Any:
    """Give papermill's injected cell a fixed id instead of a random one, so that a rerun writes the same bytes.

    Parameters
    ----------
    notebook
        As papermill returned it; it is changed, here and where it lies.
    path
        Where papermill wrote it.
    source
        Stands in place of the path that it was read from, where that is a temporary one.
    """
    told = notebook.metadata["papermill"]
    changes = [(told, "output_path", path.name), (told, "input_path", source or told["input_path"])]
    injected = [cell for cell in notebook.cells if "injected-parameters" in cell.metadata.get("tags", [])]
    changes += [(cell, "id", "injected-parameters") for cell in injected]
    # Changed where it lies: with its pictures it is long, and nbformat would copy, check and encode all of it again.
    text = path.read_bytes()
    for holder, key, value in changes:
        text = text.replace(_written(key, holder[key]), _written(key, value))
        holder[key] = value
    path.write_bytes(text + b"\n")
    return notebook


def _written(key: str, value: str) -> bytes:
    """A pair of a JSON object, as nbformat writes it; within a text its quotes would be escaped."""
    return json.dumps({key: value}, ensure_ascii=False)[1:-1].encode()
