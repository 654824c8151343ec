"""`python -m tests.chaos.storm [--minutes 20] [--rate 3] [--seed 7]`: rages, waits for calm, counts what came through.

Writes var/chaos/report.json. The exit code is 1 if anything is amiss.
"""

import argparse
import json
import logging
import shutil
import sys

from tests.chaos.storm.course import Storm, write_report
from tests.chaos.storm.ground import ROOT

FOLDER = ROOT / "var" / "chaos"
log = logging.getLogger("storm")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.storm", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20, help="how long messages come in (default 20)")
    parser.add_argument("--rate", type=float, default=3, help="messages a second, of all lines (default 3)")
    parser.add_argument("--seed", type=int, default=7, help="other moments, other files")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    with Storm(seconds=options.minutes * 60, rate=options.rate, seed=options.seed) as storm:
        if not storm.disk.can_be_filled:
            log.info("The disk is not filled: that takes a small file system, and mounting one takes root.")
        storm.rage()
        storm.calm_down()
        wrong = storm.judge()
        write_report(storm, FOLDER / "report.json")
        shutil.copy(storm.log, FOLDER / "processes.log")
    log.info("%s", json.dumps(storm.report, indent=2, ensure_ascii=False))
    log.info("%d things are wrong.", len(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
