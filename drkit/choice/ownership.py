"""What a topology is worth: total cost of ownership, and the cost of an outage from which each strategy pays.

The objective is Keeton's (Designing for Disasters, FAST 2004): outlay plus expected penalties for outage and for lost
data; what failovers and rehearsals themselves cost is added.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from drkit.choice.options import Evaluation, Option


class Ownership(NamedTuple):
    """What a topology costs in a year, in expectation [USD/year].

    Parameters
    ----------
    bill_usd
        Twelve monthly bills.
    loss_usd
        Outages and lost writes, the time without service on the way back of failovers included.
    failovers_usd
        People for the failovers that are carried through.
    rehearsals_usd
        People for the rehearsals; what a switchover costs in service is in the loss.
    """

    bill_usd: float
    loss_usd: float
    failovers_usd: float
    rehearsals_usd: float

    @property
    def total_usd(self) -> float:
        """Total cost of ownership [USD/year]."""
        return math.fsum(self)


class StraightLine(NamedTuple):
    """Total cost of ownership [USD/year] as a straight line over what an hour of outage costs [USD/h].

    ``fixed_usd`` is paid whatever an outage costs, ``hours`` is the slope: hours without service a year, hours of lost
    writes counted by what they cost against an hour of outage. ``hours_error`` is how far the draws may be off in it.
    """

    fixed_usd: float
    hours: float
    hours_error: float = 0.0

    def at(self, outage_usd_per_hour: float) -> float:
        """Total cost of ownership at one cost of an hour [USD/year]."""
        return self.fixed_usd + self.hours * outage_usd_per_hour


class Reach(NamedTuple):
    """The range of outage costs in which one option is the cheapest of all [USD/h]; the last has no upper end.

    ``error_usd_per_hour`` is how far its lower end may be off by simulation (95 %), at most: the errors of the two
    options that meet there are added, although they share their draws.
    """

    option: Option
    from_usd_per_hour: float
    to_usd_per_hour: float
    error_usd_per_hour: float = 0.0


def ownership(comparison: Evaluation, option: Option) -> Ownership:
    """Total cost of ownership of one option, by its parts."""
    assumptions, workload, recovery = comparison.assumptions, comparison.workload, option.recovery
    rehearsed = workload.operations.rehearsals_per_year if option.topology.failover else 0.0
    return Ownership(
        12 * option.bill.monthly_usd,
        recovery.expected_yearly_loss_usd,
        recovery.failovers_per_year * assumptions["failover_run_usd"].mean,
        rehearsed * assumptions["rehearsal_usd"].mean,
    )


def least_total(comparison: Evaluation) -> Option:
    """The option of least total cost of ownership, of all that there are."""
    return min(comparison.options, key=lambda option: (ownership(comparison, option).total_usd, option.topology_id))


def line(comparison: Evaluation, option: Option) -> StraightLine:
    """Total cost of ownership over the cost of an outage; lost writes keep their cost in proportion to it.

    Where the workload says that an outage costs nothing, lost writes keep the cost that it gives them.
    """
    costs, recovery = comparison.workload.costs, option.recovery
    outage, data = costs.outage_usd_per_hour.mean, costs.data_loss_usd_per_hour.mean
    down_h, lost_h = recovery.downtime_h, recovery.lost_writes_h
    parts = ownership(comparison, option)
    fixed = parts.bill_usd + parts.rehearsals_usd + parts.failovers_usd
    if outage == 0:
        return StraightLine(fixed + lost_h * data, down_h, recovery.downtime_error_h)
    off = recovery.downtime_error_h + recovery.lost_writes_error_h * data / outage
    return StraightLine(fixed, down_h + lost_h * data / outage, off)


def break_even(comparison: Evaluation, options: Sequence[Option] | None = None) -> list[Reach]:
    """Where each option becomes the cheapest in total, as the cost of an outage rises from nothing.

    Parameters
    ----------
    options
        All of the comparison by default; of options with the same line the first counts.

    Returns
    -------
    list of Reach
        The lower envelope of the options' lines, from zero cost on. Options that are the cheapest nowhere are not in
        it.
    """
    lines = [(line(comparison, option), option) for option in options or comparison.options]
    at, off, reaches = 0.0, 0.0, []
    # At no cost the least fixed part wins, of equal ones the flatter line.
    current = min(lines, key=lambda pair: (pair[0].fixed_usd, pair[0].hours))
    while True:
        best = math.inf
        following = None
        for candidate in lines:
            if candidate[0].hours >= current[0].hours:
                continue
            crossing = (candidate[0].fixed_usd - current[0].fixed_usd) / (current[0].hours - candidate[0].hours)
            if crossing < best or (crossing == best and following and candidate[0].hours < following[0].hours):
                best, following = crossing, candidate
        reaches.append(Reach(current[1], at, best, off))
        if following is None:
            return reaches
        saved = current[0].hours - following[0].hours
        off = best * (current[0].hours_error + following[0].hours_error) / saved
        at, current = best, following


def frame(comparison: Evaluation) -> pd.DataFrame:
    """The best of each strategy: what it costs in total, what a year brings, and how far the simulation may be off.

    Columns end in their unit; those with ``error`` are half the width of the 95 % interval that the draws leave around
    the expectation, the 95 % point or the probability that they are named after.
    """
    import pandas as pd

    rows = []
    for option in comparison.representatives:
        parts, recovery = ownership(comparison, option), option.recovery
        yearly = recovery.yearly
        rows.append(
            {
                "strategy": option.topology.strategy,
                "failover_region": option.topology.failover_region,
                "bill_usd": parts.bill_usd,
                "loss_usd": parts.loss_usd,
                "loss_error_usd": recovery.expected_yearly_loss_error_usd,
                "failovers_usd": parts.failovers_usd,
                "rehearsals_usd": parts.rehearsals_usd,
                "total_usd": parts.total_usd,
                "loss_p05_usd": yearly.loss_usd.p05,
                "loss_p95_usd": yearly.loss_usd.p95,
                "loss_p95_error_usd": yearly.loss_usd.p95_error,
                "downtime_h": recovery.downtime_h,
                "downtime_error_h": recovery.downtime_error_h,
                "downtime_p05_h": yearly.downtime_h.p05,
                "downtime_p95_h": yearly.downtime_h.p95,
                "downtime_p95_error_h": yearly.downtime_h.p95_error,
                "lost_writes_h": recovery.lost_writes_h,
                "lost_writes_error_h": recovery.lost_writes_error_h,
                "lost_writes_p05_h": yearly.lost_writes_h.p05,
                "lost_writes_p95_h": yearly.lost_writes_h.p95,
                "lost_writes_p95_error_h": yearly.lost_writes_h.p95_error,
                "availability": yearly.availability,
                "nines": yearly.nines,
                "p_year_meets_rto": yearly.p_meets_rto,
                "p_year_meets_rpo": yearly.p_meets_rpo,
                "p_year_error": recovery.year_error,
                "failovers_per_year": recovery.failovers_per_year,
                "chosen": option is comparison.chosen,
            }
        )
    return pd.DataFrame(rows)
