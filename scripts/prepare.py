"""The database brought up to date, and an administrator on the very first start: python -m scripts.prepare"""

import os
import secrets
import sys

import django
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import DatabaseError


def main() -> None:
    set_up()
    chosen = os.environ.get("ADMIN_PASSWORD", "")
    password = chosen or secrets.token_urlsafe(12)
    name = add_administrator(password)
    if name:
        shown = (
            "the one in ADMIN_PASSWORD"
            if chosen
            else f"{password}   (shown this once; change it in the admin)"
        )
        sys.stdout.write(f"\nAdministrator created\n  user      {name}\n  password  {shown}\n\n")


def set_up() -> None:
    """Whatever is wrong with the settings or the database is said in a sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "multichat.settings")
    try:
        django.setup()
        call_command("migrate", interactive=False, verbosity=0, skip_checks=False)
    except (ImproperlyConfigured, SystemCheckError, DatabaseError, OSError) as exc:
        sys.exit(f"MultiChat cannot start: {exc}")


def add_administrator(password: str) -> str:
    """The name of the one that was made, or nothing when there is one already."""
    users = get_user_model()._default_manager
    if users.filter(is_superuser=True).exists():
        return ""
    name = os.environ.get("ADMIN_USER") or "admin"
    users.create_superuser(name, password=password)
    return name


if __name__ == "__main__":
    main()
