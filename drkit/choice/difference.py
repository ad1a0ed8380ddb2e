"""What makes the difference between two options: cost by price and quantity, RTO by step, RPO by store.

The two may be topologies of one comparison, or come from two workloads or two snapshots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drkit.bill import price_quantity
from drkit.recovery import composition
from drkit.words import lost, span

if TYPE_CHECKING:
    import pandas as pd

    from drkit.bill.price_quantity import LineChange
    from drkit.choice.options import Option
    from drkit.recovery.composition import StepChange, StoreChange


@dataclass(frozen=True)
class Difference:
    """From one option to another.

    Parameters
    ----------
    lines
        Every line of the two bills; see `drkit.bill.price_quantity.split`.
    steps
        Every step on either critical path after the loss of the region; see `drkit.recovery.composition.step_changes`.
    stores
        What each store loses then.
    """

    before: Option
    after: Option
    lines: tuple[LineChange, ...]
    steps: tuple[StepChange, ...]
    stores: tuple[StoreChange, ...]

    def __repr__(self) -> str:
        ends = f"{self.before.topology_id} -> {self.after.topology_id}"
        return f"Difference({ends}: {self.change_usd:+,.2f} USD a month, RTO {signed(self.rto_change_s)})"

    def _repr_html_(self) -> str:
        return str(self.cost().to_html(index=False))

    @property
    def change_usd(self) -> float:
        """Change of the monthly bill [USD/month]."""
        return round(self.after.bill.monthly_usd - self.before.bill.monthly_usd, 2)

    @property
    def price_usd(self) -> float:
        """Its part due to prices: the same items at higher or lower prices [USD/month]."""
        return price_quantity.total_usd(self.lines, "price_usd")

    @property
    def quantity_usd(self) -> float:
        """Its part due to quantities: more, less or something else is bought [USD/month]."""
        return price_quantity.total_usd(self.lines, "quantity_usd")

    @property
    def rto_change_s(self) -> float:
        """Change of the mean RTO after the loss of the region [s]."""
        return self.after.recovery.judged.rto.mean - self.before.recovery.judged.rto.mean

    @property
    def changes(self) -> list[LineChange]:
        """Lines that changed, the largest change first."""
        return sorted((line for line in self.lines if line.kind != "same"), key=lambda line: -abs(line.change_usd))

    def cost(self) -> pd.DataFrame:
        """Lines that changed, the largest change first, in the columns of `drkit.bill.price_quantity.LineChange`."""
        return price_quantity.frame(self.changes)

    def recovery(self) -> pd.DataFrame:
        """Steps in the order they run, in the columns of `drkit.recovery.composition.StepChange`."""
        return composition.frame(self.steps, composition.StepChange)

    def losses(self) -> pd.DataFrame:
        """Stores, in the columns of `drkit.recovery.composition.StoreChange`."""
        return composition.frame(self.stores, composition.StoreChange)

    def sentences(self) -> list[str]:
        """The difference in words: cost and what moves it most, RTO and the steps that move it most, RPO."""
        return [self._cost_sentence(), self._rto_sentence(), self._rpo_sentence()]

    def _cost_sentence(self) -> str:
        if not self.changes:
            return f"Both cost {self.after.bill.monthly_usd:,.2f} USD a month, line by line."
        before, after = self.before.bill.monthly_usd, self.after.bill.monthly_usd
        text = (
            f"From {before:,.2f} to {after:,.2f} USD a month, {self.change_usd:+,.2f}: {self.quantity_usd:+,.2f} by "
            f"what is bought and {self.price_usd:+,.2f} by prices."
        )
        most = self.changes[0]
        where = most.role if most.role == "global" else f"the {most.role} region"
        kind = kind_in_words(most.kind)
        return f"{text} The largest change is {most.change_usd:+,.2f}: {most.item} in {where} ({kind})."

    def _rto_sentence(self) -> str:
        before, after = self.before.recovery.judged.rto, self.after.recovery.judged.rto
        if abs(self.rto_change_s) < 1 and abs(after.p50 - before.p50) < 1:
            return (
                f"RTO after the loss of the region stays {span(after.mean)} on average ({span(after.p50)} typically)."
            )
        text = (
            f"RTO after the loss of the region from {span(before.mean)} to {span(after.mean)} on average, "
            f"{signed(self.rto_change_s)} ({span(before.p50)} to {span(after.p50)} typically)"
        )
        moved = sorted(self.steps, key=lambda step: -abs(step.mean_change_s))[:3]
        words = [
            f"{step.step.replace('_', ' ')} {signed(step.mean_change_s)}"
            for step in moved
            if abs(step.mean_change_s) >= 1
        ]
        return f"{text}: {', '.join(words)}." if words else f"{text}."

    def _rpo_sentence(self) -> str:
        before, after = self.before.judgement.rpo_p95_s, self.after.judgement.rpo_p95_s
        if before == after:
            return f"At 95 % it loses {lost(after)}, as before."
        text = f"At 95 % it loses {span(after) if after else 'nothing'} instead of {lost(before)}"
        stores = [
            f"{store.store} {span(store.p95_after_s)} instead of {span(store.p95_before_s)}"
            for store in self.stores
            if abs(store.p95_change_s) >= 1  # false where a store is on one side only
        ]
        return f"{text} ({', '.join(stores)})." if stores else f"{text}."


def explain_difference(before: Option, after: Option) -> Difference:
    """Split the change from one option to another: cost by price and quantity, RTO by step, RPO by store.

    Parameters
    ----------
    before, after
        Two topologies of one comparison, or options of two comparisons: of other workloads, snapshots or seeds.
    """
    was, now = before.recovery.judged, after.recovery.judged
    return Difference(
        before,
        after,
        price_quantity.split(before.bill, after.bill),
        composition.step_changes(was, now),
        composition.store_changes(was, now),
    )


def kind_in_words(kind: str) -> str:
    """A kind of change in words: ``another price``, ``added``."""
    words = {"price": "another price", "quantity": "another quantity", "both": "another price and quantity"}
    return words.get(kind, kind)


def signed(seconds: float) -> str:
    """A change of a time [s] with its sign: ``+12 min``; ``0 s`` for nothing."""
    if abs(seconds) < 0.05:
        return "0 s"
    return ("-" if seconds < 0 else "+") + span(abs(seconds))
