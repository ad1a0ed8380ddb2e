"""Offers as AWS writes them are read alike from CSV, JSON and the Query API, and told apart by the recipe."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import offers
import pytest
from offers import Offer, Product, aurora_instance, on_demand, region_product, reserved, tiered

from drkit.errors import SnapshotError
from drkit.facts import snapshot
from drkit.files.bundled import data_dir
from drkit.refresh import offer_csv, offer_json, recipe
from drkit.refresh.mapping import Extract, Mapper
from drkit.refresh.rates import Head, Rate
from drkit.refresh.recipe import load


def read(content: bytes, code: str, kind: str = "csv", needles: Sequence[str] = ()) -> list[Rate]:
    reader = offer_csv.read if kind == "csv" else offer_json.read
    return list(reader(lambda: io.BytesIO(content), needles, Head(), load().sources[code].needs))


def extract(products: Sequence[Product], code: str = "AmazonRDS", region: str = "us-east-1") -> Extract:
    """Read as CSV and as JSON; both must give the same."""
    found = []
    for kind in ("csv", "json"):
        offer = Offer(code, products)
        content = offer.csv() if kind == "csv" else offer.json()
        found.append(Mapper(load(), code, region).take(read(content, code, kind, load().sources[code].needles)))
    assert found[0] == found[1]
    return found[0]


def prices(found: Extract) -> dict[tuple[str, str], float]:
    return {(price.key.item, price.key.purchase): float(price.usd) for price in found.prices}


R6G = aurora_instance("db.r6g.large", "Aurora PostgreSQL", 0.26)
R6G_IO = aurora_instance("db.r6g.large", "Aurora PostgreSQL", 0.338, "io_optimized")
STANDARD = ("instance/aurora-postgresql/db.r6g.large/standard", "on_demand")
VALKEY = {"Cache_Engine": "Valkey", "vCPU": "2", "Memory": "13.07 GiB"}
NODE = region_product("AmazonElastiCache", "NodeUsage:cache.r7g.large", on_demand("Hrs", "0.1752"), **VALKEY)


def test_standard_and_io_optimized_are_two_prices_of_one_class() -> None:
    """c3xdev/c3x#68 and vantage-sh/ec2instances.info#696: both share class, engine and deployment option."""
    found = prices(extract([R6G, R6G_IO]))
    assert found[STANDARD] == 0.26
    assert found["instance/aurora-postgresql/db.r6g.large/io_optimized", "on_demand"] == 0.338


@pytest.mark.parametrize(
    ("products", "code", "wanted"),
    [
        # vantage-sh/ec2instances.info#644: Outposts rows of the same node overwrote the region's.
        (
            [
                NODE,
                region_product(
                    "AmazonElastiCache",
                    "NodeUsage:cache.r7g.large",
                    on_demand("Hrs", "0.0716"),
                    Location_Type="AWS Outposts",
                    **VALKEY,
                ),
            ],
            "AmazonElastiCache",
            {("node/valkey/cache.r7g.large", "on_demand"): 0.1752},
        ),
        # vantage-sh/ec2instances.info#909: the durability add-on of Valkey took the place of the node's price.
        (
            [
                NODE,
                region_product(
                    "AmazonElastiCache", "SyncDurability:cache.r7g.large", on_demand("Hrs", "0.0379"), **VALKEY
                ),
                region_product(
                    "AmazonElastiCache",
                    "NodeUsage:cache.r7g.large:SyncDurability",
                    on_demand("Hrs", "0.0379"),
                    **VALKEY,
                ),
            ],
            "AmazonElastiCache",
            {("node/valkey/cache.r7g.large", "on_demand"): 0.1752},
        ),
        # Extended Support names the engine and the region, and is a surcharge per vCPU.
        (
            [
                region_product(
                    "AmazonRDS",
                    "ExtendedSupport:Yr1-Yr2:AuroraMySQL2",
                    on_demand("vCPU-hour", "0.1"),
                    Database_Engine="Aurora MySQL",
                    Engine_Code="16",
                ),
                region_product("AmazonRDS", "Aurora:StorageUsage", on_demand("GB-Mo", "0.1"), Database_Engine="Any"),
            ],
            "AmazonRDS",
            {("cluster/storage/standard", "on_demand"): 0.1},
        ),
        # A Local Zone lies in the region's file, at another price.
        (
            [
                region_product("AWSELB", "LoadBalancerUsage", on_demand("Hrs", "0.0225"), operation="LoadBalancing:Application"),
                region_product(
                    "AWSELB",
                    "LAX1-LoadBalancerUsage",
                    on_demand("Hrs", "0.027"),
                    operation="LoadBalancing:Application",
                    Location_Type="AWS Local Zone",
                ),
                region_product("AWSELB", "LoadBalancerUsage", on_demand("Hrs", "0.025"), operation="LoadBalancing"),
                region_product("AWSELB", "LCUUsage", on_demand("LCU-Hrs", "0.006"), operation="LoadBalancing:Network"),
            ],
            "AWSELB",
            {("alb/hour", "on_demand"): 0.0225},
        ),
        # infracost/infracost#3591: I/O is a price of Standard alone; requests are told per one, priced per million.
        (
            [
                region_product("AmazonRDS", "Aurora:StorageIOUsage", on_demand("IOs", "0.0000002000"), Database_Engine="Any"),
                region_product("AmazonRDS", "Aurora:ReplicatedWriteIO", on_demand("IOs", "0.0000002000"), Database_Engine="Any"),
                region_product("AmazonRDS", "Aurora:ServerlessV2Usage", on_demand("ACU-Hr", "0.12"), Database_Engine="Aurora MySQL"),
                region_product("AmazonRDS", "Aurora:ServerlessV2Usage", on_demand("ACU-Hr", "0.12"), Database_Engine="Aurora PostgreSQL"),
                region_product("AmazonRDS", "Aurora:ServerlessUsage", on_demand("ACU-Hr", "0.06"), Database_Engine="Aurora MySQL"),
            ],
            "AmazonRDS",
            {
                ("cluster/io/standard", "on_demand"): 0.2,
                ("cluster/global_replicated_write_io", "on_demand"): 0.2,
                ("cluster/serverless_v2_acu/standard", "on_demand"): 0.12,
            },
        ),
    ],
    ids=["outposts", "durability", "extended support", "local zone", "aurora cluster"],
)  # fmt: skip
def test_what_price_tools_mixed_up_is_told_apart(
    products: list[Product], code: str, wanted: dict[tuple[str, str], float]
) -> None:
    found = extract(products, code)
    assert prices(found) == wanted
    assert found.ambiguous == found.not_understood == []


def test_upfront_fees_are_spread_over_the_hours_of_the_lease() -> None:
    """vantage-sh/ec2instances.info#912: a fee left out made a reservation look cheaper, or dearer, than it is."""
    leases = [
        on_demand("Hrs", "0.26"),
        reserved("1yr", "No Upfront", "0.182"),
        reserved("1yr", "Partial Upfront", "0.1", "876"),
        reserved("3yr", "All Upfront", "0.0000000000", "2628"),
        reserved("3yr", "All Upfront", "0.0000000000", "1", "convertible"),
    ]
    product = Product(R6G.sku, R6G.attributes, leases)
    found = extract([product])
    item = STANDARD[0]
    assert prices(found) == {
        (item, "on_demand"): 0.26,
        (item, "reserved_1y_no_upfront"): 0.182,
        (item, "reserved_1y_partial_upfront"): 0.2,  # 0.1 + 876 / 8760
        (item, "reserved_3y_all_upfront"): 0.1,  # 2628 / (3 x 8760)
    }
    assert {price.unit for price in found.prices if price.key.purchase != "on_demand"} == {"instance-hour-effective"}
    assert found.left_out == {"convertible reservations": 2}


def test_tiers_keep_their_bounds_and_the_free_allowance_is_the_accounts() -> None:
    transfer = {
        "Transfer_Type": "AWS Outbound",
        "From_Location_Type": "AWS Region",
        "From_Region_Code": "us-east-1",
        "To_Location": "External",
    }
    tiers = tiered("GB", ("0.09", "0", "10240"), ("0.085", "10240", "51200"), ("0.05", "51200", "Inf"))
    found = extract([region_product("AWSDataTransfer", "DataTransfer-Out-Bytes", tiers, **transfer)], "AWSDataTransfer")
    assert [(price.usd, price.tier_from, price.tier_to) for price in found.prices] == [
        ("0", "0", "100"),
        ("0.09", "100", "10240"),
        ("0.085", "10240", "51200"),
        ("0.05", "51200", ""),
    ]
    queries = tiered("Queries", ("0.0000004000", "0", "1000000000"), ("0.0000002000", "1000000000", "Inf"))
    found = extract([region_product("AmazonRoute53", "DNS-Queries", queries, "")], "AmazonRoute53", "")
    assert [(price.key.region, price.usd, price.tier_from, price.tier_to) for price in found.prices] == [
        ("global", "0.4", "0", "1000"),
        ("global", "0.2", "1000", ""),
    ]


@pytest.mark.parametrize(
    ("code", "usage", "term", "more", "item", "usd"),
    [
        ("AmazonECS", "USE1-Fargate-vCPU-Hours:perCPU", on_demand("hours", "0.04048"), {}, "fargate/linux_x86/vcpu", 0.04048),
        ("AmazonECS", "USE1-SpotUsage-Fargate-vCPU-Hours:perCPU", on_demand("hours", "0.012"), {}, "", 0),
        ("AmazonECS", "USE1-Fargate-Windows-vCPU-Hours:perCPU", on_demand("hours", "0.046552"), {}, "", 0),
        ("AmazonEC2", "NatGateway-Hours", on_demand("Hrs", "0.045"), {"operation": "NatGateway"}, "nat_gateway/hour", 0.045),
        ("AmazonEC2", "RegionalNatGateway-Hours", on_demand("Hrs", "0.045"), {"operation": "NatGateway"}, "", 0),
        ("AmazonVPC", "USE1-PublicIPv4:InUseAddress", on_demand("Hrs", "0.005"), {}, "public_ipv4/in_use", 0.005),
        ("AmazonVPC", "USE1-PublicIPv4:IdleAddress", on_demand("Hrs", "0.005"), {}, "", 0),
        ("AWSELB", "Outposts-LCUUsage", on_demand("LCU-Hrs", "0.1"), {"operation": "LoadBalancing:Application"}, "", 0),
        ("AWSELB", "LCUUsage", on_demand("LCU-Hrs", "0.008"), {"operation": "LoadBalancing:Application"}, "alb/lcu", 0.008),
        ("awskms", "us-east-1-KMS-Keys", on_demand("Keys", "1"), {}, "customer_managed_key", 1),
        ("awskms", "us-east-1-KMS-Requests", on_demand("Requests", "0.0000030000"), {}, "requests", 0.03),
        ("AWSSecretsManager", "USE1-AWSSecretsManager-Secrets", on_demand("Secrets", "0.4"), {}, "secret", 0.4),
        ("AmazonCloudWatch", "CW:AlarmMonitorUsage", on_demand("Alarms", "0.1"), {}, "alarm/standard", 0.1),
        ("AmazonCloudWatch", "CW:HighResAlarmMonitorUsage", on_demand("Alarms", "0.3"), {}, "", 0),
        ("AmazonS3", "Requests-Tier1", on_demand("Requests", "0.0000050000"), {}, "standard/put", 0.005),
        ("AmazonS3", "Requests-GLACIER-Tier1", on_demand("Requests", "0.0000300000"), {}, "", 0),
        ("AmazonElastiCache", "BackupUsage", on_demand("GB-Mo", "0.085"), {}, "backup", 0.085),
        ("AmazonElastiCache", "NodeUsage:cache.r7g.large", on_demand("Hrs", "0.219"), {"Cache_Engine": "Memcached"}, "", 0),
    ],
)  # fmt: skip
def test_usage_types_become_items(
    code: str, usage: str, term: offers.Term, more: dict[str, str], item: str, usd: float
) -> None:
    found = extract([region_product(code, usage, term, **more)], code)
    assert prices(found) == ({(item, "on_demand"): usd} if item else {})
    assert found.not_understood == []


def test_free_health_checks_are_not_deducted() -> None:
    checks = tiered("HealthChecks", ("0.0000000000", "0", "50"), ("0.5000000000", "50", "Inf"))
    found = extract([region_product("AmazonRoute53", "Health-Check-AWS", checks, "")], "AmazonRoute53", "")
    assert [(price.key.item, price.usd, price.tier_from) for price in found.prices] == [
        ("health_check/aws_endpoint", "0.5", "")
    ]


def test_transfer_between_regions_names_both() -> None:
    def row(to: str, kind: str = "AWS Region") -> Product:
        ends = {"From_Location_Type": "AWS Region", "From_Region_Code": "us-east-1", "To_Location_Type": kind}
        usage = f"USE1-{to[:2].upper()}-AWS-Out-Bytes"
        more = ends | {"To_Region_Code": to, "Transfer_Type": "InterRegion Outbound"}
        return region_product("AWSDataTransfer", usage, on_demand("GB", "0.02"), **more)

    found = extract([row("eu-west-1"), row("us-west-2-lax-1", "AWS Local Zone")], "AWSDataTransfer")
    assert [price.key[1:4] for price in found.prices] == [("inter_region", "us-east-1", "eu-west-1")]


def test_two_prices_for_one_thing_are_told_and_neither_is_taken() -> None:
    other = aurora_instance("db.r6g.large", "Aurora PostgreSQL", 0.3, Volume_Name="new")
    found = extract([R6G, other])
    assert STANDARD not in prices(found)
    (line,) = [line for line in found.ambiguous if "on_demand" in line]
    assert line.startswith(f"{STANDARD[0]} in us-east-1, on_demand: 2 products at different prices")
    assert extract([R6G, aurora_instance("db.r6g.large", "Aurora PostgreSQL", 0.26, Volume_Name="n")]).ambiguous == []


def twice(*terms: offers.Term) -> Product:
    return Product(R6G.sku, R6G.attributes, terms)


FLAT = offers.Term([("Hrs", "0.99", "0", "Inf")], "FLATRATE01", kind="FlatRate")


@pytest.mark.parametrize(
    ("terms", "what"),
    [
        ([on_demand("Hrs", "0.26"), offers.Term([("Hrs", "0.99", "0", "Inf")], "SECONDTERM")], "terms or rates"),
        ([tiered("Hrs", ("0.26", "0", "Inf"), ("0.99", "0", "Inf"))], "terms or rates"),
        ([tiered("Hrs", ("0.26", "0", "10"), ("0.26", "0", "Inf"))], "terms or rates"),
    ],
    ids=["two terms", "two rates from the same quantity on", "two ends of one tier"],
)
def test_two_prices_of_one_product_are_told_and_neither_is_taken(terms: list[offers.Term], what: str) -> None:
    for order in (terms, terms[::-1]):
        found = extract([twice(*order)])
        assert prices(found) == {}
        (line,) = found.ambiguous
        assert line.startswith(f"{STANDARD[0]} in us-east-1, on_demand: 2 {what} at different prices ({R6G.sku}.")


def test_two_leases_of_one_product_at_different_prices_are_told_and_neither_is_taken() -> None:
    other = offers.Term([("Hrs", "0.1", "0", "Inf")], "OTHERLEASE", "1yr", "No Upfront")
    found = extract([twice(on_demand("Hrs", "0.26"), reserved("1yr", "No Upfront", "0.182"), other)])
    assert prices(found) == {STANDARD: 0.26}
    assert len(found.ambiguous) == 1
    assert "reserved_1y_no_upfront: 2 terms or rates" in found.ambiguous[0]


def test_a_term_that_is_neither_on_demand_nor_reserved_is_no_price_by_the_hour() -> None:
    found = extract([twice(on_demand("Hrs", "0.26"), FLAT), Product("FLATFLATFLATFLAT", R6G_IO.attributes, [FLAT])])
    assert prices(found) == {STANDARD: 0.26}
    assert found.ambiguous == []
    assert found.left_out == {"FlatRate terms": 2}


def test_a_reservation_is_not_taken_without_each_of_its_parts() -> None:
    def lease(option: str, *rates: tuple[str, str]) -> offers.Term:
        code = next(code for code, length, how in offers.LEASES if (length, how) == ("1yr", option))
        return offers.Term([(unit, usd, "0", "Inf") for unit, usd in rates], code, "1yr", option)

    cases = [
        (lease("Partial Upfront", ("Hrs", "0.1")), "without its upfront fee"),
        (lease("Partial Upfront", ("Hrs", "0.1"), ("Quantity", "0")), "without its upfront fee"),
        (lease("Partial Upfront", ("Quantity", "876")), "without its hourly rate"),
        (lease("All Upfront", ("Hrs", "0.0000000000")), "without its upfront fee"),
        (lease("No Upfront", ("Quantity", "876")), "without its hourly rate"),
        # 876 of something a month is not 876 an hour.
        (lease("No Upfront", ("Mo", "876")), "unit Mo of"),
    ]
    for term, sentence in cases:
        found = extract([twice(on_demand("Hrs", "0.26"), term)])
        assert prices(found) == {STANDARD: 0.26}, sentence
        assert len(found.not_understood) == 1
        assert sentence in found.not_understood[0]
        assert STANDARD[0] in found.not_understood[0]


def test_a_lease_of_one_term_is_not_mixed_with_the_fee_of_another() -> None:
    fee = offers.Term([("Quantity", "876", "0", "Inf")], "FEEOFOTHER", "1yr", "Partial Upfront")
    hourly = offers.Term([("Hrs", "0.1", "0", "Inf")], "HU7G6KETJZ", "1yr", "Partial Upfront")
    found = extract([twice(on_demand("Hrs", "0.26"), fee, hourly)])
    assert prices(found) == {STANDARD: 0.26}
    assert len(found.not_understood) == 2


def test_global_offers_are_sold_at_edge_locations() -> None:
    requests = region_product("AmazonCloudFront", "US-Requests-Tier1", on_demand("Requests", "0.0000007500"), "")
    out = tiered("GB", ("0.0850000000", "0", "10240"), ("0.0800000000", "10240", "Inf"))
    found = extract([requests, region_product("AmazonCloudFront", "EU-DataTransfer-Out-Bytes", out, "")],
                    "AmazonCloudFront", "")  # fmt: skip
    assert requests.attributes["Location Type"] == "AWS Edge Location"
    assert [(price.key.item, price.key.region, price.usd, price.tier_from) for price in found.prices] == [
        ("data_transfer_out_to_internet", "Europe, Israel", "0.085", "0"),
        ("data_transfer_out_to_internet", "Europe, Israel", "0.08", "10240"),
        ("http_requests", "US, Mexico, Canada", "0.0075", ""),
    ]
    assert found.left_out == {}


def test_replication_time_control_at_home_and_between_regions_are_told_apart() -> None:
    home = region_product("AmazonS3", "USW2-S3RTC-Out-Bytes", on_demand("GB", "0.015"), "us-west-2")
    away = region_product(
        "AmazonS3", "USW2-EUW2-S3RTC-Out-Bytes", on_demand("GB", "0.016"), "us-west-2", To_Region_Code="eu-west-2"
    )
    for products in ([home], [home, away]):
        found = extract(products, "AmazonS3", "us-west-2")
        assert [(price.key.to_region, price.usd) for price in found.prices] == [
            ("", "0.015"), ("eu-west-2", "0.016")
        ][: len(products)]  # fmt: skip
        assert found.not_understood == []


def test_region_codes_of_several_digits_are_read() -> None:
    put = region_product("AmazonS3", "APS10-Requests-Tier1", on_demand("Requests", "0.0000050000"), "us-west-2")
    assert prices(extract([put], "AmazonS3", "us-west-2")) == {("standard/put", "on_demand"): 0.005}


def test_what_is_new_breaks_nothing_and_is_told() -> None:
    new_class = aurora_instance("db.r9g.large", "Aurora PostgreSQL", 0.3, Brand_New="yes")
    unheard = region_product("AmazonRDS", "Aurora:QuantumUsage", on_demand("Qubits", "1"), Database_Engine="Any")
    unit = region_product("AmazonRDS", "Aurora:BackupUsage", on_demand("TB-Mo", "21"), Database_Engine="Any")
    elsewhere = aurora_instance("db.r6g.large", "Aurora PostgreSQL", 0.3, region="mars-north-1")
    found = extract([R6G, new_class, unheard, unit, elsewhere])
    assert prices(found)["instance/aurora-postgresql/db.r9g.large/standard", "on_demand"] == 0.3
    assert found.classes["db.r9g.large"] == ("2", "16")
    assert found.not_understood == [
        "unit TB-Mo of cluster/backup, where GB-Mo is known",
        "usage type Aurora:QuantumUsage",
    ]
    assert found.left_out == {"products of another region": 1}


def test_a_product_that_does_not_name_its_regions_is_told_and_left_out() -> None:
    named = region_product("AmazonS3", "EU-EUW2-S3RTC-Out-Bytes", on_demand("GB", "0.015"), To_Region_Code="eu-west-2")
    nameless = region_product("AmazonS3", "EU-EUW3-S3RTC-Out-Bytes", on_demand("GB", "0.015"))
    found = extract([named, nameless], "AmazonS3")
    assert [price.key.to_region for price in found.prices] == ["eu-west-2"]
    assert found.not_understood == ["usage type EU-EUW3-S3RTC-Out-Bytes without toregioncode"]


def test_prices_in_another_currency_are_not_taken_for_dollars() -> None:
    content = Offer("AmazonRDS", [R6G]).csv().replace(b'"USD"', b'"CNY"')
    found = Mapper(load(), "AmazonRDS", "us-east-1").take(read(content, "AmazonRDS"))
    assert found.prices == []
    assert found.not_understood == [f"currency CNY of {STANDARD[0]}"]


@pytest.mark.parametrize("column", ["PricePerUnit", "usageType", "Region Code", "Location Type", "Unit"])
def test_a_dropped_column_is_an_error_with_its_name(column: str) -> None:
    content = Offer("AmazonRDS", [R6G]).csv().replace(f'"{column}"'.encode(), b'"Was Here"', 1)
    with pytest.raises(SnapshotError, match=f"no column .*({column}|{recipe.attribute(column)}).*AWS changed the file"):
        read(content, "AmazonRDS")


@pytest.mark.parametrize("column", ["Database Engine", "Deployment Option", "Storage"])
def test_a_dropped_attribute_that_tells_prices_apart_is_an_error_with_its_name(column: str) -> None:
    products = [
        Product(p.sku, {name: value for name, value in p.attributes.items() if name != column}, p.terms)
        for p in (R6G, R6G_IO)
    ]
    for content, kind in ((Offer("AmazonRDS", products).csv(), "csv"), (Offer("AmazonRDS", products).json(), "json")):
        with pytest.raises(SnapshotError, match=recipe.attribute(column)):
            Mapper(load(), "AmazonRDS", "us-east-1").take(read(content, "AmazonRDS", kind))


def test_a_new_column_is_read_over() -> None:
    content = Offer("AmazonRDS", [Product(R6G.sku, {**R6G.attributes, "Colour": "blue"}, R6G.terms)]).csv()
    found = Mapper(load(), "AmazonRDS", "us-east-1").take(read(content, "AmazonRDS", "csv", ["Aurora"]))
    assert prices(found)[STANDARD] == 0.26


Variant = Callable[[], bytes]
PLAIN = Offer("AmazonRDS", [R6G, R6G_IO, *(offers.aurora_instance("db.r5.large", e, 1) for e in ("MySQL", "Oracle"))])
NOTE = {**R6G.attributes, "Group Description": 'He said "Aurora",\nand left'}
SPREAD = Offer("AmazonRDS", [Product(R6G.sku, NOTE, R6G.terms), R6G_IO])


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PLAIN.csv(), "csv"),
        (PLAIN.csv(newline="\r\n"), "csv"),
        (PLAIN.csv(bom=True), "csv"),
        (PLAIN.csv(newline="\r\n", bom=True), "csv"),
        (PLAIN.csv().rstrip(b"\n"), "csv"),
        (SPREAD.csv(), "csv"),
        (SPREAD.csv(newline="\r\n"), "csv"),
        (PLAIN.json(), "json"),
        (PLAIN.json(indent=None), "json"),
        (SPREAD.json(), "json"),
        (json.dumps(json.loads(PLAIN.json()), sort_keys=True).encode(), "json"),
        (json.dumps(json.loads(PLAIN.json()), indent=4, sort_keys=True).encode(), "json"),
    ],
    ids=["csv", "crlf", "bom", "crlf bom", "no newline at the end", "a line break in quotes", "crlf in quotes",
         "json", "compact json", "json with quotes", "keys in another order", "keys in another order, indented"],
)  # fmt: skip
@pytest.mark.parametrize("block", [1 << 18, 4096, 700])
def test_quoting_marks_and_layout_change_nothing(
    content: bytes, kind: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offer_csv, "BLOCK", max(block, 4096))
    monkeypatch.setattr(offer_json, "BLOCK", block)
    found = Mapper(load(), "AmazonRDS", "us-east-1").take(read(content, "AmazonRDS", kind, ["Aurora"]))
    wanted = Mapper(load(), "AmazonRDS", "us-east-1").take(read(PLAIN.csv(), "AmazonRDS"))
    assert found.prices == wanted.prices
    assert len(found.prices) == 12


def test_the_query_api_gives_what_the_bulk_files_give() -> None:
    rates = []
    for text in map(offers.query_api_document, (R6G, R6G_IO)):
        document = json.loads(text)
        attributes = offer_json.product(document["product"])
        for kind, terms in document["terms"].items():
            for term in terms.values():
                rates += offer_json.rates_of(document["product"]["sku"], attributes, term, kind)
    assert Mapper(load(), "AmazonRDS", "us-east-1").take(rates).prices == extract([R6G, R6G_IO]).prices


@pytest.mark.parametrize(
    ("content", "kind", "sentence"),
    [
        (b"<html>Access denied</html>", "csv", "no price list of AWS"),
        (b"", "csv", "no price list of AWS"),
        (b'{"message": "no"}', "json", "names no offerCode"),
        (PLAIN.json()[:2000], "json", "damaged"),
        (PLAIN.csv()[:-40], "csv", "damaged: line"),
        *(
            (
                PLAIN.csv().replace(b'"0.2600000000"', f'"{usd}"'.encode(), 1),
                "csv",
                f"damaged: the price of .* is '{usd}'",
            )
            for usd in ("n/a", "", "Infinity", "NaN", "-0.26")
        ),
        (
            PLAIN.csv().replace(b'"0","Inf"', b'"n/a","Inf"', 1),
            "csv",
            "damaged: the beginning of the range .* is 'n/a'",
        ),
        (PLAIN.csv().replace(b'"0","Inf"', b'"0","n/a"', 1), "csv", "damaged: the end of the range .* is 'n/a'"),
    ],
)
def test_what_is_no_offer_or_is_cut_off_is_refused(content: bytes, kind: str, sentence: str) -> None:
    with pytest.raises(SnapshotError, match=sentence):
        Mapper(load(), "AmazonRDS", "us-east-1").take(read(content, "AmazonRDS", kind))


def test_the_recipe_keeps_every_item_of_the_embedded_snapshot() -> None:
    rules = [rule for rules in load().rules.values() for rule in rules if rule.service]
    kept = {(rule.service, re.sub(r"\\{class\\}", r"[\\w.-]+", re.escape(rule.item))) for rule in rules}
    items = {(row[0], row[1]) for row in snapshot.load().tables["prices"]}
    assert len(items) > 400
    lacking = [
        (service, item)
        for service, item in sorted(items)
        if not any(of == service and re.fullmatch(pattern, item) for of, pattern in kept)
    ]
    assert lacking == []


def copied_recipe(folder: Path) -> Path:
    for path in (data_dir() / "recipe").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_adding_a_service_is_adding_rows(tmp_path: Path) -> None:
    folder = copied_recipe(tmp_path)
    with (folder / "offers.csv").open("a") as file:
        file.write("AWSQueueService,region,regioncode locationtype,,regionCode,,queues\n")
    with (folder / "recipe.csv").open("a") as file:
        row = "AWSQueueService,Requests-Tier1,,AWSQueueService,requests,{regioncode},,Requests,million-requests,1000000"
        file.write(f"{row},on_demand,,\n")
    added = load(folder)
    queues = tiered("Requests", ("0", "0", "1000000"), ("0.0000004000", "1000000", "Inf"))
    rows = [region_product("AWSQueueService", "USE1-Requests-Tier1", queues)]
    rates = offer_csv.read(lambda: io.BytesIO(Offer("AWSQueueService", rows).csv()), [], Head())
    found = Mapper(added, "AWSQueueService", "us-east-1").take(rates)
    assert [(price.key.item, price.usd, price.unit) for price in found.prices] == [
        ("requests", "0.4", "million-requests")
    ]
    assert added.offers(["AWSQueueService"]) == ["AWSQueueService"]


def test_a_row_that_makes_no_sense_is_named_by_its_line(tmp_path: Path) -> None:
    folder = copied_recipe(tmp_path)
    with (folder / "recipe.csv").open("a") as file:
        file.write("AmazonRDS,[,,,,,,,,,,,why\n")
    with pytest.raises(SnapshotError, match=r"recipe.csv line \d+ makes no sense"):
        load(folder)
    with pytest.raises(SnapshotError, match="no service is called AmazonRDB: known are AWSDataTransfer"):
        load().offers(["AmazonRDB"])
    assert load().offers(["AmazonVPC"]) == ["AmazonEC2", "AmazonVPC"]
