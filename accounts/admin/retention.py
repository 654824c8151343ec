"""How long a client's things are kept, on the client's page.

Its managers decide: they answer for these data to the people in them, and what they may erase or export by hand they
may also have removed by age. Each change is in the audit trail.
"""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.access import TenantInline
from accounts.models import RetentionRule, Role


class RetentionInline(TenantInline):
    model = RetentionRule
    extra = 0
    fields = ("what", "days")
    verbose_name_plural = _("how long things are kept; what is not named here is kept for ever")
    add_role = change_role = delete_role = Role.MANAGER

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("client")
