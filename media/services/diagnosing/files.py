"""The state of media for a diagnosis: waiting files, lost files, strategies, folders.

Tables may hold millions of rows, so nothing is counted whole: the newest rows, the waiting rows, or a time window.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, OuterRef, Q, Subquery, Sum
from django.utils.translation import gettext as _

from accounts.diagnosing.asking import Answered, Questions
from accounts.diagnosing.bounding import first_of_each
from accounts.diagnosing.findings import Finding, ok, problem, warn
from accounts.diagnosing.instances import label
from accounts.diagnosing.lines import trouble
from accounts.languages import in_language
from accounts.models import WhatsappInstance
from accounts.providers import PROVIDERS, errors
from media.models import FetchAttempt, MediaFile, StrategyHealth
from media.services.registering import descriptor

NEWEST = 5000
NEWEST_ATTEMPTS = 20_000
WEEK, DAY = timedelta(days=7), timedelta(days=1)
LAST_FAILURES = 10
# Fewer attempts say nothing about a strategy.
ENOUGH = 5
LOW_RATE = 0.5

State = MediaFile.State
LOST = (State.FAILED, State.EXPIRED, State.UNAVAILABLE, State.MISSING)
QUESTION = {"provider": "download", "provider_alt": "download (alternative)"}


def facts(instances: Collection[int], now: datetime) -> dict[int, dict[str, Any]]:
    """Of each line. ``by_state`` counts the newest files, ``waiting`` the pending ones."""
    found = {pk: _nothing() for pk in instances}
    for newest in first_of_each(MediaFile.objects.all(), instances, by="-created_at", most=NEWEST):
        by_state = newest.values_list("instance", "state").annotate(count=Count("pk"), bytes=Sum("size"))
        for pk, state, count, size in by_state:
            found[pk]["by_state"][state] = count
            if state == State.READY:
                found[pk]["bytes_stored"] = size or 0
    _add_waiting(found, now)
    _add_paused(found, now)
    return found


def _nothing() -> dict[str, Any]:
    waiting = {"count": 0, "oldest": None, "next_deadline": None, "gone_within_a_day": 0}
    return {
        "by_state": {state.value: 0 for state in State},
        "of_newest": NEWEST,
        "bytes_stored": 0,
        "waiting": waiting,
        "paused": [],
    }


def _add_waiting(found: dict[int, dict[str, Any]], now: datetime) -> None:
    waiting = MediaFile.objects.filter(state=State.PENDING, lease_until=None)
    for first in first_of_each(waiting, found, by="expires_at", most=NEWEST):
        rows = first.values("instance").annotate(
            count=Count("pk"),
            oldest=Min("created_at"),
            next_deadline=Min("expires_at"),
            gone_within_a_day=Count("pk", filter=Q(expires_at__lt=now + DAY)),
        )
        for row in rows:
            found[row.pop("instance")]["waiting"] = row


def _add_paused(found: dict[int, dict[str, Any]], now: datetime) -> None:
    paused = StrategyHealth.objects.filter(instance__in=found, closed_until__gt=now).order_by("strategy")
    for row in paused:
        told = {"strategy": row.strategy, "until": row.closed_until, "reason": row.reason}
        found[row.instance_id]["paused"].append(told)


def findings(instance: WhatsappInstance, told: dict[str, Any]) -> Iterator[Finding]:
    about, counts, waiting = label(instance), told["by_state"], told["waiting"]
    again = f"`manage.py redownload_media --instance {instance.instance_id} --state {{}} --now`"
    if waiting["gone_within_a_day"]:
        text = _("Files that wait and will be gone at the source within a day: %(count)d.")
        advice = _("Put right what is said of this line, then run %(command)s.")
        told_now = {"count": waiting["gone_within_a_day"]}
        yield problem(about, text % told_now, advice % {"command": again.format("pending")})
    if counts[State.MISSING]:
        text = _("Files that were stored and are not there any more: %(count)d.")
        advice = _("Restore them from a backup of MEDIA_ROOT, if there is one, and run %(command)s.")
        command = {"command": again.format("missing")}
        yield problem(about, text % {"count": counts[State.MISSING]}, advice % command)
    for state in (State.FAILED, State.EXPIRED):
        if counts[state]:
            advice = _("The last media failures say why; once the cause is gone, run %(command)s.")
            found = {"most": NEWEST, "state": str(State(state).label).lower(), "count": counts[state]}
            text = _("Of the newest %(most)d files, %(state)s: %(count)d.") % found
            yield warn(about, text, advice % {"command": again.format(state)})
    for row in told["paused"]:
        text = _("%(strategy)s is paused until %(until)s: %(reason)s")
        pause = {**row, "until": f"{row['until']:%Y-%m-%d %H:%M} UTC", "reason": in_language(row["reason"])}
        advice = _("It is tried again by itself; %(command)s ends the pause.")
        yield warn(about, text % pause, advice % {"command": again.format("pending")})


def questions(instance: WhatsappInstance, media_file: MediaFile | None, now: datetime) -> Questions:
    """Each of the provider's ways to a file, asked for this one."""
    order = instance.strategy_order(settings.MEDIA_STRATEGIES)
    ways = [name for name in PROVIDERS[instance.provider].media_strategies if name in order]
    if media_file is None or not ways:
        return {}
    # A link that the message brought along would be taken at its word, without asking.
    media = replace(descriptor(media_file), url="")
    return {
        QUESTION[way]: lambda provider, alternative=way == "provider_alt": provider.locate_media(  # type: ignore[misc]
            media, now=now, alternative=alternative
        )
        for way in ways
    }


def examples(instances: Collection[int], now: datetime) -> dict[int, MediaFile]:
    """Of each line the newest file that must still be there."""
    recent = MediaFile.objects.filter(instance=OuterRef("pk"), created_at__gte=now - WEEK, expires_at__gt=now)
    known = recent.exclude(media_key="", media_id="").exclude(state=State.UNAVAILABLE)
    newest = Subquery(known.order_by("-created_at", "-id").values("pk")[:1])
    lines = WhatsappInstance.objects.filter(pk__in=instances).order_by().annotate(example=newest)
    chosen = lines.exclude(example=None).values_list("example", flat=True)
    files = MediaFile.objects.filter(pk__in=list(chosen)).defer("thumbnail", "waveform")
    return {media_file.instance_id: media_file for media_file in files}


def line_findings(
    instance: WhatsappInstance, answers: dict[str, Answered], rates: list[dict[str, Any]]
) -> Iterator[Finding]:
    """A source that answers no for one file works; one that fails matters less while another way brings files."""
    others = [row["strategy"] for row in rates if row["rate"] and row["strategy"] not in QUESTION]
    for name, answered in answers.items():
        if name not in QUESTION.values() or isinstance(answered.error, errors.NotConnected):
            continue
        error = answered.error
        if error is None or isinstance(error, errors.Refused | errors.MediaGone | errors.Unsupported):
            text = _("%(name)s: answers (%(reason)s)") if error else _("%(name)s: answers")
            yield ok(
                label(instance), text % {"name": name, "reason": in_language(error.reason if error else "")}
            )
            continue
        found = trouble(instance, name, error)
        if others and found.level != "problem":
            text = _("Files come by %(strategies)s meanwhile. %(advice)s")
            told = {"strategies": ", ".join(others), "advice": found.advice}
            yield warn(found.about, found.text, text % told)
        else:
            yield found


def rates(instances: Collection[int], now: datetime) -> dict[int, list[dict[str, Any]]]:
    """How each strategy did in the last seven days, for each instance; of the newest attempts of all instances."""
    # Files that were here already say nothing of the ways to a file.
    asked = FetchAttempt.objects.filter(strategy__in=WhatsappInstance.STRATEGIES)
    newest = asked.filter(started_at__gte=now - WEEK).order_by("-started_at")
    values = newest.values_list("media_file__instance", "strategy", "outcome", "duration")[:NEWEST_ATTEMPTS]
    outcomes: dict[tuple[int, str], Counter[str]] = {}
    durations: dict[tuple[int, str], list[float]] = {}
    for instance, strategy, outcome, duration in values:
        outcomes.setdefault((instance, strategy), Counter())[outcome] += 1
        durations.setdefault((instance, strategy), []).append(duration)
    found: dict[int, list[dict[str, Any]]] = {pk: [] for pk in instances}
    for (instance, strategy), counts in sorted(outcomes.items()):
        if instance in found:
            found[instance].append(_rate(strategy, counts, durations[(instance, strategy)]))
    return found


def _rate(strategy: str, counts: Counter[str], durations: list[float]) -> dict[str, Any]:
    good = counts[FetchAttempt.Outcome.OK]
    return {
        "strategy": strategy,
        "attempts": counts.total(),
        "ok": good,
        "rate": round(good / counts.total(), 3),
        "median_seconds": round(median(durations), 3),
        "outcomes": dict(counts.most_common()),
    }


def rate_findings(instance: WhatsappInstance, rows: list[dict[str, Any]]) -> Iterator[Finding]:
    bad = [row for row in rows if row["attempts"] >= ENOUGH and row["rate"] < LOW_RATE]
    good = any(row["rate"] >= LOW_RATE for row in rows)
    if bad and not good:
        text = "; ".join(_sentence(row) for row in bad)
        advice = _("The last media failures and the files of %(name)s in the admin name the cause.")
        told = {"name": instance.name, "ways": text}
        yield problem(label(instance), _("No way brings files: %(ways)s.") % told, advice % told)
    for row in bad if good else []:
        advice = _("Nothing has to be done while another strategy brings the files.")
        yield warn(label(instance), f"{_sentence(row)}.", advice)


def _sentence(row: dict[str, Any]) -> str:
    others = {word: count for word, count in row["outcomes"].items() if word != FetchAttempt.Outcome.OK}
    often = max(others, key=lambda word: others[word])
    text = _("%(strategy)s worked %(ok)d of %(attempts)d times this week, most often %(outcome)s")
    return text % {**row, "outcome": FetchAttempt.Outcome(often).label.lower()}


def last_failures(instances: Collection[int] | None) -> list[dict[str, Any]]:
    """The newest files that will not come, with the reason; of all instances, or of these."""
    rows: list[MediaFile] = []
    for state in LOST:
        lost = MediaFile.objects.filter(state=state)
        chosen = lost if instances is None else lost.filter(instance__in=instances)
        known = chosen.only("id", "instance_id", "kind", "state", "error", "created_at")
        rows += known.order_by("-created_at", "-id")[:LAST_FAILURES]
    rows.sort(key=lambda row: (row.created_at, row.pk), reverse=True)
    return [
        {
            "media_file": row.pk,
            "instance": row.instance_id,
            "kind": row.kind,
            "state": row.state,
            "created_at": row.created_at,
            "reason": row.error,
        }
        for row in rows[:LAST_FAILURES]
    ]
