"""Where a page may be served, and to whom; the page itself is looked at in a browser."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
import sys
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from drkit.errors import ParameterError
from drkit.explorer.serving import check_address, is_loopback, listening, without


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.5", False),
        ("example.com", False),
    ],
)
def test_only_this_machine_reaches_a_loopback_address(host: str, ours: bool) -> None:
    assert is_loopback(host) is ours


def test_other_machines_are_let_in_with_a_token_only() -> None:
    check_address("0.0.0.0", None)  # a new one is made
    check_address("0.0.0.0", "secret")
    check_address("127.0.0.1", "")
    with pytest.raises(ParameterError, match="asks them for nothing"):
        check_address("example.com", "")


def test_a_port_that_is_taken_is_told_and_a_free_one_found() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            ParameterError, match=f"cannot listen on 127.0.0.1 port {port}: .*leave --port out for a free one"
        ):
            listening("127.0.0.1", port)
    with listening("localhost", 0) as free:
        assert free.getsockname()[0] == "127.0.0.1" and free.getsockname()[1] > 0


def test_what_is_logged_does_not_have_the_token(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("test-serving")
    filters = without("tok123")
    logger.addFilter(filters)
    try:
        logger.error("Uncaught exception %s\n%r", "GET /?token=tok123", {"uri": "/?token=tok123"})
    finally:
        logger.removeFilter(filters)
    assert caplog.messages == ["Uncaught exception GET /?token=...\n{'uri': '/?token=...'}"]


# What a visitor gets who asks the server itself, not the page --------------------------------------------------------

#: How long an answer may take, on a machine that is busy with other tests [s].
PATIENCE_S = 60


class Visit(NamedTuple):
    """A page that was opened with its token: where, by whom, and what the server has said since."""

    home: str
    query: str
    cookies: str
    kernel: str
    log: Path

    async def channel(self, **headers: str) -> WebSocketClientConnection:
        address = f"{self.home.replace('http', 'ws', 1)}api/kernels/{self.kernel}/channels?session_id=visitor"
        return await websocket_connect(HTTPRequest(address, headers=headers, request_timeout=PATIENCE_S))

    def refused(self, **headers: str) -> int:
        """The status by which a channel is refused."""
        with pytest.raises(HTTPClientError) as told:
            asyncio.run(self.channel(**headers))
        return int(told.value.code)


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    import browser  # no browser is needed: how a server is started and ended stands there

    folder = tmp_path_factory.mktemp("serve")
    words = [str(Path(sys.executable).parent / "drkit"), "serve", "article", "--samples", "500"]
    log = folder / "serve.log"
    with browser.process(words, folder, browser.apart(folder) | {"PYTHONUNBUFFERED": "1"}, log) as server:
        home, query = browser.said_in(log, r"http://\S+\?token=\S+", server).split("?")
        jar = CookieJar()
        with build_opener(HTTPCookieProcessor(jar)).open(f"{home}?{query}", timeout=PATIENCE_S) as answer:
            (kernel,) = re.findall(r'"kernelId": "([^"]+)"', answer.read().decode())
        yield Visit(home, query, "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar), kernel, log)


@pytest.mark.slow
def test_a_visitor_with_the_token_cannot_run_code(visit: Visit) -> None:
    trace = visit.log.with_name("ran")

    def message(name: str, channel: str, **content: object) -> str:
        header = {
            "msg_id": f"{name}-{channel}",
            "msg_type": name,
            "session": "visitor",
            "username": "",
            "version": "5.3",
        }
        return json.dumps(
            {"header": header, "parent_header": {}, "metadata": {}, "channel": channel, "content": content}
        )

    async def try_to() -> None:
        channel = await visit.channel(Cookie=visit.cookies)
        for name in ("shell", "control"):
            await channel.write_message(
                message("execute_request", name, code=f"open({str(trace)!r}, 'w').close()", silent=False)
            )
            # A kernel answers in order: once it says who it is, it has done what was asked before.
            await channel.write_message(message("kernel_info_request", name))
            while True:
                said = json.loads(await asyncio.wait_for(channel.read_message(), PATIENCE_S))
                if said["msg_type"] == "kernel_info_reply" and said["parent_header"]["msg_id"].endswith(name):
                    break
        channel.close()
        while await channel.read_message() is not None:
            pass  # until the server has closed it, too

    asyncio.run(try_to())
    assert not trace.exists()


@pytest.mark.slow
def test_a_page_of_another_site_is_refused_in_silence(visit: Visit) -> None:
    evil = "http://evil.example"
    assert visit.refused(Cookie=visit.cookies, Origin=evil) == 403
    assert visit.refused(Origin=evil) == 403
    assert visit.refused() == 403, "nobody gets in without the token or what it was changed for"
    assert visit.refused(Cookie=visit.cookies, Host="evil.example", Origin=evil) == 403
    with pytest.raises(HTTPError) as told:
        build_opener().open(f"{visit.home}api/kernels/{visit.kernel}/channels", timeout=PATIENCE_S)
    assert told.value.code == 403 and told.value.read().decode().endswith("<p>403: Forbidden</p>")
    said = visit.log.read_text().splitlines()
    assert said == ["article is served until you press Ctrl-C:", f"  {visit.home}?{visit.query}"]
