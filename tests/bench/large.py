"""One large file through the whole fetch, and what memory it takes beside a small and a larger one."""

from tests.bench.ground import Ground
from tests.bench.media_sides import Figures, Sides, ask_for_baileys, best
from tests.bench.origin import origin
from tests.bench.table import Line, show

MIB = 1024 * 1024
SIZE = 512 * MIB
MEMORY_SIZES = (8 * MIB, SIZE, 2048 * MIB)


def run(ground: Ground) -> None:
    size = ground.less(SIZE)
    with origin(ground.folder) as cdn:
        sides = Sides(ground, cdn, cdn.make(ground.folder / "large.json", size=size), in_flight=1)
        rounds = [(sides.floor(), sides.ours("SQLite"), sides.peer()) for _ in range(ground.rounds)]
    floor, ours = best([one[0] for one in rounds]), best([one[1] for one in rounds])
    peers = [peer for _, _, peer in rounds if peer]
    lines = speed_lines(ours, floor, best(peers) if peers else None, size)
    show(f"One file of {size // MIB} MiB, best of {ground.rounds}", lines, ask_for_baileys())
    show("Memory above the idle worker, MiB", memory_lines(ground))


def speed_lines(ours: Figures, floor: Figures, peer: Figures | None, size: int) -> list[Line]:
    gib, mb = size / 1024**3, size / 1e6
    lines = [
        Line("CPU s/GiB, beside the bare loop", ours["cpu"] / gib, floor["cpu"] / gib, most=1.4),
        Line("MB/s, beside the bare loop", mb / ours["seconds"], mb / floor["seconds"], digits=0),
    ]
    if peer:
        lines += [
            Line("CPU s/GiB, beside Baileys", ours["cpu"] / gib, peer["cpu"] / gib),
            Line("MB/s, beside Baileys", mb / ours["seconds"], mb / peer["seconds"], least=1.5, digits=0),
        ]
    return lines


def memory_lines(ground: Ground) -> list[Line]:
    lines = []
    for size in (ground.less(size) for size in MEMORY_SIZES):
        # A simulator for each, so that its files are gone before the next.
        with origin(ground.folder) as cdn:
            sides = Sides(ground, cdn, cdn.make(ground.folder / "memory.json", size=size), in_flight=1)
            lines.append(
                Line(f"a file of {size / MIB:.0f} MiB", sides.ours("SQLite")["memory"], most=24, digits=1)
            )
    return lines
