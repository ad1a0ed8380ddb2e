"""The user's own prices, negotiated or expected, laid over a snapshot and marked ``observed:user``.

A CSV with the columns ``service,item,region`` and ``usd`` or ``percent``; further columns are those of a price row.
``percent`` changes the snapshot's price (-12.5 is 12.5 % less); a percentage of a derived price stays derived. An
item that ends in ``*`` and the region ``*`` stand for all that match. A price without tiers holds for every quantity
above AWS's free tier. A row that no bill can use is refused.
"""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import math
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from drkit.errors import PriceError
from drkit.facts import cache, snapshot
from drkit.facts.prices import ON_DEMAND, PriceBook
from drkit.facts.snapshot import PriceKey, PriceRow
from drkit.words import count, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from drkit.facts.snapshot import Snapshot

BASIS = "observed:user"

_ALLOWED = {*PriceRow._fields, "percent"} - {"basis", "sku"}
_PURCHASE = re.compile(
    r"(reserved|compute_savings_plan)_[13]y_(no|partial|all)_upfront|database_savings_plan_1y_no_upfront"
)


class _Own(NamedTuple):
    """The rows that one line of the file gives to one price; ``tiered`` when they are one of its tiers."""

    key: PriceKey
    rows: Sequence[PriceRow]
    tiered: bool = False


def lay_over(base: Snapshot, path: str | Path) -> Snapshot:
    """Return the snapshot with a user's prices in the place of its own.

    Parameters
    ----------
    base
        What the prices are laid over; it stays as it is.
    path
        The user's CSV.

    Returns
    -------
    Snapshot
        Its digest differs, and its manifest names the file and its SHA-256 under ``own_prices``.

    Raises
    ------
    PriceError
        With the line of every row that is wrong.
    """
    file = Path(path)
    try:
        content = file.read_bytes()
        day = datetime.datetime.fromtimestamp(file.stat().st_mtime, datetime.UTC).date().isoformat()
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        lines = [(reader.line_num, cells) for cells in reader]
    except OSError as error:
        raise PriceError(f"cannot read {file} ({error.strerror}): name a CSV of your own prices") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise PriceError(f"{file} is no CSV in UTF-8 ({error}): save it so") from error
    if extra := sorted(set(filter(None, reader.fieldnames or ())) - _ALLOWED):
        near = did_you_mean(extra[0], _ALLOWED)
        raise PriceError(f"{file} has a column {extra[0]!r}; {near or 'allowed are ' + ', '.join(sorted(_ALLOWED))}")
    if not lines:
        raise PriceError(f"{file} holds no price: write service,item,region,usd in its first line and prices below")
    names = _Names(base)
    fresh: dict[PriceKey, list[PriceRow]] = {}
    by_tier: set[PriceKey] = set()
    line_of: dict[PriceKey, int] = {}
    problems: list[str] = []
    for line, cells in lines:
        try:
            for own in _rows(cells, names, file.name, day):
                # A price without tiers takes the place of all that was said before; a tier only of its own.
                if not own.tiered or own.key not in by_tier:
                    fresh[own.key] = []
                (by_tier.add if own.tiered else by_tier.discard)(own.key)
                for row in own.rows:
                    _add(fresh[own.key], row)
                line_of[own.key] = line
        except PriceError as error:
            problems.append(f"line {line}: {error}")
    problems += (f"line {line_of[key]}: {what}" for key, what in _broken_tiers(base, names, fresh))
    if problems:
        raise PriceError(f"{file} has {count(len(problems), 'wrong row')}:\n  " + "\n  ".join(problems))
    own_rows = [row for rows in fresh.values() for row in rows]
    prices = sorted([*(row for row in base.prices if row.key not in fresh), *own_rows])
    digest = hashlib.sha256(content).hexdigest()
    sources = {source["id"]: tuple(source.values()) for source in base.records("sources")}
    for name in {row.source for row in own_rows} - names.sources:
        sources[name] = (name, f"own prices, {file.name} {digest[:12]}", day, "own", "own")
    tables: dict[str, Sequence[tuple[str, ...]]] = {"prices": prices, "sources": sorted(sources.values())}
    return _with(base, tables, {"file": file.name, "sha256": digest})


def add_to_cache(base: Snapshot, path: str | Path) -> tuple[str, Path]:
    """Lay a user's prices over a snapshot and write the result into the user's cache; return its name and folder.

    Raises
    ------
    PriceError
        With the line of every row that is wrong.
    RefreshError
        When the cache cannot be written.
    """
    laid = lay_over(base, path)
    extras = {name: value for name, value in laid.manifest.items() if name not in ("files", "schema", "snapshot")}
    extras["base"] = f"{base.date}, {base.digest[:12]}"
    with cache.lock():
        return cache.add({f"{name}.csv": rows for name, rows in laid.tables.items()}, laid.date, extras)


@dataclass(frozen=True)
class _Names:
    """The names that a row of own prices may use: those of the snapshot."""

    base: Snapshot

    @cached_property
    def rows(self) -> dict[PriceKey, list[PriceRow]]:
        """Price rows by what they are for."""
        rows: dict[PriceKey, list[PriceRow]] = {}
        for row in self.base.prices:
            rows.setdefault(row.key, []).append(row)
        return rows

    @cached_property
    def regions(self) -> set[str]:
        """Regions, and what takes their place in the prices of global services."""
        return {region["region"] for region in self.base.records("regions")} | {key.region for key in self.rows}

    @cached_property
    def purchases(self) -> set[str]:
        """Ways to buy that the snapshot prices."""
        return {ON_DEMAND} | {key.purchase for key in self.rows}

    @cached_property
    def sources(self) -> set[str]:
        """Ids of the snapshot's own sources; those of earlier own prices may be used again."""
        return {source["id"] for source in self.base.records("sources") if source["trust"] != "own"}

    @cached_property
    def shapes(self) -> set[tuple[str, str]]:
        """Services and their items, whichever the class."""
        return {(key.service, self.shape(key.item)) for key in self.rows}

    @cached_property
    def _classes(self) -> set[str]:
        return {size["class"] for size in self.base.records("classes")}

    def shape(self, item: str) -> str:
        """An item with any class that is sold in the place of its own."""
        return "/".join("*" if part in self._classes else part for part in item.split("/"))


def _rows(own: Mapping[str | None, str | list[str]], names: _Names, source: str, day: str) -> Iterator[_Own]:
    if any(surplus := own.get(None) or ()):
        raise PriceError(
            f"there are more cells than columns ({','.join(surplus)} is left over): "
            "write a figure with a point (0.021), and quote a text that has a comma"
        )
    cells = {name: str(own.get(name) or "").strip() for name in _ALLOWED}
    figure = _checked(cells, names)
    origin = {"as_of": cells["as_of"] or day, "source": cells["source"] or source, "basis": BASIS, "sku": ""}
    _check_source(origin["source"], names)
    purchase = cells["purchase"] or ON_DEMAND
    key = PriceKey(cells["service"], cells["item"], cells["region"], cells["to_region"], purchase)
    tiered = bool(cells["tier_from"] or cells["tier_to"])
    if cells["percent"] or "*" in key.region + key.item:
        if tiered:
            raise PriceError("a tier is priced in usd for one item in one region: leave tier_from and tier_to out")
        matching = [key] if key in names.rows else [other for other in names.rows if _fits(other, key)]
        if not matching:
            raise PriceError(f"{_called(key)} matches no price of the snapshot{_near(key, names.rows)}")
        for other in matching:
            there = names.rows[other]
            rows = _by_percent(there, figure, origin) if cells["percent"] else _flat(there, cells["usd"], origin)
            yield _Own(other, rows)
        return
    there = names.rows.get(key, [])
    unit = cells["unit"] or next((row.unit for row in there), "")
    if not unit:
        raise PriceError(f"{_called(key)} is not in the snapshot: give its unit too{_near(key, names.rows)}")
    if there and unit != there[0].unit:
        raise PriceError(f"{_called(key)} is priced per {there[0].unit}, not per {unit}: convert the price")
    for name, region in (("region", key.region), ("to_region", key.to_region)):
        if region and region not in names.regions:
            raise PriceError(f"{name} is {region!r}: no region is called so{_hint(region, names.regions)}")
    if (key.service, names.shape(key.item)) not in names.shapes:
        items = {other.item for other in names.rows if other.service == key.service}
        raise PriceError(f"{key.service} {key.item} is nothing that drkit buys{_hint(key.item, items)}")
    if there and not tiered:
        yield _Own(key, _flat(there, cells["usd"], origin))
        return
    tier_from = cells["tier_from"] or "0" * tiered
    row = {**cells, **key._asdict(), **origin, "tier_from": tier_from, "unit": unit}
    yield _Own(key, [PriceRow._make(row[name] for name in PriceRow._fields)], tiered)


def _checked(cells: Mapping[str, str], names: _Names) -> float:
    """The figure of a row [USD/unit or percent], when all its cells are right by themselves."""
    for name in ("service", "item", "region"):
        if not cells[name]:
            raise PriceError(f"{name} is empty: name the {name} as `drkit prices show` prints it")
    if bool(cells["usd"]) == bool(cells["percent"]):
        raise PriceError("give usd or percent, one of them")
    figure = _number(cells["usd"] or cells["percent"], "usd" if cells["usd"] else "percent")
    if (cells["usd"] and figure < 0) or (cells["percent"] and figure <= -100):
        raise PriceError(f"{figure:g} makes a price below zero: correct it")
    if cells["usd"] and not figure and not (cells["item"] == "internet_egress" and cells["tier_to"]):
        raise PriceError(f"usd is {cells['usd']}: a price is above zero; write a figure with a point, such as 0.021")
    for bound in ("tier_from", "tier_to"):
        if cells[bound] and _number(cells[bound], bound) < 0:
            raise PriceError(f"{bound} is {cells[bound]}: a tier begins at 0 or above")
    purchase = cells["purchase"] or ON_DEMAND
    if purchase not in names.purchases and not _PURCHASE.fullmatch(purchase):
        raise PriceError(f"purchase is {purchase!r}: nothing is bought so{_hint(purchase, names.purchases)}")
    if cells["as_of"] and not _is_date(cells["as_of"]):
        raise PriceError(f"as_of is {cells['as_of']!r}: write a day such as 2026-11-25, a month or a year")
    return figure


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"20\d\d(-\d\d){0,2}", text):
        return False
    try:
        datetime.date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        return False
    return True


def _check_source(source: str, names: _Names) -> None:
    if source in names.sources:
        raise PriceError(f"source is {source!r}, which the snapshot calls one of its own: name another, or none")


def _flat(rows: Sequence[PriceRow], usd: str, origin: Mapping[str, str]) -> list[PriceRow]:
    """One price [USD/unit] for every quantity; AWS's free tier below it stays."""
    free = [row for row in rows if float(row.usd) == 0]
    begin = max((row.tier_to for row in free), key=float, default="")
    return [*free, rows[0]._replace(usd=usd, tier_from=begin, tier_to="", **origin)]


def _by_percent(rows: Sequence[PriceRow], percent: float, origin: Mapping[str, str]) -> list[PriceRow]:
    """The same tiers, at prices that many percent higher."""
    return [
        row._replace(**{**origin, "usd": _plain(float(row.usd) * (1 + percent / 100)), "basis": _basis(row.basis)})
        for row in rows
    ]


def _plain(usd: float) -> str:
    return f"{round(usd, 12):.12g}"


def _broken_tiers(
    base: Snapshot, names: _Names, fresh: Mapping[PriceKey, list[PriceRow]]
) -> Iterator[tuple[PriceKey, str]]:
    book = PriceBook(replace(base, tables={"prices": [row for rows in fresh.values() for row in rows]}))
    for key in fresh:
        try:
            last = book.tiers(*key)[-1].tier_to
        except PriceError as error:
            yield key, f"{error}; give every tier of the price, or one price without tiers"
            continue
        reach = max((float(row.tier_to or "inf") for row in names.rows.get(key, ())), default=math.inf)
        if last < reach:
            where = f"{key.item} in {key.region}"
            yield key, f"{where} has no price above {last:g}: give every tier, the last without tier_to"


def _basis(basis: str) -> str:
    """A part of a price that nobody has observed is not observed either."""
    kind, _, rule = basis.partition(":")
    return BASIS if kind == "observed" else f"{kind}:user_percent_of({rule})"


def _add(rows: list[PriceRow], row: PriceRow) -> None:
    # A later row of the file for the same tier takes the place of an earlier one: first all classes, then one.
    rows[:] = [other for other in rows if float(other.tier_from or 0) != float(row.tier_from or 0)]
    rows.append(row)


def _number(text: str, name: str) -> float:
    try:
        figure = float(text)
    except ValueError:
        figure = math.nan
    if not math.isfinite(figure):
        raise PriceError(f"{name} is {text!r}: write a number such as 0.0225")
    return figure


def _fits(key: PriceKey, wanted: PriceKey) -> bool:
    return (
        key._replace(item=wanted.item, region=wanted.region) == wanted
        and wanted.region in ("*", key.region)
        and (key.item.startswith(wanted.item[:-1]) if wanted.item.endswith("*") else key.item == wanted.item)
    )


def _hint(text: str, allowed: Iterable[str]) -> str:
    return f"; {hint}" if (hint := did_you_mean(text, allowed)) else ""


def _called(key: PriceKey) -> str:
    return f"{key.service} {key.item} in {key.region}, {key.purchase}"


def _near(wanted: PriceKey, keys: Iterable[PriceKey]) -> str:
    """A hint at the first part of a key that the snapshot does not have: service, item or region."""
    for at in range(PriceKey._fields.index("region") + 1):
        values = {key[at] for key in keys if key[:at] == wanted[:at]}
        if wanted[at] not in values:
            return _hint(wanted[at], values)
    return ""


def _with(base: Snapshot, tables: Mapping[str, Sequence[tuple[str, ...]]], own_prices: Mapping[str, str]) -> Snapshot:
    files = base.manifest["files"]
    assert isinstance(files, dict)
    changed = {
        name: snapshot.listed(rows, snapshot.table_bytes(name, rows))
        for name, rows in ((f"{table}.csv", rows) for table, rows in tables.items())
    }
    manifest = {**base.manifest, "files": files | changed, "own_prices": own_prices}
    return replace(base, manifest=manifest, tables={**base.tables, **tables})
