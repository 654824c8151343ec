"""What changed, in the order in which it became visible."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.instances import WhatsappInstance
from accounts.models.tenancy import Client, TenantQuerySet


class Change(models.Model):
    """Something of a client's changed; the id is the place in the feed. What it looks like now is read from the row.

    Rows are written by ``accounts.feed.tell`` alone, which sees to it that ids appear in their order.
    """

    class Topic(models.TextChoices):
        MESSAGE = "message"
        CONVERSATION = "conversation"
        MEDIA = "media"
        INSTANCE = "instance"

    class Action(models.TextChoices):
        CREATED = "created"
        UPDATED = "updated"
        DELETED = "deleted"

    # Without constraints in the database: whoever numbers changes must not wait for somebody's lock on these rows.
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="changes", db_constraint=False)
    instance = models.ForeignKey(
        WhatsappInstance, null=True, on_delete=models.CASCADE, related_name="changes", db_constraint=False
    )
    topic = models.CharField(max_length=12, choices=Topic.choices)
    action = models.CharField(max_length=10, choices=Action.choices)
    object_id = models.BigIntegerField()
    occurred_at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["client", "id"], name="change_of_client"),
            models.Index(fields=["occurred_at"], name="change_time"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.object_id}"

    @property
    def type(self) -> str:
        return f"{self.topic}.{self.action}"
