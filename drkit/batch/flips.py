"""What changed since the last batch: choices that flipped, and whether price, rules, workload or something else did."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from drkit.batch.folder import last_folder, read_record, run_folder
from drkit.batch.run import DONE, WORKLOAD
from drkit.files import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: What a file of the snapshot is about.
_ABOUT = {
    "prices.csv": "price",
    "availability.csv": "rules",
    "classes.csv": "rules",
    "regions.csv": "rules",
    "support_regions.csv": "rules",
    "support_rules.csv": "rules",
    "disruption_rates.csv": "disruption rates",
    "latency.csv": "latency",
    "outages.csv": "disruption rates",
    "recovery_steps.csv": "recovery times",
}


@dataclass(frozen=True)
class Flip:
    """A run whose choice is another than in the last batch.

    Parameters
    ----------
    before, after
        The choice and its figures, as ``summary.json`` has them.
    causes
        What of its inputs changed: ``price``, ``rules``, ``workload``, ``parameters``, ``drkit``, …
    why
        In sentences: what became of the old choice, and which inputs changed from what to what.
    """

    run: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    causes: tuple[str, ...]
    why: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """What a batch chose, against the last one.

    Parameters
    ----------
    compared
        Runs that both have a choice for; 0 when there was no batch before.
    monthly_usd
        Sum of their monthly costs before and now.
    """

    flips: tuple[Flip, ...]
    compared: int
    monthly_usd: tuple[float, float]
    new: tuple[str, ...]
    gone: tuple[str, ...]


def since(
    last: Mapping[str, Mapping[str, Any]], records: Mapping[str, Mapping[str, Any]], destination: Path
) -> Changes:
    """Compare the choices of this batch with those of the last.

    Parameters
    ----------
    last, records
        Records of the runs by name: of the last batch that ended, and of this one.
    destination
        Folder of the batch, where the folders of both lie.
    """
    both = [name for name in records if name in last and _chose(records[name]) and _chose(last[name])]
    flips = [
        _flip(name, last[name], records[name], destination)
        for name in both
        if last[name]["figures"]["topology_id"] != records[name]["figures"]["topology_id"]
    ]
    sums = tuple(round(sum(of[name]["figures"]["monthly_usd"] for name in both), 2) for of in (last, records))
    return Changes(
        flips=tuple(flips),
        compared=len(both),
        monthly_usd=(sums[0], sums[1]),
        new=tuple(name for name in records if name not in last),
        gone=tuple(name for name in last if name not in records),
    )


def _chose(record: Mapping[str, Any]) -> bool:
    return record.get("status") == DONE and "topology_id" in record.get("figures", {})


def _flip(name: str, before: Mapping[str, Any], after: Mapping[str, Any], destination: Path) -> Flip:
    old, new = last_folder(destination, name), run_folder(destination, name)
    was_of, now_of = before["fingerprint"], after["fingerprint"]
    if (record := read_record(old)) is not None and record.get("fingerprint") != was_of:
        # Of a run in between, which failed or whose batch was killed: its files would tell of another choice.
        old /= "none"
    changed = [part for part in {**now_of, **was_of} if was_of.get(part) != now_of.get(part)]
    causes: list[str] = []
    for part in changed:
        causes += _snapshot_causes(old, new) if part == "snapshot" else [part]
    why = [*_became(before["figures"]["topology_id"], after["figures"]["topology_id"], old, new)]
    if "workload" in changed:
        why += _workload_changes(old / WORKLOAD, new / WORKLOAD)
    if "parameters" in changed:
        was, now = before["parameters"], after["parameters"]
        why += [f"{key}: {was.get(key)} before, {now.get(key)} now" for key in now if was.get(key) != now.get(key)]
    if "snapshot" in changed:
        dates = [record["figures"].get("snapshot_date", "another") for record in (before, after)]
        why.append(f"snapshot {dates[0]} before, {dates[1]} now")
    return Flip(name, before["figures"], after["figures"], tuple(dict.fromkeys(causes)), tuple(why))


def _snapshot_causes(old: Path, new: Path) -> list[str]:
    """What the files of the snapshot that differ are about."""
    files = []
    for folder in (old, new):
        try:
            files.append(json.loads((folder / "summary.json").read_text(encoding="utf-8"))["snapshot"]["files"])
        except (OSError, ValueError, KeyError):
            return ["snapshot"]
    differ = sorted(file for file in {*files[0], *files[1]} if files[0].get(file) != files[1].get(file))
    return [_ABOUT[file] for file in differ if file in _ABOUT] or ["snapshot"]


def _became(was: str, chosen: str, old: Path, new: Path) -> Iterator[str]:
    """What became of the old choice, and of the new one's cost."""
    before, now = _options(old), _options(new)
    if not now:
        return
    row = now.get(was)
    if row is None:
        yield f"{was} is no longer among the topologies"
    elif row["rejected_because"]:
        yield f"{was} is no longer possible: {row['rejected_because']}"
    else:
        yield f"{was}: {row['not_chosen_because']}{_moved(before.get(was), row)}"
    if chosen in before and not before[chosen]["rejected_because"]:
        reason = before[chosen]["not_chosen_because"]
        yield f"{chosen} was not chosen before: {reason}{_moved(before[chosen], now[chosen])}"
    elif chosen in before:
        yield f"{chosen} was not possible before: {before[chosen]['rejected_because']}"


def _moved(before: Mapping[str, str] | None, now: Mapping[str, str]) -> str:
    if not before or not before["monthly_usd"] or not now["monthly_usd"]:
        return ""
    was, is_ = float(before["monthly_usd"]), float(now["monthly_usd"])
    return f" ({was:,.2f} USD a month before, {is_:,.2f} now)" if was != is_ else ""


def _options(folder: Path) -> dict[str, dict[str, str]]:
    try:
        with (folder / "comparison.csv").open(newline="", encoding="utf-8") as file:
            return {row["topology_id"]: row for row in csv.DictReader(file)}
    except (OSError, KeyError):
        return {}


def _workload_changes(old: Path, new: Path) -> list[str]:
    """Keys of the workload file that differ, each with both values."""
    try:
        was, now = (dict(_flat(yaml_text.load(path.read_text(encoding="utf-8")))) for path in (old, new))
    except (OSError, yaml.YAMLError):
        return []
    keys = [key for key in {**was, **now} if was.get(key) != now.get(key)]
    changes = [f"{key}: {was.get(key, 'nothing')} before, {now.get(key, 'nothing')} now" for key in keys[:5]]
    return [*changes, f"and {len(keys) - 5} more keys of the workload"] if len(keys) > 5 else changes


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, value
