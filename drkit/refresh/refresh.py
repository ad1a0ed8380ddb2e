"""A new snapshot from AWS's price lists: read, lay over an older one, write whole or not at all, say what changed."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from drkit.errors import ParameterError, RefreshError, SnapshotError
from drkit.facts import cache as store
from drkit.facts import snapshot
from drkit.facts import snapshot_diff as changes
from drkit.refresh import merge
from drkit.refresh import recipe as recipes
from drkit.words import count, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Protocol

    from drkit.facts.snapshot import Snapshot
    from drkit.refresh.bulk import Listed, Provenance
    from drkit.refresh.mapping import Extract, Found

    class PriceSource(Protocol):
        """A place prices are read from: the bulk files or the Price List Query API."""

        def listing(self, offers: Iterable[str], regions: Sequence[str]) -> tuple[list[Listed], list[str]]:
            """What there is to read, and what AWS does not list."""

        def read(self, file: Listed) -> tuple[Extract, Provenance]:
            """What the recipe keeps of one offer in one region."""

        def plans(
            self, regions: Sequence[str], products: Mapping[str, Found], offers: Iterable[str]
        ) -> Iterable[tuple[Extract, Provenance]]:
            """Discounted prices of the Savings Plans."""

        def regions(self) -> set[str]:
            """Regions that AWS lists."""


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did.

    Parameters
    ----------
    name, path
        The new snapshot in the user's cache.
    base
        Name or folder of the snapshot it was laid over.
    read
        Price lists that were read.
    changed
        What differs from the snapshot it was laid over.
    notes
        What was new, not understood, ambiguous or not found, each a sentence.
    """

    name: str
    path: Path
    base: str
    read: int
    changed: Sequence[changes.RowChange]
    notes: Sequence[str] = field(default=())


def refresh(
    source: PriceSource,
    regions: Sequence[str] | None = None,
    services: Sequence[str] | None = None,
    base: str | Path | None = None,
    day: str | None = None,
    progress: Callable[[str], None] | None = None,
    support: Callable[[Snapshot, Sequence[str]], Mapping[str, list[merge.Row]]] | None = None,
) -> Refreshed:
    """Write a new snapshot into the user's cache.

    Parameters
    ----------
    source
        Where prices are read from.
    regions
        Region codes; None are those that the base snapshot prices, ``["all"]`` every commercial region it knows.
    services
        drkit's service names or AWS's offer codes; None is all of them.
    base
        The snapshot that the new prices are laid over, as `drkit.facts.cache.find` takes it; None is the last
        refresh, or the embedded one.
    day
        Date of the new snapshot, ISO 8601; today by default.
    progress
        Called with a sentence before each step.
    support
        Gives the tables about support read from AWS, when there are credentials for that.

    Raises
    ------
    SnapshotError
        When a region or service is unknown, or an offer lacks what the recipe needs.
    RefreshError
        When something cannot be fetched or written. Every snapshot is then as it was before.
    """
    say = progress or (lambda _: None)
    recipe = recipes.load()
    offers = recipe.offers(services)
    with store.lock():
        newest = store.latest()
        folder = store.find(base) if base else newest.path if newest else None
        old = snapshot.load(folder)
        if own := old.manifest.get("own_prices"):
            file = own.get("file") if isinstance(own, dict) else own
            raise ParameterError(
                f"{folder} holds your own prices of {file}, which a refresh would mix with AWS's: refresh the snapshot "
                f"it was laid over, then run `drkit catalog overlay {file} --snapshot latest`"
            )
        wanted = _regions(old, regions)
        say(f"asking for the price lists of {count(len(offers), 'offer')} in {count(len(wanted), 'region')}")
        listed, notes = source.listing(offers, wanted)
        fresh = []
        for at, file in enumerate(listed, start=1):
            say(f"[{at}/{len(listed)}] {file.offer} {file.region}".rstrip())
            fresh.append(source.read(file))
        if not any(extract.prices for extract, _ in fresh):
            found = [*notes, *_told(fresh)]
            raise RefreshError(
                f"no price of {', '.join(offers)} was found in {', '.join(wanted)}: no snapshot was written"
                + "".join(f"; {note}" for note in found[:3])
            )
        plans = list(source.plans(wanted, _products(fresh), offers))
        if unheard := sorted(source.regions() - {row[0] for row in old.tables["regions"]}):
            notes.append(f"AWS lists regions that drkit does not know yet: {', '.join(unheard)}; they were left out")
        tables = _tables(old, fresh, plans, {plan.code: plan.purchase for plan in recipe.plans}, notes)
        if support:
            say("asking RDS and ElastiCache what they support")
            sold = {**old.tables, "availability": list(map(tuple, tables["availability.csv"]))}
            asked = dict(support(replace(old, tables=sold), wanted))
            tables["sources.csv"] = [*tables["sources.csv"], *asked.pop("sources.csv")]
            tables |= asked
        today = day or datetime.datetime.now(datetime.UTC).date().isoformat()
        name, path = _write(tables, today, old, [each for _, each in fresh] + [each for _, each in plans])
    new = snapshot.Snapshot(path, {}, {"prices": list(map(tuple, tables["prices.csv"]))})
    changed = changes.between(old, new)
    under = folder.name if folder and folder.parent == store.snapshots_dir() else str(folder or store.EMBEDDED)
    return Refreshed(name, path, under, len(listed) + len(plans), changed, notes)


def _regions(old: Snapshot, asked: Sequence[str] | None) -> list[str]:
    commercial = {row["region"] for row in old.records("regions") if row["region_type"] == "commercial"}
    if asked is None:
        return sorted({row[2] for row in old.tables["prices"] if row[1] == "nat_gateway/hour"})
    if list(asked) == ["all"]:
        return sorted(commercial)
    if not asked:
        raise SnapshotError("no region is named: write codes such as us-east-1,eu-west-1, or all")
    for code in asked:
        if code == "all":
            raise SnapshotError("'all' stands for every region: name it alone, or name regions")
        if code not in commercial:
            hint = did_you_mean(code, commercial, count=3) or f"known are {', '.join(sorted(commercial))}"
            raise SnapshotError(f"{code!r} is no commercial region of the snapshot; {hint}")
    return sorted(set(asked))


def _products(fresh: Iterable[tuple[Extract, Provenance]]) -> dict[str, Found]:
    return {
        price.sku.split(".")[0]: price
        for extract, _ in fresh
        for price in extract.prices
        if price.key.purchase == "on_demand" and not price.tier_from and not price.tier_to
    }


def _tables(
    old: Snapshot,
    fresh: Sequence[tuple[Extract, Provenance]],
    plans: Sequence[tuple[Extract, Provenance]],
    purchases: Mapping[str, str],
    notes: list[str],
) -> dict[str, Iterable[Sequence[str]]]:
    plans_read = {(purchases[each.offer], each.region) for _, each in plans}
    prices, stale = merge.prices(old, [(extract.prices, each) for extract, each in (*fresh, *plans)], plans_read)
    availability = merge.availability(old, fresh)
    classes, new = merge.classes(old, fresh)
    notes += _told([*fresh, *plans])
    notes += (
        f"{extract.offer} {extract.region}".rstrip() + ": no price was taken of it; what was known stays"
        for extract, _ in fresh
        if not extract.prices
    )
    if new:
        notes.append(f"classes that were not known before: {', '.join(new)}")
    notes += stale
    notes += _left_out(fresh)
    tables: dict[str, Iterable[Sequence[str]]] = {f"{name}.csv": rows for name, rows in old.tables.items()}
    read = [each for _, each in (*fresh, *plans)]
    sources = merge.sources(old, [*prices, *(_as_price(row) for row in availability)], read)
    return tables | {
        "prices.csv": prices,
        "availability.csv": availability,
        "classes.csv": classes,
        "sources.csv": sources,
    }


def _told(read: Sequence[tuple[Extract, Provenance]]) -> Iterator[str]:
    """What was new, not understood or ambiguous in each file, in sentences."""
    for extract, _ in read:
        where = f"{extract.offer} {extract.region}".rstrip()
        yield from (f"{where}: {what} is not understood and was left out" for what in extract.not_understood)
        yield from (f"{where}: {what}; none was taken" for what in extract.ambiguous)
        if extract.new_attributes:
            told = ", ".join(extract.new_attributes)
            yield f"{where}: products have attributes that were not known before ({told}); no price reads them"


def _left_out(fresh: Sequence[tuple[Extract, Provenance]]) -> Iterator[str]:
    """One sentence for each offer: how many of its products were left out, and why."""
    counts: dict[str, Counter[str]] = {}
    for extract, _ in fresh:
        counts.setdefault(extract.offer, Counter()).update(extract.left_out)
    for offer, reasons in counts.items():
        if reasons:
            told = ", ".join(f"{number:,} {reason}" for reason, number in reasons.most_common())
            yield f"{offer}: left out by the recipe: {told}"


def _as_price(row: Sequence[str]) -> merge.Row:
    # Availability rows name their source in the last place but one, as price rows do.
    at = snapshot.COLUMNS["prices.csv"].index("source")
    return ("",) * at + (row[-2],)


def _write(
    tables: Mapping[str, Iterable[Sequence[str]]], day: str, old: Snapshot, read: Sequence[Provenance]
) -> tuple[str, Path]:
    made = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    offers = [{name: value for name, value in asdict(each).items() if name != "etag"} for each in read]
    # Prices that stay keep the file they came from.
    used = {row[at] for name, at in _SOURCES.items() for row in map(tuple, tables[name])}
    fresh = {_read(offer) for offer in offers}
    offers += [
        dict(offer)
        for offer in old.offers
        if _read(offer) not in fresh and f"{offer['offer']}-{offer['version']}" in used
    ]
    told = {"made": made, "base": _called(old), "offers": offers}
    return write_to_cache(tables, day, told)


#: Where tables of prices and of what is sold name the source of a row.
_SOURCES = {name: snapshot.COLUMNS[name].index("source") for name in ("prices.csv", "availability.csv", "classes.csv")}


def _read(offer: Mapping[str, str]) -> tuple[str, str, str]:
    return offer["offer"], offer["region"], offer["version"]


def write_to_cache(
    tables: Mapping[str, Iterable[Sequence[str]]], day: str, told: Mapping[str, object]
) -> tuple[str, Path]:
    """Write a snapshot into the user's cache under its date and a digest of what it holds and where it is from.

    The same from the same files again stays as it was, but for the time it was made.

    Raises
    ------
    RefreshError
        When there is no space, or the folder cannot be written. Nothing half-written is left.
    """
    beside = store.snapshots_dir() / ".new"
    try:
        snapshot.write(beside, day, tables, told)
        manifest = snapshot.read_manifest(beside)
        origin = json.dumps([manifest.get("offers"), manifest.get("own_prices")], sort_keys=True)
        name = f"{day}-{hashlib.sha256(f'{snapshot.digest_of(manifest)} {origin}'.encode()).hexdigest()[:8]}"
        path = store.snapshots_dir() / name
        with suppress(SnapshotError):  # one that cannot be read, or is not there, says nothing
            snapshot.write(beside, day, tables, {**told, "base": snapshot.read_manifest(path).get("base", "")})
        snapshot.swap(beside, path)
    except OSError as error:
        raise RefreshError(
            f"cannot write the snapshot to {store.snapshots_dir()} ({error.strerror or error}): "
            "free space or set DRKIT_CACHE; every snapshot is as it was"
        ) from error
    return name, path


def _called(old: Snapshot) -> str:
    return f"{old.date}, {old.digest[:12]}"
