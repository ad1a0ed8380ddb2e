"""Building the embedded snapshot from collected facts: same facts, same bytes; wrong facts are refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from drkit.errors import SnapshotError
from drkit.facts import snapshot
from tools.facts import build

PRICE = "service,item,region,to_region,unit,usd,tier_from,tier_to,purchase,sku_or_usage_type,as_of,source,basis"

PRICES = [
    "AmazonVPC,nat_gateway/hour,us-east-1,,hour,0.045,,,on_demand,SKU1,2025-07-01,calc-ecs,observed",
    "AmazonVPC,nat_gateway/hour,us-east-2,,hour,0.045,,,on_demand,SKU2,2025-07-01,calc-ecs,observed",
    "AmazonRDS,instance/aurora-postgresql/db.r6g.large/standard,us-east-1,,instance-hour,0.26,,,on_demand,SKU3,2026-09,flex,observed",
    "AmazonElastiCache,node/redis/cache.t4g.small,us-east-1,,node-hour,0.032,,,on_demand,,2026-09,flex,observed",
    "AWSDataTransfer,internet_egress,us-east-1,,GB,0,0,100,on_demand,,2026,flex,derived:free_tier",
    "AWSDataTransfer,internet_egress,us-east-1,,GB,0.09,100,,on_demand,,2026,flex,observed",
    "AmazonCloudWatch,alarm/standard,us-east-1,,alarm-month,0.1,,,on_demand,CW:AlarmMonitorUsage,2026,flex,observed",
]

SOURCES = """\
# Sources
| id | what | repo or package, version | date of data | licence | trust |
|---|---|---|---|---|---|
| calc-ecs, -nat | calculator | someone/aws-price 508fb45 | 2025 | none stated (facts) | A |
| flex | prices | (public copy) | 2026-09 | MIT | B, good |
"""

RULES = {
    "as_of": "2026-11-23",
    "aurora_global_database": {
        "class_rule": {"allow_regex": r"^db\.r6g\..+$", "deny_regex": r"^db\.t4g\."},
        "max_secondary_regions": 10,
        "replicas": {"secondary_max": 16},
        "serverless_v2": {"class": "db.serverless", "min_recommended_acu_primary": 8},
        "managed_rpo": {"min_s": 20},
        "engine_floor": {
            "aurora-postgresql": ["11.9", "11.13", "16.1"],
            "aurora-mysql": ["2.07.0", "3.01.0 (3.02.0 in newer regions)", "8.4: all available"],
        },
        "write_forwarding": {"aurora-postgresql": "16+ all, 15.4+, 14.9+"},
    },
    "elasticache_global_datastore": {
        "node_regex": r"^cache\.m6g\.large$",
        "max_secondary_regions": 2,
        "engines": {"redis": ">=5.0.6", "valkey": ">=7.2"},
        "regions": ["us-east-1"],
    },
}

CALIBRATION = {
    "us_east_1": {
        "events": 8,
        "region_years": 15.9,
        "ids": ["2012-12", "2015-09", "2017-02", "2020-11", "2021-12a", "2023-06", "2024-07", "2025-10"],
    },
    "other_regions": {"events": 3, "region_years": 261.4, "ids": ["2018-11", "2026-03a", "2026-03b"]},
    "physical_loss_any_region": {"events": 2, "region_years": 277.3, "ids": ["2026-03a", "2026-03b"]},
}

FILES = {
    "prices/rates.csv": "\n".join([PRICE, *PRICES]),
    "prices/class_availability.csv": "service,engine,region,class,as_of,source\n"
    "AmazonRDS,aurora-postgresql,us-east-1,db.r6g.large,2026,flex\n"
    "AmazonElastiCache,any,us-east-1,cache.t4g.small,2026,flex\n",
    "prices/regions.csv": "code,name,city,country,country_code,continent,lat,lon,opt_in,region_type,as_of,source\n"
    "us-east-1,N. Virginia,Ashburn,United States,US,america,39,-77,false,commercial,2026,regions\n"
    "us-east-2,Ohio,Columbus,United States,US,america,40,-83,false,commercial,2026,regions\n",
    "prices/latency_ms.csv": "from_region,to_region,p50_ms,as_of,source\nfrom_region,to_region,p50_ms,as_of,source\n"
    "us-east-1,us-east-2,14,2024,cloudping\n",
    "prices/SOURCES.md": SOURCES,
    "support_rules.json": json.dumps(RULES),
    "aurora_gdb_regions.csv": "region,supported,aurora_mysql3,aurora_mysql2,source\n"
    "us-east-1,yes,3.01.0+,2.07.0+,docs@287c604 (git)\nus-east-2,no,,,UG\n",
    "rto_steps.csv": "step,what,low_s,typical_s,high_s,source,confidence,note\n"
    "detect_r53_fast,x,30,30,30,x,high,\naurora_managed_failover,x,60,120,300,x,medium,\ndecide,x,,,,x,none,\n",
    "outage_calibration.json": json.dumps(CALIBRATION),
    "outage_history.csv": "id,date,region,scope,duration_h,region_event,source\n"
    "2011-04,2011-04-21,us-east-1,1 AZ + regional EBS API (partial),80,partial,message/65648\n"
    "2012-12,2012-12-24,us-east-1,region service,22,yes,as above\n",
}


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    folder = tmp_path / "facts"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def _add(facts: Path, row: str) -> None:
    with (facts / "prices" / "rates.csv").open("a") as file:
        file.write(f"\n{row}")


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.slow
def test_the_same_facts_give_the_same_bytes(facts: Path, tmp_path: Path) -> None:
    build(facts, tmp_path / "one")
    build(facts, tmp_path / "two")
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")
    build(facts, tmp_path / "one")
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")
    assert snapshot.load(tmp_path / "one").date == "2026-11-23"


@pytest.mark.slow
def test_facts_in_another_order_give_the_same_bytes(facts: Path, tmp_path: Path) -> None:
    build(facts, tmp_path / "one")
    (facts / "prices" / "rates.csv").write_text("\n".join([PRICE, *PRICES[::-1]]))
    build(facts, tmp_path / "two")
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")


def test_prices_keep_figure_date_source_and_basis(facts: Path, tmp_path: Path) -> None:
    build(facts, tmp_path / "made")
    with (tmp_path / "made" / "prices.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    for line in PRICES:
        assert line.split(",") in rows


def test_a_flat_price_is_carried_to_the_other_priced_regions_and_marked(facts: Path, tmp_path: Path) -> None:
    build(facts, tmp_path / "made")
    rows = [r for r in snapshot.load(tmp_path / "made").records("prices") if r["item"] == "alarm/standard"]
    assert [(r["region"], r["usd"], r["sku"], r["basis"]) for r in rows] == [
        ("us-east-1", "0.1", "CW:AlarmMonitorUsage", "observed"),
        ("us-east-2", "0.1", "", "proxy:flat_in_all_regions_seen(1 of 1)"),
    ]


def test_a_flat_price_that_differs_is_not_flat(facts: Path, tmp_path: Path) -> None:
    _add(facts, "AmazonCloudWatch,alarm/standard,us-east-2,,alarm-month,0.12,,,on_demand,,2026,flex,observed")
    with pytest.raises(SnapshotError, match=r"\['0\.1', '0\.12'\] .* a flat proxy needs one price"):
        build(facts, tmp_path / "made")


@pytest.mark.parametrize("usd", ["0", "-1", "0.0", "nan"])
def test_a_price_of_nothing_is_refused(usd: str, facts: Path, tmp_path: Path) -> None:
    _add(facts, f"AmazonRDS,cluster/backup,us-east-1,,GB-month,{usd},,,on_demand,,2026,flex,observed")
    with pytest.raises(SnapshotError, match="a price is above zero"):
        build(facts, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_two_rows_for_one_lookup_are_refused(facts: Path, tmp_path: Path) -> None:
    _add(facts, PRICES[2].replace("0.26", "0.27"))
    with pytest.raises(SnapshotError, match="one lookup must match one row"):
        build(facts, tmp_path / "made")


def test_a_source_that_nobody_describes_is_refused(facts: Path, tmp_path: Path) -> None:
    _add(facts, "AmazonRDS,cluster/backup,us-east-1,,GB-month,0.02,,,on_demand,,2026,hearsay,observed")
    with pytest.raises(SnapshotError, match=r"does not describe the sources hearsay"):
        build(facts, tmp_path / "made")


def test_a_class_without_a_size_is_refused(facts: Path, tmp_path: Path) -> None:
    _add(
        facts,
        "AmazonRDS,instance/aurora-mysql/db.q9.large/standard,us-east-1,,instance-hour,1,,,on_demand,,2026,flex,observed",
    )
    with pytest.raises(SnapshotError, match=r"no EC2 type has the size of db\.q9\.large"):
        build(facts, tmp_path / "made")


@pytest.mark.parametrize("name", ["prices/regions.csv", "prices/SOURCES.md", "rto_steps.csv", "outage_history.csv"])
def test_a_missing_fact_file_is_named(name: str, facts: Path, tmp_path: Path) -> None:
    (facts / name).unlink()
    with pytest.raises(SnapshotError, match=Path(name).name.replace(".", r"\.")):
        build(facts, tmp_path / "made")


@pytest.mark.parametrize("name", ["support_rules.json", "outage_calibration.json"])
def test_a_missing_or_broken_json_file_is_named(name: str, facts: Path, tmp_path: Path) -> None:
    (facts / name).write_text("{")
    with pytest.raises(SnapshotError, match=name.replace(".", r"\.")):
        build(facts, tmp_path / "made")
    (facts / name).unlink()
    with pytest.raises(SnapshotError, match=name.replace(".", r"\.")):
        build(facts, tmp_path / "made")


def test_a_folder_without_prices_is_refused(facts: Path, tmp_path: Path) -> None:
    (facts / "prices" / "rates.csv").unlink()
    with pytest.raises(SnapshotError, match="holds no price files"):
        build(facts, tmp_path / "made")


def test_rules_rates_and_sizes_by_hand(facts: Path, tmp_path: Path) -> None:
    build(facts, tmp_path / "made")
    made = snapshot.load(tmp_path / "made")
    for engine, floors in (
        ("aurora-postgresql", ["==11.9", ">=11.13", ">=16.1"]),
        ("aurora-mysql", [">=2.07.0", ">=3.01.0", ">=8.4"]),
    ):
        versions = [
            r["value"] for r in made.records("support_rules") if (r["engine"], r["rule"]) == (engine, "version")
        ]
        assert versions == floors
    forwarding = {
        r["value"]
        for r in made.records("support_rules")
        if (r["engine"], r["rule"]) == ("aurora-postgresql", "write_forwarding")
    }
    assert forwarding == {">=16.0", ">=15.4", ">=14.9"}
    rates = {(r["disruption"], r["region_group"]): r["typical_per_year"] for r in made.records("disruption_rates")}
    # (8 + 1/2) / 15.9; of three events elsewhere two were losses: (1 + 1/2) / 261.4; one war is one draw:
    # (1 + 1/2) / 277.3; one zone lost: (1 + 1/2) / 277.3
    assert rates == {
        ("region_impairment", "us-east-1"): "0.5346",
        ("region_impairment", "other"): "0.005738",
        ("region_loss", "any"): "0.005409",
        ("az_failure", "any"): "0.005409",
    }
    sizes = {r["class"]: (r["vcpu"], r["memory_gib"], r["burstable"]) for r in made.records("classes")}
    assert sizes == {"db.r6g.large": ("2", "16", "false"), "cache.t4g.small": ("2", "2", "true")}
    assert [r["step"] for r in made.records("recovery_steps")] == ["detect_fast", "promote_database"]
    assert [r["id"] for r in made.records("sources")] == ["calc-ecs", "flex"]
    assert [r["source"] for r in made.records("outages")] == ["message/65648", "message/65648"]
    assert len(made.records("latency")) == 1
