"""The variables that a Terraform stack declares, and whether the values of a tfvars file have their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Number
from typing import TYPE_CHECKING, Any

from drkit.errors import TfvarsError
from drkit.tfvars.hcl_reader import HclFile, Node, subtrees, unwrapped
from drkit.tfvars.hcl_writer import described
from drkit.tfvars.problem import Problem, step
from drkit.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SIMPLE: dict[str, type] = {"string": str, "number": Number, "bool": bool}


@dataclass(frozen=True)
class Type:
    """A type of Terraform: its name, and the types in it by attribute, by position, or under ``*`` for each element."""

    name: str
    inner: Mapping[str | int, Type] = field(default_factory=dict)
    optional: bool = False

    def __str__(self) -> str:
        element = self.inner.get("*") if self.name != "object" else None
        return f"{self.name}({element})" if element else self.name


@dataclass(frozen=True)
class Variable:
    """A variable that a stack declares, as far as it can be checked without Terraform."""

    type: Type
    required: bool = True
    default: object = None
    nullable: bool = True
    ephemeral: bool = False


def read_declarations(folder: Path) -> dict[str, Variable]:
    """Read the variables that ``variables.tf`` of a folder declares, in its order.

    Raises
    ------
    TfvarsError
        Where the folder has no ``variables.tf``, or a declaration cannot be read.
    """
    path = folder / "variables.tf"
    if not path.is_file():
        raise TfvarsError(f"{folder} has no variables.tf: name the directory of the Terraform stack.")
    file = HclFile(path.read_text(encoding="utf-8"), str(path))
    variables: dict[str, Variable] = {}
    for block in subtrees(file.body):
        *labels, body = subtrees(block)
        names = [file.text(label) for label in labels]
        if block.data != "block" or names[:1] != ["variable"]:
            continue
        if len(names) != 2 or names[1] in variables:
            raise file.error(block, "a variable block needs one name, and each name once. Correct the block.")
        given = dict(file.attributes(body))
        flags = ("nullable", "ephemeral", "default")
        variables[names[1]] = Variable(
            type=_type(file, given["type"]) if "type" in given else Type("any"),
            required="default" not in given,
            **{name: file.value(given[name], f"{names[1]}.{name}") for name in flags if name in given},
        )
    return variables


def _type(file: HclFile, node: Node) -> Type:
    term = unwrapped(node)
    if term.data == "identifier":
        name = file.text(term)
        if name in (*_SIMPLE, "any"):
            return Type(name)
        if name in ("list", "set", "map"):
            return Type(name, {"*": Type("any")})
    elif term.data == "function_call" and len(subtrees(term)) == 2:
        name, arguments = file.text(subtrees(term)[0]), subtrees(subtrees(term)[1])
        inner = unwrapped(arguments[0])
        if name == "optional":
            wanted = _type(file, inner)
            return Type(wanted.name, wanted.inner, optional=True)
        if name in ("list", "set", "map") and len(arguments) == 1:
            return Type(name, {"*": _type(file, inner)})
        if name == "tuple" and inner.data == "tuple":
            return Type(name, {place: _type(file, item) for place, item in enumerate(subtrees(inner))})
        if name == "object" and inner.data == "object":
            pairs = [subtrees(element) for element in subtrees(inner)]
            return Type(name, {file.key(key): _type(file, kind) for key, kind in pairs})
    told = "string, number, bool, any, list(...), set(...), map(...), object({...}) and tuple([...])"
    raise file.error(term, f"a type is none of Terraform's, which are {told}. Correct it.")


def misfits(values: Mapping[str, Any], declared: Mapping[str, Variable]) -> Iterator[Problem]:
    """Say which values are unknown, missing or of the wrong type.

    Stricter than Terraform where silence hides mistakes: types must match as they are (Terraform turns the string "4"
    into a number), attributes that an object type does not have are problems (Terraform drops them), and so is null for
    a variable that is not nullable (Terraform takes the default). An ephemeral variable may be missing: Terraform gets
    it when it runs.

    Parameters
    ----------
    values
        Name to value, as `HclFile.values` returns them.
    declared
        What the stack declares.
    """
    yield from _unknown(values, declared, "", "a variable of the stack")
    for name, variable in declared.items():
        if name in values:
            if values[name] is None and not variable.nullable:
                advice = "give a value" if variable.required else "leave it out to take its default"
                yield Problem(name, f"is null, but {_a(variable.type)} is needed (nullable = false): {advice}.")
            yield from _unlike(values[name], variable.type, name)
        elif variable.required and not variable.ephemeral:
            yield Problem(name, f"has no value and no default: give {_a(variable.type)}.")


def _unlike(value: Any, wanted: Type, path: str) -> Iterator[Problem]:
    """The parts of a value that do not have the type that is wanted there; null fits every type."""
    inner = wanted.inner
    if value is None or wanted.name == "any":
        return
    if wanted.name == "object" and isinstance(value, Mapping):
        yield from _unknown(value, inner, path, f"an attribute of {path}")
        for name, kind in inner.items():
            if name in value:
                yield from _unlike(value[name], kind, step(path, name))
            elif not kind.optional:
                yield Problem(step(path, name), f"is missing: give {_a(kind)}.")
    elif wanted.name == "map" and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unlike(item, inner["*"], step(path, key))
    elif wanted.name == "tuple" and isinstance(value, list) and len(value) != len(inner):
        yield Problem(path, f"has {len(value)} elements, but {len(inner)} are needed.")
    elif wanted.name in ("list", "set", "tuple") and isinstance(value, list):
        for place, item in enumerate(value):
            yield from _unlike(item, inner.get("*") or inner[place], step(path, place))
    elif not isinstance(value, _SIMPLE.get(wanted.name, ())) or (wanted.name == "number" and isinstance(value, bool)):
        yield Problem(path, f"is {described(value)}, but {_a(wanted)} is needed.")


def _unknown(given: Iterable[str], known: Iterable[Any], path: str, what: str) -> Iterator[Problem]:
    names = [str(name) for name in known]
    for name in given:
        if name not in names:
            hint = did_you_mean(name, names).capitalize() or f"Known: {', '.join(sorted(names))}."
            yield Problem(step(path, name), f"is not {what}. {hint}")


def _a(wanted: Type) -> str:
    return f"{'an' if wanted.name in ('object', 'any') else 'a'} {wanted}"
