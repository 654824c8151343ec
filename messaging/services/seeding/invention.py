"""Names, texts and times as they are found in the inboxes of small companies. Nobody of them exists."""

import struct
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

COMPANIES = ("Padaria Ipê", "Clínica Girassol", "Auto Peças Jaçanã", "Ótica Maré", "Pet Shop Quintal")
LINES = ("Sales", "Support", "Deliveries")
LABELS = (
    ("New customer", "#2563eb"), ("Order", "#16a34a"), ("Complaint", "#dc2626"), ("Waiting for payment", "#d97706"),
    ("Partner", "#7c3aed"), ("Later", "#64748b"),
)  # fmt: skip
FIRST = (
    "Ana", "Bruno", "Carla", "Diego", "Elisa", "Fábio", "Gabriela", "Heitor", "Isabel", "João", "Karina", "Lucas",
    "Marina", "Nélson", "Olívia", "Paulo", "Quitéria", "Rafael", "Sônia", "Tiago", "Úrsula", "Vítor", "Wanda", "Zeca",
)  # fmt: skip
LAST = (
    "Almeida", "Barros", "Cardoso", "Dias", "Esteves", "Ferraz", "Gouveia", "Horta", "Iglesias", "Jardim", "Lacerda",
    "Macedo", "Nogueira", "Ourique", "Peixoto", "Queiroz", "Ramalho", "Siqueira", "Tavares", "Uchoa", "Vilela",
)  # fmt: skip
SHORT = (
    "Bom dia!",
    "Boa tarde",
    "Oi",
    "Ok",
    "Obrigada!",
    "Perfeito 👍",
    "Sim",
    "Não",
    "kkkk",
    "Combinado.",
    "🙏",
)
SENTENCES = (
    "Bom dia, o pedido {number} sai hoje?", "Quanto custa {thing}?", "Vocês têm {thing} para amanhã?",
    "O pedido {number} chegou, muito obrigada!", "Pode separar {count} unidades de {thing}, por favor.",
    "Qual o horário de atendimento na {day}?", "Fiz o pix do pedido {number}, segue o comprovante.",
    "Sai sim, às {count} horas.", "Hoje não temos {thing}, só na {day}.", "O endereço é Rua {last}, {count}.",
    "Gostaria de remarcar para {day}.", "Falei com {first} e ficou combinado para {day}.",
    "A entrega do pedido {number} atrasou, consegue ver isso para mim? Preciso até {day} porque vou viajar.",
    "Vou verificar com {first} e já retorno.", "Segue a foto de {thing}.",
)  # fmt: skip
# From what everybody asks for to what comes up a few times in a million messages.
THINGS = (
    "pão francês", "bolo de cenoura", "óculos de sol", "ração para gatos", "consulta", "filtro de óleo", "sonho",
    "coxinha", "lente de contato", "banho e tosa", "retorno", "velas de ignição", "torta de limão", "jabuticaba",
)  # fmt: skip
DAYS = ("segunda", "terça", "quarta", "quinta", "sexta", "sábado")
EMOJI = ("👍", "❤️", "😂", "🙏", "😮")
HISTORY = timedelta(days=365)
DAY = 86_400


def full_name(chance: Random) -> str:
    return f"{chance.choice(FIRST)} {chance.choice(LAST)}"


def text(chance: Random) -> str:
    if chance.random() < 0.3:
        return chance.choice(SHORT)
    sentence = chance.choice(SENTENCES)
    return sentence.format(
        number=chance.randrange(1000, 99_999),
        count=chance.randrange(2, 40),
        thing=THINGS[min(int(chance.expovariate(0.8)), len(THINGS) - 1)],
        day=chance.choice(DAYS),
        first=chance.choice(FIRST),
        last=chance.choice(LAST),
    )


def shares(chance: Random, total: int, parts: int) -> list[int]:
    """``total`` split into ``parts`` of at least one: many small ones, a few very large."""
    weights = [chance.lognormvariate(0, 1.3) for _ in range(parts)]
    found = [1] * parts
    for place in chance.choices(range(parts), weights, k=total - parts):
        found[place] += 1
    return found


def moments(chance: Random, count: int, *, now: datetime) -> Iterator[int]:
    """When the messages of one thread came, in seconds before ``now``: bursts in working hours, most of them lately."""
    longest = HISTORY.total_seconds() - DAY
    newest = min(chance.expovariate(1 / (45 * DAY)), longest)
    oldest = min(newest + chance.expovariate(1 / (120 * DAY)), longest)
    while count > 0:
        burst = min(count, 1 + int(chance.expovariate(1 / 8)))
        moment = _in_working_hours(chance, chance.uniform(newest, oldest), now)
        for _ in range(burst):
            moment -= chance.expovariate(1 / 90)
            yield max(int(moment), 1)
        count -= burst


def _in_working_hours(chance: Random, ago: float, now: datetime) -> float:
    hour = (now - timedelta(seconds=ago)).hour
    return ago if 10 <= hour < 23 else ago + chance.uniform(8, 12) * 3600


def picture(chance: Random, side: int) -> bytes:
    """A PNG of one colour."""
    row = b"\0" + bytes(chance.randrange(256) for _ in range(3)) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(row * side)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
