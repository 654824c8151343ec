from django.urls import path

from messaging import views

urlpatterns = [
    path("receive/<str:webhook_key>/", views.receive_webhook, name="webhook"),
    path("receive/", views.receive_unkeyed_webhook, name="unkeyed-webhook"),
]
