"""The process in which foreign files are opened. It lives as long as it is asked, and may be killed at any moment."""

import os
import sys

from media.rendering.frames import make_frame
from media.rendering.jobs import Job, NotMade, refusal
from media.rendering.limits import allow_one_more, restrict
from media.rendering.pdfs import make_page
from media.rendering.pictures import make_picture
from media.rendering.sounds import make_m4a, make_voice, make_waveform

MAKE = {
    "picture": make_picture,
    "pdf": make_page,
    "frame": make_frame,
    "m4a": make_m4a,
    "voice": make_voice,
    "waveform": make_waveform,
}


def answer(job: Job) -> str:
    try:
        return MAKE[job.way](job).line()
    except NotMade as exc:
        return refusal(exc)
    except MemoryError:
        return refusal(NotMade("it takes more memory than it may"))
    except Exception as exc:  # noqa: BLE001 - decoders raise anything at all, and each time it is the file's fault
        return refusal(
            NotMade(f"cannot be read: {type(exc).__name__}: {exc}".replace(job.source, "the file"))
        )


def main() -> None:
    # A library that prints must not be taken for an answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    restrict()
    for line in sys.stdin:
        allow_one_more()
        answers.write(answer(Job.read(line)))
        answers.flush()


if __name__ == "__main__":
    main()
