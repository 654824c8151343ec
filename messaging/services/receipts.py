"""Receipts of what went: opened before the first batch, added to in each batch's own transaction, sealed at the end.

So a receipt tells what is gone, however often whoever purged was killed; and its row, locked by each batch, is what
lets one purge at a time go on.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from messaging.models import PurgeReceipt
from messaging.services.holds import take_turns

Cause = PurgeReceipt.Cause
MOST_CHECKED = 1_000


@dataclass(frozen=True, slots=True)
class Checked:
    """``broken`` is of each client the first receipt whose seal does not follow from those before it."""

    count: int
    broken: list[PurgeReceipt]


def unfinished(cause: PurgeReceipt.Cause, **facts: Any) -> Any:
    return PurgeReceipt.objects.filter(cause=cause, finished_at=None, **facts).order_by("id")


def locked(pk: int) -> PurgeReceipt | None:
    """Inside the batch's transaction. None when somebody else has finished it."""
    found: PurgeReceipt | None = (
        PurgeReceipt.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk=pk, finished_at=None)
        .first()
    )
    return found


def add(receipt: PurgeReceipt, counts: "Counter[str]", *, size: int = 0, lines: Iterable[str] = ()) -> None:
    """``lines`` name what went, each once, without saying anything of it."""
    receipt.counts = dict(Counter(receipt.counts) + counts)
    receipt.bytes += size
    text = "".join(f"{line}\n" for line in lines)
    if text:
        receipt.digest = hashlib.sha256((receipt.digest + "\n" + text).encode()).hexdigest()
    receipt.save(update_fields=["counts", "bytes", "digest", "cursor"])


def finish(receipt: PurgeReceipt, *, now: datetime) -> None:
    take_turns(receipt.client_id)
    before = _finished({receipt.client_id}).first()
    # Clocks of two machines differ, and the order of these times is that of the seals.
    receipt.finished_at = max(now, before.finished_at + timedelta.resolution) if before else now
    receipt.subject, receipt.cursor = None, {}
    receipt.seal = seal_of(receipt, before.seal if before else "")
    receipt.save(update_fields=["finished_at", "subject", "cursor", "seal"])


def seal_of(receipt: PurgeReceipt, before: str) -> str:
    """Anybody who has the receipts can work it out again."""
    counts = json.dumps(receipt.counts, sort_keys=True)
    told = [before, str(receipt.cause), receipt.rule, counts, str(receipt.bytes), receipt.digest]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _finished(clients: Collection[int] | None) -> Any:
    """Of these clients, or of all: the last that was sealed first."""
    rows = PurgeReceipt.objects.exclude(finished_at=None).order_by("-finished_at", "-id")
    return rows if clients is None else rows.filter(client__in=clients)


def checked(clients: Collection[int] | None, *, most: int = MOST_CHECKED) -> Checked:
    """Works out the seals of the newest ``most`` receipts anew.

    Where there are more, the oldest of a client among these can only be taken as it is.
    """
    rows = list(_finished(clients).select_related("client")[:most])
    before: dict[int, str] = {}
    broken: dict[int, PurgeReceipt] = {}
    for receipt in reversed(rows):
        known = before.get(receipt.client_id, None if len(rows) == most else "")
        if known is not None and receipt.seal != seal_of(receipt, known):
            broken.setdefault(receipt.client_id, receipt)
        before[receipt.client_id] = receipt.seal
    return Checked(len(rows), list(broken.values()))
