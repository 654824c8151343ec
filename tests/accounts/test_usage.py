import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Usage, WhatsappInstance
from accounts.usage import Used, count, month_of, take_back
from tests.telling import make_wapi

pytestmark = pytest.mark.django_db

MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def line(db: None) -> WhatsappInstance:
    return make_wapi()


def rows() -> list[tuple[object, ...]]:
    found = Usage.objects.order_by("instance", "month", "kind")
    return list(found.values_list("month", "kind", "inbound", "outbound", "files", "bytes"))


def test_what_is_used_again_is_added(line: WhatsappInstance) -> None:
    for _ in range(2):
        count([Used(instance_id=line.pk, kind="image", inbound=1, files=1, bytes=70)], now=MARCH)
    count([Used(instance_id=line.pk, kind="image", outbound=3)], now=MARCH)
    assert rows() == [(date(2026, 3, 1), "image", 2, 3, 2, 140)]


def test_a_batch_of_many_kinds_is_one_statement(line: WhatsappInstance) -> None:
    used = [Used(instance_id=line.pk, kind=kind, inbound=1) for kind in ("text", "image", "text")]
    with CaptureQueriesContext(
        connection,
    ) as told:
        count(used, now=MARCH)
    assert len(told) == 1
    assert [row[1:3] for row in rows()] == [("image", 1), ("text", 2)]


def test_more_rows_than_a_statement_takes_are_all_counted(line: WhatsappInstance) -> None:
    count([Used(instance_id=line.pk, kind=f"k{n}", inbound=n) for n in range(250)], now=MARCH)
    assert Usage.objects.count() == 250
    assert sum(row[2] for row in rows() if isinstance(row[2], int)) == sum(range(250))


def test_rows_are_taken_in_one_order_whoever_counts(line: WhatsappInstance) -> None:
    other = make_wapi(line.client, "another-id")
    used = [Used(instance_id=pk, kind=kind) for pk in (other.pk, line.pk) for kind in ("video", "audio")]
    with CaptureQueriesContext(connection) as told:
        count(used, now=MARCH)
    sql = told[0]["sql"]
    places = [sql.index(f"({pk}, ", sql.index("VALUES")) for pk in (line.pk, other.pk)]
    assert places == sorted(places)
    assert sql.index("audio") < sql.index("video")


def test_what_is_taken_back_never_falls_below_nothing(line: WhatsappInstance) -> None:
    one = Used(instance_id=line.pk, kind="text", outbound=1)
    count([one], now=MARCH)
    for _ in range(2):
        take_back(one, now=MARCH)
    assert rows() == [(date(2026, 3, 1), "text", 0, 0, 0, 0)]


def test_nothing_used_asks_nothing_of_the_database(line: WhatsappInstance) -> None:
    with CaptureQueriesContext(connection) as told:
        count([], now=MARCH)
    assert len(told) == 0


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 2, 28, 23, 59, tzinfo=UTC), date(2026, 2, 1)),
        (datetime(2026, 2, 28, 22, tzinfo=timezone(timedelta(hours=-3))), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=3))), date(2026, 2, 1)),
    ],
)
def test_a_month_begins_in_utc(moment: datetime, month: date) -> None:
    assert month_of(moment) == month


@pytest.mark.django_db(transaction=True)
def test_workers_that_count_at_once_lose_nothing_and_never_block_each_other() -> None:
    line = make_wapi()
    kinds = [f"kind{number}" for number in range(8)]

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(25):
            with transaction.atomic():
                shuffled = chance.sample(kinds, len(kinds))
                count([Used(instance_id=line.pk, kind=kind, inbound=1) for kind in shuffled], now=MARCH)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert set(Usage.objects.values_list("inbound", flat=True)) == {100}
