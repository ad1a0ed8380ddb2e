"""Print a page to PDF with whatever browser of Chromium's family is present."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from drkit.errors import DrkitError

#: Names that browsers with ``--print-to-pdf`` go by.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "brave-browser")

_PATIENCE_S = 120
_WITHOUT = "without a PDF (--no-pdf, as_pdf=False) the page is written all the same"


def find_browser() -> str | None:
    """Path of the first of `BROWSERS` on the PATH, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def print_page(page: str, target: Path, browser: str) -> None:
    """Print a self-contained page.

    Raises
    ------
    DrkitError
        When the browser fails or takes too long.
    """
    with tempfile.TemporaryDirectory(prefix="drkit-") as folder:
        source = Path(folder) / "page.html"
        source.write_text(page, encoding="utf-8")
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--disable-extensions",
            "--disable-background-networking",
            f"--user-data-dir={folder}/profile",
            "--no-pdf-header-footer",
            f"--print-to-pdf={target}",
            source.as_uri(),
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium refuses to run as root with its sandbox
        try:
            result = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DrkitError(f"{browser} did not print the report: {error}; {_WITHOUT}") from error
    if result.returncode or not target.is_file():
        last = (result.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise DrkitError(f"{browser} did not print the report: {last}; {_WITHOUT}")
