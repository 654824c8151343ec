"""Signs of life, and whose turn it is: rows that the first to move them forward wins."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from messaging.models import Sign


def my_turn(name: str, every: timedelta, now: datetime) -> datetime | None:
    """When it was done last, if it is due and nobody else was quicker; then it counts as done now."""
    last = Sign.objects.filter(name=name).values_list("at", flat=True).first()
    if last is None:
        return _first(name, now)
    if last > now - every:
        return None
    return last if Sign.objects.filter(name=name, at=last).update(at=now) else None


def _first(name: str, now: datetime) -> datetime | None:
    try:
        with transaction.atomic():
            Sign.objects.create(name=name, at=now)
    except IntegrityError:
        return None
    return now


def give(name: str, now: datetime) -> None:
    Sign.objects.update_or_create(name=name[:120], defaults={"at": now})


def last(name: str) -> datetime | None:
    found: datetime | None = Sign.objects.filter(name=name[:120]).values_list("at", flat=True).first()
    return found
