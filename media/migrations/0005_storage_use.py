import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

COUNTED = """
INSERT INTO media_storageuse (client_id, files, bytes)
SELECT client_id, COUNT(*), COALESCE(SUM(size), 0)
FROM (
    SELECT accounts_whatsappinstance.client_id AS client_id, MAX(media_mediafile.size) AS size
    FROM media_mediafile
    JOIN accounts_whatsappinstance ON accounts_whatsappinstance.id = media_mediafile.instance_id
    WHERE media_mediafile.state = 'ready'
    GROUP BY accounts_whatsappinstance.client_id, media_mediafile.file
) stored
GROUP BY client_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_tokens_end_with_their_maker"),
        ("media", "0004_renditions"),
    ]

    operations = [
        migrations.CreateModel(
            name="Leftover",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("client_id", models.BigIntegerField()),
                ("name", models.CharField(max_length=500, unique=True)),
                ("sha256", models.CharField(blank=True, default="", max_length=64)),
                ("noted_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("next_attempt_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.CreateModel(
            name="StorageUse",
            fields=[
                (
                    "client",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="storage_use",
                        serialize=False,
                        to="accounts.client",
                    ),
                ),
                ("files", models.BigIntegerField(default=0)),
                ("bytes", models.BigIntegerField(default=0)),
            ],
            options={"verbose_name_plural": "storage use"},
        ),
        migrations.AlterField(
            model_name="mediafile",
            name="cause",
            field=models.CharField(
                blank=True,
                choices=[
                    ("gone", "gone at the source"),
                    ("unavailable", "source does not answer"),
                    ("integrity", "what came is not the file"),
                    ("unexpected", "unexpected answer"),
                    ("refused", "refused for good"),
                    ("line_down", "line down or paused"),
                    ("storage", "our storage"),
                    ("ours", "an error of our own"),
                    ("withheld", "never offered"),
                    ("no_source", "no source to ask"),
                    ("lost", "lost from the storage"),
                    ("quota", "the client's storage is full"),
                    ("removed", "removed on purpose"),
                ],
                default="",
                editable=False,
                max_length=12,
            ),
        ),
        migrations.RunSQL(COUNTED, migrations.RunSQL.noop),
    ]
