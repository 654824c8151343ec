"""The document is open to everybody, so asking for it must cost nothing and hurt nothing."""

import json

import pytest
import yaml
from django.test import Client as Browser

from accounts.api.document import written

DOCUMENT = "/api/v1/schema/"
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "read"), [("+json", json.loads), ("", yaml.safe_load)], ids=["json", "yaml"]
)
def test_it_is_made_once_in_each_form(kind: str, read: object) -> None:
    written.cache_clear()
    headers = {"Accept": f"application/vnd.oai.openapi{kind}"}
    first, second = (Browser().get(DOCUMENT, headers=headers) for _ in range(2))
    assert first["Content-Type"].startswith(headers["Accept"])
    assert read(first.content)["openapi"] == "3.1.0"  # type: ignore[operator]
    assert (first.content, written.cache_info().misses) == (second.content, 1)


@pytest.mark.parametrize("query", [{"version": "1\r\nSet-Cookie: a=b"}, {"version": '"'}, {"lang": "../\0"}])
def test_it_is_the_same_whatever_is_asked(query: dict[str, str]) -> None:
    response = Browser().get(DOCUMENT, query)
    assert response.status_code == 200
    assert response.content == Browser().get(DOCUMENT).content
    assert response["Content-Disposition"] == 'inline; filename="multichat.yaml"'
