"""Where a client's own systems may be called: any public host by https; what the administrator lists in
MEDIA_EXTRA_HOSTS may be http and private."""

import ipaddress
from functools import lru_cache

from django.conf import settings

from accounts.providers import errors
from accounts.providers.bodies import Pace
from accounts.providers.hosts import Rules
from accounts.providers.http import Door

# To connect, and of silence. An answer as a whole has ANSWER_SECONDS, however it comes.
TIMEOUT = (4.0, 10.0)
ANSWER_SECONDS = 10.0
PRIVATE_NAMES = ("localhost", "local", "internal")


def check_target(url: str) -> None:
    """Whether the address may be called at all; that its name leads to no private place is seen at each call."""
    place = _rules(tuple(settings.MEDIA_EXTRA_HOSTS)).check(url)
    if not place.trusted and not _is_public(place.host):
        raise errors.HostNotAllowed("not a public host")


def door() -> Door:
    return _door(tuple(settings.MEDIA_EXTRA_HOSTS))


def _is_public(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name, _, last = host.rpartition(".")
        # A name that ends in a number is an address in one of its odd spellings.
        numeric = last.isdigit() or last.startswith("0x")
        return bool(name) and not numeric and last not in PRIVATE_NAMES
    return address.is_global and not address.is_multicast


def _rules(extra_hosts: tuple[str, ...]) -> Rules:
    return Rules(allowed=("*",), extra=extra_hosts)


@lru_cache(maxsize=4)
def _door(extra_hosts: tuple[str, ...]) -> Door:
    pace = Pace(window=ANSWER_SECONDS)
    return Door(_rules(extra_hosts), timeout=TIMEOUT, pace=pace, within=ANSWER_SECONDS)
