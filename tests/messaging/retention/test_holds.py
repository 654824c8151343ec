"""Holds and what they hold back, at the same moment."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from messaging.models import LegalHold
from messaging.services import holds
from tests.tenants import Rows, make_rows


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_hold_waits_for_the_batch_in_hand() -> None:
    acme: Rows = make_rows("Acme")
    placed: list[float] = []

    def place() -> None:
        holds.place(LegalHold(client=acme.client, reason="court"), by=None, now=timezone.now())
        placed.append(time.monotonic())
        connection.close()

    other = threading.Thread(target=place)
    with transaction.atomic():
        holds.take_turns(acme.client.pk)
        other.start()
        other.join(0.3)
        ended = time.monotonic()
    other.join()
    assert placed and placed[0] >= ended
