"""A provider's own sentence, made fit for logs and operators: one short line without secrets."""

import re

LIMIT = 200
# What is shorter keeps nobody out, and hiding it would tear ordinary words apart.
SHORTEST_SECRET = 6
# Long unbroken runs are tokens, keys and signed paths that providers repeat in their complaints.
KEY_LIKE = re.compile(r"""[^\s"'<>(){},;:]{32,}""")


def one_line(text: str, *secrets: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "…") if len(secret) >= SHORTEST_SECRET else text
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(KEY_LIKE.sub("…", printable).split())[:LIMIT]
