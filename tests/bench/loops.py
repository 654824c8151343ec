"""The floor of the media benchmarks: socket, AES-CBC, HMAC-SHA256, SHA-256, file, and nothing else.

`python -m tests.bench.loops LIST FOLDER THREADS`
"""

import hashlib
import hmac
import http.client
import json
import queue
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from media.crypto import MEDIA_INFO, derive_keys
from tests.bench.cost import cost

CHUNK = 128 * 1024
MAC_LENGTH = 10


def main() -> None:
    files = json.loads(Path(sys.argv[1]).read_text())
    folder, threads = Path(sys.argv[2]), int(sys.argv[3])
    work: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    for file in files:
        work.put(file)
    with cost() as found:
        crew = [threading.Thread(target=drain, args=(work, folder)) for _ in range(threads)]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
    there = sum(path.stat().st_size for path in folder.iterdir())
    if there != sum(file["size"] for file in files):
        sys.exit(f"{there} bytes in {folder}")
    found.report()


def drain(work: "queue.SimpleQueue[dict[str, Any]]", folder: Path) -> None:
    connection: http.client.HTTPConnection | None = None
    while True:
        try:
            file = work.get_nowait()
        except queue.Empty:
            return
        connection = connection or http.client.HTTPConnection(urlsplit(file["url"]).netloc)
        fetch(connection, file, folder / file["id"])


def fetch(connection: http.client.HTTPConnection, file: dict[str, Any], target: Path) -> None:
    keys = derive_keys(bytes.fromhex(file["media_key"]), MEDIA_INFO[file["kind"]])
    decryptor = Cipher(algorithms.AES(keys.cipher_key), modes.CBC(keys.iv)).decryptor()
    mac, plain = hmac.new(keys.mac_key, keys.iv, hashlib.sha256), hashlib.sha256()
    connection.request("GET", file["direct_path"])
    answer = connection.getresponse()
    left = int(answer.headers["Content-Length"]) - MAC_LENGTH
    view, output = memoryview(bytearray(CHUNK)), memoryview(bytearray(CHUNK + 16))
    with target.open("wb", buffering=0) as sink:
        while left:
            count = read_full(answer, view[: min(CHUNK, left)])
            left -= count
            mac.update(view[:count])
            made = decryptor.update_into(view[:count], output)
            made -= 0 if left else output[made - 1]
            plain.update(output[:made])
            sink.write(output[:made])
    sums = plain.digest(), mac.digest()[:MAC_LENGTH]
    if sums != (bytes.fromhex(file["sha256"]), answer.read()):
        sys.exit("a sum does not fit")


def read_full(answer: http.client.HTTPResponse, view: memoryview) -> int:
    filled = 0
    while filled < len(view) and (count := answer.readinto(view[filled:])):
        filled += count
    return filled


if __name__ == "__main__":
    main()
