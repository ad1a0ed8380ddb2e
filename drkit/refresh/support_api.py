"""What RDS and ElastiCache say of themselves: classes sold, and whether Global Database takes class and version."""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from drkit.errors import UnsupportedError
from drkit.facts.support import parse_version
from drkit.refresh.aws_session import Clients, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from drkit.facts.snapshot import Snapshot

Row = tuple[str, ...]

ENGINES = ("aurora-postgresql", "aurora-mysql")
SOURCES = {
    "orderable": "rds-orderable-options",
    "versions": "rds-engine-versions",
    "nodes": "elasticache-reserved-offerings",
}


def tables(
    old: Snapshot,
    regions: Sequence[str],
    profile: str | None = None,
    ca_bundle: str | None = None,
    clients: Callable[[str, str], Any] | None = None,
    day: str | None = None,
) -> dict[str, list[Row]]:
    """Give the tables about support with these regions asked anew.

    Parameters
    ----------
    old
        The snapshot whose other rows stay.
    regions
        Regions to ask.
    clients
        Makes a client for (service, region), for tests.
    day
        Date of the answers, ISO 8601; today by default.

    Returns
    -------
    dict
        ``availability.csv``, ``support_regions.csv``, ``support_rules.csv`` and rows for ``sources.csv``. A class
        whose flag differs from the documented rule gets a row ``class_flag`` of its own; ElastiCache has no flag, its
        rule stays, and AWS tells which nodes it sells.

    Raises
    ------
    RefreshError
        When AWS refuses or cannot be reached.
    """
    make = clients or Clients(profile, ca_bundle=ca_bundle)
    today = day or datetime.datetime.now(datetime.UTC).date().isoformat()
    sold: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    region_rows: dict[tuple[str, str, str], Row] = {}
    flags: dict[tuple[str, str, str], bool] = {}
    for region in regions:
        rds = make("rds", region)
        for engine in ENGINES:
            with sentences("rds", region):
                options = list(_pages(rds, "describe_orderable_db_instance_options", 1000, Engine=engine))
                versions = list(_pages(rds, "describe_db_engine_versions", 100, Engine=engine))
            for option in options:
                name = option["DBInstanceClass"]
                sold["aurora", engine, region].add(name)
                # One class is listed by version, licence and storage: it is legal if it is in any of them.
                sellable = (engine, region, name)
                flags[sellable] = flags.get(sellable, False) or bool(option.get("SupportsGlobalDatabases"))
            floors = _floors(versions)
            supported = (
                "yes"
                if floors and any(flags.get((engine, region, n)) for n in sold["aurora", engine, region])
                else "no"
            )
            origin = (today, SOURCES["versions"], "observed")
            region_rows["aurora", engine, region] = ("aurora", engine, region, supported, " ".join(floors), *origin)
        cache = make("elasticache", region)
        with sentences("elasticache", region):
            offerings = _pages(cache, "describe_reserved_cache_nodes_offerings", 100)
            for offering in offerings:
                if offering["ProductDescription"] in ("redis", "valkey"):
                    sold["elasticache", "any", region].add(offering["CacheNodeType"])
    rules = [
        tuple(row) for row in old.tables["support_rules"] if row[2] != "class_flag" or row[3].split()[0] not in regions
    ]
    documented = {row[2]: row[3] for row in old.tables["support_rules"] if row[0] == "aurora"}
    for (engine, region, name), flag in sorted(flags.items()):
        allowed, burstable = (documented[f"class_{kind}"] for kind in ("allowed", "burstable"))
        ruled = bool(re.match(allowed, name)) and not re.match(burstable, name)
        if flag != ruled:
            value = f"{region} {name} {'yes' if flag else 'no'}"
            rules.append(("aurora", engine, "class_flag", value, today, SOURCES["orderable"], "observed"))
    asked = {key for key, names in sold.items() if names}
    return {
        "availability.csv": [
            *(
                (*key, name, today, SOURCES["orderable" if key[0] == "aurora" else "nodes"], "observed")
                for key in sorted(asked)
                for name in sorted(sold[key])
                if name != "db.serverless"
            ),
            *(tuple(row) for row in old.tables["availability"] if tuple(row[:3]) not in asked),
        ],
        "support_regions.csv": [
            *region_rows.values(),
            *(tuple(row) for row in old.tables["support_regions"] if tuple(row[:3]) not in region_rows),
        ],
        "support_rules.csv": rules,
        "sources.csv": [(name, f"AWS API, {kind}", today, "AWS", "A") for kind, name in SOURCES.items()],
    }


def _pages(client: Any, call: str, size: int, **words: str) -> Iterator[Any]:
    """Every entry of a call that is paged by Marker."""
    paginator = client.get_paginator(call)
    (result,) = paginator.result_keys
    for page in paginator.paginate(**words, PaginationConfig={"PageSize": size}):
        yield from page.get(result.expression, [])


def _floors(versions: Iterable[Any]) -> list[str]:
    """Conditions by version line: from the oldest that is taken on, or each by itself where a later one is not."""
    lines: dict[int, dict[tuple[int, ...], tuple[str, bool]]] = defaultdict(dict)
    for entry in versions:
        try:
            parsed = parse_version(entry["EngineVersion"])
        except UnsupportedError:
            continue
        lines[parsed[0]][parsed] = (_plain(entry["EngineVersion"]), bool(entry.get("SupportsGlobalDatabases")))
    floors = []
    for _, line in sorted(lines.items()):
        ordered = [line[parsed] for parsed in sorted(line)]
        first = next((at for at, (_, flag) in enumerate(ordered) if flag), None)
        if first is None:
            continue
        if all(flag for _, flag in ordered[first:]):
            floors.append(f">={ordered[first][0]}")
        else:
            floors += [f"=={version}" for version, flag in ordered if flag]
    return floors


def _plain(version: str) -> str:
    return version.rsplit("mysql_aurora.", 1)[-1]
