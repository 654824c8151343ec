"""How media files look to front ends: nothing that fetches or decrypts them, and no address but our own."""

import base64
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import WhatsappInstance
from accounts.serializers import Shown
from media.models import FetchAttempt, MediaFile, Rendition
from media.sniffing import by_magic

# What browsers show from a data URI and cannot run.
PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif")
# A message's text and payload are not asked for when only its ids are shown.
NEEDLESS = (
    *("message__text", "message__payload", "message__earlier_texts"),
    *(f"instance__{name}" for name in WhatsappInstance.SECRET_FIELDS),
)


class RenditionSerializer(Shown[Rendition]):
    """A waveform has no file; the media file has it once this is ready."""

    url = serializers.SerializerMethodField(help_text="Null until there is something to get.")

    class Meta:
        model = Rendition
        fields = ("kind", "state", "mimetype", "width", "height", "size", "url")
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"]})
    def get_url(self, rendition: Rendition) -> str | None:
        if not (rendition.is_ready and rendition.file):
            return None
        return f"{reverse('media-content', args=[rendition.media_file_id])}?rendition={rendition.kind}"


class MediaFileSerializer(Shown[MediaFile]):
    """``message`` and ``conversation`` are null for a file that no message has."""

    client = serializers.IntegerField(source="instance.client_id", read_only=True)
    message = serializers.SerializerMethodField(help_text="The message that brought it or sends it.")
    conversation = serializers.SerializerMethodField()
    cause = serializers.ChoiceField(
        choices=MediaFile.Cause.choices, allow_blank=True, read_only=True, help_text="Why there is no file."
    )
    waveform = serializers.SerializerMethodField(help_text="Loudness of a voice note, 0 to 100.")
    has_thumbnail = serializers.SerializerMethodField(help_text="The detail has it.")
    next_attempt_at = serializers.SerializerMethodField(help_text="Null unless pending.")
    content_url = serializers.SerializerMethodField(
        help_text="A path of this host, as in renditions; it needs the token, a `link/` does not."
    )
    renditions = RenditionSerializer(many=True, read_only=True, help_text="What is made of it beside it.")

    class Meta:
        model = MediaFile
        fields: ClassVar[tuple[str, ...]] = (
            "id", "client", "instance", "conversation", "message", "kind", "state", "cause", "error", "warning",
            "mimetype", "filename", "size", "declared_size", "sha256", "duration", "width", "height", "pages",
            "animated", "waveform", "has_thumbnail", "strategy", "attempts", "next_attempt_at", "expires_at",
            "ready_at", "created_at", "content_url", "renditions",
        )  # fmt: skip
        read_only_fields = fields
        extra_kwargs: ClassVar[dict[str, Any]] = {
            name: {"help_text": told}
            for name, told in {
                "declared_size": "What the message says; `size` is what came.",
                "duration": "Seconds.",
                "sha256": "Empty until the file is here.",
                "strategy": "The way it came; empty until then.",
                "expires_at": "Until when its source is asked for it. The file here stays.",
            }.items()
        }

    @classmethod
    def with_related(cls, rows: QuerySet[MediaFile]) -> QuerySet[MediaFile]:
        """Whatever a page shows, in two queries."""
        found = rows.select_related("instance", "message").defer(*NEEDLESS)
        return found.prefetch_related(Prefetch("renditions", Rendition.objects.order_by("id")))

    @extend_schema_field({"type": ["integer", "null"]})
    def get_message(self, media_file: MediaFile) -> int | None:
        return getattr(getattr(media_file, "message", None), "pk", None)

    @extend_schema_field({"type": ["integer", "null"]})
    def get_conversation(self, media_file: MediaFile) -> int | None:
        return getattr(getattr(media_file, "message", None), "conversation_id", None)

    def get_waveform(self, media_file: MediaFile) -> list[int]:
        return list(bytes(media_file.waveform))

    def get_has_thumbnail(self, media_file: MediaFile) -> bool:
        return bool(media_file.thumbnail)

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_next_attempt_at(self, media_file: MediaFile) -> Any:
        waits = media_file.state == MediaFile.State.PENDING
        return serializers.DateTimeField().to_representation(media_file.next_attempt_at) if waits else None

    def get_content_url(self, media_file: MediaFile) -> str:
        return reverse("media-content", args=[media_file.pk])


class MediaFileDetailSerializer(MediaFileSerializer):
    thumbnail = serializers.SerializerMethodField(
        help_text="A small picture as a data URI, from the message itself: there before the file is."
    )

    class Meta(MediaFileSerializer.Meta):
        fields = (*MediaFileSerializer.Meta.fields, "thumbnail")
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"]})
    def get_thumbnail(self, media_file: MediaFile) -> str | None:
        content = bytes(media_file.thumbnail)
        mimetype = by_magic(content)
        if mimetype not in PICTURES:
            return None
        return f"data:{mimetype};base64,{base64.b64encode(content).decode()}"


class AbsenceSerializer(MediaFileSerializer):
    """What a problem says about a file that is not here; asks no other table."""

    class Meta(MediaFileSerializer.Meta):
        fields = ("id", "state", "cause", "error", "next_attempt_at", "expires_at")
        read_only_fields = fields


class FetchAttemptSerializer(Shown[FetchAttempt]):
    class Meta:
        model = FetchAttempt
        fields = ("id", "strategy", "started_at", "duration", "http_status", "bytes", "outcome", "reason")
        read_only_fields = fields


class LinkSerializer(serializers.Serializer[Any]):
    url = serializers.URLField()
    expires_at = serializers.DateTimeField()


class LinkOfFileSerializer(LinkSerializer):
    media = serializers.IntegerField(help_text="The file's id.")


class LinksWantedSerializer(serializers.Serializer[Any]):
    media = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=200,
        help_text="Ids of files.",
    )


class LinksSerializer(serializers.Serializer[Any]):
    links = LinkOfFileSerializer(many=True, help_text="Of those files that are yours to see.")
