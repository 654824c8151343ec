"""Where ffmpeg is. Kept out of the process for foreign files, which is told."""

import os
import shutil

import imageio_ffmpeg  # type: ignore[import-untyped]

NAMED = "IMAGEIO_FFMPEG_EXE"


def find_ffmpeg() -> str:
    """The one that a wheel brought, or the system's; empty where there is none. The environment can name another."""
    named = os.environ.get(NAMED)
    try:
        return shutil.which(named or imageio_ffmpeg.get_ffmpeg_exe()) or ""
    except RuntimeError:
        return ""
