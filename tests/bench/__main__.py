"""`python -m tests.bench [NAME …] [--quick]`: measures, prints tables, and never fails."""

import argparse
import logging

from tests.bench import events, huge, large, memory, pages, screens, small, webhooks, workers
from tests.bench.ground import Ground

BENCHMARKS = {
    "large": large.run,
    "small": small.run,
    "webhooks": webhooks.run,
    "events": events.run,
    "pages": pages.run,
    "screens": screens.run,
    "workers": workers.run,
    "memory": memory.run,
    "huge": huge.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("which", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default all")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, and one round")
    parser.add_argument("--rounds", type=int, default=3, help="best of this many (default 3)")
    options = parser.parse_args()
    if unknown := set(options.which) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with Ground.prepared(quick=options.quick, rounds=1 if options.quick else options.rounds) as ground:
        for name in options.which or BENCHMARKS:
            BENCHMARKS[name](ground)


if __name__ == "__main__":
    main()
