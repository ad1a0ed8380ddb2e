"""The strategies: what they are called, and what they mean."""

from __future__ import annotations

from typing import get_args

from drkit.workload.model import Strategy

STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)

#: Strategies whose data stores are live in the failover region.
LIVE_DATA = ("pilot_light", "warm_standby", "hot_standby", "active_active")

#: Strategies that serve, or could at once, in the failover region.
SERVING = ("warm_standby", "hot_standby", "active_active")

#: Strategies as the Well-Architected Framework (REL13-BP02) calls them; a hot standby is a warm standby at full scale.
STRATEGY_NAMES: dict[str, str] = {
    "single_region": "Single region",
    "backup_restore": "Backup and restore",
    "pilot_light": "Pilot light",
    "warm_standby": "Warm standby",
    "hot_standby": "Hot standby",
    "active_active": "Active/active",
}
