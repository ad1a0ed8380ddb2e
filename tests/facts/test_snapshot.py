"""A snapshot is written whole or not at all, and a damaged one is refused with a sentence that names the file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from drkit.errors import SnapshotError
from drkit.facts import snapshot
from drkit.facts.catalog import Catalog
from drkit.facts.snapshot import COLUMNS
from drkit.files.bundled import data_dir


def _tables(usd: str = "1.5") -> dict[str, list[tuple[str, ...]]]:
    tables = {name: [tuple(f"{column} b" for column in columns)] for name, columns in COLUMNS.items()}
    for name, columns in COLUMNS.items():
        tables[name].append(tuple(f"{column} a" for column in columns))
    tables["prices.csv"].append(("S", "thing", "r", "", "GB", usd, "", "", "on_demand", "", "2026", "s", "observed"))
    return tables


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "snapshot"
    snapshot.write(path, "2026-11-23", _tables())
    return path


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_what_is_written_is_loaded(written: Path) -> None:
    loaded = snapshot.load(written)
    assert loaded.date == "2026-11-23"
    assert set(loaded.tables) == {name.removesuffix(".csv") for name in COLUMNS}
    assert [row["usd"] for row in loaded.records("prices")] == ["1.5", "usd a", "usd b"]
    assert sorted(path.name for path in written.parent.iterdir()) == ["snapshot"]


def test_the_embedded_snapshot_loads_and_is_what_its_manifest_says() -> None:
    loaded = snapshot.load()
    manifest = json.loads((data_dir() / "snapshot" / "manifest.json").read_text())
    assert sorted(manifest["files"]) == sorted(COLUMNS)
    for name, entry in manifest["files"].items():
        content = (data_dir() / "snapshot" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert len(loaded.tables[name.removesuffix(".csv")]) == entry["rows"] == content.count(b"\n") - 1
    assert len(loaded.digest) == 64


def test_rows_are_sorted_so_that_equal_facts_give_equal_bytes(tmp_path: Path, written: Path) -> None:
    shuffled = {name: rows[::-1] for name, rows in reversed(_tables().items())}
    snapshot.write(tmp_path / "again", "2026-11-23", shuffled)
    assert _bytes(tmp_path / "again") == _bytes(written)
    assert snapshot.load(tmp_path / "again").digest == snapshot.load(written).digest


def test_another_figure_gives_another_digest(tmp_path: Path, written: Path) -> None:
    snapshot.write(tmp_path / "other", "2026-11-23", _tables("1.6"))
    assert snapshot.load(tmp_path / "other").digest != snapshot.load(written).digest


Damage = Callable[[Path], object]


def _edit_manifest(change: Callable[[dict[str, object]], object]) -> Damage:
    def edit(folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text())
        change(manifest)
        (folder / "manifest.json").write_text(json.dumps(manifest))

    return edit


def _edit(name: str, change: Callable[[bytes], bytes]) -> Damage:
    def edit(folder: Path) -> None:
        (folder / name).write_bytes(change((folder / name).read_bytes()))

    return edit


def _rewrite(name: str, change: Callable[[bytes], bytes]) -> Damage:
    """Edit a file and give the manifest its new hash, as somebody would who means to deceive or to help."""

    def edit(folder: Path) -> None:
        _edit(name, change)(folder)
        content = (folder / name).read_bytes()
        _edit_manifest(lambda m: m["files"][name].update(sha256=hashlib.sha256(content).hexdigest()))(folder)  # type: ignore[index]

    return edit


DAMAGED: dict[str, tuple[Damage, str]] = {
    "a price edited by hand": (_edit("prices.csv", lambda b: b.replace(b"1.5", b"0.5")), "prices.csv is damaged"),
    "a file cut off": (_edit("prices.csv", lambda b: b[:-20]), "prices.csv is damaged"),
    "a file emptied": (_edit("latency.csv", lambda b: b""), "latency.csv is damaged"),
    "a byte flipped": (_edit("regions.csv", lambda b: b[:30] + bytes([b[30] ^ 1]) + b[31:]), "regions.csv is damaged"),
    "other line ends": (_edit("outages.csv", lambda b: b.replace(b"\n", b"\r\n")), "outages.csv is damaged"),
    "bytes that are no text": (_edit("classes.csv", lambda b: b"\xff\xfe" + b), "classes.csv is damaged"),
    "a file missing": (lambda folder: (folder / "classes.csv").unlink(), "classes.csv (No such file or directory)"),
    "a folder in a file's place": (
        lambda folder: [(folder / "classes.csv").unlink(), (folder / "classes.csv").mkdir()],
        "classes.csv (Is a directory)",
    ),
    "a row taken out with its hash": (
        _rewrite("prices.csv", lambda b: b[: b.rindex(b"usd b") - 40].rsplit(b"\n", 1)[0] + b"\n"),
        "3 rows with columns service,item",
    ),
    "a column taken out with its hash": (
        _rewrite("sources.csv", lambda b: b"\n".join(line.rsplit(b",", 1)[0] for line in b.split(b"\n"))),
        "rows with columns id,version,data_date,licence,trust are needed",
    ),
    "a cell taken out of a row with its hash": (
        _rewrite("prices.csv", lambda b: b.replace(b",on_demand,", b",")),
        "prices.csv is damaged: not all its rows have 13 columns",
    ),
    "columns in another order": (
        _rewrite("latency.csv", lambda b: b.replace(b"from_region,to_region,", b"to_region,from_region,", 1)),
        "columns to_region,from_region,p50_ms",
    ),
    "the manifest missing": (lambda folder: (folder / "manifest.json").unlink(), "cannot read manifest.json"),
    "the manifest cut off": (_edit("manifest.json", lambda b: b[:100]), "manifest.json is damaged: it is not JSON"),
    "the manifest in another encoding": (
        _edit("manifest.json", lambda b: b"\xff" + b),
        "manifest.json is damaged: it is not JSON",
    ),
    "the manifest a list": (
        _edit("manifest.json", lambda b: b"[]"),
        "manifest.json is damaged: it lists no files",
    ),
    "the manifest without files": (
        _edit_manifest(lambda m: m.pop("files")),
        "manifest.json is damaged: it lists no files",
    ),
    "the manifest without one file": (
        _edit_manifest(lambda m: m["files"].pop("latency.csv")),  # type: ignore[attr-defined]
        "does not list latency.csv",
    ),
    "an entry without a hash": (
        _edit_manifest(lambda m: m["files"].update({"latency.csv": {"rows": 2}})),  # type: ignore[attr-defined]
        "manifest.json",
    ),
    "an entry that is text": (
        _edit_manifest(lambda m: m["files"].update({"latency.csv": "abc"})),  # type: ignore[attr-defined]
        "manifest.json",
    ),
    "the manifest without a date": (_edit_manifest(lambda m: m.pop("snapshot")), "manifest.json"),
    "a later schema": (_edit_manifest(lambda m: m.update(schema=2)), "has schema 2, this drkit reads schema 1"),
    "no schema": (_edit_manifest(lambda m: m.pop("schema")), "has schema None, this drkit reads schema 1"),
    "the folder missing": (shutil.rmtree, "no snapshot at"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_snapshot_is_refused_with_the_file_named(case: str, written: Path) -> None:
    damage, sentence = DAMAGED[case]
    damage(written)
    with pytest.raises(SnapshotError) as caught:
        snapshot.load(written).date  # noqa: B018
    assert sentence in str(caught.value)
    assert str(written) in str(caught.value)


def test_the_catalog_refuses_a_damaged_snapshot(written: Path) -> None:
    (written / "prices.csv").unlink()
    with pytest.raises(SnapshotError):
        Catalog.load(written)


def test_a_file_that_no_table_needs_is_no_harm(written: Path) -> None:
    (written / "README.md").write_text("x")
    assert snapshot.load(written).date == "2026-11-23"


def test_a_new_snapshot_takes_the_place_of_the_old_one_whole(written: Path) -> None:
    (written / "stray.txt").write_text("x")
    snapshot.write(written, "2026-12-01", _tables("2"))
    assert snapshot.load(written).date == "2026-12-01"
    assert sorted(path.name for path in written.iterdir()) == sorted([*COLUMNS, "manifest.json"])
    assert sorted(path.name for path in written.parent.iterdir()) == ["snapshot"]


def test_a_table_that_is_missing_is_refused_before_anything_is_written(written: Path) -> None:
    before = _bytes(written)
    tables = _tables()
    del tables["outages.csv"]
    with pytest.raises(SnapshotError, match=r"lacks outages\.csv"):
        snapshot.write(written, "2026-12-01", tables)
    assert _bytes(written) == before


def test_a_row_with_too_few_columns_leaves_the_old_snapshot_intact(written: Path) -> None:
    before = _bytes(written)
    tables = _tables() | {"sources.csv": [("id", "version")]}
    with pytest.raises(SnapshotError, match=r"sources\.csv: .* has 2 columns, 5 are needed"):
        snapshot.write(written, "2026-12-01", tables)
    assert _bytes(written) == before
    assert sorted(path.name for path in written.parent.iterdir()) == ["snapshot"]


@pytest.mark.parametrize("at", [0, 4, 10, 11])
def test_a_full_disk_in_the_middle_leaves_the_old_snapshot_intact(
    at: int, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _bytes(written)
    count = 0

    def failing(write: Callable[..., int]) -> Callable[..., int]:
        def full(path: Path, *args: object, **kwargs: object) -> int:
            nonlocal count
            count += 1
            if count > at:
                raise OSError(28, "No space left on device")
            return write(path, *args, **kwargs)

        return full

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", failing(Path.write_bytes))
        patch.setattr(Path, "write_text", failing(Path.write_text))
        with pytest.raises(OSError, match="No space left"):
            snapshot.write(written, "2026-12-01", _tables("2"))
    assert _bytes(written) == before
    assert snapshot.load(written).date == "2026-11-23"
    assert sorted(path.name for path in written.parent.iterdir()) == ["snapshot"]


def test_a_failure_at_the_swap_leaves_a_whole_snapshot(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = os.rename

    def broken(source: object, target: object, *args: object, **kwargs: object) -> None:
        if Path(str(target)) == written and not Path(str(source)).name.endswith(".old"):
            raise OSError(5, "Input/output error")
        renamed(source, target, *args, **kwargs)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", broken)
        patch.setattr(os, "replace", broken)
        with pytest.raises(OSError, match="Input/output error"):
            snapshot.write(written, "2026-12-01", _tables("2"))
    assert snapshot.load(written).date in ("2026-11-23", "2026-12-01")
