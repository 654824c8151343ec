from tests.media.api.asking import fresh_cache, ready
from tests.tenants import acme, browser_of, people, rival

__all__ = ["acme", "browser_of", "fresh_cache", "people", "ready", "rival"]
