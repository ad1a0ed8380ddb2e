"""A batch whose folder is in S3, or in any other store that fsspec writes.

The layout is that of a folder (`drkit.batch.store`). Objects appear whole but singly, so the record of a run,
``run.json``, is its marker: removed first when the run is replaced, written last. A run without it is no run.

A batch reads little of what it wrote before. That little is brought to a temporary folder, the view, in which all is
as in a batch of this machine: files that a batch reads have their content there, the others their names.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import tempfile
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.batch import store
from drkit.batch.run import WORKLOAD
from drkit.errors import DrkitError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: What a batch reads of a run that has ended: its record, and what tells why a choice flipped.
READ = (store.RECORD, "summary.json", "comparison.csv", WORKLOAD)
#: What the view has when a batch has ended, and the store has not yet; the last is what the next is compared with.
_RESULT = ("portfolio.csv", "portfolio.png", "index.html", ".drkit/last.json")
_LAST = ".drkit/last"
#: ``user:password@`` before the host, which a password with a slash does not end.
_PASSWORD = re.compile(r"(?P<kind>[^:/]+)://[^/@]*:[^@]*@")


def is_url(out: str) -> bool:
    """Whether this names a store, not a folder of this machine."""
    return "://" in out and not out.startswith("file://")


class Remote:
    """A place in a store.

    Parameters
    ----------
    url
        As fsspec has it, ``s3://bucket/prefix``. Credentials are found as the store's own tools find them.

    Raises
    ------
    ParameterError
        When what fsspec needs for such a store is not installed, or the address holds a password.
    """

    def __init__(self, url: str) -> None:
        if secret := _PASSWORD.search(url):
            kind = secret["kind"]
            name = re.sub(r"\W", "_", kind).upper()
            raise ParameterError(
                f"the address of a store may not hold a password, which would be printed and sent to workers: write "
                f"{kind}://HOST/PATH, and set FSSPEC_{name}_USERNAME and FSSPEC_{name}_PASSWORD here and on the workers"
            )
        self.url = url.rstrip("/")
        try:
            import fsspec

            self._files, self._root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        except ImportError as error:
            raise ParameterError(
                f"{self.url}: what writes to such a store is not installed ({error}): pip install 'drkit[cluster]' "
                "brings it for S3"
            ) from error
        except ValueError as error:
            raise ParameterError(
                f"{self.url} is no store that fsspec knows ({error}): s3://BUCKET/PREFIX is"
            ) from error

    def check(self) -> None:
        """Write something and remove it.

        Raises
        ------
        ParameterError
            When the store refuses, with what to do.
        """
        probe = self._path(".drkit", f"probe-{secrets.token_hex(4)}")
        with self._sentences(ParameterError):
            self._files.pipe_file(probe, b"drkit")
            self._files.rm_file(probe)

    def fetch(self, view: Path) -> None:
        """Bring what a batch reads into a folder of this machine; runs without their record are left."""
        with self._sentences(ParameterError):
            runs, kept = (self._found(folder) for folder in ("runs", ".drkit"))
            whole = {path.removesuffix(f"/{store.RECORD}") for path in runs if path.endswith(f"/{store.RECORD}")}
            wanted = [path for path in kept if path == "last.json" or path.startswith("last/")]
            wanted = [f".drkit/{path}" for path in wanted]
            for path in runs:
                run, _, inner = path.partition("/")
                if run in whole and inner in READ:
                    wanted.append(f"runs/{path}")
                elif run in whole:
                    _put_name(view / "runs" / path)
            for path in wanted:
                (view / path).parent.mkdir(parents=True, exist_ok=True)
            self._files.get([self._path(path) for path in wanted], [str(view / path) for path in wanted])

    def publish(self, folder: Path, name: str) -> None:
        """Write a run's folder, its record last; what the last batch left of it is kept aside as in `store.publish`.

        Raises
        ------
        DrkitError
            When the store refuses.
        """
        place = f"runs/{name}"
        files = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
        with self._sentences(DrkitError):
            before = self._found(place)
            if store.RECORD in before:
                self._keep_aside(name, before)
                self._files.rm_file(self._path(place, store.RECORD))
            rest = [path for path in files if path != store.RECORD]
            self._files.put([str(folder / path) for path in rest], [self._path(place, path) for path in rest])
            for path in set(before) - set(files):
                self._files.rm_file(self._path(place, path))
            self._files.put_file(str(folder / store.RECORD), self._path(place, store.RECORD))

    def conclude(self, view: Path) -> None:
        """Write the result of the batch as the view has it.

        Raises
        ------
        DrkitError
            When the store refuses.
        """
        with self._sentences(DrkitError):
            if not (view / _LAST).exists():
                for path in self._found(_LAST):
                    self._files.rm_file(self._path(_LAST, path))
            for name in _RESULT:
                if (view / name).is_file():
                    self._files.put_file(str(view / name), self._path(name))

    def _keep_aside(self, name: str, before: list[str]) -> None:
        aside = f"{_LAST}/{name}"
        if self._files.exists(self._path(aside, store.RECORD)):
            return
        for path in reversed(READ):
            if path in before:
                self._files.cp_file(self._path("runs", name, path), self._path(aside, path))

    def _path(self, *parts: str) -> str:
        return "/".join((self._root.rstrip("/"), *parts))

    def _found(self, folder: str) -> list[str]:
        """Files below a folder, by their paths within it."""
        top = self._path(folder)
        try:
            return [path.removeprefix(f"{top}/") for path in self._files.find(top)]
        except FileNotFoundError:
            return []

    @contextlib.contextmanager
    def _sentences(self, kind: type[DrkitError]) -> Iterator[None]:
        """Turn what a store says into a sentence with the next step."""
        try:
            yield
        except DrkitError:
            raise
        except PermissionError as error:
            raise kind(
                f"{self.url} may not be read or written: {_said(error)}: the role needs to list, read, write and "
                "delete there (docs/cluster.md has its policy)"
            ) from error
        except FileNotFoundError as error:
            raise kind(f"{self.url} is not there: {_said(error)}: make the bucket first, or name another") from error
        except Exception as error:
            # Stores have errors of their own, botocore's among them, that have nothing in common.
            if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"):
                raise kind(
                    f"{self.url}: no credentials were found ({error}): set AWS_PROFILE, or sign in (`aws sso login`)"
                ) from error
            if isinstance(error, OSError) or type(error).__module__.partition(".")[0] in ("botocore", "aiohttp"):
                raise kind(f"{self.url} cannot be reached or does not answer as it should: {_said(error)}") from error
            raise


class View:
    """What a batch on this machine knows of its store.

    Parameters
    ----------
    remote
        The store.
    folder
        Of this machine; stands in place of the folder of a batch.
    """

    def __init__(self, remote: Remote, folder: Path) -> None:
        self.remote, self.folder = remote, folder
        remote.fetch(folder)
        #: Records that the store has, by run.
        self._stored = dict(self._records())

    def stored(self, name: str) -> None:
        """Take note that the store has a run as the view has it."""
        self._stored[name] = (store.run_folder(self.folder, name) / store.RECORD).read_bytes()

    def publish(self, name: str) -> None:
        """Write a run of the view to the store."""
        self.remote.publish(store.run_folder(self.folder, name), name)
        self.stored(name)

    def conclude(self) -> None:
        """Write the result to the store, and the records of runs that could write none themselves."""
        for name, record in self._records():
            if self._stored.get(name) != record:
                self.publish(name)
        self.remote.conclude(self.folder)

    def _records(self) -> Iterator[tuple[str, bytes]]:
        for path in sorted((self.folder / "runs").glob(f"*/{store.RECORD}")):
            yield path.parent.name, path.read_bytes()


@contextlib.contextmanager
def opened(url: str, writes: bool = True) -> Iterator[View]:
    """Look into a store, and try whether it can be written.

    Parameters
    ----------
    url
        As fsspec has it.
    writes
        Whether the batch will write to it.

    Raises
    ------
    ParameterError
        When the store refuses, with what to do.
    """
    remote = Remote(url)
    if writes:
        remote.check()
    with tempfile.TemporaryDirectory(prefix="drkit-view-") as folder:
        yield View(remote, Path(folder))


class Uploading(Executor):
    """Runs on this machine; a run counts as ended when the store has it.

    Parameters
    ----------
    inner
        Where runs are executed, with the view as their destination.
    view
        Of the store.
    """

    def __init__(self, inner: Executor, view: View) -> None:
        self._inner, self._view = inner, view

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue a run; its first argument is the run."""
        told: Future[Any] = Future()
        self._inner.submit(fn, *args, **kwargs).add_done_callback(partial(self._upload, told, args[0].name))
        return told

    def _upload(self, told: Future[Any], name: str, ended: Future[Any]) -> None:
        try:
            result = ended.result()
            self._view.publish(name)
            _only_names(store.run_folder(self._view.folder, name))
        except BaseException as error:
            told.set_exception(error)
        else:
            told.set_result(result)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As the inner executor does."""
        self._inner.shutdown(wait=wait, cancel_futures=cancel_futures)


def _only_names(folder: Path) -> None:
    """Leave what a batch reads; hundreds of reports would fill the temporary folder."""
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in READ:
            path.write_bytes(b"")


def _put_name(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def unpack(files: dict[str, bytes], names: list[str], destination: str, name: str) -> None:
    """Make a run's folder at the destination of what came from another machine.

    Parameters
    ----------
    files
        Contents by path in the folder.
    names
        Paths of files that are elsewhere.
    destination, name
        Of the batch, and of the run.
    """
    try:
        with store.staging(destination, name) as folder:
            for path in names:
                _put_name(folder / path)
            for path, data in files.items():
                _put_name(folder / path)
                (folder / path).write_bytes(data)
            store.publish(folder, destination, name)
    except OSError as error:
        raise DrkitError(f"cannot write to {destination}: {error.strerror or error}") from error


def _said(error: BaseException) -> str:
    text = str(error.args[1] if isinstance(error, OSError) and len(error.args) > 1 else error)
    return text.strip().rstrip(".") or type(error).__name__
