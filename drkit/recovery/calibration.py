"""What measured drills teach about step times: the distribution before and after, by Bayes' rule.

The logarithm of a step's time is taken as normal with unknown mean and spread. What drkit assumed beforehand is a
normal-inverse-gamma prior worth a few drills; measured times update it in closed form (Gelman et al., Bayesian Data
Analysis, 2013, section 3.3).
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from drkit.errors import WorkloadError
from drkit.stats.draws import quantile_of
from drkit.stats.quantity import Z999, Quantity
from drkit.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from drkit.facts.assumptions import Assumptions
    from drkit.workload.model import Workload

COLUMNS = ("date", "step", "seconds")

#: How many drills the figures from before are worth: one for where they lie, and four for how far they spread.
_PRIOR_MEAN, _PRIOR_SPREAD = 1.0, 4.0
#: Quantile of 95 % of a Student t with as many degrees of freedom as the prior's spread is worth drills.
_T95 = 2.131846786326649
#: And of the standard normal.
_Z95 = 1.6448536269514722

#: Steps whose time is one figure, where their names differ; the others have the figure's name.
_FIGURE = {
    "add_database_instance": "add_database_instance_s",
    "create_cache": "create_cache_s",
    "create_stack": "create_stack_s",
    "detect_corruption": "detect_corruption_s",
    "scale_compute": "start_tasks_s",
    "switch_over_database": "switch_over_database_s",
    "verify": "verify_s",
    "warm_up": "warm_up_s",
}
#: Figures of the workload file itself.
_OWN = {"detect": "detection_s", "decide": "decision_s"}
_MADE_OF = {
    "pull_images": "image_gib and pull_image_s_per_gib",
    "restore_database": "restore_database_fixed_s and restore_database_s_per_gib",
    "shift_traffic": "dns.ttl_s and drain_connections_s",
}
#: Intervals and thresholds that AWS fixes: a drill measures around them, it does not change them.
_FIXED = {
    "detect_fast": "measure the step detect",
    "detect_standard": "measure the step detect",
    "standby_passes_health_check": "measure the step detect, which is the same check",
    "targets_healthy": "measure start_tasks_s, which ends where these checks begin",
}


#: What the lines for the workload file begin with.
ALL_AT_ONCE = (
    "# Next time give all drills, these too, against the workload file from before its first calibration:\n"
    "# a calibrated figure does not know how many drills are behind it.\n"
)


class Drill(NamedTuple):
    """One measured step: when, which figure, and how long [s, or s/GiB where the figure is]."""

    day: str
    figure: str
    seconds: float


class Belief(NamedTuple):
    """What is believed of the logarithm of a time: normal-inverse-gamma.

    Parameters
    ----------
    mean
        Of the logarithm.
    weight
        Observations that the mean is worth.
    shape, scale
        Of the inverse gamma distribution of the variance.
    """

    mean: float
    weight: float
    shape: float
    scale: float

    def updated(self, seconds: Sequence[float]) -> Belief:
        """Belief after these times [s] were measured."""
        if not seconds:
            return self
        logs = [math.log(value) for value in seconds]
        count, average = len(logs), math.fsum(logs) / len(logs)
        weight = self.weight + count
        squares = math.fsum((value - average) ** 2 for value in logs)
        moved = self.weight * count * (average - self.mean) ** 2 / weight
        return Belief(
            (self.weight * self.mean + count * average) / weight,
            weight,
            self.shape + count / 2,
            self.scale + (squares + moved) / 2,
        )

    def quantile(self, probability: float) -> float:
        """Time that the next drill does not exceed with this probability [s]: exp of a Student t."""
        from scipy.special import stdtrit

        spread = math.sqrt(self.scale * (self.weight + 1) / (self.shape * self.weight))
        return math.exp(self.mean + spread * float(stdtrit(2 * self.shape, probability)))

    def quantity(self) -> Quantity:
        """The lognormal that the simulation draws the next drill from, as a workload file takes it.

        Typical is the median, high the 99.9 % point of the lognormal that has the median and the 95 % point of this
        belief.
        """
        spread = math.log(self.quantile(0.95) / self.quantile(0.5)) / _Z95
        typical = float(f"{self.quantile(0.5):.4g}")
        return Quantity(
            low=0, typical=typical, high=float(f"{typical * math.exp(Z999 * spread):.4g}"), distribution="lognormal"
        )


class Calibrated(NamedTuple):
    """One figure before and after its drills."""

    figure: str
    drills: tuple[float, ...]
    before: Quantity
    after: Quantity
    where: str


@dataclass(frozen=True)
class Calibration:
    """A workload whose figures were updated by drills.

    Parameters
    ----------
    workload
        With the updated figures in it.
    figures
        Each figure that was measured.
    """

    workload: Workload
    figures: tuple[Calibrated, ...]

    def frame(self) -> pd.DataFrame:
        """Before and after, one row a figure: ``figure, drills, measured_mean``, then 5, 50 and 95 % twice.

        Columns ``p05_before, typical_before, p95_before`` and the same ``_after``: what the simulation draws.
        """
        import pandas as pd

        rows = []
        for calibrated in self.figures:
            row: dict[str, object] = {
                "figure": calibrated.figure,
                "drills": len(calibrated.drills),
                "measured_mean": math.fsum(calibrated.drills) / len(calibrated.drills),
            }
            for when, quantity in (("before", calibrated.before), ("after", calibrated.after)):
                drawn = quantile_of(quantity, np.array([0.05, 0.5, 0.95]))
                row |= {f"{end}_{when}": float(at) for end, at in zip(("p05", "typical", "p95"), drawn, strict=True)}
            rows.append(row)
        return pd.DataFrame(rows)

    def yaml(self) -> str:
        """The updated figures as lines for the workload file.

        Drills given in two batches, the second against the result of the first, count for less than all at once: what
        a figure carries on is its distribution, not how many drills are behind it.
        """
        parts: dict[str, list[str]] = {}
        for calibrated in self.figures:
            name, after = calibrated.figure, calibrated.after
            line = f"  {name}: {{low: 0, typical: {after.typical:g}, high: {after.high:g}, distribution: lognormal}}"
            count = len(calibrated.drills)
            parts.setdefault(calibrated.where, []).append(f"{line} # {count} drill{'s' * (count > 1)}")
        return ALL_AT_ONCE + "".join(f"{where}:\n" + "\n".join(lines) + "\n" for where, lines in parts.items())


def prior(figure: Quantity) -> Belief:
    """Belief with the median and the 95 % point that the simulation draws from a figure.

    A figure that was certain spreads by 10 %.
    """
    median, p95 = (max(float(at), 1e-3) for at in quantile_of(figure, np.array([0.5, 0.95])))
    spread = max(math.log(p95 / median) / _T95, 0.1)
    # The prior predictive is a Student t: its scale is what makes the spread that of the figures.
    shape = _PRIOR_SPREAD / 2
    scale = spread**2 * shape * _PRIOR_MEAN / (_PRIOR_MEAN + 1)
    return Belief(math.log(median), _PRIOR_MEAN, shape, scale)


def read(path: str | Path, assumptions: Assumptions) -> list[Drill]:
    """Measured drills from a CSV file with the columns ``date, step, seconds``; ``step`` may be a figure's name.

    Raises
    ------
    WorkloadError
        One sentence for every row that is wrong.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WorkloadError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if not rows or set(COLUMNS) - set(rows[0]):
        raise WorkloadError(f"{path} holds no drills: the first line names the columns {', '.join(COLUMNS)}")
    drills, problems = [], []
    for number, row in enumerate(rows, start=2):
        try:
            drills.append(_drill(row, assumptions))
        except ValueError as error:
            problems.append(f"{path}, line {number}: {error}")
    if problems:
        raise WorkloadError("\n".join(problems))
    return drills


def calibrate(workload: Workload, assumptions: Assumptions, drills: Sequence[Drill]) -> Calibration:
    """Update the figures of a workload by measured drills.

    Parameters
    ----------
    workload, assumptions
        What was believed before: the workload's own figures where it has them, else the assumptions.
    drills
        What was measured.

    Returns
    -------
    Calibration
        With ``observed:user`` figures in the place of those that were measured.
    """
    measured: dict[str, list[float]] = {}
    for drill in drills:
        measured.setdefault(drill.figure, []).append(drill.seconds)
    own: dict[str, Quantity] = dict(workload.assumptions)
    operations: dict[str, Quantity] = {}
    figures = []
    for figure, seconds in sorted(measured.items()):
        before, where = _before(figure, workload, assumptions)
        after = prior(before).updated(seconds).quantity()
        (operations if where == "operations" else own)[figure] = after
        figures.append(Calibrated(figure, tuple(seconds), before, after, where))
    updated = workload.model_copy(
        update={"assumptions": own, "operations": workload.operations.model_copy(update=dict(operations))}
    )
    return Calibration(updated, tuple(figures))


def _before(figure: str, workload: Workload, assumptions: Assumptions) -> tuple[Quantity, str]:
    if figure in _OWN.values():
        quantity = getattr(workload.operations, figure)
        if quantity is None:
            check = "detect_fast" if workload.dns.fast_health_checks else "detect_standard"
            quantity = assumptions[check if workload.dns.zone else "detect_without_health_check_s"]
        where = "operations"
    else:
        quantity, where = assumptions[figure], "assumptions"
    shape: Literal["triangular", "lognormal"] = "lognormal" if quantity.distribution == "lognormal" else "triangular"
    return Quantity(low=quantity.low, typical=quantity.typical, high=quantity.high, distribution=shape), where


def _drill(row: Mapping[str, str | None], assumptions: Assumptions) -> Drill:
    day, step, text = ((row[name] or "").strip() for name in COLUMNS)
    try:
        date.fromisoformat(day)
    except ValueError:
        raise ValueError(f"date is {day!r}: give a day such as 2026-11-23") from None
    if step in _MADE_OF:
        raise ValueError(f"step {step!r} is made of {_MADE_OF[step]}: give the one that was measured")
    if step in _FIXED:
        raise ValueError(f"step {step!r} is fixed by intervals and thresholds of health checks: {_FIXED[step]}")
    figure = _OWN.get(step) or _FIGURE.get(step) or step
    timed = [name for name in assumptions if assumptions[name].unit.split("/")[0] == "s"]
    if figure not in timed and figure not in _OWN.values():
        hint = did_you_mean(step, [*_OWN, *_FIGURE, *timed]) or "see the table of assumptions for what can be measured"
        raise ValueError(f"step is {step!r}, which drkit does not time: {hint}")
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ValueError(f"seconds is {text!r}: give a number above 0")
    return Drill(day, figure, seconds)
