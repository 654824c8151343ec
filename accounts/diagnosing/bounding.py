"""A bounded number of rows of each line, in as many statements for one line as for hundreds."""

from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts.models import WhatsappInstance

# SQLite reads no longer list of alternatives.
LINES_AT_ONCE = 500


def first_of_each(
    rows: QuerySet[Any], instances: Collection[int], *, by: str, most: int
) -> Iterator[QuerySet[Any]]:
    """Of each line the first rows in the order of ``by``, and those that are like the last of them in it."""
    lines = list(instances)
    for start in range(0, len(lines), LINES_AT_ONCE):
        yield rows.filter(_within(rows, lines[start : start + LINES_AT_ONCE], by, most)).order_by()


def _within(rows: QuerySet[Any], instances: Collection[int], by: str, most: int) -> Q:
    field = by.removeprefix("-")
    compare = f"{field}__{'gte' if by.startswith('-') else 'lte'}"
    last = rows.filter(instance=OuterRef("pk")).order_by(by).values(field)[most - 1 : most]
    bounds = WhatsappInstance.objects.filter(pk__in=instances).order_by()
    within, whole = Q(), []
    for pk, bound in bounds.annotate(bound=Subquery(last)).values_list("pk", "bound"):
        if bound is None:
            whole.append(pk)
        else:
            within |= Q(instance=pk, **{compare: bound})
    return within | Q(instance__in=whole)
