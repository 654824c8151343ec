"""Stored files for people in a browser; what is not there gets a page that says why."""

from http import HTTPStatus

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from media.models import MediaFile
from media.noting import note_reading
from media.serving import NoRendition, NotHere, NotReadable, serve


@require_safe
@login_required
def media_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(MediaFile.objects.visible_to(request.user).select_related("instance"), pk=pk)
    try:
        response = serve(request, found)
    except NotHere as exc:
        return render(request, "media/not_ready.html", {"media_file": found}, status=_status(exc))
    except NoRendition as exc:
        return HttpResponse(exc.detail, content_type="text/plain", status=HTTPStatus.NOT_FOUND)
    except NotReadable:
        return HttpResponse(
            "Our storage does not answer now. Please try again.",
            content_type="text/plain",
            status=HTTPStatus.SERVICE_UNAVAILABLE,
        )
    note_reading(request, response, found, by=request.user)
    return response


def _status(absence: NotHere) -> HTTPStatus:
    if absence.just_lost:
        return HTTPStatus.NOT_FOUND
    return HTTPStatus.CONFLICT if absence.comes_later else HTTPStatus.GONE
