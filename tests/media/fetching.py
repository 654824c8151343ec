"""What the tests of fetching share: a media descriptor, a provider that only locates, and a job over both."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from accounts.providers.base import MediaLocation
from accounts.providers.errors import ProviderError
from accounts.providers.events import MediaDescriptor, MediaKind
from accounts.providers.http import Door, Pace, Rules
from media.crypto import encrypt
from media.strategies import Job, fetch

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER, EARLIER = f"{int(NOW.timestamp()) + 86400:X}", f"{int(NOW.timestamp()) - 86400:X}"
PATH = f"/v/t62.7119-24/1_n.enc?ccb=11-4&oh=01_Q5Aa&oe={LATER}&_nc_sid=5e03e0"
KEY = bytes(range(32))
PLAINTEXT = bytes(range(256)) * 40
ORDER = ("cdn", "provider", "provider_alt")


@dataclass
class Locator:
    """A provider of which only the place of a file is asked."""

    location: MediaLocation | ProviderError
    media_strategies: tuple[str, ...] = ("provider", "provider_alt")
    asked: list[bool] = field(default_factory=list)

    def locate_media(self, media, *, now, alternative=False):
        self.asked.append(alternative)
        if isinstance(self.location, ProviderError):
            raise self.location
        return self.location


def media_of(**fields):
    return MediaDescriptor(**{"kind": MediaKind.DOCUMENT, "direct_path": PATH, **fields})


def encrypted_media(plaintext, kind=MediaKind.DOCUMENT, **fields):
    """A file on the CDN, and what an honest message says about it."""
    made = encrypt(plaintext, KEY, kind)
    declared = {"media_key": KEY, "sha256": made.sha256, "enc_sha256": made.enc_sha256, "kind": kind}
    return made.blob, media_of(**declared | fields)


def job_for(media, folder, *, origin=None, provider=None, **fields):
    extra = (origin.address,) if origin else ()
    base = {"cdn_base": origin.url} if origin else {}
    door = Door(Rules(extra=extra), timeout=(2, 1), pace=Pace(least=1000, window=1.0))
    defaults = {"strategies": ORDER, "max_bytes": 1 << 30, "now": NOW, "door": door}
    locator = provider or Locator(MediaLocation(), media_strategies=())
    return Job(**{"media": media, "folder": folder, "provider": locator, **defaults, **base, **fields})


def run_cdn(media, folder, origin=None, **fields):
    [attempt], file = fetch(job_for(media, folder, origin=origin, strategies=("cdn",), **fields))
    return attempt, file


def run_provider(media, folder, location, origin=None, **fields):
    provider = Locator(location)
    [attempt], file = fetch(
        job_for(media, folder, origin=origin, provider=provider, strategies=("provider",), **fields)
    )
    return attempt, file


def assert_delivered(attempt, file, plaintext=PLAINTEXT):
    assert (attempt.outcome, attempt.reason) == ("ok", file.warning if file else "")
    assert file.path.read_bytes() == plaintext
    assert (file.size, file.sha256) == (len(plaintext), hashlib.sha256(plaintext).digest())
