"""The API's own document. It is the same for everybody and takes long to make, so each process makes it once."""

from functools import lru_cache
from typing import Any

from django.http import HttpResponse
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request


class Document(SpectacularAPIView):
    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Asks the request for nothing but the form."""
        form: Any = type(request.accepted_renderer)
        name = f'inline; filename="multichat.{form.format}"'
        return HttpResponse(
            written(form), content_type=str(form.media_type), headers={"Content-Disposition": name}
        )


@lru_cache(maxsize=8)
def written(form: Any) -> bytes:
    with translation.override("en"):
        document: Any = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return bytes(form().render(document, renderer_context={}))
