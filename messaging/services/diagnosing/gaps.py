"""What a diagnosis says of webhooks that wait on this machine's disk, and of gaps of the last days."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.diagnosing.findings import Finding, ok, problem, warn
from accounts.diagnosing.instances import label
from accounts.models import WhatsappInstance
from messaging.models import Gap
from messaging.services.spooling import spool

# A worker takes them in within seconds of the database's return.
PATIENCE = timedelta(minutes=5)
RECENT = timedelta(days=7)
MOST = 10
NO_WORKER = gettext_lazy(
    "Start a worker on this machine (`manage.py worker`): each takes in its own SPOOL_DIR. If one runs, see its log."
)
BY_HAND = gettext_lazy("Look at them and remove them: %(folder)s. Nobody takes them in.")
BACKFILL = gettext_lazy(
    "Ask the provider for what is missing: `manage.py backfill_webhooks --instance %(id)s`."
)


def spool_facts() -> dict[str, Any]:
    held = spool().held()
    return {"files": held.files, "bytes": held.bytes, "oldest": held.oldest, "unreadable": held.unreadable}


def spool_findings(told: dict[str, Any], now: datetime) -> Iterator[Finding]:
    about = _("spool")
    if told["unreadable"]:
        text = _("Webhooks on disk that cannot be read: %(count)d.") % {"count": told["unreadable"]}
        yield problem(about, text, BY_HAND % {"folder": f"{settings.SPOOL_DIR}/unreadable"})
    if not told["files"]:
        yield ok(about, _("no webhook waits on this machine's disk"))
        return
    facts = {"count": told["files"], "since": f"{told['oldest']:%Y-%m-%d %H:%M} UTC"}
    text = _("Webhooks that wait on this machine's disk: %(count)d, the oldest since %(since)s.") % facts
    make = problem if now - told["oldest"] > PATIENCE else warn
    yield make(about, text, str(NO_WORKER))


def facts(instances: Collection[int], now: datetime) -> dict[int, list[dict[str, Any]]]:
    """Of each line the newest."""
    place = Window(RowNumber(), partition_by=["instance"], order_by=["-started_at", "-id"])
    recent = Gap.objects.filter(instance__in=instances, started_at__gt=now - RECENT)
    newest = recent.annotate(place=place).filter(place__lte=MOST).order_by("-started_at", "-id")
    found: dict[int, list[dict[str, Any]]] = {pk: [] for pk in instances}
    for row in newest.values("instance", "why", "started_at", "ended_at", "expected", "taken_in", "answer"):
        found[row.pop("instance")].append(row)
    return found


def findings(instance: WhatsappInstance, told: list[dict[str, Any]]) -> Iterator[Finding]:
    for gap in told:
        if gap["ended_at"] is None and gap["why"] == Gap.Why.SILENT:
            since = f"{gap['started_at']:%Y-%m-%d %H:%M} UTC"
            text = _("Silent since %(since)s; usually %(count)d events come in such a time.")
            advice = BACKFILL % {"id": instance.instance_id}
            yield problem(label(instance), text % {"since": since, "count": gap["expected"]}, advice)
