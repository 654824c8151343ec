"""An endless, believable feed for the demo: a full opening at once, then a message every few seconds."""

from collections.abc import Iterator
from itertools import chain, zip_longest
from random import Random
from threading import Event

from tests.simulator import script
from tests.simulator.cast import BAKERY
from tests.simulator.server import Simulator
from tests.simulator.stage import DOWNLOAD_FAILS, Stage, Thread
from tests.simulator.world import Line, Sent

BACK = 3 * 3600
Turn = tuple[Stage, Thread, script.Step]


def run(
    sim: Simulator,
    lines: list[Line],
    stop: Event,
    pace: float = 4.0,
    seed: int = 7,
    burst: float = 3.0,
) -> None:
    """Plays until ``stop``, ``pace`` seconds between two messages after an opening of ``burst`` seconds (0: none).

    Begins when the product has given each line its webhook address.
    """
    random = Random(seed)
    stages = [Stage(sim.world, sim.courier, line, random) for line in lines]
    for line in lines:
        sim.world.fault(f"download-media@{line.id}", status=500, body=DOWNLOAD_FAILS)
    if not wait_for_addresses(lines, stop):
        return
    if burst:
        open_with(stages, stop, burst)
    go_on(sim, stages, stop, pace, random)


def wait_for_addresses(lines: list[Line], stop: Event) -> bool:
    while not all(line.webhooks.get("received") for line in lines):
        if stop.wait(0.2):
            return False
    return True


def open_with(stages: list[Stage], stop: Event, burst: float) -> None:
    """Everything that the admin should show within seconds, dated back over the last hours."""
    turns = list(
        interleaved([turns for number, stage in enumerate(stages) for turns in openings(number, stage)])
    )
    for place, (stage, thread, step) in enumerate(turns):
        at = stage.world.now() - BACK * (1 - place / len(turns))
        stage.play(thread, step, at)
        if stop.wait(burst / len(turns)):
            return


def openings(number: int, stage: Stage) -> Iterator[list[Turn]]:
    """The first line shows every trouble, the others some; a Meta line has its own first conversation."""
    group = next(iter(stage.line.groups.values()), None)
    for place, dialogue in enumerate(first_dialogues(stage)):
        yield turns_of(stage, Thread(stage.contacts[place % len(stage.contacts)]), dialogue)
    if group:
        yield turns_of(stage, Thread(group.members[0], group), script.GROUP[0])
    for place, dialogue in enumerate(script.TROUBLES):
        if number == 0 or place % 3 == number % 3:
            yield turns_of(stage, Thread(stage.contacts[3 + place % 3]), dialogue)


def first_dialogues(stage: Stage) -> list[script.Dialogue]:
    client = stage.line.client if stage.line.client in script.OPENING else BAKERY
    if stage.line.provider == "wapi":
        return script.OPENING[client]
    return script.SECOND_OPENING[client] + script.EVERYDAY[client][::2]


def turns_of(stage: Stage, thread: Thread, dialogue: script.Dialogue) -> list[Turn]:
    return [(stage, thread, step) for step in dialogue]


def interleaved(dialogues: list[list[Turn]]) -> Iterator[Turn]:
    rounds = zip_longest(*dialogues)
    return (turn for turn in chain.from_iterable(rounds) if turn is not None)


def go_on(sim: Simulator, stages: list[Stage], stop: Event, pace: float, random: Random) -> None:
    answered = len(sim.world.sent)
    running: list[Iterator[Turn]] = []
    count = 0
    while not stop.wait(pace * random.uniform(0.5, 1.5)):
        count += 1
        answered = answer_product(sim, stages, answered, random)
        if count % 40 == 0:
            blink(random.choice(stages), stop, pace)
        while len(running) < 3:
            running.append(iter(next_dialogue(random.choice(stages), random)))
        play_one(running, random)


def play_one(running: list[Iterator[Turn]], random: Random) -> None:
    dialogue = random.choice(running)
    turn = next(dialogue, None)
    if turn is None:
        running.remove(dialogue)
        return
    stage, thread, step = turn
    if stage.line.connected:
        stage.play(thread, step)


def next_dialogue(stage: Stage, random: Random) -> list[Turn]:
    group = next(iter(stage.line.groups.values()), None)
    chance = random.random()
    if group and chance < 0.15:
        return turns_of(stage, Thread(group.members[0], group), random.choice(script.GROUP))
    thread = Thread(random.choice(stage.contacts))
    if chance < 0.3:
        return turns_of(stage, thread, random.choice(script.TROUBLES))
    everyday = script.EVERYDAY.get(stage.line.client, script.EVERYDAY[BAKERY])
    return turns_of(stage, thread, random.choice(everyday))


def blink(stage: Stage, stop: Event, pace: float) -> None:
    stage.reconnect(False)
    stop.wait(2 * pace)
    stage.reconnect(True)


def answer_product(sim: Simulator, stages: list[Stage], answered: int, random: Random) -> int:
    """What an operator sends through the product gets an answer from the contact."""
    fresh = sim.world.sent[answered:]
    for sent in fresh:
        answer_one(stages, sent, random)
    return answered + len(fresh)


def answer_one(stages: list[Stage], sent: Sent, random: Random) -> None:
    stage = next((found for found in stages if found.line.id == sent.line_id), None)
    if stage is None or sent.kind == "reaction":
        return
    to = sent.to.lstrip("+")
    who = next((person for person in stage.contacts if to in (person.phone, person.lid, person.bsuid)), None)
    if who is not None:
        stage.play(Thread(who), script.them(random.choice(script.ANSWERS)))
