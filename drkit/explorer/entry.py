"""What people type, and how it is shown to them: times, amounts, shares and lists."""

from __future__ import annotations

import math
import re

from drkit.errors import ParameterError

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_SPELLED = {
    "": "s",
    "sec": "s",
    "second": "s",
    "seconds": "s",
    "m": "min",
    "minute": "min",
    "minutes": "min",
    "hour": "h",
    "hours": "h",
    "day": "d",
    "days": "d",
}


def read_time(text: str) -> float:
    """A time as people write it [s]: ``90 s``, ``15 min``, ``4 h``, ``2 d``; a bare number is seconds.

    Raises
    ------
    ParameterError
        When it is no time.
    """
    match = re.fullmatch(r"([\d.,_]+)\s*([a-z]*)", text.strip().lower())
    unit = _SPELLED.get(match[2], match[2]) if match else ""
    amount = _number(match[1]) if match else None
    if amount is None or unit not in _UNITS:
        raise ParameterError(f"{text!r} is not a time: write one such as 90 s, 15 min, 4 h or 2 d")
    seconds = amount * _UNITS[unit]
    return int(seconds) if seconds == int(seconds) else seconds


def say_time(seconds: float) -> str:
    """A time [s] in the largest unit that says it exactly: ``90 min``, ``4 h``, ``0 s``."""
    for unit, size in reversed(_UNITS.items()):
        if seconds >= size and math.isclose(seconds / size, round(seconds / size), rel_tol=1e-12):
            return f"{round(seconds / size)} {unit}"
    return f"{seconds:g} s"


def read_usd(text: str) -> float | None:
    """An amount [USD]: ``15,000``, ``15 000 USD``, ``15k``, ``2.5 million``; None for an empty text or ``none``.

    Raises
    ------
    ParameterError
        When it is no amount.
    """
    plain = re.sub(r"\s|usd|\$", "", text.lower())
    if plain in ("", "none", "nolimit"):
        return None
    match = re.fullmatch(r"([\d.,_]+)(k|m|million)?", plain)
    amount = _number(match[1]) if match else None
    if match is None or amount is None:
        raise ParameterError(f"{text!r} is not an amount: write USD such as 15,000 or 15k")
    usd = amount * {"k": 1e3, "m": 1e6, "million": 1e6}.get(match[2] or "", 1.0)
    return int(usd) if usd == int(usd) else usd


def say_usd(usd: float | None) -> str:
    """An amount [USD] with all its digits: ``15,000``; ``none`` for None."""
    if usd is None:
        return "none"
    return f"{usd:,.0f}" if usd == int(usd) else f"{usd:,.2f}"


def read_share(text: str) -> float:
    """A probability [1], 0 to 1: ``95 %``, ``95``, ``0.95``.

    Raises
    ------
    ParameterError
        When it is no probability.
    """
    match = re.fullmatch(r"([\d.,]+)\s*(%?)", text.strip())
    amount = _number(match[1]) if match else None
    if match is None or amount is None or amount > 100:
        raise ParameterError(f"{text!r} is not a probability: write one such as 95 %")
    return amount if amount < 1 and not match[2] else round(amount / 100, 10)


def say_share(share: float) -> str:
    """A probability [1] in percent: ``99.9 %``."""
    return f"{100 * share:.10g} %"


def read_words(text: str) -> list[str]:
    """Words with commas or spaces between them: ``US, CA``."""
    return [word for word in re.split(r"[,;\s]+", text.strip()) if word]


def read_whole(text: str) -> int:
    """A whole number.

    Raises
    ------
    ParameterError
        When it is none.
    """
    try:
        return int(text.strip())
    except ValueError:
        raise ParameterError(f"{text!r} is not a whole number: write one such as 2") from None


def read_number(text: str) -> float:
    """A number.

    Raises
    ------
    ParameterError
        When it is none.
    """
    amount = _number(text.strip())
    if amount is None:
        raise ParameterError(f"{text!r} is not a number: write one such as 0.5")
    return amount


def _number(text: str) -> float | None:
    """A number with a point for decimals, and commas or underscores between thousands."""
    if not re.fullmatch(r"\d{1,3}([,_]\d{3})+(\.\d*)?|\d+(_\d+)*(\.\d*)?|\.\d+", text):
        return None
    return float(re.sub(r"[,_]", "", text))
