"""Build the embedded snapshot from a folder of collected facts.

To run it: ``make data FACTS=folder``. It reads price, availability, region, latency, support, recovery-step and
outage facts with their sources, and writes ``data/snapshot/`` in drkit's own format. Running it again on the same
facts writes the same bytes. Specifications of classes (vCPU, memory) are read from the instance types that the
``moto`` package ships, which are AWS's own answers.
"""

from __future__ import annotations

import gzip
import importlib.metadata
import importlib.util
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drkit.errors import SnapshotError
from drkit.facts import snapshot
from drkit.facts.snapshot import PriceRow
from drkit.files.bundled import data_dir
from tools import outages, rules
from tools.files import read_csv, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drkit.facts.snapshot import PriceKey

Row = tuple[str, ...]

#: Items observed in some regions only, at one price wherever seen. The rest of the priced regions take that price
#: as a named proxy, which every bill, table and report marks.
FLAT_PROXIES = (
    ("AmazonCloudWatch", "alarm/standard"),
    ("AmazonElastiCache", "backup"),
    ("AmazonS3", "batch_operations/job"),
    ("AmazonS3", "batch_operations/object"),
)

#: Aurora's x2g classes are named after the EC2 x2gd family.
_EC2_FAMILY = {"x2g": "x2gd"}

_SERVICES = {"AmazonRDS": "aurora", "AmazonElastiCache": "elasticache"}


def build(facts: Path, target: Path) -> None:
    """Write a snapshot from a facts folder.

    Parameters
    ----------
    facts
        Folder with ``prices/*.csv``, ``support_rules.json``, ``aurora_gdb_regions.csv``, ``rto_steps.csv``,
        ``outage_history.csv`` and ``outage_calibration.json``.
    target
        Snapshot folder to write, whole or not at all.

    Raises
    ------
    SnapshotError
        When a fact file is missing, or a figure is not one (a zero price, two rows for one lookup).
    """
    known = read_json(facts / "support_rules.json")
    prices = list(_prices(facts / "prices"))
    sold = read_csv(facts / "prices" / "class_availability.csv")
    snapshot.write(
        target,
        str(known["as_of"]),
        {
            "prices.csv": prices,
            "availability.csv": map(_availability, sold),
            "classes.csv": _classes({fact["class"] for fact in sold} | _priced_classes(prices)),
            "regions.csv": _regions(facts / "prices"),
            "latency.csv": _latency(facts / "prices"),
            "support_rules.csv": rules.support_rules(known),
            "support_regions.csv": rules.support_regions(facts, known),
            "recovery_steps.csv": rules.recovery_steps(facts, str(known["as_of"])),
            "disruption_rates.csv": rules.disruption_rates(facts, str(known["as_of"])),
            "outages.csv": rules.outages(facts, str(known["as_of"])),
            "sources.csv": _sources(
                facts / "prices" / "SOURCES.md", {row.source for row in prices} | {fact["source"] for fact in sold}
            ),
        },
    )


def _prices(folder: Path) -> Iterator[PriceRow]:
    files = [path for path in sorted(folder.glob("*.csv")) if "usd" in path.read_text().split("\n", 1)[0].split(",")]
    if not files:
        raise SnapshotError(f"{folder} holds no price files: name the folder that holds the facts")
    rows: dict[tuple[PriceKey, str], PriceRow] = {}
    seen: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for fact in (fact for path in files for fact in read_csv(path)):
        row = _price(fact, fact["region"], fact["basis"])
        named = (*row.key, row.tier_from)
        if (row.key, row.tier_from) in rows:
            raise SnapshotError(f"two price rows for {named}: one lookup must match one row")
        if not float(row.usd) > 0 and row.item != "internet_egress":
            raise SnapshotError(f"the price of {named} is {row.usd}: a price is above zero")
        rows[row.key, row.tier_from] = row
        if (fact["service"], fact["item"]) in FLAT_PROXIES:
            seen.setdefault((fact["service"], fact["item"]), {})[fact["region"]] = fact
    yield from rows.values()
    priced = sorted({row.region for row in rows.values() if row.item == "nat_gateway/hour"})
    for service_item, facts in seen.items():
        values = {fact["usd"] for fact in facts.values()}
        if len(values) != 1:
            raise SnapshotError(f"{service_item} has {sorted(values)} in {sorted(facts)}: a flat proxy needs one price")
        basis = f"proxy:flat_in_all_regions_seen({len(facts)} of {len(facts)})"
        for region in priced:
            if region not in facts:
                yield _price(next(iter(facts.values())), region, basis)


def _price(fact: dict[str, str], region: str, basis: str) -> PriceRow:
    # A proxy keeps source and date of what it was taken from, but not a SKU that belongs to another region.
    sku = fact["sku_or_usage_type"] if region == fact["region"] else ""
    cells = {**fact, "region": region, "sku": sku, "basis": basis}
    return PriceRow._make(cells[name] for name in PriceRow._fields)


def _availability(fact: dict[str, str]) -> Row:
    names = ("engine", "region", "class", "as_of", "source")
    return (_SERVICES[fact["service"]], *(fact[name] for name in names), "observed")


def _priced_classes(prices: Iterable[PriceRow]) -> set[str]:
    return {row.item.split("/")[2] for row in prices if row.item.startswith(("instance/", "node/"))}


def _moto() -> str:
    return f"moto-{importlib.metadata.version('moto')}"


def _classes(names: set[str]) -> Iterator[Row]:
    spec = importlib.util.find_spec("moto")
    if spec is None or spec.origin is None:
        raise SnapshotError("class specifications are read from moto: pip install 'drkit[dev]'")
    packed = (Path(spec.origin).parent / "ec2/resources/instance_types.json.gz").read_bytes()
    types: Any = json.loads(gzip.decompress(packed))
    if isinstance(types, list):
        types = {entry["InstanceType"]: entry for entry in types}
    source = _moto()
    for name in sorted(names):
        prefix, _, size = name.partition(".")
        if name == "db.serverless":
            continue
        family, _, rest = size.partition(".")
        ec2 = types.get(f"{_EC2_FAMILY.get(family, family)}.{rest}")
        if ec2 is None:
            raise SnapshotError(f"no EC2 type has the size of {name}: add its family to _EC2_FAMILY")
        yield (
            "aurora" if prefix == "db" else "elasticache",
            name,
            str(ec2["VCpuInfo"]["DefaultVCpus"]),
            f"{ec2['MemoryInfo']['SizeInMiB'] / 1024:g}",
            "arm64" if "arm64" in ec2["ProcessorInfo"]["SupportedArchitectures"] else "x86_64",
            "true" if ec2.get("BurstablePerformanceSupported") else "false",
            "2026",
            source,
            "derived:ec2_type_of_that_name" if family not in _EC2_FAMILY else f"derived:ec2_{_EC2_FAMILY[family]}",
        )


def _regions(folder: Path) -> Iterator[Row]:
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

    names = ("code", "name", "city", "country", "country_code", "continent", "lat", "lon")
    for fact in read_csv(folder / "regions.csv"):
        zones = RegionsAndZonesBackend.zones.get(fact["code"], [])
        yield (
            *(fact[name] for name in names),
            " ".join(sorted(zone.name for zone in zones)),
            fact["opt_in"],
            fact["region_type"],
            fact["as_of"],
            f"{fact['source']}; zones {_moto()}",
            "observed",
        )


def _latency(folder: Path) -> Iterator[Row]:
    for fact in read_csv(folder / "latency_ms.csv"):
        if fact["from_region"] != "from_region":  # the facts hold their header twice
            row = (
                fact["from_region"],
                fact["to_region"],
                fact["p50_ms"],
                fact["as_of"],
                fact["source"],
                "observed",
            )
            yield row


def _sources(path: Path, used: set[str]) -> Iterator[Row]:
    """Version, date, licence and trust of every source id that a row names, from the table of the facts."""
    if not path.is_file():
        raise SnapshotError(f"cannot read {path}: name the folder that holds the facts")
    described: dict[str, Row] = {}
    for line in path.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 6 or cells[0] in ("id", "---"):
            continue
        ids, _, repository, date, licence, trust = cells
        named = repository if re.match(r"[\w.-]+/[\w.-]+ |PyPI ", repository + " ") else "public copy"
        version = re.sub(r"[`()]|public copy", "", named).strip(" ,;") or "public copy"
        for name in _source_ids(ids):
            described[name] = (name, version, date, licence.split(" (")[0], re.split(r"[ ,;]", trust)[0])
    if unknown := sorted(used - set(described)):
        raise SnapshotError(f"{path.name} does not describe the sources {', '.join(unknown)}: add them")
    yield from (described[name] for name in sorted(used))


def _source_ids(cell: str) -> Iterator[str]:
    # "calc-2025-ecs, -nat" names calc-2025-ecs and calc-2025-nat; "skyplane (infracost+skyplane)" the latter.
    if alias := re.search(r"\((.+)\)", cell):
        cell = alias.group(1)
    first = cell.split(",")[0]
    for name in (part.strip() for part in cell.split(",")):
        yield first.rsplit("-", 1)[0] + name if name.startswith("-") else name


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("facts", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Snapshot folder to write; drkit's own by default.")
def main(facts: Path, out: Path | None) -> None:
    """Build the embedded snapshot from the folder FACTS."""
    target = out if out is not None else data_dir() / "snapshot"
    try:
        build(facts, target)
        outages.write_history(facts, target.parent / "history")
    except SnapshotError as error:
        raise click.UsageError(str(error)) from error
    built = snapshot.load(target)
    for name, rows in built.tables.items():
        click.echo(f"{len(rows):6}  {name}")
    click.echo(f"snapshot {built.date}, {built.digest[:12]}, in {target}")


if __name__ == "__main__":
    main()
