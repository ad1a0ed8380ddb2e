"""Why two bills differ: every line's change split into price and quantity, exactly.

Lines are matched by role, component and item, wherever they are bought: a failover region that moved is the same item
at another price.
"""

from __future__ import annotations

import math
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from drkit.bill.lines import Bill, Line

#: What can happen to a line, as the tables say it.
KINDS = ("price", "quantity", "both", "exchanged", "added", "removed", "same")
#: A bill's lines are rounded to a millionth of a USD: sums of them are counted in whole ones.
_MICRO = 1_000_000
_CENT = _MICRO // 100


class LineChange(NamedTuple):
    """One line of two bills, and how far price and quantity moved it.

    Parameters
    ----------
    kind
        ``price``: as much of the same item, at a higher or lower price. ``quantity``: more or less of it at the same
        price. ``both``. ``exchanged``: another item of its sort, such as a larger class. ``added``, ``removed``: on one
        side only. ``same``.
    item_before, item_after, region_before, region_after
        What was bought where; empty where there is none.
    quantity_before, quantity_after
        In ``unit``, over all tiers of the price.
    unit_usd_before, unit_usd_after
        Average over the tiers [USD/unit]; NaN where nothing is bought.
    before_usd, after_usd
        Of the two bills [USD/month].
    change_usd, price_usd, quantity_usd
        The change in whole cents, and its two parts, which add up to it [USD/month].
    basis_before, basis_after
        How the prices are known.
    """

    kind: str
    role: str
    component: str
    item_before: str
    item_after: str
    region_before: str
    region_after: str
    unit: str
    quantity_before: float
    quantity_after: float
    unit_usd_before: float
    unit_usd_after: float
    before_usd: float
    after_usd: float
    change_usd: float
    price_usd: float
    quantity_usd: float
    basis_before: str
    basis_after: str

    @property
    def item(self) -> str:
        """What is bought, or what becomes what."""
        before, after = self.item_before, self.item_after
        return f"{before} -> {after}" if self.kind == "exchanged" else after or before


class _Bought(NamedTuple):
    """All of one item that one role buys: its quantity by unit price, in the order of the tiers."""

    lines: tuple[Line, ...]
    tiers: dict[float, float]

    @property
    def micro(self) -> int:
        return sum(round(line.monthly_usd * _MICRO) for line in self.lines)

    @property
    def quantity(self) -> float:
        return math.fsum(self.tiers.values())

    @property
    def unit_usd(self) -> float:
        if len(self.tiers) == 1:
            return next(iter(self.tiers))
        return round(self.micro / _MICRO / self.quantity, 12) if self.quantity else math.nan

    def distinct(self, field: str) -> str:
        return "; ".join(dict.fromkeys(str(getattr(line, field)) for line in self.lines))


_Key = tuple[str, str, str, str]
_NOTHING = _Bought((), {})


def split(before: Bill, after: Bill) -> tuple[LineChange, ...]:
    """Split the change from one monthly bill to another into price and quantity, line by line.

    A line that both bills have changes by ``(q1 - q0) p0``, its quantity at the old price, and by ``(p1 - p0) q1``, its
    price at the new quantity: the price and the volume (efficiency) variance of standard costing [1]_. Tiers of a price
    are matched one by one, so that reaching a cheaper tier is quantity. What only one bill has is quantity; so is an
    exchanged item, which is no longer bought while another is. An item bought ahead is the same item at another price.

    Parameters
    ----------
    before, after
        Of any two topologies, workloads or snapshots.

    Returns
    -------
    tuple of LineChange
        In the order of the bills, unchanged lines too. ``change_usd`` adds up to the difference of the two
        ``monthly_usd`` to the cent, and so do ``price_usd`` and ``quantity_usd`` together; fractions of a cent are
        given out by largest remainder.

    References
    ----------
    .. [1] Horngren, Datar and Rajan, Cost Accounting, 14th edition, 2012, chapter 7: price variance = (actual price -
       budgeted price) x actual quantity; efficiency variance = (actual - budgeted quantity) x budgeted price.
    """
    pairs = list(_matched(_by_item(before), _by_item(after)))
    moved = [new.micro - old.micro for _, old, new in pairs]
    total = round(after.monthly_usd * 100) - round(before.monthly_usd * 100)
    return tuple(
        _change(key, old, new, cents) for (key, old, new), cents in zip(pairs, _in_cents(moved, total), strict=True)
    )


def frame(changes: Iterable[LineChange]) -> pd.DataFrame:
    """Changes as a table, in the columns of :class:`LineChange`."""
    import pandas as pd

    return pd.DataFrame(changes, columns=list(LineChange._fields))


def total_usd(changes: Iterable[LineChange], part: str = "change_usd") -> float:
    """Sum of the changes, or of one part of them, to the cent [USD/month]."""
    return round(math.fsum(getattr(change, part) for change in changes), 2)


def _by_item(bill: Bill) -> dict[_Key, _Bought]:
    lines_by_key: dict[_Key, list[Line]] = {}
    for line in bill.lines:
        # An hour that is bought ahead is an hour.
        unit = line.unit.removesuffix("-effective")
        lines_by_key.setdefault((line.role, line.component, line.item, unit), []).append(line)
    bought = {}
    for key, lines in lines_by_key.items():
        tiers: dict[float, float] = {}
        for line in lines:
            tiers[line.unit_usd] = tiers.get(line.unit_usd, 0.0) + line.quantity
        bought[key] = _Bought(tuple(lines), tiers)
    return bought


def _matched(before: dict[_Key, _Bought], after: dict[_Key, _Bought]) -> Iterator[tuple[_Key, _Bought, _Bought]]:
    """Every item of either bill with both sides; an exchanged item stands where the old one did."""
    gone = [key for key in before if key not in after]
    new = [key for key in after if key not in before]
    # Items of one role, component and unit replace each other, those with the most similar names first.
    places = sorted(
        ((old, to) for old in gone for to in new if (*old[:2], old[3]) == (*to[:2], to[3]) and _in_common(old, to)),
        key=lambda pair: -_in_common(*pair),
    )
    exchanged: dict[_Key, _Key] = {}
    for old, to in places:
        if old not in exchanged and to not in exchanged.values():
            exchanged[old] = to
    replacements = set(exchanged.values())
    for key, old_bought in before.items():
        yield key, old_bought, after.get(exchanged.get(key, key), _NOTHING)
    for key in new:
        if key not in replacements:
            yield key, _NOTHING, after[key]


def _in_common(old: _Key, new: _Key) -> float:
    """How much of their names two items have in common; nothing for items of different sorts."""
    a, b = old[2].split("/"), new[2].split("/")
    if len(a) != len(b):
        return 0.0
    if len(a) == 1:  # standard_queries and latency_queries
        return float(a[0].split("_")[-1] == b[0].split("_")[-1])
    return float(a[0] == b[0]) * sum(x == y for x, y in zip(a, b, strict=True))


def _change(key: _Key, old: _Bought, new: _Bought, cents: int) -> LineChange:
    role, component, item, unit = key
    price = 0
    if not old.lines or not new.lines:
        kind = "removed" if old.lines else "added"
    elif new.lines[0].item != item:
        kind = "exchanged"
    else:
        pairs = _tiers(old.tiers, new.tiers)
        repriced = any(p1 != p0 for p0, _, p1, _ in pairs)
        more = any(_rounded(q1) != _rounded(q0) for _, q0, _, q1 in pairs)
        kind = ("both" if more else "price") if repriced else "quantity" if more else "same"
        if repriced:
            price = round(100 * math.fsum((p1 - p0) * q1 for p0, _, p1, q1 in pairs)) if more else cents
    return LineChange(
        kind=kind,
        role=role,
        component=component,
        item_before=item if old.lines else "",
        item_after=new.lines[0].item if new.lines else "",
        region_before=old.distinct("region"),
        region_after=new.distinct("region"),
        unit=unit,
        quantity_before=old.quantity,
        quantity_after=new.quantity,
        unit_usd_before=old.unit_usd,
        unit_usd_after=new.unit_usd,
        before_usd=old.micro / _MICRO,
        after_usd=new.micro / _MICRO,
        change_usd=cents / 100,
        price_usd=price / 100,
        quantity_usd=(cents - price) / 100,
        basis_before=old.distinct("basis"),
        basis_after=new.distinct("basis"),
    )


def _tiers(old: dict[float, float], new: dict[float, float]) -> list[tuple[float, float, float, float]]:
    """Price and quantity of each tier, before and after; a tier on one side only keeps its price."""
    if list(map(_rounded, old.values())) == list(map(_rounded, new.values())):
        return [(p0, q0, p1, q1) for (p0, q0), (p1, q1) in zip(old.items(), new.items(), strict=True)]
    # A price that both have is the same tier, wherever it stands: one side may begin behind the free allowance.
    pairs = [(price, quantity, price, new[price]) for price, quantity in old.items() if price in new]
    rest = zip_longest(
        (tier for tier in old.items() if tier[0] not in new), (tier for tier in new.items() if tier[0] not in old)
    )
    for was, now in rest:
        (p0, q0), (p1, q1) = was or (now[0], 0.0), now or (was[0], 0.0)
        pairs.append((p0, q0, p1, q1))
    return pairs


def _rounded(quantity: float) -> int:
    return round(quantity * _MICRO)


def _in_cents(micro: Sequence[int], total: int) -> list[int]:
    """Amounts in whole cents that add up to ``total``: what rounding down leaves goes to the largest remainders."""
    cents = [amount // _CENT for amount in micro]
    order = sorted((at for at, amount in enumerate(micro) if amount), key=lambda at: -(micro[at] % _CENT))
    remainder = total - sum(cents)
    while remainder and order:
        # Both bills are rounded, so that a cent may be left over or lacking after a round.
        step = 1 if remainder > 0 else -1
        for at in (order if step > 0 else order[::-1])[: abs(remainder)]:
            cents[at] += step
            remainder -= step
    return cents
