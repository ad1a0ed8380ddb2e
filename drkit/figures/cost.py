"""What each strategy costs: the monthly bill by component and region, and the year with its expected loss."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from drkit import value
from drkit.figures.palette import BLUE, GREEN, GREY, GROUND, INK, ORANGE, PALE, PAPER, PINK, SKY, VERMILLION, YELLOW
from drkit.figures.style import (
    Picture,
    against,
    basis_note,
    basis_share,
    kind,
    legend_below,
    name,
    percent,
    picture,
    styled,
    usd,
)
from drkit.report import STRATEGY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drkit.compare import Comparison, Option

#: Components in the order they stack, each with a colour it has in every picture.
_STACKED = {
    "database": BLUE,
    "compute": ORANGE,
    "cache": SKY,
    "storage": GREEN,
    "network": VERMILLION,
    "edge": PINK,
    "database_replication": YELLOW,
}
#: A component smaller than this part of the dearest bill in every bar counts as other.
_SMALL = 0.02
_OTHER = "other"
_HATCH = {"primary": "", "failover": "////", "global": "...."}
_ROLE_WORDS = {"primary": "primary region", "failover": "failover region", "global": "global services"}


@styled
def monthly_cost(comparison: Comparison) -> Picture:
    """Monthly bill [USD/month] of today and of the best topology of each strategy, by component and region.

    Parameters
    ----------
    comparison
        Its ``today`` and ``strategies``: the cheapest of each strategy that meets the objectives, else the nearest.

    Returns
    -------
    Picture
        One bar per strategy; primary region plain, failover region hatched, global services dotted.
    """
    options, chosen = _shown(comparison), comparison.chosen
    extra = chosen.bill.monthly_usd - comparison.today.bill.monthly_usd
    title = f"{name(chosen)} costs {against(extra, 'a month', 'today')}"
    title += (
        ", the least that meets the objectives"
        if chosen.meets_objectives
        else "; nothing meets all objectives, this comes nearest"
    )
    if chosen is comparison.today:
        title = (
            f"Today's single region costs {usd(chosen.bill.monthly_usd)} USD a month, and nothing better is possible"
        )
    figure = picture(
        title,
        comparison.catalog.snapshot,
        f"Monthly bill of {comparison.workload.name} from {comparison.workload.region}: for each strategy the cheapest "
        "topology that meets the objectives, else the nearest to them",
        basis_note(option.bill for option in options),
        height_in=1.9 + 0.62 * (len(options) + len(_impossible(comparison))),
    )
    axes = figure.add_subplot()
    amounts = [_amounts(option) for option in options]
    dearest = max(option.bill.monthly_usd for option in options)
    order = _order(amounts, dearest)
    colours = component_colours(order) | {_OTHER: PALE}
    for row, parts in enumerate(amounts):
        left = 0.0
        for role in _HATCH:
            start = left
            for component in (*order, _OTHER):
                members = [c for r, c in parts if r == role and (c == component or _is_other(c, component, order))]
                width = math.fsum(parts[role, c] for c in members)
                if width:
                    part = Rectangle(
                        (left, row - 0.31),
                        width,
                        0.62,
                        facecolor=colours[component],
                        hatch=_HATCH[role],
                        edgecolor=PAPER,
                        linewidth=0.6,
                        label=f"{role}/{component}",
                        gid=role,
                    )
                    axes.add_artist(part)  # limits are set below; what measures them takes half the time of a picture
                    left += width
            if left > start:  # a frame holds a region's segments together
                axes.plot([left, left], [row - 0.37, row + 0.37], color=INK, lw=1.4, solid_capstyle="butt")
        _total(axes, row, left, options[row], comparison)
    _rows(axes, comparison, options)
    axes.set(xlim=(0, dearest * 1.3), xlabel="USD a month")
    _plain_usd(axes)
    handles = [Patch(facecolor=colours[c], label=_component(c)) for c in order]
    if any(component not in order for parts in amounts for _, component in parts):
        handles.append(Patch(facecolor=PALE, label=_OTHER))
    shown = {role for parts in amounts for role, _ in parts}
    for role, hatch in _HATCH.items():
        if role in shown:
            handles.append(Patch(facecolor=PAPER, edgecolor=GREY, hatch=hatch, label=_ROLE_WORDS[role]))
    legend_below(figure, handles, columns=6)
    return figure


@styled
def yearly_loss(comparison: Comparison) -> Picture:
    """A year of each strategy [USD/year]: twelve bills, the loss to expect, and what failovers and rehearsals cost.

    Parameters
    ----------
    comparison
        The same topologies as in :func:`monthly_cost`.

    Returns
    -------
    Picture
        One bar per strategy. A bar more than three times the next longest is cut, and says its length.
    """
    options, chosen = _shown(comparison), comparison.chosen
    owned = [value.ownership(comparison, option) for option in options]
    totals = [parts.total_usd for parts in owned]
    longest = sorted(totals)
    limit = longest[-2] if len(longest) > 1 and longest[-1] > 3 * longest[-2] else longest[-1]
    figure = picture(
        _yearly_title(comparison),
        comparison.catalog.snapshot,
        f"Total cost of ownership of {comparison.workload.name}: twelve bills, the expected loss (rate of every "
        "disruption x outage and lost writes, each at what an hour costs), people for failovers and rehearsals",
        f"{basis_note(option.bill for option in options)}. Rates: derived from past outages. "
        "Recovery times: published or assumed. Cost of an hour: the workload file",
        height_in=1.9 + 0.62 * (len(options) + len(_impossible(comparison))),
    )
    axes = figure.add_subplot()
    for row, (option, parts) in enumerate(zip(options, owned, strict=True)):
        bill, loss, people = parts.bill_usd, parts.loss_usd, parts.failovers_usd + parts.rehearsals_usd
        axes.barh(row, bill, 0.62, color=BLUE, label="bill", gid="bill")
        axes.barh(row, loss, 0.62, bill, color=ORANGE, hatch="////", edgecolor=PAPER, label="loss", gid="loss")
        axes.barh(row, people, 0.62, bill + loss, color=GREEN, edgecolor=PAPER, label="people", gid="people")
        weight = "bold" if option is chosen else "normal"
        words = f"{bill:,.0f} + {loss:,.0f} + {people:,.0f} = {parts.total_usd:,.0f} USD"
        if parts.total_usd > limit:
            _cut(axes, row, 1.1 * limit)
            axes.text(
                1.06 * limit,
                row,
                f"{words}: {parts.total_usd / limit:,.1f} times the next bar",
                ha="right",
                va="center",
                fontsize=9,
                weight=weight,
                color=INK,
                bbox=GROUND | {"pad": 2.0},
                zorder=6,
            )
        else:
            axes.text(parts.total_usd + 0.012 * limit, row, words, va="center", fontsize=9, weight=weight)
    _rows(axes, comparison, options)
    axes.set(xlim=(0, limit * 1.45), xlabel="USD a year")
    _plain_usd(axes)
    handles = [
        Patch(facecolor=BLUE, label="twelve monthly bills"),
        Patch(facecolor=ORANGE, hatch="////", edgecolor=PAPER, label="expected yearly loss"),
        Patch(facecolor=GREEN, label="failovers and rehearsals"),
    ]
    legend_below(figure, handles)
    return figure


def _yearly_title(comparison: Comparison) -> str:
    chosen, today = comparison.chosen, comparison.today
    total = value.ownership(comparison, chosen).total_usd
    title = f"{name(chosen)} costs {usd(total)} USD a year in total"
    if chosen is not today:
        title += f", {against(total - value.ownership(comparison, today).total_usd, '', 'today')}"
    least = value.least_total(comparison)
    least_usd = value.ownership(comparison, least).total_usd
    if round(least_usd) < round(total):
        return f"{title}; the least of all topologies is {name(least)} with {usd(least_usd)} USD"
    return f"{title}, the least of all topologies"


def component_colours(order: Iterable[str]) -> dict[str, str]:
    """A colour for each component, the same in every picture; the first without one borrow what this one spares."""
    wanted = list(order)
    spare = iter([colour for component, colour in _STACKED.items() if component not in wanted])
    return {c: _STACKED[c] if c in _STACKED else next(spare, PALE) for c in wanted}


def _shown(comparison: Comparison) -> list[Option]:
    chosen = comparison.chosen
    options = [comparison.today, *comparison.strategies.values()]
    # The choice may be a single region too: today's, on other storage or processors.
    return options if any(option is chosen for option in options) else [options[0], chosen, *options[1:]]


def _impossible(comparison: Comparison) -> dict[str, str]:
    """Strategies with no topology at all, and the most telling reason."""
    reasons: dict[str, list[str]] = {}
    for topology in comparison.rejected:
        if topology.strategy not in comparison.strategies and topology.failover:
            reasons.setdefault(topology.strategy, []).append(topology.rejected_because)
    found = {}
    for strategy, said in reasons.items():
        reason = max(sorted(set(said)), key=said.count)
        common = said.count(reason) > 1 or len(said) == 1
        found[strategy] = f"not possible: {reason}" if common else f"refused in {len(said)} regions, such as: {reason}"
    return found


def _amounts(option: Option) -> dict[tuple[str, str], float]:
    lines: dict[tuple[str, str], list[float]] = {}
    for line in option.bill.lines:
        lines.setdefault((line.role, line.component), []).append(line.monthly_usd)
    return {key: math.fsum(values) for key, values in lines.items()}


def _order(amounts: list[dict[tuple[str, str], float]], dearest: float) -> list[str]:
    """Components that get a colour of their own, in the order they stack."""
    largest: dict[str, float] = {}
    for parts in amounts:
        sums: dict[str, float] = {}
        for (_, component), monthly in parts.items():
            sums[component] = sums.get(component, 0.0) + monthly
        for component, monthly in sums.items():
            largest[component] = max(largest.get(component, 0.0), monthly)
    big = sorted((c for c in largest if largest[c] >= _SMALL * dearest), key=lambda c: (-largest[c], c))
    kept = big[: len(_STACKED)]
    rank = {component: place for place, component in enumerate(_STACKED)}
    return sorted(kept, key=lambda c: (rank.get(c, len(rank)), c))


def _is_other(component: str, wanted: str, order: list[str]) -> bool:
    return wanted == _OTHER and component not in order


def _component(component: str) -> str:
    return component.replace("_", " ")


def _total(axes: Any, row: int, end: float, option: Option, comparison: Comparison) -> None:
    bill = option.bill
    words = f"{bill.monthly_usd:,.2f} USD"
    if option is not comparison.today:
        words += f"  ({bill.monthly_usd - comparison.today.bill.monthly_usd:+,.0f})"
    share = basis_share(bill)
    if share >= 0.0005:
        words += f"\n{percent(share)} not observed"
    weight = "bold" if option is comparison.chosen else "normal"
    axes.annotate(
        words, (end, row), (6, 0), textcoords="offset points", va="center", fontsize=9, weight=weight, linespacing=1.25
    )


def _rows(axes: Any, comparison: Comparison, options: list[Option]) -> None:
    """Name the rows, mark the chosen one, and give strategies without a bar their reason."""
    labels = [_row_label(option, comparison) for option in options]
    missing = _impossible(comparison)
    for row, (strategy, reason) in enumerate(missing.items(), start=len(options)):
        short = reason if len(reason) <= 105 else reason[:104].rsplit(" ", 1)[0] + " …"
        text = axes.text(0, row, f"  {short}", va="center", fontsize=8.5, color=GREY, style="italic")
        text.set_in_layout(False)
        labels.append(STRATEGY[strategy])
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    for label, option in zip(axes.get_yticklabels(), options, strict=False):
        if option is comparison.chosen:
            label.set_fontweight("bold")


def _row_label(option: Option, comparison: Comparison) -> str:
    topology = option.topology
    if option is comparison.today:
        return "Today\n" + topology.primary_region + (", chosen" if option is comparison.chosen else "")
    place = (topology.failover_region or topology.primary_region) + (", chosen" if option is comparison.chosen else "")
    return f"{kind(topology)}\n{place}"


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
