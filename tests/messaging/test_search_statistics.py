"""What PostgreSQL knows of texts decides whether a search reads a handful of messages or all of them."""

import pytest
from django.db import connection


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's index needs no such advice")
def test_texts_are_sampled_better_than_usual():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attstattarget FROM pg_attribute WHERE attrelid = 'messaging_message_search'::regclass"
        )
        assert cursor.fetchone() == (1000,)
