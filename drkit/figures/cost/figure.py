"""What each strategy costs: the monthly bill by component and region, and the year with its expected loss."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from drkit.choice import ownership as value
from drkit.figures.cost.drawing import (
    HATCH,
    OTHER,
    STACKED,
    Bills,
    Frame,
    Part,
    Row,
    Year,
    Years,
    draw_bills,
    draw_years,
)
from drkit.figures.once import once
from drkit.figures.picture import Origin, against, basis_note, basis_share, kind, name, percent, usd
from drkit.topology.strategies import STRATEGY_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.figures.picture import Picture

#: A component smaller than this part of the dearest bill in every bar counts as other.
_SMALL = 0.02


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
    frame = Frame(
        title,
        Origin.of(comparison.catalog.snapshot),
        f"Monthly bill of {comparison.workload.name} from {comparison.workload.region}: for each strategy the cheapest "
        "topology that meets the objectives, else the nearest to them",
        basis_note(option.bill for option in options),
        tuple(_row(comparison, option, _total(comparison, option)) for option in options),
        _impossible(comparison),
    )
    amounts = [_amounts(option) for option in options]
    dearest = max(option.bill.monthly_usd for option in options)
    order = _order(amounts, dearest)
    others = any(component not in order for parts in amounts for _, component in parts)
    roles = {role for parts in amounts for role, _ in parts}
    shown = Bills(
        frame,
        tuple(tuple(_stacked(parts, order)) for parts in amounts),
        dearest,
        (*order, *[OTHER] * others),
        tuple(role for role in HATCH if role in roles),
    )
    return once(draw_bills, shown)


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
    bars = []
    for option in options:
        parts = value.ownership(comparison, option)
        people = parts.failovers_usd + parts.rehearsals_usd
        bars.append(Year(parts.bill_usd, parts.loss_usd, people, parts.total_usd))
    longest = sorted(bar.total for bar in bars)
    limit = longest[-2] if len(longest) > 1 and longest[-1] > 3 * longest[-2] else longest[-1]
    frame = Frame(
        _yearly_title(comparison),
        Origin.of(comparison.catalog.snapshot),
        f"Total cost of ownership of {comparison.workload.name}: twelve bills, the expected loss (rate of every "
        "disruption x outage and lost writes, each at what an hour costs), people for failovers and rehearsals",
        f"{basis_note(option.bill for option in options)}. Rates: derived from past outages. "
        "Recovery times: published or assumed. Cost of an hour: the workload file",
        tuple(_row(comparison, option, _sum(bar, limit)) for option, bar in zip(options, bars, strict=True)),
        _impossible(comparison),
    )
    return once(draw_years, Years(frame, tuple(bars), limit))


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


def _shown(comparison: Comparison) -> list[Option]:
    chosen = comparison.chosen
    options = [comparison.today, *comparison.strategies.values()]
    # The choice may be a single region too: today's, on other storage or processors.
    return options if any(option is chosen for option in options) else [options[0], chosen, *options[1:]]


def _impossible(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """Strategies with no topology at all, and the most telling reason."""
    reasons: dict[str, list[str]] = {}
    for topology in comparison.rejected:
        if topology.strategy not in comparison.strategies and topology.failover:
            reasons.setdefault(topology.strategy, []).append(topology.rejected_because)
    found = []
    for strategy, said in reasons.items():
        reason = max(sorted(set(said)), key=said.count)
        common = said.count(reason) > 1 or len(said) == 1
        words = f"not possible: {reason}" if common else f"refused in {len(said)} regions, such as: {reason}"
        short = words if len(words) <= 105 else words[:104].rsplit(" ", 1)[0] + " …"
        found.append((STRATEGY_NAMES[strategy], short))
    return tuple(found)


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
    kept = big[: len(STACKED)]
    rank = {component: place for place, component in enumerate(STACKED)}
    return sorted(kept, key=lambda c: (rank.get(c, len(rank)), c))


def _stacked(amounts: Mapping[tuple[str, str], float], order: list[str]) -> Iterator[Part]:
    """The parts of one bill in the order they stack: by region, and in each by component."""
    for role in HATCH:
        for wanted in (*order, OTHER):
            those = (
                monthly for (r, c), monthly in amounts.items() if (r, c if c in order else OTHER) == (role, wanted)
            )
            if width := math.fsum(those):
                yield Part(role, wanted, width)


def _total(comparison: Comparison, option: Option) -> str:
    bill = option.bill
    words = f"{bill.monthly_usd:,.2f} USD"
    if option is not comparison.today:
        words += f"  ({bill.monthly_usd - comparison.today.bill.monthly_usd:+,.0f})"
    share = basis_share(bill)
    if share >= 0.0005:
        words += f"\n{percent(share)} not observed"
    return words


def _sum(bar: Year, limit: float) -> str:
    words = f"{bar.bill:,.0f} + {bar.loss:,.0f} + {bar.people:,.0f} = {bar.total:,.0f} USD"
    return f"{words}: {bar.total / limit:,.1f} times the next bar" if bar.total > limit else words


def _row(comparison: Comparison, option: Option, words: str) -> Row:
    topology, chosen = option.topology, option is comparison.chosen
    today = option is comparison.today
    place = topology.primary_region if today else topology.failover_region or topology.primary_region
    return Row(f"{'Today' if today else kind(topology)}\n{place}{', chosen' * chosen}", words, chosen)
