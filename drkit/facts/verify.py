"""Invariants over a whole snapshot: what cannot be right, what is missing, what is old, what nobody has observed."""

from __future__ import annotations

import datetime
import itertools
import math
import re
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from drkit.facts.prices import ON_DEMAND, PriceBook
from drkit.words import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from drkit.facts.catalog import Catalog
    from drkit.facts.snapshot import PriceKey, PriceRow

ERROR, WARNING, GAP, OLD, NOT_OBSERVED = "error", "warning", "gap", "old", "not observed"

_DATE = re.compile(r"20\d\d(-\d\d){0,2}")
_BASIS = re.compile(r"observed(:\w+)?|derived:.+|proxy:.+|assumption")

#: Items every region has to have before a system can be priced there.
ESSENTIAL = (
    ("AWSELB", "alb/hour"),
    ("AWSELB", "alb/lcu"),
    ("AmazonECS", "fargate/linux_x86/vcpu"),
    ("AmazonECS", "fargate/linux_x86/memory"),
    ("AmazonECS", "fargate/linux_arm64/vcpu"),
    ("AmazonECS", "fargate/linux_arm64/memory"),
    ("AmazonVPC", "nat_gateway/hour"),
    ("AmazonVPC", "nat_gateway/data_processed"),
    ("AmazonVPC", "public_ipv4/in_use"),
    ("AmazonVPC", "interface_endpoint/hour"),
    ("AmazonVPC", "interface_endpoint/data_processed"),
    ("AmazonS3", "standard/storage"),
    ("AmazonS3", "standard/put"),
    ("AmazonS3", "standard/get"),
    ("AmazonS3", "replication_time_control"),
    ("AmazonRDS", "cluster/storage/standard"),
    ("AmazonRDS", "cluster/storage/io_optimized"),
    ("AmazonRDS", "cluster/io/standard"),
    ("AmazonRDS", "cluster/backup"),
    ("AmazonRDS", "cluster/global_replicated_write_io"),
    ("AmazonRDS", "cluster/serverless_v2_acu/standard"),
    ("AmazonRDS", "cluster/serverless_v2_acu/io_optimized"),
    ("AmazonElastiCache", "backup"),
    ("AWSDataTransfer", "internet_egress"),
    ("AWSDataTransfer", "intra_region_cross_az_each_direction"),
    ("AmazonECR", "private_storage"),
    ("AmazonCloudWatch", "alarm/standard"),
    ("AmazonCloudWatch", "logs/ingest_standard"),
    ("AmazonCloudWatch", "logs/storage"),
    ("awskms", "customer_managed_key"),
    ("AWSSecretsManager", "secret"),
)

#: What large and xlarge are multiples of; other sizes say it themselves.
_SIZES = {"large": 1.0, "xlarge": 2.0}

#: How far a class may be from twice the price of the one half its size: each is rounded by itself.
ROUNDING = 0.05


class Finding(NamedTuple):
    """One thing found: ``kind`` is error, warning, gap, old or not observed; ``prices`` is how many it is true of."""

    kind: str
    service: str
    item: str
    region: str
    prices: int
    what: str


def verify(catalog: Catalog, today: str | None = None, max_age_days: int = 400) -> list[Finding]:
    """Check a snapshot.

    Parameters
    ----------
    catalog
        The snapshot, loaded.
    today
        The day ages are counted to, ISO 8601; the day of the snapshot by default, so that equal snapshots give
        equal findings.
    max_age_days
        Age from which a price is called old [days].

    Returns
    -------
    list of Finding
        Errors first. A price that cannot be right is an error, a price to review is a warning.
    """
    rows = catalog.snapshot.prices
    day = datetime.date.fromisoformat(today or catalog.snapshot.date)
    findings = [*_wrong_rows(catalog, rows)]
    # A row that is no price is reported once; the rest is checked without it.
    if len(sound := [row for row in rows if not _no_numbers(row)]) < len(rows):
        rows, snapshot = sound, replace(catalog.snapshot, tables={**catalog.snapshot.tables, "prices": sound})
        catalog = replace(catalog, snapshot=snapshot, prices=PriceBook(snapshot))
    findings += [
        *_broken_tiers(catalog),
        *_one_way_pairs(catalog, rows),
        *_sizes(rows),
        *_storage_types(rows),
        *_commitments(rows),
        *_gaps(catalog),
        *_old(rows, day, max_age_days),
        *_not_observed(rows),
    ]
    order = (ERROR, WARNING, GAP, OLD, NOT_OBSERVED)
    return sorted(findings, key=lambda finding: (order.index(finding.kind), finding[1:4]))


def frame(findings: Sequence[Finding]) -> pd.DataFrame:
    """Findings as a table."""
    import pandas as pd

    return pd.DataFrame(findings, columns=list(Finding._fields))


def gaps_by_region(catalog: Catalog) -> pd.DataFrame:
    """By region: classes sold and priced, essential items missing, and prices by how they are known."""
    import pandas as pd

    rows = catalog.snapshot.prices
    findings = [finding for finding in _gaps(catalog) if finding.kind == GAP]
    table = []
    for region in catalog.prices.regions():
        priced = [row for row in rows if row.region == region and row.purchase == ON_DEMAND]
        kinds = Counter(row.basis.split(":")[0] for row in priced)
        missing = [finding for finding in findings if finding.region == region]
        table.append(
            {
                "region": region,
                "prices": len(priced),
                "observed": kinds["observed"],
                "derived": kinds["derived"],
                "proxy": kinds["proxy"],
                "aurora classes without a price": sum(f.prices for f in missing if f.service == "AmazonRDS"),
                "cache nodes without a price": sum(f.prices for f in missing if f.service == "AmazonElastiCache"),
                "oldest": min((row.as_of for row in priced), default=""),
            }
        )
    return pd.DataFrame(table)


def _wrong_rows(catalog: Catalog, rows: Sequence[PriceRow]) -> Iterator[Finding]:
    sources = {source["id"] for source in catalog.snapshot.records("sources")}
    seen: set[tuple[PriceKey, str]] = set()
    for row in rows:
        place = (row.service, row.item, f"{row.region} {row.to_region}".strip())
        yield from (Finding(ERROR, *place, 1, what) for what in _no_numbers(row))
        if row.item != "internet_egress" and _number(row.usd) == 0:
            yield Finding(ERROR, *place, 1, f"the price is {row.usd!r}: a price is a number above zero")
        if not _DATE.fullmatch(row.as_of):
            yield Finding(ERROR, *place, 1, f"the date is {row.as_of!r}: a date is 2026, 2026-11 or 2026-11-25")
        if not _BASIS.fullmatch(row.basis):
            yield Finding(ERROR, *place, 1, f"the basis is {row.basis!r}: see data/README.md for what it can be")
        if not row.unit:
            yield Finding(ERROR, *place, 1, "the unit is missing")
        if row.source not in sources:
            yield Finding(ERROR, *place, 1, f"the source {row.source!r} is not in sources.csv")
        if (row.key, row.tier_from) in seen:
            yield Finding(ERROR, *place, 1, f"two prices for one lookup ({row.purchase}, from {row.tier_from or 0})")
        seen.add((row.key, row.tier_from))


def _no_numbers(row: PriceRow) -> list[str]:
    """What is no number in a row that has to be one."""
    return [
        *([] if _number(row.usd) >= 0 else [f"the price is {row.usd!r}: a price is a number above zero"]),
        *(
            f"{name} is {bound!r}: a tier is bounded by numbers"
            for name, bound in (("tier_from", row.tier_from), ("tier_to", row.tier_to))
            if bound and not _number(bound) >= 0
        ),
    ]


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _broken_tiers(catalog: Catalog) -> Iterator[Finding]:
    from drkit.errors import PriceError

    for key in catalog.prices.keys():  # noqa: SIM118 - a method of PriceBook
        try:
            tiers = catalog.prices.tiers(*key)
        except PriceError as error:
            yield Finding(ERROR, key.service, key.item, key.region, 1, str(error))
            continue
        paid = [tier for tier in tiers if tier.usd > 0]
        if any(later.usd > earlier.usd for earlier, later in itertools.pairwise(paid)):
            yield Finding(WARNING, key.service, key.item, key.region, 1, "more costs more per unit: tiers rise")


def _one_way_pairs(catalog: Catalog, rows: Sequence[PriceRow]) -> Iterator[Finding]:
    pairs = {(row.region, row.to_region) for row in rows if row.item == "inter_region"}
    regions = catalog.prices.regions()
    for region in regions:
        lacking = [
            destination for destination in regions if destination != region and (region, destination) not in pairs
        ]
        if lacking:
            what = f"no transfer price to {', '.join(lacking)}: no topology can replicate there"
            yield Finding(GAP, "AWSDataTransfer", "inter_region", region, len(lacking), what)


def _sizes(rows: Iterable[PriceRow]) -> Iterator[Finding]:
    families: dict[tuple[str, str, str], dict[float, float]] = defaultdict(dict)
    for row in rows:
        if row.purchase == ON_DEMAND and row.item.startswith(("instance/", "node/")):
            kind, engine, name, *mode = row.item.split("/")
            family, _, size = name.rpartition(".")
            if (steps := _steps(size)) is not None and float(row.usd) > 0:
                label = "/".join([kind, engine, family, *mode])
                families[row.service, label, row.region][steps] = float(row.usd)
    for (service, label, region), prices in families.items():
        for (small, below), (large, above) in itertools.pairwise(sorted(prices.items())):
            if abs(above / (below * large / small) - 1) > ROUNDING:
                what = f"{large / small:g} times the size costs {above / below:.2f} times as much"
                yield Finding(WARNING, service, label, region, 1, what)


def _steps(size: str) -> float | None:
    match = re.fullmatch(r"(\d+)xlarge", size)
    return 2.0 * int(match.group(1)) if match else _SIZES.get(size)


def _storage_types(rows: Iterable[PriceRow]) -> Iterator[Finding]:
    hourly = {
        (row.item, row.region): float(row.usd)
        for row in rows
        if row.purchase == ON_DEMAND and row.item.startswith("instance/")
    }
    for (item, region), optimized in hourly.items():
        if item.endswith("/io_optimized"):
            standard = hourly.get((item.replace("/io_optimized", "/standard"), region))
            if standard and not 1.2 < optimized / standard < 1.4:
                what = f"I/O-Optimized costs {optimized / standard:.2f} of Standard, where 1.3 is known"
                yield Finding(WARNING, "AmazonRDS", item, region, 1, what)


def _commitments(rows: Iterable[PriceRow]) -> Iterator[Finding]:
    prices = {row.key: float(row.usd) for row in rows if not row.tier_from}
    for key, usd in prices.items():
        listed = prices.get(key._replace(purchase=ON_DEMAND))
        if key.purchase != ON_DEMAND and listed and usd >= listed:
            what = f"{key.purchase} costs {usd:g}, on demand {listed:g}: no saving"
            yield Finding(WARNING, key.service, key.item, key.region, 1, what)


def _gaps(catalog: Catalog) -> Iterator[Finding]:
    regions = catalog.prices.regions()
    for region in regions:
        for service, item in ESSENTIAL:
            if not catalog.prices.has(service, item, region):
                yield Finding(GAP, service, item, region, 1, "no price: nothing that needs it can be priced here")
    missing: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for service, engine, region, name, *_ in catalog.snapshot.tables["availability"]:
        if region not in regions or name == "db.serverless":
            continue
        items = (
            [("AmazonRDS", f"instance/{engine}/{name}/{mode}") for mode in ("standard", "io_optimized")]
            if service == "aurora"
            else [("AmazonElastiCache", f"node/{cache}/{name}") for cache in ("redis", "valkey")]
        )
        if not any(catalog.prices.has(*what, region) for what in items):
            missing[items[0][0], items[0][1].rsplit("/", 2 if service == "aurora" else 1)[0], region].append(name)
    for (service, prefix, region), names in missing.items():
        families = sorted({name.rsplit(".", 1)[0] for name in names})
        what = f"sold but without a price: {', '.join(families)}"
        label = f"{prefix}/*" if service == "AmazonRDS" else "node/*"
        yield Finding(GAP, service, label, region, len(names), what)


def _old(rows: Iterable[PriceRow], day: datetime.date, limit_days: int) -> Iterator[Finding]:
    oldest: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        if age_days(row.as_of, day) > limit_days:
            reserved = "" if row.purchase == ON_DEMAND else " reserved or by plan"
            oldest[row.service, _kind_of(row.item) + reserved].append(row.as_of)
    for (service, item), dates in oldest.items():
        yield Finding(OLD, service, item, "", len(dates), f"older than {limit_days} days, the oldest of {min(dates)}")


def _kind_of(item: str) -> str:
    kind, within, _ = item.partition("/")
    return kind + "/*" * bool(within)


def age_days(as_of: str, day: datetime.date) -> int:
    """Days since a date that may be a month or a year, counted from its beginning [days]; 0 where it is none."""
    if not _DATE.fullmatch(as_of):
        return 0
    year, month, first = (*map(int, as_of.split("-")), 1, 1)[:3]
    return (day - datetime.date(year, month, first)).days


def _not_observed(rows: Iterable[PriceRow]) -> Iterator[Finding]:
    counted: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        if not row.basis.startswith("observed"):
            kind, _, rule = row.basis.partition(":")
            counted[row.service, _kind_of(row.item), kind][re.split(r"[\[(]", rule)[0]] += 1
    for (service, item, kind), rules in counted.items():
        (most, _), *more = rules.most_common()
        what = f"{kind}: {most}" + (f", and {count(len(more), 'other rule')}" if more else "")
        yield Finding(NOT_OBSERVED, service, item, "", rules.total(), what)
