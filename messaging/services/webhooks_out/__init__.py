"""Telling clients' own systems what changed: signed, from rows that outlive any worker, at least once."""

from messaging.services.webhooks_out.delivering import Courier
from messaging.services.webhooks_out.endpoints import (
    SwitchedOff,
    change,
    create,
    deliver_again,
    disable,
    enable,
    ping,
    remove,
    replay,
    replay_one,
    rotate_secret,
)
from messaging.services.webhooks_out.fanning import fan_out
from messaging.services.webhooks_out.pruning import prune_deliveries

__all__ = [
    "Courier",
    "SwitchedOff",
    "change",
    "create",
    "deliver_again",
    "disable",
    "enable",
    "fan_out",
    "ping",
    "prune_deliveries",
    "remove",
    "replay",
    "replay_one",
    "rotate_secret",
]
