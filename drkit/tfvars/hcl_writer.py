"""Write values as HCL: the text of a tfvars file, as ``terraform fmt`` would leave it.

Terraform keeps strings in Unicode's normal form C: a string is written as it is given, and Terraform sees the composed
form ("e" and a combining accent become "é").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from numbers import Integral
from typing import Any

from drkit.errors import TfvarsError

# Terraform takes letters of any script for names; python-hcl2, and everybody's grep, takes these.
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# Words that mean something else where a key of an object may stand.
_KEYWORDS = frozenset({"true", "false", "null", "for", "if", "in", "for_each", "else", "endif", "endfor"})
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_LINE_LENGTH = 100
# Terraform's numbers have 512 bits: more digits would be rounded.
_MAX_DIGITS = 154


def render(variables: Mapping[str, object], head: str = "") -> str:
    """Write variables as the text of a tfvars file.

    Parameters
    ----------
    variables
        Name -> value, written in this order. A value is a str, bool, int, finite float, ``decimal.Decimal``,
        None, list, tuple, or a mapping with str keys of such values.
    head
        Text for the comment at the top; each of its lines becomes a comment line.

    Returns
    -------
    str
        tfvars text, formatted as ``terraform fmt`` formats it. `drkit.tfvars.hcl_reader.read` returns equal
        values, except that a tuple comes back as a list, and a Decimal as an int or float where one prints as the
        same digits.

    Raises
    ------
    TfvarsError
        For a name or value that HCL cannot hold, or that Terraform would silently change.
    """
    comment = "".join(f"# {_comment(line)}".rstrip() + "\n" for line in head.splitlines())
    for name in variables:
        if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
            raise TfvarsError(
                f"{described(name)} cannot name a Terraform variable: a name starts with a letter or _ and "
                "goes on with letters, digits, _ or -. Rename it."
            )
    entries = [(name, _value(value, name)) for name, value in variables.items()]
    body = "\n".join(_aligned(entries, spaced=True))
    return "\n".join(part for part in (comment, body + "\n" if body else "") if part)


def _aligned(entries: Sequence[tuple[str, str]], *, spaced: bool = False) -> list[str]:
    """Write ``name = value`` lines; ``terraform fmt`` aligns neighbours whose values fit on one line."""
    lines: list[str] = []
    for folded, group in groupby(entries, key=lambda entry: "\n" in entry[1]):
        run = list(group)
        width = 0 if folded else max(len(name) for name, _ in run)
        for place, (name, text) in enumerate(run):
            if spaced and lines and (folded or place == 0):
                lines.append("")
            lines.append(f"{name:<{width}} = {text}")
    return lines


def _value(value: object, path: str) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value, path)
        case Integral() | float() | Decimal():
            return _number(value, path)
        case Mapping():
            return _object(value, path)
        case list() | tuple():
            return _list(value, path)
    raise TfvarsError(
        f"{path} is {described(value)}, which HCL has no value for: give a str, bool, int, float, Decimal, "
        "None, list, tuple or mapping."
    )


def _number(number: Any, path: str) -> str:
    exact = Decimal(int(number) if isinstance(number, Integral) else str(number))
    if not exact.is_finite():
        raise TfvarsError(f"{path} is {number}, and HCL has finite numbers only: leave it out or give null.")
    if len(exact.as_tuple().digits) > _MAX_DIGITS or abs(exact.adjusted()) > 400:
        raise TfvarsError(
            f"{path} has more than {_MAX_DIGITS} digits or an exponent beyond 400: Terraform keeps 512 bits "
            "and would round it. Give it as a string."
        )
    return str(number) if exact else "0"  # Terraform would print the sign of -0.0


def _list(items: Sequence[object], path: str) -> str:
    texts = [_value(item, f"{path}[{place}]") for place, item in enumerate(items)]
    line = "[" + ", ".join(texts) + "]"
    if "\n" not in line and (len(line) <= _LINE_LENGTH or len(texts) <= 1):
        return line
    return "[\n" + "".join(f"{_indented(text)},\n" for text in texts) + "]"


def _object(attributes: Mapping[object, object], path: str) -> str:
    entries: list[tuple[str, str]] = []
    composed: dict[str, object] = {}
    for key, value in attributes.items():
        if not isinstance(key, str):
            raise TfvarsError(f"{path} has the key {described(key)}, and HCL has string keys only: write it as one.")
        same = composed.setdefault(unicodedata.normalize("NFC", key), key)
        if same is not key:
            raise TfvarsError(f"{path} has two keys that are the same to Terraform, {key!a} and {same!a}: rename one.")
        entries.append((_key(key, path), _value(value, f'{path}["{key}"]')))
    if not entries:
        return "{}"
    return "{\n" + "".join(f"{_indented(line)}\n" for line in _aligned(entries)) + "}"


def _key(key: str, path: str) -> str:
    if _IDENTIFIER.fullmatch(key) and key not in _KEYWORDS:
        return key
    # From U+0300 on, characters may join into one column, which the alignment would have to count.
    return "".join(c if c < "\u0300" else _escaped_code(c) for c in _quoted(key, f"a key of {path}"))


def _quoted(text: str, path: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TfvarsError(
            f"{path} holds the lone surrogate U+{ord(text[error.start]):04X} at character {error.start + 1}, "
            "which no UTF-8 file can hold: remove it or decode the text it came from correctly."
        ) from error
    characters = []
    for place, character in enumerate(text):
        if character in "$%" and text[place + 1 : place + 2] == "{":
            # Terraform's own $${ and %%{ are parse errors for python-hcl2 where no } follows.
            characters.append(_escaped_code(character))
        elif character in _ESCAPES:
            characters.append(_ESCAPES[character])
        else:
            characters.append(character if character.isprintable() else _escaped_code(character))
    return '"' + "".join(characters) + '"'


def _escaped_code(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _comment(line: str) -> str:
    return "".join(c if c.isprintable() else _escaped_code(c) for c in line)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else line for line in text.split("\n"))


def described(value: object) -> str:
    """Describe a value for an error message, with its kind in HCL: ``"4" (string)``, ``a list``, ``null``."""
    match value:
        case None:
            return "null"
        case bool():
            return f"{str(value).lower()} (bool)"
        case str():
            short = value if len(value) <= 60 else value[:57] + "..."
            return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short) + '" (string)'
        case Integral() | float() | Decimal():
            return f"{value} (number)"
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a map or object"
    return f"a value of the Python type {type(value).__name__}"
