"""The page of a batch: totals, the picture, what changed since the last batch, and a link to every report."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from drkit.batch.folder import read_record, run_folder, runs_there
from drkit.batch.run import DONE, target_name
from drkit.figures import portfolio as pictures
from drkit.files.templates import template
from drkit.files.versions import __version__
from drkit.topology.strategies import STRATEGY_NAMES
from drkit.words import span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drkit.batch.flips import Changes
    from drkit.batch.outcome import Batch
    from drkit.batch.planning import Plan
    from drkit.batch.run import RunSpec


def files(plan: Plan, batch: Batch, changes: Changes, last: Mapping[str, Mapping[str, Any]]) -> dict[str, str | bytes]:
    """``index.html``, which holds all it shows, and ``portfolio.png`` where the runs have a choice.

    Parameters
    ----------
    plan, batch
        What was to run, and how it ended.
    changes, last
        Against the last batch; empty when there was none.
    """
    made: dict[str, str | bytes] = {}
    chosen = [record["figures"] for record in batch.records.values() if "topology_id" in record.get("figures", {})]
    picture = None
    if chosen:
        drawn, shown = pictures.portfolio(chosen)._repr_png_()
        made["portfolio.png"] = drawn
        picture = {"alt": shown["alt"], "source": base64.b64encode(drawn).decode()}
    made["index.html"] = str(
        template(Path(__file__).with_name("index.html.jinja")).render(
            portfolio=plan.portfolio,
            version=__version__,
            date=datetime.now(UTC).date().isoformat(),
            tiles=_tiles(plan, batch, chosen),
            picture=picture,
            changes=changes,
            first=not last,
            rows=[_row(planned.spec, batch) for planned in plan.runs],
            axes=list(dict.fromkeys(axis for planned in plan.runs for axis in planned.spec.axes)),
            skipped=plan.skipped,
            left=_left(plan, batch),
            strategies=STRATEGY_NAMES,
        )
    )
    return made


def _tiles(plan: Plan, batch: Batch, chosen: list[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Totals: what, the figure, and a word beside it."""
    done = sum(record["status"] == DONE for record in batch.records.values())
    tiles = [("Runs with a result", f"{done} of {len(plan.runs)}", f"{len(batch.failed)} failed")]
    if chosen:
        met = sum(bool(figures["meets_objectives"]) for figures in chosen)
        cost, extra = (sum(figures[key] for figures in chosen) for key in ("monthly_usd", "extra_monthly_usd"))
        each = "each scenario counts"
        loss = sum(figures["expected_yearly_loss_usd"] for figures in chosen)
        tiles += [
            ("Choices that meet their objectives", f"{met} of {len(chosen)}", ""),
            ("Monthly cost of all choices", f"{cost:,.0f} USD", f"{extra:+,.0f} USD against today; {each}"),
            ("Expected yearly loss", f"{loss:,.0f} USD", each),
        ]
    return tiles


def _row(spec: RunSpec, batch: Batch) -> dict[str, Any]:
    record = batch.records.get(spec.name, {})
    figures = record.get("figures", {})
    folder = f"runs/{quote(spec.name)}"
    status = record.get("status", "not run")
    page = f"{folder}/{quote(target_name(spec.notebook_name))}"
    report = page.removesuffix(".ipynb") + ".html" if status == DONE else ""
    return {
        "name": spec.name,
        "axes": spec.axes,
        "status": status,
        "error": record.get("error", ""),
        "report": report,
        "notebook": page
        if record and (batch.folder / "runs" / spec.name / target_name(spec.notebook_name)).is_file()
        else "",
        "log": f"{folder}/run.log" if (batch.folder / "runs" / spec.name / "run.log").is_file() else "",
        "choice": STRATEGY_NAMES.get(figures.get("strategy", ""), ""),
        "where": figures.get("failover_region") or "",
        "monthly": f"{figures['monthly_usd']:,.2f}" if figures else "",
        "extra": f"{figures['extra_monthly_usd']:+,.2f}" if figures else "",
        "rto": span(_time(figures["rto_at_probability_s"])) if figures else "",
        "rpo": span(_time(figures["rpo_at_probability_s"])) if figures else "",
        "met": figures.get("meets_objectives"),
        "misses": "; ".join(figures.get("misses", ())),
    }


def _left(plan: Plan, batch: Batch) -> list[dict[str, str]]:
    """Runs of portfolios before this one, whose folders are still there: when each ended, and its report."""
    rows = []
    for name in sorted({*runs_there(batch.folder)} - {planned.spec.name for planned in plan.runs}):
        folder = run_folder(batch.folder, name)
        record = read_record(folder) or {}
        report = next(iter(sorted(path.name for path in folder.glob("*.html"))), "")
        rows.append(
            {
                "name": name,
                "status": record.get("status", "not known"),
                "day": record.get("started", "")[:10],
                "report": f"runs/{quote(name)}/{quote(report)}" if report else "",
            }
        )
    return rows


def _time(value: Any) -> float:
    return float("inf") if value == "everything" else float(value)
