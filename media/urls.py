from django.urls import path

from media import views

urlpatterns = [path("<int:pk>/", views.media_file, name="media-file")]
