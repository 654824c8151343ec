"""Who did what, kept for those who answer for a client."""

from typing import Any, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.instances import WhatsappInstance
from accounts.models.tenancy import Client, Role, TenantQuerySet, User


class Action(models.TextChoices):
    """What people do. The word before the dot is what it is done to."""

    CONVERSATION_OPENED = "conversation.opened"
    CONVERSATION_READ = "conversation.read"
    CONVERSATION_CLOSED = "conversation.closed"
    CONVERSATION_REOPENED = "conversation.reopened"
    CONVERSATION_ASSIGNED = "conversation.assigned"
    CONVERSATION_LABELLED = "conversation.labelled"
    CONVERSATION_STARTED = "conversation.started"
    CONTACT_CHANGED = "contact.changed"
    CONTACT_MERGED = "contact.merged"
    NOTE_WRITTEN = "note.written"
    NOTE_CHANGED = "note.changed"
    NOTE_DELETED = "note.deleted"
    MESSAGE_SENT = "message.sent"
    MESSAGE_EDITED = "message.edited"
    MESSAGE_DELETED = "message.deleted"
    MESSAGE_REACTED = "message.reacted"
    MESSAGE_CANCELLED = "message.cancelled"
    MESSAGE_SETTLED = "message.settled"
    MESSAGE_SENT_AGAIN = "message.sent_again"
    MEDIA_OPENED = "media.opened"
    MEDIA_DOWNLOADED = "media.downloaded"
    MEDIA_LINKED = "media.linked"
    MEDIA_REQUESTED = "media.requested"
    MEDIA_REMADE = "media.remade"
    EVENT_OPENED = "event.opened"
    EVENT_REPLAYED = "event.replayed"
    INSTANCE_CREATED = "instance.created"
    INSTANCE_CHANGED = "instance.changed"
    INSTANCE_DELETED = "instance.deleted"
    INSTANCE_PAIRED = "instance.paired"
    INSTANCE_RESTARTED = "instance.restarted"
    INSTANCE_DISCONNECTED = "instance.disconnected"
    INSTANCE_KEY_ROTATED = "instance.key_rotated"
    INSTANCE_WEBHOOKS_SET = "instance.webhooks_set"
    CLIENT_CREATED = "client.created"
    CLIENT_CHANGED = "client.changed"
    CLIENT_DELETED = "client.deleted"
    CLIENT_RETENTION_CHANGED = "client.retention_changed"
    MEMBER_ADDED = "member.added"
    MEMBER_CHANGED = "member.changed"
    MEMBER_REMOVED = "member.removed"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_DELETED = "user.deleted"
    USER_PASSWORD_CHANGED = "user.password_changed"
    USER_SECOND_FACTOR_ADDED = "user.second_factor_added"
    USER_SECOND_FACTOR_REMOVED = "user.second_factor_removed"
    USER_RECOVERY_CODES_MADE = "user.recovery_codes_made"
    TOKEN_ISSUED = "token.issued"
    TOKEN_REVOKED = "token.revoked"
    LOGIN = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    LOGIN_LOCKED = "login.locked"
    LOGIN_UNLOCKED = "login.unlocked"
    LOGOUT = "login.ended"
    ENDPOINT_CREATED = "endpoint.created"
    ENDPOINT_CHANGED = "endpoint.changed"
    ENDPOINT_DELETED = "endpoint.deleted"
    ENDPOINT_SECRET_ROTATED = "endpoint.secret_rotated"
    ENDPOINT_TESTED = "endpoint.tested"
    DELIVERY_REPEATED = "delivery.repeated"
    LABEL_CREATED = "label.created"
    LABEL_CHANGED = "label.changed"
    LABEL_DELETED = "label.deleted"
    DATA_EXPORTED = "data.exported"
    DATA_EXPORT_REMOVED = "data.export_removed"
    DATA_ERASED = "data.erased"
    DATA_PURGED = "data.purged"
    HOLD_PLACED = "hold.placed"
    HOLD_LIFTED = "hold.lifted"
    ROW_CREATED = "row.created"
    ROW_CHANGED = "row.changed"
    ROW_DELETED = "row.deleted"


class AuditQuerySet(TenantQuerySet):
    def visible_to(self, user: "User | AnonymousUser", *, role: Role = Role.MANAGER) -> Self:
        return super().visible_to(user, role=Role.MANAGER)

    def about(self, row: models.Model) -> Self:
        return self.filter(object_type=row._meta.label_lower, object_id=row.pk)


class AuditEntry(models.Model):
    """One act. Written by ``accounts.audit`` and never changed; it outlives whatever it tells of.

    Labels name what belongs to the client's own people. Who wrote to the client is told by id alone, so that nothing
    of somebody whose data are erased stays here; ``facts`` hold no text of a message and no secret.
    """

    class Via(models.TextChoices):
        WEB = "web"
        API = "api"
        COMMAND = "command"
        WORKER = "worker"

    at = models.DateTimeField()
    # Without constraints: these rows stay when what they name is gone, and with its id.
    user = models.ForeignKey(
        User, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    client = models.ForeignKey(
        Client, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    instance = models.ForeignKey(
        WhatsappInstance,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    username = models.CharField(max_length=150, blank=True, default="")
    token_hint = models.CharField(max_length=12, blank=True, default="")
    action = models.CharField(max_length=40)
    object_type = models.CharField(max_length=60, blank=True, default="")
    object_id = models.BigIntegerField(null=True)
    object_label = models.CharField(max_length=200, blank=True, default="")
    facts: Any = models.JSONField(blank=True, default=dict)
    via = models.CharField(max_length=10, choices=Via.choices)
    address = models.CharField(max_length=45, blank=True, default="")

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        indexes = [
            models.Index(fields=["at", "id"], name="audit_time"),
            models.Index(fields=["client", "at", "id"], name="audit_of_client"),
            models.Index(fields=["user", "at", "id"], name="audit_of_user"),
            models.Index(fields=["object_type", "object_id", "at", "id"], name="audit_of_object"),
            models.Index(fields=["action", "at", "id"], name="audit_of_action"),
            models.Index(
                fields=["object_label"],
                condition=~models.Q(object_label=""),
                opclasses=["text_pattern_ops"],
                name="audit_label",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_label or self.object_id or ''}".rstrip()
