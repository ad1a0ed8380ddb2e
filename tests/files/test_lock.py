"""One process at a time holds a lock; a file that is no lock is never written over."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from drkit.errors import DrkitError
from drkit.files import lock

HOLD = """
import sys
from pathlib import Path
from drkit.files import lock
with lock.held(Path(sys.argv[1]), RuntimeError, RuntimeError):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(path: Path) -> None:
    with lock.held(path, lambda who: DrkitError(f"{who} is at work"), lambda why: DrkitError(f"not possible: {why}")):
        pass


def test_a_lock_says_which_process_holds_it_until_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(DrkitError, match=f"^process {process.pid} is at work$"):
            hold(path)
        process.kill()
    hold(path)
    assert path.read_text() == f"process {os.getpid()}"


def test_a_lock_is_given_back_when_the_block_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with lock.held(tmp_path / "lock", DrkitError, DrkitError):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    hold(tmp_path / "lock")


def _hard_link(path: Path, other: Path) -> None:
    other.write_text("")
    path.hardlink_to(other)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path, other: path.symlink_to(other), "lock is a link: remove it"),
        (_hard_link, "is not a lock file of drkit: remove or rename it"),
        (lambda path, _: path.write_text("my notes"), "is not a lock file of drkit: remove or rename it"),
        (lambda path, _: os.mkfifo(path), "is not a lock file of drkit: remove or rename it"),
        (lambda path, _: path.mkdir(), "Is a directory"),
    ],
    ids=["link", "hard link", "somebody's file", "pipe", "folder"],
)
def test_what_is_no_lock_is_not_written_over(
    make: Callable[[Path, Path], object], sentence: str, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_text("kept")
    make(tmp_path / "lock", other)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(DrkitError, match=f"^not possible: .*{sentence}"):
        hold(tmp_path / "lock")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DrkitError, match=r"^not possible: (Not a directory|File exists)$"):
        hold(tmp_path / "file" / "lock")
