from tests.messaging.receiver import a_line
from tests.telling import world
from tests.tenants import acme, browser_of, people, rival, static_files_as_they_are

__all__ = ["a_line", "acme", "browser_of", "people", "rival", "static_files_as_they_are", "world"]
