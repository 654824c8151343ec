"""Buckets and quotas, for a diagnosis."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.diagnosing.findings import Finding, ok, problem, warn
from media.services import quotas
from media.services.quotas import NEARLY_FULL, Filling

KEYS = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "NoCredentials", "ExpiredToken")


def bucket_findings(probes: list[dict[str, Any]]) -> Iterator[Finding]:
    for told in probes:
        about = f"S3 {told['bucket']}"
        if not told["error"]:
            yield ok(about, _("a file was written, read and removed"))
        else:
            text = _("The bucket cannot be used: %(error)s. Files wait until it can.") % told
            yield problem(about, text, _advice(told["code"]))


def _advice(code: str) -> str:
    if code in KEYS:
        return _("Put S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY right, and restart.")
    if code in ("AccessDenied", "403"):
        return _("Let these keys put, get, list and delete objects of the bucket.")
    if code in ("NoSuchBucket", "InvalidBucketName", "PermanentRedirect"):
        return _("Put S3_BUCKET, S3_REGION and S3_ENDPOINT_URL right, and restart.")
    return _("See whether S3_ENDPOINT_URL can be reached from here, and whether the service is up.")


def quota_findings(told: list[dict[str, Any]]) -> Iterator[Finding]:
    advice = _("Raise the client's quota, or let its rules of retention remove what is no longer needed.")
    for one in [Filling(**facts) for facts in told]:
        if one.waiting or one.share >= 1:
            yield problem(one.name, sentence(one), advice)
        elif one.share >= NEARLY_FULL:
            yield warn(one.name, sentence(one), advice)


def alarming() -> list[dict[str, Any]]:
    return [asdict(one) for one in quotas.filling() if one.waiting or one.share >= NEARLY_FULL]


def sentence(one: Filling) -> str:
    facts = {
        "used": filesizeformat(one.used),
        "quota": filesizeformat(one.quota),
        "count": one.waiting,
        "until": f"{one.until:%Y-%m-%d %H:%M} UTC" if one.until else "",
    }
    if not one.waiting:
        return _("%(used)s of %(quota)s are used.") % facts
    return (
        ngettext(
            "%(used)s of %(quota)s are used. %(count)d file waits for room; it is at its source until %(until)s.",
            "%(used)s of %(quota)s are used. %(count)d files wait for room; "
            "the first is at its source until %(until)s.",
            one.waiting,
        )
        % facts
    )
