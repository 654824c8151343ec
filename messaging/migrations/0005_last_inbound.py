"""When the other side last wrote, of conversations that are there already."""

from django.db import migrations
from django.db.models import Max, OuterRef, Subquery


def fill_last_inbound(apps, schema_editor):
    Conversation = apps.get_model("messaging", "Conversation")
    Message = apps.get_model("messaging", "Message")
    mine = Message.objects.filter(conversation=OuterRef("pk"), direction="inbound").order_by()
    newest = mine.values("conversation").annotate(newest=Max("sent_at")).values("newest")
    Conversation.objects.filter(last_inbound_at=None).update(last_inbound_at=Subquery(newest))


class Migration(migrations.Migration):
    dependencies = [("messaging", "0004_outbox_labels_endpoints")]

    operations = [
        migrations.RunPython(fill_last_inbound, migrations.RunPython.noop),
    ]
