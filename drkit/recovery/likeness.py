"""What decides how a topology recovers: two topologies that are alike in it are timed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drkit.topology.strategies import LIVE_DATA

if TYPE_CHECKING:
    from drkit.recovery.model import Disruption
    from drkit.topology.topology import Topology


class Likeness(NamedTuple):
    """What decides the recovery of a topology, disruption by disruption.

    Parameters
    ----------
    failover
        How a failover runs.
    lag
        What a failover loses; the last says whether the failover region is a neighbour, which may be lost too.
    zone, corruption, switchover
        What decides the failure of a zone, corrupted data, and a planned switchover.
    """

    failover: tuple[object, ...]
    lag: tuple[object, ...]
    zone: tuple[object, ...]
    corruption: tuple[object, ...]
    switchover: tuple[object, ...]

    def decides(self, disruption: Disruption) -> tuple[object, ...]:
        """What decides one disruption's outcome."""
        if disruption == "az_failure":
            return self.zone
        if disruption == "data_corruption":
            return self.corruption
        if disruption == "planned_switchover":
            return self.switchover
        return self.failover, self.lag

    def keys(self, disruption: Disruption) -> tuple[object, object]:
        """What decides RTO and RPO of one disruption; the replication lag does not depend on the speed of people.

        The first also decides the way back and whether a failover is carried through.
        """
        if disruption == "region_loss":
            return ("rto", disruption, self.failover, self.lag[-1]), ("rpo", disruption, self.lag)
        if disruption == "region_impairment":
            return ("rto", disruption, self.failover), ("rpo", disruption, self.failover, self.lag)
        decides = self.decides(disruption)
        return ("rto", disruption, *decides), ("rpo", disruption, *decides)


def likeness_of(topology: Topology, neighbours: bool) -> Likeness:
    """What decides a topology's recovery.

    Parameters
    ----------
    neighbours
        Whether the failover region is so near that both may be lost at once.
    """
    primary, failover = topology.primary, topology.failover
    replicated = topology.replicates_database, topology.replicates_cache
    return Likeness(
        failover=route_of(topology),
        lag=(failover is None, *replicated, topology.replication_time_control, neighbours),
        zone=(
            primary.database_instances < 2,
            primary.cache_replicas_per_shard == 0,
            any(count == 1 for *_, count in primary.tasks),
        ),
        corruption=(primary.database_cluster,),
        switchover=(topology.strategy in LIVE_DATA, *replicated),
    )


def route_of(topology: Topology) -> tuple[object, ...]:
    """What decides how a failover runs."""
    failover = topology.failover
    return (
        topology.strategy,
        topology.headless,
        topology.replicates_database,
        topology.replicates_cache,
        failover is not None and failover.tasks != topology.primary.tasks,
    )
