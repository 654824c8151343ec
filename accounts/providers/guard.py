"""Connections that never lead into our own network, whatever a name resolves to.

The name is resolved once and connected to by the address that was checked, so what it resolves to a moment later does
not matter. A connection to a name that is opened later is checked anew.
"""

from ipaddress import ip_address, ip_network
from typing import Any

import requests
from requests_hardened.ip_filter import InvalidIPAddress  # type: ignore[import-untyped]
from requests_hardened.ip_filter_adapter import IPFilterAdapter  # type: ignore[import-untyped]

# What the library lets pass: IPv6 addresses that carry one of IPv4, and those of a site, of former days.
FURTHER = tuple(map(ip_network, ("::/96", "::ffff:0:0:0/96", "fec0::/10")))


class GuardedAdapter(IPFilterAdapter):  # type: ignore[misc]
    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        place, options = super().build_connection_pool_key_attributes(request, verify, cert)
        address = ip_address(place["host"].strip("[]"))
        if not address.is_global or any(address in network for network in FURTHER):
            raise InvalidIPAddress(address)
        return place, options
