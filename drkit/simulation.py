"""Topology x disruptions -> RTO and RPO distributions, and the loss to expect in a year.

Times are drawn with a seed; the same figure has the same draws in every topology, so that topologies differ by what
they do and not by chance.
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING

import numpy as np

from drkit.assumptions import triangular
from drkit.recovery import DISRUPTIONS, Disruption, Outcome, Recovery, Step, finish, latest
from drkit.topology import LIVE_DATA

if TYPE_CHECKING:
    from collections.abc import Callable

    from drkit.assumptions import Assumptions
    from drkit.catalog import Catalog
    from drkit.recovery import Samples
    from drkit.topology import Topology
    from drkit.workload import Quantity, Workload


#: Basis of what the workload file says.
_OWN = "observed:user"


class Simulator:
    """Times the topologies of one workload.

    Parameters
    ----------
    workload, catalog, assumptions
        The system, the outage history and the uncertain figures.
    seed
        Same seed, same figures.
    samples
        Draws per figure. The standard error of a probability p is ``sqrt(p (1 - p) / samples)``.
    """

    def __init__(
        self,
        workload: Workload,
        catalog: Catalog,
        assumptions: Assumptions,
        seed: int = 1,
        samples: int = 20_000,
    ) -> None:
        self.workload = workload
        self.assumptions = assumptions
        self.seed = seed
        self.samples = samples
        self._drawn: dict[str, Samples] = {}
        self._known: dict[tuple[object, ...], Recovery] = {}
        self._rates = {
            (row["disruption"], row["region_group"]): (float(row["typical_per_year"]), row["basis"])
            for row in catalog.snapshot.records("disruption_rates")
        }
        self._durations_s = np.sort(
            [
                3600 * float(row["duration_h"])
                for row in catalog.snapshot.records("outages")
                if row["region_event"] == "yes" and row["duration_h"]
            ]
        )

    def recover(self, topology: Topology) -> Recovery:
        """Every disruption of a topology; topologies that recover alike are timed once."""
        key = _signature(topology)
        if key not in self._known:
            outcomes = {disruption: self._outcome(topology, disruption) for disruption in DISRUPTIONS}
            self._known[key] = Recovery(outcomes, math.fsum(map(self._yearly_loss_usd, outcomes.values())))
        return self._known[key]

    # Draws ----------------------------------------------------------------------------------------------------------

    def _draw(self, name: str, sample: Callable[[np.random.Generator, int], Samples]) -> Samples:
        """Samples of one named figure, the same wherever it is used."""
        if name not in self._drawn:
            rng = np.random.default_rng([self.seed, zlib.crc32(name.encode())])
            drawn = np.asarray(sample(rng, self.samples), dtype=np.float64)
            drawn.flags.writeable = False
            self._drawn[name] = drawn
        return self._drawn[name]

    def _assumed(self, name: str) -> Samples:
        return self._draw(name, self.assumptions[name].sample)

    def _own(self, name: str, quantity: Quantity) -> Samples:
        return self._draw(f"workload.{name}", lambda rng, size: triangular(quantity, rng, size))

    def _uniform(self, name: str) -> Samples:
        return self._draw(f"uniform.{name}", lambda rng, size: rng.random(size))

    # Steps ----------------------------------------------------------------------------------------------------------

    def _detect(self) -> Step:
        operations = self.workload.operations
        if operations.detection_s is not None:
            return Step("detect", (), self._own("detection_s", operations.detection_s), _OWN)
        return self._step("detect", (), self._health_check())

    def _health_check(self) -> str:
        """The figure for how long a health check takes; without a zone the stack makes none."""
        dns = self.workload.dns
        if dns.zone is None:
            return "detect_without_health_check_s"
        return "detect_fast" if dns.fast_health_checks else "detect_standard"

    def _decide(self, after: tuple[str, ...], automated: bool = False) -> Step:
        if automated:
            return self._step("decide", after, "automated_decision_s")
        return Step("decide", after, self._own("decision_s", self.workload.operations.decision_s), _OWN)

    def _step(self, name: str, after: tuple[str, ...], *figures: str, seconds: Samples | None = None) -> Step:
        """A step whose time is one assumed figure, or ``seconds`` made from several."""
        bases = dict.fromkeys(self.assumptions[figure].basis for figure in figures)
        return Step(name, after, self._assumed(figures[0]) if seconds is None else seconds, "; ".join(bases))

    def _scale_compute(self, after: tuple[str, ...]) -> Step:
        figures = ["start_tasks_s", "pull_image_s_per_gib"]
        given = [service.image_gib for service in self.workload.services if service.image_gib]
        largest = max(given, key=lambda size: size.typical, default=None)
        size = self._own("image_gib", largest) if largest else np.zeros(self.samples)
        if len(given) < len(self.workload.services):
            figures.append("image_gib")
            size = np.maximum(size, self._assumed("image_gib"))
        seconds = self._assumed("start_tasks_s") + size * self._assumed("pull_image_s_per_gib")
        return self._step("scale_compute", after, *figures, seconds=seconds)

    def _start_tasks(self, after: tuple[str, ...]) -> list[Step]:
        """Missing tasks start, and the load balancer sends them traffic."""
        scale = self._scale_compute(after)
        return [scale, self._step("targets_healthy", (scale.name,), "targets_healthy")]

    def _restore_database(self) -> Step:
        database = self.workload.database
        assert database is not None
        by_size = self._own("storage_gib", database.storage_gib) * self._assumed("restore_database_s_per_gib")
        figures = ("restore_database_fixed_s", "restore_database_s_per_gib")
        seconds = self._assumed("restore_database_fixed_s") + by_size
        return self._step("restore_database", ("decide",), *figures, seconds=seconds)

    def _copy_backup(self) -> Samples:
        database = self.workload.database
        assert database is not None
        return self._own("storage_gib", database.storage_gib) * self._assumed("copy_backup_s_per_gib")

    def _shift(self, after: tuple[str, ...]) -> Step:
        drain = self._assumed("drain_connections_s")
        if self.workload.dns.zone is None:
            moved = self._assumed("repoint_clients_s")
            return self._step("shift_traffic", after, "repoint_clients_s", "drain_connections_s", seconds=moved + drain)
        ttl = float(self.workload.dns.ttl_s)
        return self._step("shift_traffic", after, "drain_connections_s", seconds=ttl + drain)

    def _failover_steps(self, topology: Topology) -> tuple[Step, ...]:
        """Steps when the primary region is lost, or given up."""
        strategy = topology.strategy
        active = strategy == "active_active"
        steps = [self._detect(), self._decide(("detect",), active or self.workload.operations.automated)]
        ready: list[str] = []
        if strategy == "backup_restore":
            steps.append(self._step("create_stack", ("decide",), "create_stack_s"))
        if self.workload.database:
            steps += self._database_steps(topology)
            ready.append(steps[-1].name)
        if self.workload.cache:
            if topology.replicates_cache:
                steps.append(self._step("promote_cache", ("decide",), "promote_cache"))
            else:
                steps.append(self._step("create_cache", ("create_stack",), "create_cache_s"))
            ready.append(steps[-1].name)
        if topology.failover and topology.failover.tasks != topology.primary.tasks:
            steps += self._start_tasks(("create_stack" if strategy == "backup_restore" else "decide",))
            ready.append("targets_healthy")
            if strategy in ("backup_restore", "pilot_light") and self.workload.dns.zone:
                # Until tasks answer, Route 53 holds the standby for broken too, and sends nobody there.
                steps.append(self._step("standby_passes_health_check", ("targets_healthy",), self._health_check()))
                ready[-1] = "standby_passes_health_check"
        if strategy in ("backup_restore", "pilot_light"):
            steps.append(self._step("warm_up", tuple(ready), "warm_up_s"))
            ready = ["warm_up"]
        if active:
            # Health checks take the lost region out of DNS at once; writes wait for the promotion.
            steps.append(self._shift(("detect",)))
            steps.append(Step("serve", ("shift_traffic", *(ready or ["decide"])), np.zeros(self.samples), ""))
        else:
            steps.append(self._shift(tuple(ready) or ("decide",)))
            steps.append(self._step("verify", ("shift_traffic",), "verify_s"))
        return tuple(steps)

    def _database_steps(self, topology: Topology) -> list[Step]:
        if not topology.replicates_database:
            # The stack's first minute makes the subnets; the restore then runs beside the rest of it.
            return [self._restore_database()]
        if topology.headless:
            added = self._step("add_database_instance", ("decide",), "add_database_instance_s")
            return [added, self._step("promote_database", (added.name,), "promote_database")]
        return [self._step("promote_database", ("decide",), "promote_database")]

    # Outcomes -------------------------------------------------------------------------------------------------------

    def _outcome(self, topology: Topology, disruption: Disruption) -> Outcome:
        steps, rto, stores = {
            "az_failure": self._az_failure,
            "region_impairment": self._region_impairment,
            "region_loss": self._region_loss,
            "data_corruption": self._data_corruption,
            "planned_switchover": self._planned_switchover,
        }[disruption](topology)
        rpo = latest(list(stores.values()), self.samples)
        per_year, basis = self._rate(topology, disruption)
        return Outcome(disruption, rto, rpo, stores, steps, per_year, basis)

    def _az_failure(self, topology: Topology) -> tuple[tuple[Step, ...], Samples, dict[str, Samples]]:
        steps = []
        if topology.primary.database_cluster:
            alone = topology.primary.database_instances < 2
            name = "add_database_instance_s" if alone else "fail_over_database_in_region"
            steps.append(self._step(name.removesuffix("_s"), (), name))
        if topology.primary.cache_group:
            alone = topology.primary.cache_replicas_per_shard == 0
            name = "create_cache_s" if alone else "promote_cache"
            steps.append(self._step(name.removesuffix("_s"), (), name))
        if any(count == 1 for *_, count in topology.primary.tasks):
            steps += self._start_tasks(())
        rto = latest(list(finish(steps).values()), self.samples)
        # Aurora keeps six copies over three zones, S3 three; a cache without a replica keeps one.
        cache, stores = self.workload.cache, {}
        if cache and not cache.rebuildable and cache.replicas_per_shard == 0:
            stores["cache"] = np.full(self.samples, np.inf)
        return tuple(steps), rto, stores

    def _region_impairment(self, topology: Topology) -> tuple[tuple[Step, ...], Samples, dict[str, Samples]]:
        count = len(self._durations_s)
        duration = np.interp(self._uniform("outage_duration"), np.linspace(0, 1, count), self._durations_s)
        if topology.failover is None:
            return (), duration, {}
        steps, rto, stores = self._region_loss(topology)
        # A region that is back before the failover ends has lost nothing.
        back = duration < rto
        return (
            steps,
            np.minimum(rto, duration),
            {name: np.where(back, 0.0, rpo) for name, rpo in stores.items()},
        )

    def _region_loss(self, topology: Topology) -> tuple[tuple[Step, ...], Samples, dict[str, Samples]]:
        if topology.failover is None:
            workload = self.workload
            durable = workload.database or (workload.cache and not workload.cache.rebuildable)
            gone = np.full(self.samples, np.inf)
            kept_here = {"everything": gone} if durable or any(b.replicate for b in workload.buckets) else {}
            return (), self._assumed("rebuild_without_copies_s"), kept_here
        steps = self._failover_steps(topology)
        return steps, finish(steps)[steps[-1].name], self._lag(topology)

    def _lag(self, topology: Topology) -> dict[str, Samples]:
        """Writes lost in an unplanned failover, per store that must not lose any [s]."""
        workload, stores = self.workload, {}
        if workload.database:
            if topology.replicates_database:
                lag = self._assumed("database_lag_s")
                cap = workload.database.managed_rpo_s
                stores["database"] = lag if cap is None else np.minimum(lag, float(cap))
            else:
                interval = workload.backups.copy_interval_hours * 3600.0
                age = self._uniform("backup_age") * interval
                late = self._assumed("backup_start_delay_s")
                stores["database"] = age + late + self._copy_backup()
        if workload.cache and not workload.cache.rebuildable and topology.replicates_cache:
            stores["cache"] = self._assumed("cache_lag_s")
        if any(bucket.replicate for bucket in workload.buckets):
            name = "object_lag_rtc_s" if topology.replication_time_control else "object_lag_s"
            stores["objects"] = self._assumed(name)
        return stores

    def _data_corruption(self, topology: Topology) -> tuple[tuple[Step, ...], Samples, dict[str, Samples]]:
        # Replication carries the corruption along: only a restore to before it helps, in every topology.
        noticed = self._assumed("detect_corruption_s")
        steps = [self._step("detect_corruption", (), "detect_corruption_s"), self._decide(("detect_corruption",))]
        stores = {}
        if topology.primary.database_cluster:
            steps.append(self._restore_database())
            stores["database"] = noticed + self._assumed("point_in_time_gap_s")
        steps.append(self._step("verify", (steps[-1].name,), "verify_s"))
        return tuple(steps), finish(steps)["verify"], stores

    def _planned_switchover(self, topology: Topology) -> tuple[tuple[Step, ...], Samples, dict[str, Samples]]:
        if topology.strategy not in LIVE_DATA:
            # A rehearsal is a restore beside the running system: nobody notices.
            return (), np.zeros(self.samples), {}
        # What takes time beforehand (instances, tasks) is done before the first request waits.
        steps, ready = [], []
        if topology.replicates_database:
            steps.append(self._step("switch_over_database", (), "switch_over_database_s"))
            ready.append("switch_over_database")
        if topology.replicates_cache:
            steps.append(self._step("promote_cache", (), "promote_cache"))
            ready.append("promote_cache")
        steps.append(self._shift(tuple(ready)))
        return tuple(steps), finish(steps)["shift_traffic"], {}

    # Rates and losses -----------------------------------------------------------------------------------------------

    def _rate(self, topology: Topology, disruption: Disruption) -> tuple[float, str]:
        if disruption == "data_corruption":
            figure = self.assumptions["data_corruption_per_year"]
            return figure.mean, figure.basis
        if disruption == "planned_switchover":
            rehearsed = topology.strategy in LIVE_DATA
            return self.workload.operations.rehearsals_per_year if rehearsed else 0.0, "observed:user"
        for group in (topology.primary_region, "other", "any"):
            if (disruption, group) in self._rates:
                rate, basis = self._rates[disruption, group]
                if disruption == "region_impairment":
                    part = self.assumptions["impairment_hits_workload"]
                    return rate * part.mean, f"{basis}; {part.basis}"
                return rate, basis
        raise KeyError(disruption)

    def _yearly_loss_usd(self, outcome: Outcome) -> float:
        """Rate x (expected outage x its cost + expected lost writes x their cost) [USD/year]; Keeton, FAST'04."""
        costs = self.workload.costs
        everything_s = 3600 * self.assumptions["all_data_lost_h"].mean
        lost = np.where(np.isinf(outcome.rpo_s), everything_s, outcome.rpo_s)
        return (
            outcome.per_year
            * (
                float(outcome.rto_s.mean()) * costs.outage_usd_per_hour.mean
                + float(lost.mean()) * costs.data_loss_usd_per_hour.mean
            )
            / 3600
        )


def _signature(topology: Topology) -> tuple[object, ...]:
    """What decides a topology's recovery: regions apart, two with the same signature recover alike."""
    primary = topology.primary
    return (
        topology.strategy,
        topology.headless,
        topology.replication_time_control,
        primary.database_instances,
        primary.cache_replicas_per_shard,
        primary.tasks,
        topology.failover.tasks if topology.failover else (),
    )
