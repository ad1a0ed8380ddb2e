"""The options worth a name beside the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drkit.choice.regret import regrets
from drkit.topology.topology import strategy_in_words

if TYPE_CHECKING:
    from drkit.choice.options import Evaluation, Option
    from drkit.choice.regret import Regret


def named(comparison: Evaluation) -> dict[str, Option]:
    """The choice and the options worth seeing beside it.

    ``chosen``: the cheapest that meets the objectives. ``best_recovery``: lowest RTO, then RPO, then cost, of those
    within the budget, if any is. ``cheapest``: lowest bill among those that survive the loss of the region.
    ``smallest_change``: fewest changes in the primary region, of those that survive and miss no more objectives than
    the choice. ``least_regret``: least regret over the uncertain inputs (`drkit.choice.regret`), of those that are as
    good.
    """
    return {**at_a_glance(comparison), "least_regret": least_regret(comparison)[0].option}


def at_a_glance(comparison: Evaluation) -> dict[str, Option]:
    """The named options except that of least regret, whose scenarios take as long as a whole comparison."""
    surviving = comparison.surviving
    budget = comparison.workload.objectives.budget_usd_per_month
    affordable = [option for option in surviving if budget is None or option.bill.monthly_usd <= budget]
    most = len(comparison.chosen.misses)
    no_worse = [option for option in surviving if len(option.misses) <= most] or surviving
    return {
        "chosen": comparison.chosen,
        "best_recovery": min(
            affordable or surviving,
            key=lambda o: (o.judgement.rto_p95_s, o.judgement.rpo_p95_s, *comparison.order(o)),
        ),
        "cheapest": min(surviving, key=comparison.order),
        "smallest_change": min(no_worse, key=lambda o: (len(o.topology.changes), *comparison.order(o))),
    }


def as_good(comparison: Evaluation) -> list[Option]:
    """Options that meet the objectives; if the choice does not, those that come as near to RPO and RTO as it does."""
    if comparison.chosen.meets_objectives:
        return [option for option in comparison.options if option.meets_objectives]
    nearest = comparison.recovery_shortfall(comparison.chosen)
    return [option for option in comparison.surviving if comparison.recovery_shortfall(option) <= nearest]


def least_regret(comparison: Evaluation) -> list[Regret]:
    """Regret of every option that is as good as the choice, least first."""
    return regrets(comparison, as_good(comparison))


def next_best(comparison: Evaluation) -> Option | None:
    """The best option of another strategy than the choice's, or the best other one; None where there is none.

    Other regions and sizes of the same strategy differ from the choice in little but their prices.
    """
    chosen = comparison.chosen
    others = [option for option in comparison.surviving if option is not chosen]
    differing = [
        option for option in others if strategy_in_words(option.topology) != strategy_in_words(chosen.topology)
    ]
    return comparison.best_in(differing or others) if others else None
