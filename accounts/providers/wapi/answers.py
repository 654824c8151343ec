"""Reading W-API's answers: the body decides too, for errors also come with status 200."""

import re
import unicodedata

from accounts.providers import errors
from accounts.providers.faults import BUSY, NO_WORD_OF_THE_PROVIDER, retry_after
from accounts.providers.http import Answer
from accounts.providers.reasons import one_line
from accounts.providers.wire import Fields

NESTING = 4
REASON_KEYS = ("message", "data", "error")
PERSON_NEEDED = (401, 402, 403)
DISCONNECTED = re.compile(r"\bnao (esta )?conectad|\bdesconectad|\bnot connected|\bdisconnected")


def check(answer: Answer, *secrets: str) -> None:
    body = json_or_none(answer)
    if 200 <= answer.status < 300 and not tells_error(body):
        return
    reason = one_line(told_reason(body), *secrets) or f"W-API answered {answer.status}"
    raise failure(answer, body, reason)


def failure(answer: Answer, body: object, reason: str) -> errors.ProviderError:
    status = answer.status
    if status < 400:
        return failure_told_as_success(status, reason)
    if status in BUSY or status >= 500:
        return unavailable(answer, body, reason)
    if status == 401 and says_not_connected(reason):
        return errors.NotConnected(reason, status=status)
    if status == 404 and body is None:
        return errors.Unsupported("W-API does not have this call", status=status)
    kind = errors.CredentialsRejected if status in PERSON_NEEDED else errors.RequestRejected
    return kind(reason, status=status)


def unavailable(answer: Answer, body: object, reason: str) -> errors.Unavailable:
    return errors.Unavailable(
        reason,
        status=answer.status,
        retry_after=retry_after(answer.headers),
        may_have_arrived=answer.status in NO_WORD_OF_THE_PROVIDER and not tells_error(body),
    )


def failure_told_as_success(status: int, reason: str) -> errors.ProviderError:
    """Without a status to go by, another try is the only answer that loses nothing."""
    if status >= 300:
        return errors.UnexpectedResponse(reason, status=status)
    if says_not_connected(reason):
        return errors.NotConnected(reason, status=status)
    return errors.Unavailable(reason, status=status)


def says_not_connected(reason: str) -> bool:
    """W-API has no field for it: a session that is down and a refused token are both 401, told apart by words only."""
    plain = unicodedata.normalize("NFKD", reason.casefold()).encode("ascii", "ignore").decode()
    return DISCONNECTED.search(plain) is not None


def tells_error(body: object, depth: int = 0) -> bool:
    """``error`` is a boolean or a text, and may hide inside ``message`` or ``data``; ``error: false`` is success."""
    if not isinstance(body, dict) or depth > NESTING:
        return False
    flag = body.get("error")
    if flag and str(flag).casefold() != "false":
        return True
    return any(tells_error(body.get(key), depth + 1) for key in ("message", "data"))


def told_reason(body: object, depth: int = 0) -> str:
    if isinstance(body, str):
        return body
    if not isinstance(body, dict) or depth > NESTING:
        return ""
    found = (told_reason(body.get(key), depth + 1) for key in REASON_KEYS)
    return next(filter(None, found), "")


def json_or_none(answer: Answer) -> object:
    try:
        return answer.json()
    except errors.UnexpectedResponse:
        return None


def fields_of(answer: Answer) -> Fields:
    """The answer's object, with what some answers put one level down brought up."""
    body = answer.json()
    if not isinstance(body, dict):
        raise errors.UnexpectedResponse("W-API answered with no object", status=answer.status)
    inner = body.get("data")
    return Fields({**inner, **body} if isinstance(inner, dict) else body)


def word_in(answer: Answer, *names: str) -> str:
    found = fields_of(answer).word(*names)
    if not found:
        raise errors.UnexpectedResponse(f"W-API answered without {names[0]}", status=answer.status)
    return found
