"""What an answer must not tell, and what must not be written meanwhile."""

import re
from contextlib import contextmanager

from django.db import connection

from tests.tenants import SECRETS

ACME = re.compile(r"acme|\b(alice|bob|mona)\b", re.IGNORECASE)
# Of Acme's rows, and not what a stranger typed into the search field.
OF_ROWS = re.compile(
    r"Acme (line|text|title|contact|label|note|answer|reason|hook|token|person|trouble|picture|caption|went)"
)
WRITES = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
WRITTEN_ANYWAY = {"django_session"}


def told(response):
    parts = response.streaming_content if response.streaming else [response.content]
    headers = "\n".join(f"{name}: {value}" for name, value in response.items())
    return headers + b"".join(parts).decode("utf-8", "replace")


@contextmanager
def writes():
    """The tables that are written to meanwhile."""
    found = set()

    def look(execute, sql, params, many, context):
        table = WRITES.match(sql)
        if table and table[1] not in WRITTEN_ANYWAY:
            found.add(table[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield found


def refused(response, *, secret=ACME):
    """What is wrong with the answer, or nothing."""
    slipped = secret.search(told(response))
    if response.status_code not in (302, 403, 404, 405):
        return f"{response.status_code}"
    return f"{response.status_code} tells {slipped[0]}" if slipped else ""


def tells_nothing(response, *, secret=ACME):
    slipped = secret.search(told(response))
    if response.status_code >= 500:
        return f"{response.status_code}"
    return f"{response.status_code} tells {slipped[0]}" if slipped else ""


def wrong(chosen, answer):
    found = {str(page): answer(page) for page in chosen}
    return {page: trouble for page, trouble in found.items() if trouble}


def statuses(browser, chosen, rows, allowed):
    """Pages with another status than allowed, or with a secret."""

    def answer(page):
        response = browser.get(page.address(rows))
        text = told(response)
        unexpected = "" if response.status_code in allowed(page) else response.status_code
        return unexpected or [word for word in SECRETS if word in text]

    return wrong(chosen, answer)
