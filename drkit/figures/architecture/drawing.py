"""How a topology is drawn: regions, zones and services side by side.

Every service is a row. It has the same height in both regions, so replication runs straight across the gutter between
them; shapes of a region face the gutter, words stand outside. Nothing can meet, whatever the topology.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyBboxPatch, Patch, Polygon, Rectangle

from drkit.figures.palette import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALE,
    PANEL,
    PAPER,
    PINK,
    SKY,
    SLATE,
    VERMILLION,
    VERMILLION_WORDS,
)
from drkit.figures.text import text_width, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from drkit.figures.architecture.blueprint import Blueprint, Entry, Link, Part, Row, State

#: Colours are those that a bill's components have.
_COLOUR = {
    "balancer": PINK,
    "service": ORANGE,
    "network": VERMILLION,
    "database": BLUE,
    "cache": SKY,
    "bucket": GREEN,
    "registry": GREY,
    "backup": GREEN,
}
#: Size of a unit [point].
_UNIT = 8.0
#: Rows whose shapes stand in zones.
_ZONAL = ("balancer", "service", "network", "database", "cache")

# Lengths are points; the picture is 720 of them wide.
_WIDE, _EDGE = 720.0, 9.0
_GUTTER, _PAD, _ZONES = 138.0, 9.0, 104.0
_REGION = (_WIDE - 2 * _EDGE - _GUTTER) / 2
_WORDS = _REGION - 3 * _PAD - _ZONES
_ENTRY, _DROP, _HEAD = 32.0, 20.0, 60.0
_LINE = 10.5
#: Units of a zone that are drawn one by one, in two lines, or in one above a database's volume; more are a number.
_MOST = {"database": 3}
_MOST_ELSEWHERE = 6
_TITLE, _DETAIL, _LAG = 8.5, 7.8, 7.5


class Head(NamedTuple):
    """What stands above the rows of a region.

    Parameters
    ----------
    name, cost, more
        Lines of words; the last may be empty.
    zones
        How many the region's services are spread over.
    traffic_share
        Part of the clients' traffic that goes there, 0 to 1; at 0 the arrow waits for a failover.
    """

    name: str
    cost: str
    more: str
    zones: int
    traffic_share: float


class _Measured(NamedTuple):
    """A row with its details in lines."""

    row: Row
    primary: list[str]
    failover: list[str]

    @property
    def height(self) -> float:
        lines = max(len(self.primary), len(self.failover), 1)
        return 10.0 + _LINE * (1 + lines)


def _wrapped(part: Part | None) -> list[str]:
    """Details in lines that fit beside the zones."""
    return wrapped(part.detail, _WORDS, _DETAIL) if part and part.detail else []


class Drawing:
    """The drawing of a topology, with its height known before it is drawn.

    Parameters
    ----------
    plan
        The rows of both regions.
    heads
        Of the primary region and, if there is one, of the failover region.
    rebuilt
        How long it takes without a failover region, in words; empty with one.
    """

    axes: Any

    def __init__(self, plan: Blueprint, heads: Sequence[Head], rebuilt: str) -> None:
        self.plan, self.heads, self.rebuilt = plan, heads, rebuilt
        self.rows = [_Measured(row, _wrapped(row.primary), _wrapped(row.failover)) for row in plan.rows]
        #: Height that it needs [point].
        self.needed = _ENTRY + _DROP + _HEAD + sum(row.height for row in self.rows) + 2 * _PAD
        self.left, self.right = _EDGE, _WIDE - _EDGE - _REGION
        # Zones face the gutter in both regions.
        self.zones_at = (self.left + _REGION - _PAD - _ZONES, self.right + _PAD)
        self.words_at = (self.left + _PAD, self.right + 2 * _PAD + _ZONES)

    def draw(self, axes: Any, tall: float) -> None:
        """Draw everything on axes of this height [point]."""
        self.axes, rows = axes, self.rows
        extra = (tall - self.needed) / len(rows)
        top = _ENTRY + _DROP
        ends = []
        y = top + _HEAD
        for row in rows:
            y += row.height + extra
            ends.append(y)
        bottom = y + _PAD
        self._region(self.left, top, bottom, hollow=False)
        self._region(self.right, top, bottom, hollow=len(self.heads) == 1)
        zonal = max(end for end, row in zip(ends, rows, strict=True) if row.row.kind in _ZONAL)
        for side, head in enumerate(self.heads):
            self._head(side, head, top, zonal)
        if len(self.heads) == 1:
            self._nothing(top, bottom)
        for end, row in zip(ends, rows, strict=True):
            middle = end - (row.height + extra) / 2
            if end != ends[-1]:
                self._rule(end, row.row.failover is not None)
            self._words(0, middle, row.row.primary, row.primary)
            self._shapes(0, middle, row.row.kind, row.row.primary)
            if row.row.failover:
                self._words(1, middle, row.row.failover, row.failover)
                self._shapes(1, middle, row.row.kind, row.row.failover)
            if row.row.link:
                self._link(middle, row.row.link)
        self._traffic(ends[0] - (rows[0].height + extra) / 2)

    def legend(self) -> Iterator[Any]:
        """What the shapes and lines mean, of those that are there."""
        yield Patch(label="in use", **_look(GREY, "used"))
        if self.plan.idle:
            yield Patch(label="idle: runs, serves nobody", **_look(GREY, "idle"))
        if self.plan.comes:
            yield Patch(label="comes after a failover", **_look(GREY, "later"))
        yield Line2D([], [], color=VERMILLION, lw=1.4, label="client traffic")
        if any(row.link for row in self.plan.rows):
            yield Line2D([], [], color=INK, lw=1.4, label="replication, with its lag")

    # Regions --------------------------------------------------------------------------------------------------------

    def _region(self, x: float, top: float, bottom: float, hollow: bool) -> None:
        look: dict[str, Any] = {"facecolor": "none", "edgecolor": GREY, "linestyle": (0, (4, 3))}
        if not hollow:
            look = {"facecolor": PANEL, "edgecolor": GREY, "linestyle": "-"}
        shape = FancyBboxPatch(
            (x, top), _REGION, bottom - top, boxstyle="round,pad=0,rounding_size=7", linewidth=1.1, **look
        )
        self._add(shape, zorder=1, gid="region")

    def _head(self, side: int, head: Head, top: float, zonal: float) -> None:
        x = (self.left, self.right)[side] + _PAD
        self._text(x, top + 14, head.name, 10.5, weight="bold", gid="region name")
        self._text(x, top + 28, head.cost, _DETAIL, SLATE, gid="region cost")
        if head.more:
            self._text(x, top + 40, head.more, _DETAIL, SLATE, gid=("global cost", "region distance")[side])
        start, wide = self.zones_at[side], _ZONES / head.zones
        for zone in range(head.zones):
            band = Rectangle((start + zone * wide + 1.5, top + 46), wide - 3, zonal - top - 47)
            band.set(facecolor=PAPER, edgecolor=PALE, linestyle=(0, (3, 2)), linewidth=0.8)
            self._add(band, zorder=2, gid="zone")
            label = f"zone {zone + 1}" if head.zones < 3 else f"z{zone + 1}"
            self._text(start + (zone + 0.5) * wide, top + 54, label, 7, GREY, ha="center", gid="zone name")

    def _nothing(self, top: float, bottom: float) -> None:
        middle, half = self.right + _REGION / 2, (top + bottom) / 2
        self._text(middle, half - 8, "Nothing lies in another region", 11, weight="bold", ha="center", gid="nothing")
        self._text(middle, half + 9, self.rebuilt, _DETAIL, SLATE, ha="center", gid="nothing")

    def _rule(self, y: float, both: bool) -> None:
        for x in (self.left, self.right)[: 1 + both]:
            self.axes.add_artist(Line2D([x + _PAD, x + _REGION - _PAD], [y, y], color=PALE, lw=0.5, zorder=1.5))

    # Rows -----------------------------------------------------------------------------------------------------------

    def _words(self, side: int, y: float, part: Part, lines: Sequence[str]) -> None:
        x = self.words_at[side]
        faint = part.state == "later"
        at = y - _LINE * len(lines) / 2
        if part.title:
            size = min(_TITLE, _TITLE * _WORDS / text_width(part.title, _TITLE, "bold"))
            self._text(x, at, part.title, size, GREY if faint else INK, weight="bold", gid="part")
        else:
            at -= _LINE / 2
        for number, line in enumerate(lines, start=1):
            self._text(x, at + number * _LINE, line, _DETAIL, GREY if faint else SLATE, gid="detail")

    def _shapes(self, side: int, y: float, kind: str, part: Part) -> None:
        colour = _COLOUR[kind]
        start = self.zones_at[side]
        if not part.title:
            return
        if not part.units and not part.later:
            tall = 11.0 if kind in _ZONAL else 13.0
            bar = FancyBboxPatch(
                (start + 4, y - tall / 2),
                _ZONES - 8,
                tall,
                boxstyle=f"round,pad=0,rounding_size={tall / 2 if kind == 'balancer' else 2.5}",
                **_look(colour, part.state),
            )
            self._add(bar, zorder=4, gid=f"{kind} {part.state}")
            return
        zones = max(len(part.units), len(part.later))
        wide = _ZONES / zones
        if kind == "database":  # the volume spans the zones, whether or not an instance runs
            y -= 4
            volume = Rectangle((start + 4, y + 8), _ZONES - 8, 5, **_look(colour, "used"))
            self._add(volume, zorder=4, gid="database volume")
        counts = [
            (part.units[zone] if part.units else 0, part.later[zone] if part.later else 0) for zone in range(zones)
        ]
        crowded = max(map(sum, counts)) > _MOST.get(kind, _MOST_ELSEWHERE)
        draw = self._numbers if crowded else self._units
        for zone, (running, later) in enumerate(counts):
            draw(start + (zone + 0.5) * wide, y, kind, running, later, part.state)

    def _numbers(self, x: float, y: float, kind: str, running: int, later: int, state: State) -> None:
        """Units of one zone as numbers: those that run, and those that come."""
        shown = [(number, how) for number, how in ((running, state), (later, "later")) if number]
        for place, (number, how) in enumerate(shown):
            level = y + (place - (len(shown) - 1) / 2) * 12
            box = FancyBboxPatch(
                (x - 13, level - 5), 26, 10, boxstyle="round,pad=0,rounding_size=2", **_look(_COLOUR[kind], how)
            )
            self._add(box, zorder=4, gid=f"{kind} {how}")
            ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.6}
            self._text(x, level, f"{number} x", 7, ha="center", gid="number", bbox=ground)

    def _units(self, x: float, y: float, kind: str, running: int, later: int, state: State) -> None:
        """Units of one zone, one by one."""
        total = running + later
        columns = min(total, 3) or 1
        lines = math.ceil(total / columns)
        for number in range(total):
            line, column = divmod(number, columns)
            in_line = min(columns, total - line * columns)
            at = x + (column - (in_line - 1) / 2) * (_UNIT + 1.5), y + (line - (lines - 1) / 2) * (_UNIT + 2)
            shown_as: State = state if number < running else "later"
            self._add(_unit(kind, at, _look(_COLOUR[kind], shown_as)), zorder=4, gid=f"{kind} {shown_as}")

    # Arrows ---------------------------------------------------------------------------------------------------------

    def _link(self, y: float, link: Link) -> None:
        start, end = self.left + _REGION, self.right
        self._arrow([(start - _PAD, y), (end + _PAD, y)], INK, gid="replication", both=link.both_ways)
        middle = _WIDE / 2
        self._text(middle, y - 7, link.lag, _LAG, ha="center", gid="lag")
        if link.known:
            self._text(middle, y + 7.5, link.known, 7, GREY, ha="center", gid="lag basis")

    def _traffic(self, y: float) -> None:
        """Where clients come in, and how much of their traffic each region takes."""
        middle = _WIDE / 2
        boxes = list(self._entry_boxes(self.plan.entries, middle))
        for (_, end), (start, _) in pairwise(boxes):
            self._arrow([(end, _ENTRY / 2), (start, _ENTRY / 2)], VERMILLION, gid="traffic")
        ways = ((self.left + _REGION - _PAD - 3, -1), (self.right + _PAD + 3, 1))
        for (x, side), head in zip(ways, self.heads, strict=False):
            solid = head.traffic_share > 0
            self._arrow(
                [(middle, _ENTRY), (middle, y), (x, y)], VERMILLION, gid="traffic" if solid else "later traffic",
                dashed=not solid,
            )  # fmt: skip
            at = middle + side * _GUTTER / 4
            self._text(at, y - 7, f"{100 * head.traffic_share:.0f} %", _LAG, VERMILLION_WORDS, ha="center", gid="share")
            if not solid:
                self._text(at, y + 7.5, "until failover", 7, GREY, ha="center", gid="share")

    def _entry_boxes(self, entries: Sequence[Entry], middle: float) -> Iterator[tuple[float, float]]:
        """Draw what traffic passes from left to right, the last above the gutter; their ends."""
        widths = [
            max(text_width(entry.title, _TITLE, "bold"), text_width(entry.detail, _DETAIL) if entry.detail else 0) + 14
            for entry in entries
        ]
        end = middle + widths[-1] / 2
        places = []
        for wide in reversed(widths):
            places.append((end - wide, end))
            end -= wide + 26
        for (x0, x1), entry in zip(reversed(places), entries, strict=True):
            box = FancyBboxPatch((x0, 1), x1 - x0, _ENTRY - 2, boxstyle="round,pad=0,rounding_size=5", linewidth=1.1)
            box.set(facecolor=PANEL, edgecolor=VERMILLION)
            self._add(box, zorder=3, gid="entry")
            at = (x0 + x1) / 2
            y = _ENTRY / 2
            self._text(at, y - 5.5 if entry.detail else y, entry.title, _TITLE, weight="bold", ha="center", gid="entry")
            if entry.detail:
                self._text(at, y + 6, entry.detail, _DETAIL, SLATE, ha="center", gid="entry")
            yield x0, x1

    def _arrow(
        self, points: list[tuple[float, float]], colour: str, gid: str, both: bool = False, dashed: bool = False
    ) -> None:
        look: dict[str, Any] = {"linestyle": (0, (3, 2))} if dashed else {}
        xs, ys = zip(*points, strict=True)
        self.axes.add_artist(Line2D(xs, ys, color=colour, lw=1.4, zorder=5, gid=gid, **look))
        ways = [points[-2:]] + [points[1::-1]] * both
        for (x0, _), (x1, y1) in ways:
            back = math.copysign(5.5, x1 - x0)
            tip = Polygon([(x1, y1), (x1 - back, y1 - 3), (x1 - back, y1 + 3)], closed=True)
            tip.set(facecolor=colour, edgecolor="none")
            self._add(tip, zorder=5, gid="tip")

    # Artists --------------------------------------------------------------------------------------------------------

    def _add(self, shape: Patch, zorder: float, gid: str) -> None:
        shape.set(zorder=zorder, gid=gid)
        self.axes.add_artist(shape)

    def _text(self, x: float, y: float, words: str, size: float, colour: str = INK, **look: Any) -> None:
        self.axes.text(x, y, words.replace("\u00a0", " "), fontsize=size, color=colour, va="center", zorder=7, **look)


def _unit(kind: str, at: tuple[float, float], look: dict[str, Any]) -> Patch:
    """One unit: a task is a square, an instance of a database a circle, a cache node a diamond, a gateway a wedge."""
    x, y = at
    half = _UNIT / 2
    if kind == "database":
        return Circle(at, half, **look)
    if kind == "cache":
        return Polygon([(x, y - half - 0.8), (x + half + 0.8, y), (x, y + half + 0.8), (x - half - 0.8, y)], **look)
    if kind == "network":
        return Polygon([(x, y - half), (x + half, y + half), (x - half, y + half)], **look)
    return Rectangle((x - half, y - half), _UNIT, _UNIT, **look)


def _look(colour: str, state: State) -> dict[str, Any]:
    """How a shape looks that is in use, runs idle, or comes after a failover."""
    if state == "used":
        return {"facecolor": colour, "edgecolor": colour, "linewidth": 0.9}
    if state == "idle":
        return {"facecolor": PAPER, "edgecolor": colour, "linewidth": 1.1, "hatch": "////"}
    return {"facecolor": PAPER, "edgecolor": colour, "linewidth": 1.0, "linestyle": (0, (2, 1.4))}
