"""The snapshots in the user's cache: list them, choose one, remove old ones.

They lie in the cache folder of the operating system, or in ``DRKIT_CACHE``. ``DRKIT_SNAPSHOT`` names the snapshot
that is used when no other is asked for; without it that is the one embedded in drkit.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from drkit.errors import RefreshError, SnapshotError
from drkit.facts.snapshot import read_manifest
from drkit.files.bundled import data_dir
from drkit.words import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

EMBEDDED, LATEST = "embedded", "latest"


class Entry(NamedTuple):
    """A snapshot that can be chosen: its name, when and from what it was made, and how many prices it holds.

    ``own_prices`` is the file of one's own prices that lies over it, if any.
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


def entries() -> list[Entry]:
    """Snapshots that can be chosen, the embedded one first, then those of the cache from old to new.

    A folder of the cache that holds no readable snapshot is left out.
    """
    found = []
    if snapshots_dir().is_dir():
        for folder in snapshots_dir().iterdir():
            if not folder.name.startswith("."):
                try:
                    found.append(_entry(folder.name, folder))
                except SnapshotError:
                    continue
    return [_entry(EMBEDDED, data_dir() / "snapshot"), *sorted(found, key=lambda entry: (entry.made, entry.name))]


def latest() -> Entry | None:
    """Return the newest refreshed snapshot; one with somebody's own prices over it has to be named."""
    return next((entry for entry in reversed(entries()[1:]) if not entry.own_prices), None)


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
    cached = entries()[1:]
    if wanted == LATEST:
        if (refreshed := latest()) is None:
            raise SnapshotError("there is no refreshed snapshot yet: run `drkit catalog refresh`, or use 'embedded'")
        return refreshed.path
    exact = [entry for entry in cached if entry.name == wanted]
    near = exact or [entry for entry in cached if entry.name.startswith(wanted)]
    if len(near) == 1:
        return near[0].path
    if not near and Path(wanted).is_dir():
        return Path(wanted)
    names = [entry.name for entry in near or cached]
    if near:
        raise SnapshotError(f"{len(near)} snapshots begin with {wanted!r}: name one of {', '.join(names)}")
    hint = did_you_mean(wanted, [*names, LATEST, EMBEDDED]) or (
        f"known are {', '.join([EMBEDDED, *names])}, or name a folder"
    )
    raise SnapshotError(f"no snapshot is called {wanted!r}; {hint}")


def prune(keep: int) -> list[Entry]:
    """Remove all but the newest ``keep`` snapshots of the cache, and return those removed.

    Those with somebody's own prices over them are counted by themselves: they never push out a refresh. What
    interrupted refreshes left behind goes too; the embedded snapshot always stays.
    """
    with lock():
        cached = entries()[1:]
        kinds = [[entry for entry in cached if bool(entry.own_prices) == own] for own in (False, True)]
        removed = [entry for kind in kinds for entry in kind[: max(0, len(kind) - keep)]]
        for entry in removed:
            # Under a name that is no snapshot's: half removed, it is never chosen.
            doomed = entry.path.with_name(f".{entry.name}.old")
            shutil.rmtree(doomed, ignore_errors=True)
            entry.path.rename(doomed)
            shutil.rmtree(doomed)
        if snapshots_dir().is_dir():
            for left in snapshots_dir().glob(".*"):
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
        shutil.rmtree(cache_dir() / "downloads", ignore_errors=True)
    return removed


@contextmanager
def lock() -> Iterator[None]:
    """Hold the cache for one refresh; a killed process lets go by itself.

    Raises
    ------
    RefreshError
        When another refresh holds it, or the folder cannot be written.
    """
    path = cache_dir() / "lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise RefreshError(f"cannot write to the cache {path.parent} ({error.strerror}): set DRKIT_CACHE") from error
    with file:
        try:
            import fcntl
        except ImportError:  # no such locks on this operating system
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            raise RefreshError(f"{holder} is working on the cache {path.parent}: wait for it, then try again") from None
        file.truncate(0)
        file.write(f"process {os.getpid()}")
        file.flush()
        yield


def _entry(name: str, folder: Path) -> Entry:
    manifest = read_manifest(folder)
    prices = manifest["files"].get("prices.csv", {}).get("rows", 0)
    return Entry(
        name,
        str(manifest["snapshot"]),
        str(manifest.get("made", "")),
        str(manifest.get("base", "")),
        len(manifest.get("offers", ())),
        prices if isinstance(prices, int) else 0,
        str(manifest.get("own_prices", {}).get("file", "")),
        folder,
    )
