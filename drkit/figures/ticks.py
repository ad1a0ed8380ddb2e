"""Axes that draw all their ticks with one: to make a tick takes matplotlib longer than to draw five."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis, YAxis
from matplotlib.ticker import NullLocator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from matplotlib.artist import Artist


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


class _OneTick(Axis):
    """An axis of one tick, until somebody asks for its ticks: then each is an artist, to be changed alone."""

    _apart = False
    #: Places with their labels, and the state of the axis that they belong to.
    _placed: tuple[object, tuple[tuple[float, str], ...]] = (None, ())
    #: Boxes of the labels, while the axis is measured or drawn, which asks for them twice; none before it asks.
    _boxes: tuple[list[Any], ...] | None = None

    @cached_property
    def minorTicks(self) -> list[Any]:  # type: ignore[override]  # noqa: N802 - matplotlib's name
        """None before they are asked for: matplotlib makes a first one of every axis."""
        return []

    def _get_ticks_position(self) -> int | str:
        if not isinstance(self.get_minor_locator(), NullLocator):
            self.get_minor_ticks(1)
        position: int | str = super()._get_ticks_position()  # type: ignore[misc]
        return position

    def get_major_ticks(self, numticks: int | None = None) -> list[Any]:
        if not self._apart:
            self._apart = True
            super()._update_ticks()  # type: ignore[misc]
        return super().get_major_ticks(numticks)

    def get_tightbbox(self, *args: Any, **kwargs: Any) -> Any:
        with self._standing():
            return super().get_tightbbox(*args, **kwargs)

    def draw(self, renderer: Any) -> None:
        with self._standing():
            super().draw(renderer)

    @contextmanager
    def _standing(self) -> Iterator[None]:
        self._boxes = ()
        try:
            yield
        finally:
            self._boxes = None

    def _get_ticklabel_bboxes(self, ticks: Iterable[Any], renderer: Any) -> tuple[list[Any], ...]:
        if self._boxes:
            return self._boxes
        boxes: tuple[list[Any], ...] = super()._get_ticklabel_bboxes(ticks, renderer)  # type: ignore[misc]
        if self._boxes is not None:
            self._boxes = boxes
        return boxes

    def _update_ticks(self) -> Iterable[Any]:
        if self._apart or not isinstance(self.minor.locator, NullLocator):
            return super()._update_ticks()  # type: ignore[misc, no-any-return]
        state = (self.major.locator, self.major.formatter, *self.get_view_interval(), *self.axes.bbox.bounds)
        if self._placed[0] != state:
            self._placed = state, tuple(self._places())
        return _Ticks(self.majorTicks[0], self._placed[1])

    def _places(self) -> Iterator[tuple[float, str]]:
        """Where ticks are seen, and their labels."""
        places, formatter = self.get_majorticklocs().tolist(), self.get_major_formatter()
        transform = self.get_transform()
        low, high = sorted(transform.transform(self.get_view_interval()))
        near = 1e-10 * (high - low)
        for place, label in zip(places, formatter.format_ticks(places), strict=True):
            if low - near <= transform.transform(place) <= high + near:
                yield place, label


class _X(_OneTick, XAxis):
    pass


class _Y(_OneTick, YAxis):
    pass


class Panel(Axes):
    """Matplotlib's axes with such ticks, and without measuring what is clipped to them."""

    def _init_axis(self) -> None:
        self.xaxis, self.yaxis = _X(self, clear=False), _Y(self, clear=False)
        for side, axis in (("bottom", self.xaxis), ("top", self.xaxis), ("left", self.yaxis), ("right", self.yaxis)):
            self.spines[side].register_axis(axis)

    def get_default_bbox_extra_artists(self) -> list[Artist]:
        """What may reach beyond the axes: matplotlib compares each artist's clip box with them, and rounding errs."""
        frame = self.spines.values() if self.axison and self.get_frame_on() else ()
        children: list[Artist] = self._children  # type: ignore[attr-defined]
        unclipped = (one for one in children if not one.get_clip_on() or one.get_clip_box() is None)
        beyond = (*unclipped, *frame, *self.child_axes, *filter(None, [self.get_legend()]))
        return [one for one in beyond if one.get_visible() and one.get_in_layout()]
