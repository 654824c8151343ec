"""How clients, people and lines look in the API, and what may be written to them."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.access import roles_of
from accounts.models import ApiToken, Client, Membership, Role, User, WhatsappInstance
from accounts.providers import PROVIDERS

SECRET_LENGTH = 4096


class VisibleRow(serializers.PrimaryKeyRelatedField[Any]):
    """The id of a row that the user may see, or act on as ``role``: any other one does not exist here."""

    def __init__(self, *, role: Role = Role.VIEWER, **kwargs: Any) -> None:
        # Without a field of its own, a number as large as a float can say would end in an OverflowError.
        super().__init__(pk_field=serializers.IntegerField(), **kwargs)
        self.role = role

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset()
        return rows.visible_to(self.context["request"].user, role=self.role)


class ClientSerializer(serializers.ModelSerializer[Client]):
    class Meta:
        model = Client
        fields = ("id", "name", "slug", "is_active", "created_at")
        read_only_fields = ("created_at",)


class PersonSerializer(serializers.ModelSerializer[User]):
    name = serializers.SerializerMethodField(help_text="The full name, or the user name where none is known.")

    class Meta:
        model = User
        fields = ("id", "username", "name")
        read_only_fields = fields

    def get_name(self, user: User) -> str:
        return user.get_full_name() or user.username


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    user = PersonSerializer(read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "user", "role")
        extra_kwargs = {"role": {"required": True}}


class NewMemberSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150, help_text="The name of an existing user.")
    role = serializers.ChoiceField(choices=Role.choices, default=Role.VIEWER)


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    user = PersonSerializer(read_only=True)

    class Meta:
        model = ApiToken
        fields = (
            "id", "name", "hint", "user", "client", "role", "created_at", "expires_at", "last_used_at", "revoked_at"
        )  # fmt: skip
        read_only_fields = fields
        extra_kwargs = {"hint": {"help_text": "How the key begins."}}


class NewTokenSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100, help_text="What it is for.")
    client = VisibleRow(queryset=Client.objects.filter(is_active=True))
    role = serializers.ChoiceField(
        choices=Role.choices, required=False, help_text="At most, and by default, your own role there."
    )
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Null: never; a token's token ends when that token does."
    )


class IssuedTokenSerializer(TokenSerializer):
    token = serializers.CharField(read_only=True, help_text="The key. It is never shown again.")

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "token")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class MediaLimitSerializer(serializers.Serializer[Any]):
    mimetypes = serializers.ListField(child=serializers.CharField(), help_text="Empty: any.")
    max_bytes = serializers.IntegerField()


class AbilitiesSerializer(serializers.Serializer[Any]):
    """What the instance's provider can do."""

    pair = serializers.BooleanField(help_text="Connected by QR code or pairing code.")
    edit = serializers.BooleanField()
    delete = serializers.BooleanField()
    templates = serializers.BooleanField()
    window_seconds = serializers.IntegerField(
        allow_null=True, help_text="How long after the other side's last message one may answer freely."
    )
    text_length = serializers.IntegerField()
    caption_length = serializers.IntegerField()
    media = serializers.DictField(child=MediaLimitSerializer(), help_text="By kind of media.")


def abilities_of(provider: str) -> dict[str, Any]:
    kind = PROVIDERS[provider]
    can = kind.abilities
    return {
        "pair": kind.can_pair,
        "edit": can.edit,
        "delete": can.delete,
        "templates": can.templates,
        "window_seconds": None if can.window is None else int(can.window.total_seconds()),
        "text_length": can.text,
        "caption_length": can.caption,
        "media": {
            medium.value: {"mimetypes": list(limit.mimetypes), "max_bytes": limit.max_bytes}
            for medium, limit in can.media.items()
        },
    }


class StrategyOrder(serializers.ListField):
    """Stored as words separated by commas."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [(word, word) for word in WhatsappInstance.STRATEGIES]
        super().__init__(child=serializers.ChoiceField(choices=choices), max_length=len(choices), **kwargs)

    def to_representation(self, data: Any) -> list[str]:
        return [word.strip() for word in data.split(",") if word.strip()]

    def to_internal_value(self, data: Any) -> Any:
        return ",".join(dict.fromkeys(super().to_internal_value(data)))


def _secret(purpose: str) -> dict[str, Any]:
    told = f"{purpose} Never shown; leave it out to keep what is stored."
    return {"write_only": True, "required": False, "allow_blank": False, "max_length": SECRET_LENGTH} | {
        "help_text": told
    }


class InstanceSerializer(serializers.ModelSerializer[WhatsappInstance]):
    """Holds nothing that a viewer of the client may not see; reads no secret, so a sealed row will do."""

    client = VisibleRow(queryset=Client.objects.all(), role=Role.MANAGER)
    media_strategies = StrategyOrder(
        required=False, help_text="Its own order of strategies. Empty: the platform's order."
    )
    abilities = serializers.SerializerMethodField()

    class Meta:
        model = WhatsappInstance
        fields = (
            "id", "client", "name", "provider", "instance_id", "phone_number", "status", "status_changed_at",
            "last_event_at", "alarm", "alarm_at", "media_strategies", "is_active", "created_at", "abilities",
            *WhatsappInstance.SECRET_FIELDS,
        )  # fmt: skip
        read_only_fields = (
            "status", "status_changed_at", "last_event_at", "alarm", "alarm_at", "created_at"
        )  # fmt: skip
        # The database keeps provider and instance id unique; asking first would only ask twice.
        validators: list[Any] = []
        extra_kwargs = {
            "token": _secret("The instance's access token."),
            "app_secret": _secret("Cloud API: the Meta app's secret, which signs webhooks."),
            "verify_token": _secret("Cloud API: the word of Meta's webhook handshake."),
        }

    @extend_schema_field(AbilitiesSerializer)
    def get_abilities(self, instance: WhatsappInstance) -> dict[str, Any]:
        return abilities_of(instance.provider)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Conversations and files belong to the client and were told by the provider."""
        if isinstance(self.instance, WhatsappInstance):
            for name in ("client", "provider"):
                if name in attrs and attrs[name] != getattr(self.instance, name):
                    raise serializers.ValidationError({name: ["This cannot change."]}, "fixed")
        return attrs


class HeldTokenSerializer(serializers.ModelSerializer[ApiToken]):
    class Meta:
        model = ApiToken
        fields = ("id", "name", "hint", "client", "role", "expires_at")
        read_only_fields = fields


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class ClientName(serializers.CharField):
    """An id or a slug."""


class LoginSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)
    client = ClientName(
        max_length=80, required=False, help_text="Id or slug; needed by those who work for several."
    )
    name = serializers.CharField(max_length=100, default="Login", help_text="To know the token by.")
    role = serializers.ChoiceField(
        choices=Role.choices, required=False, help_text="At most, and by default, your own role there."
    )
    expires_in = serializers.IntegerField(min_value=60, max_value=90 * 86400, default=12 * 3600)


class LoggedInSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="The key. It is never shown again.")
    expires_at = serializers.DateTimeField()
    user = PersonSerializer()
    client = ClientSerializer()
    role = serializers.ChoiceField(choices=Role.choices)


class WorksForSerializer(serializers.Serializer[Any]):
    client = ClientSerializer()
    role = serializers.ChoiceField(choices=Role.choices)


class MeSerializer(serializers.Serializer[User]):
    user = PersonSerializer(source="*")
    is_superuser = serializers.SerializerMethodField(
        help_text="Everything is allowed; never through a token."
    )
    memberships = serializers.SerializerMethodField(help_text="Through a token: as far as it reaches.")
    token = serializers.SerializerMethodField(help_text="The token in use, if it is one.")
    stream_url = serializers.SerializerMethodField()

    def get_is_superuser(self, user: User) -> bool:
        return user.is_superuser and user.scope is None

    @extend_schema_field(WorksForSerializer(many=True))
    def get_memberships(self, user: User) -> Any:
        roles = roles_of(user)
        clients = Client.objects.filter(pk__in=roles)
        return WorksForSerializer([{"client": one, "role": roles[one.pk]} for one in clients], many=True).data

    @extend_schema_field(HeldTokenSerializer(allow_null=True))
    def get_token(self, user: User) -> Any:
        held = self.context["request"].auth
        return HeldTokenSerializer(held).data if isinstance(held, ApiToken) else None

    def get_stream_url(self, user: User) -> str:
        return f"{settings.STREAM_BASE_URL}/api/v1/stream/"
