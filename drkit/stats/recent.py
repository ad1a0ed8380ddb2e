"""The few things that were made or asked for last."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Made = TypeVar("Made")


class Recent(OrderedDict[str, Made]):
    """At most so many things by name; the one that was asked for longest ago goes first."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def get(self, key: str, make: Callable[[], Made]) -> Made:  # type: ignore[override]
        """The thing of this name, made if it is not there."""
        if key not in self:
            self[key] = make()
            if len(self) > self._most:
                self.popitem(last=False)
        self.move_to_end(key)
        return self[key]
