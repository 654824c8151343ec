"""`python -m tests.simulator --port 9100`: the outside world as a process of its own."""

import argparse
import json
import logging
import signal
from pathlib import Path
from threading import Event, Thread

from tests.simulator import scenario, state
from tests.simulator.cast import demo_lines
from tests.simulator.server import Simulator
from tests.simulator.world import Line, World

logger = logging.getLogger("simulator")
SAVE_SECONDS = 5


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--state", type=Path, help="keep lines and files here between runs")
    parser.add_argument("--lines", type=Path, help="JSON list of lines, each with an optional webhook_url")
    parser.add_argument(
        "--demo", action="store_true", help="start with the demo's lines and feed them for ever"
    )
    parser.add_argument("--pace", type=float, default=4.0, help="seconds between two messages of the feed")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def read_lines(path: Path) -> list[Line]:
    lines = []
    for facts in json.loads(path.read_text(encoding="utf-8")):
        url = facts.pop("webhook_url", "")
        line = Line(**facts)
        if url:
            line.use_webhook(url)
        lines.append(line)
    return lines


def take_lines(world: World, options: argparse.Namespace) -> None:
    """A file's lines replace the kept ones; the demo's own never do."""
    for line in read_lines(options.lines) if options.lines else []:
        world.add_line(line)
    if options.demo and not options.lines:
        for line in demo_lines():
            world.lines.setdefault(line.id, line)


def main() -> None:
    options = arguments()
    logging.basicConfig(level=logging.INFO, format="simulator: %(message)s")
    world = World()
    runs = state.load(world, options.state) if options.state else 0
    world.random.seed(options.seed + runs)
    take_lines(world, options)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Simulator(options.port, options.host, world) as sim:
        logger.info("ready at %s with %d lines", sim.url, len(world.lines))
        if options.demo:
            world.acknowledge_after = 4.0
            burst = 0.0 if runs else 3.0
            feed = (sim, list(world.lines.values()), stop, options.pace, options.seed + runs, burst)
            Thread(target=scenario.run, args=feed, name="scenario", daemon=True).start()
        serve(world, options.state, runs + 1, stop)


def serve(world: World, path: Path | None, runs: int, stop: Event) -> None:
    while not stop.wait(SAVE_SECONDS):
        if path:
            state.save(world, path, runs)
    if path:
        state.save(world, path, runs)


if __name__ == "__main__":
    main()
