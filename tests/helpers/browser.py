"""A headless Chromium that reaches this machine alone, and the servers it looks at; each stopped by whoever began it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from drkit.report.decision.pdf import find_browser

#: How long anything on a page may take, on a machine that is busy with other tests [ms].
PATIENCE_MS = 60_000
TOKEN = "drkit-test-token"
BIN = Path(sys.executable).parent


def require() -> str:
    """The path of a browser; without one the test is skipped, and fails in CI."""
    found = find_browser()
    if found is None:
        reason = "there is no Chromium on the PATH: install it with `make browser`, or `apt-get install chromium`"
        if os.environ.get("DRKIT_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    path = require()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=path,
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page, what its console said, and what it asked for outside this machine."""

    page: Page
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


@contextmanager
def watched(browser: Browser, width: int = 1280, height: int = 900, dark: bool = False) -> Iterator[Watched]:
    """A page in a profile of its own, from which nothing leaves this machine."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", accept_downloads=True
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    found = Watched(page)

    def local(route: Any) -> None:
        if re.match(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]", route.request.url):
            route.continue_()
        else:
            found.outside.append(route.request.url)
            route.abort()

    context.route(re.compile(r"^(https?|wss?)://"), local)
    page.on("console", lambda said: found.errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: found.errors.append(str(error)))
    try:
        yield found
    finally:
        context.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(words: list[str], cwd: Path, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server in a group of its own, interrupted at the end as by Ctrl-C."""
    with log.open("wb") as said:
        started = subprocess.Popen(words, cwd=cwd, env=env, stdout=said, stderr=said, start_new_session=True)
        try:
            yield started
        finally:
            if started.poll() is None:
                started.send_signal(signal.SIGTERM)
                try:
                    started.wait(20)
                except subprocess.TimeoutExpired:
                    os.killpg(started.pid, signal.SIGKILL)
                    started.wait()


def until_it_listens(port: int, log: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"the server does not listen: {log.read_text()[-2000:]}")


def said_in(log: Path, pattern: str, server: subprocess.Popen[bytes]) -> str:
    """What a server says first that matches a pattern."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline and server.poll() is None:
        if found := re.search(pattern, log.read_text()):
            return found[0]
        time.sleep(0.1)
    pytest.fail(f"the server does not say {pattern}: {log.read_text()[-2000:]}")


def apart(folder: Path) -> dict[str, str]:
    """An environment in which Jupyter neither reads nor writes anything of the user's."""
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    places += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    return {**os.environ, **{name: str(folder / name.lower()) for name in places}}


@contextmanager
def jupyterlab(folder: Path, notebooks: Path, theme: str = "JupyterLab Light") -> Iterator[str]:
    """JupyterLab over a folder of notebooks; gives its address."""
    env = apart(folder)
    settings = Path(env["JUPYTERLAB_SETTINGS_DIR"]) / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    (settings / "themes.jupyterlab-settings").write_text(f'{{"theme": "{theme}"}}')
    port, log = free_port(), folder / "jupyterlab.log"
    words = [
        str(BIN / "jupyter"),
        "lab",
        "--no-browser",
        "--allow-root",
        f"--ServerApp.port={port}",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={TOKEN}",
        f"--ServerApp.root_dir={notebooks}",
        "--ServerApp.terminals_enabled=False",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]
    with process(words, notebooks, env, log) as server:
        until_it_listens(port, log, server)
        yield f"http://127.0.0.1:{port}"
