"""One HTML file with the decision, its figures and their basis, the pictures, the bill, and what was rejected and why.

It holds everything that it shows: no request leaves the page, and a content policy in its head forbids any.
"""

from __future__ import annotations

import platform
import sys
import warnings
from datetime import date as calendar
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from drkit.errors import DrkitError, ParameterError
from drkit.files.bundled import data_dir
from drkit.files.staging import staged
from drkit.files.templates import template
from drkit.report import choice, recovery, summary
from drkit.report.decision import pdf
from drkit.report.tables import Table
from drkit.words import asked, lost, span
from drkit.workload.file import bundled

if TYPE_CHECKING:
    import pandas as pd

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option


class Tile(NamedTuple):
    """One figure of the first screen: what it is, the figure, what was asked or what it was before, and a verdict.

    ``verdict`` is ``met``, ``missed`` or empty where nothing was asked.
    """

    name: str
    figure: str
    beside: str
    verdict: str
    basis: str


def write_report(comparison: Comparison, path: str | Path, date: str = "", as_pdf: bool | None = None) -> list[Path]:
    """Write the report of a comparison.

    Parameters
    ----------
    comparison
        The answer for one workload.
    path
        The HTML file; the PDF gets the same name with ``.pdf``.
    date
        Day of the report, ISO 8601; today where empty.
    as_pdf
        Whether to print it to PDF too; None does where a browser is present.

    Returns
    -------
    list of Path
        The files written: the HTML, and the PDF where one was made.

    Raises
    ------
    ParameterError
        When the path does not end in ``.html``, or a PDF is asked for and no browser is present.
    DrkitError
        When the folder cannot be written, or a browser fails that was asked for; what was there before is untouched.

    Warns
    -----
    UserWarning
        When the browser fails that happened to be present; the HTML is written all the same.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ParameterError(f"the report is an HTML file, so {path.name!r} has to end in .html")
    browser = pdf.find_browser() if as_pdf is not False else None
    if as_pdf and browser is None:
        raise ParameterError(f"a PDF is printed by a browser, and none of {', '.join(pdf.BROWSERS)} is on the PATH")
    written = [path]
    context = _context(comparison, date or calendar.today().isoformat())
    with staged(path.parent) as staging:
        (staging / path.name).write_text(_template().render(context, unfolded=False), encoding="utf-8")
        if browser:
            printed = path.with_suffix(".pdf")
            try:
                pdf.print_page(_template().render(context, unfolded=True), staging / printed.name, browser)
                written.append(printed)
            except DrkitError as error:
                if as_pdf:
                    raise
                warnings.warn(str(error), stacklevel=2)
    return written


def html(comparison: Comparison, date: str, unfolded: bool = False) -> str:
    """The report as a page.

    Parameters
    ----------
    date
        Day of the report, ISO 8601.
    unfolded
        Whether what an auditor unfolds is open already, as for paper.
    """
    return str(_template().render(_context(comparison, date), unfolded=unfolded))


def _context(comparison: Comparison, date: str) -> dict[str, object]:
    """What the template is filled with."""
    versions = {name: version(name) for name in ("drkit", "numpy", "pandas", "scipy", "matplotlib")}
    return {
        "workload": comparison.workload,
        "comparison": comparison,
        "chosen": comparison.chosen,
        "date": date,
        "title": title(comparison),
        "tiles": tiles(comparison),
        "asked_for": asked_for(comparison),
        "pictures": _pictures(comparison),
        "tables": _tables(comparison),
        "texts": _texts(comparison),
        "command": command(comparison),
        "versions": versions | {"Python": platform.python_version(), "platform": sys.platform},
    }


def command(comparison: Comparison) -> str:
    """The command that makes the figures again, from the same workload file, snapshot and own prices."""
    name, snapshot = comparison.workload.name, comparison.catalog.snapshot
    parts = ["drkit report", name if name in bundled() else f"{name}.yaml"]
    parts += [f"--seed {comparison.seed} --samples {comparison.samples}"]
    if snapshot.path != data_dir() / "snapshot":
        parts.append(f"--snapshot {snapshot.path.name}")
    own: Any = snapshot.manifest.get("own_prices")
    if own:
        parts.append(f"--prices {own['file']}")
    return " ".join(parts)


def title(comparison: Comparison) -> str:
    """The decision in one sentence."""
    workload, chosen = comparison.workload, comparison.chosen
    topology = chosen.topology
    if not topology.failover:
        return f"{workload.name} cannot survive the loss of {workload.region} with what is allowed"
    from drkit.figures.picture import name

    way = name(chosen)
    means = f"{way[0].lower()}{way[1:]}" if not way.startswith("Active") else way
    does = f"survives the loss of {workload.region}" if chosen.meets_objectives else "comes nearest to its objectives"
    return f"{workload.name} {does} with {'' if means.startswith(('Active', 'backup')) else 'a '}{means}"


def tiles(comparison: Comparison) -> list[Tile]:
    """The figures that decide: cost, recovery, writes lost, expected loss."""
    chosen, today, objectives = comparison.chosen, comparison.today, comparison.workload.objectives
    judged, at = chosen.judgement, asked(objectives.probability)
    extra = chosen.bill.monthly_usd - today.bill.monthly_usd
    budget = objectives.budget_usd_per_month
    unseen = 100 * chosen.bill.share_not_observed
    loss, loss_today = chosen.recovery.expected_yearly_loss_usd, today.recovery.expected_yearly_loss_usd
    return [
        Tile(
            "Cost a month",
            f"{chosen.bill.monthly_usd:,.0f} USD",
            f"{extra:+,.0f} USD against today" + (f"; budget {budget:,.0f} USD" if budget else ""),
            "" if budget is None else "met" if chosen.bill.monthly_usd <= budget else "missed",
            "every price observed" if not unseen else f"{unseen:.0f} % at prices not observed",
        ),
        Tile(
            f"Service is back (RTO, {at})",
            span(judged.rto_at_probability_s),
            f"asked: {span(objectives.rto_s)}; typically {span(judged.rto_p50_s)}",
            "met" if judged.p_meets_rto >= objectives.probability else "missed",
            "simulated from published and assumed step times",
        ),
        Tile(
            f"Writes lost (RPO, {at})",
            lost(judged.rpo_at_probability_s).removesuffix(" of writes"),
            f"asked: {span(objectives.rpo_s)}; typically {lost(judged.rpo_p50_s).removesuffix(' of writes')}",
            "met" if judged.p_meets_rpo >= objectives.probability else "missed",
            "simulated from published and assumed lags",
        ),
        Tile(
            "Expected loss a year",
            f"{loss:,.0f} USD",
            f"today: {loss_today:,.0f} USD",
            "",
            "rates fitted from past outages; cost of an outage from the workload file",
        ),
    ]


def asked_for(comparison: Comparison) -> list[str]:
    """What whoever approves the decision approves, in sentences."""
    chosen = comparison.chosen
    extra = chosen.bill.monthly_usd - comparison.today.bill.monthly_usd
    if not chosen.topology.failover:
        return [f"Nothing to approve: {'; '.join(chosen.misses) or 'today is kept'}."]
    sentences = [f"{extra:,.2f} USD a month on top of today's {comparison.today.bill.monthly_usd:,.2f} USD."]
    if extra < 0:
        sentences = [f"A bill of {chosen.bill.monthly_usd:,.2f} USD a month, {-extra:,.2f} USD less than today's."]
    if chosen.bill.one_off_usd:
        sentences.append(f"{chosen.bill.one_off_usd:,.2f} USD once, for the first copy of the data.")
    sentences += [f"A change to what runs today: {change}." for change in chosen.topology.changes]
    sentences += [f"A risk that remains: it {miss}." for miss in chosen.misses]
    if not chosen.misses:
        judged = chosen.judgement
        sentences.append(
            f"A risk that remains: the RTO is missed in {_share(1 - judged.p_meets_rto)} of region losses and the RPO "
            f"in {_share(1 - judged.p_meets_rpo)}, by the simulation."
        )
    if chosen.topology.replicates_database:
        sentences.append("Replication is asynchronous and carries corrupted data along: backups stay necessary.")
    return sentences


def _share(part: float) -> str:
    return "under 0.1 %" if part < 0.001 else f"{100 * part:.1f} %"


def _pictures(comparison: Comparison) -> dict[str, str]:
    from drkit import figures

    drawn = {
        "architecture": figures.architecture(comparison),
        "tradeoff": figures.cost_against_rto(comparison),
        "cost": figures.monthly_cost(comparison),
        "difference": figures.cost_difference(comparison),
        "recovery": figures.recovery_waterfall(comparison),
        "loss": figures.yearly_loss(comparison),
        "map": figures.region_map(comparison),
    }
    return {name: picture.svg() for name, picture in drawn.items()}


def _tables(comparison: Comparison) -> dict[str, str]:
    chosen = comparison.chosen
    tables = {
        "choices": summary.choices(comparison),
        "strategies": summary.strategies(comparison),
        "bill": summary.bill(chosen),
        "lines": _lines(chosen),
        "disruptions": summary.disruptions(comparison),
        "ownership": recovery.ownership(comparison),
        "steps": recovery.steps(comparison),
        "rates": recovery.rates(comparison),
        "regions": summary.failover_regions(comparison),
        "rejected": summary.rejected(comparison),
        "others": _not_chosen(comparison),
        "assumptions": _assumptions(comparison),
        "ages": summary.ages(chosen),
        "files": _files(comparison),
    }
    return {name: table._repr_html_() for name, table in tables.items()}


def _lines(option: Option) -> Table:
    """Every line of the bill with how its price and quantity are known."""
    frame: pd.DataFrame = option.bill.frame()
    columns = ["role", "region", "component", "item", "quantity", "unit", "unit_usd", "monthly_usd", "basis"]
    columns += ["as_of", "source", "assumption"]
    table = frame[columns].copy()
    table["quantity"] = table["quantity"].map("{:,.6g}".format)
    table["unit_usd"] = table["unit_usd"].map("{:.6g}".format)
    return Table(table.rename(columns=lambda name: name.replace("_", " ")))


def _not_chosen(comparison: Comparison) -> Table:
    """Every topology but the choice, and the sentence why not."""
    frame = comparison.frame()
    frame = frame[~frame["chosen"].eq(True)]
    priced = frame["monthly_usd"].notna()
    impossible = "not possible: " + frame["rejected_because"].astype(str)
    return Table(
        {
            "topology": frame["topology_id"],
            "USD a month": frame["monthly_usd"].map("{:,.2f}".format).where(priced, ""),
            "RTO 95 %": frame["rto_p95_s"].map(span, na_action="ignore").where(priced, ""),
            "RPO 95 %": frame["rpo_p95_s"].map(span, na_action="ignore").where(priced, ""),
            "why not": frame["not_chosen_because"].where(priced, impossible),
        }
    ).reset_index(drop=True)


def _assumptions(comparison: Comparison) -> Table:
    """Every uncertain figure that bill or recovery may rest on, with where it comes from."""
    frame = comparison.assumptions.frame()
    for column in ("low", "typical", "high"):
        frame[column] = frame[column].map("{:,.6g}".format)
    return Table(frame)


def _files(comparison: Comparison) -> Table:
    files: Any = comparison.catalog.snapshot.manifest["files"]
    rows = [(name, files[name]["rows"], files[name]["sha256"]) for name in sorted(files)]
    return Table(rows, columns=["file", "rows", "SHA-256"])


def _texts(comparison: Comparison) -> dict[str, str]:
    texts = {
        "answer": summary.answer(comparison),
        "near": choice.near_optimal(comparison),
        "zero_loss": summary.zero_loss(comparison),
        "year": recovery.answer(comparison),
        "least_total": recovery.least_total(comparison),
        "durations": recovery.durations(comparison),
        "error": recovery.error(comparison),
        "provenance": summary.provenance(comparison),
    }
    import mistune

    render = mistune.create_markdown(plugins=["table"])
    return {name: str(render(str(text))) for name, text in texts.items()}


def _template() -> Any:
    return template(Path(__file__).with_name("page.html.jinja"))
