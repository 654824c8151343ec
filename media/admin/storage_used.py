"""How much is stored, by client and by kind of file, as usage has counted it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from accounts.admin.display import NOTHING, visible_name
from accounts.models import Client, Usage
from accounts.reach import reach_of
from media.models import MediaFile
from media.services import quotas
from media.services.diagnosing.quotas import sentence

SHOWN = 8
KINDS = [kind.value for kind in MediaFile.Kind]


@dataclass(frozen=True, slots=True)
class Row:
    """``client`` is None in a row that stands for several."""

    name: str
    client: int | None
    cells: list[str]
    total: str


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the bar that shows the kinds, which is 100 wide."""

    kind: str
    label: str
    x: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class Limit:
    """What a client may have stored, where that is limited; here every file counts once."""

    name: str
    client: int
    text: str
    is_alarming: bool


@dataclass(frozen=True, slots=True)
class Table:
    """``files`` counts what came in all, and so does ``total``: what is a second copy of one file is counted again."""

    kinds: list[str]
    rows: list[Row]
    parts: list[Part]
    files: int
    total: str
    quotas: list[Limit]


def table(user: Any, client: Client | None) -> Table:
    """Of the client if one is given; the user may see it. The rows with most stand first."""
    used = reach_of(user, client).narrow(Usage.objects.filter(files__gt=0, kind__in=KINDS)).order_by()
    sums = used.values_list("instance__client", "kind").annotate(bytes=Sum("bytes"), files=Sum("files"))
    stored: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(KINDS, 0))
    files = 0
    for pk, kind, size, count in sums:
        stored[pk][kind] += size
        files += count
    largest = sorted(stored, key=lambda pk: -sum(stored[pk].values()))
    totals = _sum(list(stored.values()))
    return Table(
        [str(MediaFile.Kind(kind).label) for kind in KINDS],
        _rows(user, stored, largest, totals),
        _parts(totals),
        files,
        filesizeformat(sum(totals.values())),
        limits(user, client)[:SHOWN],
    )


def limits(user: Any, client: Client | None = None, *, alarming: bool = False) -> list[Limit]:
    """The fullest first; with ``alarming`` only those that somebody has to see to."""
    limited = Client.objects.visible_to(user).filter(quota_bytes__isnull=False)
    chosen = limited.filter(pk=client.pk) if client else limited
    found = [_limit(one) for one in quotas.filling(chosen.values_list("pk", flat=True))]
    return [one for one in found if one.is_alarming or not alarming]


def _limit(one: quotas.Filling) -> Limit:
    alarming = bool(one.waiting) or one.share >= quotas.NEARLY_FULL
    return Limit(visible_name(one.name), one.client, sentence(one), alarming)


def _rows(
    user: Any, stored: dict[int, dict[str, int]], largest: Sequence[int], totals: dict[str, int]
) -> list[Row]:
    named = Client.objects.visible_to(user).filter(pk__in=largest[:SHOWN])
    names = dict(named.values_list("pk", "name"))
    rows = [_row(visible_name(names[pk]), pk, stored[pk]) for pk in largest[:SHOWN] if pk in names]
    if len(largest) > SHOWN:
        rows.append(_row(_("Other clients"), None, _sum([stored[pk] for pk in largest[SHOWN:]])))
    if len(rows) > 1:
        rows.append(_row(_("Together"), None, totals))
    return rows


def _row(name: str, client: int | None, sizes: dict[str, int]) -> Row:
    cells = [filesizeformat(sizes[kind]) if sizes[kind] else NOTHING for kind in KINDS]
    return Row(name, client, cells, filesizeformat(sum(sizes.values())))


def _sum(several: Sequence[dict[str, int]]) -> dict[str, int]:
    return {kind: sum(one[kind] for one in several) for kind in KINDS}


def _parts(totals: dict[str, int]) -> list[Part]:
    whole, x, parts = sum(totals.values()), 0.0, []
    for kind, size in totals.items():
        if size:
            width = size / whole * 100
            label = str(MediaFile.Kind(kind).label)
            parts.append(Part(kind, label, round(x, 2), round(width, 2), filesizeformat(size)))
            x += width
    return parts
