"""Read HCL through python-hcl2: the plain values of a tfvars file, and the tree that declarations are read from.

python-hcl2 turns expressions to text in which types are lost (``"007"``, escapes, ``1e21``): its syntax tree has them.
There 8.1.0 and 8.1.1 call ``true``, ``false`` and ``null`` identifiers; later versions have literals of their own.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from drkit.errors import TfvarsError
from drkit.tfvars.problem import step

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A tree of python-hcl2, which has no types: `data` names its kind, `children` are trees and tokens (strings).
Node = Any

_WORDS = {"true": True, "false": False, "null": None}
_ESCAPE = re.compile(r'\\(?:([nrt"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.)?)', re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


class HclFile:
    """HCL text as a tree, and the plain values in it.

    Parameters
    ----------
    text
        The text of a tfvars file or of a configuration.
    name
        What the text is, for error messages: the file's path.

    Raises
    ------
    TfvarsError
        For text that python-hcl2 cannot parse; the methods raise it for what is not a plain value.
    """

    def __init__(self, text: str, name: str = "the text") -> None:
        # Imported here: the grammar costs a tenth of a second, and most runs read no HCL.
        import hcl2

        self.name = name
        self._lines: dict[str, int] = {}
        try:
            (self.body,) = subtrees(hcl2.parses_to_tree(text.removeprefix("\ufeff")))
        except Exception as error:  # python-hcl2 has no errors of its own: its parser's pass through
            line, rows = getattr(error, "line", -1), text.splitlines()
            known = 0 < line <= len(rows)
            raise TfvarsError(
                f"{name}, {f'line {line}' if known else 'at its end'} is not HCL that python-hcl2 can read"
                f"{f': {rows[line - 1].strip()[:80]}' if known else ''}. Correct the line; a literal "
                "${ or %{ without its closing brace can be written \\u0024{ or \\u0025{."
            ) from error

    def values(self) -> dict[str, Any]:
        """The variables that a tfvars file gives: name to value.

        A number is an int where it is written as one, otherwise a float, or a Decimal where no float prints as the
        same digits.
        """
        values: dict[str, Any] = {}
        for node in subtrees(self.body):
            name = self.text(subtrees(node)[0])
            if node.data != "attribute":
                raise self.error(node, f"a block {name} stands where only name = value may. Remove it.")
            if name in values:
                raise self.error(node, f"{name} is given twice. Remove one.")
            values[name] = self.value(subtrees(node)[-1], name)
        return values

    def attributes(self, body: Node) -> Iterator[tuple[str, Node]]:
        """The attributes of a block's body: name, and the tree of the expression."""
        for node in subtrees(body):
            if node.data == "attribute":
                name, expression = subtrees(node)
                yield self.text(name), expression

    def value(self, node: Node, path: str) -> Any:
        """The value of an expression without references and calls, whose line `line` then knows."""
        self._lines[path] = node.meta.line
        term = unwrapped(node)
        match str(term.data):
            case "literal_value" | "identifier" if str(term.children[0]) in _WORDS:
                return _WORDS[str(term.children[0])]
            case "int_lit" | "float_lit":
                return self._number(term, str(term.children[0]))
            case "unary_op" if unwrapped(subtrees(term)[0]).data in ("int_lit", "float_lit"):
                return self._number(term, f"{term.children[0]}{unwrapped(subtrees(term)[0]).children[0]}")
            case "string":
                return self.text(term)
            case "heredoc_template" | "heredoc_template_trim":
                return self._heredoc(term)
            case "tuple":
                return [self.value(item, step(path, place)) for place, item in enumerate(subtrees(term))]
            case "object":
                pairs = [subtrees(element) for element in subtrees(term)]
                named = [(self.key(key), item) for key, item in pairs]
                return {key: self.value(item, step(path, key)) for key, item in named}
            case "identifier":
                what = str(term.children[0])
            case "function_call":
                what = f"a call of {self.text(subtrees(term)[0])}"
            case _:
                what = "an expression"
        raise self.error(term, f"{path} is {what}, but only plain values can stand here. Put text in quotes.")

    def line(self, path: str) -> int:
        """The line, from 1, of the value of a path, or else of what it is missing from; 0 if that is the file."""
        known = [one for one in self._lines if path == one or path.startswith((f"{one}.", f"{one}["))]
        return self._lines[max(known, key=len)] if known else 0

    def key(self, node: Node) -> str:
        """The key of an object's element: a name, a whole number or a text in quotes."""
        (inner,) = subtrees(node)
        term = unwrapped(inner)
        in_parentheses = term is not inner and isinstance(inner.children[0], str)
        bare = not in_parentheses and term.data in ("identifier", "keyword", "literal_value", "int_lit")
        if term.data != "string" and not bare:
            raise self.error(term, "a key is neither a name nor a text in quotes. Correct it.")
        return self.text(term)

    def text(self, node: Node) -> str:
        """The text of a name, a literal or a string without templates."""
        if node.data != "string":
            return str(node.children[0])
        parts = []
        for part in subtrees(node):
            content = part.children[0]
            if not isinstance(content, str):
                raise self.error(part, "a text holds a template. Write a literal ${ as $${, and %{ as %%{.")
            if content.startswith(("$${", "%%{")):
                # python-hcl2 ends $${ and %%{ at the next brace, even where the string ended before.
                if re.search(r'(?<!\\)(\\\\)*"|\n|[$%]\{', content[3:]):
                    written = f"\\u00{ord(content[0]):x}{{"
                    raise self.error(part, f"python-hcl2 cannot read {content[:3]} here. Write it {written}.")
                content = content[1:]
            parts.append(_ESCAPE.sub(partial(self._unescaped, part), content))
        return "".join(parts)

    def error(self, node: Node, told: str) -> TfvarsError:
        """An error that names the line of a tree."""
        return TfvarsError(f"{self.name}, line {node.meta.line}: {told}")

    def _number(self, node: Node, text: str) -> int | float | Decimal:
        try:
            if re.fullmatch(r"-?\d+", text):
                return int(text)
            exact = Decimal(text)
        except (ValueError, ArithmeticError) as error:
            told = f"{text[:40]} is not a number, or longer than Python reads. Shorten it."
            raise self.error(node, told) from error
        rounded = float(exact)
        return rounded if math.isfinite(rounded) and Decimal(repr(rounded)) == exact else exact

    def _unescaped(self, node: Node, match: re.Match[str]) -> str:
        simple, short, long, _ = match.groups()
        if simple:
            return _ESCAPED[simple]
        code = int(short or long, 16) if short or long else -1
        if not 0 <= code < 0x110000 or 0xD800 <= code < 0xE000:
            raise self.error(node, f"{match[0]} is not an escape of HCL. Write a backslash as two.")
        return chr(code)

    def _heredoc(self, node: Node) -> str:
        head, _, rest = str(node.children[0]).replace("\r\n", "\n").partition("\n")
        lines = rest.rstrip("\n").split("\n")[:-1]
        if head.startswith("<<-"):
            # Blank lines neither count nor change.
            margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
            lines = [line[margin:] if line.strip() else line for line in lines]
        body = "".join(line + "\n" for line in lines)
        if re.search(r"(?<!\$)\$\{|(?<!%)%\{", body):
            raise self.error(node, "a heredoc holds a template. Write a text in quotes.")
        return body.replace("$${", "${").replace("%%{", "%{")


def subtrees(node: Node) -> list[Node]:
    """The children of a tree that are trees themselves, without comments and newlines."""
    return [child for child in node.children if not isinstance(child, str) and child.data != "new_line_or_comment"]


def unwrapped(node: Node) -> Node:
    """What a term holds, without its parentheses."""
    while node.data == "expr_term":
        (node,) = subtrees(node)
    return node
