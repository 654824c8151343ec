"""The file of a message, found by the message: what a thread shows has the message's id at hand."""

from http import HTTPStatus
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.problems import Problem
from media.api.delivery import WhateverIsAccepted, deliver
from media.api.schema import CONTENT, DOWNLOAD, FETCH, RANGE, RENDITION, WAITING
from media.models import MediaFile
from media.serializers import MediaFileSerializer
from messaging.models import Message


class MessageMedia(APIView):
    content_negotiation_class = WhateverIsAccepted

    @extend_schema(
        summary="Get the file of a message",
        parameters=[RENDITION, DOWNLOAD, FETCH, RANGE],
        responses=CONTENT,
        examples=[WAITING],
    )
    def get(self, request: Request, pk: str) -> HttpResponseBase:
        message: Any = get_object_or_404(Message.objects.visible_to(request.user).only("media"), pk=pk)
        if message.media_id is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no_media", "This message has no file.")
        rows = MediaFileSerializer.with_related(MediaFile.objects.visible_to(request.user))
        found = get_object_or_404(rows.prefetch_related(None), pk=message.media_id)
        return deliver(request, found)
