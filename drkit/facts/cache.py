"""The snapshots in the user's cache: list them, choose one, add one, remove old ones.

They lie in the cache folder of the operating system, or in ``DRKIT_CACHE``. ``DRKIT_SNAPSHOT`` names the snapshot
that is used when no other is asked for; without it that is the one embedded in drkit.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from drkit.errors import RefreshError, SnapshotError
from drkit.facts import snapshot
from drkit.files.bundled import data_dir
from drkit.files.lock import held
from drkit.files.staging import folder_beside, replace_folder
from drkit.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

EMBEDDED, LATEST = "embedded", "latest"


class SnapshotInfo(NamedTuple):
    """A snapshot that can be chosen: its name, when and from what it was made, and how many offers and prices it has.

    ``own_prices`` is the file of the user's own prices that lies over it, if any.
    """

    name: str
    date: str
    made: str
    base: str
    offers: int
    prices: int
    own_prices: str
    path: Path


def cache_dir() -> Path:
    """Folder of everything drkit keeps between runs: ``DRKIT_CACHE``, or the operating system's cache folder."""
    if given := os.environ.get("DRKIT_CACHE"):
        return Path(given)
    import platformdirs

    return platformdirs.user_cache_path("drkit", appauthor=False)


def snapshots_dir() -> Path:
    """Folder of the snapshots in the user's cache."""
    return cache_dir() / "snapshots"


def snapshots() -> list[SnapshotInfo]:
    """Snapshots that can be chosen, the embedded one first, then those of the cache from old to new.

    A folder of the cache that holds no readable snapshot is left out.
    """
    cached = []
    if snapshots_dir().is_dir():
        for folder in snapshots_dir().iterdir():
            if not folder.name.startswith("."):
                with suppress(SnapshotError):
                    cached.append(_info(folder.name, folder))
    return [_info(EMBEDDED, data_dir() / "snapshot"), *sorted(cached, key=lambda info: (info.made, info.name))]


def latest() -> SnapshotInfo | None:
    """Return the newest refreshed snapshot; one with somebody's own prices over it has to be named."""
    return next((info for info in reversed(snapshots()[1:]) if not info.own_prices), None)


def find(name: str | Path | None = None) -> Path | None:
    """Return the folder of a snapshot; None stands for the embedded one.

    Parameters
    ----------
    name
        A folder, the name of a snapshot or how it begins (``2026-11-25``), ``latest`` (the last refresh), or
        ``embedded``. None or an empty text is what ``DRKIT_SNAPSHOT`` names, else the embedded one.

    Raises
    ------
    SnapshotError
        When nothing, or more than one snapshot, is called so.
    """
    wanted = str(name or os.environ.get("DRKIT_SNAPSHOT") or EMBEDDED)
    if wanted == EMBEDDED:
        return None
    cached = snapshots()[1:]
    if wanted == LATEST:
        if (refreshed := latest()) is None:
            raise SnapshotError("there is no refreshed snapshot yet: run `drkit catalog refresh`, or use 'embedded'")
        return refreshed.path
    exact = [info for info in cached if info.name == wanted]
    near = exact or [info for info in cached if info.name.startswith(wanted)]
    if len(near) == 1:
        return near[0].path
    if not near and Path(wanted).is_dir():
        return Path(wanted)
    names = [info.name for info in near or cached]
    if near:
        raise SnapshotError(f"{len(near)} snapshots begin with {wanted!r}: name one of {', '.join(names)}")
    hint = did_you_mean(wanted, [*names, LATEST, EMBEDDED]) or (
        f"known are {', '.join([EMBEDDED, *names])}, or name a folder"
    )
    raise SnapshotError(f"no snapshot is called {wanted!r}; {hint}")


def prune(keep: int) -> list[SnapshotInfo]:
    """Remove all but the newest ``keep`` snapshots of the cache, and return those removed.

    Those with somebody's own prices over them are counted by themselves: they never push out a refresh. What
    interrupted refreshes left behind goes too; the embedded snapshot always stays.
    """
    with lock():
        cached = snapshots()[1:]
        kinds = [[info for info in cached if bool(info.own_prices) == own] for own in (False, True)]
        removed = [info for kind in kinds for info in kind[: max(0, len(kind) - keep)]]
        for info in removed:
            # Under a name that is no snapshot's: half removed, it is never chosen.
            doomed = info.path.with_name(f".{info.name}.old")
            shutil.rmtree(doomed, ignore_errors=True)
            info.path.rename(doomed)
            shutil.rmtree(doomed)
        if snapshots_dir().is_dir():
            for left in snapshots_dir().glob(".*"):
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
        shutil.rmtree(cache_dir() / "downloads", ignore_errors=True)
    return removed


@contextmanager
def lock() -> Iterator[None]:
    """Hold the cache for one process that changes it.

    Raises
    ------
    RefreshError
        When another process holds it, or the folder cannot be written.
    """
    folder = cache_dir()
    with held(
        folder / "lock",
        lambda holder: RefreshError(f"{holder} is working on the cache {folder}: wait for it, then try again"),
        lambda why: RefreshError(f"cannot write to the cache {folder} ({why}): set DRKIT_CACHE"),
    ):
        yield


def add(tables: Mapping[str, Iterable[Sequence[str]]], date: str, extras: Mapping[str, object]) -> tuple[str, Path]:
    """Write a snapshot into the cache, under its date and a digest of what it holds and where it is from.

    The same tables from the same sources again replace their snapshot, whose base stays. Whoever calls this holds
    the `lock`.

    Parameters
    ----------
    tables, date, extras
        As `drkit.facts.snapshot.write` takes them; the time it was ``made`` is added.

    Returns
    -------
    tuple of str and Path
        Name and folder of the snapshot.

    Raises
    ------
    RefreshError
        When there is no space, or the folder cannot be written. Nothing half-written is left.
    """
    made = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    try:
        with folder_beside(snapshots_dir(), ".new-") as folder:
            files = snapshot.write_tables(folder, tables)
            manifest = {**extras, "made": made, "snapshot": date, "files": files}
            origin = json.dumps([extras.get("offers"), extras.get("own_prices")], sort_keys=True)
            name = f"{date}-{hashlib.sha256(f'{snapshot.digest_of(manifest)} {origin}'.encode()).hexdigest()[:8]}"
            path = snapshots_dir() / name
            with suppress(SnapshotError):  # there is none yet, or it is damaged
                manifest["base"] = snapshot.read_manifest(path).get("base", "")
            snapshot.write_manifest(folder, manifest)
            replace_folder(path, folder)
    except OSError as error:
        raise RefreshError(
            f"cannot write the snapshot to {snapshots_dir()} ({error.strerror or error}): "
            "free space or set DRKIT_CACHE; every snapshot is as it was"
        ) from error
    return name, path


def _info(name: str, folder: Path) -> SnapshotInfo:
    manifest = snapshot.read_manifest(folder)
    prices = manifest["files"].get("prices.csv", {}).get("rows", 0)
    return SnapshotInfo(
        name,
        str(manifest["snapshot"]),
        str(manifest.get("made", "")),
        str(manifest.get("base", "")),
        len(manifest.get("offers", ())),
        prices if isinstance(prices, int) else 0,
        str(manifest.get("own_prices", {}).get("file", "")),
        folder,
    )
