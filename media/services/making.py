"""One rendition from its original to its place; runs in a thread and never touches the database."""

import os
import queue
import shutil
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from accounts.providers.reasons import one_line
from media.models import MediaFile, Rendition
from media.rendering.jobs import Job, Made, NotMade
from media.rendering.sandbox import Sandbox
from media.services.renditions import LONGEST_SIDE, way_of
from media.storage import WORK_PREFIX, incoming_folder, keep, rendition_path, storage, sync

EXTENSIONS = {Rendition.Kind.M4A: ".m4a"}
PICTURE = ".webp"
PIECE = 1 << 20
IDLE_SECONDS = 30.0
# A picture is read whole; of the others only parts are in memory at any time.
MOST_BYTES_OF_PICTURE = 64 * 1024**2
MOST_BYTES = 1024**3
MOST_BYTES_COPIED = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class Errand:
    rendition: Rendition
    ffmpeg: str


@dataclass(frozen=True, slots=True)
class Result:
    """``made`` or ``error``, or ``is_lost`` when there is no original, or ``trouble`` with our own storage."""

    errand: Errand
    made: Made | None = None
    name: str = ""
    size: int | None = None
    error: NotMade | None = None
    is_lost: bool = False
    trouble: str = ""
    bug: str = ""


class Sandboxes:
    """One for each thread that needs one; kept a while, because starting one takes longer than most renditions."""

    def __init__(self) -> None:
        self._free: queue.LifoQueue[Sandbox] = queue.LifoQueue()

    @contextmanager
    def one(self) -> Iterator[Sandbox]:
        sandbox = self._taken() or Sandbox()
        try:
            yield sandbox
        finally:
            self._free.put(sandbox)

    def let_go_idle(self) -> None:
        kept = []
        while sandbox := self._taken():
            if time.monotonic() - sandbox.used_at > IDLE_SECONDS:
                sandbox.close()
            else:
                kept.append(sandbox)
        for sandbox in kept:
            self._free.put(sandbox)

    def close(self) -> None:
        while sandbox := self._taken():
            sandbox.close()

    def _taken(self) -> Sandbox | None:
        with suppress(queue.Empty):
            return self._free.get_nowait()
        return None


def make(errand: Errand, sandboxes: Sandboxes) -> Result:
    try:
        with work_folder() as folder:
            return _made(errand, folder, sandboxes)
    except NotMade as exc:
        return Result(errand, error=exc)
    except OSError as exc:
        return Result(errand, trouble=f"no place to work: {exc.strerror or type(exc).__name__}")
    except Exception:  # noqa: BLE001 - the one boundary: a bug in one rendition must not stop the worker
        return Result(errand, bug=traceback.format_exc())


def _made(errand: Errand, folder: Path, sandboxes: Sandboxes) -> Result:
    rendition, target = errand.rendition, folder / "target"
    try:
        source = _brought(rendition, folder / "source")
    except FileNotFoundError:
        return Result(errand, is_lost=True)
    with sandboxes.one() as sandbox:
        made = sandbox.make(_job(errand, source, target))
    if rendition.kind == Rendition.Kind.WAVEFORM:
        return Result(errand, made=made)
    if target.is_symlink() or not target.is_file() or not target.stat().st_size:
        raise NotMade("nothing came of it")
    size = target.stat().st_size
    return Result(errand, made=made, name=_kept(target, rendition), size=size)


def _job(errand: Errand, source: Path, target: Path) -> Job:
    rendition = errand.rendition
    longest = LONGEST_SIDE.get(Rendition.Kind(rendition.kind), 0)
    return Job(
        way=way_of(rendition), source=str(source), target=str(target), longest=longest, tool=errand.ffmpeg
    )


@contextmanager
def work_folder() -> Iterator[Path]:
    """Nothing else lies where foreign files are opened; one that a killed worker left is swept."""
    incoming_folder().mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=WORK_PREFIX, dir=incoming_folder()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _brought(rendition: Rendition, target: Path) -> Path:
    """Under a name that says nothing."""
    media_file = rendition.media_file
    _refuse_large(rendition, media_file)
    with _our_storage():
        name = str(media_file.file.name)
        if not ((media_file.size or 0) > MOST_BYTES_COPIED and _linked(name, target)):
            _copied(name, target)
    return target


@contextmanager
def _our_storage() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as exc:
        # Every storage has its own errors. Masked: a remote one's own text may quote a signed address.
        raise OSError(0, one_line(f"{type(exc).__name__}: {exc}")) from exc


def _refuse_large(rendition: Rendition, media_file: MediaFile) -> None:
    most = MOST_BYTES_OF_PICTURE if way_of(rendition) == "picture" else MOST_BYTES
    if (media_file.size or 0) > most:
        raise NotMade(f"larger than {most // 1024**2} MiB")


def _linked(name: str, target: Path) -> bool:
    """A second name for a large file, where the storage is the same disk: copying would take longer than a look."""
    try:
        os.link(storage().path(name), target)
    except FileNotFoundError:
        raise
    except (OSError, NotImplementedError):
        return False
    return True


def _copied(name: str, target: Path) -> None:
    with storage().open(name, "rb") as content, target.open("wb") as copy:
        for piece in content.chunks(PIECE):
            copy.write(piece)


def _kept(target: Path, rendition: Rendition) -> str:
    extension = EXTENSIONS.get(Rendition.Kind(rendition.kind), PICTURE)
    with _our_storage():
        sync(target)
        return keep(target, rendition_path(rendition.media_file, rendition.kind, extension))
