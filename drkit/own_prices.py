"""One's own prices, negotiated or expected, laid over a snapshot and marked ``observed:user``.

A CSV with the columns ``service,item,region`` and ``usd`` or ``percent``; further columns are those of a price row.
``percent`` changes what the snapshot knows (-12.5 is an eighth off); a percentage of a derived price stays derived. An
item that ends in ``*`` and the region ``*`` stand for all that match.
"""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from drkit.errors import PriceError
from drkit.snapshot import COLUMNS
from drkit.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from drkit.snapshot import Snapshot

BASIS = "observed:user"

_COLUMNS = COLUMNS["prices.csv"]
_ALLOWED = {*_COLUMNS, "percent"} - {"basis", "sku"}

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
        given = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except OSError as error:
        raise PriceError(f"cannot read {file} ({error.strerror}): name a CSV of your own prices") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise PriceError(f"{file} is no CSV in UTF-8 ({error}): save it so") from error
    known: dict[Row, list[Row]] = {}
    for row in snapshot.tables["prices"]:
        known.setdefault((*row[:4], row[8]), []).append(row)
    fresh: dict[Row, list[Row]] = {}
    problems: list[str] = []
    if given and (extra := sorted(set(filter(None, given[0])) - _ALLOWED)):
        near = did_you_mean(extra[0], _ALLOWED)
        raise PriceError(f"{file} has a column {extra[0]!r}; {near or 'allowed are ' + ', '.join(sorted(_ALLOWED))}")
    for line, own in enumerate(given, start=2):
        try:
            for key, row in _rows(own, known, file.name, day):
                _add(fresh.setdefault(key, []), row)
        except PriceError as error:
            problems.append(f"line {line}: {error}")
    if problems:
        raise PriceError(f"{file} has {len(problems)} wrong rows:\n  " + "\n  ".join(problems))
    own_rows = [row for rows in fresh.values() for row in rows]
    prices = sorted([*(row for key, rows in known.items() if key not in fresh for row in rows), *own_rows])
    digest = hashlib.sha256(content).hexdigest()
    named = {row[_COLUMNS.index("source")] for row in own_rows}
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
    from drkit import store
    from drkit.refresh import write_to_cache

    laid = lay_over(snapshot, path)
    told = {name: value for name, value in laid.manifest.items() if name not in ("files", "schema", "snapshot")}
    told |= {"made": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")}
    told |= {"base": f"{snapshot.date}, {snapshot.digest[:12]}"}
    with store.lock():
        return write_to_cache({f"{name}.csv": rows for name, rows in laid.tables.items()}, laid.date, told)


def _rows(
    own: Mapping[str, str], known: Mapping[Row, Sequence[Row]], source: str, day: str
) -> Iterator[tuple[Row, Row]]:
    cells = {name: (own.get(name) or "").strip() for name in _ALLOWED}
    for name in ("service", "item", "region"):
        if not cells[name]:
            raise PriceError(f"{name} is empty: name the {name} as `drkit prices show` prints it")
    if bool(cells["usd"]) == bool(cells["percent"]):
        raise PriceError("give usd or percent, one of them")
    figure = _number(cells["usd"] or cells["percent"], "usd" if cells["usd"] else "percent")
    if (cells["usd"] and figure < 0) or (cells["percent"] and figure <= -100):
        raise PriceError(f"{figure:g} makes a price below zero: correct it")
    purchase = cells["purchase"] or "on_demand"
    told = {"as_of": cells["as_of"] or day, "source": cells["source"] or source, "basis": BASIS, "sku": ""}
    key = (cells["service"], cells["item"], cells["region"], cells["to_region"], purchase)
    if cells["percent"] or "*" in cells["region"] + cells["item"]:
        if not (matching := [other for other in ([key] if key in known else known) if _fits(other, key)]):
            raise PriceError(f"{_called(cells)} matches no price of the snapshot{_near(cells, known)}")
        for other in matching:
            for row in known[other]:
                usd = float(row[5]) * (1 + figure / 100) if cells["percent"] else figure
                basis = _basis(row[12]) if cells["percent"] else BASIS
                yield other, _changed(row, usd=f"{round(usd, 12):.12g}", **{**told, "basis": basis})
        return
    unit = cells["unit"] or next((row[4] for row in known.get(key, ())), "")
    if not unit:
        raise PriceError(f"{_called(cells)} is not in the snapshot: give its unit too{_near(cells, known)}")
    if key in known and unit != known[key][0][4]:
        raise PriceError(f"{_called(cells)} is priced per {known[key][0][4]}, not per {unit}: convert the price")
    for bound in ("tier_from", "tier_to"):
        if cells[bound]:
            _number(cells[bound], bound)
    yield key, tuple({**cells, "unit": unit, "purchase": purchase, **told}[name] for name in _COLUMNS)


def _basis(known: str) -> str:
    """A part of a price that nobody has observed is not observed either."""
    kind, _, rule = known.partition(":")
    return BASIS if kind == "observed" else f"{kind}:user_percent_of({rule})"


def _add(rows: list[Row], row: Row) -> None:
    # A later row of the file for the same tier takes the place of an earlier one: first all classes, then one.
    rows[:] = [other for other in rows if other[6] != row[6]]
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
