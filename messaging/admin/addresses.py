"""Addresses of lists, with the filters that show what a number counts."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse


def list_address(model: Any, **query: Any) -> str:
    options = model._meta
    address = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
    return f"{address}?{urlencode(query)}" if query else address
