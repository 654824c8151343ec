"""How clients, people and lines look in the API, and what may be written to them."""

from accounts.serializers.fields import ClientName, IdField, VisibleRow
from accounts.serializers.instances import (
    AbilitiesSerializer,
    CheckedSerializer,
    InstanceSerializer,
    MediaLimitSerializer,
    PairingCodeSerializer,
    PhoneSerializer,
    QrCodeSerializer,
    StrategyOrder,
    WebhookAddressSerializer,
    WebhooksSerializer,
    abilities_of,
)
from accounts.serializers.people import (
    ClientSerializer,
    MembershipSerializer,
    NewMemberSerializer,
    PersonSerializer,
)
from accounts.serializers.showing import Shown
from accounts.serializers.tokens import (
    HeldTokenSerializer,
    IssuedTokenSerializer,
    LoggedInSerializer,
    LoginSerializer,
    MeSerializer,
    NewTokenSerializer,
    TokenSerializer,
    WorksForSerializer,
)
from accounts.serializers.usage import (
    CountedSerializer,
    MonthField,
    UsageQuerySerializer,
    UsageRowSerializer,
    UsageSerializer,
)

__all__ = [
    "AbilitiesSerializer",
    "CheckedSerializer",
    "ClientName",
    "ClientSerializer",
    "CountedSerializer",
    "HeldTokenSerializer",
    "IdField",
    "InstanceSerializer",
    "IssuedTokenSerializer",
    "LoggedInSerializer",
    "LoginSerializer",
    "MeSerializer",
    "MediaLimitSerializer",
    "MembershipSerializer",
    "MonthField",
    "NewMemberSerializer",
    "NewTokenSerializer",
    "PairingCodeSerializer",
    "PersonSerializer",
    "PhoneSerializer",
    "QrCodeSerializer",
    "Shown",
    "StrategyOrder",
    "TokenSerializer",
    "UsageQuerySerializer",
    "UsageRowSerializer",
    "UsageSerializer",
    "VisibleRow",
    "WebhookAddressSerializer",
    "WebhooksSerializer",
    "WorksForSerializer",
    "abilities_of",
]
