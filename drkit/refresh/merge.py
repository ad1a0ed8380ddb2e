"""Fresh prices over an older snapshot: what was read takes the place of what was known, the rest stays."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drkit.facts.prices import ON_DEMAND
from drkit.facts.snapshot import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Set

    from drkit.facts.snapshot import Snapshot
    from drkit.refresh.bulk import Provenance
    from drkit.refresh.mapping import Extract, Found

Row = tuple[str, ...]

_CLASS = re.compile(r"(?:instance|node)/([\w-]+)/((?:db|cache)\.[\w-]+\.[\w-]+)")


def prices(
    old: Snapshot, fresh: Sequence[tuple[Iterable[Found], Provenance]], plans: Set[tuple[str, str]]
) -> tuple[list[Row], list[str]]:
    """Price rows of the new snapshot, and which older ones stayed because no offer has them.

    Classes of a service that was read in a region are replaced as a whole: what is no longer sold goes. Their prices
    by a Savings Plan go only where that plan was read: ``plans`` are what it is called and its regions. Everything
    else is replaced price by price.
    """
    rows: dict[tuple[str, ...], Row] = {}
    read: set[tuple[str, str]] = set()
    replaced: set[tuple[str, str, str]] = set()
    for found, provenance in fresh:
        for price in found:
            key = price.key
            row: Row = (
                key.service,
                key.item,
                key.region,
                key.to_region,
                price.unit,
                price.usd,
                price.tier_from,
                price.tier_to,
                key.purchase,
                price.sku,
                provenance.published[:10],
                provenance.id,
                "observed",
            )
            rows[(*key, price.tier_from)] = row
            read.add((key.service, key.region))
            if match := _CLASS.match(key.item):
                replaced.add((key.service, match.group(1), key.region))
    taken = {key[:5] for key in rows}
    kept: list[Row] = []
    stale: set[str] = set()
    for row in old.tables["prices"]:
        service, item, region, to_region, purchase = row[0], row[1], row[2], row[3], row[8]
        match = _CLASS.match(item)
        if (service, item, region, to_region, purchase) in taken:
            continue
        if match and (service, match.group(1), region) in replaced:
            kind, by_plan, _ = purchase.partition("_savings_plan")
            sold = (service, item, region, to_region, ON_DEMAND) in taken
            if not (by_plan and sold) or (kind + by_plan, region) in plans:
                continue
        kept.append(row)
        if (service, region) in read and purchase == "on_demand" and not match:
            stale.add(f"{item} in {region} is of {row[10]} ({row[12]}): no offer read has it")
    return [*rows.values(), *kept], sorted(stale)


def availability(old: Snapshot, extracts: Sequence[tuple[Extract, Provenance]]) -> list[Row]:
    """Which classes are sold where: in regions that were read, those with a price."""
    rows: dict[Row, Row] = {}
    for extract, provenance in extracts:
        for price in extract.prices:
            match = _CLASS.match(price.key.item)
            if match and price.key.purchase == "on_demand":
                aurora = price.key.service == "AmazonRDS"
                what = ("aurora" if aurora else "elasticache", match.group(1) if aurora else "any", price.key.region)
                told = (provenance.published[:10], provenance.id, "observed")
                rows[(*what, match.group(2))] = (*what, match.group(2), *told)
    read = {key[:3] for key in rows}
    return [*rows.values(), *(row for row in old.tables["availability"] if tuple(row[:3]) not in read)]


def classes(old: Snapshot, extracts: Sequence[tuple[Extract, Provenance]]) -> tuple[list[Row], list[str]]:
    """Sizes of classes, those included that the older snapshot does not know, and their names."""
    rows = list(old.tables["classes"])
    known = {row[1] for row in rows}
    new: dict[str, Row] = {}
    for extract, provenance in extracts:
        for name, (vcpu, memory) in extract.classes.items():
            if name in known or name == "db.serverless":
                continue
            family = name.split(".")[1]
            new[name] = (
                "aurora" if name.startswith("db.") else "elasticache",
                name,
                vcpu,
                memory,
                # AWS names Graviton families with a g after the generation: r8g, x2g, t4g, c7gn.
                "arm64" if re.match(r"[a-z]+\d+g", family) else "x86_64",
                "true" if family.startswith("t") else "false",
                provenance.published[:10],
                provenance.id,
                "derived:offer_and_family_name",
            )
    return [*rows, *new.values()], sorted(new)


def sources(old: Snapshot, rows: Iterable[Row], read: Iterable[Provenance]) -> list[Row]:
    """Every source that a price or availability row names."""
    at = COLUMNS["prices.csv"].index("source")
    used = {row[at] for row in rows}
    kept = {row[0]: tuple(row) for row in old.tables["sources"]}
    for each in read:
        kept[each.id] = (each.id, f"AWS price list {each.offer} {each.version}", each.published[:10], "AWS", "A")
    return [row for name, row in sorted(kept.items()) if name in used]
