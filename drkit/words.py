"""Times and losses as people say them."""

from __future__ import annotations

import math


def span(seconds: float) -> str:
    """A time in words, in the unit a reader thinks in: ``45 s``, ``12 min``, ``3.5 h``, ``14 d``."""
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
    """Lost writes in words: ``2 min of writes``, ``nothing``, ``everything``."""
    if seconds == 0:
        return "nothing"
    return span(seconds) + " of writes" * math.isfinite(seconds)
