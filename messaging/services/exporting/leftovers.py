"""Parts of exports that are no more: their row is gone with its client, or they were removed while they were made."""

from collections.abc import Iterator

from accounts.models import Client
from media.services.auditing import Stray, walk
from media.storage import storage
from messaging.models import Export
from messaging.services.exporting.contents import ALL, folder_of_client, folder_of_export


def strays(client: Client | None) -> Iterator[Stray]:
    # Files first: what is begun meanwhile has its row, and is none.
    names = list(walk(folder_of_client(client.pk) if client else ALL))
    there = Export.objects.exclude(state=Export.State.EXPIRED).values_list("client", "pk")
    kept = {folder_of_export(*ids) for ids in there}
    for name in names:
        if name.rpartition("/")[0] not in kept:
            yield Stray(name, storage().size(name), storage().get_modified_time(name))
