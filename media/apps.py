from importlib import import_module

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _

from media.checks import check_delivery, check_media_root


class MediaConfig(AppConfig):
    name = "media"
    verbose_name = _("Media")

    def ready(self) -> None:
        import_module("media.signals")
        register(check_media_root)
        register(check_delivery)
