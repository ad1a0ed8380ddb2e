"""PriceBook: one lookup, exactly one matching row, or an error that says what is near."""

from __future__ import annotations

import difflib
import itertools
import math
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from drkit.errors import NoPriceError, PriceError
from drkit.facts.snapshot import PriceKey, PriceRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from drkit.facts.snapshot import Snapshot

ON_DEMAND = "on_demand"

#: Hours of a month in AWS's price examples: 8,760 / 12.
HOURS_PER_MONTH = 730.0


class Price(NamedTuple):
    """One price row: what is sold where, for how much, and how that is known.

    ``usd`` is per ``unit`` [USD/unit]; ``tier_from`` and ``tier_to`` bound the quantities it holds for [unit]
    (``inf`` without an upper bound). AWS's GB is 2**30 bytes: a GiB of a workload file is one GB here.
    """

    service: str
    item: str
    region: str
    to_region: str
    unit: str
    usd: float
    tier_from: float
    tier_to: float
    purchase: str
    sku: str
    as_of: str
    source: str
    basis: str


class PriceBook:
    """Every price of a snapshot, found by exact attributes.

    Parameters
    ----------
    snapshot
        A loaded snapshot; its ``prices`` table is indexed, not copied.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        index: dict[PriceKey, list[PriceRow]] = {}
        for row in snapshot.prices:
            index.setdefault(row.key, []).append(row)
        self._index = index
        self._parsed: dict[PriceKey, tuple[Price, ...]] = {}

    def find(self, service: str, item: str, region: str, to_region: str = "", purchase: str = ON_DEMAND) -> Price:
        """Return the one row with exactly these attributes.

        Parameters
        ----------
        service, item
            AWS service code and drkit's item name, as ``drkit prices show`` prints them.
        region, to_region
            Region code; for transfer between regions, also where to.
        purchase
            ``on_demand`` or a reservation.

        Raises
        ------
        PriceError
            When no row matches, or several do (a tiered price: use :meth:`tiers`).
        """
        rows = self.tiers(service, item, region, to_region, purchase)
        if len(rows) > 1:
            bounds = ", ".join(f"{row.tier_from:g} to {row.tier_to:g} {row.unit}" for row in rows)
            raise PriceError(
                f"{len(rows)} prices match {_named(service, item, region, to_region, purchase)}: they differ in "
                f"tier ({bounds}); price a quantity with PriceBook.charge"
            )
        return rows[0]

    def has(self, service: str, item: str, region: str, to_region: str = "", purchase: str = ON_DEMAND) -> bool:
        """Whether the snapshot holds a price with exactly these attributes."""
        return PriceKey(service, item, region, to_region, purchase) in self._index

    def tiers(
        self, service: str, item: str, region: str, to_region: str = "", purchase: str = ON_DEMAND
    ) -> tuple[Price, ...]:
        """Return the rows of one price by rising tier; a price without tiers has one row.

        Raises
        ------
        PriceError
            When nothing matches, or the tiers overlap, leave a gap or do not begin at 0.
        """
        key = PriceKey(service, item, region, to_region, purchase)
        if key not in self._parsed:
            rows = self._index.get(key)
            if rows is None:
                raise NoPriceError(self._nothing(key), region, purchase)
            self._parsed[key] = _consecutive(sorted(map(_parse, rows), key=lambda price: price.tier_from))
        return self._parsed[key]

    def charge(
        self,
        service: str,
        item: str,
        region: str,
        quantity: float,
        to_region: str = "",
        purchase: str = ON_DEMAND,
        start: float = 0.0,
    ) -> list[tuple[Price, float]]:
        """Split a quantity over the tiers it falls into.

        Parameters
        ----------
        quantity
            How much is bought in the month [unit of the price].
        start
            How much of the same allowance was already bought elsewhere [unit].

        Returns
        -------
        list of (Price, float)
            Each tier touched and the quantity in it; empty for a quantity of zero.

        Raises
        ------
        PriceError
            When nothing matches, the quantity is negative, or it reaches beyond the last known tier.
        """
        rows = self.tiers(service, item, region, to_region, purchase)
        if not (0 <= quantity < math.inf and 0 <= start < math.inf):
            raise PriceError(
                f"{quantity!r} {rows[0].unit} of {_named(service, item, region, to_region, purchase)} is no quantity: "
                "give a number of at least 0"
            )
        end = start + quantity
        parts = [
            (row, min(end, row.tier_to) - max(start, row.tier_from))
            for row in rows
            if min(end, row.tier_to) > max(start, row.tier_from)
        ]
        if end > rows[-1].tier_to:
            raise PriceError(
                f"{quantity:g} {rows[0].unit} of {_named(service, item, region, to_region, purchase)} reach beyond "
                f"{rows[-1].tier_to:g}, the last quantity with a known price"
            )
        return parts

    def frame(self, service: str | None = None, region: str | None = None, item: str | None = None) -> pd.DataFrame:
        """Price rows as a table, in the columns and order of ``drkit prices show``.

        Parameters
        ----------
        service, region, item
            Keep the rows with this value; an item ending in ``*`` keeps the items that begin so.

        Raises
        ------
        PriceError
            When a filter's value occurs nowhere in the snapshot.
        """
        import pandas as pd

        rows = self.snapshot.prices
        for name, wanted in (("service", service), ("region", region), ("item", item)):
            if wanted is None:
                continue
            value = attrgetter(name)
            matching = [row for row in rows if _matches(value(row), wanted)]
            if not matching:
                raise PriceError(f"no price has {name} {wanted!r}{_near(wanted, set(map(value, rows)))}")
            rows = matching
        frame = pd.DataFrame(rows, columns=list(PriceRow._fields))
        for column in ("usd", "tier_from", "tier_to"):
            frame[column] = pd.to_numeric(frame[column].replace("", None))
        return frame

    def keys(self) -> list[PriceKey]:
        """Every service, item, region, region to and purchase that has a price, sorted."""
        return sorted(self._index)

    def regions(self) -> list[str]:
        """Regions with prices, sorted: those where a network can be priced at all."""
        return list(self._regions)

    @cached_property
    def _regions(self) -> list[str]:
        return sorted({key.region for key in self._index if key.item == "nat_gateway/hour"})

    def items(self, prefix: str, region: str) -> Iterator[str]:
        """On-demand item names in a region that begin with a prefix, sorted."""
        yield from sorted(
            key.item
            for key in self._index
            if key.region == region and key.purchase == ON_DEMAND and key.item.startswith(prefix)
        )

    def _nothing(self, wanted: PriceKey) -> str:
        text = f"no price matches {_named(*wanted)}"
        keys = list(self._index)
        for name, value in wanted._asdict().items():
            part = attrgetter(name)
            left = [key for key in keys if part(key) == value]
            if not left:
                known = set(map(part, keys))
                if name in ("service", "item"):
                    return text + _near(value, known)
                refresh = name == "purchase" and value != ON_DEMAND
                more = "; `drkit catalog refresh` reads what AWS sells" if refresh else ""
                return f"{text}: it is known for {', '.join(sorted(other or '(none)' for other in known))}{more}"
            keys = left
        return text


def _parse(row: PriceRow) -> Price:
    return Price._make(row)._replace(
        usd=float(row.usd), tier_from=float(row.tier_from or 0), tier_to=float(row.tier_to or "inf")
    )


def _consecutive(rows: Iterable[Price]) -> tuple[Price, ...]:
    prices = tuple(rows)
    if first := prices[0].tier_from:
        name = _called(prices[0])
        raise PriceError(f"the tiers of {name} begin at {first:g}: no price is known from 0 on")
    for lower, upper in itertools.pairwise(prices):
        if lower.tier_to != upper.tier_from:
            name = _called(upper)
            raise PriceError(f"the tiers of {name} do not meet at {lower.tier_to:g} and {upper.tier_from:g}")
    return prices


def _called(price: Price) -> str:
    return _named(price.service, price.item, price.region, price.to_region, price.purchase)


def _named(service: str, item: str, region: str, to_region: str, purchase: str) -> str:
    where = f"{region} to {to_region}" if to_region else region
    return f"{service} {item} in {where}, {purchase}"


def _matches(value: str, wanted: str) -> bool:
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def _near(wanted: str, known: set[str]) -> str:
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    return f"; the nearest are {', '.join(near)}" if near else f"; known are {', '.join(sorted(known)[:8])}, …"
