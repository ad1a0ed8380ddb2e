"""Read and check a workload file: every error at once, each with its line, the value and what is allowed."""

from __future__ import annotations

import json
import types
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ValidationError

from drkit.errors import WorkloadError
from drkit.files import yaml_text
from drkit.files.bundled import data_dir
from drkit.words import did_you_mean, within
from drkit.workload.check import problems
from drkit.workload.model import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic_core import ErrorDetails

    from drkit.facts.catalog import Catalog

#: First words of descriptions that keep their capital inside a sentence.
_PROPER_NOUNS = {"AWS", "Application", "Aurora", "CloudFront", "CloudWatch", "ECS", "ElastiCache", "HTTPS", "RPO"}
_PROPER_NOUNS |= {"Redis", "Route", "S3", "Secrets", "VPC"}

Location = tuple["int | str", ...]


def read(source: str | Path, catalog: Catalog | None = None) -> Workload:
    """Read and check a workload.

    Parameters
    ----------
    source
        Path of a YAML file, or the name of a bundled workload (see :func:`bundled`).
    catalog
        Also check regions, zones, classes and assumptions against what it knows.

    Raises
    ------
    WorkloadError
        With every error of the file, a line each: file, line, key, value, what is allowed.
    """
    path = find(source)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise WorkloadError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WorkloadError(f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8") from error
    return parse(text, str(path), catalog)


def parse(text: str, name: str = "workload", catalog: Catalog | None = None) -> Workload:
    """Check the text of a workload file; ``name`` stands in front of every error."""
    try:
        root = yaml_text.compose(text)
        data = yaml_text.load(text) if root is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise WorkloadError(f"{name}:{line}: this is not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise WorkloadError(f"{name}: this is not YAML: {error}") from error
    except RecursionError as error:
        raise WorkloadError(f"{name}: this is nested too deeply for a workload") from error
    if not isinstance(data, dict):
        raise WorkloadError(f"{name}:1: a workload is a mapping of keys; `drkit init` writes one to start from")
    sentences = [f"{name}:{line}: {key} is given twice: keep one" for line, key in _twice(root)]
    workload, wrong = _validated(data, catalog)
    located = {(_line(root, location), sentence) for location, sentence in wrong}
    sentences += [f"{name}:{line}: {sentence}" for line, sentence in sorted(located)]
    if sentences:
        count = f"{len(sentences)} errors" if len(sentences) > 1 else "1 error"
        raise WorkloadError("\n".join([*sentences, f"{count}: correct the file and run again"]))
    assert workload is not None
    return workload


def check(data: dict[str, Any], catalog: Catalog | None = None) -> Workload:
    """Check what a workload file holds once it is read: plain keys and values.

    Raises
    ------
    WorkloadError
        With every error, a sentence each.
    """
    workload, wrong = _validated(data, catalog)
    if workload is None or wrong:
        raise WorkloadError("\n".join(sorted({sentence for _, sentence in wrong})))
    return workload


def _validated(data: dict[str, Any], catalog: Catalog | None) -> tuple[Workload | None, list[tuple[Location, str]]]:
    """The workload, unless it is wrong, and everything that is wrong: where, and a sentence."""
    wrong: list[tuple[Location, str]] = list(problems(data, catalog)) if catalog else []
    try:
        return Workload.model_validate(data), wrong
    except ValidationError as error:
        return None, wrong + [(_location(detail), _sentence(detail)) for detail in error.errors(include_url=False)]


def find(source: str | Path) -> Path:
    """Return the path of a workload file, or of the bundled workload of that name."""
    path = Path(source)
    if path.suffix in (".yaml", ".yml") or path.exists():
        return path
    paths = bundled()
    if str(source) in paths:
        return paths[str(source)]
    near = did_you_mean(str(source), paths)
    sentence = f"there is no file {str(source)!r}, and the bundled workloads are {', '.join(paths)}"
    raise WorkloadError(f"{sentence}; {near}" if near else sentence)


def bundled() -> dict[str, Path]:
    """Name and path of each workload that ships with drkit."""
    return {path.stem: path for path in sorted((data_dir() / "workloads").glob("*.yaml"))}


def json_schema() -> str:
    """JSON Schema of the workload file, for editors that check YAML while it is typed."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Workload.model_json_schema(by_alias=True),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _twice(node: yaml.Node | None, path: str = "", seen: set[yaml.Node] | None = None) -> Iterator[tuple[int, str]]:
    seen = set() if seen is None else seen
    if node is None or node in seen:  # an alias may point to what was read before, or to what holds it
        return
    seen.add(node)
    if isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            name = f"{path}.{key.value}" if path else str(key.value)
            if name in names:
                yield key.start_mark.line + 1, name
            names.add(name)
            yield from _twice(value, name, seen)
    elif isinstance(node, yaml.SequenceNode):
        for at, value in enumerate(node.value):
            yield from _twice(value, f"{path}[{at}]", seen)


def _location(detail: ErrorDetails) -> Location:
    # Names that occur twice are found when all is read; the list they stand in is where to look.
    return (detail["ctx"]["what"],) if detail["type"] == "twice" else detail["loc"]


def _line(root: yaml.Node | None, location: Location) -> int:
    """Line of the deepest part of a location that the file holds."""
    node, line = root, 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, node = key.start_mark.line + 1, value
                    break
            else:
                break
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _sentence(detail: ErrorDetails) -> str:
    location, context = detail["loc"], detail.get("ctx", {})
    name = _dotted(location)
    value = detail["input"]
    match detail["type"]:
        case "missing":
            return f"{name} is missing: {_describe(location)}"
        case "extra_forbidden":
            keys = _fields(location[:-1])
            hint = did_you_mean(str(location[-1]), keys) or f"known are {', '.join(keys)}"
            return f"{name} is not a key of a workload: {hint}"
        case "literal_error":
            return f"{name} is {value!r}: allowed are {str(context['expected']).replace(' or ', ', ')}"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return f"{name} is {value!r}: give {within(context)} ({_describe(location)})"
        case "string_pattern_mismatch" | "string_too_short" | "string_too_long":
            return f"{name} is {value!r}: {_describe(location)}"
        case "float_type" | "int_type" | "int_from_float" | "finite_number":
            whole = "whole " if detail["type"].startswith("int") else ""
            return f"{name} is {value!r}: give a {whole}number, without quotes ({_describe(location)})"
        case "string_type":
            return f"{name} is {value!r}: give text, in quotes if it looks like a number ({_describe(location)})"
        case "bool_type":
            return f"{name} is {value!r}: give true or false"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{name} is {value!r}: give keys and values ({', '.join(_fields(location)) or 'a mapping'})"
        case "list_type":
            return f"{name} is {value!r}: give a list, each entry after a hyphen"
        case "too_short":
            return f"{name} is empty: give at least {context.get('min_length', 1)} ({_describe(location)})"
        case "quantity" | "quantity_above_zero" | "fargate_vcpu":
            return f"{name} is {value!r}: {detail['msg']} ({_describe(location)})"
        case _:
            return f"{name}: {detail['msg']}" if name else detail["msg"]


def _dotted(location: Location) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")


def _describe(location: Location) -> str:
    for end in range(len(location), 0, -1):
        if isinstance(location[end - 1], str) and (text := _description(location[:end])):
            return text if text.split()[0] in _PROPER_NOUNS else text[0].lower() + text[1:]
    return "see `drkit init`"


def _description(location: Location) -> str | None:
    model = _model_at(location[:-1])
    if model is None:
        return None
    for name, field in model.model_fields.items():
        if location[-1] in (name, field.alias):
            return field.description
    return None


def _fields(location: Location) -> list[str]:
    model = _model_at(location)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model_at(location: Sequence[int | str]) -> type[BaseModel] | None:
    """Follow a location through the model's annotations."""
    model: type[BaseModel] = Workload
    for part in location:
        if isinstance(part, int):
            continue
        field = next((f for name, f in model.model_fields.items() if part in (name, f.alias)), None)
        inner = next(_models(field.annotation), None) if field else None
        if inner is None:
            return None
        model = inner
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is not None:
        for argument in typing.get_args(annotation):
            yield from _models(argument)
