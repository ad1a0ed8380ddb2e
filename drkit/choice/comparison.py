"""The answer for one workload: every option, the choice, the named options beside it, and why not the others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from drkit.bill.lines import total
from drkit.choice import named, near_optimal, why_not
from drkit.choice.options import Evaluation, Option
from drkit.choice.ownership import ownership
from drkit.words import span

if TYPE_CHECKING:
    import pandas as pd

    from drkit.topology.topology import Topology


@dataclass(frozen=True, repr=False)
class Comparison(Evaluation):
    """The answer for one workload: every option, the choice, and why the others were not chosen.

    Its fields are those of `drkit.choice.options.Evaluation`.
    """

    def __repr__(self) -> str:
        counts = f"{len(self.options)} options, {len(self.rejected)} rejected"
        return f"Comparison({self.workload.name}: {counts}, chosen {self.chosen.topology_id})"

    def _repr_html_(self) -> str:
        return str(self.best_of_each().to_html(index=False))

    @cached_property
    def named(self) -> dict[str, Option]:
        """The choice and the options worth seeing beside it; see `drkit.choice.named`."""
        return named.named(self)

    def why_not(self, option: Option) -> str:
        """One sentence: why this option was not chosen; see `drkit.choice.why_not`."""
        return why_not.why_not(self, option)

    def frame(self) -> pd.DataFrame:
        """Every topology considered, in the columns of ``comparison.csv``, cheapest first, rejected last."""
        import pandas as pd

        near = {option.topology_id for option in near_optimal.near_optimal(self).options}
        rows = [
            self._row(option) | {"near_optimal": option.topology_id in near}
            for option in sorted(self.options, key=self.order)
        ]
        rows += [_identity(topology) | {"rejected_because": topology.rejected_because} for topology in self.rejected]
        return pd.DataFrame(rows, columns=list(rows[0]))

    def best_of_each(self) -> pd.DataFrame:
        """The best option of each strategy, today's first: the columns a person compares first."""
        import pandas as pd

        rows = []
        for option in self.representatives:
            judged = option.judgement
            rows.append(
                {
                    "strategy": option.topology.strategy,
                    "failover_region": option.topology.failover_region,
                    "monthly_usd": option.bill.monthly_usd,
                    "extra_usd": round(option.bill.monthly_usd - self.today.bill.monthly_usd, 2),
                    "rto_p50": span(judged.rto_p50_s),
                    "rto_p95": span(judged.rto_p95_s),
                    "rto_error": span(option.recovery.judged.rto.p95_error),
                    "rpo_p95": span(judged.rpo_p95_s),
                    "p_rto": judged.p_meets_rto,
                    "p_rpo": judged.p_meets_rpo,
                    "p_error": round(option.p_error, 4),
                    "yearly_loss_usd": round(option.recovery.expected_yearly_loss_usd),
                    "loss_error_usd": math.ceil(option.recovery.expected_yearly_loss_error_usd),
                    "not_observed": f"{option.bill.share_not_observed:.0%}",
                    "objectives": "missed" if option.misses else "met",
                    "chosen": "chosen" if option is self.chosen else "",
                }
            )
        return pd.DataFrame(rows)

    def _row(self, option: Option) -> dict[str, object]:
        judged = option.judgement
        return {
            **_identity(option.topology),
            "monthly_usd": option.bill.monthly_usd,
            "extra_monthly_usd": round(option.bill.monthly_usd - self.today.bill.monthly_usd, 2),
            "one_off_usd": option.bill.one_off_usd,
            "rto_p50_s": judged.rto_p50_s,
            "rto_p95_s": judged.rto_p95_s,
            "rpo_p50_s": judged.rpo_p50_s,
            "rpo_p95_s": judged.rpo_p95_s,
            "p_meets_rto": judged.p_meets_rto,
            "p_meets_rpo": judged.p_meets_rpo,
            "expected_yearly_loss_usd": round(option.recovery.expected_yearly_loss_usd, 2),
            "meets_objectives": option.meets_objectives,
            "on_frontier": option.topology_id in self.frontier,
            "chosen": option is self.chosen,
            "not_observed_usd": total(option.bill.not_observed),
            "changes": "; ".join(option.topology.changes),
            "notes": "; ".join(option.topology.notes),
            "rto_p95_error_s": round(option.recovery.judged.rto.p95_error, 3),
            "rpo_p95_error_s": round(option.recovery.judged.rpo.p95_error, 3),
            "p_error": round(option.p_error, 6),
            "expected_yearly_loss_error_usd": round(option.recovery.expected_yearly_loss_error_usd, 2),
            "availability": option.recovery.yearly.availability,
            "total_usd_per_year": round(ownership(self, option).total_usd, 2),
            "not_chosen_because": self.why_not(option),
            "rejected_because": "",
        }


def _identity(topology: Topology) -> dict[str, object]:
    primary, failover = topology.primary, topology.failover
    return {
        "topology_id": topology.topology_id,
        "strategy": topology.strategy,
        "primary_region": topology.primary_region,
        "failover_region": topology.failover_region,
        "db_class": primary.database_class,
        "db_storage_type": topology.storage_type if primary.database_cluster else "",
        "db_instances_primary": primary.database_instances,
        "db_instances_failover": failover.database_instances if failover else 0,
        "cache_node_type": primary.cache_node_type,
        "architecture": topology.architecture,
        "tasks_primary": sum(count for *_, count in primary.tasks),
        "tasks_failover": sum(count for *_, count in failover.tasks) if failover else 0,
        "replication_time_control": topology.replication_time_control,
    }
