"""What notebooks and reports say in words and tables, from a comparison."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from drkit.bill.lines import total
from drkit.files.versions import versions
from drkit.report.regions import failover_regions as failover_regions
from drkit.report.tables import Markdown, Table
from drkit.stats.quantiles import quantile
from drkit.topology.strategies import STRATEGIES, STRATEGY_NAMES
from drkit.words import asked, lost, span
from drkit.workload.commitments import in_words

if TYPE_CHECKING:
    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.workload.model import Objectives

#: The named choices as people write them.
_NAMED = {
    "chosen": "Choice",
    "best_recovery": "Best recovery",
    "cheapest": "Cheapest that survives the region",
    "smallest_change": "Smallest change to today",
    "least_regret": "Least regret",
}


def answer(comparison: Comparison) -> Markdown:
    """The choice in a paragraph, with what it misses and what it takes."""
    chosen, workload = comparison.chosen, comparison.workload
    topology, judged = chosen.topology, chosen.judgement
    at = asked(workload.objectives.probability)
    extra = chosen.bill.monthly_usd - comparison.today.bill.monthly_usd
    where = f" from {topology.primary_region} to {topology.failover_region}" if topology.failover else ""
    text = [
        f"### {STRATEGY_NAMES[topology.strategy]}{where}: {chosen.bill.monthly_usd:,.0f} USD a month, "
        f"{extra:+,.0f} USD against today",
        _targets(workload.objectives),
        f"After losing {topology.primary_region}, **{workload.name}** serves again in "
        f"**{span(judged.rto_p50_s)}** typically and in {span(judged.rto_at_probability_s)} at {at}; it loses "
        f"**{lost(judged.rpo_p50_s)}** typically and {lost(judged.rpo_at_probability_s)} at {at}"
        f"{_by_store(chosen, workload.objectives.probability)}.",
    ]
    if chosen.meets_objectives:
        count = sum(option.meets_objectives for option in comparison.options)
        text.append(
            f"It is the cheapest of {count} topologies that meet the objectives, out of "
            f"{len(comparison.options)} possible ones."
        )
    elif not topology.failover:
        text.append("**No topology survives the loss of the region.** What runs today is all there is:")
        text.append(f"it {'; it '.join(chosen.misses)}.")
    else:
        text.append(
            f"**None of the {len(comparison.options)} possible topologies meets the objectives.** This is the "
            f"nearest: it {'; it '.join(chosen.misses)}."
        )
    text += _impossible(comparison)
    if topology.changes:
        text.append("It changes what runs today: " + "; ".join(topology.changes) + ".")
    text += [f"Note: {note}." for note in topology.notes]
    if chosen.bill.one_off_usd:
        text.append(f"The first copy of the data costs {chosen.bill.one_off_usd:,.2f} USD once.")
    if committed := chosen.bill.committed:
        ways = ", ".join(sorted({in_words(line.purchase) for line in committed}))
        text.append(
            f"{total(committed):,.2f} USD of the bill is bought ahead: {ways}; upfront fees are spread over it."
        )
    if own := total(line for line in chosen.bill.lines if line.basis == "observed:user"):
        text.append(f"{own:,.2f} USD of the bill is at your own prices.")
    if unseen := total(chosen.bill.not_observed):
        text.append(
            f"{unseen:,.2f} USD of the bill ({100 * chosen.bill.share_not_observed:.0f} %) rests on derived or proxy "
            "prices, which it marks."
        )
    return Markdown("\n\n".join(text))


def _targets(objectives: Objectives) -> str:
    limits = [f"RPO {span(objectives.rpo_s)}", f"RTO {span(objectives.rto_s)}"]
    text = f"Asked: {' and '.join(limits)} after the loss of the region, each with {asked(objectives.probability)}"
    if objectives.budget_usd_per_month:
        text += f", at most {objectives.budget_usd_per_month:,.0f} USD a month"
    if objectives.residency:
        text += f", data in {', '.join(objectives.residency)} only"
    if objectives.failover_regions:
        text += f", in {' or '.join(objectives.failover_regions)}"
    if objectives.strategies:
        text += f", by {' or '.join(STRATEGY_NAMES[name] for name in objectives.strategies)}"
    return text + "."


def _by_store(option: Option, probability: float) -> str:
    """Which store loses how much: the largest is the RPO."""
    stores = option.recovery.judged.rpo_by_store
    parts = [
        f"{name} {span(float(np.median(loss)))} / {span(quantile(loss, probability))}"
        for name, loss in stores.items()
        if np.isfinite(loss).any()
    ]
    return f" ({'; '.join(parts)})" if len(parts) > 1 else ""


def _impossible(comparison: Comparison) -> list[str]:
    """Strategies that are possible nowhere, each reason once: often an engine version or a class is the way out."""
    reasons: dict[str, list[str]] = {}
    for strategy in comparison.workload.objectives.strategies or STRATEGIES:
        refused = [topology for topology in comparison.rejected if topology.strategy == strategy]
        if strategy in comparison.strategies or not refused:
            continue
        # The reason of a region that is allowed and priced says what to change; other regions only say where not.
        counts = Counter(topology.rejected_because for topology in refused)
        reasons.setdefault(counts.most_common(1)[0][0], []).append(STRATEGY_NAMES[strategy])
    return [f"Not possible: {', '.join(names)}. {reason[0].upper()}{reason[1:]}." for reason, names in reasons.items()]


def choices(comparison: Comparison) -> Table:
    """The choice beside the best recovery, the cheapest, the smallest change and the least regret."""
    at, budget = asked(comparison.workload.objectives.probability), comparison.workload.objectives.budget_usd_per_month
    rows = []
    for name, option in comparison.named.items():
        if name == "cheapest" and not option.topology.failover:
            continue  # nothing survives
        judged = option.judgement
        rows.append(
            {
                "": _NAMED[name] + " within the budget" * (name == "best_recovery" and budget is not None),
                "strategy": STRATEGY_NAMES[option.topology.strategy],
                "failover region": option.topology.failover_region,
                "USD a month": f"{option.bill.monthly_usd:,.2f}",
                "more than today": f"{option.bill.monthly_usd - comparison.today.bill.monthly_usd:,.2f}",
                f"RTO 50 % / {at}": f"{span(judged.rto_p50_s)} / {span(judged.rto_at_probability_s)}",
                f"RPO 50 % / {at}": f"{span(judged.rpo_p50_s)} / {span(judged.rpo_at_probability_s)}",
                "expected loss USD a year": _with_error(option),
                "not observed": f"{100 * option.bill.share_not_observed:.0f} %",
                "objectives": "; ".join(option.misses) or "met",
            }
        )
    return Table(pd.DataFrame(rows).set_index(""))


def strategies(comparison: Comparison) -> Table:
    """The best of each strategy, and in one sentence why it was not chosen."""
    at = asked(comparison.workload.objectives.probability)
    rows = []
    for option in comparison.representatives:
        judged = option.judgement
        rows.append(
            {
                "strategy": STRATEGY_NAMES[option.topology.strategy],
                "failover region": option.topology.failover_region,
                "USD a month": f"{option.bill.monthly_usd:,.2f}",
                f"RTO {at}": f"{span(judged.rto_at_probability_s)} ± {span(option.recovery.judged.rto.asked_error)}",
                "meets RTO": f"{judged.p_meets_rto:.1%}".replace("%", " %"),
                f"RPO {at}": _rpo_with_error(option),
                "meets RPO": f"{judged.p_meets_rpo:.1%}".replace("%", " %"),
                "expected loss USD a year": _with_error(option),
                "not observed": f"{100 * option.bill.share_not_observed:.0f} %",
                "why not": comparison.why_not(option) or "chosen",
            }
        )
    return Table(pd.DataFrame(rows).set_index("strategy"))


def _with_error(option: Option) -> str:
    """Expected yearly loss, with half the width of the 95 % interval that drawing leaves around it [USD/year]."""
    recovery = option.recovery
    return f"{recovery.expected_yearly_loss_usd:,.0f} ± {recovery.expected_yearly_loss_error_usd:,.0f}"


def _rpo_with_error(option: Option) -> str:
    lost_s, error_s = option.judgement.rpo_at_probability_s, option.recovery.judged.rpo.asked_error
    return span(lost_s) + f" ± {span(error_s)}" * math.isfinite(error_s)


def disruptions(comparison: Comparison, option: Option | None = None) -> Table:
    """One option, the choice by default, against every disruption, in words.

    ± is half the width of the 95 % interval that drawing leaves around the quantile before it.
    """
    frame = comparison.disruptions(option or comparison.chosen)
    table = pd.DataFrame(
        {
            "disruption": frame["disruption"],
            "a year": frame["per_year"].map("{:.4f}".format),
            "RTO 50 %": frame["rto_p50_s"].map(span),
            "RTO 95 %": frame["rto_p95_s"].map(span),
            "±": frame["rto_p95_error_s"].map(span),
            "RPO 50 %": frame["rpo_p50_s"].map(span),
            "RPO 95 %": frame["rpo_p95_s"].map(span),
            "± ": frame["rpo_p95_error_s"].map(span),
            "meets RTO": _with_p_error(frame["p_meets_rto"], frame["p_meets_rto_error"]),
            "meets RPO": _with_p_error(frame["p_meets_rpo"], frame["p_meets_rpo_error"]),
            "rate known by": frame["rate_basis"],
        }
    )
    return Table(table.set_index("disruption"))


def _with_p_error(share: pd.Series, error: pd.Series) -> list[str]:
    return [f"{p:.1%} ± {e:.1%}" for p, e in zip(share, error, strict=True)]


def disruption_matrix(comparison: Comparison) -> Table:
    """RTO and RPO at 95 % of the best of each strategy (rows), for each disruption (columns), each ± by simulation."""
    rows = {}
    for option in comparison.representatives:
        frame = comparison.disruptions(option)
        # A switchover that no strategy without live data can make would read as one that takes no time.
        columns = ("rto_p95_s", "rto_p95_error_s", "rpo_p95_s", "rpo_p95_error_s", "per_year")
        cells = [
            f"{_span_with_error(rto, rto_error)} / {_span_with_error(rpo, rpo_error)}" if per_year else "not done"
            for rto, rto_error, rpo, rpo_error, per_year in zip(*(frame[column] for column in columns), strict=True)
        ]
        rows[STRATEGY_NAMES[option.topology.strategy]] = cells
    return Table(pd.DataFrame.from_dict(rows, orient="index", columns=list(frame["disruption"])))


def _span_with_error(seconds: float, error_s: float) -> str:
    return span(seconds) + (f" ± {span(error_s)}" if error_s and math.isfinite(error_s) else "")


def bill(option: Option) -> Table:
    """An option's bill by component and place [USD/month], with its sum."""
    frame = option.bill.frame()
    table = frame.pivot_table(index="component", columns="role", values="monthly_usd", aggfunc="sum", fill_value=0.0)
    table = table.reindex(columns=[role for role in ("primary", "failover", "global") if role in table])
    table["sum"] = table.sum(axis=1)
    table = table.sort_values("sum", ascending=False)
    table.loc["sum"] = table.sum()
    return Table(table)


def not_observed(option: Option) -> Table:
    """The bill's lines whose price is derived or a proxy, or with an assumed quantity, most expensive first."""
    frame = option.bill.frame()
    marked = ~frame["basis"].str.startswith("observed") | frame["assumption"].ne("")
    columns = ["role", "region", "component", "item", "monthly_usd", "basis", "as_of", "source", "assumption"]
    return Table(frame.loc[marked, columns].sort_values("monthly_usd", ascending=False).reset_index(drop=True))


def rejected(comparison: Comparison) -> Table:
    """Why topologies are not possible: each reason with the number it rejects and the regions concerned."""
    reasons: dict[str, list[str]] = {}
    for topology in comparison.rejected:
        # One reason that names its region is one reason for all of them.
        reason = re.sub(rf"\b{topology.failover_region}\b", "the region", topology.rejected_because)
        reasons.setdefault(reason, []).append(topology.failover_region)
    rows = [(reason, len(where), ", ".join(sorted(set(where)))) for reason, where in reasons.items()]
    rows.sort(key=lambda row: (-row[1], row[0]))
    return Table(rows, columns=["reason", "topologies", "regions"])


def ages(option: Option) -> Table:
    """How old the prices of a bill are: cost and lines by the year they were seen."""
    frame = option.bill.frame()
    frame["seen in"] = frame["as_of"].str[:4]
    years = frame.groupby("seen in")["monthly_usd"]
    return Table({"lines": years.size(), "monthly_usd": years.sum()})


def provenance(comparison: Comparison) -> Markdown:
    """Where the figures come from: snapshot, oldest price, seed, versions."""
    snapshot = comparison.catalog.snapshot
    oldest = min(line.as_of for line in comparison.chosen.bill.lines)
    made_with = ", ".join(f"{name} {version}" for name, version in versions().items())
    return Markdown(
        f"Snapshot {snapshot.date} ({snapshot.digest[:12]}); the oldest price used is of {oldest}. "
        f"Simulation with seed {comparison.seed} and {comparison.samples:,} draws: a probability of 95 % is known to "
        f"± {196 * math.sqrt(0.95 * 0.05 / comparison.samples):.2f} %. {made_with}."
    )


def zero_loss(comparison: Comparison) -> Markdown:
    """What to say to somebody who asked for no data loss at all, and what comes closest at what cost.

    Empty when the RPO objective is above zero.
    """
    workload, chosen = comparison.workload, comparison.chosen
    if workload.objectives.rpo_s > 0 or chosen.meets_objectives:
        return Markdown("")
    judged, at = chosen.judgement, asked(workload.objectives.probability)
    rows = [
        (
            "Unplanned failover, as chosen",
            f"{lost(judged.rpo_p50_s)} typically, {lost(judged.rpo_at_probability_s)} at {at}"
            f"{_by_store(chosen, workload.objectives.probability)}",
            f"{chosen.bill.monthly_usd:,.2f} USD a month",
        )
    ]
    database = workload.database
    if database and chosen.topology.replicates_database:
        if database.engine == "aurora-postgresql":
            rows.append(_managed_rpo(comparison))
        rows.append(
            (
                "Planned switchover, while the primary region is healthy",
                "nothing in the database; nothing elsewhere if writes stop until S3 and the cache have caught up",
                "nothing beside the chosen bill",
            )
        )
    if database:
        backup_usd = math.fsum(line.monthly_usd for line in chosen.bill.lines if line.component == "backup")
        corrupted = np.median(chosen.recovery.outcomes["data_corruption"].rpo_s)
        rows.append(
            (
                "Backups, against corrupted data, which replication carries along",
                f"{lost(float(corrupted))} typically: what was written before somebody noticed",
                f"{backup_usd:,.2f} USD a month in the chosen bill",
            )
        )
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return Markdown(
        "### No data loss at all?\n\n"
        "**No asynchronous replication gives zero loss in an unplanned failover.** Aurora Global Database, "
        "ElastiCache Global Datastore and S3 replication acknowledge a write before the other region has it. "
        f"What comes closest:\n\n| | writes lost | cost |\n|---|---|---|\n{table}\n"
    )


def _managed_rpo(comparison: Comparison) -> tuple[str, str, str]:
    database = comparison.workload.database
    assert database is not None
    least = comparison.catalog.support.figure("aurora", "managed_rpo_min_s", database.engine)
    bound = float(database.managed_rpo_s or least)
    state = "set in the tfvars" if database.managed_rpo_s else "not set; `database.managed_rpo_s` sets it"
    lag = comparison.assumptions["database_lag_s"].sample(np.random.default_rng(comparison.seed), 100_000)
    blocked = (lag > bound).mean()
    share = f"{100 * blocked:.3g} %" if blocked else "less than 0.001 %"
    return (
        f"Managed RPO of Aurora PostgreSQL ({state})",
        f"at most {span(bound)} of writes in the database",
        f"nothing on the bill, but the primary blocks commits while the lag is above {span(bound)}: "
        f"{share} of the time by the lag assumed",
    )
