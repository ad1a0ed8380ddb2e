"""A past outage replayed: what would have happened under each strategy, minute by minute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MultipleLocator

from drkit.choice import replay
from drkit.figures.axes import beside, linear_time, name_rows
from drkit.figures.palette import (
    BLOCK,
    GREEN,
    GREY,
    GROUND,
    INK,
    ORANGE,
    PAPER,
    SKY,
    STRATEGY_LOOK,
    VERMILLION,
    WORDS,
    styled,
)
from drkit.figures.picture import Picture, legend_below, picture
from drkit.topology.strategies import STRATEGY_NAMES
from drkit.words import span

if TYPE_CHECKING:
    from drkit.choice.comparison import Comparison
    from drkit.choice.replay import Replay, Replayed

_PLANE = {
    "iam": "IAM control plane",
    "route53": "Route 53 control plane",
    "s3_buckets": "S3 bucket control plane",
    "service": "services in us-east-1",
}


@styled()
def outage_replay(comparison: Comparison, event: str, known: Replay | None = None) -> Picture:
    """An outage of us-east-1 against each strategy: steps, what was blocked, and the probability of service [1].

    Parameters
    ----------
    event
        One of :func:`drkit.choice.replay.events`.
    known
        The replay, if it was made before.

    Returns
    -------
    Picture
        Above, for each strategy the time without service and the steps of the failover at their medians; below, the
        probability that service is up in each minute.
    """
    found = known or replay.replay(comparison, event)
    rows = len(found.strategies) + len(found.phases)
    figure = picture(
        _title(found),
        comparison.catalog.snapshot,
        f"{comparison.workload.name} in us-east-1 on {event}: what AWS's summary says was broken (grey), time without "
        "service (red, to its median), steps of the failover, and what was blocked",
        "The workload counts as down while services were impaired. Steps at their median; curves in the colour of the "
        f"strategy, dashed where headless; {found.samples:,} draws, seed {comparison.seed}; "
        f"probabilities to ± {98 / np.sqrt(found.samples):.1f} %",
        height_in=3.1 + 0.34 * rows,
    )
    upper, lower = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [rows, 3.2], "hspace": 0.08})
    for row, phase in enumerate(found.phases):
        upper.barh(row, phase.to_s - phase.from_s, 0.5, phase.from_s, color=BLOCK, gid="phase")
        # In its bar where that is long enough, else beside it; a row holds one phase.
        inside = phase.to_s - phase.from_s > 0.45 * found.lasted_s
        at = phase.from_s if inside else phase.to_s
        text = upper.text(at, row, f" {phase.what}", va="center", fontsize=8, color=INK, clip_on=True, gid="what")
        text.set_in_layout(False)
    for row, one in enumerate(found.strategies, start=len(found.phases)):
        _lane(upper, row, one, found)
    labels = [_PLANE[phase.plane] for phase in found.phases] + [_label(one) for one in found.strategies]
    name_rows(upper, labels, range(len(found.phases), len(labels)), fontsize=9)
    for text, one in zip(upper.get_yticklabels()[len(found.phases) :], found.strategies, strict=True):
        text.set_color(WORDS[STRATEGY_LOOK[one.option.topology.strategy][0]])
    upper.axhline(len(found.phases) - 0.5, color=GREY, lw=0.8)
    upper.tick_params(axis="x", length=0)
    _probability(lower, found)
    high = 1.28 * found.lasted_s
    unit = linear_time(lower.xaxis, high)
    lower.set_xlabel(f"time since the outage began [{unit}]")
    handles = [
        Patch(facecolor=VERMILLION, alpha=0.28, label="no service"),
        Patch(facecolor=SKY, label="step of the failover"),
        Patch(facecolor=PAPER, edgecolor=ORANGE, hatch="////", label="step blocked by us-east-1"),
        Line2D([], [], ls="", marker="D", color=GREEN, markeredgecolor=INK, label="service back by failover"),
        Line2D([], [], ls="", marker="o", color=GREY, label="service back with the region"),
    ]
    legend_below(figure, handles)
    return figure


def _lane(axes: Any, row: int, one: Replayed, found: Replay) -> None:
    back = float(np.median(one.back_s))
    low, high = np.quantile(one.back_s, [0.05, 0.95])
    axes.barh(row, back, 0.62, 0, color=VERMILLION, alpha=0.28, lw=0, gid=f"down.{one.label}")
    last = min(back, found.lasted_s)
    for moment in one.moments:
        start, end = min(moment.start_s, last), min(moment.end_s, last)
        begun = moment.start_s - moment.blocked_s
        if moment.blocked_s > 0 and begun < last:
            held = min(moment.start_s, last) - begun
            axes.barh(row, held, 0.44, begun, facecolor=PAPER, edgecolor=ORANGE, hatch="////", zorder=3, gid="blocked")
        if end > start:
            axes.barh(row, end - start, 0.28, start, color=SKY, edgecolor=PAPER, lw=0.6, zorder=4, gid=moment.step)
    over = one.failed_over >= 0.5
    marker, colour = ("D", GREEN) if over else ("o", GREY)
    axes.plot([low, high], [row, row], color=INK, lw=1.2, zorder=5)
    axes.plot(back, row, marker=marker, color=colour, mec=INK, ms=7, zorder=6, gid=f"back.{one.label}")
    told = span(back)
    if over:
        told += f", loses {span(float(np.median(one.lost_s)))} of writes"
    if one.blocked:
        words = f"{', '.join(step.replace('_', ' ') for step in one.blocked)} blocked"
        first = next(moment for moment in one.moments if moment.blocked_s > 0)
        begun, freed = first.start_s - first.blocked_s, min(first.start_s, last)
        if freed - begun > 0.45 * found.lasted_s:
            ground = GROUND | {"pad": 1.5}
            look = {"ha": "center", "va": "center", "fontsize": 8.5, "zorder": 7, "bbox": ground}
            axes.text((begun + freed) / 2, row, words, **look).set_in_layout(False)
        else:
            told += f"; {words} until {span(first.start_s)}"
    ground = GROUND | {"pad": 0.8, "alpha": 0.8}
    beside(axes, max(back, high), row, f" {told}", zorder=7, bbox=ground).set_in_layout(False)


def _probability(axes: Any, found: Replay) -> None:
    minutes = found.minutes()
    for one in found.strategies:
        style = "--" if one.option.topology.headless else "-"
        colour = STRATEGY_LOOK[one.option.topology.strategy][0]
        axes.step(
            60.0 * minutes.index.to_numpy(),
            minutes[one.label],
            where="post",
            color=colour,
            ls=style,
            lw=1.8,
            gid=one.label,
        )
    axes.set_ylim(-0.04, 1.06)
    axes.set_ylabel("service is up")
    axes.yaxis.set_major_locator(MultipleLocator(0.5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:g} %"))


def _label(one: Replayed) -> str:
    return STRATEGY_NAMES[one.option.topology.strategy] + (", headless" if one.option.topology.headless else "")


def _title(found: Replay) -> str:
    served = [one for one in found.strategies if one.failed_over >= 0.5]
    stuck = [one for one in found.strategies if one.blocked and one.failed_over < 0.5]
    title = f"{found.event}: down for {span(found.lasted_s)} in one region"
    if served:
        best = min(served, key=lambda one: float(np.median(one.back_s)))
        worst = max(served, key=lambda one: float(np.median(one.back_s)))
        title += f", {span(float(np.median(best.back_s)))} with {_label(best).lower()}"
        if worst is not best:
            title += f" to {span(float(np.median(worst.back_s)))} with {_label(worst).lower()}"
    if stuck:
        title += f"; {' and '.join(_label(one).lower() for one in stuck)} would have been blocked"
    return title
