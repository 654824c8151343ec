import pytest

from accounts.providers.reasons import LIMIT, one_line


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("Falha ao fazer o download do conteúdo.", "Falha ao fazer o download do conteúdo."),
        ("two\r\nlines\x00 and \x1b[31mred\u202e", "two lines and [31mred"),
        ("half \ud800 a letter", "half a letter"),
        ("key AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= is bad", "key … is bad"),
        ("GET /v/t62.7118-24/1_2.enc?ccb=11-4&oh=01_Q5Aa&oe=6A000000 failed", "GET … failed"),
        ('{"token":"abcdefghijklmnopqrstuvwxyz0123456"}', '{"token":"…"}'),
        ("not for s3cret eyes", "not for … eyes"),
    ],
)
def test_a_reason_is_one_line_without_secrets(told: str, reason: str) -> None:
    assert one_line(told, "s3cret", "", "a") == reason


def test_a_reason_is_short() -> None:
    assert len(one_line("word " * 1000)) <= LIMIT
