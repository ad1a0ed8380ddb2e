"""Tables to look around in the catalog: classes by region, and what changed between two snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from drkit.facts import cache, snapshot, snapshot_diff
from drkit.facts.prices import HOURS_PER_MONTH, ON_DEMAND

if TYPE_CHECKING:
    from pathlib import Path

    from drkit.facts.catalog import Catalog

_SERVICES = ("AmazonRDS", "AmazonElastiCache")


def classes(catalog: Catalog, region: str | None = None, legal_only: bool = True) -> pd.DataFrame:
    """Every class with an on-demand price: its size, what it costs, and whether it can be replicated.

    Parameters
    ----------
    region
        One region; None is all of them.
    legal_only
        Leave out what Global Database and Global Datastore refuse in every engine version.

    Returns
    -------
    DataFrame
        Columns ``region, engine, class, storage, vcpu, memory_gib, usd_per_hour, usd_per_month,
        usd_per_gib_month, legal, basis, as_of``; one row a class, engine, storage type and region.
    """
    verdicts = catalog.support.frame(region=region)
    supported = set(
        verdicts.loc[verdicts["supported"], ["engine", "class", "region"]].itertuples(index=False, name=None)
    )
    rows = []
    for row in catalog.snapshot.prices:
        if row.service not in _SERVICES or row.purchase != ON_DEMAND or (region and row.region != region):
            continue
        kind, *parts = row.item.split("/")
        if kind not in ("instance", "node") or parts[1] not in catalog.support.classes:
            continue
        engine, name = parts[:2]
        legal = (engine, name, row.region) in supported
        if legal_only and not legal:
            continue
        size, hourly = catalog.support.size(name), float(row.usd)
        rows.append(
            {
                "region": row.region,
                "engine": engine,
                "class": name,
                "storage": parts[2] if len(parts) > 2 else "",
                "vcpu": size.vcpu,
                "memory_gib": size.memory_gib,
                "usd_per_hour": hourly,
                "usd_per_month": round(hourly * HOURS_PER_MONTH, 2),
                "usd_per_gib_month": round(hourly * HOURS_PER_MONTH / size.memory_gib, 2),
                "legal": legal,
                "basis": row.basis.split(":")[0],
                "as_of": row.as_of,
            }
        )
    order = ["region", "engine", "usd_per_hour", "class", "storage"]
    return pd.DataFrame(rows).sort_values(order).reset_index(drop=True)


def changed(old: str | Path, new: Catalog) -> pd.DataFrame:
    """Prices that differ between an older snapshot, by name, and a catalog: the greatest changes first.

    Raises
    ------
    SnapshotError
        When no snapshot is called so.
    """
    return snapshot_diff.frame(snapshot_diff.between(snapshot.load(cache.find(old)), new.snapshot))
