"""Figures drawn once for runs that show the same: plain values, the same picture, and no other one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from drkit import figures, workload_file
from drkit.compare import Comparison, compare_topologies
from drkit.figures import once as kept
from drkit.figures.style import Picture

#: Figures in two halves, each with an objective that it does not show.
UNSEEN = {"region_map": "rto_s", "break_even": "rto_s"}


def shown(comparison: Comparison, figure: str) -> bytes:
    """What a notebook shows."""
    body, _ = getattr(figures, figure)(comparison)._repr_png_()
    return bytes(body)


def asking(comparison: Comparison, **objectives: float) -> Comparison:
    """The comparison of a workload that asks for something else."""
    asked = comparison.workload.objectives.model_copy(update=objectives)
    workload = comparison.workload.model_copy(update={"objectives": asked})
    return compare_topologies(workload, comparison.catalog, samples=comparison.samples)


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, tuple):
        for one in value:
            yield from leaves(one)
    else:
        yield value


@pytest.mark.parametrize("workload", workload_file.bundled())
@pytest.mark.parametrize("figure", UNSEEN)
def test_a_kept_figure_is_the_one_that_would_be_drawn(figure, workload, comparisons, tmp_path, monkeypatch):
    comparison = comparisons[workload]
    drawn = shown(comparison, figure)
    monkeypatch.setattr(kept, "folder", tmp_path)
    assert shown(comparison, figure) == drawn
    assert not isinstance(getattr(figures, figure)(comparison), Picture)  # nothing was drawn
    assert shown(comparison, figure) == drawn


@pytest.mark.parametrize("figure", UNSEEN)
def test_the_values_of_a_figure_are_pythons_own(figure, comparisons, monkeypatch):
    # Numbers of numpy are told from equal ones of Python, and their pictures would be drawn twice.
    monkeypatch.setattr(sys.modules[getattr(figures, figure).__module__], "once", lambda _, values: values)
    values = getattr(figures, figure)(comparisons["article"])
    assert {type(value) for value in leaves(kept._plain(values))} <= {str, int, float, bool, type(None)}


@pytest.mark.parametrize(("figure", "objective"), UNSEEN.items())
def test_runs_that_differ_in_what_a_figure_does_not_show_have_one_picture(
    figure, objective, comparisons, tmp_path, monkeypatch
):
    comparison = comparisons["article"]
    other = asking(comparison, **{objective: getattr(comparison.workload.objectives, objective) + 60})
    assert other.chosen.topology_id == comparison.chosen.topology_id
    monkeypatch.setattr(kept, "folder", tmp_path)
    assert shown(other, figure) == shown(comparison, figure)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("figure", UNSEEN)
def test_a_figure_of_another_workload_is_another_picture(figure, comparisons, tmp_path, monkeypatch):
    comparison = comparisons["article"]
    other = replace(comparison, workload=comparison.workload.model_copy(update={"name": "paper"}))
    monkeypatch.setattr(kept, "folder", tmp_path)
    assert shown(other, figure) != shown(comparison, figure)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_map_of_another_choice_is_another_picture(comparisons, tmp_path, monkeypatch):
    hours, minutes = (asking(comparisons["payments-br"], rto_s=rto_s) for rto_s in (4 * 3600, 600))
    assert hours.chosen.topology_id != minutes.chosen.topology_id
    monkeypatch.setattr(kept, "folder", tmp_path)
    assert shown(hours, "region_map") != shown(minutes, "region_map")
