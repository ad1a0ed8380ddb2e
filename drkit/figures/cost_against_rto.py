"""What a shorter recovery costs: every topology by RTO and monthly cost."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from drkit.figures.axes import along, log_time, place_labels
from drkit.figures.palette import GREY, GROUND, INK, PAPER, STRATEGY_LOOK, VERMILLION, VERMILLION_WORDS, styled
from drkit.figures.picture import Picture, basis_note, legend_below, name, picture, probability, usd
from drkit.topology.strategies import STRATEGY_NAMES
from drkit.words import asked, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option

_ROLES = {
    "chosen": "Chosen",
    "best_recovery": "best recovery",
    "cheapest": "cheapest that survives",
    "smallest_change": "smallest change",
    "least_regret": "least regret",
}
#: Recoveries this many times apart, minutes and weeks, get a panel each: nothing lies between them.
_APART = 8.0


@styled()
def cost_against_rto(comparison: Comparison) -> Picture:
    """Every legal topology: the RTO that holds with the asked probability [s, log] against its bill [USD/month].

    Parameters
    ----------
    comparison
        Topologies on its frontier have a dark edge; the staircase is the frontier of cost and RTO alone.

    Returns
    -------
    Picture
        With the RTO objective, the budget if there is one, and the named options labelled. Recoveries of weeks
        stand in a panel of their own.
    """
    objectives = comparison.workload.objectives
    at, budget = asked(objectives.probability), objectives.budget_usd_per_month
    figure = picture(
        _title(comparison),
        comparison.catalog.snapshot,
        f"{len(comparison.options)} possible topologies of {comparison.workload.name} after the loss of "
        f"{comparison.workload.region}, {len(comparison.rejected)} refused; topologies that recover alike share an RTO",
        f"{basis_note([comparison.chosen.bill])}. Recovery times: published or assumed",
        height_in=6.0,
    )
    strategies = {option.topology.strategy for option in comparison.options}
    _legend(figure, [strategy for strategy in STRATEGY_LOOK if strategy in strategies])
    points = np.array([_place(option) for option in comparison.options])
    panels = _panels(points[:, 0], objectives.rto_s)
    widths = [4.6, 1.0][: len(panels)]
    row = figure.subplots(1, len(panels), sharey=True, squeeze=False, width_ratios=widths, gridspec_kw={"wspace": 0})[0]
    top, bottom = max(points[:, 1].max(), budget or 0), min(points[:, 1].min(), budget or np.inf)
    room = (top - bottom) or top
    floor, ceiling = bottom - 0.1 * room, top + 0.13 * room
    steps = staircase(map(tuple, points))
    steps = [(steps[0][0], ceiling), *steps, (10 * points[:, 0].max(), steps[-1][1])]
    row[0].set(ylim=(floor, ceiling), ylabel="USD a month")
    row[0].yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 2.5, 5, 10]))
    row[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.1f}".removesuffix(".0")))
    for axes, (low, high) in zip(row, panels, strict=True):
        log_time(axes.xaxis, low, high, closest=0.07 if axes is row[0] else 0.3)
        _scatter(axes, comparison, low, high)
        axes.plot(*zip(*steps, strict=True), color=GREY, lw=1.2, zorder=2, gid="frontier")
        if low <= objectives.rto_s <= high:
            axes.axvline(objectives.rto_s, color=VERMILLION, ls="--", lw=1.3, zorder=1, gid="objective")
        if budget:
            axes.axhline(budget, color=VERMILLION, ls=":", lw=1.5, zorder=1, gid="budget")
    row[0].set_xlabel(f"RTO that holds with {at} (logarithmic)")
    for axes in row[1:]:
        axes.spines["left"].set(visible=True, linestyle=(0, (4, 3)), color=GREY)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("axis broken")

    # Labels come last, when the axes have their place.
    figure.settle()
    labels = list(_labels(comparison))
    for axes, (low, high) in zip(row, panels, strict=True):
        blocked = [along(axes, np.clip(steps, (low, floor), (high, ceiling)))]
        taken = []
        # Words about a line stand on the side of the RTO objective that has more room.
        left = bool(np.log(objectives.rto_s / low) > 0.5 * np.log(high / low))
        if low <= objectives.rto_s <= high:
            blocked.append(along(axes, [(objectives.rto_s, floor), (objectives.rto_s, ceiling)]))
            words = f" RTO objective {span(objectives.rto_s)} at {at} "
            look = {"va": "top", "ha": "right" if left else "left"}
            taken.append(axes.text(objectives.rto_s, ceiling, words, color=VERMILLION_WORDS, fontsize=9, **look))
        if budget:
            blocked.append(along(axes, [(low, budget), (high, budget)]))
            if axes is row[0]:
                words = f" budget {usd(budget)} USD a month "
                look = {"va": "bottom", "ha": "left" if left else "right"}
                end = low if left else high
                taken.append(axes.text(end, budget, words, color=VERMILLION_WORDS, fontsize=9, **look))
        boxes = [text.get_window_extent() for text in taken]
        here = [label for label in labels if low <= label.time_s <= high]
        for chosen, weight in ((True, "bold"), (False, "normal")):
            group = [label for label in here if label.chosen is chosen]
            texts = place_labels(
                axes,
                [(label.time_s, label.usd) for label in group],
                [label.words for label in group],
                axes.transData.transform(points),
                boxes,
                np.concatenate(blocked),
                fontsize=8.5,
                linespacing=1.2,
                fontweight=weight,
                bbox=GROUND | {"pad": 1.0, "alpha": 0.85},
            )
            boxes += [text.get_window_extent() for text in texts]
    return figure


class _Label(NamedTuple):
    """What is written beside a point [s, USD/month]."""

    time_s: float
    usd: float
    words: str
    chosen: bool


def _title(comparison: Comparison) -> str:
    objectives, chosen = comparison.workload.objectives, comparison.chosen
    judged, price = chosen.judgement, usd(chosen.bill.monthly_usd)
    target = f"the RTO of {span(objectives.rto_s)}"
    if judged.p_meets_rto < objectives.probability:
        return (
            f"{name(chosen)} misses {target} for {price} USD a month: at {asked(objectives.probability)} it takes "
            f"{span(judged.rto_at_probability_s)}"
        )
    title = f"{name(chosen)} meets {target} with {probability(judged.p_meets_rto)} for {price} USD a month"
    return f"{title}, but {chosen.misses[0].split(':')[0]}" if chosen.misses else title


def _place(option: Option) -> tuple[float, float]:
    return option.judgement.rto_at_probability_s, option.bill.monthly_usd


def _labels(comparison: Comparison) -> Iterator[_Label]:
    """Options worth a label, the choice first, each with all it stands for."""
    roles: dict[str, list[str]] = {}
    for role, option in comparison.named.items():
        roles.setdefault(option.topology_id, []).append(_ROLES[role])
    roles.setdefault(comparison.today.topology_id, []).append("today")
    by_id = {option.topology_id: option for option in comparison.options}
    for identity, words in roles.items():
        option = by_id[identity]
        time, cost = _place(option)
        said = fill(" and ".join(words), 27)
        said = f"{said[0].upper()}{said[1:]}\n{name(option)}\n{usd(cost)} USD, {span(time)}"
        yield _Label(time, cost, said, option is comparison.chosen)


def staircase(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Corners of the line below which no point lies: least cost for each time, times rising.

    Parameters
    ----------
    points
        Time [s] and cost [USD] of each option.

    Returns
    -------
    list of (float, float)
        For each point that is cheaper than all faster ones, the corner above it and the point itself.
    """
    corners: list[tuple[float, float]] = []
    for time, cost in sorted(points):
        if not corners:
            corners.append((time, cost))
        elif cost < corners[-1][1]:
            corners += [(time, corners[-1][1]), (time, cost)]
    return corners


def _panels(times: Any, objective: float) -> list[tuple[float, float]]:
    """Ranges of time to show [s]: one, or two where nothing lies between short and long recoveries."""
    known = np.unique([*times, objective])
    jumps = known[1:] / known[:-1]
    last = int(jumps.argmax()) if len(jumps) else 0
    if len(jumps) and jumps[last] > _APART and min(times) <= known[last]:
        return [(known[0] / 1.5, known[last] * 2.4), (known[last + 1] / 2.2, known[-1] * 2.2)]
    return [(known[0] / 1.5, known[-1] * 2.4)]


def _scatter(axes: Any, comparison: Comparison, low: float, high: float) -> None:
    """The topologies whose RTO lies between these [s]; those on the frontier have a dark edge."""
    for strategy, (colour, marker) in STRATEGY_LOOK.items():
        options = [option for option in comparison.options if option.topology.strategy == strategy]
        those = [option for option in options if low <= _place(option)[0] <= high]
        if those:
            frontier = [option.topology_id in comparison.frontier for option in those]
            axes.scatter(
                *zip(*map(_place, those), strict=True),
                s=42,
                marker=marker,
                facecolors=colour,
                edgecolors=[INK if ahead else PAPER for ahead in frontier],
                linewidths=[1.3 if ahead else 0.4 for ahead in frontier],
                zorder=4,
                gid=strategy,
            )


def _legend(figure: Picture, there: Iterable[str]) -> None:
    handles = []
    for strategy in there:
        colour, marker = STRATEGY_LOOK[strategy]
        handles.append(Line2D([], [], ls="", marker=marker, color=colour, ms=6.5, label=STRATEGY_NAMES[strategy]))
    ring = "not beaten in cost, RTO and RPO together"
    handles.append(Line2D([], [], ls="", marker="o", color=PAPER, markeredgecolor=INK, label=ring))
    handles.append(Line2D([], [], color=GREY, lw=1.2, label="least cost for an RTO"))
    legend_below(figure, handles, columns=4)
