"""The first page's figures and charts, as far as this user may see, of all his clients or of one."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.admin import display
from accounts.counting import counts_up_to
from accounts.models import Client, WhatsappInstance
from accounts.reach import Reach, reach_of
from accounts.windows import Window
from media.models import MediaFile
from media.services import measuring as media
from messaging.admin import charts, storage
from messaging.admin.addresses import list_address
from messaging.admin.charts import Chart, Series
from messaging.admin.lines import Meter
from messaging.models import Conversation, Message, OutboxItem, WebhookDelivery, WebhookEvent
from messaging.services import measuring
from messaging.services.backlog import Backlog, backlog, oldest_of

HOURS = 24
CAP = measuring.CAP
LINES_SHOWN = 12
# A worker looks for work every second.
PATIENCE = timedelta(minutes=15)
State = MediaFile.State
LOST = (State.FAILED, State.EXPIRED, State.UNAVAILABLE, State.MISSING)


@dataclass(frozen=True, slots=True)
class Figure:
    word: str
    text: str
    tone: str
    address: str
    is_zero: bool


@dataclass(frozen=True, slots=True)
class LineRow:
    """How one strategy of one line does; times are texts."""

    line: str
    address: str
    meter: Meter
    median: str
    slow: str


@dataclass(frozen=True, slots=True)
class Place:
    """Whose figures: the user's reach, and the filter that leads the lists to the same rows."""

    user: Any
    reach: Reach
    client: Client | None
    now: datetime

    @property
    def since(self) -> datetime:
        return charts.hours_until(self.now, HOURS)[0]

    def address(self, model: Any, **query: Any) -> str:
        path = "client" if model is WhatsappInstance else "instance__client"
        own = {f"{path}__id__exact": self.client.pk} if self.client else {}
        return list_address(model, **query, **own)


def dashboard(user: Any, chosen: str, now: datetime) -> dict[str, Any]:
    clients = list(Client.objects.visible_to(user).order_by("name", "pk"))
    client = next((one for one in clients if str(one.pk) == chosen), None)
    place = Place(user, reach_of(user, client), client, now)
    waiting = backlog(user, place.reach, client)
    oldest = oldest_of(waiting)
    times = media.times(place.reach, since=place.since)
    return {
        "clients": clients if len(clients) > 1 else [],
        "client": client,
        "has_lines": place.reach.lines != (),
        "charts": [_messages(place), _files(place), _time_to_file(times, place)],
        "states": _states(place),
        "causes": _causes(place),
        "backlog": list(_backlog(place, waiting)),
        "oldest": oldest,
        "is_late": oldest is not None and oldest < now - PATIENCE,
        "lines": _lines(place, times),
        "lines_address": place.address(WhatsappInstance),
        "storage": storage.rows(place.reach, client, clients),
    }


def _messages(place: Place) -> Chart:
    window, found = measuring.messages_by_hour(place.reach, since=place.since)
    address = place.address(Conversation)
    series = [
        Series(Message.Direction.INBOUND, pgettext("messages", "received"), "in", address),
        Series(Message.Direction.OUTBOUND, pgettext("messages", "sent"), "out", address),
    ]
    counts = {(hour, direction): count for hour, direction, count in found}
    return _bars("messages", _("Messages per hour"), series, counts, window, place)


def _files(place: Place) -> Chart:
    window, found = media.files_by_hour(place.reach, since=place.since)
    counts: Counter[tuple[datetime, str]] = Counter()
    lost: Counter[str] = Counter({State.FAILED.value: 0})
    for hour, state, count in found:
        lost[state] += count if state in LOST else 0
        counts[hour, "ready" if state == State.READY else "lost" if state in LOST else "waiting"] += count
    series = [
        Series("ready", _("here"), "good", place.address(MediaFile, state__exact=State.READY.value)),
        Series("waiting", _("waiting"), "wait", place.address(MediaFile, state__exact=State.PENDING.value)),
        # A list shows one state at a time: that of most of them.
        Series(
            "lost", _("not here"), "bad", place.address(MediaFile, state__exact=lost.most_common(1)[0][0])
        ),
    ]
    return _bars("files", _("Media files per hour"), series, counts, window, place)


def _bars(key: str, title: str, series: list[Series], counts: Any, window: Window, place: Place) -> Chart:
    """An hour that the window cuts in two would look quiet; it is left out."""
    hours = charts.hours_until(place.now, HOURS)
    note = ""
    if window.is_cut:
        counts = {key: count for key, count in counts.items() if key[0] >= window.since}
        note = _("So much came that only the latest hours are counted.")
    return charts.bars(key, title, series, hours, counts, note=note)


def _time_to_file(times: list[media.Timed], place: Place) -> Chart:
    series = [Series("median", _("half of the files"), "in"), Series("slow", _("95 of 100 files"), "warn")]
    by_hour: dict[datetime, list[float]] = {}
    for one in times:
        by_hour.setdefault(one.told_at.replace(minute=0, second=0, microsecond=0), []).append(one.seconds)
    values: dict[tuple[datetime, str], float] = {}
    for hour, seconds in by_hour.items():
        seconds.sort()
        values[hour, "median"], values[hour, "slow"] = (
            media.quantile(seconds, 0.5),
            media.quantile(seconds, 0.95),
        )
    hours = charts.hours_until(place.now, HOURS)
    return charts.curves("times", _("Time until a file is here"), series, hours, values, word=span)


def span(seconds: float) -> str:
    if seconds < 60:
        return _("%(seconds)s s") % {"seconds": charts.written(seconds)}
    if seconds < 3600:
        return _("%(minutes)d min") % {"minutes": round(seconds / 60)}
    return _("%(hours)s h") % {"hours": charts.written(seconds / 3600)}


def _states(place: Place) -> list[Figure]:
    found = media.by_state(place.reach, cap=CAP)
    return [
        _figure(
            one.word,
            one.number,
            display.TONES.get(one.word, "calm"),
            place.address(MediaFile, state__exact=one.word),
        )
        for one in found
    ]


def _unread(place: Place) -> Figure:
    rows = place.reach.narrow(Conversation.objects.filter(unread_count__gt=0))
    [count] = counts_up_to(CAP, [rows])
    return _figure(_("unread"), count, "calm", place.address(Conversation))


def _figure(word: str, count: int, tone: str, address: str) -> Figure:
    return Figure(word, capped(count), tone, address, not count)


def capped(count: int) -> str:
    return f"{CAP}+" if count > CAP else str(count)


def _causes(place: Place) -> list[charts.Row]:
    return charts.rows(
        (
            str(MediaFile.Cause(one.word).label),
            min(one.number, CAP),
            capped(one.number),
            "bad",
            place.address(MediaFile, cause__exact=one.word),
        )
        for one in media.by_cause(place.reach, cap=CAP)
    )


@dataclass(frozen=True, slots=True)
class BacklogRow:
    word: str
    cells: list[Figure]
    oldest: datetime | None


BACKLOG: dict[str, tuple[Any, str]] = {
    "events": (WebhookEvent, "pending"),
    "media": (MediaFile, "pending"),
    "sends": (OutboxItem, "pending"),
    "deliveries": (WebhookDelivery, "pending"),
}


def _backlog(place: Place, found: dict[str, Backlog]) -> Iterable[BacklogRow]:
    words = {
        "events": _("Webhook events"),
        "media": _("Media files"),
        "sends": _("Sends"),
        "deliveries": _("Webhooks out"),
    }
    yield BacklogRow(_("Conversations"), [_unread(place)], None)
    for name, one in found.items():
        model, state = BACKLOG[name]
        yield BacklogRow(words[name], list(_cells(place, model, state, one)), one.waiting.oldest)


def _cells(place: Place, model: Any, waiting: str, one: Backlog) -> Iterable[Figure]:
    def address(state: str) -> str:
        if model is WebhookDelivery:
            return list_address(model, state__exact=state)
        return place.address(model, state__exact=state)

    yield _figure(_("wait"), one.waiting.count, "wait", address(waiting))
    if one.doubtful:
        yield _figure(_("in doubt"), one.doubtful.count, "warn", address("unknown"))
    yield _figure(_("failed"), one.failed.count, "bad", address("failed"))


def _lines(place: Place, times: list[media.Timed]) -> list[LineRow]:
    """Those with most that did not come, first."""
    found = sorted(
        media.rates(place.reach, since=place.since),
        key=lambda rate: (rate.ok - rate.attempts, -rate.attempts),
    )
    shown = found[:LINES_SHOWN]
    names = dict(
        WhatsappInstance.objects.filter(pk__in={one.instance_id for one in shown}).values_list("pk", "name")
    )
    seconds = media.grouped(times, "instance_id", "strategy")
    return [
        _line(rate, names[rate.instance_id], seconds.get((rate.instance_id, rate.strategy), []))
        for rate in shown
    ]


def _line(rate: media.Rate, name: str, seconds: list[float]) -> LineRow:
    return LineRow(
        line=display.visible_name(name),
        address=list_address(MediaFile, instance__id__exact=rate.instance_id),
        meter=Meter(rate.strategy, rate.ok, rate.attempts),
        median=span(media.quantile(seconds, 0.5)) if seconds else display.NOTHING,
        slow=span(media.quantile(seconds, 0.95)) if seconds else display.NOTHING,
    )
