"""The change between two bills, split into price and quantity: bills made by hand, and bills of bundled workloads."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

import pytest
from fuzzing import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from drkit.bill import price_quantity
from drkit.bill.lines import Bill, Line
from drkit.bill.price_quantity import LineChange, split
from drkit.choice.compare import compare_topologies
from drkit.choice.comparison import Comparison
from drkit.facts.catalog import Catalog
from drkit.workload.model import Workload


def line(
    item: str,
    quantity: float,
    usd: float,
    *,
    role: str = "failover",
    region: str = "us-east-2",
    component: str = "database",
    unit: str = "hour",
    basis: str = "observed",
) -> Line:
    amount = round(quantity * usd, 6)
    return Line("", role, region, component, item, "", quantity, unit, usd, amount, basis, "", "", "", "on_demand")


def bill(*lines: Line) -> Bill:
    return Bill(lines, ())


def parts(change: LineChange) -> tuple[str, float, float, float]:
    return change.kind, change.change_usd, change.price_usd, change.quantity_usd


ALB = ("alb/hour", 730.0)
CASES = [
    # the failover region moves: 730 h at 0.0252 instead of 0.0225 USD
    ("moved", [line(*ALB, 0.0225)], [line(*ALB, 0.0252, region="us-west-2")], ("price", 1.97, 1.97, 0.0)),
    # twice as many hours at the same price
    ("twice", [line("a/x", 730, 0.26)], [line("a/x", 1460, 0.26)], ("quantity", 189.80, 0.0, 189.80)),
    # 100 h at 1 USD become 150 h at 1.20 USD: 50 h more at the old price, 0.20 USD more at the new quantity
    ("both", [line("a/x", 100, 1.0)], [line("a/x", 150, 1.2)], ("both", 80.0, 30.0, 50.0)),
    # fewer and cheaper: (80 - 100) x 2 and (1.50 - 2) x 80
    ("less", [line("a/x", 100, 2.0)], [line("a/x", 80, 1.5)], ("both", -80.0, -40.0, -40.0)),
    ("added", [], [line("a/x", 10, 0.5)], ("added", 5.0, 0.0, 5.0)),
    ("removed", [line("a/x", 10, 0.5)], [], ("removed", -5.0, 0.0, -5.0)),
    # another class in its place is another thing bought, not another price
    (
        "class",
        [line("instance/pg/db.r6g.large/standard", 730, 0.26)],
        [line("instance/pg/db.r6g.xlarge/standard", 730, 0.519)],
        ("exchanged", 189.07, 0.0, 189.07),
    ),
    ("same", [line("a/x", 10, 0.5)], [line("a/x", 10, 0.5, basis="proxy:x")], ("same", 0.0, 0.0, 0.0)),
]


@pytest.mark.parametrize(("before", "after", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_line_changes_by_price_and_quantity(before: list[Line], after: list[Line], wanted: tuple[object]) -> None:
    (change,) = split(bill(*before), bill(*after))
    assert parts(change) == wanted


def test_reaching_a_cheaper_tier_is_quantity() -> None:
    # 10 TB at 0.09, of which the second bill needs 5 TB more, at 0.085: no price has changed
    before = bill(line("egress", 10240, 0.09, unit="GB"))
    after = bill(line("egress", 10240, 0.09, unit="GB"), line("egress", 5120, 0.085, unit="GB"))
    (change,) = split(before, after)
    assert parts(change) == ("quantity", 435.20, 0.0, 435.20)
    assert change.unit_usd_before == 0.09
    assert change.unit_usd_after == pytest.approx((10240 * 0.09 + 5120 * 0.085) / 15360)


def test_a_new_price_list_moves_each_tier_by_its_own_price_also_where_one_meets_anothers_old_one() -> None:
    before = bill(line("egress", 100, 0.09), line("egress", 50, 0.08))
    after = bill(line("egress", 100, 0.08), line("egress", 50, 0.07))
    (change,) = split(before, after)
    assert parts(change) == ("price", -1.50, -1.50, 0.0)


def test_a_free_allowance_that_is_used_up_elsewhere_is_quantity() -> None:
    before = bill(line("egress", 100, 0.0), line("egress", 300, 0.09))
    after = bill(line("egress", 200, 0.09))
    (change,) = split(before, after)
    assert parts(change) == ("quantity", -9.0, 0.0, -9.0)


def test_items_are_exchanged_for_the_one_most_like_them_and_never_for_another_sort() -> None:
    before = bill(
        line("instance/pg/db.r6g.large/standard", 730, 0.26),
        line("cluster/storage/standard", 250, 0.10, unit="GB-month"),
        line("cluster/io/standard", 1000, 0.20, unit="million-requests"),
        line("standard_queries", 12, 0.4, role="global", component="dns", unit="million-queries"),
    )
    after = bill(
        line("instance/pg/db.r6g.large/io_optimized", 730, 0.338),
        line("cluster/storage/io_optimized", 250, 0.225, unit="GB-month"),
        line("latency_queries", 12, 0.6, role="global", component="dns", unit="million-queries"),
        line("node/redis/cache.m6g.large", 730, 0.149, component="cache", unit="node-hour"),
    )
    found = {change.item: parts(change) for change in split(before, after)}
    assert found == {
        "instance/pg/db.r6g.large/standard -> instance/pg/db.r6g.large/io_optimized": ("exchanged", 56.94, 0.0, 56.94),
        "cluster/storage/standard -> cluster/storage/io_optimized": ("exchanged", 31.25, 0.0, 31.25),
        "cluster/io/standard": ("removed", -200.0, 0.0, -200.0),
        "standard_queries -> latency_queries": ("exchanged", 2.4, 0.0, 2.4),
        "node/redis/cache.m6g.large": ("added", 108.77, 0.0, 108.77),
    }


def test_fractions_of_a_cent_go_to_the_largest_remainders_and_the_sum_is_that_of_the_bills() -> None:
    # three lines of 0.004 USD are 0.012 USD, which the bill rounds to a cent: one line has it
    after = bill(*(line(f"a/{n}", 1, 0.004) for n in "xyz"))
    assert after.monthly_usd == 0.01
    assert [change.change_usd for change in split(bill(), after)] == [0.01, 0.0, 0.0]


def test_where_a_price_comes_from_travels_with_the_change() -> None:
    (change,) = split(bill(line(*ALB, 0.02, basis="proxy:us")), bill(line(*ALB, 0.03, region="eu-west-1")))
    assert (change.basis_before, change.basis_after) == ("proxy:us", "observed")
    assert (change.region_before, change.region_after) == ("us-east-2", "eu-west-1")


def adds_up(before: Bill, after: Bill) -> None:
    changes = split(before, after)
    whole = round(after.monthly_usd - before.monthly_usd, 2)
    assert price_quantity.total_usd(changes) == whole
    priced, bought = (price_quantity.total_usd(changes, part) for part in ("price_usd", "quantity_usd"))
    assert round(priced + bought, 2) == whole
    for one in changes:
        assert round(one.price_usd + one.quantity_usd, 2) == one.change_usd
        assert abs(one.change_usd - (one.after_usd - one.before_usd)) < 0.03
        assert one.kind in price_quantity.KINDS
        if one.kind == "same":
            assert one.before_usd == one.after_usd
            assert one.change_usd == 0
        if one.kind not in ("price", "both"):
            assert one.price_usd == 0
    for side, whose in (("before_usd", before), ("after_usd", after)):
        assert math.fsum(getattr(one, side) for one in changes) == pytest.approx(whose.monthly_usd, abs=0.0051)


LINES = st.lists(
    st.builds(
        line,
        st.sampled_from(["alb/hour", "alb/lcu", "instance/pg/a/standard", "instance/pg/b/standard", "egress"]),
        st.integers(1, 10**9).map(lambda micro: micro / 1e6),
        st.sampled_from([0.0, 0.000123, 0.0225, 0.26, 7.5]),
        role=st.sampled_from(["primary", "failover"]),
        unit=st.sampled_from(["hour", "GB"]),
    ),
    max_size=12,
)


@settings(max_examples=examples(150), deadline=None)
@given(LINES, LINES)
def test_parts_add_up_to_the_change_for_any_two_bills(before: list[Line], after: list[Line]) -> None:
    adds_up(bill(*before), bill(*after))


def test_parts_add_up_to_the_change_for_random_pairs_of_topologies_of_any_workload(
    comparisons: Mapping[str, Comparison],
) -> None:
    options = [option for comparison in comparisons.values() for option in comparison.options]
    chance = random.Random(6)
    for _ in range(300):
        before, after = chance.sample(options, 2)
        adds_up(before.bill, after.bill)


def test_nothing_changes_from_a_bill_to_itself(comparisons: Mapping[str, Comparison]) -> None:
    own = comparisons["article"].chosen.bill
    assert {change.kind for change in split(own, own)} == {"same"}


def test_own_prices_are_price_alone(catalog: Catalog, workloads: Mapping[str, Workload], tmp_path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("service,item,region,usd,percent\nAmazonRDS,instance/aurora-postgresql/*,*,,-10\n")
    workload = workloads["article"]
    cheaper = compare_topologies(workload, Catalog.load(own_prices=file), samples=100).today
    today = compare_topologies(workload, catalog, samples=100).today
    changed = [change for change in split(today.bill, cheaper.bill) if change.kind != "same"]
    # two instances for 730 h at 0.26 USD, ten percent off
    assert [parts(change) for change in changed] == [("price", -37.96, -37.96, 0.0)]
    assert changed[0].basis_after == "observed:user"
