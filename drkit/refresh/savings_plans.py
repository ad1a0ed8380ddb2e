"""Rates of a Savings Plan: its price list names the on-demand products it discounts by their SKU."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, BinaryIO

from drkit.refresh import offer_csv
from drkit.refresh.mapping import Extract, OfferPrice, number, plain
from drkit.refresh.recipe import attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drkit.facts.snapshot import PriceKey
    from drkit.refresh.rates import Head
    from drkit.refresh.recipe import SavingsPlan

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


def read(opened: Callable[[], BinaryIO], plan: SavingsPlan, products: Mapping[str, OfferPrice], head: Head) -> Extract:
    """Give the discounted prices of known products.

    Parameters
    ----------
    opened
        Opens the plan's price list of a region (CSV).
    plan
        Which plan, and the services of interest.
    products
        SKU of the on-demand product to its on-demand price.
    head
        Filled with what the list says of itself.

    Returns
    -------
    Extract
        The prices in drkit's units; of two products at different rates neither, which ``ambiguous`` tells.

    Raises
    ------
    OfferError
        When it is no such list, lacks a needed column, or a rate is no number.
    """
    rows = offer_csv.records(opened, plan.services, head, NEEDED)
    at = [[attribute(column) for column in head.columns].index(attribute(column)) for column in NEEDED]
    by_key: defaultdict[PriceKey, dict[str, OfferPrice]] = defaultdict(dict)
    for row in rows:
        _, code, rate, currency, sku, option, lease, service = (row[place] for place in at)
        if sku not in products or service not in plan.services or currency != "USD":
            continue
        years = lease.lower().removesuffix("s").removesuffix("year").removesuffix("yr").strip()
        usd = number(rate, f"the rate of {code}", plan.code)
        if years not in ("1", "3") or not usd:
            continue
        listed = products[sku]
        key = listed.key._replace(purchase=f"{plan.purchase}_{years}y_{option.strip().lower().replace(' ', '_')}")
        price = OfferPrice(key, listed.unit, plain(usd * listed.per), "", "", code, listed.per)
        by_key[key].setdefault(price.usd, price)
    extract = Extract(plan.code)
    for key, prices in sorted(by_key.items()):
        if len(prices) > 1:
            codes = ", ".join(price.sku for price in prices.values())
            extract.ambiguous.append(
                f"{key.item} in {key.region}, {key.purchase}: {len(prices)} products at different rates ({codes})"
            )
        else:
            extract.prices += prices.values()
    return extract
