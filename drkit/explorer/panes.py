"""What the explorer shows of a comparison: figures in a row that are always there, and panes of which one is seen."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from drkit import figures
from drkit.figures.picture import SCREEN_DPI
from drkit.report import summary
from drkit.report.tables import Table
from drkit.topology.strategies import STRATEGY_NAMES
from drkit.words import asked, span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from drkit.choice.comparison import Comparison
    from drkit.figures import Picture
    from drkit.figures.palette import Theme


class Pane(NamedTuple):
    """One view of a comparison: a picture, and a table below it.

    Parameters
    ----------
    table
        HTML of the table.
    """

    title: str
    picture: Callable[[Comparison], Picture] | None
    table: Callable[[Comparison], str]


def _html(table: Table) -> str:
    return table._repr_html_()


def _sentences(table: Table) -> str:
    """A table whose last column holds sentences, which get room."""
    return f'<div class="drkit-sentences">{_html(table)}</div>'


def _differences(comparison: Comparison) -> Table:
    """What the choice changes about today, and what a decider must know about it."""
    topology = comparison.chosen.topology
    rows = [("changes today", change) for change in topology.changes] + [("note", note) for note in topology.notes]
    return Table(rows or [("changes today", "nothing in the primary region")], columns=["", "what"])


#: Columns that say why another strategy was not chosen.
_WHY = ["failover region", "USD a month", "meets RTO", "meets RPO", "why not"]

#: Every pane, in the order of its button; a new one is a line here.
PANES = (
    Pane("Frontier", figures.cost_against_rto, lambda c: _sentences(summary.choices(c))),
    Pane("RTO and RPO", figures.rto_rpo_distribution, lambda c: _html(summary.disruptions(c))),
    Pane("Map", figures.region_map, lambda c: _html(summary.failover_regions(c, refused=False))),
    Pane("Bill", figures.monthly_cost, lambda c: _html(summary.bill(c.chosen))),
    Pane("Architecture", figures.architecture, lambda c: _html(_differences(c))),
    Pane("Why not", None, lambda c: _sentences(summary.strategies(c)[_WHY]) + _html(summary.rejected(c))),
)


class Shown(NamedTuple):
    """One pane, drawn: HTML of its picture, empty where it has none, and of its table."""

    picture: str
    table: str


def drawn(pane: Pane, comparison: Comparison, theme: Theme = "light") -> Shown:
    """Draw a pane, its picture light or dark."""
    picture = image(pane.picture(comparison), theme) if pane.picture else ""
    return Shown(f'<div class="drkit-pane" data-title="{escape(pane.title)}">{picture}</div>', pane.table(comparison))


def image(picture: Picture, theme: Theme = "light") -> str:
    """A picture as HTML that loads nothing, with its finding for those who do not see it."""
    body = base64.b64encode(picture.png(theme)).decode()
    width = round(picture.get_size_inches()[0] * SCREEN_DPI)
    return (
        f'<img alt="{escape(picture.finding)}" width="{width}" style="max-width: 100%" '
        f'src="data:image/png;base64,{body}">'
    )


def headline(comparison: Comparison) -> str:
    """HTML of what is chosen, what it costs, and how long it is gone and what it loses; each figure with its name."""
    chosen, objectives = comparison.chosen, comparison.workload.objectives
    judged, topology = chosen.judgement, chosen.topology
    at = asked(objectives.probability)
    extra = chosen.bill.monthly_usd - comparison.today.bill.monthly_usd
    where = f"to {topology.failover_region}" if topology.failover else "no failover region"
    met = sum(option.meets_objectives for option in comparison.options)
    verdict = (
        f"the cheapest of {met} topologies that meet the objectives, out of {len(comparison.options)} possible ones"
        if chosen.meets_objectives
        else f"nothing meets all objectives; nearest, but {'; '.join(chosen.misses)}"
    )
    tiles = (
        ("Choice", STRATEGY_NAMES[topology.strategy], where),
        ("Monthly cost", f"{chosen.bill.monthly_usd:,.2f} USD", f"{extra:+,.2f} against today"),
        ("RTO", span(judged.rto_at_probability_s), f"at {at}; {span(judged.rto_p50_s)} typically"),
        ("RPO", span(judged.rpo_at_probability_s), f"of writes at {at}; {span(judged.rpo_p50_s)} typically"),
        (
            "Expected loss",
            f"{chosen.recovery.expected_yearly_loss_usd:,.0f} USD",
            f"a year, ± {chosen.recovery.expected_yearly_loss_error_usd:,.0f} by simulation",
        ),
    )
    cells = "".join(
        f'<div class="drkit-tile"><div class="drkit-name">{escape(name)}</div>'
        f'<div class="drkit-value">{escape(value)}</div><div class="drkit-note">{escape(note)}</div></div>'
        for name, value, note in tiles
    )
    state = "met" if chosen.meets_objectives else "missed"
    return (
        f'<div class="drkit-tiles">{cells}</div>'
        f'<div class="drkit-verdict drkit-{state}">Objectives {state}: {escape(verdict)}.</div>'
    )


def standing(comparison: Comparison, title: str, shown: Shown, settings: Iterable[tuple[str, str]]) -> str:
    """HTML of the last result, for a notebook that is read without a kernel.

    Parameters
    ----------
    title, shown
        The pane that was seen last.
    settings
        Label and value of the controls.
    """
    rows = "; ".join(f"{escape(label)} {escape(value)}" for label, value in settings)
    snapshot = comparison.catalog.snapshot
    return (
        f"<p><strong>{escape(comparison.workload.name)}</strong>, as it was explored last. {rows}.</p>"
        f"{headline(comparison)}<h4>{escape(title)}</h4>{shown.picture}{shown.table}"
        f"<p>Snapshot {snapshot.date} ({snapshot.digest[:12]}), seed {comparison.seed}, "
        f"{comparison.samples:,} draws.</p>"
    )
