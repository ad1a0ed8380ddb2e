"""What a recovery is: a graph of steps, and what a disruption does to a topology.

A step starts when the steps it waits for have ended. `drkit.simulation` draws the times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    Samples = npt.NDArray[np.float64]

Disruption = Literal["az_failure", "region_impairment", "region_loss", "data_corruption", "planned_switchover"]
DISRUPTIONS: tuple[Disruption, ...] = get_args(Disruption)

#: The disruption that RPO and RTO objectives are judged by: the region does not come back.
JUDGED: Disruption = "region_loss"


class Step(NamedTuple):
    """One step of a recovery.

    ``after`` names the steps it waits for, ``seconds`` is its time [s], shape ``(samples,)``, and ``basis`` says how
    the figures behind it are known.
    """

    name: str
    after: tuple[str, ...]
    seconds: Samples
    basis: str = ""


@dataclass(frozen=True)
class Outcome:
    """What one disruption does to one topology.

    Parameters
    ----------
    rto_s, rpo_s
        Samples [s], shape ``(samples,)``; infinite where everything is lost.
    rpo_by_store
        The same per data store; ``rpo_s`` is their maximum.
    steps
        The recovery, in the order it runs; empty where nothing is done but wait.
    per_year
        How often to expect the disruption [1/year].
    rate_basis
        How the rate is known.
    """

    disruption: Disruption
    rto_s: Samples
    rpo_s: Samples
    rpo_by_store: Mapping[str, Samples]
    steps: tuple[Step, ...]
    per_year: float
    rate_basis: str

    def __repr__(self) -> str:
        return f"Outcome({self.disruption}, {len(self.rto_s):,} samples)"

    def schedule(self) -> pd.DataFrame:
        """Median start and end of every step [s], for a waterfall.

        Columns ``step, after, start_s, end_s, p95_s, basis``; ``p95_s`` is the end at 95 %.
        """
        import pandas as pd

        ends = finish(self.steps)
        rows = []
        for step in self.steps:
            start = latest([ends[name] for name in step.after], len(step.seconds))
            rows.append(
                (
                    step.name,
                    " ".join(step.after),
                    float(np.median(start)),
                    float(np.median(ends[step.name])),
                    float(np.quantile(ends[step.name], 0.95)),
                    step.basis,
                )
            )
        return pd.DataFrame(rows, columns=["step", "after", "start_s", "end_s", "p95_s", "basis"])


@dataclass(frozen=True)
class Recovery:
    """All disruptions of one topology, with the loss to expect in a year."""

    outcomes: Mapping[Disruption, Outcome]
    expected_yearly_loss_usd: float

    @property
    def judged(self) -> Outcome:
        """The outcome that the objectives are judged by."""
        return self.outcomes[JUDGED]


def finish(steps: Sequence[Step]) -> dict[str, Samples]:
    """End of every step [s]: the latest end of those it waits for, plus its own time.

    Parameters
    ----------
    steps
        In an order in which every step stands after those it waits for.

    Raises
    ------
    ValueError
        When a step waits for one that does not stand before it.
    """
    ends: dict[str, Samples] = {}
    for step in steps:
        if missing := [name for name in step.after if name not in ends]:
            raise ValueError(f"{step.name} waits for {', '.join(missing)}, which does not stand before it")
        ends[step.name] = latest([ends[name] for name in step.after], len(step.seconds)) + step.seconds
    return ends


def latest(ends: Sequence[Samples], size: int) -> Samples:
    """Sample by sample the largest of several times or losses [s]; zero where there are none."""
    return np.maximum.reduce(ends) if ends else np.zeros(size)
