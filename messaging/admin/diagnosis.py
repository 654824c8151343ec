"""The diagnosis as a page: the same as ``manage.py diagnose``, as far as the user may see."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import may
from accounts.admin import display
from accounts.admin.trouble import troubled
from accounts.diagnosing.findings import Level
from accounts.diagnosing.instances import label
from accounts.languages import in_language
from accounts.models import Client, Role, WhatsappInstance
from media.models import MediaFile
from messaging.services.diagnosing.report import Report, diagnose

# Each costs a look at its folder, and has a table of its own on the page.
LINES_AT_ONCE = 10
TONES = {Level.PROBLEM: "bad", Level.WARN: "warn", Level.OK: "good"}
LONGEST_ID = 18


@require_http_methods(["GET", "POST"])
def diagnosis(request: HttpRequest) -> HttpResponse:
    """GET reads the database and the folders; POST asks the providers too, which operators may."""
    asks = request.method == "POST"
    if not may(request.user, Role.OPERATOR if asks else Role.VIEWER):
        raise PermissionDenied
    chosen = request.POST if asks else request.GET
    lines, has_more = _lines(request.user, chosen, role=Role.OPERATOR if asks else Role.VIEWER)
    told = _told(request.user, lines, offline=not asks)
    context = {
        **admin.site.each_context(request),
        "title": _("Diagnosis"),
        "told": told,
        "lost": [one | {"name": _file(one)} for one in told["last_failures"]],
        "findings": _by_level(told["findings"]),
        "lines": told["instances"],
        "has_more": has_more,
        "most": LINES_AT_ONCE,
        "platform": _platform(told),
        "asks": asks,
        "may_ask": may(request.user, Role.OPERATOR),
        "sees_platform": request.user.is_superuser,
        "clients": Client.objects.visible_to(request.user).order_by("name", "pk"),
        "client": chosen.get("client", ""),
        "line": chosen.get("line", ""),
    }
    return TemplateResponse(request, "admin/diagnosis.html", context)


def _lines(user: Any, chosen: Any, *, role: Role) -> tuple[list[WhatsappInstance], bool]:
    """Those that need somebody come first."""
    rows = WhatsappInstance.objects.visible_to(user, role=role)
    for name, field in (("client", "client"), ("line", "pk")):
        text = chosen.get(name, "")
        if text.isdecimal() and len(text) <= LONGEST_ID:
            rows = rows.filter(**{field: int(text)})
    wrong = rows.filter(troubled(timezone.now())).values_list("pk", flat=True)[: LINES_AT_ONCE + 1]
    others = rows.exclude(pk__in=list(wrong)).order_by("name", "pk").values_list("pk", flat=True)
    pks = [*wrong, *others[: LINES_AT_ONCE + 1]]
    found = WhatsappInstance.objects.sealed().filter(pk__in=pks[:LINES_AT_ONCE])
    return list(found), len(pks) > LINES_AT_ONCE


def _told(user: Any, lines: list[WhatsappInstance], *, offline: bool) -> dict[str, Any]:
    rows = WhatsappInstance.objects.filter(pk__in=[line.pk for line in lines])
    report = diagnose(rows, now=timezone.now(), offline=offline)
    if not user.is_superuser:
        _narrow(report, lines)
    return report.as_dict()


def _narrow(report: Report, lines: Iterable[WhatsappInstance]) -> None:
    """What is said of the platform, its settings and of nobody's webhooks is for administrators."""
    own = {label(line) for line in lines}
    report.findings = [finding for finding in report.findings if finding.about in own]
    report.configuration, report.storage, report.worker = {}, {}, {}
    report.hosts, report.refusals = [], []


def _file(lost: dict[str, Any]) -> str:
    return f"{MediaFile.Kind(lost['kind']).label} {lost['media_file']}"


def _platform(told: dict[str, Any]) -> list[tuple[str, str]]:
    facts = told["configuration"] | told["storage"]
    return [(name.replace("_", " "), _plain(name, value)) for name, value in facts.items()]


def _plain(name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or display.NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return display.size(value) if name.endswith("bytes") or name.startswith("bytes") else str(value)


def _by_level(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    words = {Level.PROBLEM: _("problem"), Level.WARN: _("warning"), Level.OK: _("in order")}
    rank = [Level.PROBLEM, Level.WARN, Level.OK]
    ordered = sorted(findings, key=lambda finding: rank.index(Level(finding["level"])))
    return [one | _look(one, words) for one in ordered]


def _look(finding: dict[str, Any], words: dict[Level, str]) -> dict[str, str]:
    level = Level(finding["level"])
    return {"tone": TONES[level], "word": words[level], "about": in_language(finding["about"])}
