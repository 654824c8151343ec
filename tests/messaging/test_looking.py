"""What had nothing a moment ago is left alone by those who have other work."""

import pytest

from messaging.services import looking
from messaging.services.looking import Look


def test_who_has_nothing_else_to_do_looks_each_time() -> None:
    look = Look(lambda: 0)
    assert look.turn(hurried=False) == 0
    assert look.turn(hurried=False) == 0
    assert not look.was_left_out


def test_what_had_nothing_is_left_out_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [0, 7]
    look = Look(lambda: found.pop(0))
    monkeypatch.setattr(looking, "QUIET_SECONDS", 60.0)
    look.turn(hurried=True)
    assert look.turn(hurried=True) == 0
    assert look.was_left_out
    assert look.turn(hurried=False) == 7


def test_it_is_looked_at_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [0, 7]
    look = Look(lambda: found.pop(0))
    monkeypatch.setattr(looking, "QUIET_SECONDS", 0.0)
    look.turn(hurried=True)
    assert look.turn(hurried=True) == 7


def test_what_is_in_hand_is_looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [0, 7]
    look = Look(lambda: found.pop(0), under_way=lambda: 1)
    monkeypatch.setattr(looking, "QUIET_SECONDS", 60.0)
    look.turn(hurried=True)
    assert look.turn(hurried=True) == 7


def test_what_is_rare_is_left_alone_by_idle_workers_too() -> None:
    found = [3, 0]
    look = Look(lambda: found.pop(0), seldom=60.0)
    assert look.turn(hurried=False) == 3
    assert look.turn(hurried=False) == look.turn(hurried=False) == 0
    assert not look.was_left_out
