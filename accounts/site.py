"""The admin's menu in the order of an operator's day: conversations first, tables for administrators last."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

APPS = ("messaging", "media", "accounts", "axes")
FIRST = ("Conversation", "Contact", "OutboxItem", "MediaFile", "WhatsappInstance", "Client", "User")


class Screens(AdminSite):
    site_title = site_header = "MultiChat"
    index_title = _("Overview")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        found = super().get_app_list(request, app_label)
        for app in found:
            app["models"].sort(key=lambda model: _place(model["object_name"], FIRST))
        return sorted(found, key=lambda app: _place(app["app_label"], APPS))


def _place(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)
