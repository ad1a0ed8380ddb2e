"""Read the files of a folder of facts for ``make data FACTS=folder``; what is missing or broken is named."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, Any

from drkit.errors import SnapshotError

if TYPE_CHECKING:
    from pathlib import Path


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file by column, or SnapshotError when it cannot be read."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise SnapshotError(f"cannot read {path} ({error.strerror}): name the folder that holds the facts") from error


def read_history(facts: Path) -> list[dict[str, str]]:
    """Dated outages, each with its own short source where the file says "as above", or SnapshotError."""
    outages = read_csv(facts / "outage_history.csv")
    source = ""
    for outage in outages:
        if outage["source"] != "as above":
            source = re.split(r" \(|; (?:\(|id |post-mortem)", outage["source"])[0].rstrip(",;")
        outage["source"] = source
    return outages


def read_json(path: Path) -> dict[str, Any]:
    """The mapping a JSON file holds, or SnapshotError when it cannot be read or holds something else."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SnapshotError(f"cannot read {path} ({error.strerror}): name the folder that holds the facts") from error
    except ValueError as error:
        raise SnapshotError(f"{path} is not JSON ({error}): correct it") from error
    if not isinstance(document, dict):
        raise SnapshotError(f"{path} holds no mapping: correct it")
    return document
