"""A recovery against the objectives: what holds, with which probability, and what is missed by how much."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from drkit.words import asked, lost, span

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from drkit.recovery.model import Recovery
    from drkit.workload.model import Objectives

    Probabilities = npt.NDArray[np.float64]


class Judgement(NamedTuple):
    """A topology's RTO and RPO after the loss of its region, against the objectives. Times are [s]."""

    rto_p50_s: float
    rto_p95_s: float
    rpo_p50_s: float
    rpo_p95_s: float
    rto_at_probability_s: float
    rpo_at_probability_s: float
    p_meets_rto: float
    p_meets_rpo: float


class Judge:
    """Objectives against recoveries; topologies that share a recovery are judged once."""

    def __init__(self, objectives: Objectives) -> None:
        self.objectives = objectives
        self._judged: dict[Recovery, Judgement] = {}

    def __call__(self, recovery: Recovery) -> Judgement:
        """Judge one recovery."""
        if recovery not in self._judged:
            rto, rpo = recovery.judged.rto, recovery.judged.rpo
            times = (rto.p50, rto.p95, rpo.p50, rpo.p95, rto.asked, rpo.asked)
            rounded = [round(time, 3) for time in times]
            self._judged[recovery] = Judgement._make([*rounded, rto.p_meets, rpo.p_meets])
        return self._judged[recovery]

    def misses(self, judgement: Judgement, monthly_usd: float) -> tuple[str, ...]:
        """What the objectives ask and this does not give, each with by how much; the bill is in [USD/month]."""
        objectives = self.objectives
        misses = []
        if judgement.p_meets_rpo < objectives.probability:
            misses.append(
                f"misses the RPO of {span(objectives.rpo_s)}: at {asked(objectives.probability)} it loses "
                f"{lost(judgement.rpo_at_probability_s)}"
            )
        if judgement.p_meets_rto < objectives.probability:
            misses.append(
                f"misses the RTO of {span(objectives.rto_s)}: at {asked(objectives.probability)} it takes "
                f"{span(judgement.rto_at_probability_s)}"
            )
        budget = objectives.budget_usd_per_month
        if budget is not None and monthly_usd > budget:
            misses.append(f"is {monthly_usd - budget:,.2f} USD a month over the budget of {budget:,.2f} USD")
        return tuple(misses)

    def meets(self, p_meets_rto: Probabilities, p_meets_rpo: Probabilities) -> npt.NDArray[np.bool_]:
        """Whether RTO and RPO each hold with the asked probability, for arrays of recoveries."""
        asked_for = self.objectives.probability
        return (p_meets_rto >= asked_for) & (p_meets_rpo >= asked_for)

    def affords(self, monthly_usd: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether bills are within the budget, for an array of bills [USD/month]."""
        budget = self.objectives.budget_usd_per_month
        return monthly_usd <= (math.inf if budget is None else budget)
