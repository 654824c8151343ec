from collections import Counter

import pytest

from accounts.diagnosing import bounding
from accounts.diagnosing.bounding import first_of_each
from accounts.models import Client, WhatsappInstance
from messaging.models import WebhookEvent

pytestmark = pytest.mark.django_db


@pytest.fixture(name="lines")
def lines_with_events():
    """Three lines with five, three and no events, as they come: one after the other."""
    client = Client.objects.create(name="Acme", slug="acme")
    lines = [
        WhatsappInstance.objects.create(client=client, name=f"L{n}", provider="wapi", instance_id=f"l{n}")
        for n in range(3)
    ]
    for line in (0, 1, 0, 1, 0, 1, 0, 0):
        WebhookEvent.objects.create(instance=lines[line], body=b"{}")
    return [line.pk for line in lines]


def found(lines, **options):
    parts = first_of_each(WebhookEvent.objects.all(), lines, **options)
    return [pk for part in parts for pk in part.values_list("pk", flat=True)]


def test_each_line_has_its_newest_rows(lines):
    rows = WebhookEvent.objects.filter(pk__in=found(lines, by="-id", most=3))
    assert Counter(rows.values_list("instance", flat=True)) == {lines[0]: 3, lines[1]: 3}
    oldest = WebhookEvent.objects.filter(instance=lines[0]).order_by("pk")[:2]
    assert not {row.pk for row in oldest} & {row.pk for row in rows}


def test_each_line_has_its_first_rows(lines):
    firsts = [WebhookEvent.objects.filter(instance=pk).order_by("pk").first().pk for pk in lines[:2]]
    assert sorted(found(lines, by="id", most=1)) == sorted(firsts)


def test_a_line_with_fewer_rows_has_all_of_them(lines):
    assert len(found(lines, by="-id", most=100)) == 8


def test_other_lines_are_left_out(lines):
    assert len(found(lines[1:], by="-id", most=100)) == 3
    assert found([], by="-id", most=100) == []


def test_hundreds_of_lines_are_asked_for_in_parts(lines, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(bounding, "LINES_AT_ONCE", 2)
    with django_assert_num_queries(4):
        assert len(found(lines, by="-id", most=3)) == 6
