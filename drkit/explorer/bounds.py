"""How far somebody who is not the owner of the files gets with the controls: where to write, and what to load."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drkit.errors import ParameterError
from drkit.workload import file as workload_file


@dataclass(frozen=True)
class Bounds:
    """Folders that typed paths may lead into; what a link leads to counts, not where the link lies.

    Parameters
    ----------
    write
        Files are written there or below.
    read
        Workload files there or below are loaded, as are those below ``write``.
    """

    write: Path
    read: Path

    @classmethod
    def of(cls, folder: str | Path) -> Bounds:
        """Write to a folder, load from there and from the current folder."""
        return cls(Path(folder).expanduser().resolve(), Path.cwd().resolve())

    def to_write(self, typed: str | Path) -> Path:
        """The folder that was typed.

        Raises
        ------
        ParameterError
            When it lies elsewhere.
        """
        if path := _inside(typed, self.write):
            return path
        raise ParameterError(f"this page writes to {self.write} and below only: {str(typed)!r} is elsewhere")

    def to_load(self, typed: str) -> Path:
        """The workload file that was typed, or the bundled workload of that name.

        Raises
        ------
        ParameterError
            When it is neither; whether there is such a file elsewhere is not told.
        """
        bundled = workload_file.bundled()
        if typed in bundled:
            return bundled[typed]
        places = list(dict.fromkeys([self.read, self.write]))
        path = _inside(typed, *places)
        if path and path.suffix in (".yaml", ".yml"):
            return path
        raise ParameterError(
            f"this page loads bundled workloads ({', '.join(bundled)}) and workload files (.yaml) in "
            f"{' or '.join(map(str, places))} and below only: {typed!r} is neither"
        )


def _inside(typed: str | Path, *folders: Path) -> Path | None:
    """The path that was typed, where it leads into one of the folders."""
    try:
        path = Path(typed).expanduser()
        leads_to = path.resolve()
    except (OSError, ValueError, RuntimeError):  # a null byte, nobody's home, links in a circle
        return None
    return path if any(leads_to.is_relative_to(folder) for folder in folders) else None
