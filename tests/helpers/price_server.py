"""A server that speaks the protocol of AWS's price lists, on a free loopback port, with faults on request."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from offers import Offer

#: What a fault does instead of an answer; returns False to let the answer go on.
Fault = Callable[[BaseHTTPRequestHandler, bytes], bool]


@dataclass
class PriceServer:
    """Files by path, faults by path (each used up once), and what was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    tags: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    packed: bool = False
    url: str = ""

    def times(self) -> Counter[str]:
        return Counter(path for path, _ in self.asked)

    def publish(
        self,
        offers: Mapping[tuple[str, str], Offer],
        plans: Mapping[tuple[str, str], bytes] | None = None,
        kinds: Sequence[str] = ("csv",),
    ) -> None:
        """Put offers by (code, region) at the places where AWS puts them; the region is empty for a global one."""
        index: dict[str, dict[str, str]] = {}
        regions: dict[str, dict[str, dict[str, str]]] = {}
        for (code, region), offer in offers.items():
            place = f"/offers/v1.0/aws/{code}/{offer.version}" + f"/{region}" * bool(region)
            for kind in kinds:
                self.files[f"{place}/index.{kind}"] = offer.csv() if kind == "csv" else offer.json()
            index[code] = {
                "offerCode": code,
                "currentVersionUrl": f"/offers/v1.0/aws/{code}/{offer.version}/index.json",
                "currentRegionIndexUrl": f"/offers/v1.0/aws/{code}/current/region_index.json",
            }
            if region:
                told = {"regionCode": region, "currentVersionUrl": f"{place}/index.json"}
                regions.setdefault(code, {})[region] = told
        for code, found in regions.items():
            self.files[f"/offers/v1.0/aws/{code}/current/region_index.json"] = json.dumps({"regions": found}).encode()
        listed: dict[str, list[dict[str, str]]] = {}
        for (code, region), content in (plans or {}).items():
            place = f"/savingsPlan/v1.0/aws/{code}/20261120/{region}"
            self.files[f"{place}/index.csv"] = content
            listed.setdefault(code, []).append({"regionCode": region, "versionUrl": f"{place}/index.json"})
        for code, found_plans in listed.items():
            path = f"/savingsPlan/v1.0/aws/{code}/current/region_index.json"
            index[code] = {"offerCode": code, "currentSavingsPlanIndexUrl": path}
            self.files[path] = json.dumps({"regions": found_plans}).encode()
        self.files["/offers/v1.0/aws/index.json"] = json.dumps({"offers": index}).encode()


@contextmanager
def serving() -> Iterator[PriceServer]:
    held = PriceServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer(held, self)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Clients that hang up are part of the tests."""

    server = Quiet(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    held.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(held: PriceServer, request: BaseHTTPRequestHandler) -> None:
    # A proxy is asked for the whole address.
    request.path = re.sub(r"^http://[^/]+", "", request.path)
    held.asked.append((request.path, dict(request.headers)))
    content = held.files.get(request.path)
    if content is None:
        status(404)(request, b"")
        return
    if held.tags.get(request.path, (b"", ""))[0] is not content:
        held.tags[request.path] = (content, f'"{hashlib.md5(content).hexdigest()}"')
    tag = held.tags[request.path][1]
    extra = held.headers.get(request.path, {})
    if held.packed and "gzip" in request.headers.get("Accept-Encoding", ""):
        content = gzip.compress(content, 1, mtime=0)
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        extra = {**extra, "Content-Encoding": "gzip"}
    waiting = held.faults.get(request.path, [])
    if waiting and waiting.pop(0)(request, content):
        return
    if request.headers.get("If-None-Match") == tag:
        request.send_response(304)
        request.send_header("ETag", tag)
        request.end_headers()
        return
    start = 0
    asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
    if asked and request.headers.get("If-Range") == tag:
        start = int(asked.group(1))
        request.send_response(206)
        request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    else:
        request.send_response(200)
    for name, value in {"ETag": tag, **extra}.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(content) - start))
    request.end_headers()
    request.wfile.write(content[start:])


def status(code: int, **headers: str) -> Fault:
    def fail(request: BaseHTTPRequestHandler, _: bytes) -> bool:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", "0")
        request.end_headers()
        return True

    return fail


def _send_beginning(request: BaseHTTPRequestHandler, content: bytes, size: int) -> None:
    request.send_response(200)
    request.send_header("ETag", f'"{hashlib.md5(content).hexdigest()}"')
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content[:size])
    request.wfile.flush()


def cut_after(size: int) -> Fault:
    """Send only the beginning, then close the connection."""

    def fail(request: BaseHTTPRequestHandler, content: bytes) -> bool:
        _send_beginning(request, content, size)
        request.close_connection = True
        return True

    return fail


def stuck_after(size: int, stuck: threading.Event, seconds: float = 20) -> Fault:
    """Send only the beginning, tell so, and keep the connection open until the client is gone."""

    def fail(request: BaseHTTPRequestHandler, content: bytes) -> bool:
        _send_beginning(request, content, size)
        stuck.set()
        request.connection.settimeout(seconds)
        with suppress(OSError):
            request.connection.recv(1)
        request.close_connection = True
        return True

    return fail


def truncated_gzip(request: BaseHTTPRequestHandler, content: bytes) -> bool:
    """Half of a packed file, with the length of that half: only unpacking tells."""
    half = content[: len(content) // 2]
    request.send_response(200)
    request.send_header("Content-Encoding", "gzip")
    request.send_header("Content-Length", str(len(half)))
    request.end_headers()
    request.wfile.write(half)
    return True
