"""What can go wrong between us and a provider.

ProviderError
├── Unavailable             worth another try later: time-out, reset, cut, stalled, 408, 429, 5xx
│   └── TooManyToOneChat        only this chat has to wait, the line goes on
├── LineDown                the instance cannot work until a person acts
│   ├── CredentialsRejected     token refused, subscription ended
│   └── NotConnected            the WhatsApp session is down: pair again
├── Refused                 understood and declined for good
│   ├── RequestRejected         the provider says our request is wrong
│   │   └── WindowClosed            too long since they wrote: only a template may go
│   ├── HostNotAllowed          the address is not one we talk to
│   └── TooLarge                more bytes than we take
├── Unsupported             the provider does not have this call at all
├── MediaGone               the file is no longer at this source
├── IntegrityError          bytes came, and they are not the file
└── UnexpectedResponse      not a shape that the provider documents

WebhookError
├── WebhookNotAuthentic     no or wrong signature, or another instance's body
├── WebhookNotJson          the body cannot be read at all
└── UnknownPayload          JSON, and recognisably not this provider's
"""

from datetime import datetime


class ProviderError(Exception):
    """``status`` is the HTTP status, when there was one; ``retryable`` says whether the same call may work later.

    ``may_have_arrived`` says that the provider may have done what was asked, although we were not told so: asking
    again might do it twice.
    """

    retryable = False

    def __init__(self, reason: str, *, status: int | None = None, may_have_arrived: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.may_have_arrived = may_have_arrived


class Unavailable(ProviderError):
    """``retry_after`` is in seconds, as the source asked for it."""

    retryable = True

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        may_have_arrived: bool = False,
    ) -> None:
        super().__init__(reason, status=status, may_have_arrived=may_have_arrived)
        self.retry_after = retry_after


class TooManyToOneChat(Unavailable):
    pass


class LineDown(ProviderError):
    pass


class CredentialsRejected(LineDown):
    pass


class NotConnected(LineDown):
    pass


class Refused(ProviderError):
    pass


class RequestRejected(Refused):
    pass


class WindowClosed(RequestRejected):
    pass


class HostNotAllowed(Refused):
    pass


class TooLarge(Refused):
    pass


class Unsupported(ProviderError):
    pass


class MediaGone(ProviderError):
    """``since`` is when the source's own signature ended, where that is known."""

    def __init__(self, reason: str, *, status: int | None = None, since: datetime | None = None) -> None:
        super().__init__(reason, status=status)
        self.since = since


class IntegrityError(ProviderError):
    """Another try may bring the right bytes: what was wrong may have been the way here."""

    retryable = True


class UnexpectedResponse(ProviderError):
    """An answer that cannot be read is an answer: unless its status says otherwise, the request was taken."""

    retryable = True

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        taken = status is None or 200 <= status < 300
        super().__init__(reason, status=status, may_have_arrived=taken)


class WebhookError(Exception):
    pass


class WebhookNotAuthentic(WebhookError):
    pass


class WebhookNotJson(WebhookError):
    pass


class UnknownPayload(WebhookError):
    pass
