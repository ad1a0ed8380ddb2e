"""Tables of a design space: legal choices, their costs and their recoveries, each worked out once by the code of bills.

A bill is a sum of lines, and no line depends on more than one choice of sizes. So the bill of any combination is the
sum of one entry of each table, in whole millionths of USD.
"""

from __future__ import annotations

import itertools
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from drkit.bill.biller import Biller
from drkit.errors import PriceError, UnsupportedError
from drkit.facts.prices import ON_DEMAND
from drkit.recovery.simulation import Simulator
from drkit.space.size_choices import capacity
from drkit.topology.designer import Decision, Designer
from drkit.topology.enumeration import headless_or_not, time_control_or_not
from drkit.topology.strategies import LIVE_DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy.typing as npt

    from drkit.bill.quantities import Purchase
    from drkit.facts.assumptions import Assumptions
    from drkit.facts.catalog import Catalog
    from drkit.space.size_choices import Choices
    from drkit.topology.site import Site
    from drkit.topology.topology import Topology
    from drkit.workload.model import Acu, Strategy, Workload

    Micro = npt.NDArray[np.int64]
    Codes = npt.NDArray[np.integer]

#: Stands in a table of costs where a choice is not legal or has no price.
NOT_LEGAL = -1


class Placement(NamedTuple):
    """Which strategy runs where."""

    primary: str
    strategy: Strategy
    failover: str
    headless: bool
    replication_time_control: bool
    committed_in_failover: bool


class Block(NamedTuple):
    """A placement with every combination of some choices, by their positions."""

    placement: int
    databases: npt.NDArray[np.intp]
    caches: npt.NDArray[np.intp]
    computes: npt.NDArray[np.intp]


class Refusal(NamedTuple):
    """A choice that is left out of the space, and why."""

    primary_region: str
    strategy: str
    failover_region: str
    choice: str
    reason: str


def code_type(count: int) -> type[np.int16 | np.int32]:
    """The narrowest type for the numbers 0 to count - 1: a space has millions of them."""
    return np.int16 if count <= np.iinfo(np.int16).max + 1 else np.int32


class Tables:
    """Legal combinations of a design space, what each part of them costs, and which recover alike.

    Parameters
    ----------
    workload, catalog, assumptions, choices
        What is combined; see `drkit.space.size_choices`.

    Attributes
    ----------
    placements
        Strategy and regions, with at least one legal choice of everything.
    databases, caches, computes
        Cost by placement and choice [USD/1e6 a month]; `NOT_LEGAL` where it is none.
    one_off
        First replication, by placement [USD/1e6].
    blocks
        Every legal combination, each once.
    refusals
        What is not legal, with the reason.
    """

    def __init__(self, workload: Workload, catalog: Catalog, assumptions: Assumptions, choices: Choices) -> None:
        self.workload, self.choices = workload, choices
        self._catalog, self._assumptions = catalog, assumptions
        self.designers = {
            code: Designer(workload.model_copy(update={"region": code}), catalog, assumptions)
            for code in choices.primaries
        }
        self.biller = Biller(workload, catalog, assumptions)
        self._cost_of = lru_cache(maxsize=None)(self._cost_of_one)
        self._names = (
            [choice.class_name for choice in choices.databases],
            [choice.node_type for choice in choices.caches],
            ["compute"] * len(choices.computes),
        )
        self._sizes = lru_cache(maxsize=None)(lambda d, c, k, away: choices.sizes(d, c, k, away, workload))
        self._at_home: dict[tuple[str, str, int, int], tuple[Site, int | str]] = {}
        self.refusals: list[Refusal] = []
        self.placements: list[Placement] = []
        rows: list[tuple[Micro, Micro, Micro]] = []
        one_off: list[int] = []
        for primary, designer in self.designers.items():
            for strategy in choices.strategies:
                for failover in choices.failovers if strategy != "single_region" else ("",):
                    if failover == primary:
                        continue
                    for placement, costs, seed in self._placed(designer, primary, strategy, failover):
                        if all((part >= 0).any() for part in costs):
                            self.placements.append(placement)
                            rows.append(costs)
                            one_off.append(seed)
        empty = np.empty((0, 0), dtype=np.int64)
        parts = [np.stack(part) for part in zip(*rows, strict=True)] if rows else [empty, empty, empty]
        self.databases: Micro = parts[0]
        self.caches: Micro = parts[1]
        self.computes: Micro = parts[2]
        self.one_off: Micro = np.array(one_off, dtype=np.int64)
        self.blocks = [block for p in range(len(self.placements)) for block in self._blocks(p)]

    def _blocks(self, p: int) -> Iterator[Block]:
        """Products of legal choices that together are all combinations of a placement, each of them once."""
        parts = [np.flatnonzero(costs[p] >= 0) for costs in (self.databases, self.caches, self.computes)]
        if self.placements[p].committed_in_failover == self.choices.in_failover_region[0]:
            yield Block(p, *parts)
            return
        # Where nothing is committed, it makes no difference where: those are in the other placement.
        of_part = (self.choices.databases, self.choices.caches, self.choices.computes)
        committed = [np.array([choice.purchase != ON_DEMAND for choice in choices]) for choices in of_part]
        for at in range(3):
            places = [part[~committed[i][part]] if i < at else part for i, part in enumerate(parts)]
            places[at] = parts[at][committed[at][parts[at]]]
            if all(map(len, places)):
                yield Block(p, *places)

    def decision(self, placement: Placement, database: int, cache: int, compute: int) -> Decision:
        """The decision of one combination, by the positions of its choices."""
        _, strategy, failover, headless, rtc, away = placement
        return Decision(strategy, failover, headless, rtc, self._sizes(database, cache, compute, away))

    def capacity(self, name: str, acu: Acu | None) -> tuple[float, float]:
        """VCPU and memory [GiB] of one instance; see `drkit.space.size_choices.capacity`."""
        return capacity(self._catalog.support, name, acu)

    # Legal and priced -----------------------------------------------------------------------------------------------

    def _placed(
        self, designer: Designer, primary: str, strategy: Strategy, failover: str
    ) -> Iterator[tuple[Placement, tuple[Micro, Micro, Micro], int]]:
        """Placements of one strategy in two regions, each with the cost of every choice."""
        regions = (primary, failover) if failover else (primary,)

        def refuse(choice: str, reason: str) -> None:
            self.refusals.append(Refusal(primary, strategy, failover, choice, reason))

        if failover and (reason := designer.region_refused(failover)):
            refuse("", reason)
            return
        try:
            designer.check_strategy(strategy)
        except UnsupportedError as error:
            refuse("", str(error))
            return
        databases = self._legal(0, lambda name: designer.check_database(strategy, regions, name), refuse)
        caches = self._legal(1, lambda name: designer.check_cache(strategy, regions, name), refuse)
        committed = self.choices.in_failover_region if strategy in LIVE_DATA else self.choices.in_failover_region[:1]
        for headless, away in itertools.product(headless_or_not(self.workload, strategy), dict.fromkeys(committed)):
            plain = Placement(primary, strategy, failover, headless, False, away)
            buy = self.biller.purchases
            priced = (
                self._priced(designer, plain, 0, databases, buy.database_capacity, refuse),
                self._priced(designer, plain, 1, caches, buy.cache_nodes, refuse),
                self._priced(designer, plain, 2, range(len(self.choices.computes)), buy.compute, refuse),
            )
            for rtc in time_control_or_not(self.workload, strategy):
                placement = plain._replace(replication_time_control=rtc)
                base, seed, reason = self._beside(designer, placement)
                if not base:
                    refuse("", reason)
                    continue
                yield placement, (_plus(priced[0], base, self.choices), *priced[1:]), seed

    def _legal(self, part: int, check: Callable[[str], None], refuse: Callable[[str, str], None]) -> list[int]:
        names = self._names[part]
        verdicts: dict[str, bool] = {}
        for name in dict.fromkeys(names):
            try:
                check(name)
                verdicts[name] = True
            except UnsupportedError as error:
                verdicts[name] = False
                refuse(name, str(error))
        return [at for at, name in enumerate(names) if verdicts[name]]

    def _priced(
        self,
        designer: Designer,
        placement: Placement,
        part: int,
        positions: Iterable[int],
        buy: Callable[[Site], Iterator[Purchase]],
        refuse: Callable[[str, str], None],
    ) -> Micro:
        """What each legal choice of one part costs in both regions."""
        costs = np.full(len(self._names[part]), NOT_LEGAL, dtype=np.int64)
        committed, prefix = placement.committed_in_failover, (placement.primary, placement.strategy, part)
        of_part = (self.choices.databases, self.choices.caches, self.choices.computes)[part]
        away: dict[object, int | str] = {}
        for at in positions:
            place = [0, 0, 0]
            place[part] = at
            decision = self.decision(placement, *place)
            if part == 0 and self._raised_to_another(designer, decision, at):
                continue
            if (*prefix, at) not in self._at_home:
                site = designer.primary(decision)
                self._at_home[*prefix, at] = site, self._cost(buy(site))
            site, cost = self._at_home[*prefix, at]
            if placement.failover and isinstance(cost, int):
                # What is bought on demand there costs the same, however it is bought at home.
                key = of_part[at] if committed else of_part[at]._replace(purchase=ON_DEMAND)
                if key not in away:
                    away[key] = self._cost(buy(designer.failover(decision, site)))
                cost_away = away[key]
                cost = cost_away if isinstance(cost_away, str) else cost + cost_away
            if isinstance(cost, str):
                refuse(self._names[part][at], cost)
            else:
                costs[at] = cost
        return costs

    def _raised_to_another(self, designer: Designer, decision: Decision, at: int) -> bool:
        """Whether the least capacity of a global database makes this serverless range another one of the space."""
        acu = decision.sizes.acu
        if not acu or decision.strategy not in LIVE_DATA or acu.min >= designer.least_acu:
            return False
        raised = acu.model_copy(update={"min": designer.least_acu})
        return self.choices.databases[at]._replace(acu=raised) in self._all_databases

    @cached_property
    def _all_databases(self) -> frozenset[object]:
        return frozenset(self.choices.databases)

    def _beside(self, designer: Designer, placement: Placement) -> tuple[dict[str, int], int, str]:
        """What everything beside the sizes costs, by storage type, what is copied once, and what lacks a price."""
        costs: dict[str, int] = {}
        seed, reason, buy = 0, "", self.biller.purchases
        first = {choice.storage_type: at for at, choice in reversed(list(enumerate(self.choices.databases)))}
        for storage, at in first.items():
            topology = designer.topology(self.decision(placement, at, 0, 0))
            link = topology.link
            sites = itertools.chain.from_iterable(buy.beside(site) for site in topology.sites)
            monthly = self._cost(itertools.chain(sites, buy.replication(link), buy.everywhere(link)))
            once = self._cost(buy.seed(link))
            if isinstance(monthly, str) or isinstance(once, str):
                reason = str(monthly) if isinstance(monthly, str) else str(once)
            else:
                costs[storage], seed = monthly, once
        return costs, seed, reason

    def _cost(self, purchases: Iterable[Purchase]) -> int | str:
        """What purchases cost, or why one of them has no price."""
        total = 0
        for purchase in purchases:
            cost = self._cost_of(purchase)
            if isinstance(cost, str):
                return cost
            total += cost
        return total

    def _cost_of_one(self, purchase: Purchase) -> int | str:
        service, item, region = purchase.service, purchase.item, purchase.region
        if not self._catalog.prices.has(service, item, region, purchase.to_region, purchase.purchase):
            where = f"{region} to {purchase.to_region}" if purchase.to_region else region
            return f"the snapshot has no price for {service} {item} in {where}, {purchase.purchase}"
        try:
            return self.biller.micro_usd([purchase])
        except PriceError as error:
            return str(error)

    # Recovered alike ------------------------------------------------------------------------------------------------

    @cached_property
    def _alike(self) -> tuple[Codes, list[Topology]]:
        """Number of the recovery by placement and by what of the sizes decides it, and a topology for each number."""
        simulators = {code: self._simulator(code, 1, 1) for code in self.designers}
        numbers: dict[object, int] = {}
        examples: list[Topology] = []
        instances, replicas, tasks = self._deciding
        shape = (len(self.placements), len(instances), len(replicas), len(tasks))
        codes = np.zeros(shape, dtype=np.int32)
        for p, placement in enumerate(self.placements):
            designer, simulator = self.designers[placement.primary], simulators[placement.primary]
            for i, database in enumerate(instances.values()):
                for r, cache in enumerate(replicas.values()):
                    for t, compute in enumerate(tasks.values()):
                        topology = designer.topology(self.decision(placement, database, cache, compute))
                        key = (placement.primary, simulator.likeness(topology))
                        if key not in numbers:
                            numbers[key] = len(examples)
                            examples.append(topology)
                        codes[p, i, r, t] = numbers[key]
        return codes.astype(code_type(len(examples))), examples

    @cached_property
    def _deciding(self) -> tuple[dict[object, int], dict[object, int], dict[object, int]]:
        """What of the sizes can decide a recovery, with the first choice that has it."""
        positions: tuple[dict[object, int], dict[object, int], dict[object, int]] = ({}, {}, {})
        for at, database in enumerate(self.choices.databases):
            positions[0].setdefault(database.instances, at)
        for at, cache in enumerate(self.choices.caches):
            positions[1].setdefault(cache.replicas, at)
        for at, compute in enumerate(self.choices.computes):
            positions[2].setdefault(compute.tasks, at)
        return positions

    def recovery_codes(self, placement: Codes, database: Codes, cache: Codes, compute: Codes) -> Codes:
        """Which recovery each combination has; the arrays broadcast."""
        instances, replicas, tasks = ({key: at for at, key in enumerate(keys)} for keys in self._deciding)
        of_database = np.array([instances[choice.instances] for choice in self.choices.databases])
        of_cache = np.array([replicas[choice.replicas] for choice in self.choices.caches])
        of_compute = np.array([tasks[choice.tasks] for choice in self.choices.computes])
        codes: Codes = self._alike[0][placement, of_database[database], of_cache[cache], of_compute[compute]]
        return codes

    @property
    def examples(self) -> list[Topology]:
        """One topology for every recovery that occurs, by its number."""
        return self._alike[1]

    def _simulator(self, primary: str, seed: int, samples: int) -> Simulator:
        workload = self.designers[primary].workload
        return Simulator(workload, self._catalog, self._assumptions, seed, samples)

    def simulators(self, seed: int, samples: int) -> dict[str, Simulator]:
        """What times the topologies of each primary region."""
        return {code: self._simulator(code, seed, samples) for code in self.designers}


def _plus(costs: Micro, base: dict[str, int], choices: Choices) -> Micro:
    """Databases with everything beside the sizes, which depends on their storage type."""
    beside = np.array([base.get(choice.storage_type, NOT_LEGAL) for choice in choices.databases], dtype=np.int64)
    legal = (costs != NOT_LEGAL) & (beside != NOT_LEGAL)
    return np.where(legal, costs + beside, NOT_LEGAL)
