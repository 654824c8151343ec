from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from accounts.admin import second_factor
from accounts.api.document import Document
from accounts.api.nowhere import Nowhere
from accounts.views import choose_language
from messaging.admin.diagnosis import diagnosis

api: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="api-docs"), name="api-root"),
    path("schema/", Document.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("", include("accounts.api.urls")),
    path("", include("media.api.urls")),
    path("", include("messaging.api.urls")),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("language/", choose_language, name="set_language"),
    path("admin/diagnosis/", admin.site.admin_view(diagnosis), name="admin-diagnosis"),
    path("admin/second-factor/", second_factor.own, name="second-factor"),
    path("admin/second-factor/code/", second_factor.code, name="second-factor-code"),
    path("admin/", admin.site.urls),
    path("api/v1/", include(api)),
    re_path("^api/", Nowhere.as_view(), name="api-nowhere"),
    path("webhook/", include("messaging.urls")),
    path("media-files/", include("media.urls")),
]
