"""Entries of the audit trail."""

from rest_framework import serializers

from accounts.models import AuditEntry


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """Ids stay when what they name is gone."""

    facts = serializers.DictField(help_text="Names of fields, ids, counts and words, by the action.")

    class Meta:
        model = AuditEntry
        fields = (
            "id", "at", "action", "user", "username", "token_hint", "client", "instance", "object_type", "object_id",
            "object_label", "facts", "via", "address",
        )  # fmt: skip
        read_only_fields = fields
