"""What a web process does once, before its first request."""

import gc
from importlib import import_module

from django.conf import settings


def settle() -> None:
    """What is there now stays, so the garbage collector need not look through it again.

    Else every few requests one waits a tenth of a second for a full collection.
    """
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()
