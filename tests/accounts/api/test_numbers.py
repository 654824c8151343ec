"""Numbers in an address are text of any length until somebody reads them."""

import pytest

from accounts.numbers import LARGEST, whole_number
from tests.accounts.api.conftest import Calls
from tests.tenants import Rows

ENDLESS = "0" * 9 + "1" + "9" * 5000
PADDED = "0" * 19 + "1" + "9" * 12


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("000", 0), ("7", 7), ("0" * 5000 + "7", 7), (str(LARGEST), LARGEST), ("007", 7)],
)
def test_plain_digits_are_a_number(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", " 1", "²", "٣", "1_0", str(LARGEST + 1), ENDLESS])
def test_anything_else_is_none(text: str) -> None:
    assert whole_number(text) is None


@pytest.mark.django_db
@pytest.mark.parametrize("text", [ENDLESS, PADDED, "0000000001999"], ids=["endless", "padded", "large"])
@pytest.mark.parametrize(
    "path",
    [
        "tokens/?limit=",
        "changes/?after=0&limit=",
        "conversations/{conversation}/messages/?limit=",
    ],
)
def test_zeros_in_front_make_no_page_longer(path: str, text: str, acme: Rows, calls: Calls) -> None:
    address = "/api/v1/" + path.format(conversation=acme.conversation.pk) + text
    response = calls("bob").get(address)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "limit")


@pytest.mark.django_db
@pytest.mark.parametrize("text", [ENDLESS, PADDED * 2], ids=["endless", "padded"])
@pytest.mark.parametrize(
    "path",
    [
        "changes/?after=",
        "changes/?after=0&instance=",
        "stream/?after=",
        "conversations/?assigned_to=",
        "conversations/{conversation}/messages/?around=",
    ],
)
def test_a_number_that_no_database_takes_is_refused(path: str, text: str, acme: Rows, calls: Calls) -> None:
    address = "/api/v1/" + path.format(conversation=acme.conversation.pk) + text
    assert calls("bob").get(address).status_code == 400
