"""Where files are stored, as the environment says it."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from multichat import env

PLACES = ("file", "s3")
# A worker that was killed after the rename leaves the same verified bytes under the same name.
ON_DISK = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"allow_overwrite": True},
}


def of_media(place: str, also: str) -> dict[str, Any]:
    """``also`` is where files may be yet while they move to ``place``."""
    if also == place:
        raise ImproperlyConfigured(f"MEDIA_STORAGE_ALSO must name the other place, not {place!r} again.")
    first = _described(place)
    if not also:
        return first
    return {
        "BACKEND": "media.twofold.TwofoldStorage",
        "OPTIONS": {"first": first, "second": _described(also)},
    }


def _described(place: str) -> dict[str, Any]:
    return {"BACKEND": "media.s3.storage.S3MediaStorage", "OPTIONS": _bucket()} if place == "s3" else ON_DISK


def _bucket() -> dict[str, Any]:
    bucket, endpoint = env.text("S3_BUCKET"), env.text("S3_ENDPOINT_URL")
    if not bucket:
        raise ImproperlyConfigured("S3_BUCKET is not set: name the bucket that files are stored in.")
    keys = env.optional_secret("S3_ACCESS_KEY_ID"), env.optional_secret("S3_SECRET_ACCESS_KEY")
    if bool(keys[0]) != bool(keys[1]):
        raise ImproperlyConfigured(
            "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY belong together; leave both empty for boto3's own ways."
        )
    return {
        "bucket_name": bucket,
        "endpoint_url": env.base_url("S3_ENDPOINT_URL", default=endpoint) if endpoint else None,
        "region_name": env.text("S3_REGION") or None,
        "location": env.text("S3_PREFIX").strip("/"),
        "access_key": keys[0] or None,
        "secret_key": keys[1] or None,
        "reads_back": env.boolean("S3_READ_BACK", default=False),
    }
