"""What was used before it was counted as it happens."""

from collections import defaultdict
from datetime import UTC

from django.db import migrations
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth

COUNTED = ("inbound", "outbound", "files", "bytes")


def fill_usage(apps, schema_editor):
    Usage = apps.get_model("accounts", "Usage")
    sums = defaultdict(lambda: dict.fromkeys(COUNTED, 0))
    for instance, month, kind, counted in [*messages(apps), *files(apps)]:
        sums[instance, month.date(), kind].update(counted)
    # What a newer worker has counted meanwhile is among the rows that were read.
    Usage.objects.all().delete()
    rows = [
        Usage(instance_id=instance, month=month, kind=kind, **counted)
        for (instance, month, kind), counted in sums.items()
    ]
    Usage.objects.bulk_create(rows, batch_size=500)


def messages(apps):
    rows = apps.get_model("messaging", "Message").objects.order_by()
    months = rows.annotate(month=TruncMonth("received_at", tzinfo=UTC)).values(
        "conversation__instance", "month", "type"
    )
    ways = {way: Count("pk", filter=Q(direction=way)) for way in ("inbound", "outbound")}
    for row in months.annotate(**ways):
        counted = {way: row[way] for way in ways}
        yield row["conversation__instance"], row["month"], row["type"], counted


def files(apps):
    rows = (
        apps.get_model("media", "MediaFile").objects.filter(state="ready", ready_at__isnull=False).order_by()
    )
    months = rows.annotate(month=TruncMonth("ready_at", tzinfo=UTC)).values("instance", "month", "kind")
    for row in months.annotate(files=Count("pk"), bytes=Sum("size")):
        yield row["instance"], row["month"], row["kind"], {"files": row["files"], "bytes": row["bytes"] or 0}


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_apitoken_change_usage"),
        ("media", "0003_lacking_strategies"),
        ("messaging", "0006_resting_endpoints"),
    ]

    operations = [
        migrations.RunPython(fill_usage, migrations.RunPython.noop),
    ]
