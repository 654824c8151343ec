"""Good and hostile files for the tests of renditions, and rows that have them stored."""

import hashlib
import io
import struct
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from accounts.models import WhatsappInstance
from media.models import MediaFile, Rendition
from media.rendering.finding import find_ffmpeg
from media.services import Renderer
from media.services.renditions import ask
from media.sniffing import extension_of, verified_mimetype
from media.storage import path_for, storage
from tests.simulator.samples import bytes_of, facts_of

FFMPEG = find_ffmpeg()
PAGE = b"<!doctype html><script>alert(1)</script>"
# It plays another file, wherever that is.
PLAYLIST = b"ffconcat version 1.0\nfile /etc/hostname\n"


def picture(width: int, height: int, form: str = "JPEG", mode: str = "RGB", **saved: Any) -> bytes:
    """Left half red, right half blue."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    content = io.BytesIO()
    image.convert(mode).save(content, form, **saved)
    return content.getvalue()


def vast(form: str, mode: str = "1") -> bytes:
    """81 million pixels in few bytes."""
    content = io.BytesIO()
    Image.new(mode, (9000, 9000)).save(content, form)
    return content.getvalue()


def sideways() -> bytes:
    """As a telephone held upright writes it: turned, and with the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "a telephone"
    exif.get_ifd(0x8825)[1] = "S"
    return picture(400, 200, exif=exif)


def frames(form: str) -> bytes:
    """First red, then blue."""
    content = io.BytesIO()
    red, blue = (Image.new("RGB", (400, 300), colour) for colour in ("red", "blue"))
    red.save(content, form, save_all=True, append_images=[blue], duration=100)
    return content.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    content = picture(1, 1, "PNG")
    header = b"IHDR" + struct.pack(">II", width, height) + content[24:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


def png_with_endless_text() -> bytes:
    content, text = picture(1, 1, "PNG"), b"zTXtComment\0\0" + zlib.compress(bytes(100 << 20), 1)
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    return content[:33] + chunk + content[33:]


def pdf(width: float, height: float) -> bytes:
    """One empty page; without a table of its objects, as careless programs write it."""
    page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]>>"
    objects = ("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", page)
    body = "\n".join(f"{number} 0 obj{text}endobj" for number, text in enumerate(objects, start=1))
    return f"%PDF-1.4\n{body}\ntrailer<</Root 1 0 R/Size 4>>\n%%EOF".encode()


def amr(seconds: int = 2) -> bytes:
    """Frames of the best mode, fifty a second."""
    noise = hashlib.sha256(b"noise").digest()
    return b"#!AMR\n" + b"".join(b"\x3c" + noise[:31] for _ in range(50 * seconds))


def stored(instance: WhatsappInstance, content: bytes, kind: str = "image", **facts: Any) -> MediaFile:
    """As if fetched just now, with its renditions asked for."""
    media_file = MediaFile.objects.create(instance=instance, kind=kind, chat_id="551190000@c.us", **facts)
    media_file.mimetype = verified_mimetype(content[:512], facts.get("mimetype", ""))
    media_file.file = storage().save(
        path_for(media_file, extension_of(media_file.mimetype)), ContentFile(content)
    )
    media_file.size, media_file.sha256 = len(content), hashlib.sha256(content).hexdigest()
    media_file.state, media_file.ready_at = MediaFile.State.READY, timezone.now()
    media_file.save()
    ask([(media_file, media_file.mimetype)], now=timezone.now())
    return media_file


def sample(instance: WhatsappInstance, name: str, **facts: Any) -> MediaFile:
    """As the Cloud API tells of it: nothing but its kind and type."""
    known = facts_of(name)
    return stored(instance, bytes_of(name), known.kind, mimetype=known.mimetype, **facts)


def make_all(ffmpeg: str = FFMPEG, later: timedelta = timedelta()) -> None:
    renderer = Renderer(ffmpeg=ffmpeg)
    try:
        while renderer.top_up(timezone.now() + later) or renderer.under_way:
            renderer.collect(timezone.now() + later, wait=1)
    finally:
        renderer.close()


def made(media_file: MediaFile, kind: str = "thumbnail") -> Rendition:
    return Rendition.objects.get(media_file=media_file, kind=kind)


def shown(rendition: Rendition) -> Image.Image:
    with rendition.file.open("rb") as content:
        image = Image.open(io.BytesIO(content.read()))
    image.load()
    return image


def states(media_file: MediaFile) -> dict[str, str]:
    return dict(Rendition.objects.filter(media_file=media_file).values_list("kind", "state"))


def put(folder: Path, content: bytes) -> Path:
    source = folder / "source"
    source.write_bytes(content)
    return source
