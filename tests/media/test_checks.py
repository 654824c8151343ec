"""media.E001: received files never lie where Python looks for modules."""

from pathlib import Path

import pytest
from django.conf import settings as configured
from django.core.checks import run_checks

from media.checks import check_media_root

BASE = Path(configured.BASE_DIR)


@pytest.mark.parametrize(
    "root", [BASE, BASE.parent, BASE / "media", BASE / "media" / "files", BASE / "multichat"]
)
def test_a_media_root_over_or_in_the_code_is_an_error(root, settings):
    settings.MEDIA_ROOT = root
    assert [error.id for error in check_media_root()] == ["media.E001"]


@pytest.mark.parametrize("root", [BASE / "var" / "media_storage", Path("/srv/multichat-media")])
def test_a_folder_of_its_own_is_fine(root, settings):
    settings.MEDIA_ROOT = root
    assert check_media_root() == []


def test_django_runs_the_check(settings):
    settings.MEDIA_ROOT = BASE / "accounts"
    assert "media.E001" in [found.id for found in run_checks()]
