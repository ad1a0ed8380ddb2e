"""Wait or fail over, and from which cost of an outage each strategy pays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from drkit.choice import ownership as value
from drkit.choice import waiting
from drkit.figures.axes import moment, place_labels
from drkit.figures.palette import BAND, GREY, GROUND, INK, STRATEGY_LOOK, VERMILLION, styled
from drkit.figures.picture import Picture, against, legend_below, name, picture, usd
from drkit.topology.strategies import STRATEGY_NAMES
from drkit.words import span

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    import numpy.typing as npt

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option

#: Where a wait of nothing stands on a logarithmic axis [s].
_AT_ONCE = 60.0


@styled()
def wait_or_fail_over(comparison: Comparison, option: Option | None = None) -> Picture:
    """Expected yearly loss [USD] of each strategy over how long a detected outage is waited out [s, log].

    Parameters
    ----------
    option
        The topology that the title speaks of; the choice by default.

    Returns
    -------
    Picture
        The best wait of each strategy is marked; the band is the simulation's own 95 % interval.
    """
    shown = option or comparison.chosen
    options = [o for o in comparison.representatives if o.topology.failover]
    if shown.topology.failover and not any(o is shown for o in options):
        options.append(shown)
    policies = [waiting.evaluate(comparison, one) for one in options]
    figure = picture(
        _wait_title(shown, next((p for o, p in zip(options, policies, strict=True) if o is shown), None)),
        comparison.catalog.snapshot,
        f"Expected loss of {comparison.workload.name} by impairments and losses of {comparison.workload.region}: "
        "outage, lost writes, failovers and the way back; a diamond is the least",
        f"Durations: lognormal fitted to past outages. What a failover costs: assumed. {comparison.samples:,} draws, "
        f"seed {comparison.seed}",
    )
    axes = figure.add_subplot()
    for one, policy in zip(options, policies, strict=True):
        colour, _ = STRATEGY_LOOK[one.topology.strategy]
        at = np.maximum(policy.waits_s, _AT_ONCE)
        loss, error = np.array(policy.loss_usd), np.array(policy.error_usd)
        axes.fill_between(at, loss - error, loss + error, color=colour, alpha=0.2, lw=0)
        axes.plot(at, loss, color=colour, lw=2.6 if one is shown else 1.6, zorder=4, gid=one.topology.strategy)
        axes.plot(at[policy.best], loss[policy.best], marker="D", ms=8, color=colour, mec=INK, zorder=6, gid="best")
    axes.set(xscale="log", yscale="log", ylabel="USD a year (logarithmic)")
    ticks = [_AT_ONCE, 300, 900, 3600, 4 * 3600, 12 * 3600, 86_400, 172_800]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: "at once" if x <= _AT_ONCE else moment(x)))
    for place in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        place(FuncFormatter(lambda y, _: f"{y:,.0f}"))
    if np.log10(axes.get_ylim()[1] / axes.get_ylim()[0]) > 1:
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("wait after the outage was detected before failing over (logarithmic)")
    legend_below(figure, _handles(dict.fromkeys(option.topology.strategy for option in options)))
    return figure


def _wait_title(shown: Option, policy: waiting.Policy | None) -> str:
    if policy is None:
        return f"{name(shown)} can only wait: nothing lies in another region"
    best, least = policy.best_wait_s, policy.loss_usd[policy.best]
    longest = against(policy.loss_usd[-1] - least, "a year", "it")
    if best == 0:
        return (
            f"{name(shown)}: failing over as soon as people decide loses least, {usd(least)} USD a year; waiting "
            f"{span(policy.waits_s[-1])} loses {longest.removesuffix(' than it')}"
        )
    saved = policy.loss_usd[0] - least
    return f"{name(shown)}: waiting {span(best)} loses least, {usd(saved)} USD a year less than failing over at once"


def _handles(strategies: Iterable[str]) -> list[Any]:
    return [Line2D([], [], color=STRATEGY_LOOK[s][0], lw=2.2, label=STRATEGY_NAMES[s]) for s in strategies]


@styled()
def break_even(comparison: Comparison) -> Picture:
    """Total cost of ownership of each strategy [USD/year] over what an hour of outage costs [USD/h], both log.

    Returns
    -------
    Picture
        For each strategy its cheapest topology at every cost; the line below all is the cheapest strategy, and changes
        where the vertical lines stand, as far as ten times what the workload file says an hour may cost.
    """
    costs = comparison.workload.costs.outage_usd_per_hour
    reaches = value.break_even(comparison)
    steps = [
        reach
        for at, reach in enumerate(reaches)
        if not at or reach.option.topology.strategy != reaches[at - 1].option.topology.strategy
    ]
    # Where a second region begins to pay is always shown; what lies far beyond this workload is in the table.
    steps = [one for at, one in enumerate(steps) if at < 2 or one.from_usd_per_hour <= 10 * costs.high]
    turns = [reach.from_usd_per_hour for reach in steps[1:]]
    marks = [mark for mark in (costs.low, costs.mean, costs.high, *turns) if mark > 0] or [1.0]
    low, high = min(marks) / 8, max(marks) * 8
    labels = [
        (
            f"{STRATEGY_NAMES[reach.option.topology.strategy]}\nfrom {usd(reach.from_usd_per_hour)} USD/h",
            math.sqrt(max(reach.from_usd_per_hour, low) * min(end, high)),
        )
        for reach, end in zip(steps, [*turns, high], strict=True)
    ]
    figure = picture(
        _break_even_title(comparison, reaches),
        comparison.catalog.snapshot,
        f"Total cost of ownership of {comparison.workload.name}: twelve bills, expected loss, failovers and "
        "rehearsals; lost writes cost in proportion to an hour of outage, as the workload file has them",
        f"Rates: derived from past outages. What failovers and rehearsals cost: assumed. {comparison.samples:,} "
        f"draws, seed {comparison.seed}",
    )
    axes = figure.add_subplot()
    hours = np.geomspace(low, high, 400)
    least = np.full(len(hours), math.inf)
    cheapest = _cheapest(comparison, hours)
    for strategy, totals in cheapest.items():
        axes.plot(hours, totals, color=STRATEGY_LOOK[strategy][0], lw=1.6, zorder=3, gid=strategy)
        least = np.minimum(least, totals)
    axes.plot(hours, least, color=INK, lw=4.5, alpha=0.25, zorder=2, gid="least")
    top = float(np.max(least)) * 6
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(float(least.min()) / 1.6, top))
    axes.axvspan(max(costs.low, low), max(costs.high, low), color=BAND, zorder=0, gid="workload")
    axes.axvline(max(costs.mean, low), color=VERMILLION, ls="--", lw=1.4, zorder=1, gid="mean")
    axes.set_xlabel("cost of an hour of outage [USD/h] (logarithmic)")
    axes.set_ylabel("total cost [USD a year] (logarithmic)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda v, _: usd(v).replace(".0 ", " ") if v >= 100 else f"{v:g}"))
        axis.set_minor_locator(NullLocator())  # ticks without a label take a third of the time of the picture
    for turn in turns:
        axes.axvline(turn, color=GREY, ls=":", lw=1.1, zorder=1, gid="turn")
    handles = _handles(cheapest)
    handles.append(Line2D([], [], color=INK, lw=4.5, alpha=0.25, label="the cheapest of all"))
    handles.append(Line2D([], [], color=VERMILLION, ls="--", lw=1.4, label=f"this workload, {usd(costs.mean)} USD/h"))
    legend_below(figure, handles, columns=4)
    figure.settle()
    upright = [np.column_stack([np.full(100, turn), np.geomspace(*axes.get_ylim(), 100)]) for turn in turns]
    curves = [line.get_xydata() for line in axes.get_lines() if line.get_gid() in cheapest] + upright
    place_labels(
        axes,
        [(at, top / 2.5) for _, at in labels],
        [words for words, _ in labels],
        np.empty((0, 2)),
        lines=axes.transData.transform(np.concatenate(curves)),
        droppable=True,
        fontsize=8.5,
        leader_from=1e9,
        bbox=GROUND | {"pad": 1.0, "alpha": 0.85},
    )
    return figure


def _cheapest(comparison: Comparison, hours: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """By strategy the total cost of its cheapest topology [USD/year] at each cost of an hour of outage [USD/h]."""
    known: dict[str, set[tuple[float, float]]] = {}
    for option in comparison.options:
        known.setdefault(option.topology.strategy, set()).add(value.line(comparison, option)[:2])
    cheapest = {}
    for strategy, lines in known.items():
        fixed, slope = np.array(sorted(lines)).T[:, :, None]
        cheapest[strategy] = (fixed + slope * hours).min(axis=0)
    return cheapest


def _break_even_title(comparison: Comparison, reaches: list[value.Reach]) -> str:
    mean = comparison.workload.costs.outage_usd_per_hour.mean
    here = next(reach for reach in reaches if mean < reach.to_usd_per_hour)
    title = f"At {usd(mean)} USD an hour of outage {name(here.option)} is the cheapest in total"
    if len(reaches) == 1:
        return f"{title}, as at any cost"
    out = next((reach for reach in reaches if reach.option.topology.failover), None)
    return f"{title}; a second region pays from {usd(out.from_usd_per_hour)} USD an hour on" if out else title
