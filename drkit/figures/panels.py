"""All strategies side by side on the same axes: how long each is gone, how much it loses, and how sure that is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from drkit.figures.axes import log_time
from drkit.figures.palette import GREY, GRID, INK, SLATE, STRATEGY_LOOK, VERMILLION, WORDS, styled
from drkit.figures.picture import Picture, kind, legend_below, name, picture, probability, usd
from drkit.words import asked, span

if TYPE_CHECKING:
    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.stats.draws import Samples

#: Classes of a histogram over all panels, and the part of a panel's height that the highest fills.
_BINS, _HEIGHT = 90, 0.58
_COLUMNS = 3
#: Where the words of a panel begin.
_TOP = 0.66
#: What is shorter cannot be told from nothing [s].
_LEAST = 0.1


@styled()
def strategy_panels(comparison: Comparison) -> Picture:
    """RTO and RPO [s, log] of today and of the best topology of each strategy, a panel each, all on the same axis.

    Parameters
    ----------
    comparison
        Its ``representatives``: the cheapest of each strategy that meets the objectives, else the nearest.

    Returns
    -------
    Picture
        Filled: how often each RTO comes up in the draws; outline: each RPO. Each has its highest class as its height.
    """
    options = comparison.representatives
    objectives = comparison.workload.objectives
    figure = picture(
        _title(comparison, options),
        comparison.catalog.snapshot,
        f"{comparison.workload.name} after the loss of {comparison.workload.region}: how often a time comes up in "
        f"{comparison.samples:,} draws; objectives RTO {span(objectives.rto_s)}, RPO {span(objectives.rpo_s)}, each "
        f"at {asked(objectives.probability)}",
        f"Recovery times: published or assumed; seed {comparison.seed}. A shape is as high as its most frequent time",
        height_in=1.6 + 1.85 * math.ceil(len(options) / _COLUMNS),
    )
    handles = [
        Patch(facecolor=GREY, alpha=0.75, label="RTO: time without service"),
        Line2D([], [], color=INK, lw=1.4, label="RPO: time of lost writes"),
        Line2D([], [], color=VERMILLION, ls="--", lw=1.4, label="RTO objective"),
    ]
    if objectives.rpo_s >= _LEAST:
        handles.append(Line2D([], [], color=VERMILLION, ls=":", lw=1.6, label="RPO objective"))
    legend_below(figure, handles)
    timed = [(option.recovery.judged.rto_s, option.recovery.judged.rpo_s) for option in options]
    ends = [objectives.rto_s, max(objectives.rpo_s, _LEAST)]
    for rto, rpo in timed:
        for samples in (rto, rpo[np.isfinite(rpo)]):
            if len(samples):
                ends += [float(samples.min()), float(samples.max())]
    low, high = max(_LEAST, min(ends)) / 1.5, max(ends) * 1.5
    rows = math.ceil(len(options) / _COLUMNS)
    grid = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, option, (rto, rpo) in zip(grid, options, timed, strict=False):
        _panel(axes, comparison, option, rto, rpo, (low, high))
    for axes in grid[len(options) :]:
        axes.set_visible(False)
    for at, axes in enumerate(figure.axes[: len(options)]):
        below = at + _COLUMNS >= len(options)
        axes.tick_params(axis="x", labelbottom=below, labelsize=8.5)
        axes.set_xlabel("time (logarithmic)" if below else "", fontsize=9)
    return figure


def _panel(
    axes: Any, comparison: Comparison, option: Option, rto: Samples, rpo: Samples, ends: tuple[float, float]
) -> None:
    objectives, judged = comparison.workload.objectives, option.judgement
    colour = STRATEGY_LOOK[option.topology.strategy][0]
    edges = np.geomspace(*ends, _BINS + 1)
    log_time(axes.xaxis, *ends, closest=0.16)
    axes.set(ylim=(0, 1), yticks=[])
    axes.grid(visible=False)
    # A grid that ends below the words.
    axes.add_collection(
        LineCollection([[(t, 0), (t, _TOP)] for t in axes.get_xticks()], colors=GRID, linewidths=0.8, zorder=0),
        autolim=False,
    )
    axes.spines["left"].set_visible(False)
    heights = _heights(rto, edges)
    axes.fill_between(edges[1:], heights, step="pre", color=colour, alpha=0.75, lw=0, zorder=3, gid="RTO")
    known = rpo[np.isfinite(rpo)]
    if len(known) and known.max() > 0:
        axes.step(edges[1:], _heights(known, edges), where="pre", color=INK, lw=1.2, zorder=4, gid="RPO")
    elif not len(known):
        look = {"transform": axes.transAxes, "color": SLATE, "fontsize": 8, "gid": "everything"}
        axes.text(0.01, 0.05, "RPO: everything is lost", **look)
    axes.axvline(objectives.rto_s, color=VERMILLION, ls="--", lw=1.3, zorder=5, ymax=_TOP, gid="RTO objective")
    if objectives.rpo_s >= _LEAST:
        axes.axvline(objectives.rpo_s, color=VERMILLION, ls=":", lw=1.6, zorder=5, ymax=_TOP, gid="RPO objective")
    where = option.topology.failover_region or option.topology.primary_region
    chosen = ", chosen" if option is comparison.chosen else ""
    head = "Today" if option is comparison.today else kind(option.topology)
    look = {"transform": axes.transAxes, "va": "top"}
    axes.text(0.01, 0.99, f"{head}{chosen}", color=WORDS[colour], weight="bold", fontsize=9, gid="strategy", **look)
    cost = f"{where}, {usd(option.bill.monthly_usd)} USD a month"
    axes.text(0.01, 0.88, cost, color=INK, fontsize=8.5, gid="cost", **look)
    met = f"meets RTO {probability(judged.p_meets_rto)}, RPO {probability(judged.p_meets_rpo)}"
    axes.text(0.01, 0.775, met, color=SLATE, fontsize=8, gid="met", **look)


def _heights(samples: Samples, edges: Any) -> Any:
    """How often each class comes up, the highest as high as a shape may be; all below the axis in its first class."""
    counts, _ = np.histogram(np.maximum(samples, edges[0]), edges)
    return _HEIGHT * counts / max(1, counts.max())


def _title(comparison: Comparison, options: list[Option]) -> str:
    wanted = comparison.workload.objectives.probability
    able = [o for o in options if min(o.judgement.p_meets_rto, o.judgement.p_meets_rpo) >= wanted]
    if not able:
        best = max(
            options, key=lambda o: (min(o.judgement.p_meets_rto, o.judgement.p_meets_rpo), -o.judgement.rto_p95_s)
        )
        nearest = comparison.chosen if comparison.chosen in options else best
        return f"None of {len(options)} ways keeps RTO and RPO with {asked(wanted)}; {name(nearest)} comes nearest"
    cheapest = min(able, key=comparison.order)
    count = f"{len(able)} of {len(options)} ways keep RTO and RPO"
    return f"{count}; {name(cheapest)} is the cheapest of them with {usd(cheapest.bill.monthly_usd)} USD a month"
