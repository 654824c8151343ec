"""What a process that opens foreign files may take of this machine."""

import os
import resource
from contextlib import suppress

MIB = 1024**2
MEMORY = 1024 * MIB
LARGEST_FILE = 128 * MIB
CPU_SECONDS = 60
OPEN_FILES = 64
GENTLE = 10


def restrict() -> None:
    """Holds for ffmpeg too, which is started from here. Some systems know not all of these limits."""
    _limit(resource.RLIMIT_AS, MEMORY)
    _limit(resource.RLIMIT_FSIZE, LARGEST_FILE)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_CORE, 0)
    with suppress(OSError):
        os.nice(GENTLE)


def allow_one_more() -> None:
    """So much time for the next file, however many there were before; who takes more is ended by the system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (wanted, wanted))
