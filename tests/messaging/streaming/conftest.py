from tests.tenants import acme, people, rival

__all__ = ["acme", "people", "rival"]
