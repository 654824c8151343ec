"""Lines and sample files written to a file, so that a second run still knows what the first one promised."""

import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.simulator import samples
from tests.simulator.blobs import of_bytes
from tests.simulator.sealing import seal
from tests.simulator.world import Group, Line, Person, StoredFile, World

KEPT_FILES = 2_000


def save(world: World, path: Path, runs: int) -> None:
    files = [file for file in list(world.files.values()) if file.sample and file.enc_sha256]
    content = {
        "runs": runs,
        "lines": [asdict(line) for line in world.lines.values()],
        "files": [describe(file) for file in files[-KEPT_FILES:]],
    }
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content), encoding="utf-8")
    fresh.replace(path)


def describe(file: StoredFile) -> dict[str, Any]:
    key = base64.b64encode(file.media_key).decode()
    names = {"id": file.id, "line": file.line_id, "sample": file.sample, "created": file.created}
    return {**names, "key": key, "path": file.direct_path}


def load(world: World, path: Path) -> int:
    """How often the simulator ran before with this file; 0 when there is none."""
    if not path.exists():
        return 0
    content = json.loads(path.read_text(encoding="utf-8"))
    for facts in content["lines"]:
        world.add_line(read_line(facts))
    for facts in content["files"]:
        world.keep_file(read_file(world, path, facts))
    return int(content["runs"])


def read_line(facts: dict[str, Any]) -> Line:
    groups = {
        name: Group(group["id"], group["subject"], [Person(**member) for member in group["members"]])
        for name, group in facts["groups"].items()
    }
    return Line(**{**facts, "groups": groups, "connected": True})


def read_file(world: World, path: Path, facts: dict[str, Any]) -> StoredFile:
    found, plain = samples.facts_of(facts["sample"]), of_bytes(samples.bytes_of(facts["sample"]))
    key = base64.b64decode(facts["key"])
    sealed = seal(plain, key, found.kind, path)
    return StoredFile(
        id=facts["id"],
        line_id=facts["line"],
        facts=found,
        plain=plain,
        stored=sealed.blob,
        media_key=key,
        direct_path=facts["path"],
        sha256=sealed.sha256,
        enc_sha256=sealed.enc_sha256,
        created=facts["created"],
        faults=world.faults,
        sample=facts["sample"],
    )
