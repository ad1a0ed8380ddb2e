"""The designer of a workload's topologies: which decisions are legal, and what follows from each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from drkit.errors import UnsupportedError
from drkit.topology.changes import changes_from_today
from drkit.topology.site import Site, Sizes, failover_site, primary_site
from drkit.topology.strategies import LIVE_DATA
from drkit.topology.topology import Topology

if TYPE_CHECKING:
    from drkit.facts.assumptions import Assumptions
    from drkit.facts.catalog import Catalog
    from drkit.facts.support import Service
    from drkit.workload.commitments import Commitments
    from drkit.workload.model import Strategy, Workload


@dataclass(frozen=True)
class Decision:
    """What is decided about a topology; everything else follows from it and the workload.

    Parameters
    ----------
    region
        The failover region; empty for a single region.
    """

    strategy: Strategy
    region: str
    headless: bool
    replication_time_control: bool
    sizes: Sizes


class Designer:
    """Makes the topologies of one workload, and knows which decisions are legal.

    Parameters
    ----------
    workload, catalog, assumptions
        The system; support rules and regions; ``warm_standby_fraction``.
    """

    def __init__(self, workload: Workload, catalog: Catalog, assumptions: Assumptions) -> None:
        self.workload = workload
        self.catalog = catalog
        self.warm_fraction = assumptions["warm_standby_fraction"].typical
        # Aurora wants this much in the primary cluster of a global database, which never idles below it.
        self.least_acu = catalog.support.figure("aurora", "serverless_min_recommended_acu")
        # Many topologies of a region pair need the same answer.
        self._replicable = lru_cache(maxsize=None)(catalog.support.replicable)
        self._primary = lru_cache(maxsize=256)(self._make_primary)
        self._changes = lru_cache(maxsize=256)(self._changes_from_today)
        self._failover = lru_cache(maxsize=1024)(self._make_failover)

    # Legal ----------------------------------------------------------------------------------------------------------

    def region_refused(self, region: str) -> str:
        """Why the objectives or the catalog rule a failover region out; empty if they do not."""
        objectives = self.workload.objectives
        if objectives.failover_regions and region not in objectives.failover_regions:
            return f"{region} is not among the objectives' failover_regions"
        place = self.catalog.regions[region]
        if not place.may_hold(objectives.residency):
            return f"{region} lies in {place.country}, outside {', '.join(objectives.residency)}"
        if region not in self.catalog.prices.regions():
            return f"the snapshot has no prices for {region}"
        return ""

    def check_strategy(self, strategy: Strategy) -> None:
        """Refuse a strategy that the workload rules out, whichever the region.

        Raises
        ------
        UnsupportedError
            With the reason and the way out.
        """
        workload = self.workload
        if strategy == "backup_restore" and workload.cache and not workload.cache.rebuildable:
            raise UnsupportedError(
                "the cache holds data that cannot be rebuilt, and backup and restore leaves it behind: "
                "use a strategy with Global Datastore, or set cache.rebuildable"
            )
        if strategy == "active_active" and (database := workload.database):
            forwards = self.catalog.support.forwards_writes(database.engine, database.version)
            if not forwards:
                raise UnsupportedError(f"active/active needs write forwarding: {forwards.reason}")

    def check_database(self, strategy: Strategy, regions: tuple[str, ...], name: str) -> None:
        """Refuse a database class that the strategy cannot use in all of the regions.

        Raises
        ------
        UnsupportedError
            With the reason.
        """
        if database := self.workload.database:
            self._check("aurora", database.engine, database.version, strategy, regions, name)

    def check_cache(self, strategy: Strategy, regions: tuple[str, ...], name: str) -> None:
        """Refuse a cache node type that the strategy cannot use in all of the regions.

        Raises
        ------
        UnsupportedError
            With the reason.
        """
        if cache := self.workload.cache:
            self._check("elasticache", cache.engine, cache.version, strategy, regions, name)

    def _check(
        self,
        service: Service,
        engine: str,
        version: str,
        strategy: Strategy,
        regions: tuple[str, ...],
        name: str,
    ) -> None:
        for region in regions:
            verdict = (
                self._replicable(service, engine, version, name, region)
                if strategy in LIVE_DATA
                else self.catalog.support.sold(service, engine, name, region)
            )
            if not verdict:
                raise UnsupportedError(verdict.reason)

    def stepped_up(self, decision: Decision) -> Topology:
        """The topology with the smallest legal classes at least as large as the decision's, or the reason for none."""
        sizes = decision.sizes
        try:
            if decision.strategy in LIVE_DATA:
                sizes = self._legal(decision)
            else:
                self.check_strategy(decision.strategy)
        except UnsupportedError as error:
            return replace(self.topology(decision), rejected_because=str(error))
        return self.topology(replace(decision, sizes=sizes))

    def _legal(self, decision: Decision) -> Sizes:
        """Steps up to classes that Global Database and Global Datastore take in both regions."""
        workload, sizes = self.workload, decision.sizes
        regions = (workload.region, decision.region)
        database_class, node_type = sizes.database_class, sizes.cache_node_type
        if database := workload.database:
            of_engine = (database.engine, database.version)
            database_class = self.catalog.support.step_up(
                "aurora", *of_engine, database_class, regions, sizes.storage_type
            ).found
            # A serverless class steps up to itself, so check the second region too.
            self.check_database(decision.strategy, regions, database_class)
            self.check_strategy(decision.strategy)
        if cache := workload.cache:
            of_cache = (cache.engine, cache.version)
            node_type = self.catalog.support.step_up("elasticache", *of_cache, node_type, regions).found
        if (database_class, node_type) == (sizes.database_class, sizes.cache_node_type):
            return sizes
        return replace(sizes, database_class=database_class, cache_node_type=node_type)

    # Made -----------------------------------------------------------------------------------------------------------

    def sites(self, decision: Decision) -> tuple[Site, Site | None]:
        """What runs in the primary and in the failover region, legal or not."""
        primary = self.primary(decision)
        return primary, self.failover(decision, primary) if decision.region else None

    def primary(self, decision: Decision) -> Site:
        """What runs in the primary region; it depends on the strategy and the sizes alone."""
        return self._primary(decision.strategy, decision.sizes)

    def _make_primary(self, strategy: Strategy, sizes: Sizes) -> Site:
        return primary_site(self.workload, strategy, sizes, self.least_acu)

    def _changes_from_today(self, sizes: Sizes, primary: Site) -> tuple[str, ...]:
        return tuple(changes_from_today(self.workload, sizes, primary, self.catalog.support))

    def failover(self, decision: Decision, primary: Site) -> Site:
        """What runs in the failover region beside this primary site."""
        bought = decision.sizes.commitments
        return self._failover(decision.strategy, decision.region, decision.headless, bought, primary)

    def _make_failover(
        self, strategy: Strategy, region: str, headless: bool, bought: Commitments, primary: Site
    ) -> Site:
        zones = self.catalog.regions[region].zones
        return failover_site(self.workload, strategy, region, zones, headless, self.warm_fraction, bought, primary)

    def topology(self, decision: Decision, sized: str = "") -> Topology:
        """The topology of a decision, legal or not.

        Parameters
        ----------
        sized
            Part of its name that distinguishes it from topologies of other sizes.
        """
        workload, strategy, region = self.workload, decision.strategy, decision.region
        primary, failover = self.sites(decision)
        changes, notes = list(self._changes(decision.sizes, primary)), []
        if strategy == "active_active":
            notes.append("automation promotes the other region without asking anybody")
            if workload.database:
                changes.append(f"writes from {region} are forwarded to {workload.region}")
        if strategy == "active_active" and workload.cache:
            notes.append(
                f"services in {region} read the cache there, and must send what they write to it to {workload.region}: "
                "Global Datastore forwards no writes, and the stack does not connect the networks"
            )
        return Topology(
            strategy=strategy,
            primary_region=workload.region,
            failover_region=region,
            architecture=label_of(workload, decision.sizes.tasks),
            storage_type=decision.sizes.storage_type,
            headless=decision.headless,
            replication_time_control=decision.replication_time_control,
            primary=primary,
            failover=failover,
            changes=tuple(changes),
            notes=tuple(notes),
            sized=sized,
        )


def label_of(workload: Workload, tasks: tuple[tuple[str, str, int], ...]) -> str:
    """``x86_64``, ``arm64`` or ``mixed``; ``mixed-arm64`` where a mixed system moves and is mixed still."""
    today, kinds = {service.architecture for service in workload.services}, {kind for _, kind, _ in tasks}
    if len(kinds) == 1:
        return next(iter(kinds))
    moved = [kind for _, kind, _ in tasks] != [service.architecture for service in workload.services]
    return "mixed-arm64" if moved and len(today) > 1 else "mixed"
