from importlib import import_module

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    default = True
    verbose_name = _("Clients and lines")

    def ready(self) -> None:
        # Its signals have to be heard also where no request was handled yet.
        import_module("accounts.signals")
        # In the menu it stands for what it shows, not for the package that counts.
        apps.get_app_config("axes").verbose_name = _("Logins")


class ScreensConfig(admin_apps.AdminConfig):
    default = False
    default_site = "accounts.site.Screens"
