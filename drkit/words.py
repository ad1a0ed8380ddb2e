"""Times, losses, probabilities and near names as people say them."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def span(seconds: float) -> str:
    """A time [s] in words, in the unit a reader thinks in: ``45 s``, ``12 min``, ``3.5 h``, ``14 d``."""
    if math.isinf(seconds):
        return "everything"
    if seconds < 120:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86_400:.0f} d"


def lost(seconds: float) -> str:
    """Lost writes [s] in words: ``2 min of writes``, ``nothing``, ``everything``."""
    if seconds == 0:
        return "nothing"
    return span(seconds) + " of writes" * math.isfinite(seconds)


def asked(share: float) -> str:
    """The probability that the objectives ask for [1], as the workload file has it: ``95 %``, ``99.95 %``."""
    return f"{100 * share:g} %"


def count(number: int, noun: str) -> str:
    """A number with its noun: ``1 price list``, ``12 price lists``."""
    return f"{number:,} {noun}" + "s" * (number != 1)


def did_you_mean(name: str, names: Iterable[str], count: int = 1, cutoff: float = 0.6) -> str:
    """Up to ``count`` known names nearest to a wrong one, as a question; empty when none is near."""
    near = difflib.get_close_matches(name, list(names), n=count, cutoff=cutoff)
    return f"did you mean {', '.join(near)}?" if near else ""


def within(bound: Mapping[str, float]) -> str:
    """What a bound allows, by pydantic's name for it: ``a number of at least 1``."""
    ((kind, limit),) = bound.items()
    wording = {"gt": "above", "ge": "of at least", "lt": "below", "le": "of at most"}
    return f"a number {wording[kind]} {limit:g}"
