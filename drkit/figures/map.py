"""Where the regions are: the primary, the failover region chosen, and the others that could or could not be."""

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
from drkit.figures.palette import BLUE, GREY, INK, LAND, PAPER, SEA, SLATE, VERMILLION, VERMILLION_WORDS, heat, styled
from drkit.figures.picture import Picture, basis_note, legend_below, name, picture, usd
from drkit.files.bundled import data_dir

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.facts.regions import Region

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


class Places(NamedTuple):
    """What a map shows; others are candidates, then refused regions, in the order in which they get their labels."""

    home: Place
    away: Place | None
    others: list[Place]


@styled()
def region_map(comparison: Comparison, option: Option | None = None) -> Picture:
    """The primary and failover region on a map, with all candidates, what each costs [USD/month] and its latency [ms].

    Parameters
    ----------
    comparison
        Its options name the regions that are possible, its rejected topologies the others.
    option
        The topology whose failover region is joined to the primary; the choice by default.

    Returns
    -------
    Picture
        Great circle with distance [km] and median round trip [ms], where anybody measured it. Each candidate has the
        cost of the best topology of the same strategy there; light ones are cheap.
    """
    shown, regions = option or comparison.chosen, comparison.catalog.regions
    home = regions[comparison.workload.region]
    away = regions[shown.topology.failover_region] if shown.topology.failover else None
    possible = {o.topology.failover_region for o in comparison.options if o.topology.failover}
    refused = {t.failover_region for t in comparison.rejected if t.failover} - possible
    costs = _costs(comparison, shown)
    prices = {code: option.bill.monthly_usd for code, option in costs.items() if option is not shown}
    fills = {code: heat(price, prices.values()) for code, price in prices.items()}

    def other(code: str) -> Place:
        more = _priced(comparison, home, costs[code]) if code in costs else ""
        return _place(regions[code], more, fills.get(code, ""), code in refused)

    codes = [code for code in (*sorted(possible), *sorted(refused)) if code != shown.topology.failover_region]
    labels = "Labels: cost of the best topology of the same strategy [USD a month], round trip [ms]" if costs else ""
    basis = basis_note(option.bill for option in costs.values()) if costs else ""
    figure = picture(
        _title(comparison, shown, len(possible), costs),
        comparison.catalog.snapshot,
        f"Regions for {comparison.workload.name}: {len(possible)} of {len(possible) + len(refused)} could be "
        f"the failover region; cities stand for regions, whose sites AWS does not publish. {labels}",
        f"Round trip: median seen from the internet (cloudping). Coastline: Natural Earth. {basis}",
        height_in=5.9,
    )
    places = Places(_place(home, home.city), _place(away, away.city) if away else None, [other(code) for code in codes])
    axes = figure.add_subplot()
    legend_below(figure, _handles(places, prices))
    axes.set(xlim=(0, 1), ylim=(0, 1))
    _bare(axes)
    figure.settle()
    way = f"{_measured(comparison, home, away)}\n{usd(shown.bill.monthly_usd)} USD a month" if away else ""
    _draw(axes, places, way)
    return figure


def _title(comparison: Comparison, shown: Option, possible: int, costs: Mapping[str, Option]) -> str:
    home, away, regions = comparison.workload.region, shown.topology.failover_region, comparison.catalog.regions
    if not shown.topology.failover:
        return f"{name(shown)}: {home} has no failover region" + (", and none is possible" if not possible else "")
    latency = regions.latency_ms(home, away)
    trip = "no latency was measured" if latency is None else f"a round trip takes {latency:.0f} ms"
    distance = regions.distance_km(home, away)
    title = f"{name(shown)} lies {distance:,.0f} km from {home}, and {trip}"
    cheapest = min(costs.values(), key=lambda option: (option.bill.monthly_usd, option.topology_id))
    saved = shown.bill.monthly_usd - cheapest.bill.monthly_usd
    if saved < 0.5:
        return f"{title}; no other region is cheaper"
    return f"{title}; {cheapest.topology.failover_region} would cost {usd(saved)} USD a month less"


def _costs(comparison: Comparison, shown: Option) -> dict[str, Option]:
    """For each region the best option of the strategy shown, or of the choice where one region alone is shown."""
    strategy = (shown if shown.topology.failover else comparison.chosen).topology.strategy
    there: dict[str, list[Option]] = {}
    for option in comparison.options:
        if option.topology.failover and option.topology.strategy == strategy:
            there.setdefault(option.topology.failover_region, []).append(option)
    best = {code: comparison.best_in(options) for code, options in sorted(there.items())}
    # Of its own region the option shown, be it the best there or not.
    return best | ({shown.topology.failover_region: shown} if shown.topology.failover else {})


def _priced(comparison: Comparison, home: Region, option: Option) -> str:
    trip = comparison.catalog.regions.latency_ms(home.code, option.topology.failover_region)
    return f"{usd(option.bill.monthly_usd)} USD" + ("" if trip is None else f", {trip:.0f} ms")


def _measured(comparison: Comparison, home: Region, away: Region) -> str:
    regions = comparison.catalog.regions
    latency = regions.latency_ms(home.code, away.code)
    trip = "no latency measured" if latency is None else f"{latency:.1f} ms round trip"
    return f"{regions.distance_km(home.code, away.code):,.0f} km\n{trip}"


def _place(region: Region, more: str, fill: str = "", refused: bool = False) -> Place:
    return Place(region.code, region.lon, region.lat, more, fill, refused)


# Drawing -------------------------------------------------------------------------------------------------------------


def _handles(places: Places, prices: Mapping[str, float]) -> list[Line2D]:
    """What the marks mean: of the candidates' colours the ends of their scale."""

    def mark(marker: str, size: float, label: str, **style: Any) -> Line2D:
        return Line2D([], [], ls="", marker=marker, ms=size, label=label, **style)

    handles = [mark("s", 8, "primary region", color=INK)]
    if places.away:
        handles.append(mark("o", 9, "failover region", color=VERMILLION))
    if prices:
        for word, price in (("cheapest", min(prices.values())), ("dearest", max(prices.values()))):
            fill = heat(price, prices.values())
            handles.append(
                mark("o", 7.5, f"possible, {word} {usd(price)} USD", color=fill, markeredgecolor=INK, mew=0.9)
            )
    if any(not place.refused and not place.fill for place in places.others):
        handles.append(mark("o", 6, "possible by another strategy", color=PAPER, markeredgecolor=BLUE, mew=1.6))
    return [*handles, mark("x", 6, "refused, where in view", color=GREY)]


def _draw(axes: Any, places: Places, way: str) -> None:
    """Draw a map; where the pair is close, with a map within the map."""
    home, away, others = places
    candidates = [place for place in (away, *others) if place and not place.refused]
    middle = _show(axes, [home, *(candidates or others)])
    _points(axes, places, middle)
    close = away and abs(np.ptp(_path(home, away, middle)[:, 0])) / np.ptp(axes.get_xlim()) < _CLOSE
    if away is None or not close:
        _labels(axes, places, middle, way)
        return
    inset, box = _inset(axes, [home, away, *others], middle)
    near = _show(inset, [home, away], least=9.0)
    _points(inset, places, near)
    (west, east), (south, north) = inset.get_xlim(), inset.get_ylim()
    axes.add_patch(
        Rectangle((west, south), east - west, north - south, fill=False, edgecolor=INK, linewidth=0.9, zorder=5)
    )
    _labels(inset, places, near, way, cities=False)
    _labels(axes, places, middle, taken=[box], cities=False)


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


def _points(axes: Any, places: Places, middle: float) -> None:
    home, away, others = places
    for place in others:
        if place.refused:
            axes.plot(*_at(place, middle), marker="x", color=GREY, ms=5, mew=1.2, zorder=3, gid="refused")
            continue
        style: dict[str, Any] = {"color": PAPER, "markeredgecolor": BLUE, "mew": 1.5, "ms": 6}
        if place.fill:
            style = {"color": place.fill, "markeredgecolor": INK, "mew": 0.9, "ms": 7}
        axes.plot(*_at(place, middle), marker="o", zorder=4, gid="possible", **style)
    if away is not None:
        path = _path(home, away, middle)
        for turn in (-360, 0, 360):  # a way over the map's edge comes in again on the other side
            axes.plot(path[:, 0] + turn, path[:, 1], color=VERMILLION, lw=1.8, zorder=5, gid="great circle")
        axes.plot(*_at(away, middle), marker="o", color=VERMILLION, ms=8.5, zorder=6, gid="failover")
    axes.plot(*_at(home, middle), marker="s", color=INK, ms=7.5, zorder=6, gid="primary")


def _labels(
    axes: Any, shown: Places, middle: float, way: str = "", taken: Sequence[Any] = (), cities: bool = True
) -> None:
    """Name the pair, then what lies between them, then as many others as there is room for."""
    home, away, others = shown
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
    style: dict[str, Any] = {"droppable": True, "color": SLATE, "fontsize": 7.5, "linespacing": 1.1}
    priced = [p for p in seen if p.more]
    words = [f"{p.code}\n{p.more}" for p in priced]
    texts = place_labels(axes, [_at(p, middle) for p in priced], words, blocked, boxes, **style)
    boxes += [text.get_window_extent() for text in texts]
    told = {text.get_text().split("\n")[0] for text in texts}
    rest = [p for p in seen if p.code not in told]
    place_labels(axes, [_at(p, middle) for p in rest], [p.code for p in rest], blocked, boxes, **style)


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
    inset.apply_aspect(inset.get_axes_locator()(inset, axes.figure.canvas.get_renderer()))
    return inset, inset.get_window_extent()
