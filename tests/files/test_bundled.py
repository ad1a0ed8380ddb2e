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
