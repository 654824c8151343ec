"""The feed for those who poll."""

from http import HTTPStatus

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.problems import Problem
from accounts.api.schema import refusals
from accounts.models import Change
from messaging.api.feeds import number, wish_of
from messaging.serializers.changes import ChangesSerializer
from messaging.services.feeding import CursorExpired, Page, newest, read
from messaging.services.representing import represent

DEFAULT, MOST = 100, 500
WISHES = [
    OpenApiParameter("instance", int, description="Changes of this instance only."),
    OpenApiParameter("types", str, description="Such types only, with commas: `message.*,media.updated`."),
]
EXPIRED = (
    "Changes after this cursor are no longer kept: read the lists anew, and go on from the present cursor."
)


class ChangesView(APIView):
    @extend_schema(
        summary="What changed since a cursor",
        description="Each change shows its object as it is now. Without `after` there are no results, but the "
        "present cursor: take it first, then read your lists, then ask for what changed since.",
        parameters=[
            OpenApiParameter(
                "after",
                str,
                description="The `cursor` of the answer before; 0 is the oldest change that is kept.",
            ),
            OpenApiParameter("limit", int, description=f"1 to {MOST}; {DEFAULT} without it."),
            *WISHES,
        ],
        responses={200: ChangesSerializer} | refusals({410: f"`cursor_expired`. {EXPIRED}"}),
    )
    def get(self, request: Request) -> Response:
        after, wish = number(request, "after"), wish_of(request)
        limit = number(request, "limit", MOST)
        if limit == 0:
            raise ValidationError({"limit": [f"A limit is a number from 1 to {MOST}."]})
        if after is None:
            return Response(shown(Page([], newest(), more=False)))
        rows = Change.objects.all().visible_to(request.user)
        try:
            return Response(shown(read(rows, after, wish, limit or DEFAULT)))
        except CursorExpired as exc:
            raise Problem(HTTPStatus.GONE, "cursor_expired", EXPIRED, cursor=str(exc.newest)) from exc


def shown(page: Page) -> dict[str, object]:
    return {"results": represent(page.changes), "cursor": str(page.cursor), "more": page.more}
