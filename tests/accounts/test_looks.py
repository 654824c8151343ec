import threading
from time import monotonic

from accounts.looks import Look


def test_an_answer_is_remembered() -> None:
    asked: list[int] = []
    look = Look(lambda: asked.append(1) or len(asked), late=0, keep=60, patience=5)
    assert [look.answer(), look.answer()] == [1, 1]
    look.forget()
    assert look.answer() == 2


def test_who_asks_does_not_wait_for_what_hangs() -> None:
    go_on = threading.Event()
    look = Look(lambda: go_on.wait(30) and "there", late="late", keep=60, patience=0.05)
    began = monotonic()
    assert look.answer() == "late"
    assert monotonic() - began < 5
    go_on.set()
    while look.answer() == "late":
        pass
    assert look.answer() == "there"


def test_what_hangs_is_asked_once() -> None:
    go_on, asked = threading.Event(), []
    look = Look(lambda: asked.append(1) or go_on.wait(30), late=False, keep=0, patience=0.01)
    assert [look.answer() for _ in range(5)] == [False] * 5
    go_on.set()
    assert asked == [1]
