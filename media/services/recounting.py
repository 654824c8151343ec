"""What each client has stored, counted anew from its rows and compared with the running count."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Max, Sum

from accounts.models import Client
from media.models import MediaFile, StorageUse
from media.services import holding


@dataclass(frozen=True, slots=True)
class Miscount:
    client: int
    name: str
    counted: tuple[int, int]
    found: tuple[int, int]


def miscounts(client: Client | None) -> list[Miscount]:
    clients = Client.objects.filter(pk=client.pk) if client else Client.objects.order_by("pk")
    found = [_compare(one) for one in clients]
    return [one for one in found if one.counted != one.found]


def put_right(client: int) -> None:
    """Under the lock, so that nothing comes or goes meanwhile."""
    with transaction.atomic():
        holding.lock([client])
        files, size = _stored(client)
        StorageUse.objects.filter(pk=client).update(files=files, bytes=size)


def _compare(client: Client) -> Miscount:
    use = StorageUse.objects.filter(pk=client.pk).first()
    counted = (use.files, use.bytes) if use else (0, 0)
    return Miscount(client.pk, client.name, counted, _stored(client.pk))


def _stored(client: int) -> tuple[int, int]:
    """Each name once; rows of one name have one size."""
    ready = MediaFile.objects.filter(instance__client=client, state=MediaFile.State.READY).order_by()
    names = ready.values("file").annotate(one=Max("size"))
    sums = names.aggregate(files=Count("file"), bytes=Sum("one"))
    return sums["files"] or 0, sums["bytes"] or 0
