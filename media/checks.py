"""What `manage.py check` says about the media folder."""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error

HINT = "Leave MEDIA_ROOT out of .env for var/media_storage, or name a folder of its own."


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
