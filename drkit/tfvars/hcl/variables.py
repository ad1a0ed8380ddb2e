"""Read the variables that a Terraform stack declares, and check values against them before Terraform runs."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, Literal

from drkit.tfvars.hcl.expressions import Expression, Node, body_of, call_of, name_of, subtrees, unwrapped
from drkit.tfvars.hcl.functions import FUNCTIONS
from drkit.tfvars.hcl.values import (
    EvaluationError,
    HclError,
    SetValue,
    Value,
    described,
    is_finite,
    kind,
    plain,
    to_bool,
    to_text,
)

if TYPE_CHECKING:
    from pathlib import Path


class _Missing(Enum):
    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing.MISSING
"""Stands where a variable or attribute has no default (None is a default: null)."""

Kind = Literal["unknown", "missing", "null", "type", "validation", "unchecked"]


@dataclass(frozen=True)
class Type:
    """A type constraint of Terraform.

    Parameters
    ----------
    name
        string, number, bool, any, list, set, map, object or tuple.
    element
        The type of the elements of a list, set or map.
    attributes
        Name -> attribute of an object.
    items
        The types of the elements of a tuple.
    """

    name: str
    element: Type | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    items: tuple[Type, ...] = ()

    def __str__(self) -> str:
        if self.name == "object":
            inner = ", ".join(f"{name} = {attribute.type}" for name, attribute in self.attributes.items())
            return f"object({{ {inner} }})"
        if self.name == "tuple":
            return f"tuple([{', '.join(map(str, self.items))}])"
        return f"{self.name}({self.element})" if self.element else self.name


@dataclass(frozen=True)
class Attribute:
    """An attribute of an object type; `default` counts only where it is `optional`."""

    type: Type
    optional: bool = False
    default: object = None


@dataclass(frozen=True)
class Validation:
    """A validation of a variable: the condition that must be true, and what Terraform says otherwise."""

    condition: Expression
    error_message: Expression

    @cached_property
    def references(self) -> tuple[str, ...]:
        """Names of the variables that the condition refers to."""
        return tuple(references(self.condition.node))


@dataclass(frozen=True)
class Variable:
    """A variable that a stack declares.

    Parameters
    ----------
    name, type, description
        As declared; a variable without a type takes any value.
    default
        The value taken where none is given, or `MISSING`.
    nullable
        Whether null may be given.
    ephemeral, sensitive
        Whether Terraform keeps the value out of the state, and out of its output.
    validations
        In the order of the file.
    """

    name: str
    type: Type = field(default_factory=lambda: Type("any"))
    default: object = MISSING
    nullable: bool = True
    description: str = ""
    ephemeral: bool = False
    sensitive: bool = False
    validations: tuple[Validation, ...] = ()


@dataclass(frozen=True)
class Problem:
    """Something that keeps values from fitting the variables.

    Parameters
    ----------
    kind
        ``unknown`` (no such variable or attribute), ``missing``, ``null``, ``type``, ``validation`` (its
        message is the stack's own), or ``unchecked``: a validation that could not be worked out.
    path
        Where: ``services["api"].cpu_units``.
    message
        A sentence.
    """

    kind: Kind
    path: str
    message: str

    def __str__(self) -> str:
        return self.message if self.message.startswith(self.path) else f"{self.path}: {self.message}"


def read_variables(directory: Path) -> dict[str, Variable]:
    """Read the variables that ``variables.tf`` of a directory declares, in its order.

    Raises
    ------
    FileNotFoundError
        Where the directory has no ``variables.tf``.
    HclError
        Where the file is not HCL, or a declaration is not one of Terraform's.
    """
    path = directory / "variables.tf"
    if not path.is_file():
        raise FileNotFoundError(f"{directory} has no variables.tf: name the directory of the Terraform stack.")
    return dict(_read(path.read_text(encoding="utf-8"), str(path)))


@lru_cache(maxsize=4)
def _read(text: str, path: str) -> dict[str, Variable]:
    variables: dict[str, Variable] = {}
    for block in subtrees(body_of(text, path)):
        labels = [name_of(label) for label in subtrees(block)[:-1]]
        if block.data != "block" or labels[:1] != ["variable"]:
            continue
        where = f"{path}, line {block.meta.line}"
        if len(labels) != 2 or labels[1] in variables:
            raise HclError(f"{where}: a variable block needs one name, and each name once. Correct the block.")
        try:
            variables[labels[1]] = _declared(labels[1], subtrees(block)[-1], text)
        except HclError as error:
            raise HclError(f"{where}: the variable {labels[1]} cannot be read: {error}") from error
    return variables


def _declared(name: str, body: Node, text: str) -> Variable:
    given = dict(_attributes(body, text))
    validations = []
    for block in subtrees(body):
        if block.data == "block" and name_of(subtrees(block)[0]) == "validation":
            parts = dict(_attributes(subtrees(block)[-1], text))
            if not {"condition", "error_message"} <= set(parts):
                raise HclError("a validation needs a condition and an error_message")
            validations.append(Validation(parts["condition"], parts["error_message"]))

    def flag(key: str, otherwise: bool) -> bool:
        return to_bool(given[key].evaluate()) if key in given else otherwise

    return Variable(
        name=name,
        type=parse_type(given["type"].node) if "type" in given else Type("any"),
        default=plain(given["default"].evaluate()) if "default" in given else MISSING,
        nullable=flag("nullable", otherwise=True),
        description=to_text(given["description"].evaluate()) if "description" in given else "",
        ephemeral=flag("ephemeral", otherwise=False),
        sensitive=flag("sensitive", otherwise=False),
        validations=tuple(validations),
    )


def _attributes(body: Node, text: str) -> Iterator[tuple[str, Expression]]:
    for node in subtrees(body):
        if node.data == "attribute":
            name, value = subtrees(node)
            yield name_of(name), Expression(text[value.meta.start_pos : value.meta.end_pos].strip(), value)


def parse_type(node: Node) -> Type:
    """Read a type constraint such as ``map(object({ size = optional(number, 3) }))`` from its syntax tree."""
    term = unwrapped(node)
    if term.data == "identifier":
        name = name_of(term)
        if name in ("string", "number", "bool", "any"):
            return Type(name)
        if name in ("list", "set", "map"):
            return Type(name, element=Type("any"))
    elif term.data == "function_call":
        name, arguments, _ = call_of(term)
        inner = unwrapped(arguments[0]) if len(arguments) == 1 else None
        if name in ("list", "set", "map") and inner is not None:
            return Type(name, element=parse_type(inner))
        if name == "tuple" and inner is not None and inner.data == "tuple":
            return Type(name, items=tuple(parse_type(item) for item in subtrees(inner)))
        if name == "object" and inner is not None and inner.data == "object":
            pairs = [subtrees(element) for element in subtrees(inner)]
            return Type(name, attributes={name_of(unwrapped(subtrees(k)[0])): _attribute(v) for k, v in pairs})
    raise HclError(
        f"{str(term.data).replace('_', ' ')} is not a type: Terraform has string, number, bool, any, "
        "list(...), set(...), map(...), object({...}) and tuple([...])"
    )


def _attribute(node: Node) -> Attribute:
    term = unwrapped(node)
    if term.data != "function_call" or call_of(term)[0] != "optional":
        return Attribute(parse_type(node))
    _, (inner, *default), _ = call_of(term)
    return Attribute(parse_type(inner), True, plain(Expression("", default[0]).evaluate()) if default else None)


def check(values: Mapping[str, object], variables: Mapping[str, Variable]) -> list[Problem]:
    """Say what Terraform would refuse about the values of a tfvars file, and more.

    Stricter than Terraform where silence hides mistakes: types must match as they are (Terraform turns the
    string "4" into a number), attributes that an object type does not have are problems (Terraform drops
    them), and so is null for a variable that is not nullable (Terraform takes the default).

    Parameters
    ----------
    values
        Name -> value, as `drkit.tfvars.hcl.read` returns them.
    variables
        What the stack declares.

    Returns
    -------
    list of Problem
        Empty where everything fits. The validations of a variable are worked out only where its value fits
        its type; one that refers to a variable without a usable value, or that cannot be worked out, is
        reported as ``unchecked``. An ephemeral variable may be missing: Terraform gets it when it runs.
    """
    problems = [_unknown(name, name, variables, "a variable of the stack") for name in values if name not in variables]
    usable: dict[str, Value] = {}
    for name, variable in variables.items():
        found = list(_fit(name, variable, values, usable))
        if found:
            usable.pop(name, None)
        problems += found
    for name in usable:
        for validation in variables[name].validations:
            problems += _validated(name, validation, usable)
    return problems


def _fit(name: str, variable: Variable, values: Mapping[str, object], usable: dict[str, Value]) -> Iterator[Problem]:
    """Yield the problems of one variable's value, and put the value Terraform would see into `usable`."""
    value = values.get(name, variable.default)
    if value is MISSING:
        if not variable.ephemeral:
            yield Problem("missing", name, f"{name} has no value and no default: give a {variable.type}.")
    elif value is None and not variable.nullable:
        advice = "give a value" if variable.default is MISSING else "leave it out to take its default"
        yield Problem("null", name, f"{name} is null, but a {variable.type} is needed (nullable = false): {advice}.")
    else:
        problems: list[Problem] = []
        usable[name] = _conform(value, variable.type, name, problems)
        yield from problems


def _unknown(name: object, path: str, known: Iterable[str], what: str) -> Problem:
    near = difflib.get_close_matches(str(name), list(known), n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(known))}."
    return Problem("unknown", path, f"{path} is not {what}. {hint}")


def _conform(value: object, wanted: Type, path: str, problems: list[Problem]) -> Value:
    """Return the value as Terraform would see it, defaults filled in; add what does not fit to `problems`."""
    if value is None:
        return None
    actual = kind(value)
    if wanted.name in ("string", "number", "bool"):
        if actual != wanted.name or (actual == "number" and not is_finite(value)):
            problems.append(_mismatch(value, wanted, path))
        return unicodedata.normalize("NFC", value) if isinstance(value, str) else value
    if isinstance(value, list | tuple) and wanted.name in ("list", "set", "tuple", "any"):
        if wanted.name == "tuple" and len(value) != len(wanted.items):
            short = f"{path} has {len(value)} elements, but {len(wanted.items)} are needed: {wanted}."
            problems.append(Problem("type", path, short))
            return None
        types = wanted.items if wanted.name == "tuple" else [wanted.element or wanted] * len(value)
        items = [_conform(item, types[n], f"{path}[{n}]", problems) for n, item in enumerate(value)]
        if wanted.name != "set":
            return items
        # A set of collections keeps its order as given: only their number and their elements are asked for.
        simple = all(kind(item) in ("string", "number", "bool") for item in items)
        return FUNCTIONS["toset"](items) if simple and not problems else SetValue(items)
    if isinstance(value, Mapping) and wanted.name in ("map", "any"):
        inner = wanted.element or wanted
        return {
            unicodedata.normalize("NFC", str(key)): _conform(item, inner, f'{path}["{key}"]', problems)
            for key, item in value.items()
        }
    if isinstance(value, Mapping) and wanted.name == "object":
        return _conform_object(value, wanted, path, problems)
    if wanted.name != "any" or actual not in ("string", "number", "bool"):
        problems.append(_mismatch(value, wanted, path))
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def _conform_object(value: Mapping[str, object], wanted: Type, path: str, problems: list[Problem]) -> dict[str, Value]:
    problems += [
        _unknown(key, f"{path}.{key}", wanted.attributes, f"an attribute of {path}")
        for key in value
        if key not in wanted.attributes
    ]
    result: dict[str, Value] = {}
    for name, attribute in wanted.attributes.items():
        inner = f"{path}.{name}"
        if name not in value and not attribute.optional:
            problems.append(Problem("missing", inner, f"{inner} is missing: give a {attribute.type}."))
            continue
        item = value.get(name)
        result[name] = _conform(attribute.default if item is None else item, attribute.type, inner, problems)
    return result


def _mismatch(value: object, wanted: Type, path: str) -> Problem:
    article = "an" if str(wanted)[0] in "aeo" else "a"
    return Problem("type", path, f"{path} is {described(value)}, but {article} {wanted} is needed.")


def _validated(name: str, validation: Validation, usable: Mapping[str, Value]) -> Iterator[Problem]:
    names = {"var": usable}
    condition = " ".join(validation.condition.text.split())
    try:
        for other in validation.references:
            if other not in usable:
                raise HclError(f"var.{other} has no usable value here")
        passed = to_bool(validation.condition.evaluate(names))
    except HclError as error:
        fails = "fails" if isinstance(error, EvaluationError) else "cannot be worked out here"
        yield Problem(
            "unchecked",
            name,
            f"{name} is not checked by the condition {condition}, which {fails}: {str(error).rstrip('.')}. "
            "Ask terraform plan.",
        )
        return
    if not passed:
        try:
            message = to_text(validation.error_message.evaluate(names))
        except HclError:
            message = validation.error_message.text
        yield Problem("validation", name, message.strip())


def references(node: Node) -> Iterator[str]:
    """Yield the names of the variables that an expression refers to by ``var.NAME``."""
    if node.data == "get_attr_expr_term":
        base, accessor = subtrees(node)
        inner = unwrapped(base)
        if inner.data == "identifier" and name_of(inner) == "var":
            yield name_of(subtrees(accessor)[0])
    for child in subtrees(node):
        yield from references(child)
