"""What a worker does about gaps: notice them, and ask providers for what they still have."""

from django.utils import timezone

from messaging.services.gaps.asking import Asking
from messaging.services.gaps.noticing import Noticing


class Attending:
    def __init__(self) -> None:
        self._noticing, self._asking = Noticing(), Asking()

    def turn(self) -> int:
        now = timezone.now()
        return self._noticing.turn(now) + self._asking.turn(now)

    def close(self) -> None:
        self._asking.close()
