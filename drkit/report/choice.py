"""The choice beside others, for notebooks and reports: what makes the difference, what is nearly as good, regret."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from drkit.bill import price_quantity
from drkit.choice import choices
from drkit.choice.difference import explain_difference, signed
from drkit.report.tables import Markdown, Searchable, Table, searchable
from drkit.words import count, lost, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drkit.bill.price_quantity import LineChange
    from drkit.choice.comparison import Comparison
    from drkit.choice.difference import Difference
    from drkit.choice.options import Option
    from drkit.recovery.composition import StoreChange


#: A step shorter than this on average is not told [s].
_SHORT_S = 0.5


def difference(before: Option, after: Option) -> Markdown:
    """What makes the difference between two options, in sentences."""
    return Markdown("\n\n".join(explain_difference(before, after).sentences()))


def cost_difference(before: Option, after: Option, shown: int = 12) -> Table:
    """Lines that cost more or less, the largest change first, each split into price and quantity [USD/month].

    Parameters
    ----------
    shown
        How many lines to show; what is left is one line, so that the table adds up.
    """
    return cost_table(explain_difference(before, after), shown)


def cost_table(difference: Difference, shown: int | None = None) -> Table:
    """The changed lines of a difference as people read them, and their sum."""
    changes = difference.changes
    largest, rest = changes[:shown], changes[len(changes) if shown is None else shown :]
    rows = [
        {
            "change": line.kind,
            "where": line.role
            if line.role == "global"
            else f"{line.role}, {_ends(line.region_before, line.region_after)}",
            "component": line.component,
            "item": line.item,
            "quantity": f"{_ends(_quantity(line.quantity_before), _quantity(line.quantity_after))} {line.unit}",
            "USD per unit": _ends(_price(line.unit_usd_before), _price(line.unit_usd_after)),
            **_amounts([line]),
        }
        for line in largest
    ]
    blank = dict.fromkeys(("change", "where", "component", "item", "quantity", "USD per unit"), "")
    if rest:
        rows.append(blank | {"item": count(len(rest), "smaller change")} | _amounts(rest))
    rows.append(blank | {"change": "sum"} | _amounts(changes))
    return Table(rows)


def recovery_difference(before: Option, after: Option) -> Table:
    """Mean time of each step on the critical path after the loss of the region, before and after, and its change."""
    return recovery_table(explain_difference(before, after))


def recovery_table(difference: Difference) -> Table:
    """The steps of a difference as people read them, and their sum: the mean RTO."""
    steps = [(change.step.replace("_", " "), change.mean_before_s, change.mean_after_s) for change in difference.steps]
    ends = [option.recovery.judged.rto.mean for option in (difference.before, difference.after)]
    rows = [
        {"step": name, "before": _time(was), "after": _time(now), "change": signed(now - was)}
        for name, was, now in steps
        if max(was, now) >= _SHORT_S
    ]
    rows.append(
        {"step": "RTO on average", "before": span(ends[0]), "after": span(ends[1]), "change": signed(ends[1] - ends[0])}
    )
    return Table(rows)


def losses_table(difference: Difference) -> Table:
    """The stores of a difference as people read them: writes lost at 50 and 95 %."""
    return Table([_losses(store) for store in difference.stores])


def near_optimal(comparison: Comparison, within: float = choices.NEAR) -> Markdown:
    """Topologies as good as the choice that cost at most a part ``within`` [1] more: how many, and what they share."""
    return Markdown(" ".join(choices.near_optimal(comparison, within).sentences()))


def regrets(comparison: Comparison, shown: int = 6) -> Table:
    """Options that would be regretted least over the uncertain inputs, and the choice [USD/year]."""
    ranked = choices.least_regret(comparison)
    top = ranked[:shown] + [regret for regret in ranked[shown:] if regret.option is comparison.chosen]
    rows = [
        {
            "topology": regret.option.topology_id,
            "USD a month": f"{regret.option.bill.monthly_usd:,.2f}",
            "average regret USD a year": f"{regret.expected_usd:,.0f}",
            "regret at 95 %": f"{regret.high_usd:,.0f}",
            "±": f"{regret.high_error_usd:,.0f}",
            "largest": f"{regret.most_usd:,.0f}",
            "best in": f"{100 * regret.best:.0f} %",
            "chosen": "chosen" if regret.option is comparison.chosen else "",
        }
        for regret in top
    ]
    return Table(rows)


def not_chosen(comparison: Comparison, library: bool = True) -> Searchable:
    """Every topology but the choice, each with one sentence why not: possible ones cheapest first, then rejected ones.

    Parameters
    ----------
    library
        As `drkit.report.tables.searchable` takes it.
    """
    rows = [
        (option.topology_id, option.bill.monthly_usd, choices.why_not(comparison, option))
        for option in sorted(comparison.options, key=comparison.order)
        if option is not comparison.chosen
    ]
    rows += [(topology.topology_id, math.nan, topology.rejected_because) for topology in comparison.rejected]
    frame = pd.DataFrame(rows, columns=["topology", "USD a month", "why not"])
    return searchable(frame, f"Every topology of {comparison.workload.name} that was not chosen", library)


def _amounts(lines: Sequence[LineChange]) -> dict[str, str]:
    parts = {"by price": "price_usd", "by quantity": "quantity_usd", "USD a month": "change_usd"}
    return {name: f"{price_quantity.total_usd(lines, part) + 0.0:+,.2f}" for name, part in parts.items()}


def _ends(before: str, after: str) -> str:
    """``us-east-2 -> us-west-2``; one of them where they are the same, or where there is no other."""
    return f"{before} -> {after}" if before and after and before != after else after or before


def _time(seconds: float) -> str:
    return span(seconds) if seconds >= _SHORT_S else ""


def _quantity(quantity: float) -> str:
    """A quantity in a table; empty for none."""
    if not quantity:
        return ""
    return f"{quantity:,.0f}" if quantity >= 1000 else f"{quantity:,.4g}"


def _price(usd: float) -> str:
    return "" if math.isnan(usd) else f"{usd:.5g}"


def _losses(store: StoreChange) -> dict[str, str]:
    def in_words(seconds: float) -> str:
        return "" if math.isnan(seconds) else lost(seconds)

    return {
        "store": store.store,
        "50 % before": in_words(store.p50_before_s),
        "50 % after": in_words(store.p50_after_s),
        "95 % before": in_words(store.p95_before_s),
        "95 % after": in_words(store.p95_after_s),
        "decides before": "" if math.isnan(store.decides_before) else f"{100 * store.decides_before:.0f} %",
        "decides after": "" if math.isnan(store.decides_after) else f"{100 * store.decides_after:.0f} %",
    }
