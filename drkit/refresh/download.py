"""Fetch files over HTTP: failed requests are repeated, broken downloads resumed, contents checked by their checksums.

Proxies are those of ``HTTPS_PROXY`` and ``NO_PROXY``, the certificate bundle that of ``AWS_CA_BUNDLE`` or
``REQUESTS_CA_BUNDLE``, as in boto3.
"""

from __future__ import annotations

import base64
import errno
import gzip
import hashlib
import json
import os
import re
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import urllib3

from drkit.errors import ParameterError, RefreshError
from drkit.files.staging import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 1 << 20
ATTEMPTS = 5

#: Unit of the waits between attempts, doubled each time, and the longest that a server may ask for [s].
WAIT_S, LONGEST_WAIT_S = 0.5, 60.0

_TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})
_ADVICE = {
    401: "the server refuses; check the endpoint and the proxy (HTTPS_PROXY)",
    403: "the server refuses; check the endpoint and the proxy (HTTPS_PROXY)",
    404: "there is no such file; check the endpoint",
}
#: An ETag that stands for the exact bytes: only with such a one may a download be resumed.
_STRONG_ETAG = re.compile(r'"[!#-~]*"')


@dataclass(frozen=True)
class Fetched:
    """A complete file: its address, where it lies, whether it is gzipped, its SHA-256 and the server's ETag."""

    url: str
    path: Path
    packed: bool
    sha256: str
    etag: str


class NotModified(Exception):  # noqa: N818 - an answer, no error
    """The server still has the file with this ETag."""


class _Broken(Exception):  # noqa: N818 - asks for another attempt
    """Only a part has arrived."""


class _Retry(urllib3.Retry):
    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        asked_s = super().get_retry_after(response)
        return None if asked_s is None else min(asked_s, LONGEST_WAIT_S)


class Downloader:
    """Fetches from one endpoint into one folder.

    Parameters
    ----------
    endpoint
        Scheme and host that paths are fetched from.
    folder
        Where files lie until they are complete.
    progress
        Called with the file's name, bytes so far and bytes in all (0 when unknown).
    ca_bundle
        Certificates to trust, as `certificates` takes them.
    """

    def __init__(
        self,
        endpoint: str,
        folder: Path,
        progress: Callable[[str, int, int], None] = lambda *_: None,
        ca_bundle: str | None = None,
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.folder = folder
        self._progress = progress
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": "drkit", "Accept-Encoding": "gzip"})
        self._session.verify = certificates(ca_bundle) or True
        retry = _Retry(ATTEMPTS - 1, backoff_factor=WAIT_S, status_forcelist=_TEMPORARY, raise_on_status=False)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=retry))

    def json(self, path: str) -> dict[str, Any]:
        """Return the mapping that a small JSON file holds; raises as `fetch`."""
        fetched = self.fetch(path)
        try:
            with open_fetched(fetched) as file:
                document = json.load(file)
        except (OSError, EOFError, zlib.error) as error:
            raise damaged(fetched, error) from error
        except ValueError as error:
            raise RefreshError(f"{fetched.url} is not JSON ({error}): is this the right endpoint?") from error
        finally:
            fetched.path.unlink(missing_ok=True)
        if not isinstance(document, dict):
            raise RefreshError(f"{fetched.url} holds no mapping: is this the right endpoint?")
        return document

    def address(self, path: str) -> str:
        """Whole address of a path; one that is whole already stays."""
        return path if "://" in path else self.endpoint + path

    def fetch(self, path: str, etag: str = "") -> Fetched:
        """Fetch a file, from where an earlier attempt ended.

        Parameters
        ----------
        path
            Path on the endpoint, such as ``/offers/v1.0/aws/index.json``.
        etag
            ETag of the version that is there already: the file is not fetched when the server still has it.

        Raises
        ------
        NotModified
            When the server still has the version of ``etag``.
        ParameterError
            When the address is not valid.
        RefreshError
            When it cannot be fetched, or its checksum is not the one that the server sent.
        """
        url, reason = self.address(path), ""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for attempt in range(ATTEMPTS):
                if attempt:
                    time.sleep(WAIT_S * 2**attempt)
                try:
                    return self._attempt(url, etag)
                except _Broken as error:
                    reason = str(error)
        except requests.RequestException as error:
            reason = str(error).rpartition("Caused by ")[2][:160]
        except OSError as error:
            raise _not_written(self.folder, error) from error
        raise _unreachable(url, reason)

    def _attempt(self, url: str, etag: str) -> Fetched:
        part, begun = self._part(url)
        headers = {"If-None-Match": etag} if etag else {}
        start, tag = _begun(part, begun)
        if start:
            headers = {"Range": f"bytes={start}-", "If-Range": tag}
        try:
            answer = self._session.get(url, headers=headers, stream=True, timeout=(10, 60))
        except ValueError as error:
            raise ParameterError(f"{url!r} is no address to fetch from ({error}): write it as https://host") from error
        with answer:
            status, tag = answer.status_code, answer.headers.get("ETag", "")
            if status == 304:
                raise NotModified
            if status in _TEMPORARY:
                raise _unreachable(url, f"HTTP {status} {answer.reason}")
            if status not in (200, 206, 416):
                advice = _ADVICE.get(status, "check the endpoint and the proxy")
                raise RefreshError(f"{url} answers {status} {answer.reason}: {advice}")
            start = 0 if status == 200 else start
            if status != 200 and not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                part.unlink(missing_ok=True)
                raise _Broken("the server has another file than the one begun")
            if start == 0:
                # What is left of another file must never lie beside the ETag of this one.
                part.unlink(missing_ok=True)
            replace_file(begun, tag)
            self._write(answer, part, start)
        digest = _checked(part, answer)
        begun.unlink(missing_ok=True)
        whole = part.with_suffix(".whole")
        part.replace(whole)
        return Fetched(url, whole, answer.headers.get("Content-Encoding") == "gzip", digest, tag)

    def _part(self, url: str) -> tuple[Path, Path]:
        """Files for what has arrived of a file, and for the ETag of what was begun."""
        name = hashlib.sha256(url.encode()).hexdigest()[:24]
        return self.folder / f"{name}.part", self.folder / f"{name}.etag"

    def _write(self, answer: requests.Response, part: Path, start: int) -> None:
        name, size, length = "/".join(answer.url.split("/")[-4:]), start, answer.headers.get("Content-Length")
        end = start + int(length) if length else 0
        try:
            with part.open("ab") as file:
                # As it comes, still gzipped: what is unpacked cannot be resumed.
                while block := answer.raw.read(BLOCK, decode_content=False):
                    size += file.write(block)
                    self._progress(name, size, end)
        except (urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
            raise _Broken(f"the connection broke after {size:,} bytes") from error
        if end and size != end:
            raise _Broken(f"the connection broke after {size:,} of {end:,} bytes")


def certificates(given: str | None = None) -> str | None:
    """The certificate bundle to trust: the one given, or that of ``AWS_CA_BUNDLE``; None is the usual one.

    Raises
    ------
    ParameterError
        When it does not exist.
    """
    from_environment = os.environ.get("AWS_CA_BUNDLE")
    bundle = given or from_environment
    if bundle and not Path(bundle).exists():
        setting = "AWS_CA_BUNDLE" if bundle == from_environment else "--ca-bundle"
        raise ParameterError(f"the certificate bundle {bundle} does not exist: correct {setting}")
    return bundle or None


def open_fetched(fetched: Fetched) -> Any:
    """Open a fetched file for reading its bytes, unpacked."""
    return gzip.open(fetched.path, "rb") if fetched.packed else fetched.path.open("rb", buffering=0)


def damaged(fetched: Fetched, error: Exception) -> RefreshError:
    """The error for a gzipped file that cannot be unpacked; the file is removed, so that it is fetched again."""
    fetched.path.unlink(missing_ok=True)
    return RefreshError(f"{fetched.url} is cut off or damaged ({error}): it was thrown away, try again")


def _begun(part: Path, begun: Path) -> tuple[int, str]:
    """How much has arrived of a file that can be resumed [bytes], and its ETag; 0 where there is none."""
    try:
        etag, size = begun.read_text(encoding="utf-8", errors="replace"), part.stat().st_size
    except FileNotFoundError:
        return 0, ""
    return (size, etag) if _STRONG_ETAG.fullmatch(etag) else (0, "")


def _checked(part: Path, answer: requests.Response) -> str:
    """SHA-256 of a complete file; when a checksum that the server sent is another one, the file is removed."""
    headers = answer.headers
    sent = [("sha256", headers.get("x-amz-checksum-sha256"))]
    if answer.status_code == 200:
        sent.append(("md5", headers.get("Content-MD5")))
    # An ETag of 32 digits is the MD5 of what S3 holds, unless it is encrypted with a key of KMS.
    plain = re.fullmatch(r'"([0-9a-f]{32})"', headers.get("ETag", ""))
    if plain and "kms" not in headers.get("x-amz-server-side-encryption", ""):
        sent.append(("md5", base64.b64encode(bytes.fromhex(plain.group(1))).decode()))
    for name, theirs in sent:
        if theirs and (ours := base64.b64encode(_digest(part, name)).decode()) != theirs:
            part.unlink(missing_ok=True)
            raise RefreshError(
                f"{answer.url} is damaged: its {name.upper()} is {ours}, the server says {theirs}; it was thrown away: "
                "try again, and look for a proxy that changes files if it happens once more"
            )
    return _digest(part, "sha256").hex()


def _digest(path: Path, name: str) -> bytes:
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, lambda: hashlib.new(name, usedforsecurity=False)).digest()


def _unreachable(url: str, reason: str) -> RefreshError:
    return RefreshError(
        f"cannot fetch {url} after {ATTEMPTS} attempts ({reason}): try again later; "
        "what has arrived is kept, and the snapshots are as they were"
    )


def _not_written(folder: Path, error: OSError) -> RefreshError:
    if error.errno == errno.ENOSPC:
        return RefreshError(
            f"no space is left in {folder}: free some, or set DRKIT_CACHE to another disk; "
            "the snapshots are as they were"
        )
    return RefreshError(f"cannot write to {folder} ({error.strerror or error}): set DRKIT_CACHE to another folder")
