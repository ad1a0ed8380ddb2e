"""Files and folders that appear whole or not at all: written beside their place, then renamed into it."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from drkit.errors import DrkitError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = ".drkit-"


def replace_file(path: Path, data: str | bytes, beside: Path | None = None) -> None:
    """Write a file; what was at ``path`` stays until then.

    Parameters
    ----------
    path
        The file; its folder exists.
    data
        Bytes, or text that is written as UTF-8 with its line ends as they are.
    beside
        Folder on the same disk where the file lies until it is complete, made when missing; the file's own by default.
    """
    folder = beside or path.parent
    folder.mkdir(parents=True, exist_ok=True)
    incomplete = folder / f".{path.name}-{os.getpid()}"
    try:
        incomplete.write_bytes(data if isinstance(data, bytes) else data.encode())
        incomplete.replace(path)
    finally:
        incomplete.unlink(missing_ok=True)


@contextmanager
def folder_beside(parent: Path, prefix: str) -> Iterator[Path]:
    """Give a new folder in ``parent``, which is made when missing; what is left of it afterwards is removed."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        # As readable as any other folder, once it is renamed: mkdtemp makes it for its owner alone.
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def replace_folder(place: Path, folder: Path, aside: Path | None = None) -> None:
    """Rename a complete folder into its place.

    Parameters
    ----------
    place
        Where it goes. What was there comes back when the renaming fails.
    folder
        The new folder, on the same disk.
    aside
        Where what was there is kept; by default it is removed.
    """
    old = aside or place.with_name(f".{place.name}.old")
    if not aside:
        shutil.rmtree(old, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    if replaced := place.exists():
        old.parent.mkdir(parents=True, exist_ok=True)
        place.rename(old)
    try:
        folder.rename(place)
    except OSError:
        if replaced:
            old.rename(place)
        raise
    if not aside:
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Give a folder to write into, and move its files to ``folder`` when all are written.

    Each file replaces its predecessor in one step. When the block fails or the process is killed, what was in
    ``folder`` before is untouched; a killed run's staging folder is removed by the next run. Files whose names begin
    with a dot are not moved.

    Raises
    ------
    DrkitError
        When the folder cannot be written.
    """
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_stale(folder)
        staging = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=folder))
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        yield staging
        try:
            for path in sorted(staging.iterdir()):
                if not path.name.startswith("."):
                    path.replace(folder / path.name)
        except OSError as error:
            raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if made and not any(folder.iterdir()):
            folder.rmdir()


def _unwritable(folder: Path, error: OSError) -> DrkitError:
    return DrkitError(f"cannot write to {folder}: {error.strerror or error}")


def _remove_stale(folder: Path) -> None:
    """Remove what runs that were killed left in the folder."""
    for path in folder.glob(f"{_PREFIX}*"):
        owner = path.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
