from drf_spectacular.utils import extend_schema, extend_schema_view

from messaging.api.filters import GapFilter
from messaging.api.lists import ListedViewSet
from messaging.models import Gap
from messaging.serializers import GapSerializer
from messaging.serializers.conversations import SECRETS


@extend_schema_view(
    list=extend_schema(summary="Times in which a line brought nothing or only late, the newest first"),
    retrieve=extend_schema(summary="One gap"),
)
class GapViewSet(ListedViewSet):
    rows = Gap.objects.select_related("instance__client").defer(*SECRETS)
    time_field = "started_at"
    serializer_class = GapSerializer
    filterset_class = GapFilter
