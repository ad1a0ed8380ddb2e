"""How far visitors of a page get into the files of whoever serves it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import drkit
from drkit.errors import ParameterError
from drkit.explorer.bounds import Bounds
from drkit.explorer.view import Explorer
from drkit.facts.catalog import Catalog
from drkit.files.bundled import data_dir


@pytest.fixture
def grounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: workload files in it and beside it, and links that lead out of it."""
    text = (data_dir() / "workloads" / "small-saas.yaml").read_text()
    here = tmp_path / "here"
    for name in ("here/mine/shop.yaml", "here/out/saved.yml", "elsewhere/theirs.yaml", "here-too/theirs.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (here / ".env").write_text("PASSWORD=swordfish\n")
    (here / "link.yaml").symlink_to(tmp_path / "elsewhere" / "theirs.yaml")
    (here / "out" / "link").symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(here)
    return here


WRITE_REFUSED = [
    ".",
    "mine",
    "../elsewhere",
    "out/../../elsewhere",
    "{up}/elsewhere",
    "out/link/deep",
    "~",
    "~no",
    "\0",
]


@pytest.mark.parametrize("typed", WRITE_REFUSED)
def test_nothing_is_written_outside_the_folder_of_the_page(typed: str, grounds: Path) -> None:
    with pytest.raises(ParameterError) as told:
        Bounds.of("out").to_write(typed.format(up=grounds.parent))
    assert str(told.value).startswith(f"this page writes to {grounds / 'out'} and below only: ")


@pytest.mark.parametrize("typed", ["out", "out/new/deep", "out/../out/new", "{here}/out/new"])
def test_the_folder_of_the_page_and_those_below_are_written_to(typed: str, grounds: Path) -> None:
    path = typed.format(here=grounds)
    assert Bounds.of("out").to_write(path) == Path(path)


@pytest.mark.parametrize(
    "typed",
    [
        "../elsewhere/theirs.yaml",
        "{up}/elsewhere/theirs.yaml",
        "{up}/here-too/theirs.yaml",
        "{up}/elsewhere/none.yaml",
        "link.yaml",
        "out/link/theirs.yaml",
        "/etc/passwd",
        ".env",
        "~/theirs.yaml",
        "nul\0.yaml",
        "mine",
        "",
    ],
)
def test_no_file_from_elsewhere_is_loaded_nor_told_of(typed: str, grounds: Path) -> None:
    path = typed.format(up=grounds.parent)
    with pytest.raises(ParameterError) as told:
        Bounds.of("out").to_load(path)
    assert str(told.value) == (
        "this page loads bundled workloads (article, eu-shop, media-house, payments-br, small-saas) and workload files "
        f"(.yaml) in {grounds} or {grounds / 'out'} and below only: {path!r} is neither"
    )


@pytest.mark.parametrize("typed", ["mine/shop.yaml", "out/saved.yml", "{here}/mine/shop.yaml"])
def test_workload_files_of_the_current_folder_are_loaded(typed: str, grounds: Path) -> None:
    path = typed.format(here=grounds)
    assert Bounds.of("out").to_load(path) == Path(path)


def test_a_bundled_workload_is_loaded_whatever_lies_in_the_current_folder(grounds: Path) -> None:
    (grounds / "eu-shop").mkdir()
    assert Bounds.of("out").to_load("eu-shop") == data_dir() / "workloads" / "eu-shop.yaml"


def said(view: Explorer) -> str:
    return re.sub(r"<[^>]+>", "", view._status.value).replace("&#x27;", "'")


def load(view: Explorer, source: str) -> None:
    view._source.value = source
    view._columns.children[1].children[-1].children[1].click()


def test_the_controls_of_a_page_keep_to_its_bounds(grounds: Path, catalog: Catalog) -> None:
    view = drkit.explore("small-saas", catalog, samples=500, confined_to="out")
    assert view._folder.value == "out/small-saas"
    before, files = view.draft, sorted(grounds.parent.rglob("*"))
    view._folder.value = "../elsewhere"
    for button in view._buttons[:3]:
        button.click()
        sentence = f"this page writes to {grounds / 'out'} and below only: '../elsewhere' is elsewhere"
        assert said(view) == f"{sentence}\nNothing was changed.", button.description
    load(view, "../elsewhere/theirs.yaml")
    assert said(view).startswith("this page loads bundled workloads (")
    assert view.draft is before and sorted(grounds.parent.rglob("*")) == files
    view._folder.value = "out/new"
    view._buttons[2].click()
    assert said(view) == "out/new/small-saas.yaml written, with 0 changes."
    load(view, "out/new/small-saas.yaml")
    assert said(view).endswith(" s.") and view.draft is not before


def test_whoever_has_the_notebook_writes_and_loads_where_they_like(grounds: Path, catalog: Catalog) -> None:
    view = drkit.explore("small-saas", catalog, samples=500)
    before = view.draft
    view._folder.value = "../elsewhere"
    view._buttons[2].click()
    assert said(view) == "../elsewhere/small-saas.yaml written, with 0 changes."
    load(view, "../elsewhere/theirs.yaml")
    assert view.draft is not before
