"""Support rules, recovery steps, outages and their rates: part of ``make data FACTS=folder``."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from tools.files import read_csv, read_history, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = tuple[str, ...]


def support_rules(rules: dict[str, Any]) -> Iterator[Row]:
    """Rules of Global Database and Global Datastore: classes, versions, limits."""
    database, datastore = rules["aurora_global_database"], rules["elasticache_global_datastore"]
    day = str(rules["as_of"])
    guide = "Aurora User Guide, Global Database"
    cache_guide = "ElastiCache Developer Guide, Global Datastore"

    def row(service: str, engine: str, rule: str, value: object, source: str) -> Row:
        return (service, engine, rule, str(value), day, source, "observed")

    yield row("aurora", "any", "class_allowed", database["class_rule"]["allow_regex"], guide)
    yield row(
        "aurora",
        "any",
        "class_burstable",
        database["class_rule"]["deny_regex"],
        "AWS error text, hashicorp/terraform-provider-aws#27736",
    )
    yield row("aurora", "any", "max_secondary_regions", database["max_secondary_regions"], guide)
    yield row("aurora", "any", "secondary_max_replicas", database["replicas"]["secondary_max"], guide)
    yield row("aurora", "any", "serverless_class", database["serverless_v2"]["class"], guide)
    yield row(
        "aurora",
        "any",
        "serverless_min_recommended_acu",
        database["serverless_v2"]["min_recommended_acu_primary"],
        guide,
    )
    managed = database["managed_rpo"]
    yield row("aurora", "aurora-postgresql", "managed_rpo_min_s", managed["min_s"], guide)
    # 11.9 is legal while 11.10 to 11.12 never were; from 11.13 on all are.
    for floor in database["engine_floor"]["aurora-postgresql"]:
        operator = "==" if floor == "11.9" else ">="
        yield row("aurora", "aurora-postgresql", "version", f"{operator}{floor}", guide)
    for floor in database["engine_floor"]["aurora-mysql"]:
        yield row("aurora", "aurora-mysql", "version", f">={re.split(r'[ :]', floor)[0]}", guide)
    for version in re.findall(r"(\d+(?:\.\d+)?)\+", database["write_forwarding"]["aurora-postgresql"]):
        yield row(
            "aurora",
            "aurora-postgresql",
            "write_forwarding",
            f">={version if '.' in version else version + '.0'}",
            guide,
        )
    yield row("aurora", "aurora-mysql", "write_forwarding", ">=2.07.0", guide)
    yield row("elasticache", "any", "class_allowed", datastore["node_regex"], cache_guide)
    yield row(
        "elasticache",
        "any",
        "class_burstable",
        r"^cache\.(t1|t2|t3|t4g)\.",
        "AWS error text, hashicorp/terraform-provider-aws#17768",
    )
    yield row("elasticache", "any", "max_secondary_regions", datastore["max_secondary_regions"], cache_guide)
    for engine, floor in datastore["engines"].items():
        yield row("elasticache", engine, "version", floor, cache_guide)


def support_regions(facts: Path, rules: dict[str, Any]) -> Iterator[Row]:
    """Where Global Database and Global Datastore are offered, with the engine floors that differ by region."""
    day = str(rules["as_of"])
    for fact in read_csv(facts / "aurora_gdb_regions.csv"):
        source = re.split(r"[ (]", fact["source"])[0] if "@" in fact["source"] else "Aurora User Guide"
        floors = [text.rstrip("+") for text in (fact["aurora_mysql3"], fact["aurora_mysql2"])]
        mysql = " ".join(f">={floor}" for floor in floors if re.fullmatch(r"[\d.]+", floor))
        # PostgreSQL floors are the same in every listed region; MySQL's differ by region.
        yield ("aurora", "aurora-postgresql", fact["region"], fact["supported"], "", day, source, "observed")
        yield ("aurora", "aurora-mysql", fact["region"], fact["supported"], mysql, day, source, "observed")
    listed = set(rules["elasticache_global_datastore"]["regions"])
    for fact in read_csv(facts / "prices" / "regions.csv"):
        supported = "yes" if fact["code"] in listed else "no"
        yield (
            "elasticache",
            "any",
            fact["code"],
            supported,
            "",
            day,
            "ElastiCache Developer Guide, Global Datastore",
            "observed",
        )


#: Published step: its name in drkit, distribution, what it is, where it was read.
_STEPS = {
    "detect_r53_standard": (
        "detect_standard",
        "constant",
        "Route 53 health check, every 30 s, three failures",
        "botocore route53 HealthCheckConfig",
    ),
    "detect_r53_fast": (
        "detect_fast",
        "constant",
        "Route 53 fast health check, every 10 s, three failures",
        "botocore route53 HealthCheckConfig",
    ),
    "aurora_managed_failover": (
        "promote_database",
        "triangular",
        "managed failover of an Aurora global database with a running instance",
        "Aurora User Guide; What's New 2023-08",
    ),
    "aurora_inregion_failover": (
        "fail_over_database_in_region",
        "triangular",
        "Aurora failover to a replica in another zone",
        "Aurora FAQ; zatoima.github.io measurement",
    ),
    "elasticache_promote": (
        "promote_cache",
        "triangular",
        "promotion of a replica, in the region or of the Global Datastore's secondary",
        "ElastiCache FAQ; disaster-recovery.workshop.aws",
    ),
    "alb_target_healthy": (
        "targets_healthy",
        "constant",
        "load balancer counts new targets as healthy, every 30 s, five checks",
        "botocore elbv2 CreateTargetGroup",
    ),
}


def recovery_steps(facts: Path, day: str) -> Iterator[Row]:
    """Published step times that drkit uses, under its own names."""
    for fact in read_csv(facts / "rto_steps.csv"):
        if fact["step"] not in _STEPS:
            continue
        name, distribution, what, source = _STEPS[fact["step"]]
        # A documented setting is observed; words such as "within a few minutes" were turned into figures.
        basis = "observed" if distribution == "constant" else "derived:figures_for_published_words"
        yield (
            name,
            fact["low_s"],
            fact["typical_s"],
            fact["high_s"],
            distribution,
            what,
            day,
            source,
            basis,
        )


def disruption_rates(facts: Path, day: str) -> Iterator[Row]:
    """How often zones and regions fail, from the counts and exposure of the outage history."""
    fitted = read_json(facts / "outage_calibration.json")
    loss = fitted["physical_loss_any_region"]
    for group, key in (("us-east-1", "us_east_1"), ("other", "other_regions")):
        # A region that was lost counts as that, not as impaired too.
        impaired = set(fitted[key]["ids"]) - set(loss["ids"])
        yield _rate("region_impairment", group, len(impaired), fitted[key]["region_years"], day)
    # Both losses were one war's: one draw, as the calibration says.
    yield _rate("region_loss", "any", 1, loss["region_years"], day)
    zones = [
        fact for fact in read_history(facts) if fact["scope"].startswith("1 AZ") and fact["region_event"] == "partial"
    ]
    yield _rate("az_failure", "any", len(zones), loss["region_years"], day)


def _rate(disruption: str, group: str, events: int, years: float, day: str) -> Row:
    # Jeffreys posterior of a Poisson rate, Gamma(events + 1/2, years); its 5 and 95 % points by Wilson-Hilferty,
    # which is a few percent off for one event and within 2 % from three on.
    shape = events + 0.5
    low, high = (shape * (1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))) ** 3 / years for z in (-1.645, 1.645))
    return (
        disruption,
        group,
        str(events),
        f"{years:g}",
        f"{max(low, 0):.4g}",
        f"{shape / years:.4g}",
        f"{high:.4g}",
        day,
        "outages.csv: AWS post-event summaries and press",
        "derived:jeffreys_rate",
    )


def outages(facts: Path, day: str) -> Iterator[Row]:
    """Dated outages with their duration where it is known."""
    for fact in read_history(facts):
        yield (
            fact["id"],
            fact["date"],
            fact["region"],
            fact["scope"].split(" (")[0],
            fact["duration_h"],
            fact["region_event"],
            day,
            fact["source"],
            "observed",
        )
