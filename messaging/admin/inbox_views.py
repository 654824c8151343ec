"""Pieces of the inbox and of a thread, for the page that is open to bring itself up to date."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import may
from accounts.admin.access import TenantAdmin
from accounts.admin.audited import trail_of
from accounts.models import Role
from messaging.admin.beginning import FirstMessageForm
from messaging.admin.gaps import open_gaps
from messaging.admin.inbox import ids_in, inbox_of
from messaging.admin.thread import Thread, read_lines, read_thread
from messaging.models import Conversation, Label
from messaging.services import conversing, sending

FOLDER = "admin/messaging/conversation"
NOTES = 50


class InboxViews(TenantAdmin):
    """What is done to a conversation goes to the REST API; but for its beginning, each of these only reads."""

    def get_urls(self) -> list[URLPattern]:
        views = [("rows/", self._rows, "rows"), ("new/", self._begin, "new")]
        views += [(f"<int:pk>/{word}/", getattr(self, f"_{word}"), word) for word in ("lines", "panel")]
        own = [
            path(route, self.admin_site.admin_view(view), name=f"messaging_conversation_{name}")
            for route, view, name in views
        ]
        return [*own, *super().get_urls()]

    def _rows(self, request: HttpRequest) -> HttpResponse:
        """The list as its filters say; with ``ids`` only those that still belong in it."""
        query = request.GET.copy()
        ids = query.pop("ids", None)
        current = _number(str(query.pop("current", [""])[-1]))
        inbox = inbox_of(self, request, query, only_ids=ids_in(ids[-1]) if ids else None)
        return render(request, f"{FOLDER}/rows.html", {"cl": inbox, "current": current})

    def _begin(self, request: HttpRequest) -> HttpResponse:
        if not self.has_operate_permission(request):
            raise PermissionDenied
        known = {"line": request.GET.get("line", ""), "phone": request.GET.get("phone", "")}
        form = FirstMessageForm(request, request.POST or None, initial=known)
        if form.is_valid():
            facts: Any = {"by": request.user, "key": str(form.cleaned_data["key"]), "now": timezone.now()}
            try:
                message = sending.write_first(form.cleaned_data["line"], form.wish, **facts)
            except sending.NotSendable as exc:
                form.refuse(exc)
            else:
                return redirect("admin:messaging_conversation_change", message.conversation_id)
        facts = {"form": form, "title": _("New conversation"), "opts": self.opts}
        page = {**self.admin_site.each_context(request), **facts}
        return render(request, f"{FOLDER}/new.html", page)

    def _lines(self, request: HttpRequest, pk: int) -> HttpResponse:
        conversation = self._visible(request, pk)
        if "ids" in request.GET:
            thread = Thread(read_lines(conversation, ids_in(request.GET["ids"])))
        else:
            asked = {name: request.GET.get(name, "") for name in ("before", "after")}
            thread = read_thread(conversation, **asked)
        facts = {
            "conversation": conversation,
            "thread": thread,
            "may_operate": self.has_operate_permission(request, conversation),
        }
        return render(request, f"{FOLDER}/lines.html", facts)

    def _panel(self, request: HttpRequest, pk: int) -> HttpResponse:
        return render(request, f"{FOLDER}/panel.html", self.beside(request, self._visible(request, pk)))

    def beside(self, request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
        """What stands around the messages of a thread."""
        contact = conversation.contact
        abilities = sending.abilities_of(conversation.instance)
        notes = conversation.notes.select_related("author")
        manages = may(request.user, Role.MANAGER, conversation)
        return {
            "conversation": conversation,
            "aliases": list(contact.aliases.all()[:20]) if contact else [],
            "may_operate": self.has_operate_permission(request, conversation),
            "may_manage": manages,
            "trail": trail_of(conversation) if manages else "",
            "abilities": abilities,
            "window": sending.window_of(conversation, timezone.now()),
            "window_hours": round(abilities.window.total_seconds() / 3600) if abilities.window else 0,
            "people": list(conversing.assignable(conversation)),
            "labels": list(_labels(conversation)),
            "open_gaps": open_gaps(conversation.instance_id, timezone.now()),
            "notes": list(notes[:NOTES]),
            "user": request.user,
        }

    def _visible(self, request: HttpRequest, pk: int) -> Any:
        found = self.get_object(request, str(pk))
        if found is None:
            raise Http404
        return found


def _labels(conversation: Conversation) -> Any:
    """All that its client has, each with whether it is on this conversation."""
    here = conversation.labels.filter(pk=OuterRef("pk"))
    return Label.objects.filter(client=conversation.instance.client_id).annotate(is_chosen=Exists(here))


def _number(text: str) -> int | None:
    found = ids_in(text)
    return found[0] if found else None
