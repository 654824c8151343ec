"""What `manage.py check` says about the media folder and the way out of it."""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.files.storage import FileSystemStorage, default_storage

from media.twofold import places_of

HINT = "Leave MEDIA_ROOT out of .env for var/media_storage, or name a folder of its own."
PREFIX_HINT = "Name the web server's internal location, like /protected-media/."


def check_media_root(**_: Any) -> list[CheckMessage]:
    """A received file called models.py must never lie where Python looks for modules."""
    root = Path(settings.MEDIA_ROOT).resolve()
    folders = {Path(config.path).resolve() for config in apps.get_app_configs()}
    folders.add(Path(settings.BASE_DIR, settings.ROOT_URLCONF.partition(".")[0]).resolve())
    for folder in sorted(folders):
        if root == folder or folder in root.parents:
            return [
                Error(f"MEDIA_ROOT {root} lies in the code of {folder.name}.", hint=HINT, id="media.E001")
            ]
        if root in folder.parents:
            return [
                Error(f"MEDIA_ROOT {root} contains the code of {folder.name}.", hint=HINT, id="media.E001")
            ]
    return []


def check_delivery(**_: Any) -> list[CheckMessage]:
    """A prefix that does not fit leads the web server to another location, or nowhere."""
    on_disk = all(isinstance(place, FileSystemStorage) for place in places_of(default_storage))
    if settings.MEDIA_DELIVERY == "accel":
        return _wrong_prefix(settings.MEDIA_ACCEL_PREFIX) or ([] if on_disk else [_streamed("accel")])
    has_no_address = on_disk and not settings.MEDIA_URL
    return [_streamed("redirect")] if settings.MEDIA_DELIVERY == "redirect" and has_no_address else []


def _wrong_prefix(prefix: str) -> list[CheckMessage]:
    inside = prefix.strip("/")
    plain = inside and all(part.isascii() and part.strip(".") for part in inside.split("/"))
    if plain and prefix == f"/{inside}/" and not set("?#% \\") & set(inside) and inside.isprintable():
        return []
    told = f"MEDIA_ACCEL_PREFIX {prefix!r} must be a path that begins and ends with a slash."
    return [Error(told, hint=PREFIX_HINT, id="media.E002")]


def _streamed(delivery: str) -> CheckMessage:
    told = f"MEDIA_DELIVERY={delivery} does not fit this storage, so files are streamed."
    return Warning(told, hint="accel: files on disk; redirect: a storage with addresses.", id="media.W001")
