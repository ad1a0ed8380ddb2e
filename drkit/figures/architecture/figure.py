"""A topology as a drawing: regions, zones and services side by side, what replicates, and what stands idle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drkit.figures.architecture.blueprint import blueprint, monthly
from drkit.figures.architecture.drawing import Drawing, Head
from drkit.figures.palette import styled
from drkit.figures.picture import Picture, basis_note, how_known, legend_below, name, picture, sheet
from drkit.words import lost, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.figures.architecture.blueprint import Blueprint

_GLOBAL = {"edge": "CloudFront", "dns": "Route 53"}


@styled()
def architecture(comparison: Comparison, option: Option | None = None) -> Picture:
    """What a topology runs in which region and zone, what crosses between them, and what is idle.

    Parameters
    ----------
    comparison
        Where the workload, the lag of replication and the bill come from.
    option
        The topology to draw; the choice by default.

    Returns
    -------
    Picture
        Filled shapes serve, hatched ones run idle, hollow ones come after a failover. Lag: typical, then at 95 % [s].
    """
    of = option or comparison.chosen
    plan = blueprint(comparison, of)
    lag = "Lag: typical and at 95 %; replication is asynchronous. " if of.topology.failover else ""
    drawing = Drawing(plan, list(_heads(comparison, of)), "" if of.topology.failover else _rebuilt(comparison, of))
    figure = picture(
        _title(of, any(row.kind in ("database", "cache", "bucket") for row in plan.rows)),
        comparison.catalog.snapshot,
        _subtitle(comparison, of, plan),
        lag + basis_note([of.bill]),
        height_in=(drawing.needed + 118) / 72,
    )
    legend_below(figure, drawing.legend(), columns=5)
    drawing.draw(*sheet(figure))
    return figure


def _heads(comparison: Comparison, option: Option) -> Iterator[Head]:
    """What stands above each region: its place, its part of the bill, and what else belongs there."""
    regions, home = comparison.catalog.regions, option.topology.primary_region
    for site in option.topology.sites:
        region = regions[site.region]
        if site is option.topology.primary:
            more = _global_cost(option)
        else:
            trip = regions.latency_ms(home, site.region)
            far = "latency not measured" if trip is None else f"{trip:.0f} ms round trip"
            more = f"{regions.distance_km(home, site.region):,.0f} km away, {far}"
        cost = f"{site.role} region, {monthly(option, site.role)}"
        yield Head(f"{region.code}  {region.city}", cost, more, site.zones, site.traffic_share)


def _global_cost(option: Option) -> str:
    lines = [line for line in option.bill.lines if line.role == "global" and line.monthly_usd]
    names = " and ".join(dict.fromkeys(_GLOBAL[line.component] for line in lines))
    return f"{names}: {monthly(option, 'global')}" if lines else ""


def _rebuilt(comparison: Comparison, option: Option) -> str:
    basis = how_known(comparison.assumptions["rebuild_without_copies_s"].basis)
    return f"rebuilt elsewhere in {span(option.judgement.rto_p50_s)} typically, {basis}"


def _title(option: Option, data: bool) -> str:
    topology, judged = option.topology, option.judgement
    away, home = topology.failover, topology.primary
    if away is None:
        return f"{name(option)}: everything lies in {topology.primary_region}, and is lost with it"
    wanted, running = (sum(n for *_, n in site.tasks) for site in (home, away))
    what = {
        "backup_restore": f"{'copies lie there, all else' if data else 'all of it'} is built after a failover",
        "pilot_light": f"{'data is live there, and ' * data}{wanted} tasks start after a failover",
        "warm_standby": f"{running} of {wanted} tasks run there idle{', beside live data' * data}",
        "hot_standby": f"all {wanted} tasks run there idle{', beside live data' * data}",
        "active_active": "both regions serve" + (f", writes go to {home.region}" if home.database_cluster else ""),
    }[topology.strategy]
    back = f"service is back in {span(judged.rto_p95_s)} at 95 %"
    return f"{name(option)}: {what}; {back}, {lost(judged.rpo_p95_s)} lost"


def _subtitle(comparison: Comparison, option: Option, plan: Blueprint) -> str:
    said = f"{comparison.workload.name}: what runs in which region and zone"
    if plan.idle:
        said += f". Idle in {option.topology.failover_region}: {', '.join(plan.idle)}"
    return said
