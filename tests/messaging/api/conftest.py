from tests.messaging.api.front import front, path, thread
from tests.tenants import acme, browser_of, people, rival

__all__ = ["acme", "browser_of", "front", "path", "people", "rival", "thread"]
