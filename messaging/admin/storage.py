"""How much is stored, as usage has counted it: by client, or of one client by kind of file."""

from typing import Any

from django.db.models import Sum
from django.template.defaultfilters import filesizeformat
from django.utils.text import capfirst

from accounts.admin import display
from accounts.models import Client, Usage
from accounts.reach import Reach
from media.models import MediaFile
from messaging.admin import charts
from messaging.admin.addresses import list_address

SHOWN = 8


def rows(reach: Reach, client: Client | None, clients: list[Client]) -> list[charts.Row]:
    used = reach.narrow(Usage.objects.filter(bytes__gt=0)).order_by()
    if client or len(clients) == 1:
        return _by_kind(used, client)
    sums = used.values_list("instance__client").annotate(total=Sum("bytes"))
    names = {one.pk: one.name for one in clients}
    largest = sorted(sums, key=lambda row: -row[1])[:SHOWN]
    return charts.rows(
        (
            display.visible_name(names[pk]),
            total,
            filesizeformat(total),
            "in",
            list_address(MediaFile, instance__client__id__exact=pk),
        )
        for pk, total in largest
        if pk in names
    )


def _by_kind(used: Any, client: Client | None) -> list[charts.Row]:
    sums = used.values_list("kind").annotate(total=Sum("bytes"))
    labels = {kind.value: str(kind.label) for kind in MediaFile.Kind}
    own = {"instance__client__id__exact": client.pk} if client else {}
    return charts.rows(
        (
            capfirst(str(labels.get(kind, kind))),
            total,
            filesizeformat(total),
            "in",
            list_address(MediaFile, kind__exact=kind, **own),
        )
        for kind, total in sorted(sums, key=lambda row: -row[1])
    )
