"""A new snapshot from AWS's price lists: read, lay over an older one, write whole or not at all, say what changed."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from drkit.errors import ParameterError, RefreshError, SnapshotError
from drkit.facts import cache, snapshot, snapshot_diff
from drkit.refresh import merge
from drkit.refresh import recipe as recipes
from drkit.words import count, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Protocol

    from drkit.facts.snapshot import Snapshot
    from drkit.refresh.bulk import Listed, Provenance
    from drkit.refresh.mapping import Extract, OfferPrice

    class PriceSource(Protocol):
        """A place prices are read from: the bulk files or the Price List Query API."""

        def listing(self, offers: Iterable[str], regions: Sequence[str]) -> tuple[list[Listed], list[str]]:
            """What there is to read, and what AWS does not list."""

        def read(self, file: Listed) -> tuple[Extract, Provenance]:
            """What the recipe keeps of one offer in one region."""

        def plans(
            self, regions: Sequence[str], products: Mapping[str, OfferPrice], offers: Iterable[str]
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
    changed: Sequence[snapshot_diff.RowChange]
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
    with cache.lock():
        newest = cache.latest()
        folder = cache.find(base) if base else newest.path if newest else None
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
            reasons = [*notes, *_notes(fresh)]
            raise RefreshError(
                f"no price of {', '.join(offers)} was found in {', '.join(wanted)}: no snapshot was written"
                + "".join(f"; {note}" for note in reasons[:3])
            )
        plans = list(source.plans(wanted, _products(fresh), offers))
        if unheard := sorted(source.regions() - {known["region"] for known in old.records("regions")}):
            notes.append(f"AWS lists regions that drkit does not know yet: {', '.join(unheard)}; they were left out")
        tables = _tables(old, fresh, plans, {plan.code: plan.purchase for plan in recipe.plans}, notes)
        if support:
            say("asking RDS and ElastiCache what they support")
            sold = {**old.tables, "availability": tables["availability.csv"]}
            answers = dict(support(replace(old, tables=sold), wanted))
            tables["sources.csv"] = [*tables["sources.csv"], *answers.pop("sources.csv")]
            tables |= answers
        today = day or datetime.datetime.now(datetime.UTC).date().isoformat()
        name, path = _write(tables, today, old, [each for _, each in fresh] + [each for _, each in plans])
    new = snapshot.Snapshot(path, {}, {"prices": tables["prices.csv"]})
    changed = snapshot_diff.between(old, new)
    under = folder.name if folder and folder.parent == cache.snapshots_dir() else str(folder or cache.EMBEDDED)
    return Refreshed(name, path, under, len(listed) + len(plans), changed, notes)


def _regions(old: Snapshot, asked: Sequence[str] | None) -> list[str]:
    commercial = {row["region"] for row in old.records("regions") if row["region_type"] == "commercial"}
    if asked is None:
        return sorted({row.region for row in old.prices if row.item == "nat_gateway/hour"})
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


def _products(fresh: Iterable[tuple[Extract, Provenance]]) -> dict[str, OfferPrice]:
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
) -> dict[str, Sequence[merge.Row]]:
    plans_read = {(purchases[each.offer], each.region) for _, each in plans}
    prices, stale = merge.prices(old, [(extract.prices, each) for extract, each in (*fresh, *plans)], plans_read)
    availability = merge.availability(old, fresh)
    classes, new = merge.classes(old, fresh)
    notes += _notes([*fresh, *plans])
    notes += (
        f"{extract.offer} {extract.region}".rstrip() + ": no price was taken of it; what was known stays"
        for extract, _ in fresh
        if not extract.prices
    )
    if new:
        notes.append(f"classes that were not known before: {', '.join(new)}")
    notes += stale
    notes += _left_out(fresh)
    read = [each for _, each in (*fresh, *plans)]
    used = {row.source for row in prices} | merge.named_sources("availability.csv", availability)
    return {f"{name}.csv": rows for name, rows in old.tables.items()} | {
        "prices.csv": prices,
        "availability.csv": availability,
        "classes.csv": classes,
        "sources.csv": merge.sources(old, used, read),
    }


def _notes(read: Sequence[tuple[Extract, Provenance]]) -> Iterator[str]:
    """What was new, not understood or ambiguous in each file, in sentences."""
    for extract, _ in read:
        where = f"{extract.offer} {extract.region}".rstrip()
        yield from (f"{where}: {what} is not understood and was left out" for what in extract.not_understood)
        yield from (f"{where}: {what}; none was taken" for what in extract.ambiguous)
        if extract.new_attributes:
            names = ", ".join(extract.new_attributes)
            yield f"{where}: products have attributes that were not known before ({names}); no price reads them"


def _left_out(fresh: Sequence[tuple[Extract, Provenance]]) -> Iterator[str]:
    """One sentence for each offer: how many of its products were left out, and why."""
    counts: dict[str, Counter[str]] = {}
    for extract, _ in fresh:
        counts.setdefault(extract.offer, Counter()).update(extract.left_out)
    for offer, reasons in counts.items():
        if reasons:
            numbers = ", ".join(f"{number:,} {reason}" for reason, number in reasons.most_common())
            yield f"{offer}: left out by the recipe: {numbers}"


def _write(
    tables: Mapping[str, Sequence[merge.Row]], day: str, old: Snapshot, read: Sequence[Provenance]
) -> tuple[str, Path]:
    offers = [{name: value for name, value in asdict(each).items() if name != "etag"} for each in read]
    # Prices that stay keep the file they came from.
    tables_with_sources = ("prices.csv", "availability.csv", "classes.csv")
    used = set().union(*(merge.named_sources(name, tables[name]) for name in tables_with_sources))
    fresh = {_identity(offer) for offer in offers}
    offers += [
        dict(offer)
        for offer in old.offers
        if _identity(offer) not in fresh and f"{offer['offer']}-{offer['version']}" in used
    ]
    return cache.add(tables, day, {"base": f"{old.date}, {old.digest[:12]}", "offers": offers})


def _identity(offer: Mapping[str, str]) -> tuple[str, str, str]:
    return offer["offer"], offer["region"], offer["version"]
