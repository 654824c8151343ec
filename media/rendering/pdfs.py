"""The first page of a PDF as a picture, and how many pages there are."""

import math

import pypdfium2 as pdfium  # type: ignore[import-untyped]
from PIL import Image

from media.rendering.jobs import Job, Made, NotMade
from media.rendering.pictures import keep, shrink

WRONG_PASSWORD = 4


def make_page(job: Job) -> Made:
    try:
        document = pdfium.PdfDocument(job.source)
        try:
            pages, picture = len(document), _first_page(document, job.longest)
        finally:
            document.close()
    except pdfium.PdfiumError as exc:
        locked = exc.err_code == WRONG_PASSWORD
        raise NotMade("a PDF with a password" if locked else "not a PDF that can be read") from exc
    keep(picture, job.target)
    return Made(width=picture.width, height=picture.height, pages=pages)


def _first_page(document: pdfium.PdfDocument, longest: int) -> Image.Image:
    page = document[0]
    width, height = page.get_size()
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise NotMade("a page without a size")
    # As large as asked for, however large the page says it is.
    bitmap = page.render(scale=longest / max(width, height), limit_image_cache=True)
    picture: Image.Image = bitmap.to_pil()
    return shrink(picture.convert("RGB"), longest)
