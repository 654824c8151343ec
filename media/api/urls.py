from django.urls import path
from rest_framework.routers import SimpleRouter

from media.api.files import LinkedContent, MediaViewSet

router = SimpleRouter()
router.register("media", MediaViewSet, basename="media")

urlpatterns = [
    *router.urls,
    path("media/links/<str:signed>/", LinkedContent.as_view(), name="media-link-content"),
]
