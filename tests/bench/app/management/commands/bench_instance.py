"""An instance to send webhooks to."""

from typing import Any

from django.core.management.base import BaseCommand

from tests.bench.app.cast import make_instance


class Command(BaseCommand):
    help = "Make an instance and print its webhook key."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(make_instance().webhook_key)
