import threading
from time import monotonic

from accounts.questions import Question


def test_an_answer_is_remembered() -> None:
    asked: list[int] = []
    question = Question(lambda: asked.append(1) or len(asked), late=0, keep=60, patience=5)
    assert [question.answer(), question.answer()] == [1, 1]
    question.forget()
    assert question.answer() == 2


def test_who_asks_does_not_wait_for_what_hangs() -> None:
    go_on = threading.Event()
    question = Question(lambda: go_on.wait(30) and "there", late="late", keep=60, patience=0.05)
    began = monotonic()
    assert question.answer() == "late"
    assert monotonic() - began < 5
    go_on.set()
    while question.answer() == "late":
        pass
    assert question.answer() == "there"


def test_what_hangs_is_asked_once() -> None:
    go_on, asked = threading.Event(), []
    question = Question(lambda: asked.append(1) or go_on.wait(30), late=False, keep=0, patience=0.01)
    assert [question.answer() for _ in range(5)] == [False] * 5
    go_on.set()
    assert asked == [1]
