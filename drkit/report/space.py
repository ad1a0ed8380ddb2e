"""Rows of a design space as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drkit.facts.prices import ON_DEMAND
from drkit.facts.support import SERVERLESS
from drkit.report.tables import Table
from drkit.words import count, span
from drkit.workload.commitments import in_words

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from drkit.space.rows import Rows

#: Rows that a notebook shows of a selection.
SHOWN = 10

_ALSO = {
    "headless": "headless",
    "replication_time_control": "S3 time control",
    "smaller_than_today": "smaller than today",
}
_PARTS = {"database": "db_purchase", "cache": "cache_purchase", "compute": "compute_purchase"}


def shortlist(rows: Rows, limit: int = SHOWN) -> Table:
    """The first rows, in words: what runs, what it costs, how it recovers.

    Returns
    -------
    Table
        Columns ``row, strategy, failover_region, runs, also, monthly_usd, rto_p95, rpo_p95, yearly_loss_usd,
        objectives``; ``primary_region`` where there are several.
    """
    shown = rows.head(limit).frame().reset_index()
    records = [_record(row) for row in shown.to_dict("records")]
    columns = list(records[0]) if records else ["row"]
    if len({placement.primary for placement in rows.space.tables.placements}) == 1 and records:
        columns.remove("primary_region")
    return Table(records, columns=columns)


def _record(row: Mapping[Hashable, object]) -> dict[str, object]:
    return {
        "row": row["row"],
        "strategy": row["strategy"],
        "primary_region": row["primary_region"],
        "failover_region": row["failover_region"],
        "runs": "; ".join(filter(None, [_database(row), _cache(row), _tasks(row)])),
        "also": "; ".join([*(what for name, what in _ALSO.items() if row[name]), *_commitments(row)]),
        "monthly_usd": row["monthly_usd"],
        "rto_p95": span(float(str(row["rto_p95_s"]))),
        "rpo_p95": span(float(str(row["rpo_p95_s"]))),
        "yearly_loss_usd": round(float(str(row["expected_yearly_loss_usd"]))),
        "objectives": "met" if row["meets_objectives"] else "missed",
    }


def _database(row: Mapping[Hashable, object]) -> str:
    if not row["db_class"]:
        return ""
    capacity = row["db_class"]
    if capacity == SERVERLESS:
        capacity = f"{row['db_min_acu']:g} to {row['db_max_acu']:g} ACU"
    return f"{row['db_instances_primary']} x {capacity}" + ", I/O-Optimized" * (
        row["db_storage_type"] == "io_optimized"
    )


def _cache(row: Mapping[Hashable, object]) -> str:
    if not row["cache_node_type"]:
        return ""
    return f"{row['cache_node_type']}, {count(int(str(row['cache_replicas'])), 'replica')}"


def _tasks(row: Mapping[Hashable, object]) -> str:
    return f"{count(int(str(row['tasks_primary'])), 'task')} on {row['architecture']}"


def _commitments(row: Mapping[Hashable, object]) -> Iterator[str]:
    """What is bought ahead, parts that are bought alike together, and where if not in both regions."""
    by_purchase: dict[str, list[str]] = {}
    for part, column in _PARTS.items():
        if row[column] != ON_DEMAND:
            by_purchase.setdefault(str(row[column]), []).append(part)
    at_home = row["failover_region"] and not row["committed_in_failover"]
    for purchase, parts in by_purchase.items():
        where = f" in {row['primary_region']}" if at_home else ""
        yield f"{' and '.join(parts)} {in_words(purchase)}{where}"
