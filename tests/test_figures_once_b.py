"""Pictures of a comparison in two halves: what is drawn sees plain values only, and nothing that it does not show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from drkit import figures
from drkit.catalog import Catalog
from drkit.compare import Comparison, compare_topologies
from drkit.figures import once as kept
from drkit.workload import Workload

WORKLOADS = ("article", "eu-shop", "media-house", "payments-br", "small-saas")
#: Each picture, with an objective that it does not show, and a value that leaves every choice as it is.
DRAWN = (
    (figures.monthly_cost, {"rto_s": 3500}),
    (figures.yearly_loss, {"rto_s": 3500}),
    (figures.architecture, {"rto_s": 3500}),
    (figures.recovery_waterfall, {"budget_usd_per_month": 90_000}),
    (figures.cost_against_rto, {"rpo_s": 600}),
)
draws = pytest.mark.parametrize("draw", [draw for draw, _ in DRAWN], ids=lambda draw: draw.__name__)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where pictures are kept in a test."""
    monkeypatch.setattr(kept, "folder", tmp_path)
    return tmp_path


def asking(workload: Workload, catalog: Catalog, **objectives: float) -> Comparison:
    """A comparison of a workload with other objectives."""
    asked = workload.objectives.model_copy(update=objectives)
    return compare_topologies(workload.model_copy(update={"objectives": asked}), catalog, samples=500)


def chosen(comparison: Comparison) -> list[str]:
    """What is chosen in all, and of each strategy."""
    return [option.topology_id for option in (comparison.chosen, *comparison.strategies.values())]


@draws
@pytest.mark.parametrize("name", WORKLOADS)
def test_a_kept_picture_shows_what_a_drawn_one_does(
    draw: Callable[[Comparison], figures.Picture],
    name: str,
    comparisons: dict[str, Comparison],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    comparison = comparisons[name]
    first = draw(comparison)._repr_png_()
    again = draw(comparison)
    assert not isinstance(again, figures.Picture)  # it stands for one
    assert again._repr_png_() == first
    monkeypatch.setattr(kept, "folder", None)
    assert draw(comparison)._repr_png_() == first
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(("draw", "other"), DRAWN, ids=lambda case: getattr(case, "__name__", ""))
def test_runs_that_differ_in_what_is_not_shown_share_a_picture(
    draw: Callable[[Comparison], figures.Picture],
    other: dict[str, float],
    workloads: dict[str, Workload],
    catalog: Catalog,
    folder: Path,
) -> None:
    workload = workloads["eu-shop"]
    first, second = asking(workload, catalog), asking(workload, catalog, **other)
    assert first.workload.objectives != second.workload.objectives
    assert chosen(first) == chosen(second)
    assert draw(first)._repr_png_() == draw(second)._repr_png_()
    assert len(list(folder.iterdir())) == 1


@draws
def test_an_objective_that_changes_the_choice_makes_another_picture(
    draw: Callable[[Comparison], figures.Picture], workloads: dict[str, Workload], catalog: Catalog, folder: Path
) -> None:
    workload = workloads["article"]
    first, second = asking(workload, catalog), asking(workload, catalog, rto_s=600)
    assert chosen(first) != chosen(second)
    assert draw(first)._repr_png_() != draw(second)._repr_png_()
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("draw", [figures.architecture, figures.recovery_waterfall], ids=lambda draw: draw.__name__)
def test_each_strategy_has_a_picture_of_its_own(
    draw: Callable[..., figures.Picture], comparisons: dict[str, Comparison], folder: Path
) -> None:
    comparison = comparisons["article"]
    options = [comparison.today, *comparison.strategies.values()]
    first = [draw(comparison, option)._repr_png_() for option in options]
    assert [draw(comparison, option)._repr_png_() for option in options] == first
    assert len(list(folder.iterdir())) == len(options)
