"""Many small files, eight in flight: claims, bookkeeping and connections rather than bytes."""

from tests.bench.ground import Ground
from tests.bench.media_sides import Figures, Sides, ask_for_baileys, best
from tests.bench.origin import origin
from tests.bench.table import Line, show

COUNT = 2000
SIZE = 100 * 1024
IN_FLIGHT = 8
DATABASES = ("SQLite", "PostgreSQL")


def run(ground: Ground) -> None:
    count = ground.less(COUNT)
    with origin(ground.folder) as cdn:
        files = cdn.make(ground.folder / "small.json", size=SIZE, count=count)
        sides = Sides(ground, cdn, files, IN_FLIGHT)
        rounds = [one_round(sides) for _ in range(ground.rounds)]
    found = {name: best([one[name] for one in rounds]) for name in rounds[0]}
    lines = [line for database in DATABASES for line in lines_of(database, found, count)]
    title = f"{count} files of {SIZE // 1024} KiB, {IN_FLIGHT} in flight, best of {ground.rounds}"
    show(title, lines, ask_for_baileys())


def one_round(sides: Sides) -> dict[str, Figures]:
    found = {"loop": sides.floor()} | {database: sides.ours(database) for database in DATABASES}
    peer = sides.peer()
    return found | ({"Baileys": peer} if peer else {})


def lines_of(database: str, found: dict[str, Figures], count: int) -> list[Line]:
    ours, lines = found[database], []
    for beside, least in (("Baileys", 0.5), ("loop", None)):
        if beside in found:
            other = found[beside]
            rates = count / ours["seconds"], count / other["seconds"]
            costs = ours["cpu"] / count * 1000, other["cpu"] / count * 1000
            lines += [
                Line(f"{database}: files/s, beside {beside}", *rates, least=least, digits=0),
                Line(f"{database}: CPU ms/file, beside {beside}", *costs),
            ]
    return lines
