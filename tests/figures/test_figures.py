"""What the pictures show: titles, axes, bars and points, read back and compared with the figures they stand for."""

from __future__ import annotations

import itertools
import json
import math
import re
import subprocess
import sys
from collections import defaultdict

import numpy as np
import pytest
from matplotlib import rcParams
from matplotlib.patches import Rectangle

from drkit import figures
from drkit.choice import ownership as value
from drkit.choice import replay, sensitivity, waiting
from drkit.choice.compare import compare_topologies
from drkit.choice.comparison import Comparison
from drkit.errors import DrkitError, PriceError
from drkit.figures import picture as style
from drkit.figures import sensitivity as sensitivity_figure
from drkit.figures.cost_against_rto import staircase
from drkit.figures.map import great_circle
from drkit.figures.picture import against, percent, probability, usd
from drkit.files.bundled import data_dir
from drkit.recovery.model import Step, finish, on_critical_path
from drkit.report import recovery as recovery_report
from drkit.topology.strategies import STRATEGIES
from drkit.words import span
from drkit.workload import file as workload_file
from tools import outline

OF_A_COMPARISON = (
    figures.region_map,
    figures.monthly_cost,
    figures.cost_against_rto,
    figures.recovery_waterfall,
    figures.rto_rpo_distribution,
    figures.yearly_loss,
)


_DRAWN: dict[tuple[object, str], figures.Picture] = {}


def drawn(draw, comparison):
    """A picture of one of the shared comparisons, drawn once for all tests that only read it."""
    key = (draw, comparison.workload.name)
    if key not in _DRAWN:
        _DRAWN[key] = draw(comparison)
    return _DRAWN[key]


def title(picture):
    return picture.get_suptitle().replace("\n", " ")


def words(picture):
    return [text.get_text() for text in picture.texts] + [
        text.get_text() for axes in picture.axes for text in axes.texts
    ]


def bars(axes):
    return [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_gid()]


def lines(axes, gid):
    return [line for line in axes.lines if line.get_gid() == gid]


@pytest.fixture(scope="module")
def article(comparisons) -> Comparison:
    return comparisons["article"]


# Every picture -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", OF_A_COMPARISON, ids=lambda draw: draw.__name__)
@pytest.mark.parametrize("workload", ["article", "payments-br"])
def test_every_picture_names_its_finding_and_its_snapshot(draw, workload, comparisons):
    comparison = comparisons[workload]
    picture = drawn(draw, comparison)
    snapshot = comparison.catalog.snapshot
    assert comparison.chosen.topology.failover_region in title(picture)
    assert f"drkit · snapshot {snapshot.date} · {snapshot.digest[:12]}" in words(picture)
    renderer = picture.canvas.get_renderer()
    for text in picture.texts:
        assert text.get_window_extent(renderer).x0 >= 0
        assert text.get_window_extent(renderer).x1 <= picture.bbox.x1


@pytest.mark.parametrize(
    ("draw", "labels", "finding"),
    [
        (figures.monthly_cost, [("USD a month", "")], "costs {extra} USD a month more than today"),
        (figures.yearly_loss, [("USD a year", "")], "costs {year} USD a year in total"),
        (
            figures.cost_against_rto,
            [("RTO that holds with 95 % (logarithmic)", "USD a month"), ("axis broken", "")],
            "for {monthly} USD a month",
        ),
        (figures.recovery_waterfall, [("time since the region was lost [min]", "")], "{p50} typically, {p95} at 95 %"),
        (
            figures.rto_rpo_distribution,
            [
                ("RTO (logarithmic)", "probability of no more than this"),
                ("RPO (logarithmic; the objective, 0 s, is far to the left)", ""),
            ],
            "keeps the RTO of 60 min with {p_rto} and the RPO of 0 s with {p_rpo}; asked is 95 %",
        ),
        (
            figures.wait_or_fail_over,
            [("wait after the outage was detected before failing over (logarithmic)", "USD a year (logarithmic)")],
            "loses least, {least} USD a year",
        ),
        (
            figures.break_even,
            [("cost of an hour of outage [USD/h] (logarithmic)", "total cost [USD a year] (logarithmic)")],
            "a second region pays from {pays} USD an hour on",
        ),
    ],
)
def test_axes_have_their_units_and_titles_their_figures(draw, labels, finding, article):
    picture = drawn(draw, article)
    assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in picture.axes] == labels
    chosen = article.chosen
    policy = waiting.evaluate(article, chosen)
    reaches = value.break_even(article)
    figure = {
        "extra": usd(chosen.bill.monthly_usd - article.today.bill.monthly_usd),
        "year": usd(value.ownership(article, chosen).total_usd),
        "monthly": usd(chosen.bill.monthly_usd),
        "p50": span(chosen.judgement.rto_p50_s),
        "p95": span(chosen.judgement.rto_p95_s),
        "p_rto": probability(chosen.judgement.p_meets_rto),
        "p_rpo": probability(chosen.judgement.p_meets_rpo),
        "least": usd(policy.loss_usd[policy.best]),
        "pays": usd(next(reach for reach in reaches if reach.option.topology.failover).from_usd_per_hour),
    }
    assert finding.format(**figure) in title(picture)


@pytest.mark.parametrize("draw", [figures.monthly_cost, figures.yearly_loss, figures.cost_against_rto])
def test_a_picture_with_prices_says_how_much_is_not_observed(draw, comparisons):
    comparison = comparisons["payments-br"]
    bill = comparison.chosen.bill
    assert sum(line.monthly_usd for line in bill.not_observed) > 0
    assert any("rests on prices not observed" in said and "derived" in said for said in words(drawn(draw, comparison)))


def test_drawing_leaves_the_users_settings_alone(article):
    before = dict(rcParams)
    figures.monthly_cost(article)
    assert dict(rcParams) == before


def test_a_picture_shows_itself_in_a_notebook_without_pyplot(article):
    content, size = figures.monthly_cost(article)._repr_png_()
    assert content.startswith(b"\x89PNG")
    assert size["width"] == 1000
    assert "USD a month more than today" in size["alt"]  # what a screen reader says


def test_the_same_comparison_draws_the_same_bytes(article):
    assert figures.recovery_waterfall(article)._repr_png_() == figures.recovery_waterfall(article)._repr_png_()


def test_importing_drkit_imports_no_matplotlib():
    code = "import drkit, sys; drkit.Catalog, drkit.Comparison; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# Costs ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", ["article", "eu-shop", "payments-br"])
def test_the_bars_of_a_bill_add_up_to_it_to_the_cent(workload, comparisons):
    comparison = comparisons[workload]
    (axes,) = drawn(figures.monthly_cost, comparison).axes
    sums, roles = defaultdict(list), defaultdict(list)
    for bar in bars(axes):
        row = round(bar.get_y() + bar.get_height() / 2)
        sums[row].append(bar.get_width())
        roles[row, bar.get_gid()].append(bar.get_width())
    options = [comparison.today, *comparison.strategies.values()]
    assert [round(math.fsum(sums[row]), 2) for row in range(len(options))] == [o.bill.monthly_usd for o in options]
    by_role = comparison.chosen.bill.by("role").set_index("role")["monthly_usd"]
    at = options.index(comparison.chosen)
    for role, expected in by_role.items():
        assert math.fsum(roles[at, role]) == pytest.approx(expected, abs=0.005)
    assert axes.get_xlabel() == "USD a month"


def test_the_title_of_the_bill_says_what_the_choice_costs_more_than_today(comparisons):
    comparison = comparisons["eu-shop"]
    extra = comparison.chosen.bill.monthly_usd - comparison.today.bill.monthly_usd
    said = title(drawn(figures.monthly_cost, comparison))
    assert f"costs {extra:,.0f} USD a month more than today" in said
    assert "the least that meets the objectives" in said


def test_a_strategy_that_is_not_possible_gives_its_reason(comparisons):
    picture = drawn(figures.monthly_cost, comparisons["eu-shop"])
    assert "Backup and restore" in [label.get_text() for label in picture.axes[0].get_yticklabels()]
    assert any("not possible: the cache holds data that cannot be rebuilt" in said for said in words(picture))


@pytest.mark.parametrize("workload", ["article", "small-saas"])
def test_a_years_bars_are_the_parts_of_the_total_cost_of_ownership(workload, comparisons):
    comparison = comparisons[workload]
    (axes,) = drawn(figures.yearly_loss, comparison).axes
    options = [comparison.today, *comparison.strategies.values()]
    bills = [bar.get_width() for bar in bars(axes) if bar.get_gid() == "bill"]
    losses = [bar.get_width() for bar in bars(axes) if bar.get_gid() == "loss"]
    people = [bar.get_width() for bar in bars(axes) if bar.get_gid() == "people"]
    owned = [value.ownership(comparison, option) for option in options]
    assert bills == pytest.approx([12 * option.bill.monthly_usd for option in options])
    assert losses == pytest.approx([option.recovery.expected_yearly_loss_usd for option in options])
    assert people == pytest.approx([parts.failovers_usd + parts.rehearsals_usd for parts in owned])
    assert [sum(parts) for parts in zip(bills, losses, people, strict=True)] == pytest.approx(
        [parts.total_usd for parts in owned]
    )


def test_cost_pictures_name_the_same_option_as_the_cheapest_in_total(comparisons):
    for comparison in comparisons.values():
        least = min(comparison.options, key=lambda o: value.ownership(comparison, o).total_usd)
        year = title(drawn(figures.yearly_loss, comparison))
        if round(value.ownership(comparison, least).total_usd) == round(
            value.ownership(comparison, comparison.chosen).total_usd
        ):
            assert "the least of all topologies" in year
        else:
            assert f"the least of all topologies is {style.name(least)} with" in year
        assert f"{style.name(least)} is the cheapest in total" in title(drawn(figures.break_even, comparison))


def test_a_headless_pilot_light_has_a_name_of_its_own(article):
    lights = [o for o in article.options if o.topology.strategy == "pilot_light"]
    names = {o.topology.headless: style.name(o) for o in lights if o.topology.failover_region == "us-east-2"}
    assert names == {True: "Headless pilot light in us-east-2", False: "Pilot light in us-east-2"}


def test_a_huge_loss_is_told_and_does_not_crush_the_other_bars(article):
    picture = drawn(figures.yearly_loss, article)
    total = value.ownership(article, article.today).total_usd
    others = max(value.ownership(article, option).total_usd for option in article.strategies.values())
    assert total > 3 * others
    assert picture.axes[0].get_xlim()[1] < 2 * others
    assert any(f"= {total:,.0f} USD: {total / others:.1f} times the next bar" in said for said in words(picture))


# Cost against RTO ----------------------------------------------------------------------------------------------------


def test_the_points_are_the_comparison(article):
    assert article.workload.objectives.probability == 0.95  # so the RTO shown is the one of the frame
    picture = drawn(figures.cost_against_rto, article)
    shown = [point for axes in picture.axes for cloud in axes.collections for point in cloud.get_offsets().tolist()]
    frame = article.frame().dropna(subset=["monthly_usd"])
    assert sorted(map(tuple, shown)) == sorted(zip(frame["rto_p95_s"], frame["monthly_usd"], strict=True))


def test_the_staircase_has_no_point_below_it_and_steps_down_only_at_points(article):
    picture = drawn(figures.cost_against_rto, article)
    points = [(o.judgement.rto_at_probability_s, o.bill.monthly_usd) for o in article.options]
    best = [p for p in points if not any(q[0] <= p[0] and q[1] <= p[1] and q != p for q in points)]
    for axes in picture.axes:
        (line,) = lines(axes, "frontier")
        corners = list(map(tuple, line.get_xydata()))
        assert set(best) <= set(corners)
        costs = [cost for _, cost in corners]
        assert costs == sorted(costs, reverse=True)


def test_the_staircase_of_four_points_by_hand():
    assert staircase([(10, 5), (1, 9), (10, 7), (5, 9.5)]) == [(1, 9), (10, 9), (10, 5)]


def test_objective_and_budget_stand_where_the_workload_has_them(comparisons):
    comparison = comparisons["small-saas"]
    objectives = comparison.workload.objectives
    axes = drawn(figures.cost_against_rto, comparison).axes[0]
    assert lines(axes, "objective")[0].get_xdata()[0] == objectives.rto_s
    assert lines(axes, "budget")[0].get_ydata()[0] == objectives.budget_usd_per_month
    assert axes.get_xscale() == "log"
    assert "RTO" in axes.get_xlabel()


@pytest.mark.parametrize("workload", ["article", "small-saas", "eu-shop", "media-house", "payments-br"])
def test_labels_of_the_named_options_do_not_overlap(workload, comparisons):
    picture = drawn(figures.cost_against_rto, comparisons[workload])
    renderer = picture.canvas.get_renderer()
    for axes in picture.axes:
        boxes = [text.get_window_extent(renderer) for text in axes.texts if text.get_text()]
        frame = axes.get_window_extent(renderer)
        for at, box in enumerate(boxes):
            assert box.x0 >= frame.x0 - 2
            assert box.x1 <= frame.x1 + 2
            assert not any(box.overlaps(other) for other in boxes[:at])


# Recovery ------------------------------------------------------------------------------------------------------------


def test_the_waterfall_is_the_schedule(article):
    (axes,) = drawn(figures.recovery_waterfall, article).axes
    schedule = article.chosen.recovery.judged.schedule()
    assert [label.get_text() for label in axes.get_yticklabels()] == [s.replace("_", " ") for s in schedule["step"]]
    shown = {bar.get_gid(): (bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars(axes)}
    for row in schedule.to_dict("records"):
        assert shown[row["step"]] == pytest.approx((row["start_s"], row["end_s"]))
    whiskers = [line.get_xdata()[1] for line in lines(axes, "p95")]
    assert whiskers == pytest.approx(list(schedule["p95_s"]))
    assert lines(axes, "objective")[0].get_xdata()[0] == article.workload.objectives.rto_s
    assert axes.get_xlabel() == "time since the region was lost [min]"


def test_the_critical_path_of_three_steps_by_hand():
    def seconds(*values):
        return np.array(values, dtype=float)

    steps = (
        Step("detect", (), seconds(1, 1)),
        Step("database", ("detect",), seconds(5, 2)),
        Step("compute", ("detect",), seconds(3, 4)),
        Step("serve", ("database", "compute"), seconds(1, 1)),
    )
    marks = on_critical_path(steps)
    assert {name: list(mark) for name, mark in marks.items()} == {
        "detect": [1, 1],
        "database": [1, 0],
        "compute": [0, 1],
        "serve": [1, 1],
    }


def test_critical_steps_add_up_to_the_rto(comparisons):
    for option in comparisons["article"].strategies.values():
        steps = option.recovery.judged.steps
        marks = on_critical_path(steps)
        total = sum(step.seconds * marks[step.name] for step in steps)
        assert total == pytest.approx(finish(steps)[steps[-1].name])


@pytest.mark.parametrize("workload", ["eu-shop", "payments-br"])
def test_the_distribution_crosses_the_objectives_at_their_probability(workload, comparisons):
    comparison = comparisons[workload]
    judged, objectives = comparison.chosen.judgement, comparison.workload.objectives
    left, right = drawn(figures.rto_rpo_distribution, comparison).axes
    for axes, gid, target, expected in (
        (left, "RTO", objectives.rto_s, judged.p_meets_rto),
        (right, "RPO", objectives.rpo_s, judged.p_meets_rpo),
    ):
        (curve,) = lines(axes, gid)
        assert np.interp(target, curve.get_xdata(), curve.get_ydata()) == pytest.approx(expected, abs=0.003)
        assert lines(axes, "objective")[0].get_xdata()[0] == target
        assert lines(axes, "probability")[0].get_ydata()[0] == objectives.probability
    assert set(comparison.chosen.recovery.judged.rpo_by_store) <= {line.get_gid() for line in right.lines}


def test_an_objective_of_zero_is_told_where_no_axis_can_show_it(article):
    right = drawn(figures.rto_rpo_distribution, article).axes[1]
    assert "the objective, 0 s" in right.get_xlabel()
    assert not lines(right, "objective")


def test_without_a_failover_region_the_pictures_say_so(article):
    today = article.today
    assert "no failover region" in title(figures.region_map(article, today))
    assert [label.get_text() for label in figures.recovery_waterfall(article, today).axes[0].get_yticklabels()] == [
        "rebuild from nothing"
    ]
    assert any("is lost in every draw" in said for said in words(figures.rto_rpo_distribution(article, today)))


# Maps ----------------------------------------------------------------------------------------------------------------


def test_the_map_tells_distance_and_latency(article):
    home, away = article.workload.region, article.chosen.topology.failover_region
    regions = article.catalog.regions
    assert f"{regions.distance_km(home, away):,.0f} km from {home}" in title(drawn(figures.region_map, article))
    assert f"round trip takes {regions.latency_ms(home, away):.0f} ms" in title(drawn(figures.region_map, article))


def test_the_map_says_that_nobody_measured_a_latency(article, monkeypatch):
    monkeypatch.setattr(type(article.catalog.regions), "latency_ms", lambda *_: None)
    assert "no latency was measured" in title(figures.region_map(article))


def test_the_map_shows_every_candidate_once(comparisons):
    comparison = comparisons["payments-br"]
    axes = drawn(figures.region_map, comparison).axes[0]
    possible = {o.topology.failover_region for o in comparison.options if o.topology.failover}
    assert len(lines(axes, "possible")) == len(possible) - 1
    assert len(lines(axes, "failover")) == len(lines(axes, "primary")) == 1


def test_the_way_from_tokyo_to_oregon_crosses_the_date_line_without_a_jump():
    path = great_circle((139.7, 35.7), (-122.7, 45.5))
    assert np.abs(np.diff(path[:, 0])).max() < 5
    assert path[:, 1].max() > 50  # the great circle runs north of both
    assert path[-1, 0] % 360 == pytest.approx(-122.7 % 360)


def test_a_way_over_the_edge_of_the_map_still_tells_its_distance(article):
    far = next(option for option in article.options if option.topology.failover_region == "ap-northeast-1")
    picture = figures.region_map(article, far)
    axes = picture.axes[0]
    west, east = axes.get_xlim()
    (label,) = [text for text in axes.texts if "round trip" in text.get_text()]
    assert west < label.xy[0] < east


# Catalog -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("service", "engine"), [("aurora", "aurora-mysql"), ("elasticache", "valkey")])
def test_every_class_with_a_price_is_drawn_as_legal_or_refused(service, engine, catalog):
    picture = figures.class_prices(catalog, service, "eu-west-1", engine)
    axes = picture.axes[0]
    clouds = {cloud.get_gid(): cloud.get_offsets() for cloud in axes.collections}
    frame = catalog.support.frame(service=service, region="eu-west-1", engine=engine)
    burstable = [name for name in frame["class"].unique() if name.split(".")[1] in ("t2", "t3", "t4g")]
    assert len(clouds["refused"]) >= len(burstable) > 0
    assert clouds["legal"][:, 1].min() > clouds["refused"][:, 1].min()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("memory [GiB] (logarithmic)", "USD an hour (logarithmic)")
    offer, item = {
        "aurora": ("AmazonRDS", "instance/aurora-mysql/{}/standard"),
        "elasticache": ("AmazonElastiCache", "node/valkey/{}"),
    }[service]
    for group, wanted in (("legal", True), ("refused", False)):
        possible = set(frame.loc[frame["supported"], "class"])
        expected = {
            (catalog.support.size(name).memory_gib, catalog.prices.find(offer, item.format(name), "eu-west-1").usd)
            for name in set(frame["class"])
            if (name in possible) is wanted and catalog.prices.has(offer, item.format(name), "eu-west-1")
        }
        assert {tuple(point) for point in clouds[group].tolist()} == expected
    assert f"{len(clouds['legal'])} of {len(clouds['legal']) + len(clouds['refused'])} {engine} classes" in title(
        picture
    )


def test_a_price_over_regions_is_sorted_and_marks_what_is_not_observed(catalog):
    item = "node/valkey/cache.r7g.large"
    picture = figures.price_over_regions(catalog, "AmazonElastiCache", item, "us-east-1")
    axes = picture.axes[0]
    assert axes.get_xlabel() == "USD per node-hour"
    least, here = (catalog.prices.find("AmazonElastiCache", item, code) for code in ("us-east-2", "us-east-1"))
    assert f"costs {least.usd:.4g} USD per node-hour in us-east-2" in title(picture)
    assert f"us-east-1 pays {percent(here.usd / least.usd - 1)} more" in title(picture)
    shown = {bar.get_gid(): bar for bar in bars(axes)}
    assert list(shown.values()) == sorted(shown.values(), key=lambda bar: bar.get_width())
    for region in catalog.prices.regions():
        price = catalog.prices.find("AmazonElastiCache", item, region)
        assert shown[region].get_width() == price.usd
        assert bool(shown[region].get_hatch()) == (not price.basis.startswith("observed"))


def test_an_unknown_class_or_region_is_refused_with_what_is_near(catalog):
    with pytest.raises(PriceError, match="no price matches"):
        figures.price_over_regions(catalog, "AmazonRDS", "instance/aurora-postgresql/db.r6g.larg/standard")
    with pytest.raises(PriceError, match="regions with prices are"):
        figures.class_prices(catalog, "aurora", "mars-north-1")


# Odd workloads -------------------------------------------------------------------------------------------------------


def test_a_workload_without_any_data_store_is_drawn(tmp_path, catalog):
    small = {
        "schema": 1,
        "name": "stateless",
        "region": "us-east-1",
        "services": [{"name": "app", "tasks": 2, "vcpu": 0.5, "memory_gib": 1}],
        "load_balancer": {"new_connections_per_second": 5, "active_connections": 50, "processed_gib_per_hour": 0.1},
        "operations": {"decision_s": 300},
        "objectives": {"rpo_s": 60, "rto_s": 600, "probability": 0.9, "budget_usd_per_month": 900},
        "costs": {"outage_usd_per_hour": 100, "data_loss_usd_per_hour": 0},
    }
    path = tmp_path / "stateless.yaml"
    path.write_text(json.dumps(small))
    comparison = compare_topologies(workload_file.read(path), catalog, samples=500)
    for draw in OF_A_COMPARISON:
        assert title(draw(comparison))
    assert any("no data store" in said for said in words(figures.rto_rpo_distribution(comparison)))


# Words and shores ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (usd(1776.74), "1,777"),
        (usd(14.49), "14.49"),
        (usd(2_361_549.64), "2.4 million"),
        (percent(0.037), "3.7 %"),
        (percent(0.00001), "< 0.1 %"),
        (percent(0), "0 %"),
        (probability(1.0), "over 99.9 %"),
        (probability(0.99875), "99.9 %"),
        (against(353.2, "a month", "today"), "353 USD a month more than today"),
        (against(-9.5, "", "today"), "9.50 USD less than today"),
        (against(0.001, "a month", "today"), "as much as today"),
    ],
)
def test_amounts_are_written_as_people_read_them(said, expected):
    assert said == expected


SQUARES = {
    "type": "Topology",
    "transform": {"scale": [1, 1], "translate": [0, 0]},
    "objects": {
        "land": {"type": "GeometryCollection", "geometries": [{"type": "MultiPolygon", "arcs": [[[0]], [[1]]]}]}
    },
    # A square over the 180th meridian, and one in Antarctica; arcs are differences.
    "arcs": [
        [[170, 0], [0, 10], [-340, 0], [0, -10], [340, 0]],
        [[0, -80], [0, 5], [5, 0], [0, -5], [-5, 0]],
    ],
}


def test_a_shore_over_the_date_line_goes_on_beyond_it_and_antarctica_is_left_out():
    assert list(outline.rings(SQUARES)) == [[(170, 0), (170, 10), (190, 10), (190, 0), (170, 0)]]


def test_the_outline_is_written_to_the_same_bytes(tmp_path):
    for name in ("one.csv", "two.csv"):
        assert outline.write(SQUARES, tmp_path / name) == 5
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.csv", "two.csv"]


def test_another_json_than_coastlines_is_refused():
    with pytest.raises(DrkitError, match="world-atlas"):
        list(outline.rings({"type": "FeatureCollection"}))


def test_the_embedded_coastline_is_small_and_names_its_source():
    content = (data_dir() / "map" / "land.csv").read_text()
    assert len(content) < 60_000
    assert "Natural Earth" in content.splitlines()[0]


# Waiting, break-even, sensitivity, replays ---------------------------------------------------------------------------


def test_the_best_waits_are_marked_and_the_title_says_the_choices(comparisons):
    comparison = comparisons["article"]
    picture = drawn(figures.wait_or_fail_over, comparison)
    (axes,) = picture.axes
    policies = [waiting.evaluate(comparison, option) for option in comparison.strategies.values()]
    marked = sorted(line.get_ydata()[0] for line in lines(axes, "best"))
    assert marked == pytest.approx(sorted(policy.loss_usd[policy.best] for policy in policies))
    assert "failing over as soon as people decide loses least" in title(picture)
    (curve,) = lines(axes, "backup_restore")
    assert list(curve.get_ydata()) == pytest.approx(
        waiting.evaluate(comparison, comparison.strategies["backup_restore"]).loss_usd
    )


def test_a_single_region_can_only_wait(comparisons):
    comparison = comparisons["small-saas"]
    assert "can only wait" in title(figures.wait_or_fail_over(comparison, comparison.today))


@pytest.mark.parametrize("workload", ["article", "small-saas", "payments-br"])
def test_the_least_line_is_the_cheapest_strategy_and_turns_where_it_changes(workload, comparisons):
    comparison = comparisons[workload]
    picture = drawn(figures.break_even, comparison)
    (axes,) = picture.axes
    (least,) = lines(axes, "least")
    strategies = [line for line in axes.lines if line.get_gid() in STRATEGIES]
    assert least.get_ydata() == pytest.approx(np.min([line.get_ydata() for line in strategies], axis=0))
    turns = [line.get_xdata()[0] for line in lines(axes, "turn")]
    assert set(turns) <= {reach.from_usd_per_hour for reach in value.break_even(comparison)}
    mean = comparison.workload.costs.outage_usd_per_hour.mean
    assert lines(axes, "mean")[0].get_xdata()[0] == mean
    here = next(reach for reach in value.break_even(comparison) if mean < reach.to_usd_per_hour)
    assert here.option.topology.failover_region in title(picture)


@pytest.mark.parametrize("workload", ["article", "small-saas", "payments-br"])
def test_the_line_of_a_strategy_is_its_cheapest_option_at_every_cost(workload, comparisons):
    comparison = comparisons[workload]
    (axes,) = drawn(figures.break_even, comparison).axes
    for strategy in {option.topology.strategy for option in comparison.options}:
        options = [option for option in comparison.options if option.topology.strategy == strategy]
        (curve,) = lines(axes, strategy)
        for hour, total in curve.get_xydata()[::21]:
            least = min(value.line(comparison, option).at(hour) for option in options)
            assert total == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize("workload", ["article", "small-saas", "payments-br"])
def test_the_labels_of_the_break_even_chart_cover_no_curve(workload, comparisons):
    picture = drawn(figures.break_even, comparisons[workload])
    picture.draw_without_rendering()
    (axes,) = picture.axes
    assert axes.texts
    for said in axes.texts:
        box = said.get_window_extent(picture.canvas.get_renderer())
        for curve in (line for line in axes.lines if line.get_gid() in STRATEGIES):
            points = axes.transData.transform(curve.get_xydata())
            assert not any(box.contains(x, y) for x, y in points), (said.get_text(), curve.get_gid())


@pytest.mark.slow
def test_the_bars_of_the_tornado_are_its_table(comparisons):
    comparison = comparisons["payments-br"]
    found = sensitivity.analyse(comparison, base=64)
    picture = figures.tornado(comparison, found)
    assert [axes.get_title(loc="left") for axes in picture.axes] == ["RTO", "RPO", "total cost"]
    table = found.tornado.set_index("input")
    for axes, output, least in zip(picture.axes, ("rto_s", "rpo_s", "total_usd"), (6, 2, 6), strict=True):
        assert len(bars(axes)) >= least
        unit = {
            "rto_s": r"RTO \[(s|min|h|d)\]",
            "rpo_s": r"RPO \[(s|min|h|d)\]",
            "total_usd": r"total cost \[USD a year\]",
        }
        assert re.fullmatch(unit[output], axes.get_xlabel())
        for bar in bars(axes):
            name, _, end = bar.get_gid().rpartition(".")
            ends = {bar.get_x(), bar.get_x() + bar.get_width()}
            assert min(abs(at - table.loc[name, f"{output}_{end}"]) for at in ends) < 1e-6 * max(ends)
    judged = found.sobol[found.sobol["output"] != "total_usd"]
    first = judged[judged["input"].isin(found.changing())].sort_values("total").iloc[-1]["input"]
    assert f"measuring {sensitivity_figure.words(first)}" in title(picture)


@pytest.mark.slow
@pytest.mark.parametrize("workload", ["article", "payments-br"])
def test_the_ticks_and_texts_of_the_tornado_have_room(workload, comparisons):
    picture = figures.tornado(comparisons[workload], sensitivity.analyse(comparisons[workload], base=64))
    picture.draw_without_rendering()
    renderer = picture.canvas.get_renderer()
    for axes in picture.axes:
        boxes = [label.get_window_extent(renderer) for label in axes.get_xticklabels() if label.get_text()]
        low, high = axes.get_window_extent(renderer).intervalx
        shown = sorted((b for b in boxes if low <= (b.x0 + b.x1) / 2 <= high), key=lambda b: b.x0)
        assert all(one.x1 < other.x0 for one, other in itertools.pairwise(shown))
    for text in picture.texts:
        assert text.get_window_extent(renderer).x1 <= picture.bbox.x1
    assert picture.get_suptitle().count("\n") <= 1


@pytest.mark.parametrize("event", ["2017-02-28", "2021-12-07", "2025-10-20"])
def test_a_replay_shows_when_each_strategy_is_back_and_what_was_blocked(event, comparisons):
    comparison = comparisons["article"]
    found = replay.replay(comparison, event)
    picture = figures.outage_replay(comparison, event, found)
    upper, lower = picture.axes
    for one in found.strategies:
        (back,) = lines(upper, f"back.{one.label}")
        assert back.get_xdata()[0] == pytest.approx(np.median(one.back_s))
    renderer = picture.canvas.get_renderer()
    for phase, said in zip(found.phases, [text for text in upper.texts if text.get_gid() == "what"], strict=True):
        box, bar = (
            said.get_window_extent(renderer),
            upper.transData.transform([(phase.from_s, 0), (phase.to_s, 0)])[:, 0],
        )
        assert (box.x0 >= bar[0] and box.x1 <= bar[1]) or box.x0 >= bar[1] - 1
        (curve,) = lines(lower, one.label)
        assert list(curve.get_ydata()) == list(found.minutes()[one.label])
    assert any(bar.get_gid() == "blocked" for bar in bars(upper))
    assert f"{event}: down for {span(found.lasted_s)} in one region" in title(picture)
    assert (lower.get_xlabel(), lower.get_ylabel()) == ("time since the outage began [h]", "service is up")
    stuck = [one for one in found.strategies if one.blocked and one.failed_over < 0.5]
    assert ("would have been blocked" in title(picture)) is bool(stuck)


def test_the_waterfall_says_how_often_each_step_is_critical(comparisons):
    comparison = comparisons["media-house"]
    option = comparison.strategies["backup_restore"]
    schedule = option.recovery.judged.schedule().set_index("step")
    # stack and restore run side by side: one of them decides in each draw
    assert schedule.loc["create_stack", "critical"] + schedule.loc["restore_database", "critical"] == pytest.approx(1)
    assert 0.1 < schedule.loc["restore_database", "critical"] < 0.9
    said = " ".join(words(figures.recovery_waterfall(comparison, option)))
    assert f"critical {percent(round(schedule.loc['create_stack', 'critical'], 2))}" in said


def test_a_neighbour_that_may_be_lost_too_is_told_and_drawn(catalog, comparisons):
    workload = comparisons["eu-shop"].workload
    near = workload.objectives.model_copy(update={"failover_regions": ["eu-west-3"]})
    comparison = compare_topologies(workload.model_copy(update={"objectives": near}), catalog, samples=4000)
    right = figures.rto_rpo_distribution(comparison).axes[1]
    (curve,) = lines(right, "database")
    assert curve.get_ydata()[-1] == pytest.approx(0.99, abs=0.006)  # one loss in a hundred takes both regions
    assert "eu-west-3 lies 478 km from eu-central-1: in " in recovery_report.answer(comparison)
    # the bars of the waterfall are of the failovers that can run
    figures.recovery_waterfall(comparison)
