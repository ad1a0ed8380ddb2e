"""Options worth a name, those nearly as good as the choice, and for every other topology one sentence why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from drkit.facts.support import SERVERLESS
from drkit.words import count, span
from drkit.workload.commitments import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from drkit.choice.compare import Comparison, Option
    from drkit.choice.regret import Regret
    from drkit.topology.topology import Topology

#: An option that costs at most this part more than the choice is nearly as good.
NEAR = 0.05


def named(comparison: Comparison) -> dict[str, Option]:
    """The choice and the options worth seeing beside it.

    ``chosen``: the cheapest that meets the objectives. ``best_recovery``: lowest RTO, then RPO, then cost, of those
    within the budget, if any is. ``cheapest``: lowest bill among those that survive the loss of the region.
    ``smallest_change``: fewest changes in the primary region, of those that survive and miss no more objectives than
    the choice. ``least_regret``: least regret over the uncertain inputs (`drkit.choice.regret`), of those that are as
    good.
    """
    return {**at_a_glance(comparison), "least_regret": least_regret(comparison)[0].option}


def at_a_glance(comparison: Comparison) -> dict[str, Option]:
    """The named options but that of least regret, whose scenarios take as long as a whole comparison."""
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


def as_good(comparison: Comparison) -> list[Option]:
    """Options that recover as asked, or come as near to it as the choice does; the budget aside if nothing keeps it."""
    if comparison.chosen.meets_objectives:
        return [option for option in comparison.options if option.meets_objectives]
    nearest = comparison.recovery_shortfall(comparison.chosen)
    return [option for option in comparison.surviving if comparison.recovery_shortfall(option) <= nearest]


def least_regret(comparison: Comparison) -> list[Regret]:
    """Regret of every option that is as good as the choice, least first."""
    from drkit.choice.regret import regrets

    return regrets(comparison, as_good(comparison))


def next_best(comparison: Comparison) -> Option | None:
    """The best option of another strategy than the choice's, or the best other one; None where there is none.

    Other regions and sizes of the same strategy differ from the choice by little else than prices.
    """
    chosen = comparison.chosen
    others = [option for option in comparison.surviving if option is not chosen]
    differing = [option for option in others if strategy(option.topology) != strategy(chosen.topology)]
    return comparison.best_in(differing or others) if others else None


# Nearly as good -----------------------------------------------------------------------------------------------------


class Decision(NamedTuple):
    """One decision that topologies of a workload differ in.

    Parameters
    ----------
    chosen
        What the choice has.
    values
        What members of a set have, the most frequent first, each with how many.
    """

    name: str
    chosen: str
    values: tuple[tuple[str, int], ...]

    @property
    def shared(self) -> bool:
        """Whether all members have decided alike."""
        return len(self.values) == 1


@dataclass(frozen=True)
class NearOptimal:
    """Options that are as good as the choice and cost little more, and what they have in common.

    Parameters
    ----------
    within
        How much more a member may cost [part of the choice's monthly bill].
    options
        The members, cheapest first; the choice is the first.
    good, considered
        What makes an option as good, in words, and how many are, whatever they cost.
    decisions
        What all topologies of the workload differ in, and how the members decide it.
    """

    within: float
    options: tuple[Option, ...]
    good: str
    considered: int
    decisions: tuple[Decision, ...]

    def sentences(self) -> list[str]:
        """The set in words: how many, in what all are alike, in what they differ."""
        much = f"{100 * self.within:g} %"
        if len(self.options) == 1:
            return [f"No other topology is as good and costs at most {much} more than the choice."]
        texts = [
            f"{len(self.options):,} of {self.considered:,} topologies that {self.good} cost at most {much} more than "
            f"the choice, up to {self.options[-1].bill.monthly_usd:,.2f} USD a month."
        ]
        if shared := [f"{one.name} ({one.values[0][0]})" for one in self.decisions if one.shared]:
            texts.append(f"All are alike in {_listed(shared)}.")
        if differ := [f"{one.name} ({_counted(one.values)})" for one in self.decisions if not one.shared]:
            texts.append(f"They differ in {_listed(differ)}.")
        return texts


def _counted(values: Sequence[tuple[str, int]], most: int = 4) -> str:
    shown = [f"{value} in {times}" for value, times in values[:most]]
    left = len(values) - most
    return _listed([*shown, f"{left} others"] if left > 1 else [f"{value} in {times}" for value, times in values])


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def near_optimal(comparison: Comparison, within: float = NEAR) -> NearOptimal:
    """Options as good as the choice that cost at most a part ``within`` more, and what they share.

    What all of them share has to be decided so; in what they differ, something else than cost may decide. Neumann and
    Brown, The near-optimal feasible space of a renewable power system model, Electric Power Systems Research 190, 2021.

    Parameters
    ----------
    within
        0.05 for 5 %.

    Raises
    ------
    ParameterError
        When ``within`` is below 0.
    """
    from drkit.errors import ParameterError

    if not within >= 0:
        raise ParameterError(f"within is {within:g}: give a part of at least 0, such as 0.05 for 5 %")
    good = as_good(comparison)
    limit = comparison.chosen.bill.monthly_usd * (1 + within)
    members = tuple(sorted((o for o in good if o.bill.monthly_usd <= limit), key=comparison.order))
    words = "meet the objectives" if comparison.chosen.meets_objectives else "come as near to the objectives"
    return NearOptimal(within, members, words, len(good), decisions(comparison, members))


def decisions(comparison: Comparison, members: Sequence[Option]) -> tuple[Decision, ...]:
    """How members decide what the surviving topologies of the workload differ in."""
    found = []
    for name, decided in _DECISIONS.items():
        if len({decided(option.topology) for option in comparison.surviving}) < 2:
            continue  # nothing to decide
        counts: dict[str, int] = {}
        for option in members:
            value = decided(option.topology)
            counts[value] = counts.get(value, 0) + 1
        values = sorted(counts.items(), key=lambda pair: -pair[1])
        found.append(Decision(name, decided(comparison.chosen.topology), tuple(values)))
    return tuple(found)


def strategy(topology: Topology) -> str:
    """The strategy in words, and whether it is headless: two ways with two RTOs."""
    joined = {"backup_restore": "backup and restore", "active_active": "active/active"}
    words = joined.get(topology.strategy, topology.strategy.replace("_", " "))
    return f"headless {words}" if topology.headless else words


def _capacity(topology: Topology) -> str:
    site = topology.primary
    if site.database_class != SERVERLESS:
        return site.database_class
    return f"{site.serverless_min_acu:g} to {site.serverless_max_acu:g} ACU"


def _tasks(topology: Topology) -> str:
    site = topology.primary
    vcpu = sum(wanted * of_one for (*_, wanted), (of_one, _) in zip(site.tasks, site.task_sizes, strict=True))
    return f"{count(sum(wanted for *_, wanted in site.tasks), 'task')} with {vcpu:g} vCPU"


def _bought(topology: Topology) -> str:
    """How the parts that are not bought on demand are bought, in the primary region and in the other one."""
    told = []
    for part in ("database", "cache", "compute"):
        ways = [in_words(getattr(site, f"{part}_purchase")) for site in topology.sites]
        if set(ways) != {"on demand"}:
            told.append(f"{part} {' and '.join(dict.fromkeys(ways))}")
    return "; ".join(told) or "on demand"


_DECISIONS: dict[str, Callable[[Topology], str]] = {
    "strategy": strategy,
    "failover region": lambda topology: topology.failover_region,
    "database class": _capacity,
    "database instances": lambda topology: str(topology.primary.database_instances),
    "Aurora storage": lambda topology: topology.storage_type.replace("_", "-"),
    "cache node": lambda topology: topology.primary.cache_node_type,
    "cache replicas": lambda topology: str(topology.primary.cache_replicas_per_shard),
    "tasks": _tasks,
    "purchase": _bought,
    "processors": lambda topology: topology.architecture,
    "S3 replication time control": lambda topology: "on" if topology.replication_time_control else "off",
}


# Why not ------------------------------------------------------------------------------------------------------------


def why_not(comparison: Comparison, option: Option) -> str:
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
        return _dearer(extra, option, chosen)
    lost_more = option.recovery.expected_yearly_loss_usd - chosen.recovery.expected_yearly_loss_usd
    if lost_more < 0.01 and option.topology.failover_region == chosen.topology.failover_region:
        return "costs and loses the same as the choice: either will do"
    if lost_more < 0.01:
        return "costs and loses the same as the choice; its region is impaired more often or lies further away"
    return f"costs the same as the choice, and is expected to lose {lost_more:,.2f} USD a year more"


def _dearer(extra: float, option: Option, chosen: Option) -> str:
    """What is paid more, and what for."""
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
