"""Rates of an offer in CSV, as fast as the file can be searched.

An offer of hundreds of megabytes holds a few thousand rows of interest, and each contains a known text. Blocks of
bytes are searched for it, and only the lines found are taken apart. A record that spreads over lines (a quoted line
break) shows as an odd count of quotes or a wrong count of fields; then the file is read once more by the book.
"""

from __future__ import annotations

import csv
import io
import re
from sys import intern
from typing import TYPE_CHECKING, BinaryIO

from drkit.errors import OfferError
from drkit.refresh.rates import Head, Rate
from drkit.refresh.recipe import attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BLOCK = 1 << 18

#: Columns without which no price can be read, by the name AWS gives them.
NEEDED = (
    "SKU",
    "RateCode",
    "TermType",
    "StartingRange",
    "EndingRange",
    "Unit",
    "PricePerUnit",
    "Currency",
    "LeaseContractLength",
    "PurchaseOption",
    "OfferingClass",
    "usageType",
)

_RESERVATION_COLUMNS = frozenset({"LeaseContractLength", "PurchaseOption", "OfferingClass"})
_RESERVATION_NAMES = frozenset(map(attribute, _RESERVATION_COLUMNS))

_LONGEST_HEAD = 1 << 16


class _SpreadRecordError(Exception):
    """A record that spreads over lines: the file has to be read by the book."""


def read(
    opened: Callable[[], BinaryIO], needles: Sequence[str], head: Head, needs: Sequence[str] = ()
) -> Iterator[Rate]:
    """Give the rates of an offer whose lines contain one of the needles.

    Parameters
    ----------
    opened
        Opens the file for reading bytes; called again when it has to be read by the book.
    needles
        Texts, one of which every line of interest contains; empty takes every line.
    head
        Filled with what the offer says of itself before the first rate is given.
    needs
        Normalized names of further columns that must be there.

    Raises
    ------
    OfferError
        When it is no offer, lacks a needed column, or a record has the wrong number of fields.
    """
    rows = records(opened, needles, head, NEEDED, needs)
    names = [attribute(column) for column in head.columns]
    at = {name: place for place, name in enumerate(names)}
    places = [at.get(attribute(column), -1) for column in NEEDED[:-1]]
    sku, code, term, begin, end, unit, usd, currency, lease, option, offering = places
    for row in rows:
        yield Rate(
            row[sku],
            row[code],
            row[term],
            row[begin],
            row[end],
            row[unit],
            row[usd],
            row[currency],
            row[lease] if lease >= 0 else "",
            row[option] if option >= 0 else "",
            row[offering] if offering >= 0 else "",
            dict(zip(names, row, strict=True)),
        )


def records(
    opened: Callable[[], BinaryIO],
    needles: Sequence[str],
    head: Head,
    columns: Sequence[str],
    needs: Sequence[str] = (),
) -> list[list[str]]:
    """Fields of every record that contains one of the needles; ``columns`` and ``needs`` must all be there."""
    needed = (*columns, *needs)
    try:
        return list(_matching(opened, tuple(needle.encode() for needle in needles), head, needed))
    except _SpreadRecordError:
        return list(_by_the_book(opened, needles, head, needed))


def _matching(
    opened: Callable[[], BinaryIO], needles: Sequence[bytes], head: Head, needs: Sequence[str]
) -> Iterator[list[str]]:
    with opened() as file:
        buffer = bytearray(BLOCK)
        filled = _fill(file, buffer, 0)
        start, width = _read_head(buffer, filled, head, needs)
        while True:
            # Complete lines only; the rest waits for the next block.
            end = buffer.rfind(b"\n", start, filled) + 1
            if end > start:
                yield from _rows(_lines(buffer, start, end, needles), width)
                start = end
            rest = filled - start
            if rest == len(buffer):
                buffer += bytes(len(buffer))
            buffer[:rest] = buffer[start:filled]
            start, filled = 0, rest
            more = _fill(file, buffer, rest)
            if more == rest:
                break
            filled = more
        if filled:
            buffer[filled:] = b"\n"
            yield from _rows(_lines(buffer, 0, len(buffer), needles), width)


def _fill(file: BinaryIO, buffer: bytearray, start: int) -> int:
    with memoryview(buffer) as view:
        while start < len(buffer):
            got = file.readinto(view[start:])  # type: ignore[attr-defined]
            if not got:
                break
            start += got
    return start


def _lines(buffer: bytearray, start: int, end: int, needles: Sequence[bytes]) -> list[bytes]:
    if not needles:
        return bytes(buffer[start:end]).splitlines()
    lines: dict[int, bytes] = {}
    for needle in needles:
        place = start
        while (hit := buffer.find(needle, place, end)) >= 0:
            first = buffer.rfind(b"\n", place, hit) + 1 or place
            place = buffer.find(b"\n", hit, end) + 1
            lines[first] = bytes(buffer[first : place - 1])
    return [lines[first] for first in sorted(lines)] if len(needles) > 1 else list(lines.values())


def _rows(lines: list[bytes], width: int) -> Iterator[list[str]]:
    for line in lines:
        if line.count(b'"') % 2:
            raise _SpreadRecordError
    for row in csv.reader([line.decode("utf-8") for line in lines]):
        if len(row) != width:
            if not row:
                continue
            raise _SpreadRecordError
        # Attributes repeat from row to row: each text is held once.
        yield list(map(intern, row))


def _read_head(buffer: bytearray, filled: int, head: Head, needs: Sequence[str]) -> tuple[int, int]:
    text = bytes(buffer[: min(filled, _LONGEST_HEAD)]).decode("utf-8-sig", errors="replace")
    rows = []
    for row in csv.reader(io.StringIO(text, newline="")):
        rows.append(row)
        if row and attribute(row[0]) == "sku":
            break
    _set_head(rows, head, needs)
    at = re.search(rb'^(?:\xef\xbb\xbf)?"?sku"?,[^\n]*\n', bytes(buffer[:filled]), re.I | re.M)
    if at is None:
        raise _SpreadRecordError
    return at.end(), len(head.columns)


def _set_head(rows: Sequence[Sequence[str]], head: Head, needs: Sequence[str]) -> None:
    if not rows or not rows[-1] or attribute(rows[-1][0]) != "sku":
        raise OfferError("this is no price list of AWS: no line begins with the column SKU")
    preamble = {attribute(row[0]): row[1] for row in rows[:-1] if len(row) > 1}
    head.code, head.version = preamble.get("offercode", ""), preamble.get("version", "")
    head.published = preamble.get("publicationdate", "")
    head.columns = tuple(rows[-1])
    names = {attribute(column) for column in head.columns}
    # Offers without reservations have none of their columns.
    wanted = [column for column in needs if column not in _RESERVATION_COLUMNS or names & _RESERVATION_NAMES]
    if missing := [column for column in wanted if attribute(column) not in names]:
        raise OfferError(
            f"the price list {head.code} has no column {', '.join(missing)}: AWS changed the file, "
            "and drkit cannot tell its rows apart without it"
        )


def _by_the_book(
    opened: Callable[[], BinaryIO], needles: Sequence[str], head: Head, needs: Sequence[str]
) -> Iterator[list[str]]:
    with opened() as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text)
        rows = []
        for row in reader:
            rows.append(row)
            if (row and attribute(row[0]) == "sku") or len(rows) > 50:
                break
        _set_head(rows, head, needs)
        for row in reader:
            if needles and not any(needle in cell for cell in row for needle in needles):
                continue
            if len(row) != len(head.columns):
                if not row:
                    continue
                raise OfferError(
                    f"the price list {head.code} is damaged: line {reader.line_num} has {len(row)} fields, "
                    f"{len(head.columns)} are needed"
                )
            yield row
