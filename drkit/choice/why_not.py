"""For every option that was not chosen, one sentence why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drkit.choice.near_optimal import NEAR
from drkit.facts.prices import ON_DEMAND
from drkit.words import span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drkit.choice.options import Evaluation, Option
    from drkit.topology.topology import Topology
    from drkit.workload.commitments import Commitments


def why_not(comparison: Evaluation, option: Option) -> str:
    """One sentence: why this option was not chosen; empty for the choice."""
    chosen = comparison.chosen
    if option is chosen:
        return ""
    missed = "; ".join(option.misses)
    if missed and chosen.meets_objectives:
        return missed
    if missed and not option.topology.failover:
        return f"does not survive the loss of the region; {missed}"
    if comparison.shortfall(option) > comparison.shortfall(chosen):
        return f"{missed}; further from the objectives than the choice"
    extra = option.bill.monthly_usd - chosen.bill.monthly_usd
    if extra:
        return _cost_sentence(extra, option, chosen)
    lost_more = option.recovery.expected_yearly_loss_usd - chosen.recovery.expected_yearly_loss_usd
    if lost_more < 0.01 and option.topology.failover_region == chosen.topology.failover_region:
        return "costs and loses the same as the choice: either will do"
    if lost_more < 0.01:
        return "costs and loses the same as the choice; its region is impaired more often or lies further away"
    return f"costs the same as the choice, and is expected to lose {lost_more:,.2f} USD a year more"


def _cost_sentence(extra: float, option: Option, chosen: Option) -> str:
    """The extra cost, and what it buys."""
    more = extra / chosen.bill.monthly_usd
    text = f"costs {extra:,.2f} USD a month more than the choice ({_percent(more)})"
    mine, best = option.judgement, chosen.judgement
    gains = [
        f"{does} {span(now)} instead of {span(was)}{of_what}"
        for does, now, was, of_what in (
            ("recovers in", mine.rto_at_probability_s, best.rto_at_probability_s, ""),
            ("loses", mine.rpo_at_probability_s, best.rpo_at_probability_s, " of writes"),
        )
        if span(now) != span(was) and now < was
    ]
    text += (
        f"; it {' and '.join(gains)}, which is not asked" if gains else ", and neither recovers faster nor loses less"
    )
    return f"{text}; nearly as good" if more <= NEAR else text


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.0005 else "less than 0.1 %"


def not_sold_as_bought(commitments: Commitments, rejected: Iterable[Topology]) -> str:
    """One sentence about topologies that what is bought ahead made impossible; empty where there are none.

    Parameters
    ----------
    rejected
        Topologies that are not possible, each with its reason.
    """
    bought = {commitments.database, commitments.cache, commitments.compute} - {ON_DEMAND}
    refused = [topology for topology in rejected if topology.not_sold and topology.not_sold[1] in bought]
    if not refused:
        return ""
    away = [topology for topology in refused if topology.not_sold and topology.not_sold[0] == topology.failover_region]
    noun = "topology is" if len(refused) == 1 else "topologies are"
    sentence = f"{len(refused):,} {noun} left out, for what they need is not sold as the workload buys it: "
    sentence += (away or refused)[0].rejected_because
    if away and commitments.in_failover_region:
        sentence += "; `in_failover_region: false` under commitments buys on demand in the failover region"
    return sentence
