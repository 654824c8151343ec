"""What the API tells is kept by nobody in between."""

import pytest
from django.test import Client as Browser

from accounts.models import ApiToken, User
from tests.tenants import Rows, acme, make_ready, people, rival

__all__ = ["acme", "people", "rival"]
pytestmark = pytest.mark.django_db
ME = "/api/v1/me/"


def test_no_proxy_keeps_an_answer_or_an_error(people: dict[str, User], acme: Rows) -> None:
    _, key = ApiToken.issue(user=people["bob"], client=acme.client, role="viewer", name="wall")
    answers = [Browser(headers={"Authorization": f"Bearer {key}"}).get(ME), Browser().get(ME)]
    answers.append(Browser().get("/api/nowhere/"))
    assert [answer.status_code for answer in answers] == [200, 401, 404]
    assert {answer["Cache-Control"] for answer in answers} == {"private, no-store"}


def test_a_file_says_itself_for_how_long_it_may_be_kept(people: dict[str, User], acme: Rows) -> None:
    stored, browser = make_ready(acme.instance), Browser()
    browser.force_login(people["bob"])
    response = browser.get(f"/api/v1/media/{stored.pk}/content/")
    assert (response.status_code, response["Cache-Control"]) == (200, "private, max-age=3600")
    response.close()
