"""Output files of a design: bill, comparison, summary and tfvars."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from drkit.bill.lines import total
from drkit.choice.ownership import ownership
from drkit.files.staging import staged
from drkit.files.versions import versions
from drkit.tfvars import stack_values

if TYPE_CHECKING:
    import pandas as pd

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option


def write_outputs(comparison: Comparison, folder: str | Path, date: str) -> dict[str, Path]:
    """Write bill, comparison, summary and tfvars of the choice.

    Parameters
    ----------
    comparison
        The answer.
    folder
        Where to; made when missing.
    date
        Day of the run, ISO 8601; the only thing in the files that does not follow from the input.

    Returns
    -------
    dict
        ``bill``, ``comparison``, ``summary`` and ``tfvars`` to their paths.

    Raises
    ------
    TfvarsError
        When the Terraform stack would refuse the tfvars; then nothing is written.
    DrkitError
        When the folder cannot be written.
    """
    folder = Path(folder)
    texts = {
        "bill": ("bill.csv", to_csv(comparison.chosen.bill.frame())),
        "comparison": ("comparison.csv", to_csv(comparison.frame())),
        "summary": ("summary.json", json.dumps(summary(comparison), indent=2, ensure_ascii=False) + "\n"),
        "tfvars": (f"{comparison.workload.name}.tfvars", stack_values.tfvars_text(comparison, comparison.chosen, date)),
    }
    with staged(folder) as staging:
        for name, text in texts.values():
            (staging / name).write_text(text, encoding="utf-8", newline="")
    return {key: folder / name for key, (name, _) in texts.items()}


def to_csv(frame: pd.DataFrame) -> str:
    """CSV text with Unix line ends, the same bytes for the same frame."""
    text = frame.to_csv(index=False, lineterminator="\n", float_format=_shortest)
    return str(text)


def summary(comparison: Comparison) -> dict[str, object]:
    """The choice and its figures as plain data, for ``summary.json``."""
    snapshot = comparison.catalog.snapshot
    return {
        "workload": comparison.workload.name,
        "chosen": _option(comparison, comparison.chosen),
        "named": {name: option.topology_id for name, option in comparison.named.items() if name != "chosen"},
        "today": _option(comparison, comparison.today),
        "topologies": {
            "considered": len(comparison.options) + len(comparison.rejected),
            "rejected": len(comparison.rejected),
            "meet_objectives": sum(option.meets_objectives for option in comparison.options),
        },
        "snapshot": {
            "date": snapshot.date,
            "sha256": snapshot.digest,
            "files": snapshot.manifest["files"],
            "oldest_price_used": min(line.as_of for line in comparison.chosen.bill.lines),
        },
        "simulation": {"seed": comparison.seed, "samples": comparison.samples},
        "versions": versions(),
    }


def _option(comparison: Comparison, option: Option) -> dict[str, object]:
    judged = option.judgement
    topology = option.topology
    return {
        "topology_id": option.topology_id,
        "strategy": topology.strategy,
        "primary_region": topology.primary_region,
        "failover_region": topology.failover_region or None,
        "monthly_usd": option.bill.monthly_usd,
        "extra_monthly_usd": round(option.bill.monthly_usd - comparison.today.bill.monthly_usd, 2),
        "one_off_usd": option.bill.one_off_usd,
        "not_observed_usd": total(option.bill.not_observed),
        "expected_yearly_loss_usd": round(option.recovery.expected_yearly_loss_usd, 2),
        **{name: value if value != float("inf") else "everything" for name, value in judged._asdict().items()},
        "rto_p95_error_s": round(option.recovery.judged.rto.p95_error, 3),
        "expected_yearly_loss_error_usd": round(option.recovery.expected_yearly_loss_error_usd, 2),
        "total_usd_per_year": round(ownership(comparison, option).total_usd, 2),
        "availability": option.recovery.yearly.availability,
        "meets_objectives": option.meets_objectives,
        "misses": list(option.misses),
        "changes": list(topology.changes),
        "notes": list(topology.notes),
    }


def _shortest(value: object) -> str:
    # Another type than float, such as float32, is as short as it prints itself.
    return repr(float(value if isinstance(value, float) else str(value))).removesuffix(".0")
