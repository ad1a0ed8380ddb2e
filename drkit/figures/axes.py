"""Axes that show times as people say them, and labels that keep clear of everything else."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from drkit.figures.palette import GREY, INK
from drkit.figures.picture import SCREEN_DPI

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    Pixels = npt.NDArray[np.float64]

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_UNITS = ((1.0, "s"), (_MINUTE, "min"), (_HOUR, "h"), (_DAY, "d"))
#: Where a wide and a narrow logarithmic time axis may have ticks [s].
_WIDE = (1e-3, 0.01, 0.1, 1, 10, _MINUTE, 10 * _MINUTE, _HOUR, 6 * _HOUR, _DAY, 7 * _DAY, 30 * _DAY, 365 * _DAY)
_NARROW = tuple(
    n * size
    for size, counts in (
        (1.0, (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 40, 50)),
        (_MINUTE, (1, 2, 3, 5, 10, 15, 20, 30, 40, 50)),
        (_HOUR, (1, 1.5, 2, 3, 4, 6, 8, 12)),
        (_DAY, (1, 2, 4, 7, 14, 30, 60, 120, 365)),
    )
    for n in counts
)


def moment(seconds: float) -> str:
    """A tick of a time axis [s]: ``30 s``, ``10 min``, ``1 h``, ``7 d``."""
    size, unit = max((u for u in _UNITS if u[0] <= seconds), default=_UNITS[0])
    return f"{seconds / size:g} {unit}"


def log_time(axis: Any, low: float, high: float, closest: float = 0.07) -> None:
    """Make an axis logarithmic in time between two moments [s], with ticks in s, min, h and d.

    No two ticks stand closer than this part of the axis; full minutes, hours and days come first.
    """
    axis.axes.set(**{f"{axis.axis_name}scale": "log", f"{axis.axis_name}lim": (low, high)})
    ticks: list[float] = []
    for tick in _WIDE if math.log10(high / low) > 2.4 else (*_WIDE, *_NARROW):
        apart = (abs(math.log(tick / other)) / math.log(high / low) for other in ticks)
        if low <= tick <= high and all(gap >= closest for gap in apart):
            ticks.append(tick)
    axis.set_major_locator(FixedLocator(sorted(ticks)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: moment(value)))


def linear_time(axis: Any, high: float, most: int = 9, low: float = 0.0) -> str:
    """Let an axis run between two moments [s], with at most so many round ticks; return the unit its ticks are in."""
    size, unit = max((u for u in _UNITS if 4 * u[0] <= high), default=_UNITS[0])
    steps = [1, 1.5, 2, 3, 5, 6, 10] if unit in ("s", "min") else [1, 2, 5, 10]
    ticks = MaxNLocator(most, steps=steps, integer=high - low >= 6 * size).tick_values(low / size, high / size)
    axis.set_major_locator(FixedLocator([tick * size for tick in ticks if low <= tick * size <= high]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / size:g}"))
    axis.axes.set(**{f"{axis.axis_name}lim": (low, high)})
    return unit


def name_rows(axes: Any, labels: Sequence[str], bold: Iterable[int] = (), fontsize: float = 10.0) -> None:
    """A row for each label, the first on top, without ticks and lines across; fontsize in [pt], bold by place."""
    axes.set_yticks(range(len(labels)), labels, fontsize=fontsize)
    for at in bold:
        axes.get_yticklabels()[at].set_fontweight("bold")
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def beside(axes: Any, x: float, row: float, words: str, **style: Any) -> Any:
    """Words a few points to the right of where a bar ends, in the coordinates [units of the axes] of its row."""
    look = {"va": "center", "fontsize": 8.5} | style
    return axes.annotate(words, (x, row), (5.5, 0), textcoords="offset points", **look)


def place_labels(
    axes: Any,
    anchors: Sequence[tuple[float, float]],
    labels: Sequence[str],
    obstacles: Pixels,
    taken: Sequence[Any] = (),
    lines: Pixels | None = None,
    droppable: bool = False,
    leader_from: float = 14.0,
    **look: Any,
) -> list[Any]:
    """Write labels near their points, clear of points, lines and each other.

    Parameters
    ----------
    axes
        Its limits and place must be final.
    anchors, labels
        Where each label belongs [data], and what it says. Earlier ones choose first.
    obstacles
        Points to keep clear of, shape (n, 2) [pixels].
    taken
        Boxes to keep clear of [pixels].
    lines
        Points along lines that are better kept clear of, shape (n, 2) [pixels].
    droppable
        Leave a label out rather than let it cover something.
    leader_from
        Labels farther from their point than this get a line to it [pixels of a screen].

    Returns
    -------
    list of Text
        The labels written, in their order.
    """
    renderer = axes.figure.canvas.get_renderer()
    # Distances that look right are in pixels of a screen, whatever the picture's resolution.
    finer = axes.figure.dpi / SCREEN_DPI
    point = 72 / SCREEN_DPI
    obstacles = obstacles / finer
    lines = None if lines is None else lines / finer
    boxes: list[tuple[float, ...]] = [(b.x0 / finer, b.y0 / finer, b.x1 / finer, b.y1 / finer) for b in taken]
    texts: list[Any] = []
    edges = axes.get_window_extent(renderer)
    frame = (edges.x0 / finer, edges.y0 / finer, edges.x1 / finer, edges.y1 / finer)
    for anchor, words in zip(anchors, labels, strict=True):
        x, y = point_at = axes.transData.transform(anchor) / finer
        text = axes.annotate(
            words,
            anchor,
            (0, 0),
            textcoords="offset points",
            annotation_clip=True,
            ha="center",
            va="center",
            zorder=8,
            **({"fontsize": 9, "color": INK} | look),
        )
        text.set_in_layout(False)
        extent = text.get_window_extent(renderer)
        width, height = extent.width / finer + 4, extent.height / finer + 2
        offsets = _around(width, height)
        reach = np.array([width, height]) / 2
        middles = point_at + offsets
        places = np.hstack([middles - reach, middles + reach])
        written = np.array(boxes).reshape(-1, 4)
        covered = _covered(places, obstacles, written, frame)
        costs = np.hypot(*np.maximum(0, abs(offsets) - reach).T) / 25 + covered
        if lines is not None:
            costs += 0.3 * _inside(places, lines).sum(axis=1)
        least, at = math.inf, 0
        for place, cost in enumerate(costs.tolist()):
            if cost < least:
                cost += _crossed(point_at, middles[place], written, obstacles)
            if cost < least:
                least, at = cost, place
        if droppable and covered[at] > 0:
            text.remove()
            continue
        best = tuple(places[at].tolist())
        dx, dy = (best[0] + best[2]) / 2 - x, (best[1] + best[3]) / 2 - y
        text.set_position((dx * point, dy * point))
        boxes.append(best)
        texts.append(text)
        edge = (min(max(x, best[0]), best[2]) - x, min(max(y, best[1]), best[3]) - y)
        if math.hypot(*edge) > leader_from:
            _leader(axes, anchor, (edge[0] * point, edge[1] * point))
    return texts


def _around(width: float, height: float) -> Pixels:
    """Offsets of a label's centre from its point, nearest first, shape (places, 2) [pixels]."""
    found = []
    for gap in (8, 12, 18, 27, 40, 58, 80, 105, 135, 170, 210):
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1), (0.5, 1), (-0.5, 1)):
            spread = 0.75 if dx and dy else 1.0
            found.append((dx * (width / 2 + gap * spread), dy * (height / 2 + gap * spread)))
    return np.array(found)


def _inside(boxes: Pixels, points: Pixels) -> npt.NDArray[np.bool_]:
    """Which points lie in which boxes or close to them, shape (boxes, points)."""
    x0, y0, x1, y1 = boxes.T[:, :, None]
    x, y = points.T
    within: npt.NDArray[np.bool_] = (x > x0 - 5) & (x < x1 + 5) & (y > y0 - 4) & (y < y1 + 4)
    return within


def _covered(places: Pixels, points: Pixels, boxes: Pixels, frame: tuple[float, ...]) -> Pixels:
    """How bad places are for a label: points and labels it covers there, and whether it leaves the axes."""
    x0, y0, x1, y1 = places.T
    a0, b0, a1, b1 = boxes.T[:, :, None]
    wide, high = np.minimum(x1, a1) - np.maximum(x0, a0), np.minimum(y1, b1) - np.maximum(y0, b0)
    on_labels = np.where((wide > 0) & (high > 0), 20 + wide * high / 10, 0.0).sum(axis=0)
    outside = (x0 < frame[0]) | (x1 > frame[2]) | (y0 < frame[1]) | (y1 > frame[3])
    covered: Pixels = 4.0 * _inside(places, points).sum(axis=1) + on_labels + 1000.0 * outside
    return covered


def _crossed(start: Pixels, end: Pixels, boxes: Pixels, points: Pixels) -> float:
    """How bad a line from a point to its label is: labels and points that it runs through."""
    line = start + np.linspace(0, 1, 14)[:, None] * (end - start)
    labels = _inside(boxes, line).any(axis=1).sum()
    near = np.hypot(points[:, 0, None] - line[:, 0], points[:, 1, None] - line[:, 1]).min(axis=1) < 4
    aside = np.hypot(points[:, 0] - start[0], points[:, 1] - start[1]) > 9
    return 5.0 * float(labels) + 0.6 * float((near & aside).sum())


def _leader(axes: Any, anchor: tuple[float, float], offset: tuple[float, float]) -> None:
    """A line from a point to the nearest edge of its label, given as an offset [points]."""
    look = {"arrowstyle": "-", "color": GREY, "lw": 0.8, "shrinkA": 0, "shrinkB": 4}
    line = axes.annotate("", anchor, offset, textcoords="offset points", arrowprops=look, zorder=7)
    line.set_in_layout(False)


def along(axes: Any, points: npt.ArrayLike, step: float = 8.0) -> Pixels:
    """Points every few pixels of a screen along a line given in data, for labels to keep clear of [pixels]."""
    corners = axes.transData.transform(np.asarray(points, dtype=float))
    parts = [corners[:1]]
    for start, end in pairwise(corners):
        count = max(2, int(np.hypot(*(end - start)) / (step * axes.figure.dpi / SCREEN_DPI)))
        parts.append(start + np.linspace(0, 1, count)[1:, None] * (end - start))
    return np.concatenate(parts)
