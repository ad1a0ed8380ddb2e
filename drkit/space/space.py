"""The design space, whole: select rows of the grid, show them, and compare them one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drkit.choice.comparison import Comparison
from drkit.errors import ParameterError
from drkit.space import ranges as ranges_module
from drkit.space.grid import Grid
from drkit.space.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from drkit.facts.catalog import Catalog
    from drkit.workload.model import Workload

#: More options than this are no shortlist any more.
_SHORTLIST = 2_000


class Space(Grid):
    """Every legal topology of a workload within ranges; it is made as `drkit.space.grid.Grid` is."""

    @property
    def rows(self) -> Rows:
        """All rows."""
        return Rows(self, range(len(self)))

    def where(self, condition: str) -> Rows:
        """Rows for which a condition over the columns holds, such as ``"monthly_usd < 3000 and not headless"``."""
        return self.rows.where(condition)

    def sample(self, count: int, seed: int = 1) -> Rows:
        """So many rows by chance, each at most once, in the order of the space; the same for the same seed."""
        return self.rows.sample(count, seed)

    def frontier(self) -> Rows:
        """Rows that no other beats in monthly cost, RTO, RPO (95 %) and expected yearly loss, cheapest first."""
        return self.rows.frontier()

    def frame(self, *names: str) -> pd.DataFrame:
        """Every row as a table; see `Rows.frame`."""
        return self.rows.frame(*names)

    def comparison(self, rows: Iterable[int]) -> Comparison:
        """Today and some rows side by side, for named choices, figures, reports and tfvars.

        Raises
        ------
        ParameterError
            When there are too many rows, or one whose primary region is not the workload's.
        """
        numbers = list(rows)
        if len(numbers) > _SHORTLIST:
            raise ParameterError(
                f"{len(numbers):,} rows are too many to compare one by one: take at most {_SHORTLIST:,}, such as the "
                "frontier"
            )
        options = [self.today, *map(self.option, numbers)]
        unique = tuple({option.topology_id: option for option in reversed(options)}.values())[::-1]
        if moved := [option for option in unique if option.topology.primary_region != self.workload.region]:
            raise ParameterError(
                f"{moved[0].topology_id} has its primary region in {moved[0].topology.primary_region}: read the "
                "workload with that region to compare topologies of it"
            )
        return Comparison(self.workload, self.catalog, self.assumptions, unique, (), self.seed, self.samples)


def design_space(workload: Workload, catalog: Catalog, seed: int = 1, samples: int = 20_000, **ranges: object) -> Space:
    """Every legal topology of a workload at every size.

    Parameters
    ----------
    workload, catalog
        The system and the facts.
    seed, samples
        Of the recoveries.
    ranges
        Values that decisions may take, by the fields of `drkit.space.ranges.Ranges`; a single value stands for a list
        of one.

    Raises
    ------
    WorkloadError, ParameterError, UnsupportedError
        See `Space`.
    """
    return Space(workload, catalog, ranges_module.read(ranges), seed, samples)
