"""Who plays in the demo: two companies with a line at each provider, their contacts and groups. All invented."""

from tests.simulator.world import Group, Line, Person

BAKERY = "Padaria Aurora"
CLINIC = "Clínica Horizonte"


def person(name: str, number: int, username: str = "") -> Person:
    lid = f"2000000000{number:05d}@lid"
    return Person(name, f"55119{number:08d}", lid, f"BR.2000000000000{number:07d}", username)


CONTACTS = {
    BAKERY: [
        person("Marina Lopes", 10101),
        person("Tiago Freitas", 10102),
        person("Dona Célia", 10103),
        person("Rafael Nunes", 10104, "rafael.nunes"),
        person("Emma Clarke", 10105),
        person("Café da Esquina", 10106),
    ],
    CLINIC: [
        person("Beatriz Amaral", 20201),
        person("Grace Miller", 20205, "grace.m"),
        person("Sônia Martins", 20203),
        person("Lucas Tavares", 20204),
        person("João Pedro Reis", 20202),
        person("Laboratório Exemplo", 20206),
    ],
}


def wapi_line(client: str, name: str, number: int, line_id: str, dialect: str = "B") -> Line:
    return Line(
        provider="wapi",
        id=line_id,
        token=f"demo-token-wapi-{number}",
        phone=f"55119{number:08d}",
        lid=f"{100000000000000 + number}@lid",
        name=name,
        client=client,
        dialect=dialect,
    )


def cloud_line(client: str, name: str, number: int) -> Line:
    return Line(
        provider="cloud",
        id=f"{800000000000000 + number}",
        token=f"demo-token-cloud-{number}",
        phone=f"55119{number:08d}",
        name=name,
        client=client,
        app_secret=f"demo-secret-{number}",
        verify_token=f"demo-verify-{number}",
        waba_id=f"{900000000000000 + number}",
    )


def demo_lines() -> list[Line]:
    """Without webhook addresses: those are the product's to give."""
    aurora = wapi_line(BAKERY, "Aurora balcão", 101, "AURORA-DEMO01-WAPI01")
    horizonte = wapi_line(CLINIC, "Horizonte recepção", 201, "HORIZO-DEMO02-WAPI02", dialect="A")
    add_group(aurora, "120363000000000101@g.us", "Entregas da semana")
    add_group(horizonte, "120363000000000201@g.us", "Equipe Horizonte")
    return [
        aurora,
        cloud_line(BAKERY, "Aurora encomendas", 102),
        horizonte,
        cloud_line(CLINIC, "Horizonte resultados", 202),
    ]


def add_group(line: Line, group_id: str, subject: str) -> None:
    line.groups[group_id] = Group(group_id, subject, CONTACTS[line.client][:4])


def contacts_of(line: Line) -> list[Person]:
    """Lines that are nobody's in the cast borrow the bakery's contacts."""
    return CONTACTS.get(line.client, CONTACTS[BAKERY])
