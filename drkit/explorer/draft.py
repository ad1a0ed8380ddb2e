"""A workload file while it is being changed: what it says now, and how it is saved with its comments."""

from __future__ import annotations

import copy
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drkit.errors import WorkloadError
from drkit.files import yaml_text
from drkit.files.staging import staged
from drkit.workload import file as workload_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drkit.facts.catalog import Catalog
    from drkit.workload.model import Workload

#: Where something stands in a workload file: ``("services", 0, "tasks")``.
Place = tuple["str | int", ...]

#: Wide enough that no line of a workload file is folded when it is saved.
_WIDTH = 10_000


@dataclass(frozen=True)
class Draft:
    """A workload file with changes that are not saved yet.

    Parameters
    ----------
    text
        The file as it was read.
    data
        Its keys and values with all changes in them.
    workload
        The same, checked.
    changes
        Value by place, None where a key was removed.
    """

    text: str
    data: dict[str, Any]
    workload: Workload
    changes: Mapping[Place, Any]
    catalog: Catalog

    def __repr__(self) -> str:
        return f"Draft({self.workload.name}, {len(self.changes)} changed)"

    @classmethod
    def read(cls, source: str | Path, catalog: Catalog) -> Draft:
        """Read a workload file, or a bundled workload by its name.

        Raises
        ------
        WorkloadError
            With every error of the file.
        """
        workload = workload_file.read(source, catalog)
        text = workload_file.find(source).read_text(encoding="utf-8")
        return cls(text, yaml_text.load(text), workload, {}, catalog)

    def at(self, place: Place) -> Any:
        """What the file says at a place; None where it says nothing."""
        value: Any = self.data
        for part in place:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def changed(self, changes: Mapping[Place, Any]) -> Draft:
        """The draft with other values at some places, None to remove a key.

        Raises
        ------
        WorkloadError
            When a workload cannot be so; a sentence for each reason.
        """
        data = copy.deepcopy(self.data)
        for place, value in changes.items():
            _set(data, place, value)
        workload = workload_file.check(data, self.catalog)
        return Draft(self.text, data, workload, {**self.changes, **changes}, self.catalog)

    def yaml(self) -> str:
        """The file with the changes in it; comments, order and everything not changed stay as they were."""
        from ruamel.yaml import YAML

        if not self.changes:
            return self.text
        writer = YAML()
        writer.preserve_quotes = True
        writer.width = _WIDTH
        # Lists of the file are indented or not, as its author did; drkit's own are.
        writer.indent(mapping=2, sequence=4, offset=2)
        document = writer.load(self.text)
        for place, value in self.changes.items():
            _set(document, place, value)
        body = io.StringIO()
        writer.dump(document, body)
        text = body.getvalue()
        assert workload_file.parse(text, "saved workload", self.catalog) == self.workload
        return text

    def save(self, path: str | Path) -> Path:
        """Write the workload file; it appears whole or not at all.

        Raises
        ------
        WorkloadError
            When the path is not that of a YAML file.
        DrkitError
            When the folder cannot be written.
        """
        path = Path(path)
        if path.suffix not in (".yaml", ".yml") or path.is_dir():
            raise WorkloadError(f"{str(path)!r} is no name for a workload file: let it end in .yaml")
        text = self.yaml()
        with staged(path.parent) as staging:
            (staging / path.name).write_text(text, encoding="utf-8")
        return path


def _set(data: Any, place: Place, value: Any) -> None:
    *above, last = place
    for part in above:
        if isinstance(data, dict) and part not in data:
            data[part] = {}
        data = data[part]
    if value is None:
        data.pop(last, None)
    elif isinstance(value, dict) and isinstance(data.get(last), dict):
        data[last].update(value)  # in place, which keeps how it is laid out
    else:
        data[last] = value
