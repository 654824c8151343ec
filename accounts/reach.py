"""How far a figure reaches: the lines that a user may see, or those of one client, as plain numbers.

Databases count along (instance, …) indexes when they are told which instances; a join with memberships hides that.
"""

from dataclasses import dataclass
from typing import Any

from accounts.models import Client, WhatsappInstance


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """``lines`` is None where nothing is to be left out. ``live`` are those of them for which work is done."""

    lines: tuple[int, ...] | None
    live: tuple[int, ...]

    def narrow(self, rows: Any, path: str = "instance") -> Any:
        return rows if self.lines is None else rows.filter(**{f"{path}__in": self.lines})

    def narrow_to_live(self, rows: Any, path: str = "instance") -> Any:
        return rows.filter(**{f"{path}__in": self.live})


def reach_of(user: Any, client: Client | None = None) -> Reach:
    """One query. The client is one that the user may see."""
    rows = WhatsappInstance.objects.visible_to(user)
    rows = rows.filter(client=client) if client else rows
    known = list(rows.order_by().values_list("pk", "is_active", "client__is_active"))
    sees_all = client is None and user.is_superuser and user.scope is None
    return Reach(
        lines=None if sees_all else tuple(pk for pk, *_ in known),
        live=tuple(pk for pk, *active in known if all(active)),
    )
