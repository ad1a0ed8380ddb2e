"""A picture drawn once from the same values: what a notebook sees of it, and when it is drawn again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from drkit import figures
from drkit.facts.regions import Region
from drkit.figures import once as kept
from drkit.figures import picture as style
from drkit.figures.once import once

ORIGIN = style.Origin("2026-01-31", "0123456789abcdef")
drawn: list[str] = []


class Words(NamedTuple):
    title: str
    others: tuple[object, ...] = ()


def draw(words: Words) -> style.Picture:
    drawn.append(words.title)
    figure = style.picture(words.title, ORIGIN)
    figure.add_subplot()
    return figure


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "folder", tmp_path)
    drawn.clear()


def test_equal_values_are_drawn_once_and_a_notebook_sees_no_difference() -> None:
    first = once(draw, Words("a"))
    shown = first._repr_png_()
    second = once(draw, Words("a"))
    assert drawn == ["a"]
    assert second._repr_png_() == shown
    assert repr(second) == repr(first)


def test_a_picture_that_nobody_saw_is_not_kept(tmp_path: Path) -> None:
    once(draw, Words("a"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "other",
    [
        Words("b"),
        Words("a", (1,)),
        Words("a", ("1",)),
        Words("a", ((),)),
        Words("a", ({"b": 1},)),
        Words("a", ((("b", 1),),)),
        Words("a", (None,)),
    ],
    ids=repr,
)
def test_other_values_are_drawn(other: Words) -> None:
    values = [Words("a"), Words("a", ([],)), other]
    for words in values:
        once(draw, words)._repr_png_()
    assert drawn == [words.title for words in values]


def test_fields_of_a_dataclass_count() -> None:
    near = Region("xx-one-1", "One", "City", "Country", "XX", "Continent", 1.0, 2.0, ("a",), opt_in=False, kind="")
    for place in (near, replace(near, lon=3.0), replace(near)):
        once(draw, Words("a", (place,)))._repr_png_()
    assert drawn == ["a", "a"]


def test_each_theme_has_a_picture_of_its_own() -> None:
    light = once(draw, Words("a"))._repr_png_()
    with figures.theme("dark"):
        dark = once(draw, Words("a"))._repr_png_()
        kept = once(draw, Words("a"))
    assert light != dark
    assert drawn == ["a", "a"]
    assert kept.png() == dark[0], "drawn outside, it is as dark as it was kept"


def test_what_is_asked_besides_is_of_the_picture_drawn() -> None:
    once(draw, Words("a"))._repr_png_()
    picture = once(draw, Words("a"))
    assert picture.finding == "a"
    assert len(picture.axes) == 1
    assert drawn == ["a", "a"]


def test_a_folder_that_takes_nothing_costs_only_the_drawing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "folder", tmp_path / "gone")
    assert once(draw, Words("a"))._repr_png_() == once(draw, Words("a"))._repr_png_()
    assert drawn == ["a", "a"]


def test_a_value_that_cannot_be_told_from_another_is_refused() -> None:
    with pytest.raises(TypeError, match="object is no plain value"):
        once(draw, Words("a", (object(),)))


def test_without_a_folder_every_picture_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "folder", None)
    assert isinstance(once(draw, Words("a", (object(),))), style.Picture)
