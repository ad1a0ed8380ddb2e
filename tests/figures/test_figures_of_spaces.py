"""Treemap, panels, heat map and the prices of the map, read back and compared with the figures they stand for."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from drkit import figures
from drkit.choice.compare import compare_topologies
from drkit.errors import ParameterError
from drkit.figures.palette import heat
from drkit.figures.picture import name, probability, usd
from drkit.figures.treemap import Area, squarify
from drkit.words import span
from drkit.workload import file as workload_file

#: One of them all day, the others before a change is done.
WORKLOADS = ("small-saas", *(pytest.param(name, marks=pytest.mark.slow) for name in
             ("article", "eu-shop", "media-house", "payments-br")))  # fmt: skip


def said(axes, gid):
    return [text.get_text() for text in axes.texts if text.get_gid() == gid]


def rectangles(axes):
    return {one.get_gid(): one for one in axes.get_children() if isinstance(one, Rectangle) and one.get_gid()}


def assert_apart(picture, axes):
    """No text of the axes leaves the picture or touches another."""
    picture.canvas.draw()
    renderer = picture.canvas.get_renderer()
    found = [(text.get_text(), text.get_window_extent(renderer)) for text in axes.texts if text.get_text()]
    for words, box in found:
        assert box.x0 >= 0 and box.x1 <= picture.bbox.x1, words
    for (one, first), (other, second) in itertools.combinations(found, 2):
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert wide <= 0.5 or high <= 2, (one, other)


# Treemap -------------------------------------------------------------------------------------------------------------


def test_squares_by_hand():
    # Of a rectangle of 6 x 4 the first two amounts fill a column of 3, as in the paper of 2000.
    parts = squarify([6, 6, 4, 3, 2, 2, 1], Area(0, 0, 6, 4))
    assert parts[:2] == [Area(0, 0, 3, 2), Area(0, 2, 3, 2)]
    assert parts[2].wide * parts[2].tall == pytest.approx(4)
    assert squarify([], Area(0, 0, 1, 1)) == []


@pytest.mark.parametrize("seed", range(3))
def test_parts_fill_their_area_and_do_not_overlap(seed):
    amounts = sorted(np.random.default_rng(seed).exponential(10, 14), reverse=True)
    parts = squarify(amounts, Area(3, 5, 40, 25))
    assert [p.wide * p.tall for p in parts] == pytest.approx([1000 * a / sum(amounts) for a in amounts])
    for one, other in itertools.combinations(parts, 2):
        wide = min(one.x + one.wide, other.x + other.wide) - max(one.x, other.x)
        high = min(one.y + one.tall, other.y + other.tall) - max(one.y, other.y)
        assert wide < 1e-9 or high < 1e-9
    assert all(p.x >= 3 - 1e-9 and p.x + p.wide <= 43 + 1e-9 and p.y + p.tall <= 30 + 1e-9 for p in parts)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_areas_of_the_treemap_are_the_bill(workload, comparisons):
    comparison = comparisons[workload]
    bill = comparison.chosen.bill
    picture = figures.bill_treemap(comparison)
    (axes,) = picture.axes
    expected = defaultdict(float)
    for line in bill.lines:
        if line.monthly_usd > 0:
            kind = "observed" if line.basis.startswith("observed") else "not observed"
            expected[f"{line.role}/{line.component}/{kind}"] += line.monthly_usd
    drawn = {gid: box.get_width() * box.get_height() for gid, box in rectangles(axes).items()}
    assert set(drawn) == set(expected)
    whole = math.fsum(drawn.values())
    for gid, amount in expected.items():
        assert drawn[gid] / whole == pytest.approx(amount / bill.monthly_usd, rel=1e-3), gid
        assert bool(rectangles(axes)[gid].get_hatch()) == gid.endswith("/not observed")
    assert f"of {usd(bill.monthly_usd)} USD a month" in picture.finding
    by_role = bill.by("role").set_index("role")["monthly_usd"]
    for role, amount in by_role.items():
        assert any(words.startswith(f"{usd(amount)} USD, ") for words in said(axes, f"band {role}"))
    assert_apart(picture, axes)


@pytest.mark.slow
def test_words_of_the_treemap_stay_in_their_box(comparisons):
    picture = figures.bill_treemap(comparisons["eu-shop"])
    picture.canvas.draw()
    renderer = picture.canvas.get_renderer()
    (axes,) = picture.axes
    boxes = [box.get_window_extent(renderer) for box in rectangles(axes).values()]
    leaves = [text for text in axes.texts if text.get_gid() == "leaf"]
    assert len(leaves) >= 12
    for text in leaves:
        inner = text.get_window_extent(renderer)
        assert any(
            box.x0 <= inner.x0 and inner.x1 <= box.x1 and box.y0 - 1 <= inner.y0 and inner.y1 <= box.y1 + 1
            for box in boxes
        ), text.get_text()


# Panels --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_panel_for_each_strategy_on_the_same_axes(workload, comparisons):
    comparison = comparisons[workload]
    picture = figures.strategy_panels(comparison)
    options = comparison.representatives
    shown = [axes for axes in picture.axes if axes.get_visible()]
    assert len(shown) == len(options)
    assert len({axes.get_xlim() for axes in shown}) == 1
    for axes, option in zip(shown, options, strict=True):
        where = option.topology.failover_region or option.topology.primary_region
        judged = option.judgement
        assert said(axes, "cost") == [f"{where}, {usd(option.bill.monthly_usd)} USD a month"]
        assert said(axes, "met") == [
            f"meets RTO {probability(judged.p_meets_rto)}, RPO {probability(judged.p_meets_rpo)}"
        ]
        assert ("chosen" in said(axes, "strategy")[0]) == (option is comparison.chosen)
        (line,) = [one for one in axes.lines if one.get_gid() == "RTO objective"]
        assert line.get_xdata()[0] == comparison.workload.objectives.rto_s
        assert_apart(picture, axes)


def test_shapes_of_the_panels_are_the_draws(comparisons):
    comparison = comparisons["eu-shop"]
    picture = figures.strategy_panels(comparison)
    for axes, option in zip(picture.axes, comparison.representatives, strict=False):
        (shape,) = [one for one in axes.collections if one.get_gid() == "RTO"]
        points = shape.get_paths()[0].vertices
        top = points[points[:, 1].argmax(), 0]
        rto = option.recovery.judged.rto_s
        low, high = axes.get_xlim()
        edges = np.geomspace(low, high, 91)
        counts, _ = np.histogram(rto, edges)
        assert edges[counts.argmax()] == pytest.approx(top, rel=0.35)
        assert points[:, 1].max() == pytest.approx(0.58)


def test_a_single_region_loses_everything_and_the_panel_says_so(comparisons):
    picture = figures.strategy_panels(comparisons["article"])
    assert said(picture.axes[0], "everything") == ["RPO: everything is lost"]
    assert "None of 6 ways keeps RTO and RPO with 95 %" in picture.finding
    assert comparisons["article"].chosen.topology.failover_region in picture.finding


@pytest.mark.slow
def test_the_title_of_the_panels_counts_those_that_keep_the_objectives(comparisons):
    comparison = comparisons["eu-shop"]
    wanted = comparison.workload.objectives.probability
    able = [o for o in comparison.representatives if min(o.judgement.p_meets_rto, o.judgement.p_meets_rpo) >= wanted]
    picture = figures.strategy_panels(comparison)
    assert f"{len(able)} of {len(comparison.representatives)} ways keep RTO and RPO" in picture.finding


# Heat map ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "value", "words"),
    [
        ("monthly_usd", lambda o: o.bill.monthly_usd, usd),
        ("rto_s", lambda o: o.judgement.rto_at_probability_s, span),
        ("expected_yearly_loss_usd", lambda o: o.recovery.expected_yearly_loss_usd, usd),
    ],
)
def test_cells_are_the_best_of_region_and_strategy_as_colour_and_number(measure, value, words, comparisons):
    comparison = comparisons["payments-br"]
    picture = figures.region_pairs(comparison, measure)
    (axes,) = picture.axes
    groups = defaultdict(list)
    for option in comparison.options:
        if option.topology.failover:
            groups[option.topology.failover_region, option.topology.strategy].append(option)
    best = {key: comparison.best_in(options) for key, options in groups.items()}
    values = [value(option) for option in best.values()]
    cells = rectangles(axes)
    for (region, strategy), option in best.items():
        cell = cells[f"{region}/{strategy}"]
        assert cell.get_facecolor()[:3] == pytest.approx(_rgb(heat(value(option), values)), abs=1e-3)
        middle = (cell.get_x() + 0.5, cell.get_y() + 0.5)
        (number,) = [text for text in axes.texts if text.get_position() == pytest.approx(middle)]
        assert number.get_text() == words(value(option))
        assert (number.get_weight() == "bold") == option.meets_objectives
    chosen = cells["chosen"]
    home = cells[f"{comparison.chosen.topology.failover_region}/{comparison.chosen.topology.strategy}"]
    assert chosen.get_x() + chosen.get_width() / 2 == pytest.approx(home.get_x() + 0.5)
    assert chosen.get_y() + chosen.get_height() / 2 == pytest.approx(home.get_y() + 0.5)


def test_of_pairs_that_cost_the_same_the_title_names_the_choice(comparisons):
    """Ohio, Virginia and Oregon cost the same from São Paulo; the comparison prefers the one that loses least."""
    comparison = comparisons["payments-br"]
    same = [
        option.topology.failover_region
        for option in comparison.options
        if option.bill.monthly_usd == comparison.chosen.bill.monthly_usd
    ]
    assert sorted(same) == ["us-east-1", "us-east-2", "us-west-2"]
    assert f"; {name(comparison.chosen)} has the lowest" in figures.region_pairs(comparison).finding


def _rgb(colour):
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))


@pytest.mark.slow
def test_refused_pairs_say_so(comparisons):
    comparison = comparisons["eu-shop"]  # its cache must not be left behind
    picture = figures.region_pairs(comparison)
    (axes,) = picture.axes
    rows = [label.get_text().split()[0] for label in axes.get_yticklabels()]
    assert said(axes, "refused") == ["refused"] * len(rows)
    assert {gid for gid in rectangles(axes) if gid.endswith("/backup_restore")} == {f"{r}/backup_restore" for r in rows}
    possible = {o.topology.failover_region for o in comparison.options if o.topology.failover}
    refused = {t.failover_region for t in comparison.rejected if t.failover} - possible
    assert f"{len(refused)} more regions refused in every column" in picture.explanation
    meeting = sum(text.get_weight() == "bold" for text in axes.texts)
    assert picture.finding.startswith(f"{meeting} of {len(said(axes, 'value'))} pairs meet the objectives")


@pytest.mark.slow
def test_several_primaries_give_primary_against_failover(comparisons, catalog):
    workload = comparisons["media-house"].workload
    regions = ["us-east-1", "us-east-2"]
    asked = workload.objectives.model_copy(update={"failover_regions": regions})
    many = [
        compare_topologies(workload.model_copy(update={"region": region, "objectives": asked}), catalog, samples=200)
        for region in regions
    ]
    (axes,) = figures.region_pairs(many).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == regions
    assert said(axes, "refused") == ["itself", "itself"]
    assert sorted(said(axes, "value")) == sorted(
        usd(c.best_in([o for o in c.options if o.topology.failover]).bill.monthly_usd) for c in many
    )


def test_wrong_measures_are_refused(comparisons):
    with pytest.raises(ParameterError, match="measure is 'latency': it is one of monthly_usd, rto_s"):
        figures.region_pairs(comparisons["article"], "latency")
    with pytest.raises(ParameterError, match="nothing to compare"):
        figures.region_pairs([])


@pytest.mark.slow
def test_a_workload_that_may_go_nowhere_is_drawn(catalog, tmp_path):
    workload = workload_file.read("small-saas")
    nowhere = workload.objectives.model_copy(update={"failover_regions": ["eu-west-1"]})
    comparison = compare_topologies(workload.model_copy(update={"objectives": nowhere}), catalog, samples=200)
    assert figures.region_pairs(comparison).finding == "No region can be the failover region of us-west-2"
    for draw in (figures.architecture, figures.bill_treemap, figures.strategy_panels, figures.region_map):
        assert draw(comparison).finding


# Map -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", ["article", "payments-br"])
def test_the_map_tells_what_each_candidate_costs_and_its_round_trip(workload, comparisons):
    comparison = comparisons[workload]
    chosen, home = comparison.chosen, comparison.workload.region
    picture = figures.region_map(comparison)
    axes = picture.axes[0]
    best = {}
    for option in comparison.options:
        if option.topology.strategy == chosen.topology.strategy:
            best.setdefault(option.topology.failover_region, []).append(option)
    costs = {code: comparison.best_in(options).bill.monthly_usd for code, options in best.items()}
    told = 0
    for text in axes.texts:
        code, *rest = text.get_text().split("\n")
        if rest and rest[0].endswith(" ms") and code in costs:
            trip = comparison.catalog.regions.latency_ms(home, code)
            assert rest == [f"{usd(costs[code])} USD, {trip:.0f} ms"]
            told += 1
    assert told >= len(costs) - 3  # one is the choice, and in a crowd a price may have no room
    least = min(costs.values())
    saved = chosen.bill.monthly_usd - least
    said_of_it = f"would cost {usd(saved)} USD a month less" if saved >= 0.5 else "no other region is cheaper"
    assert said_of_it in picture.finding
    others = [cost for code, cost in costs.items() if code != chosen.topology.failover_region]
    (legend,) = picture.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert f"possible, cheapest {usd(min(others))} USD" in labels
    assert f"possible, dearest {usd(max(others))} USD" in labels
