"""One bill as areas: what takes how much of the money, in which region, and how well its price is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.patches import Patch, Rectangle

from drkit.figures.cost import ROLES
from drkit.figures.palette import GREY, INK, ON_FILL, PALE, PAPER, SLATE, component_colours, styled
from drkit.figures.picture import Picture, basis_note, basis_share, legend_below, name, percent, picture, sheet, usd
from drkit.figures.text import text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option

# Lengths are points; the picture is 720 of them wide.
_WIDE, _EDGE, _WORDS, _TALL = 720.0, 9.0, 112.0, 292.0
#: Least height of the words beside a band.
_LEAST = 37.0


class Area(NamedTuple):
    """A rectangle of the map: its place and size, all in one unit."""

    x: float
    y: float
    wide: float
    tall: float


def squarify(amounts: Sequence[float], area: Area) -> list[Area]:
    """Divide a rectangle into one for each amount, as near to squares as may be.

    Parameters
    ----------
    amounts
        Above zero, largest first.
    area
        What is divided; each part of it is as large a part as its amount of the sum.

    Returns
    -------
    list of Area
        In the order of the amounts. Bruls, Huizing and van Wijk, Squarified Treemaps, 2000.
    """
    found: list[Area] = []
    left = list(amounts)
    scale = area.wide * area.tall / math.fsum(left) if left else 0.0
    while left:
        side = min(area.wide, area.tall)
        row = 1
        while row < len(left) and _worst(left[: row + 1], side, scale) <= _worst(left[:row], side, scale):
            row += 1
        thick = scale * math.fsum(left[:row]) / side
        at = 0.0
        for amount in left[:row]:
            length = scale * amount / thick
            part = Area(area.x, area.y + at, thick, length)
            found.append(part if area.wide >= area.tall else Area(area.x + at, area.y, length, thick))
            at += length
        if area.wide >= area.tall:
            area = Area(area.x + thick, area.y, area.wide - thick, area.tall)
        else:
            area = Area(area.x, area.y + thick, area.wide, area.tall - thick)
        left = left[row:]
    return found


def _worst(amounts: Sequence[float], side: float, scale: float) -> float:
    """The longest shape in a row along a side: how many times it is longer than wide."""
    total = scale * math.fsum(amounts)
    return max(max(side**2 * scale * a / total**2, total**2 / (side**2 * scale * a)) for a in amounts)


@styled()
def bill_treemap(comparison: Comparison, option: Option | None = None) -> Picture:
    """The monthly bill of one topology [USD/month] as areas, by region and component.

    Parameters
    ----------
    option
        The topology whose bill it is; the choice by default.

    Returns
    -------
    Picture
        A band for each region; what rests on prices that nobody observed is hatched.
    """
    shown = option or comparison.chosen
    bill = shown.bill
    sums: dict[str, dict[tuple[str, bool], float]] = {}
    for line in bill.lines:
        if line.monthly_usd > 0:
            parts = sums.setdefault(line.role, {})
            key = (line.component, line.basis.startswith("observed"))
            parts[key] = parts.get(key, 0.0) + line.monthly_usd
    total = math.fsum(amount for parts in sums.values() for amount in parts.values())
    components: dict[str, float] = {}
    for parts in sums.values():
        for (component, _), amount in parts.items():
            components[component] = components.get(component, 0.0) + amount
    colours = component_colours(sorted(components, key=lambda c: (-components[c], c)))
    figure = picture(
        _title(shown, components, total),
        comparison.catalog.snapshot,
        f"Monthly bill of {comparison.workload.name}: areas are amounts in USD, each band is a region",
        basis_note([bill]),
        height_in=(_TALL + 112) / 72,
    )
    handles = [Patch(facecolor=c, label=_word(component)) for component, c in colours.items() if c != PALE]
    if PALE in colours.values():
        handles.append(Patch(facecolor=PALE, label="other"))
    if basis_share(bill):
        handles.append(Patch(facecolor=PAPER, edgecolor=GREY, hatch="////", label="price derived or proxy"))
    legend_below(figure, handles, columns=5)
    axes, room = sheet(figure)
    roles = [role for role in ROLES if role in sums]
    bands = _bands([math.fsum(sums[role].values()) for role in roles], room - 6)
    for role, (top, tall, middle) in zip(roles, bands, strict=True):
        _band_words(axes, role, shown, math.fsum(sums[role].values()), total, middle)
        parts = sums[role]
        order = sorted(parts, key=lambda key: (-parts[key], key))
        area = Area(_EDGE + _WORDS, top, _WIDE - 2 * _EDGE - _WORDS, tall)
        for key, part in zip(order, squarify([parts[key] for key in order], area), strict=True):
            _leaf(axes, role, *key, parts[key], total, part, colours[key[0]])
    return figure


def _bands(amounts: Sequence[float], room: float) -> list[tuple[float, float, float]]:
    """Top and height of each band, and where its words have their middle, which stay apart [point]."""
    gap = 5.0
    scale = (room - gap * (len(amounts) - 1)) / math.fsum(amounts)
    tops, top = [], 0.0
    for amount in amounts:
        tops.append((top, scale * amount))
        top += scale * amount + gap
    middles = [top + min(tall, _LEAST) / 2 for top, tall in tops]
    for at in range(len(middles) - 1, -1, -1):
        limit = room - _LEAST / 2 if at == len(middles) - 1 else middles[at + 1] - _LEAST
        middles[at] = min(max(middles[at], _LEAST / 2), limit)
    return [(top, tall, middle) for (top, tall), middle in zip(tops, middles, strict=True)]


def _band_words(axes: Any, role: str, option: Option, amount: float, total: float, middle: float) -> None:
    topology = option.topology
    where = {"primary": topology.primary_region, "failover": topology.failover_region}.get(role, "")
    said = [(ROLES[role], 9.0, "bold", INK), (where, 8.0, "normal", SLATE)]
    said.append((f"{usd(amount)} USD, {percent(round(amount / total, 3))}", 8.0, "normal", SLATE))
    lines = [line for line in said if line[0]]
    for place, (words, size, weight, colour) in enumerate(lines):
        y = middle + (place - (len(lines) - 1) / 2) * 11.5
        axes.text(_EDGE, y, words, fontsize=size, weight=weight, color=colour, va="center", gid=f"band {role}")


def _leaf(
    axes: Any, role: str, component: str, observed: bool, amount: float, total: float, area: Area, colour: str
) -> None:
    box = Rectangle((area.x, area.y), area.wide, area.tall, facecolor=colour, edgecolor=PAPER, linewidth=1.2)
    if not observed:
        box.set_hatch("////")
    box.set_gid(f"{role}/{component}/{'observed' if observed else 'not observed'}")
    axes.add_artist(box)
    ink = ON_FILL[colour]
    ground = None if observed else {"facecolor": colour, "edgecolor": "none", "pad": 1.2}
    y = area.y + 3.5
    for words, size, weight in _fitting(component, amount, total, area):
        look = {"color": ink, "fontsize": size, "weight": weight, "va": "top", "bbox": ground, "gid": "leaf"}
        axes.text(area.x + 5, y, words, **look)
        y += 1.4 * size


def _fitting(component: str, amount: float, total: float, area: Area) -> list[tuple[str, float, str]]:
    """As many words as there is room for, from the name on, with size and weight: rather none than one that is cut."""
    name_lines = [[_word(component)], component.split("_")]
    figures = [f"{usd(amount)} USD", percent(round(amount / total, 3))]
    for count in (2, 1, 0):
        for size in (9.0, 7.5):
            for names in name_lines:
                lines = [(line, size, "bold") for line in names]
                lines += [(figure, size - 0.5, "normal") for figure in figures[:count]]
                wide = max(text_width(*line) for line in lines)
                if wide <= area.wide - 9 and 1.4 * size * len(lines) + 5 <= area.tall:
                    return lines
    return []


def _title(option: Option, components: dict[str, float], total: float) -> str:
    first, *others = sorted(components, key=lambda c: (-components[c], c))
    said = (
        f"{name(option)}: {percent(round(components[first] / total, 2))} of {usd(total)} USD a month is {_word(first)}"
    )
    if others:
        said += f", {percent(round(components[others[0]] / total, 2))} {_word(others[0])}"
    failover = math.fsum(line.monthly_usd for line in option.bill.lines if line.role == "failover")
    return f"{said}; the failover region takes {percent(round(failover / total, 2))}" if failover else said


def _word(component: str) -> str:
    return component.replace("_", " ")
