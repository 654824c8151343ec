"""The demo's clients, people and numbers, known to the simulator by their own webhook addresses."""

import os
from itertools import groupby
from pathlib import Path

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command

from scripts.prepare import add_administrator, set_up
from tests.simulator.cast import demo_lines
from tests.simulator.world import Line


def main() -> None:
    set_up()
    password = os.environ["ADMIN_PASSWORD"]
    add_administrator(password)
    for client, lines in groupby(demo_lines(), key=lambda line: line.client):
        for line in lines:
            add_instance(line)
        add_operator(client, password)


def add_instance(line: Line) -> None:
    """Through the command that everybody uses, and the provider's own calls."""
    with Path(os.devnull).open("w") as nowhere:
        call_command(
            "create_instance",
            client=line.client,
            name=line.name,
            provider=line.provider,
            instance_id=line.id,
            token=line.token,
            app_secret=line.app_secret,
            verify_token=line.verify_token,
            set_webhooks=True,
            stdout=nowhere,
        )


def add_operator(name: str, password: str) -> None:
    client = apps.get_model("accounts", "Client")._default_manager.get(name=name)
    user = get_user_model()._default_manager.create_user(client.slug, password=password, is_staff=True)
    memberships = apps.get_model("accounts", "Membership")._default_manager
    memberships.create(user=user, client=client, role="operator")


if __name__ == "__main__":
    main()
