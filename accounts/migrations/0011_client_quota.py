from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_audit_label")]

    operations = [
        migrations.AddField(
            model_name="client",
            name="quota_bytes",
            field=models.PositiveBigIntegerField(
                blank=True,
                help_text=(
                    "The most that stored files may take, each counted once. Files that come beyond it wait. "
                    "Empty: no limit."
                ),
                null=True,
                verbose_name="storage quota in bytes",
            ),
        ),
    ]
