import threading
import time

from accounts.crews import Crew


def take(crew: Crew[int, int], count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        found += crew.finished(wait=5)
    return found


def test_every_errand_comes_back_as_a_result() -> None:
    crew: Crew[int, int] = Crew(lambda number: number * 2, threads=3)
    for number in range(50):
        crew.put(number)
    assert sorted(take(crew, 50)) == [number * 2 for number in range(50)]
    assert crew.under_way == 0
    crew.close()


def test_as_many_are_under_way_at_once_as_there_are_threads() -> None:
    meeting = threading.Barrier(3)
    crew: Crew[float, int] = Crew(meeting.wait, threads=3)
    for _ in range(3):
        crew.put(5)
    assert sorted(take(crew, 3)) == [0, 1, 2]
    crew.close()


def test_an_errand_that_counts_as_false_does_not_end_its_thread() -> None:
    crew: Crew[int, int] = Crew(lambda number: number, threads=1)
    crew.put(0)
    crew.put(1)
    assert take(crew, 2) == [0, 1]
    crew.close()


def test_nothing_finished_is_no_result_and_costs_no_more_than_the_wait() -> None:
    gate = threading.Event()
    crew: Crew[float, bool] = Crew(gate.wait, threads=1)
    crew.put(5)
    assert crew.finished() == []
    began = time.monotonic()
    assert crew.finished(wait=0.05) == []
    assert 0.05 <= time.monotonic() - began < 2
    assert crew.under_way == 1
    gate.set()
    assert take(crew, 1) == [True]
    crew.close()


def test_who_waits_is_told_of_each_result() -> None:
    told = threading.Semaphore(0)
    crew: Crew[int, int] = Crew(abs, threads=2)
    crew.on_result = told.release
    crew.put(-1)
    crew.put(-2)
    assert told.acquire(timeout=5)
    assert told.acquire(timeout=5)
    assert sorted(take(crew, 2)) == [1, 2]
    crew.close()


def test_closing_waits_for_what_is_under_way() -> None:
    done: list[int] = []
    crew: Crew[int, None] = Crew(done.append, threads=2)
    for number in range(5):
        crew.put(number)
    crew.close()
    assert sorted(done) == [0, 1, 2, 3, 4]
