"""The version of drkit, and the versions of what its figures are made with."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__version__ = "0.2.0.dev0"


@lru_cache(maxsize=1)
def versions() -> Mapping[str, str]:
    """Versions of what the figures are made with, by package."""
    from importlib.metadata import version

    return {name: version(name) for name in ("drkit", "numpy", "pandas")}
