"""What stored files hear from other apps' models."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import Client
from media.services import quotas


@receiver(post_save, sender=Client, dispatch_uid="quota")
def _saved(sender: Any, instance: Client, created: bool, **_: Any) -> None:
    """A quota may have been raised, or taken away. Afterwards: whoever saves a client waits for no worker's rows."""
    if not created:
        transaction.on_commit(partial(quotas.recheck, instance.pk, timezone.now()), robust=True)
