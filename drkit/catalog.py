"""The catalog: everything drkit knows about AWS, from one snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drkit import snapshot
from drkit.prices import PriceBook
from drkit.regions import Regions
from drkit.support import SupportMatrix


@dataclass(frozen=True)
class Catalog:
    """Prices, support rules and regions of one snapshot."""

    snapshot: snapshot.Snapshot
    prices: PriceBook
    support: SupportMatrix
    regions: Regions

    def impairments_per_year(self, region: str) -> float:
        """How often to expect an impairment of a region [1/year], whoever runs there."""
        rates = {
            row["region_group"]: float(row["typical_per_year"])
            for row in self.snapshot.records("disruption_rates")
            if row["disruption"] == "region_impairment"
        }
        return rates.get(region, rates["other"])

    @classmethod
    def load(cls, path: str | Path | None = None) -> Catalog:
        """Load and check a snapshot.

        Parameters
        ----------
        path
            Snapshot folder; None is the one embedded in drkit.

        Raises
        ------
        SnapshotError
            When the snapshot is missing or damaged.
        """
        loaded = snapshot.load(Path(path) if path is not None else None)
        prices = PriceBook(loaded)
        return cls(loaded, prices, SupportMatrix(loaded, prices), Regions(loaded))
