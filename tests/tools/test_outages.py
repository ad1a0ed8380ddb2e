"""History of outages from collected facts: exact and censored durations, the status page in figures only."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from drkit.stats.fits import fit_rate
from tools.outages import write_history

HISTORY = """\
id,date,region,scope,duration_h,duration_note,region_event,in_pes,source,confidence
2011-04,2011-04-21,us-east-1,1 AZ,80,'80+ hours'; two periods,partial,1,message/65648 (body seen),medium
2012-06,2012-06-29,us-east-1,1 AZ,,duration not found,partial,1,message/67457,low
2012-12,2012-12-24,us-east-1,region service,22,'~22 h',yes,1,message/680587,medium
2014-06,2014-06-13,us-east-1,region service,3,a service nobody here uses,no,1,message/65649,low
2026-03a,2026-03-01,me-central-1,2 of 3 AZs,,open-ended,yes,?,Press 2026-09 (public copy),high
2026-03b,2026-03-02,me-south-1,1 AZ,,open-ended,yes,?,as above,high
"""
PAGE = "service_id,service,region,location,status,event_start_time,event_end_time,duration_h,valid\n" + "".join(
    f"{service}-{region},x,{region},x,1.0,,,{hours},{valid}\n"
    for service, region, hours, valid in (
        ("ec2", "us-east-1", 1, True),
        ("rds", "us-east-1", 4, True),
        ("workmail", "us-east-1", 9, True),  # not what a workload stands on
        ("elb", "us-east-1", -1, False),
        ("s3", "eu-west-1", 2, True),
        ("ecs", "us-west-2", 8, True),
        ("ec2", "us-gov-west-1", 3, True),
        ("route53", "multi", 3, True),
    )
)


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    folder = tmp_path / "facts"
    folder.mkdir()
    (folder / "outage_history.csv").write_text(HISTORY)
    (folder / "aws_shd_events_2018_2020.csv").write_text(PAGE)
    (folder / "support_rules.json").write_text(json.dumps({"as_of": "2026-11-23"}))
    (folder / "outage_calibration.json").write_text(
        json.dumps({"physical_loss_any_region": {"ids": ["2026-03a", "2026-03b"]}})
    )
    (folder / "strategies.csv").write_text(
        "strategy,rto_class\npilot_light,tens of minutes\nmulti_site_active_active,potentially zero\n"
    )
    return folder


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_durations_are_exact_or_at_least_and_none_is_guessed(facts: Path, tmp_path: Path) -> None:
    write_history(facts, tmp_path / "history")
    rows = {row["id"]: row for row in _rows(tmp_path / "history" / "durations.csv")}
    assert {name: (row["disruption"], row["duration_h"], row["known"]) for name, row in rows.items()} == {
        "2011-04": ("az_failure", "80", "at_least"),
        "2012-12": ("region_impairment", "22", "exact"),
        # to the middle of 2026-09: 198 and 197 days
        "2026-03a": ("region_loss", "4752", "at_least"),
        "2026-03b": ("region_loss", "4728", "at_least"),
    }
    assert rows["2011-04"]["source"] == "message/65648"
    assert rows["2026-03b"]["source"] == "Press 2026-09"


def test_the_status_page_becomes_rates_and_durations_and_no_events(facts: Path, tmp_path: Path) -> None:
    write_history(facts, tmp_path / "history")
    rows = {row["region_group"]: row for row in _rows(tmp_path / "history" / "status_page.csv")}
    # two events of the core services in three years of us-east-1, and in three of each of two other regions
    assert [(row["events"], row["region_years"]) for row in (rows["us-east-1"], rows["other"])] == [
        ("2", "3"),
        ("2", "6"),
    ]
    assert float(rows["us-east-1"]["typical_per_year"]) == pytest.approx(fit_rate(2, 3).mean, rel=1e-3)
    # medians of 1 and 4 h, and of 2 and 8 h: their geometric means
    assert [float(rows[group]["median_h"]) for group in ("us-east-1", "other")] == [2, 4]


def test_words_of_well_architected_become_figures(facts: Path, tmp_path: Path) -> None:
    write_history(facts, tmp_path / "history")
    rows = {row["strategy"]: row for row in _rows(tmp_path / "history" / "strategy_classes.csv")}
    assert (rows["pilot_light"]["low_s"], rows["pilot_light"]["high_s"]) == ("600", "5400")
    assert rows["active_active"]["rto"] == "potentially zero"


def test_the_same_facts_give_the_same_history(facts: Path, tmp_path: Path) -> None:
    write_history(facts, tmp_path / "one")
    write_history(facts, tmp_path / "two")
    assert {p.name: p.read_bytes() for p in (tmp_path / "one").iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "two").iterdir()
    }
