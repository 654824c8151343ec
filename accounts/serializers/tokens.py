"""Tokens, logging in, and who one is."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.access import roles_of
from accounts.logins.tokens import LOGIN_LASTS, LOGIN_LASTS_AT_MOST
from accounts.models import ApiToken, Client, Role, User
from accounts.serializers.fields import ClientName, VisibleRow
from accounts.serializers.people import ClientSerializer, PersonSerializer


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


class HeldTokenSerializer(serializers.ModelSerializer[ApiToken]):
    class Meta:
        model = ApiToken
        fields = ("id", "name", "hint", "client", "role", "expires_at")
        read_only_fields = fields


class LoginSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)
    otp = serializers.CharField(
        max_length=40,
        required=False,
        help_text="Of users with a second factor: its code, or a recovery code.",
    )
    client = ClientName(
        max_length=80, required=False, help_text="Id or slug; needed by those who work for several."
    )
    name = serializers.CharField(max_length=100, default="Login", help_text="To know the token by.")
    role = serializers.ChoiceField(
        choices=Role.choices, required=False, help_text="At most, and by default, your own role there."
    )
    expires_in = serializers.IntegerField(
        min_value=60,
        max_value=int(LOGIN_LASTS_AT_MOST.total_seconds()),
        default=int(LOGIN_LASTS.total_seconds()),
    )


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
        return str(settings.STREAM_BASE_URL + reverse("stream"))
