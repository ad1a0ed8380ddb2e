"""How long recovery takes and what it loses: the steps one by one, and the distributions they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter

from drkit.figures.axes import beside, linear_time, log_time, name_rows
from drkit.figures.palette import BLUE, GREEN, GROUND, INK, ORANGE, PINK, SKY, VERMILLION, VERMILLION_WORDS, styled
from drkit.figures.picture import Picture, how_known, legend_below, name, percent, picture, probability
from drkit.recovery.model import Step, stretches
from drkit.words import asked, lost, span

if TYPE_CHECKING:
    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.recovery.model import Stretch
    from drkit.stats.draws import Samples

_NOTE = (
    "published: AWS's settings, or figures for its words; assumed: nobody publishes one; own: the workload file; "
    "{draws:,} draws, seed {seed}"
)
_STORE_COLOUR = {"database": BLUE, "cache": ORANGE, "objects": GREEN, "everything": PINK}
_GROUND, _BESIDE = GROUND | {"pad": 3.0}, GROUND | {"pad": 0.8, "alpha": 0.85}
#: The lag of a cache is often that of the database: the curve below must show through.
_DASHES: dict[str, Any] = {"cache": (0, (3, 2))}
#: Points of a cumulative curve: more than a screen has pixels.
_LEVELS = np.linspace(0, 1, 1001)


@styled()
def recovery_waterfall(comparison: Comparison, option: Option | None = None) -> Picture:
    """The steps from losing the region to service [s], each from its median start to its median end.

    Parameters
    ----------
    comparison
        Where the objectives and the simulation come from.
    option
        The topology to show; the choice by default.

    Returns
    -------
    Picture
        Dark bars decide the RTO in most draws, light ones run beside them; thin lines reach the 95 % end.
    """
    of, objectives = option or comparison.chosen, comparison.workload.objectives
    judged, timed = of.judgement, of.recovery.judged.time()
    rows = stretches(timed.steps or [Step("rebuild_from_nothing", (), timed.rto_s, "assumption")])
    title = f"{name(of)}: service returns in {span(judged.rto_p50_s)} typically, {span(judged.rto_p95_s)} at 95 %"
    if len(rows) > 1:
        longest = max(rows, key=lambda row: row.share)
        title += f"; {_doing(longest.step.name)} takes {percent(round(longest.share, 2))} of it"
    target = f"RTO objective {span(objectives.rto_s)}"
    # A target far beyond the recovery would crush the bars; it is then told beside the axis.
    beyond = objectives.rto_s > 2.2 * max(row.p95_s for row in rows)
    words = f"{target} lies beyond this axis →" if beyond else f" {target}: met with {probability(judged.p_meets_rto)} "
    figure = picture(
        title,
        comparison.catalog.snapshot,
        f"Recovery of {comparison.workload.name} after the loss of {comparison.workload.region}, "
        "median start and end of every step, labelled with the time between them and how often it is on the "
        "critical path",
        _NOTE.format(draws=comparison.samples, seed=comparison.seed),
        height_in=2.0 + 0.36 * max(3, len(rows)),
    )
    axes = figure.add_subplot()
    high = 1.24 * max(*(row.p95_s for row in rows), 0.0 if beyond else objectives.rto_s)
    for at, row in enumerate(rows):
        _bar(axes, at, row)
        beside(axes, row.p95_s, at, _length(row), zorder=6, bbox=_BESIDE)
    unit = linear_time(axes.xaxis, high)
    name_rows(axes, [_words(row.step.name) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -1.05)
    axes.set_xlabel(f"time since the region was lost [{unit}]")
    look: dict[str, Any] = {"va": "center", "fontsize": 9, "color": VERMILLION_WORDS}
    if beyond:
        axes.text(high, -0.75, words, ha="right", **look)
    else:
        axes.axvline(objectives.rto_s, color=VERMILLION, ls="--", lw=1.4, zorder=2, gid="objective")
        axes.text(objectives.rto_s, -0.75, words, ha="left" if objectives.rto_s < 0.7 * high else "right", **look)
    legend_below(
        figure,
        [
            Patch(facecolor=BLUE, label="decides the RTO in most draws"),
            Patch(facecolor=SKY, label="runs beside a longer step"),
            Line2D([], [], color=INK, lw=1.3, label="to the end at 95 %"),
        ],
    )
    return figure


def _bar(axes: Any, at: int, row: Stretch) -> None:
    """One step: a bar from its median start to its median end, and a line on to its end at 95 %."""
    # Limits are set by the caller: artists that nobody measures for them are there in half the time.
    colour = BLUE if row.critical >= 0.5 else SKY
    if row.end_s > row.start_s:
        shape = Rectangle((row.start_s, at - 0.29), row.end_s - row.start_s, 0.58, zorder=3, gid=row.step.name)
        shape.set(facecolor=colour, edgecolor="none")
        axes.add_artist(shape)
    else:
        axes.add_artist(Line2D([row.end_s], [at], marker="D", color=colour, ms=7, zorder=4))
    axes.add_artist(Line2D([row.end_s, row.p95_s], [at, at], color=INK, lw=1.3, zorder=4, gid="p95"))
    axes.add_artist(Line2D([row.p95_s] * 2, [at - 0.14, at + 0.14], color=INK, lw=1.3, zorder=4))


def _length(row: Stretch) -> str:
    took = row.end_s - row.start_s
    if not took:
        return "service returns"
    return f"{span(took)}, {how_known(row.step.basis)}, critical {percent(round(row.critical, 2))}"


def _words(step: str) -> str:
    return step.replace("_", " ")


def _doing(step: str) -> str:
    """A step as a title speaks of it: ``promote_database`` is ``promoting database``."""
    if step == "targets_healthy":
        return "waiting for healthy targets"
    verb, *rest = step.split("_")
    return " ".join([f"{verb.removesuffix('e')}ing", *rest])


@styled()
def rto_rpo_distribution(comparison: Comparison, option: Option | None = None) -> Picture:
    """Cumulative probability of RTO and of RPO per data store [s, log] after the loss of the region.

    Parameters
    ----------
    comparison
        Where the objectives and the simulation come from.
    option
        The topology to show; the choice by default.

    Returns
    -------
    Picture
        Two panels with the objectives and the probability they must hold with.
    """
    shown, objectives = option or comparison.chosen, comparison.workload.objectives
    outcome, judged = shown.recovery.judged, shown.judgement
    figure = picture(
        f"{name(shown)} keeps the RTO of {span(objectives.rto_s)} with {probability(judged.p_meets_rto)} and the RPO "
        f"of {span(objectives.rpo_s)} with {probability(judged.p_meets_rpo)}; asked is {asked(objectives.probability)}",
        comparison.catalog.snapshot,
        f"{comparison.workload.name} after the loss of {comparison.workload.region}, unplanned: how probable it is to "
        "be back within a time, or to lose no more than it",
        _NOTE.format(draws=comparison.samples, seed=comparison.seed),
        height_in=5.0,
    )
    left, right = figure.subplots(1, 2, sharey=True)
    _curves(left, {"RTO": outcome.rto_s}, {"RTO": INK}, objectives.rto_s)
    left.set(xlabel="RTO (logarithmic)", ylabel="probability of no more than this")
    left.set_title(f"{span(judged.rto_p50_s)} typically, {span(judged.rto_p95_s)} at 95 %", fontsize=10, loc="left")
    stores = {store: samples for store, samples in outcome.rpo_by_store.items() if np.isfinite(samples).any()}
    right.set_title(
        f"loses {lost(judged.rpo_p50_s)} typically, {lost(judged.rpo_p95_s)} at 95 %", fontsize=10, loc="left"
    )
    if stores:
        _curves(right, stores, _STORE_COLOUR, objectives.rpo_s)
    else:
        gone = bool(outcome.rpo_by_store)
        _curves(right, {}, {}, objectives.rpo_s)
        words = "everything in the region\nis lost in every draw" if gone else "no data store that could lose writes"
        right.text(
            0.5, 0.5, words, transform=right.transAxes, ha="center", va="center", fontsize=11, bbox=_GROUND, zorder=6
        )
    far = "" if objectives.rpo_s > 0 else "; the objective, 0 s, is far to the left"
    right.set_xlabel(f"RPO (logarithmic{far})")
    for axes in (left, right):
        axes.axhline(objectives.probability, color=VERMILLION, ls=":", lw=1.4, zorder=1, gid="probability")
        axes.set_ylim(0, 1.02)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    handles = [
        Line2D([], [], color=_STORE_COLOUR[s], ls=_DASHES.get(s, "-"), lw=2.2, label=f"RPO of the {s}") for s in stores
    ]
    handles += [
        Line2D([], [], color=INK, lw=2.2, label="RTO"),
        Line2D([], [], color=VERMILLION, ls="--", lw=1.4, label="objective"),
        Line2D([], [], color=VERMILLION, ls=":", lw=1.4, label=f"asked probability {asked(objectives.probability)}"),
    ]
    if len(stores) > 1:
        worst = np.maximum.reduce(list(stores.values()))
        quantiles = np.quantile(worst, _LEVELS, method="higher")
        kept = np.isfinite(quantiles)
        right.plot(quantiles[kept], _LEVELS[kept], color=INK, ls=(0, (1, 1.2)), lw=1.6, zorder=5, gid="RPO")
        handles.append(Line2D([], [], color=INK, ls=(0, (1, 1.2)), lw=1.6, label="RPO of all stores together"))
    legend_below(figure, handles, columns=6 if len(handles) <= 6 else 4)
    return figure


def _curves(axes: Any, samples: dict[str, Samples], colours: dict[str, str], objective: float) -> None:
    """Cumulative curves with the objective as a line; no such axis has an objective of zero."""
    ends = [objective] if objective > 0 else []
    for label, values in samples.items():
        # Where a neighbouring region is lost too, everything is: the curve ends below 100 %.
        kept = np.isfinite(quantiles := np.quantile(values, _LEVELS, method="higher"))
        look = {"color": colours[label], "ls": _DASHES.get(label, "-"), "lw": 2.2, "zorder": 4, "gid": label}
        axes.plot(quantiles[kept], _LEVELS[kept], **look)
        ends += [float(np.quantile(values, 0.002, method="higher")), float(quantiles[kept].max())]
    ends = [end for end in ends if end > 0] or [1.0, 3600.0]
    low, high = min(ends), max(ends)
    # Where all draws are alike the curve is a step, which needs room on both sides.
    widen = 1.6 if high / low > 1.2 else 4.0
    log_time(axes.xaxis, low / widen, high * widen, closest=0.11)
    if objective > 0:
        axes.axvline(objective, color=VERMILLION, ls="--", lw=1.4, zorder=2, gid="objective")
