"""A refresh writes a new snapshot whole, or leaves everything as it was and says in a sentence why."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import offers
import pytest
from click.testing import CliRunner, Result
from offers import Offer, Product, aurora_instance, aurora_of, on_demand, region_product, tiered
from price_server import PriceServer, cut_after, serving, status, stuck_after, truncated_gzip

from drkit.cli import main
from drkit.errors import SnapshotError
from drkit.facts import cache as store
from drkit.facts import snapshot
from drkit.facts import snapshot_diff as changes
from drkit.facts.catalog import Catalog
from drkit.facts.verify import ERROR, verify
from drkit.refresh import download

#: They wait for retries, kill processes and fill disks.
pytestmark = pytest.mark.slow

RDS = "/offers/v1.0/aws/AmazonRDS/20261120195514/us-east-1/index.csv"
CLASS = "instance/aurora-postgresql/db.r6g.large/standard"


@pytest.fixture(scope="module")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded snapshot with the prices of two regions: quick to read and write."""
    folder: Path = tmp_path_factory.mktemp("data")
    whole = snapshot.load()
    tables = {f"{name}.csv": rows for name, rows in whole.tables.items()}
    places = {"us-east-1", "eu-west-1", "global"}
    kept = [row for row in whole.tables["prices"] if row[2] in places]
    sold = [row for row in whole.tables["availability"] if row[2] in places]
    snapshot.write(folder / "snapshot", whole.date, {**tables, "prices.csv": kept, "availability.csv": sold})
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_data: Path) -> Path:
    for module in (snapshot, store):
        monkeypatch.setattr(module, "data_dir", lambda: small_data)
    monkeypatch.setenv("DRKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DRKIT_SNAPSHOT", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download.time, "sleep", lambda _: None)
    return tmp_path / "cache"


@lru_cache(maxsize=1)
def others() -> tuple[Product, ...]:
    """Two families are enough; a class that the offer lacks is no longer sold."""
    return tuple(
        product
        for product in aurora_of(Catalog.load("embedded").prices, "us-east-1")
        if product.attributes["usageType"] != "InstanceUsage:db.r6g.large"
        and product.attributes.get("Instance Type", "db.r5.large").split(".")[1] in ("r5", "r6g")
    )


def rds(version: str = "20261120195514", large: float = 0.27) -> Offer:
    mine = [aurora_instance("db.r6g.large", engine, large) for engine in ("Aurora PostgreSQL", "Aurora MySQL")]
    return Offer("AmazonRDS", [*others(), *mine], version)


def fargate() -> Offer:
    rows = [
        region_product("AmazonECS", f"USE1-{usage}", on_demand("hours", usd))
        for usage, usd in (
            ("Fargate-vCPU-Hours:perCPU", "0.04048"),
            ("Fargate-GB-Hours", "0.004445"),
            ("Fargate-ARM-vCPU-Hours:perCPU", "0.03238"),
            ("Fargate-ARM-GB-Hours", "0.00356"),
        )
    ]
    return Offer("AmazonECS", rows)


@pytest.fixture
def server() -> Iterator[PriceServer]:
    with serving() as held:
        held.publish({("AmazonRDS", "us-east-1"): rds(), ("AmazonECS", "us-east-1"): fargate()})
        yield held


def refresh(server: PriceServer, *more: str, services: str = "AmazonRDS") -> Result:
    words = ["catalog", "refresh", "--endpoint", server.url, "--regions", "us-east-1", "--services", services, *more]
    return CliRunner().invoke(main, words)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_refresh_writes_a_snapshot_with_its_origins_and_says_what_changed(server: PriceServer) -> None:
    done = refresh(server)
    assert done.exit_code == 0, done.output
    assert "AmazonRDS: " in done.stdout
    assert "most " in done.stdout
    entry = store.snapshots()[-1]
    assert f"--snapshot {entry.name}" in done.stdout
    assert f"drkit catalog diff embedded {entry.name}" in done.stdout
    catalog = Catalog.load("latest")
    price = catalog.prices.find("AmazonRDS", CLASS, "us-east-1")
    assert (price.usd, price.as_of, price.basis) == (0.27, "2026-11-20", "observed")
    assert price.source == "AmazonRDS-20261120195514"
    assert price.sku.endswith(".JRTCKXETXF.6YS6EN2CT7")
    (offer,) = catalog.snapshot.offers
    assert offer["url"] == server.url + RDS
    assert offer["published"] == "2026-11-20T19:55:14Z"
    assert len(offer["sha256"]) == 64
    # What was not read stays, with its own date.
    old = Catalog.load("embedded")
    assert catalog.prices.find("AmazonRDS", CLASS, "eu-west-1") == old.prices.find("AmazonRDS", CLASS, "eu-west-1")
    assert [finding for finding in verify(catalog) if finding.kind == ERROR] == []
    moved = [change for change in changes.between(old.snapshot, catalog.snapshot) if change.item == CLASS]
    assert ("up", 0.26, 0.27, 3.85) in {(c.change, c.before, c.after, c.percent) for c in moved}


def test_json_gives_the_same_snapshot_as_csv(server: PriceServer) -> None:
    assert refresh(server).exit_code == 0
    tables = Catalog.load("latest").snapshot.tables["prices"]
    server.publish({("AmazonRDS", "us-east-1"): rds()}, kinds=("json",))
    assert refresh(server, "--offer-format", "json", "--base", "embedded").exit_code == 0
    assert Catalog.load("latest").snapshot.tables["prices"] == tables
    assert any(path.endswith("index.json") and "AmazonRDS/2026" in path for path, _ in server.asked)


def test_packed_files_are_read_like_plain_ones(server: PriceServer) -> None:
    server.packed = True
    assert refresh(server).exit_code == 0
    assert Catalog.load("latest").prices.find("AmazonRDS", CLASS, "us-east-1").usd == 0.27


def test_what_has_not_changed_is_not_fetched_again(server: PriceServer) -> None:
    refresh(server)
    first = Catalog.load("latest").snapshot
    again = refresh(server)
    assert again.exit_code == 0
    assert "no price changed" in again.stdout
    asked = [headers for path, headers in server.asked if path == RDS]
    assert len(asked) == 2
    assert asked[1]["If-None-Match"]
    assert Catalog.load("latest").snapshot.tables["prices"] == first.tables["prices"]


def test_a_new_version_is_fetched_and_laid_over_the_last_snapshot(server: PriceServer) -> None:
    refresh(server)
    server.publish({("AmazonRDS", "us-east-1"): rds("20261125000000", 0.28), ("AmazonECS", "us-east-1"): fargate()})
    done = refresh(server)
    # Two engines, on demand and five ways to reserve.
    assert "AmazonRDS: 12 up; most instance/aurora-" in done.stdout
    assert len(store.snapshots()) == 3
    told = CliRunner().invoke(main, ["catalog", "diff", store.snapshots()[1].name, "latest", "--format", "csv"])
    rows = list(csv.DictReader(io.StringIO(told.stdout)))
    assert {row["change"] for row in rows} == {"up"}
    assert {row["percent"] for row in rows if row["purchase"] == "on_demand"} == {"3.7"}


def test_a_class_that_is_no_longer_sold_goes_and_a_new_one_comes(server: PriceServer) -> None:
    offer = rds()
    kept = [p for p in offer.products if p.attributes.get("Instance Type") != "db.r5.large"]
    new = aurora_instance("db.r9g.large", "Aurora PostgreSQL", 0.3)
    server.publish({("AmazonRDS", "us-east-1"): Offer("AmazonRDS", [*kept, new])})
    done = refresh(server)
    assert "classes that were not known before: db.r9g.large" in done.stderr
    catalog = Catalog.load("latest")
    assert not catalog.prices.has("AmazonRDS", "instance/aurora-postgresql/db.r5.large/standard", "us-east-1")
    assert not catalog.support.sold("aurora", "aurora-postgresql", "db.r5.large", "us-east-1")
    assert catalog.support.size("db.r9g.large").memory_gib == 16
    assert catalog.support.size("db.r9g.large").architecture == "arm64"
    assert catalog.prices.has("AmazonRDS", "instance/aurora-postgresql/db.r5.large/standard", "eu-west-1")


def test_what_an_offer_lacks_stays_and_is_told(server: PriceServer) -> None:
    kept = [p for p in rds().products if p.attributes["usageType"] != "Aurora:StorageIOUsage"]
    unheard = region_product("AmazonRDS", "Aurora:QuantumUsage", on_demand("Qubits", "1"))
    server.publish({("AmazonRDS", "us-east-1"): Offer("AmazonRDS", [*kept, unheard])})
    done = refresh(server)
    assert done.exit_code == 0
    assert "AmazonRDS us-east-1: usage type Aurora:QuantumUsage is not understood and was left out" in done.stderr
    known = Catalog.load("embedded").prices.find("AmazonRDS", "cluster/io/standard", "us-east-1")
    assert f"cluster/io/standard in us-east-1 is of {known.as_of} (observed): no offer read has it" in done.stderr
    assert Catalog.load("latest").prices.find("AmazonRDS", "cluster/io/standard", "us-east-1").usd == 0.2


def test_regions_that_drkit_does_not_know_break_nothing_and_are_told(server: PriceServer) -> None:
    server.publish({("AmazonRDS", "us-east-1"): rds(), ("AmazonRDS", "mars-north-1"): rds()})
    done = refresh(server)
    assert done.exit_code == 0
    assert "AWS lists regions that drkit does not know yet: mars-north-1; they were left out" in done.stderr
    assert refresh(server, "--regions", "us-east-1,us-east-2").stderr.count("AWS does not list AmazonRDS in us-east-2")


def test_a_proxy_is_used_and_a_certificate_bundle_trusted(
    server: PriceServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("NO_PROXY", "")
    words = ["--endpoint", "http://prices.invalid"]
    assert refresh(server, *words).exit_code == 0
    assert Catalog.load("latest").snapshot.offers[0]["url"] == f"http://prices.invalid{RDS}"
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    assert download.Downloader("https://prices.invalid", tmp_path)._session.verify == str(bundle)


def test_a_new_attribute_is_told(server: PriceServer) -> None:
    new = aurora_instance("db.r6g.large", "Aurora PostgreSQL", 0.27, Colour_Of_Rack="blue")
    server.publish({("AmazonRDS", "us-east-1"): Offer("AmazonRDS", [new])})
    done = refresh(server)
    assert "attributes that were not known before (colourofrack); no price reads them" in done.stderr


def test_a_region_that_was_not_priced_before_can_be(server: PriceServer) -> None:
    osaka = [aurora_instance("db.r6g.large", "Aurora PostgreSQL", 0.31, region="ap-northeast-3")]
    server.publish({("AmazonRDS", "ap-northeast-3"): Offer("AmazonRDS", osaka)})
    assert refresh(server, "--regions", "ap-northeast-3").exit_code == 0
    assert Catalog.load("latest").prices.find("AmazonRDS", CLASS, "ap-northeast-3").usd == 0.31


def test_tiers_and_global_services_come_from_their_own_files(server: PriceServer) -> None:
    queries = tiered("Queries", ("0.0000004000", "0", "1000000000"), ("0.0000002000", "1000000000", "Inf"))
    zone = tiered("HostedZone", ("0.5", "0", "25"), ("0.1", "25", "Inf"))
    route53 = [
        region_product("AmazonRoute53", "DNS-Queries", queries, ""),
        region_product("AmazonRoute53", "HostedZone", zone, ""),
    ]
    server.publish({("AmazonRoute53", ""): Offer("AmazonRoute53", route53)})
    assert refresh(server, services="AmazonRoute53").exit_code == 0
    tiers = Catalog.load("latest").prices.tiers("AmazonRoute53", "hosted_zone", "global")
    assert [(tier.usd, tier.tier_from) for tier in tiers] == [(0.5, 0), (0.1, 25)]


def plan(sku: str, rate: str, lease: str = "1", option: str = "No Upfront", service: str = "AmazonECS") -> bytes:
    columns = ("SKU", "RateCode", "Unit", "EffectiveDate", "DiscountedRate", "Currency", "DiscountedSKU",
               "DiscountedServiceCode", "DiscountedUsageType", "DiscountedOperation", "PurchaseOption",
               "LeaseContractLength", "LeaseContractLengthUnit")  # fmt: skip
    rows = [
        ("P1", f"P1.{sku}", "hours", "2026-11-01", rate, "USD", sku, service, "u", "", option, lease, "year"),
        ("P1", "P1.OTHER", "hours", "2026-11-01", "9", "USD", "SKUOFEC2", "AmazonEC2", "u", "", option, lease, "year"),
    ]
    head = '"FormatVersion","v1.0"\n"Disclaimer","x"\n"Publication Date","2026-11-19T00:00:00Z"\n"Version","20261119"\n'
    return (head + "\n".join(",".join(f'"{cell}"' for cell in row) for row in (columns, *rows)) + "\n").encode()


def test_savings_plans_discount_the_products_they_name(server: PriceServer) -> None:
    sku = fargate().products[0].sku  # type: ignore[index]
    server.publish(
        {("AmazonECS", "us-east-1"): fargate()}, {("AWSComputeSavingsPlan", "us-east-1"): plan(sku, "0.03238")}
    )
    assert refresh(server, services="AmazonECS").exit_code == 0
    prices = Catalog.load("latest").prices
    name = "compute_savings_plan_1y_no_upfront"
    price = prices.find("AmazonECS", "fargate/linux_x86/vcpu", "us-east-1", purchase=name)
    assert (price.usd, price.unit, price.source) == (0.03238, "vCPU-hour", "AWSComputeSavingsPlan-20261119")
    assert not prices.has("AmazonECS", "fargate/linux_x86/memory", "us-east-1", purchase=name)


def test_a_plans_rate_is_converted_as_the_price_on_demand_is(server: PriceServer) -> None:
    io = region_product("AmazonRDS", "Aurora:StorageIOUsage", on_demand("IOs", "0.0000002000"), Database_Engine="Any")
    plans = {("AWSDatabaseSavingsPlans", "us-east-1"): plan(io.sku, "0.00000016", service="AmazonRDS")}
    server.publish({("AmazonRDS", "us-east-1"): Offer("AmazonRDS", [io])}, plans)
    assert refresh(server).exit_code == 0
    where = ("AmazonRDS", "cluster/io/standard", "us-east-1")
    bought = Catalog.load("latest").prices.find(*where, purchase="database_savings_plan_1y_no_upfront")
    # A million requests at 0.00000016 each; on demand 0.2.
    assert (bought.usd, bought.unit) == (0.16, "million-requests")
    assert Catalog.load("latest").prices.find(*where).usd == 0.2


def test_two_rates_of_a_plan_for_one_thing_are_told_and_neither_is_taken(server: PriceServer) -> None:
    sku = fargate().products[0].sku  # type: ignore[index]
    once = plan(sku, "0.03238")
    again = once + once.splitlines(keepends=True)[-2].replace(b"0.03238", b"0.04")
    server.publish({("AmazonECS", "us-east-1"): fargate()}, {("AWSComputeSavingsPlan", "us-east-1"): again})
    done = refresh(server, services="AmazonECS")
    assert done.exit_code == 0
    assert (
        "AWSComputeSavingsPlan us-east-1: fargate/linux_x86/vcpu in us-east-1, compute_savings_plan_1y" in done.stderr
    )
    assert "2 products at different rates" in done.stderr
    name = "compute_savings_plan_1y_no_upfront"
    assert not Catalog.load("latest").prices.has("AmazonECS", "fargate/linux_x86/vcpu", "us-east-1", purchase=name)


@pytest.mark.parametrize("rate", ["", "n/a", "Infinity", "-1"])
def test_a_plan_whose_rate_is_no_price_is_refused(server: PriceServer, rate: str) -> None:
    sku = fargate().products[0].sku  # type: ignore[index]
    server.publish({("AmazonECS", "us-east-1"): fargate()}, {("AWSComputeSavingsPlan", "us-east-1"): plan(sku, rate)})
    done = refresh(server, services="AmazonECS")
    assert done.exit_code == 1
    assert f"AWSComputeSavingsPlan is damaged: the rate of P1.{sku} is {rate!r}" in done.stderr
    assert len(store.snapshots()) == 1


def test_prices_by_a_plan_stay_until_that_plan_is_read_again(server: PriceServer) -> None:
    offer = {("AmazonRDS", "us-east-1"): rds()}
    sku = next(p.sku for p in rds().products if p.attributes["usageType"] == "InstanceUsage:db.r6g.large")
    code = ("AWSDatabaseSavingsPlans", "us-east-1")
    engine = "postgresql" if sku == rds().products[-2].sku else "mysql"  # type: ignore[index]
    where = ("AmazonRDS", CLASS.replace("postgresql", engine), "us-east-1", "", "database_savings_plan_1y_no_upfront")
    server.publish(offer, {code: plan(sku, "0.2", service="AmazonRDS")})
    assert refresh(server).exit_code == 0
    assert Catalog.load("latest").prices.find(*where).usd == 0.2
    # The Query API knows no plans; nor does this index.
    server.publish(offer)
    assert refresh(server).exit_code == 0
    assert Catalog.load("latest").prices.find(*where).usd == 0.2
    server.publish(offer, {code: plan("ANOTHERSKU", "0.2", service="AmazonRDS")})
    assert refresh(server).exit_code == 0
    assert not Catalog.load("latest").prices.has(*where)


def test_a_price_names_the_file_of_its_own_region(server: PriceServer) -> None:
    here, there = (
        Offer("AmazonRDS", [aurora_instance("db.r6g.large", "Aurora PostgreSQL", usd, region=region)])
        for region, usd in (("eu-west-1", 0.29), ("us-east-1", 0.27))
    )
    server.publish({("AmazonRDS", "eu-west-1"): here, ("AmazonRDS", "us-east-1"): there})
    assert refresh(server, "--regions", "eu-west-1,us-east-1").exit_code == 0
    for region in ("eu-west-1", "us-east-1"):
        told = CliRunner().invoke(main, ["prices", "explain", region, CLASS, "--snapshot", "latest"]).stdout
        assert f"{server.url}{RDS.replace('us-east-1', region)})" in told


def test_the_file_of_a_price_is_remembered_as_long_as_the_price_stays(server: PriceServer) -> None:
    refresh(server)
    (first,) = Catalog.load("latest").snapshot.offers
    assert refresh(server, services="AmazonECS").exit_code == 0
    assert [offer["offer"] for offer in Catalog.load("latest").snapshot.offers] == ["AmazonECS", "AmazonRDS"]
    assert first in Catalog.load("latest").snapshot.offers
    told = CliRunner().invoke(main, ["prices", "explain", "us-east-1", CLASS, "--snapshot", "latest"]).stdout
    assert server.url + RDS in told
    # Read anew, all its prices are of the new file.
    server.publish({("AmazonRDS", "us-east-1"): rds("20261125000000")})
    everything_of_old = {row[11] for row in Catalog.load("latest").snapshot.tables["prices"]}
    assert "AmazonRDS-20261120195514" in everything_of_old
    assert refresh(server).exit_code == 0
    assert sorted(offer["version"] for offer in Catalog.load("latest").snapshot.offers) == [
        "20261120195514", "20261125000000",
    ]  # fmt: skip


def test_what_is_left_out_is_counted(server: PriceServer) -> None:
    proxies = [region_product("AmazonRDS", f"RDS:ProxyUsage{n}", on_demand("Hrs", "1"), Database_Engine="Aurora MySQL")
               for n in range(2)]  # fmt: skip
    server.publish({("AmazonRDS", "us-east-1"): Offer("AmazonRDS", [*rds().products, *proxies])})
    for _ in range(2):  # fetched, then remembered
        assert "AmazonRDS: left out by the recipe: 2 features that drkit does not buy\n" in refresh(server).stderr


def test_an_interrupted_refresh_says_what_is_kept(server: PriceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = Before(server)
    monkeypatch.setattr(download.Downloader, "_write", interrupted)
    before.still_stands(refresh(server), "interrupted: every snapshot is as it was, and what has arrived is kept; run")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--regions", "us-east-9"], "'us-east-9' is no commercial region of the snapshot; did you mean us-east-"),
        (["--services", "AmazonRDB"], "no service is called AmazonRDB: known are"),
        (["--endpoint", "prices.example"], "is no address to fetch from"),
        (["--base", "1999"], "no snapshot is called '1999'"),
        (["--endpoint", "nowhere"], "is no address to fetch from"),
        (["--ca-bundle", "/nowhere.pem"], "the certificate bundle /nowhere.pem does not exist: correct --ca-bundle"),
        (["--regions", ","], "no region is named: write codes such as us-east-1,eu-west-1, or all"),
        (["--regions", "all,us-east-1"], "'all' stands for every region: name it alone"),
        (["--services", ","], "no service is named: known are"),
        (["--services", "rds"], "no service is called rds: did you mean AmazonRDS?"),
    ],
)
def test_wrong_words_are_refused_with_what_is_allowed(server: PriceServer, words: list[str], sentence: str) -> None:
    done = refresh(server, *words)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert len(store.snapshots()) == 1


class Before:
    """Snapshots before a fault: afterwards they must be as they were, and load."""

    def __init__(self, server: PriceServer) -> None:
        assert refresh(server).exit_code == 0
        self.files = everything(store.snapshots_dir())
        server.publish({("AmazonRDS", "us-east-1"): rds("20261125000000", 0.28)})
        self.path = RDS.replace("20261120195514", "20261125000000")

    def still_stands(self, done: Result, sentence: str) -> None:
        assert done.exit_code == 1, done.output
        assert sentence in done.stderr
        assert "Traceback" not in done.output
        assert everything(store.snapshots_dir()) == self.files
        assert Catalog.load("latest").prices.find("AmazonRDS", CLASS, "us-east-1").usd == 0.27


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (status(403), "answers 403 Forbidden: the server refuses"),
        (status(404), "answers 404 Not Found: there is no such file"),
        (status(429, Retry_After="0"), "after 5 attempts (HTTP 429 Too Many Requests)"),
        (status(500), "after 5 attempts (HTTP 500 Internal Server Error)"),
        (cut_after(0), "after 5 attempts (the connection broke"),
    ],
    ids=["403", "404", "429", "500", "cut"],
)
def test_a_server_that_fails_leaves_every_snapshot_as_it_was(server: PriceServer, fault: object, sentence: str) -> None:
    before = Before(server)
    server.faults[before.path] = [fault] * 5  # type: ignore[list-item]
    before.still_stands(refresh(server), sentence)
    server.faults.clear()
    assert refresh(server).exit_code == 0
    assert Catalog.load("latest").prices.find("AmazonRDS", CLASS, "us-east-1").usd == 0.28


def test_a_server_that_recovers_is_asked_again_after_the_time_it_names(
    server: PriceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(download.time, "sleep", waits.append)
    server.faults[RDS] = [status(500), status(503), status(429, Retry_After="7"), status(429, Retry_After="9999")]
    assert refresh(server).exit_code == 0
    assert waits == [1.0, 7.0, 60.0]  # the first failure is followed by an attempt at once


def test_a_server_that_is_not_there_is_told_with_the_cause(cache: Path) -> None:
    words = ["catalog", "refresh", "--endpoint", "http://127.0.0.1:9", "--regions", "us-east-1"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert "after 5 attempts (NewConnectionError" in done.stderr and "Connection refused" in done.stderr


def test_a_part_that_the_server_does_not_have_is_fetched_from_its_beginning(server: PriceServer) -> None:
    server.faults[RDS] = [cut_after(1000), status(416, Content_Range="bytes */500")]
    assert refresh(server).exit_code == 0
    assert ["Range" in headers for path, headers in server.asked if path == RDS] == [False, True, False]


def test_a_broken_download_goes_on_where_it_was(server: PriceServer) -> None:
    size = len(server.files[RDS])
    server.faults[RDS] = [cut_after(size // 2)]
    assert refresh(server).exit_code == 0
    asked = [headers for path, headers in server.asked if path == RDS]
    assert asked[1]["Range"] == f"bytes={size // 2}-"
    assert asked[1]["If-Range"]
    assert Catalog.load("latest").prices.find("AmazonRDS", CLASS, "us-east-1").usd == 0.27


def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(server: PriceServer) -> None:
    server.faults[RDS] = [cut_after(1000)] * 5
    assert refresh(server).exit_code == 1
    changed = rds(large=0.29)
    server.files[RDS] = changed.csv()
    assert refresh(server).exit_code == 0
    assert Catalog.load("latest").prices.find("AmazonRDS", CLASS, "us-east-1").usd == 0.29


def test_a_broken_download_never_mixes_two_files(
    server: PriceServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the new name and the first byte, what is left of the old file must not count as the new one's."""
    path, new = "/f.csv", b"B" * 4000
    server.files[path] = new
    loader = download.Downloader(server.url, tmp_path)
    part, begun = loader._part(server.url + path)
    part.write_bytes(b"A" * 2000)
    begun.write_text('"of-the-old-file"')

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(download.Downloader, "_write", killed)
        loader.fetch(path)
    assert loader.fetch(path).path.read_bytes() == new


@pytest.mark.parametrize("left", ["", "{", 'W/"weak"', '"of-another-file"', '"two\nlines"', "\0"])
def test_a_damaged_note_about_a_broken_download_is_passed_over(server: PriceServer, tmp_path: Path, left: str) -> None:
    server.files["/f.csv"] = b"B" * 4000
    loader = download.Downloader(server.url, tmp_path)
    part, begun = loader._part(server.url + "/f.csv")
    part.write_bytes(b"A" * 2000)
    begun.write_text(left)
    assert loader.fetch("/f.csv").path.read_bytes() == b"B" * 4000


def test_a_cache_that_cannot_keep_what_was_read_harms_no_refresh(server: PriceServer, cache: Path) -> None:
    cache.mkdir()
    (cache / "offers").write_text("")
    assert refresh(server).exit_code == 0
    assert Catalog.load("latest").prices.find("AmazonRDS", CLASS, "us-east-1").usd == 0.27


def test_a_packed_file_that_is_cut_off_is_refused(server: PriceServer) -> None:
    before = Before(server)
    server.packed = True
    server.faults[before.path] = [truncated_gzip]
    before.still_stands(refresh(server), f"{server.url}{before.path} is cut off or damaged")
    assert refresh(server).exit_code == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": '"00000000000000000000000000000000"'},
        {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="},
        {"x-amz-checksum-sha256": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
    ],
    ids=["etag", "md5", "sha256"],
)
def test_a_file_with_another_hash_than_the_server_says_is_refused(server: PriceServer, headers: dict[str, str]) -> None:
    before = Before(server)
    server.headers[before.path] = headers
    before.still_stands(refresh(server), "is damaged: its ")
    server.headers.clear()
    assert refresh(server).exit_code == 0


def test_an_etag_of_kms_or_of_parts_is_no_hash(server: PriceServer) -> None:
    server.headers[RDS] = {"ETag": '"0000000000000000000000000000000f-3"'}
    assert refresh(server).exit_code == 0
    server.headers[RDS] = {"ETag": '"000000000000000000000000000000ff"', "x-amz-server-side-encryption": "aws:kms"}
    assert refresh(server).exit_code == 0


def test_a_full_disk_while_fetching_is_told(server: PriceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Before(server)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(download.Downloader, "_write", full)
    before.still_stands(refresh(server), "no space is left in")


def test_a_full_disk_while_writing_the_snapshot_is_told(server: PriceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Before(server)
    real = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name == "prices.csv":
            real(path, content[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    before.still_stands(refresh(server), "cannot write the snapshot to")


def test_an_offer_that_lost_a_column_is_refused_with_its_name(server: PriceServer) -> None:
    before = Before(server)
    server.files[before.path] = server.files[before.path].replace(b'"PricePerUnit"', b'"Cost"', 1)
    done = refresh(server)
    # AWS changed its file: no fault of what was typed.
    assert done.exit_code == 1
    assert "has no column PricePerUnit" in done.stderr
    assert everything(store.snapshots_dir()) == before.files


@pytest.mark.parametrize(
    ("path", "content", "sentence"),
    [
        ("/offers/v1.0/aws/index.json", b"<html>", "is not JSON"),
        ("/offers/v1.0/aws/index.json", b"[]", "holds no mapping"),
        ("/offers/v1.0/aws/index.json", b"{}", "lists no offers"),
        ("/offers/v1.0/aws/index.json", b'{"offers": {"AmazonRDS": {}}}', "not as AWS documents it"),
        (
            "/offers/v1.0/aws/AmazonRDS/current/region_index.json",
            b'{"regions": []}',
            "; AWS does not list AmazonRDS in us-east-1",
        ),
    ],
)
def test_an_index_that_is_none_is_told(server: PriceServer, path: str, content: bytes, sentence: str) -> None:
    server.files[path] = content
    done = refresh(server)
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.output


def test_an_offer_without_any_price_writes_no_snapshot(server: PriceServer) -> None:
    before = Before(server)
    server.files[before.path] = Offer("AmazonRDS", [], columns=("usageType", "Region Code", "Location Type")).csv()
    before.still_stands(refresh(server), "no price of AmazonRDS was found in us-east-1")


def test_where_no_price_was_taken_the_reason_is_told(server: PriceServer) -> None:
    before = Before(server)
    storage = tiered("GB-Mo", ("0.1", "0", "Inf"), ("0.2", "0", "Inf"))
    twice = region_product("AmazonRDS", "Aurora:StorageUsage", storage, Database_Engine="Any")
    server.files[before.path] = Offer("AmazonRDS", [twice]).csv()
    before.still_stands(refresh(server), "was written; AmazonRDS us-east-1: cluster/storage/standard in us-east-1, on_")


def test_two_refreshes_at_once_do_not_mix(server: PriceServer) -> None:
    before = Before(server)
    with store.lock():
        before.still_stands(refresh(server), f"process {os.getpid()} is working on the cache")


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda kill: kill.name)
def test_a_refresh_that_is_killed_harms_nothing_and_goes_on_where_it_was(
    server: PriceServer, cache: Path, kill: signal.Signals
) -> None:
    before = Before(server)
    # More than a block, so that a part of it is on the disk.
    half = 3 * download.BLOCK // 2
    server.files[before.path] += b"\n" * (2 * half)
    stuck = threading.Event()
    server.faults[before.path] = [stuck_after(half, stuck)]
    words = ["catalog", "refresh", "--endpoint", server.url, "--regions", "us-east-1", "--services", "AmazonRDS"]
    process = subprocess.Popen(
        [sys.executable, "-m", "drkit.cli", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert stuck.wait(20)
    deadline = time.monotonic() + 20
    while not any(path.stat().st_size for path in (cache / "downloads").glob("*.part")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(kill)
    assert process.wait(20) != 0
    assert everything(store.snapshots_dir()) == before.files
    assert Catalog.load("latest").prices.find("AmazonRDS", CLASS, "us-east-1").usd == 0.27
    assert refresh(server).exit_code == 0
    asked = [headers for path, headers in server.asked if path == before.path]
    assert int(asked[-1]["Range"].removeprefix("bytes=").removesuffix("-")) > 0
    assert Catalog.load("latest").prices.find("AmazonRDS", CLASS, "us-east-1").usd == 0.28


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_memory_does_not_grow_with_the_offer(tmp_path: Path, kind: str) -> None:
    import bench

    peaks = []
    for megabytes in (5, 60):
        folder = tmp_path / str(megabytes)
        folder.mkdir()
        offers.write_large(folder, Catalog.load("embedded").prices, megabytes, kind)
        peaks.append(bench.whole_refresh(folder, kind)[1])
    assert max(peaks) < 60
    assert peaks[1] - peaks[0] < 5


def test_what_a_killed_write_left_is_no_snapshot_and_prune_removes_it(server: PriceServer, cache: Path) -> None:
    refresh(server)
    (store.snapshots_dir() / "..new-x1").mkdir()
    (store.snapshots_dir() / "half").mkdir()
    assert len(store.snapshots()) == 2
    done = CliRunner().invoke(main, ["catalog", "prune", "--keep", "0"])
    assert "1 removed, 0 left" in done.stdout
    assert sorted(path.name for path in store.snapshots_dir().iterdir()) == ["half"]
    assert [entry.name for entry in store.snapshots()] == ["embedded"]


def test_a_snapshot_is_chosen_by_name_beginning_latest_folder_or_variable(
    server: PriceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.find() is None
    refresh(server)
    entry = store.snapshots()[-1]
    for name in (entry.name, entry.name[:10], "latest", str(entry.path)):
        assert store.find(name) == entry.path
    assert store.find("embedded") is None
    monkeypatch.setenv("DRKIT_SNAPSHOT", "latest")
    assert Catalog.load().snapshot.path == entry.path
    shown = ["prices", "show", "--region", "us-east-1", "--item", CLASS, "--format", "json"]
    rows = json.loads(CliRunner().invoke(main, shown).stdout)
    assert {row["usd"] for row in rows if row["purchase"] == "on_demand"} == {0.27}
    listed = json.loads(CliRunner().invoke(main, ["catalog", "list", "--format", "json"]).stdout)
    assert [(row["name"], row["offers"], row["prices"]) for row in listed] == [
        ("embedded", 0, store.snapshots()[0].prices), (entry.name, 1, entry.prices),
    ]  # fmt: skip
    with pytest.raises(SnapshotError, match="no snapshot is called 'lates'; did you mean latest"):
        store.find("lates")


def test_own_prices_are_no_base_of_a_refresh_and_not_the_latest(server: PriceServer, tmp_path: Path) -> None:
    refresh(server)
    entry = store.snapshots()[-1]
    own = tmp_path / "own.csv"
    own.write_text("service,item,region,usd\nAWSELB,alb/hour,us-east-1,9\n")
    assert CliRunner().invoke(main, ["catalog", "overlay", str(own), "--snapshot", "latest"]).exit_code == 0
    assert store.snapshots()[-1].own_prices == "own.csv"
    assert store.find("latest") == entry.path
    mine = store.snapshots()[-1].name
    refused = refresh(server, "--base", mine)
    assert refused.exit_code == 2
    assert "holds your own prices of own.csv" in refused.stderr
    assert refresh(server).exit_code == 0
    assert Catalog.load("latest").prices.find("AWSELB", "alb/hour", "us-east-1").usd == 0.0225


def test_own_prices_never_push_a_refresh_out_and_what_is_half_removed_is_no_snapshot(
    server: PriceServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(server)
    refreshed = store.snapshots()[-1].name
    own = tmp_path / "own.csv"
    for usd in (7, 8, 9):
        own.write_text(f"service,item,region,usd\nAWSELB,alb/hour,us-east-1,{usd}\n")
        assert CliRunner().invoke(main, ["catalog", "overlay", str(own), "--snapshot", "latest"]).exit_code == 0
    newest = store.snapshots()[-1].name
    real = store.shutil.rmtree

    def stopped(path: Path, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            (path / "prices.csv").unlink()
            raise KeyboardInterrupt
        real(path, ignore_errors=True)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(store.shutil, "rmtree", stopped)
        store.prune(1)
    assert len(store.snapshots()) == 4
    assert len(store.prune(1)) == 1
    assert [entry.name for entry in store.snapshots()] == ["embedded", refreshed, newest]
    assert sorted(path.name for path in store.snapshots_dir().iterdir()) == sorted([refreshed, newest])


def test_a_repeated_refresh_of_the_same_offers_writes_the_same_tables(server: PriceServer) -> None:
    refresh(server, "--base", "embedded")
    first = everything(store.snapshots()[-1].path)
    refresh(server, "--base", "embedded")
    again = everything(store.snapshots()[-1].path)
    assert len(store.snapshots()) == 2
    assert {name: body for name, body in first.items() if name != "manifest.json"} == {
        name: body for name, body in again.items() if name != "manifest.json"
    }
    snapshot.load(store.snapshots()[-1].path)


def test_a_repeated_refresh_keeps_what_its_snapshot_says_of_itself(server: PriceServer) -> None:
    refresh(server)
    first = dict(Catalog.load("latest").snapshot.manifest)
    refresh(server)
    again = dict(Catalog.load("latest").snapshot.manifest)
    assert len(store.snapshots()) == 2
    assert first.pop("made") < again.pop("made")  # type: ignore[operator]
    assert first == again


def test_the_same_prices_from_another_place_are_another_snapshot(server: PriceServer) -> None:
    refresh(server)
    first = everything(store.snapshots()[-1].path)
    with serving() as mirror:
        mirror.publish({("AmazonRDS", "us-east-1"): rds()})
        assert refresh(mirror, "--base", "embedded").exit_code == 0
    assert len(store.snapshots()) == 3
    assert everything(store.snapshots()[1].path) == first
    assert Catalog.load("latest").snapshot.offers[0]["url"] == mirror.url + RDS
