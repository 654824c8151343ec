from django.urls import path
from rest_framework.routers import SimpleRouter

from accounts.api.audit import AuditViewSet
from accounts.api.clients import ClientViewSet
from accounts.api.instances import InstanceViewSet
from accounts.api.logins import LoginView, LogoutView, MeView
from accounts.api.members import MemberViewSet
from accounts.api.tokens import TokenViewSet

router = SimpleRouter()
router.register("tokens", TokenViewSet, basename="token")
router.register("clients", ClientViewSet, basename="client")
router.register("clients/(?P<client>[0-9]{1,18})/members", MemberViewSet, basename="member")
router.register("audit", AuditViewSet, basename="audit-entry")
router.register("instances", InstanceViewSet, basename="instance")

urlpatterns = [
    path("auth/login/", LoginView.as_view(), name="login"),
    path("auth/logout/", LogoutView.as_view(), name="logout"),
    path("me/", MeView.as_view(), name="me"),
    *router.urls,
]
