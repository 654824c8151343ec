from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Clients and lines"

    def ready(self) -> None:
        # Its signals have to be heard also where no request was handled yet.
        import_module("accounts.auditing")
