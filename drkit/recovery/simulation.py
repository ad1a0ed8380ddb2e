"""Topology x disruptions -> RTO and RPO distributions, and the loss to expect in a year.

Times are drawn with a seed; the same figure has the same draws in every topology, so that topologies differ by what
they do and not by chance.
"""

from __future__ import annotations

import math
from copy import copy
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from drkit.recovery.disruptions import Disruptions
from drkit.recovery.likeness import Likeness, likeness_of, route_of
from drkit.recovery.model import (
    DISRUPTIONS,
    Disruption,
    Outcome,
    Recovery,
    Timed,
    finish,
    latest,
    needs_control_planes,
    no_return,
)
from drkit.recovery.planner import Planner
from drkit.recovery.years import Years
from drkit.stats.draws import Draws
from drkit.stats.quantiles import Ordered, Spread
from drkit.topology.strategies import LIVE_DATA

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from drkit.facts.assumptions import Assumptions
    from drkit.facts.catalog import Catalog
    from drkit.recovery.model import Step
    from drkit.stats.draws import Samples
    from drkit.topology.topology import Topology
    from drkit.workload.model import Objectives, Workload


#: The region whose control planes (Route 53, IAM, S3 buckets) every region depends on.
HOME_OF_CONTROL_PLANES = "us-east-1"


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
    draws
        Where samples come from; by default from seed and samples.
    wait_s
        Policy: how long a detected outage is waited out before failing over [s]; the workload's own by default.
    keep
        Whether to keep what `judged_by` needs: some 80 kB a figure at 20,000 draws.
    """

    def __init__(
        self,
        workload: Workload,
        catalog: Catalog,
        assumptions: Assumptions,
        seed: int = 1,
        samples: int = 20_000,
        draws: Draws | None = None,
        wait_s: float | None = None,
        keep: bool = False,
    ) -> None:
        self.workload = workload
        self.catalog = catalog
        self.assumptions = assumptions
        self.seed = seed
        self.draws = draws or Draws(seed, samples)
        self.samples = self.draws.samples
        self.disruptions = Disruptions(workload, catalog, assumptions)
        wait = workload.operations.wait_s if wait_s is None else wait_s
        self.plan = Planner(workload, assumptions, self.draws, wait)
        self.everything_s = 3600 * assumptions["all_data_lost_h"].mean
        self._years = Years(workload, self.disruptions, self.draws, self.everything_s)
        self._recoveries: dict[Likeness, Recovery] = {}
        self._outcomes: dict[tuple[object, ...], Outcome] = {}
        self._shared: dict[str, npt.NDArray[np.floating]] = {}
        self._ends: dict[tuple[object, ...], tuple[tuple[Step, ...], Samples, Samples]] = {}
        self._held: dict[tuple[object, ...], Samples] = {}
        self._near: dict[tuple[str, str], bool] = {}
        self._carried: dict[tuple[object, ...], float] = {}
        self._spreads: dict[object, Spread] = {}
        self._ordered: dict[object, Ordered] | None = {} if keep else None
        self._first: Simulator | None = None

    def judged_by(self, objectives: Objectives) -> Simulator:
        """The same simulator for other objectives: they share what has been timed and sorted."""
        simulator = copy(self)
        # Outcomes refer to the first simulator, not to this one: a reference cycle would keep this one in memory.
        simulator._first = self._first or self
        simulator.workload = self.workload.model_copy(update={"objectives": objectives})
        simulator._recoveries, simulator._outcomes, simulator._spreads = {}, {}, {}
        return simulator

    def waiting(self, wait_s: float) -> Simulator:
        """The same simulator for another waiting policy [s]: the draws are shared, what was timed is not."""
        simulator = copy(self)
        simulator.plan = self.plan.waiting(wait_s)
        simulator._years = Years(self.workload, self.disruptions, self.draws, self.everything_s)
        simulator._first, simulator._ordered = None, None if self._ordered is None else {}
        simulator._recoveries, simulator._outcomes, simulator._spreads = {}, {}, {}
        simulator._ends, simulator._held, simulator._carried = {}, {}, {}
        return simulator

    def recover(self, topology: Topology) -> Recovery:
        """Every disruption of a topology; topologies that recover alike are timed once."""
        key = self.likeness(topology)
        if key not in self._recoveries:
            self._recoveries[key] = self._recovery(topology)
        return self._recoveries[key]

    def time(self, topology: Topology, disruption: Disruption) -> Timed:
        """One disruption of a topology, draw by draw; the same samples in every call."""
        if disruption == "region_impairment":
            return self._region_impairment(topology)
        steps, rto, stores = {
            "az_failure": self._az_failure,
            "region_loss": self._region_loss,
            "data_corruption": self._data_corruption,
            "planned_switchover": self._planned_switchover,
        }[disruption](topology)
        rto = self._full(rto)
        lost = latest(list(stores.values()), self.samples)
        if disruption == "region_loss" and topology.failover:
            # The region does not come back: there is a failover in every draw, and no failback.
            carried, both = np.ones(self.samples, dtype=np.float32), self.lost_together(topology)
            return Timed(steps, rto, lost, stores, carried=carried, rebuilt=both)
        return Timed(steps, rto, lost, stores)

    # Disruptions ----------------------------------------------------------------------------------------------------

    def _az_failure(self, topology: Topology) -> tuple[tuple[Step, ...], Samples, dict[str, Samples]]:
        steps = self.plan.zone_failure(topology)
        rto = latest(list(finish(steps).values()), self.samples)
        # Aurora keeps six copies over three zones, S3 three; a cache without a replica keeps one.
        cache, stores = self.workload.cache, {}
        if cache and not cache.rebuildable and topology.primary.cache_replicas_per_shard == 0:
            stores["cache"] = np.full(self.samples, np.inf, dtype=np.float32)
        return steps, rto, stores

    def _region_impairment(self, topology: Topology) -> Timed:
        duration = self._full(self.outage_s())
        if topology.failover is None:
            return Timed((), duration, np.zeros(self.samples, dtype=np.float32), {})
        steps, rto, moved = self._failover(topology)
        # A region that is back before the point of no return has lost nothing. After it the failover is carried
        # through, and service is back with whichever comes first: the region's tasks reach the promoted database.
        over = duration >= moved
        if self._may_be_blocked(topology, steps):
            # The step that needs them waits as long as the impairment, and then nobody fails over any more.
            over = over & ~self._control_planes_broken()
            rto = np.where(self._control_planes_broken(), duration, rto)
        lost = {name: np.where(over, rpo, np.float32(0)) for name, rpo in self.plan.lag(topology).items()}
        return Timed(
            steps,
            np.minimum(rto, duration),
            latest(list(lost.values()), self.samples),
            lost,
            over * self._full(self.plan.failback_s(topology)),
            over.astype(np.float32),
        )

    def _may_be_blocked(self, topology: Topology, steps: tuple[Step, ...]) -> bool:
        return topology.primary_region == HOME_OF_CONTROL_PLANES and needs_control_planes(steps)

    def _control_planes_broken(self) -> npt.NDArray[np.bool_]:
        """Draws in which an impairment or the loss of us-east-1 breaks control planes that every region needs."""
        if "control_planes" not in self._shared:
            share = self.plan.assumed("control_planes_broken")
            self._shared["control_planes"] = self.draws.uniform("control_planes") < share  # type: ignore[assignment]
        return self._shared["control_planes"]  # type: ignore[return-value]

    def _failover(self, topology: Topology) -> tuple[tuple[Step, ...], Samples, Samples]:
        """Steps of a failover, when it ends, and from when on it is carried through [s]; shared by the same route."""
        way = route_of(topology)
        if way not in self._ends:
            steps = self.plan.failover(topology)
            ends = finish(steps)
            self._ends[way] = steps, self._full(ends[steps[-1].name]), self._full(no_return(steps, ends))
        return self._ends[way]

    def _without_control_planes(self, topology: Topology, steps: tuple[Step, ...], rto: Samples) -> Samples:
        """When a failover ends whose steps may have to wait until AWS has brought its control planes back [s].

        A lost us-east-1 takes them with it in as many draws as an impairment does, and for as long as an impairment of
        the same draw lasts: it is not known how soon AWS would run them elsewhere.
        """
        way = route_of(topology)
        if way not in self._held:
            held_s = np.where(self._control_planes_broken(), self.outage_s(), np.float32(0))
            self._held[way] = np.maximum(rto, finish(steps, held_s)[steps[-1].name])
        return self._held[way]

    def outage_s(self) -> Samples:
        """How long an impairment lasts; one that outlasts rebuilding elsewhere ends by that [s]."""
        if "outage" not in self._shared:
            lasts = self.disruptions.outage_s(self.draws)
            self._shared["outage"] = np.minimum(lasts, self.plan.assumed("rebuild_without_copies_s"))
        return self._shared["outage"]

    def _region_loss(self, topology: Topology) -> tuple[tuple[Step, ...], Samples, dict[str, Samples]]:
        rebuilt = self.plan.assumed("rebuild_without_copies_s")
        if topology.failover is None:
            workload = self.workload
            durable = workload.database or (workload.cache and not workload.cache.rebuildable)
            gone = np.full(self.samples, np.inf, dtype=np.float32)
            kept_here = {"everything": gone} if durable or any(b.replicate for b in workload.buckets) else {}
            return (), rebuilt, kept_here
        steps, rto, _ = self._failover(topology)
        if self._may_be_blocked(topology, steps):
            rto = self._without_control_planes(topology, steps, rto)
        stores = self.plan.lag(topology)
        both = self.lost_together(topology)
        if len(both):
            rto = rto.copy()
            rto[both] = np.broadcast_to(rebuilt, rto.shape)[both]
            for name, rpo in stores.items():
                stores[name] = self._full(rpo).copy()
                stores[name][both] = np.inf
        return steps, rto, stores

    def lost_together(self, topology: Topology) -> npt.NDArray[np.intp]:
        """Draws in which the failover region is lost with its neighbour."""
        if not self._neighbours(topology):
            return np.empty(0, dtype=np.intp)
        if "together" not in self._shared:
            share = self.plan.assumed("neighbour_lost_too")
            self._shared["together"] = np.flatnonzero(self.draws.uniform("neighbour") < share)  # type: ignore[assignment]
        return self._shared["together"]  # type: ignore[return-value]

    def _neighbours(self, topology: Topology) -> bool:
        if not topology.failover_region:
            return False
        pair = topology.primary_region, topology.failover_region
        if pair not in self._near:
            self._near[pair] = self.catalog.regions.distance_km(*pair) <= self.assumptions["neighbour_km"].typical
        return self._near[pair]

    def _data_corruption(self, topology: Topology) -> tuple[tuple[Step, ...], Samples, dict[str, Samples]]:
        steps = self.plan.corruption(topology)
        if not steps:
            return (), np.zeros(self.samples, dtype=np.float32), {}
        return steps, finish(steps)["verify"], {"database": self.plan.last_good_backup()}

    def _planned_switchover(self, topology: Topology) -> tuple[tuple[Step, ...], Samples, dict[str, Samples]]:
        steps = self.plan.switchover(topology)
        if not steps:
            return (), np.zeros(self.samples, dtype=np.float32), {}
        return steps, finish(steps)["shift_traffic"], {}

    # Outcomes -------------------------------------------------------------------------------------------------------

    def _recovery(self, topology: Topology) -> Recovery:
        times: dict[Disruption, Callable[[], Timed]] = {}
        outcomes: dict[Disruption, Outcome] = {}
        for disruption in DISRUPTIONS:
            # Timed at most once, and not at all where the results of other topologies suffice.
            times[disruption] = cache(partial(self.time, topology, disruption))
            key = (disruption, *self.likeness(topology).decides(disruption))
            if key not in self._outcomes:
                self._outcomes[key] = self._outcome(topology, disruption, times[disruption])
            outcomes[disruption] = self._outcomes[key]
        losses = [self._loss(outcome) for outcome in outcomes.values()]
        failback_h = self._failback_h(topology)
        failbacks = outcomes["region_impairment"].per_year * self._carried_through(topology, times)
        lost_regions = outcomes["region_loss"].per_year if topology.failover else 0.0
        way_back = failbacks * failback_h * self.workload.costs.outage_usd_per_hour.mean
        keys = {name: self.keys(topology, name) for name in DISRUPTIONS}
        return Recovery(
            outcomes=outcomes,
            expected_yearly_loss_usd=math.fsum(loss for loss, _ in losses) + way_back,
            expected_yearly_loss_se_usd=math.sqrt(math.fsum(error**2 for _, error in losses)),
            failovers_per_year=lost_regions + failbacks,
            failbacks_per_year=failbacks,
            failback_h=failback_h,
            yearly=self._years.yearly(outcomes, times, keys, failbacks * failback_h),
        )

    def _failback_h(self, topology: Topology) -> float:
        way = ("failback", *route_of(topology))
        if way not in self._carried:
            self._carried[way] = float(self.plan.failback_s(topology).mean(dtype=np.float64)) / 3600
        return self._carried[way]

    def _outcome(self, topology: Topology, disruption: Disruption, timed: Callable[[], Timed]) -> Outcome:
        objectives = self.workload.objectives
        rehearsed = topology.strategy in LIVE_DATA
        rate = self.disruptions.rate(disruption, rehearsed)
        rto_key, rpo_key = self.keys(topology, disruption)
        return Outcome(
            disruption,
            self._spread(rto_key, lambda: timed().rto_s, objectives.rto_s),
            self._spread(rpo_key, lambda: timed().rpo_s, objectives.rpo_s, self.everything_s),
            rate.mean,
            rate.basis,
            partial((self._first or self).time, topology, disruption),
        )

    def _spread(
        self, key: object, values: Callable[[], Samples], objective: float, at_most: float = math.inf
    ) -> Spread:
        if key not in self._spreads:
            probability = self.workload.objectives.probability
            self._spreads[key] = self._in_order(key, values, at_most).spread(objective, probability)
        return self._spreads[key]

    def _in_order(self, key: object, values: Callable[[], Samples], at_most: float) -> Ordered:
        if self._ordered is None:
            return Ordered(values(), at_most)
        if key not in self._ordered:
            self._ordered[key] = Ordered(values(), at_most)
        return self._ordered[key]

    def _carried_through(self, topology: Topology, times: dict[Disruption, Callable[[], Timed]]) -> float:
        """Part of the impairments in which the failover is carried through."""
        way = route_of(topology)
        if way not in self._carried:
            carried = times["region_impairment"]().carried
            self._carried[way] = 0.0 if carried is None else float(carried.mean(dtype=np.float64))
        return self._carried[way]

    def _loss(self, outcome: Outcome) -> tuple[float, float]:
        """Rate x (expected outage x its cost + expected lost writes x their cost) [USD/year], and its standard error.

        Keeton et al., Designing for Disasters, FAST 2004.
        """
        costs = self.workload.costs
        outage, data = costs.outage_usd_per_hour.mean / 3600, costs.data_loss_usd_per_hour.mean / 3600
        expected = outcome.rto.mean * outage + outcome.rpo.mean * data
        # Bounded from above: deviations add up at most, as when long outages lose most.
        deviation = outcome.rto.standard_deviation * outage + outcome.rpo.standard_deviation * data
        return outcome.per_year * expected, outcome.per_year * deviation / math.sqrt(self.samples)

    # Sharing --------------------------------------------------------------------------------------------------------

    def _full(self, values: Samples) -> Samples:
        return values if len(values) == self.samples else np.broadcast_to(values, (self.samples,))

    def likeness(self, topology: Topology) -> Likeness:
        """What decides a topology's recovery: two that are alike in it recover alike."""
        return likeness_of(topology, self._neighbours(topology))

    def keys(self, topology: Topology, disruption: Disruption) -> tuple[object, object]:
        """What decides RTO and RPO of one disruption; see `drkit.recovery.likeness.Likeness.keys`."""
        return self.likeness(topology).keys(disruption)
