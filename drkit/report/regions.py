"""The table of failover regions: where the system could go, at what cost, and where it could not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from drkit.report.tables import Table

if TYPE_CHECKING:
    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option


def failover_regions(comparison: Comparison, strategy: str = "", refused: bool = True) -> Table:
    """Each failover region with its best topology, how far it is, and the refused ones with their reason.

    Parameters
    ----------
    strategy
        The strategy to compare regions by; the chosen one by default.
    refused
        Whether to list refused regions too.
    """
    strategy = strategy or comparison.chosen.topology.strategy
    regions, home = comparison.catalog.regions, comparison.workload.region
    rows: list[dict[str, str]] = []
    of_strategy: dict[str, list[Option]] = {}
    for option in comparison.options:
        if option.topology.strategy == strategy and option.topology.failover:
            of_strategy.setdefault(option.topology.failover_region, []).append(option)
    for option in sorted(map(comparison.best_in, of_strategy.values()), key=comparison.order):
        topology = option.topology
        latency = regions.latency_ms(home, topology.failover_region)
        rows.append(
            {
                "region": topology.failover_region,
                "place": regions[topology.failover_region].city,
                "km": f"{regions.distance_km(home, topology.failover_region):,.0f}",
                "round trip ms": "" if latency is None else f"{latency:.0f}",
                "impaired a year": f"{comparison.catalog.impairments_per_year(topology.failover_region):.3f}",
                "USD a month": f"{option.bill.monthly_usd:,.2f}",
                "not observed": f"{100 * option.bill.share_not_observed:.0f} %",
                "refused because": "",
            }
        )
    for topology in comparison.rejected if refused else ():
        if topology.strategy == strategy and not any(row["region"] == topology.failover_region for row in rows):
            rows.append(
                {
                    "region": topology.failover_region,
                    "place": regions[topology.failover_region].city,
                    "km": f"{regions.distance_km(home, topology.failover_region):,.0f}",
                    "round trip ms": "",
                    "impaired a year": "",
                    "USD a month": "",
                    "not observed": "",
                    "refused because": topology.rejected_because,
                }
            )
    if not rows:
        return Table({"region": []})
    table = pd.DataFrame(rows).set_index("region")
    return Table(table if table["refused because"].any() else table.drop(columns="refused because"))
