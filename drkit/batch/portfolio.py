"""The portfolio: which workloads, which notebook, and the grid of what is varied over them."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import Field, ValidationError

from drkit.errors import ParameterError, WorkloadError
from drkit.files import yaml_text
from drkit.stats.quantity import Strict
from drkit.words import did_you_mean
from drkit.workload import file as workload_file
from drkit.workload.model import Objectives, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST_NAME = 255
Value = str | int | float | bool | None

#: Parameters that a batch sets itself: a run has its own copy of the workload, and its own folder.
OWN = ("workload", "out_dir")

#: Axes with a name of their own: the key of the workload that they set, to a list of the one value.
_ONE_OF = {"strategy": "objectives.strategies", "failover_region": "objectives.failover_regions"}


class Portfolio(Strict):
    """What a batch runs, as its file has it."""

    schema_version: Literal[1] = Field(1, alias="schema", description="Version of this file format")
    name: str = Field("portfolio", description="Name of the portfolio")
    description: str = Field("", description="What the portfolio is, in a sentence")
    notebook: str = Field("04_design", description="drkit's notebook of that name, or a file beside the portfolio")
    workloads: list[str] = Field(
        default_factory=list, description="Workload files, folders of them, or names of bundled workloads"
    )
    parameters: dict[str, Value] = Field(default_factory=dict, description="Notebook parameters of every run")
    grid: dict[str, list[Value | list[str]]] = Field(
        default_factory=dict,
        description="What is varied: notebook parameters, keys of the workload, strategy, failover_region",
    )
    exclude: list[dict[str, Value]] = Field(
        default_factory=list, description="Combinations not to run: axes with a value each, workload among them"
    )


@dataclass(frozen=True)
class Point:
    """One run of the portfolio, before its inputs are read.

    Parameters
    ----------
    workload
        Its file; None for a notebook that takes no workload.
    axes
        What the grid sets here; None leaves the workload or the notebook as it is.
    parameters
        Of the notebook, without workload.
    changes
        Keys of the workload and what they are set to.
    skipped
        Why it is not run; empty when it is.
    """

    name: str
    workload: Path | None
    axes: Mapping[str, Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    skipped: str = ""


def read(source: str | Path) -> tuple[Portfolio, Path]:
    """Read a portfolio file, or take all workloads of a folder; return it with the folder its paths start from.

    Raises
    ------
    ParameterError
        With every error of the file.
    """
    path = Path(source)
    if path.is_dir():
        inner = path / "portfolio.yaml"
        if not inner.is_file():
            workloads = [file.name for file in _workloads_in(path)]
            if not workloads:
                raise ParameterError(f"{path} holds neither a portfolio.yaml nor workload files (*.yaml)")
            return Portfolio(name=path.resolve().name, workloads=workloads), path
        path = inner
    try:
        data = yaml_text.load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path} is not YAML: {error}") from error
    if not isinstance(data, dict):
        raise ParameterError(f"{path}: a portfolio is a mapping of keys: {', '.join(_keys())}")
    try:
        return Portfolio.model_validate(data), path.parent
    except ValidationError as error:
        raise ParameterError("\n".join(_sentences(path, error))) from error


def points(portfolio: Portfolio, folder: Path, known: Mapping[str, Any]) -> list[Point]:
    """Every combination of workload and grid, in the order of the file.

    Parameters
    ----------
    portfolio, folder
        As `read` gives them.
    known
        Parameters that the notebook has, by name.

    Raises
    ------
    ParameterError
        When an axis is nothing that can be set, or two runs would have one name.
    WorkloadError
        When a workload is not there.
    """
    targets = {axis: _target(axis, known) for axis in portfolio.grid}
    for axis, values in portfolio.grid.items():
        if not values:
            raise ParameterError(f"grid: {axis} is empty: give at least one value, or leave it out")
    files: list[Path | None] = list(_files(portfolio, folder))
    if not files and "workload" in known:
        raise ParameterError("the portfolio names no workloads: list files, folders or bundled names under workloads")
    if files and "workload" not in known:
        raise ParameterError(f"{portfolio.notebook} has no parameter 'workload', and the portfolio lists workloads")
    made = []
    for file in files or [None]:
        home = _home(file)
        for combination in itertools.product(*portfolio.grid.values()):
            axes = dict(zip(portfolio.grid, combination, strict=True))
            if not any(_matches(rule, axes, file) for rule in portfolio.exclude):
                made.append(_point(portfolio, file, home, axes, targets))
    often = Counter(point.name for point in made)
    if twice := sorted(name for name, times in often.items() if times > 1):
        raise ParameterError(f"two runs would be called {', '.join(twice)}: rename a workload file, or a value")
    for name in often:
        # What most file systems take; a name of dots would be another folder than its own.
        if not name.strip(".") or len(name.encode()) > _LONGEST_NAME:
            raise ParameterError(
                f"{name!r} cannot be the name of a run's folder: rename the workload file, or give the grid fewer axes"
            )
    return made


def changed(text: str, changes: Mapping[str, Any]) -> str:
    """The text of a workload file with keys set to other values; the same text where nothing can be or is set.

    Raises
    ------
    ParameterError
        When a key lies below something that has no keys.
    """
    if not changes:
        return text
    try:
        data = yaml_text.load(text)
    except yaml.YAMLError:
        return text  # the check of the workload tells where it is broken
    if not isinstance(data, dict):
        return text
    for key, value in changes.items():
        holder, (*above, last) = data, key.split(".")
        for part in above:
            if holder.get(part) is None:
                holder[part] = {}
            holder = holder[part]
            if not isinstance(holder, dict):
                raise ParameterError(f"grid: {key} cannot be set: {part} has no keys below it, it is {holder!r}")
        holder[last] = value
    settings = "; ".join(f"{key} = {json.dumps(value)}" for key, value in changes.items())
    return f"# Set by the portfolio: {settings}\n{yaml_text.dump(data)}"


def _point(
    portfolio: Portfolio, file: Path | None, home: str, axes: Mapping[str, Any], targets: Mapping[str, str]
) -> Point:
    parameters, changes = dict(portfolio.parameters), {}
    for axis, value in axes.items():
        if value is None:
            continue
        if not targets[axis]:
            parameters[axis] = value
        else:
            changes[targets[axis]] = [value] if axis in _ONE_OF else value
    away, primary = axes.get("failover_region"), axes.get("region") or home
    skipped = f"{away} cannot fail over to itself" if away and away == primary else ""
    stem = file.stem if file else Path(portfolio.notebook).stem
    name = ",".join([stem, *(f"{axis.rpartition('.')[2]}={_slug(value)}" for axis, value in axes.items())])
    return Point(name, file, axes, parameters, changes, skipped)


def _target(axis: str, known: Mapping[str, Any]) -> str:
    """The key of the workload that an axis sets; empty for a parameter of the notebook."""
    if axis in OWN:
        raise ParameterError(f"grid: {axis} is set by the batch itself, for each run: leave it out")
    if axis in known:
        return ""
    if axis in _ONE_OF:
        return _ONE_OF[axis]
    if axis in Objectives.model_fields:
        return f"objectives.{axis}"
    keys = {field.alias or name for name, field in Workload.model_fields.items()}
    if "workload" in known and axis.split(".")[0] in keys:
        return axis
    choices = [*known, *_ONE_OF, *Objectives.model_fields, *keys]
    hint = did_you_mean(axis, choices) or "it is no parameter of the notebook and no key of a workload"
    raise ParameterError(f"grid: there is nothing to vary called {axis!r}: {hint}")


def _files(portfolio: Portfolio, folder: Path) -> Iterator[Path]:
    for entry in portfolio.workloads:
        path = folder / entry
        if path.is_dir():
            workloads = _workloads_in(path)
            if not workloads:
                raise WorkloadError(f"{path} holds no workload files (*.yaml)")
            yield from workloads
        else:
            file = path if path.is_file() else workload_file.find(entry)
            if not file.is_file():
                raise WorkloadError(f"there is no workload file {path}")
            yield file


def _workloads_in(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix in (".yaml", ".yml"))


def _home(file: Path | None) -> str:
    """The region that a workload runs in; empty where the file does not say, which its check reports."""
    if file is None:
        return ""
    region = re.search(r"^region:\s*(\S+)", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return region[1].strip("'\"") if region else ""


def _matches(rule: Mapping[str, Value], axes: Mapping[str, Any], file: Path | None) -> bool:
    own = {**axes, "workload": file.stem if file else None}
    if unknown := sorted(set(rule) - set(own)):
        raise ParameterError(f"exclude: {unknown[0]} is no axis of the grid: name workload, {', '.join(axes)}")
    return all(own[axis] == value for axis, value in rule.items())


def _slug(value: Any) -> str:
    if value is None:
        return "as-is"
    text = "+".join(map(str, value)) if isinstance(value, list) else str(value)
    return re.sub(r"[^A-Za-z0-9.+-]+", "_", Path(text).name if "/" in text else text)[:48]


def _keys() -> list[str]:
    return [field.alias or name for name, field in Portfolio.model_fields.items()]


def _sentences(path: Path, error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        where = ".".join(map(str, detail["loc"]))
        if detail["type"] == "extra_forbidden":
            hint = did_you_mean(str(detail["loc"][-1]), _keys()) or f"known are {', '.join(_keys())}"
            yield f"{path}: {where} is not a key of a portfolio: {hint}"
        else:
            yield f"{path}: {where} is {detail['input']!r}: {detail['msg'][0].lower()}{detail['msg'][1:]}"
