"""checkov finds nothing in the stack that is not listed with its reason, and nothing is listed in vain."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from drkit.files.bundled import terraform_dir

pytestmark = pytest.mark.slow

#: `make test` puts it there: it cannot live beside drkit.
CHECKOV = Path(sys.prefix) / "checkov" / "bin" / "checkov"
CONFIG = ".checkov.yaml"


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    """Checks that fail when none is skipped, with the resources they fail for."""
    if not CHECKOV.exists():
        reason = f"{CHECKOV} is not there: `make test` installs it."
        pytest.fail(reason) if os.environ.get("DRKIT_CI") == "1" else pytest.skip(reason)
    # Away from the configuration, which checkov would read by itself.
    folder = tmp_path_factory.mktemp("checkov") / "terraform"
    shutil.copytree(terraform_dir(), folder, ignore=shutil.ignore_patterns(".*", "tests"))
    done = subprocess.run(
        [CHECKOV, "-d", ".", "--framework", "terraform", "--skip-download", "--quiet", "--compact", "-o", "json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["summary"]["passed"] > 250
    assert report["summary"]["parsing_errors"] == 0
    found: dict[str, list[str]] = {}
    for check in report["results"]["failed_checks"]:
        found.setdefault(check["check_id"], []).append(check["resource"])
    return found


def listed() -> dict[str, str]:
    """Checks that the configuration skips, with the reason beside each."""
    text = (terraform_dir() / CONFIG).read_text(encoding="utf-8")
    return dict(re.findall(r"^ +- (CKV\w+) *(?:# (.*))?$", text, re.M))


def test_every_failed_check_is_listed_with_its_reason(failed: Mapping[str, list[str]]) -> None:
    assert {check: where for check, where in failed.items() if check not in listed()} == {}


def test_no_check_is_listed_in_vain(failed: Mapping[str, list[str]]) -> None:
    assert set(listed()) - set(failed) == set()


def test_every_listed_check_has_a_reason_that_says_something() -> None:
    assert len(listed()) > 20
    assert [check for check, reason in listed().items() if len(reason) < 15] == []
