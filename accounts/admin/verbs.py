"""Buttons on a row's page: one POST, one call into the domain, which notes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.access import may
from accounts.admin.access import TenantAdmin
from accounts.models import Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Verb:
    """``method`` of the model admin takes (request, row) and tells the user what came of it."""

    slug: str
    label: str | Promise
    method: str
    role: Role = Role.OPERATOR
    icon: str = ""
    confirm: str | Promise = ""


class WithVerbs(TenantAdmin):
    verbs: Sequence[Verb] = ()

    def verbs_for(self, request: HttpRequest, row: Any) -> list[Verb]:
        return [verb for verb in self.verbs if may(request.user, verb.role, row)]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self._act)
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        return [path("<path:object_id>/do/<slug:slug>/", view, name=name), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        verbs = [] if row is None else self.verbs_for(request, row)
        context["verbs"] = [(verb, self._address(row, verb)) for verb in verbs]
        return super().render_change_form(request, context, *args, **kwargs)

    def _address(self, row: Any, verb: Verb) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_act"
        return reverse(name, args=[quote(row.pk), verb.slug])

    def _act(self, request: HttpRequest, object_id: str, slug: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        verb = next((verb for verb in self.verbs if verb.slug == slug), None)
        row = self.get_object(request, unquote(object_id))
        if verb is None or row is None:
            raise Http404
        if not may(request.user, verb.role, row):
            raise PermissionDenied
        getattr(self, verb.method)(request, row)
        return HttpResponseRedirect(self._way_back(request, row))

    def _way_back(self, request: HttpRequest, row: Any) -> str:
        asked = request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure()):
            return asked
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[quote(row.pk)])
