"""What drives RTO, RPO and total cost: a tornado, with Sobol's indices beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from drkit.choice import sensitivity
from drkit.figures.axes import beside, linear_time, name_rows
from drkit.figures.palette import BLUE, INK, ORANGE, styled
from drkit.figures.picture import Picture, legend_below, name, percent, picture

if TYPE_CHECKING:
    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.choice.sensitivity import Sensitivity

_OUTPUT = {"rto_s": "RTO", "rpo_s": "RPO", "total_usd": "total cost"}
#: Inputs with a row of their own.
_SHOWN = 8


@styled()
def tornado(comparison: Comparison, known: Sensitivity | None = None, option: Option | None = None) -> Picture:
    """How far RTO [s], RPO [s] and total cost [USD/year] move when one input goes from its 5 to its 95 % value.

    Parameters
    ----------
    known
        A sensitivity analysis of this comparison; made when missing.
    option
        The topology to show; the choice by default.

    Returns
    -------
    Picture
        Three panels, each with the inputs that move it most; the number at a bar is Sobol's total index, the part of
        the variance that the input has a hand in.
    """
    found = known or sensitivity.analyse(comparison, option)
    figure = picture(
        _title(found),
        comparison.catalog.snapshot,
        f"{name(found.option)}; each bar: one input from its 5 % to its 95 % value, all others at their median; at its "
        "end Sobol's total index",
        f"{len(found.tornado)} uncertain inputs, the bill's among them; {found.evaluations:,} "
        "evaluations; an index below 2 % may be noise. "
        "Inputs: published, assumed, or the workload file's own",
        height_in=4.6,
    )
    for axes, output in zip(figure.subplots(1, len(_OUTPUT)), _OUTPUT, strict=True):
        _bars(axes, found, output)
    handles = [
        Patch(facecolor=BLUE, label="input at its low end"),
        Patch(facecolor=ORANGE, label="input at its high end"),
        Line2D([], [], color=INK, lw=1.2, label="all inputs at their median"),
    ]
    legend_below(figure, handles)
    return figure


def _bars(axes: Any, found: Sensitivity, output: str) -> None:
    table = found.tornado
    swing = (table[f"{output}_high"] - table[f"{output}_low"]).abs()
    table = table.loc[swing.sort_values(ascending=False, kind="stable").index][:_SHOWN]
    table = table[(table[f"{output}_high"] - table[f"{output}_low"]).abs() > 0]
    indices = found.sobol[found.sobol["output"] == output].set_index("input")["total"].to_dict()
    axes.set_title(_OUTPUT[output], fontsize=10, loc="left")
    if table.empty:
        axes.set(yticks=[], xticks=[])
        axes.grid(visible=False)
        axes.text(0.5, 0.5, "no input moves it", ha="center", va="center", transform=axes.transAxes)
        return
    rest = found.tornado
    unmoved = rest.loc[(rest[f"{output}_high"] == rest[f"{output}_low"])]
    middle = (
        float(unmoved[f"{output}_low"].iloc[0])
        if len(unmoved)
        else float(np.median(np.r_[table[f"{output}_low"], table[f"{output}_high"]]))
    )
    ends = [middle]
    for row, one in enumerate(table.to_dict("records")):
        low, high = float(one[f"{output}_low"]), float(one[f"{output}_high"])
        axes.barh(row, low - middle, 0.6, middle, color=BLUE, gid=f"{one['input']}.low")
        axes.barh(row, high - middle, 0.6, middle, color=ORANGE, gid=f"{one['input']}.high")
        ends += [low, high]
        share = indices.get(one["input"], 0.0)
        told = "" if share < 0.02 else percent(round(min(share, 1.0), 2))
        beside(axes, max(low, high), row, told)
    axes.axvline(middle, color=INK, lw=1.2, zorder=4)
    name_rows(axes, [words(one) for one in table["input"]], fontsize=8)
    room = (max(ends) - min(ends)) * 0.16
    low, high = max(0.0, min(ends) - room / 3), max(ends) + room
    if output != "total_usd":
        unit = linear_time(axes.xaxis, high, 5, low)
        axes.set_xlabel(f"{_OUTPUT[output]} [{unit}]")
    else:
        axes.set_xlim(low, high)
        axes.xaxis.set_major_locator(MaxNLocator(3))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v / 1000:,g}k" if v >= 1000 else f"{v:g}"))
        axes.set_xlabel("total cost [USD a year]")


def words(figure: str) -> str:
    """The name of an input as people read it: ``rate.region_loss`` is ``rate: region loss``.

    Of a quantity's place in the workload file the last part is told, and whose it is in a list:
    ``workload.buckets.uploads.storage_gib`` is ``uploads storage``.
    """
    plain = figure.removeprefix("workload.")
    place = plain.split(".")
    plain = f"rate: {place[1]}" if place[0] == "rate" else " ".join(place[1:] or place)
    for unit in ("_per_hour", "_per_year", "_s_per_gib", "_usd", "_gib", "_s"):
        plain = plain.removesuffix(unit) if unit != "_per_hour" else plain.replace("_usd_per_hour", " cost")
    return plain.replace("_", " ")


def _title(found: Sensitivity) -> str:
    parts = []
    for output, said in _OUTPUT.items():
        swing = (found.tornado[f"{output}_high"] - found.tornado[f"{output}_low"]).abs()
        if swing.max() > 0:
            row = found.tornado.iloc[int(swing.to_numpy().argmax())]
            parts.append(f"{words(str(row['input']))} drives {said}")
    changing = [words(one) for one in _first_by_index(found)]
    if not changing:
        told = "no single input, measured better, changes the choice"
    else:
        told = f"measuring {' or '.join(changing[:2])} better could change the choice"
    title = "; ".join([", ".join(parts), told] if parts else [told])
    return title[0].upper() + title[1:]


def _first_by_index(found: Sensitivity) -> list[str]:
    """Inputs that would change the choice, first the one that has the largest hand in the RTO or the RPO."""
    judged = found.sobol[found.sobol["output"] != "total_usd"]
    hand = judged.groupby("input")["total"].max().to_dict()
    return sorted(found.changing(), key=lambda name: (-hand.get(name, 0.0), name))
