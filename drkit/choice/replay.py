"""Three outages of us-east-1 replayed: what would have happened to a workload under each strategy, minute by minute.

A step that needs a control plane of us-east-1 which was broken at the time is blocked: it starts when the control
plane is back, and starts again when it was under way.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from drkit.errors import ParameterError
from drkit.files.bundled import data_dir
from drkit.recovery.model import latest, no_return, step_kinds
from drkit.recovery.simulation import HOME_OF_CONTROL_PLANES
from drkit.stats.quantiles import spread_of
from drkit.topology.strategies import STRATEGIES
from drkit.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.recovery.model import Step
    from drkit.stats.draws import Samples
    from drkit.workload.model import Strategy

#: The region that the outages struck.
REGION = HOME_OF_CONTROL_PLANES


class Phase(NamedTuple):
    """Something that was broken, from and to a moment [s since the outage began]."""

    plane: str
    from_s: float
    to_s: float
    what: str
    source: str
    basis: str


class Moment(NamedTuple):
    """A step as it would have run: medians of start and end [s], and how long it was blocked [s]."""

    step: str
    start_s: float
    end_s: float
    blocked_s: float


@dataclass(frozen=True)
class Replayed:
    """One strategy in one outage.

    Parameters
    ----------
    back_s
        When service returned, draw by draw [s since the outage began].
    failed_over
        Part of the draws in which the failover ended before the outage did.
    lost_s
        Writes lost, draw by draw [s]: by every failover that was past its point of no return when the outage ended.
    moments
        Steps of the failover with their medians.
    """

    option: Option
    back_s: Samples
    failed_over: float
    lost_s: Samples
    moments: tuple[Moment, ...]

    @property
    def label(self) -> str:
        """The strategy, and whether its failover region has no database instance."""
        return self.option.topology.strategy + "_headless" * self.option.topology.headless

    @property
    def blocked(self) -> tuple[str, ...]:
        """Steps that were blocked in most draws."""
        return tuple(moment.step for moment in self.moments if moment.blocked_s > 0)


@dataclass(frozen=True)
class Replay:
    """One outage against every strategy of a workload that runs in the region it struck."""

    event: str
    phases: tuple[Phase, ...]
    strategies: tuple[Replayed, ...]
    samples: int

    @property
    def lasted_s(self) -> float:
        """How long service was impaired in the region [s]."""
        return max(phase.to_s for phase in self.phases if phase.plane == "service")

    def minutes(self) -> pd.DataFrame:
        """Probability that service is up, one row a minute (index) and one column a strategy.

        Its standard error is at most ``0.5 / sqrt(samples)``.
        """
        import pandas as pd

        minute = np.arange(int(self.lasted_s // 60) + 31)
        columns = {}
        for replayed in self.strategies:
            ordered = np.sort(replayed.back_s)
            up = np.searchsorted(ordered, (60.0 * minute).astype(ordered.dtype), side="right") / len(ordered)
            columns[replayed.label] = up
        return pd.DataFrame(columns, index=pd.Index(minute, name="minute"))

    def frame(self) -> pd.DataFrame:
        """One row a strategy: when service was back [s], writes lost [s], and what was blocked."""
        import pandas as pd

        rows = []
        for replayed in self.strategies:
            back, lost = spread_of(replayed.back_s), spread_of(replayed.lost_s)
            rows.append(
                {
                    "strategy": replayed.label,
                    "failover_region": replayed.option.topology.failover_region,
                    "back_p05_s": back.p05,
                    "back_p50_s": back.p50,
                    "back_p95_s": back.p95,
                    "back_p95_error_s": back.p95_error,
                    "failed_over": replayed.failed_over,
                    "lost_writes_p50_s": lost.p50,
                    "lost_writes_p95_s": lost.p95,
                    "lost_writes_p95_error_s": lost.p95_error,
                    "blocked": " ".join(replayed.blocked),
                }
            )
        return pd.DataFrame(rows)


@lru_cache(maxsize=1)
def _phases() -> Mapping[str, tuple[Phase, ...]]:
    by_event: dict[str, list[Phase]] = {}
    with (data_dir() / "replays.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            times = 60 * float(row["from_min"]), 60 * float(row["to_min"])
            by_event.setdefault(row["event"], []).append(
                Phase(row["plane"], *times, row["what"], row["source"], row["basis"])
            )
    return {event: tuple(phases) for event, phases in by_event.items()}


def events() -> list[str]:
    """Outages that can be replayed, by the day they began or became known."""
    return sorted(_phases())


def replay(comparison: Comparison, event: str, options: Iterable[Option] | None = None) -> Replay:
    """Replay an outage of us-east-1 against each strategy.

    The workload is taken to be down for as long as the region was impaired; tasks that went on running would have
    kept some of it up.

    Parameters
    ----------
    event
        One of :func:`events`.
    options
        Today's and the best of each strategy by default.

    Raises
    ------
    ParameterError
        When there is no such event, or the workload does not run in us-east-1.
    """
    by_event = _phases()
    if event not in by_event:
        hint = did_you_mean(event, by_event) or f"known are {', '.join(events())}"
        raise ParameterError(f"there is no outage {event!r} to replay: {hint}")
    if comparison.workload.region != REGION:
        raise ParameterError(
            f"{comparison.workload.name} runs in {comparison.workload.region}: the outages are of {REGION}"
        )
    phases = by_event[event]
    ends_s = np.float32(max(phase.to_s for phase in phases if phase.plane == "service"))
    simulator = comparison.simulator()
    strategies = []
    for option in options or shown(comparison):
        if option.topology.failover is None:
            back = np.full(simulator.samples, ends_s)
            strategies.append(Replayed(option, back, 0.0, np.zeros(simulator.samples, dtype=np.float32), ()))
            continue
        steps = simulator.plan.failover(option.topology)
        starts, ends, waited = run(steps, phases)
        done = ends[steps[-1].name]
        lost = latest(list(simulator.plan.lag(option.topology).values()), simulator.samples)
        sooner = done < ends_s
        strategies.append(
            Replayed(
                option,
                np.minimum(done, ends_s),
                float(np.mean(sooner)),
                np.where(no_return(steps, ends) < ends_s, lost, np.float32(0)),
                tuple(_moment(step.name, starts, ends, waited) for step in steps),
            )
        )
    return Replay(event, phases, tuple(strategies), simulator.samples)


def shown(comparison: Comparison) -> list[Option]:
    """Today and the best of each strategy; of pilot lights with and without a database instance, both.

    What differs between the two is what an outage of a control plane blocks.
    """
    options: dict[tuple[Strategy, bool], Option] = {}
    for option in comparison.representatives:
        options.setdefault((option.topology.strategy, option.topology.headless), option)
    lights = [option for option in comparison.options if option.topology.strategy == "pilot_light"]
    for headless in (True, False):
        alike = [option for option in lights if option.topology.headless is headless]
        if alike and ("pilot_light", headless) not in options:
            options["pilot_light", headless] = comparison.best_in(alike)
    rank = {strategy: at for at, strategy in enumerate(STRATEGIES)}
    return [options[key] for key in sorted(options, key=lambda key: (rank[key[0]], not key[1]))]


def run(
    steps: Sequence[Step], phases: Sequence[Phase]
) -> tuple[dict[str, Samples], dict[str, Samples], dict[str, Samples]]:
    """Run steps through an outage: when each starts, ends, and how long it was blocked [s], draw by draw.

    Parameters
    ----------
    steps
        In an order in which every step stands after those it waits for.
    phases
        What was broken. A step that needs a broken control plane waits for its return, and is begun again when it was
        under way.
    """
    starts: dict[str, Samples] = {}
    ends: dict[str, Samples] = {}
    waited: dict[str, Samples] = {}
    for step in steps:
        ready = latest([ends[name] for name in step.after], len(step.seconds))
        start = ready
        needs = step_kinds()[step.name].control_planes
        # In the order of their ends, so that a step that one phase releases can be blocked by the next.
        for phase in sorted((p for p in phases if p.plane in needs), key=lambda p: p.to_s):
            blocked = (start < phase.to_s) & (start + step.seconds > phase.from_s)
            start = np.where(blocked, np.float32(phase.to_s), start)
        starts[step.name], ends[step.name], waited[step.name] = start, start + step.seconds, start - ready
    return starts, ends, waited


def _moment(
    name: str,
    starts: Mapping[str, npt.NDArray[np.floating]],
    ends: Mapping[str, npt.NDArray[np.floating]],
    waited: Mapping[str, npt.NDArray[np.floating]],
) -> Moment:
    return Moment(
        name,
        float(np.median(starts[name])),
        float(np.median(ends[name])),
        float(np.median(waited[name])),
    )
