"""Write, check and load a dated snapshot of the catalog.

A snapshot is a folder of CSV files and a ``manifest.json`` that holds the schema version, the snapshot's date,
and for every file its rows and SHA-256. One snapshot is embedded in drkit; loading refuses a file that does not
match its manifest, so a truncated or hand-edited price never reaches a bill.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import dataclass
from functools import cached_property
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from drkit.errors import SnapshotError
from drkit.files.bundled import data_dir
from drkit.files.staging import folder_beside, replace_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

SCHEMA = 1
MANIFEST = "manifest.json"


class PriceKey(NamedTuple):
    """What one price is for; a price in tiers has several rows with the same key."""

    service: str
    item: str
    region: str
    to_region: str
    purchase: str


class PriceRow(NamedTuple):
    """A row of ``prices.csv``, each cell as text.

    ``usd`` is the price [USD/unit]; ``tier_from`` and ``tier_to`` bound the quantities it holds for [unit], empty
    where there is no bound. `drkit.facts.prices.Price` is the same in numbers.
    """

    service: str
    item: str
    region: str
    to_region: str
    unit: str
    usd: str
    tier_from: str
    tier_to: str
    purchase: str
    sku: str
    as_of: str
    source: str
    basis: str

    @property
    def key(self) -> PriceKey:
        """What the price is for."""
        return PriceKey(self.service, self.item, self.region, self.to_region, self.purchase)


COLUMNS: dict[str, tuple[str, ...]] = {
    "prices.csv": PriceRow._fields,
    "availability.csv": ("service", "engine", "region", "class", "as_of", "source", "basis"),
    "classes.csv": (
        "service",
        "class",
        "vcpu",
        "memory_gib",
        "architecture",
        "burstable",
        "as_of",
        "source",
        "basis",
    ),
    "regions.csv": (
        "region",
        "name",
        "city",
        "country",
        "country_code",
        "continent",
        "lat",
        "lon",
        "zone_names",
        "opt_in",
        "region_type",
        "as_of",
        "source",
        "basis",
    ),
    "latency.csv": ("from_region", "to_region", "p50_ms", "as_of", "source", "basis"),
    "support_rules.csv": ("service", "engine", "rule", "value", "as_of", "source", "basis"),
    "support_regions.csv": ("service", "engine", "region", "supported", "floor", "as_of", "source", "basis"),
    "recovery_steps.csv": (
        "step",
        "low_s",
        "typical_s",
        "high_s",
        "distribution",
        "what",
        "as_of",
        "source",
        "basis",
    ),
    "disruption_rates.csv": (
        "disruption",
        "region_group",
        "events",
        "region_years",
        "low_per_year",
        "typical_per_year",
        "high_per_year",
        "as_of",
        "source",
        "basis",
    ),
    "outages.csv": (
        "id",
        "date",
        "region",
        "scope",
        "duration_h",
        "region_event",
        "as_of",
        "source",
        "basis",
    ),
    "sources.csv": ("id", "version", "data_date", "licence", "trust"),
}


@dataclass(frozen=True)
class Snapshot:
    """A checked snapshot: where it lies, its manifest, and its tables as rows of strings.

    Parameters
    ----------
    path
        The folder the snapshot was read from.
    manifest
        The manifest as read: ``schema``, ``snapshot`` (a date), ``files``.
    tables
        File name without ``.csv`` to its rows, each row a tuple in the order of :data:`COLUMNS`.
    """

    path: Path
    manifest: Mapping[str, object]
    tables: Mapping[str, Sequence[tuple[str, ...]]]

    def __repr__(self) -> str:
        rows = sum(len(table) for table in self.tables.values())
        return f"Snapshot({self.date}, {self.digest[:12]}, {rows:,} rows in {self.path})"

    @property
    def date(self) -> str:
        """The day this snapshot was put together, ISO 8601."""
        return str(self.manifest["snapshot"])

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest's file hashes: one figure that names the whole snapshot."""
        return digest_of(self.manifest)

    @property
    def offers(self) -> Sequence[Mapping[str, str]]:
        """The offers of AWS that were read for it: code, region, version, publication date, URL and SHA-256."""
        offers = self.manifest.get("offers", [])
        assert isinstance(offers, list)
        return offers

    @cached_property
    def prices(self) -> Sequence[PriceRow]:
        """Rows of the table of prices, in its order."""
        return [row if isinstance(row, PriceRow) else PriceRow._make(row) for row in self.tables["prices"]]

    def records(self, table: str) -> list[dict[str, str]]:
        """Rows of one table as dictionaries, for the small tables; `prices` has those of the large one."""
        columns = COLUMNS[f"{table}.csv"]
        return [dict(zip(columns, row, strict=True)) for row in self.tables[table]]


def digest_of(manifest: Mapping[str, object]) -> str:
    """SHA-256 of a manifest's file hashes."""
    files = manifest["files"]
    assert isinstance(files, dict)
    joined = "".join(f"{name}:{files[name]['sha256']}\n" for name in sorted(files))
    return hashlib.sha256(joined.encode()).hexdigest()


def table_bytes(name: str, rows: Iterable[Sequence[str]]) -> bytes:
    """Content of the file of a table, a key of `COLUMNS`, with its header."""
    body = io.StringIO()
    csv.writer(body, lineterminator="\n").writerows([COLUMNS[name], *rows])
    return body.getvalue().encode()


def listed(rows: Sequence[object], content: bytes) -> dict[str, object]:
    """What a manifest lists of a file with these rows and this content."""
    return {"rows": len(rows), "sha256": hashlib.sha256(content).hexdigest()}


def write(
    path: Path,
    date: str,
    tables: Mapping[str, Iterable[Sequence[str]]],
    extras: Mapping[str, object] | None = None,
) -> None:
    """Write a snapshot folder whole: beside its place first, then renamed.

    Parameters
    ----------
    path
        Folder to create or replace. What was there stays until the new one is complete.
    date
        The snapshot's date, ISO 8601.
    tables
        File name (a key of :data:`COLUMNS`) to rows of strings. Rows are sorted, so equal facts give equal bytes.
    extras
        What else the manifest holds, such as the offers that were read.

    Raises
    ------
    SnapshotError
        When a table is missing or a row has the wrong number of columns.
    """
    with folder_beside(path.parent, f".{path.name}-") as folder:
        write_manifest(folder, {**(extras or {}), "snapshot": date, "files": write_tables(folder, tables)})
        replace_folder(path, folder)


def write_tables(folder: Path, tables: Mapping[str, Iterable[Sequence[str]]]) -> dict[str, dict[str, object]]:
    """Write the tables of a snapshot into a new folder; return what its manifest lists of them. See `write`."""
    if missing := sorted(set(COLUMNS) - set(tables)):
        raise SnapshotError(f"the snapshot lacks {', '.join(missing)}: every table of COLUMNS must be written")
    files: dict[str, dict[str, object]] = {}
    for name, columns in COLUMNS.items():
        rows = sorted(map(tuple, tables[name]))
        for row in rows:
            if len(row) != len(columns):
                raise SnapshotError(f"{name}: {row!r} has {len(row)} columns, {len(columns)} are needed")
        content = table_bytes(name, rows)
        (folder / name).write_bytes(content)
        files[name] = listed(rows, content)
    return files


def write_manifest(folder: Path, manifest: Mapping[str, object]) -> None:
    """Write the manifest of a new snapshot, after its tables."""
    text = json.dumps({**manifest, "schema": SCHEMA}, indent=2, sort_keys=True)
    (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8")


def load(path: Path | None = None) -> Snapshot:
    """Read a snapshot and refuse it when any file is not what its manifest says.

    Parameters
    ----------
    path
        A snapshot folder; None is the snapshot embedded in drkit.

    Raises
    ------
    SnapshotError
        When the folder, the manifest or a file is missing, damaged, or of another schema.
    """
    folder = path if path is not None else data_dir() / "snapshot"
    manifest = read_manifest(folder)
    tables: dict[str, Sequence[tuple[str, ...]]] = {}
    for name, columns in COLUMNS.items():
        listing = manifest["files"].get(name)
        if listing is None:
            raise SnapshotError(f"{folder / MANIFEST} does not list {name}: {_REMEDY}")
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise SnapshotError(f"cannot read {folder / name} ({error.strerror}): {_REMEDY}") from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != listing["sha256"]:
            raise SnapshotError(
                f"{folder / name} is damaged: its SHA-256 is {digest[:12]}…, "
                f"the manifest says {str(listing['sha256'])[:12]}…: {_REMEDY}"
            )
        # Most cells repeat: each text is held once.
        rows = [tuple(map(intern, row)) for row in csv.reader(io.StringIO(content.decode()))]
        if not rows or rows[0] != columns or len(rows) - 1 != listing["rows"]:
            raise SnapshotError(
                f"{folder / name} has {len(rows) - 1} rows with columns {','.join(rows[0] if rows else ())}; "
                f"{listing['rows']} rows with columns {','.join(columns)} are needed: {_REMEDY}"
            )
        if any(len(row) != len(columns) for row in rows):
            raise SnapshotError(f"{folder / name} is damaged: not all its rows have {len(columns)} columns: {_REMEDY}")
        tables[name.removesuffix(".csv")] = rows[1:]
    tables["prices"] = list(map(PriceRow._make, tables["prices"]))
    return Snapshot(folder, manifest, tables)


_REMEDY = "restore the folder (reinstall drkit, or `git checkout data`) before relying on any figure"


def read_manifest(folder: Path) -> dict[str, dict[str, dict[str, object]]]:
    """Read the manifest of a snapshot, without its tables; SnapshotError when it is missing or damaged."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except OSError as error:
        raise SnapshotError(f"no snapshot at {folder}: cannot read {MANIFEST} ({error.strerror})") from error
    except ValueError as error:
        raise SnapshotError(f"{path} is damaged: it is not JSON ({error}): {_REMEDY}") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise SnapshotError(f"{path} is damaged: it lists no files: {_REMEDY}")
    if not isinstance(manifest.get("snapshot"), str):
        raise SnapshotError(f"{path} is damaged: it has no date of the snapshot: {_REMEDY}")
    for name, listing in manifest["files"].items():
        if not isinstance(listing, dict) or not {"rows", "sha256"} <= set(listing):
            raise SnapshotError(f"{path} is damaged: it lists {name} without rows and SHA-256: {_REMEDY}")
    if manifest.get("schema") != SCHEMA:
        raise SnapshotError(
            f"{path} has schema {manifest.get('schema')!r}, this drkit reads schema {SCHEMA}: "
            "use the drkit that wrote it, or another snapshot"
        )
    return manifest
