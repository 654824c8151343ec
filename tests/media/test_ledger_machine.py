"""The ledger through everything that can happen to a file, in any order: no file is ever lost without a word.

LEDGER_EXAMPLES=500 is what ``make fuzz`` takes.
"""

import hashlib
import os
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Client, WhatsappInstance
from media.models import FetchAttempt, MediaFile, StrategyHealth
from media.services import Fetcher, fetch_again, learn_source, new_media_file
from media.services.auditing import check_files, mark_lost, ready_files
from media.services.fetching import claim
from tests.media.test_fetching import JPEG, described
from tests.simulator.server import Simulator
from tests.simulator.world import Line, StoredFile
from tests.telling import composer, make_wapi

EXAMPLES = int(os.environ.get("LEDGER_EXAMPLES", "6"))
State = MediaFile.State
FAULTS = {
    "lives": {},
    "comes at the third try": {"status": 503, "times": 2},
    "is damaged": {"flip_at": 900},
    "is cut": {"cut_at": 3000, "times": 3},
    "is a page": {"html": True, "times": 2},
    "is gone": {"status": 404},
}
DOORS = ("cdn", "download-media", "file-link")
PAUSES = (1, 11, 70, 400, 4_000, 50_000, 90_000)
FINAL = (State.EXPIRED, State.FAILED, State.UNAVAILABLE)


class Ledger(RuleBasedStateMachine):
    sim: Simulator
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.sim.world.faults.clear()
        self.sim.world.clock_offset = 0
        self.instance: WhatsappInstance = make_wapi()
        self.line: Line = composer(self.sim.world, self.instance).line
        self.now = timezone.now()
        self.files: dict[int, StoredFile] = {}
        self.states: dict[int, str] = {}
        self.spoiled: set[str] = set()

    def teardown(self) -> None:
        """When every source answers again, every file can be had, whatever happened before."""
        try:
            self._mend_everything()
            assert {row.state for row in self._rows()} <= {State.READY}
        finally:
            for model in (FetchAttempt, StrategyHealth, MediaFile, WhatsappInstance, Client):
                model.objects.all().delete()

    def _mend_everything(self) -> None:
        self.sim.world.faults.clear()
        self._audit()
        for pk, file in self.files.items():
            self._tell_of(MediaFile.objects.get(pk=pk), file)
        self.now += timedelta(days=1)
        fetch_again(MediaFile.objects.all(), now=self.now)
        self.fetch()

    @rule(number=st.integers(0, 2), fate=st.sampled_from(sorted(FAULTS)))
    def announce(self, number: int, fate: str) -> None:
        stored = self.sim.world.bytes_file(self.line, JPEG + bytes([number]), "image", "image/jpeg")
        facts = {"chat_id": "5511", "media": described(stored), "received_at": self.now, "now": self.now}
        row = new_media_file(instance=self.instance, **facts)
        row.save()
        self.files[row.pk] = stored
        self._meet(stored, fate)

    @precondition(lambda self: self.files)
    @rule(chosen=st.integers(0, 99), fate=st.sampled_from(sorted(FAULTS)))
    def change_fate(self, chosen: int, fate: str) -> None:
        stored = list(self.files.values())[chosen % len(self.files)]
        for door in DOORS:
            self.sim.world.faults.clear(f"{door}:{stored.id}")
        self._meet(stored, fate)

    @rule(seconds=st.sampled_from(PAUSES))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def fetch(self) -> None:
        fetcher = Fetcher(threads=2)
        while fetcher.top_up(self.now) or fetcher.under_way:
            fetcher.collect(self.now, wait=1)
        fetcher.close()

    @rule()
    def die_after_the_claim(self) -> None:
        """Whoever claimed these is never heard of again."""
        claim(3, uuid.uuid4(), self.now, None)

    @rule()
    def ask_again(self) -> None:
        fetch_again(MediaFile.objects.all(), now=self.now)

    @precondition(lambda self: self.files)
    @rule(chosen=st.integers(0, 99))
    def tell_of_another_source(self, chosen: int) -> None:
        row = self._rows()[chosen % len(self.files)]
        old = self.files[row.pk]
        fresh = self.sim.world.bytes_file(self.line, old.plain.read(0, old.plain.size), "image", "image/jpeg")
        if self._tell_of(row, fresh):
            self.files[row.pk] = fresh

    @precondition(lambda self: State.READY in self.states.values())
    @rule(chosen=st.integers(0, 99), gone=st.booleans())
    def spoil_the_disk(self, chosen: int, gone: bool) -> None:
        ready = [row for row in self._rows() if row.state == State.READY]
        name = str(ready[chosen % len(ready)].file.name)
        path = self.folder / name
        if gone:
            path.unlink(missing_ok=True)
        elif path.exists():
            path.write_bytes(b"rust")
        self.spoiled.add(name)

    @rule()
    def audit(self) -> None:
        self._audit()

    def _audit(self) -> None:
        for fault in list(check_files(ready_files(None), hashes=True)):
            if fault:
                mark_lost(fault)
        self.spoiled.clear()

    @invariant()
    def what_is_ready_was_verified_and_lies_there(self) -> None:
        for row in self._rows():
            name = str(row.file.name)
            if row.state == State.READY and name not in self.spoiled:
                found = hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
                assert found == row.sha256 == self.files[row.pk].sha256.hex()

    @invariant()
    def what_is_not_ready_says_why_and_what_comes_next(self) -> None:
        for row in self._rows():
            assert (row.lease_token is not None) == (row.state == State.FETCHING)
            if row.state in (*FINAL, State.MISSING):
                assert row.error and row.cause
            if row.state == State.PENDING:
                assert row.next_attempt_at <= max(row.expires_at, self.now)

    @invariant()
    def states_follow_the_table(self) -> None:
        found = {row.pk: row.state for row in self._rows()}
        for pk, state in found.items():
            assert state in _within_reach(self.states.get(pk, State.PENDING))
        self.states = found

    def _rows(self) -> list[MediaFile]:
        return list(MediaFile.objects.order_by("pk"))

    def _tell_of(self, row: MediaFile, file: StoredFile) -> bool:
        return learn_source(row, described(file), now=self.now)

    def _meet(self, stored: StoredFile, fate: str) -> None:
        for door in DOORS if FAULTS[fate] else ():
            stored.fault(door, **FAULTS[fate])


def _within_reach(state: str) -> set[str]:
    """In one act a file may go several steps, but what is ready can only get lost."""
    table = {str(old): {str(new) for new in targets} for old, targets in MediaFile.TRANSITIONS.items()}
    found = {state}
    while (more := found | {new for old in found for new in table[old]}) != found:
        found = more
    return found if state != State.READY else {State.READY, State.MISSING}


@pytest.mark.django_db(transaction=True)
def test_no_course_of_events_loses_a_file_without_a_word(sim: Simulator, media_root: Path) -> None:
    machine = type("LedgerHere", (Ledger,), {"sim": sim, "folder": media_root})
    quiet = settings(
        max_examples=EXAMPLES,
        stateful_step_count=18,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=quiet)
