"""Which row of a client stands for a model on the admin's pages. Every name and text of it carries the client's name.

A model with a ``client_path`` needs no line here, but a row: make one in ``furnish``.
"""

from typing import Any

import pytest
from axes.models import AccessAttempt  # type: ignore[import-untyped]
from django.apps import apps

from accounts.models import Membership, User
from tests.api.rows import furnish as furnish_for_api
from tests.tenants import PICTURE, Rows, make_message, make_ready

OWN_WAY: dict[str, Any] = {
    "accounts.user": lambda rows: _member(rows),
    "axes.accessattempt": lambda rows: AccessAttempt.objects.get(username=_member(rows).username),
}


def furnish(rows: Rows) -> Rows:
    furnish_for_api(rows)
    name = rows.client.name
    picture = make_ready(rows.instance, PICTURE, chat_id="c", filename=f"{name} picture.jpg")
    make_message(rows.conversation, text=f"{name} caption", type="image", media=picture)
    AccessAttempt.objects.create(
        username=_member(rows).username, ip_address="192.0.2.1", failures_since_start=3
    )
    return rows


def row_of(label: str, rows: Rows) -> Any:
    """The client's row of this model, like ``messaging.conversation``."""
    if label in OWN_WAY:
        return OWN_WAY[label](rows)
    model = apps.get_model(label)
    path = getattr(model._default_manager.all(), "client_path", None)
    found = model._default_manager.filter(**{path: rows.client.pk}).order_by("pk").first() if path else None
    if found is None:
        pytest.fail(f"Which {label} is {rows.client.name}'s? Make one in furnish() of tests/admin/rows.py.")
    return found


def _member(rows: Rows) -> User:
    return Membership.objects.get(client=rows.client, user__username__startswith="staff-").user
