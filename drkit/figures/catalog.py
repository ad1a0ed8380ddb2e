"""What the catalog holds: classes by memory and price, and one price over all regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from drkit.errors import PriceError
from drkit.figures.axes import beside, name_rows, place_labels
from drkit.figures.palette import BLUE, GREY, INK, ORANGE, PAPER, SKY, styled
from drkit.figures.picture import Picture, legend_below, percent, picture

if TYPE_CHECKING:
    from drkit.facts.catalog import Catalog
    from drkit.facts.prices import Price
    from drkit.facts.support import Service

#: For each service: price list, first engine, how an item is named, and the feature that replicates it.
_PRICED = {
    "aurora": ("AmazonRDS", "aurora-postgresql", "instance/{engine}/", "/standard", "Aurora Global Database"),
    "elasticache": ("AmazonElastiCache", "redis", "node/{engine}/", "", "ElastiCache Global Datastore"),
}

_AXES = {"memory": "memory [GiB]", "vcpu": "vCPU"}


@styled()
def class_prices(
    catalog: Catalog,
    service: Service,
    region: str,
    engine: str = "",
    against: Literal["memory", "vcpu"] = "memory",
) -> Picture:
    """Price [USD/h, log] against memory [GiB, log] or vCPU [log] of every class in a region, legal or not.

    Parameters
    ----------
    service
        ``aurora`` for Global Database, ``elasticache`` for Global Datastore.
    region
        Region code.
    engine
        ``aurora-postgresql``, ``aurora-mysql``, ``redis`` or ``valkey``; the first of the service by default.
    against
        ``memory`` or ``vcpu``.

    Raises
    ------
    PriceError
        When the snapshot has no class of this engine in this region.
    """
    offer, first, before, after, feature = _PRICED[service]
    engine = engine or first
    prefix = before.format(engine=engine)
    prices: dict[str, Price] = {}
    for item in catalog.prices.items(prefix, region):
        class_name = item.removeprefix(prefix).removesuffix(after)
        if item.endswith(after) and "/" not in class_name and class_name in catalog.support.classes:
            prices[class_name] = catalog.prices.find(offer, item, region)
    if not prices:
        known = ", ".join(catalog.prices.regions())
        raise PriceError(f"no {engine} class has a price in {region!r}; regions with prices are {known}")

    def size_of(name: str) -> float:
        size = catalog.support.size(name)
        return size.memory_gib if against == "memory" else float(size.vcpu)

    verdicts = catalog.support.frame(service=service, region=region, engine=engine)
    legal = set(verdicts.loc[verdicts["supported"], "class"]) & set(prices)
    taken, refused = sorted(legal), sorted(set(prices) - legal)
    unseen = sum(not price.basis.startswith("observed") for price in prices.values())
    cheapest = {group: min(names, key=lambda c: (prices[c].usd, c)) for group, names in
                (("legal", taken), ("refused", refused)) if names}  # fmt: skip
    title = f"{feature} takes {len(taken)} of {len(prices)} {engine} classes in {region}"
    if "legal" in cheapest:
        start = prices[cheapest["legal"]].usd
        title += f", from {start:.3g} USD an hour"
        if "refused" in cheapest and prices[cheapest["refused"]].usd < start:
            title += f"; the cheapest class of all costs {prices[cheapest['refused']].usd:.2g} USD and is refused"
    figure = picture(
        title,
        catalog.snapshot,
        f"On-demand price of one {'instance' if service == 'aurora' else 'node'}; legal means legal in some version",
        f"{unseen} of {len(prices)} prices are not observed (derived or proxy): hollow"
        if unseen
        else "All prices are observed",
        height_in=5.6,
    )
    axes = figure.add_subplot()
    for names, colour, marker, group in ((refused, ORANGE, "^", "refused"), (taken, BLUE, "o", "legal")):
        seen = [prices[c].basis.startswith("observed") for c in names]
        axes.scatter(
            [size_of(c) for c in names],
            [prices[c].usd for c in names],
            s=40,
            marker=marker,
            facecolors=[colour if s else PAPER for s in seen],
            edgecolors=colour,
            linewidths=1.2,
            zorder=3,
            gid=group,
        )
    sizes = [size_of(c) for c in prices]
    hourly = [price.usd for price in prices.values()]
    axes.set(xscale="log", yscale="log", xlabel=f"{_AXES[against]} (logarithmic)", ylabel="USD an hour (logarithmic)")
    axes.set(xlim=(min(sizes) / 1.6, max(sizes) * 2.2), ylim=(min(hourly) / 2, max(hourly) * 2))
    axes.xaxis.set_major_locator(LogLocator(2, numticks=20))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())
        axis.set_tick_params(which="minor", length=0)
    legend_below(
        figure,
        [
            Line2D([], [], ls="", marker="o", color=BLUE, label=f"legal for {feature}"),
            Line2D([], [], ls="", marker="^", color=ORANGE, label="refused: burstable, or of an older family"),
            Line2D([], [], ls="", marker="o", color=PAPER, markeredgecolor=GREY, label="price not observed"),
        ],
    )
    figure.settle()
    marked = {*cheapest.values(), *(max(n, key=lambda c: (prices[c].usd, c)) for n in (taken, refused) if n)}
    order = sorted(marked)
    anchors = [(size_of(c), prices[c].usd) for c in order]
    words = [f"{c}\n{prices[c].usd:.4g} USD/h" for c in order]
    blocked = axes.transData.transform(np.column_stack([sizes, hourly]))
    place_labels(axes, anchors, words, blocked, fontsize=8.5, linespacing=1.15)
    return figure


@styled()
def price_over_regions(catalog: Catalog, service: str, item: str, region: str = "") -> Picture:
    """One price in every region that has it [USD per unit], cheapest first.

    Parameters
    ----------
    service, item
        As ``drkit prices show`` prints them: ``AmazonRDS``, ``instance/aurora-postgresql/db.r6g.large/standard``.
    region
        The region to highlight and compare with.

    Raises
    ------
    PriceError
        When no region has this price, or it comes in tiers.
    """
    known = catalog.prices.regions()
    codes = [code for code in known if catalog.prices.has(service, item, code)]
    if not codes:
        catalog.prices.find(service, item, region or known[0])  # says what is near
    prices = sorted((catalog.prices.find(service, item, code) for code in codes), key=lambda p: (p.usd, p.region))
    low, high = prices[0], prices[-1]
    what = _item_words(item)
    title = f"{what} costs {low.usd:.4g} USD per {low.unit} in {low.region}"
    if high.usd > low.usd:
        title += f" and {high.usd / low.usd:.2f} times that in {high.region}"
    here = next((price for price in prices if price.region == region), None)
    if here is not None and low.usd < here.usd < high.usd:
        title += f"; {region} pays {percent(here.usd / low.usd - 1)} more than the cheapest"
    missing = sorted(set(known) - set(codes))
    unseen = sum(not price.basis.startswith("observed") for price in prices)
    figure = picture(
        title,
        catalog.snapshot,
        f"On-demand price of {service} {item} in {len(prices)} regions"
        + (f"; no price is known for {', '.join(missing)}" if missing else ""),
        f"{unseen} of {len(prices)} prices are not observed (derived or proxy): hatched"
        if unseen
        else "All prices are observed",
        height_in=1.8 + 0.27 * len(prices),
    )
    axes = figure.add_subplot()
    for row, price in enumerate(prices):
        seen = price.basis.startswith("observed")
        axes.barh(
            row,
            price.usd,
            0.68,
            color=BLUE if price.region == region else SKY,
            hatch="" if seen else "////",
            edgecolor=PAPER,
            linewidth=0.5,
            gid=price.region,
        )
        words = f"{price.usd:.4g}" + ("" if seen else f"  {price.basis.split(':')[0]}")
        weight = "bold" if price.region == region else "normal"
        beside(axes, price.usd, row, words, weight=weight)
    labels = [f"{catalog.regions[price.region].city}   {price.region}" for price in prices]
    name_rows(axes, labels, [at for at, price in enumerate(prices) if price.region == region], fontsize=9)
    axes.set(xlim=(0, 1.18 * high.usd), xlabel=f"USD per {low.unit}")
    handles = [Patch(facecolor=SKY, label="price observed")]
    if unseen:
        handles.append(Patch(facecolor=SKY, edgecolor=PAPER, lw=0, hatch="////", label="price not observed"))
    if here is not None:
        handles.insert(0, Patch(facecolor=BLUE, edgecolor=INK, lw=0, label=region))
    legend_below(figure, handles)
    return figure


def _item_words(item: str) -> str:
    parts = item.split("/")
    if parts[0] == "instance" and len(parts) == 4:
        return f"{parts[2]} for {parts[1]}" + (", I/O-Optimized," if parts[3] == "io_optimized" else "")
    if parts[0] == "node" and len(parts) == 3:
        return f"{parts[2]} for {parts[1]}"
    return item.replace("_", " ").replace("/", " ")
