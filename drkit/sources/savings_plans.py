"""Rates of a Savings Plan: its price list names the on-demand products it discounts by their SKU."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO

from drkit.sources import offer_csv
from drkit.sources.mapping import Found, plain
from drkit.sources.recipe import attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drkit.sources.mapping import Key
    from drkit.sources.rates import Head
    from drkit.sources.recipe import SavingsPlan

NEEDED = (
    "SKU",
    "RateCode",
    "DiscountedRate",
    "Currency",
    "DiscountedSKU",
    "PurchaseOption",
    "LeaseContractLength",
    "DiscountedServiceCode",
)


def read(
    opened: Callable[[], BinaryIO], plan: SavingsPlan, products: Mapping[str, tuple[Key, str]], head: Head
) -> list[Found]:
    """Give the discounted prices of known products.

    Parameters
    ----------
    opened
        Opens the plan's price list of a region (CSV).
    plan
        Which plan, and the services of interest.
    products
        SKU of the on-demand product to what it is in drkit and its unit.
    head
        Filled with what the list says of itself.

    Raises
    ------
    SnapshotError
        When it is no such list, or lacks a needed column.
    """
    rows = offer_csv.records(opened, plan.services, head, NEEDED)
    at = [[attribute(column) for column in head.columns].index(attribute(column)) for column in NEEDED]
    found: dict[Key, Found] = {}
    for row in rows:
        _, code, rate, currency, sku, option, lease, service = (row[place] for place in at)
        if sku not in products or service not in plan.services or currency != "USD":
            continue
        years = lease.lower().removesuffix("s").removesuffix("year").removesuffix("yr").strip()
        if years not in ("1", "3") or Decimal(rate) <= 0:
            continue
        key, unit = products[sku]
        key = key._replace(purchase=f"{plan.purchase}_{years}y_{option.strip().lower().replace(' ', '_')}")
        found[key] = Found(key, unit, plain(Decimal(rate)), "", "", code)
    return [found[key] for key in sorted(found)]
