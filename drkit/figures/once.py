"""A picture that was drawn before from the same values is not drawn again.

The runs of a batch differ in one objective or one region, and most of their pictures are the same. A figure function
that takes part is written in two halves: one gathers the plain values that the picture shows, the other draws them and
sees nothing else, so equal values are equal pictures.

Pictures are kept in a folder, and only where nothing but drkit's own code runs: a notebook of somebody else's may
change how pictures are drawn, and no other run may see that.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cached_property, partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar, cast

from drkit.figures.palette import current, theme

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drkit.figures.palette import Theme
    from drkit.figures.picture import Picture

    Shown = TypeVar("Shown")

#: Where pictures are kept; None where each is drawn.
folder: Path | None = None


def once(draw: Callable[[Shown], Picture], shown: Shown) -> Picture:
    """The picture that a function draws of some values; one that is kept is there without being drawn.

    Parameters
    ----------
    draw
        Function of a module; sees the values and nothing else that changes.
    shown
        All that the picture shows: text, numbers, tuples, mappings and frozen dataclasses of these.

    Returns
    -------
    Picture
        What a notebook shows of it is the same in either case. It is drawn when anything else is asked of it.

    Raises
    ------
    TypeError
        When a value is none of these, where pictures are kept.
    """
    if folder is None:
        return draw(shown)
    key = (draw.__module__, draw.__qualname__, current(), _plain(shown))
    path = folder / f"{sha256(repr(key).encode()).hexdigest()}.picture"
    try:
        told, body = path.read_bytes().split(b"\n", 1)
    except OSError:
        picture = draw(shown)
        picture.kept = path
        return picture
    return cast("Picture", _Kept(json.loads(told), body, partial(_drawn, draw, shown, current())))


def _drawn(draw: Callable[[Shown], Picture], shown: Shown, look: Theme) -> Picture:
    with theme(look):
        return draw(shown)


def keep(path: Path, picture: Picture, body: bytes, told: Mapping[str, int | str]) -> None:
    """Keep what a notebook shows of a picture; where the folder does not take it, it is drawn again.

    Parameters
    ----------
    path
        As `once` named it.
    body, told
        PNG file, and how a notebook is to show it.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    head = json.dumps({"is": repr(picture), "metadata": told})
    with contextlib.suppress(OSError):
        beside.write_bytes(head.encode() + b"\n" + body)
        beside.replace(path)


class _Kept:
    """Stands for a picture in a notebook, and becomes it when more is asked."""

    def __init__(self, told: Mapping[str, Any], body: bytes, draw: Callable[[], Picture]) -> None:
        self._told, self._body, self._draw = told, body, draw

    def __repr__(self) -> str:
        return str(self._told["is"])

    def _repr_png_(self) -> tuple[bytes, dict[str, int | str]]:
        return self._body, self._told["metadata"]

    @cached_property
    def _picture(self) -> Picture:
        return self._draw()

    def __getattr__(self, name: str) -> Any:
        # IPython asks every object for some twenty names of its own; none is a picture's.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._picture, name)


def _plain(value: object) -> object:
    """The same values as nested tuples, whose ``repr`` tells any two apart."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return ("mapping", *((_plain(name), _plain(one)) for name, one in value.items()))
    if is_dataclass(value) and not isinstance(value, type):
        return (type(value).__qualname__, *(_plain(getattr(value, field.name)) for field in fields(value)))
    if isinstance(value, (tuple, list)):
        return (type(value).__qualname__, *map(_plain, value))
    raise TypeError(f"{type(value).__name__} is no plain value: {value!r}")
