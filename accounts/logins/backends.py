"""Who logs in by name and password."""

from typing import Any

from django.contrib.auth.backends import ModelBackend

from accounts.models import User


class Passwords(ModelBackend):
    def get_user(self, user_id: Any) -> User | None:
        """With the second factor, which every request asks for."""
        user = User.objects.select_related("second_factor").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
