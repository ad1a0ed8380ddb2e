"""What every offer comes down to, whichever file or API it was read from: rates of products."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

ON_DEMAND_TERM = "OnDemand"
RESERVED_TERM = "Reserved"


class Rate(NamedTuple):
    """One rate of one product under one term, as AWS writes it.

    ``usd`` [``currency`` per ``unit``] holds from ``begin`` to ``end`` (``Inf`` without a bound). ``lease``
    (``1yr``), ``option`` (``No Upfront``) and ``offering`` (``standard``) are empty on demand. ``product`` maps the
    normalized names of `drkit.refresh.recipe.attribute` to values.
    """

    sku: str
    code: str
    term: str
    begin: str
    end: str
    unit: str
    usd: str
    currency: str
    lease: str
    option: str
    offering: str
    product: Mapping[str, str]


@dataclass
class Head:
    """What an offer says of itself: its code, version, and when AWS published it (ISO 8601)."""

    code: str = ""
    version: str = ""
    published: str = ""
    columns: tuple[str, ...] = field(default=())
