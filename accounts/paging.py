"""Places in long lists ordered by (time, id): no COUNT(*), no OFFSET, the millionth row as near as the first."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from accounts.numbers import LARGEST

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in a list ordered by newest time, then highest id."""

    moment: datetime | None
    pk: int

    def __str__(self) -> str:
        micros = "" if self.moment is None else (self.moment - _EPOCH) // _MICROSECOND
        return f"{micros}.{self.pk}"

    @classmethod
    def read(cls, text: str) -> "Place | None":
        micros, _, pk = text.partition(".")
        try:
            moment = _EPOCH + timedelta(microseconds=int(micros)) if micros else None
            return cls(moment, min(int(pk), LARGEST))
        except (ValueError, OverflowError):
            return None

    @classmethod
    def of(cls, row: Any, field: str) -> "Place":
        return cls(getattr(row, field) if field else None, row.pk)


def beyond(rows: Any, field: str, place: Place, *, older: bool) -> Any:
    """Rows after ``place``, or before it. No field: the id alone orders. NULLs lie where the database sorts them."""
    side = "lt" if older else "gt"
    if not field:
        return rows.filter(**{f"pk__{side}": place.pk})
    nulls_there = connection.features.nulls_order_largest is not older
    nullable = rows.model._meta.get_field(field).null
    further = Q(**{field: place.moment, f"pk__{side}": place.pk})
    if place.moment is None:
        return rows.filter(further if nulls_there else further | Q(**{f"{field}__isnull": False}))
    further |= Q(**{f"{field}__{side}": place.moment})
    if nullable and nulls_there:
        return rows.filter(further | Q(**{f"{field}__isnull": True}))
    # The plain bound is what lets the index start at the place.
    return rows.filter(further, **{f"{field}__{side}e": place.moment})
