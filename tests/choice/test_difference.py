"""What makes the difference: sentences, tables, pictures and the command, read back."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from matplotlib.patches import Rectangle

import drkit
from drkit import figures
from drkit.bill.price_quantity import LineChange, total_usd
from drkit.choice import choices
from drkit.choice.compare import compare_topologies
from drkit.choice.comparison import Comparison
from drkit.choice.difference import explain_difference, signed
from drkit.choice.options import Option
from drkit.cli import main
from drkit.facts.catalog import Catalog
from drkit.figures import picture as style
from drkit.figures.palette import PAPER
from drkit.recovery.composition import StepChange, StoreChange
from drkit.report import choice as choice_report
from drkit.workload.model import Workload

NAMES = (
    "article",
    "media-house",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("eu-shop", "payments-br", "small-saas")),
)


@pytest.fixture(params=NAMES)
def comparison(request: pytest.FixtureRequest, comparisons: Mapping[str, Comparison]) -> Comparison:
    return comparisons[request.param]


@pytest.fixture(scope="module")
def dearer(workloads: Mapping[str, Workload], tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """The article's system where load balancers cost twice as much."""
    file = tmp_path_factory.mktemp("prices") / "own.csv"
    file.write_text("service,item,region,usd,percent\nAWSELB,alb/hour,*,,100\n")
    return compare_topologies(workloads["article"], Catalog.load(own_prices=file), samples=4000)


# Words and tables ----------------------------------------------------------------------------------------------------


def test_a_difference_adds_up_in_money_and_in_time(comparison: Comparison) -> None:
    for before, after in (
        (comparison.today, comparison.chosen),
        *((comparison.chosen, option) for option in comparison.named.values()),
    ):
        found = drkit.explain_difference(before, after)
        assert found.change_usd == round(after.bill.monthly_usd - before.bill.monthly_usd, 2)
        assert round(found.price_usd + found.quantity_usd, 2) == found.change_usd
        assert math.fsum(step.mean_change_s for step in found.steps) == pytest.approx(found.rto_change_s, abs=0.01)


def test_another_region_is_another_price_and_no_other_quantity(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["eu-shop"]
    by_region = {
        o.topology.failover_region: o
        for o in comparison.options
        if o.topology_id.startswith("pilot_light.") and o.topology_id.endswith(".standard.arm64.headless.rtc")
    }
    found = explain_difference(by_region["eu-north-1"], by_region["eu-west-1"])
    assert {line.kind for line in found.changes} == {"price"}
    assert found.price_usd == found.change_usd > 0
    assert found.quantity_usd == 0
    assert {(line.region_before, line.region_after) for line in found.changes} <= {
        ("eu-north-1", "eu-west-1"), ("eu-central-1", "eu-central-1"),
    }  # fmt: skip


def test_sentences_tell_cost_rto_and_rpo(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["article"]
    today, chosen = comparison.today, comparison.chosen
    cost, rto, rpo = explain_difference(today, chosen).sentences()
    extra = chosen.bill.monthly_usd - today.bill.monthly_usd
    assert cost == (
        f"From {today.bill.monthly_usd:,.2f} to {chosen.bill.monthly_usd:,.2f} USD a month, {extra:+,.2f}: "
        f"{extra:+,.2f} by what is bought and +0.00 by prices. The largest change is +217.54: "
        "node/redis/cache.m6g.large in the failover region (added)."
    )
    assert rto.startswith(
        "RTO after the loss of the region from 26 d to 31 min on average, -26 d (24 d to 30 min typic"
    )
    assert rto.endswith(": rebuild from nothing -26 d, decide +15 min, verify +7 min.")
    assert rpo == "At 95 % it loses 2 min instead of everything."
    assert explain_difference(chosen, chosen).sentences() == [
        f"Both cost {chosen.bill.monthly_usd:,.2f} USD a month, line by line.",
        "RTO after the loss of the region stays 31 min on average (30 min typically).",
        "At 95 % it loses 2 min of writes, as before.",
    ]
    assert choice_report.difference(today, chosen).split("\n\n") == [cost, rto, rpo]


@pytest.mark.parametrize(
    ("seconds", "words"), [(540, "+9 min"), (-88, "-88 s"), (0, "0 s"), (-0.04, "0 s"), (-2.2e6, "-25 d")]
)
def test_a_change_of_time_has_a_sign(seconds: float, words: str) -> None:
    assert signed(seconds) == words


def test_the_cost_table_adds_up_also_where_small_changes_are_one_line(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["article"]
    table = choice_report.cost_difference(comparison.today, comparison.chosen, shown=3)
    amounts = table["USD a month"].str.replace(",", "").astype(float)
    assert len(table) == 5
    assert table["item"].iloc[3] == "19 smaller changes"
    assert table["change"].iloc[4] == "sum"
    assert (
        round(amounts[:4].sum(), 2) == amounts[4] == explain_difference(comparison.today, comparison.chosen).change_usd
    )
    assert choice_report.cost_difference(comparison.today, comparison.chosen, 21)["item"].iloc[21] == "1 smaller change"
    whole = choice_report.cost_table(explain_difference(comparison.today, comparison.chosen))
    assert len(whole) == 3 + 19 + 1


def test_the_recovery_table_ends_with_the_mean_rto(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["eu-shop"]
    other = choices.next_best(comparison)
    assert other is not None
    table = choice_report.recovery_difference(comparison.chosen, other)
    last = table.iloc[-1]
    assert (last["step"], last["before"], last["after"], last["change"]) == (
        "RTO on average", "43 min", "36 min", "-7 min",
    )  # fmt: skip
    row = table.set_index("step").loc["add database instance"]
    assert (row["before"], row["after"]) == ("9 min", "")


# Pictures ------------------------------------------------------------------------------------------------------------


def title(picture: figures.Picture) -> str:
    return picture.get_suptitle().replace("\n", " ")


def bars(picture: figures.Picture) -> dict[str, Rectangle]:
    return {bar.get_gid(): bar for bar in picture.axes[0].patches if isinstance(bar, Rectangle) and bar.get_gid()}


def said(picture: figures.Picture) -> str:
    return " ".join(text.get_text().replace("\n", " ") for text in (*picture.texts, *picture.axes[0].texts))


def chained(picture: figures.Picture, start: float, end: float, within: float = 0.006) -> None:
    """Each bar begins where the one before ended, from one total to the other."""
    drawn = bars(picture)
    at = start
    for gid, bar in drawn.items():
        if gid in ("before", "after"):
            continue
        assert bar.get_x() == pytest.approx(at, abs=1e-6 * max(1, abs(at)))
        at += bar.get_width()
    assert at == pytest.approx(end, abs=within)
    for gid, wanted in (("before", start), ("after", end)):
        assert drawn[gid].get_x() + drawn[gid].get_width() == pytest.approx(wanted)


def fits(picture: figures.Picture) -> None:
    """No word is cut, nor the legend."""
    picture.canvas.draw()
    renderer = picture.canvas.get_renderer()
    axes = picture.axes[0]
    for text in (*picture.texts, *axes.texts, *axes.get_yticklabels()):
        box = text.get_window_extent(renderer)
        assert box.x0 >= -1, text.get_text()
        assert box.x1 <= picture.bbox.x1 + 1, text.get_text()
    for legend in picture.legends:
        assert legend.get_window_extent(renderer).x1 <= picture.bbox.x1


def test_the_cost_waterfall_leads_from_today_to_the_choice(comparison: Comparison) -> None:
    picture = figures.cost_difference(comparison)
    today, chosen = comparison.today.bill.monthly_usd, comparison.chosen.bill.monthly_usd
    chained(picture, today, chosen)
    fits(picture)
    amount = style.usd(chosen - today)
    assert title(picture).startswith(f"{style.name(comparison.chosen)} costs {amount} USD a month more than today; ")
    axes = picture.axes[0]
    assert axes.get_xlabel() == "USD a month"
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert (labels[0], labels[-1]) == ("Today", style.name(comparison.chosen))
    assert len(labels) == len(bars(picture))
    assert f"{today:,.2f} USD" in said(picture)
    assert f"{chosen:,.2f} USD" in said(picture)
    snapshot = comparison.catalog.snapshot
    assert f"drkit · snapshot {snapshot.date} · {snapshot.digest[:12]}" in said(picture)


def test_a_bar_is_the_sum_of_the_lines_of_its_component_role_and_effect(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["article"]
    drawn = bars(figures.cost_difference(comparison))
    lines = explain_difference(comparison.today, comparison.chosen).changes
    database = [one for one in lines if (one.component, one.role) == ("database", "failover")]
    # an instance for 730 h at 0.26 and 250 GB at 0.10 USD
    assert drawn["added/database/failover"].get_width() == pytest.approx(214.80) == total_usd(database)
    small = [bar.get_width() for gid, bar in drawn.items() if gid not in ("before", "after", "rest")]
    assert [abs(width) for width in small] == sorted((abs(width) for width in small), reverse=True)


def test_price_and_quantity_have_colours_and_a_slight_change_an_axis_that_says_it_is_cut(
    comparisons: Mapping[str, Comparison],
) -> None:
    comparison = comparisons["media-house"]
    picture = figures.cost_difference(comparison, comparison.chosen, comparison.named["least_regret"])
    drawn = bars(picture)
    # 6,000 GB a month at 0.02 instead of 0.01 USD
    assert drawn["price/storage_replication/primary"].get_width() == pytest.approx(60.0)
    assert "as much of the same is bought: all of the change is prices" in said(picture)
    assert "largest part: storage replication in the primary region, +60.00 USD" in title(picture)
    assert [text.get_text() for text in picture.legends[0].get_texts()] == ["the same at another price"]
    assert picture.axes[0].get_xlim()[0] > 16_000
    strokes = [line for line in picture.axes[0].lines if line.get_color() == PAPER]
    assert len(strokes) == 4
    chained(picture, comparison.chosen.bill.monthly_usd, comparison.named["least_regret"].bill.monthly_usd)


def test_the_title_nets_what_leaves_with_what_takes_its_place(comparisons: Mapping[str, Comparison]) -> None:
    """I/O-Optimized: the database in the primary region gets cheaper, though its instances become dearer ones."""
    comparison = comparisons["payments-br"]
    found = explain_difference(comparison.today, comparison.chosen)
    net: dict[tuple[str, str], float] = {}
    for line in found.lines:
        net[line.component, line.role] = net.get((line.component, line.role), 0.0) + line.change_usd
    assert net["database", "primary"] < 0
    most = max(net, key=net.__getitem__)
    assert most == ("database", "failover")
    told = f"largest part: database in the failover region, +{net[most]:,.0f} USD"
    assert title(figures.cost_difference(comparison)).endswith(told)


def test_two_workloads_are_told_apart_by_name(comparisons: Mapping[str, Comparison]) -> None:
    picture = figures.cost_difference(comparisons["eu-shop"], earlier=comparisons["article"])
    assert "of eu-shop costs" in title(picture)
    assert "of article" in title(picture)
    chained(picture, comparisons["article"].chosen.bill.monthly_usd, comparisons["eu-shop"].chosen.bill.monthly_usd)
    fits(picture)


@pytest.mark.slow
def test_two_snapshots_are_both_named(comparisons: Mapping[str, Comparison], dearer: Comparison) -> None:
    before = comparisons["article"]
    picture = figures.cost_difference(dearer, earlier=before)
    # two load balancers for 730 h at 0.0225 USD more
    assert {gid: bar.get_width() for gid, bar in bars(picture).items() if gid not in ("before", "after")} == (
        pytest.approx({"price/load_balancer/primary": 16.43, "price/load_balancer/failover": 16.42}, abs=0.011)
    )
    assert f"Compared with snapshot {before.catalog.snapshot.date} · {before.catalog.snapshot.digest[:12]}" in said(
        picture
    ).replace("  ", " ")
    assert dearer.catalog.snapshot.digest[:12] in said(picture)


def test_the_recovery_waterfall_leads_from_one_mean_rto_to_the_other(comparison: Comparison) -> None:
    other = choices.next_best(comparison)
    assert other is not None
    for before, after in ((comparison.chosen, other), (comparison.today, comparison.chosen)):
        picture = figures.recovery_difference(comparison, before, after)
        was, now = before.recovery.judged.rto.mean, after.recovery.judged.rto.mean
        chained(picture, was, now, within=1.0)
        fits(picture)
        assert picture.axes[0].get_xlabel() in {f"mean time to service [{unit}]" for unit in ("s", "min", "h", "d")}
        assert "sooner than" in title(picture) or "later than" in title(picture)


def test_the_title_of_a_recovery_names_the_step_that_makes_most_of_the_difference(
    comparisons: Mapping[str, Comparison],
) -> None:
    comparison = comparisons["eu-shop"]
    picture = figures.recovery_difference(comparison, comparison.chosen, choices.next_best(comparison))
    assert title(picture) == (
        "Pilot light in eu-north-1 is back 7 min sooner than Headless pilot light in eu-north-1 on average; largest "
        "part: add database instance, -9 min"
    )
    drawn = bars(picture)
    assert drawn["add_database_instance"].get_width() == pytest.approx(-560, abs=40)
    assert drawn["add_database_instance"].get_facecolor() != drawn["scale_compute"].get_facecolor()
    assert "detect" not in drawn, "both detect alike"


@pytest.mark.slow
def test_a_mean_far_above_the_typical_is_explained(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["media-house"]
    other = choices.next_best(comparison)
    picture = figures.recovery_difference(comparison, comparison.chosen, other)
    assert "in few cases both regions are lost and rebuilt" in said(picture)
    assert bars(picture)["before"].get_x() > 0, "what both share would crush what they differ in"
    assert "both regions are lost" not in said(figures.recovery_difference(comparison))


@pytest.mark.slow
def test_no_difference_is_said_and_drawn_as_none(comparisons: Mapping[str, Comparison]) -> None:
    comparison = comparisons["payments-br"]
    chosen = comparison.chosen
    twin = next(o for o in comparison.options if o is not chosen and o.bill.monthly_usd == chosen.bill.monthly_usd)
    cost = figures.cost_difference(comparison, chosen, twin)
    assert title(cost).endswith(f"costs as much as {style.name(chosen)}, line by line")
    assert set(bars(cost)) == {"before", "after"}
    time = figures.recovery_difference(comparison, chosen, twin)
    assert "recovers as fast as" in title(time)


# The command ---------------------------------------------------------------------------------------------------------


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["diff", *words, "--samples", "500"], catch_exceptions=False)


def rows(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.stderr
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_a_workload_alone_is_compared_with_today() -> None:
    found = rows(run("small-saas", "--format", "csv"))
    assert list(found[0]) == list(LineChange._fields)
    assert round(math.fsum(float(row["change_usd"]) for row in found), 2) == 366.66
    exchanged = {row["item_before"]: row["item_after"] for row in found if row["kind"] == "exchanged"}
    assert exchanged["instance/aurora-postgresql/db.t4g.medium/standard"] == (
        "instance/aurora-postgresql/db.r6g.large/standard"
    )


def test_the_table_tells_cost_steps_and_stores_of_both_sides() -> None:
    shown = run("small-saas:today", "small-saas:pilot_light.us-east-2.standard.arm64.headless").stdout
    head = shown.splitlines()[:2]
    assert head[0].startswith("from small-saas:single_region.us-west-2.standard.arm64, snapshot ")
    assert head[1].startswith("to   small-saas:pilot_light.us-east-2.standard.arm64.headless, snapshot ")
    for words in ("by price", "+366.66", "RTO on average", "rebuild from nothing", "95 % after", "objects"):
        assert words in shown
    only = run("small-saas", "--of", "rto").stdout
    assert "RTO on average" in only
    assert "by price" not in only


@pytest.mark.slow
def test_steps_and_stores_are_there_for_programs() -> None:
    steps = json.loads(run("small-saas", "--of", "rto", "--format", "json").stdout)
    assert list(steps[0]) == list(StepChange._fields)
    stores = rows(run("small-saas", "--of", "rpo", "--format", "csv"))
    assert list(stores[0]) == list(StoreChange._fields)


def test_topologies_are_named_by_role_strategy_or_id(comparisons: Mapping[str, Comparison]) -> None:
    from drkit.cli.differences import _option

    comparison = comparisons["article"]
    assert _option(comparison, "today") is comparison.today
    assert _option(comparison, "least_regret") is comparison.named["least_regret"]
    assert _option(comparison, "warm_standby") is comparison.strategies["warm_standby"]
    some: Option = comparison.options[40]
    assert _option(comparison, some.topology_id) is some


def test_a_file_whose_name_has_a_colon_or_an_at_sign_is_that_file(tmp_path: Path) -> None:
    from drkit.cli.differences import _parts

    odd = tmp_path / "shop@home:new.yaml"
    odd.write_text("")
    assert _parts(str(odd)) == (str(odd), "", "")
    assert _parts(f"{tmp_path}/shop.yaml:warm_standby@latest") == (f"{tmp_path}/shop.yaml", "warm_standby", "latest")
    assert _parts("article@embedded") == ("article", "", "embedded")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["small-saas:warm_standbi"], "small-saas has no topology 'warm_standbi': did you mean warm_standby?"),
        (["small-saas:xyz"], "name one of today, chosen, best_recovery, cheapest, smallest_change, least_regret,"),
        (["eu-shop:backup_restore"], "backup_restore is not possible for eu-shop: the cache holds data that cannot"),
        (["small-saas@1999"], "no snapshot is called '1999'"),
        (["smal-saas"], "did you mean small-saas?"),
    ],
)
def test_a_wrong_name_gets_a_sentence(words: list[str], sentence: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stdout == ""


def test_compare_tells_what_is_nearly_as_good_and_what_is_regretted_least() -> None:
    shown = CliRunner().invoke(main, ["compare", "small-saas", "--samples", "500"], catch_exceptions=False).stdout
    assert "8 of 16 topologies that meet the objectives cost at most 5 % more than the choice" in shown
    assert "Over the uncertain inputs the choice would be regretted least." in shown


@pytest.mark.slow
def test_two_snapshots_of_one_workload_differ_by_price_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRKIT_CACHE", str(tmp_path / "cache"))
    own = tmp_path / "own.csv"
    own.write_text("service,item,region,usd,percent\nAWSELB,alb/hour,us-west-2,0.03,\n")
    kept = CliRunner().invoke(main, ["catalog", "overlay", str(own)], catch_exceptions=False)
    assert kept.exit_code == 0, kept.stderr
    (name,) = [path.name for path in (tmp_path / "cache/snapshots").iterdir()]
    (row,) = rows(run("small-saas:today@embedded", f"small-saas:today@{name}", "--format", "csv"))
    # 730 h at 0.03 instead of 0.0225 USD: 5.475, and the bill in whole cents goes from 190.94 to 196.41 or 196.42
    assert (row["kind"], row["component"], row["quantity_usd"]) == ("price", "load_balancer", "0")
    assert float(row["price_usd"]) == pytest.approx(5.475, abs=0.006)
