"""The folder of a batch: a folder for each run, which appears whole, and what is kept between batches.

.. code-block:: text

   portfolio.csv  index.html  portfolio.png     the result
   runs/NAME/                                   one run: notebook, report, its outputs, run.json, run.log
   .drkit/staging/                              what is at work; what is whole is renamed out of it
   .drkit/shared/                               what runs need not do again after each other; there while they run
   .drkit/last/NAME/                            runs of the last batch that this one replaces
   .drkit/last.json                             what the last batch chose
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.errors import DrkitError
from drkit.files import lock
from drkit.files.staging import folder_beside, replace_file, replace_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORD = "run.json"
_OWN, _LAST, _STAGING, _SHARED = ".drkit", "last", "staging", "shared"


def run_folder(destination: str | Path, name: str) -> Path:
    """Folder of a run that has ended."""
    return Path(destination) / "runs" / name


def runs_there(destination: str | Path) -> list[str]:
    """Names of all runs that have ended in this folder, be they of the last portfolio or of one before."""
    return sorted(path.parent.name for path in (Path(destination) / "runs").glob(f"*/{RECORD}"))


def shared_folder(destination: str | Path) -> Path | None:
    """Folder for what one run of the batch at work leaves for the others; None where there is none."""
    folder = Path(destination).resolve() / _OWN / _SHARED
    return folder if folder.is_dir() else None


def last_folder(destination: str | Path, name: str) -> Path:
    """Folder of a run as the last batch left it, where this batch has replaced it."""
    return Path(destination) / _OWN / _LAST / name


@contextlib.contextmanager
def staging(destination: str | Path, name: str) -> Iterator[Path]:
    """A folder beside the results for a run at work; it is gone afterwards, unless it was published.

    Raises
    ------
    DrkitError
        When the destination cannot be written.
    """
    parent = Path(destination) / _OWN / _STAGING
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(folder_beside(parent, f"{os.getpid()}-"))
        except OSError as error:
            raise DrkitError(f"cannot write to {destination}: {error.strerror or error} (run {name})") from error
        yield folder


def publish(folder: Path, destination: str | Path, name: str) -> None:
    """Put a whole run into its place, in one step where there was none.

    A run of the last batch is kept aside until the batch is done; one that this batch made before is removed.
    """
    aside = last_folder(destination, name)
    if not aside.exists():
        replace_folder(run_folder(destination, name), folder, aside)
        return
    doomed = folder.with_name(f"{folder.name}-old")
    replace_folder(run_folder(destination, name), folder, doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def read_record(folder: Path) -> dict[str, Any] | None:
    """What ``run.json`` of a run's folder says; None where there is none, or none that can be read."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and "status" in record else None


def last_batch(destination: str | Path) -> dict[str, dict[str, Any]]:
    """Records of the last batch that ended, by run; empty when there was none."""
    try:
        last = json.loads((Path(destination) / _OWN / "last.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return dict(last["runs"])


def close_batch(destination: str | Path, records: dict[str, dict[str, Any]]) -> None:
    """Remember what this batch chose, for the next to compare with, and let go of what the last one left."""
    own = Path(destination) / _OWN
    doomed = own / _STAGING / f"{os.getpid()}-{_LAST}"
    doomed.parent.mkdir(parents=True, exist_ok=True)
    # Gone in one step: what a kill leaves of it would be taken for the runs that the new record tells of.
    with contextlib.suppress(FileNotFoundError):
        (own / _LAST).rename(doomed)
    write_whole(destination, f"{_OWN}/last.json", json.dumps({"runs": records}, ensure_ascii=False) + "\n")
    shutil.rmtree(doomed, ignore_errors=True)


def write_whole(destination: str | Path, name: str, data: str | bytes) -> None:
    """Write a file of the batch where runs are at work, and move it to its place in one step."""
    replace_file(Path(destination) / name, data, Path(destination) / _OWN / _STAGING)


@contextlib.contextmanager
def held(destination: str | Path) -> Iterator[None]:
    """Hold the folder for one batch, and clear away what a killed one left at work.

    Raises
    ------
    DrkitError
        When another batch holds it, or it cannot be written.
    """
    own = Path(destination) / _OWN
    folder_lock = lock.held(
        own / "lock",
        lambda holder: DrkitError(f"{holder} runs a batch into {destination}: wait for it, or name another folder"),
        lambda why: DrkitError(f"cannot write to {destination}: {why}"),
    )
    with folder_lock:
        try:
            _clear(own)
            # If the disk is full, the first run says so.
            with contextlib.suppress(OSError):
                (own / _SHARED).mkdir()
            yield
        finally:
            _clear(own)


def _clear(own: Path) -> None:
    for name in (_STAGING, _SHARED):
        shutil.rmtree(own / name, ignore_errors=True)
