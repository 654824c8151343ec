"""Drawn scenes: nothing photographed, nothing of anybody else's."""

import math
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

SIZE = (1280, 960)
Colour = tuple[int, int, int]


def sky(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    ramp = Image.linear_gradient("L").resize(size, Image.Resampling.BICUBIC)
    return ImageOps.colorize(ramp, top, bottom).convert("RGB")


def glow(image: Image.Image, centre: tuple[int, int], radius: int, colour: Colour) -> None:
    light = Image.new("L", image.size, 0)
    x, y = centre
    ImageDraw.Draw(light).ellipse((x - radius, y - radius, x + radius, y + radius), fill=220)
    light = light.filter(ImageFilter.GaussianBlur(radius // 2))
    image.paste(Image.new("RGB", image.size, colour), (0, 0), light)


def hill(image: Image.Image, base: float, swing: float, phase: float, colour: Colour) -> None:
    width, height = image.size
    ridge = [
        (x, height * base + height * swing * math.sin(x / width * 2 * math.pi * 1.3 + phase))
        for x in range(0, width + 8, 8)
    ]
    ImageDraw.Draw(image).polygon([*ridge, (width, height), (0, height)], fill=colour)


def sunset(size: tuple[int, int] = SIZE, sun: float = 0.55) -> Image.Image:
    image = sky(size, (58, 42, 110), (255, 170, 96))
    width, height = size
    centre = (int(width * 0.62), int(height * sun))
    glow(image, centre, width // 7, (255, 214, 140))
    radius = width // 16
    box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
    ImageDraw.Draw(image).ellipse(box, fill=(255, 240, 196))
    layers = [
        (0.66, 0.05, 0.4, (104, 62, 122)),
        (0.76, 0.06, 2.1, (70, 44, 100)),
        (0.88, 0.05, 4.0, (38, 27, 66)),
    ]
    for base, swing, phase, colour in layers:
        hill(image, base, swing, phase, colour)
    return image


def cake() -> Image.Image:
    image = sky(SIZE, (255, 236, 214), (246, 196, 178))
    glow(image, (640, 420), 380, (255, 250, 240))
    pen = ImageDraw.Draw(image)
    pen.ellipse((220, 770, 1060, 900), fill=(214, 158, 140))
    for top, left, right, colour in ((560, 320, 960, (122, 72, 52)), (380, 430, 850, (236, 140, 160))):
        pen.rounded_rectangle((left, top, right, top + 240), 26, fill=colour)
        pen.rounded_rectangle((left, top, right, top + 64), 26, fill=(255, 248, 240))
        for x in range(left + 20, right - 20, 52):
            pen.ellipse((x, top + 34, x + 44, top + 98), fill=(255, 248, 240))
    for x in (520, 600, 680, 760):
        pen.rectangle((x - 6, 300, x + 6, 384), fill=(96, 160, 200))
        pen.ellipse((x - 12, 252, x + 12, 304), fill=(255, 196, 72))
    for x in range(350, 950, 60):
        pen.ellipse((x, 712, x + 22, 734), fill=(255, 214, 92))
    return image.filter(ImageFilter.GaussianBlur(1.2))


def clinic() -> Image.Image:
    image = sky(SIZE, (226, 244, 246), (178, 216, 220))
    pen = ImageDraw.Draw(image)
    pen.polygon([(0, 960), (1280, 960), (1000, 620), (280, 620)], fill=(206, 224, 222))
    pen.rectangle((280, 160, 1000, 620), fill=(244, 250, 250))
    for x in (330, 560, 790):
        pen.rounded_rectangle((x, 220, x + 160, 440), 10, fill=(150, 204, 228))
        pen.polygon([(x + 20, 430), (x + 90, 230), (x + 130, 230), (x + 60, 430)], fill=(186, 224, 240))
    for x in (340, 520, 700):
        pen.rounded_rectangle((x, 560, x + 150, 660), 20, fill=(72, 150, 156))
        pen.rounded_rectangle((x, 500, x + 150, 580), 20, fill=(88, 172, 178))
    pen.rectangle((1060, 560, 1130, 780), fill=(196, 122, 84))
    for angle in range(200, 341, 20):
        tip = (1095 + 170 * math.cos(math.radians(angle)), 560 + 230 * math.sin(math.radians(angle)))
        pen.line([(1095, 560), tip], fill=(64, 140, 90), width=26)
    return image.filter(ImageFilter.GaussianBlur(1.0))


def bread() -> Image.Image:
    image = sky(SIZE, (92, 58, 40), (168, 112, 70))
    pen = ImageDraw.Draw(image)
    for row, y in enumerate((250, 470, 690)):
        for x in range(90 + 60 * (row % 2), 1180, 220):
            pen.ellipse((x, y, x + 200, y + 150), fill=(224, 156, 84))
            pen.ellipse((x + 10, y + 6, x + 190, y + 120), fill=(240, 184, 112))
            for cut in (50, 90, 130):
                pen.arc(
                    (x + cut - 30, y + 20, x + cut + 40, y + 120), 200, 300, fill=(255, 226, 176), width=10
                )
        pen.rectangle((40, y + 150, 1240, y + 172), fill=(70, 42, 28))
    return image.filter(ImageFilter.GaussianBlur(1.4))


def screenshot() -> Image.Image:
    image = Image.new("RGB", (720, 1280), (248, 249, 251))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 720, 150), fill=(28, 96, 120))
    pen.text((40, 64), "Pagamento enviado", font=ImageFont.load_default(44), fill="white")
    pen.ellipse((285, 210, 435, 360), fill=(52, 168, 110))
    pen.line([(322, 286), (352, 318), (402, 250)], fill="white", width=16)
    lines = [
        "R$ 148,50",
        "Para: Padaria Aurora",
        "De: Contato de Exemplo",
        "Quando: hoje, 09:41",
        "Recibo: EXEMPLO-0001",
    ]
    for number, line in enumerate(lines):
        y = 430 + number * 120
        pen.text((60, y), line, font=ImageFont.load_default(38), fill=(40, 48, 60))
        pen.line([(60, y + 82), (660, y + 82)], fill=(222, 226, 232), width=3)
    pen.rounded_rectangle((60, 1110, 660, 1210), 24, fill=(28, 96, 120))
    pen.text((290, 1136), "Fechar", font=ImageFont.load_default(40), fill="white")
    return image


def smile(wink: float = 0.0) -> Image.Image:
    """A round face on nothing; ``wink`` 0 is open-eyed, 1 has the right eye shut."""
    image = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.ellipse((40, 40, 472, 472), fill=(255, 206, 84, 255), outline=(232, 164, 48, 255), width=12)
    pen.ellipse((160, 170, 208, 248), fill=(84, 56, 36, 255))
    shut = int(36 * wink)
    pen.ellipse((304, 170 + shut, 352, 248 - shut), fill=(84, 56, 36, 255))
    pen.chord((150, 240, 362, 410), 10, 170, fill=(176, 60, 60, 255))
    return image


def rising_sun(frames: int) -> Iterator[Image.Image]:
    for number in range(frames):
        yield sunset((640, 360), sun=0.78 - 0.45 * number / frames)


def write_all(folder: Path) -> None:
    for name, scene in (("sunset", sunset()), ("cake", cake()), ("clinic", clinic()), ("bread", bread())):
        scene.save(folder / f"{name}.jpg", quality=82, optimize=True)
    screenshot().quantize(64).save(folder / "receipt.png", optimize=True)
    smile().save(folder / "smile.webp", quality=80)
    winks = [smile(step) for step in (0.0, 0.4, 0.9, 1.0, 0.9, 0.4)]
    winks[0].save(
        folder / "wink.webp", save_all=True, append_images=winks[1:], duration=120, loop=0, quality=60
    )
