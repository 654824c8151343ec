"""Two clients with one of everything, and the key of a manager of the first."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import ApiToken, Role
from tests.api.rows import furnish
from tests.tenants import make_rows, make_user


class Command(BaseCommand):
    help = "Add what the fuzzer finds, and print the key that it comes with."

    def handle(self, *args: Any, **options: Any) -> None:
        acme, _ = furnish(make_rows("Acme")), furnish(make_rows("Rival"))
        mona = make_user("mona", acme.client, Role.MANAGER)
        self.stdout.write(ApiToken.issue(user=mona, client=acme.client, role=Role.MANAGER, name="fuzz")[1])
