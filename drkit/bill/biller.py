"""Topology x PriceBook -> bill: every line that AWS would send in a month, in both regions.

Every line is a quantity of `drkit.bill.quantities` x the unit price of exactly one row of the snapshot, and carries
that row's SKU, source, date and basis.
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import TYPE_CHECKING

from drkit.bill.lines import Bill, Line, micro_usd
from drkit.bill.quantities import Purchases

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from drkit.bill.quantities import Purchase
    from drkit.facts.assumptions import Assumptions
    from drkit.facts.catalog import Catalog
    from drkit.facts.prices import Price
    from drkit.topology.site import Link, Site
    from drkit.topology.topology import Topology
    from drkit.workload.model import Strategy, Workload

    #: Lines by purchase, and the role of the region it is made in.
    PricedLines = dict[tuple[Purchase, str], tuple[Line, ...]]


class Biller:
    """Prices the topologies of one workload; equal sites, links and purchases are priced once.

    Parameters
    ----------
    workload, catalog, assumptions
        What is bought, what it costs, and the figures that AWS does not publish.
    priced_lines
        Lines that are priced already, where billers of the same catalog share them.
    """

    def __init__(
        self, workload: Workload, catalog: Catalog, assumptions: Assumptions, priced_lines: PricedLines | None = None
    ) -> None:
        self.prices = catalog.prices
        self.purchases = Purchases(workload, assumptions, catalog.prices)
        self._priced_lines = {} if priced_lines is None else priced_lines
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
        return sum(micro_usd(usd) for _, _, usd in self._charged(bought))

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
        """Lines of purchases; ``roles`` gives the role of each region; a region that is not in it is global."""
        all_lines: list[Line] = []
        for bought in quantities:
            role = roles.get(bought.region, "global")
            lines = self._priced_lines.get((bought, role))
            if lines is None:
                lines = self._priced_lines[bought, role] = self._lines(bought, role)
            all_lines += lines
        return all_lines

    def _lines(self, bought: Purchase, role: str) -> tuple[Line, ...]:
        return tuple(
            Line(
                strategy="",
                role=role,
                region=bought.region,
                component=bought.component,
                item=bought.item,
                sku=price.sku,
                quantity=quantity,
                unit=price.unit,
                unit_usd=price.usd,
                monthly_usd=usd,
                basis=price.basis,
                as_of=price.as_of,
                source=price.source,
                assumption=bought.assumption,
                purchase=bought.purchase,
            )
            for price, quantity, usd in self._charged(bought)
        )


def _named(strategy: Strategy, lines: Iterable[Line]) -> tuple[Line, ...]:
    """The same lines as those of a strategy."""
    # A line begins with its strategy; made anew it takes a third of the time of `_replace`.
    return tuple(Line(strategy, *line[1:]) for line in lines)
