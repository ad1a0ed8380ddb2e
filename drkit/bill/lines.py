"""The lines of a bill, and their sums to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, overload

from drkit.facts.prices import ON_DEMAND

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt
    import pandas as pd


class Line(NamedTuple):
    """One line of a bill: ``quantity`` [``unit``] x ``unit_usd`` [USD/unit] = ``monthly_usd`` [USD/month].

    Of a reservation ``unit_usd`` holds the upfront fee, spread over the hours of its term.
    """

    strategy: str
    role: str
    region: str
    component: str
    item: str
    sku: str
    quantity: float
    unit: str
    unit_usd: float
    monthly_usd: float
    basis: str
    as_of: str
    source: str
    assumption: str
    purchase: str


@dataclass(frozen=True)
class Bill:
    """A topology priced.

    Parameters
    ----------
    lines
        What AWS sends every month.
    one_off
        What the first replication of existing data costs, once.
    """

    lines: tuple[Line, ...]
    one_off: tuple[Line, ...]

    def __repr__(self) -> str:
        return f"Bill({self.monthly_usd:,.2f} USD a month in {len(self.lines)} lines)"

    @cached_property
    def monthly_usd(self) -> float:
        """Sum of the lines, to the cent [USD/month]."""
        return total(self.lines)

    @cached_property
    def one_off_usd(self) -> float:
        """Sum of the one-off lines, to the cent [USD]."""
        return total(self.one_off)

    @cached_property
    def not_observed(self) -> tuple[Line, ...]:
        """Lines whose price is derived or a proxy."""
        return tuple([line for line in self.lines if line.monthly_usd and not line.basis.startswith("observed")])

    @property
    def share_not_observed(self) -> float:
        """Part of the monthly bill that rests on such lines [1], 0 to 1."""
        return total(self.not_observed) / self.monthly_usd if self.monthly_usd else 0.0

    @property
    def committed(self) -> tuple[Line, ...]:
        """Lines that are bought for a year or three, not by the hour."""
        return tuple(line for line in self.lines if line.purchase != ON_DEMAND and line.monthly_usd)

    def frame(self) -> pd.DataFrame:
        """The lines as a table, in the columns of ``bill.csv``, and ``purchase`` if something is bought ahead."""
        import pandas as pd

        frame = pd.DataFrame(self.lines, columns=list(Line._fields))
        return frame if self.committed else frame.drop(columns="purchase")

    def by(self, *columns: str) -> pd.DataFrame:
        """Monthly cost [USD] by these columns, most expensive first."""
        grouped = self.frame().groupby(list(columns))[["monthly_usd"]].sum().reset_index()
        return grouped.sort_values(["monthly_usd", *columns], ascending=[False] + [True] * len(columns))


def total(lines: Iterable[Line]) -> float:
    """Sum of lines to the cent [USD], independent of their order; half a cent is rounded up."""
    return to_usd(sum([micro_usd(line.monthly_usd) for line in lines]))


@overload
def to_usd(micro_usd: int) -> float: ...
@overload
def to_usd(micro_usd: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]: ...
def to_usd(micro_usd: int | npt.NDArray[np.int64]) -> float | npt.NDArray[np.float64]:
    """Millionths of USD, one sum or an array of sums, to the cent [USD].

    Lines are rounded to millionths, so whole numbers add up exactly where floats would drift.
    """
    return (micro_usd + 5_000) // 10_000 / 100


def micro_usd(usd: float) -> int:
    """An amount [USD] in millionths, the nearest whole number [USD/1e6]."""
    return round(usd * 1e6)
