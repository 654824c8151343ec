"""Speech by espeak-ng, tones and moving pictures by ffmpeg; and the 64 bars drawn for a voice note."""

import array
import subprocess
from pathlib import Path

from tests.simulator.making.pictures import rising_sun

SPEECH = {
    "order": "Bom dia! Eu queria encomendar um bolo de chocolate para sábado, por favor.",
    "appointment": "Olá, boa tarde. Preciso remarcar a minha consulta para a semana que vem.",
}


def ffmpeg(*arguments: str, data: bytes = b"") -> bytes:
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *arguments]
    return subprocess.run(command, input=data, check=True, capture_output=True).stdout


def speak(words: str, target: Path) -> None:
    command = ["espeak-ng", "-v", "pt-br", "-s", "165", "--stdout", words]
    wave = subprocess.run(command, check=True, capture_output=True).stdout
    opus = ("-c:a", "libopus", "-b:a", "20k", "-ac", "1", "-ar", "48000", "-application", "voip")
    ffmpeg("-i", "pipe:0", *opus, "-map_metadata", "-1", str(target), data=wave)


def waveform(path: Path, bars: int = 64) -> bytes:
    raw = ffmpeg("-i", str(path), "-ac", "1", "-ar", "8000", "-f", "s16le", "pipe:1")
    samples = array.array("h", raw)
    step = max(1, len(samples) // bars)
    loud = [max(abs(value) for value in samples[n * step : (n + 1) * step]) for n in range(bars)]
    peak = max(loud) or 1
    return bytes(100 * value // peak for value in loud)


def music(target: Path) -> None:
    notes = (262, 330, 392, 523, 392, 330, 294, 349, 440, 349, 294, 262)
    tones = [f"sine=frequency={note}:duration=0.5" for note in notes]
    inputs = [part for tone in tones for part in ("-f", "lavfi", "-i", tone)]
    joined = "".join(f"[{n}:a]" for n in range(len(notes))) + f"concat=n={len(notes)}:v=0:a=1,volume=0.5"
    ffmpeg(*inputs, "-filter_complex", joined, "-c:a", "libmp3lame", "-b:a", "64k", "-ac", "1", str(target))


def video(target: Path, frames: int = 96, rate: int = 24) -> None:
    pictures = b"".join(image.tobytes() for image in rising_sun(frames))
    size = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "640x360", "-r", str(rate), "-i", "pipe:0")
    sound = ("-f", "lavfi", "-i", f"sine=frequency=330:duration={frames / rate}")
    shape = (
        "-c:v",
        "libx264",
        "-profile:v",
        "main",
        "-bf",
        "0",
        "-pix_fmt",
        "yuv420p",
        "-crf",
        "27",
        "-preset",
        "veryslow",
    )
    audio = ("-af", "volume=0.15", "-c:a", "aac", "-b:a", "48k", "-ac", "1")
    ffmpeg(*size, *sound, *shape, *audio, "-shortest", "-movflags", "+faststart", str(target), data=pictures)


def first_frame(path: Path) -> bytes:
    return ffmpeg("-i", str(path), "-frames:v", "1", "-f", "image2", "-c:v", "mjpeg", "pipe:1")


def seconds(path: Path) -> int:
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)]
    length = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return max(1, round(float(length)))


def write_all(folder: Path) -> None:
    for name, words in SPEECH.items():
        speak(words, folder / f"voice-{name}.ogg")
    music(folder / "song.mp3")
    video(folder / "morning.mp4")
