"""Run the documents' Python and put what it shows, pictures included, back into them: ``python docs/build.py``.

In a document, what follows a block of Python between ``<!-- shown -->`` and ``<!-- end -->`` is made from the block's
last expression: a picture, a table or a text. ``--check`` changes nothing and fails where a document says otherwise.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

import drkit
from drkit.figures import Picture

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = Path(__file__).parent

#: Pictures that documents show without the code that draws them.
PICTURES: dict[str, Callable[[drkit.Comparison], Picture]] = {
    "cost_against_rto.png": drkit.figures.cost_against_rto,
    "outage_replay.png": lambda article: drkit.figures.outage_replay(article, "2021-12-07"),
}

_BLOCK = re.compile(r"```python\n(?P<code>.*?)```\n(?:\n<!-- shown -->\n(?P<shown>.*?)<!-- end -->\n)?", re.S)
_NAME = re.compile(r"!\[[^\]]*\]\((?P<file>[\w/-]+\.png)\)")


def build(document: Path, check: bool = False) -> list[str]:
    """Run one document; return what it says that is not so, and write it anew unless it is only checked."""
    names: dict[str, Any] = {}
    wrong: list[str] = []

    def renewed(found: re.Match[str]) -> str:
        code, shown = found["code"], found["shown"]
        value = _run(code, names)
        if shown is None:
            return found[0]
        made = _shown(value, shown, document.parent, check, wrong)
        if made != shown:
            wrong.append(f"{document.name}: after {code.strip().splitlines()[-1]!r} it does not show what comes out")
        return found[0][: found.start("shown") - found.start()] + made + found[0][found.end("shown") - found.start() :]

    text = document.read_text(encoding="utf-8")
    new = _BLOCK.sub(renewed, text)
    if not check and new != text:
        document.write_text(new, encoding="utf-8")
    return wrong


def draw(check: bool = False) -> list[str]:
    """Draw the pictures that are shown without their code; return those that are out of date."""
    wrong: list[str] = []
    article = drkit.compare_topologies(drkit.read_workload("article"), drkit.Catalog.load())
    for file, drawn in PICTURES.items():
        _save(drawn(article), DOCS / file, check, wrong)
    return wrong


def _run(code: str, names: dict[str, Any]) -> Any:
    """Run a block; return the value of its last line where that is an expression."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "document", "exec"), names)
    return eval(compile(ast.Expression(last.value), "document", "eval"), names) if last else None  # type: ignore[attr-defined]


def _shown(value: Any, old: str, folder: Path, check: bool, wrong: list[str]) -> str:
    if isinstance(value, Picture):
        named = _NAME.search(old)
        if named is None:
            raise SystemExit(f"a picture needs a place: write ![](name.png) for it instead of {old.strip()!r}")
        _save(value, folder / named["file"], check, wrong)
        return f"![{value.finding}]({named['file']})\n"
    if hasattr(value, "_repr_markdown_"):
        return "".join(f"> {line}".rstrip() + "\n" for line in value._repr_markdown_().strip().splitlines())
    if hasattr(value, "columns"):
        return _table(value)
    return f"```text\n{value}\n```\n"


def _table(frame: Any) -> str:
    if frame.index.name is not None:
        frame = frame.reset_index()
    rows = [[str(name) for name in frame.columns], ["---"] * len(frame.columns)]
    rows += [[f"{cell:,.2f}" if isinstance(cell, float) else str(cell) for cell in row] for row in frame.to_numpy()]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |\n" for row in rows)


def _save(picture: Picture, path: Path, check: bool, wrong: list[str]) -> None:
    """Write a picture with its finding inside, or see whether the one that is there has the same finding."""
    finding = picture.finding
    if check:
        there = Image.open(path).info.get("Title") if path.is_file() else None
        if there != finding:
            wrong.append(f"{path.name} shows {there!r}, not {finding!r}: run python docs/build.py")
        return
    info = PngInfo()
    info.add_text("Title", finding)
    image = Image.open(io.BytesIO(picture.png()))
    # A screenful of few colours: a palette makes the file a third as large.
    image.quantize(256, dither=Image.Dither.NONE).save(path, pnginfo=info, optimize=True)


def main() -> None:
    """Build or check every document."""
    check = "--check" in sys.argv[1:]
    wrong = draw(check)
    for document in sorted(DOCS.glob("*.md")):
        wrong += build(document, check)
    if check and wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
