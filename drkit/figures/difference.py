"""What makes the difference between two options: waterfalls of the monthly bill and of the RTO."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from drkit.bill.price_quantity import total_usd
from drkit.choice.difference import explain_difference, signed
from drkit.figures.axes import beside, linear_time, name_rows
from drkit.figures.palette import BLUE, GREEN, GREY, ORANGE, PAPER, PINK, SKY, SLATE, VERMILLION, styled
from drkit.figures.picture import Picture, against, basis_note, legend_below, name, picture, usd
from drkit.recovery.composition import REBUILD
from drkit.words import count, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drkit.bill.price_quantity import LineChange
    from drkit.choice.comparison import Comparison
    from drkit.choice.difference import Difference
    from drkit.choice.options import Option

#: Colour and words of each effect, in the order of the legend.
_EFFECTS = {
    "price": (ORANGE, "the same at another price"),
    "quantity": (BLUE, "more or less of the same"),
    "exchanged": (GREEN, "another item in its place"),
    "added": (SKY, "bought in addition"),
    "removed": (PINK, "no longer bought"),
    "rest": (GREY, "smaller changes"),
}
#: Bars between the two bills at most, none smaller than this part of the largest; what is left is one more.
_SHOWN, _SMALL = 12, 0.01
#: Changes smaller than this part of the bill have an axis that does not begin at 0.
_SLIGHT = 0.25
#: Steps shorter than this part of the RTO are one bar.
_THIN = 0.002


class _Bar(NamedTuple):
    """One bar of a waterfall: what it is, and how far it goes."""

    label: str
    gid: str
    colour: str
    change: float


@styled()
def cost_difference(
    comparison: Comparison,
    before: Option | None = None,
    after: Option | None = None,
    earlier: Comparison | None = None,
) -> Picture:
    """The way from one monthly bill to another [USD/month], by component, role and effect.

    Parameters
    ----------
    comparison
        Where ``after`` comes from; its choice by default.
    before
        What it is compared with; today by default, or the choice of ``earlier``.
    earlier
        The comparison that ``before`` comes from, where it is another: of another workload or snapshot.

    Returns
    -------
    Picture
        The two bills at the ends, and between them one bar for every component of a role and effect, the largest
        first. The bars add up to the change to the cent; what price and quantity mean:
        `drkit.bill.price_quantity.split`.
    """
    found, words = _found(comparison, before, after, earlier)
    start, end = found.before.bill.monthly_usd, found.after.bill.monthly_usd
    bars = _cost_bars(found)
    figure, axes = _sheet(
        comparison,
        earlier,
        len(bars),
        _cost_title(found, words),
        f"Monthly bill, from {words[0]} to {words[1]}; {_parts(found)}",
        basis_note([found.before.bill, found.after.bill]),
    )
    _waterfall(axes, bars, start, end, words, lambda amount: f"{amount:,.2f} USD", lambda amount: f"{amount:+,.2f}")
    axes.set_xlabel("USD a month")
    axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda amount, _: f"{amount:,.0f}"))
    shown = {bar.gid.split("/")[0] for bar in bars}
    handles = [Patch(facecolor=colour, label=told) for effect, (colour, told) in _EFFECTS.items() if effect in shown]
    if handles:
        legend_below(figure, handles, columns=6 if len(handles) < 6 else 3)
    return figure


@styled()
def recovery_difference(
    comparison: Comparison,
    before: Option | None = None,
    after: Option | None = None,
    earlier: Comparison | None = None,
) -> Picture:
    """The way from one RTO to another after the loss of the region [s], step by step.

    Parameters
    ----------
    comparison, before, after, earlier
        As for :func:`cost_difference`.

    Returns
    -------
    Picture
        The two mean RTOs at the ends, and between them one bar for every step whose mean time on the critical path
        differs, in the order they run. The bars add up to the change of the mean RTO.
    """
    found, words = _found(comparison, before, after, earlier)
    was, now = found.before.recovery.judged.rto, found.after.recovery.judged.rto
    bars = _recovery_bars(found)
    figure, axes = _sheet(
        comparison,
        earlier,
        len(bars),
        _recovery_title(found, words),
        f"Time to service after the loss of the region, on average, from {words[0]} to {words[1]}: mean time of each "
        f"step on the critical path; typically {span(was.p50)} and {span(now.p50)}{_rebuilt(found)}",
        f"{comparison.samples:,} draws, seed {comparison.seed}",
    )
    _waterfall(axes, bars, was.mean, now.mean, words, span, signed)
    low, high = axes.get_xlim()
    unit = linear_time(axes.xaxis, high, low=low)
    axes.set_xlabel(f"mean time to service [{unit}]")
    handles = [Patch(facecolor=BLUE, label="less time"), Patch(facecolor=VERMILLION, label="more time")]
    legend_below(figure, handles)
    return figure


def _found(
    comparison: Comparison, before: Option | None, after: Option | None, earlier: Comparison | None
) -> tuple[Difference, tuple[str, str]]:
    """The difference, and what the two options are called beside each other."""
    old = before or (earlier.chosen if earlier else comparison.today)
    new = after or comparison.chosen
    words = ["today" if option is comparison.today else name(option) for option in (old, new)]
    if words[0] == words[1]:
        words = [old.topology_id, new.topology_id]
    if earlier and earlier.workload.name != comparison.workload.name:
        words = [f"{words[0]} of {earlier.workload.name}", f"{words[1]} of {comparison.workload.name}"]
    elif earlier and earlier.catalog.snapshot.digest != comparison.catalog.snapshot.digest:
        words = [
            f"{told} at prices of {one.catalog.snapshot.date}"
            for told, one in zip(words, (earlier, comparison), strict=True)
        ]
    return explain_difference(old, new), (words[0], words[1])


def _sheet(
    comparison: Comparison, earlier: Comparison | None, bars: int, title: str, told: str, note: str
) -> tuple[Picture, Any]:
    """A picture with room for so many bars between the two totals, and its axes."""
    figure = picture(
        title,
        comparison.catalog.snapshot,
        told,
        _note(comparison, earlier, note),
        height_in=2.1 + 0.36 * (bars + 2),
    )
    return figure, figure.add_subplot()


def _note(comparison: Comparison, earlier: Comparison | None, note: str) -> str:
    """The note, and the snapshot of the earlier comparison: the corner names that of the later one."""
    if earlier is None or earlier.catalog.snapshot.digest == comparison.catalog.snapshot.digest:
        return note
    snapshot = earlier.catalog.snapshot
    return f"{note}. Compared with snapshot {snapshot.date} · {snapshot.digest[:12]}"


def _parts(found: Difference) -> str:
    """The change by quantity and price, in words."""
    if not found.changes:
        return "every line is the same"
    if not found.price_usd:
        return "no line has another price: all of the change is what is bought"
    if not found.quantity_usd:
        return "as much of the same is bought: all of the change is prices"
    return (
        f"{found.quantity_usd:+,.2f} USD by what is bought, and {found.price_usd:+,.2f} USD by prices, counted at the "
        "new quantity"
    )


def _cost_title(found: Difference, words: tuple[str, str]) -> str:
    title = _capital(f"{words[1]} costs {against(found.change_usd, 'a month', words[0])}")
    # What leaves and what takes its place are two bars, but one part of the change.
    parts: dict[str, float] = {}
    for line in found.changes:
        what = line.component.replace("_", " ")
        said = what if line.role == "global" else f"{what} in the {line.role} region"
        parts[said] = parts.get(said, 0.0) + line.change_usd
    if not any(line.change_usd for line in found.changes):
        return f"{title}, line by line"
    most = max(parts, key=lambda said: math.copysign(1, found.change_usd) * parts[said])
    return f"{title}; largest part: {most}, {_signed_usd(round(parts[most], 2))} USD"


def _signed_usd(amount: float) -> str:
    return ("-" if amount < 0 else "+") + usd(abs(amount))


def _recovery_title(found: Difference, words: tuple[str, str]) -> str:
    change = found.rto_change_s
    if abs(change) < 1:
        mean_s = found.after.recovery.judged.rto.mean
        return _capital(f"{words[1]} recovers as fast as {words[0]}: in {span(mean_s)} on average")
    title = f"{words[1]} is back {span(abs(change))} {'sooner' if change < 0 else 'later'} than {words[0]} on average"
    most = max(found.steps, key=lambda step: math.copysign(1, change) * step.mean_change_s)
    return _capital(f"{title}; largest part: {most.step.replace('_', ' ')}, {signed(most.mean_change_s)}")


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _recovery_bars(found: Difference) -> list[_Bar]:
    """One bar for each step that differs; those too short to be seen beside the RTO together."""
    longest = max(option.recovery.judged.rto.mean for option in (found.before, found.after))
    least = max(1.0, _THIN * longest)
    bars = [
        _Bar(step.step.replace("_", " "), step.step, _faster(step.mean_change_s), step.mean_change_s)
        for step in found.steps
        if abs(step.mean_change_s) >= least
    ]
    rest = math.fsum(step.mean_change_s for step in found.steps if abs(step.mean_change_s) < least)
    if abs(rest) >= 1:
        bars.append(_Bar("other steps", "rest", _faster(rest), rest))
    return bars


def _faster(change_s: float) -> str:
    return BLUE if change_s < 0 else VERMILLION


def _cost_bars(found: Difference) -> list[_Bar]:
    """One bar for each component, role and effect, the largest first; the small ones together."""
    groups: dict[tuple[str, str, str], list[tuple[LineChange, str]]] = {}
    for line in found.changes:
        for effect, part in _effects(line):
            groups.setdefault((effect, line.component, line.role), []).append((line, part))
    bars = []
    for (effect, component, role), members in groups.items():
        amount = round(math.fsum(total_usd([line], part) for line, part in members), 2)
        if amount:
            what, where = component.replace("_", " "), "global" if role == "global" else f"{role} region"
            bars.append(_Bar(f"{what}, {where}", f"{effect}/{component}/{role}", _EFFECTS[effect][0], amount))
    bars.sort(key=lambda bar: -abs(bar.change))
    seen = sum(abs(bar.change) >= _SMALL * abs(bars[0].change) for bar in bars)
    kept = bars[: min(seen, _SHOWN)]
    rest = bars[len(kept) :]
    if len(rest) < 2:
        return bars
    amount = round(math.fsum(bar.change for bar in rest), 2)
    return [*kept, _Bar(count(len(rest), "smaller change"), "rest", _EFFECTS["rest"][0], amount)]


def _effects(line: LineChange) -> list[tuple[str, str]]:
    """The effects of one line, and the part of the change that is each one's."""
    if line.kind == "both":
        return [("price", "price_usd"), ("quantity", "quantity_usd")]
    return [(line.kind, "change_usd")]


def _rebuilt(found: Difference) -> str:
    """Why a mean may be far above what is typical: in a few draws both regions are lost."""
    rebuilt = next((step for step in found.steps if step.step == REBUILD), None)
    if rebuilt is None or abs(rebuilt.mean_change_s) >= 1 or rebuilt.mean_after_s < 1:
        return ""
    return f", and in few cases both regions are lost and rebuilt, {span(rebuilt.mean_after_s)} on average over all"


def _waterfall(
    axes: Any,
    bars: Sequence[_Bar],
    start: float,
    end: float,
    words: tuple[str, str],
    total: Any,
    change: Any,
) -> None:
    """Bars from one total down to the other, each beginning where the one above ended."""
    running = [start]
    for bar in bars:
        running.append(running[-1] + bar.change)
    low, high = min(*running, end), max(*running, end)
    cut = high - low < _SLIGHT * high
    floor = max(0.0, low - 0.6 * (high - low)) if cut and high > low else 0.0
    room = 0.22 * (high - floor)
    last = len(bars) + 1
    for row, amount, which in ((0, start, "before"), (last, end, "after")):
        axes.barh(row, amount - floor, 0.62, floor, color=SLATE, gid=which)
        beside(axes, amount, row, total(amount), fontsize=9, weight="bold")
        if floor:  # two white strokes: the bar begins further left
            for shift in (0.012, 0.020):
                x = floor + shift * (high + room - floor)
                wide = 0.003 * (high + room - floor)
                axes.plot([x - wide, x + wide], [row + 0.42, row - 0.42], color=PAPER, lw=2.5, zorder=5)
    for row, bar in enumerate(bars, start=1):
        at = running[row - 1]
        axes.barh(row, bar.change, 0.62, at, color=bar.colour, gid=bar.gid)
        axes.plot([at, at], [row - 0.69, row - 0.31], color=GREY, lw=0.9, zorder=1)
        beside(axes, max(at, at + bar.change), row, change(bar.change))
    axes.plot([end, end], [last - 0.69, last - 0.31], color=GREY, lw=0.9, zorder=1)
    name_rows(axes, [_capital(words[0]), *(bar.label for bar in bars), _capital(words[1])], (0, last))
    axes.set_xlim(floor, high + room)
