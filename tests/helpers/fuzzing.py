"""How many examples a property is tried with: a few all day, `make test-all` sets ``DRKIT_EXAMPLES`` to try many more."""

from __future__ import annotations

import os


def examples(count: int) -> int:
    """This many examples, times ``DRKIT_EXAMPLES`` where that is set."""
    return count * int(os.environ.get("DRKIT_EXAMPLES", "1"))
