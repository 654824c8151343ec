"""What the scripts of the inbox are told: addresses, rights, limits, and every word they show."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import may
from accounts.models import Role
from messaging.models import Conversation
from messaging.services.feeding import newest
from messaging.services.sending import abilities_of


def page_config(request: HttpRequest, conversation: Conversation | None = None) -> dict[str, Any]:
    """``cursor`` is where the feed stands before the page is read."""
    config: dict[str, Any] = {
        "api": reverse("api-root"),
        "cursor": str(newest()),
        "stream": settings.STREAM_BASE_URL + reverse("stream"),
        "inbox": reverse("admin:messaging_conversation_changelist"),
        "rows": reverse("admin:messaging_conversation_rows"),
        "filters": request.GET.urlencode(),
        "words": words(),
    }
    return config if conversation is None else config | _of_conversation(request, conversation)


def _of_conversation(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    abilities = abilities_of(conversation.instance)
    return {
        "conversation": conversation.pk,
        "instance": conversation.instance_id,
        "unread": conversation.unread_count,
        "lines": reverse("admin:messaging_conversation_lines", args=[conversation.pk]),
        "panel": reverse("admin:messaging_conversation_panel", args=[conversation.pk]),
        "mayOperate": may(request.user, Role.OPERATOR, conversation),
        "longestText": abilities.text,
        "longestCaption": abilities.caption,
        "sizes": {kind.value: limit.max_bytes for kind, limit in abilities.media.items()},
    }


def words() -> dict[str, str]:
    return {
        "notSent": _("This could not be sent."),
        "offline": _("No connection. It is tried again by itself."),
        "sending": _("Sending"),
        "uploading": _("Uploading, %s%"),
        "copied": _("Copied"),
        "failed": _("That did not work."),
        "loggedOut": _("You are logged out."),
        "newMessages": _("New messages"),
        "newMessageFrom": _("New message from %s"),
        "deleteSure": _("Delete this message for everyone?"),
        "againSure": _("It may have arrived. Send it a second time?"),
        "deleteNoteSure": _("Delete this note?"),
        "editing": _("Change the message"),
        "answering": _("Answer to %s"),
        "tooLong": _("Too long by %s characters."),
        "tooLarge": _("%s is too large for WhatsApp."),
        "emptyFile": _("%s is empty."),
        "removeFile": _("Remove %s"),
        "noMicrophone": _("The microphone cannot be used: %s"),
        "noRecorder": _("This browser cannot record here. A secure address (https) is needed."),
        "play": _("Play"),
        "pause": _("Pause"),
        "position": _("Position"),
        "speed": _("Speed"),
        "cannotPlay": _("This browser cannot play it. Save it instead."),
        "timeLeft": _("%s left"),
        "hours": _("%s h"),
        "minutes": _("%s min"),
    }
