"""A line at each provider, and the wire to them, on which nothing travels but what a test put there."""

from collections.abc import Iterator

import pytest
import responses

from accounts.providers.base import Credentials
from accounts.providers.cloud.client import Cloud
from accounts.providers.http import Door, Rules
from accounts.providers.wapi.client import WApi
from tests.accounts.providers import lines


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as wire:
        yield wire


@pytest.fixture
def wapi() -> WApi:
    credentials = Credentials(instance_id=lines.WAPI_ID, token=lines.TOKEN)
    return WApi(credentials, door=Door(Rules()), base_url=lines.WAPI)


@pytest.fixture
def cloud() -> Cloud:
    credentials = Credentials(
        instance_id=lines.CLOUD_ID, token=lines.TOKEN, app_secret="a secret", verify_token="a word"
    )
    return Cloud(credentials, door=Door(Rules(extra=("gateway.example.com",))), base_url=lines.CLOUD)
