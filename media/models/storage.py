"""What lies in the storage beside the rows of files: how much of it each client has, and what is to be removed."""

from django.db import models
from django.utils import timezone

from accounts.models import Client, TenantQuerySet


class StorageUse(models.Model):
    """The originals that a client has in the storage, each counted once however many rows name it.

    Its row is locked by whoever makes a file ready or takes one away, so the count is exact and no file is removed
    that somebody is about to name.
    """

    client = models.OneToOneField(
        Client, on_delete=models.CASCADE, primary_key=True, related_name="storage_use"
    )
    files = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "storage use"

    def __str__(self) -> str:
        return f"{self.files} files of {self.client}"


class Leftover(models.Model):
    """A stored file that no row names any more, and never will again: its bytes are to be removed.

    Written in the transaction that takes the last name away; the client may be gone by the time it is dealt with.
    """

    client_id = models.BigIntegerField()
    name = models.CharField(max_length=500, unique=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    noted_at = models.DateTimeField(default=timezone.now)
    next_attempt_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"leftover {self.pk}"
