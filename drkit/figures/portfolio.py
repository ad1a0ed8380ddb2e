"""A portfolio of choices: what each costs a month against how soon it is back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from drkit.figures.axes import log_time
from drkit.figures.palette import GREY, INK, PAPER, STRATEGY_LOOK, styled
from drkit.figures.picture import Origin, Picture, legend_below, percent, picture, usd
from drkit.topology.strategies import STRATEGY_NAMES
from drkit.words import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@styled()
def portfolio(choices: Sequence[Mapping[str, Any]]) -> Picture:
    """The choice of every run: the RTO that holds with the probability asked [s] against its bill [USD a month].

    Parameters
    ----------
    choices
        Figures of the choices, as ``chosen`` in ``summary.json`` has them, with the ``snapshot_date`` and, where it is
        known, the ``snapshot_digest`` that they were made from.

    Returns
    -------
    Picture
        By strategy; a filled point meets its objectives, an empty one does not.
    """
    dates = sorted({str(figures.get("snapshot_date", "")) for figures in choices})
    digests = {str(figures.get("snapshot_digest", "")) for figures in choices}
    origin = Origin(
        dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}",
        digests.pop() if len(digests) == 1 else f"{len(digests)} snapshots",
    )
    unseen = sum(figures["not_observed_usd"] for figures in choices) / sum(
        figures["monthly_usd"] for figures in choices
    )
    figure = picture(
        _title(choices),
        origin,
        "Each point is the choice of one run; equal choices lie on each other. RTO after the loss of the region, at "
        "the probability that the workload asks for",
        f"{percent(unseen)} of the bills rest on prices not observed. Recovery times: published or assumed",
        height_in=5.8,
    )
    there = [strategy for strategy in STRATEGY_LOOK if any(figures["strategy"] == strategy for figures in choices)]
    handles = [
        Line2D(
            [],
            [],
            ls="",
            marker=STRATEGY_LOOK[name][1],
            color=STRATEGY_LOOK[name][0],
            ms=6.5,
            label=STRATEGY_NAMES[name],
        )
        for name in there
    ]
    handles.append(Line2D([], [], ls="", marker="o", color=PAPER, markeredgecolor=INK, label="misses an objective"))
    legend_below(figure, handles, columns=4)
    axes = figure.subplots()
    times = [float(figures["rto_at_probability_s"]) for figures in choices]
    costs = [float(figures["monthly_usd"]) for figures in choices]
    for figures, time, cost in zip(choices, times, costs, strict=True):
        colour, marker = STRATEGY_LOOK[figures["strategy"]]
        met = bool(figures["meets_objectives"])
        axes.scatter(
            [time],
            [cost],
            s=46,
            marker=marker,
            facecolors=colour if met else PAPER,
            edgecolors=PAPER if met else colour,
            linewidths=0.5 if met else 1.4,
            alpha=0.85,
            zorder=4 if met else 3,
            gid=figures["strategy"],
        )
    log_time(axes.xaxis, min(times) / 1.5, max(times) * 1.5)
    axes.set(yscale="log", ylim=(min(costs) / 1.4, max(costs) * 1.4))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: usd(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("RTO that holds with the probability asked for (logarithmic)")
    axes.set_ylabel("USD a month (logarithmic)")
    axes.tick_params(which="minor", length=0, color=GREY)
    return figure


def _title(choices: Sequence[Mapping[str, Any]]) -> str:
    met = sum(bool(figures["meets_objectives"]) for figures in choices)
    cost, extra = (math.fsum(figures[key] for figures in choices) for key in ("monthly_usd", "extra_monthly_usd"))
    by_count: dict[str, int] = {}
    for figures in choices:
        by_count[figures["strategy"]] = by_count.get(figures["strategy"], 0) + 1
    most = max(by_count, key=lambda name: by_count[name])
    words = STRATEGY_NAMES[most]
    return (
        f"{met} of {count(len(choices), 'choice')} meet their objectives, {percent(extra / (cost - extra))} above what "
        f"the systems cost today; {words[0].lower()}{words[1:]} is chosen most often ({by_count[most]})"
    )
