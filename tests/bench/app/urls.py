"""The product's addresses, and the floor's own."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from multichat.urls import urlpatterns as ours
from tests.bench.app.models import BareRow


@csrf_exempt
def keep(request: HttpRequest) -> HttpResponse:
    BareRow.objects.create(body=request.body)
    return HttpResponse()


urlpatterns = [path("bare/", keep), *ours]
