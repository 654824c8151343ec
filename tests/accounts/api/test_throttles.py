"""Who guesses passwords does not get more turns by calling from many places."""

from itertools import count

import pytest
from rest_framework.test import APIClient

from accounts.logins.callers import caller_at
from accounts.models import User

pytestmark = pytest.mark.once
LOGIN = "/api/v1/auth/login/"
NAMES = count()


def guess(address: str) -> int:
    """Another name each time: one name would be locked out sooner."""
    caller = APIClient(REMOTE_ADDR=address)
    wrong = {"username": f"name{next(NAMES)}", "password": "a wrong password"}
    return int(caller.post(LOGIN, wrong, format="json").status_code)


def test_a_crowd_elsewhere_makes_the_throttle_forget_nobody(people: dict[str, User]) -> None:
    assert [guess("192.0.2.7") for _ in range(11)] == [401] * 10 + [429]
    for number in range(400):
        headers = {"X-Forwarded-For": f"198.51.{number // 250}.{number % 250}"}
        APIClient().get("/api/v1/media/links/x/", headers=headers)
    assert guess("192.0.2.7") == 429


def test_a_whole_network_of_ipv6_is_one_caller(people: dict[str, User]) -> None:
    found = [guess(f"2001:db8:1:2::{number:x}") for number in range(11)]
    assert found == [401] * 10 + [429]
    assert guess("2001:db8:1:3::1") == 401


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::/64"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_what_is_no_address_is_taken_as_it_is(address: str, caller: str) -> None:
    assert caller_at(address) == caller
