from tests.messaging.exporting.making import Clock, made_export
from tests.tenants import acme, browser_of, people, rival, static_files_as_they_are

__all__ = ["Clock", "acme", "browser_of", "made_export", "people", "rival", "static_files_as_they_are"]
