"""What must hold over the embedded data itself, with the exceptions listed and why."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

import pytest

from drkit.choice.compare import compare_topologies
from drkit.facts.assumptions import Assumptions
from drkit.facts.catalog import Catalog
from drkit.facts.snapshot import COLUMNS
from drkit.facts.support import SERVERLESS
from drkit.files.bundled import data_dir
from drkit.workload import file as workload_file

Rows = Sequence[Mapping[str, str]]

BASIS = re.compile(r"observed(:\w+)?|derived:.+|proxy:.+|assumption")

#: Sizes against large; below it T families alone exist, whose prices are rounded too coarsely to double.
SIZES = {"large": 1.0, "xlarge": 2.0}

#: Families whose large costs more than half of their xlarge: AWS rounded r4 in Paris to whole cents (0.34 and 0.67).
NOT_DOUBLE = {
    (f"instance/{engine}/db.r4/{storage}", "eu-west-3", 1.0)
    for engine in ("aurora-mysql", "aurora-postgresql")
    for storage in ("standard", "io_optimized")
}

REGIONS = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
]


def _table(name: str) -> Rows:
    with (data_dir() / "snapshot" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def prices() -> Rows:
    return _table("prices")


@pytest.fixture(scope="module")
def hourly(prices: Rows) -> Mapping[tuple[str, str], float]:
    return {
        (row["item"], row["region"]): float(row["usd"])
        for row in prices
        if row["purchase"] == "on_demand" and row["item"].startswith(("instance/", "node/", "cluster/"))
    }


def _size(name: str) -> float | None:
    if name in SIZES:
        return SIZES[name]
    found = re.fullmatch(r"(\d+)xlarge", name)
    return 2.0 * int(found.group(1)) if found else None


def _steps(hourly: Mapping[tuple[str, str], float]) -> Iterator[tuple[str, str, float, float, float, float]]:
    families: dict[tuple[str, str], dict[float, float]] = {}
    for (item, region), usd in hourly.items():
        if item.startswith(("instance/", "node/")):
            family, size = item.split("/")[2].rsplit(".", 1)
            if (steps := _size(size)) is not None:
                families.setdefault((item.replace(f".{size}", ""), region), {})[steps] = usd
    for (family, region), by_size in families.items():
        sizes = sorted(by_size)
        for small, large in itertools.pairwise(sizes):
            yield family, region, small, large, by_size[small], by_size[large]


def test_a_class_twice_the_size_costs_twice_as_much(hourly: Mapping[tuple[str, str], float]) -> None:
    odd = {}
    for family, region, small, large, below, above in _steps(hourly):
        factor = large / small
        # Each price is rounded by itself, by 0.8 % at worst (cache.m5 in Tokyo).
        if abs(above - factor * below) > 0.01 * above:
            odd[family, region, small] = (below, above)
    assert set(odd) == NOT_DOUBLE, odd


def test_doubling_was_looked_at_in_thousands_of_steps(hourly: Mapping[tuple[str, str], float]) -> None:
    assert sum(1 for _ in _steps(hourly)) > 3_500


def test_io_optimized_instances_cost_thirty_percent_more(hourly: Mapping[tuple[str, str], float]) -> None:
    pairs = [
        (usd, hourly[item.replace("/standard", "/io_optimized"), region], item, region)
        for (item, region), usd in hourly.items()
        if item.startswith("instance/") and (item.replace("/standard", "/io_optimized"), region) in hourly
        if item.endswith("/standard")
    ]
    assert len(pairs) > 2_000
    for standard, optimized, item, region in pairs:
        assert optimized == pytest.approx(1.30 * standard, abs=0.00151, rel=0.002), (item, region)


def test_io_optimized_storage_and_capacity_cost_more(hourly: Mapping[tuple[str, str], float]) -> None:
    for region in REGIONS:
        for item, low, high in (("cluster/storage", 2.24, 2.26), ("cluster/serverless_v2_acu", 1.29, 1.36)):
            ratio = hourly[f"{item}/io_optimized", region] / hourly[f"{item}/standard", region]
            assert low < ratio < high, (item, region)


def test_valkey_costs_a_fifth_less_than_redis(hourly: Mapping[tuple[str, str], float]) -> None:
    pairs = [
        (usd, hourly[item.replace("valkey", "redis"), region], item, region)
        for (item, region), usd in hourly.items()
        if item.startswith("node/valkey/") and (item.replace("valkey", "redis"), region) in hourly
    ]
    assert len(pairs) > 800
    for valkey, redis, item, region in pairs:
        assert valkey < redis, (item, region)
        assert valkey / redis == pytest.approx(0.8, abs=0.001), (item, region)


def test_no_price_is_zero_but_the_free_egress(prices: Rows) -> None:
    free = [row for row in prices if not float(row["usd"]) > 0]
    assert {(row["service"], row["item"], row["tier_from"], row["tier_to"]) for row in free} == {
        ("AWSDataTransfer", "internet_egress", "0", "100")
    }
    assert sorted(row["region"] for row in free) == REGIONS


def test_every_price_says_unit_date_source_and_basis(prices: Rows) -> None:
    sources = {row["id"] for row in _table("sources")}
    for row in prices:
        assert row["unit"], row
        assert re.fullmatch(r"20\d\d(-\d\d){0,2}", row["as_of"]), row
        assert row["source"] in sources, row
        assert BASIS.fullmatch(row["basis"]), row


def test_one_lookup_can_match_one_row_of_each_tier_only(prices: Rows) -> None:
    keys = [
        tuple(row[name] for name in ("service", "item", "region", "to_region", "purchase", "tier_from"))
        for row in prices
    ]
    assert len(keys) == len(set(keys))


def test_every_priced_tier_begins_at_nothing_and_leaves_no_gap(catalog: Catalog, prices: Rows) -> None:
    for row in prices:
        key = (row["service"], row["item"], row["region"], row["to_region"], row["purchase"])
        tiers = catalog.prices.tiers(*key)
        assert tiers[0].tier_from == 0, key
        for lower, upper in itertools.pairwise(tiers):
            assert lower.tier_to == upper.tier_from, key


@pytest.mark.parametrize("table", [name.removesuffix(".csv") for name in COLUMNS if name != "sources.csv"])
def test_every_row_of_every_table_says_date_source_and_basis(table: str) -> None:
    rows = _table(table)
    assert rows
    for row in rows:
        assert re.fullmatch(r"20\d\d(-\d\d){0,2}", row["as_of"]), row
        assert row["source"], row
        assert BASIS.fullmatch(row["basis"]), row


def test_every_source_says_version_date_licence_and_trust() -> None:
    for row in _table("sources"):
        assert all(row.values()), row
        assert re.match(r"[ABCD]\b", row["trust"]), row


def test_no_table_names_a_path_of_the_machine_it_was_made_on() -> None:
    for path in (data_dir() / "snapshot").iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"/(work|root|tmp|home)/", text), path.name


def test_every_assumption_is_in_order_and_says_what_it_is() -> None:
    with (data_dir() / "assumptions.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len({row["name"] for row in rows}) == len(rows)
    for row in rows:
        assert float(row["low"]) <= float(row["typical"]) <= float(row["high"]), row
        assert row["unit"], row
        assert row["distribution"] in ("constant", "triangular", "lognormal"), row
        assert row["what"], row
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", row["as_of"]), row
        assert row["source"], row
        # One is a setting of botocore's, whose default is not what everybody keeps.
        known = "derived:figures_for_published_words" if row["name"] == "origin_failover_s" else "assumption"
        assert row["basis"] == known, row


def test_no_assumption_takes_the_place_of_a_published_step(catalog: Catalog) -> None:
    with (data_dir() / "assumptions.csv").open(newline="", encoding="utf-8") as file:
        names = {row["name"] for row in csv.DictReader(file)}
    assert not names & {row["step"] for row in catalog.snapshot.records("recovery_steps")}
    assert names <= set(Assumptions(catalog.snapshot))


def test_the_sixteen_regions_are_those_with_prices(catalog: Catalog) -> None:
    assert catalog.prices.regions() == REGIONS


FULL = """\
name: full-stack
region: {region}
services:
  - {{name: web, tasks: 2, vcpu: 0.5, memory_gib: 1, architecture: x86_64}}
  - {{name: mail, tasks: 2, vcpu: 0.5, memory_gib: 1, architecture: arm64}}
load_balancer: {{new_connections_per_second: 30, active_connections: 1, processed_gib_per_hour: 1}}
database:
  {{engine: {engine}, version: {version}, {capacity}, instances: 2, storage_gib: 100, reads_per_second: 10,
   writes_per_second: 10, daily_change_fraction: 0.5}}
cache:
  {{engine: {cache}, version: '7.2', node_type: cache.r6g.large, write_kib_per_second: 10, data_gib: 1,
   snapshot_retention_days: 3}}
buckets:
  - {{name: files, storage_gib: 100, objects: 10, puts_per_month: 10, gets_per_month: 10, change_gib_per_month: 10}}
cloudfront:
  {{geography: Japan, egress_gib_per_month: 9, https_requests_per_month: 9, to_origin_gib_per_month: 9}}
network:
  {{nat_gib_per_month: 9, interface_endpoints: [logs], endpoint_gib_per_month: 9, cross_zone_gib_per_month: 9,
   egress_gib_per_month: 300}}
dns: {{zone: a.example.com, queries_per_month: 9, fast_health_checks: true}}
secrets: [key]
operations: {{decision_s: 60, logs_gib_per_month: 9}}
objectives: {{rpo_s: 60, rto_s: 60, strategies: [backup_restore, active_active]}}
costs: {{outage_usd_per_hour: 1, data_loss_usd_per_hour: 1}}
"""

KINDS = {
    "postgresql": ("aurora-postgresql", "'16.4'", "class: db.r6g.large", "redis"),
    "mysql serverless": (
        "aurora-mysql",
        "8.0.mysql_aurora.3.08.0",
        "acu: {min: 1, average: 2, max: 4}",
        "valkey",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("region", REGIONS)
def test_every_region_prices_every_component_as_home_and_as_failover(region: str, kind: str, catalog: Catalog) -> None:
    engine, version, capacity, cache = KINDS[kind]
    text = FULL.format(region=region, engine=engine, version=version, capacity=capacity, cache=cache)
    comparison = compare_topologies(workload_file.parse(text), catalog, samples=1)
    unpriced = [t.rejected_because for t in comparison.rejected if t.failover_region in REGIONS]
    assert unpriced == []
    priced = {(option.topology.strategy, option.topology.failover_region) for option in comparison.options}
    others = [other for other in REGIONS if other != region]
    assert priced == {("single_region", "")} | {
        (strategy, other) for strategy in ("backup_restore", "active_active") for other in others
    }
    for option in comparison.options:
        for line in option.bill.lines:
            assert line.quantity > 0, line
            free = line.item == "internet_egress" and line.unit_usd == 0
            assert line.monthly_usd > 0 or free, line


def test_every_class_that_is_sold_and_known_has_a_size(catalog: Catalog) -> None:
    for row in catalog.snapshot.records("availability"):
        if row["class"] != SERVERLESS:
            size = catalog.support.size(row["class"])
            assert size.vcpu >= 1, row["class"]
            assert size.memory_gib >= 0.5, row["class"]


def test_memory_doubles_with_vcpu_within_a_memory_optimized_family(catalog: Catalog) -> None:
    for size in catalog.support.classes.values():
        family = size.name.split(".")[1]
        if re.fullmatch(r"r[5-8][a-z]*", family):
            assert size.memory_gib == pytest.approx(8 * size.vcpu), size.name
        if re.fullmatch(r"m[6-8]g", family) and size.service == "elasticache":
            assert size.memory_gib == pytest.approx(4 * size.vcpu), size.name
