"""Clients and the people who work for them."""

from typing import Any

from rest_framework import serializers

from accounts.models import Client, Membership, Role, User
from accounts.serializers.showing import Shown


class ClientSerializer(serializers.ModelSerializer[Client]):
    class Meta:
        model = Client
        fields = ("id", "name", "slug", "is_active", "quota_bytes", "created_at")
        read_only_fields = ("quota_bytes", "created_at")


class PersonSerializer(Shown[User]):
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
