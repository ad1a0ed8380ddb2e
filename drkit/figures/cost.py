"""What each strategy costs: the monthly bill by component and region, and the year with its expected loss."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from drkit.choice import ownership as value
from drkit.figures.axes import beside, name_rows
from drkit.figures.palette import (
    BLUE,
    GREEN,
    GREY,
    GROUND,
    INK,
    ORANGE,
    PALE,
    PAPER,
    STACKED,
    component_colours,
    styled,
)
from drkit.figures.picture import (
    Picture,
    against,
    basis_note,
    basis_share,
    kind,
    legend_below,
    name,
    percent,
    picture,
    usd,
)
from drkit.topology.strategies import STRATEGY_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.choice.ownership import Ownership

_OTHER = "other"
_HATCH = {"primary": "", "failover": "////", "global": "...."}
#: Roles in words.
ROLES = {"primary": "primary region", "failover": "failover region", "global": "global services"}
#: A component smaller than this part of the dearest bill in every bar counts as other.
_SMALL = 0.02


@styled()
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
    figure, axes = _rows(
        comparison,
        options,
        title,
        f"Monthly bill of {comparison.workload.name} from {comparison.workload.region}: for each strategy the cheapest "
        "topology that meets the objectives, else the nearest to them",
        basis_note(option.bill for option in options),
    )
    amounts = [_amounts(option) for option in options]
    dearest = max(option.bill.monthly_usd for option in options)
    order = _order(amounts, dearest)
    if any(component not in order for parts in amounts for _, component in parts):
        order.append(_OTHER)
    colours = component_colours(c for c in order if c != _OTHER) | {_OTHER: PALE}
    for at, (option, parts) in enumerate(zip(options, amounts, strict=True)):
        end = _bill(axes, at, _stacked(parts, order), colours)
        style = {"fontsize": 9, "weight": _weight(comparison, option), "linespacing": 1.25}
        beside(axes, end, at, _total(comparison, option), **style)
    axes.set(xlim=(0, dearest * 1.3), xlabel="USD a month")
    roles = {role for parts in amounts for role, _ in parts}
    handles = [Patch(facecolor=colours[c], label=c.replace("_", " ")) for c in order]
    handles += [
        Patch(facecolor=PAPER, edgecolor=GREY, hatch=hatch, label=ROLES[role])
        for role, hatch in _HATCH.items()
        if role in roles
    ]
    legend_below(figure, handles, columns=6)
    return figure


@styled()
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
    options = _shown(comparison)
    figure, axes = _rows(
        comparison,
        options,
        _yearly_title(comparison),
        f"Total cost of ownership of {comparison.workload.name}: twelve bills, the expected loss (rate of every "
        "disruption x outage and lost writes, each at what an hour costs), people for failovers and rehearsals",
        f"{basis_note(option.bill for option in options)}. Rates: derived from past outages. "
        "Recovery times: published or assumed. Cost of an hour: the workload file",
    )
    years = [value.ownership(comparison, option) for option in options]
    longest = sorted(year.total_usd for year in years)
    limit = longest[-2] if len(longest) > 1 and longest[-1] > 3 * longest[-2] else longest[-1]
    for at, (option, year) in enumerate(zip(options, years, strict=True)):
        _year(axes, at, year, limit, _weight(comparison, option))
    axes.set(xlim=(0, limit * 1.45), xlabel="USD a year")
    handles = [
        Patch(facecolor=BLUE, label="twelve monthly bills"),
        Patch(facecolor=ORANGE, hatch="////", edgecolor=PAPER, label="expected yearly loss"),
        Patch(facecolor=GREEN, label="failovers and rehearsals"),
    ]
    legend_below(figure, handles)
    return figure


def _shown(comparison: Comparison) -> list[Option]:
    chosen = comparison.chosen
    options = [comparison.today, *comparison.strategies.values()]
    # The choice may be a single region too: today's, on other storage or processors.
    return options if any(option is chosen for option in options) else [options[0], chosen, *options[1:]]


def _rows(
    comparison: Comparison, options: Sequence[Option], title: str, subtitle: str, note: str
) -> tuple[Picture, Any]:
    """A picture with a named row for each option, and its axes; strategies without a topology have their reason."""
    impossible = list(_impossible(comparison))
    tall = 1.9 + 0.62 * (len(options) + len(impossible))
    figure = picture(title, comparison.catalog.snapshot, subtitle, note, height_in=tall)
    axes = figure.add_subplot()
    labels = [_label(comparison, option) for option in options]
    for strategy, reason in impossible:
        text = axes.text(0, len(labels), f"  {reason}", va="center", fontsize=8.5, color=GREY, style="italic")
        text.set_in_layout(False)
        labels.append(strategy)
    name_rows(axes, labels, [at for at, option in enumerate(options) if option is comparison.chosen])
    axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda amount, _: f"{amount:,.0f}"))
    return figure, axes


def _label(comparison: Comparison, option: Option) -> str:
    topology, chosen = option.topology, option is comparison.chosen
    today = option is comparison.today
    place = topology.primary_region if today else topology.failover_region or topology.primary_region
    return f"{'Today' if today else kind(topology)}\n{place}{', chosen' * chosen}"


def _weight(comparison: Comparison, option: Option) -> str:
    return "bold" if option is comparison.chosen else "normal"


def _impossible(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Strategies with no topology at all, and the most telling reason."""
    reasons: dict[str, list[str]] = {}
    for topology in comparison.rejected:
        if topology.strategy not in comparison.strategies and topology.failover:
            reasons.setdefault(topology.strategy, []).append(topology.rejected_because)
    for strategy, said in reasons.items():
        reason = max(sorted(set(said)), key=said.count)
        common = said.count(reason) > 1 or len(said) == 1
        words = f"not possible: {reason}" if common else f"refused in {len(said)} regions, such as: {reason}"
        yield STRATEGY_NAMES[strategy], words if len(words) <= 105 else words[:104].rsplit(" ", 1)[0] + " …"


# The monthly bill ----------------------------------------------------------------------------------------------------


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
    rank = {component: place for place, component in enumerate(STACKED)}
    return sorted(big[: len(STACKED)], key=lambda c: (rank.get(c, len(rank)), c))


def _stacked(amounts: Mapping[tuple[str, str], float], order: list[str]) -> Iterator[tuple[str, str, float]]:
    """Role, component and amount of the parts of one bill, as they stack: by region, and in each by component."""
    for role in _HATCH:
        for wanted in order:
            those = (
                monthly for (r, c), monthly in amounts.items() if (r, c if c in order else _OTHER) == (role, wanted)
            )
            if width := math.fsum(those):
                yield role, wanted, width


def _bill(axes: Any, row: int, parts: Iterable[tuple[str, str, float]], colours: Mapping[str, str]) -> float:
    """Draw a bill as one bar; its end [USD/month]."""
    left, ends = 0.0, {}
    for role, component, width in parts:
        # Limits are set by the caller; a bar that nobody measures for them takes half the time.
        piece = Rectangle((left, row - 0.31), width, 0.62, facecolor=colours[component], hatch=_HATCH[role])
        piece.set(edgecolor=PAPER, linewidth=0.6, gid=role)
        axes.add_artist(piece)
        left += width
        ends[role] = left
    for end in ends.values():  # a frame holds a region's segments together
        axes.plot([end, end], [row - 0.37, row + 0.37], color=INK, lw=1.4, solid_capstyle="butt")
    return left


def _total(comparison: Comparison, option: Option) -> str:
    bill = option.bill
    words = f"{bill.monthly_usd:,.2f} USD"
    if option is not comparison.today:
        words += f"  ({bill.monthly_usd - comparison.today.bill.monthly_usd:+,.0f})"
    share = basis_share(bill)
    if share >= 0.0005:
        words += f"\n{percent(share)} not observed"
    return words


# The year ------------------------------------------------------------------------------------------------------------


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


def _year(axes: Any, row: int, year: Ownership, limit: float, weight: str) -> None:
    """Draw a year as one bar, which is cut where it is longer than the limit [USD/year]."""
    bill, loss, people, total = year.bill_usd, year.loss_usd, year.failovers_usd + year.rehearsals_usd, year.total_usd
    axes.barh(row, bill, 0.62, color=BLUE, gid="bill")
    axes.barh(row, loss, 0.62, bill, color=ORANGE, hatch="////", edgecolor=PAPER, gid="loss")
    axes.barh(row, people, 0.62, bill + loss, color=GREEN, edgecolor=PAPER, gid="people")
    words = f"{bill:,.0f} + {loss:,.0f} + {people:,.0f} = {total:,.0f} USD"
    style: dict[str, Any] = {"va": "center", "fontsize": 9, "weight": weight}
    if total <= limit:
        axes.text(total + 0.012 * limit, row, words, **style)
        return
    for shift in (1.0, 1.012):  # two slanted white strokes: the bar goes on
        x, half = 1.1 * limit * shift, 0.0044 * limit
        axes.plot([x - half, x + half], [row + 0.42, row - 0.42], color=PAPER, lw=3, zorder=5, clip_on=False)
    style |= {"ha": "right", "color": INK, "bbox": GROUND | {"pad": 2.0}, "zorder": 6}
    axes.text(1.06 * limit, row, f"{words}: {total / limit:,.1f} times the next bar", **style)
