"""Disruptions: how often each strikes a region, how long an impairment lasts, and how well that is known."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from drkit.facts.assumptions import Figure
from drkit.files.bundled import data_dir
from drkit.recovery.model import DISRUPTIONS
from drkit.stats.fits import DurationFit, RateFit, fit_duration

if TYPE_CHECKING:
    import pandas as pd

    from drkit.facts.assumptions import Assumptions
    from drkit.facts.catalog import Catalog
    from drkit.recovery.model import Disruption
    from drkit.stats.draws import Draws, Samples
    from drkit.workload.model import Workload

#: Figure of a workload file that replaces the fitted duration [h].
DURATION = "outage_duration_h"


@dataclass(frozen=True)
class DisruptionRate:
    """How often to expect a disruption, and how that is known.

    Parameters
    ----------
    fitted
        Posterior from the history; None where the rate is the workload's own, an assumption, or certain.
    figure
        The uncertain figure that stands in its place; None where the rate is fitted or certain.
    certain
        A rate that is planned [1/year].
    share
        Figure for the part of the events that hits this workload; None for all of them.
    """

    disruption: Disruption
    group: str
    basis: str
    fitted: RateFit | None = None
    figure: Figure | None = None
    certain: float = 0.0
    share: Figure | None = None

    @property
    def events_per_year(self) -> float:
        """Expected events, whether or not they hit this workload [1/year]."""
        return self.fitted.mean if self.fitted else self.figure.mean if self.figure else self.certain

    @property
    def mean(self) -> float:
        """Expected events that hit this workload [1/year]."""
        return self.events_per_year * (self.share.mean if self.share else 1.0)

    def sample(self, draws: Draws) -> Samples:
        """Samples of the rate [1/year], its uncertainty carried through."""
        if self.fitted:
            drawn = draws.gamma(f"rate.{self.disruption}", self.fitted.shape, self.fitted.years)
        elif self.figure:
            drawn = draws.known(self.figure.name, self.figure)
        else:
            return np.full(draws.samples, self.certain, dtype=np.float32)
        return drawn * draws.known(self.share.name, self.share) if self.share else drawn


class Disruptions:
    """Rates and durations for one workload, from the history or from its own figures."""

    def __init__(self, workload: Workload, catalog: Catalog, assumptions: Assumptions) -> None:
        self.workload = workload
        self.assumptions = assumptions
        self._zones = next(
            len(row["zone_names"].split())
            for row in catalog.snapshot.records("regions")
            if row["region"] == workload.region
        )
        self._history = {
            (row["disruption"], row["region_group"]): (
                RateFit(int(row["events"]) + 0.5, float(row["region_years"])),
                row["basis"],
            )
            for row in catalog.snapshot.records("disruption_rates")
        }

    def rate(self, disruption: Disruption, rehearsed: bool = True) -> DisruptionRate:
        """How often a disruption strikes the workload's region; ``rehearsed`` where switchovers are made at all."""
        if disruption == "planned_switchover":
            planned = self.workload.operations.rehearsals_per_year if rehearsed else 0.0
            return DisruptionRate(disruption, "", "observed:user", certain=planned)
        if disruption == "data_corruption":
            figure = self.assumptions["data_corruption_per_year"]
            return DisruptionRate(disruption, "any", figure.basis, figure=figure)
        share = self.assumptions["impairment_hits_workload"] if disruption == "region_impairment" else None
        if disruption == "az_failure" and f"{disruption}_per_year" not in self.assumptions.own:
            share = self._zone_of_writer
        also = f"; {share.basis}" if share else ""
        if own := self.assumptions.own.get(f"{disruption}_per_year"):
            return DisruptionRate(disruption, self.workload.region, own.basis + also, figure=own, share=share)
        for group in (self.workload.region, "other", "any"):
            if (disruption, group) in self._history:
                fitted, basis = self._history[disruption, group]
                return DisruptionRate(disruption, group, basis + also, fitted=fitted, share=share)
        raise KeyError(disruption)

    @property
    def _zone_of_writer(self) -> Figure:
        """The history counts failures of any zone of a region: the writer's is one of them."""
        share = 1 / self._zones
        what = f"the writer's zone among the {self._zones} of {self.workload.region}"
        return Figure(
            name="zone_of_writer",
            unit="1",
            low=share,
            typical=share,
            high=share,
            distribution="constant",
            what=what,
            source="regions.csv",
            as_of="",
            basis="observed",
        )

    def outage_s(self, draws: Draws) -> Samples:
        """Samples of how long an impairment lasts if nobody does anything [s]."""
        if own := self.assumptions.own.get(DURATION):
            return draws.known(DURATION, own) * np.float32(3600)
        hours = durations("region_impairment").quantile(draws.uniform("outage_duration"))
        return hours.astype(np.float32) * np.float32(3600)

    @property
    def duration_basis(self) -> str:
        """How the duration of an impairment is known."""
        return "observed:user" if DURATION in self.assumptions.own else "derived:lognormal_posterior"

    def frame(self) -> pd.DataFrame:
        """Every rate with its 90 % interval [1/year], by region group, and how it is known.

        Columns ``disruption, region_group, events, region_years, low_per_year, per_year, high_per_year, hits_workload,
        basis``; a rate of the workload file has no events.
        """
        import pandas as pd

        rows = []
        for disruption in DISRUPTIONS:
            rate = self.rate(disruption)
            low, high = (
                rate.fitted.interval()
                if rate.fitted
                else (rate.figure.low, rate.figure.high)
                if rate.figure
                else (rate.certain, rate.certain)
            )
            rows.append(
                {
                    "disruption": disruption,
                    "region_group": rate.group,
                    "events": f"{rate.fitted.shape - 0.5:g}" if rate.fitted else "",
                    "region_years": f"{rate.fitted.years:g}" if rate.fitted else "",
                    "low_per_year": low,
                    "per_year": rate.events_per_year,
                    "high_per_year": high,
                    "hits_workload": rate.share.mean if rate.share else 1.0,
                    "basis": rate.basis,
                }
            )
        return pd.DataFrame(rows)


@lru_cache(maxsize=4)
def durations(disruption: str) -> DurationFit:
    """Posterior of how long a disruption lasts, from ``data/history/durations.csv``.

    Impairments of all regions are pooled: outside us-east-1 there are too few for a fit of their own.

    Raises
    ------
    ValueError
        When fewer than two durations of this disruption were observed to their end, as for lost regions: those have
        not come back.
    """
    rows = [row for row in history() if row["disruption"] == disruption]
    hours = {kind: [float(row["duration_h"]) for row in rows if row["known"] == kind] for kind in ("exact", "at_least")}
    return fit_duration(hours["exact"], hours["at_least"])


@lru_cache(maxsize=1)
def history() -> tuple[dict[str, str], ...]:
    """Dated outages with a duration, exact or a lower bound."""
    return _rows("durations.csv")


def status_page() -> pd.DataFrame:
    """Rates and durations of events on AWS's status page, 2018 to 2020: smaller events than the history holds.

    For comparison only, drkit does not use these rates: "increased error rates" of one service count there as an event.
    """
    import pandas as pd

    frame = pd.DataFrame(_rows("status_page.csv"))
    figures = [str(n) for n in frame if str(n).endswith(("_year", "_years", "_h", "events", "_spread"))]
    return frame.astype(dict.fromkeys(figures, float))


def _rows(name: str) -> tuple[dict[str, str], ...]:
    with (data_dir() / "history" / name).open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))
