"""Receipts of what went: opened before the first batch, added to in each batch's own transaction, sealed at the end.

So a receipt tells what is gone, however often whoever purged was killed; and its row, locked by each batch, is what
lets one purge at a time go on.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from messaging.models import PurgeReceipt

Cause = PurgeReceipt.Cause


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
    receipt.finished_at, receipt.subject, receipt.cursor = now, None, {}
    receipt.seal = seal_of(receipt, _seal_before(receipt))
    receipt.save(update_fields=["finished_at", "subject", "cursor", "seal"])


def seal_of(receipt: PurgeReceipt, before: str) -> str:
    """Anybody who has the receipts can work it out again."""
    counts = json.dumps(receipt.counts, sort_keys=True)
    told = [before, str(receipt.cause), receipt.rule, counts, str(receipt.bytes), receipt.digest]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _seal_before(receipt: PurgeReceipt) -> str:
    """By the time of finishing: that is when they are sealed."""
    done = PurgeReceipt.objects.filter(client=receipt.client_id).exclude(finished_at=None)
    return str(done.order_by("-finished_at", "-id").values_list("seal", flat=True).first() or "")


def is_unbroken(client: int) -> bool:
    """Whether every seal of the client's receipts follows from the ones before it."""
    before = ""
    for receipt in (
        PurgeReceipt.objects.filter(client=client).exclude(finished_at=None).order_by("finished_at", "id")
    ):
        if receipt.seal != seal_of(receipt, before):
            return False
        before = receipt.seal
    return True
