"""One's own prices, negotiated or expected, laid over a snapshot and marked ``observed:user``.

A CSV with the columns ``service,item,region`` and ``usd`` or ``percent``; further columns are those of a price row.
``percent`` changes what the snapshot knows (-12.5 is an eighth off); a percentage of a derived price stays derived. An
item that ends in ``*`` and the region ``*`` stand for all that match. A price without tiers holds for every quantity
beyond what AWS gives for nothing. A row that no bill would ever ask for is refused.
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
from typing import TYPE_CHECKING

from drkit.errors import PriceError
from drkit.facts.prices import ON_DEMAND, PriceBook
from drkit.facts.snapshot import COLUMNS
from drkit.words import count, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from drkit.facts.snapshot import Snapshot

BASIS = "observed:user"

_COLUMNS = COLUMNS["prices.csv"]
_ALLOWED = {*_COLUMNS, "percent"} - {"basis", "sku"}
_PURCHASE = re.compile(
    r"(reserved|compute_savings_plan)_[13]y_(no|partial|all)_upfront|database_savings_plan_1y_no_upfront"
)

Row = tuple[str, ...]


def lay_over(snapshot: Snapshot, path: str | Path) -> Snapshot:
    """Return the snapshot with a user's prices in the place of its own.

    Parameters
    ----------
    snapshot
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
        given = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise PriceError(f"cannot read {file} ({error.strerror}): name a CSV of your own prices") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise PriceError(f"{file} is no CSV in UTF-8 ({error}): save it so") from error
    if extra := sorted(set(filter(None, reader.fieldnames or ())) - _ALLOWED):
        near = did_you_mean(extra[0], _ALLOWED)
        raise PriceError(f"{file} has a column {extra[0]!r}; {near or 'allowed are ' + ', '.join(sorted(_ALLOWED))}")
    if not given:
        raise PriceError(f"{file} holds no price: write service,item,region,usd in its first line and prices below")
    known = _Known(snapshot)
    fresh: dict[Row, list[Row]] = {}
    by_tier: set[Row] = set()
    told: dict[Row, int] = {}
    problems: list[str] = []
    for line, own in given:
        try:
            for key, rows, tiered in _rows(own, known, file.name, day):
                # A price without tiers takes the place of all that was said before; a tier only of its own.
                if not tiered or key not in by_tier:
                    fresh[key] = []
                (by_tier.add if tiered else by_tier.discard)(key)
                for row in rows:
                    _add(fresh[key], row)
                told[key] = line
        except PriceError as error:
            problems.append(f"line {line}: {error}")
    problems += (f"line {told[key]}: {what}" for key, what in _broken_tiers(snapshot, known, fresh))
    if problems:
        raise PriceError(f"{file} has {count(len(problems), 'wrong row')}:\n  " + "\n  ".join(problems))
    own_rows = [row for rows in fresh.values() for row in rows]
    prices = sorted([*(row for key, rows in known.rows.items() if key not in fresh for row in rows), *own_rows])
    digest = hashlib.sha256(content).hexdigest()
    named = {row[_COLUMNS.index("source")] for row in own_rows} - known.sources
    sources = {row[0]: tuple(row) for row in snapshot.tables["sources"]}
    sources |= {name: (name, f"own prices, {file.name} {digest[:12]}", day, "own", "own") for name in named}
    tables = {"prices": prices, "sources": sorted(sources.values())}
    return _with(snapshot, tables, {"file": file.name, "sha256": digest})


def keep(snapshot: Snapshot, path: str | Path) -> tuple[str, Path]:
    """Lay a user's prices over a snapshot and write the result into the user's cache; return its name and folder.

    Raises
    ------
    PriceError
        With the line of every row that is wrong.
    RefreshError
        When the cache cannot be written.
    """
    from drkit.facts import cache as store
    from drkit.refresh.refresh import write_to_cache

    laid = lay_over(snapshot, path)
    told = {name: value for name, value in laid.manifest.items() if name not in ("files", "schema", "snapshot")}
    told |= {"made": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")}
    told |= {"base": f"{snapshot.date}, {snapshot.digest[:12]}"}
    with store.lock():
        return write_to_cache({f"{name}.csv": rows for name, rows in laid.tables.items()}, laid.date, told)


@dataclass(frozen=True)
class _Known:
    """What a row of one's own can be about."""

    snapshot: Snapshot

    @cached_property
    def rows(self) -> dict[Row, list[Row]]:
        """Price rows by what they are for."""
        found: dict[Row, list[Row]] = {}
        for row in self.snapshot.tables["prices"]:
            found.setdefault((*row[:4], row[8]), []).append(row)
        return found

    @cached_property
    def regions(self) -> set[str]:
        """Regions, and what takes their place in the prices of global services."""
        return {row[0] for row in self.snapshot.tables["regions"]} | {key[2] for key in self.rows}

    @cached_property
    def purchases(self) -> set[str]:
        """Ways to buy that the snapshot prices."""
        return {ON_DEMAND} | {key[4] for key in self.rows}

    @cached_property
    def sources(self) -> set[str]:
        """Ids of the snapshot's own sources; those of earlier own prices may be used again."""
        return {row[0] for row in self.snapshot.tables["sources"] if row[4] != "own"}

    @cached_property
    def shapes(self) -> set[tuple[str, str]]:
        """Services and their items, whichever the class."""
        return {(key[0], self.shape(key[1])) for key in self.rows}

    @cached_property
    def _classes(self) -> set[str]:
        return {row[1] for row in self.snapshot.tables["classes"]}

    def shape(self, item: str) -> str:
        """An item with any class that is sold in the place of its own."""
        return "/".join("*" if part in self._classes else part for part in item.split("/"))


def _rows(
    own: Mapping[str | None, str | list[str]], known: _Known, source: str, day: str
) -> Iterator[tuple[Row, list[Row], bool]]:
    if any(surplus := own.get(None) or ()):
        raise PriceError(
            f"there are more cells than columns ({','.join(surplus)} is left over): "
            "write a figure with a point (0.021), and quote a text that has a comma"
        )
    cells = {name: str(own.get(name) or "").strip() for name in _ALLOWED}
    figure = _checked(cells, known)
    purchase = cells["purchase"] or ON_DEMAND
    told = {"as_of": cells["as_of"] or day, "source": cells["source"] or source, "basis": BASIS, "sku": ""}
    _check_source(told["source"], known)
    key = (cells["service"], cells["item"], cells["region"], cells["to_region"], purchase)
    tiered = bool(cells["tier_from"] or cells["tier_to"])
    if cells["percent"] or "*" in cells["region"] + cells["item"]:
        if tiered:
            raise PriceError("a tier is priced in usd for one item in one region: leave tier_from and tier_to out")
        if not (matching := [other for other in ([key] if key in known.rows else known.rows) if _fits(other, key)]):
            raise PriceError(f"{_called(cells)} matches no price of the snapshot{_near(cells, known.rows)}")
        for other in matching:
            rows = known.rows[other]
            if not cells["percent"]:
                yield other, _flat(rows, usd=cells["usd"], **told), False
                continue
            yield (
                other,
                [
                    _changed(
                        row,
                        usd=f"{round(float(row[5]) * (1 + figure / 100), 12):.12g}",
                        **{**told, "basis": _basis(row[12])},
                    )
                    for row in rows
                ],
                False,
            )
        return
    unit = cells["unit"] or next((row[4] for row in known.rows.get(key, ())), "")
    if not unit:
        raise PriceError(f"{_called(cells)} is not in the snapshot: give its unit too{_near(cells, known.rows)}")
    if key in known.rows and unit != known.rows[key][0][4]:
        raise PriceError(f"{_called(cells)} is priced per {known.rows[key][0][4]}, not per {unit}: convert the price")
    for at, name in ((2, "region"), (3, "to_region")):
        if key[at] and key[at] not in known.regions:
            raise PriceError(f"{name} is {key[at]!r}: no region is called so{_hint(key[at], known.regions)}")
    if (key[0], known.shape(key[1])) not in known.shapes:
        items = {other[1] for other in known.rows if other[0] == key[0]}
        raise PriceError(f"{key[0]} {key[1]} is nothing that drkit buys{_hint(key[1], items)}")
    if key in known.rows and not tiered:
        yield key, _flat(known.rows[key], usd=cells["usd"], **told), False
        return
    row = {**cells, "tier_from": cells["tier_from"] or "0" * tiered, "unit": unit, "purchase": purchase, **told}
    yield key, [tuple(row[name] for name in _COLUMNS)], tiered


def _checked(cells: Mapping[str, str], known: _Known) -> float:
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
    if purchase not in known.purchases and not _PURCHASE.fullmatch(purchase):
        raise PriceError(f"purchase is {purchase!r}: nothing is bought so{_hint(purchase, known.purchases)}")
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


def _check_source(source: str, known: _Known) -> None:
    if source in known.sources:
        raise PriceError(f"source is {source!r}, which the snapshot calls one of its own: name another, or none")


def _flat(rows: Sequence[Row], **told: str) -> list[Row]:
    """One price for every quantity; what AWS gives for nothing below it stays."""
    free = [row for row in rows if float(row[5]) == 0]
    begin = max((row[7] for row in free), key=float, default="")
    return [*free, _changed(rows[0], tier_from=begin, tier_to="", **told)]


def _broken_tiers(snapshot: Snapshot, known: _Known, fresh: Mapping[Row, list[Row]]) -> Iterator[tuple[Row, str]]:
    book = PriceBook(replace(snapshot, tables={"prices": [row for rows in fresh.values() for row in rows]}))
    for key in fresh:
        service, item, region, to_region, purchase = key
        try:
            last = book.tiers(service, item, region, to_region, purchase)[-1].tier_to
        except PriceError as error:
            yield key, f"{error}; give every tier of the price, or one price without tiers"
            continue
        reach = max((float(row[7] or "inf") for row in known.rows.get(key, ())), default=math.inf)
        if last < reach:
            yield key, f"{item} in {region} has no price above {last:g}: give every tier, the last without tier_to"


def _basis(known: str) -> str:
    """A part of a price that nobody has observed is not observed either."""
    kind, _, rule = known.partition(":")
    return BASIS if kind == "observed" else f"{kind}:user_percent_of({rule})"


def _add(rows: list[Row], row: Row) -> None:
    # A later row of the file for the same tier takes the place of an earlier one: first all classes, then one.
    rows[:] = [other for other in rows if float(other[6] or 0) != float(row[6] or 0)]
    rows.append(row)


def _changed(row: Row, **cells: str) -> Row:
    return tuple({**dict(zip(_COLUMNS, row, strict=True)), **cells}.values())


def _number(text: str, name: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise PriceError(f"{name} is {text!r}: write a number such as 0.0225")
    return found


def _fits(key: Row, wanted: Row) -> bool:
    return (
        (key[0], *key[3:]) == (wanted[0], *wanted[3:])
        and wanted[2] in ("*", key[2])
        and (key[1].startswith(wanted[1][:-1]) if wanted[1].endswith("*") else key[1] == wanted[1])
    )


def _hint(text: str, known: Iterable[str]) -> str:
    return f"; {hint}" if (hint := did_you_mean(text, known)) else ""


def _called(cells: Mapping[str, str]) -> str:
    return f"{cells['service']} {cells['item']} in {cells['region']}, {cells['purchase'] or 'on_demand'}"


def _near(cells: Mapping[str, str], known: Mapping[Row, object]) -> str:
    for at, name in enumerate(("service", "item", "region")):
        values = {key[at] for key in known if all(key[i] == cells[n] for i, n in enumerate(("service", "item")[:at]))}
        if cells[name] not in values and (hint := did_you_mean(cells[name], values)):
            return f"; {hint}"
    return ""


def _with(snapshot: Snapshot, tables: Mapping[str, Sequence[Row]], told: Mapping[str, str]) -> Snapshot:
    known = snapshot.manifest["files"]
    assert isinstance(known, dict)
    files = dict(known)
    for name, rows in tables.items():
        body = io.StringIO()
        csv.writer(body, lineterminator="\n").writerows([COLUMNS[f"{name}.csv"], *rows])
        digest = hashlib.sha256(body.getvalue().encode()).hexdigest()
        files[f"{name}.csv"] = {"rows": len(rows), "sha256": digest}
    manifest = {**snapshot.manifest, "files": files, "own_prices": told}
    return replace(snapshot, manifest=manifest, tables={**snapshot.tables, **tables})
