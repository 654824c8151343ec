from django.apps import AppConfig
from django.core.checks import register

from media.checks import check_delivery, check_media_root


class MediaConfig(AppConfig):
    name = "media"
    verbose_name = "Media"

    def ready(self) -> None:
        register(check_media_root)
        register(check_delivery)
