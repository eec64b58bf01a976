"""The kernel's own pages in one alliance."""

from django.urls import URLPattern, path

from alliance.views import files

urlpatterns: list[URLPattern] = [
    path("files/<uuid:uuid>/", files.file_download, name="file_download"),
]
