"""The one door against names and addresses that lead into our own network: checked where the connection is made."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from requests_hardened.ip_filter_adapter import IPFilterAdapter

from accounts.providers import errors
from accounts.providers.http import Door, Rules

ANY = Rules(allowed=("*",))
URL = "https://cdn.example/file"
PUBLIC, PRIVATE = "93.184.216.34", "10.0.0.7"


class Names:
    """What each name resolves to, in order: the last answer stays."""

    def __init__(self, answers: dict[str, list[Any]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def resolve(self, host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else str(host)
        self.asked.append(name)
        known = self.answers.get(name)
        addresses = known[0] if known else [name.strip("[]")]
        if known and len(known) > 1:
            known.pop(0)
        return [_told(address, port) for address in addresses]


def _told(address: str, port: Any) -> Any:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    end = (address, port, 0, 0) if family == socket.AF_INET6 else (address, port)
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", end)


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where connections were tried; none is made."""
    ends: list[Any] = []

    def refuse(self: socket.socket, end: Any) -> None:
        ends.append(end[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return ends


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Names]:
    def resolving(**answers: list[Any]) -> Names:
        made = Names({name.replace("_", "."): told for name, told in answers.items()})
        monkeypatch.setattr(socket, "getaddrinfo", made.resolve)
        return made

    return resolving


def ask(url: str = URL, rules: Rules = ANY) -> None:
    Door(rules, timeout=(1, 1)).call("GET", url, token="tok-secret")


def test_a_name_that_leads_elsewhere_a_moment_later_is_connected_to_where_it_was_checked(
    names: Any, reached: list[Any]
) -> None:
    made = names(cdn_example=[[PUBLIC], [PRIVATE]])
    with pytest.raises(errors.Unavailable):
        ask()
    assert reached and set(reached) == {PUBLIC}
    assert made.asked[0] == "cdn.example" and made.asked.count("cdn.example") == 1


def test_another_connection_to_the_name_is_checked_anew(names: Any, reached: list[Any]) -> None:
    names(cdn_example=[[PUBLIC], [PRIVATE]])
    for expected in (errors.Unavailable, errors.HostNotAllowed):
        with pytest.raises(expected):
            ask()
    assert set(reached) == {PUBLIC}


def test_of_several_addresses_the_one_that_was_checked_is_the_one(names: Any, reached: list[Any]) -> None:
    names(cdn_example=[[PUBLIC, PRIVATE]])
    with pytest.raises(errors.Unavailable):
        ask()
    assert set(reached) == {PUBLIC}


INSIDE = [
    *(
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.254",
        "192.168.1.1",
    ),
    *("169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
    "255.255.255.255",
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:10.0.0.1", "::127.0.0.1", "::10.0.0.1"),
    *("fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::1"),
    *("2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "5f00::1", "100::1", "3fff::1"),
]


@pytest.mark.parametrize("address", INSIDE)
def test_a_public_name_for_an_address_inside_is_refused(address: str, names: Any, reached: list[Any]) -> None:
    names(cdn_example=[[address]])
    with pytest.raises(errors.HostNotAllowed, match="private"):
        ask()
    assert reached == []


ENCODED = [
    *("2130706433", "017700000001", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "0"),
    *(
        "127.0.0.1.",
        "LOCALHOST",
        "localhost.",
        "[::1]",
        "[::ffff:7f00:1]",
        "[::ffff:127.0.0.1]",
        "[fe80::1%25lo]",
    ),
    *("①②⑦.⓪.⓪.①", "127。0。0。1", "ⓛocalhost", "127.0.0.1%00.example", "127.0.0.1%2f.example"),
]


@pytest.mark.parametrize("host", ENCODED)
def test_an_address_in_disguise_is_refused(
    host: str, reached: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _numbers_only)
    with pytest.raises((errors.HostNotAllowed, errors.RequestRejected)):
        ask(f"https://{host}/")
    assert reached == []


def _numbers_only(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else str(host)
    name = name.rstrip(".").lower().replace("localhost", "127.0.0.1")
    told = socket.inet_aton(name) if "." in name or name.isdigit() or name.startswith("0x") else None
    return [_told(socket.inet_ntoa(told) if told else name, port)]


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://cdn.example@127.0.0.1/",
            "https://127.0.0.1#@cdn.example/",
            "https://127.0.0.1\\@cdn.example/",
        ),
        *("https://cdn.example:443@10.0.0.1/", "https://user:word@cdn.example/", "https://cdn.example:0/"),
        *(
            "https://cdn.example:22/",
            "https://cdn.example:99999/",
            "https://cdn.example:4 43/",
            "http://cdn.example/",
        ),
        *(
            "gopher://cdn.example/",
            "https:///cdn.example/",
            "https:cdn.example",
            "//cdn.example/",
            "https://",
        ),
        *(
            "https://cdn.example\t/",
            "https://cdn.example\n.evil/",
            "https://[cdn.example]/",
            "https://[::1]@cdn.example/",
        ),
    ],
)
def test_a_tricky_address_reaches_nobody(url: str, names: Any, reached: list[Any]) -> None:
    names(cdn_example=[[PUBLIC]])
    with pytest.raises((errors.HostNotAllowed, errors.RequestRejected)):
        ask(url)
    assert reached == []


@pytest.mark.parametrize(
    "url", ["https://CDN.example/", "https://cdn.EXAMPLE./x", "https://cdn.example:443/"]
)
def test_a_name_is_the_same_however_it_is_written(url: str, names: Any, reached: list[Any]) -> None:
    names(cdn_example=[[PUBLIC]], cdn_example_=[[PUBLIC]])
    with pytest.raises(errors.Unavailable):
        ask(url, Rules(allowed=("cdn.example",)))
    assert set(reached) == {PUBLIC}


@pytest.mark.parametrize(
    "variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"]
)
def test_proxies_of_the_environment_are_not_used(
    variable: str, names: Any, reached: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, f"http://{PRIVATE}:3128")
    names(cdn_example=[[PUBLIC]])
    with pytest.raises(errors.Unavailable):
        ask()
    assert set(reached) == {PUBLIC}


class Answers:
    """Stands for the network below the guard: what each address answers, after the guard looked at it."""

    def __init__(self, told: dict[str, tuple[int, str]]) -> None:
        self.told = told
        self.seen: list[tuple[str, str | None]] = []

    def send(
        self, adapter: IPFilterAdapter, request: requests.PreparedRequest, **_: Any
    ) -> requests.Response:
        adapter.build_connection_pool_key_attributes(request, True)
        self.seen.append((str(request.url), request.headers.get("Authorization")))
        status, location = self.told[str(request.url)]
        response = requests.Response()
        response.status_code, response.url = status, str(request.url)
        response.raw = _Nothing()
        if location:
            response.headers["Location"] = location
        return response


class _Nothing:
    headers: dict[str, str] = {}
    status = 200

    def close(self) -> None: ...
    def release_conn(self) -> None: ...
    def readinto(self, _: Any) -> int:
        return 0

    def read(self, *_: Any, **__: Any) -> bytes:
        return b""


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Answers]]:
    def told(**steps: tuple[int, str]) -> Answers:
        made = Answers({f"https://{name.replace('_', '.')}/": step for name, step in steps.items()})
        monkeypatch.setattr(
            IPFilterAdapter, "send", lambda self, request, **facts: made.send(self, request, **facts)
        )
        return made

    return told


@pytest.mark.parametrize(
    "target",
    [
        *(
            "https://inside.example/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "http://cdn.example/",
            "//127.0.0.1/",
        ),
        *(
            "file:///etc/passwd",
            "ftp://cdn.example/",
            "https://cdn.example:8443/",
            "https://user@cdn.example/",
        ),
        *(
            "http://169.254.169.254/latest/meta-data/",
            "https://[::ffff:169.254.169.254]/",
            "https://[broken/",
        ),
    ],
)
def test_a_redirect_inside_or_down_to_http_is_refused(target: str, names: Any, answering: Any) -> None:
    names(cdn_example=[[PUBLIC]], inside_example=[[PRIVATE]])
    net = answering(cdn_example=(302, target))
    with pytest.raises(errors.HostNotAllowed):
        ask("https://cdn.example/")
    assert [url for url, _ in net.seen] == ["https://cdn.example/"]


def test_a_redirect_to_another_host_goes_without_the_token_and_never_gets_it_back(
    names: Any, answering: Any
) -> None:
    names(cdn_example=[[PUBLIC]], other_example=[[PUBLIC]])
    net = answering(cdn_example=(302, "https://other.example/"), other_example=(302, "https://cdn.example/"))
    with pytest.raises(errors.UnexpectedResponse):
        ask("https://cdn.example/")
    assert net.seen[:2] == [("https://cdn.example/", "Bearer tok-secret"), ("https://other.example/", None)]
    assert all(token is None for _, token in net.seen[1:])
