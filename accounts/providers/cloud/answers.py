"""Reading the Graph API's answers: its own error code decides, the HTTP status only where there is none."""

import re
from collections.abc import Iterable, Mapping

from accounts.providers import errors
from accounts.providers.faults import BUSY, NO_WORD_OF_THE_PROVIDER, retry_after
from accounts.providers.http import Answer
from accounts.providers.reasons import one_line
from accounts.providers.wire import Fields

NOT_FOUND = (33, 100)

_TOKEN = (0, 3, 10, 190, *range(200, 300), 131005)
_REQUEST = (*NOT_FOUND, 131008, 131009, 131021, 131030, 131051)
_WHOLE_LINE = (1, 2, 4, 80007, 130429, 131000, 131016, 131057, 133016)
_CONTACT = (131056,)
_WINDOW = (131047,)
_RECIPIENT = (130403, 130472, 131026, 131049, 131050, 131062, 137000)
_POLICY = (368, 130497, 131031, 131048, 131064)
_TEMPLATE = (131063, 132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132068, 132069)
_MEDIA_IN, _MEDIA_OUT = (131052,), (131053,)
_BILLING = (131037, 131042, 131044, 131045)
_BLOCK_LIST = tuple(range(139100, 139104))
_COEXISTENCE = (2593107, 2593108)

Classes = Mapping[int, type[errors.ProviderError]]

_ROWS: tuple[tuple[type[errors.ProviderError], Iterable[int]], ...] = (
    (errors.CredentialsRejected, _TOKEN),
    (errors.LineDown, (*_POLICY, *_BILLING, *_COEXISTENCE)),
    (errors.Unavailable, _WHOLE_LINE),
    (errors.TooManyToOneChat, _CONTACT),
    (errors.RequestRejected, (*_REQUEST, *_RECIPIENT, *_TEMPLATE, *_MEDIA_OUT, *_BLOCK_LIST)),
    (errors.WindowClosed, _WINDOW),
    (errors.MediaGone, _MEDIA_IN),
)
ERROR_CLASSES: Classes = {code: kind for kind, codes in _ROWS for code in codes}
# Asked for a file, "no such object" means that it is gone, or another line's.
FILE_ERROR_CLASSES: Classes = {**ERROR_CLASSES, **dict.fromkeys(NOT_FOUND, errors.MediaGone)}
SEGMENT = re.compile(r"[A-Za-z0-9_=-]{1,256}")


def segment(graph_id: str) -> str:
    """An id becomes part of a path, so it may hold nothing that a path could be built with."""
    if not SEGMENT.fullmatch(graph_id):
        raise errors.RequestRejected("not an id of the Cloud API")
    return graph_id


def check(answer: Answer, *secrets: str, classes: Classes = ERROR_CLASSES) -> Fields:
    """The answer's fields, or its error."""
    fields = fields_or_none(answer)
    if 200 <= answer.status < 300 and fields is not None and "error" not in fields:
        return fields
    if fields is None and 200 <= answer.status < 300:
        raise errors.UnexpectedResponse("the Cloud API answered with no object", status=answer.status)
    error = (fields or Fields()).inside("error")
    code = error.number("code")
    known = None if code is None else classes.get(code)
    reason = one_line(reason_of(error, answer.status), *secrets)
    raise failure(
        answer, known or class_of(answer.status, transient=error.flag("is_transient")), reason, code
    )


def failure(
    answer: Answer, kind: type[errors.ProviderError], reason: str, code: int | None
) -> errors.ProviderError:
    found = kind(reason, status=answer.status)
    found.may_have_arrived = code is None and answer.status in NO_WORD_OF_THE_PROVIDER
    if isinstance(found, errors.Unavailable):
        found.retry_after = retry_after(answer.headers)
    return found


def class_of(status: int, *, transient: bool) -> type[errors.ProviderError]:
    if transient or status in BUSY or status >= 500:
        return errors.Unavailable
    if status in (401, 403):
        return errors.CredentialsRejected
    return errors.RequestRejected if status >= 400 else errors.UnexpectedResponse


def reason_of(error: Fields, status: int) -> str:
    told = error.inside("error_data").text("details") or error.text("message", "title")
    code = error.number("code")
    if code is None:
        return told or f"the Cloud API answered {status}"
    return f"{code}: {told}" if told else f"error {code}"


def fields_or_none(answer: Answer) -> Fields | None:
    try:
        body = answer.json()
    except errors.UnexpectedResponse:
        return None
    return Fields(body) if isinstance(body, dict) else None
