"""Why a price is what it is: which row, from where, how old, and what else was near."""

from __future__ import annotations

import datetime
import difflib
from typing import TYPE_CHECKING, NamedTuple

from drkit.errors import PriceError
from drkit.facts.prices import ON_DEMAND
from drkit.facts.snapshot import PriceKey
from drkit.facts.verify import age_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from drkit.facts.catalog import Catalog
    from drkit.facts.prices import Price


class Explanation(NamedTuple):
    """The rows of one price, the same item elsewhere and bought otherwise, and items with a near name."""

    rows: Sequence[Price]
    age_days: int
    origin: str
    elsewhere: Sequence[Price]
    otherwise: Sequence[Price]
    near: Sequence[Price]

    def sentences(self) -> list[str]:
        """The explanation in words."""
        first = self.rows[0]
        where = f"{first.region} to {first.to_region}" if first.to_region else first.region
        lines = [f"{first.service} {first.item} in {where}, {first.purchase}:"]
        for row in self.rows:
            tier = f" from {row.tier_from:g} to {row.tier_to:g} {row.unit}" if len(self.rows) > 1 else ""
            lines.append(f"  {row.usd:g} USD per {row.unit}{tier}" + f", {row.sku}" * bool(row.sku))
        age = f"{self.age_days:,} days old" if self.age_days else "of today"
        lines.append(f"  {first.basis}, as of {first.as_of} ({age}), from {self.origin}")
        if self.elsewhere:
            usd = first.usd or next((row.usd for row in self.rows if row.usd), 0.0)
            lowest = min(self.elsewhere, key=lambda row: (row.usd, row.region))
            highest = max(self.elsewhere, key=lambda row: (row.usd, row.region))
            lines.append(
                f"  in {len(self.elsewhere)} other regions {lowest.usd:g} ({lowest.region}) to {highest.usd:g} "
                f"({highest.region})" + (f"; here {usd:g}" if len(self.rows) > 1 else "")
            )
        lines += (
            f"  {row.purchase}: {row.usd:g} ({row.usd / first.usd - 1:+.0%}), as of {row.as_of}"
            for row in self.otherwise
            if first.usd
        )
        if self.near:
            lines.append("near:")
            lines += (f"  {row.item}: {row.usd:g} USD per {row.unit}, {row.basis}" for row in self.near)
        return lines


def explain(
    catalog: Catalog,
    region: str,
    item: str,
    service: str = "",
    to_region: str = "",
    purchase: str = ON_DEMAND,
    today: str | None = None,
) -> Explanation:
    """Explain one price.

    Parameters
    ----------
    region, item
        As ``drkit prices show`` prints them.
    service
        Needed where two services have an item of that name.
    to_region, purchase
        As `drkit.facts.prices.PriceBook.find` takes them.
    today
        The day the age is counted to, ISO 8601; the day of the snapshot by default.

    Raises
    ------
    PriceError
        When nothing matches, with what is near, or several services have it.
    """
    keys = catalog.prices.keys()
    services = sorted({key.service for key in keys if key.item == item and service in ("", key.service)})
    in_region = sorted({key.service for key in keys if key.item == item and key.region == region})
    if len(services) > 1 and len(in_region) == 1:
        services = in_region
    if len(services) > 1:
        raise PriceError(f"{' and '.join(services)} have an item {item}: name one with --service")
    if not services:
        items = sorted({key.item for key in keys if service in ("", key.service)})
        near = difflib.get_close_matches(item, items, n=3, cutoff=0.4)
        hint = f"; the nearest are {', '.join(near)}" if near else ""
        raise PriceError(f"no item is called {item!r}{hint}; `drkit prices show` lists them")
    asked = PriceKey(services[0], item, region, to_region, purchase)
    rows = catalog.prices.tiers(*asked)
    day = datetime.date.fromisoformat(today or catalog.snapshot.date)
    others = [key for key in keys if key != asked]
    elsewhere = [key for key in others if key._replace(region=region) == asked]
    otherwise = [key for key in others if key._replace(purchase=purchase) == asked]
    near = difflib.get_close_matches(
        item, [key.item for key in others if key._replace(item=item) == asked], n=4, cutoff=0.6
    )
    return Explanation(
        rows,
        max(0, age_days(rows[0].as_of, day)),
        _origin(catalog, rows[0]),
        [_first(catalog, key) for key in elsewhere],
        [_first(catalog, key) for key in otherwise],
        [catalog.prices.tiers(*asked._replace(item=name))[0] for name in near],
    )


def frame(explanation: Explanation) -> pd.DataFrame:
    """Every row of an explanation as a table; ``role`` says what it is to the price."""
    import pandas as pd

    rows = [
        {"role": role, **row._asdict()}
        for role in ("rows", "elsewhere", "otherwise", "near")
        for row in getattr(explanation, role)
    ]
    return pd.DataFrame(rows).replace({"role": {"rows": "price"}})


def _first(catalog: Catalog, key: PriceKey) -> Price:
    tiers = catalog.prices.tiers(*key)
    return next((row for row in tiers if row.usd), tiers[0])


def _origin(catalog: Catalog, price: Price) -> str:
    for row in catalog.snapshot.records("sources"):
        if row["id"] == price.source:
            urls = [
                offer["url"]
                for offer in catalog.snapshot.offers
                if f"{offer['offer']}-{offer['version']}" == price.source and offer["region"] in (price.region, "")
            ]
            details = [row["version"], f"data of {row['data_date']}", f"trust {row['trust']}", *urls[:1]]
            return f"{price.source} ({', '.join(part for part in details if part)})"
    return price.source
