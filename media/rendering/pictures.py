"""Small pictures of pictures: upright, without what cameras write beside them, and refused when they are bombs."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from media.rendering.jobs import Job, Made, NotMade

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
# A JPEG is read at an eighth of its size, anything else whole.
MOST_PIXELS = 50_000_000
MOST_PIXELS_OF_JPEG = 125_000_000
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = (5, 6, 7, 8)
QUALITY = 80

Image.MAX_IMAGE_PIXELS = MOST_PIXELS_OF_JPEG


def make_picture(job: Job) -> Made:
    with _opened(job.source) as image:
        orientation = _orientation(image)
        width, height = image.size
        _scale_while_reading(image, job.longest)
        small = shrink(_plain(image), job.longest)
        if orientation in TURNS:
            small = small.transpose(TURNS[orientation])
        keep(small, job.target)
    if orientation in SIDEWAYS:
        width, height = height, width
    return Made(width=small.width, height=small.height, source_width=width, source_height=height)


def shrink(image: Image.Image, longest: int) -> Image.Image:
    """The same image, never larger than it was."""
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image


def keep(image: Image.Image, target: str) -> None:
    """Only the pixels: no place, camera or profile of the original goes along."""
    content = io.BytesIO()
    image.save(content, "WEBP", quality=QUALITY, method=3)
    try:
        Path(target).write_bytes(content.getvalue())
    except OSError as exc:
        raise NotMade(f"cannot be written: {exc.strerror}", again=True) from exc


@contextmanager
def _opened(source: str) -> Iterator[Image.Image]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(source, formats=FORMATS) as image:
                yield image
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as exc:
            raise NotMade(f"more than {MOST_PIXELS_OF_JPEG // 10**6} million pixels") from exc


def _scale_while_reading(image: Image.Image, longest: int) -> None:
    image.draft(None, (2 * longest, 2 * longest))
    if image.width * image.height > MOST_PIXELS:
        raise NotMade(f"more than {MOST_PIXELS // 10**6} million pixels")


def _plain(image: Image.Image) -> Image.Image:
    """Its first frame, in colours that can be blended and that WebP knows."""
    wanted = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode != wanted:
        return image.convert(wanted)
    image.load()
    return image


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - a broken EXIF breaks in many ways, and the picture is good without it
        return 1
