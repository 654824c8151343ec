"""The diagnosis as text for a terminal, from the same facts as its JSON."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.template.defaultfilters import filesizeformat

Told = dict[str, Any]

WIDEST = 40
STATES = ("ready", "pending", "fetching", "failed", "expired", "unavailable", "missing")


def lines_of(told: Told) -> Iterator[str]:
    """``told`` is ``Report.as_dict()``. What has to be done comes last, where the eye is."""
    yield f"MultiChat, {_when(told['generated_at'])}"
    yield from _settings(told)
    yield from _instances(told["instances"])
    yield from _section("Provider endpoints", _endpoint_rows(told))
    yield from _section("Strategies, last 7 days", _rate_rows(told["instances"]))
    yield from _section("Failed webhook events", _event_rows(told["failed_events"]))
    yield from _section("Last media failures", _failure_rows(told["last_failures"]))
    yield from _findings(told)


def _settings(told: Told) -> Iterator[str]:
    storage, worker = told["storage"], told["worker"]
    rows = [[name, _plain(value)] for name, value in told["configuration"].items()]
    rows += [[name, _plain(value)] for name, value in storage.items() if name != "bytes_free"]
    if "bytes_free" in storage:
        rows.append(["free", filesizeformat(storage["bytes_free"])])
    if worker:
        rows.append(["worker last seen", _when(worker["last_sign_of_life"])])
    yield from _section("Configuration", rows)


def _instances(instances: Sequence[Told]) -> Iterator[str]:
    head = ["instance", "client", "provider", "status", "last event", "token", "webhook address"]
    rows = [
        [_name(one), one["client"], one["provider"], one["status"], _when(one["last_event_at"])]
        + [one["credentials"]["token"], "…" + one["webhook_address"].rpartition("…")[2]]
        for one in instances
    ]
    yield from _section("Instances", rows, head)
    head = ["instance", *STATES, "oldest waiting", "next deadline", "files on disk", "stored"]
    yield from _section("Media (newest files of each instance)", map(_media_row, instances), head)
    head = ["instance", "pending", "processed", "ignored", "failed"]
    rows = [[_name(one), *(str(one["webhooks"]["last_day"][name]) for name in head[1:])] for one in instances]
    yield from _section("Webhook events, last 24 hours", rows, head)


def _media_row(one: Told) -> list[str]:
    media, folder = one["media"], one["folder"]
    files = "" if folder["files"] is None else str(folder["files"])
    more = "+" if folder["files"] == folder["counted_to"] else ""
    times = [_when(media["waiting"]["oldest"]), _when(media["waiting"]["next_deadline"])]
    counts = [str(media["by_state"][state]) for state in STATES]
    return [_name(one), *counts, *times, files + more, filesizeformat(media["bytes_stored"])]


def _endpoint_rows(told: Told) -> Iterator[list[str]]:
    for host in told["hosts"]:
        yield [host["name"], host["url"], "ok" if host["ok"] else "no answer", ""]
    for one in told["instances"]:
        for row in one["endpoints"]:
            word = "ok" if row["ok"] else f"{row['http_status'] or ''} {row['error']}".strip()
            yield [_name(one), row["endpoint"], word, f"{row['seconds']:.2f} s"]


def _rate_rows(instances: Sequence[Told]) -> Iterator[list[str]]:
    for one in instances:
        for row in one["rates"]:
            share = f"{row['ok']} of {row['attempts']} ({row['rate']:.0%})"
            yield [_name(one), row["strategy"], share, f"median {row['median_seconds']:.2f} s"]


def _event_rows(events: Sequence[Told]) -> Iterator[list[str]]:
    for row in events:
        yield [str(row["webhook_event"]), _when(row["received_at"]), row["error"]]


def _failure_rows(failures: Sequence[Told]) -> Iterator[list[str]]:
    for row in failures:
        yield [str(row["media_file"]), _when(row["created_at"]), row["kind"], row["state"], row["reason"]]


def _findings(told: Told) -> Iterator[str]:
    yield ""
    yield "Findings"
    for finding in reversed(told["findings"]):
        yield _flat(f"  {finding['level']:<8}{finding['about']}: {finding['text']}")
        if finding["advice"]:
            yield _flat(f"          -> {finding['advice']}")
    levels = told["levels"]
    yield ""
    yield f"Problems: {levels['problem']}. Warnings: {levels['warn']}."


def _section(title: str, rows: Any, head: Sequence[str] = ()) -> Iterator[str]:
    table = [list(map(_flat, row)) for row in rows]
    if not table:
        return
    table = [list(head), *table] if head else table
    widths = [min(WIDEST, max(map(len, column))) for column in zip(*table, strict=True)]
    yield ""
    yield title
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield f"  {'  '.join(cells)}".rstrip()


def _name(one: Told) -> str:
    return f"{one['name']} ({one['instance_id']})"


def _flat(text: str) -> str:
    """A foreign word must not move the terminal's cursor."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"
