from django.db import migrations, models

from accounts.migrating import AddIndexMeanwhile


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("media", "0005_storage_use")]

    operations = [
        AddIndexMeanwhile(
            model_name="mediafile",
            index=models.Index(
                condition=models.Q(("sha256", ""), _negated=True),
                fields=["sha256", "id"],
                name="media_by_content",
            ),
        ),
    ]
