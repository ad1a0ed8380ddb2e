"""Parse HCL with python-hcl2 and work out its expressions with the semantics of Terraform 1.11.

python-hcl2 serializes expressions to text in which the types are lost (``"007"``, escapes, ``1e21``), so its
syntax tree is used as it comes from the parser: one walk over it serves tfvars, defaults and conditions.
"""

from __future__ import annotations

import inspect
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from drkit.tfvars.hcl.functions import FUNCTIONS, Function
from drkit.tfvars.hcl.values import (
    EvaluationError,
    HclError,
    SetValue,
    UnevaluableError,
    UnknownFunctionError,
    UnknownReferenceError,
    Value,
    described,
    equal,
    exact_number,
    kind,
    mapping,
    number_of,
    shortest,
    to_bool,
    to_number,
    to_text,
    unescaped,
)

if TYPE_CHECKING:
    from lark import Token, Tree

    Node = Tree[Token]
else:
    Node = Any

_ON_NUMBERS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    # Go's remainder takes the sign of the dividend, Python's of the divisor.
    "%": lambda left, right: left - right * int(left / right),
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


_signature = lru_cache(maxsize=256)(inspect.signature)


@dataclass(frozen=True)
class Expression:
    """An HCL expression: its text, and its syntax tree.

    Parameters
    ----------
    text
        The expression as it stands in the file.
    node
        Its tree from the parser.
    """

    text: str
    node: Node

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Parse the text of one expression."""
        (attribute,) = subtrees(body_of(f"expression = {text}", "the expression"))
        return cls(text, subtrees(attribute)[-1])

    def evaluate(
        self, names: Mapping[str, Value] | None = None, functions: Mapping[str, Function] = FUNCTIONS
    ) -> Value:
        """Work out the value.

        Parameters
        ----------
        names
            The values of the names that stand at the head of references, such as ``var``.
        functions
            The functions that may be called.

        Raises
        ------
        EvaluationError
            Where Terraform fails as well.
        UnevaluableError
            Where Terraform's value is not known here: unknown functions and references among others.
        """
        return Evaluator(names or {}, functions).value(self.node)


def body_of(text: str, source: str) -> Node:
    """Parse HCL text and return the tree of its body.

    Parameters
    ----------
    text
        HCL text.
    source
        What the text is, for error messages: a file's path.
    """
    # Imported here: the grammar costs a tenth of a second, and most runs read no HCL.
    import hcl2
    from lark.exceptions import LarkError, UnexpectedInput

    try:
        tree = hcl2.parses_to_tree(text.removeprefix("\ufeff"))
    except UnexpectedInput as error:
        line = getattr(error, "line", -1)
        lines = text.splitlines()
        where = f"{source}, line {line}" if 0 < line <= len(lines) else f"{source}, at its end"
        found = f": {lines[line - 1].strip()[:80]}" if 0 < line <= len(lines) else ""
        raise HclError(
            f"{where} is not HCL that python-hcl2 can read{found}. Correct the line; a literal "
            f"${{ or %{{ without its closing brace can be written \\u0024{{ or \\u0025{{."
        ) from error
    except LarkError as error:
        raise HclError(f"{source} is not HCL that python-hcl2 can read: {error}") from error
    return subtrees(tree)[0]


def subtrees(node: Node) -> list[Node]:
    """Return the children of a tree that are trees themselves, comments and newlines left out."""
    return [child for child in node.children if not isinstance(child, str) and child.data != "new_line_or_comment"]


def name_of(node: Node) -> str:
    """Return the text of an identifier, keyword, literal word or plain string."""
    if node.data == "string":
        return str(Evaluator({}, {}).value(node))
    return str(node.children[0])


def call_of(node: Node) -> tuple[str, list[Node], bool]:
    """Take a function call apart: its name, the trees of its arguments, and whether ``...`` ends them."""
    parts = subtrees(node)
    names = [name_of(part) for part in parts if part.data == "identifier"]
    arguments = next((part for part in parts if part.data == "arguments"), None)
    if arguments is None:
        return "::".join(names), [], False
    return "::".join(names), subtrees(arguments), any(child == "..." for child in arguments.children)


def unwrapped(node: Node) -> Node:
    """Return what a term holds, its parentheses taken off."""
    while node.data == "expr_term":
        node = subtrees(node)[0]
    return node


class Evaluator:
    """Walks a syntax tree; one method for each kind of node that python-hcl2's grammar names.

    Parameters
    ----------
    names
        The values of the names in scope.
    functions
        The functions that may be called.
    """

    def __init__(self, names: Mapping[str, Value], functions: Mapping[str, Function]) -> None:
        self._names = names
        self._functions = functions

    def value(self, node: Node) -> Value:
        """Work out the value of a tree."""
        handler: Callable[[Node], Value] | None = getattr(self, f"_{node.data}", None)
        if handler is None:
            raise UnevaluableError(f"{str(node.data).replace('_', ' ')} is not worked out here")
        return handler(node)

    def _expr_term(self, node: Node) -> Value:
        return self.value(subtrees(node)[0])

    _interpolation = _expr_term

    def _literal_value(self, node: Node) -> Value:
        return {"true": True, "false": False, "null": None}[name_of(node)]

    def _int_lit(self, node: Node) -> Value:
        return number_of(name_of(node))

    _float_lit = _int_lit

    def _identifier(self, node: Node) -> Value:
        name = name_of(node)
        if name not in self._names:
            raise UnknownReferenceError(f"{name} is not known here")
        return self._names[name]

    def _string(self, node: Node) -> Value:
        parts = [self._string_part(part) for part in subtrees(node)]
        if len(parts) == 1 and not isinstance(subtrees(node)[0].children[0], str):
            return parts[0]  # "${x}" is x itself, whatever its type
        return "".join(to_text(part) for part in parts)

    def _string_part(self, node: Node) -> Value:
        content = node.children[0]
        if not isinstance(content, str):
            return self.value(content)
        if getattr(content, "type", "") == "STRING_CHARS":
            return unescaped(content)
        # python-hcl2 ends $${ and %%{ at the next brace, even where the string ended before.
        if re.search(r'(?<!\\)(\\\\)*"|\n|[$%]\{', content[3:]):
            raise HclError(f"python-hcl2 cannot read {content[:3]} here: write it \\u00{ord(content[0]):x}{{.")
        return unescaped(content[1:])

    def _heredoc_template(self, node: Node) -> str:
        return _heredoc(name_of(node))

    _heredoc_template_trim = _heredoc_template

    def _tuple(self, node: Node) -> list[Value]:
        return [self.value(item) for item in subtrees(node)]

    def _object(self, node: Node) -> dict[str, Value]:
        pairs = [subtrees(item) for item in subtrees(node)]
        return {self._object_key(subtrees(key)[0]): self.value(item) for key, item in pairs}

    def _object_key(self, node: Node) -> str:
        bare = subtrees(node)[0] if node.data == "expr_term" and not isinstance(node.children[0], str) else node
        if bare.data in ("identifier", "keyword", "literal_value"):
            return name_of(bare)
        return to_text(self.value(node))

    def _function_call(self, node: Node) -> Value:
        name, trees, expanded = call_of(node)
        if name in ("can", "try") and self._functions:
            return self._attempt(name, trees)
        if name not in self._functions:
            raise UnknownFunctionError(f"the function {name} is not known here")
        arguments = [self.value(tree) for tree in trees]
        if expanded:
            arguments[-1:] = _items(arguments[-1]).values()
        try:
            _signature(self._functions[name]).bind(*arguments)
        except TypeError as error:
            raise EvaluationError(f"{name} does not take {len(arguments)} arguments") from error
        return self._functions[name](*arguments)

    def _attempt(self, name: str, trees: list[Node]) -> Value:
        for tree in trees:
            try:
                result = self.value(tree)
            except EvaluationError:
                continue
            return True if name == "can" else result
        if name == "can":
            return False
        raise EvaluationError("no argument of try can be evaluated")

    def _get_attr_expr_term(self, node: Node) -> Value:
        base, accessor = subtrees(node)
        return self._step(self.value(base), accessor)

    _index_expr_term = _get_attr_expr_term

    def _full_splat_expr_term(self, node: Node) -> list[Value]:
        base, splat = subtrees(node)
        value = self.value(base)
        results = [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
        for accessor in subtrees(splat):
            results = [self._step(item, accessor) for item in results]
        return results

    _attr_splat_expr_term = _full_splat_expr_term

    def _step(self, value: Value, accessor: Node) -> Value:
        if accessor.data == "get_attr":
            key: Value = name_of(subtrees(accessor)[0])
            mapping(value)
        else:
            inner = subtrees(accessor)
            key = self.value(inner[0]) if inner else number_of(str(accessor.children[-1]))
        if isinstance(value, SetValue):
            raise EvaluationError("the elements of a set have no index")
        if isinstance(value, list | tuple):
            place = exact_number(to_number(key))
            if place.denominator != 1 or not 0 <= place < len(value):
                raise EvaluationError(f"a list of {len(value)} elements has no index {place}")
            return value[int(place)]
        if to_text(key) not in mapping(value):
            raise EvaluationError(f'there is no attribute or key "{to_text(key)}"')
        return value[to_text(key)]

    def _for_tuple_expr(self, node: Node) -> list[Value]:
        _, result, *_ = subtrees(node)
        return [inner.value(result) for inner in self._rounds(node)]

    def _for_object_expr(self, node: Node) -> dict[str, Value]:
        _, key_tree, value_tree, *_ = subtrees(node)
        grouped = any(child == "..." for child in node.children)
        result: dict[str, Value] = {}
        for inner in self._rounds(node):
            key, value = to_text(inner.value(key_tree)), inner.value(value_tree)
            if grouped:
                result.setdefault(key, []).append(value)
            elif key in result:
                raise EvaluationError(f'two elements have the key "{key}"')
            else:
                result[key] = value
        return result

    def _rounds(self, node: Node) -> Iterator[Evaluator]:
        """Yield an evaluator for each element that the condition of a for expression lets pass."""
        intro, *rest = subtrees(node)
        *names, collection = subtrees(intro)
        condition = next((part for part in rest if part.data == "for_cond"), None)
        for key, value in _items(self.value(collection)).items():
            bound = {name_of(names[-1]): value}
            if len(names) == 2:
                bound[name_of(names[0])] = key
            inner = Evaluator({**self._names, **bound}, self._functions)
            if condition is None or to_bool(inner.value(subtrees(condition)[0])):
                yield inner

    def _conditional(self, node: Node) -> Value:
        condition, if_true, if_false = subtrees(node)
        chosen, other = (if_true, if_false) if to_bool(self.value(condition)) else (if_false, if_true)
        result = self.value(chosen)
        try:
            kinds = kind(result), kind(self.value(other))
        except EvaluationError:
            return result
        if kinds[0] == kinds[1] or "null" in kinds:
            return result
        if {"list", "object"} & set(kinds):
            raise EvaluationError(f"the two results of a condition are {kinds[0]} and {kinds[1]}")
        return to_text(result)  # of two different primitive types, both become strings

    def _unary_op(self, node: Node) -> Value:
        operand = self.value(subtrees(node)[0])
        return not to_bool(operand) if node.children[0] == "!" else -to_number(operand)

    def _binary_op(self, node: Node) -> Value:
        left_tree, term = subtrees(node)
        operator_tree, right_tree = subtrees(term)
        sign = name_of(operator_tree).strip()
        # Both sides, always: && and || of Terraform 1.11 do not stop at the first one (they do since 1.12).
        left, right = self.value(left_tree), self.value(right_tree)
        if sign in ("==", "!="):
            return equal(left, right) is (sign == "==")
        if sign in ("&&", "||"):
            both = to_bool(left), to_bool(right)
            return all(both) if sign == "&&" else any(both)
        numbers = exact_number(to_number(left)), exact_number(to_number(right))
        if sign in "/%" and not numbers[1]:
            raise UnevaluableError("division by zero is no error in Terraform, but infinite")
        return shortest(_ON_NUMBERS[sign](*numbers))


def _items(value: Value) -> dict[Value, Value]:
    """Return the elements of a collection by index or key, in Terraform's order of iteration."""
    if isinstance(value, Mapping):
        return {key: value[key] for key in sorted(value)}
    if isinstance(value, SetValue):
        return {item: item for item in value}
    if isinstance(value, list | tuple):
        return dict(enumerate(value))
    raise EvaluationError(f"{described(value)} has no elements")


def _heredoc(text: str) -> str:
    """Return the text of a heredoc token, the indentation of a ``<<-`` one taken off."""
    head, _, rest = text.replace("\r\n", "\n").partition("\n")
    lines = rest.rstrip("\n").split("\n")[:-1]
    if head.startswith("<<-"):
        # Blank lines neither count nor change.
        margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        lines = [line[margin:] if line.strip() else line for line in lines]
    body = "".join(line + "\n" for line in lines)
    if re.search(r"(?<!\$)\$\{|(?<!%)%\{", body):
        raise UnevaluableError("a heredoc with a template is not worked out: write a quoted string")
    return body.replace("$${", "${").replace("%%{", "%{")
