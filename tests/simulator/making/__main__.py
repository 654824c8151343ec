"""Makes every sample and the manifest that describes them."""

import base64
import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

from tests.simulator.making import documents, pictures, sounds

FOLDER = Path(__file__).parent.parent / "samples"
WORD = "application/vnd.openxmlformats-officedocument"
DECLARED: dict[str, dict[str, Any]] = {
    "sunset.jpg": {"kind": "image", "mimetype": "image/jpeg"},
    "cake.jpg": {"kind": "image", "mimetype": "image/jpeg"},
    "clinic.jpg": {"kind": "image", "mimetype": "image/jpeg"},
    "bread.jpg": {"kind": "image", "mimetype": "image/jpeg"},
    "receipt.png": {"kind": "image", "mimetype": "image/png"},
    "smile.webp": {"kind": "sticker", "mimetype": "image/webp"},
    "wink.webp": {"kind": "sticker", "mimetype": "image/webp", "animated": True},
    "voice-order.ogg": {"kind": "voice", "mimetype": "audio/ogg; codecs=opus"},
    "voice-appointment.ogg": {"kind": "voice", "mimetype": "audio/ogg; codecs=opus"},
    "song.mp3": {"kind": "audio", "mimetype": "audio/mpeg"},
    "morning.mp4": {"kind": "video", "mimetype": "video/mp4", "width": 640, "height": 360},
    "quote.pdf": {
        "kind": "document",
        "mimetype": "application/pdf",
        "filename": "Orçamento nº 42.pdf",
        "pages": 1,
    },
    "guide.pdf": {
        "kind": "document",
        "mimetype": "application/pdf",
        "filename": "Visit guide.pdf",
        "pages": 3,
    },
    "agreement.docx": {
        "kind": "document",
        "mimetype": f"{WORD}.wordprocessingml.document",
        "filename": "Service agreement (final).docx",
    },
    "prices.xlsx": {
        "kind": "document",
        "mimetype": f"{WORD}.spreadsheetml.sheet",
        "filename": "Tabela de preços.xlsx",
    },
    "orders.csv": {"kind": "document", "mimetype": "text/csv", "filename": "pedidos.csv"},
}


def thumbnail(picture: bytes) -> str:
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.thumbnail((72, 72))
    small = io.BytesIO()
    image.save(small, "JPEG", quality=60)
    return base64.b64encode(small.getvalue()).decode()


def measured(path: Path, declared: dict[str, Any]) -> dict[str, Any]:
    found = dict(declared)
    if declared["kind"] in ("image", "sticker"):
        found["width"], found["height"] = Image.open(path).size
    if declared["kind"] == "image":
        found["thumbnail"] = thumbnail(path.read_bytes())
    if declared["kind"] == "video":
        found["thumbnail"] = thumbnail(sounds.first_frame(path))
    if declared["kind"] in ("video", "audio", "voice"):
        found["seconds"] = sounds.seconds(path)
    if declared["kind"] == "voice":
        found["waveform"] = base64.b64encode(sounds.waveform(path)).decode()
    return found


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for maker in (pictures, sounds, documents):
        maker.write_all(FOLDER)
    manifest = {name: measured(FOLDER / name, facts) for name, facts in DECLARED.items()}
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (FOLDER / "manifest.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
