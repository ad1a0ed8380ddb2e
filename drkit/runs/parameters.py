"""Parameters of a notebook: which it has, and whether what is given fits, before a kernel starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.errors import ParameterError
from drkit.facts.assumptions import Assumptions
from drkit.facts.catalog import Catalog
from drkit.files.bundled import notebooks_dir
from drkit.recovery import calibration as drills
from drkit.stats.draws import check_draws
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


def known_parameters(notebook: Path) -> dict[str, Any]:
    """Parameters of a notebook by name, as papermill finds them; empty where no cell is tagged ``parameters``."""
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
