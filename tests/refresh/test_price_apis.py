"""Prices and support flags through AWS's APIs: the same recipe, every page read, refusals told in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import offers
import pytest
from botocore.stub import Stubber
from click.testing import CliRunner
from offers import aurora_instance, on_demand, region_product

from drkit.cli import main
from drkit.errors import RefreshError
from drkit.facts import cache as store
from drkit.facts.catalog import Catalog
from drkit.refresh import price_list_api, refresh, support_api
from drkit.refresh.aws_session import Clients
from drkit.refresh.price_list_api import PriceListApi

LARGE = aurora_instance("db.r6g.large", "Aurora PostgreSQL", 0.27)
OPTIMIZED = aurora_instance("db.r6g.large", "Aurora PostgreSQL", 0.351, "io_optimized")
OTHER = aurora_instance("db.r6g.large", "MySQL", 0.1)


@pytest.fixture(autouse=True)
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRKIT_CACHE", str(tmp_path / "cache"))
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def client(service: str, region: str = "us-east-1") -> Any:
    return boto3.client(service, region, aws_access_key_id="testing", aws_secret_access_key="testing")


def test_the_query_api_is_read_page_by_page_with_the_recipes_filters() -> None:
    pricing = client("pricing")
    asked = {
        "ServiceCode": "AmazonRDS",
        "Filters": [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"}],
        "FormatVersion": "aws_v1",
        "MaxResults": 100,
    }
    with Stubber(pricing) as stub:
        first = {"PriceList": [offers.query_api_document(LARGE), offers.query_api_document(OTHER)], "NextToken": "n"}
        stub.add_response("get_products", first, asked)
        second = {"PriceList": [offers.query_api_document(OPTIMIZED)]}
        stub.add_response("get_products", second, {**asked, "NextToken": "n"})
        done = refresh.refresh(PriceListApi(clients=lambda *_: pricing), ["us-east-1"], ["AmazonRDS"], day="2026-11-25")
        stub.assert_no_pending_responses()
    catalog = Catalog.load(done.name)
    item = "instance/aurora-postgresql/db.r6g.large"
    assert catalog.prices.find("AmazonRDS", f"{item}/standard", "us-east-1").usd == 0.27
    assert catalog.prices.find("AmazonRDS", f"{item}/io_optimized", "us-east-1").usd == 0.351
    # 0.27 x 0.65 for a year paid at once
    reserved = catalog.prices.find("AmazonRDS", f"{item}/standard", "us-east-1", purchase="reserved_1y_all_upfront")
    assert reserved.usd == pytest.approx(0.1755)
    (offer,) = catalog.snapshot.offers
    assert offer["url"].endswith("/AmazonRDS")
    assert offer["version"] == "20261120195514"


def test_nat_gateways_are_asked_for_by_product_family_for_ec2_has_a_million_products() -> None:
    pricing = client("pricing")
    nat = region_product("AmazonEC2", "NatGateway-Hours", on_demand("Hrs", "0.046"), operation="NatGateway")
    filters = [
        {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"},
        {"Type": "TERM_MATCH", "Field": "productFamily", "Value": "NAT Gateway"},
    ]
    with Stubber(pricing) as stub:
        stub.add_response(
            "get_products",
            {"PriceList": [offers.query_api_document(nat)]},
            {"ServiceCode": "AmazonEC2", "Filters": filters, "FormatVersion": "aws_v1", "MaxResults": 100},
        )
        done = refresh.refresh(PriceListApi(clients=lambda *_: pricing), ["us-east-1"], ["AmazonEC2"])
    assert Catalog.load(done.name).prices.find("AmazonVPC", "nat_gateway/hour", "us-east-1").usd == 0.046


def test_what_is_sold_is_taken_from_the_fresh_offers_where_the_support_apis_say_nothing() -> None:
    pricing = client("pricing")
    with Stubber(pricing) as stub:
        new = aurora_instance("db.r9g.large", "Aurora PostgreSQL", 0.3)
        stub.add_response("get_products", {"PriceList": [offers.query_api_document(new)]})
        done = refresh.refresh(
            PriceListApi(clients=lambda *_: pricing),
            ["us-east-1"],
            ["AmazonRDS"],
            support=lambda old, _: {"availability.csv": list(old.tables["availability"]), "sources.csv": []},
        )
    catalog = Catalog.load(done.name)
    assert catalog.support.sold("aurora", "aurora-postgresql", "db.r9g.large", "us-east-1")
    # What the fresh offer no longer lists is not sold there any more.
    assert not catalog.support.sold("aurora", "aurora-postgresql", "db.r6g.large", "us-east-1")


def test_a_refusal_says_what_the_role_needs() -> None:
    pricing = client("pricing")
    with Stubber(pricing) as stub:
        stub.add_client_error("get_products", "AccessDeniedException", "User is not authorized", 400)
        with pytest.raises(RefreshError, match=r"AccessDeniedException: User is not authorized.*pricing:GetProducts"):
            refresh.refresh(PriceListApi(clients=lambda *_: pricing), ["us-east-1"], ["AmazonRDS"])
    assert [entry.name for entry in store.snapshots()] == ["embedded"]


def test_a_product_that_is_not_as_documented_is_refused() -> None:
    pricing = client("pricing")
    with Stubber(pricing) as stub:
        stub.add_response("get_products", {"PriceList": ['{"product": "Aurora"}']})
        with pytest.raises(RefreshError, match="not as documented"):
            refresh.refresh(PriceListApi(clients=lambda *_: pricing), ["us-east-1"], ["AmazonRDS"])


def test_without_credentials_the_bulk_files_are_named() -> None:
    done = CliRunner().invoke(main, ["catalog", "refresh", "--source", "api", "--services", "AmazonRDS"])
    assert done.exit_code == 1
    assert "no AWS credentials were found" in done.stderr
    assert "the bulk files need none" in done.stderr


def test_the_place_of_the_bulk_files_is_not_asked_for_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def clients(profile: Any, endpoint: Any, ca_bundle: Any) -> Any:
        asked.append(endpoint)
        raise RefreshError("no more is needed")

    monkeypatch.setattr(price_list_api, "Clients", clients)
    monkeypatch.setenv("DRKIT_PRICING_ENDPOINT", "http://127.0.0.1:9")
    words = ["catalog", "refresh", "--source", "api", "--services", "AmazonRDS"]
    CliRunner().invoke(main, words)
    CliRunner().invoke(main, [*words, "--endpoint", "http://127.0.0.1:8"])
    assert asked == [None, "http://127.0.0.1:8"]
    missing = CliRunner().invoke(main, [*words, "--ca-bundle", "/nowhere.pem"])
    assert missing.exit_code == 2
    assert "the certificate bundle /nowhere.pem does not exist: correct --ca-bundle" in missing.stderr


def test_an_unknown_profile_is_named() -> None:
    done = CliRunner().invoke(main, ["catalog", "refresh", "--source", "api", "--profile", "nobody"])
    assert done.exit_code == 1
    assert "nobody" in done.stderr


def test_endpoint_and_certificates_reach_the_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    made = Clients(endpoint="http://127.0.0.1:9", ca_bundle=str(tmp_path / "ca.pem"))("rds", "eu-west-1")
    assert made.meta.endpoint_url == "http://127.0.0.1:9"
    assert made.meta.region_name == "eu-west-1"
    assert made._endpoint.http_session._verify == str(tmp_path / "ca.pem")


def option(name: str, flag: bool, storage: str = "aurora", version: str = "16.4") -> dict[str, object]:
    engine = {"Engine": "aurora-postgresql", "EngineVersion": version}
    return {**engine, "DBInstanceClass": name, "StorageType": storage, "SupportsGlobalDatabases": flag}


def versions(engine: str, *listed: tuple[str, bool]) -> list[dict[str, object]]:
    return [{"Engine": engine, "EngineVersion": name, "SupportsGlobalDatabases": flag} for name, flag in listed]


@pytest.fixture
def asked() -> Iterator[dict[str, list[Any]]]:
    """RDS in us-east-1 answers in two pages; ElastiCache sells two nodes."""
    rds, cache = client("rds"), client("elasticache")
    with Stubber(rds) as rds_stub, Stubber(cache) as cache_stub:
        page = {"Engine": "aurora-postgresql", "MaxRecords": 1000}
        first = [
            option("db.r6g.large", True),
            option("db.r6g.large", True, "aurora-iopt1"),
            option("db.t3.medium", False),
        ]
        rds_stub.add_response(
            "describe_orderable_db_instance_options", {"OrderableDBInstanceOptions": first, "Marker": "m"}, page
        )
        second = [option("db.r7i.large", False), option("db.q1.large", True)]
        rds_stub.add_response(
            "describe_orderable_db_instance_options", {"OrderableDBInstanceOptions": second}, {**page, "Marker": "m"}
        )
        found = versions(
            "aurora-postgresql",
            ("15.2", False),
            ("15.4", True),
            ("15.5", True),
            ("16.1", True),
            ("16.2", False),
            ("16.3", True),
        )
        rds_stub.add_response(
            "describe_db_engine_versions",
            {"DBEngineVersions": found[:3], "Marker": "v"},
            {"Engine": "aurora-postgresql", "MaxRecords": 100},
        )
        rds_stub.add_response(
            "describe_db_engine_versions",
            {"DBEngineVersions": found[3:]},
            {"Engine": "aurora-postgresql", "MaxRecords": 100, "Marker": "v"},
        )
        rds_stub.add_response(
            "describe_orderable_db_instance_options",
            {"OrderableDBInstanceOptions": []},
            {"Engine": "aurora-mysql", "MaxRecords": 1000},
        )
        mysql = versions("aurora-mysql", ("8.0.mysql_aurora.3.04.0", True))
        rds_stub.add_response(
            "describe_db_engine_versions", {"DBEngineVersions": mysql}, {"Engine": "aurora-mysql", "MaxRecords": 100}
        )
        nodes = [
            {"CacheNodeType": "cache.r7g.large", "ProductDescription": "valkey"},
            {"CacheNodeType": "cache.r7g.large", "ProductDescription": "redis"},
            {"CacheNodeType": "cache.m1.small", "ProductDescription": "memcached"},
        ]
        cache_stub.add_response(
            "describe_reserved_cache_nodes_offerings", {"ReservedCacheNodesOfferings": nodes}, {"MaxRecords": 100}
        )
        old = Catalog.load("embedded").snapshot
        clients = {"rds": rds, "elasticache": cache}
        yield dict(
            support_api.tables(old, ["us-east-1"], clients=lambda service, _: clients[service], day="2026-11-25")
        )
        rds_stub.assert_no_pending_responses()


def test_flags_are_asked_page_by_page_and_kept_where_they_differ_from_the_rule(asked: dict[str, list[Any]]) -> None:
    flags = [row[3] for row in asked["support_rules.csv"] if row[2] == "class_flag"]
    # The rule takes r7i and has never heard of q1; for r6g and t3 both say the same.
    assert flags == ["us-east-1 db.q1.large yes", "us-east-1 db.r7i.large no"]
    rows = [row for row in asked["support_regions.csv"] if row[2] == "us-east-1" and row[0] == "aurora"]
    assert [(row[1], row[3], row[4]) for row in sorted(rows)] == [
        ("aurora-mysql", "no", ">=3.04.0"),
        ("aurora-postgresql", "yes", ">=15.4 ==16.1 ==16.3"),
    ]
    sold = [row[3] for row in asked["availability.csv"] if row[:3] == ("aurora", "aurora-postgresql", "us-east-1")]
    assert sold == ["db.q1.large", "db.r6g.large", "db.r7i.large", "db.t3.medium"]
    nodes = [row[3] for row in asked["availability.csv"] if row[:3] == ("elasticache", "any", "us-east-1")]
    assert nodes == ["cache.r7g.large"]


def test_flags_decide_in_their_region_and_the_rule_elsewhere(asked: dict[str, list[Any]]) -> None:
    class Answers:
        def listing(self, *_: Any) -> Any:
            from drkit.refresh.bulk import Listed

            return [Listed("AmazonRDS", "us-east-1", "")], []

        def read(self, file: Any) -> Any:
            from drkit.refresh.bulk import Provenance
            from drkit.refresh.mapping import Mapper
            from drkit.refresh.recipe import load

            extract = Mapper(load(), "AmazonRDS", "us-east-1")
            attributes = {"usagetype": "Aurora:StorageUsage", "regioncode": "us-east-1"}
            from drkit.refresh.rates import Rate

            rate = Rate("S", "S.T.R", "OnDemand", "0", "Inf", "GB-Mo", "0.1", "USD", "", "", "", attributes)
            return extract.take([rate]), Provenance("AmazonRDS", "us-east-1", "1", "2026-11-20", "u", "0" * 64)

        def plans(self, *_: Any) -> Any:
            return []

        def regions(self) -> set[str]:
            return set()

    done = refresh.refresh(Answers(), ["us-east-1"], ["AmazonRDS"], support=lambda *_: asked)
    support = Catalog.load(done.name).support
    judged = [
        (name, region, bool(support.replicable("aurora", "aurora-postgresql", "16.3", name, region)))
        for name in ("db.r6g.large", "db.r7i.large", "db.q1.large")
        for region in ("us-east-1", "eu-west-1")
    ]
    assert judged == [
        ("db.r6g.large", "us-east-1", True),
        ("db.r6g.large", "eu-west-1", True),
        ("db.r7i.large", "us-east-1", False),
        ("db.r7i.large", "eu-west-1", True),
        ("db.q1.large", "us-east-1", True),
        ("db.q1.large", "eu-west-1", False),
    ]
    assert not support.replicable("aurora", "aurora-postgresql", "16.2", "db.r6g.large", "us-east-1")
    assert (
        "db.r7i.large in us-east-1"
        in support.replicable("aurora", "aurora-postgresql", "16.3", "db.r7i.large", "us-east-1").reason
    )
