import pytest

from accounts.providers import errors
from accounts.providers.http import Door, Rules


@pytest.mark.parametrize(
    "url",
    [
        "https://mmg.whatsapp.net/v/x",
        "https://MMG.WhatsApp.NET./v/x",
        "https://media-gru1-1.cdn.whatsapp.net:443/",
        "https://api.w-api.app/v1",
        "https://lookaside.fbsbx.com/x",
        "https://graph.facebook.com/v25.0",
        "https://scontent.fbcdn.net",
    ],
)
def test_the_providers_hosts_are_allowed(url):
    assert Rules().check(url).port == 443


@pytest.mark.parametrize(
    "url",
    [
        "http://mmg.whatsapp.net/",
        "https://mmg.whatsapp.net:8443/",
        "https://whatsapp.net/",
        "https://evilwhatsapp.net/",
        "https://mmg.whatsapp.net.evil.example/",
        "https://evil.example/mmg.whatsapp.net",
        "https://evil.example\\@mmg.whatsapp.net/",
        "https://mmg.whatsapp.net\\.evil.example/",
        "https://user@mmg.whatsapp.net/",
        "https://@mmg.whatsapp.net/",
        "https://mmg.whatsapp.net@evil.example/",
        "https://evil.example#.whatsapp.net/",
        "https://evil.example?.whatsapp.net/",
        "https://evil.example%2f.whatsapp.net/",
        "https://evil.example\n.whatsapp.net/",
        "https://..whatsapp.net/",
        " https://mmg.whatsapp.net/",
        "ftp://mmg.whatsapp.net/",
        "file:///etc/passwd",
        "//mmg.whatsapp.net/",
        "mmg.whatsapp.net",
        "https://",
        "https://[::1",
        "https://mmg.whatsapp.net:99999/",
        "",
        *(
            "https://localhost/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
        ),
        *("https://[::ffff:127.0.0.1]/", "https://169.254.169.254/", "https://0.0.0.0/", "https://10.0.0.1/"),
    ],
)
def test_every_other_address_is_refused(url):
    with pytest.raises(errors.HostNotAllowed):
        Rules().check(url)


def test_an_extra_host_may_be_plain_and_private():
    rules = Rules(extra=("127.0.0.1:9000", "Gateway.Example", "[::1]:9001"))
    assert rules.check("http://127.0.0.1:9000/x").trusted
    assert rules.check("http://gateway.example.:1234/x").trusted
    assert rules.check("http://[::1]:9001/").trusted


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9001/", "http://127.0.0.1/", "http://127.0.0.10:9000/", "http://u@127.0.0.1:9000/"],
)
def test_an_extra_host_opens_nothing_else(url):
    with pytest.raises(errors.HostNotAllowed):
        Rules(extra=("127.0.0.1:9000",)).check(url)


PRIVATE = (
    "localhost",
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
)


@pytest.mark.parametrize("host", PRIVATE)
def test_an_allowed_name_must_not_lead_into_our_own_network(host):
    guarded = Door(Rules(allowed=("*",)), timeout=(1, 1))
    with pytest.raises(errors.HostNotAllowed, match="private"):
        guarded.call("GET", f"https://{host}/")
