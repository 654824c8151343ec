"""Puts media files back to the start of their schedule, and can fetch them at once."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.management.filters import (
    Filters,
    add_filters,
    batches,
    chosen_ids,
    count_states,
    read_filters,
    read_words,
)
from accounts.management.progress import progress, quiet_log
from media.models import MediaFile, MediaFileQuerySet
from media.services import fetch_again, fetch_now

State = MediaFile.State
STATES = [state.value for state in State]
# There never was anything to fetch for the unavailable ones: they are asked for by name only.
USUAL = [State.PENDING, State.MISSING, State.EXPIRED, State.FAILED]
REFUSED = {
    State.READY: "Ready files are there already. Run audit_media --fix first: it marks those that are not as missing.",
    State.FETCHING: "Files in state fetching are being fetched right now.",
}


class Command(BaseCommand):
    help = (
        "Put media files back to pending with a fresh schedule; the worker fetches them, or with --now this command. "
        f"Without --state: {', '.join(USUAL)}."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_filters(parser, states=STATES)
        parser.add_argument("--kind", metavar="KIND,…", help=f"of {', '.join(MediaFile.Kind.values)}")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be put back")
        parser.add_argument("--now", action="store_true", help="fetch at once, here, and show the progress")

    def handle(self, *, now: bool, dry_run: bool, **options: Any) -> None:
        filters = read_filters(options, states=STATES)
        for state in filters.states:
            if state in REFUSED:
                raise CommandError(REFUSED[State(state)])
        rows = choose(filters, read_words("--kind", options["kind"], MediaFile.Kind.values))
        ids = chosen_ids(rows, order=MediaFile.claim_order, limit=filters.limit)
        if dry_run:
            self.stdout.write(f"{len(ids)} media files would be put back: {by_state(ids) or 'none'}.")
            return
        with quiet_log(options["verbosity"]):
            self._put_back(ids, now=now)

    def _put_back(self, ids: list[int], *, now: bool) -> None:
        count = sum(fetch_again(rows_of(batch), now=timezone.now()) for batch in batches(ids))
        if count:
            audit.note(audit.Action.MEDIA_REQUESTED, None, by=None, files=count)
        self.stdout.write(f"{count} media files put back to pending.")
        if now and ids:
            fetch(ids)
            self.stdout.write(f"Now: {by_state(ids)}.")
            self._tell_reasons(ids)

    def _tell_reasons(self, ids: list[int]) -> None:
        """Why files did not come, the most frequent reasons first."""
        reasons: Counter[str] = Counter()
        for batch in batches(ids):
            rows = rows_of(batch).exclude(error="").exclude(state=State.READY).order_by()
            for row in rows.values("error").annotate(n=Count("pk")):
                reasons[row["error"]] += row["n"]
        for reason, count in reasons.most_common(10):
            self.stdout.write(f"  {count:>6}  {reason}")


def choose(filters: Filters, kinds: list[str]) -> QuerySet[MediaFile]:
    rows = filters.narrow(MediaFile.objects.all(), time_field="created_at")
    if not filters.states:
        rows = rows.filter(state__in=USUAL)
    return rows.filter(kind__in=kinds) if kinds else rows


def rows_of(ids: list[int]) -> MediaFileQuerySet:
    return MediaFile.objects.filter(pk__in=ids)


def fetch(ids: list[int]) -> None:
    """Leases keep this and a running worker apart; whoever is first has the file."""
    with progress(total=len(ids), unit="file") as bar:
        done = 0
        for batch in batches(ids):
            for settled in fetch_now(rows_of(batch), now=timezone.now):
                bar.update(min(settled, done + len(batch) - bar.n))
            done += len(batch)
            bar.update(done - bar.n)


def by_state(ids: list[int]) -> str:
    counts = count_states(MediaFile.objects.all(), ids)
    words = {State.PENDING: "waiting", State.FETCHING: "under way"}
    return ", ".join(f"{counts[state]} {words.get(state, state)}" for state in State if counts[state])
