"""Numbers as the shapes of charts; templates draw them as SVG. Shapes lie in a field of WIDTH by HEIGHT."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format

WIDTH, HEIGHT = 240.0, 100.0
SHARE_OF_COLUMN = 0.76
STEPS = (1, 2, 2.5, 5, 10)
# Seconds whose halves are round too.
SPANS = (1, 2, 4, 10, 20, 60, 120, 600, 1_200, 3_600, 7_200, 14_400, 43_200, 86_400)
DAY_SECONDS = 86_400
HOUR = timedelta(hours=1)
# Every so many hours stands a word under the chart; every other of those goes away on a phone.
HOURS_PER_LABEL = 3


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of thing that is counted; ``tone`` names its colour, ``address`` the list behind it."""

    key: str
    label: str
    tone: str
    address: str = ""
    total: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    tone: str
    x: float
    y: float
    width: float
    height: float
    address: str


@dataclass(frozen=True, slots=True)
class Column:
    """``title`` is the hour with its numbers; ``values`` stand in the order of the series."""

    hour: datetime
    title: str
    values: list[str]
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Line:
    tone: str
    points: str
    dots: list[tuple[float, float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """``top`` and ``middle`` stand at the axis. ``note`` says what is left out."""

    key: str
    title: str
    series: list[Series]
    columns: list[Column]
    labels: list[str]
    top: str
    middle: str
    is_empty: bool
    lines: list[Line] = field(default_factory=list)
    note: str = ""
    width: float = WIDTH
    height: float = HEIGHT


def hours_until(now: datetime, count: int) -> list[datetime]:
    """The hours that the last ``count`` hours lie in, the earliest first, in UTC."""
    last = now.replace(minute=0, second=0, microsecond=0)
    return [last - HOUR * back for back in reversed(range(count))]


def round_top(most: float) -> float:
    """A round number that is not less."""
    if most <= 0:
        return 1.0
    size = 1.0
    while size * 10 < most:
        size *= 10
    while size > most:
        size /= 10
    return next(step * size for step in STEPS if step * size >= most)


def round_span(most: float) -> float:
    """A round time that is not less."""
    whole_days = -(-most // DAY_SECONDS) * DAY_SECONDS
    return next((span for span in SPANS if span >= most), whole_days)


def bars(
    key: str,
    title: str,
    series: Sequence[Series],
    hours: Sequence[datetime],
    counts: dict[tuple[datetime, str], int],
    *,
    note: str = "",
) -> Chart:
    """Stacked by hour."""
    stacks = [[counts.get((hour, one.key), 0) for one in series] for hour in hours]
    top = max(2.0, round_top(max(map(sum, stacks), default=0)))
    columns = [
        Column(
            hour,
            told(hour, series, map(str, stack)),
            list(map(str, stack)),
            _parts(place, stack, series, top, len(hours)),
        )
        for place, (hour, stack) in enumerate(zip(hours, stacks, strict=True))
    ]
    totals = [
        _with_total(one, str(sum(column)))
        for one, column in zip(series, zip(*stacks, strict=True), strict=True)
    ]
    return Chart(
        key=key,
        title=title,
        series=totals,
        columns=columns,
        labels=labels(hours),
        top=short(top),
        middle=short(top / 2),
        is_empty=not any(map(sum, stacks)),
        note=note,
    )


def _with_total(series: Series, total: str) -> Series:
    return Series(series.key, series.label, series.tone, series.address, total)


def _parts(place: int, stack: Sequence[int], series: Sequence[Series], top: float, count: int) -> list[Part]:
    width = WIDTH / count
    x, base, parts = place * width + width * (1 - SHARE_OF_COLUMN) / 2, HEIGHT, []
    for value, one in zip(stack, series, strict=True):
        if value:
            height = value / top * HEIGHT
            base -= height
            parts.append(
                Part(
                    one.tone,
                    round(x, 2),
                    round(base, 2),
                    round(width * SHARE_OF_COLUMN, 2),
                    round(height, 2),
                    one.address,
                )
            )
    return parts


def curves(
    key: str,
    title: str,
    series: Sequence[Series],
    hours: Sequence[datetime],
    values: dict[tuple[datetime, str], float],
    *,
    word: Any,
) -> Chart:
    """Seconds, one curve for each series; the curve steps over an hour without a value. ``word`` writes a value."""
    top = round_span(max(values.values(), default=0))
    columns = []
    for hour in hours:
        texts = [word(values[hour, one.key]) if (hour, one.key) in values else "–" for one in series]
        columns.append(Column(hour, told(hour, series, texts), texts, []))
    return Chart(
        key=key,
        title=title,
        series=list(series),
        columns=columns,
        labels=labels(hours),
        top=word(top),
        middle=word(top / 2),
        is_empty=not values,
        lines=[_line(one, hours, values, top) for one in series],
    )


def _line(
    one: Series, hours: Sequence[datetime], values: dict[tuple[datetime, str], float], top: float
) -> Line:
    width = WIDTH / len(hours)
    dots = [
        (round((place + 0.5) * width, 2), round(HEIGHT - values[hour, one.key] / top * HEIGHT, 2))
        for place, hour in enumerate(hours)
        if (hour, one.key) in values
    ]
    return Line(one.tone, " ".join(f"{x},{y}" for x, y in dots), dots)


def told(hour: datetime, series: Iterable[Series], values: Iterable[str]) -> str:
    moment = date_format(timezone.localtime(hour), "TIME_FORMAT")
    return f"{moment}: " + ", ".join(
        f"{value} {one.label}" for one, value in zip(series, values, strict=True)
    )


def labels(hours: Sequence[datetime]) -> list[str]:
    """One for every so many columns, each as wide as those together."""
    chosen = hours[::HOURS_PER_LABEL]
    return [f"{timezone.localtime(hour):%H:%M}" for hour in chosen]


def short(number: float) -> str:
    if number >= 1_000:
        return f"{written(number / 1_000)}k"
    return written(number)


def written(number: float) -> str:
    """With one decimal at most, as the reader's language writes it."""
    rounded = round(number, 1)
    return number_format(int(rounded) if rounded == int(rounded) else rounded)


@dataclass(frozen=True, slots=True)
class Row:
    """One bar that lies; ``percent`` of the longest."""

    label: str
    text: str
    percent: float
    tone: str
    address: str


def rows(found: Iterable[tuple[str, float, str, str, str]]) -> list[Row]:
    """Of label, value, the value as text, tone, and address."""
    known = list(found)
    most = max((value for _, value, *_ in known), default=0) or 1
    return [
        Row(label, text, round(value / most * 100, 1), tone, address)
        for label, value, text, tone, address in known
    ]
