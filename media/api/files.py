"""Media files: the ledger, the files themselves, and links to them."""

from http import HTTPStatus
from typing import Any, ClassVar

from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.api.parsing import asked
from accounts.api.problems import Problem
from accounts.api.viewsets import TenantViewSet
from accounts.models import ApiToken, Role
from media.api.delivery import WhateverIsAccepted, content_of, deliver, why
from media.api.filters import MediaFilter
from media.api.schema import (
    ASKED_FOR,
    CONTENT,
    DOWNLOAD,
    FETCH,
    LINK,
    RANGE,
    READY,
    RENDITION,
    WAITING,
    problems,
)
from media.links import LinkRefused, file_of, new_link, read, reader_of
from media.models import FetchAttempt, MediaFile
from media.noting import note_links
from media.serializers import (
    FetchAttemptSerializer,
    LinkSerializer,
    LinksSerializer,
    LinksWantedSerializer,
    MediaFileDetailSerializer,
    MediaFileSerializer,
)
from media.services import fetch_again
from media.serving import FRESH_SECONDS, NotHere


@extend_schema_view(
    list=extend_schema(summary="List media files, newest first"),
    retrieve=extend_schema(
        summary="Show a media file", responses=MediaFileDetailSerializer, examples=[READY]
    ),
)
class MediaViewSet(ListModelMixin, RetrieveModelMixin, TenantViewSet):
    rows = MediaFile.objects.all()
    time_field = "created_at"
    filterset_class = MediaFilter
    serializer_class = MediaFileSerializer
    roles: ClassVar[dict[str, Role]] = {"link": Role.VIEWER, "links": Role.VIEWER}

    def get_queryset(self) -> Any:
        rows = MediaFileSerializer.with_related(super().get_queryset())
        return rows.prefetch_related(None) if self.action == "content" else rows

    def get_serializer_class(self) -> Any:
        return MediaFileDetailSerializer if self.action == "retrieve" else super().get_serializer_class()

    @extend_schema(
        summary="List what was tried to get a media file", responses=FetchAttemptSerializer(many=True)
    )
    @action(detail=True, time_field="started_at", filter_backends=[], serializer_class=FetchAttemptSerializer)
    def attempts(self, request: Request, pk: str) -> Response:
        rows = self.paginate_queryset(FetchAttempt.objects.filter(media_file=self.get_object()))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @extend_schema(
        summary="Get the file itself",
        parameters=[RENDITION, DOWNLOAD, FETCH, RANGE],
        responses=CONTENT,
        examples=[WAITING],
    )
    @action(detail=True, content_negotiation_class=WhateverIsAccepted)
    def content(self, request: Request, pk: str) -> HttpResponseBase:
        return deliver(request, self.get_object())

    @extend_schema(
        summary="Ask for a file that is not there",
        description="It goes back to the start of its schedule and is due at once.",
        request=None,
        responses={202: MediaFileSerializer} | problems({409: "The file is here already."}),
        examples=[ASKED_FOR],
    )
    @action(detail=True, methods=["post"])
    def fetch(self, request: Request, pk: str) -> Response:
        media_file = self.get_object()
        if media_file.is_ready:
            raise Problem(HTTPStatus.CONFLICT, "ready", "The file is here already.")
        fetch_again(MediaFile.objects.filter(pk=media_file.pk), now=timezone.now())
        return Response(self.get_serializer(self.get_object()).data, HTTPStatus.ACCEPTED)

    @extend_schema(
        summary="Make a short-lived link to the file",
        description="For `<img>` and `<audio>`, which can send no token. It is bound to the file and to you.",
        request=None,
        responses={201: LinkSerializer},
        examples=[LINK],
    )
    @action(detail=True, methods=["post"])
    def link(self, request: Request, pk: str) -> Response:
        media_file = self.get_object()
        audit.note_once(audit.Action.MEDIA_LINKED, media_file)
        return Response(LinkSerializer(_link(request, media_file)).data, HTTPStatus.CREATED)

    @extend_schema(
        summary="Make short-lived links to many files at once",
        description="For a page of pictures. Ids of files that are not yours to see are left out of the answer.",
        request=LinksWantedSerializer,
        responses={201: LinksSerializer},
        examples=[OpenApiExample("A page", {"media": [7, 8, 9]}, request_only=True)],
        filters=False,
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def links(self, request: Request) -> Response:
        wanted = asked(LinksWantedSerializer, request)["media"]
        mine = MediaFile.objects.visible_to(request.user).filter(pk__in=wanted)
        rows = list(mine.select_related("instance__client").only("pk", "instance__client"))
        note_links(rows)
        made = {"links": [_link(request, row) | {"media": row.pk} for row in rows]}
        return Response(LinksSerializer(made).data, HTTPStatus.CREATED)


def _link(request: Request, media_file: MediaFile) -> dict[str, Any]:
    token = request.auth if isinstance(request.auth, ApiToken) else None
    signed, made = new_link(media_file, user=request.user, token=token, now=timezone.now())
    url = request.build_absolute_uri(reverse("media-link-content", args=[signed]))
    return {"url": url, "expires_at": made.expires_at}


class LinkedContent(APIView):
    """The link itself is the login."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    content_negotiation_class = WhateverIsAccepted

    @extend_schema(
        summary="Get the file that a link leads to",
        parameters=[RENDITION, DOWNLOAD, RANGE],
        responses=CONTENT | problems({403: "The link is not ours or has expired."}),
        examples=[WAITING],
    )
    def get(self, request: Request, signed: str) -> HttpResponseBase:
        now = timezone.now()
        try:
            link = read(signed, now=now)
        except LinkRefused as exc:
            raise Problem(HTTPStatus.FORBIDDEN, exc.code, exc.detail) from exc
        reader = reader_of(link, now=now)
        media_file = file_of(link, reader)
        if media_file is None:
            raise Http404
        left = int((link.expires_at - now).total_seconds())
        try:
            response = content_of(request, media_file, fresh_seconds=min(left, FRESH_SECONDS), by=reader)
        except NotHere as absence:
            raise why(media_file) from absence
        response["Referrer-Policy"] = "no-referrer"
        return response
