"""Files and folders appear whole or not at all, and a fault leaves what was there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from drkit.errors import DrkitError
from drkit.files.staging import folder_beside, replace_file, replace_folder, staged


def test_staged_keeps_what_was_there_when_the_block_fails(tmp_path: Path) -> None:
    (tmp_path / "bill.csv").write_text("before")

    def fail() -> None:
        with staged(tmp_path) as folder:
            (folder / "bill.csv").write_text("half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["bill.csv"]
    assert (tmp_path / "bill.csv").read_text() == "before"


def test_staged_removes_a_folder_it_made_for_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with staged(tmp_path / "new"):
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        fail()
    assert not (tmp_path / "new").exists()


def test_staged_says_when_a_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    def write() -> None:
        with staged(tmp_path / "file" / "out"):
            raise AssertionError("never entered")

    with pytest.raises(DrkitError, match=r"cannot write to .*: Not a directory"):
        write()


def test_staged_removes_what_a_killed_run_left_and_nothing_of_a_running_one(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for owner in (ended.pid, os.getpid()):
        (tmp_path / f".drkit-{owner}-x").mkdir()
    with staged(tmp_path) as folder:
        (folder / "bill.csv").write_text("a")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".drkit-{os.getpid()}-x", "bill.csv"]


def test_a_file_is_replaced_whole_or_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last.json"
    replace_file(path, "é\r\n")
    assert path.read_bytes() == "é\r\n".encode()
    replace_file(path, b"two", tmp_path / "beside")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left"):
        patched.setattr(Path, "write_bytes", full)
        replace_file(path, b"three")
    assert path.read_bytes() == b"two"
    assert sorted(found.name for found in tmp_path.rglob("*")) == ["beside", "last.json"]


def test_a_folder_beside_is_readable_by_all_and_gone_when_it_was_not_renamed(tmp_path: Path) -> None:
    with folder_beside(tmp_path / "new", "a-") as folder:
        assert folder.parent == tmp_path / "new" and folder.name.startswith("a-")
        assert folder.stat().st_mode & 0o777 == 0o755
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("aside", [None, "last/x"])
def test_a_folder_takes_the_place_of_another_which_goes_or_lies_aside(tmp_path: Path, aside: str | None) -> None:
    for name in ("x", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text(name)
    replace_folder(tmp_path / "x", tmp_path / "new", aside and tmp_path / aside)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == (["last/x/x", "x/new"] if aside else ["x/new"])


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_that_cannot_be_renamed_leaves_what_was_there(tmp_path: Path, there: bool) -> None:
    for name in ["aside"] + ["x"] * there:
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text(name)
    before = sorted(tmp_path.rglob("*"))
    for aside in (None, tmp_path / "aside", tmp_path / "new"):
        with pytest.raises(OSError, match=r"No such file|not empty"):
            replace_folder(tmp_path / "x", tmp_path / "missing", aside)
        assert sorted(tmp_path.rglob("*")) == before
