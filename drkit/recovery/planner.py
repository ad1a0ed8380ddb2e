"""Which steps a topology takes after each disruption, which of them run side by side, and what times each of them.

One `Planner` serves all topologies of a workload: given the same draws, two topologies that share a step share its
samples.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from drkit.recovery.model import Step, finish
from drkit.topology.strategies import LIVE_DATA

if TYPE_CHECKING:
    from drkit.facts.assumptions import Assumptions
    from drkit.stats.draws import Draws, Samples
    from drkit.stats.quantity import Quantity
    from drkit.topology.topology import Topology
    from drkit.workload.model import Workload

#: Basis of what the workload file says.
OWN = "observed:user"


def largest_image(workload: Workload) -> Quantity | None:
    """Size of the largest image that the workload file gives [GiB]: the one that tasks wait for."""
    sizes = (service.image_gib for service in workload.services if service.image_gib)
    return max(sizes, key=lambda size: size.typical, default=None)


class Planner:
    """Plans and times the recoveries of one workload.

    Parameters
    ----------
    workload, assumptions
        The system, and the uncertain figures behind its steps.
    draws
        Where samples come from.
    wait_s
        Policy: an outage that was detected is waited out this long before anybody fails over [s].
    """

    def __init__(self, workload: Workload, assumptions: Assumptions, draws: Draws, wait_s: float = 0.0) -> None:
        self.workload = workload
        self.assumptions = assumptions
        self.draws = draws
        self.wait_s = wait_s
        # Samples made from several figures; none of them depends on the waiting policy.
        self._samples: dict[str, Samples] = {}

    def waiting(self, wait_s: float) -> Planner:
        """The same planner for another waiting policy [s]."""
        planner = copy(self)
        planner.wait_s = wait_s
        return planner

    # Figures --------------------------------------------------------------------------------------------------------

    def assumed(self, name: str) -> Samples:
        """Samples of a figure of the assumptions, in its own unit."""
        return self.draws.known(name, self.assumptions[name])

    def own(self, name: str, quantity: Quantity) -> Samples:
        """Samples of a figure of the workload file, in its own unit."""
        return self.draws.known(f"workload.{name}", quantity)

    def _step(self, name: str, after: tuple[str, ...], *figures: str, seconds: Samples | None = None) -> Step:
        """A step whose time is one assumed figure, or ``seconds`` made from several."""
        bases = dict.fromkeys(self.assumptions[figure].basis for figure in figures)
        if seconds is None:
            seconds = self.assumed(figures[0])
        return Step(name, after, seconds, "; ".join(bases), figures)

    def _made(self, name: str, *parts: Samples) -> Samples:
        """A sum of samples, added once for all topologies."""
        if name not in self._samples:
            total = parts[0] + parts[1]
            for part in parts[2:]:
                total += part
            self._samples[name] = total
        return self._samples[name]

    # Steps ----------------------------------------------------------------------------------------------------------

    def detect(self) -> Step:
        """Health checks, people or alarms notice the outage."""
        operations = self.workload.operations
        if operations.detection_s is not None:
            return Step("detect", (), self.own("detection_s", operations.detection_s), OWN, ("workload.detection_s",))
        return self._step("detect", (), self._health_check())

    def _health_check(self) -> str:
        """The figure for how long a health check takes; without a zone the stack makes none."""
        dns = self.workload.dns
        if dns.zone is None:
            return "detect_without_health_check_s"
        return "detect_fast" if dns.fast_health_checks else "detect_standard"

    def _decide(self, after: tuple[str, ...], automated: bool = False, waits: bool = True) -> Step:
        if automated:
            step = self._step("decide", after, "automated_decision_s")
        else:
            decided = self.own("decision_s", self.workload.operations.decision_s)
            step = Step("decide", after, decided, OWN, ("workload.decision_s",))
        if not (waits and self.wait_s):
            return step
        # People decide while they wait: the later of the two counts.
        return step._replace(seconds=np.maximum(step.seconds, np.float32(self.wait_s)))

    def _scale_compute(self, after: tuple[str, ...]) -> list[Step]:
        """Missing tasks start, pull their image, and the load balancer sends them traffic."""
        figures = ["pull_image_s_per_gib"]
        largest = largest_image(self.workload)
        if largest:
            figures.append("workload.image_gib")
        if not all(service.image_gib for service in self.workload.services):
            figures.append("image_gib")
        if "pull" not in self._samples:
            size = self.own("image_gib", largest) if largest else np.zeros(1, dtype=np.float32)
            if "image_gib" in figures:
                size = np.maximum(size, self.assumed("image_gib"))
            self._samples["pull"] = size * self.assumed("pull_image_s_per_gib")
        assumed = [figure for figure in figures if not figure.startswith("workload.")]
        pulled = self._step("pull_images", ("scale_compute",), *assumed, seconds=self._samples["pull"])
        return [
            self._step("scale_compute", after, "start_tasks_s"),
            pulled._replace(figures=tuple(figures)),
            self._step("targets_healthy", ("pull_images",), "targets_healthy"),
        ]

    def _restore_database(self) -> Step:
        database = self.workload.database
        assert database is not None
        size = self.own("storage_gib", database.storage_gib)
        figures = ("restore_database_fixed_s", "restore_database_s_per_gib")
        if "restore" not in self._samples:
            by_size = size * self.assumed(figures[1])
            self._samples["restore"] = self.assumed(figures[0]) + by_size
        step = self._step("restore_database", ("decide",), *figures, seconds=self._samples["restore"])
        return step._replace(figures=(*figures, "workload.storage_gib"))

    def copy_backup_s(self) -> Samples:
        """Samples of the time that a backup takes to reach the failover region [s]."""
        database = self.workload.database
        assert database is not None
        if "copy" not in self._samples:
            size = self.own("storage_gib", database.storage_gib)
            self._samples["copy"] = size * self.assumed("copy_backup_s_per_gib")
        return self._samples["copy"]

    def shift(self, after: tuple[str, ...]) -> Step:
        """Clients reach the other region: caches of DNS expire and stuck connections end.

        Behind CloudFront only CloudFront itself holds connections to the lost region, and it gives up an origin after
        its connection attempts.
        """
        drain = "drain_connections_s" if self.workload.cloudfront is None else "origin_failover_s"
        if self.workload.dns.zone is None:
            moved = self._made("repointed", self.assumed("repoint_clients_s"), self.assumed(drain))
            return self._step("shift_traffic", after, "repoint_clients_s", drain, seconds=moved)
        if "shifted" not in self._samples:
            self._samples["shifted"] = self.assumed(drain) + np.float32(self.workload.dns.ttl_s)
        return self._step("shift_traffic", after, drain, seconds=self._samples["shifted"])

    # Plans ----------------------------------------------------------------------------------------------------------

    def failover(self, topology: Topology) -> tuple[Step, ...]:
        """Steps when the primary region is lost, or given up."""
        strategy = topology.strategy
        active = strategy == "active_active"
        steps = [self.detect(), self._decide(("detect",), active or self.workload.operations.automated)]
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
            steps += self._scale_compute(("create_stack" if strategy == "backup_restore" else "decide",))
            ready.append("targets_healthy")
            if strategy in ("backup_restore", "pilot_light") and self.workload.dns.zone:
                # Until tasks answer, Route 53 considers the standby unhealthy too, and sends no traffic there.
                steps.append(self._step("standby_passes_health_check", ("targets_healthy",), self._health_check()))
                ready[-1] = "standby_passes_health_check"
        if strategy in ("backup_restore", "pilot_light"):
            steps.append(self._step("warm_up", tuple(ready), "warm_up_s"))
            ready = ["warm_up"]
        if active:
            # Health checks take the lost region out of DNS at once; writes wait for the promotion.
            steps.append(self.shift(("detect",)))
            steps.append(Step("serve", ("shift_traffic", *(ready or ["decide"])), np.zeros_like(steps[0].seconds)))
        else:
            steps.append(self.shift(tuple(ready) or ("decide",)))
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

    def zone_failure(self, topology: Topology) -> tuple[Step, ...]:
        """Steps when the zone of the writer is lost: all at once, whatever lies in another zone goes on."""
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
            steps += self._scale_compute(())
        return tuple(steps)

    def corruption(self, topology: Topology) -> tuple[Step, ...]:
        """Steps when the database is corrupted: replication carries it along, only a restore to before it helps.

        Service is up, on bad data, until somebody notices: that time is writes lost, and the outage starts with the
        decision to restore. Buckets (old versions, one object at a time) and a cache are left out.
        """
        if not topology.primary.database_cluster:
            return ()
        return (
            self._decide((), waits=False),
            self._restore_database(),
            self._step("verify", ("restore_database",), "verify_s"),
        )

    def switchover(self, topology: Topology) -> tuple[Step, ...]:
        """Steps of a planned switchover; none where nothing is live in the other region.

        What takes time beforehand (instances, tasks) is done before the first request waits. A rehearsal without live
        data is a restore beside the running system: nobody notices.
        """
        if topology.strategy not in LIVE_DATA:
            return ()
        steps, ready = [], []
        if topology.replicates_database:
            steps.append(self._step("switch_over_database", (), "switch_over_database_s"))
            ready.append("switch_over_database")
        if topology.replicates_cache:
            steps.append(self._step("promote_cache", (), "promote_cache"))
            ready.append("promote_cache")
        return (*steps, self.shift(tuple(ready)))

    # Losses ---------------------------------------------------------------------------------------------------------

    def lag(self, topology: Topology) -> dict[str, Samples]:
        """Writes lost in an unplanned failover, per store that must not lose any [s]."""
        workload, stores = self.workload, {}
        if workload.database:
            if topology.replicates_database:
                lag = self.assumed("database_lag_s")
                cap = workload.database.managed_rpo_s
                if cap is not None and "capped" not in self._samples:
                    self._samples["capped"] = np.minimum(lag, np.float32(cap))
                stores["database"] = lag if cap is None else self._samples["capped"]
            else:
                stores["database"] = self._backup_age()
        if workload.cache and not workload.cache.rebuildable and topology.replicates_cache:
            stores["cache"] = self.assumed("cache_lag_s")
        if any(bucket.replicate for bucket in workload.buckets):
            name = "object_lag_rtc_s" if topology.replication_time_control else "object_lag_s"
            stores["objects"] = self.assumed(name)
        return stores

    def _backup_age(self) -> Samples:
        """Age of the newest backup in the failover region at the moment of the disruption [s]."""
        if "age" not in self._samples:
            interval = np.float32(self.workload.backups.copy_interval_hours * 3600.0)
            age = self.draws.uniform("backup_age") * interval
            age = age + self.assumed("backup_start_delay_s")
            self._samples["age"] = age + self.copy_backup_s()
        return self._samples["age"]

    def last_good_backup(self) -> Samples:
        """Writes lost to a restore from before a corruption [s]: until it was noticed, and the restore point's gap."""
        return self._made("last_good", self.assumed("detect_corruption_s"), self.assumed("point_in_time_gap_s"))

    def failback_s(self, topology: Topology) -> Samples:
        """Time without service to move back once the primary region is well [s].

        Live data is switched over; a restored database is copied back while writes stop.
        """
        if topology.failover is None:
            return np.zeros_like(self.detect().seconds)
        if topology.strategy in LIVE_DATA:
            return finish(self.switchover(topology))["shift_traffic"]
        shifted = self.shift(()).seconds
        if self.workload.database is None:
            return shifted
        return self._made("failback", self.copy_backup_s(), self._restore_database().seconds, shifted)
