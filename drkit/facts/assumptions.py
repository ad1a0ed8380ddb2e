"""Uncertain figures: what drkit assumes where nobody publishes a figure, with low, typical and high.

The steps that AWS does publish come from the snapshot and can be overridden the same way.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from drkit.errors import WorkloadError
from drkit.files.bundled import data_dir
from drkit.stats.draws import drawn
from drkit.stats.quantity import lognormal_mean, lognormal_problem
from drkit.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import pandas as pd

    from drkit.facts.snapshot import Snapshot
    from drkit.stats.draws import Samples
    from drkit.stats.quantity import Quantity

#: Fitted figures that a workload file may replace by its own: name to unit and what it is.
FITTED = {
    "az_failure_per_year": ("1/year", "failures of the zone that the writer runs in"),
    "outage_duration_h": ("h", "how long an impairment of the region lasts"),
    "region_impairment_per_year": ("1/year", "impairments of the region, whether or not they hit this workload"),
    "region_loss_per_year": ("1/year", "losses of the region with all that lies in it"),
}


#: More than this is no rate of disruptions [1/year].
MOST_PER_YEAR = 100.0
#: Figures of which only one number is used.
_ONE_NUMBER = ("neighbour_km",)


@dataclass(frozen=True)
class Figure:
    """One uncertain figure and how it is known.

    ``distribution`` is ``constant``, ``triangular`` (typical is the mode) or ``lognormal`` (typical is the median,
    high the 99.9 % point, as service levels are stated).
    """

    name: str
    unit: str
    low: float
    typical: float
    high: float
    distribution: str
    what: str
    source: str
    as_of: str
    basis: str

    @property
    def mean(self) -> float:
        """Expected value [unit]."""
        if self.distribution == "lognormal":
            return lognormal_mean(self.typical, self.high)
        if self.distribution == "constant":
            return self.typical
        return (self.low + self.typical + self.high) / 3

    def sample(self, rng: np.random.Generator, size: int) -> Samples:
        """Draw values [unit], shape ``(size,)``."""
        return drawn(rng, size, self)


def _figure(row: Mapping[str, str], name: str, unit: str, suffix: str = "") -> Figure:
    """A figure of a row whose columns ``low``, ``typical`` and ``high`` end in a suffix."""
    low, typical, high = (float(row[f"{end}{suffix}"]) for end in ("low", "typical", "high"))
    texts = (row[column] for column in ("distribution", "what", "source", "as_of", "basis"))
    return Figure(name, unit, low, typical, high, *texts)


@lru_cache(maxsize=1)
def _bundled() -> tuple[Figure, ...]:
    """Every figure of assumptions.csv."""
    with (data_dir() / "assumptions.csv").open(newline="", encoding="utf-8") as file:
        return tuple(_figure(row, row["name"], row["unit"]) for row in csv.DictReader(file))


class Assumptions:
    """Every uncertain figure by name: the snapshot's recovery steps, assumptions.csv, and the workload's own.

    Parameters
    ----------
    snapshot
        Its ``recovery_steps`` are the published figures.
    own
        Figures of the workload file, which take the place of either.

    Raises
    ------
    WorkloadError
        When an own figure has a name that drkit does not know.
    """

    def __init__(self, snapshot: Snapshot, own: Mapping[str, Quantity] | None = None) -> None:
        steps = snapshot.records("recovery_steps")
        figures = {row["step"]: _figure(row, row["step"], "s", "_s") for row in steps}
        figures.update({figure.name: figure for figure in _bundled()})
        #: Figures of the workload file that take the place of one fitted from the history, by name.
        self.own: dict[str, Figure] = {}
        for name, quantity in (own or {}).items():
            values = (quantity.low, quantity.typical, quantity.high)
            unit = FITTED[name][0] if name in FITTED else figures[name].unit if name in figures else ""
            if unit == "1/year" and quantity.high > MOST_PER_YEAR:
                raise WorkloadError(
                    f"assumptions.{name} is {quantity.high:g}: give a rate of at most {MOST_PER_YEAR:g} a year"
                )
            if name in FITTED:
                what, drawn_as = FITTED[name][1], quantity.distribution or "triangular"
                self.own[name] = Figure(name, unit, *values, drawn_as, what, "workload file", "", "observed:user")
                continue
            if name not in figures:
                known_names = sorted([*figures, *FITTED])
                hint = did_you_mean(name, known_names) or f"known are {', '.join(known_names)}"
                raise WorkloadError(f"assumptions.{name} is not a figure that drkit uses: {hint}")
            figure = figures[name]
            if figure.unit == "1" and quantity.high > 1:
                raise WorkloadError(
                    f"assumptions.{name} is {quantity.high:g}: give a fraction from 0 to 1 ({figure.what})"
                )
            if name in _ONE_NUMBER and not quantity.certain:
                raise WorkloadError(f"assumptions.{name} is a limit and not uncertain: give one number ({figure.what})")
            usual = "triangular" if figure.distribution == "constant" else figure.distribution
            shape = quantity.distribution or usual
            if shape == "lognormal" and (problem := lognormal_problem(*values)):
                raise WorkloadError(f"assumptions.{name}: {problem}")
            figures[name] = Figure(
                name,
                figure.unit,
                *values,
                shape,
                figure.what,
                "workload file",
                figure.as_of,
                "observed:user",
            )
        self._figures = figures

    def __getitem__(self, name: str) -> Figure:
        return self._figures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._figures))

    def frame(self) -> pd.DataFrame:
        """All figures as a table, in the columns of assumptions.csv."""
        import pandas as pd

        columns = [
            "name",
            "unit",
            "low",
            "typical",
            "high",
            "distribution",
            "what",
            "as_of",
            "source",
            "basis",
        ]
        rows = [[getattr(self[name], column) for column in columns] for name in self]
        return pd.DataFrame(rows, columns=columns)
