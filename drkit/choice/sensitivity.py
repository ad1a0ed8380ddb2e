"""Which uncertain input drives RTO, RPO and total cost, and which one, measured better, would change the choice.

Every input is its quantile function of one column of the unit cube, so that a tornado and Sobol's indices see the same
model as the simulation. SALib samples the cube and computes the indices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from drkit.choice.bill_inputs import bill_inputs, moves, priced_with
from drkit.choice.judgement import Judge
from drkit.choice.ownership import ownership
from drkit.errors import ParameterError
from drkit.facts.assumptions import Assumptions
from drkit.files.extras import needs
from drkit.recovery.model import DISRUPTIONS
from drkit.recovery.simulation import Simulator
from drkit.stats.draws import Draws, Pinned, Traced
from drkit.stats.quantiles import probability_error
from drkit.stats.quantity import Quantity
from drkit.topology.strategies import LIVE_DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from drkit.choice.bill_inputs import BillInput
    from drkit.choice.options import Evaluation, Option

    Array = npt.NDArray[np.float64]

#: What is explained: RTO and RPO after the loss of the region [s], and total cost of ownership [USD/year].
OUTPUTS = ("rto_s", "rpo_s", "total_usd")
#: Inputs that are chance and not ignorance: no measurement will make them certain.
CHANCE = {
    "backup_age": "when between two backups the disruption strikes",
    "outage_duration": "how long the impairment lasts",
    "control_planes": "whether an impairment of us-east-1 breaks control planes that other regions need",
    "neighbour": "whether a neighbouring region is lost too",
    "backup_start_delay_s": "how late the last backup started",
    "cache_lag_s": "how far the cache's replica lags at the moment of the disruption",
    "database_lag_s": "how far the database's replica lags at the moment of the disruption",
    "object_lag_rtc_s": "how far replication of S3 with time control lags at the moment of the disruption",
    "object_lag_s": "how far replication of S3 lags at the moment of the disruption",
}
#: Draws that decide a choice in :func:`decisive`; every alternative sees the same ones.
_DRAWS = 4_000


class Input(NamedTuple):
    """One uncertain input: its quantile function, and its values at 5, 50 and 95 % in its own unit."""

    name: str
    quantile: Callable[[Array], Array]
    low: float
    typical: float
    high: float

    @property
    def chance(self) -> bool:
        """Whether it is chance: it cannot be measured better."""
        return self.name in CHANCE


@dataclass(frozen=True)
class Sensitivity:
    """What drives one option.

    Parameters
    ----------
    tornado
        One row an input: each output with the input at its 5 and 95 % value, all others at their median.
    sobol
        One row an input and output: first-order and total index, each with half its 95 % interval.
    decisive
        One row an input: the choice and the least total cost if it were known to be low, or high.
    evaluations
        Times that the model was evaluated for Sobol's indices.
    """

    option: Option
    tornado: pd.DataFrame
    sobol: pd.DataFrame
    decisive: pd.DataFrame
    evaluations: int

    def changing(self) -> list[str]:
        """Inputs that would change the choice if their value were known, at the low or at the high end."""
        return list(self.decisive.loc[self.decisive["changes_choice"], "input"])


def analyse(comparison: Evaluation, option: Option | None = None, base: int = 1024, seed: int = 1) -> Sensitivity:
    """Tornado, Sobol's indices over all uncertain inputs, and the inputs that decide, in one call.

    Parameters
    ----------
    option
        The choice by default.
    base
        Sobol's base sample, a power of two; the model is evaluated base x (inputs + 2) times.
    """
    shown = option or comparison.chosen
    varied = inputs(comparison, shown)
    indices = sobol(comparison, shown, base, seed, varied)
    decides = decisive(comparison, inputs_of_all(comparison))
    return Sensitivity(shown, tornado(comparison, shown, varied), indices, decides, base * (len(varied) + 2))


def inputs(comparison: Evaluation, option: Option) -> list[Input]:
    """Every uncertain input that this option depends on, sorted by name."""
    traced = Traced({}, 1)
    _evaluate(comparison, option, traced)
    uncertain = []
    for name, quantile in sorted(traced.met.items()):
        low, typical, high = (float(value) for value in np.broadcast_to(quantile(np.array([0.05, 0.5, 0.95])), 3))
        if low < high:
            uncertain.append(Input(name, quantile, low, typical, high))
    return uncertain


def inputs_of_all(comparison: Evaluation) -> list[Input]:
    """Every uncertain input that any option depends on, sorted by name."""
    # Options that recover alike may still be billed by other quantities: ordinary I/O costs on standard storage only.
    alike = {(option.recovery, option.topology.storage_type): option for option in comparison.options}
    by_name = {variable.name: variable for option in alike.values() for variable in inputs(comparison, option)}
    return [by_name[name] for name in sorted(by_name)]


def tornado(comparison: Evaluation, option: Option, known: Sequence[Input] | None = None) -> pd.DataFrame:
    """Each output with one input at its 5 and 95 % value and all others at their median, widest total cost first.

    Columns ``input, low, high, chance`` and for each output ``_low``, ``_high``: its values at the input's two ends.
    """
    import pandas as pd

    known = inputs(comparison, option) if known is None else known
    design = {variable.name: np.full(2 * len(known), 0.5) for variable in known}
    for at, variable in enumerate(known):
        design[variable.name][2 * at : 2 * at + 2] = 0.05, 0.95
    outputs = _evaluate(comparison, option, Traced(design, 2 * len(known)))
    frame = pd.DataFrame(
        {
            "input": [variable.name for variable in known],
            "low": [variable.low for variable in known],
            "high": [variable.high for variable in known],
            "chance": [variable.chance for variable in known],
            **{f"{name}_low": values[::2] for name, values in outputs.items()},
            **{f"{name}_high": values[1::2] for name, values in outputs.items()},
        }
    )
    swing = (frame["total_usd_high"] - frame["total_usd_low"]).abs()
    return frame.loc[swing.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def sobol(
    comparison: Evaluation, option: Option, base: int = 1024, seed: int = 1, known: Sequence[Input] | None = None
) -> pd.DataFrame:
    """First-order and total Sobol indices of each output, with half their 95 % intervals (bootstrap).

    Parameters
    ----------
    base
        Base sample, a power of two.
    known
        Inputs to vary; all uncertain ones by default. The others stay at their median.

    Returns
    -------
    DataFrame
        ``output, input, first, first_error, total, total_error``, largest total index first. An output that no input
        moves has no rows.

    Raises
    ------
    ParameterError
        When the base sample is not a power of two.
    MissingPackageError
        When SALib is not installed.
    """
    import pandas as pd

    with needs("sensitivity", "the analysis of sensitivity"):
        from SALib.analyze import sobol as indices
        from SALib.sample import sobol as sampler

    if base < 2 or base & (base - 1):
        raise ParameterError(f"the base sample is {base}: give a power of two, such as 1024")
    known = inputs(comparison, option) if known is None else known
    names = [variable.name for variable in known]
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    cube = sampler.sample(problem, base, calc_second_order=False, seed=seed)
    design = {name: cube[:, at] for at, name in enumerate(names)}
    rows = []
    for output, values in _evaluate(comparison, option, Traced(design, len(cube))).items():
        if not np.ptp(values) > 0:
            continue
        results = indices.analyze(problem, values, calc_second_order=False, num_resamples=100, seed=seed)
        rows += [
            (output, *row)
            for row in zip(
                names, *(map(float, results[key]) for key in ("S1", "S1_conf", "ST", "ST_conf")), strict=True
            )
        ]
    frame = pd.DataFrame(rows, columns=["output", "input", "first", "first_error", "total", "total_error"])
    order = frame["output"].map({name: at for at, name in enumerate(OUTPUTS)})
    return (
        frame.assign(order=order)
        .sort_values(["order", "total"], ascending=[True, False], kind="stable")
        .drop(columns="order")
        .reset_index(drop=True)
    )


def decisive(comparison: Evaluation, known: Sequence[Input]) -> pd.DataFrame:
    """The choice, and the option of least total cost, if one input were known to be low (5 %) or high (95 %).

    Columns ``input, low, high, choice_if_low, choice_if_high, changes_choice, least_total_if_low,
    least_total_if_high, changes_least_total, p_error``; the last is half the width of the 95 % interval that the draws
    leave around the required probability, which decides the choice. Inputs that are chance are left out: they cannot be
    known beforehand.
    """
    import pandas as pd

    draws = Draws(comparison.seed, min(comparison.samples, _DRAWS))
    today = _chosen(comparison, draws, "", 0.0)
    priced = {variable.name: variable for variable in bill_inputs(comparison)}
    rows = []
    for variable in known:
        if variable.chance:
            continue
        low, high = (
            _chosen(comparison, draws, variable.name, value, priced.get(variable.name))
            for value in (variable.low, variable.high)
        )
        rows.append(
            {
                "input": variable.name,
                "low": variable.low,
                "high": variable.high,
                "choice_if_low": low[0],
                "choice_if_high": high[0],
                "changes_choice": not low[0] == high[0] == today[0],
                "least_total_if_low": low[1],
                "least_total_if_high": high[1],
                "changes_least_total": not low[1] == high[1] == today[1],
                "p_error": round(probability_error(comparison.workload.objectives.probability, draws.samples), 6),
            }
        )
    return pd.DataFrame(rows)


def _chosen(
    comparison: Evaluation, draws: Draws, name: str, value: float, priced: BillInput | None = None
) -> tuple[str, str]:
    """The choice and the least total cost with one input known; both by topology."""
    workload = comparison.workload
    own, costs = dict(workload.assumptions), workload.costs
    bills = priced_with(comparison, priced, value) if priced else [option.bill for option in comparison.options]
    certain = Quantity(low=value, typical=value, high=value) if name else None
    if certain and name.startswith("rate."):
        # As a figure of the workload file the rate has another name, which the simulation looks up.
        name = f"{name.removeprefix('rate.')}_per_year"
        own[name] = certain
    elif certain and name.startswith("workload."):
        field = name.removeprefix("workload.")
        costs = costs.model_copy(update={field: certain}) if field in type(costs).model_fields else costs
    elif certain:
        own[name] = certain
    workload = workload.model_copy(update={"assumptions": own, "costs": costs})
    assumptions = Assumptions(comparison.catalog.snapshot, own)
    pinned = Pinned(draws, {name: value}) if name else draws
    simulator = Simulator(workload, comparison.catalog, assumptions, draws=pinned)
    judge, options = Judge(workload.objectives), []
    for option, bill in zip(comparison.options, bills, strict=True):
        recovery = simulator.recover(option.topology)
        judgement = judge(recovery)
        misses = judge.misses(judgement, bill.monthly_usd)
        options.append(replace(option, bill=bill, recovery=recovery, judgement=judgement, misses=misses))
    evaluation = replace(comparison, workload=workload, assumptions=assumptions, options=tuple(options))
    least = min(options, key=lambda option: (ownership(evaluation, option).total_usd, option.topology_id))
    return evaluation.chosen.topology_id, least.topology_id


def _evaluate(comparison: Evaluation, option: Option, draws: Draws) -> Mapping[str, Array]:
    """RTO, RPO and total cost of an option for each row of the draws, each disruption taken as one realization."""
    simulator = Simulator(comparison.workload, comparison.catalog, comparison.assumptions, draws=draws)
    plan, topology, costs = simulator.plan, option.topology, comparison.workload.costs
    outage = plan.own("outage_usd_per_hour", costs.outage_usd_per_hour) / np.float32(3600)
    data = plan.own("data_loss_usd_per_hour", costs.data_loss_usd_per_hour) / np.float32(3600)
    run, everything = plan.assumed("failover_run_usd"), plan.assumed("all_data_lost_h") * np.float32(3600)
    monthly = np.full(draws.samples, option.bill.monthly_usd)
    for move in moves(comparison, option, bill_inputs(comparison)):
        monthly += move.sample(draws)
    total = 12 * monthly
    outputs: dict[str, Array] = {}
    for name in DISRUPTIONS:
        timed = simulator.time(topology, name)
        rate = simulator.disruptions.rate(name, topology.strategy in LIVE_DATA).sample(draws)
        lost = np.minimum(timed.rpo_s, everything)
        total += rate * (timed.down_s * outage + lost * data)
        if timed.carried is not None:
            total += rate * timed.carried * run
        if name == "region_loss":
            outputs["rto_s"] = np.array(np.broadcast_to(timed.rto_s, draws.samples), dtype=float)
            outputs["rpo_s"] = np.array(np.broadcast_to(lost, draws.samples), dtype=float)
    if topology.failover:
        total += comparison.workload.operations.rehearsals_per_year * plan.assumed("rehearsal_usd")
    return outputs | {"total_usd": total}
