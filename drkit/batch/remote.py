"""A batch whose folder is in S3, or in any other store that fsspec writes.

The batch works in a temporary folder of this machine, the mirror; the store has the same layout (`drkit.batch.folder`).
A run is written to the store when it ends, the result at the end of the batch. Objects appear whole but one by one, so
the record of a run, ``run.json``, is its marker: removed first when a run is replaced, written last. A run without it
counts as no run. Files that no batch reads are empty in the mirror.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from drkit.batch.folder import RECORD
from drkit.batch.run import WORKLOAD
from drkit.errors import DrkitError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: What a batch reads of a run that has ended: what tells why a choice flipped, and the record.
NEEDED = ("summary.json", "comparison.csv", WORKLOAD, RECORD)
#: What a batch comes to, in the order it is written; the last is what the next batch is compared with.
_RESULT = ("portfolio.csv", "portfolio.png", "index.html", ".drkit/last.json")
_LAST = ".drkit/last"


def is_url(out: str) -> bool:
    """Whether this names a store, not a folder of this machine."""
    return "://" in out and not out.startswith("file://")


@contextlib.contextmanager
def mirrored(url: str, writes: bool = True) -> Iterator[Mirror]:
    """A mirror of what a batch reads in a store.

    Parameters
    ----------
    url
        As fsspec has it, ``s3://bucket/prefix``. Credentials are found as the store's own tools find them.
    writes
        Whether the batch will write to the store, which is tried first.

    Raises
    ------
    ParameterError
        When the store refuses, what fsspec needs for it is not installed, or the address holds a password.
    """
    with tempfile.TemporaryDirectory(prefix="drkit-mirror-") as folder:
        mirror = Mirror(url, Path(folder))
        try:
            mirror.fetch(writes)
        except DrkitError as error:
            raise ParameterError(str(error)) from error
        yield mirror


class Mirror:
    """A batch's folder in a store, and the folder of this machine that stands for it."""

    def __init__(self, url: str, folder: Path) -> None:
        if re.search(r"://[^/@]*:[^@]*@", url):
            kind = url.partition("://")[0].rpartition("::")[2]
            raise ParameterError(
                f"the address of a store may not hold a password, since it is printed: write {kind}://HOST/PATH and "
                f"set FSSPEC_{kind.upper()}_USERNAME and FSSPEC_{kind.upper()}_PASSWORD"
            )
        self.url, self.folder = url.rstrip("/"), folder
        try:
            import fsspec

            self._store, self._root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        except ImportError as error:
            raise ParameterError(
                f"{url}: a package for this store is not installed ({error}): for S3, pip install 'drkit[cluster]'"
            ) from error
        except ValueError as error:
            raise ParameterError(
                f"{url}: fsspec does not know such a store ({error}): use s3://BUCKET/PREFIX"
            ) from error

    def fetch(self, writes: bool) -> None:
        """Fetch what a batch reads, and the names of the other files; with ``writes`` try to write first."""
        with self._refusals():
            if writes:
                probe = self._there(f".drkit/probe-{secrets.token_hex(4)}")
                self._store.pipe_file(probe, b"drkit")
                self._store.rm_file(probe)
            names, own = (
                {path.removeprefix(self._there("")) for path in self._store.find(self._there(folder))}
                for folder in ("runs", ".drkit")
            )
            names = {name for name in names if f"runs/{name.split('/')[1]}/{RECORD}" in names}
            read = [name for name in names if name.split("/", 2)[2] in NEEDED]
            read += [name for name in own if name.startswith(_LAST)]
            for name in (*names, *read):
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / name).touch()
            self._store.get([self._there(name) for name in read], [str(self.folder / name) for name in read])

    def publish(self, run: str) -> None:
        """Write a run to the store, and what the last batch left of it where it is replaced.

        Raises
        ------
        DrkitError
            When the store refuses; it has no record of the run then.
        """
        place, record = f"runs/{run}", f"runs/{run}/{RECORD}"
        files = [path for path in (self.folder / place).rglob("*") if path.is_file()]
        names = [path.relative_to(self.folder).as_posix() for path in files]
        with self._refusals():
            if self._store.exists(self._there(record)):
                self._put(f"{_LAST}/{run}/{name}" for name in NEEDED)
                self._store.rm_file(self._there(record))
            if self._store.exists(self._there(place)):
                self._store.rm(self._there(place), recursive=True)
            self._put(name for name in names if name != record)
            self._put([record])
        for path, name in zip(files, names, strict=True):
            if name.removeprefix(f"{place}/") not in NEEDED:
                path.write_bytes(b"")  # hundreds of reports would fill the temporary folder

    def conclude(self) -> None:
        """Write the result of the batch to the store.

        Raises
        ------
        DrkitError
            When the store refuses.
        """
        with self._refusals():
            if not (self.folder / _LAST).exists() and self._store.exists(self._there(_LAST)):
                self._store.rm(self._there(_LAST), recursive=True)
            for name in _RESULT:
                self._put([name])

    def _put(self, names: Iterable[str]) -> None:
        """Write these files of the mirror to the store, where they are."""
        if there := [name for name in names if (self.folder / name).is_file()]:
            self._store.put([str(self.folder / name) for name in there], [self._there(name) for name in there])

    def _there(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turn what a store says into a sentence; the errors of stores have no class in common."""
        try:
            yield
        except Exception as error:
            said = str(error.args[1] if isinstance(error, OSError) and len(error.args) > 1 else error).strip(". \n")
            raise DrkitError(
                f"{self.url} cannot be read or written: {said or type(error).__name__}: check that the bucket exists, "
                "the credentials (AWS_PROFILE, `aws sso login`), and the rights to list, read, write and delete "
                "(docs/cluster.md has the policy)"
            ) from error
