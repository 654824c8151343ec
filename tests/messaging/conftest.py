from tests.telling import sim, world
from tests.tenants import static_files_as_they_are

__all__ = ["sim", "static_files_as_they_are", "world"]
