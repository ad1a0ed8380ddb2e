"""Pairs of regions as a heat map: what the best topology of each costs, or how fast it is back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from matplotlib.patches import Rectangle

from drkit.errors import ParameterError
from drkit.figures.palette import ALWAYS_DARK, ALWAYS_LIGHT, BAND, PAPER, SLATE, VERMILLION, contrast, heat, styled
from drkit.figures.picture import Picture, basis_note, name, picture, usd
from drkit.topology.strategies import STRATEGIES, STRATEGY_NAMES
from drkit.words import asked, count, span

if TYPE_CHECKING:
    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option

Measure = Literal["monthly_usd", "rto_s", "expected_yearly_loss_usd"]

_MEASURES: dict[str, tuple[str, str]] = {
    "monthly_usd": ("monthly cost", "USD a month"),
    "rto_s": ("RTO", ""),
    "expected_yearly_loss_usd": ("expected yearly loss", "USD a year"),
}
_ROW_IN = 0.235


class _Cell(NamedTuple):
    """What a pair gives: the best option there, or why there is none."""

    option: Option | None
    refused: str = ""


@styled()
def region_pairs(comparison: Comparison | Sequence[Comparison], measure: Measure = "monthly_usd") -> Picture:
    """The best topology of each pair of regions as colour and number.

    Parameters
    ----------
    comparison
        One comparison: a row for each failover region, a column for each strategy. Several of the same workload in
        different primary regions: a row for each failover region, a column for each primary.
    measure
        ``monthly_usd`` [USD/month], ``rto_s`` [s] at the asked probability, or ``expected_yearly_loss_usd`` [USD/year].

    Returns
    -------
    Picture
        Bold numbers meet the objectives, the choice is framed, and a pair that is refused says so.

    Raises
    ------
    ParameterError
        When there is no such measure, or nothing to compare.
    """
    if measure not in _MEASURES:
        raise ParameterError(f"measure is {measure!r}: it is one of {', '.join(_MEASURES)}")
    many = [comparison] if not isinstance(comparison, Sequence) else list(comparison)
    if not many:
        raise ParameterError("nothing to compare: give one comparison, or one for each primary region")
    first = many[0]
    columns, cells = _by_strategy(first) if len(many) == 1 else _by_primary(many)
    rows = sorted(
        {row for row, _ in cells if any((found := cells.get((row, c))) and found.option for c in columns)},
        # Regions at one price stand in the order of their names, not in that of a set.
        key=lambda row: (min(_value(cell, measure) for (r, _), cell in cells.items() if r == row and cell.option), row),
    )
    gone = sorted({row for row, _ in cells} - set(rows))
    shown = [cell.option for (row, _), cell in cells.items() if row in rows and cell.option]
    figure = picture(
        _title(many, measure, shown),
        first.catalog.snapshot,
        _subtitle(many, measure, gone),
        f"{basis_note(option.bill for option in shown)}. Bold: meets the objectives; framed: the choice"
        if shown
        else "",
        height_in=1.75 + _ROW_IN * (max(len(rows), 1) + 1),
    )
    axes = figure.add_subplot()
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(max(len(rows), 1) - 0.5, -0.5))
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.set_xticks(range(len(columns)), [STRATEGY_NAMES.get(column, column) for column in columns], fontsize=9)
    axes.set_yticks(range(len(rows)), [_place(first, row) for row in rows], fontsize=8.5)
    if len(many) > 1:
        axes.set_ylabel("failover region")
        axes.set_title("primary region", fontsize=10, loc="left")
    values = [_value(cell, measure) for (row, _), cell in cells.items() if row in rows and cell.option]
    choices = [one.chosen for one in many]
    for at, row in enumerate(rows):
        for column, key in enumerate(columns):
            _cell(axes, column, at, f"{row}/{key}", cells.get((row, key)), measure, values, choices)
    return figure


def _by_strategy(comparison: Comparison) -> tuple[list[str], dict[tuple[str, str], _Cell]]:
    wanted = comparison.workload.objectives.strategies or STRATEGIES
    columns = [strategy for strategy in STRATEGIES[1:] if strategy in wanted]
    return list(columns), _cells(comparison, lambda topology: topology.strategy)


def _by_primary(many: Sequence[Comparison]) -> tuple[list[str], dict[tuple[str, str], _Cell]]:
    cells: dict[tuple[str, str], _Cell] = {}
    for comparison in many:
        cells |= _cells(comparison, lambda topology: topology.primary_region)
    return [comparison.workload.region for comparison in many], cells


def _cells(comparison: Comparison, column: Any) -> dict[tuple[str, str], _Cell]:
    options: dict[tuple[str, str], list[Option]] = {}
    for option in comparison.options:
        if option.topology.failover:
            options.setdefault((option.topology.failover_region, column(option.topology)), []).append(option)
    cells = {(t.failover_region, column(t)): _Cell(None, t.rejected_because) for t in comparison.rejected if t.failover}
    return cells | {key: _Cell(comparison.best_in(some)) for key, some in options.items()}


def _value(cell: _Cell, measure: Measure) -> float:
    assert cell.option
    if measure == "rto_s":
        return cell.option.judgement.rto_at_probability_s
    if measure == "monthly_usd":
        return cell.option.bill.monthly_usd
    return cell.option.recovery.expected_yearly_loss_usd


def _cell(
    axes: Any,
    x: int,
    y: int,
    gid: str,
    cell: _Cell | None,
    measure: Measure,
    values: Sequence[float],
    choices: Sequence[Option],
) -> None:
    centre = (x - 0.5, y - 0.5)
    if cell is None or cell.option is None:
        words = "refused" if cell else "" if gid.split("/")[0] != gid.split("/")[1] else "itself"
        axes.add_artist(Rectangle(centre, 1, 1, facecolor=BAND, edgecolor=PAPER, linewidth=1.5, gid=gid))
        axes.text(x, y, words, fontsize=8, style="italic", color=SLATE, ha="center", va="center", gid="refused")
        return
    value = _value(cell, measure)
    colour = heat(value, values)
    axes.add_artist(Rectangle(centre, 1, 1, facecolor=colour, edgecolor=PAPER, linewidth=1.5, gid=gid))
    words = span(value) if measure == "rto_s" else usd(value)
    weight = "bold" if cell.option.meets_objectives else "normal"
    ink = max((ALWAYS_DARK, ALWAYS_LIGHT), key=lambda shade: contrast(shade, colour))
    axes.text(x, y, words, fontsize=8.5, weight=weight, color=ink, ha="center", va="center", gid="value")
    if any(cell.option is choice for choice in choices):
        frame = Rectangle((x - 0.47, y - 0.42), 0.94, 0.84, fill=False, edgecolor=VERMILLION, linewidth=2.2, zorder=5)
        frame.set_gid("chosen")
        axes.add_artist(frame)


def _place(comparison: Comparison, code: str) -> str:
    return f"{code}  {comparison.catalog.regions[code].city}"


def _title(many: Sequence[Comparison], measure: Measure, shown: Sequence[Option]) -> str:
    what, unit = _MEASURES[measure]
    if not shown:
        return f"No region can be the failover region of {many[0].workload.region}"
    meeting = [option for option in shown if option.meets_objectives]
    best = min(meeting or shown, key=lambda o: (_value(_Cell(o), measure), *many[0].order(o)))
    value = _value(_Cell(best), measure)
    words = span(value) if measure == "rto_s" else f"{usd(value)} {unit}"
    where = f" from {best.topology.primary_region}" if len(many) > 1 else ""
    told = f"{len(meeting) or 'None'} of {len(shown)} pairs {'meet' if len(meeting) > 1 else 'meets'} the objectives"
    return f"{told}; {name(best)}{where} has the lowest {what}{' of them' if meeting else ''}, {words}"


def _subtitle(many: Sequence[Comparison], measure: Measure, gone: Sequence[str]) -> str:
    first = many[0]
    what, unit = _MEASURES[measure]
    pair = "region and strategy" if len(many) == 1 else "primary and failover region"
    said = f"{first.workload.name}: {what} of the best topology for each {pair}"
    said += f", at {asked(first.workload.objectives.probability)}" if measure == "rto_s" else f" [{unit}]"
    if gone:
        said += f"; {count(len(gone), 'more region')} refused in every column"
    return said
