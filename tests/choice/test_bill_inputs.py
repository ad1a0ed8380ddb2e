"""What quantities do to a bill, against bills of workloads in which they are certain."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from drkit.choice import sensitivity
from drkit.choice.bill_inputs import bill_inputs, moves, priced_with
from drkit.choice.compare import compare_topologies
from drkit.choice.comparison import Comparison
from drkit.facts.catalog import Catalog
from drkit.stats.draws import Draws
from drkit.stats.quantity import Quantity


def certain(value: float) -> Quantity:
    return Quantity(low=value, typical=value, high=value)


def test_every_uncertain_quantity_that_a_bill_may_depend_on_is_found(comparisons: Mapping[str, Comparison]) -> None:
    names = {one.name for one in bill_inputs(comparisons["article"])}
    assert {"workload.storage_gib", "workload.database.writes_per_second", "image_versions"} <= names
    assert "workload.database.reads_per_second" not in names, "the article is sure of its reads"
    assert not [name for name in names if "outage" in name or "data_loss" in name], "costs are on no bill"


@pytest.mark.parametrize("end", ["low", "high"])
def test_a_quantity_moves_the_bill_as_a_workload_that_is_sure_of_it_is_billed(
    end: str, comparisons: Mapping[str, Comparison], catalog: Catalog
) -> None:
    comparison = comparisons["article"]
    found = {move.input.name: move for move in moves(comparison, comparison.chosen, bill_inputs(comparison))}
    move = found["workload.database.writes_per_second"]
    assert move.values == (80, 120, 250)
    database = comparison.workload.database
    assert database is not None
    sure = database.model_copy(update={"writes_per_second": certain(80 if end == "low" else 250)})
    other = compare_topologies(comparison.workload.model_copy(update={"database": sure}), catalog, samples=100)
    wanted = {option.topology_id: option.bill.monthly_usd for option in other.options}
    change = move.changes_usd[0 if end == "low" else 2]
    billed = comparison.chosen.bill.monthly_usd + change
    assert billed == pytest.approx(wanted[comparison.chosen.topology_id], abs=0.005)
    assert (change < 0) == (end == "low")


def test_halfway_from_typical_to_high_the_bill_moves_by_half(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["article"]
    (move,) = [
        one
        for one in moves(comparison, comparison.chosen, bill_inputs(comparison))
        if one.input.name == "workload.database.writes_per_second"
    ]

    class Half(Draws):
        def known(self, name: str, figure: object) -> np.ndarray:
            return np.array([80.0, 120.0, 185.0, 250.0])

    low, _, high = move.changes_usd
    assert list(move.sample(Half(1, 4))) == pytest.approx([low, 0, high / 2, high])


def test_the_tornado_of_total_cost_has_twelve_bills_in_it(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["article"]
    row = sensitivity.tornado(comparison, comparison.chosen).set_index("input").loc["image_versions"]
    (move,) = [
        one
        for one in moves(comparison, comparison.chosen, bill_inputs(comparison))
        if one.input.name == "image_versions"
    ]
    monthly = np.interp([row["low"], row["high"]], move.values, move.changes_usd)
    assert row["total_usd_high"] - row["total_usd_low"] == pytest.approx(12 * (monthly[1] - monthly[0]), rel=1e-6)
    assert row["total_usd_high"] > row["total_usd_low"]


@pytest.mark.slow
def test_a_quantity_of_the_bill_can_decide(comparisons: Mapping[str, Comparison], catalog: Catalog) -> None:
    comparison = comparisons["article"]
    inputs = {one.name: one for one in sensitivity.inputs_of_all(comparison)}
    writes = inputs["workload.database.writes_per_second"]
    found = sensitivity.decisive(comparison, [writes]).iloc[0]
    database = comparison.workload.database
    assert database is not None
    for end in ("low", "high"):
        sure = database.model_copy(update={"writes_per_second": certain(found[end])})
        asked = compare_topologies(comparison.workload.model_copy(update={"database": sure}), catalog, samples=4000)
        assert found[f"choice_if_{end}"] == asked.chosen.topology_id
    bills = priced_with(comparison, next(o for o in bill_inputs(comparison) if o.name == writes.name), found["high"])
    assert len(bills) == len(comparison.options)
