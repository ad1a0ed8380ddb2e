"""A batch against what goes wrong: afterwards a rerun completes, nothing is lost or doubled, and no output is half."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import executed
import nbformat
import pytest
from click.testing import CliRunner, Result

from drkit.batch.folder import RECORD, read_record
from drkit.cli import main
from drkit.runs import warm

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not warm.POSSIBLE, reason="warm processes need Linux"),
    # nbclient leaves the sockets of a kernel that died to the garbage collector, whatever the engine.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
DRKIT = str(Path(sys.executable).parent / "drkit")

#: A notebook that leaves a file of a known content, and does what it is told on the way.
CELLS = (
    "import os, pathlib, time",
    "pathlib.Path('begun.txt').write_text(str(given))\nexec(then)",
    "pathlib.Path('out.txt').write_text('x' * 10_000 + str(given))\nprint(given)",
)


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return executed.write(tmp_path / "small.ipynb", *CELLS, parameters="given: int = 0\nthen: str = 'pass'")


def portfolio(folder: Path, number: int, then: str = "pass") -> Path:
    path = folder / "portfolio.yaml"
    grid = {"given": list(range(number))}
    path.write_text(
        json.dumps({"notebook": "small.ipynb", "grid": grid, "parameters": {"then": then}}), encoding="utf-8"
    )
    return path


def batch(source: Path, out: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["batch", str(source), "--out", str(out), "--jobs", "2", *words])


def rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "portfolio.csv").open(newline="", encoding="utf-8") as file:
        return {row["run"]: row for row in csv.DictReader(file)}


def whole(out: Path) -> dict[str, int]:
    """Runs that have a folder, each with the moment its record was written; none of them is half."""
    found = {}
    for folder in (out / "runs").glob("*") if (out / "runs").exists() else ():
        record = read_record(folder)
        assert record is not None, f"{folder} has no record"
        assert record["status"] == "done"
        given = folder.name.removeprefix("small,given=")
        assert (folder / "out.txt").read_text(encoding="utf-8") == "x" * 10_000 + given
        executed_notebook = nbformat.read(folder / "small.ipynb", as_version=4)
        assert executed_notebook.cells[-1].outputs[0].text == f"{given}\n"
        assert (folder / "small.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
        found[folder.name] = (folder / RECORD).stat().st_mtime_ns
    return found


@pytest.mark.parametrize(
    ("then", "words", "error", "cell_error"),
    [
        ("os.kill(os.getpid(), 9) if given == 1 else None", (), "the kernel died", None),
        ("time.sleep(600) if given == 1 else None", ("--timeout", "3"), "it took longer than 3 s", None),
        ("bytearray(8 << 30) if given == 1 else None", ("--memory", "2"), "cell 4 failed: MemoryError", "MemoryError"),
        ("1 / (given - 1)", (), "cell 4 failed: ZeroDivisionError: division by zero", "ZeroDivisionError"),
        ("os.kill(os.getppid(), 0) or input('who? ') if given == 1 else None", (), "cell 4 failed: StdinNotImpl", None),
    ],
    ids=["kernel killed", "cell that never ends", "cell that eats memory", "error", "input"],
)
def test_a_run_that_fails_leaves_its_notebook_and_stops_no_other(
    then: str, words: tuple[str, ...], error: str, cell_error: str | None, notebook: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = batch(portfolio(tmp_path, 3, then), out, *words)
    assert done.exit_code == 1
    told = rows(out)
    assert [row["status"] for row in told.values()] == ["done", "failed", "done"]
    assert told["small,given=1"]["error"].startswith(error)
    assert f"failed: small,given=1: {error}" in done.stderr
    failed = nbformat.read(out / "runs/small,given=1/small.ipynb", as_version=4)
    names = [
        output.ename for cell in failed.cells for output in cell.get("outputs", ()) if output.output_type == "error"
    ]
    assert cell_error is None or names == [cell_error]
    assert error in (out / "runs/small,given=1/run.log").read_text(encoding="utf-8")
    assert not (out / ".drkit/staging").exists()
    # The same command leaves it alone; asked to, it tries again, and only that one.
    assert "0 of 3 runs to do" in batch(portfolio(tmp_path, 3, then), out, *words).stderr
    (tmp_path / "small.ipynb").touch()
    assert "1 of 3 runs to do" in batch(portfolio(tmp_path, 3, then), out, *words, "--retry-failed").stderr


def test_killed_at_twenty_moments_nothing_is_lost_or_doubled(notebook: Path, tmp_path: Path) -> None:
    """SIGKILL hits the batch wherever it is; what was whole stays as it is, and the last call ends it."""
    out, source = tmp_path / "out", portfolio(tmp_path, 60, "time.sleep(0.05)")
    moments = random.Random(7)
    kept: dict[str, int] = {}
    for _ in range(20):
        running = subprocess.Popen(
            [DRKIT, "batch", str(source), "--out", str(out), "--jobs", "2"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # From its first imports to several runs past them.
        time.sleep(moments.uniform(0.5, 4.0))
        running.kill()
        running.wait()
        now = whole(out)
        assert kept.items() <= now.items(), "a run that was whole is gone, or was run again"
        kept = now
    done = batch(source, out)
    assert done.exit_code == 0, done.stderr
    assert kept.items() <= whole(out).items()
    assert len(whole(out)) == 60 and [row["status"] for row in rows(out).values()] == ["done"] * 60
    assert not (out / ".drkit/staging").exists()
    _until_no_process_of(out)


def test_ctrl_c_keeps_what_has_ended_and_leaves_no_process(notebook: Path, tmp_path: Path) -> None:
    out, source = tmp_path / "out", portfolio(tmp_path, 8, "time.sleep(0.5 if given < 3 else 600)")
    running = subprocess.Popen(
        [DRKIT, "batch", str(source), "--out", str(out), "--jobs", "2"], stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 240
    while len(whole(out)) < 3:
        assert time.monotonic() < end
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=240)
    assert running.returncode == 130 and "what has ended is kept" in told
    assert [row["status"] for row in rows(out).values()] == ["done"] * 3 + ["not run"] * 5
    assert not (out / ".drkit/staging").exists()
    _until_no_process_of(out)


def in_a_place_of_its_own(folder: Path, options: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script where a file system of these options lies on the folder, for nobody else to see."""
    own = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if (
        not shutil.which("unshare")
        or subprocess.run([*own, "mount -t tmpfs none /mnt"], check=False, capture_output=True).returncode
    ):
        pytest.skip("this machine lets nobody mount a file system of his own")
    folder.mkdir()
    mounted = f"mount -t tmpfs -o {options} none {folder} && {script}"
    return subprocess.run([*own, mounted], capture_output=True, text=True, check=False, timeout=300)


def test_a_full_disk_fails_runs_and_a_rerun_with_room_completes_them(notebook: Path, tmp_path: Path) -> None:
    out, source = tmp_path / "out", portfolio(tmp_path, 6, "pathlib.Path('big').write_bytes(bytes(900_000))")
    call = f"{DRKIT} batch {source} --out {out} --jobs 1"
    done = in_a_place_of_its_own(
        out,
        "size=4m",
        f"{call}; echo first $?; ls {out}/.drkit | grep -c staging; for d in {out}/runs/*; do test -s $d/run.json || echo half $d; done; "
        f"mount -o remount,size=100m {out}; {call} --retry-failed; echo second $?; "
        f"wc -c {out}/runs/*/big; grep -c done {out}/portfolio.csv",
    )
    assert "first 1\n0\n" in done.stdout and "half" not in done.stdout, done.stdout + done.stderr
    assert "No space left on device" in done.stderr
    assert "second 0" in done.stdout and done.stdout.strip().endswith("\n6"), done.stdout + done.stderr
    assert len(re.findall(r"^ *900000 ", done.stdout, re.MULTILINE)) == 6


def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(notebook: Path, tmp_path: Path) -> None:
    out, source = tmp_path / "out", portfolio(tmp_path, 2)
    done = in_a_place_of_its_own(out, "ro", f"{DRKIT} batch {source} --out {out}; echo ended $?; ls -A {out} | wc -l")
    assert done.stdout.endswith("ended 1\n0\n")
    assert f"Error: cannot write to {out}: Read-only file system" in done.stderr


def _until_no_process_of(out: Path, seconds: float = 120) -> None:
    """Every kernel of a batch works in its folder: none is left in there."""
    end = time.monotonic() + seconds
    while left := _processes_in(out):
        assert time.monotonic() < end, left
        time.sleep(0.05)


def _processes_in(out: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(out):
                found.append(process.name)
        except OSError:
            continue
    return found
