"""Where a request comes from."""

from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any

from django.conf import settings


def address_of(request: Any) -> str:
    """The proxy in front adds the true address last; without one, the header is anybody's word."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")


def caller_at(address: str) -> str:
    """Who has one address of IPv6 has all that share its first half."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    return str(found.ipv4_mapped or IPv6Network((found.packed, 64), strict=False))


def valid_address(text: str) -> str:
    """An address and nothing else, or nothing."""
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
