"""Topology: one strategy with everything decided."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from drkit.topology.site import Link

if TYPE_CHECKING:
    from drkit.topology.site import Site, StorageType
    from drkit.workload.model import Strategy


@dataclass(frozen=True)
class Topology:
    """One strategy with everything decided.

    Parameters
    ----------
    strategy, primary_region, failover_region
        The failover region is empty for a single region.
    architecture
        ``x86_64``, ``arm64`` or ``mixed``: what the services run on.
    headless
        Whether the failover region's Aurora cluster has storage but no instance.
    replication_time_control
        Whether S3 replication carries the 15 minute service level.
    changes
        What differs from today in the primary region, in words; the fewer, the smaller the change.
    notes
        What a decider must know about it.
    rejected_because
        Why it is not possible; empty when it is.
    not_sold
        Region and purchase without a price, where that makes the topology impossible.
    sized
        Distinguishes it from topologies of other sizes; empty where the sizes follow from the rest.
    """

    strategy: Strategy
    primary_region: str
    failover_region: str
    architecture: str
    storage_type: StorageType
    headless: bool
    replication_time_control: bool
    primary: Site
    failover: Site | None
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rejected_because: str = ""
    not_sold: tuple[str, str] | None = None
    sized: str = ""

    @cached_property
    def topology_id(self) -> str:
        """A name that says what it is, unique within a workload."""
        parts = [
            self.strategy,
            self.failover_region or self.primary_region,
            self.storage_type,
            self.architecture,
        ]
        parts += ["headless"] * self.headless + ["rtc"] * self.replication_time_control
        parts += [self.sized] * bool(self.sized)
        return ".".join(parts)

    @property
    def sites(self) -> tuple[Site, ...]:
        """The primary site, and the failover site where there is one."""
        return (self.primary, self.failover) if self.failover else (self.primary,)

    @property
    def replicates_database(self) -> bool:
        """Whether an Aurora Global Database spans both regions."""
        return self.failover is not None and self.failover.database_cluster

    @property
    def replicates_cache(self) -> bool:
        """Whether a Global Datastore spans both regions."""
        return self.failover is not None and self.failover.cache_group

    @cached_property
    def link(self) -> Link:
        """What joins the sites; topologies of different sizes share it."""
        primary, failover = self.primary, self.failover
        return Link(
            strategy=self.strategy,
            primary_region=self.primary_region,
            failover_region=self.failover_region if failover else "",
            replication_time_control=self.replication_time_control,
            replicates_database=self.replicates_database,
            replicates_cache=self.replicates_cache,
            primary_share=primary.traffic_share,
            failover_share=failover.traffic_share if failover else 0.0,
            load_balancers=primary.load_balancer + (failover.load_balancer if failover else 0),
        )


def strategy_in_words(topology: Topology) -> str:
    """The strategy in words, and whether it is headless, which changes the RTO."""
    joined = {"backup_restore": "backup and restore", "active_active": "active/active"}
    words = joined.get(topology.strategy, topology.strategy.replace("_", " "))
    return f"headless {words}" if topology.headless else words
