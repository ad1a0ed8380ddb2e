"""How many examples a property is tried with: a few all day, more with ``DRKIT_EXAMPLES=20 make quick``."""

from __future__ import annotations

import os


def examples(count: int) -> int:
    """This many examples, times ``DRKIT_EXAMPLES`` where that is set."""
    return count * int(os.environ.get("DRKIT_EXAMPLES", "1"))
