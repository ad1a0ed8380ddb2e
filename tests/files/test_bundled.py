"""What ships with drkit is found, and its absence is a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from drkit.errors import DrkitError
from drkit.files import bundled


def test_a_folder_that_is_missing_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bundled, "_PACKAGE", tmp_path / "drkit")
    with pytest.raises(DrkitError, match=r"'data' folder is missing beside .*: reinstall drkit"):
        bundled.data_dir()


def test_only_the_very_text_of_a_notebook_of_drkit_counts_as_it() -> None:
    text = (bundled.notebooks_dir() / "04_design.ipynb").read_text(encoding="utf-8")
    assert bundled.is_notebook("04_design", text)
    assert not bundled.is_notebook("04_design", text + " ")
    assert not bundled.is_notebook("03_rpo_rto", text)
    assert not bundled.is_notebook("no such notebook", text)
