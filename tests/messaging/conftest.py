from tests.messaging.announcing import instance
from tests.telling import sim, world
from tests.tenants import static_files_as_they_are

__all__ = ["instance", "sim", "static_files_as_they_are", "world"]
