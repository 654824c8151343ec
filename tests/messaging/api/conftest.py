from tests.messaging.api.front import front
from tests.tenants import acme, browser_of, people, rival

__all__ = ["acme", "browser_of", "front", "people", "rival"]
