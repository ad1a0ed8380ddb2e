"""Where the regions are: the primary, the failover region chosen, and the others that could or could not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drkit.figures.map.drawing import Map, Place, draw_map
from drkit.figures.once import once
from drkit.figures.palette import heat
from drkit.figures.picture import Origin, Picture, basis_note, name, usd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.facts.regions import Region


def region_map(comparison: Comparison, option: Option | None = None) -> Picture:
    """The primary and failover region on a map, with all candidates, what each costs [USD/month] and its latency [ms].

    Parameters
    ----------
    comparison
        Its options name the regions that are possible, its rejected topologies the others.
    option
        The topology whose failover region is joined to the primary; the choice by default.

    Returns
    -------
    Picture
        Great circle with distance [km] and median round trip [ms], where anybody measured it. Each candidate has the
        cost of the best topology of the same strategy there; light ones are cheap.
    """
    shown, regions = option or comparison.chosen, comparison.catalog.regions
    home = regions[comparison.workload.region]
    away = regions[shown.topology.failover_region] if shown.topology.failover else None
    possible = {o.topology.failover_region for o in comparison.options if o.topology.failover}
    refused = {t.failover_region for t in comparison.rejected if t.failover} - possible
    costs = _costs(comparison, shown)
    prices = {code: option.bill.monthly_usd for code, option in costs.items() if option is not shown}
    fills = {code: heat(price, prices.values()) for code, price in prices.items()}

    def other(code: str) -> Place:
        more = _priced(comparison, home, costs[code]) if code in costs else ""
        return _place(regions[code], more, fills.get(code, ""), code in refused)

    codes = [code for code in (*sorted(possible), *sorted(refused)) if code != shown.topology.failover_region]
    labels = "Labels: cost of the best topology of the same strategy [USD a month], round trip [ms]" if costs else ""
    basis = basis_note(option.bill for option in costs.values()) if costs else ""
    values = Map(
        title=_title(comparison, shown, len(possible), costs),
        subtitle=f"Regions for {comparison.workload.name}: {len(possible)} of {len(possible) + len(refused)} could be "
        f"the failover region; cities stand for regions, whose sites AWS does not publish. {labels}",
        note=f"Round trip: median seen from the internet (cloudping). Coastline: Natural Earth. {basis}",
        origin=Origin.of(comparison.catalog.snapshot),
        home=_place(home, home.city),
        away=_place(away, away.city) if away else None,
        way=f"{_measured(comparison, home, away)}\n{usd(shown.bill.monthly_usd)} USD a month" if away else "",
        others=tuple(map(other, codes)),
        scale=_scale(prices),
    )
    return once(draw_map, values)


def _place(region: Region, more: str, fill: str = "", refused: bool = False) -> Place:
    return Place(region.code, region.lon, region.lat, more, fill, refused)


def _scale(prices: Mapping[str, float]) -> tuple[tuple[str, str], ...]:
    """The ends of the colours, in words and as a colour."""
    if not prices:
        return ()
    ends = {"cheapest": min(prices.values()), "dearest": max(prices.values())}
    return tuple((f"possible, {word} {usd(price)} USD", heat(price, prices.values())) for word, price in ends.items())


def _title(comparison: Comparison, shown: Option, possible: int, costs: Mapping[str, Option]) -> str:
    home, away, regions = comparison.workload.region, shown.topology.failover_region, comparison.catalog.regions
    if not shown.topology.failover:
        return f"{name(shown)}: {home} has no failover region" + (", and none is possible" if not possible else "")
    latency = regions.latency_ms(home, away)
    trip = "no latency was measured" if latency is None else f"a round trip takes {latency:.0f} ms"
    distance = regions.distance_km(home, away)
    title = f"{name(shown)} lies {distance:,.0f} km from {home}, and {trip}"
    cheapest = min(costs.values(), key=lambda option: (option.bill.monthly_usd, option.topology_id))
    saved = shown.bill.monthly_usd - cheapest.bill.monthly_usd
    if saved < 0.5:
        return f"{title}; no other region is cheaper"
    return f"{title}; {cheapest.topology.failover_region} would cost {usd(saved)} USD a month less"


def _costs(comparison: Comparison, shown: Option) -> dict[str, Option]:
    """For each region the best option of the strategy shown, or of the choice where one region alone is shown."""
    strategy = (shown if shown.topology.failover else comparison.chosen).topology.strategy
    there: dict[str, list[Option]] = {}
    for option in comparison.options:
        if option.topology.failover and option.topology.strategy == strategy:
            there.setdefault(option.topology.failover_region, []).append(option)
    best = {code: comparison.best_in(options) for code, options in sorted(there.items())}
    # Of its own region the option shown, be it the best there or not.
    return best | ({shown.topology.failover_region: shown} if shown.topology.failover else {})


def _priced(comparison: Comparison, home: Region, option: Option) -> str:
    trip = comparison.catalog.regions.latency_ms(home.code, option.topology.failover_region)
    return f"{usd(option.bill.monthly_usd)} USD" + ("" if trip is None else f", {trip:.0f} ms")


def _measured(comparison: Comparison, home: Region, away: Region) -> str:
    regions = comparison.catalog.regions
    latency = regions.latency_ms(home.code, away.code)
    trip = "no latency measured" if latency is None else f"{latency:.1f} ms round trip"
    return f"{regions.distance_km(home.code, away.code):,.0f} km\n{trip}"
