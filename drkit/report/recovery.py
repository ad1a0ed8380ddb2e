"""What notebooks say about recovery in words and tables: years, waiting, drivers, classes, and the error of it all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from drkit.choice import ownership as ownership_module
from drkit.choice import waiting
from drkit.choice.replay import REGION
from drkit.choice.well_architected import verdicts
from drkit.facts.assumptions import Assumptions, Figure
from drkit.recovery import disruptions
from drkit.recovery.calibration import calibrate, read
from drkit.recovery.model import step_kinds
from drkit.recovery.planner import largest_image
from drkit.report.tables import Markdown, Table
from drkit.topology.strategies import STRATEGY_NAMES
from drkit.words import span

if TYPE_CHECKING:
    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.choice.replay import Replay
    from drkit.choice.sensitivity import Sensitivity
    from drkit.facts.catalog import Catalog
    from drkit.figures import Picture
    from drkit.workload.model import Workload


def answer(comparison: Comparison, option: Option | None = None) -> Markdown:
    """A year of one option in a paragraph: downtime, lost writes, loss, availability, and when to fail over."""
    option = option or comparison.chosen
    recovery, parts = option.recovery, ownership_module.ownership(comparison, option)
    yearly = recovery.yearly
    policy = waiting.evaluate(comparison, option) if option.topology.failover else None
    text = (
        f"**A year with it.** {span(3600 * recovery.downtime_h)} without service and "
        f"{span(3600 * recovery.lost_writes_h)} of writes lost are to be expected, which cost "
        f"**{parts.loss_usd:,.0f} USD** (± {recovery.expected_yearly_loss_error_usd:,.0f} by simulation; nine "
        f"years in ten between {yearly.loss_usd.p05:,.0f} and {yearly.loss_usd.p95:,.0f} USD). Availability is "
        f"{100 * yearly.availability:.3f} %, {yearly.nines:.1f} nines. A year passes without missing the RTO with "
        f"{100 * yearly.p_meets_rto:.0f} %, without missing the RPO with {100 * yearly.p_meets_rpo:.0f} %, every "
        f"unplanned disruption counted. With its bill, failovers and rehearsals it costs "
        f"**{parts.total_usd:,.0f} USD a year**."
    )
    needed = {step.name: step_kinds()[step.name].control_planes for step in recovery.judged.steps}
    if blocked := [step.replace("_", " ") for step, planes in needed.items() if planes]:
        text += (
            f" Its failover can be blocked from any region: {', '.join(blocked)} "
            f"{'needs' if len(blocked) == 1 else 'need'} control planes that lie in {REGION}."
        )
    simulator = comparison.simulator()
    if together := len(simulator.lost_together(option.topology)):
        apart = comparison.catalog.regions.distance_km(option.topology.primary_region, option.topology.failover_region)
        text += (
            f" {option.topology.failover_region} lies {apart:,.0f} km from {option.topology.primary_region}: in "
            f"{100 * together / simulator.samples:.1f} % of the losses both regions are lost, and everything with them."
        )
    if policy:
        gain = policy.loss_usd[0] - policy.loss_usd[policy.best]
        text += (
            " When the region is impaired, failing over as soon as people decide loses least."
            if policy.best_wait_s == 0
            else f" When the region is impaired, waiting {span(policy.best_wait_s)} for it to come back loses least, "
            f"{gain:,.0f} USD a year less than failing over at once; if it is lost, "
            f"service is then back after {span(policy.rto_p95_s[policy.best])} (95 %) and not after "
            f"{span(policy.rto_p95_s[0])}."
        )
    return Markdown(text)


def steps(comparison: Comparison, option: Option | None = None) -> Table:
    """Every figure behind every step after the loss of the region: its distribution, and how it is known."""
    option, workload = option or comparison.chosen, comparison.workload
    own = {
        "workload.detection_s": workload.operations.detection_s,
        "workload.decision_s": workload.operations.decision_s,
        "workload.storage_gib": workload.database and workload.database.storage_gib,
        "workload.image_gib": largest_image(workload),
    }
    rows = []
    for step in option.recovery.judged.steps:
        kind = step_kinds()[step.name]
        for name in step.figures:
            quantity = own.get(name) or comparison.assumptions[name]
            figure = quantity if isinstance(quantity, Figure) else None
            rows.append(
                {
                    "step": step.name.replace("_", " "),
                    "Region switch block": kind.region_switch_block,
                    "figure": name,
                    "low": _figure(quantity.low),
                    "typical": _figure(quantity.typical),
                    "high": _figure(quantity.high),
                    "distribution": quantity.distribution or "triangular",
                    "source": figure.source if figure else "workload file",
                    "known by": figure.basis if figure else "observed:user",
                    "needs of us-east-1": ", ".join(kind.control_planes).replace("_", " "),
                }
            )
    return Table(pd.DataFrame(rows))


def rates(comparison: Comparison) -> Table:
    """How often each disruption strikes, with its 90 % interval, and how that is known."""
    frame = disruptions.Disruptions(comparison.workload, comparison.catalog, comparison.assumptions).frame()
    rate = frame.apply(lambda row: f"{_figure(row.low_per_year)} to {_figure(row.high_per_year)}", axis=1)
    return Table(
        {
            "disruption": frame["disruption"],
            "region group": frame["region_group"],
            "events": frame["events"],
            "region-years": frame["region_years"],
            "a year": frame["per_year"].map(_figure),
            "90 % interval, or low to high": rate,
            "hits this workload": frame["hits_workload"].map("{:.0%}".format),
            "known by": frame["basis"],
        }
    )


def durations(comparison: Comparison) -> Markdown:
    """How long an impairment lasts, and what the status page says beside it."""
    if own := comparison.assumptions.own.get(disruptions.DURATION):
        rates = disruptions.Disruptions(comparison.workload, comparison.catalog, comparison.assumptions)
        return Markdown(
            f"An impairment lasts {own.low:g} to {own.high:g} h, typically {own.typical:g} h ({rates.duration_basis})."
        )
    fit = disruptions.durations("region_impairment")
    low, high = fit.interval_of_median()
    zone = disruptions.durations("az_failure")
    page = disruptions.status_page().set_index("region_group")
    group = comparison.workload.region if comparison.workload.region in page.index else "other"
    status = {name: float(page[name].loc[group]) for name in ("typical_per_year", "median_h")}
    return Markdown(
        f"Impairments of a region last {span(3600 * fit.median_h)} in the middle (90 % interval {span(3600 * low)} to "
        f"{span(3600 * high)}, {fit.exact} outages seen to their end, all regions together), one in twenty longer than "
        f"{span(3600 * float(fit.quantile(0.95)))}. Failures of a zone: {zone.exact} seen to their end and "
        f"{zone.censored} only to a lower bound, which counts as one; they are counted by region, "
        "and the writer's zone is one of the region's. Lost regions have not come back: nothing is fitted to that. "
        "The two of 2026 were lost in one war and are one event in the rate; how often a neighbour is lost too is "
        "assumed (`neighbour_lost_too`). The hour of 2021-12-15 is in the durations and not in the rates, which count "
        "what AWS itself has summarized. For comparison, AWS's status page of 2018 to 2020 shows "
        f"{status['typical_per_year']:.1f} events a year in one region of the group `{group}`, most of them smaller, "
        "half of them shorter than "
        f"{span(3600 * status['median_h'])}."
    )


def ownership(comparison: Comparison) -> Table:
    """The best of each strategy: total cost of ownership, and what years bring (5 to 95 %)."""
    frame = ownership_module.frame(comparison)
    money = {
        "bill": "bill_usd",
        "expected loss": "loss_usd",
        "failovers": "failovers_usd",
        "rehearsals": "rehearsals_usd",
        "total": "total_usd",
    }
    table = {"strategy": [STRATEGY_NAMES[name] for name in frame["strategy"]]}
    table |= {f"{heading}, USD a year": [f"{v:,.0f}" for v in frame[column]] for heading, column in money.items()}
    table["loss ± by simulation"] = [f"{v:,.0f}" for v in frame["loss_error_usd"]]
    for heading, column in (
        ("loss USD", "loss_{}_usd"),
        ("downtime h", "downtime_{}_h"),
        ("lost h", "lost_writes_{}_h"),
    ):
        low, high = frame[column.format("p05")], frame[column.format("p95")]
        table[f"{heading}, 5 to 95 % of years"] = [
            f"{a:,.{0 if 'USD' in heading else 1}f} to {b:,.{0 if 'USD' in heading else 1}f}"
            for a, b in zip(low, high, strict=True)
        ]
    table["downtime ± by simulation"] = [f"{v:,.2f} h" for v in frame["downtime_error_h"]]
    table["nines"] = [f"{v:.2f}" for v in frame["nines"]]
    table["year meets RTO / RPO"] = [
        f"{a:.0%} / {b:.0%} ± {e:.1%}"
        for a, b, e in zip(frame["p_year_meets_rto"], frame["p_year_meets_rpo"], frame["p_year_error"], strict=True)
    ]
    return Table(pd.DataFrame(table).set_index("strategy"))


def least_total(comparison: Comparison) -> Markdown:
    """Which topology costs least in total, beside the choice, which is the cheapest bill that meets the objectives."""
    chosen = comparison.chosen
    least = ownership_module.least_total(comparison)
    chosen_usd, least_usd = (ownership_module.ownership(comparison, option).total_usd for option in (chosen, least))
    if least is chosen:
        return Markdown(f"The choice is also the topology of least total cost, {chosen_usd:,.0f} USD a year.")
    objectives = "meets the objectives too" if least.meets_objectives else "; ".join(least.misses)
    return Markdown(
        f"The least total cost has `{least.topology_id}`: {least_usd:,.0f} USD a year, {chosen_usd - least_usd:,.0f} "
        f"less than the choice; it {objectives}."
    )


def waits(comparison: Comparison) -> Table:
    """The wait that loses least, strategy by strategy, with what it saves and what it does to the RTO."""
    frame = waiting.frame(comparison)
    return Table(
        {
            "strategy": [STRATEGY_NAMES[name] for name in frame["strategy"]],
            "best wait": ["at once" if wait == 0 else span(wait) for wait in frame["best_wait_s"]],
            "loss USD a year": frame["loss_usd"].map("{:,.0f}".format),
            "± by simulation": frame["error_usd"].map("{:,.0f}".format),
            "at once": frame["at_once_usd"].map("{:,.0f}".format),
            f"after {span(waiting.WAITS_S[-1])}": frame["longest_usd"].map("{:,.0f}".format),
            "RTO 95 % with it": frame["rto_p95_s"].map(span),
        }
    )


def break_even(comparison: Comparison) -> Table:
    """From which cost of an outage each topology is the cheapest in total."""
    rows = [
        (
            STRATEGY_NAMES[reach.option.topology.strategy],
            reach.option.topology_id,
            f"{reach.from_usd_per_hour:,.0f}",
            f"{reach.error_usd_per_hour:,.0f}",
            "any" if math.isinf(reach.to_usd_per_hour) else f"{reach.to_usd_per_hour:,.0f}",
        )
        for reach in ownership_module.break_even(comparison)
    ]
    listed = {row[0] for row in rows}
    strategies = [option.topology.strategy for option in comparison.representatives]
    rows += [
        (STRATEGY_NAMES[name], "nowhere the cheapest", "", "", "")
        for name in strategies
        if STRATEGY_NAMES[name] not in listed
    ]
    return Table(rows, columns=["strategy", "topology", "from USD an hour", "± by simulation", "to USD an hour"])


def decisive(sensitivity: Sensitivity) -> Table | Markdown:
    """Inputs that would change the choice, or the least total cost, if they were known to be low or high."""
    frame = sensitivity.decisive
    frame = frame[frame["changes_choice"] | frame["changes_least_total"]]
    if frame.empty:
        return Markdown(
            "No single input, known to be as low (5 %) or as high (95 %) as it may be, changes the choice or the "
            "topology of least total cost."
        )
    return Table(
        {
            "input": frame["input"],
            "5 %": frame["low"].map(_figure),
            "95 %": frame["high"].map(_figure),
            "choice if low": frame["choice_if_low"],
            "choice if high": frame["choice_if_high"],
            "least total cost if low": frame["least_total_if_low"],
            "least total cost if high": frame["least_total_if_high"],
            "probability ± by simulation": frame["p_error"].map("{:.2%}".format),
        }
    )


def drivers(sensitivity: Sensitivity, rows: int = 5) -> Table:
    """Sobol's indices of the inputs that drive each output most, with half their 95 % intervals.

    Inputs with a total index below half a percent are left out.
    """
    labels = {"rto_s": "RTO", "rpo_s": "RPO", "total_usd": "total cost"}
    frame = sensitivity.sobol[sensitivity.sobol["total"] >= 0.005].groupby("output", sort=False).head(rows)
    return Table(
        {
            "of": frame["output"].map(labels),
            "input": frame["input"],
            "alone": [f"{a:.2f} ± {b:.2f}" for a, b in zip(frame["first"], frame["first_error"], strict=True)],
            "with all others": [
                f"{a:.2f} ± {b:.2f}" for a, b in zip(frame["total"], frame["total_error"], strict=True)
            ],
        }
    )


def replays(replay: Replay) -> Table:
    """One outage replayed: when service was back, what was lost and what was blocked, by strategy."""
    frame = replay.frame()
    return Table(
        {
            "strategy": frame["strategy"],
            "back after": frame["back_p50_s"].map(span),
            "5 to 95 %": [
                f"{span(a)} to {span(b)}" for a, b in zip(frame["back_p05_s"], frame["back_p95_s"], strict=True)
            ],
            "± at 95 %": frame["back_p95_error_s"].map(span),
            "by failover": frame["failed_over"].map("{:.0%}".format),
            "writes lost": frame["lost_writes_p50_s"].map(span),
            "blocked": frame["blocked"].str.replace("_", " "),
        }
    )


def well_architected(comparison: Comparison) -> Table:
    """Each strategy's median RTO beside the class that Well-Architected gives it, and which step is to blame."""
    rows = []
    for verdict in verdicts(comparison):
        text = "in its class"
        if not verdict.inside:
            slow = verdict.rto_p50_s > verdict.known.high_s
            text = (
                f"slower: {' and '.join(step.replace('_', ' ') for step in verdict.blamed)} to blame"
                if slow
                else "faster than its class"
            )
        rows.append(
            (
                STRATEGY_NAMES[verdict.strategy],
                verdict.known.words,
                f"{span(verdict.known.low_s)} to {span(verdict.known.high_s)}",
                span(verdict.rto_p50_s),
                span(verdict.error_s),
                text,
            )
        )
    return Table(rows, columns=["strategy", "Well-Architected", "taken as", "RTO 50 %", "± by simulation", ""])


def error(comparison: Comparison) -> Markdown:
    """How far the simulation itself may be off in the tables beside it."""
    judged, recovery = comparison.chosen.recovery.judged, comparison.chosen.recovery
    return Markdown(
        f"*Error of the simulation ({comparison.samples:,} draws, seed {comparison.seed}; 95 % intervals, for the "
        f"choice): RTO 50 % ± {span(judged.rto.p50_error)}, RTO 95 % ± {span(judged.rto.p95_error)}, RPO 95 % ± "
        f"{span(judged.rpo.p95_error)}, the probability of meeting the RTO ± {100 * judged.rto.p_error:.2f} %, "
        f"the RPO ± {100 * judged.rpo.p_error:.2f} %, the expected yearly loss ± "
        f"{recovery.expected_yearly_loss_error_usd:,.0f} USD. All strategies share their draws, so differences "
        "between them are known better.*"
    )


def drilled(workload: Workload, catalog: Catalog, path: str) -> tuple[Workload, Table | Markdown]:
    """A workload with its figures updated by a CSV of drills, and the table of before and after.

    Without a path the workload stays as it is.
    """
    if not path:
        return workload, Markdown(
            "No drills were given. Measured ones, a CSV file with the columns date, step and seconds, update these "
            "figures: parameter `drills`, or `drkit calibrate`."
        )
    assumptions = Assumptions(catalog.snapshot, workload.assumptions)
    calibration = calibrate(workload, assumptions, read(path, assumptions))
    return calibration.workload, Table(calibration.frame())


def outage(comparison: Comparison, event: str) -> Picture | Markdown:
    """One past outage of us-east-1 replayed, as a picture; a sentence for a workload that runs elsewhere."""
    from drkit import figures

    if comparison.workload.region == REGION:
        return figures.outage_replay(comparison, event)
    return Markdown(
        f"The outage of {event} struck {REGION}; {comparison.workload.name} runs in {comparison.workload.region} and "
        "would not have failed over."
    )


def _figure(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
