"""Acme has one of everything that the admin shows. Charlie manages Rival, Olga operates it, and Stan is no one's."""

import pytest
from django.test import Client as Browser

from accounts.models import Membership, Role
from tests.admin.rows import furnish
from tests.tenants import acme as acme_alone
from tests.tenants import make_user, static_files_as_they_are
from tests.tenants import people as people_of_both
from tests.tenants import rival as rival_alone

__all__ = ["acme_alone", "people_of_both", "rival_alone", "static_files_as_they_are"]


@pytest.fixture
def acme(acme_alone):
    return furnish(acme_alone)


@pytest.fixture
def rival(rival_alone):
    return furnish(rival_alone)


@pytest.fixture
def people(people_of_both, rival):
    """Stan has no client at all."""
    stan = make_user("stan")
    assert not Membership.objects.filter(user=stan).exists()
    return people_of_both | {"olga": make_user("olga", rival.client, Role.OPERATOR), "stan": stan}


@pytest.fixture
def browser_of(people):
    def log_in(name):
        browser = Browser(raise_request_exception=False)
        if name:
            browser.force_login(people[name])
        return browser

    return log_in
