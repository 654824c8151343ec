"""`python -m tests.api.fuzz`: made-up requests at length against a running server, on either database.

What fails is shown with a curl command; the exit code says whether anything did.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from tests.bench.ground import Ground, Place
from tests.bench.webhooks import served

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# After these nobody would be let in any more.
LEFT_OUT = (
    "auth_logout_create",
    "tokens_destroy",
    "clients_members_destroy",
    "clients_members_partial_update",
)
# A provider that does not answer is told of by 502 and 503, which stand in the document.
CONFIGURATION = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "502", "503"]
"""
# Nobody listens there: no provider is asked anything.
NOWHERE = "http://127.0.0.1:9"
DATABASES = ("SQLite", "PostgreSQL")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.api.fuzz", description=__doc__)
    parser.add_argument(
        "--examples", type=int, default=40, help="requests per operation and way (default 40)"
    )
    parser.add_argument("--database", choices=DATABASES, help="on this one only")
    options, more = parser.parse_known_args()
    with Ground.prepared(quick=False, rounds=1) as ground:
        chosen = [options.database] if options.database else DATABASES
        codes = [
            fuzz(prepared(ground, database), ["-n", str(options.examples), *more]) for database in chosen
        ]
    sys.exit(max(codes))


def prepared(ground: Ground, database: str) -> Place:
    providers = {"WAPI_BASE_URL": f"{NOWHERE}/v1", "CLOUD_API_BASE_URL": f"{NOWHERE}/v25.0"}
    return ground.place(database, API_RATE="1000000/min", **providers)


def fuzz(place: Place, options: list[str]) -> int:
    key = place.run("django", "fuzz_rows").strip()
    configuration = place.folder / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    with served(place) as server:
        return subprocess.run(
            command(configuration, server.url, key, options), cwd=place.folder, check=False
        ).returncode


def command(configuration: Path, address: str, key: str, options: list[str]) -> list[str]:
    program = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        str(configuration),
        "run",
    ]
    left_out = [part for name in LEFT_OUT for part in ("--exclude-operation-id", name)]
    return [
        *program,
        f"{address}api/v1/schema/",
        *("--header", f"Authorization: Bearer {key}"),
        *("--checks", ",".join(CHECKS)),
        *("--suppress-health-check", "all"),
        *("--generation-database", "none"),
        *left_out,
        *options,
    ]


if __name__ == "__main__":
    main()
