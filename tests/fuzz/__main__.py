"""`python -m tests.fuzz [--count 100000] [--seed 1]`: mutated webhooks of both providers through the whole path.

On PostgreSQL, which refuses more than SQLite does. The exit code is 1 for a 500, an error of ours, or a body not kept.
"""

import argparse
import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.bench.ground import Ground

PROVIDERS = ("wapi", "cloud")
log = logging.getLogger("fuzz")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument(
        "--count", type=int, default=100_000, help="bodies of each provider (default 100,000)"
    )
    parser.add_argument("--seed", type=int, default=1, help="other bodies")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with Ground.prepared(quick=False, rounds=1) as ground, ThreadPoolExecutor(len(PROVIDERS)) as pool:
        places = [ground.place("PostgreSQL") for _ in PROVIDERS]
        size = (str(options.count), str(options.seed))
        found = pool.map(
            lambda pair: pair[0].measure("django", "fuzz_payloads", pair[1], *size),
            zip(places, PROVIDERS, strict=True),
        )
        return max([tell(provider, one) for provider, one in zip(PROVIDERS, found, strict=True)])


def tell(provider: str, found: dict[str, Any]) -> int:
    log.info("%s: %s", provider, json.dumps(found, indent=2))
    return int(bool(found["lost"] or found["errors"]))


if __name__ == "__main__":
    sys.exit(main())
