"""The result of a batch as a table: a row a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drkit.batch.outcome import Batch
    from drkit.batch.planning import Plan
    from drkit.batch.run import RunSpec

#: Figures of the choice, as ``summary.json`` has them.
FIGURES = (
    "topology_id",
    "strategy",
    "primary_region",
    "failover_region",
    "monthly_usd",
    "extra_monthly_usd",
    "one_off_usd",
    "not_observed_usd",
    "rto_p50_s",
    "rto_p95_s",
    "rto_at_probability_s",
    "rpo_p50_s",
    "rpo_p95_s",
    "rpo_at_probability_s",
    "p_meets_rto",
    "p_meets_rpo",
    "expected_yearly_loss_usd",
    "total_usd_per_year",
    "availability",
    "meets_objectives",
    "snapshot_date",
)
NOT_RUN = "not run"


def of(plan: Plan, batch: Batch) -> pd.DataFrame:
    """Every run of the portfolio in its order: axes, parameters, status, the choice, its figures, time."""
    return pd.DataFrame([_row(planned.spec, batch.records) for planned in plan.runs])


def _row(spec: RunSpec, records: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    record = records.get(spec.name, {})
    figures = record.get("figures", {})
    own = {key: value for key, value in spec.parameters.items() if key not in ("workload", "out_dir", *spec.axes)}
    return {
        "run": spec.name,
        **{axis: _plain(value) for axis, value in spec.axes.items()},
        # A notebook may call a parameter as drkit calls a figure of its own.
        **{key if key not in FIGURES else f"parameter_{key}": _plain(value) for key, value in own.items()},
        "status": record.get("status", NOT_RUN),
        **{f"chosen_{key}" if key in spec.axes else key: figures.get(key) for key in FIGURES},
        "misses": "; ".join(figures.get("misses", ())),
        "error": record.get("error", ""),
        "started": record.get("started", ""),
        "seconds": record.get("seconds"),
        "folder": f"runs/{spec.name}" if record else "",
    }


def _plain(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, list) else value
