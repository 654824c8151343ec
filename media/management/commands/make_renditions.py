"""Puts renditions in line that are not there, or anew those that are, and can make them at once."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count
from django.utils import timezone

from accounts.leases import WaitingQuerySet
from accounts.management.filters import BATCH, Filters, add_filters, batches, read_filters, read_words
from accounts.management.progress import progress, quiet_log
from media.models import MediaFile, Rendition
from media.rendering.finding import find_ffmpeg
from media.services import make_now
from media.services.catching_up import USUAL, lacking, put_in_line

State = Rendition.State
STATES = [state.value for state in State]
NO_TOOL = (
    "There is no ffmpeg here, so nothing is made of voice notes and videos. "
    "Install the wheel imageio-ffmpeg or the system's ffmpeg, and run this again."
)


class Command(BaseCommand):
    help = (
        "Make thumbnails, previews, m4a and waveforms of stored files: those that were never asked for, and those "
        f"in state {', '.join(USUAL)}. With --state: those in these states only; ready ones are made anew. "
        "The worker makes them, or with --now this command."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_filters(parser, states=STATES)
        parser.add_argument("--kind", metavar="KIND,…", help=f"of {', '.join(Rendition.Kind.values)}")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be made")
        parser.add_argument(
            "--now", action="store_true", help="make them at once, here, and show the progress"
        )

    def handle(self, *, now: bool, dry_run: bool, **options: Any) -> None:
        filters = read_filters(options, states=STATES)
        if State.MAKING in filters.states:
            raise CommandError("Renditions in state making are being made right now.")
        kinds = read_words("--kind", options["kind"], Rendition.Kind.values)
        wanted = choose(filters, kinds)
        if dry_run:
            self._say(Counter(one.kind for one in wanted), "would be made")
            return
        with quiet_log(options["verbosity"]):
            media_files = self._put_in_line(wanted)
            if now and media_files:
                self._make(media_files, kinds)

    def _put_in_line(self, wanted: Iterator[Rendition]) -> list[int]:
        """The media files that are concerned."""
        counts: Counter[str] = Counter()
        media_files: dict[int, None] = {}
        while batch := list(islice(wanted, BATCH)):
            put_in_line(batch, now=timezone.now())
            counts.update(one.kind for one in batch)
            media_files |= dict.fromkeys(one.media_file_id for one in batch)
        self._say(counts, "put in line")
        return list(media_files)

    def _make(self, media_files: list[int], kinds: list[str]) -> None:
        ffmpeg = find_ffmpeg()
        if not ffmpeg:
            self.stderr.write(NO_TOOL)
        states: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for batch in batches(media_files):
            rows = renditions_of(batch, kinds)
            make(rows, ffmpeg)
            for row in rows.order_by().values("state", "error").annotate(n=Count("pk")):
                states[row["state"]] += row["n"]
                reasons[row["error"]] += row["n"]
        self.stdout.write(
            f"Now: {', '.join(f'{states[state]} {state}' for state in State if states[state])}."
        )
        del reasons[""]
        for reason, count in reasons.most_common(10):
            self.stdout.write(f"  {count:>6}  {reason}")

    def _say(self, counts: Counter[str], what: str) -> None:
        kinds = ", ".join(f"{counts[kind]} {kind}" for kind in Rendition.Kind.values if counts[kind])
        self.stdout.write(f"{counts.total()} renditions {what}: {kinds or 'none'}.")


def choose(filters: Filters, kinds: list[str]) -> Iterator[Rendition]:
    """Client, instance, time and ids are the media files'; state and limit the renditions'."""
    rows = replace(filters, states=[]).narrow(MediaFile.objects.all(), time_field="created_at")
    with_bar = progress(lacking(rows, kinds, filters.states), unit="rendition")
    return islice(iter(with_bar), filters.limit)


def renditions_of(media_files: list[int], kinds: list[str]) -> WaitingQuerySet:
    rows: WaitingQuerySet = Rendition.objects.filter(media_file__in=media_files)
    return rows.filter(kind__in=kinds) if kinds else rows


def make(rows: WaitingQuerySet, ffmpeg: str) -> None:
    """Leases keep this and a running worker apart; whoever is first makes it."""
    with progress(total=rows.due(timezone.now()).count(), unit="rendition") as bar:
        for settled in make_now(rows, now=timezone.now, ffmpeg=ffmpeg):
            bar.update(settled - bar.n)
