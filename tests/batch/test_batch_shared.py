"""What runs of a batch share: what is known of a workload, in drkit's own notebooks alone."""

from __future__ import annotations

import gc
import json
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import executed
import nbformat
import pytest

from drkit.batch import planning
from drkit.batch.folder import held
from drkit.batch.run import RunSpec, execute
from drkit.choice import compare
from drkit.choice.comparer import Comparer
from drkit.runs import warm
from drkit.runs.warm import client, memory, shared
from drkit.runs.warm.shared import Shared
from drkit.stats.recent import Recent
from drkit.workload import file as workload_file

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not warm.POSSIBLE, reason="warm processes need Linux"),
]


@pytest.fixture(scope="module", autouse=True)
def warmed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(client.ADDRESS, client.start())
        yield


def specs(folder: Path, portfolio: dict[str, object]) -> list[RunSpec]:
    path = folder / "portfolio.yaml"
    path.write_text(json.dumps(portfolio), encoding="utf-8")
    return planning.make(path, folder / "out").due


def test_runs_of_one_workload_say_the_same_as_one_that_compares_for_itself(tmp_path: Path) -> None:
    runs = specs(
        tmp_path, {"workloads": ["eu-shop"], "grid": {"rto_s": [900, 1800, 3600], "strategy": [None, "hot_standby"]}}
    )
    assert {spec.family for spec in runs} == {runs[0].family}
    assert runs[0].family
    out, alone = tmp_path / "out", tmp_path / "alone"
    for spec in runs:
        with held(out):
            assert execute(spec, str(out)).status == "done"
    for spec in (runs[2], runs[3]):
        execute(replace(spec, family="", engine="nbclient"), str(alone))
        mine, other = (folder / "runs" / spec.name for folder in (out, alone))
        for path in sorted(other.iterdir()):
            if path.suffix in (".csv", ".tfvars") or path.name == "summary.json":
                assert (mine / path.name).read_bytes() == path.read_bytes(), path.name
        one, two = (
            executed.comparable(nbformat.read(folder / "design.ipynb", as_version=4)) for folder in (mine, other)
        )
        assert one["cells"] == two["cells"]


def test_a_workload_that_few_runs_have_is_left_to_them(tmp_path: Path) -> None:
    # The family changes from run to run in the order of the grid.
    grid = {"rto_s": [900, 1800, 3600], "operations.rehearsals_per_year": [1, 2]}
    runs = specs(tmp_path, {"workloads": ["article", "small-saas"], "grid": grid})
    families = Counter(spec.family for spec in runs)
    assert "" not in families
    assert set(families.values()) == {3}
    assert [spec.family for spec in runs] == sorted((spec.family for spec in runs), key=list(families).index)
    few = specs(tmp_path, {"workloads": ["article", "small-saas"], "grid": {"rto_s": [900, 1800]}})
    assert {spec.family for spec in few} == {""}


def test_a_warm_process_knows_few_workloads_at_a_time_and_lets_go_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: Recent[Comparer | None] = Recent(2)
    monkeypatch.setattr(shared, "_known", known)
    # What is frozen no search for cycles finds: here nothing is frozen, and nothing searched.
    monkeypatch.setattr(memory, "settle", lambda: None)
    asked = [Shared(family=str(at), workload=str(workload_file.find("small-saas")), samples=100) for at in range(3)]
    for one in asked[:2]:
        shared.prepare(one)
    first = known["0"]
    assert first
    simulator = next(iter(first._simulators.values()))
    assert simulator._ordered
    gone = [weakref.ref(first), weakref.ref(simulator), weakref.ref(next(iter(simulator._ordered.values())))]
    gc.disable()
    try:
        del first, simulator
        shared.prepare(asked[2])
        assert [one() for one in gone] == [None, None, None]
    finally:
        gc.enable()
    assert list(known) == ["1", "2"]


def test_what_cannot_be_compared_beforehand_is_left_to_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_known", Recent(2))
    monkeypatch.setattr(memory, "settle", lambda: None)
    monkeypatch.setattr(compare, "ahead", None)
    lost = Shared(family="lost", workload="no/such/file.yaml")
    large = Shared(family="large", workload=str(workload_file.find("small-saas")), samples=1_000_000)
    for one in (lost, large):
        shared.prepare(one)
        assert compare.ahead is None
