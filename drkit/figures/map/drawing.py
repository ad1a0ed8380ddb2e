"""The map of regions as it is drawn, from the values that it shows."""

from __future__ import annotations

import csv
import math
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline

from drkit.figures.axes import along, place_labels
from drkit.figures.palette import BLUE, GREY, INK, LAND, PAPER, SEA, SLATE, VERMILLION, VERMILLION_WORDS
from drkit.figures.picture import Origin, Picture, legend_below, picture, styled
from drkit.files.bundled import data_dir

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

#: A pair that fills less than this part of the map's width gets a map of its own.
_CLOSE = 0.07
#: Latitudes a map may show [degrees].
_SOUTH, _NORTH = -58.0, 82.0


class Place(NamedTuple):
    """A region on the map.

    Parameters
    ----------
    code
        Written beside it.
    lon, lat
        Of its city [degrees].
    more
        Second line of its label, left out where there is no room.
    fill
        Colour of a candidate that has one.
    refused
        It could not be the failover region.
    """

    code: str
    lon: float
    lat: float
    more: str = ""
    fill: str = ""
    refused: bool = False


class Map(NamedTuple):
    """All that a map shows.

    Parameters
    ----------
    away
        The failover region; None for a topology without one.
    way
        Written at the middle of the way between the two.
    others
        Candidates, then refused regions, in the order in which they choose where their labels stand.
    scale
        The ends of the candidates' colours: what each means, and the colour.
    """

    title: str
    subtitle: str
    note: str
    origin: Origin
    home: Place
    away: Place | None
    way: str
    others: tuple[Place, ...]
    scale: tuple[tuple[str, str], ...]


@styled
def draw_map(shown: Map) -> Picture:
    """Draw a map; where the pair is close, with a map within the map."""
    figure = picture(shown.title, shown.origin, shown.subtitle, shown.note, height_in=5.9)
    axes = figure.add_subplot()
    legend_below(figure, _handles(shown))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    _bare(axes)
    figure.draw_without_rendering()
    home, away, others = shown.home, shown.away, shown.others
    candidates = [place for place in (away, *others) if place and not place.refused]
    middle = _show(axes, [home, *(candidates or others)])
    _points(axes, shown, middle)
    if away is None:
        _labels(axes, shown, middle)
        return figure
    across = abs(np.ptp(_path(home, away, middle)[:, 0])) / np.ptp(axes.get_xlim())
    if across >= _CLOSE:
        _labels(axes, shown, middle, shown.way)
        return figure
    inset, box = _inset(axes, [home, away, *others], middle)
    near = _show(inset, [home, away], least=9.0)
    _points(inset, shown, near)
    (west, east), (south, north) = inset.get_xlim(), inset.get_ylim()
    axes.add_patch(
        Rectangle((west, south), east - west, north - south, fill=False, edgecolor=INK, linewidth=0.9, zorder=5)
    )
    _labels(inset, shown, near, shown.way, cities=False)
    _labels(axes, shown, middle, taken=[box], cities=False)
    return figure


def _handles(shown: Map) -> list[Line2D]:
    """What the marks mean: of the candidates' colours the ends of their scale."""

    def mark(marker: str, size: float, label: str, **look: Any) -> Line2D:
        return Line2D([], [], ls="", marker=marker, ms=size, label=label, **look)

    handles = [mark("s", 8, "primary region", color=INK)]
    if shown.away:
        handles.append(mark("o", 9, "failover region", color=VERMILLION))
    for words, fill in shown.scale:
        handles.append(mark("o", 7.5, words, color=fill, markeredgecolor=INK, mew=0.9))
    if any(not place.refused and not place.fill for place in shown.others):
        handles.append(mark("o", 6, "possible by another strategy", color=PAPER, markeredgecolor=BLUE, mew=1.6))
    return [*handles, mark("x", 6, "refused, where in view", color=GREY)]


def _bare(axes: Any) -> None:
    axes.set(facecolor=SEA, xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


@cache
def _shores() -> Outline:
    """All shores as one outline; lakes run the other way round and so stay empty."""
    with (data_dir() / "map" / "land.csv").open(newline="") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        rings = [
            Outline([(float(row["lon"]), float(row["lat"])) for row in ring], closed=True)
            for _, ring in groupby(rows, key=lambda row: row["ring"])
        ]
    return Outline.make_compound_path(*rings)


def _show(axes: Any, places: Sequence[Place], least: float = 24.0) -> float:
    """Fit the map to these places and draw the land; return the meridian in its middle [degrees].

    The axes' place on the figure must be final: the limits are chosen to fill it, where they can
    without distortion.
    """
    lons = sorted({place.lon for place in places})
    # The map leaves out the widest gap between neighbours, be it over the Pacific or the Atlantic.
    gaps = [(after - before, after) for before, after in zip(lons, [*lons[1:], lons[0] + 360], strict=True)]
    gap, first = max(gaps)
    wide, middle = 360 - gap, first + (360 - gap) / 2
    middle -= 360 * round(middle / 360)
    lats = [place.lat for place in places]
    south, north = min(lats), max(lats)
    scale = math.cos(math.radians((south + north) / 2))
    box = axes.get_window_extent()
    tall = max(least / 2, 1.3 * (north - south))
    wide = max(least, min(340.0, 1.14 * wide))
    tall = max(tall, wide * scale * box.height / box.width)
    low, high = (south + north - tall) / 2, (south + north + tall) / 2
    if high - low > _NORTH - _SOUTH:
        low, high = _SOUTH, _NORTH
    elif low < _SOUTH or high > _NORTH:
        shift = max(0.0, _SOUTH - low) - max(0.0, high - _NORTH)
        low, high = low + shift, high + shift
    # A map of all the world is a little wider than the axes: it is pressed together rather than cut.
    wide = max(wide, min(360.0, (high - low) * box.width / box.height / scale))
    axes.set(xlim=(middle - wide / 2, middle + wide / 2), ylim=(low, high))
    land = _shores()
    for turn in (-360.0, 0.0, 360.0):
        if turn and abs(middle - turn) - wide / 2 > 190:  # shores go as far as 190 degrees
            continue
        moved = Outline(np.add(land.vertices, [turn, 0.0]), land.codes)
        # Not add_patch, which measures every curve of it to find limits that are set already.
        axes.add_artist(PathPatch(moved, facecolor=LAND, edgecolor=PAPER, linewidth=0.4, zorder=1))
    return middle


def _at(place: Place, middle: float) -> tuple[float, float]:
    """Longitude on the turn of the globe that the map shows, and latitude [degrees]."""
    return place.lon - 360 * round((place.lon - middle) / 360), place.lat


def great_circle(start: tuple[float, float], end: tuple[float, float], count: int = 60) -> npt.NDArray[np.float64]:
    """Points on the shortest way over the globe.

    Parameters
    ----------
    start, end
        Longitude and latitude [degrees].
    count
        How many points.

    Returns
    -------
    array
        Shape ``(count, 2)``: longitude without jumps, latitude [degrees].
    """
    lon, lat = np.radians([start, end]).T
    ends = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]).T
    angle = np.arccos(np.clip(ends[0] @ ends[1], -1, 1))
    at = np.linspace(0, 1, count)[:, None]
    points = (np.sin((1 - at) * angle) * ends[0] + np.sin(at * angle) * ends[1]) / np.sin(angle)
    lons = np.degrees(np.unwrap(np.arctan2(points[:, 1], points[:, 0])))
    return np.column_stack([lons, np.degrees(np.arcsin(points[:, 2]))])


def _path(home: Place, away: Place, middle: float) -> npt.NDArray[np.float64]:
    path = great_circle((home.lon, home.lat), (away.lon, away.lat))
    path[:, 0] += _at(home, middle)[0] - path[0, 0]
    return path


def _points(axes: Any, shown: Map, middle: float) -> None:
    home, away = shown.home, shown.away
    for place in shown.others:
        if place.refused:
            axes.plot(*_at(place, middle), marker="x", color=GREY, ms=5, mew=1.2, zorder=3, gid="refused")
            continue
        look: dict[str, Any] = {"color": PAPER, "markeredgecolor": BLUE, "mew": 1.5, "ms": 6}
        if place.fill:
            look = {"color": place.fill, "markeredgecolor": INK, "mew": 0.9, "ms": 7}
        axes.plot(*_at(place, middle), marker="o", zorder=4, gid="possible", **look)
    if away is not None:
        path = _path(home, away, middle)
        for turn in (-360, 0, 360):  # a way over the map's edge comes in again on the other side
            axes.plot(path[:, 0] + turn, path[:, 1], color=VERMILLION, lw=1.8, zorder=5, gid="great circle")
        axes.plot(*_at(away, middle), marker="o", color=VERMILLION, ms=8.5, zorder=6, gid="failover")
    axes.plot(*_at(home, middle), marker="s", color=INK, ms=7.5, zorder=6, gid="primary")


def _labels(
    axes: Any, shown: Map, middle: float, way: str = "", taken: Sequence[Any] = (), cities: bool = True
) -> None:
    """Name the pair, then what lies between them, then as many others as there is room for."""
    home, away, others = shown.home, shown.away, shown.others
    places = [home, *([away] if away else []), *others]
    blocked = axes.transData.transform([_at(place, middle) for place in places])
    boxes = list(taken)
    path = None
    if away is not None:
        path = _path(home, away, middle)
        for turn in (-360, 0, 360):
            blocked = np.concatenate([blocked, along(axes, np.add(path, [turn, 0]))])
    pair = [place for place in (home, away) if place]
    names = [f"{place.code}\n{place.more}" if cities else place.code for place in pair]
    texts = place_labels(axes, [_at(p, middle) for p in pair], names, blocked, boxes, fontweight="bold", fontsize=9)
    boxes += [text.get_window_extent() for text in texts]
    if way and path is not None:
        # Where the way leaves the map over its edge, its middle may be out of sight: take what is nearest to it.
        order = sorted(range(len(path)), key=lambda at: abs(at - len(path) // 2))
        turned = [(path[at, 0] + turn, path[at, 1]) for at in order for turn in (0, -360, 360)]
        west, east = axes.get_xlim()
        half = next(point for point in turned if west + 0.05 * (east - west) < point[0] < east - 0.05 * (east - west))
        texts = place_labels(
            axes, [half], [way], blocked, boxes, leader_from=60, color=VERMILLION_WORDS, fontsize=9, fontweight="bold"
        )
        boxes += [text.get_window_extent() for text in texts]
    frame_x, frame_y = axes.get_xlim(), axes.get_ylim()
    seen = [
        p for p in others if frame_x[0] < _at(p, middle)[0] < frame_x[1] and frame_y[0] < _at(p, middle)[1] < frame_y[1]
    ]
    look: dict[str, Any] = {"droppable": True, "color": SLATE, "fontsize": 7.5, "linespacing": 1.1}
    priced = [p for p in seen if p.more]
    words = [f"{p.code}\n{p.more}" for p in priced]
    texts = place_labels(axes, [_at(p, middle) for p in priced], words, blocked, boxes, **look)
    boxes += [text.get_window_extent() for text in texts]
    told = {text.get_text().split("\n")[0] for text in texts}
    rest = [p for p in seen if p.code not in told]
    place_labels(axes, [_at(p, middle) for p in rest], [p.code for p in rest], blocked, boxes, **look)


def _inset(axes: Any, places: Sequence[Place], middle: float) -> tuple[Any, Any]:
    """A map within the map, where it covers the fewest regions and lies nearest to the pair; and its box [pixels].

    The first of the places is the primary region.
    """
    points = axes.transAxes.inverted().transform(axes.transData.transform([_at(p, middle) for p in places]))
    boxes = [
        (x, y, wide, tall)
        for wide, tall in ((0.3, 0.42), (0.26, 0.38), (0.23, 0.35))
        for x in np.linspace(0.012, 0.988 - wide, 25)
        for y in np.linspace(0.02, 0.98 - tall, 15)
    ]

    def badness(box: tuple[float, float, float, float]) -> tuple[int, float, float]:
        x, y, wide, tall = box
        near = np.abs(points - (x + wide / 2, y + tall / 2)) < (wide / 2 + 0.025, tall / 2 + 0.04)
        away = np.hypot(x + wide / 2 - points[0, 0], y + tall / 2 - points[0, 1])
        return int(near.all(axis=1).sum()), -wide, float(away)

    inset = axes.inset_axes(min(boxes, key=badness), zorder=9)
    inset.set_in_layout(False)
    _bare(inset)
    inset.spines[:].set(visible=True, color=INK, linewidth=0.9)
    axes.figure.draw_without_rendering()
    return inset, inset.get_window_extent()
