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
from drkit.files.templates import template
from drkit.outputs import staged
from drkit.report import choice as choice_report
from drkit.report import recovery as recovery_report
from drkit.report import summary as report
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
    shown = _shown(comparison, date or calendar.today().isoformat())
    with staged(path.parent) as staging:
        (staging / path.name).write_text(_template().render(shown, unfolded=False), encoding="utf-8")
        if browser:
            printed = path.with_suffix(".pdf")
            try:
                pdf.print_page(_template().render(shown, unfolded=True), staging / printed.name, browser)
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
    return str(_template().render(_shown(comparison, date), unfolded=unfolded))


def _shown(comparison: Comparison, date: str) -> dict[str, object]:
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
    words = ["drkit report", name if name in bundled() else f"{name}.yaml"]
    words += [f"--seed {comparison.seed} --samples {comparison.samples}"]
    if snapshot.path != data_dir() / "snapshot":
        words.append(f"--snapshot {snapshot.path.name}")
    own: Any = snapshot.manifest.get("own_prices")
    if own:
        words.append(f"--prices {own['file']}")
    return " ".join(words)


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
    chosen, today, wanted = comparison.chosen, comparison.today, comparison.workload.objectives
    judged, at = chosen.judgement, asked(wanted.probability)
    extra = chosen.bill.monthly_usd - today.bill.monthly_usd
    budget = wanted.budget_usd_per_month
    unseen = 100 * chosen.bill.share_not_observed
    loss, was = chosen.recovery.expected_yearly_loss_usd, today.recovery.expected_yearly_loss_usd
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
            f"asked: {span(wanted.rto_s)}; typically {span(judged.rto_p50_s)}",
            "met" if judged.p_meets_rto >= wanted.probability else "missed",
            "simulated from published and assumed step times",
        ),
        Tile(
            f"Writes lost (RPO, {at})",
            lost(judged.rpo_at_probability_s).removesuffix(" of writes"),
            f"asked: {span(wanted.rpo_s)}; typically {lost(judged.rpo_p50_s).removesuffix(' of writes')}",
            "met" if judged.p_meets_rpo >= wanted.probability else "missed",
            "simulated from published and assumed lags",
        ),
        Tile(
            "Expected loss a year",
            f"{loss:,.0f} USD",
            f"today: {was:,.0f} USD",
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
    found = [f"{extra:,.2f} USD a month on top of today's {comparison.today.bill.monthly_usd:,.2f} USD."]
    if extra < 0:
        found = [f"A bill of {chosen.bill.monthly_usd:,.2f} USD a month, {-extra:,.2f} USD less than today's."]
    if chosen.bill.one_off_usd:
        found.append(f"{chosen.bill.one_off_usd:,.2f} USD once, for the first copy of the data.")
    found += [f"A change to what runs today: {change}." for change in chosen.topology.changes]
    found += [f"A risk that remains: it {miss}." for miss in chosen.misses]
    if not chosen.misses:
        judged = chosen.judgement
        found.append(
            f"A risk that remains: the RTO is missed in {_share(1 - judged.p_meets_rto)} of region losses and the RPO "
            f"in {_share(1 - judged.p_meets_rpo)}, by the simulation."
        )
    if chosen.topology.replicates_database:
        found.append("Replication is asynchronous and carries corrupted data along: backups stay necessary.")
    return found


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
    shown = {
        "choices": report.choices(comparison),
        "strategies": report.strategies(comparison),
        "bill": report.bill(chosen),
        "lines": _lines(chosen),
        "disruptions": report.disruptions(comparison),
        "ownership": recovery_report.ownership(comparison),
        "steps": recovery_report.steps(comparison),
        "rates": recovery_report.rates(comparison),
        "regions": report.failover_regions(comparison),
        "rejected": report.rejected(comparison),
        "others": _others(comparison),
        "assumptions": _assumptions(comparison),
        "ages": report.ages(chosen),
        "files": _files(comparison),
    }
    return {name: table._repr_html_() for name, table in shown.items()}


def _lines(option: Option) -> Table:
    """Every line of the bill with how its price and quantity are known."""
    frame: pd.DataFrame = option.bill.frame()
    columns = ["role", "region", "component", "item", "quantity", "unit", "unit_usd", "monthly_usd", "basis"]
    columns += ["as_of", "source", "assumption"]
    table = frame[columns].copy()
    table["quantity"] = table["quantity"].map("{:,.6g}".format)
    table["unit_usd"] = table["unit_usd"].map("{:.6g}".format)
    return Table(table.rename(columns=lambda name: name.replace("_", " ")))


def _others(comparison: Comparison) -> Table:
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
    told = {
        "answer": report.answer(comparison),
        "near": choice_report.near_optimal(comparison),
        "zero_loss": report.zero_loss(comparison),
        "year": recovery_report.answer(comparison),
        "least_total": recovery_report.least_total(comparison),
        "durations": recovery_report.durations(comparison),
        "error": recovery_report.error(comparison),
        "provenance": report.provenance(comparison),
    }
    import mistune

    render = mistune.create_markdown(plugins=["table"])
    return {name: str(render(str(text))) for name, text in told.items()}


def _template() -> Any:
    return template(Path(__file__).with_name("page.html.jinja"))
