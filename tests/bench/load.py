"""A load generator for machines without wrk: processes of threads that post over kept connections.

`python -m tests.bench.load URL BODY SECONDS CONNECTIONS` prints JSON: requests a second, p99 in milliseconds, errors.
"""

import http.client
import json
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

PROCESSES = 2
HEADERS = {"Content-Type": "application/json"}


def main() -> None:
    url, body, seconds, connections = sys.argv[1], Path(sys.argv[2]).read_bytes(), sys.argv[3], sys.argv[4]
    task = (url, body, float(seconds), int(connections) // PROCESSES)
    with ProcessPoolExecutor(PROCESSES) as pool:
        found = [crew.result() for crew in [pool.submit(crowd, *task) for _ in range(PROCESSES)]]
    times = sorted(took for took_by, _ in found for took in took_by)
    p99 = times[int(len(times) * 0.99)] * 1000
    errors = sum(wrong for _, wrong in found)
    sys.stdout.write(json.dumps({"rate": len(times) / float(seconds), "p99": p99, "errors": errors}) + "\n")


def crowd(url: str, body: bytes, seconds: float, connections: int) -> tuple[list[float], int]:
    """How long each request took, and how many were not answered with 200."""
    times: list[float] = []
    wrong: list[int] = []
    end = time.monotonic() + seconds
    task = (url, body, end, times, wrong)
    crew = [threading.Thread(target=post_until, args=task) for _ in range(connections)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    return times, len(wrong)


def post_until(url: str, body: bytes, end: float, times: list[float], wrong: list[int]) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    while (start := time.monotonic()) < end:
        connection.request("POST", parts.path, body, HEADERS)
        answer = connection.getresponse()
        answer.read()
        times.append(time.monotonic() - start)
        if answer.status != 200:
            wrong.append(answer.status)


if __name__ == "__main__":
    main()
