"""Options that are nearly as good as the choice: what they share has to be decided so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from drkit.choice.named import as_good
from drkit.errors import ParameterError
from drkit.facts.support import SERVERLESS
from drkit.topology.topology import strategy_in_words
from drkit.words import count
from drkit.workload.commitments import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from drkit.choice.options import Evaluation, Option
    from drkit.topology.topology import Topology

#: An option that costs at most this part more than the choice is nearly as good.
NEAR = 0.05


class Agreement(NamedTuple):
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
    decisions: tuple[Agreement, ...]

    def sentences(self) -> list[str]:
        """The set in words: how many, in what all are alike, in what they differ."""
        much = f"{100 * self.within:g} %"
        if len(self.options) == 1:
            return [f"No other topology is as good and costs at most {much} more than the choice."]
        texts = [
            f"{len(self.options):,} of {self.considered:,} topologies that {self.good} cost at most {much} more than "
            f"the choice, up to {self.options[-1].bill.monthly_usd:,.2f} USD a month."
        ]
        if shared := [
            f"{agreement.name} ({agreement.values[0][0]})" for agreement in self.decisions if agreement.shared
        ]:
            texts.append(f"All are alike in {_listed(shared)}.")
        if differ := [
            f"{agreement.name} ({_counted(agreement.values)})" for agreement in self.decisions if not agreement.shared
        ]:
            texts.append(f"They differ in {_listed(differ)}.")
        return texts


def _counted(values: Sequence[tuple[str, int]], most: int = 4) -> str:
    shown = [f"{value} in {times}" for value, times in values[:most]]
    left = len(values) - most
    return _listed([*shown, f"{left} others"] if left > 1 else [f"{value} in {times}" for value, times in values])


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def near_optimal(comparison: Evaluation, within: float = NEAR) -> NearOptimal:
    """Options as good as the choice that cost at most a part ``within`` more, and what they share.

    What all of them share has to be decided so; in what they differ, something else than cost may decide. Neumann and
    Brown, The near-optimal feasible space of a renewable power system model, Electric Power Systems Research 190, 2021.

    Parameters
    ----------
    within
        Part of the choice's monthly bill [1]: 0.05 for 5 %.

    Raises
    ------
    ParameterError
        When ``within`` is below 0.
    """
    if not within >= 0:
        raise ParameterError(f"within is {within:g}: give a part of at least 0, such as 0.05 for 5 %")
    good = as_good(comparison)
    limit = comparison.chosen.bill.monthly_usd * (1 + within)
    members = tuple(sorted((o for o in good if o.bill.monthly_usd <= limit), key=comparison.order))
    words = "meet the objectives" if comparison.chosen.meets_objectives else "come as near to the objectives"
    return NearOptimal(within, members, words, len(good), decisions(comparison, members))


def decisions(comparison: Evaluation, members: Sequence[Option]) -> tuple[Agreement, ...]:
    """How members decide what the surviving topologies of the workload differ in."""
    agreements = []
    for name, decided in _DECISIONS.items():
        if len({decided(option.topology) for option in comparison.surviving}) < 2:
            continue  # nothing to decide
        counts: dict[str, int] = {}
        for option in members:
            value = decided(option.topology)
            counts[value] = counts.get(value, 0) + 1
        values = sorted(counts.items(), key=lambda pair: -pair[1])
        agreements.append(Agreement(name, decided(comparison.chosen.topology), tuple(values)))
    return tuple(agreements)


def _capacity(topology: Topology) -> str:
    site = topology.primary
    if site.database_class != SERVERLESS:
        return site.database_class
    return f"{site.serverless_min_acu:g} to {site.serverless_max_acu:g} ACU"


def _tasks(topology: Topology) -> str:
    site = topology.primary
    vcpu = sum(tasks * of_one for (*_, tasks), (of_one, _) in zip(site.tasks, site.task_sizes, strict=True))
    return f"{count(sum(tasks for *_, tasks in site.tasks), 'task')} with {vcpu:g} vCPU"


def _bought(topology: Topology) -> str:
    """How the parts that are not bought on demand are bought, in the primary and in the failover region."""
    parts = []
    for part in ("database", "cache", "compute"):
        ways = [in_words(getattr(site, f"{part}_purchase")) for site in topology.sites]
        if set(ways) != {"on demand"}:
            parts.append(f"{part} {' and '.join(dict.fromkeys(ways))}")
    return "; ".join(parts) or "on demand"


_DECISIONS: dict[str, Callable[[Topology], str]] = {
    "strategy": strategy_in_words,
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
