"""The catalog: everything drkit knows about AWS, from one snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from drkit.facts import cache, snapshot
from drkit.facts.prices import PriceBook
from drkit.facts.regions import Regions
from drkit.facts.support import SupportMatrix

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Catalog:
    """Prices, support rules and regions of one snapshot."""

    snapshot: snapshot.Snapshot
    prices: PriceBook
    support: SupportMatrix
    regions: Regions

    def impairments_per_year(self, region: str) -> float:
        """How often to expect an impairment of a region [1/year], whoever runs there."""
        return self._impairments.get(region, self._impairments["other"])

    @cached_property
    def _impairments(self) -> dict[str, float]:
        return {
            row["region_group"]: float(row["typical_per_year"])
            for row in self.snapshot.records("disruption_rates")
            if row["disruption"] == "region_impairment"
        }

    @classmethod
    def load(cls, name: str | Path | None = None, own_prices: str | Path | None = None) -> Catalog:
        """Load and check a snapshot.

        Parameters
        ----------
        name
            A snapshot of the user's cache by its name, ``latest``, ``embedded``, or a folder; see
            `drkit.facts.cache.find`. None is what ``DRKIT_SNAPSHOT`` names, else the one embedded in drkit.
        own_prices
            CSV of one's own prices to lay over the snapshot; see `drkit.facts.own_prices`.

        Raises
        ------
        SnapshotError
            When the snapshot is missing or damaged.
        PriceError
            When a row of one's own prices is wrong, with its line.
        """
        loaded = snapshot.load(cache.find(name))
        if own_prices is not None:
            from drkit.facts.own_prices import lay_over

            loaded = lay_over(loaded, own_prices)
        prices = PriceBook(loaded)
        return cls(loaded, prices, SupportMatrix(loaded, prices), Regions(loaded))
