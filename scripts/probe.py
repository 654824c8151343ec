"""Whether the web server or the live stream in this container answers: the address is built from PORT."""

import os
import sys
import urllib.error
import urllib.request

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main(port: str) -> int:
    try:
        with _direct.open(f"http://127.0.0.1:{port}/healthz", timeout=3) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(os.environ.get("PORT", "8000")))
