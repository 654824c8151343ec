"""A diagnosis names what waits on disk and which lines are silent."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from messaging.models import Gap
from messaging.services.diagnosing.gaps import spool_facts, spool_findings
from messaging.services.spooling import set_by, spool
from messaging.spool import Letter
from tests.messaging.diagnosing import instance_in_order, report, said

__all__ = ["instance_in_order"]


def told(after: timedelta = timedelta()) -> Any:
    return [(one.level, one.text) for one in spool_findings(spool_facts(), timezone.now() + after)]


def test_an_empty_spool_is_well() -> None:
    assert told() == [("ok", "no webhook waits on this machine's disk")]


@pytest.mark.parametrize(("minutes", "level"), [(0, "warn"), (6, "problem")])
def test_a_spool_that_nobody_drains_is_a_problem(minutes: int, level: str) -> None:
    set_by(Letter(b"{}", instance=1))
    ((found, text),) = told(timedelta(minutes=minutes))
    assert (found, text.partition(",")[0]) == (level, "Webhooks that wait on this machine's disk: 1")


def test_files_that_cannot_be_read_are_named() -> None:
    set_by(Letter(b"{}", instance=1))
    (name,) = spool().names()
    spool().set_aside(name)
    assert told()[0] == ("problem", "Webhooks on disk that cannot be read: 1.")


@pytest.mark.django_db
def test_the_report_says_what_is_silent_and_what_to_do(sim: Any, instance: Any) -> None:
    Gap.objects.create(instance=instance, why="silent", started_at=timezone.now(), expected=60)
    found = report("--offline")
    assert "usually 60 events come in such a time." in said(found, "problem")
    assert "backfill_webhooks --instance" in said(found, "problem")
    assert found["spool"]["files"] == 0
    assert found["instances"][0]["gaps"][0]["why"] == "silent"
