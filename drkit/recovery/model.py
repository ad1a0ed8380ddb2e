"""What a recovery is: a graph of steps, and what a disruption does to a topology.

A step starts when the steps it waits for have ended. `drkit.recovery.planner` knows which steps;
`drkit.recovery.simulation` times them.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from drkit.files.bundled import data_dir
from drkit.stats.quantiles import Z95

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from drkit.stats.draws import Samples
    from drkit.stats.quantiles import Spread

Disruption = Literal["az_failure", "region_impairment", "region_loss", "data_corruption", "planned_switchover"]
DISRUPTIONS: tuple[Disruption, ...] = get_args(Disruption)

#: The disruption that RPO and RTO objectives are judged by: the region does not come back.
JUDGED: Disruption = "region_loss"


class Step(NamedTuple):
    """One step of a recovery.

    ``after`` names the steps it waits for, ``seconds`` is its time [s], shape ``(samples,)``, ``basis`` says how the
    figures behind it are known, and ``figures`` names them.
    """

    name: str
    after: tuple[str, ...]
    seconds: Samples
    basis: str = ""
    figures: tuple[str, ...] = ()


class Stretch(NamedTuple):
    """When a step runs: medians of its start and its end, and its end at 95 % [s].

    ``critical`` is the probability that it lies on the path that decides the RTO, ``share`` the part of the mean RTO
    that it makes up there.
    """

    step: Step
    start_s: float
    end_s: float
    p95_s: float
    critical: float
    share: float


class StepKind(NamedTuple):
    """What a step is, wherever it occurs (``data/step_kinds.csv``).

    Parameters
    ----------
    region_switch_block
        The execution block of ARC Region switch that runs it.
    control_planes
        Control planes of us-east-1 without which it cannot run, from any region: ``route53``, ``iam``, ``s3_buckets``.
    """

    region_switch_block: str
    control_planes: tuple[str, ...]
    what: str
    source: str
    basis: str


@lru_cache(maxsize=1)
def step_kinds() -> Mapping[str, StepKind]:
    """Every step that drkit knows, by name."""
    with (data_dir() / "step_kinds.csv").open(newline="", encoding="utf-8") as file:
        return {
            row["step"]: StepKind(
                row["region_switch_block"],
                tuple(row["control_planes"].split()),
                row["what"],
                row["source"],
                row["basis"],
            )
            for row in csv.DictReader(file)
        }


class Timed(NamedTuple):
    """One disruption of one topology, draw by draw.

    Parameters
    ----------
    steps
        What is done, in the order it runs.
    rto_s, rpo_s, rpo_by_store
        Time without service, writes lost, and those of each store [s].
    way_back_s
        Time without service to move back once the region is well [s]; none where nothing was moved, or where the
        region does not come back.
    carried
        Part of the draws in which the failover is carried through: past its point of no return.
    rebuilt
        Draws in which no step helps, because the failover region is lost too: everything is rebuilt from nothing.
    """

    steps: tuple[Step, ...]
    rto_s: Samples
    rpo_s: Samples
    rpo_by_store: Mapping[str, Samples]
    way_back_s: Samples | None = None
    carried: Samples | None = None
    rebuilt: npt.NDArray[np.intp] | None = None

    @property
    def down_s(self) -> Samples:
        """Time without service, the way back included [s]."""
        return self.rto_s if self.way_back_s is None else self.rto_s + self.way_back_s


@dataclass(frozen=True)
class Outcome:
    """What one disruption does to one topology.

    Quantiles and probabilities are kept; the samples behind them are simulated again when needed, so that
    memory does not grow with topologies.

    Parameters
    ----------
    rto, rpo
        Quantiles, mean and probability of meeting the objective.
    per_year
        How often to expect the disruption [1/year].
    rate_basis
        How the rate is known.
    time
        Times the disruption again: the same samples each time.
    """

    disruption: Disruption
    rto: Spread
    rpo: Spread
    per_year: float
    rate_basis: str
    time: Callable[[], Timed]

    def __repr__(self) -> str:
        return f"Outcome({self.disruption}, {self.rto.samples:,} samples)"

    @property
    def rto_s(self) -> Samples:
        """Samples [s], shape ``(samples,)``."""
        return self.time().rto_s

    @property
    def rpo_s(self) -> Samples:
        """Samples [s], shape ``(samples,)``; infinite where everything is lost."""
        return self.time().rpo_s

    @property
    def rpo_by_store(self) -> Mapping[str, Samples]:
        """Samples per data store [s]; ``rpo_s`` is their maximum."""
        return self.time().rpo_by_store

    @property
    def steps(self) -> tuple[Step, ...]:
        """The recovery, in the order it runs; empty where nothing is done but wait."""
        return self.time().steps

    def schedule(self) -> pd.DataFrame:
        """Median start and end of every step [s], for a waterfall.

        Columns ``step, after, start_s, end_s, p95_s, critical, region_switch_block, basis``; ``p95_s`` is the end at
        95 %, ``critical`` the probability that the step lies on the path that decides the RTO.
        """
        import pandas as pd

        rows = [
            (
                stretch.step.name,
                " ".join(stretch.step.after),
                stretch.start_s,
                stretch.end_s,
                stretch.p95_s,
                stretch.critical,
                step_kinds()[stretch.step.name].region_switch_block,
                stretch.step.basis,
            )
            for stretch in stretches(self.steps)
        ]
        columns = ["step", "after", "start_s", "end_s", "p95_s", "critical", "region_switch_block", "basis"]
        return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True)
class Yearly:
    """A year with everything that may happen in it: means, and the range from 5 % to 95 % of years.

    Parameters
    ----------
    downtime_h, lost_writes_h, loss_usd
        Quantiles and mean over simulated years; rates, times and costs are all uncertain in them.
    availability
        Expected part of the year with service, planned switchovers and the way back of failovers included.
    p_meets_rto, p_meets_rpo
        Probability of a year in which no unplanned disruption misses the objective.
    """

    downtime_h: Spread
    lost_writes_h: Spread
    loss_usd: Spread
    availability: float
    p_meets_rto: float
    p_meets_rpo: float

    @property
    def nines(self) -> float:
        """Availability in nines [1]: 3 for 99.9 %."""
        return float(-np.log10(max(1 - self.availability, 1e-12)))


@dataclass(frozen=True, eq=False)
class Recovery:
    """All disruptions of one topology, with the loss to expect in a year.

    Topologies that recover alike share one, so it is compared by identity.

    Parameters
    ----------
    expected_yearly_loss_usd, expected_yearly_loss_se_usd
        Rates x (outage + lost writes, each at what an hour costs), the way back of failovers included, and the
        standard error that drawing adds to it.
    failovers_per_year
        Failovers that are carried through because the outage outlasts them [1/year].
    failbacks_per_year
        Those of them whose region comes back: moves back to it [1/year].
    failback_h
        Expected time without service to move back [h].
    """

    outcomes: Mapping[Disruption, Outcome]
    expected_yearly_loss_usd: float
    expected_yearly_loss_se_usd: float
    failovers_per_year: float
    failbacks_per_year: float
    failback_h: float
    yearly: Yearly

    @property
    def downtime_h(self) -> float:
        """Expected hours without service a year, the way back of failovers included [h/year]."""
        return (
            math.fsum(outcome.per_year * outcome.rto.mean for outcome in self.outcomes.values()) / 3600
            + self.failbacks_per_year * self.failback_h
        )

    @property
    def downtime_error_h(self) -> float:
        """Half the width of the 95 % interval that drawing leaves around the expected downtime [h/year]."""
        return math.hypot(*(outcome.per_year * outcome.rto.mean_error for outcome in self.outcomes.values())) / 3600

    @property
    def lost_writes_error_h(self) -> float:
        """Half the width of the 95 % interval that drawing leaves around the expected lost writes [h/year]."""
        return math.hypot(*(outcome.per_year * outcome.rpo.mean_error for outcome in self.outcomes.values())) / 3600

    @property
    def expected_yearly_loss_error_usd(self) -> float:
        """Half the width of the 95 % interval that drawing leaves around the expected loss [USD/year]."""
        return Z95 * self.expected_yearly_loss_se_usd

    @property
    def year_error(self) -> float:
        """Half the width [1] of the 95 % interval around the probabilities of a year without a miss, to first order."""
        unplanned = [outcome for outcome in self.outcomes.values() if outcome.disruption != "planned_switchover"]
        return max(
            math.hypot(*(outcome.per_year * outcome.rto.p_error for outcome in unplanned)),
            math.hypot(*(outcome.per_year * outcome.rpo.p_error for outcome in unplanned)),
        )

    @property
    def lost_writes_h(self) -> float:
        """Expected hours of writes lost a year, the loss of every copy as `all_data_lost_h` [h/year]."""
        return math.fsum(outcome.per_year * outcome.rpo.mean for outcome in self.outcomes.values()) / 3600

    @property
    def judged(self) -> Outcome:
        """The outcome that the objectives are judged by."""
        return self.outcomes[JUDGED]


def finish(steps: Sequence[Step], held_s: Samples | None = None) -> dict[str, Samples]:
    """End of every step [s]: the latest end of those it waits for, plus its own time.

    Parameters
    ----------
    steps
        In an order in which every step stands after those it waits for.
    held_s
        How long the control planes of us-east-1 are broken [s]; steps that need them do not start before.

    Raises
    ------
    ValueError
        When a step waits for one that does not stand before it.
    """
    ends: dict[str, Samples] = {}
    for step in steps:
        if missing := [name for name in step.after if name not in ends]:
            raise ValueError(f"{step.name} waits for {', '.join(missing)}, which does not stand before it")
        before = [ends[name] for name in step.after]
        if held_s is not None and step_kinds()[step.name].control_planes:
            before.append(held_s)
        ends[step.name] = latest(before, len(step.seconds)) + step.seconds if before else step.seconds
    return ends


def needs_control_planes(steps: Sequence[Step]) -> bool:
    """Whether any step needs a control plane of us-east-1."""
    return any(step_kinds()[step.name].control_planes for step in steps)


def no_return(steps: Sequence[Step], ends: Mapping[str, Samples]) -> Samples:
    """When a failover can no longer be called off [s]: once the other region's database was promoted.

    Where nothing is promoted, its end: a restored copy can be thrown away until then.
    """
    return ends["promote_database" if "promote_database" in ends else steps[-1].name]


def latest(ends: Sequence[Samples], size: int) -> Samples:
    """Sample by sample the largest of several times or losses [s]; zero where there are none."""
    if len(ends) == 1:
        return ends[0]
    return np.maximum.reduce(ends) if ends else np.zeros(size, dtype=np.float32)


def stretches(steps: Sequence[Step]) -> list[Stretch]:
    """When every step of a recovery runs, in its order."""
    if not steps:
        return []
    ends, critical = finish(steps), on_critical_path(steps)
    mean = float(ends[steps[-1].name].mean())
    medians: dict[tuple[str, ...], float] = {(name,): float(np.median(end)) for name, end in ends.items()}
    for step in steps:
        if step.after not in medians:
            medians[step.after] = float(np.median(latest([ends[before] for before in step.after], len(step.seconds))))
    return [
        Stretch(
            step,
            medians[step.after],
            medians[step.name,],
            float(np.quantile(ends[step.name], 0.95)),
            float(critical[step.name].mean()),
            float((step.seconds * critical[step.name]).mean()) / mean,
        )
        for step in steps
    ]


def on_critical_path(steps: Sequence[Step]) -> dict[str, Samples]:
    """Whether each step decided when the last one ended, 1 or 0 per draw.

    Parameters
    ----------
    steps
        Of one recovery, the last of which ends it.

    Returns
    -------
    dict of str to array
        Shape ``(samples,)`` for each step's name. The steps marked in a draw add up to that draw's RTO.
    """
    ends = finish(steps)
    marks: dict[str, Samples] = {step.name: np.zeros(len(step.seconds)) for step in steps}
    if steps:
        marks[steps[-1].name][:] = 1
    for step in reversed(steps):
        if not step.after:
            continue
        if len(step.after) == 1:
            marks[step.after[0]] = np.maximum(marks[step.after[0]], marks[step.name])
            continue
        # Of steps that end at the same moment the first named counts, so that none is counted twice.
        latest_of = np.argmax([ends[before] for before in step.after], axis=0)
        for place, before in enumerate(step.after):
            marks[before] = np.maximum(marks[before], marks[step.name] * (latest_of == place))
    return marks
