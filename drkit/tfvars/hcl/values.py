"""The values of HCL expressions as Python values: kinds, conversions, equality, and errors.

HCL's numbers have 512 bits. Here they are ``int``, ``float`` (only where it prints as the same decimal),
``decimal.Decimal``, or ``fractions.Fraction`` for results of arithmetic, so that nothing is rounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, Inexact, InvalidOperation, localcontext
from fractions import Fraction
from numbers import Integral
from typing import Any

Value = Any
"""None, bool, a number, str, list (a list, set or tuple of HCL) or dict (a map or object of HCL)."""

# big.Float of 512 bits in Terraform's number type: more digits would be rounded there.
MAX_DIGITS = 154

_ESCAPE = re.compile(r'\\(?:([nrt"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.)?)', re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


class HclError(ValueError):
    """HCL text, or a value meant for it, that cannot be read, written or worked out."""


class EvaluationError(HclError):
    """An expression that fails in Terraform as well; ``can`` and ``try`` catch it."""


class UnevaluableError(HclError):
    """An expression whose value in Terraform is not known here; nothing catches it, nothing is guessed."""


class UnknownFunctionError(UnevaluableError):
    """A call of a function that this evaluator does not have."""


class UnknownReferenceError(UnevaluableError):
    """A reference to something that was not given."""


class SetValue(list[Value]):
    """The elements of an HCL set, in the order in which Terraform iterates over them."""


def kind(value: Value) -> str:
    """Name the kind of a value: null, bool, number, string, list, object, or the Python type's name."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case str():
            return "string"
        case Mapping():
            return "object"
        case list() | tuple():
            return "list"
        case Integral() | Decimal() | Fraction():
            return "number"
        case float():
            return "number"
    return type(value).__name__


def is_finite(number: Value) -> bool:
    """Tell whether a number is finite (neither infinite nor NaN)."""
    return number.is_finite() if isinstance(number, Decimal) else math.isfinite(number)


def number_of(text: str) -> int | float | Decimal:
    """Read a decimal literal without loss: an int, a float that prints as the same decimal, or a Decimal."""
    try:
        if re.fullmatch(r"-?\d+", text):
            return int(text)
        exact = Decimal(text)
    except (ValueError, InvalidOperation) as error:
        raise HclError(f"The number {text[:40]} is longer than Python reads: shorten it.") from error
    rounded = float(exact)
    return rounded if math.isfinite(rounded) and Decimal(repr(rounded)) == exact else exact


def exact_number(number: Value) -> Fraction:
    """Return the decimal that a number prints as, exactly (0.1 is one tenth)."""
    if isinstance(number, float):
        return Fraction(repr(float(number)))
    return Fraction(number) if isinstance(number, Decimal | Fraction) else Fraction(int(number))


def shortest(number: Value) -> Value:
    """Return the result of arithmetic as an int where it is whole."""
    if isinstance(number, Fraction) and number.denominator == 1:
        return number.numerator
    return number


def decimal_text(number: Value) -> str:
    """Return a number as Terraform converts it to a string: no exponent, no trailing zeros."""
    fraction = exact_number(number)
    with localcontext() as context:
        context.prec = 4 * MAX_DIGITS
        context.traps[Inexact] = True
        try:
            digits = format(Decimal(fraction.numerator) / Decimal(fraction.denominator), "f")
        except Inexact as error:
            raise UnevaluableError(f"{fraction} has no finite decimal form to convert to a string") from error
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def to_number(value: Value) -> Value:
    """Convert to a number as Terraform does: numbers, and strings that hold one."""
    if kind(value) == "number":
        return value
    if isinstance(value, str):
        if re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", value, re.ASCII):
            return number_of(value)
        if re.fullmatch(r"[+\-]?(inf|infinity|[\d._+\-eE]+)", value, re.ASCII | re.IGNORECASE):
            raise UnevaluableError(f'whether Terraform takes "{value}" for a number is not known here')
    raise EvaluationError(f"{described(value)} is not a number")


def to_bool(value: Value) -> bool:
    """Convert to a bool as Terraform does: true and false, and these words as strings."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise EvaluationError(f"{described(value)} is not true or false")


def to_text(value: Value) -> str:
    """Convert to a string as Terraform does: strings, numbers and bools."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if kind(value) == "number":
        return decimal_text(value)
    raise EvaluationError(f"{described(value)} is not a string")


def elements(value: Value) -> Sequence[Value]:
    """Return the elements of a list, set or tuple; anything else is an error, as in Terraform."""
    if isinstance(value, list | tuple):
        return value
    raise EvaluationError(f"{described(value)} is not a list")


def mapping(value: Value) -> Mapping[str, Value]:
    """Return a map or object; anything else is an error, as in Terraform."""
    if isinstance(value, Mapping):
        return value
    raise EvaluationError(f"{described(value)} is not a map or object")


def equal(left: Value, right: Value) -> bool:
    """Compare as ``==`` does: values of different types are never equal, and nothing is converted.

    Two collections are not compared: Terraform's answer depends on their static types, which are not kept
    here (``[] == tolist([])`` is false).
    """
    kinds = kind(left), kind(right)
    if kinds[0] == kinds[1] and kinds[0] in ("list", "object"):
        raise UnevaluableError("comparing two collections depends on their types: compare their elements instead")
    if kinds == ("number", "number"):
        return exact_number(left) == exact_number(right)
    return kinds[0] == kinds[1] and bool(left == right)


def same_kind(values: Sequence[Value]) -> None:
    """Refuse a mixture of primitive types, which Terraform would convert to one type first."""
    kinds = {kind(value) for value in values if value is not None}
    if len(kinds) > 1:
        raise UnevaluableError(f"a mixture of {' and '.join(sorted(kinds))} would be converted to one type first")


def described(value: Value) -> str:
    """Describe a value for an error message: ``"4" (string)``, ``a list``."""
    match kind(value):
        case "string":
            short = value if len(value) <= 60 else value[:57] + "..."
            return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short) + '" (string)'
        case "number":
            return f"{value} (number)"
        case "bool":
            return f"{to_text(value)} (bool)"
        case "list":
            return "a list"
        case "object":
            return "a map or object"
        case other:
            return "null" if value is None else f"a value of the Python type {other}"


def plain(value: Value) -> Value:
    """Return a value with results of arithmetic and sets as ordinary Python values."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return number_of(decimal_text(value)) if isinstance(value, Fraction) else value


def unescaped(text: str) -> str:
    """Undo the backslash escapes of a quoted string."""

    def character(match: re.Match[str]) -> str:
        simple, short, long, _ = match.groups()
        if simple:
            return _ESCAPED[simple]
        code = int(short or long, 16) if short or long else -1
        if not 0 <= code < 0x110000 or 0xD800 <= code < 0xE000:
            raise HclError(f"{match[0]} is not an escape of HCL: write a backslash as two.")
        return chr(code)

    return _ESCAPE.sub(character, text)
