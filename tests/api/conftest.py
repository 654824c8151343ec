"""One client with one of everything beside another one."""

import pytest

from tests.api.rows import furnish
from tests.tenants import acme as acme_alone
from tests.tenants import browser_of, people, static_files_as_they_are
from tests.tenants import rival as rival_alone

__all__ = ["acme_alone", "browser_of", "people", "rival_alone", "static_files_as_they_are"]


@pytest.fixture
def acme(acme_alone):
    return furnish(acme_alone)


@pytest.fixture
def rival(rival_alone):
    return furnish(rival_alone)
