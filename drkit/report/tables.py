"""How text and tables show themselves in a notebook."""

from __future__ import annotations

import math
import re
import zlib
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from drkit.files.extras import needs

if TYPE_CHECKING:
    from collections.abc import Callable


#: Cells up to this length stay on one line: a figure and its unit, a region, a date.
_ONE_LINE = 24


#: What a cell with a figure is made of.
_FIGURES = re.compile(r"[-+\d.,%/ ]*")


#: Cells longer than this are broken into lines [characters].
_LONG = 60


class Markdown(str):
    """Text that a notebook shows as Markdown."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


class Table(pd.DataFrame):
    """A table that a notebook shows whole: text to the left, figures to the right, no row number."""

    @property
    def _constructor(self) -> Callable[..., Table]:
        return Table

    def _repr_html_(self) -> str:
        columns = [column.html() for column in _columns(self)]
        head = "".join(f"<th>{escape(heading, quote=False)}</th>" for heading, _ in columns)
        rows = "\n".join(f"<tr>{''.join(cells)}</tr>" for cells in zip(*(cells for _, cells in columns), strict=True))
        # Styles are bound to an id; one made from the content is unique in a page and the same in every run.
        name = f"T_{zlib.crc32(f'{head}{rows}'.encode()):08x}"
        return (
            f"<style>#{name} th {{ text-align: left; vertical-align: top; }}\n"
            f"#{name} td.l {{ text-align: left; }} #{name} td.r {{ text-align: right; }}\n"
            f"#{name} .n {{ white-space: nowrap; }}</style>\n"
            f'<table id="{name}">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>'
        )

    def __repr__(self) -> str:
        columns = [column.text() for column in _columns(self)]
        return "\n".join("  ".join(cells).rstrip() for cells in zip(*columns, strict=True))


class _Column(NamedTuple):
    """A column as people read it; the first one of a table may be the names of its rows."""

    heading: str
    cells: list[str]
    names_rows: bool

    @property
    def figures(self) -> bool:
        """Whether nothing but figures stands in it: these go to the right."""
        return not self.names_rows and all(_FIGURES.fullmatch(cell) for cell in self.cells)

    def html(self) -> tuple[str, list[str]]:
        """Heading and cells: names of rows as headings, figures to the right, what is short on one line."""
        kinds = [] if self.names_rows else ["r" if self.figures else "l"]
        if all(len(cell) <= _ONE_LINE for cell in self.cells):
            kinds.append("n")
        tag = "th" if self.names_rows else "td"
        look = f' class="{" ".join(kinds)}"' if kinds else ""
        return self.heading, [f"<{tag}{look}>{escape(cell, quote=False)}</{tag}>" for cell in self.cells]

    def text(self) -> list[str]:
        """Heading and cells, all of one width."""
        cells = [self.heading, *self.cells]
        width, figures = max(map(len, cells)), self.figures
        return [cell.rjust(width) if figures else cell.ljust(width) for cell in cells]


def _columns(table: Table) -> list[_Column]:
    named = not isinstance(table.index, pd.RangeIndex)
    columns = [_Column(_cell(name), list(map(_cell, values)), False) for name, values in table.items()]
    if named:  # the index has its own name, and often none
        columns.insert(0, _Column(_cell(table.index.name), list(map(_cell, table.index)), True))
    return columns


def _cell(value: object) -> str:
    """A value as people read it: thousands apart, two decimals, and nothing for what is missing."""
    if isinstance(value, (float, np.floating)):
        return "" if math.isnan(value) else f"{value:,.2f}"
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value)


@dataclass(frozen=True)
class Searchable:
    """A table that a notebook shows with a search field, sorted by a click on a heading."""

    html: str
    rows: int

    def __repr__(self) -> str:
        return f"Searchable({self.rows:,} rows)"

    def _repr_html_(self) -> str:
        return self.html


def searchable(frame: pd.DataFrame, caption: str = "", library: bool = True) -> Searchable:
    """Show a table of any length page by page, to be searched and sorted, also without a network.

    Parameters
    ----------
    frame
        What to show; its index is left out.
    caption
        A sentence with the table.
    library
        Whether the library that draws it travels along, so that a report that is mailed on still works; False for
        all but the first table of a page.

    Raises
    ------
    MissingPackageError
        When itables is not installed.
    """
    with needs("tables", "a table that can be searched"):
        import itables.options
        from itables.javascript import generate_init_offline_itables_html

    head = generate_init_offline_itables_html(itables.options.dt_bundle) if library else ""
    name = f"table-{zlib.crc32((caption + frame.to_csv()).encode()):08x}"
    text_columns = [at for at, column in enumerate(frame) if not pd.api.types.is_numeric_dtype(frame[column])]
    long = any(frame.iloc[:, at].astype(str).str.len().max() > _LONG for at in text_columns)
    table = itables.to_html_datatable(
        frame,
        caption=caption or None,
        connected=False,
        table_id=name,
        showIndex=False,
        maxBytes=0,
        classes="display compact" + " nowrap" * (not long),
        columnDefs=[{"className": "dt-left", "targets": text_columns}],
    )
    return Searchable(head + table, len(frame))
