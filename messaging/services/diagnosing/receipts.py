"""Whether the proof of what was purged still holds, for a diagnosis."""

from collections.abc import Collection, Iterator

from django.utils.translation import gettext as _

from accounts.diagnosing.findings import Finding, ok, problem
from messaging.services import receipts


def findings(clients: Collection[int] | None) -> Iterator[Finding]:
    """Of these clients, or of all."""
    told = receipts.checked(clients)
    for receipt in told.broken:
        about = _("purge receipts of %(client)s") % {"client": receipt.client}
        text = _(
            "The seal of receipt %(number)d does not follow from those before it: one was changed or taken out."
        )
        advice = _(
            "Compare the receipts with those in a backup, and find out who could write to the database."
        )
        yield problem(about, text % {"number": receipt.pk}, advice)
    if told.count and not told.broken:
        yield ok(
            _("purge receipts"), _("each follows from those before it: %(count)d") % {"count": told.count}
        )
