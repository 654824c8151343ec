"""Tables of what goes out, of labels and of notes.

On SQLite a change of a message's column rebuilds the table, and its search triggers of 0002 go with the old one: they
are made again at the end of either direction.
"""

from importlib import import_module

import accounts.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import messaging.models.endpoints
import uuid
from django.conf import settings
from django.db import migrations, models


search = import_module("messaging.migrations.0002_search")
TABLE, COLUMN = "messaging_message", "text"
NAMES = ("insert", "delete", "change")


def restore_triggers(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":
        return
    for name in NAMES:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_search_{name}", params=None)
    for statement in search.FTS:
        if statement.startswith("CREATE TRIGGER"):
            schema_editor.execute(statement.format(table=TABLE, column=COLUMN), params=None)


def name_what_was_not_sent(apps, schema_editor):
    """On the way back every message has an id of its provider's, also one that still waits."""
    unsent = apps.get_model("messaging", "Message").objects.filter(provider_message_id=None)
    for pk in unsent.values_list("pk", flat=True):
        unsent.filter(pk=pk).update(provider_message_id=f"unsent-{pk}")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_apitoken_change_usage"),
        ("messaging", "0003_nameless_groups"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, restore_triggers),
        migrations.CreateModel(
            name="Note",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField(max_length=10000)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                "ordering": ["-created_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="OutboxItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0, editable=False)),
                ("next_attempt_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("lease_token", models.UUIDField(blank=True, editable=False, null=True)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("message", "Message"),
                            ("reaction", "Reaction"),
                            ("edit", "Edit"),
                            ("delete", "Delete"),
                            ("read", "Read"),
                        ],
                        max_length=10,
                    ),
                ),
                ("content", models.JSONField(blank=True, default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("unknown", "Unknown"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("error", models.CharField(blank=True, default="", max_length=500)),
                (
                    "doubt",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("killed", "the worker ended while it sent"),
                            ("unanswered", "the provider took the request and did not answer"),
                        ],
                        default="",
                        editable=False,
                        max_length=12,
                    ),
                ),
                ("tag", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("idempotency_key", models.CharField(blank=True, editable=False, max_length=200, null=True)),
                ("fingerprint", models.CharField(blank=True, default="", editable=False, max_length=64)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("asked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("settled_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="SendingLine",
            fields=[
                (
                    "instance",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="sending_line",
                        serialize=False,
                        to="accounts.whatsappinstance",
                    ),
                ),
                ("next_at", models.DateTimeField(blank=True, null=True)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0, editable=False)),
                ("next_attempt_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("lease_token", models.UUIDField(blank=True, editable=False, null=True)),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("change_id", models.BigIntegerField(editable=False)),
                ("event_id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("event_type", models.CharField(max_length=30)),
                ("body", models.TextField(editable=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("delivering", "Delivering"),
                            ("delivered", "Delivered"),
                            ("failed", "Failed"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("http_status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("duration", models.FloatField(blank=True, null=True)),
                ("error", models.CharField(blank=True, default="", max_length=300)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("delivered_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                "verbose_name_plural": "webhook deliveries",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(blank=True, default="", max_length=100)),
                ("url", models.CharField(max_length=500)),
                (
                    "secret",
                    accounts.fields.EncryptedTextField(
                        default=messaging.models.endpoints.new_signing_secret, editable=False
                    ),
                ),
                ("events", models.JSONField(blank=True, default=list)),
                ("is_active", models.BooleanField(default=True)),
                ("disabled_reason", models.CharField(blank=True, default="", editable=False, max_length=300)),
                ("cursor", models.BigIntegerField(default=0, editable=False)),
                ("failing_since", models.DateTimeField(blank=True, editable=False, null=True)),
                ("last_success_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="conversation",
            name="last_inbound_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="message",
            name="sent_by",
            field=models.ForeignKey(
                blank=True,
                help_text="Who sent it from here. Empty: somebody on the phone, or the other side.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="sent_messages",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="provider_message_id",
            field=models.CharField(blank=True, max_length=200, null=True),
        ),
        migrations.AlterField(
            model_name="message",
            name="status",
            field=models.CharField(
                blank=True,
                choices=[
                    ("queued", "queued"),
                    ("sending", "sending"),
                    ("unknown", "unknown"),
                    ("sent", "sent"),
                    ("delivered", "delivered"),
                    ("read", "read"),
                    ("played", "played"),
                    ("failed", "failed"),
                ],
                default="",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="type",
            field=models.CharField(
                choices=[
                    ("text", "text"),
                    ("image", "image"),
                    ("video", "video"),
                    ("audio", "audio"),
                    ("voice", "voice"),
                    ("document", "document"),
                    ("sticker", "sticker"),
                    ("location", "location"),
                    ("contacts", "contacts"),
                    ("poll", "poll"),
                    ("interactive", "interactive"),
                    ("order", "order"),
                    ("template", "template"),
                    ("system", "system"),
                    ("unsupported", "unsupported"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="statuschange",
            name="status",
            field=models.CharField(
                choices=[
                    ("queued", "queued"),
                    ("sending", "sending"),
                    ("unknown", "unknown"),
                    ("sent", "sent"),
                    ("delivered", "delivered"),
                    ("read", "read"),
                    ("played", "played"),
                    ("failed", "failed"),
                ],
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="Label",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=50)),
                (
                    "color",
                    models.CharField(
                        default="#64748b",
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^#[0-9a-fA-F]{6}\\Z", "A colour is written as # and six hex digits."
                            )
                        ],
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="labels",
                        to="accounts.client",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.AddField(
            model_name="conversation",
            name="labels",
            field=models.ManyToManyField(blank=True, related_name="conversations", to="messaging.label"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("unread_count__gt", 0)),
                fields=["instance", "-last_message_at", "-id"],
                name="conversation_unread",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("assigned_to__isnull", False)),
                fields=["assigned_to", "-last_message_at", "-id"],
                name="conversation_assigned",
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="author",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="notes",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="conversation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="messaging.conversation"
            ),
        ),
        migrations.AddField(
            model_name="outboxitem",
            name="conversation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="outbox",
                to="messaging.conversation",
            ),
        ),
        migrations.AddField(
            model_name="outboxitem",
            name="created_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="outbox",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="outboxitem",
            name="instance",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="outbox",
                to="accounts.whatsappinstance",
            ),
        ),
        migrations.AddField(
            model_name="outboxitem",
            name="message",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="outbox", to="messaging.message"
            ),
        ),
        migrations.AddField(
            model_name="webhookendpoint",
            name="client",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="webhook_endpoints",
                to="accounts.client",
            ),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="endpoint",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="messaging.webhookendpoint",
            ),
        ),
        migrations.AddConstraint(
            model_name="label",
            constraint=models.UniqueConstraint(fields=("client", "name"), name="one_label_per_name"),
        ),
        migrations.AddIndex(
            model_name="note",
            index=models.Index(fields=["conversation", "-created_at", "-id"], name="note_of_conversation"),
        ),
        migrations.AddIndex(
            model_name="outboxitem",
            index=models.Index(
                condition=models.Q(("lease_until", None), ("state", "pending")),
                fields=["instance", "id"],
                name="outbox_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxitem",
            index=models.Index(
                condition=models.Q(("lease_until", None), ("state", "pending")),
                fields=["next_attempt_at"],
                name="outbox_due",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxitem",
            index=models.Index(
                condition=models.Q(("lease_until__isnull", False)),
                fields=["instance", "lease_until"],
                name="outbox_leased",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxitem",
            index=models.Index(
                condition=models.Q(("state__in", ["pending", "sending", "unknown"])),
                fields=["conversation", "id"],
                name="outbox_unfinished",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxitem",
            index=models.Index(fields=["state", "-id"], name="outbox_by_state"),
        ),
        migrations.AddIndex(
            model_name="outboxitem",
            index=models.Index(fields=["instance", "-id"], name="outbox_by_instance"),
        ),
        migrations.AddConstraint(
            model_name="outboxitem",
            constraint=models.UniqueConstraint(
                fields=("instance", "idempotency_key"), name="one_send_per_key"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("lease_until", None), ("state", "pending")),
                fields=["endpoint", "id"],
                name="delivery_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("lease_until", None), ("state", "pending")),
                fields=["next_attempt_at"],
                name="delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("lease_until__isnull", False)),
                fields=["endpoint", "lease_until"],
                name="delivery_leased",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["endpoint", "-id"], name="delivery_of_endpoint"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["created_at"], name="delivery_time"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("endpoint", "change_id"), name="one_delivery_per_change"
            ),
        ),
        migrations.RunPython(restore_triggers, name_what_was_not_sent),
    ]
