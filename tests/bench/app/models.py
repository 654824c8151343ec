from django.db import models
from django.utils import timezone


class BareRow(models.Model):
    received_at = models.DateTimeField(default=timezone.now)
    body = models.BinaryField()

    class Meta:
        app_label = "app"

    def __str__(self) -> str:
        return f"bare row {self.pk}"
