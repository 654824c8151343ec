"""A real QR code (version 5, level L, up to 106 bytes) and a PNG of it, without any library."""

import struct
import zlib

SIZE = 37
DATA_WORDS, CHECK_WORDS = 108, 26
ALIGNMENT = 30
FORMAT_L_MASK_0 = 0b111011111000100
Grid = list[list[int | None]]


def powers() -> tuple[list[int], list[int]]:
    exponents, logarithms = [0] * 512, [0] * 256
    value = 1
    for exponent in range(255):
        exponents[exponent] = exponents[exponent + 255] = value
        logarithms[value] = exponent
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    return exponents, logarithms


EXP, LOG = powers()


def times(a: int, b: int) -> int:
    return EXP[LOG[a] + LOG[b]] if a and b else 0


def check_words(data: list[int]) -> list[int]:
    generator = [1]
    for exponent in range(CHECK_WORDS):
        shifted = [*generator, 0]
        for place, factor in enumerate(generator):
            shifted[place + 1] ^= times(factor, EXP[exponent])
        generator = shifted
    rest = data + [0] * CHECK_WORDS
    for place in range(len(data)):
        factor = rest[place]
        for step, term in enumerate(generator):
            rest[place + step] ^= times(term, factor)
    return rest[-CHECK_WORDS:]


def code_words(text: bytes) -> list[int]:
    bits = "0100" + f"{len(text):08b}" + "".join(f"{byte:08b}" for byte in text) + "0000"
    words = [int(bits[place : place + 8].ljust(8, "0"), 2) for place in range(0, len(bits), 8)]
    filler = (0xEC, 0x11)
    words += [filler[n % 2] for n in range(DATA_WORDS - len(words))]
    return words + check_words(words)


def frame() -> Grid:
    """Everything but the data: finders, timing, alignment and the format bits."""
    grid: Grid = [[None] * SIZE for _ in range(SIZE)]
    for top, left in ((0, 0), (0, SIZE - 7), (SIZE - 7, 0)):
        square(grid, top + 3, left + 3, (0, 2, 3, 4), 4)
    square(grid, ALIGNMENT, ALIGNMENT, (1,), 2)
    for place in range(8, SIZE - 8):
        grid[6][place] = grid[place][6] = (place + 1) % 2
    format_bits(grid)
    return grid


def square(grid: Grid, row: int, column: int, light: tuple[int, ...], reach: int) -> None:
    """Rings around a centre; for a finder the rings 2 and 4 stay light, for the alignment mark ring 1."""
    rings = (2, 4) if reach == 4 else light
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if 0 <= row + down < SIZE and 0 <= column + right < SIZE:
                grid[row + down][column + right] = int(max(abs(down), abs(right)) not in rings)


def format_bits(grid: Grid) -> None:
    bits = [FORMAT_L_MASK_0 >> (14 - n) & 1 for n in range(15)]
    around = [(8, 0), (8, 1), (8, 2), (8, 3), (8, 4), (8, 5), (8, 7), (8, 8), (7, 8)]
    around += [(row, 8) for row in range(5, -1, -1)]
    split = [(SIZE - 1 - n, 8) for n in range(7)] + [(8, SIZE - 8 + n) for n in range(8)]
    for (row, column), (row2, column2), bit in zip(around, split, bits, strict=True):
        grid[row][column] = grid[row2][column2] = bit
    grid[SIZE - 8][8] = 1


def modules(text: bytes) -> list[list[int]]:
    grid = frame()
    bits = iter("".join(f"{word:08b}" for word in code_words(text)))
    columns = [column for column in range(SIZE - 1, 0, -2) if column > 6] + [5, 3, 1]
    for turn, right in enumerate(columns):
        rows = range(SIZE) if turn % 2 else range(SIZE - 1, -1, -1)
        for row in rows:
            for column in (right, right - 1):
                if grid[row][column] is None:
                    grid[row][column] = int(next(bits, "0")) ^ int((row + column) % 2 == 0)
    return [[cell or 0 for cell in row] for row in grid]


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(text: bytes, scale: int = 6, margin: int = 4) -> bytes:
    width = (SIZE + 2 * margin) * scale
    blank = [0] * (SIZE + 2 * margin)
    framed = (
        [blank] * margin + [[0] * margin + row + [0] * margin for row in modules(text)] + [blank] * margin
    )
    lines = [b"\0" + b"".join((b"\0" if cell else b"\xff") * scale for cell in row) for row in framed]
    pixels = zlib.compress(b"".join(line * scale for line in lines))
    header = struct.pack(">IIBBBBB", width, width, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
