"""The filters that the repair commands of every app share."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from accounts.models import Client, WhatsappInstance

# Fewer than a database takes as parameters of one query.
BATCH = 5000
SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What was asked for, as read from the command line. ``states`` empty: the command's own choice."""

    client: Client | None = None
    instances: list[int] | None = None
    states: list[str] = field(default_factory=list)
    since: datetime | None = None
    until: datetime | None = None
    ids: list[int] = field(default_factory=list)
    limit: int | None = None

    def narrow(self, rows: QuerySet[Any], *, time_field: str) -> QuerySet[Any]:
        """All but ``limit``, which ends the building of a query."""
        wanted = Q()
        if self.client:
            wanted &= Q(instance__client=self.client)
        if self.instances is not None:
            wanted &= Q(instance__in=self.instances)
        if self.states:
            wanted &= Q(state__in=self.states)
        if self.since:
            wanted &= Q(**{f"{time_field}__gte": self.since})
        if self.until:
            wanted &= Q(**{f"{time_field}__lt": self.until})
        if self.ids:
            wanted &= Q(pk__in=self.ids)
        return rows.filter(wanted)


def add_filters(parser: ArgumentParser, *, states: Sequence[str]) -> None:
    group = parser.add_argument_group("which", "Filters add up: only what fits all of them is taken.")
    group.add_argument("--client", metavar="SLUG", help="of this client (its slug or id)")
    group.add_argument(
        "--instance", metavar="ID", help="of this instance (its id at the provider, or our id)"
    )
    group.add_argument("--state", metavar="STATE,…", help=f"in these states, of {', '.join(states)}")
    group.add_argument("--since", metavar="TIME", help="from this time on: 2026-03-01 or 2026-03-01T14:30")
    group.add_argument("--until", metavar="TIME", help="before this time; a day without a time counts whole")
    group.add_argument("--id", type=int, nargs="+", metavar="N", help="these and no others")
    group.add_argument("--limit", type=int, metavar="N", help="at most so many, the most urgent first")


def read_filters(options: dict[str, Any], *, states: Sequence[str]) -> Filters:
    limit = options["limit"]
    if limit is not None and limit < 1:
        raise CommandError("--limit must be at least 1.")
    return Filters(
        client=find_client(options["client"]),
        instances=find_instances(options["instance"]),
        states=read_words("--state", options["state"], states),
        since=read_time("--since", options["since"]),
        until=read_time("--until", options["until"], whole_day=True),
        ids=options["id"] or [],
        limit=limit,
    )


def read_words(option: str, text: str | None, known: Sequence[str]) -> list[str]:
    words = [word.strip() for word in (text or "").split(",") if word.strip()]
    unknown = [word for word in words if word not in known]
    if unknown:
        raise CommandError(f"{option} {unknown[0]!r} is not one of: {', '.join(known)}.")
    return words


def find_client(text: str | None) -> Client | None:
    if not text:
        return None
    rows = Client.objects.filter(slug=text) or Client.objects.filter(pk=_number(text))
    found: Client | None = rows.first()
    if found is None:
        known = _some(Client.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"There is no client {text!r}. There are: {known}.")
    return found


def find_instances(text: str | None) -> list[int] | None:
    """Two providers may use the same id; then both are meant."""
    if not text:
        return None
    # Nothing else is read: a secret that no key fits must not stop the command that repairs or reports it.
    rows = WhatsappInstance.objects.order_by("pk").values_list("pk", flat=True)
    found = list(rows.filter(instance_id=text) or rows.filter(pk=_number(text)))
    if not found:
        known = _some(WhatsappInstance.objects.order_by("pk").values_list("instance_id", flat=True))
        raise CommandError(f"There is no instance {text!r}. There are: {known}.")
    return found


def read_time(option: str, text: str | None, *, whole_day: bool = False) -> datetime | None:
    if not text:
        return None
    try:
        day, moment = parse_date(text), parse_datetime(text)
    except ValueError:
        day = moment = None
    if day and len(text) <= len("2026-03-01"):
        moment = datetime.combine(day + timedelta(days=whole_day), time.min)
    if moment is None:
        raise CommandError(f"{option} {text!r} is not a time like 2026-03-01 or 2026-03-01T14:30.")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def chosen_ids(rows: QuerySet[Any], *, order: Sequence[str], limit: int | None) -> list[int]:
    """Ids stay what they are when the command itself changes the states that were asked for."""
    return list(rows.order_by(*order).values_list("pk", flat=True)[:limit])


def count_states(rows: QuerySet[Any], ids: list[int]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for batch in batches(ids):
        for row in rows.filter(pk__in=batch).order_by().values("state").annotate(n=Count("pk")):
            counts[row["state"]] += row["n"]
    return counts


def batches(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _some(names: QuerySet[Any, Any]) -> str:
    shown = [str(name) for name in names[: SHOWN + 1]]
    more = ["…"] if len(shown) > SHOWN else []
    return ", ".join(shown[:SHOWN] + more) or "none yet"
