"""One picture of a video."""

from pathlib import Path

from media.rendering import tool
from media.rendering.jobs import Job, Made, NotMade
from media.rendering.pictures import make_picture

# The most telling of the first frames, which a black one seldom is.
LOOKED_AT = 60
FIRST_SECONDS = 10


def make_frame(job: Job) -> Made:
    frame = Path(job.target).with_suffix(".png")
    side = f"{job.longest}"
    # Scaled before they are compared: sixty large frames would not fit.
    small = f"scale=w='min({side},iw)':h='min({side},ih)':force_original_aspect_ratio=decrease"
    chosen = ("-map", "0:v:0", "-an", "-vf", f"{small},thumbnail={LOOKED_AT}", "-frames:v", "1")
    tool.run(
        job, *chosen, "-c:v", "png", "-f", "image2", "-update", "1", frame.name, first_seconds=FIRST_SECONDS
    )
    if not frame.exists():
        raise NotMade("a video without a picture")
    made = make_picture(Job(way="picture", source=str(frame), target=job.target, longest=job.longest))
    return Made(width=made.width, height=made.height)
