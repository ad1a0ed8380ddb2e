"""Uncertain figures: what drkit assumes where nobody publishes a figure, with low, typical and high.

The steps that AWS does publish come from the snapshot and can be overridden the same way.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drkit.bundled import data_dir
from drkit.errors import WorkloadError
from drkit.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from drkit.snapshot import Snapshot
    from drkit.workload import Quantity

#: Standard normal quantile of 0.999.
_Z999 = 3.090232306167813


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
            return self.typical * math.exp(self._sigma**2 / 2)
        if self.distribution == "constant":
            return self.typical
        return (self.low + self.typical + self.high) / 3

    @property
    def _sigma(self) -> float:
        return math.log(self.high / self.typical) / _Z999 if self.high > self.typical > 0 else 0.0

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Draw values [unit], shape ``(size,)``."""
        import numpy as np

        if self.distribution == "lognormal" and self._sigma:
            return self.typical * np.exp(self._sigma * rng.standard_normal(size))
        return triangular(self, rng, size)


def triangular(known: Figure | Quantity, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
    """Draw from low, typical (the mode) and high, shape ``(size,)``; three equal figures are one certain value."""
    import numpy as np

    if known.low == known.high:
        return np.full(size, known.typical)
    return rng.triangular(known.low, known.typical, known.high, size)


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
        figures = {
            row["step"]: Figure(
                row["step"],
                "s",
                float(row["low_s"]),
                float(row["typical_s"]),
                float(row["high_s"]),
                row["distribution"],
                row["what"],
                row["source"],
                row["as_of"],
                row["basis"],
            )
            for row in snapshot.records("recovery_steps")
        }
        with (data_dir() / "assumptions.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                figures[row["name"]] = Figure(
                    row["name"],
                    row["unit"],
                    float(row["low"]),
                    float(row["typical"]),
                    float(row["high"]),
                    row["distribution"],
                    row["what"],
                    row["source"],
                    row["as_of"],
                    row["basis"],
                )
        for name, quantity in (own or {}).items():
            if name not in figures:
                hint = did_you_mean(name, figures) or f"known are {', '.join(sorted(figures))}"
                raise WorkloadError(f"assumptions.{name} is not a figure that drkit uses: {hint}")
            known = figures[name]
            if known.unit == "1" and quantity.high > 1:
                raise WorkloadError(
                    f"assumptions.{name} is {quantity.high:g}: give a fraction from 0 to 1 ({known.what})"
                )
            figures[name] = Figure(
                name,
                known.unit,
                quantity.low,
                quantity.typical,
                quantity.high,
                "triangular" if known.distribution == "constant" else known.distribution,
                known.what,
                "workload file",
                known.as_of,
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
