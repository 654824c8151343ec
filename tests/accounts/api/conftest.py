from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.models import ApiToken, Client, Role, User
from tests.simulator.server import Simulator
from tests.simulator.world import Line
from tests.telling import composer, sim
from tests.tenants import Rows, acme, people, rival, static_files_as_they_are

__all__ = ["acme", "people", "rival", "sim", "static_files_as_they_are"]

Calls = Callable[..., APIClient]


def bearing(user: User, client: Client, role: Role = Role.MANAGER) -> APIClient:
    _, key = ApiToken.issue(user=user, client=client, role=role, name="test")
    caller = APIClient()
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return caller


@pytest.fixture
def calls(people: dict[str, User], acme: Rows, rival: Rows) -> Calls:
    """Somebody with a token of the own client; root with a session."""

    def calling(name: str, role: Role = Role.MANAGER) -> APIClient:
        if name != "root":
            return bearing(people[name], rival.client if name == "charlie" else acme.client, role)
        caller = APIClient()
        caller.force_login(people[name])
        return caller

    return calling


@pytest.fixture
def line(sim: Simulator, acme: Rows) -> Line:
    return composer(sim.world, acme.instance).line
