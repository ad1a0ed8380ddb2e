"""What an RTO is made of: the time of each step on the critical path, so that the parts add up to it.

And what makes one RTO longer than another, step by step, and one RPO than another, store by store.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from drkit.recovery.model import on_critical_path
from drkit.stats.quantiles import quantile, rank_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt
    import pandas as pd

    from drkit.recovery.model import Outcome, Timed
    from drkit.stats.draws import Samples

    Seconds = npt.NDArray[np.float64]

#: Parts of an RTO that are no steps: everything is rebuilt, or a step waits until AWS has its control planes back.
REBUILD, CONTROL_PLANES = "rebuild_from_nothing", "wait_for_control_planes"
#: Sums of float32 times differ from each other by less than this part of them.
_ROUNDING = 1e-5
#: Draws this near to a quantile show what it is made of [part of all]; few enough to keep 95 % clear of rare rebuilds.
_NEAR = 0.02


class StepChange(NamedTuple):
    """One step's part of two RTOs: on average, in a typical recovery (50 %) and in a slow one (95 %) [s]."""

    step: str
    mean_before_s: float
    mean_after_s: float
    mean_change_s: float
    p50_before_s: float
    p50_after_s: float
    p50_change_s: float
    p95_before_s: float
    p95_after_s: float
    p95_change_s: float


class StoreChange(NamedTuple):
    """What one store loses in two topologies [s], and how often it is the one that decides the RPO, 0 to 1.

    NaN where a topology has no such store; infinite where everything in it is lost. The change from or to everything is
    NaN.
    """

    store: str
    p50_before_s: float
    p50_after_s: float
    p50_change_s: float
    p95_before_s: float
    p95_after_s: float
    p95_change_s: float
    decides_before: float
    decides_after: float


def by_step(timed: Timed) -> dict[str, Seconds]:
    """Time of each step on the critical path, draw by draw [s], shape ``(samples,)``; together they are the RTO.

    A step beside the critical path counts nothing in that draw, however long it takes: without it the RTO would be the
    same. What no step explains has a part of its own: rebuilding from nothing, and waiting for control planes.
    """
    rto = np.asarray(timed.rto_s, dtype=np.float64)
    if not timed.steps:
        return {REBUILD: rto}
    critical = on_critical_path(timed.steps)
    parts = {step.name: np.broadcast_to(critical[step.name] * step.seconds, rto.shape) for step in timed.steps}
    apart = {CONTROL_PLANES: rto - np.sum(list(parts.values()), axis=0)}
    apart[CONTROL_PLANES][np.abs(apart[CONTROL_PLANES]) <= _ROUNDING * rto] = 0.0
    if timed.rebuilt is not None and len(timed.rebuilt):
        apart[REBUILD] = np.zeros_like(rto)
        apart[REBUILD][timed.rebuilt] = rto[timed.rebuilt]
        for name, seconds in (parts | {CONTROL_PLANES: apart[CONTROL_PLANES]}).items():
            cleared = np.array(seconds)
            cleared[timed.rebuilt] = 0.0
            (apart if name == CONTROL_PLANES else parts)[name] = cleared
    return parts | {name: seconds for name, seconds in apart.items() if seconds.any()}


def composition(parts: Mapping[str, Samples], rto_s: Samples, level: float | None = None) -> dict[str, float]:
    """What a mean or a quantile of the RTO is made of [s]; the parts add up to it.

    Parameters
    ----------
    parts, rto_s
        As :func:`by_step` gives them, and the RTO they add up to.
    level
        None for the mean, else the quantile's probability.

    Notes
    -----
    A quantile is not the sum of its parts' quantiles. Its part due to one step is that step's expected time in the
    recoveries that take as long as the quantile: Euler's allocation, Tasche, Risk contributions and performance
    measurement, 1999. The expectation is taken over the draws up to 2 % of them below and above, and scaled to the
    quantile itself. It is an estimate from few draws: of a step that two topologies share, the parts in their means
    are the same, those in their quantiles differ by chance.
    """
    if level is None:
        means = {name: float(seconds.mean(dtype=np.float64)) for name, seconds in parts.items()}
        total = float(rto_s.mean(dtype=np.float64))
    else:
        count = len(rto_s)
        rank, off = rank_of(level, count), math.ceil(_NEAR * count)
        order = np.argsort(rto_s, kind="stable")
        near = order[max(rank - off, 0) : rank + off + 1]
        means = {name: float(seconds[near].mean(dtype=np.float64)) for name, seconds in parts.items()}
        total = float(rto_s[order[rank]])
    together = math.fsum(means.values())
    return {name: seconds * total / together if together else 0.0 for name, seconds in means.items()}


def step_changes(before: Outcome, after: Outcome) -> tuple[StepChange, ...]:
    """Split the change of the RTO from one outcome to another by step, in the order the steps run.

    Each ``_change`` column adds up to the change of that figure: the mean, the median or the 95 % point of the RTO.
    """
    levels = (None, 0.5, 0.95)
    sides = []
    for timed in (before.time(), after.time()):
        parts = by_step(timed)
        sides.append([composition(parts, timed.rto_s, level) for level in levels])
    rows = []
    for step in _in_order(list(sides[0][0]), list(sides[1][0])):
        figures: list[float] = []
        for was, now in zip(*sides, strict=True):
            old, new = was.get(step, 0.0), now.get(step, 0.0)
            figures += [old, new, new - old]
        if any(figures):
            rows.append(StepChange(step, *figures))
    return tuple(rows)


def store_changes(before: Outcome, after: Outcome) -> tuple[StoreChange, ...]:
    """What each store loses in two outcomes; the RPO of a draw is that of the store which loses most."""
    sides = [_stores(outcome) for outcome in (before, after)]
    rows = []
    for store in _in_order(list(sides[0]), list(sides[1])):
        old, new = (side.get(store, (math.nan, math.nan, math.nan)) for side in sides)
        changes: list[float] = []
        for was, now in zip(old[:2], new[:2], strict=True):
            change = now - was if math.isfinite(now - was) else math.nan
            changes += [was, now, 0.0 if was == now else change]
        rows.append(StoreChange._make([store, *changes, old[2], new[2]]))
    return tuple(rows)


def frame(rows: Iterable[StepChange] | Iterable[StoreChange], kind: type[StepChange | StoreChange]) -> pd.DataFrame:
    """Steps or stores as a table, to the microsecond."""
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(kind._fields)).round(6)


def _stores(outcome: Outcome) -> dict[str, tuple[float, float, float]]:
    """Loss of each store at 50 and 95 %, and the part of the draws in which it decides; of equal ones the first."""
    stores = outcome.rpo_by_store
    if not stores:
        return {}
    deciding = np.argmax([np.broadcast_to(loss, outcome.rpo.samples) for loss in stores.values()], axis=0)
    return {
        name: (quantile(loss, 0.5), quantile(loss, 0.95), float((deciding == at).mean()))
        for at, (name, loss) in enumerate(stores.items())
    }


def _in_order(before: list[str], after: list[str]) -> list[str]:
    """Names of both lists, in an order that keeps each list's own."""
    names = list(after)
    place = 0
    for name in before:
        if name in names:
            place = names.index(name) + 1
        else:
            names.insert(place, name)
            place += 1
    return names
