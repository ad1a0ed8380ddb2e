"""Figures drawn once for runs that show the same: plain values, the same picture, and no other one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from drkit import figures
from drkit.choice.compare import compare_topologies
from drkit.choice.comparison import Comparison
from drkit.facts.catalog import Catalog
from drkit.figures import once as kept
from drkit.figures.picture import Picture
from drkit.workload.model import Workload

#: Figures in two halves, each with a workload and an objective that it does not show; every choice stays as it is.
UNSEEN: dict[str, tuple[str, dict[str, float]]] = {
    "architecture": ("article", {"rto_s": 3500}),
    "break_even": ("article", {"rto_s": 3500}),
    "cost_against_rto": ("eu-shop", {"rpo_s": 600}),
    "monthly_cost": ("article", {"rto_s": 3500}),
    "recovery_waterfall": ("eu-shop", {"budget_usd_per_month": 90_000}),
    "region_map": ("article", {"rto_s": 3500}),
    "yearly_loss": ("article", {"rto_s": 3500}),
}
#: Of these the figures of which other choices make other pictures: break-even shows all topologies at once.
CHOICE = [name for name in UNSEEN if name != "break_even"]

each_figure = pytest.mark.parametrize("figure", UNSEEN)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where pictures are kept in a test."""
    monkeypatch.setattr(kept, "folder", tmp_path)
    return tmp_path


def shown(comparison: Comparison, figure: str, *option: object) -> tuple[bytes, dict[str, int | str]]:
    """What a notebook shows."""
    picture: Picture = getattr(figures, figure)(comparison, *option)
    return picture._repr_png_()


def asking(workload: Workload, catalog: Catalog, **objectives: float) -> Comparison:
    """A comparison of a workload with other objectives."""
    asked = workload.objectives.model_copy(update=objectives)
    return compare_topologies(workload.model_copy(update={"objectives": asked}), catalog, samples=500)


def chosen(comparison: Comparison) -> list[str]:
    """What is chosen in all, and of each strategy."""
    return [option.topology_id for option in (comparison.chosen, *comparison.strategies.values())]


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, tuple):
        for one in value:
            yield from leaves(one)
    else:
        yield value


@pytest.mark.slow
@pytest.mark.parametrize("workload", ["article", "media-house", "payments-br"])
@each_figure
def test_a_kept_figure_is_the_one_that_would_be_drawn(
    figure: str, workload: str, comparisons: Mapping[str, Comparison], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = comparisons[workload]
    first = shown(comparison, figure)
    assert not isinstance(getattr(figures, figure)(comparison), Picture), "it stands for one, nothing was drawn"
    assert shown(comparison, figure) == first
    monkeypatch.setattr(kept, "folder", None)
    assert shown(comparison, figure) == first
    assert len(list(folder.iterdir())) == 1


@each_figure
def test_the_values_of_a_figure_are_pythons_own(
    figure: str, comparisons: Mapping[str, Comparison], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Numbers of numpy are told from equal ones of Python, and their pictures would be drawn twice.
    monkeypatch.setattr(sys.modules[getattr(figures, figure).__module__], "once", lambda _, values: values)
    values = getattr(figures, figure)(comparisons["article"])
    assert {type(value) for value in leaves(kept._plain(values))} <= {str, int, float, bool, type(None)}


@each_figure
def test_runs_that_differ_in_what_a_figure_does_not_show_have_one_picture(
    figure: str, workloads: Mapping[str, Workload], catalog: Catalog, folder: Path
) -> None:
    name, other = UNSEEN[figure]
    first, second = (asking(workloads[name], catalog, **objectives) for objectives in ({}, other))
    assert first.workload.objectives != second.workload.objectives
    assert chosen(first) == chosen(second)
    assert shown(first, figure) == shown(second, figure)
    assert len(list(folder.iterdir())) == 1


@pytest.mark.slow
@pytest.mark.parametrize("figure", CHOICE)
def test_an_objective_that_changes_the_choice_makes_another_picture(
    figure: str, workloads: Mapping[str, Workload], catalog: Catalog, folder: Path
) -> None:
    first, second = (asking(workloads["payments-br"], catalog, rto_s=rto_s) for rto_s in (4 * 3600, 600))
    assert first.chosen.topology_id != second.chosen.topology_id
    assert shown(first, figure) != shown(second, figure)
    assert len(list(folder.iterdir())) == 2


@pytest.mark.slow
@each_figure
def test_a_figure_of_another_workload_is_another_picture(
    figure: str, comparisons: Mapping[str, Comparison], folder: Path
) -> None:
    comparison = comparisons["article"]
    other = replace(comparison, workload=comparison.workload.model_copy(update={"name": "paper"}))
    assert shown(other, figure) != shown(comparison, figure)
    assert len(list(folder.iterdir())) == 2


@pytest.mark.slow
@pytest.mark.parametrize("figure", ["architecture", "recovery_waterfall", "region_map"])
def test_each_strategy_has_a_picture_of_its_own(
    figure: str, comparisons: Mapping[str, Comparison], folder: Path
) -> None:
    comparison = comparisons["article"]
    options = [comparison.today, *comparison.strategies.values()]
    first = [shown(comparison, figure, option) for option in options]
    assert [shown(comparison, figure, option) for option in options] == first
    assert len(list(folder.iterdir())) == len(options)
