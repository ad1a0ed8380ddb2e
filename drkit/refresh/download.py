"""Fetch files over HTTP: resumed where they broke off, retried with patience, checked against what the server says.

Proxies are those of ``HTTPS_PROXY`` and ``NO_PROXY``, the certificate bundle that of ``AWS_CA_BUNDLE`` or
``REQUESTS_CA_BUNDLE``, as boto3's users know them.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.errors import DrkitError, ParameterError, RefreshError
from drkit.refresh.checksums import Checksums

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

BLOCK = 1 << 20
ATTEMPTS = 5

#: Longest wait between two attempts [s], whatever a server asks for.
LONGEST_WAIT_S = 60.0

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Fetched:
    """A file that was fetched whole: whence, where it lies, whether packed by gzip, what the server called it."""

    url: str
    path: Path
    packed: bool
    sha256: str
    etag: str
    size: int


class NotModified(Exception):  # noqa: N818 - an answer, no error
    """The server says that what is known under this ETag has not changed."""


class _Again(Exception):  # noqa: N818 - asks for another attempt
    def __init__(self, told: str, wait_s: float | None = None) -> None:
        super().__init__(told)
        self.wait_s = wait_s


class Downloader:
    """Fetches from one endpoint into one folder.

    Parameters
    ----------
    endpoint
        Scheme and host that paths are fetched from.
    folder
        Where files that are not complete yet lie.
    progress
        Called with the file's name, bytes so far and bytes in all (0 when unknown).
    wait_s
        First wait between attempts [s]; doubled each time.
    """

    def __init__(
        self,
        endpoint: str,
        folder: Path,
        progress: Callable[[str, int, int], None] | None = None,
        wait_s: float = 0.5,
        ca_bundle: str | None = None,
    ) -> None:
        import requests

        self.endpoint = endpoint.rstrip("/")
        self.folder = folder
        self.wait_s = wait_s
        self._progress = progress or (lambda *_: None)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "drkit"
        if bundle := certificates(ca_bundle):
            self._session.verify = bundle

    def json(self, path: str) -> dict[str, Any]:
        """Return the mapping that a small JSON file holds."""
        fetched = self.fetch(path)
        try:
            found = json.loads(read_all(fetched))
        except ValueError as error:
            raise RefreshError(f"{self.endpoint}{path} is not JSON ({error}): is this the right endpoint?") from error
        finally:
            fetched.path.unlink(missing_ok=True)
        if not isinstance(found, dict):
            raise RefreshError(f"{self.endpoint}{path} holds no mapping: is this the right endpoint?")
        return found

    def address(self, path: str) -> str:
        """Whole address of a path; one that is whole already stays."""
        return path if "://" in path else self.endpoint + path

    def fetch(self, path: str, etag: str = "") -> Fetched:
        """Fetch a file, from where an earlier attempt left off.

        Parameters
        ----------
        path
            Path on the endpoint, such as ``/offers/v1.0/aws/index.json``.
        etag
            What is known already; the file is not fetched when it still has this ETag.

        Raises
        ------
        NotModified
            When the server still has what ``etag`` names.
        ParameterError
            When the address is none.
        RefreshError
            When it cannot be fetched, or what came is not what the server said.
        """
        url = self.address(path)
        wait_s = self.wait_s
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._attempt(url, etag)
            except _Again as error:
                if attempt == ATTEMPTS:
                    raise RefreshError(
                        f"cannot fetch {url} after {ATTEMPTS} attempts ({error}): try again later; "
                        "what has arrived is kept, and the snapshots are as they were"
                    ) from error
                time.sleep(min(error.wait_s if error.wait_s is not None else wait_s, LONGEST_WAIT_S))
                wait_s *= 2
            except DrkitError:
                raise
            except OSError as error:
                raise _not_kept(self.folder, error) from error
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, url: str, etag: str) -> Fetched:
        import requests

        part, told = self._part(url)
        headers = {"Accept-Encoding": "gzip"}
        start = part.stat().st_size if part.exists() else 0
        begun = _begun(told) if start else ""
        if begun:
            headers |= {"Range": f"bytes={start}-", "If-Range": begun}
        elif etag:
            headers["If-None-Match"] = etag
        try:
            with self._session.get(url, headers=headers, stream=True, timeout=(10, 60)) as answer:
                return self._receive(answer, url, part, told, start if "Range" in headers else 0)
        except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL, ValueError) as error:
            raise ParameterError(f"{url!r} is no address to fetch from ({error}): write it as https://host") from error
        except requests.RequestException as error:
            raise _Again(_reason(error)) from error

    def _part(self, url: str) -> tuple[Path, Path]:
        self.folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(url.encode()).hexdigest()[:24]
        return self.folder / f"{name}.part", self.folder / f"{name}.told"

    def _receive(self, answer: requests.Response, url: str, part: Path, told: Path, start: int) -> Fetched:
        if answer.status_code == 304:
            raise NotModified
        if answer.status_code == 416:
            part.unlink(missing_ok=True)
            raise _Again("the server has another file than the one begun", 0.0)
        if answer.status_code in _AGAIN:
            raise _Again(f"HTTP {answer.status_code} {answer.reason}", _asked_wait(answer))
        if answer.status_code not in (200, 206):
            raise RefreshError(f"{url} answers {answer.status_code} {answer.reason}: {_advice(answer.status_code)}")
        if answer.status_code == 200:
            start = 0
        elif not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            part.unlink(missing_ok=True)
            raise _Again("the server sent another part than the one asked for", 0.0)
        packed = answer.headers.get("Content-Encoding", "") == "gzip"
        tag = answer.headers.get("ETag", "")
        if start == 0:
            # What is left of another file must never be found beside the name of this one.
            part.unlink(missing_ok=True)
        beside = told.with_suffix(".new")
        beside.write_text(json.dumps({"url": url, "etag": tag if not tag.startswith("W/") else ""}))
        beside.replace(told)
        length = int(answer.headers.get("Content-Length") or 0)
        with Checksums(answer.headers, answer.status_code == 200) as sums:
            size = self._write(answer, part, start, start + length if length else 0, url, sums)
            if length and size != start + length:
                raise _Again(f"the connection broke after {size:,} of {start + length:,} bytes")
            sha256, wrong = sums.sha256(), sums.broken_promise()
        if wrong:
            part.unlink(missing_ok=True)
            raise RefreshError(
                f"{url} is damaged: {wrong}; it was thrown away: try again, and look for a proxy that changes files "
                "if it happens once more"
            )
        told.unlink(missing_ok=True)
        whole = part.with_suffix(".whole")
        part.replace(whole)
        return Fetched(url, whole, packed, sha256, tag, size)

    def _write(self, answer: requests.Response, part: Path, start: int, size: int, url: str, sums: Checksums) -> int:
        import urllib3

        name, done = "/".join(url.split("/")[-4:]), 0
        with part.open("r+b" if start else "wb") as file:
            while done < start and (block := file.read(min(BLOCK, start - done))):
                sums.feed(block)
                done += len(block)
            file.truncate(start)
            try:
                # As it comes, without unpacking: only so can a broken download go on.
                while block := answer.raw.read(BLOCK, decode_content=False):
                    sums.feed(block)
                    file.write(block)
                    done += len(block)
                    self._progress(name, done, size)
            except (urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
                raise _Again(f"the connection broke after {done:,} bytes") from error
        return done


def certificates(given: str | None = None) -> str | None:
    """The certificate bundle to trust: the one given, or that of ``AWS_CA_BUNDLE``; None is the usual one.

    Raises
    ------
    ParameterError
        When it does not exist.
    """
    known = os.environ.get("AWS_CA_BUNDLE")
    bundle = given or known
    if bundle and not Path(bundle).exists():
        setting = "AWS_CA_BUNDLE" if bundle == known else "--ca-bundle"
        raise ParameterError(f"the certificate bundle {bundle} does not exist: correct {setting}")
    return bundle or None


def read_all(fetched: Fetched) -> bytes:
    """Return the whole content of a small file.

    Raises
    ------
    RefreshError
        When it was packed and is cut off or damaged.
    """
    with open_fetched(fetched) as file:
        try:
            return bytes(file.read())
        except (OSError, EOFError) as error:
            raise damaged(fetched, error) from error


def open_fetched(fetched: Fetched) -> Any:
    """Open a fetched file for reading its bytes, unpacked."""
    if not fetched.packed:
        return fetched.path.open("rb", buffering=0)
    import gzip

    return gzip.open(fetched.path, "rb")


def damaged(fetched: Fetched, error: Exception) -> RefreshError:
    """The error for a packed file that does not unpack; the file is removed, so that it is fetched anew."""
    fetched.path.unlink(missing_ok=True)
    return RefreshError(f"{fetched.url} is cut off or damaged ({error}): it was thrown away, try again")


def _begun(told: Path) -> str:
    """ETag of the file that an earlier attempt began; empty where that is not known."""
    try:
        known = json.loads(told.read_text())
    except (OSError, ValueError):
        return ""
    return str(known.get("etag", "")) if isinstance(known, dict) else ""


def _asked_wait(answer: requests.Response) -> float | None:
    asked = answer.headers.get("Retry-After", "")
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return None


def _reason(error: Exception) -> str:
    text = str(error)
    return text if len(text) < 160 else f"{text[:160]}…"


def _advice(status: int) -> str:
    if status in (401, 403):
        return "the server refuses; check the endpoint and the proxy (HTTPS_PROXY)"
    if status == 404:
        return "there is no such file; check the endpoint"
    return "check the endpoint and the proxy"


def _not_kept(folder: Path, error: OSError) -> RefreshError:
    if error.errno == errno.ENOSPC:
        return RefreshError(
            f"no space is left in {folder}: free some, or set DRKIT_CACHE to another disk; "
            "the snapshots are as they were"
        )
    return RefreshError(f"cannot write to {folder} ({error.strerror or error}): set DRKIT_CACHE to another folder")
