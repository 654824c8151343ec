"""Identical files of one client are stored once: the row that comes second names the file of the first.

Only what was verified is compared, by SHA-256 and size, and only under the client's lock, so that the file of the
first cannot be taken away meanwhile. Nothing is ever shared between clients.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection

from media.models import MediaFile
from media.services import holding, renditions
from media.services.deciding import Result
from media.services.discarding import drop
from media.services.holding import Held
from media.storage import is_there

Content = tuple[int, str, int]
State = MediaFile.State


@dataclass(slots=True)
class Shared:
    """Fetched files with the names that their rows are to have; ``twins`` by the ids of rows that name another's.

    Those ``unstored`` have no name yet, nor a twin, so they have to be stored first.
    """

    results: list[Result] = field(default_factory=list)
    twins: dict[int, MediaFile] = field(default_factory=dict)
    spare: dict[int, list[Held]] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    unstored: dict[int, Result] = field(default_factory=dict)

    def refuse(self, result: Result) -> None:
        """Its row will not have it, and so its own bytes go."""
        pk, (_, sha256, size) = result.errand.media_file.pk, _content(result)
        self.results.remove(result)
        self.refused.add(pk)
        if self.twins.pop(pk, None) is None:
            self.spare.setdefault(pk, []).append(Held(result.name, sha256, size))


def twin_of(client: int, sha256: str, size: int) -> MediaFile | None:
    """Under the client's lock: the first row that has the same file ready, and its file is there."""
    return twins_of([(client, sha256, size)]).get((client, sha256, size))


def twins_of(contents: Iterable[Content]) -> dict[Content, MediaFile]:
    wanted = [content for content in dict.fromkeys(contents) if content[1]]
    pks = dict(zip(wanted, _first_rows(wanted), strict=True))
    rows = MediaFile.objects.select_related("instance").in_bulk([pk for pk in pks.values() if pk])
    found = {content: rows[pk] for content, pk in pks.items() if pk in rows}
    return {content: row for content, row in found.items() if is_there(row.file.name)}


def share(results: Sequence[Result]) -> Shared:
    """Under the lock of their clients; files that came twice at once are shared among themselves."""
    shared = Shared()
    twins = twins_of(_content(result) for result in results)
    for result in results:
        media_file, content = result.errand.media_file, _content(result)
        if not result.name and content not in twins:
            shared.unstored[media_file.pk] = result
            continue
        twin = twins.setdefault(content, media_file)
        spare = shared.spare.setdefault(media_file.pk, [])
        if media_file.file and media_file.file.name != result.name:
            # What it had before it was lost, or went bad.
            spare.append(Held(str(media_file.file.name), media_file.sha256, 0))
        if twin.pk == media_file.pk:
            # As it will be in a moment, for those of the same content that follow.
            media_file.file.name = result.name
            shared.results.append(result)
            continue
        shared.twins[media_file.pk] = twin
        if result.name and result.name != twin.file.name:
            spare.append(Held(result.name, content[1], content[2]))
        shared.results.append(replace(result, name=str(twin.file.name)))
    return shared


def settle(shared: Shared, kept: set[int], now: datetime) -> None:
    """Once the rows are written: what they brought is counted, and bytes that nobody needs are dropped."""
    brought: dict[int, list[int]] = {}
    for result in shared.results:
        media_file, (client, _, size) = result.errand.media_file, _content(result)
        if media_file.pk not in kept:
            continue
        if twin := shared.twins.get(media_file.pk):
            renditions.share(media_file, twin, now=now)
        else:
            brought.setdefault(client, []).append(size)
        drop(client, shared.spare.get(media_file.pk, ()), now=now)
    for client, sizes in sorted(brought.items()):
        holding.add(client, files=len(sizes), size=sum(sizes))


def _content(result: Result) -> Content:
    assert result.fetched is not None
    client = result.errand.media_file.instance.client_id
    return client, result.fetched.sha256.hex(), result.fetched.size


def _first_rows(contents: Sequence[Content]) -> list[int | None]:
    """One statement; each part reads the index of contents no further than it must."""
    if not contents:
        return []
    parts: list[str] = []
    values: list[Any] = []
    for client, sha256, size in contents:
        rows = MediaFile.objects.filter(sha256=sha256, size=size, state=State.READY, instance__client=client)
        first = rows.exclude(sha256="").order_by("sha256", "pk").values("pk")[:1]
        sql, params = first.query.sql_with_params()
        parts.append(f"({sql})")
        values += params
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        return list(cursor.fetchone())
