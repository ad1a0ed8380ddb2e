"""Commitments are chosen by workload, priced at the commitment's own price, and show on the bill."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from drkit.choice.compare import compare_topologies
from drkit.choice.comparison import Comparison
from drkit.choice.difference import explain_difference
from drkit.cli import main
from drkit.errors import DrkitError
from drkit.facts.catalog import Catalog
from drkit.files.bundled import data_dir
from drkit.report import summary as report
from drkit.workload import file as workload_file
from drkit.workload.commitments import Commitments, in_words
from drkit.workload.model import Workload

NO_UPFRONT = "reserved_1y_no_upfront"
PLAN = "compute_savings_plan_1y_no_upfront"


def bought(workload: Workload, **how: object) -> Workload:
    return workload.model_copy(update={"commitments": Commitments(**how)})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The embedded snapshot with reservations and a plan for everything that `article` runs, half the price."""
    plain = Catalog.load("embedded")
    lines = ["service,item,region,usd,purchase,unit"]
    for service, prefix, purchase, unit in (
        ("AmazonRDS", "instance/", NO_UPFRONT, "instance-hour-effective"),
        ("AmazonElastiCache", "node/", NO_UPFRONT, "node-hour-effective"),
        ("AmazonECS", "fargate/", PLAN, "vCPU-hour"),
    ):
        for region in plain.prices.regions():
            for item in plain.prices.items(prefix, region):
                if plain.prices.has(service, item, region):
                    usd = plain.prices.find(service, item, region).usd / 2
                    per = "" if plain.prices.has(service, item, region, purchase=purchase) else unit
                    lines.append(f"{service},{item},{region},{usd!r},{purchase},{per}")
    path: Path = tmp_path_factory.mktemp("own") / "half.csv"
    path.write_text("\n".join(lines) + "\n")
    return Catalog.load("embedded", path)


def compare(workload: Workload, catalog: Catalog) -> Comparison:
    """One failover region is enough here."""
    objectives = workload.objectives.model_copy(update={"failover_regions": ["us-east-2"]})
    return compare_topologies(workload.model_copy(update={"objectives": objectives}), catalog, samples=200)


def test_everything_is_on_demand_unless_something_else_is_chosen() -> None:
    workload = workload_file.read("article")
    assert workload.commitments == Commitments()
    bill = compare(workload, Catalog.load("embedded")).today.bill
    assert {line.purchase for line in bill.lines} == {"on_demand"}
    assert bill.committed == ()


def test_what_runs_is_priced_as_it_is_bought_and_the_rest_stays(priced: Catalog) -> None:
    workload = workload_file.read("article")
    before = compare(workload, priced).today.bill
    after = compare(bought(workload, database=NO_UPFRONT, cache=NO_UPFRONT, compute=PLAN), priced).today.bill
    assert [line.item for line in after.lines] == [line.item for line in before.lines]
    for old, new in zip(before.lines, after.lines, strict=True):
        runs = old.item.startswith(("instance/", "node/", "fargate/"))
        # Half the price, in the test's own prices.
        assert new.monthly_usd == pytest.approx(old.monthly_usd / 2 if runs else old.monthly_usd, abs=1e-5), new.item
        assert new.quantity == old.quantity
        assert (new.purchase != "on_demand") == runs
    assert {line.purchase for line in after.committed} == {NO_UPFRONT, PLAN}


def test_the_failover_region_can_stay_on_demand(priced: Catalog) -> None:
    workload = workload_file.read("article")
    comparison = compare(bought(workload, database=NO_UPFRONT, in_failover_region=False), priced)
    bill = next(option.bill for option in comparison.options if option.topology.strategy == "hot_standby")
    bought_as = {(line.role, line.purchase) for line in bill.lines if line.item.startswith("instance/")}
    assert bought_as == {("primary", NO_UPFRONT), ("failover", "on_demand")}


def test_strategies_that_a_commitment_makes_impossible_are_told_with_the_way_out(tmp_path: Path) -> None:
    text = (data_dir() / "workloads" / "article.yaml").read_text()
    once = tmp_path / "once.yaml"
    once.write_text(f"{text}\ncommitments:\n  database: {NO_UPFRONT}\n")
    told = CliRunner().invoke(main, ["compare", str(once), "--samples", "200"])
    assert told.exit_code == 0, told.output
    assert (
        "topologies are left out, for what they need is not sold as the workload buys it: no price matches"
        in told.stderr
    )
    assert "`in_failover_region: false` under commitments buys on demand in the failover region" in told.stderr
    once.write_text(f"{text}\ncommitments:\n  database: {NO_UPFRONT}\n  in_failover_region: false\n")
    free = CliRunner().invoke(main, ["compare", str(once), "--samples", "200"])
    # No class is reserved with I/O-Optimized storage in this snapshot, wherever.
    assert "io_optimized in us-east-1, reserved_1y_no_upfront: it is known for on_demand" in free.stderr
    assert "in_failover_region" not in free.stderr
    assert len(free.stdout.splitlines()) > len(told.stdout.splitlines())


def test_a_reservation_that_is_not_sold_rejects_and_never_falls_back_to_on_demand() -> None:
    workload = bought(workload_file.read("article"), database="reserved_3y_no_upfront")
    with pytest.raises(DrkitError, match=r"reserved_3y_no_upfront: it is known for .*`drkit catalog refresh` reads"):
        compare(workload, Catalog.load("embedded"))


def test_the_report_says_what_is_bought_ahead(priced: Catalog) -> None:
    workload = bought(workload_file.read("article"), cache=NO_UPFRONT)
    comparison = compare(workload, priced)
    text = str(report.answer(comparison))
    assert "is bought ahead: reserved for 1 year, no upfront" in text
    assert "at your own prices" in text
    frame = comparison.chosen.bill.frame()
    assert list(frame.columns)[-1] == "purchase"
    assert {NO_UPFRONT, "on_demand"} == set(frame["purchase"])


def test_without_a_commitment_the_bill_has_the_columns_that_scripts_rely_on(priced: Catalog) -> None:
    bill = compare(workload_file.read("article"), priced).chosen.bill
    assert ",".join(bill.frame().columns) == (
        "strategy,role,region,component,item,sku,quantity,unit,unit_usd,monthly_usd,basis,as_of,source,assumption"
    )


@pytest.mark.parametrize(
    ("purchase", "words"),
    [
        ("on_demand", "on demand"),
        ("reserved_1y_no_upfront", "reserved for 1 year, no upfront"),
        ("reserved_3y_all_upfront", "reserved for 3 years, all upfront"),
        ("database_savings_plan_1y_no_upfront", "Database Savings Plan for 1 year, no upfront"),
    ],
)
def test_a_purchase_in_words(purchase: str, words: str) -> None:
    assert in_words(purchase) == words


@pytest.mark.parametrize(
    "wrong",
    [
        {"database": "reserved"},
        {"database": "database_savings_plan_3y_all_upfront"},
        {"compute": NO_UPFRONT},
        {"cache": "reserved_2y_no_upfront"},
        {"disk": "x"},
    ],
)
def test_a_commitment_that_aws_does_not_sell_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Commitments(**wrong)  # type: ignore[arg-type]


def test_buying_ahead_is_another_price_and_no_other_quantity(priced: Catalog) -> None:
    plain = workload_file.read("article")
    ahead = bought(plain, database=NO_UPFRONT, cache=NO_UPFRONT)
    before, after = (compare(workload, priced).today for workload in (plain, ahead))
    found = explain_difference(before, after)
    # two instances at 0.26 and two nodes at 0.149 USD for 730 h, at half the price
    assert [(line.component, line.kind, line.price_usd) for line in found.changes] == [
        ("database", "price", -189.80),
        ("cache", "price", -108.77),
    ]
    assert found.quantity_usd == 0
    assert {line.unit for line in found.changes} == {"instance-hour", "node-hour"}
