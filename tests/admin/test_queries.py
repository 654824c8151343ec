"""No page asks the database more often because there is more to show."""

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.admin.growing import grow
from tests.admin.routes import pages

pytestmark = pytest.mark.django_db

# Pages that may ask more often, and why.
MAY_GROW: dict[str, str] = {}
TEN_TIMES = 10
ALL = [page for page in pages() if str(page) not in MAY_GROW]


def asked(browser, address):
    """How many statements, with nothing remembered of earlier pages."""
    cache.clear()
    ContentType.objects.get_for_models(*apps.get_models())
    with CaptureQueriesContext(connection) as seen:
        response = browser.get(address)
        if response.streaming:
            b"".join(response.streaming_content)
    assert response.status_code < 500, address
    return len(seen)


def counted(browsers, addresses):
    """Of an administrator every page; of a client's manager those that tell of many rows."""
    return {
        (name, page): asked(browser, address)
        for name, browser in browsers.items()
        for page, address in addresses.items()
        if name == "root" or not page.has_object
    }


def test_no_page_asks_more_often_for_more_rows(acme, browser_of):
    browsers = {name: browser_of(name) for name in ("root", "mona")}
    # The trail asks once for each kind of object, and every page that is opened stands in it: it comes last.
    ordered = sorted(ALL, key=lambda page: page.model == "accounts.auditentry")
    addresses = {page: page.address(acme) for page in ordered}
    grow(acme, [0])
    of_few = counted(browsers, addresses)
    grow(acme, range(1, TEN_TIMES))
    of_many = counted(browsers, addresses)
    grown = {f"{who} {page}": (of_few[who, page], many) for (who, page), many in of_many.items()}
    assert {page: counts for page, counts in grown.items() if counts[1] > counts[0]} == {}
