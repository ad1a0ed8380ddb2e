"""Where a page may be served, and to whom; the page itself is looked at in a browser."""

from __future__ import annotations

import logging
import socket

import pytest

from drkit.errors import ParameterError
from drkit.serving import check_address, is_loopback, listening, without


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
