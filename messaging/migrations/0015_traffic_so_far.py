"""What is usual on each line, from the events that are there: noticing silence starts with it."""

from datetime import UTC, timedelta

from django.db import migrations
from django.db.models import Count
from django.db.models.functions import TruncHour

KNOWN = timedelta(weeks=7)
ROWS_AT_ONCE = 1000


def count_hours(apps, schema_editor):
    events = apps.get_model("messaging", "WebhookEvent").objects.using(schema_editor.connection.alias)
    newest = events.order_by("-id").values_list("received_at", flat=True).first()
    if newest is None:
        return
    # Those that wait are counted as they are read.
    read = events.filter(processed_at__isnull=False, received_at__gte=newest - KNOWN, source=None)
    hours = (
        read.order_by().values("instance", hour=TruncHour("received_at", tzinfo=UTC)).annotate(n=Count("pk"))
    )
    model = apps.get_model("messaging", "TrafficHour")
    rows = [model(instance_id=row["instance"], hour=row["hour"], events=row["n"]) for row in hours]
    model.objects.using(schema_editor.connection.alias).bulk_create(
        rows, batch_size=ROWS_AT_ONCE, ignore_conflicts=True
    )


class Migration(migrations.Migration):
    dependencies = [("messaging", "0014_gaps_and_sources")]

    operations = [migrations.RunPython(count_hours, migrations.RunPython.noop, elidable=True)]
