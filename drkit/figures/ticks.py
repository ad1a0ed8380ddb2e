"""Axes that draw all their ticks with one: to make a tick takes matplotlib longer than to draw five."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.ticker import NullLocator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class _Ticks(NamedTuple):
    """Ticks one after the other: the same tick, moved on to each place with its label."""

    tick: Any
    places: tuple[tuple[float, str], ...]

    def __iter__(self) -> Iterator[Any]:
        for place, label in self.places:
            self.tick.update_position(place)
            self.tick.label1.set_text(label)
            self.tick.label2.set_text(label)
            yield self.tick


class _OneTick:
    """An axis of one tick, until somebody asks for its ticks: then each is an artist, to be changed alone."""

    axes: Any
    major: Any
    majorTicks: Any  # noqa: N815 - matplotlib's name
    _apart = False
    _placed: tuple[object, tuple[tuple[float, str], ...]] = (None, ())

    def get_major_ticks(self, numticks: int | None = None) -> list[Any]:
        if not self._apart:
            self._apart = True
            super()._update_ticks()  # type: ignore[misc]
        return super().get_major_ticks(numticks)  # type: ignore[misc, no-any-return]

    def _update_ticks(self) -> Iterable[Any]:
        if self._apart or not isinstance(self.minor.locator, NullLocator):
            return super()._update_ticks()  # type: ignore[misc, no-any-return]
        state = (self.major.locator, self.major.formatter, *self.get_view_interval(), *self.axes.bbox.bounds)
        if self._placed[0] != state:
            self._placed = state, tuple(self._places())
        return _Ticks(self.majorTicks[0], self._placed[1])

    def _places(self) -> Iterator[tuple[float, str]]:
        """Where ticks are seen, and their labels."""
        places = self.get_majorticklocs()
        transform = self.get_transform()
        low, high = sorted(transform.transform(self.get_view_interval()))
        near = 1e-10 * (high - low)
        for place, label in zip(places, self.major.formatter.format_ticks(places), strict=True):
            if low - near <= transform.transform(place) <= high + near:
                yield place, label


class _X(_OneTick, XAxis):  # type: ignore[misc]
    pass


class _Y(_OneTick, YAxis):  # type: ignore[misc]
    pass


class Panel(Axes):  # type: ignore[misc]
    """Matplotlib's axes with such ticks."""

    def _init_axis(self) -> None:
        self.xaxis, self.yaxis = _X(self, clear=False), _Y(self, clear=False)
        for side, axis in (("bottom", self.xaxis), ("top", self.xaxis), ("left", self.yaxis), ("right", self.yaxis)):
            self.spines[side].register_axis(axis)
