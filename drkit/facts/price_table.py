"""Unit prices of many designs at once: one array lookup in the place of a million single ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from drkit.facts.prices import ON_DEMAND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from drkit.facts.prices import PriceBook


class PriceTable:
    """Prices of some items of a service in some regions.

    Parameters
    ----------
    prices
        Where they are looked up, each by `drkit.facts.prices.PriceBook.find`.
    service
        AWS service code.
    items, regions
        Names, in the order that positions refer to.
    purchase
        ``on_demand`` or a commitment.

    Attributes
    ----------
    usd
        Price by item and region [USD per unit]; NaN where there is none.

    Raises
    ------
    PriceError
        When a price comes in tiers: one figure does not tell it.
    """

    def __init__(
        self,
        prices: PriceBook,
        service: str,
        items: Sequence[str],
        regions: Sequence[str],
        purchase: str = ON_DEMAND,
    ) -> None:
        self._prices = prices
        self.service, self.items, self.regions, self.purchase = service, tuple(items), tuple(regions), purchase
        self.usd = np.full((len(self.items), len(self.regions)), np.nan)
        for at, item in enumerate(self.items):
            for place, region in enumerate(self.regions):
                if prices.has(service, item, region, purchase=purchase):
                    self.usd[at, place] = prices.find(service, item, region, purchase=purchase).usd
        self.usd.setflags(write=False)

    def take(self, items: NDArray[np.integer], regions: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the unit prices of many designs [USD per unit].

        Parameters
        ----------
        items, regions
            Positions in `items` and `regions`, arrays of one shape.

        Raises
        ------
        PriceError
            When one of them has no price, as a single lookup would say it. A position outside is an IndexError.
        """
        found: NDArray[np.float64] = self.usd[items, regions]
        if np.isnan(found.sum()):
            first = int(np.flatnonzero(np.isnan(found))[0])
            item, region = self.items[items.flat[first]], self.regions[regions.flat[first]]
            self._prices.find(self.service, item, region, purchase=self.purchase)  # raises, and says what is near
        return found
