"""What browsers may do with our pages: the sources that each kind of content may come from."""

from typing import Any
from urllib.parse import urlsplit

SELF, NONE = "'self'", "'none'"


def content_security_policy(stream: str, storage: list[str]) -> dict[str, Any]:
    """``storage`` are origins that stored files are redirected to."""
    return {
        "DIRECTIVES": {
            "default-src": [SELF],
            "script-src": [SELF],
            "style-src": [SELF],
            # Previews of files that are about to be sent are blob:, Django's own icons are data:.
            "img-src": [SELF, "data:", "blob:", *storage],
            "media-src": [SELF, "blob:", *storage],
            "connect-src": list(dict.fromkeys([SELF, origin(stream), *storage])),
            "object-src": [NONE],
            "base-uri": [SELF],
            "form-action": [SELF],
            "frame-ancestors": [NONE],
        }
    }


def origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def storage_origins(delivery: str, storage: Any) -> list[str]:
    """Where signed addresses of S3 may lead: the bucket stands in the path or before the host."""
    options: dict[str, Any] = storage.get("OPTIONS", {})
    if delivery != "redirect":
        return []
    bucket, domain = str(options.get("bucket_name") or ""), options.get("custom_domain")
    if domain:
        return [f"https://{domain}"]
    if endpoint := options.get("endpoint_url"):
        parts = urlsplit(str(endpoint))
        return [f"{parts.scheme}://{parts.netloc}", f"{parts.scheme}://{bucket}.{parts.netloc}"]
    if not bucket:
        return []
    region = options.get("region_name")
    hosts = ["s3.amazonaws.com", f"s3.{region}.amazonaws.com"] if region else ["s3.amazonaws.com"]
    return [f"https://{prefix}{host}" for host in hosts for prefix in ("", f"{bucket}.")]
