"""How bars of costs are drawn, one for each strategy, from nothing but what they show."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from drkit.figures.palette import BLUE, GREEN, GREY, GROUND, INK, ORANGE, PALE, PAPER, PINK, SKY, VERMILLION, YELLOW
from drkit.figures.picture import Origin, Picture, legend_below, picture, styled

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Components in the order they stack, each with a colour it has in every picture.
STACKED = {
    "database": BLUE,
    "compute": ORANGE,
    "cache": SKY,
    "storage": GREEN,
    "network": VERMILLION,
    "edge": PINK,
    "database_replication": YELLOW,
}
OTHER = "other"
HATCH = {"primary": "", "failover": "////", "global": "...."}
_ROLE_WORDS = {"primary": "primary region", "failover": "failover region", "global": "global services"}


class Row(NamedTuple):
    """A strategy's row: its name, what stands beside its bar, and whether it is the choice."""

    label: str
    words: str
    chosen: bool


class Frame(NamedTuple):
    """What both pictures show around their bars; of strategies without one, the name and the reason."""

    title: str
    origin: Origin
    subtitle: str
    note: str
    rows: tuple[Row, ...]
    impossible: tuple[tuple[str, str], ...]


class Part(NamedTuple):
    """A piece of a bar: what it is for, and how long it is [USD/month]."""

    role: str
    component: str
    usd: float


class Bills(NamedTuple):
    """The monthly bills, each in the order in which its parts stack; the legend's components and roles."""

    frame: Frame
    bars: tuple[tuple[Part, ...], ...]
    dearest: float
    components: tuple[str, ...]
    roles: tuple[str, ...]


class Year(NamedTuple):
    """The parts of a bar and their sum [USD/year]; people are those who fail over and rehearse."""

    bill: float
    loss: float
    people: float
    total: float


class Years(NamedTuple):
    """A year of each strategy; bars beyond the limit are cut [USD/year]."""

    frame: Frame
    bars: tuple[Year, ...]
    limit: float


@styled
def draw_bills(shown: Bills) -> Picture:
    """One bar per strategy: primary region plain, failover region hatched, global services dotted."""
    figure, axes = _framed(shown.frame)
    colours = component_colours(c for c in shown.components if c != OTHER) | {OTHER: PALE}
    for at, (row, parts) in enumerate(zip(shown.frame.rows, shown.bars, strict=True)):
        left = 0.0
        for role, members in groupby(parts, key=lambda part: part.role):
            for part in members:
                piece = Rectangle(
                    (left, at - 0.31),
                    part.usd,
                    0.62,
                    facecolor=colours[part.component],
                    hatch=HATCH[role],
                    edgecolor=PAPER,
                    linewidth=0.6,
                    label=f"{role}/{part.component}",
                    gid=role,
                )
                axes.add_artist(piece)  # limits are set below; what measures them takes half the time of a picture
                left += part.usd
            # a frame holds a region's segments together
            axes.plot([left, left], [at - 0.37, at + 0.37], color=INK, lw=1.4, solid_capstyle="butt")
        look = {"va": "center", "fontsize": 9, "weight": _weight(row), "linespacing": 1.25}
        axes.annotate(row.words, (left, at), (6, 0), textcoords="offset points", **look)
    _rows(axes, shown.frame)
    axes.set(xlim=(0, shown.dearest * 1.3), xlabel="USD a month")
    _plain_usd(axes)
    handles = [Patch(facecolor=colours[c], label=c.replace("_", " ")) for c in shown.components]
    handles += [
        Patch(facecolor=PAPER, edgecolor=GREY, hatch=HATCH[role], label=_ROLE_WORDS[role]) for role in shown.roles
    ]
    legend_below(figure, handles, columns=6)
    return figure


@styled
def draw_years(shown: Years) -> Picture:
    """One bar per strategy: bills, expected loss and people."""
    figure, axes = _framed(shown.frame)
    limit = shown.limit
    for at, (row, (bill, loss, people, total)) in enumerate(zip(shown.frame.rows, shown.bars, strict=True)):
        axes.barh(at, bill, 0.62, color=BLUE, label="bill", gid="bill")
        axes.barh(at, loss, 0.62, bill, color=ORANGE, hatch="////", edgecolor=PAPER, label="loss", gid="loss")
        axes.barh(at, people, 0.62, bill + loss, color=GREEN, edgecolor=PAPER, label="people", gid="people")
        look: dict[str, Any] = {"va": "center", "fontsize": 9, "weight": _weight(row)}
        if total > limit:
            _cut(axes, at, 1.1 * limit)
            look |= {"ha": "right", "color": INK, "bbox": GROUND | {"pad": 2.0}, "zorder": 6}
            axes.text(1.06 * limit, at, row.words, **look)
        else:
            axes.text(total + 0.012 * limit, at, row.words, **look)
    _rows(axes, shown.frame)
    axes.set(xlim=(0, limit * 1.45), xlabel="USD a year")
    _plain_usd(axes)
    handles = [
        Patch(facecolor=BLUE, label="twelve monthly bills"),
        Patch(facecolor=ORANGE, hatch="////", edgecolor=PAPER, label="expected yearly loss"),
        Patch(facecolor=GREEN, label="failovers and rehearsals"),
    ]
    legend_below(figure, handles)
    return figure


def component_colours(order: Iterable[str]) -> dict[str, str]:
    """A colour for each component, the same in every picture; the first without one borrow what this one spares."""
    wanted = list(order)
    spare = iter([colour for component, colour in STACKED.items() if component not in wanted])
    return {c: STACKED[c] if c in STACKED else next(spare, PALE) for c in wanted}


def _framed(frame: Frame) -> tuple[Picture, Any]:
    """A picture with room for a row of each strategy, and its axes."""
    tall = 1.9 + 0.62 * (len(frame.rows) + len(frame.impossible))
    figure = picture(frame.title, frame.origin, frame.subtitle, frame.note, height_in=tall)
    return figure, figure.add_subplot()


def _weight(row: Row) -> str:
    return "bold" if row.chosen else "normal"


def _rows(axes: Any, frame: Frame) -> None:
    """Name the rows, mark the chosen one, and give strategies without a bar their reason."""
    labels = [row.label for row in frame.rows]
    for at, (strategy, reason) in enumerate(frame.impossible, start=len(labels)):
        text = axes.text(0, at, f"  {reason}", va="center", fontsize=8.5, color=GREY, style="italic")
        text.set_in_layout(False)
        labels.append(strategy)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    for label, row in zip(axes.get_yticklabels(), frame.rows, strict=False):
        label.set_fontweight(_weight(row))


def _plain_usd(axes: Any) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda usd_a_year, _: f"{usd_a_year:,.0f}"))


def _cut(axes: Any, row: int, at: float) -> None:
    """Two slanted white strokes: the bar goes on."""
    for shift in (0.0, 0.012):
        x = at * (1 + shift)
        axes.plot(
            [x - 0.004 * at, x + 0.004 * at], [row + 0.42, row - 0.42], color=PAPER, lw=3, zorder=5, clip_on=False
        )
