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


def demo_lines() -> list[Line]:
    """Without webhook addresses: those are the product's to give."""
    aurora = Line(
        provider="wapi",
        id="AURORA-DEMO01-WAPI01",
        token="demo-token-aurora-wapi",
        phone="5511900000101",
        lid="100000000000101@lid",
        name="Aurora balcão",
        client=BAKERY,
    )
    aurora_cloud = Line(
        provider="cloud",
        id="800000000000101",
        token="demo-token-aurora-cloud",
        phone="5511900000102",
        name="Aurora encomendas",
        app_secret="demo-secret-aurora",
        verify_token="demo-verify-aurora",
        waba_id="900000000000101",
        client=BAKERY,
    )
    horizonte = Line(
        provider="wapi",
        id="HORIZO-DEMO02-WAPI02",
        token="demo-token-horizonte-wapi",
        phone="5511900000201",
        lid="100000000000201@lid",
        name="Horizonte recepção",
        dialect="A",
        client=CLINIC,
    )
    horizonte_cloud = Line(
        provider="cloud",
        id="800000000000201",
        token="demo-token-horizonte-cloud",
        phone="5511900000202",
        name="Horizonte resultados",
        app_secret="demo-secret-horizonte",
        verify_token="demo-verify-horizonte",
        waba_id="900000000000201",
        client=CLINIC,
    )
    add_group(aurora, "120363000000000101@g.us", "Entregas da semana")
    add_group(horizonte, "120363000000000201@g.us", "Equipe Horizonte")
    return [aurora, aurora_cloud, horizonte, horizonte_cloud]


def add_group(line: Line, group_id: str, subject: str) -> None:
    line.groups[group_id] = Group(group_id, subject, CONTACTS[line.client][:4])


def contacts_of(line: Line) -> list[Person]:
    """Lines that are nobody's in the cast borrow the bakery's contacts."""
    return CONTACTS.get(line.client, CONTACTS[BAKERY])
