from tests.media.api.asking import ready
from tests.tenants import acme, browser_of, people, rival

__all__ = ["acme", "browser_of", "people", "ready", "rival"]
