from tests.messaging.announcing import instance
from tests.messaging.receiver import a_line, a_receiver
from tests.telling import sim, world
from tests.tenants import static_files_as_they_are

__all__ = ["a_line", "a_receiver", "instance", "sim", "static_files_as_they_are", "world"]
