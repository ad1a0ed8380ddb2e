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
