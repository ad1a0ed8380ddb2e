"""Rates of an offer in JSON, as fast as the file can be searched.

Products come first, each with its attributes; the terms repeat nothing but the SKU. So products are found by a known
text and taken apart one by one, and of the terms, cut at every ``"priceDimensions"``, only those whose SKU was kept
are. A term without a lease is taken for an on-demand one only while all of them have the code of the first, which lies
in the section ``OnDemand``. Whatever does not look as AWS writes it sends the whole file through `ijson`, slowly and
by the book.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, BinaryIO

from drkit.errors import OfferError
from drkit.refresh.rates import ON_DEMAND_TERM, RESERVED_TERM, Head, Rate
from drkit.refresh.recipe import attribute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

BLOCK = 1 << 18

_SKU, _CUT, _TERMS = b'"sku"', b'"priceDimensions"', re.compile(rb'"terms"\s*:\s*\{')
_HEAD = re.compile(rb'"(offerCode|version|publicationDate)"\s*:\s*"([^"]*)"')
_FIRST_KEY = re.compile(rb"\s*:\s*\{\s*\"")
_FIRST_SECTION = re.compile(rb'\s*"OnDemand"\s*:')
_decoder = json.JSONDecoder()

#: AWS tells code, version and date in the first kilobytes.
_LONGEST_HEAD = 1 << 20

#: Products without any term that are looked for one by one; more of them send the file through ijson.
_FEW = 8


class _UnusualError(Exception):
    """The file is not laid out as AWS lays it out: it has to be read by the book."""


def read(
    opened: Callable[[], BinaryIO], needles: Sequence[str], head: Head, needs: Sequence[str] = ()
) -> Iterator[Rate]:
    """Give the rates of an offer whose products contain one of the needles.

    Parameters and errors are those of `drkit.refresh.offer_csv.read`; ``needs`` must be attributes of some product.
    """
    try:
        rates = list(_matching(opened, tuple(needle.encode() for needle in needles), head))
    except _UnusualError:
        rates = list(_by_the_book(opened, needles, head))
    if not head.code:
        raise OfferError("this is no price list of AWS: it names no offerCode")
    seen = {name for rate in rates for name in rate.product}
    if rates and (missing := [name for name in ("usagetype", *needs) if name not in seen]):
        raise OfferError(
            f"no product of the price list {head.code} has the attribute {', '.join(missing)}: AWS changed the file, "
            "and drkit cannot tell its rows apart without it"
        )
    yield from rates


def product(entry: Mapping[str, Any]) -> dict[str, str]:
    """Attributes of a product by normalized name, or KeyError when it has none."""
    attributes = {attribute(name): str(value) for name, value in entry["attributes"].items()}
    attributes["productfamily"] = str(entry.get("productFamily", ""))
    return attributes


def rates_of(sku: str, attributes: Mapping[str, str], term: Mapping[str, Any], kind: str) -> Iterator[Rate]:
    """Rates of one term of a product, from the JSON of a bulk file or of the Price List Query API.

    ``kind`` is the name of the section that the term lies in: ``OnDemand``, ``Reserved``, ``FlatRate``.

    Raises
    ------
    KeyError
        When the term lacks what every rate has; its argument names it.
    """
    lease = term.get("termAttributes", {})
    for code, rate in term["priceDimensions"].items():
        ((currency, usd), *_) = sorted(rate["pricePerUnit"].items(), key=lambda each: each[0] != "USD")
        yield Rate(
            sku,
            rate.get("rateCode", code),
            kind,
            rate.get("beginRange", ""),
            rate.get("endRange", ""),
            rate["unit"],
            usd,
            currency,
            lease.get("LeaseContractLength", ""),
            lease.get("PurchaseOption", ""),
            lease.get("OfferingClass", ""),
            attributes,
        )


def _matching(opened: Callable[[], BinaryIO], needles: Sequence[bytes], head: Head) -> Iterator[Rate]:
    products: dict[bytes, dict[str, str]] = {}
    with opened() as file:
        rest, begun = b"", False
        while block := file.read(BLOCK):
            rest += block
            if not begun:
                if (at := rest.find(b'"products"')) < 0:
                    if len(rest) > _LONGEST_HEAD:
                        raise _UnusualError
                    continue
                _set_head(rest[:at], head)
                rest, begun = rest[at:], True
            terms = _TERMS.search(rest)
            limit = terms.start() if terms else max(rest.rfind(_SKU), 0)
            _keep_products(rest[:limit], needles, products)
            rest = rest[terms.end() :] if terms else rest[limit:]
            if terms:
                break
        else:
            if not begun or rest.strip():
                raise _UnusualError
            return
        seen: set[bytes] = set()
        for sku, kind, term in _terms(file, rest, products):
            seen.add(sku)
            try:
                yield from rates_of(sku.decode(), products[sku], term, kind)
            except KeyError as error:
                raise _UnusualError from error
    _nothing_missed(opened, set(products) - seen)


def _set_head(text: bytes, head: Head) -> None:
    preamble = {name: value.decode() for name, value in _HEAD.findall(text)}
    head.code, head.version = preamble.get(b"offerCode", ""), preamble.get(b"version", "")
    head.published = preamble.get(b"publicationDate", "")


def _keep_products(text: bytes, needles: Sequence[bytes], products: dict[bytes, dict[str, str]]) -> None:
    for start, end in _spans(text, needles):
        try:
            entry, _ = _decoder.raw_decode("{" + text[start:end].decode("utf-8"))
            products[entry["sku"].encode()] = product(entry)
        except (ValueError, KeyError) as error:
            raise _UnusualError from error


def _spans(text: bytes, needles: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    if not needles:
        start = text.find(_SKU)
        while start >= 0:
            end = text.find(_SKU, start + 1)
            yield start, end if end >= 0 else len(text)
            start = end
        return
    done = set()
    for needle in needles:
        place = 0
        while (hit := text.find(needle, place)) >= 0:
            start = text.rfind(_SKU, 0, hit)
            end = text.find(_SKU, hit)
            place = end if end >= 0 else len(text)
            # A needle before the first product is the key that "products" begins with.
            if start >= 0 and start not in done:
                done.add(start)
                yield start, place


def _terms(
    file: BinaryIO, rest: bytes, products: Mapping[bytes, object]
) -> Iterator[tuple[bytes, str, dict[str, Any]]]:
    lengths = sorted({len(sku) for sku in products})
    first, on_demand, more, section = -1, b"", True, False
    while more:
        block = file.read(BLOCK)
        more = bool(block)
        pieces = (rest + block).split(_CUT)
        rest = _CUT + pieces.pop() if more and len(pieces) > 1 else b"" if not more else pieces.pop()
        if pieces and not section:
            section = _FIRST_SECTION.match(pieces[0]) is not None
            if not section:
                raise _UnusualError
        del pieces[:1]
        if not pieces:
            continue
        if first < 0:
            key = _FIRST_KEY.match(pieces[0])
            if key is None:
                raise _UnusualError
            first = key.end()
            on_demand = _term_code(pieces[0], first)
        for length in lengths:
            last = first + length
            for piece in [piece for piece in pieces if piece[first:last] in products]:
                if piece[last : last + 1] != b".":
                    continue
                try:
                    term, _ = _decoder.raw_decode('{"priceDimensions"' + piece.decode("utf-8"))
                except ValueError as error:
                    raise _UnusualError from error
                leased = term.get("termAttributes", {}).get("LeaseContractLength")
                if not leased and _term_code(piece, first) != on_demand:
                    raise _UnusualError
                yield piece[first:last], RESERVED_TERM if leased else ON_DEMAND_TERM, term


def _term_code(piece: bytes, start: int) -> bytes:
    """The second part of a rate code such as ``SKU.TERM.RATE``."""
    return piece[start : piece.find(b'"', start)].partition(b".")[2].partition(b".")[0]


def _nothing_missed(opened: Callable[[], BinaryIO], silent: set[bytes]) -> None:
    """Products without a term are real only if their SKU begins no rate code anywhere."""
    if len(silent) > _FEW:
        raise _UnusualError
    for sku in silent:
        wanted, tail = b'"' + sku + b".", b""
        with opened() as file:
            while block := file.read(BLOCK):
                if wanted in tail + block:
                    raise _UnusualError
                tail = block[-len(wanted) :]


def _by_the_book(opened: Callable[[], BinaryIO], needles: Sequence[str], head: Head) -> Iterator[Rate]:
    import ijson

    try:
        with opened() as file:
            for name, event, value in ijson.parse(file):
                if event == "string" and name in ("offerCode", "version", "publicationDate"):
                    setattr(head, {"offerCode": "code", "publicationDate": "published"}.get(name, name), value)
                if head.code and head.version and head.published:
                    break
        products: dict[str, dict[str, str]] = {}
        with opened() as file:
            for sku, entry in ijson.kvitems(file, "products"):
                if not needles or any(needle in json.dumps(entry, ensure_ascii=False) for needle in needles):
                    products[sku] = product(entry)
        with opened() as file:
            kinds = [value for name, event, value in ijson.parse(file) if (name, event) == ("terms", "map_key")]
        for kind in kinds:
            with opened() as file:
                for sku, terms in ijson.kvitems(file, f"terms.{kind}"):
                    if sku in products:
                        for term in terms.values():
                            yield from rates_of(sku, products[sku], term, kind)
    except (ijson.JSONError, KeyError) as error:
        raise OfferError(f"the price list {head.code} is damaged ({error}): fetch it again") from error
