"""The explorer as a web page for people without JupyterLab: Voilà, one notebook, this machine only, behind a token."""

from __future__ import annotations

import ipaddress
import logging
import secrets
import signal
import socket
import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from drkit.errors import ParameterError
from drkit.files.bundled import notebooks_dir
from drkit.files.extras import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Name of the notebook that is served, and of nothing else.
_NOTEBOOK = "explore.ipynb"
#: A kernel without a page ends after this time [s]; a page that is closed ends its own at once.
_IDLE_S = 600

#: What is answered instead of a page or a channel.
_REFUSED = "<!doctype html><title>{{ status_code }}</title><p>{{ status_code }}: {{ status_message }}</p>"

_TORNADO = ("tornado.access", "tornado.general", "tornado.application")


def serve(
    parameters: Mapping[str, object],
    title: str,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    theme: str = "light",
    open_browser: bool = False,
    ready: Callable[[str], None] = print,
) -> None:
    """Serve ``05_explore`` as a page, until it is interrupted; every visitor has a kernel of their own.

    Parameters
    ----------
    parameters
        Of the notebook.
    title
        Of the page.
    host, port
        Where to listen; port 0 takes a free one.
    token
        What a visitor must know; a new one by default, and none where it is empty, on this machine only.
    theme
        ``light`` or ``dark``.
    open_browser
        Whether to open the page in a browser.
    ready
        Called with the address, token included, once pages are served.

    Raises
    ------
    ParameterError
        When other machines could reach a page that asks for no token, or the address is none of this machine's.
    """
    check_address(host, token)
    import papermill

    with listening(host, port) as listens, tempfile.TemporaryDirectory(prefix="drkit-serve-") as folder:
        notebook = Path(folder) / _NOTEBOOK
        source = papermill.iorw.load_notebook_node(str(notebooks_dir() / "05_explore.ipynb"))
        served = papermill.parameterize.parameterize_notebook(source, dict(parameters))
        served.metadata["title"] = title
        served.cells = [cell for cell in served.cells if "notebook-only" not in cell.metadata.get("tags", [])]
        papermill.iorw.write_ipynb(served, str(notebook))
        page_token = secrets.token_urlsafe(24) if token is None else token
        _voila(notebook, host, listens, page_token, theme, open_browser, ready)


def check_address(host: str, token: str | None) -> None:
    """Refuse to serve without a token where other machines can see it.

    Raises
    ------
    ParameterError
        With what to give instead.
    """
    if token == "" and not is_loopback(host):
        raise ParameterError(
            f"--host {host} lets other machines in, and --token '' asks them for nothing: "
            "leave --token out, or serve on 127.0.0.1"
        )
    if token and not token.replace("-", "").replace("_", "").isalnum():
        raise ParameterError("--token may have letters, digits, hyphens and low lines, since it stands in an address")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host name or address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on a host and a port, 0 for a free one.

    Raises
    ------
    ParameterError
        When there is no such address, or somebody else listens there.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        sentence = f"--host is {host!r}: no such address; 127.0.0.1 is this machine, 0.0.0.0 lets others in"
        raise ParameterError(sentence) from None
    # One address, and so one port: localhost stands for two.
    family, *_, address = min(addresses, key=lambda entry: entry[0] != socket.AF_INET)
    try:
        listens = socket.create_server(address[:2], family=family)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ParameterError(
            f"cannot listen on {host} port {port}: {reason}; leave --port out for a free one"
        ) from error
    listens.setblocking(False)
    return listens


def _voila(
    notebook: Path,
    host: str,
    listens: socket.socket,
    token: str,
    theme: str,
    open_browser: bool,
    ready: Callable[[str], None],
) -> None:
    """Run Voilà on a socket that listens already."""
    from jinja2 import ChoiceLoader, DictLoader
    from tornado.httpserver import HTTPServer
    from tornado.ioloop import IOLoop

    with needs("explore", "drkit serve"):
        from voila.app import Voila

    port = listens.getsockname()[1]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104
    place = f"[{shown}]" if ":" in shown else shown
    address = f"http://{place}:{port}/" + (f"?{urlencode({'token': token})}" if token else "")

    class Page(Voila):  # type: ignore[misc]
        """Voilà with drkit's template before its own, on a socket that listens already."""

        def setup_template_dirs(self) -> None:
            super().setup_template_dirs()
            self.template_paths.insert(0, str(Path(__file__).with_name("page")))

        def init_settings(self) -> dict[str, Any]:
            settings: dict[str, Any] = super().init_settings()
            # A page of another site that names this machine as its own host is refused, token or not.
            settings["allow_remote_access"] = not is_loopback(host)
            settings["local_hostnames"] = ["localhost"]
            # What is refused is answered with this page: the server's own needs a setting that Voilà leaves out.
            refusals = settings["jinja2_env"]
            refusals.loader = ChoiceLoader([DictLoader({"error.html": _REFUSED}), refusals.loader])
            return settings

        def listen(self) -> None:
            server = HTTPServer(self.app)
            server.add_socket(listens)
            self.ioloop = IOLoop.current()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: self.ioloop.add_callback_from_signal(self.ioloop.stop))
            ready(address)
            if open_browser:
                webbrowser.open(address)
            try:
                self.ioloop.start()
            finally:
                server.stop()
                self.stop()

    for name in _TORNADO:
        logging.getLogger(name).setLevel(logging.ERROR)
    page = Page(config=_settings(token, host, theme))
    for logger in (page.log, *map(logging.getLogger, _TORNADO)):
        logger.addFilter(without(token))
    page.config_file_paths = []  # what lies in the folder, or is set for the user's own Voilà, is not for this page
    page.notebook_path = str(notebook)
    page.initialize([])
    page.start()


def without(token: str) -> Callable[[logging.LogRecord], bool]:
    """A filter of a logger that writes dots where the token would stand: what fails is logged with its address."""

    def redact(record: logging.LogRecord) -> bool:
        if token:
            record.msg, record.args = record.getMessage().replace(token, "..."), ()
        return True

    return redact


def _settings(token: str, host: str, theme: str) -> Any:
    """One notebook and no file beside it; kernels that nobody looks at any more end."""
    from traitlets.config import Config

    config = Config()
    config.Voila.token = token
    config.Voila.ip = host
    config.Voila.open_browser = False
    config.Voila.log_level = "ERROR"
    config.VoilaConfiguration.file_allowlist = []
    config.VoilaConfiguration.strip_sources = True
    config.VoilaConfiguration.show_tracebacks = False
    config.VoilaConfiguration.allow_template_override = "NO"
    config.VoilaConfiguration.allow_theme_override = "NO"
    config.VoilaConfiguration.theme = theme
    if sys.platform != "win32":
        # Sockets of the file system, not TCP that every user of the machine could read.
        config.KernelManager.transport = "ipc"
    # Paths that a visitor types begin where whoever serves is; `drkit.explorer.bounds` says how far they may lead.
    config.MappingKernelManager.root_dir = str(Path.cwd())
    config.MappingKernelManager.cull_idle_timeout = _IDLE_S
    config.MappingKernelManager.cull_interval = _IDLE_S // 4
    return config
