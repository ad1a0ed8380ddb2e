"""The emulator as a process of its own, on a free port of the loopback interface.

``with running(log) as aws`` gives an AWS account with nothing in it; two can run side by side. As a program,
``python -m emulator.server`` serves on a socket that it inherits.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

#: moto's account.
ACCOUNT_ID = "123456789012"

_START_SECONDS = 60
_STOP_SECONDS = 10


@dataclass(frozen=True)
class Emulator:
    """A running emulator.

    Parameters
    ----------
    url
        Endpoint of every service.
    log
        File with what the server wrote: a line for each request, and the traceback of what moto cannot do.
    process_id
        Process to stop; `running` does so.
    """

    url: str
    log: Path
    process_id: int

    def environment(self) -> dict[str, str]:
        """Variables with which boto3, the AWS CLI and Terraform's provider use this account, and no other."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def client(self, service: str, region: str) -> Any:
        """Return boto3's client of a service in a region of this account."""
        return _client(self.url, service, region)

    def leftovers(self, regions: Iterable[str]) -> Mapping[str, list[str]]:
        """What there is in the account, by place and kind: ``{"eu-west-1 ec2 vpcs": ["vpc-1"]}``; empty for nothing."""
        from .leftovers import leftovers

        return leftovers(self.client, regions)

    def reset(self) -> None:
        """Empty the account."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST"), timeout=60).close()


@cache
def _client(url: str, service: str, region: str) -> Any:
    # Imported here: the server's process has no use for it. Kept, since reading a service's model takes a while.
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


@contextmanager
def running(log: Path) -> Iterator[Emulator]:
    """Run the emulator while the block runs.

    Parameters
    ----------
    log
        File for what the server writes; it is begun anew.

    Raises
    ------
    RuntimeError
        If the server does not answer within a minute; the message ends with its log.
    """
    # Bound here and handed down, so that nobody can take the port in between.
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener, log.open("wb") as output:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.server", str(listener.fileno())],
            cwd=Path(__file__).parents[1],
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(process, url, log)
        yield Emulator(url, log, process.pid)
    finally:
        process.stdin.close()  # type: ignore[union-attr]
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Return when the server answers; raise what it wrote if it ends or takes too long."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"The emulator did not answer at {url}:\n{log.read_text(errors='replace')[-2000:]}")


def serve(descriptor: int) -> None:
    """Serve on an inherited socket until the parent ends or closes the standard input."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    from . import install

    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    with socket.socket(fileno=os.dup(descriptor)) as listener:
        host, port = listener.getsockname()
    os.environ["MOTO_PORT"] = str(port)
    install()
    application = DomainDispatcherApplication(create_backend_app)
    make_server(host, port, application, threaded=True, fd=descriptor).serve_forever()


def _end_with_the_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
