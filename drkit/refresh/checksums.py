"""Digests of a file, worked out beside its download, and compared with what the server promised."""

from __future__ import annotations

import base64
import hashlib
import re
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_MD5 = re.compile(r'"([0-9a-f]{32})"')


class Checksums:
    """SHA-256 of what is fed, and every other digest that a server promised.

    Parameters
    ----------
    headers
        Of the server's answer: ``x-amz-checksum-sha256``, ``Content-MD5``, and an ``ETag`` that is an MD5.
    whole
        Whether the answer is the whole file, which ``Content-MD5`` then speaks of.
    """

    def __init__(self, headers: Mapping[str, str], whole: bool) -> None:
        promised = [("sha256", headers.get("x-amz-checksum-sha256"))]
        if whole:
            promised.append(("md5", headers.get("Content-MD5")))
        # An ETag of 32 digits is the MD5 of what S3 holds, unless it is encrypted with a key of KMS.
        plain = _MD5.fullmatch(headers.get("ETag", ""))
        if plain and "kms" not in headers.get("x-amz-server-side-encryption", ""):
            promised.append(("md5", base64.b64encode(bytes.fromhex(plain.group(1))).decode()))
        self._promised = [(name, said) for name, said in promised if said]
        names = {"sha256", *(name for name, _ in self._promised)}
        self._digests = {name: hashlib.new(name, usedforsecurity=False) for name in sorted(names)}
        self._pool = ThreadPoolExecutor(len(self._digests), "checksum")
        self._working: list[Future[None]] = []

    def __enter__(self) -> Checksums:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def feed(self, block: bytes) -> None:
        """Take a block; it is worked on while the next one arrives."""
        self._wait()
        self._working = [self._pool.submit(digest.update, block) for digest in self._digests.values()]

    def sha256(self) -> str:
        """SHA-256 of all that was fed, in hexadecimal digits."""
        self._wait()
        return self._digests["sha256"].hexdigest()

    def broken_promise(self) -> str:
        """What differs from what the server promised, in words; empty when nothing does."""
        self._wait()
        for name, said in self._promised:
            found = base64.b64encode(self._digests[name].digest()).decode()
            if found != said:
                return f"its {name.upper()} is {found}, the server says {said}"
        return ""

    def _wait(self) -> None:
        for work in self._working:
            work.result()
