"""What the audit trail hears from Django itself: logins and new passwords."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from accounts import audit
from accounts.audit import Action
from accounts.models import AuditEntry, User

GUESSED_AGAIN = timedelta(minutes=1)


@receiver(user_logged_in, dispatch_uid="audit")
def _logged_in(sender: Any, user: User, **_: Any) -> None:
    audit.note(Action.LOGIN, user, by=user)


@receiver(user_logged_out, dispatch_uid="audit")
def _logged_out(sender: Any, user: User | None, **_: Any) -> None:
    if user is not None:
        audit.note(Action.LOGOUT, user, by=user)


@receiver(user_login_failed, dispatch_uid="audit")
def _failed(sender: Any, credentials: dict[str, Any], **_: Any) -> None:
    """Of accounts that exist: anything else in that field may be a password. Guesses within a minute are one entry."""
    user = User.objects.filter(username=str(credentials.get("username", ""))[:150]).only("username").first()
    now = timezone.now()
    if user is None:
        return
    failed = AuditEntry.objects.about(user).filter(action=Action.LOGIN_FAILED, at__gt=now - GUESSED_AGAIN)
    if not failed.exists():
        audit.note(Action.LOGIN_FAILED, user, by=None, at=now)


@receiver(post_save, sender=User, dispatch_uid="audit")
def _saved(sender: Any, instance: User, created: bool, **_: Any) -> None:
    """Whichever door a new password came through, the model has it at hand until it is saved."""
    if not created and getattr(instance, "_password", None) is not None:
        audit.note(Action.USER_PASSWORD_CHANGED, instance, by=audit.asker())
