"""The outage history in figures: durations with how well each is known, and a status page's rates for comparison.

Part of ``make data FACTS=folder``. ``data/history/durations.csv`` holds the dated durations;
``data/history/status_page.csv`` holds fitted figures only, since the events of the Cloud Uptime Archive that they are
fitted from are not ours to hand on.
"""

from __future__ import annotations

import csv
import io
import math
from datetime import date
from typing import TYPE_CHECKING

from drkit.files.staging import replace_file
from drkit.stats.fits import fit_duration, fit_rate
from tools.files import read_csv, read_history, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = tuple[str, ...]

DURATIONS = ("id", "disruption", "region", "duration_h", "known", "as_of", "source", "basis")
STATUS_PAGE = (
    "region_group",
    "events",
    "region_years",
    "low_per_year",
    "typical_per_year",
    "high_per_year",
    "median_h",
    "median_low_h",
    "median_high_h",
    "log_spread",
    "as_of",
    "source",
    "basis",
)
CLASSES = ("strategy", "rto", "low_s", "high_s", "as_of", "source", "basis")
#: Figures for the words that Well-Architected gives as RTO of a strategy [s].
_WORDS = {
    "24 hours or less": (3600, 86_400),
    "tens of minutes": (600, 5400),
    "minutes": (60, 1200),
    "minutes or less": (0, 1200),
    "potentially zero": (0, 60),
}
#: Services that a workload of drkit stands on.
_CORE = {"ec2", "autoscaling", "elb", "rds", "elasticache", "s3", "ecs", "fargate"}
_ARCHIVE = "Cloud Uptime Archive (arXiv 2504.09476): AWS status page 2018 to 2020"


def write_history(facts: Path, folder: Path) -> None:
    """Write durations, the status page's figures and the strategies' classes, each file whole or not at all.

    The same facts give the same bytes.
    """
    day = str(read_json(facts / "support_rules.json")["as_of"])
    for name, columns, rows in (
        ("durations.csv", DURATIONS, durations(facts, day)),
        ("status_page.csv", STATUS_PAGE, status_page(facts, day)),
        ("strategy_classes.csv", CLASSES, strategy_classes(facts, day)),
    ):
        body = io.StringIO()
        csv.writer(body, lineterminator="\n").writerows([columns, *sorted(rows)])
        replace_file(folder / name, body.getvalue())


def durations(facts: Path, day: str) -> Iterator[Row]:
    """Durations of the dated outages: exact, or at least this long where no end was seen.

    A region that was lost had not come back when it was last reported on; a zone's "80+ hours" is a lower bound.
    Outages without any duration say nothing, and none is guessed.
    """
    lost = set(read_json(facts / "outage_calibration.json")["physical_loss_any_region"]["ids"])
    for fact in read_history(facts):
        disruption = (
            "region_loss"
            if fact["id"] in lost
            else "region_impairment"
            if fact["region_event"] == "yes"
            else "az_failure"
            if fact["region_event"] == "partial"
            else ""
        )
        hours, known = fact["duration_h"], "exact"
        if fact["id"] in lost:
            # Last reported on in 2026-09: counted from its start to the middle of that month.
            hours, known = str(24 * (date(2026, 9, 15) - date.fromisoformat(fact["date"])).days), "at_least"
        elif "+" in fact["duration_note"].split(";")[0]:
            known = "at_least"
        if disruption and hours:
            yield fact["id"], disruption, fact["region"], hours, known, day, fact["source"], "observed"


def status_page(facts: Path, day: str) -> Iterator[Row]:
    """Events of the core services in one region on AWS's status page: rate and duration, fitted by region group."""
    events: dict[str, list[float]] = {"us-east-1": [], "other": []}
    regions = set()
    for fact in read_csv(facts / "aws_shd_events_2018_2020.csv"):
        service = fact["service_id"].split("-")[0]
        if fact["valid"] != "True" or fact["region"] in ("multi", "global") or "-gov-" in fact["region"]:
            continue
        regions.add(fact["region"])
        if service in _CORE:
            group = "us-east-1" if fact["region"] == "us-east-1" else "other"
            events[group].append(float(fact["duration_h"]))
    for group, hours in events.items():
        years = 3.0 * (1 if group == "us-east-1" else len(regions - {"us-east-1"}))
        rate, length = fit_rate(len(hours), years), fit_duration([h for h in hours if h > 0])
        low, high = rate.interval()
        shown = (
            low,
            rate.mean,
            high,
            length.median_h,
            *length.interval_of_median(),
            length.mode[1] if math.isfinite(length.mode[1]) else 0.0,
        )
        yield (
            group,
            str(len(hours)),
            f"{years:g}",
            *(f"{value:.4g}" for value in shown),
            day,
            _ARCHIVE,
            "derived:gamma_posterior_and_lognormal_fit",
        )


def strategy_classes(facts: Path, day: str) -> Iterator[Row]:
    """RTO that Well-Architected gives each strategy, in its words and as figures for them."""
    for fact in read_csv(facts / "strategies.csv"):
        words = fact["rto_class"]
        low, high = _WORDS[words]
        name = fact["strategy"].removeprefix("multi_site_")
        yield (
            name,
            words,
            str(low),
            str(high),
            day,
            "Well-Architected REL13-BP02",
            "derived:figures_for_published_words",
        )
