from datetime import timedelta

import pytest

from accounts.providers.base import Provider
from accounts.providers.cloud.client import Cloud
from accounts.providers.events import MediaKind
from accounts.providers.wapi.client import WApi

MIB = 1024 * 1024
WEBP = ("image/webp",)


def test_meta_lets_answer_freely_for_a_day_and_with_so_much_at_once() -> None:
    abilities = Cloud.abilities
    assert abilities.window == timedelta(days=1)
    assert (abilities.burst, abilities.burst_period) == (45, timedelta(seconds=270))
    assert (abilities.edit, abilities.delete, abilities.templates) == (False, False, True)


def test_w_api_has_no_window_and_takes_back_what_it_sent() -> None:
    abilities = WApi.abilities
    assert (abilities.window, abilities.burst) == (None, None)
    assert (abilities.edit, abilities.delete, abilities.templates) == (True, True, False)


@pytest.mark.parametrize(
    ("provider", "kind", "max_bytes", "accepted"),
    [
        (Cloud, MediaKind.IMAGE, 5_000_000, ("image/jpeg", "image/png")),
        (Cloud, MediaKind.VOICE, 16_000_000, ("audio/ogg",)),
        (Cloud, MediaKind.DOCUMENT, 100_000_000, ()),
        (Cloud, MediaKind.STICKER, 500_000, WEBP),
        (WApi, MediaKind.VIDEO, 16 * MIB, ()),
        (WApi, MediaKind.DOCUMENT, 100 * MIB, ()),
        (WApi, MediaKind.STICKER, MIB, WEBP),
    ],
)
def test_each_kind_has_its_limit(
    provider: type[Provider], kind: MediaKind, max_bytes: int, accepted: tuple[str, ...]
) -> None:
    limit = provider.abilities.media[kind]
    assert (limit.max_bytes, limit.mimetypes) == (max_bytes, accepted)


@pytest.mark.parametrize("provider", [Cloud, WApi])
def test_mimetypes_are_bare(provider: type[Provider]) -> None:
    named = [mimetype for limit in provider.abilities.media.values() for mimetype in limit.mimetypes]
    assert all(name == name.lower() and ";" not in name and name.count("/") == 1 for name in named)
