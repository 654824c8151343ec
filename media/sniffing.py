"""What a file is by its own bytes, and the extension that goes with it."""

import re

import filetype  # type: ignore[import-untyped]

UNKNOWN = "application/octet-stream"
SANE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,99}/[a-z0-9][a-z0-9!#$&^_.+-]{0,99}")
PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!doctype|<html|<head|<body|<title|<script|<\?xml|<svg|<!--|<error)", re.I
)
JSON_TEXT = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*["}]|\[\s*[\[{"\]])')
PAGE_TYPES = re.compile(r"text/.*|.*\bjson|.*\bxml|.*\bhtml|.*javascript")

MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"OggS", "audio/ogg"),
    (4, b"ftyp3gp", "video/3gpp"),
    (4, b"ftyp3g2", "video/3gpp2"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypM4B", "audio/mp4"),
    (4, b"ftypqt  ", "video/quicktime"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"ID3\x02", "audio/mpeg"),
    (0, b"ID3\x03", "audio/mpeg"),
    (0, b"ID3\x04", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"PK\x03\x04", "application/zip"),
)
MOVIES = frozenset(
    (
        *("video/mp4", "video/x-m4v", "video/3gpp", "video/3gpp2", "video/quicktime"),
        *("audio/mp4", "audio/m4a", "audio/x-m4a", "audio/aac", "audio/3gpp"),
    )
)
# One container, several names for what may be inside: the sender's word stands.
SAME_CONTAINER: dict[str, frozenset[str]] = {
    **dict.fromkeys(("video/mp4", "audio/mp4", "video/3gpp", "video/3gpp2", "video/quicktime"), MOVIES),
    **dict.fromkeys(("image/heic", "image/heif"), frozenset({"image/heic", "image/heif"})),
    "audio/ogg": frozenset({"audio/ogg", "video/ogg", "application/ogg", "audio/opus"}),
    "audio/wav": frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"}),
    "audio/mpeg": frozenset({"audio/mpeg", "audio/mp3"}),
    "audio/aac": frozenset({"audio/aac", "audio/x-aac", "audio/aacp"}),
    "video/webm": frozenset({"video/webm", "audio/webm", "video/x-matroska", "audio/x-matroska"}),
}
OFFICE = {
    "application/zip": re.compile(
        r"application/(?:vnd\.openxmlformats-.*|vnd\.oasis\.opendocument\..*|vnd\.ms-.*macroenabled.*|epub\+zip|was"
        r"|vnd\.android\.package-archive|java-archive|x-zip-compressed|vnd\.google-earth\.kmz|x-zip)"
    ),
    "application/x-ole-storage": re.compile(r"application/(?:msword|vnd\.ms-.*|x-msi|vnd\.visio)"),
}
EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/avif": ".avif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
    "image/svg+xml": ".svg",
    "image/vnd.adobe.photoshop": ".psd",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "video/3gpp2": ".3g2",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
    "video/x-msvideo": ".avi",
    "video/mpeg": ".mpg",
    "video/ogg": ".ogv",
    "video/x-m4v": ".m4v",
    "audio/ogg": ".ogg",
    "audio/opus": ".opus",
    "application/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/mp3": ".mp3",
    "audio/mp4": ".m4a",
    "audio/m4a": ".m4a",
    "audio/x-m4a": ".m4a",
    "audio/aac": ".aac",
    "audio/amr": ".amr",
    "audio/3gpp": ".3gp",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/wave": ".wav",
    "audio/flac": ".flac",
    "audio/x-flac": ".flac",
    "audio/webm": ".weba",
    "audio/midi": ".mid",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/x-zip-compressed": ".zip",
    "application/gzip": ".gz",
    "application/x-tar": ".tar",
    "application/x-rar-compressed": ".rar",
    "application/vnd.rar": ".rar",
    "application/x-7z-compressed": ".7z",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
    "application/vnd.android.package-archive": ".apk",
    "application/epub+zip": ".epub",
    "application/vnd.google-earth.kmz": ".kmz",
    "application/was": ".was",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "application/json": ".json",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/markdown": ".md",
    "text/calendar": ".ics",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "application/x-pkcs12": ".p12",
    "application/x-x509-ca-cert": ".cer",
    "application/acad": ".dwg",
    "image/vnd.dwg": ".dwg",
}


def verified_mimetype(head: bytes, declared: str) -> str:
    """The declared type where the bytes do not speak against it, otherwise what the bytes say."""
    declared = bare(declared)
    found = by_magic(head) or ("" if declared.startswith("text/") or PAGE.match(head) else by_library(head))
    if not found:
        return declared if declared and (not PAGE.match(head) or is_page_type(declared)) else UNKNOWN
    if declared in SAME_CONTAINER.get(found, ()):
        return declared
    if found in OFFICE:
        return declared if OFFICE[found].fullmatch(declared) else by_library(head) or found
    return found


def by_magic(head: bytes) -> str:
    for offset, magic, mimetype in MAGIC:
        if head.startswith(magic, offset):
            return mimetype
    return ""


def by_library(head: bytes) -> str:
    return str(filetype.guess_mime(head) or "") if head else ""


def extension_of(mimetype: str) -> str:
    return EXTENSIONS.get(bare(mimetype), ".bin")


def bare(mimetype: str) -> str:
    """Without parameters, in lower case; empty when it is not a type at all."""
    name = mimetype.partition(";")[0].strip().lower()
    return name if SANE.fullmatch(name) else ""


def is_page(head: bytes) -> bool:
    """Whether this reads like the answer of a web server rather than like a file."""
    return bool(PAGE.match(head) or JSON_TEXT.match(head))


def is_page_type(mimetype: str) -> bool:
    return bool(PAGE_TYPES.fullmatch(bare(mimetype)))
