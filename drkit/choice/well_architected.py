"""Strategies against the RTO that Well-Architected gives them (REL13-BP02), and which step is to blame."""

from __future__ import annotations

import csv
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from drkit.files.bundled import data_dir
from drkit.recovery.model import finish, on_critical_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.workload.model import Strategy


class Class(NamedTuple):
    """The RTO that Well-Architected gives a strategy: its words, and figures for them [s]."""

    words: str
    low_s: float
    high_s: float


class Verdict(NamedTuple):
    """A strategy's median RTO [s] against its class, and the steps without which it would be in it."""

    strategy: Strategy
    rto_p50_s: float
    error_s: float
    known: Class
    blamed: tuple[str, ...]

    @property
    def inside(self) -> bool:
        """Whether the median lies in the class."""
        return self.known.low_s <= self.rto_p50_s <= self.known.high_s


@lru_cache(maxsize=1)
def classes() -> Mapping[str, Class]:
    """Well-Architected's RTO of each strategy (REL13-BP02)."""
    with (data_dir() / "history" / "strategy_classes.csv").open(newline="", encoding="utf-8") as file:
        return {
            row["strategy"]: Class(row["rto"], float(row["low_s"]), float(row["high_s"]))
            for row in csv.DictReader(file)
        }


def verdicts(comparison: Comparison) -> list[Verdict]:
    """Every strategy against its Well-Architected class.

    Where the median RTO is above the class, steps are taken out, the one that takes most of the critical path first,
    until it is in it: those are to blame.
    """
    results = []
    for option in comparison.representatives:
        rto_class = classes().get(option.topology.strategy)
        if rto_class is None or option.topology.failover is None:
            continue
        rto = option.recovery.judged.rto
        results.append(Verdict(option.topology.strategy, rto.p50, rto.p50_error, rto_class, _blamed(option, rto_class)))
    return results


def _blamed(option: Option, rto_class: Class) -> tuple[str, ...]:
    steps = list(option.recovery.judged.steps)
    blamed: list[str] = []
    while float(np.median(finish(steps)[steps[-1].name])) > rto_class.high_s:
        critical = on_critical_path(steps)
        weights = [float((step.seconds * critical[step.name]).mean()) for step in steps]
        worst = int(np.argmax(weights))
        blamed.append(steps[worst].name)
        steps[worst] = steps[worst]._replace(seconds=np.zeros_like(steps[worst].seconds))
    return tuple(blamed)
