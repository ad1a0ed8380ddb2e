"""Fresh prices over an older snapshot: they replace those of the same offers, the rest stays."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drkit.facts.prices import ON_DEMAND
from drkit.facts.snapshot import COLUMNS, PriceRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Set

    from drkit.facts.snapshot import PriceKey, Snapshot
    from drkit.refresh.bulk import Provenance
    from drkit.refresh.mapping import Extract, OfferPrice

Row = tuple[str, ...]

_CLASS = re.compile(r"(?:instance|node)/([\w-]+)/((?:db|cache)\.[\w-]+\.[\w-]+)")


def prices(
    old: Snapshot, fresh: Sequence[tuple[Iterable[OfferPrice], Provenance]], plans: Set[tuple[str, str]]
) -> tuple[list[PriceRow], list[str]]:
    """Price rows of the new snapshot, and which older ones stayed because no offer has them.

    Classes of a service that was read in a region are replaced as a whole: what is no longer sold goes. Their prices
    by a Savings Plan go only where that plan was read: ``plans`` are what it is called and its regions. Everything
    else is replaced price by price.
    """
    rows: dict[tuple[PriceKey, str], PriceRow] = {}
    covered: set[tuple[str, str]] = set()
    replaced: set[tuple[str, str, str]] = set()
    for extracted, provenance in fresh:
        for price in extracted:
            key = price.key
            rows[key, price.tier_from] = PriceRow(
                **key._asdict(),
                unit=price.unit,
                usd=price.usd,
                tier_from=price.tier_from,
                tier_to=price.tier_to,
                sku=price.sku,
                as_of=provenance.published[:10],
                source=provenance.id,
                basis="observed",
            )
            covered.add((key.service, key.region))
            if match := _CLASS.match(key.item):
                replaced.add((key.service, match.group(1), key.region))
    taken = {key for key, _ in rows}
    staying: list[PriceRow] = []
    stale: set[str] = set()
    for row in old.prices:
        match = _CLASS.match(row.item)
        if row.key in taken:
            continue
        if match and (row.service, match.group(1), row.region) in replaced:
            kind, by_plan, _ = row.purchase.partition("_savings_plan")
            sold = row.key._replace(purchase=ON_DEMAND) in taken
            if not (by_plan and sold) or (kind + by_plan, row.region) in plans:
                continue
        staying.append(row)
        if (row.service, row.region) in covered and row.purchase == ON_DEMAND and not match:
            stale.add(f"{row.item} in {row.region} is of {row.as_of} ({row.basis}): no offer read has it")
    return [*rows.values(), *staying], sorted(stale)


def availability(old: Snapshot, extracts: Sequence[tuple[Extract, Provenance]]) -> list[Row]:
    """Which classes are sold where: in regions that were read, those with a price."""
    rows: dict[Row, Row] = {}
    for extract, provenance in extracts:
        for price in extract.prices:
            match = _CLASS.match(price.key.item)
            if match and price.key.purchase == ON_DEMAND:
                aurora = price.key.service == "AmazonRDS"
                what = ("aurora" if aurora else "elasticache", match.group(1) if aurora else "any", price.key.region)
                origin = (provenance.published[:10], provenance.id, "observed")
                rows[(*what, match.group(2))] = (*what, match.group(2), *origin)
    covered = {key[:3] for key in rows}
    return [*rows.values(), *(row for row in old.tables["availability"] if row[:3] not in covered)]


def classes(old: Snapshot, extracts: Sequence[tuple[Extract, Provenance]]) -> tuple[list[Row], list[str]]:
    """Sizes of classes, those included that the older snapshot does not know, and their names."""
    old_classes = {size["class"] for size in old.records("classes")}
    new: dict[str, Row] = {}
    for extract, provenance in extracts:
        for name, (vcpu, memory) in extract.classes.items():
            if name in old_classes or name == "db.serverless":
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
    return [*old.tables["classes"], *new.values()], sorted(new)


def sources(old: Snapshot, used: Set[str], read: Iterable[Provenance]) -> list[Row]:
    """Rows of the sources with these ids: those of the older snapshot, and the price lists that were read."""
    rows: dict[str, Row] = {source["id"]: tuple(source.values()) for source in old.records("sources")}
    for each in read:
        rows[each.id] = (each.id, f"AWS price list {each.offer} {each.version}", each.published[:10], "AWS", "A")
    return [row for name, row in sorted(rows.items()) if name in used]


def named_sources(table: str, rows: Iterable[Sequence[str]]) -> set[str]:
    """Ids of the sources that rows of a table name; the table is a key of `drkit.facts.snapshot.COLUMNS`."""
    at = COLUMNS[table].index("source")
    return {row[at] for row in rows}
