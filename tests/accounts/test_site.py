"""The menu of the admin."""

import pytest
from django.contrib import admin
from django.test import RequestFactory

from accounts.models import User


@pytest.mark.django_db
def test_an_operators_work_stands_first_and_every_page_is_there() -> None:
    request = RequestFactory().get("/admin/")
    request.user = User.objects.create_superuser("root")
    menu = [
        (app["app_label"], [model["object_name"] for model in app["models"]])
        for app in admin.site.get_app_list(request)
    ]
    assert [label for label, _ in menu][:3] == ["messaging", "media", "accounts"]
    assert menu[0][1][:3] == ["Conversation", "Contact", "OutboxItem"]
    assert sum(len(models) for _, models in menu) == len(admin.site._registry)
