"""Wait or fail over: an outage may end by itself, a failover loses writes and must be undone.

Nobody knows, while an outage lasts, whether the region is impaired or lost. The policy "fail over once the detected
outage has lasted w" is judged over both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from drkit.stats.quantiles import Z95

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from drkit.choice.comparison import Comparison
    from drkit.choice.options import Option
    from drkit.recovery.model import Disruption
    from drkit.recovery.simulation import Simulator
    from drkit.stats.draws import Samples
    from drkit.topology.topology import Topology

#: Waits that are tried [s]: none, then from two minutes to two days.
WAITS_S = (0.0, *(60.0 * m for m in (2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 960, 1440, 2880)))

#: What failing over helps against; the loss of the region, which the RTO is about, last.
_DISRUPTIONS: tuple[Disruption, ...] = ("region_impairment", "region_loss")

_COLUMNS = ["strategy", "best_wait_s", "loss_usd", "at_once_usd", "longest_usd", "error_usd", "rto_p95_s"]


@dataclass(frozen=True)
class Policy:
    """Expected yearly loss of one option over how long an outage is waited out.

    Parameters
    ----------
    waits_s
        Waits tried [s], rising.
    outage_usd, data_usd, failover_usd
        Expected loss by outage, by lost writes, and by carrying failovers through and undoing them [USD/year], each of
        shape ``(waits,)``; impairments and losses of the region together.
    error_usd
        Half the width of the 95 % interval that drawing leaves around the total [USD/year].
    rto_p95_s
        RTO at 95 % after the loss of the region, with the wait in it [s].
    """

    option: Option
    waits_s: tuple[float, ...]
    outage_usd: tuple[float, ...]
    data_usd: tuple[float, ...]
    failover_usd: tuple[float, ...]
    error_usd: tuple[float, ...]
    rto_p95_s: tuple[float, ...]

    @property
    def loss_usd(self) -> tuple[float, ...]:
        """Expected loss of each wait [USD/year]."""
        return tuple(map(math.fsum, zip(self.outage_usd, self.data_usd, self.failover_usd, strict=True)))

    @property
    def best(self) -> int:
        """Index of the wait that loses least; of equal ones the shortest."""
        return min(range(len(self.waits_s)), key=lambda at: (self.loss_usd[at], self.waits_s[at]))

    @property
    def best_wait_s(self) -> float:
        """The wait that loses least [s]."""
        return self.waits_s[self.best]

    def frame(self) -> pd.DataFrame:
        """One row a wait: ``wait_s, outage_usd, data_usd, failover_usd, loss_usd, error_usd, rto_p95_s``."""
        import pandas as pd

        columns = {
            "wait_s": self.waits_s,
            "outage_usd": self.outage_usd,
            "data_usd": self.data_usd,
            "failover_usd": self.failover_usd,
            "loss_usd": self.loss_usd,
            "error_usd": self.error_usd,
            "rto_p95_s": self.rto_p95_s,
        }
        return pd.DataFrame(columns)


def evaluate(comparison: Comparison, option: Option, waits_s: Sequence[float] = WAITS_S) -> Policy:
    """Expected loss of an option over how long a detected outage is waited out.

    Per disruption and wait: rate x (outage x its cost + lost writes x their cost + what a failover that is carried
    through costs + time without service on the way back, where the region comes back). All waits share their draws.

    Parameters
    ----------
    waits_s
        Waits to try [s], rising; each is compared with the time that people take to decide, of which the later counts.
    """
    simulator = comparison.simulator(0.0)
    decides = [simulator.keys(option.topology, name) for name in _DISRUPTIONS]
    rows = comparison.lasting.setdefault(("waits", *decides), {})
    for wait in waits_s:
        if wait not in rows:
            rows[wait] = _losses(comparison, simulator, option.topology, wait)
    return Policy(option, tuple(waits_s), *zip(*(rows[wait] for wait in waits_s), strict=True))


def _losses(
    comparison: Comparison, simulator: Simulator, topology: Topology, wait_s: float
) -> tuple[float, float, float, float, float]:
    """Loss by outage, by lost writes and by failovers, its error [USD/year], and RTO at 95 % [s], of one wait."""
    costs = comparison.workload.costs
    outage_usd_s, data_usd_s = costs.outage_usd_per_hour.mean / 3600, costs.data_loss_usd_per_hour.mean / 3600
    run_usd = comparison.assumptions["failover_run_usd"].mean
    simulator = simulator.waiting(wait_s)
    out = data = undo = variance = 0.0
    for name in _DISRUPTIONS:
        timed = simulator.time(topology, name)
        rate = simulator.disruptions.rate(name).mean
        lost = np.minimum(timed.rpo_s, np.float32(simulator.everything_s))
        undone: Samples = np.zeros(simulator.samples, dtype=np.float32)
        if timed.carried is not None:
            # A region that is lost for good is not moved back to.
            undone = timed.carried * np.float32(run_usd) + (timed.down_s - timed.rto_s) * np.float32(outage_usd_s)
        loss = timed.rto_s * outage_usd_s + lost * data_usd_s + undone
        out += rate * float(timed.rto_s.mean(dtype=np.float64)) * outage_usd_s
        data += rate * float(lost.mean(dtype=np.float64)) * data_usd_s
        undo += rate * float(undone.mean(dtype=np.float64))
        variance += (rate * float(loss.std(dtype=np.float64))) ** 2
    # The loss of the region was timed last.
    p95 = float(np.quantile(timed.rto_s, 0.95, method="higher"))
    return out, data, undo, Z95 * math.sqrt(variance / simulator.samples), p95


def frame(comparison: Comparison) -> pd.DataFrame:
    """The best wait of each strategy that can fail over, against failing over at once and the longest wait tried.

    Columns ``strategy, best_wait_s, loss_usd, at_once_usd, longest_usd, error_usd, rto_p95_s``; losses in USD a year,
    from impairments and losses of the region.
    """
    import pandas as pd

    rows = []
    for option in comparison.representatives:
        if option.topology.failover is None:
            continue
        policy = evaluate(comparison, option)
        best = policy.best
        rows.append(
            {
                "strategy": option.topology.strategy,
                "best_wait_s": policy.best_wait_s,
                "loss_usd": policy.loss_usd[best],
                "at_once_usd": policy.loss_usd[0],
                "longest_usd": policy.loss_usd[-1],
                "error_usd": policy.error_usd[best],
                "rto_p95_s": policy.rto_p95_s[best],
            }
        )
    return pd.DataFrame(rows, columns=_COLUMNS)
