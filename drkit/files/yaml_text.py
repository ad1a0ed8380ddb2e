"""YAML through libyaml, where PyYAML was built with it: the same values in a tenth of the time."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

_Fast: Any = getattr(yaml, "CSafeLoader", None)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
#: Each of these may begin a level. libyaml crashes where a text is tens of thousands of levels deep.
_OPENING, _MOST_LEVELS = "[{-?:", 2_000


def load(text: str) -> Any:
    """What a text holds, as plain values.

    Raises
    ------
    yaml.YAMLError, ValueError, RecursionError
        As `yaml.safe_load`, in its words.
    """
    return _read(yaml.load, text)


def compose(text: str) -> Any:
    """Nodes of a text, with their places in it; None where it is empty. Raises as `load`."""
    return _read(yaml.compose, text)


def dump(data: object) -> str:
    """A text that holds plain values, in their order."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def _read(read: Callable[..., Any], text: str) -> Any:
    if _Fast and sum(map(text.count, _OPENING)) <= _MOST_LEVELS:
        # PyYAML's own reader tells better what is wrong.
        with contextlib.suppress(yaml.YAMLError, ValueError):
            return read(text, Loader=_Fast)
    return read(text, Loader=yaml.SafeLoader)
