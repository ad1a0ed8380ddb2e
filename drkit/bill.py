"""Topology x PriceBook -> bill: every line that AWS would send in a month, in both regions.

Every line is a quantity of `drkit.quantities` x the unit price of exactly one row of the snapshot, and carries that
row's SKU, source, date and basis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple, overload

from drkit.prices import ON_DEMAND
from drkit.quantities import Purchases

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from drkit.assumptions import Assumptions
    from drkit.catalog import Catalog
    from drkit.prices import Price
    from drkit.quantities import Purchase
    from drkit.topology import Site, Topology
    from drkit.workload import Workload


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
        return tuple(line for line in self.lines if line.monthly_usd and not line.basis.startswith("observed"))

    @property
    def share_not_observed(self) -> float:
        """Part of the monthly bill that rests on such lines, 0 to 1."""
        return total(self.not_observed) / self.monthly_usd if self.monthly_usd else 0.0

    @property
    def committed(self) -> tuple[Line, ...]:
        """Lines that are bought for a year or three, not by the hour."""
        return tuple(line for line in self.lines if line.purchase != ON_DEMAND and line.monthly_usd)

    def frame(self) -> pd.DataFrame:
        """The lines as a table, in the columns of ``bill.csv``; ``purchase`` is one where something is bought ahead."""
        import pandas as pd

        frame = pd.DataFrame(self.lines, columns=list(Line._fields))
        return frame if self.committed else frame.drop(columns="purchase")

    def by(self, *columns: str) -> pd.DataFrame:
        """Monthly cost [USD] by these columns, dearest first."""
        grouped = self.frame().groupby(list(columns))[["monthly_usd"]].sum().reset_index()
        return grouped.sort_values(["monthly_usd", *columns], ascending=[False] + [True] * len(columns))


def total(lines: Iterable[Line]) -> float:
    """Sum of lines to the cent [USD], the same in whatever order they stand; half a cent counts as one."""
    return to_usd(sum(_micro(line.monthly_usd) for line in lines))


@overload
def to_usd(micro_usd: int) -> float: ...
@overload
def to_usd(micro_usd: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]: ...
def to_usd(micro_usd: int | npt.NDArray[np.int64]) -> float | npt.NDArray[np.float64]:
    """Millionths of USD, one sum or an array of sums, to the cent [USD].

    Lines are rounded to millionths, so whole numbers add up exactly where floats would drift.
    """
    return (micro_usd + 5_000) // 10_000 / 100


def _micro(usd: float) -> int:
    return round(usd * 1e6)


class Biller:
    """Prices the topologies of one workload; equal sites are priced once.

    Parameters
    ----------
    workload, catalog, assumptions
        What is bought, what it costs, and the figures nobody publishes.
    """

    def __init__(self, workload: Workload, catalog: Catalog, assumptions: Assumptions) -> None:
        self.prices = catalog.prices
        self.purchases = Purchases(workload, assumptions, catalog.prices)
        self._site_lines = lru_cache(maxsize=None)(self._price_site)
        self._micro = lru_cache(maxsize=None)(self._micro_usd)

    def bill(self, topology: Topology) -> Bill:
        """Price one topology.

        Raises
        ------
        PriceError
            When the snapshot lacks a price for anything that the topology needs.
        """
        roles = {site.region: site.role for site in topology.sites}
        lines: list[Line] = []
        for site in topology.sites:
            lines += self._site_lines(site)
        lines += self.priced(self.purchases.replication(topology), roles)
        lines += self.priced(self.purchases.everywhere(topology), roles)
        seed = self.priced(self.purchases.seed(topology), roles)
        # A line begins with its strategy; made anew it takes a third of the time of `_replace`.
        named, seeded = (tuple(Line(topology.strategy, *line[1:]) for line in part) for part in (lines, seed))
        return Bill(named, seeded)

    def _price_site(self, site: Site) -> Sequence[Line]:
        return self.priced(self.purchases.site(site), {site.region: site.role})

    def micro_usd(self, quantities: Iterable[Purchase]) -> int:
        """What lines of a bill would add up to for some purchases, in millionths of USD [USD/1e6 a month].

        Raises
        ------
        PriceError
            When the snapshot lacks a price for one of them.
        """
        return sum(self._micro(bought) for bought in quantities)

    def _micro_usd(self, bought: Purchase) -> int:
        return sum(_micro(usd) for _, _, usd in self._charged(bought))

    def _charged(self, bought: Purchase) -> Iterator[tuple[Price, float, float]]:
        """Price, quantity and cost [USD] of one purchase in each tier that it touches."""
        for price, quantity in self.prices.charge(
            bought.service,
            bought.item,
            bought.region,
            bought.quantity,
            to_region=bought.to_region,
            purchase=bought.purchase,
            start=bought.start,
        ):
            quantity = round(quantity, 6)
            yield price, quantity, round(quantity * price.usd, 6)

    def priced(self, quantities: Iterable[Purchase], roles: Mapping[str, str]) -> list[Line]:
        """Lines of purchases; ``roles`` says what each region is, and what it does not name is global."""
        return [
            Line(
                "",
                roles.get(bought.region, "global"),
                bought.region,
                bought.component,
                bought.item,
                price.sku,
                quantity,
                price.unit,
                price.usd,
                usd,
                price.basis,
                price.as_of,
                price.source,
                bought.assumption,
                bought.purchase,
            )
            for bought in quantities
            for price, quantity, usd in self._charged(bought)
        ]
