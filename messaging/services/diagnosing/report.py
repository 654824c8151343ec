"""The report for whoever looks for media or messages that do not arrive.

``Report.as_dict`` is what ``manage.py diagnose --json`` prints. Its keys: ``generated_at``, ``needs_a_person``,
``levels`` (findings by level), ``configuration``, ``storage``, ``worker``, ``spool``, ``hosts``, ``instances`` (each
with ``credentials``, ``endpoints``, ``webhooks``, ``gaps``, ``outbox``, ``media``, ``rates``, ``folder``),
``refusals``, ``failed_events``, ``last_failures`` and ``findings`` (``level``, ``about``, ``text``, ``advice``). Times
are ISO 8601, sizes bytes.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.diagnosing import asking, configuration, lines
from accounts.diagnosing import instances as lookup
from accounts.diagnosing.findings import Finding, Level, ok, problem, warn
from accounts.models import InstanceQuerySet, WhatsappInstance
from accounts.providers.reasons import SHORTEST_SECRET
from accounts.services import provider_for
from media.services.diagnosing import files as media
from media.services.diagnosing import storage as disk
from messaging.services.diagnosing import endpoints, gaps, outbox, receipts, webhooks

NO_INSTANCE = gettext_lazy("Add one: `manage.py create_instance --help` shows how.")


@dataclass
class Report:
    generated_at: datetime
    configuration: dict[str, Any] = field(default_factory=dict)
    storage: dict[str, Any] = field(default_factory=dict)
    worker: dict[str, Any] = field(default_factory=dict)
    spool: dict[str, Any] = field(default_factory=dict)
    hosts: list[dict[str, Any]] = field(default_factory=list)
    instances: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[dict[str, Any]] = field(default_factory=list)
    failed_events: list[dict[str, Any]] = field(default_factory=list)
    last_failures: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set, repr=False)

    @property
    def needs_a_person(self) -> bool:
        return any(finding.level == Level.PROBLEM for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        shown = asdict(self)
        secrets = shown.pop("hidden")
        levels = Counter(finding.level for finding in self.findings)
        told = {
            **shown,
            "needs_a_person": self.needs_a_person,
            "levels": {level.value: levels[level] for level in Level},
        }
        without: dict[str, Any] = _without(secrets, told)
        return without


def diagnose(rows: InstanceQuerySet | None, *, now: datetime, offline: bool = False) -> Report:
    """Of these instances, or of all. Reads and asks; changes nothing."""
    report = Report(generated_at=now, configuration=configuration.facts())
    report.hidden = {settings.SECRET_KEY, *settings.FIELD_ENCRYPTION_KEYS, str(_database()["PASSWORD"] or "")}
    report.configuration["database"] = connection.vendor
    report.spool = gaps.spool_facts()
    waiting = list(gaps.spool_findings(report.spool, now))
    report.findings += _database_findings()
    if report.needs_a_person:
        report.findings += [finding for finding in waiting if finding.level != Level.OK]
        return report
    report.findings += waiting
    chosen = lookup.load(WhatsappInstance.objects.all() if rows is None else rows)
    _diagnose_platform(report, chosen, now)
    secrets = lookup.open_secrets(chosen)
    report.hidden |= {*lookup.every_secret(secrets.values()), *(one.webhook_key for one in chosen)}
    askable = [one for one in chosen if _works(one) and lookup.readable(secrets[one.pk])]
    answers = {} if offline else _ask(report, askable, now)
    facts = _facts([instance.pk for instance in chosen], now)
    for instance in chosen:
        _diagnose_instance(report, instance, secrets[instance.pk], facts[instance.pk], now)
        if not offline and instance in askable:
            _add_answers(report, instance, answers.get(instance.pk), facts[instance.pk]["rates"])
    clients = None if rows is None else {one.client_id for one in chosen}
    report.findings += endpoints.findings(clients, now)
    report.findings += receipts.findings(clients)
    _diagnose_history(report, None if rows is None else [one.pk for one in chosen], chosen)
    report.findings.sort(key=lambda finding: list(Level).index(finding.level), reverse=True)
    return report


def _database() -> Mapping[str, Any]:
    return connection.settings_dict


def _database_findings() -> list[Finding]:
    advice = _("Check DATABASE_URL in .env and that the database server runs.")
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as exc:
        told = {"database": connection.vendor, "error": type(exc).__name__}
        return [problem("database", _("%(database)s does not answer: %(error)s") % told, advice)]
    if plan:
        text = _("Migrations that are not applied: %(count)d.") % {"count": len(plan)}
        return [problem("database", text, _("Run `manage.py migrate`."))]
    told = {"database": connection.display_name}
    return [ok("database", _("%(database)s, every migration is applied") % told)]


def _diagnose_platform(report: Report, chosen: list[WhatsappInstance], now: datetime) -> None:
    report.findings += configuration.findings(chosen)
    report.storage = disk.facts()
    report.findings += disk.findings(report.storage)
    report.worker = webhooks.worker_facts(now)
    report.findings += webhooks.worker_findings(report.worker, now)
    if not chosen:
        report.findings.append(warn("instances", _("There is no instance."), str(NO_INSTANCE)))


def _works(instance: WhatsappInstance) -> bool:
    return instance.is_reachable


def _facts(pks: Collection[int], now: datetime) -> dict[int, dict[str, Any]]:
    """What the tables tell of each line, in as many queries for one as for all."""
    told: dict[str, dict[int, Any]] = {
        "endpoints": {pk: [] for pk in pks},
        "webhooks": webhooks.facts(pks, now),
        "gaps": gaps.facts(pks, now),
        "outbox": outbox.facts(pks, now),
        "media": media.facts(pks, now),
        "rates": media.rates(pks, now),
    }
    return {pk: {name: of_lines[pk] for name, of_lines in told.items()} for pk in pks}


def _diagnose_instance(
    report: Report,
    instance: WhatsappInstance,
    secrets: dict[str, str | None],
    facts: dict[str, Any],
    now: datetime,
) -> None:
    told = lookup.facts(instance, secrets) | facts | {"folder": disk.folder_facts(instance)}
    report.instances.append(told)
    if not _works(instance):
        text = _("switched off: nothing is taken, fetched or asked")
        report.findings.append(ok(lookup.label(instance), text))
        return
    report.findings += lookup.findings(instance, secrets, now)
    report.findings += webhooks.findings(instance, told["webhooks"])
    report.findings += gaps.findings(instance, told["gaps"])
    report.findings += outbox.findings(instance, told["outbox"])
    report.findings += media.findings(instance, told["media"])
    report.findings += media.rate_findings(instance, told["rates"])
    ready = told["media"]["by_state"]["ready"]
    report.findings += disk.folder_findings(instance, told["folder"], ready)


def _ask(
    report: Report, askable: list[WhatsappInstance], now: datetime
) -> dict[int, dict[str, asking.Answered]]:
    """Everything over the network, side by side. What the threads need is read before they start."""
    door = asking.impatient_door()
    hosts = lines.hosts_of({instance.provider for instance in askable})
    tasks: dict[str | int, Any] = {
        name: partial(asking.ask, partial(asking.reach, door, url)) for name, url in hosts.items()
    }
    examples = media.examples([instance.pk for instance in askable], now)
    for instance in askable:
        example = examples.get(instance.pk)
        questions = {**lines.QUESTIONS, **media.questions(instance, example, now)}
        tasks[instance.pk] = partial(asking.ask_line, provider_for(instance, through=door), questions)
    answers = asking.at_once(tasks)
    for name, url in hosts.items():
        found = lines.reachable(name, url, answers.get(name))
        report.findings.append(found)
        report.hosts.append({"name": name, "url": configuration.plain(url), "ok": found.level == Level.OK})
    return {instance.pk: answers[instance.pk] for instance in askable if instance.pk in answers}


def _add_answers(
    report: Report,
    instance: WhatsappInstance,
    answers: dict[str, asking.Answered] | None,
    rates: list[dict[str, Any]],
) -> None:
    report.findings += lines.findings(instance, answers)
    report.findings += media.line_findings(instance, answers or {}, rates)
    report.instances[-1]["endpoints"] = lines.facts(answers or {})


def _diagnose_history(
    report: Report, pks: Collection[int] | None, chosen: Iterable[WhatsappInstance]
) -> None:
    labels = {instance.pk: lookup.label(instance) for instance in chosen}
    report.refusals = webhooks.refusals(pks, report.generated_at)
    report.findings += webhooks.refusal_findings(report.refusals, labels)
    report.failed_events = webhooks.failed_events(pks)
    report.last_failures = media.last_failures(pks)


def _without(secrets: Collection[str], told: Any) -> Any:
    """The last gate: whatever a foreign answer or an error text carried along, no secret of ours leaves here."""
    if isinstance(told, dict):
        return {key: _without(secrets, value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [_without(secrets, value) for value in told]
    if isinstance(told, str):
        for secret in secrets:
            told = told.replace(secret, "…") if len(secret) >= SHORTEST_SECRET else told
        return str(told)
    return told
