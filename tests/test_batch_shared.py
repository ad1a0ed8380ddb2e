"""What runs of a batch share: pictures of equal values, drawn by drkit's own notebooks, and nothing of anybody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import executed
import nbformat
import pytest

from drkit import warm
from drkit.batch import planning, store
from drkit.batch.run import RunSpec, execute
from drkit.bundled import notebooks_dir
from drkit.warm import client

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
    return [planned.spec for planned in planning.make(path, folder / "out").runs]


def pictures(out: Path, name: str) -> list[tuple[str, str, object]]:
    """Pictures of an executed notebook: PNG file, what stands for it in text, and how it is to be shown."""
    notebook = nbformat.read(out / "runs" / name / "design.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    return [
        (output.data["image/png"], output.data["text/plain"], output.metadata)
        for output in outputs
        if "image/png" in output.data
    ]


def test_a_run_shows_the_pictures_of_another_where_it_would_draw_the_same(tmp_path: Path) -> None:
    runs = specs(tmp_path, {"workloads": ["eu-shop"], "grid": {"rto_s": [1800, 1860]}})
    out = tmp_path / "out"
    with store.held(out):
        shared = store.shared(out)
        assert shared is not None
        kept = []
        for spec in runs:
            assert execute(spec, str(out)).status == "done"
            kept.append(len(list(shared.glob("*.picture"))))
    drawn, again = kept[0], kept[1] - kept[0]
    assert drawn >= 5
    assert again <= 2, "the RTO objective is in two pictures"
    assert store.shared(out) is None, "it is gone with the batch"
    alone = tmp_path / "alone"
    for spec in runs:
        execute(spec, str(alone))
        assert pictures(out, spec.name) == pictures(alone, spec.name)


@pytest.mark.parametrize("own", [True, False], ids=["drkit's notebook", "a changed one"])
def test_only_a_notebook_of_drkit_word_for_word_is_given_what_others_drew(
    own: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = "from drkit.figures import once\nprint(once.folder)"
    source = executed.write(tmp_path / "small.ipynb", says)
    [spec] = specs(tmp_path, {"notebook": "small.ipynb"})
    monkeypatch.setattr("drkit.bundled.notebooks_dir", lambda: tmp_path if own else notebooks_dir())
    out = tmp_path / "out"
    with store.held(out):
        shared = store.shared(out)
        execute(spec, str(out))
    told = nbformat.read(out / "runs" / spec.name / source.name, as_version=4).cells[-1].outputs[0].text
    assert told == f"{shared if own else None}\n"
