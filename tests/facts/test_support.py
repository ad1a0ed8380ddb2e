"""SupportMatrix: what Global Database and Global Datastore take, why not, and the smallest legal step up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from drkit.errors import UnsupportedError
from drkit.facts.catalog import Catalog
from drkit.facts.support import SupportMatrix, parse_version

POSTGRESQL, MYSQL = "aurora-postgresql", "aurora-mysql"


@pytest.fixture(scope="module")
def support(catalog: Catalog) -> SupportMatrix:
    return catalog.support


@pytest.fixture(scope="module")
def orderable() -> Sequence[dict[str, Any]]:
    """AWS's own answers for us-east-1, as moto ships them."""
    import boto3
    from moto import mock_aws

    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with mock_aws():
            client = boto3.client("rds", region_name="us-east-1")
            pages = client.get_paginator("describe_orderable_db_instance_options").paginate(Engine=POSTGRESQL)
            return [option for page in pages for option in page["OrderableDBInstanceOptions"]]


@pytest.mark.slow
def test_every_orderable_option_is_judged_as_aws_judges_it(
    support: SupportMatrix, orderable: Sequence[dict[str, Any]]
) -> None:
    assert len(orderable) == 991
    assert sum(option["SupportsGlobalDatabases"] for option in orderable) == 879
    wrong = [
        (option["DBInstanceClass"], option["EngineVersion"])
        for option in orderable
        if support.replicable("aurora", POSTGRESQL, option["EngineVersion"], option["DBInstanceClass"]).supported
        != option["SupportsGlobalDatabases"]
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("engine", "version", "legal"),
    [
        (POSTGRESQL, "11.8", False),
        (POSTGRESQL, "11.9", True),
        (POSTGRESQL, "11.10", False),
        (POSTGRESQL, "11.12", False),
        (POSTGRESQL, "11.13", True),
        (POSTGRESQL, "12.7", False),
        (POSTGRESQL, "12.8", True),
        (POSTGRESQL, "13.3", False),
        (POSTGRESQL, "13.4", True),
        (POSTGRESQL, "14.2", False),
        (POSTGRESQL, "14.3", True),
        (POSTGRESQL, "15.1", False),
        (POSTGRESQL, "15.2", True),
        (POSTGRESQL, "15.10", True),
        (POSTGRESQL, "16.0", False),
        (POSTGRESQL, "16.1", True),
        (POSTGRESQL, "17.3", False),
        (POSTGRESQL, "17.4", True),
        (POSTGRESQL, "18.2", False),
        (POSTGRESQL, "18.3", True),
        (MYSQL, "5.7.mysql_aurora.2.06.0", False),
        (MYSQL, "5.7.mysql_aurora.2.07.0", True),
        (MYSQL, "8.0.mysql_aurora.3.00.1", False),
        (MYSQL, "8.0.mysql_aurora.3.01.0", True),
        (MYSQL, "8.0.mysql_aurora.3.08.0", True),
        (MYSQL, "8.4.0", True),
        ("neptune", "1.2.0", False),
    ],
)
def test_each_version_line_has_its_own_floor(engine: str, version: str, legal: bool, support: SupportMatrix) -> None:
    verdict = support.replicable("aurora", engine, version, "db.r6g.large", "us-east-1")
    assert verdict.supported is legal
    assert legal or engine in verdict.reason


def test_mysql_floors_differ_by_region(support: SupportMatrix) -> None:
    version = "5.7.mysql_aurora.2.07.0"
    assert support.replicable("aurora", MYSQL, version, "db.r6g.large", "us-east-1")
    verdict = support.replicable("aurora", MYSQL, version, "db.r6g.large", "sa-east-1")
    assert not verdict
    assert "2.07.1+" in verdict.reason


@pytest.mark.parametrize(
    ("version", "region", "legal"),
    [
        # without a region the engine's own floors hold
        ("5.7.mysql_aurora.2.06.0", None, False),
        ("5.7.mysql_aurora.2.07.0", None, True),
        ("8.0.mysql_aurora.3.00.1", None, False),
        ("8.0.mysql_aurora.3.01.0", None, True),
        ("8.4.0", None, True),
        # a region's floor takes the place of the engine's for its major version, and leaves the others alone
        ("8.0.mysql_aurora.3.01.0", "ap-southeast-5", False),
        ("8.0.mysql_aurora.3.03.9", "ap-southeast-5", False),
        ("8.0.mysql_aurora.3.04.0", "ap-southeast-5", True),
        ("8.4.0", "sa-east-1", True),
    ],
)
def test_mysql_has_floors_for_the_engine_and_for_some_regions(
    version: str, region: str | None, legal: bool, support: SupportMatrix
) -> None:
    # serverless is sold everywhere: only the version decides
    assert support.replicable("aurora", MYSQL, version, "db.serverless", region).supported is legal


def test_each_mysql_line_is_shown_at_the_oldest_version_of_the_region(support: SupportMatrix) -> None:
    for region, oldest in (
        ("us-east-1", {"2.07.0", "3.01.0", "8.4"}),
        ("sa-east-1", {"2.07.1", "3.01.0", "8.4"}),
    ):
        frame = support.frame(region=region, engine=MYSQL)
        assert set(frame["engine_version"]) == oldest
        assert frame.loc[frame["class"] == "db.r6g.large", "supported"].all()


@pytest.mark.parametrize(
    ("engine", "version", "legal"),
    [
        ("redis", "5.0.5", False),
        ("redis", "5.0.6", True),
        ("redis", "6.2", True),
        ("redis", "7.1", True),
        ("redis", "4.0.10", False),
        ("valkey", "7.1", False),
        ("valkey", "7.2", True),
        ("valkey", "8.0", True),
        ("memcached", "1.6", False),
    ],
)
def test_global_datastore_has_its_floors(engine: str, version: str, legal: bool, support: SupportMatrix) -> None:
    assert support.replicable("elasticache", engine, version, "cache.r6g.large").supported is legal


@pytest.mark.parametrize(
    "name",
    ["cache.t4g.small", "cache.t3.medium", "cache.t2.micro", "cache.m4.large", "cache.r4.large"],
)
def test_global_datastore_refuses_burstable_and_old_nodes(name: str, support: SupportMatrix) -> None:
    verdict = support.replicable("elasticache", "redis", "7.1", name)
    assert not verdict
    assert name in verdict.reason
    assert verdict.source


@pytest.mark.parametrize(
    "name",
    ["cache.m5.large", "cache.m6g.xlarge", "cache.m7g.large", "cache.r5.24xlarge", "cache.r6gd.xlarge"],
)
def test_global_datastore_takes_large_m_and_r_nodes(name: str, support: SupportMatrix) -> None:
    assert support.replicable("elasticache", "redis", "7.1", name)


@pytest.mark.parametrize("name", ["db.t4g.medium", "db.t3.large", "db.t2.small"])
def test_burstable_classes_are_refused_by_global_database(name: str, support: SupportMatrix) -> None:
    verdict = support.replicable("aurora", POSTGRESQL, "16.4", name)
    assert verdict.reason == f"{name} is burstable, which Aurora Global Database refuses"
    assert verdict.source


@pytest.mark.parametrize(
    ("region", "reason"),
    [
        ("ap-east-2", "is not offered in ap-east-2"),
        ("ap-southeast-7", "is not offered in ap-southeast-7"),
        ("il-central-1", "is not known to be offered in il-central-1"),
        ("mx-central-1", "is not known to be offered in mx-central-1"),
        ("xx-nowhere-1", "is not known to be offered in xx-nowhere-1"),
    ],
)
def test_regions_without_global_database_are_refused(region: str, reason: str, support: SupportMatrix) -> None:
    verdict = support.replicable("aurora", POSTGRESQL, "16.4", "db.r6g.large", region)
    assert verdict.reason == f"Aurora Global Database {reason}"


def test_regions_without_global_datastore_are_refused(support: SupportMatrix) -> None:
    for region in ("ap-east-2", "ap-southeast-6"):
        verdict = support.replicable("elasticache", "redis", "7.1", "cache.r6g.large", region)
        assert verdict.reason == f"ElastiCache Global Datastore is not offered in {region}"


def test_a_class_that_the_region_does_not_sell_is_refused(support: SupportMatrix) -> None:
    assert support.replicable("aurora", POSTGRESQL, "13.4", "db.r4.large", "us-east-1")
    verdict = support.replicable("aurora", POSTGRESQL, "13.4", "db.r4.large", "eu-north-1")
    assert verdict.reason == "db.r4.large is not sold for aurora-postgresql in eu-north-1"


def test_serverless_is_legal_where_global_database_is(support: SupportMatrix) -> None:
    assert support.replicable("aurora", MYSQL, "8.0.mysql_aurora.3.08.0", "db.serverless", "eu-central-1")
    assert not support.replicable("aurora", MYSQL, "8.0.mysql_aurora.3.08.0", "db.serverless", "ap-east-2")
    step = support.step_up("aurora", POSTGRESQL, "16.4", "db.serverless", ("us-east-1", "us-east-2"), "standard")
    assert (step.found, step.extra_monthly_usd) == ("db.serverless", 0.0)


@pytest.mark.parametrize(
    ("engine", "version", "legal"),
    [
        (POSTGRESQL, "14.8", False),
        (POSTGRESQL, "14.9", True),
        (POSTGRESQL, "15.3", False),
        (POSTGRESQL, "15.4", True),
        (POSTGRESQL, "13.20", False),
        (POSTGRESQL, "16.1", True),
        (POSTGRESQL, "18.3", True),
        (MYSQL, "8.0.mysql_aurora.3.08.0", True),
    ],
)
def test_write_forwarding_has_its_floors(engine: str, version: str, legal: bool, support: SupportMatrix) -> None:
    assert support.forwards_writes(engine, version).supported is legal


PAIR = ("us-west-2", "us-east-2")


@pytest.mark.parametrize(
    ("service", "engine", "version", "name", "variant", "found", "extra"),
    [
        # 0.26 against 0.073 an hour, 730 hours: 136.51
        ("aurora", POSTGRESQL, "16.4", "db.t4g.medium", "standard", "db.r6g.large", (0.26 - 0.073) * 730),
        # 0.338 against 0.095
        ("aurora", POSTGRESQL, "16.4", "db.t4g.medium", "io_optimized", "db.r6g.large", (0.338 - 0.095) * 730),
        # 0.26 against 0.164
        ("aurora", POSTGRESQL, "16.4", "db.t3.large", "standard", "db.r6g.large", (0.26 - 0.164) * 730),
        # 0.149 against 0.032
        ("elasticache", "redis", "7.1", "cache.t4g.small", "", "cache.m6g.large", (0.149 - 0.032) * 730),
        # 0.1192 against 0.0256
        ("elasticache", "valkey", "8.0", "cache.t4g.small", "", "cache.m6g.large", (0.1192 - 0.0256) * 730),
    ],
)
def test_the_step_up_is_the_cheapest_legal_class_and_says_what_it_adds(
    service: Any,
    engine: str,
    version: str,
    name: str,
    variant: str,
    found: str,
    extra: float,
    support: SupportMatrix,
) -> None:
    step = support.step_up(service, engine, version, name, PAIR, variant)
    assert step.found == found
    assert step.extra_monthly_usd == pytest.approx(extra, abs=0.001)


@pytest.mark.parametrize("service", ["aurora", "elasticache"])
def test_no_legal_class_at_least_as_large_is_cheaper_than_the_step_up(
    service: Any, support: SupportMatrix, catalog: Catalog
) -> None:
    engine, version = (POSTGRESQL, "16.4") if service == "aurora" else ("redis", "7.1")
    code, item = (
        ("AmazonRDS", f"instance/{engine}/{{}}/standard")
        if service == "aurora"
        else ("AmazonElastiCache", f"node/{engine}/{{}}")
    )
    for today in support.classes.values():
        if today.service != service or not today.burstable:
            continue
        step = support.step_up(service, engine, version, today.name, PAIR, "standard")
        found = support.size(step.found)
        assert found.vcpu >= today.vcpu
        assert found.memory_gib >= today.memory_gib
        found_usd = catalog.prices.find(code, item.format(step.found), PAIR[0]).usd
        for other in support.classes.values():
            legal = (
                other.service == service
                and other.vcpu >= today.vcpu
                and other.memory_gib >= today.memory_gib
                and support.replicable_everywhere(service, engine, version, other.name, PAIR)
                and all(catalog.prices.has(code, item.format(other.name), region) for region in PAIR)
            )
            if legal:
                assert catalog.prices.find(code, item.format(other.name), PAIR[0]).usd >= found_usd


def test_a_legal_class_stays_and_adds_nothing(support: SupportMatrix) -> None:
    step = support.step_up("aurora", POSTGRESQL, "15.4", "db.r6g.large", ("us-east-1", "us-east-2"), "standard")
    assert (step.found, step.extra_monthly_usd) == ("db.r6g.large", 0.0)


def test_a_class_that_the_failover_region_does_not_sell_steps_up_to_one_that_both_do(support: SupportMatrix) -> None:
    step = support.step_up("aurora", POSTGRESQL, "13.4", "db.r4.large", ("us-east-1", "eu-north-1"), "standard")
    assert step.found != "db.r4.large"
    for region in ("us-east-1", "eu-north-1"):
        assert support.replicable("aurora", POSTGRESQL, "13.4", step.found, region)


def test_a_class_that_only_the_other_region_has_no_price_for_steps_aside(
    support: SupportMatrix, catalog: Catalog
) -> None:
    pair, item = ("ap-northeast-1", "ap-northeast-2"), f"instance/{POSTGRESQL}/db.r6gd.xlarge/standard"
    assert support.replicable_everywhere("aurora", POSTGRESQL, "16.4", "db.r6gd.xlarge", pair)
    assert [catalog.prices.has("AmazonRDS", item, region) for region in pair] == [True, False]
    step = support.step_up("aurora", POSTGRESQL, "16.4", "db.r6gd.xlarge", pair, "standard")
    # as large, priced in both, and cheaper: 0.627 against 0.751 an hour
    assert step.found == "db.r6g.xlarge"
    assert step.extra_monthly_usd == pytest.approx((0.627 - 0.751) * 730, abs=0.001)
    # the other way about there is no price at home, which the bill says
    assert (
        support.step_up("aurora", POSTGRESQL, "16.4", "db.r6gd.xlarge", pair[::-1], "standard").extra_monthly_usd == 0
    )


def test_a_region_that_is_not_offered_is_no_matter_of_size(support: SupportMatrix) -> None:
    for _ in range(2):  # what is asked again is refused again
        with pytest.raises(UnsupportedError, match="Global Datastore is not offered in ap-east-2"):
            support.step_up("elasticache", "redis", "7.1", "cache.t4g.small", ("us-east-1", "ap-east-2"))


def test_a_version_below_the_floor_is_no_matter_of_size(support: SupportMatrix) -> None:
    with pytest.raises(UnsupportedError, match=r"aurora-postgresql .* not 12\.7"):
        support.step_up("aurora", POSTGRESQL, "12.7", "db.t4g.medium", PAIR, "standard")


def test_an_unknown_class_gets_a_hint(support: SupportMatrix) -> None:
    with pytest.raises(
        UnsupportedError, match=r"'db\.r6g\.lage' is not a class of the snapshot; did you mean .*db\.r6g\.large"
    ):
        support.size("db.r6g.lage")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("15.4", (15, 4)),
        ("5.0.6", (5, 0, 6)),
        ("8.0.mysql_aurora.3.04.0", (3, 4, 0)),
        ("5.7.mysql_aurora.2.11.2", (2, 11, 2)),
    ],
)
def test_versions_compare_as_numbers(text: str, parsed: tuple[int, ...]) -> None:
    assert parse_version(text) == parsed


@pytest.mark.parametrize("text", ["", "latest", "15.x", "15.", "v15.4", "15.4 "])
def test_a_text_without_a_version_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedError, match="is not an engine version"):
        parse_version(text)


def test_limits_are_figures_of_the_snapshot(support: SupportMatrix) -> None:
    assert support.figure("aurora", "max_secondary_regions") == 10
    assert support.figure("elasticache", "max_secondary_regions") == 2
    assert support.figure("aurora", "managed_rpo_min_s", POSTGRESQL) == 20


def test_the_frame_has_a_reason_exactly_where_something_is_refused(support: SupportMatrix) -> None:
    frame = support.frame(region="us-east-1")
    assert list(frame.columns) == ["service", "engine", "engine_version", "class", "region", "supported", "reason"]
    assert set(frame["service"]) == {"aurora", "elasticache"}
    assert (frame["supported"] == (frame["reason"] == "")).all()
    assert not frame.duplicated(["engine", "engine_version", "class", "region"]).any()
    burstable = frame[frame["class"].str.match(r"(db|cache)\.t\d")]
    assert len(burstable)
    assert not burstable["supported"].any()


def test_the_frame_narrows_to_one_version(support: SupportMatrix) -> None:
    frame = support.frame(service="aurora", region="us-east-1", engine=POSTGRESQL, version="15.1")
    assert set(frame["engine_version"]) == {"15.1"}
    assert not frame["supported"].any()
