"""What the Cloud API tells about the line itself."""

from accounts.providers import errors
from accounts.providers.base import LineState
from accounts.providers.wire import Fields

STATE_FIELDS = (
    "verified_name,code_verification_status,display_phone_number,quality_rating,platform_type,status"
)
DETAIL_FIELDS = ("verified_name", "quality_rating", "code_verification_status", "status")
DOWN = frozenset({"PENDING", "DELETED", "MIGRATED", "BANNED", "DISCONNECTED", "UNVERIFIED"})
NOT_REGISTERED = "NOT_APPLICABLE"
MAX_URL = 200
PHONE_SLOT = "phone_number"
# The narrower one wins, so an address for the phone hides the other two.
WEBHOOK_SLOTS = (PHONE_SLOT, "whatsapp_business_account", "application")


def line_state(fields: Fields) -> LineState:
    """What is not told is not held against the line: the answer itself proves that number and token belong together."""
    if not fields.word("id", "display_phone_number"):
        raise errors.UnexpectedResponse("the Cloud API does not tell about this number")
    told = (fields.text(name) for name in DETAIL_FIELDS)
    registered = fields.word("platform_type").upper() != NOT_REGISTERED
    return LineState(
        connected=registered and fields.word("status").upper() not in DOWN,
        phone="".join(filter(str.isdecimal, fields.word("display_phone_number"))),
        detail=", ".join(filter(None, told)),
    )


def webhooks_in(fields: Fields) -> dict[str, str]:
    if not fields.names():
        raise errors.UnexpectedResponse("the Cloud API does not tell about this number")
    configuration = fields.inside("webhook_configuration")
    found = {slot: configuration.word(slot) for slot in WEBHOOK_SLOTS}
    return found | {PHONE_SLOT: found[PHONE_SLOT] or configuration.word("override_callback_uri")}
