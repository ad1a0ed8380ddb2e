"""A value of a tfvars file that the stack would refuse."""

from __future__ import annotations

import re
from typing import NamedTuple


class Problem(NamedTuple):
    """Where a value stands, as `step` writes it, and the rest of the sentence: what is wrong and what to do."""

    path: str
    told: str

    def __str__(self) -> str:
        return f"{self.path} {self.told}"


def step(path: str, key: str | int) -> str:
    """The path of an element: ``primary.nat_gateways``, ``secrets[0]``, ``tags["Cost center"]``; from "" its name."""
    if not path:
        return str(key)
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if re.fullmatch(r"[A-Za-z_][\w-]*", key) else f'{path}["{key}"]'
