import pytest
from django.urls import reverse

from accounts.models import User
from tests.tenants import (  # noqa: F401
    LogIn,
    Rows,
    acme,
    browser_of,
    people,
    rival,
    static_files_as_they_are,
)

# ruff: noqa: F811 - pytest passes fixtures by the names under which they are imported.


@pytest.mark.parametrize(("kind", "name"), [("client", "role"), ("user", "role"), ("user", "client")])
def test_a_field_in_a_table_is_named_for_a_screen_reader(
    kind: str, name: str, acme: Rows, people: dict[str, User], browser_of: LogIn
) -> None:
    row = {"client": acme.client, "user": people["alice"]}[kind]
    response = browser_of("root").get(reverse(f"admin:accounts_{kind}_change", args=[row.pk]))
    form = response.context["inline_admin_formsets"][0].formset.forms[0]
    assert f'aria-label="{name.capitalize()}"' in str(form[name])


def test_operators_read_who_works_with_them_without_links_they_may_not_follow(
    acme: Rows, browser_of: LogIn
) -> None:
    page = browser_of("alice").get(f"/admin/accounts/client/{acme.client.pk}/change/").content.decode()
    assert "mona" in page
    assert "/admin/accounts/user/" not in page
