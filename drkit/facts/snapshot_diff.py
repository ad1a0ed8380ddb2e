"""What changed between two snapshots: prices added, removed, up or down, and by how much."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from drkit.errors import SnapshotError
from drkit.facts.prices import ON_DEMAND

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from drkit.facts.snapshot import PriceKey, Snapshot


class RowChange(NamedTuple):
    """One price that differs: ``before`` and ``after`` [USD per unit], None where there is none; ``percent``."""

    change: str
    service: str
    item: str
    region: str
    to_region: str
    purchase: str
    tier_from: str
    unit: str
    before: float | None
    after: float | None
    percent: float | None


def between(old: Snapshot, new: Snapshot) -> list[RowChange]:
    """Prices that differ between two snapshots, the greatest changes first, then the rest in order.

    A price that stayed the same under another SKU, date or source has not changed.
    """
    before, after = _by_key(old), _by_key(new)
    changes = []
    for key, tier_from in sorted(before.keys() | after.keys()):
        unit, was = before.get((key, tier_from), ("", None))
        other, now = after.get((key, tier_from), ("", None))
        if was == now:
            continue
        if was is None or now is None:
            kind, percent = "added" if was is None else "removed", None
        else:
            kind, percent = "up" if now > was else "down", round(100 * (now / was - 1), 2) if was else None
        changes.append(RowChange(kind, *key, tier_from, other or unit, was, now, percent))
    return sorted(changes, key=lambda change: (-abs(change.percent or 0), change[1:7]))


def summary(changes: Sequence[RowChange]) -> list[str]:
    """One line for each service: how many prices were added, removed, went up and down."""
    if not changes:
        return ["no price changed"]
    counts = Counter((change.service, change.change) for change in changes)
    lines = []
    for service in sorted({change.service for change in changes}):
        told = [
            f"{counts[service, kind]} {kind}" for kind in ("added", "removed", "up", "down") if counts[service, kind]
        ]
        moved = [change for change in changes if change.service == service and change.percent is not None]
        most = max(moved, key=lambda change: abs(change.percent or 0), default=None)
        far = f"; most {_called(most)}, {most.percent:+.1f} %" if most else ""
        lines.append(f"{service}: {', '.join(told)}{far}")
    return lines


def frame(changes: Sequence[RowChange]) -> pd.DataFrame:
    """Changes as a table."""
    import pandas as pd

    return pd.DataFrame(changes, columns=list(RowChange._fields))


def _called(change: RowChange) -> str:
    where = f"{change.region} to {change.to_region}" if change.to_region else change.region
    return f"{change.item} in {where}" + f", {change.purchase}" * (change.purchase != ON_DEMAND)


def _by_key(snapshot: Snapshot) -> dict[tuple[PriceKey, str], tuple[str, float | None]]:
    """Unit and price [USD/unit] by what is bought and where its tier begins."""
    prices: dict[tuple[PriceKey, str], tuple[str, float | None]] = {}
    for row in snapshot.prices:
        try:
            usd = float(row.usd)
        except ValueError:
            raise SnapshotError(
                f"the price of {row.item} in {row.region} is {row.usd!r} in {snapshot.path}: look at "
                "`drkit catalog verify`, and refresh"
            ) from None
        prices[row.key, row.tier_from or "0"] = (row.unit, usd)
    return prices
