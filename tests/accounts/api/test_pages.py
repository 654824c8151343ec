"""Pages by place: nothing is missed and nothing comes twice, whatever is written meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import ApiToken, User
from tests.accounts.api.conftest import Calls
from tests.tenants import Rows

TOKENS, INSTANCES = "/api/v1/tokens/", "/api/v1/instances/"


@pytest.fixture
def seven(acme: Rows, people: dict[str, User]) -> list[str]:
    """Newest first; two were made at the same moment."""
    now = timezone.now() - timedelta(days=1)
    for number, minutes in enumerate((0, 1, 2, 2, 3, 4, 5)):
        made = now + timedelta(minutes=minutes)
        ApiToken.issue(user=people["alice"], client=acme.client, name=f"t{number}", created_at=made)
    return [f"t{number}" for number in reversed(range(7))]


def read(caller: Any, path: str) -> tuple[list[str], Any]:
    page = caller.get(path).json()
    return [row["name"] for row in page["results"]], page


def test_following_next_reads_everything_once(seven: list[str], calls: Calls) -> None:
    root, found, path = calls("root"), [], f"{TOKENS}?limit=3"
    while path:
        names, page = read(root, path)
        found += names
        path = page["next"]
    assert found == seven


def test_the_first_page_has_nothing_newer_and_the_last_nothing_older(seven: list[str], calls: Calls) -> None:
    root = calls("root")
    _, first = read(root, f"{TOKENS}?limit=4")
    names, last = read(root, first["next"])
    assert (first["previous"], last["next"]) == (None, None)
    assert names == seven[4:]


def test_previous_leads_back_by_the_same_rows(seven: list[str], calls: Calls) -> None:
    root = calls("root")
    _, first = read(root, f"{TOKENS}?limit=3")
    _, second = read(root, first["next"])
    _, third = read(root, second["next"])
    names, back = read(root, third["previous"])
    assert names == seven[3:6]
    assert read(root, back["previous"])[0] == seven[:3]
    assert read(root, back["next"])[0] == seven[6:]


def test_a_row_that_is_written_meanwhile_moves_no_page(
    seven: list[str], acme: Rows, people: dict[str, User], calls: Calls
) -> None:
    root = calls("root")
    _, first = read(root, f"{TOKENS}?limit=3")
    ApiToken.issue(user=people["alice"], client=acme.client, name="new")
    ApiToken.objects.filter(name=seven[2]).delete()
    names, second = read(root, first["next"])
    assert names == seven[3:6]
    assert read(root, second["previous"])[0] == ["new", *seven[:2]]


def test_links_keep_the_filters(seven: list[str], acme: Rows, calls: Calls) -> None:
    _, first = read(calls("root"), f"{TOKENS}?limit=3&valid=true&client={acme.client.pk}")
    assert all(part in first["next"] for part in ("valid=true", f"client={acme.client.pk}", "limit=3"))


@pytest.mark.parametrize("path", [TOKENS, INSTANCES])
@pytest.mark.parametrize(
    "cursor",
    ["x", "older", "older.", "older.1", "older.1.x", "sideways.1.1", "older.1." + "9" * 5000, "newer.\x00.1",
     "older." + "9" * 30 + ".1"],
)  # fmt: skip
def test_a_cursor_that_no_page_gave_is_refused(cursor: str, path: str, calls: Calls) -> None:
    answer = calls("root").get(path, {"cursor": cursor})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


@pytest.mark.parametrize("path", [TOKENS, INSTANCES])
@pytest.mark.parametrize(
    "cursor", ["older..1", "newer..1", "older.1.-5", "older.1." + "9" * 30, "newer.-62135596800000000.1",
               "older.253402300799999999.1"]
)  # fmt: skip
def test_a_cursor_of_no_row_is_a_place_all_the_same(cursor: str, path: str, acme: Rows, calls: Calls) -> None:
    assert calls("root").get(path, {"cursor": cursor}).status_code == 200
