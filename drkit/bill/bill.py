"""Topology x PriceBook -> bill: every line that AWS would send in a month, in both regions.

Every line is a quantity of `drkit.bill.quantities` x the unit price of exactly one row of the snapshot, and carries
that row's SKU, source, date and basis.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple, overload

from drkit.bill.quantities import Purchases
from drkit.facts.prices import ON_DEMAND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from drkit.bill.quantities import Purchase
    from drkit.facts.assumptions import Assumptions
    from drkit.facts.catalog import Catalog
    from drkit.facts.prices import Price
    from drkit.topology.site import Link, Site
    from drkit.topology.topology import Topology
    from drkit.workload.model import Strategy, Workload

    #: Lines by purchase, and the role of the region it is made in.
    Known = dict[tuple[Purchase, str], tuple["Line", ...]]


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
    return to_usd(sum([_micro(line.monthly_usd) for line in lines]))


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
    """Prices the topologies of one workload; equal sites, links and purchases are priced once.

    Parameters
    ----------
    workload, catalog, assumptions
        What is bought, what it costs, and the figures nobody publishes.
    known
        Lines that are priced already, where billers of the same catalog share them.
    """

    def __init__(
        self, workload: Workload, catalog: Catalog, assumptions: Assumptions, known: Known | None = None
    ) -> None:
        self.prices = catalog.prices
        self.purchases = Purchases(workload, assumptions, catalog.prices)
        self._known = {} if known is None else known
        self._site_lines = lru_cache(maxsize=None)(self._price_site)
        self._link_lines = lru_cache(maxsize=None)(self._price_link)
        self._micro = lru_cache(maxsize=None)(self._micro_usd)

    def bill(self, topology: Topology) -> Bill:
        """Price one topology.

        Raises
        ------
        PriceError
            When the snapshot lacks a price for anything that the topology needs.
        """
        sites = [self._site_lines(topology.strategy, site) for site in topology.sites]
        monthly, seed = self._link_lines(topology.link)
        return Bill(tuple(itertools.chain(*sites, monthly)), seed)

    def _price_site(self, strategy: Strategy, site: Site) -> tuple[Line, ...]:
        return _named(strategy, self.priced(self.purchases.site(site), {site.region: site.role}))

    def _price_link(self, link: Link) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        roles = {link.primary_region: "primary", link.failover_region: "failover"}
        monthly = self.priced(itertools.chain(self.purchases.replication(link), self.purchases.everywhere(link)), roles)
        return _named(link.strategy, monthly), _named(link.strategy, self.priced(self.purchases.seed(link), roles))

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
        found: list[Line] = []
        for bought in quantities:
            role = roles.get(bought.region, "global")
            lines = self._known.get((bought, role))
            if lines is None:
                lines = self._known[bought, role] = self._lines(bought, role)
            found += lines
        return found

    def _lines(self, bought: Purchase, role: str) -> tuple[Line, ...]:
        return tuple(
            Line(
                "",
                role,
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
            for price, quantity, usd in self._charged(bought)
        )


def _named(strategy: Strategy, lines: Iterable[Line]) -> tuple[Line, ...]:
    """The same lines as those of a strategy."""
    # A line begins with its strategy; made anew it takes a third of the time of `_replace`.
    return tuple(Line(strategy, *line[1:]) for line in lines)
