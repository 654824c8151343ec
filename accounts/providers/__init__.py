"""How to talk to the providers: pure code, no Django, no settings, no clock.

It stands under accounts because an instance is an account at a provider, and all three apps need it.
"""

from accounts.providers.base import Provider
from accounts.providers.cloud.client import Cloud
from accounts.providers.wapi.client import WApi

PROVIDERS: dict[str, type[Provider]] = {WApi.name: WApi, Cloud.name: Cloud}
