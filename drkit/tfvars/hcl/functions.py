"""Terraform's functions that conditions of variables use, where they are exact; see `drkit.tfvars.hcl.expressions`.

Each takes evaluated arguments. ``can`` and ``try`` are not here: they must see errors, so the evaluator has
them. Where Terraform's answer depends on what is not kept here (mixed types, letters beyond ASCII), they
raise `UnevaluableError` instead of guessing.
Reference: https://developer.hashicorp.com/terraform/language/functions
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from functools import wraps

from drkit.tfvars.hcl.values import (
    EvaluationError,
    SetValue,
    UnevaluableError,
    Value,
    decimal_text,
    described,
    elements,
    equal,
    exact_number,
    kind,
    mapping,
    same_kind,
    shortest,
    to_bool,
    to_number,
    to_text,
)

Function = Callable[..., Value]

# unicode.IsSpace of Go: Python's str.strip() also takes the ASCII separators U+001C to U+001F.
_SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))

# The part of RE2 that means the same in Python's re: one escape, class or group at a time.
_PATTERN_PART = re.compile(
    r"""(?P<escape>\\[dDwWbnrtf.^$*+?()\[\]{}|\\/"'\-:@_,;=!<>&%~\# ])"""
    r"""|(?P<class>\[\^?\]?(?:[^\\\[\]]|\\[dwnrtf.^$*+?()\[\]{}|\\/\-])*\])"""
    r"""|(?P<group>\((?:\?:|\?P<\w+>|(?!\?)))"""
    r"""|(?P<repeat>(?:[*+?]|\{\d+(?:,\d*)?\})\??(?![*+?{]))"""
    r"""|(?P<end>\$)"""
    r"""|(?P<other>[^\\\[\](){}*+?$])|(?P<close>\))""",
    re.VERBOSE | re.DOTALL,
)


def pattern(text: str) -> re.Pattern[str]:
    """Compile an RE2 pattern for Python, as far as both mean the same by it.

    ``$`` is the end of the text in RE2, not also the place before a last newline, and classes are ASCII.
    """
    python, position = [], 0
    while position < len(text):
        part = _PATTERN_PART.match(text, position)
        if part is None or (part["class"] and any(two in part[0] for two in ("--", "&&", "||", "~~"))):
            raise UnevaluableError(f"the pattern {text} uses syntax that is not known to mean the same in Python")
        python.append(r"\Z" if part["end"] else part[0])
        position = part.end()
    try:
        return re.compile("".join(python), re.ASCII)
    except re.error as error:
        raise UnevaluableError(f"the pattern {text} is not valid in Python: {error}") from error


def _matched(match: re.Match[str]) -> Value:
    if match.re.groupindex:
        if len(match.re.groupindex) != match.re.groups:
            raise EvaluationError("a pattern cannot mix named and unnamed groups")
        return match.groupdict()
    return list(match.groups()) if match.re.groups else match[0]


def _regex(expression: Value, text: Value) -> Value:
    match = pattern(to_text(expression)).search(to_text(text))
    if match is None:
        raise EvaluationError(f'"{to_text(text)}" does not match {to_text(expression)}')
    return _matched(match)


def _regexall(expression: Value, text: Value) -> Value:
    found, end = [], -1
    for match in pattern(to_text(expression)).finditer(to_text(text)):
        # Go leaves out an empty match right after another match.
        if match.end() > match.start() or match.start() != end:
            found.append(_matched(match))
        end = match.end()
    return found


def _length(value: Value) -> int:
    if not isinstance(value, str):
        return len(value) if kind(value) in ("list", "object") else len(elements(value))
    # Terraform counts what a reader sees as one character; below U+0300 that is every code point but CR LF.
    if value and max(value) >= "\u0300":
        raise UnevaluableError("the length of a string with letters outside Latin is not counted here")
    return len(value) - value.count("\r\n")


def _ascii(change: Callable[[str], str]) -> Function:
    def changed(value: Value) -> str:
        text = to_text(value)
        if not text.isascii():
            raise UnevaluableError("upper and lower case are worked out for ASCII only")
        return change(text)

    return changed


def _bools(values: Value) -> list[bool]:
    return [item is not None and to_bool(item) for item in elements(values)]


def _has(values: Value, wanted: Value) -> bool:
    return any(equal(item, wanted) for item in elements(values))


def _substr(value: Value, offset: Value, length: Value) -> str:
    text, start, count = to_text(value), to_number(offset), to_number(length)
    if not text.isascii() or "\r" in text or start < 0 or count < -1:
        raise UnevaluableError("substr is worked out for ASCII and offsets from the start only")
    return text[start:] if count == -1 else text[start : start + count]


def _replace(value: Value, part: Value, by: Value) -> str:
    if len(to_text(part)) > 1 and to_text(part).startswith("/") and to_text(part).endswith("/"):
        raise UnevaluableError("replace by a pattern is not worked out")
    return to_text(value).replace(to_text(part), to_text(by))


def _format(template: Value, *arguments: Value) -> str:
    rest = list(arguments)

    def filled(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        if match[0] not in ("%s", "%d", "%v"):
            raise UnevaluableError(f"format does not know {match[0]}")
        if not rest:
            raise EvaluationError("format has fewer arguments than verbs")
        argument = rest.pop(0)
        if match[0] == "%v" and kind(argument) in ("null", "list", "object"):
            raise UnevaluableError("format writes primitive values only")
        if match[0] == "%d" and exact_number(to_number(argument)).denominator != 1:
            raise EvaluationError(f"{described(argument)} is not a whole number")
        return decimal_text(to_number(argument)) if match[0] == "%d" else to_text(argument)

    text = re.sub("%[^a-zA-Z%]*[a-zA-Z%]?", filled, to_text(template))
    if rest:
        raise EvaluationError("format has more arguments than verbs")
    return text


def _distinct(values: Value) -> list[Value]:
    found: list[Value] = []
    same_kind(elements(values))
    for value in elements(values):
        if not any(equal(value, other) for other in found):
            found.append(value)
    return found


def _toset(values: Value) -> Value:
    return SetValue(_sorted(_distinct(values))) if values is not None else None


def _sorted(values: list[Value]) -> list[Value]:
    if any(kind(value) not in ("string", "number", "bool") for value in values):
        raise UnevaluableError("the order of a set of collections or null is not worked out")
    return sorted(values, key=lambda value: value if isinstance(value, str) else exact_number(value))


def _tolist(values: Value) -> Value:
    if values is not None:
        same_kind(elements(values))
    return None if values is None else list(values)


def _coalesce(*values: Value) -> Value:
    same_kind(values)
    for value in values:
        if value is not None and value != "":
            return value
    raise EvaluationError("coalesce has no argument that is neither null nor empty")


def _flatten(values: Value) -> list[Value]:
    flat: list[Value] = []
    for value in elements(values):
        flat.extend(_flatten(value) if isinstance(value, list | tuple) else [value])
    return flat


def _range(*limits: Value) -> list[Value]:
    numbers = [exact_number(to_number(limit)) for limit in limits]
    start, end = (numbers[0], numbers[1]) if len(numbers) > 1 else (exact_number(0), numbers[0])
    step = numbers[2] if len(numbers) > 2 else exact_number(1 if end >= start else -1)
    count = math.ceil((end - start) / step) if step else -1
    if count < 0 or count > 1024:
        raise EvaluationError("range needs a step towards its end and at most 1024 elements")
    return [shortest(start + step * place) for place in range(count)]


def _extreme(choose: Callable[..., Value]) -> Function:
    def chosen(first: Value, *others: Value) -> Value:
        return choose([to_number(value) for value in (first, *others)], key=exact_number)

    return chosen


def _sum(values: Value) -> Value:
    if not elements(values):
        raise EvaluationError("sum needs at least one number")
    return shortest(sum(exact_number(to_number(value)) for value in elements(values)))


def _one(values: Value) -> Value:
    if len(elements(values)) > 1:
        raise EvaluationError("one needs a list with no or one element")
    return values[0] if values else None


def _lookup(values: Value, key: Value, *default: Value) -> Value:
    if to_text(key) in mapping(values):
        return values[to_text(key)]
    if not default:
        raise EvaluationError(f'the map has no element "{to_text(key)}"')
    return default[0]


def _merge(*maps: Value) -> dict[str, Value]:
    return {key: value for part in maps if part is not None for key, value in mapping(part).items()}


def _network(prefix: Value) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    text = to_text(prefix)
    # Python also takes "10.0.0.0" and "10.0.0.0/255.0.0.0"; Terraform also takes leading zeros (010.0.0.0/8).
    if not re.fullmatch(r"[0-9a-fA-F.:]+/\d+", text, re.ASCII):
        raise EvaluationError(f"{described(prefix)} is not a CIDR prefix")
    if re.search(r"(^|[./])0\d", text):
        raise UnevaluableError(f"{described(prefix)} has leading zeros, which Terraform reads in a way of its own")
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise EvaluationError(f"{described(prefix)} is not a CIDR prefix: {error}") from error


def _cidrhost(prefix: Value, host: Value) -> str:
    network, number = _network(prefix), exact_number(to_number(host))
    if number.denominator != 1 or not -network.num_addresses <= number < network.num_addresses:
        raise EvaluationError(f"the prefix {prefix} has no host number {number}")
    return str(network[int(number)])


def _cidrnetmask(prefix: Value) -> str:
    network = _network(prefix)
    if network.version != 4:
        raise EvaluationError("IPv6 has no netmasks")
    return str(network.netmask)


def _cidrsubnet(prefix: Value, bits: Value, number: Value) -> str:
    network, more, place = _network(prefix), int(to_number(bits)), int(to_number(number))
    length = network.prefixlen + more
    if more < 0 or length > network.max_prefixlen or not 0 <= place < 2**more:
        raise EvaluationError(f"{prefix} has no subnet {place} of {more} more bits")
    base = int(network.network_address) + (place << (network.max_prefixlen - length))
    return f"{type(network.network_address)(base)}/{length}"


def _needing_values(function: Function) -> Function:
    @wraps(function)
    def guarded(*arguments: Value) -> Value:
        if any(argument is None for argument in arguments):
            raise EvaluationError("an argument of a function is null")
        return function(*arguments)

    return guarded


def _or_null(convert: Function) -> Function:
    return lambda value: None if value is None else convert(value)


_NULL_ALLOWED: dict[str, Function] = {
    "coalesce": _coalesce,
    "merge": _merge,
    "tobool": _or_null(to_bool),
    "tolist": _tolist,
    "tonumber": _or_null(to_number),
    "toset": _toset,
    "tostring": _or_null(to_text),
}
_VALUES_NEEDED: dict[str, Function] = {
    "abs": lambda value: shortest(abs(exact_number(to_number(value)))),
    "alltrue": lambda values: all(_bools(values)),
    "anytrue": lambda values: any(_bools(values)),
    "ceil": lambda value: math.ceil(exact_number(to_number(value))),
    "cidrhost": _cidrhost,
    "cidrnetmask": _cidrnetmask,
    "cidrsubnet": _cidrsubnet,
    "concat": lambda *lists: [item for part in lists for item in elements(part)],
    "contains": lambda values, wanted: _has(values, wanted),
    "distinct": _distinct,
    "endswith": lambda text, end: to_text(text).endswith(to_text(end)),
    "flatten": _flatten,
    "floor": lambda value: math.floor(exact_number(to_number(value))),
    "format": _format,
    "join": lambda by, *lists: to_text(by).join(to_text(item) for part in lists for item in elements(part)),
    "keys": lambda values: sorted(mapping(values)),
    "length": _length,
    "lookup": _lookup,
    "lower": _ascii(str.lower),
    "max": _extreme(max),
    "min": _extreme(min),
    "one": _one,
    "range": _range,
    "regex": _regex,
    "regexall": _regexall,
    "replace": _replace,
    "setintersection": lambda first, *sets: _toset([v for v in elements(first) if all(_has(s, v) for s in sets)]),
    "setsubtract": lambda first, second: _toset([v for v in elements(first) if not _has(second, v)]),
    "setunion": lambda *sets: _toset([v for part in sets for v in elements(part)]),
    "sort": lambda values: sorted(to_text(item) for item in elements(values)),
    "split": lambda by, text: to_text(text).split(to_text(by)) if to_text(by) else list(to_text(text)),
    "startswith": lambda text, start: to_text(text).startswith(to_text(start)),
    "strcontains": lambda text, part: to_text(part) in to_text(text),
    "substr": _substr,
    "sum": _sum,
    "trimprefix": lambda text, start: to_text(text).removeprefix(to_text(start)),
    "trimspace": lambda text: to_text(text).strip(_SPACE),
    "trimsuffix": lambda text, end: to_text(text).removesuffix(to_text(end)),
    "upper": _ascii(str.upper),
    "values": lambda values: [mapping(values)[key] for key in sorted(values)],
}


FUNCTIONS: dict[str, Function] = {
    **_NULL_ALLOWED,
    **{name: _needing_values(function) for name, function in _VALUES_NEEDED.items()},
}
"""Name -> function of evaluated arguments."""
