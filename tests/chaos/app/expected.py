"""How a message is to stand when all is over: known to whoever writes it and to whoever judges."""

from dataclasses import dataclass


@dataclass(slots=True)
class Expected:
    """``file`` is the SHA-256 of what was sent, ``dead`` that its source let it die."""

    line: str
    text: str
    file: str = ""
    dead: bool = False
    revoked: bool = False
    reaction: str = ""
    status: str = ""
