"""The main job: run a parameterized notebook through papermill and leave its outputs whole in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.errors import DrkitError, TfvarsError
from drkit.files.bundled import notebooks_dir
from drkit.files.staging import staged
from drkit.runs import notebook_page
from drkit.runs.parameters import check_inputs, check_parameters
from drkit.tfvars import terraform
from drkit.workload import file as workload_file

if TYPE_CHECKING:
    from collections.abc import Mapping


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


def _execute(source: Path, target: Path, parameters: Mapping[str, object], cwd: Path, progress: bool) -> Any:
    import papermill

    from drkit.runs.engine import private_sockets

    try:
        with private_sockets() as config:
            notebook = papermill.execute_notebook(
                str(source),
                str(target),
                parameters=dict(parameters),
                cwd=str(cwd),
                progress_bar=progress,
                log_output=False,
                config=config,
            )
    except papermill.PapermillExecutionError as error:
        raise DrkitError(f"a cell of {source.name} failed: {error.ename}: {error.evalue}") from error
    except RuntimeError as error:  # nbclient's DeadKernelError, jupyter_client's timeouts
        raise DrkitError(f"the kernel of {source.name} died: {error}") from error
    return with_stable_ids(notebook, target)


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
    import nbformat

    told = notebook.metadata["papermill"]
    changes = [(told, "output_path", path.name), (told, "input_path", source or told["input_path"])]
    injected = [cell for cell in notebook.cells if "injected-parameters" in cell.metadata.get("tags", [])]
    changes += [(cell, "id", "injected-parameters") for cell in injected]
    for holder, key, value in changes:
        holder[key] = value
    nbformat.write(notebook, path)
    return notebook
